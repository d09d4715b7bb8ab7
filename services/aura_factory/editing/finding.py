"""Where a block stands in a file: a cascade from the letter to the near match, each step unique or refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final, NamedTuple

from aura_factory.editing.lines import REPAIRS, compare_key, fold, is_blank, is_comment, positions, runs
from aura_factory.editing.texts import FileLines
from aura_factory.editing.weaving import Place

__all__ = ["Hint", "closest_start", "find_places", "near_place"]

_LEAST_EQUAL: Final = 0.6
"""Share of a block's lines that a near match has to the letter, but for indentation."""
_LEAST_LIKENESS: Final = 0.85
_LEAST_LEAD: Final = 0.1
"""How far the second best place has to stay behind."""
_LEAST_LINES: Final = 3
"""Lines that a near match has to share at least."""
_MOST_PLACES: Final = 30
"""Lines that stand at more places tell nothing about where a block belongs."""
_NEAR_HINT: Final = 2
_FAR_HINT: Final = 10


class Hint(NamedTuple):
    """What is known of a block's place besides its text."""

    line: int = 0
    """Line that the model named, from 1; 0 for none."""
    start: int = 0
    """First line of the symbol that is meant, from 0."""
    end: int = 0
    """First line after it; 0 when no symbol is meant."""

    def choose(self, places: Sequence[Place]) -> Place | None:
        """The one place that this points to; None when it separates none from the others."""
        if self.end:
            inside = [place for place in places if self.start <= place.start and place.end <= self.end]
            if len(inside) == 1:
                return inside[0]
        if not self.line:
            return None
        by_distance = sorted(places, key=lambda place: abs(place.start + 1 - self.line))
        nearest, second = (abs(place.start + 1 - self.line) for place in by_distance[:2])
        return by_distance[0] if nearest <= _NEAR_HINT and second >= _FAR_HINT else None


def find_places(file: FileLines, sought: Sequence[str]) -> list[Place]:
    """Every place of a block by the first step of the cascade that finds any; empty when none does.

    The steps: to the letter; with typographic characters, escapes and entities put right; with other indentation; with
    comments and blank lines left out.
    """
    for bare in (False, True):
        for repair in range(len(REPAIRS)):
            found = _lines_found(file, sought, repair, bare=bare)
            if found:
                return found
    for repair in range(len(REPAIRS)):
        found = _solid_found(file, sought, repair)
        if found:
            return found
    return []


def _straight(repair: int) -> bool:
    return "typographic" in REPAIRS[repair][0]


def _repaired(file: FileLines, sought: Sequence[str], repair: int) -> list[str] | None:
    """The sought lines as they are compared; None when a repair makes no difference."""
    lines = [REPAIRS[repair][1](line) for line in sought]
    if _straight(repair):
        lines = [fold(line) for line in lines]
        return lines if lines != list(sought) or file.is_typographic else None
    return lines if not repair or lines != list(sought) else None


def _lines_found(file: FileLines, sought: Sequence[str], repair: int, *, bare: bool) -> list[Place]:
    lines = _repaired(file, sought, repair)
    if lines is None:
        return []
    wanted = [line.strip() if bare else compare_key(line) for line in lines]
    if not any(wanted):
        return []
    keys, index = file.keys(straight=_straight(repair), bare=bare)
    how = ", ".join(part for part in (REPAIRS[repair][0], "indentation adapted" if bare else "") if part)
    size = len(wanted)
    pairs = range(size)
    return [Place(at, at + size, tuple((i, at + i) for i in pairs), repair, how) for at in runs(keys, wanted, index)]


def _solid_found(file: FileLines, sought: Sequence[str], repair: int) -> list[Place]:
    """Places where the lines that are neither blank nor a comment alone follow each other."""
    lines = _repaired(file, sought, repair)
    if lines is None:
        return []
    solid = [at for at, line in enumerate(lines) if not is_blank(line) and not is_comment(line)]
    keys, _index = file.keys(straight=_straight(repair), bare=True)
    file_solid = file.solid
    file_keys = [keys[at] for at in file_solid]
    wanted = [lines[at].strip() for at in solid]
    if len(wanted) < _LEAST_LINES - 1 or sum(len(key) for key in wanted) < 20:
        return []
    found: list[Place] = []
    for at in runs(file_keys, wanted, positions(file_keys)):
        matched = [(s, file_solid[at + number]) for number, s in enumerate(solid)]
        bare_lines = [line.strip() for line in lines]
        pairs = _fill(bare_lines, keys, matched)
        known = {s for s, _f in pairs}
        if any(s not in known and not is_blank(line) for s, line in enumerate(lines)):
            continue  # Models leave comments out, they do not invent them: this is another place that looks alike.
        found.append(
            Place(
                pairs[0][1], pairs[-1][1] + 1, tuple(pairs), repair, "lines left out by the answer kept", partial=True
            )
        )
    return found


