"""From a block's place in the file to the lines that change there: a three-way merge that keeps what was not meant.

The base is what the model sought, one side is the file, the other what the model wants instead. A line that the model
left as it was keeps the file's bytes, whatever the model did to its spacing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from aura_factory.editing.indents import Indents, infer_indents, unit_of
from aura_factory.editing.lines import (
    REPAIRS,
    Repair,
    compare_key,
    consistent_repair,
    fold,
    indent_of,
    is_blank,
    is_filler,
)
from aura_factory.editing.merge3 import Change, changes, slide_range
from aura_factory.editing.outcomes import RefusalKind
from aura_factory.editing.texts import Edit, FileLines

__all__ = ["CannotWeave", "Place", "weave"]


class CannotWeave(Exception):
    """The block has a place, and what is wanted there cannot be told for certain."""

    def __init__(self, kind: RefusalKind, detail: str) -> None:
        super().__init__(detail)
        self.kind: RefusalKind = kind


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block stands in a file."""

    start: int
    """First line, from 0."""
    end: int
    """First line after it."""
    pairs: tuple[tuple[int, int], ...]
    """Lines of the block and lines of the file that correspond, both from 0 and rising."""
    repair: int = 0
    """Which of `REPAIRS` made the block fit."""
    how: str = ""
    """How it was found, in words; empty when it stood there to the letter."""
    partial: bool = False
    """Whether lines may be missing in the block, at its ends too."""


@dataclass(frozen=True, slots=True)
class _Gap:
    """A run of block lines that the file has otherwise."""

    start: int
    end: int
    file_start: int
    file_end: int


@dataclass(slots=True)
class _Sides:
    """The three texts of the merge, and what turns a wanted line into a line of the file."""

    base: list[str]
    file: FileLines
    wanted: list[str]
    indents: Indents | None
    repair: Repair = REPAIRS[0][1]
    strip: bool = False
    notes: list[str] = field(default_factory=list[str])

    def line(self, at: int) -> str:
        """A wanted line as the file writes it.

        Raises:
            CannotWeave: Its indentation cannot be told.
        """
        text = self.wanted[at]
        if self.indents is not None:
            converted = self.indents.convert(text, is_first=at == _first_solid(self.wanted))
            if converted is None:
                raise CannotWeave("conflict", f"the indentation of the new line {text.strip()!r} cannot be told")
            text = converted
        text = self.repair(text)
        return text.rstrip() if self.strip else text


def weave(file: FileLines, sought: Sequence[str], wanted: Sequence[str], place: Place) -> tuple[list[Edit], list[str]]:
    """The edits of a file that a block amounts to, and notes of what was put right.

    Args:
        file: The file.
        sought: What the model sought.
        wanted: What it wants instead.
        place: Where `sought` stands in the file.

    Raises:
        CannotWeave: Its changes meet lines that the file has otherwise, or their indentation cannot be told.
    """
    repair = REPAIRS[place.repair][1]
    base, target = [repair(line) for line in sought], [repair(line) for line in wanted]
    solid = [(s, f) for s, f in place.pairs if base[s].strip()]
    pairs = [(base[s], file.lines[f]) for s, f in solid]
    loose_first = bool(solid) and solid[0][0] == _first_solid(base)
    indents = infer_indents(
        pairs, model_unit=unit_of([*base, *target]), file_unit=_unit_around(file, place), loose_first=loose_first
    )
    if indents is None:
        raise CannotWeave("conflict", "its indentation fits that of the file in no consistent way")
    sides = _Sides(base, file, target, indents)
    if not indents.same and not _follows_base(base, target):
        _adopt_file_indents(sides, place)
    elif indents.same:
        _first_line_kept(sides)
        if _kinds(target) <= (_kinds(file.lines[f] for _s, f in solid) or set(file.unit)):
            sides.indents = None
    _choose_repairs(sides, place)
    edits = [_edit(sides, place, change) for change in _meant(sides.base, sides.wanted)]
    return [edit for edit in edits if edit is not None], sides.notes


def _kinds(lines: Iterable[str]) -> set[str]:
    """The characters that lines are indented with."""
    return {character for line in lines if line.strip() for character in indent_of(line)}


