"""Temporary work trees: made apart from the person's, taken away afterwards, also after a crash."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from aura_git.merging.tuning import REWRITTEN, tuned, write_hooks_apart
from aura_git.repository import Repository, open_repository
from aura_git.running import Git
from aura_shared.discovery import process_started_at
from aura_shared.errors import AuraError
from aura_shared.logging import get_logger

__all__ = ["apart_folder", "prune", "rewritten", "work_apart"]

log = get_logger(__name__)

_NUMBERS: Final = itertools.count(1)
_HOOKS: Final = ".hooks"


def apart_folder(repository: Repository) -> Path:
    """Where temporary work trees of a repository are."""
    return repository.common_dir / "aura" / "worktrees"


@contextmanager
def work_apart(repository: Repository, commit: str, *, full: bool) -> Generator[Repository]:
    """A temporary work tree with a detached HEAD; gone once the block is left.

    Large files stay pointers in it, and hooks that run afterwards do not run in it.

    Args:
        repository: Which.
        commit: Hash that is checked out.
        full: Whether its files are written; without, only those that a merge changes or cannot merge.
    """
    folder = apart_folder(repository) / _name(next(_NUMBERS))
    hooks = folder.with_name(folder.name + _HOOKS)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_hooks_apart(repository, hooks)
        git = tuned(repository.git, {"core.hooksPath": str(hooks), "core.sparseCheckout": "false" if full else "true"})
        git.write("worktree", "add", "--quiet", "--detach", "--no-checkout", "--", str(folder), commit)
        yield _checked_out(git.at(folder), folder, full=full)
    finally:
        _remove(repository.git, folder)


def rewritten(apart: Repository) -> dict[str, str]:
    """Which commits a rebase in a temporary work tree made anew, and what they became."""
    file = apart.root.with_name(apart.root.name + _HOOKS) / REWRITTEN
    try:
        lines = file.read_text().splitlines()
    except FileNotFoundError:
        return {}
    return {line.split(" ")[0]: line.split(" ")[1] for line in lines}


def _checked_out(git: Git, folder: Path, *, full: bool) -> Repository:
    found = open_repository(folder, timeout_s=git.timeout_s)
    if not full:
        sparse = found.git_dir / "info" / "sparse-checkout"
        sparse.parent.mkdir(parents=True, exist_ok=True)
        sparse.write_text("/.gitattributes\n")
    git.write("read-tree", "-m", "-u", "HEAD")
    return Repository(found.root, found.git_dir, found.common_dir, git=git)


def _name(number: int) -> str:
    """A name that tells whose it is; a process is known by its number and the time of its start."""
    return f"{os.getpid()}-{_started(os.getpid())}-{number}"


def _started(pid: int) -> str:
    started = process_started_at(pid)
    return hashlib.sha256(started.encode()).hexdigest()[:12] if started else ""


def _alive(name: str) -> bool:
    pid, _, rest = name.partition("-")
    return pid.isdigit() and _started(int(pid)) == rest.partition("-")[0] != ""


def prune(repository: Repository) -> list[str]:
    """Take away temporary work trees whose process died; returns their names.

    To be called when the service starts; work trees of a person, and those that are in use, are left alone.
    """
    parent = apart_folder(repository)
    if not parent.is_dir():
        return []
    gone: list[str] = []
    for name in sorted({path.name.removesuffix(_HOOKS) for path in parent.iterdir()}):
        if not _alive(name):
            _remove(repository.git, parent / name)
            gone.append(name)
    if gone:
        log.info("work_trees_pruned", count=len(gone))
    return gone


def _remove(git: Git, folder: Path) -> None:
    """Take a temporary work tree away, with git's record of it."""
    with suppress(AuraError):
        git.write("worktree", "remove", "--force", "--", str(folder))
    for path in (folder, folder.with_name(folder.name + _HOOKS)):
        shutil.rmtree(path, ignore_errors=True)
    for record in (folder.parent.parent.parent / "worktrees").glob("*/gitdir"):
        with suppress(OSError):
            if Path(record.read_text().strip()).parent == folder:
                shutil.rmtree(record.parent, ignore_errors=True)
