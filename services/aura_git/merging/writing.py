"""Puts resolved files into a work tree, and tells which conflicts are left in it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from aura_git.merging.settling import Settled
from aura_git.repository import Repository
from aura_git.running import Git
from aura_git.safety.replacing import replace_file
from aura_shared.errors import UnsafePath

__all__ = ["put", "recorded_resolutions", "stage", "unmerged", "write_settled"]


def unmerged(git: Git) -> dict[str, dict[int, tuple[str, str]]]:
    """Paths in conflict, each with mode and blob of its versions by number: 1 base, 2 ours, 3 theirs."""
    found: dict[str, dict[int, tuple[str, str]]] = {}
    for item in git.read("ls-files", "-z", "--unmerged").items:
        facts, _, path = item.partition("\t")
        mode, blob, number = facts.split(" ")
        found.setdefault(path, {})[int(number)] = (mode, blob)
    return found


def recorded_resolutions(git: Git, said: str) -> list[str]:
    """Paths whose conflict git has just resolved as the person did before (`git rerere`); they are not staged yet.

    Args:
        git: In the work tree.
        said: What git said when it stopped. Later, what a person has resolved by hand looks the same.
    """
    return [path for path in unmerged(git) if f"Resolved '{path}' using previous resolution." in said]


def write_settled(repository: Repository, settled: Mapping[str, Settled]) -> list[str]:
    """Write merged texts over files in conflict, and stage those without a conflict; returns what was staged.

    Files of which nothing is settled stay as git wrote them.
    """
    staged: list[str] = []
    for path, one in settled.items():
        if not one.numbers and not one.done:
            continue
        put(repository, path, one.text)
        if one.done:
            staged.append(path)
    stage(repository.git, staged)
    return staged


def stage(git: Git, paths: Sequence[str]) -> None:
    """Stage files as they are in the work tree; one that is gone is staged as deleted."""
    if paths:
        git.at(GIT_LITERAL_PATHSPECS="1").write("add", "--all", "--sparse", "--", *paths)


def put(repository: Repository, path: str, content: bytes) -> None:
    """Write a file of the work tree as git would: with line ends and filters of its attributes, and its mode.

    Raises:
        UnsafePath: A link leads out of the work tree.
    """
    target = repository.root / path
    inside = Path(os.path.realpath(target.parent)).is_relative_to(os.path.realpath(repository.root))
    if not inside or target.is_symlink():
        raise UnsafePath(f"{path} cannot be written: a symbolic link is in the way")
    git = repository.git
    blob = git.write("hash-object", "-w", "--no-filters", "--stdin", stdin=content).text
    smudged = git.read("cat-file", "--filters", f"--path={path}", blob).out
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    target.parent.mkdir(parents=True, exist_ok=True)
    replace_file(repository, target, smudged, mode=mode)
