"""Conflicts as a person sees them: by file and hunk, with who changed what, and how each could be resolved."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aura_git.conflicts.contract import ConflictSides, HunkResolution
from aura_git.merging.engine import lock_file_command
from aura_git.merging.settling import Accepted, Settled, settle
from aura_git.merging.sides import is_binary, kind_of, marker_sizes, mergeable, read_blobs, sides_of
from aura_git.merging.trees import MergedTrees, Parting, Stage
from aura_git.merging.who import FileCommits, file_commits, line_commits, lines_at
from aura_git.running import Git, meanwhile
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
    reading = meanwhile(lambda: marker_sizes(git, texts))
    try:
        blobs = read_blobs(git, [stage.blob for path in texts for stage in versions[path].values()])
    finally:
        marks = reading.result()
    texts = [path for path in texts if marks[path][1]]
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
    known = parting if parting is not None and who and parting.bases else None
    looked_up = list(conflicts.kinds)[:_MOST_FILES] if known else []
    looking = (
        meanwhile(lambda: file_commits(git, known.bases[0], known.ours, known.theirs, looked_up)) if known else None
    )
    for path, kind in conflicts.kinds.items():
        command = lock_file_command(path) if kind == "lock-file" else ""
        if path in conflicts.sides and not command:
            settled[path] = settle(conflicts.sides[path], accepted)
            files.append(_text_file(git, conflicts, path, settled[path], known if path in looked_up else None))
        else:
            files.append(_whole_file(conflicts, path, command))
    told = looking.result() if looking else {}
    return [_with_commits(file, told.get(path)) for path, file in zip(conflicts.kinds, files, strict=True)], settled


def _with_commits(file: ConflictFile, by: FileCommits | None) -> ConflictFile:
    return file.model_copy(update={"ours_by": by.ours, "theirs_by": by.theirs}) if by else file


def _whole_file(conflicts: Conflicts, path: str, command: str) -> ConflictFile:
    kind = conflicts.kinds[path]
    return ConflictFile(
        path=tellable(path),
        kind=kind,
        says=tellable(conflicts.says[path]),
        remaining=1,
        problem=_PROBLEMS[kind],
        command=command,
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
    hunks = settled.resolution.hunks
    ours_by, theirs_by = _written_by(git, conflicts.sides[path], hunks, parting)
    return ConflictFile(
        path=tellable(path),
        kind=conflicts.kinds[path],
        says=tellable(conflicts.says[path]),
        hunks=[
            _hunk(path, hunk, settled, mine, others)
            for hunk, mine, others in zip(hunks, ours_by, theirs_by, strict=True)
        ],
        remaining=settled.remaining,
        parses=settled.parses,
        problem=settled.resolution.problem,
    )


def _written_by(
    git: Git, sides: ConflictSides, hunks: Sequence[HunkResolution], parting: Parting | None
) -> tuple[list[list[SideCommit]], list[list[SideCommit]]]:
    """Who wrote each hunk on both sides."""
    if parting is None or not hunks:
        return [[] for _ in hunks], [[] for _ in hunks]
    base, path = parting.bases[0], sides.path
    mine = [(hunk.ours_line, len(hunk.ours.splitlines())) for hunk in hunks]
    others: list[tuple[int, int]] = []
    behind = 0
    for hunk in hunks:
        line = lines_at(sides.theirs, hunk.theirs, behind)
        behind = line or behind
        others.append((line, len(hunk.theirs.splitlines())))
    looking = meanwhile(lambda: line_commits(git, base, parting.ours, path, mine))
    try:
        theirs_by = line_commits(git, base, parting.theirs, path, others)
    finally:
        ours_by = looking.result()
    return ours_by, theirs_by


def _hunk(
    path: str, hunk: HunkResolution, settled: Settled, ours_by: list[SideCommit], theirs_by: list[SideCommit]
) -> ConflictHunk:
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
        ours_by=ours_by,
        theirs_by=theirs_by,
        settled=hunk.number in settled.numbers,
    )


def tellable(text: str) -> str:
    """Text that can be sent: names that are no UTF-8 are replaced."""
    return os.fsencode(text).decode(errors="replace")