def _fill(lines: Sequence[str], keys: Sequence[str], matched: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Corresponding lines with the comments and blank lines between, before and after them that both have."""
    pairs: list[tuple[int, int]] = []
    s, f = matched[0]
    while s > 0 and f > 0 and lines[s - 1] == keys[f - 1]:
        s, f = s - 1, f - 1
    last = (s - 1, f - 1)
    ends = (len(lines), min(len(keys), matched[-1][1] + len(lines) - matched[-1][0]))
    for s, f in [*matched, ends]:
        inner = SequenceMatcher(None, lines[last[0] + 1 : s], keys[last[1] + 1 : f], autojunk=False)
        for block in inner.get_matching_blocks():
            offset_s, offset_f = last[0] + 1 + block.a, last[1] + 1 + block.b
            pairs.extend((offset_s + step, offset_f + step) for step in range(block.size))
        if (s, f) != ends:
            pairs.append((s, f))
        last = (s, f)
    return pairs


class _Near(NamedTuple):
    score: float
    equal: float
    place: Place


def near_place(file: FileLines, sought: Sequence[str]) -> Place | None:
    """The one place that nearly fits a block; None when no place does, or when two come close to each other."""
    best: list[_Near] = []
    for repair in range(2):
        lines = _repaired(file, sought, repair)
        if lines is None:
            continue
        best = _near_places(file, lines, repair)
        if best and best[0].score >= _LEAST_LIKENESS and best[0].equal >= _LEAST_EQUAL:
            break
    if not best or best[0].score < _LEAST_LIKENESS or best[0].equal < _LEAST_EQUAL:
        return None
    first = best[0].place
    for other in best[1:]:
        apart = other.place.end <= first.start or first.end <= other.place.start
        if apart and other.score > best[0].score - _LEAST_LEAD:
            return None
    return first


def closest_start(file: FileLines, sought: Sequence[str]) -> tuple[int, int] | None:
    """First and last line, from 0, of the place that comes closest; None when nothing is alike."""
    found = _near_places(file, list(sought), 0, least=1)
    return (found[0].place.start, found[0].place.end) if found else None


def _near_places(file: FileLines, lines: Sequence[str], repair: int, *, least: int = _LEAST_LINES) -> list[_Near]:
    keys, index = file.keys(straight=repair == 1, bare=True)
    wanted = [line.strip() for line in lines]
    votes: Counter[int] = Counter()
    for at, key in enumerate(wanted):
        places = index.get(key, ()) if key else ()
        if len(places) <= _MOST_PLACES:
            weight = 2 if len(places) == 1 else 1
            for place in places:
                votes[place - at] += weight
    found: dict[tuple[int, int], _Near] = {}
    slack = 8 + len(wanted) // 4
    for offset, _count in votes.most_common(8):
        start = max(0, offset - slack)
        near = _compare(wanted, keys, start, min(len(keys), offset + len(wanted) + slack), repair, least)
        if near is not None:
            found.setdefault((near.place.start, near.place.end), near)
    return sorted(found.values(), key=lambda near: -near.score)


def _compare(wanted: Sequence[str], keys: Sequence[str], start: int, end: int, repair: int, least: int) -> _Near | None:
    matcher = SequenceMatcher(None, wanted, keys[start:end], autojunk=False)
    pairs = [
        (block.a + step, start + block.b + step)
        for block in matcher.get_matching_blocks()
        for step in range(block.size)
    ]
    while pairs and not wanted[pairs[-1][0]]:
        pairs.pop()
    while pairs and not wanted[pairs[0][0]]:
        del pairs[0]
    solid = sum(1 for key in wanted if key)
    equal = sum(1 for s, _f in pairs if wanted[s])
    if not pairs or equal < min(least, solid):
        return None
    likeness = equal + _likeness(wanted, keys, pairs)
    extra = sum(1 for key in keys[pairs[0][1] : pairs[-1][1]] if key) - equal
    place = Place(
        pairs[0][1], pairs[-1][1] + 1, tuple(pairs), repair, "lines that the file has otherwise kept", partial=True
    )
    total = max(solid, 1)
    return _Near((likeness - 0.25 * max(0, extra - (solid - equal))) / total, equal / total, place)


def _likeness(wanted: Sequence[str], keys: Sequence[str], pairs: Sequence[tuple[int, int]]) -> float:
    """How alike the lines are that do not correspond, summed; each counts up to 1."""
    (first_s, first_f), (last_s, last_f) = pairs[0], pairs[-1]
    total = _alike(wanted[:first_s][::-1], keys[max(0, first_f - first_s) : first_f][::-1])
    total += _alike(wanted[last_s + 1 :], keys[last_f + 1 : last_f + len(wanted) - last_s])
    for (s, f), (next_s, next_f) in pairwise(pairs):
        if next_s > s + 1 and next_f > f + 1:
            total += _alike(wanted[s + 1 : next_s], keys[f + 1 : next_f])
    return total


def _alike(lines: Sequence[str], others: Sequence[str]) -> float:
    both = zip((line for line in lines if line), (line for line in others if line), strict=False)
    return sum(SequenceMatcher(None, one, other, autojunk=False).ratio() for one, other in both)
