"""Conflicts as a person sees them: by file and hunk, with who changed what, and how each could be resolved."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from aura_git.conflicts.contract import ConflictSides, HunkResolution
from aura_git.merging.engine import lock_file_command
from aura_git.merging.settling import Accepted, Settled, settle
from aura_git.merging.sides import is_binary, kind_of, marker_sizes, mergeable, read_blobs, sides_of
from aura_git.merging.trees import MergedTrees, Parting, Stage
from aura_git.merging.who import file_commits, line_commits, lines_at
from aura_git.running import Git
from aura_shared.messages.merges import ConflictFile, ConflictHunk, ConflictKind, SideCommit

__all__ = ["Conflicts", "explain", "gather", "read_sides", "shown", "tellable"]

_MOST_TEXT: Final = 8000
"""Characters of one version of a hunk that are told."""
_MOST_FILES: Final = 200
"""Files whose commits are looked up."""


@dataclass(frozen=True, slots=True)
class Conflicts:
    """What is in conflict, path by path, in git's order."""

    kinds: dict[str, ConflictKind]
    says: dict[str, str]
    sides: dict[str, ConflictSides]
    """Of those that are text on both sides, and may be merged as such."""


def gather(git: Git, merged: MergedTrees, labels: tuple[str, str, str]) -> Conflicts:
    """The conflicts of a merge with the versions of each file.

    Args:
        git: In the repository.
        merged: The merge.
        labels: What stands at the markers: ours, base, theirs.
    """
    kinds: dict[str, ConflictKind] = {}
    versions: dict[str, dict[int, Stage]] = {}
    for path in merged.paths:
        versions[path] = merged.versions(path)
        kinds[path] = kind_of(versions[path], merged.words(path))
    says = {path: "; ".join(dict.fromkeys(word.text for word in merged.words(path))) for path in merged.paths}
    sides = read_sides(git, kinds, versions, labels)
    return Conflicts({path: shown(kind, path, path in sides) for path, kind in kinds.items()}, says, sides)


def read_sides(
    git: Git, kinds: dict[str, ConflictKind], versions: dict[str, dict[int, Stage]], labels: tuple[str, str, str]
) -> dict[str, ConflictSides]:
    """The versions of every file that may be merged as text.

    Args:
        git: In the repository.
        kinds: What is in the way of each path.
        versions: By path, then by number.
        labels: What stands at the markers.
    """
    texts = [path for path, kind in kinds.items() if mergeable(kind) and {2, 3} <= set(versions[path])]
    marks = marker_sizes(git, texts)
    texts = [path for path in texts if marks[path][1]]
    blobs = read_blobs(git, [stage.blob for path in texts for stage in versions[path].values()])
    sides = {path: sides_of(path, versions[path], blobs, labels, marks[path][0]) for path in texts}
    return {path: one for path, one in sides.items() if not any(map(is_binary, (one.ours, one.base, one.theirs)))}


def shown(kind: ConflictKind, path: str, text: bool) -> ConflictKind:
    """The kind as a person is told it: lock files are regenerated, and what is no text is binary."""
    if not mergeable(kind):
        return kind
    if lock_file_command(path):
        return "lock-file"
    return kind if text else "binary"


def explain(
    git: Git, conflicts: Conflicts, parting: Parting | None, accepted: Accepted, *, who: bool = True
) -> tuple[list[ConflictFile], dict[str, Settled]]:
    """Each conflict for a person, and what settles the files that are text.

    Args:
        git: In the repository.
        conflicts: What is in conflict.
        parting: The commits of both sides; None when they are not known.
        accepted: What counts as settled.
        who: Whether to look up who changed what.
    """
    files: list[ConflictFile] = []
    settled: dict[str, Settled] = {}
    for number, (path, kind) in enumerate(conflicts.kinds.items()):
        known = parting if who and number < _MOST_FILES else None
        command = lock_file_command(path) if kind == "lock-file" else ""
        if path in conflicts.sides and not command:
            settled[path] = settle(conflicts.sides[path], accepted)
            files.append(_text_file(git, conflicts, path, settled[path], known))
        else:
            files.append(_whole_file(git, conflicts, path, command, known))
    return files, settled


