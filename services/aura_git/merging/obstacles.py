"""What in a work tree is in the way of other commits: nothing of a person is ever overwritten or carried along."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aura_git.repository import Repository, read_state
from aura_git.running import Git
from aura_git.safety.contract import Safety
from aura_shared.errors import GateClosed

__all__ = [
    "PathChange",
    "changed_paths",
    "find_obstacles",
    "hidden_changes",
    "refuse_obstacles",
    "refuse_open",
    "tree_changes",
]

_TOLD: Final = 10


@dataclass(frozen=True, slots=True)
class PathChange:
    """A path that differs between two trees."""

    path: str
    status: str
    """`A`, `M`, `D` or `T`; renames are a `D` and an `A`."""
    mode: str
    """New mode; zeros when it is deleted."""


def tree_changes(git: Git, old: str, new: str) -> list[PathChange]:
    """What differs between two trees or commits, whole paths without renames."""
    items = git.read("diff-tree", "-r", "-z", "--raw", "--no-renames", old, new).items
    return [
        PathChange(path, facts.split(" ")[4][:1], facts.split(" ")[1])
        for facts, path in zip(items[::2], items[1::2], strict=True)
    ]


def changed_paths(repository: Repository) -> list[str]:
    """Tracked paths whose file or entry in the index differs from HEAD."""
    items = repository.git.read("status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames").items
    return [item[3:] for item in items]


def hidden_changes(repository: Repository) -> list[str]:
    """Paths that git was told to take for unchanged (`assume-unchanged`): what they hold cannot be compared."""
    items = repository.git.read("ls-files", "-z", "-v").items
    return [item[2:] for item in items if item[:1].islower()]


def find_obstacles(repository: Repository, changes: Iterable[PathChange]) -> list[str]:
    """What is in the way of changing these paths, one sentence each; empty when nothing is."""
    if repository.bare:
        return ["the repository is bare: it has no work tree to merge in"]
    changes = list(changes)
    found = [f"{path} has changes that are not committed" for path in changed_paths(repository)]
    touched = {change.path for change in changes}
    found += [
        f"{path} is marked assume-unchanged, so a change of it cannot be seen"
        for path in hidden_changes(repository)
        if path in touched
    ]
    deleted = {change.path for change in changes if change.status == "D"}
    for change in changes:
        blocking = _blocking(repository.root, change.path, deleted) if change.status == "A" else ""
        if blocking:
            found.append(f"{blocking} is not tracked and would be overwritten")
    return list(dict.fromkeys(os.fsencode(line).decode(errors="replace") for line in found))


def _blocking(root: Path, path: str, deleted: set[str]) -> str:
    """The path that stands where a new file would be written; empty when there is none."""
    parts = path.split("/")
    for length in range(1, len(parts)):
        above = "/".join(parts[:length])
        there = root / above
        if (there.is_symlink() or there.is_file()) and above not in deleted:
            return above
        if not os.path.lexists(there):
            return ""
    there = root / path
    if not os.path.lexists(there):
        return ""
    if there.is_dir() and not there.is_symlink():
        inside = [str(file.relative_to(root)) for file in there.rglob("*") if not file.is_dir()]
        return next((file for file in inside if file not in deleted), "")
    return path


def refuse_open(repository: Repository, safety: Safety) -> None:
    """Raises GateClosed while something waits for a person, before anything else is looked at."""
    record = safety.open_operation(repository)
    if record is not None and record.state == "waiting":
        raise GateClosed(
            f"“{record.title}” ({record.id}) waits: {record.waiting_for}",
            hint="Go on with `aura continue`, or take it back with `aura abort`.",
        )
    under_way = read_state(repository, untracked=False).in_progress
    if under_way:
        raise GateClosed(
            f"a {under_way} is under way already",
            hint="Go on with `aura continue`, or take it back with `aura abort`.",
        )


def refuse_obstacles(obstacles: list[str], what: str) -> None:
    """Raises GateClosed when something is in the way of `what`; the message names it."""
    if not obstacles:
        return
    more = f"; and {len(obstacles) - _TOLD} more" if len(obstacles) > _TOLD else ""
    raise GateClosed(
        f"{what} would touch a work tree that is not clean: {'; '.join(obstacles[:_TOLD])}{more}",
        hint="Commit your changes (`aura commit`), or move untracked files away. Nothing was changed.",
    )
