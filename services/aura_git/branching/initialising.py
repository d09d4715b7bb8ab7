"""Writing a strategy down, and making the base branches that it needs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Final

from aura_git.branching.reading import detect, read_branching
from aura_git.branching.refs import local_branches
from aura_git.branching.remotes import tracked
from aura_git.branching.strategy import Branching, preset
from aura_git.branching.strategy_file import FILE, parse_strategy, write_strategy
from aura_git.repository import Repository
from aura_git.safety.contract import Gates, Safety
from aura_git.safety.replacing import replace_file
from aura_shared.errors import Conflict, GateClosed, SettingsError, UnsafePath
from aura_shared.messages.branches import BranchingSet, InitBranching

__all__ = ["initialise"]

_COMMAND: Final = "branch init"


def initialise(repository: Repository, safety: Safety, request: InitBranching) -> BranchingSet:
    """Write `.aura/branching.toml`, and make base branches that are missing; with `dry_run` only tell the text.

    Raises:
        Conflict: The file is there, and is not to be replaced.
        GateClosed: The repository is bare or has no commit.
        UnsafePath: A link stands in the way of the file.
    """
    path = repository.root / FILE
    if not request.dry_run and path.exists() and not request.replace:
        raise Conflict(f"there is a file {FILE} already", hint="Change it by hand, or write it anew with --replace.")
    wanted = _wanted(repository, request)
    text = write_strategy(wanted)
    counted = parse_strategy(text)
    missing = _missing(repository, counted)
    told = BranchingSet(branching=counted.info(), path=FILE, text=text, created=[name for name, _ in missing])
    if request.dry_run:
        return told
    if not repository.bare and repository.state().unborn:
        raise GateClosed("this repository has no commit yet", hint="Make a first commit: aura commit")
    with safety.begin(repository, _COMMAND, f"write {FILE}: {wanted.strategy}", gates=Gates()) as operation:
        operation.step(f"write {FILE}")
        _write(repository, path, text)
        for name, start in missing:
            operation.step(f"create {name}")
            track = "--no-track" if start == counted.main else "--track"
            repository.git.write("branch", track, name, start)
        return told.model_copy(
            update={"operation": operation.id, "notices": [f"commit {FILE}, so that it counts for all"]}
        )


def _wanted(repository: Repository, request: InitBranching) -> Branching:
    """The strategy with the names of branches and tags that the repository has."""
    try:
        now = read_branching(repository)
    except SettingsError:
        if not request.replace:
            raise
        now = detect(repository)
    if request.strategy == "custom":
        return replace(now, strategy="custom")
    prefixes = {kind.name: kind.prefix for kind in now.kinds} if now.source in ("git-flow", "git-flow-next") else {}
    made = preset(request.strategy, main=now.main, develop=now.develop or "develop", prefixes=prefixes)
    return replace(made, tag_prefix=now.tag_prefix if now.source != "default" else made.tag_prefix)


def _missing(repository: Repository, branching: Branching) -> list[tuple[str, str]]:
    """Base branches to make, each with what it begins at: the remote's, or main."""
    known = {one.name for one in local_branches(repository)}
    found: list[tuple[str, str]] = []
    for name in branching.bases:
        there = tracked(repository, name)
        start = f"{there.name}/{name}" if there is not None and there.known else branching.main
        if name not in known and (start != name and (start in known or "/" in start)):
            found.append((name, start))
    return found


def _write(repository: Repository, path: Path, text: str) -> None:
    """Write the file as a whole or not at all."""
    folder = path.parent
    if (
        path.is_symlink()
        or folder.is_symlink()
        or Path(os.path.realpath(folder)).parent != Path(os.path.realpath(repository.root))
    ):
        raise UnsafePath(f"{FILE} cannot be written: a symbolic link is in the way")
    folder.mkdir(exist_ok=True)
    replace_file(repository, path, text.encode(), mode=0o644)
