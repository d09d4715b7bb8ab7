"""A merge, rebase or cherry-pick that stopped: its conflicts in the index, and what settles them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from aura_git.conflicts.contract import ConflictSides
from aura_git.merging.engine import can_regenerate, lock_file_command, regenerate_lock_file
from aura_git.merging.explaining import Conflicts, explain, read_sides, shown
from aura_git.merging.settling import Accepted
from aura_git.merging.sides import kind_of
from aura_git.merging.trees import Parting, Stage
from aura_git.merging.writing import recorded_resolutions, stage, unmerged, write_settled
from aura_git.repository import Repository
from aura_shared.messages.merges import ConflictFile, ConflictKind

__all__ = ["Stop", "in_conflict", "left_of", "parting_of", "settle_stop"]

_LABELS: Final = ("HEAD", "base", "theirs")


@dataclass(frozen=True, slots=True)
class Stop:
    """What became of the conflicts that git stopped at."""

    conflicts: tuple[ConflictFile, ...]
    """By file, with what was settled."""
    left: tuple[str, ...]
    """Paths that wait for a person."""
    recorded: tuple[str, ...] = ()
    """Paths that were resolved as the person did before."""
    notes: tuple[str, ...] = ()


def left_of(conflicts: Iterable[ConflictFile]) -> list[str]:
    """Paths of which something is left to a person; lock files that can be written anew are left to their tool."""
    return [
        file.path
        for file in conflicts
        if (file.remaining or file.parses is False) and not (file.kind == "lock-file" and can_regenerate(file.path))
    ]


def in_conflict(where: Repository, paths: Collection[str] = (), says: Mapping[str, str] | None = None) -> Conflicts:
    """The conflicts in the index of a work tree; the labels are those that stand in its files.

    Args:
        where: The work tree.
        paths: Only these; empty for all.
        says: What git said of each path, where it is known.
    """
    found = {path: one for path, one in unmerged(where.git).items() if not paths or path in paths}
    versions = {
        path: {number: Stage(mode, blob, number, path) for number, (mode, blob) in one.items()}
        for path, one in found.items()
    }
    kinds: dict[str, ConflictKind] = {path: kind_of(one, ()) for path, one in versions.items()}
    sides: dict[str, ConflictSides] = {}
    for path, one in read_sides(where.git, kinds, versions, _LABELS).items():
        ours, base, theirs = _labels(where, path, one.marker_size)
        sides[path] = ConflictSides(path, one.base, one.ours, one.theirs, ours, base, theirs, one.marker_size)
    told = {path: (says or {}).get(path, "") for path in versions}
    return Conflicts({path: shown(kind, path, path in sides) for path, kind in kinds.items()}, told, sides)


def parting_of(where: Repository) -> Parting | None:
    """The commits of both sides of what git stopped at; None when they cannot be told."""
    ours = where.git.find_commit("HEAD")
    for name in ("MERGE_HEAD", "REBASE_HEAD", "CHERRY_PICK_HEAD"):
        theirs = where.git.find_commit(name)
        if ours and theirs:
            bases = where.git.read("merge-base", "--all", ours, theirs, ok=(0, 1)).lines
            return Parting(ours, theirs, tuple(base for base in bases if base))
    return None


def _labels(where: Repository, path: str, size: int) -> tuple[str, str, str]:
    """The labels at the first markers of a file."""
    file = where.root / path
    text = file.read_bytes() if file.is_file() and not file.is_symlink() else b""
    found: list[str] = []
    for mark, default in zip((b"<", b"|", b">"), _LABELS, strict=True):
        label = re.search(rb"^%s (.+?)\r?$" % re.escape(mark * size), text, re.MULTILINE)
        found.append(label.group(1).decode(errors="replace") if label else default)
    return found[0], found[1], found[2]


def settle_stop(
    where: Repository,
    accepted: Accepted,
    said: str,
    *,
    parting: Parting | None = None,
    says: Mapping[str, str] | None = None,
    lock_files: bool = False,
) -> Stop:
    """Resolve what git has just stopped at as far as it was accepted, and stage what is resolved.

    Args:
        where: The work tree.
        accepted: What a person agreed to.
        said: What git said when it stopped.
        parting: The commits of both sides, to tell who changed what; None to leave that out.
        says: What git said of each path.
        lock_files: Whether lock files are written anew by their tool.
    """
    recorded = recorded_resolutions(where.git, said)
    stage(where.git, recorded)
    conflicts = in_conflict(where, says=says)
    files, settled = explain(where.git, conflicts, parting, accepted, who=parting is not None)
    write_settled(where, settled)
    notes = _lock_files(where, conflicts) if lock_files else []
    return Stop(tuple(files), tuple(unmerged(where.git)), tuple(recorded), tuple(notes))


def _lock_files(where: Repository, conflicts: Conflicts) -> list[str]:
    """Let the tools of lock files write them anew, once nothing else is in conflict; returns what was done."""
    waiting = [path for path, kind in conflicts.kinds.items() if kind == "lock-file"]
    others = [path for path in unmerged(where.git) if path not in waiting]
    if not waiting or others:
        return []
    notes: list[str] = []
    for path in waiting:
        problem = regenerate_lock_file(where, path)
        if problem:
            notes.append(f"{path} was left in conflict: {problem}")
        else:
            stage(where.git, [path])
            notes.append(f"{path} was written anew by `{lock_file_command(path)}`")
    return notes
