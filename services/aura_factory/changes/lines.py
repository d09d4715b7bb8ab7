"""Which lines differ between two texts: patience first, so that blocks read like what somebody did.

Lines that occur once on both sides hold the texts together; between them `difflib` looks, without its junk heuristics.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_MOST_CELLS: Final = 4_000_000
"""Lines times lines that are compared without an anchor: 0.3 s at worst. Above it they count as replaced."""


class Block(NamedTuple):
    """Lines `old_start:old_end` became `new_start:new_end`, counted from 0."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def split_lines(text: bytes) -> list[bytes]:
    """The lines of a text with their ends; only a line feed ends a line, and joining them gives the text."""
    return _LINE.findall(text)


def changed_blocks(old: Sequence[bytes], new: Sequence[bytes]) -> list[Block]:
    """The runs of lines that differ, in order; between two of them lies at least one line that both have."""
    pairs = _matches(old, new)
    blocks: list[Block] = []
    at_old = at_new = 0
    for one, other in [*pairs, (len(old), len(new))]:
        if one > at_old or other > at_new:
            blocks.append(Block(at_old, one, at_new, other))
        at_old, at_new = one + 1, other + 1
    return _slid(blocks, old, new)


def _matches(old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[int, int]]:
    """Pairs of equal lines, ascending on both sides."""
    found: list[tuple[int, int]] = []
    waiting = [(0, len(old), 0, len(new))]
    while waiting:
        first, last, low, high = waiting.pop()
        while first < last and low < high and old[first] == new[low]:
            found.append((first, low))
            first, low = first + 1, low + 1
        while first < last and low < high and old[last - 1] == new[high - 1]:
            last, high = last - 1, high - 1
            found.append((last, high))
        if first == last or low == high:
            continue
        anchors = _anchors(old, first, last, new, low, high)
        if anchors:
            found.extend(anchors)
            for one, other in [*anchors, (last, high)]:
                waiting.append((first, one, low, other))
                first, low = one + 1, other + 1
        else:
            found.extend(_without_anchors(old, first, last, new, low, high))
    found.sort()
    return found


def _anchors(
    old: Sequence[bytes], first: int, last: int, new: Sequence[bytes], low: int, high: int
) -> list[tuple[int, int]]:
    """The longest ascending run of lines that occur exactly once in both parts. Source: Cohen's patience diff."""
    count_old = Counter(old[first:last])
    count_new = Counter(new[low:high])
    place_new = {new[i]: i for i in range(low, high) if count_new[new[i]] == 1}
    pairs = [(i, place_new[old[i]]) for i in range(first, last) if count_old[old[i]] == 1 and old[i] in place_new]
    tops: list[int] = []
    top_pairs: list[int] = []
    before: list[int] = []
    for number, (_, other) in enumerate(pairs):
        pile = bisect_left(tops, other)
        before.append(top_pairs[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(other)
            top_pairs.append(number)
        else:
            tops[pile], top_pairs[pile] = other, number
    run: list[tuple[int, int]] = []
    number = top_pairs[-1] if top_pairs else -1
    while number >= 0:
        run.append(pairs[number])
        number = before[number]
    return run[::-1]


def _without_anchors(
    old: Sequence[bytes], first: int, last: int, new: Sequence[bytes], low: int, high: int
) -> list[tuple[int, int]]:
    if (last - first) * (high - low) > _MOST_CELLS:
        return []
    matcher = difflib.SequenceMatcher(None, old[first:last], new[low:high], autojunk=False)
    return [
        (first + match.a + i, low + match.b + i) for match in matcher.get_matching_blocks() for i in range(match.size)
    ]


def _slid(blocks: list[Block], old: Sequence[bytes], new: Sequence[bytes]) -> list[Block]:
    """Move pure insertions and deletions to where they read best, without touching a neighbour."""
    result: list[Block] = []
    for number, block in enumerate(blocks):
        floor = result[-1].old_end + 1 if result else 0
        ceiling = blocks[number + 1].old_start - 1 if number + 1 < len(blocks) else len(old)
        if block.old_start == block.old_end:
            shift = _best_shift(new, block.new_start, block.new_end, block.old_start - floor, ceiling - block.old_end)
        elif block.new_start == block.new_end:
            shift = _best_shift(old, block.old_start, block.old_end, block.old_start - floor, ceiling - block.old_end)
        else:
            shift = 0
        result.append(Block(*(place + shift for place in block)))
    return result


def _best_shift(lines: Sequence[bytes], start: int, end: int, room_up: int, room_down: int) -> int:
    """By how many lines a run that is only on one side moves, so that it starts where a thought starts."""
    up = 0
    while up < room_up and start - up > 0 and lines[start - up - 1] == lines[end - up - 1]:
        up += 1
    down = 0
    while down < room_down and end + down < len(lines) and lines[start + down] == lines[end + down]:
        down += 1
    if not up and not down:
        return 0
    return min(range(-up, down + 1), key=lambda shift: (*_roughness(lines, start + shift, end + shift), -shift))


def _roughness(lines: Sequence[bytes], start: int, end: int) -> tuple[int, int]:
    """How badly a run of lines reads as one thing: best are runs whose first line is shallow and after an empty one."""
    first, last = lines[start], lines[end - 1]
    depth = len(first) - len(first.lstrip(b" \t")) if first.strip() else 1000
    after_gap = start == 0 or not lines[start - 1].strip() or not last.strip()
    return depth, 0 if after_gap else 1
