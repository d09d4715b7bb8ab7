"""What a side changed, as edits of the base, and two sets of edits woven into one text."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

__all__ = ["Edit", "edits_of", "is_within", "woven"]


class Edit(NamedTuple):
    """Parts `start` to `end` of the base become `new`."""

    start: int
    end: int
    new: tuple[str, ...]


def edits_of(base: Sequence[str], side: Sequence[str]) -> list[Edit]:
    """What turns the base into a side, in order."""
    codes = SequenceMatcher(None, base, side, autojunk=False).get_opcodes()
    return [Edit(a, b, tuple(side[c:d])) for tag, a, b, c, d in codes if tag != "equal"]


def woven(base: Sequence[str], ours: Sequence[Edit], theirs: Sequence[Edit], *, gap: int) -> list[str] | None:
    """The base with both sets of edits; None where they meet.

    Args:
        base: The text in parts.
        ours: Edits of one side, in order.
        theirs: Edits of the other.
        gap: Parts of the base that have to lie between edits of different sides; the same edit on both sides counts
            once. With 0, edits may touch, but two insertions at one place may not.
    """
    both = sorted({*ours, *theirs}, key=lambda edit: (edit.start, edit.end))
    mine, others = set(ours), set(theirs)
    result: list[str] = []
    position = 0
    last: Edit | None = None
    for edit in both:
        if last is not None and _meet(last, edit, gap) and not _one_side(last, edit, mine, others):
            return None
        if edit.start < position:
            return None
        result += base[position : edit.start]
        result += edit.new
        position = edit.end
        last = edit
    return [*result, *base[position:]]


def _one_side(first: Edit, second: Edit, mine: set[Edit], others: set[Edit]) -> bool:
    """Whether one side made both."""
    return (first in mine and second in mine) or (first in others and second in others)


def _meet(first: Edit, second: Edit, gap: int) -> bool:
    if second.start - first.end < gap:
        return True
    return first.start == first.end == second.start == second.end


def is_within(small: Sequence[Edit], large: Sequence[Edit]) -> bool:
    """Whether every edit of one side is a part of an edit of the other.

    A part: what it deletes the other deletes as well, and what it adds stands among what the other adds, in order. An
    edit that deletes without adding is no part of one that adds: they may mean different things.
    """
    return bool(small) and all(any(_part(one, other) for other in large) for one in small)


def _part(small: Edit, large: Edit) -> bool:
    if not (large.start <= small.start and small.end <= large.end):
        return False
    if bool(small.new) != bool(large.new):
        return False
    rest = iter(large.new)
    return all(line in rest for line in small.new)