def _whole_file(git: Git, conflicts: Conflicts, path: str, command: str, parting: Parting | None) -> ConflictFile:
    kind = conflicts.kinds[path]
    ours, theirs = _file_commits(git, path, parting)
    return ConflictFile(
        path=tellable(path),
        kind=kind,
        says=tellable(conflicts.says[path]),
        remaining=1,
        problem=_PROBLEMS[kind],
        command=command,
        ours_by=ours,
        theirs_by=theirs,
    )


_PROBLEMS: Final[dict[ConflictKind, str]] = {
    "content": "its text cannot be read",
    "both-added": "both sides added it",
    "deleted": "one side deleted it, the other changed it: `git rm` deletes it, `git add` keeps it",
    "renamed": "the sides moved it to different places: keep one of them with `git add`, remove the others",
    "directory": "one side has a file where the other has a folder",
    "mode": "both sides added it with different types",
    "binary": "it is no text, so one side has to be chosen: `git checkout --ours` or `--theirs`, then `git add`",
    "submodule": "both sides moved the sub-module: check the right commit out in it, then `git add`",
    "link": "it is a symbolic link: choose where it leads, then `git add`",
    "lock-file": "its tool writes it anew from the merged manifest",
}


def _text_file(git: Git, conflicts: Conflicts, path: str, settled: Settled, parting: Parting | None) -> ConflictFile:
    sides = conflicts.sides[path]
    ours_by, theirs_by = _file_commits(git, path, parting)
    hunks: list[ConflictHunk] = []
    behind = 0
    for hunk in settled.resolution.hunks:
        theirs_line = lines_at(sides.theirs, hunk.theirs, behind)
        behind = theirs_line or behind
        hunks.append(_hunk(git, path, hunk, settled, parting, theirs_line))
    return ConflictFile(
        path=tellable(path),
        kind=conflicts.kinds[path],
        says=tellable(conflicts.says[path]),
        hunks=hunks,
        remaining=settled.remaining,
        parses=settled.parses,
        problem=settled.resolution.problem,
        ours_by=ours_by,
        theirs_by=theirs_by,
    )


def _hunk(
    git: Git, path: str, hunk: HunkResolution, settled: Settled, parting: Parting | None, theirs_line: int
) -> ConflictHunk:
    def by(side: str, first: int, text: str) -> list[SideCommit]:
        base = parting.bases[0] if parting and parting.bases else ""
        return line_commits(git, base, side, path, first, len(text.splitlines()))

    return ConflictHunk(
        id=f"{tellable(path)}:{hunk.number}",
        number=hunk.number,
        line=hunk.ours_line,
        tier=hunk.tier,
        rule=hunk.rule,
        reason=hunk.reason,
        symbol=hunk.symbol,
        symbol_note=hunk.symbol_note,
        ours=tellable(hunk.ours[:_MOST_TEXT]),
        base=tellable(hunk.base[:_MOST_TEXT]),
        theirs=tellable(hunk.theirs[:_MOST_TEXT]),
        text=tellable(hunk.text[:_MOST_TEXT]),
        ours_by=by(parting.ours, hunk.ours_line, hunk.ours) if parting else [],
        theirs_by=by(parting.theirs, theirs_line, hunk.theirs) if parting else [],
        settled=hunk.number in settled.numbers,
    )


def _file_commits(git: Git, path: str, parting: Parting | None) -> tuple[list[SideCommit], list[SideCommit]]:
    if parting is None or not parting.bases:
        return [], []
    base = parting.bases[0]
    return file_commits(git, base, parting.ours, path), file_commits(git, base, parting.theirs, path)


def tellable(text: str) -> str:
    """Text that can be sent: names that are no UTF-8 are replaced."""
    return os.fsencode(text).decode(errors="replace")