def _unit_around(file: FileLines, place: Place) -> str:
    """One level of indentation where a block stands; a file may hold text of another language."""
    return unit_of(file.lines[max(0, place.start - 60) : place.end + 60]) or file.unit


def _first_solid(lines: Sequence[str]) -> int:
    return next((at for at, line in enumerate(lines) if not is_blank(line)), 0)


def _meant(base: Sequence[str], wanted: Sequence[str]) -> list[Change]:
    return changes([compare_key(line) for line in base], [compare_key(line) for line in wanted])


def _common(base: Sequence[str], wanted: Sequence[str]) -> list[tuple[int, int]]:
    """Lines that both have, but for indentation."""
    old, new = [line.strip() for line in base], [line.strip() for line in wanted]
    pairs: list[tuple[int, int]] = []
    at = new_at = 0
    for change in [*changes(old, new), Change(len(old), len(old), len(new), len(new))]:
        pairs.extend(zip(range(at, change.start), range(new_at, change.new_start), strict=True))
        at, new_at = change.end, change.new_end
    return [(s, r) for s, r in pairs if old[s]]


def _follows_base(base: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether the lines that both sides of a block share are indented alike in both."""
    return all(indent_of(base[s]) == indent_of(wanted[r]) for s, r in _common(base, wanted))


def _adopt_file_indents(sides: _Sides, place: Place) -> None:
    """Settle a block whose two sides are indented differently: the second may be right as it is.

    Raises:
        CannotWeave: Neither reading fits.
    """
    to_file = dict(place.pairs)
    common = [(s, r) for s, r in _common(sides.base, sides.wanted) if s in to_file]
    least = min(
        (len(indent_of(sides.file.lines[f])) for _s, f in place.pairs if sides.file.lines[f].strip()), default=0
    )
    right = all(indent_of(sides.wanted[r]) == indent_of(sides.file.lines[to_file[s]]) for s, r in common)
    if right and common and all(len(indent_of(line)) >= least for line in sides.wanted if line.strip()):
        sides.base = [sides.file.lines[to_file[s]] if s in to_file else line for s, line in enumerate(sides.base)]
        sides.indents = None
        return
    first = (_first_solid(sides.base), _first_solid(sides.wanted))
    rest = [pair for pair in common if pair != first]
    if sides.indents is not None and sides.indents.first is None and rest:
        deeper = {len(indent_of(sides.wanted[r])) - len(indent_of(sides.base[s])) for s, r in rest}
        if (
            len(deeper - {0}) == 1
            and common
            and common[0] == first
            and indent_of(sides.base[first[0]]) == indent_of(sides.wanted[first[1]])
        ):
            return  # A part was put into a block of its own, or taken out of one.
    raise CannotWeave("conflict", "its two parts are indented differently from each other and from the file")


def _first_line_kept(sides: _Sides) -> None:
    """Give the first wanted line back the indentation that only it lost.

    Raises:
        CannotWeave: It lost indentation, and it is another line than the first that was sought.
    """
    if not sides.base or not sides.wanted:
        return
    old, new = sides.base[_first_solid(sides.base)], sides.wanted[at := _first_solid(sides.wanted)]
    rest = [line for line in sides.wanted[at + 1 :] if line.strip()]
    lost = indent_of(old) and not indent_of(new) and new.strip() and rest
    if not lost or any(len(indent_of(line)) < len(indent_of(old)) for line in rest):
        return
    if old.strip() != new.strip():
        raise CannotWeave("conflict", f"the first new line {new.strip()!r} has no indentation, all others have")
    sides.wanted[at] = indent_of(old) + new


def _choose_repairs(sides: _Sides, place: Place) -> None:
    """Decide what is put right in new lines, by what the block's known lines show."""
    to_file = dict(place.pairs)
    spaced = any(compare_key(line) != line for line in sides.base)
    file_spaced = any(compare_key(sides.file.lines[f]) != sides.file.lines[f] for f in to_file.values())
    sides.strip = not sides.file.has_trailing_space or (spaced and not file_spaced)
    if place.repair:
        sides.notes.append(REPAIRS[place.repair][0])
        return
    both = "\n".join([*sides.base, *sides.wanted])
    around = "\n".join(sides.file.lines[f] for f in to_file.values())
    repair = consistent_repair(both, sides.file.text)
    if repair and consistent_repair(f"{both}\n{around}", sides.file.text) == repair:
        sides.repair = REPAIRS[repair][1]
        sides.notes.append(REPAIRS[repair][0])


def _gaps(sides: _Sides, place: Place) -> list[_Gap]:
    """Where block and file differ; a gap of no block lines is a run of lines that the block left out."""
    gaps: list[_Gap] = []
    last_s, last_f = 0, place.start
    size, lines = len(sides.base), sides.file.lines
    if place.partial and place.start > 0 and is_filler(lines[place.start - 1]):
        gaps.append(_Gap(0, 0, place.start - 1, place.start))
    if place.partial and place.end < len(lines) and is_filler(lines[place.end]):
        gaps.append(_Gap(size, size, place.end, place.end + 1))
    for s, f in [*place.pairs, (len(sides.base), place.end)]:
        if s > last_s or f > last_f:
            gaps.append(_Gap(last_s, s, last_f, f))
        last_s, last_f = s + 1, f + 1
    return gaps


def _edit(sides: _Sides, place: Place, change: Change) -> Edit | None:
    """One meant change as an edit of the file; None when the file has it already."""
    base_keys = [compare_key(line) for line in sides.base]
    low, high = slide_range(base_keys, [compare_key(line) for line in sides.wanted], change)
    lines = tuple(sides.line(at) for at in range(change.new_start, change.new_end))
    meeting = [gap for gap in _gaps(sides, place) if gap.start <= high and low <= gap.end]
    start, end = _file_range(sides, place, change)
    for gap in meeting:
        if gap.start == gap.end and change.start < gap.start < change.end and not lines:
            continue  # Left out of the search, and in the middle of what is deleted.
        same_size = gap.start < gap.end and gap.end - gap.start == gap.file_end - gap.file_start
        apart = gap.end <= change.start or change.end <= gap.start
        if apart and change.same_length and (same_size or _alike(sides, change)):
            continue
        had = [line.strip() for line in sides.file.lines[gap.file_start : gap.file_end]]
        if (gap.start, gap.end) == (change.start, change.end) and had == [line.strip() for line in lines]:
            return None
        first = sides.file.lines[gap.file_start].strip() if gap.file_start < gap.file_end else ""
        found = f"the file has {first!r} there" if first else "the file has no such line there"
        raise CannotWeave("conflict", f"it changes a place that the file has otherwise: {found}")
    _keep_typographic(sides, start, end, lines)
    return Edit(start, end, lines)


def _alike(sides: _Sides, change: Change) -> bool:
    """Whether each line of a replacement is a variant of the line that it replaces."""
    old, new = sides.base[change.start : change.end], sides.wanted[change.new_start : change.new_end]
    return all(SequenceMatcher(None, a, b, autojunk=False).ratio() >= 0.5 for a, b in zip(old, new, strict=True))


def _keep_typographic(sides: _Sides, start: int, end: int, lines: Sequence[str]) -> None:
    """Refuse to lose typographic characters of the file that the model did not reproduce.

    Raises:
        CannotWeave: It would.
    """
    old, new = "\n".join(sides.file.lines[start:end]), "\n".join(lines)
    known = "\n".join(sides.base)
    if lines and fold(old) != old and fold(new) == new and fold(known) == known:
        raise CannotWeave("conflict", "the lines that it changes hold typographic characters that it did not reproduce")


def _file_range(sides: _Sides, place: Place, change: Change) -> tuple[int, int]:
    """The lines of the file that a change of the block is about."""
    to_file = dict(place.pairs)
    if change.start == change.end:
        if change.start in to_file:
            at = to_file[change.start]
        elif change.start - 1 in to_file:
            at = to_file[change.start - 1] + 1
        else:
            at = place.end if change.start >= len(sides.base) else place.start
        return at, at
    known = [to_file[s] for s in range(change.start, change.end) if s in to_file]
    if not known:
        raise CannotWeave("conflict", f"the line {sides.base[change.start].strip()!r} is not in the file")
    return known[0], known[-1] + 1
