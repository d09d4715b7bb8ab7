"""Three-way merges by lines: what two sides did to one text, or where they got in each other's way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from aura_factory.changes.lines import Block, changed_blocks, split_lines


class Region(NamedTuple):
    """Lines that both sides changed, and not in the same way."""

    line: int
    """First line on the side of the file as it is now, from 1."""
    base: bytes
    ours: bytes
    """What the change makes of it."""
    theirs: bytes
    """What the file has there now."""


@dataclass(slots=True)
class Merge:
    """What came of a merge."""

    text: bytes
    """The merged text; where there are conflicts, with the lines of the file as it is now."""
    conflicts: list[Region] = field(default_factory=list[Region])

    @property
    def clean(self) -> bool:
        """Whether nothing had to be guessed."""
        return not self.conflicts


def merge_texts(base: bytes, ours: bytes, theirs: bytes) -> Merge:
    """Merge two versions of a text; changes that touch each other conflict, unless they are the same (as in git).

    Args:
        base: The text that both come from.
        ours: What a change makes of it.
        theirs: What it is now.
    """
    if base in {ours, theirs} or ours == theirs:
        return Merge(theirs if base == ours else ours)
    lines = split_lines(base), split_lines(ours), split_lines(theirs)
    return _Merger(*lines).merge()


class _Merger:
    """Walks both lists of changes along the base."""

    def __init__(self, base: Sequence[bytes], ours: Sequence[bytes], theirs: Sequence[bytes]) -> None:
        self._base, self._ours, self._theirs = base, ours, theirs
        self._our_blocks = changed_blocks(base, ours)
        self._their_blocks = changed_blocks(base, theirs)
        self._parts: list[bytes] = []
        self._conflicts: list[Region] = []

    def merge(self) -> Merge:
        at = 0
        ours = theirs = 0
        while ours < len(self._our_blocks) or theirs < len(self._their_blocks):
            ours_end, theirs_end, start, end = self._group(ours, theirs)
            self._parts += self._base[at:start]
            self._take(self._our_blocks[ours:ours_end], self._their_blocks[theirs:theirs_end], start, end)
            at, ours, theirs = end, ours_end, theirs_end
        self._parts += self._base[at:]
        return Merge(b"".join(self._parts), self._conflicts)

    def _group(self, ours: int, theirs: int) -> tuple[int, int, int, int]:
        """The next changes that touch each other: ends in both lists, and the lines of the base."""
        heads = [blocks[i] for blocks, i in ((self._our_blocks, ours), (self._their_blocks, theirs)) if i < len(blocks)]
        start = min(block.old_start for block in heads)
        end = start
        grown = True
        while grown:
            grown = False
            while ours < len(self._our_blocks) and self._our_blocks[ours].old_start <= end:
                end, ours, grown = max(end, self._our_blocks[ours].old_end), ours + 1, True
            while theirs < len(self._their_blocks) and self._their_blocks[theirs].old_start <= end:
                end, theirs, grown = max(end, self._their_blocks[theirs].old_end), theirs + 1, True
        return ours, theirs, start, end

    def _take(self, ours: Sequence[Block], theirs: Sequence[Block], start: int, end: int) -> None:
        mine, _ = _side(self._base, self._ours, ours, start, end)
        other, line = _side(self._base, self._theirs, theirs, start, end)
        if not theirs:
            self._parts.append(mine)
        elif not ours or mine == other:
            self._parts.append(other)
        else:
            self._parts.append(other)
            self._conflicts.append(Region(line + 1, b"".join(self._base[start:end]), mine, other))


def _side(
    base: Sequence[bytes], side: Sequence[bytes], blocks: Sequence[Block], start: int, end: int
) -> tuple[bytes, int]:
    """The text of one side for lines `start:end` of the base, and its first line on that side (0 without a change)."""
    if not blocks:
        return b"".join(base[start:end]), 0
    low = blocks[0].new_start - (blocks[0].old_start - start)
    high = blocks[-1].new_end + (end - blocks[-1].old_end)
    return b"".join(side[low:high]), low
