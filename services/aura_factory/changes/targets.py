"""What a change makes of each file for a choice of its hunks."""

from __future__ import annotations

from collections.abc import Collection

from aura_factory.changes.content import texts_between
from aura_factory.changes.hunks import compose
from aura_factory.changes.records import StoredChange, StoredFile
from aura_factory.changes.transitions import Side


def side(file: StoredFile, chosen: Collection[str]) -> Side:
    """Path and bytes of a file with only the chosen hunks."""
    if file.kind in {"added", "deleted"}:
        taken = file.hunks[0].id in chosen
        if file.kind == "added":
            return Side(file.path, file.after if taken else None)
        return Side(file.path, None if taken else file.before)
    moved = any(hunk.move and hunk.id in chosen for hunk in file.hunks)
    path = file.path if moved or not file.moved_from else file.moved_from
    lines = [hunk for hunk in file.hunks if not hunk.move]
    taken = [hunk for hunk in lines if hunk.id in chosen]
    if not taken:
        return Side(path, file.before)
    if len(taken) == len(lines):
        return Side(path, file.after)
    before, after, writing = texts_between(file.before, file.after)
    return Side(path, writing.encode(compose(before, after, file.hunks, chosen)))


def accepted(change: StoredChange, *, accept_open: bool = False) -> list[str]:
    """The hunks that are to be in the files."""
    wanted = {"accepted", "open"} if accept_open else {"accepted"}
    return [hunk.id for hunk in change.hunks if hunk.decision in wanted]


def applied(change: StoredChange) -> list[str]:
    """The hunks that are in the files."""
    return [hunk.id for hunk in change.hunks if hunk.applied]
