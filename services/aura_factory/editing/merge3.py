"""A three-way merge by lines that gives up rather than guess."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

__all__ = ["Change", "changes", "merge_lines", "slide_range"]


class Change(NamedTuple):
    """A run of old lines and the lines that take its place."""

    start: int
    """First old line, from 0."""
    end: int
    """First old line after it; the same as `start` for an insertion."""
    new_start: int
    new_end: int

    @property
    def same_length(self) -> bool:
        """Whether as many lines come as go."""
        return self.end - self.start == self.new_end - self.new_start


def changes(old: Sequence[str], new: Sequence[str]) -> list[Change]:
    """The changed runs between two texts, in order."""
    head = 0
    limit = min(len(old), len(new))
    while head < limit and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < limit - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    matcher = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False)
    return [
        Change(a + head, b + head, c + head, d + head) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"
    ]


def slide_range(old: Sequence[str], new: Sequence[str], change: Change) -> tuple[int, int]:
    """How far a pure insertion or deletion can be moved without changing the outcome: its first and last old line.

    An insertion beside equal lines has several equally good places; whoever wants to be sure has to look at all.
    """
    start, end = change.start, change.end
    lines = old[start:end] if start < end else new[change.new_start : change.new_end]
    if (start < end) == (change.new_start < change.new_end) or not lines:
        return start, end
    size = len(lines)
    low = start
    offset = 0
    while low > 0 and old[low - 1] == lines[(size - 1 - offset) % size]:
        low -= 1
        offset += 1
    high = end
    offset = 0
    while high < len(old) and old[high] == lines[offset % size]:
        high += 1
        offset += 1
    return low, high


def merge_lines(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str] | None:
    """What both sides made of `base`; None when their changes meet.

    Changes that touch count as meeting, except two replacements of as many lines each, and the same change on both
    sides.
    """
    mine, others = changes(base, ours), changes(base, theirs)
    taken = list(mine)
    additions: list[tuple[Change, bool]] = [(change, True) for change in mine]
    for change in others:
        meeting = [one for one in taken if _meet(base, ours, theirs, one, change)]
        if not meeting:
            additions.append((change, False))
        elif not (len(meeting) == 1 and _same(ours, theirs, meeting[0], change)):
            return None
    merged: list[str] = []
    at = 0
    for change, is_ours in sorted(additions):
        merged.extend(base[at : change.start])
        merged.extend((ours if is_ours else theirs)[change.new_start : change.new_end])
        at = change.end
    merged.extend(base[at:])
    return merged


def _meet(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str], one: Change, other: Change) -> bool:
    first_low, first_high = slide_range(base, ours, one)
    second_low, second_high = slide_range(base, theirs, other)
    if first_high < second_low or second_high < first_low:
        return False
    return not (one.same_length and other.same_length and (one.end <= other.start or other.end <= one.start))


def _same(ours: Sequence[str], theirs: Sequence[str], one: Change, other: Change) -> bool:
    same_place = (one.start, one.end) == (other.start, other.end)
    return same_place and ours[one.new_start : one.new_end] == theirs[other.new_start : other.new_end]
