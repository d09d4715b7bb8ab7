"""One search-and-replace block against one file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from aura_factory.editing.finding import Hint, closest_start, find_places, near_place
from aura_factory.editing.lines import compare_key, is_blank, is_placeholder, numbered
from aura_factory.editing.merge3 import changes
from aura_factory.editing.outcomes import Refusal, RefusalKind, RefusedError
from aura_factory.editing.texts import Edit, FileLines
from aura_factory.editing.weaving import CannotWeave, Place, weave

__all__ = ["Block", "Found", "edits_of_block"]

_CLOSEST_LINES = 12
_WORD = re.compile(r"\w")


class Block(NamedTuple):
    """What is to be replaced by what."""

    sought: tuple[str, ...]
    wanted: tuple[str, ...]
    line: int = 0
    """Line that the model named, from 1; 0 for none."""


@dataclass(slots=True)
class Found:
    """The edits of a block."""

    edits: list[Edit]
    notes: list[str] = field(default_factory=list[str])


def edits_of_block(file: FileLines, block: Block, hint: Hint) -> Found:
    """The edits that a block amounts to; none when it is applied already.

    Raises:
        RefusedError: It has no place, several, or one that does not tell what to write.
    """
    block = _without_decoration(file, block)
    if not any(line.strip() for line in block.sought):
        raise _refusal(file, block, "malformed", "the part to search for is empty, and the file exists")
    places = find_places(file, block.sought)
    if places:
        place = _only(file, block, places, hint)
        _refuse_new_placeholders(file, block)
        if _is_applied_around(file, block, place):
            return Found([], ["it is applied already"])
        return _woven(file, block, place)
    if _has_ellipsis(block.sought):
        return _by_pieces(file, block, hint)
    _refuse_new_placeholders(file, block)
    if _is_applied(file, block):
        return Found([], ["it is applied already"])
    within = _within_line(file, block)
    if within is not None:
        return within
    near = near_place(file, block.sought)
    if near is None:
        raise _refusal(file, block, "not-found", "the lines to search for are not in the file")
    return _woven(file, block, near)


def _only(file: FileLines, block: Block, places: Sequence[Place], hint: Hint) -> Place:
    if len(places) == 1:
        return places[0]
    chosen = hint.choose(places)
    if chosen is None:
        at = ", ".join(str(place.start + 1) for place in places[:8])
        raise _refusal(file, block, "ambiguous", f"the lines to search for stand at {len(places)} places: lines {at}")
    return chosen


def _woven(file: FileLines, block: Block, place: Place) -> Found:
    try:
        edits, notes = weave(file, block.sought, block.wanted, place)
    except CannotWeave as error:
        raise _refusal(file, block, error.kind, str(error), place) from error
    if not edits and _differ(block):
        notes.append("it is applied already")
    return Found(edits, [note for note in dict.fromkeys([place.how, *notes]) if note])


def _differ(block: Block) -> bool:
    return [compare_key(line) for line in block.sought] != [compare_key(line) for line in block.wanted]


def _without_decoration(file: FileLines, block: Block) -> Block:
    """The block without blank lines that stand around both its parts alike, when only so it can be found."""
    sought, wanted = list(block.sought), list(block.wanted)
    if not any(map(str.strip, sought)) or find_places(file, sought):
        return block
    while sought and is_blank(sought[0]) and wanted and is_blank(wanted[0]):
        del sought[0], wanted[0]
    while sought and is_blank(sought[-1]) and wanted and is_blank(wanted[-1]):
        del sought[-1], wanted[-1]
    return Block(tuple(sought), tuple(wanted), block.line)


def _refuse_new_placeholders(file: FileLines, block: Block) -> None:
    """Refuse what would write "the rest is unchanged" into the file.

    Raises:
        RefusedError: A new line stands for code that was left out.
    """
    known = {line.strip() for line in block.sought} | {line.strip() for line in file.lines}
    for before, line in pairwise(["", *block.wanted]):
        stub = line.strip() == "..." and before.rstrip().endswith(":")  # The body of a function in Python.
        if is_placeholder(line) and line.strip() not in known and not stub:
            raise _refusal(file, block, "placeholder", f"{line.strip()!r} stands for code that was left out")


def _is_applied_around(file: FileLines, block: Block, place: Place) -> bool:
    """Whether the wanted lines stand around the place already, as after an insertion."""
    if len(block.wanted) <= len(block.sought) or place.partial:
        return False
    found = find_places(file, block.wanted)
    inside = len(found) == 1 and found[0].start <= place.start and place.end <= found[0].end
    return inside and not found[0].partial


def _is_applied(file: FileLines, block: Block) -> bool:
    """Whether the lines to search for are gone and the wanted ones, which are telling enough, stand once."""
    old = {line.strip() for line in block.sought}
    new = [line for line in block.wanted if line.strip() not in old]
    if sum(len(_WORD.findall(line)) for line in new) < 6:
        return False
    found = find_places(file, block.wanted)
    return len(found) == 1 and not found[0].partial


def _within_line(file: FileLines, block: Block) -> Found | None:
    """The edit of a part of one line, when that part stands once in the file and ends at the edges of words."""
    if len(block.sought) != 1 or len(block.wanted) != 1:
        return None
    part = block.sought[0].strip()
    if len(_WORD.findall(part)) < 6 or file.text.count(part) != 1:
        return None
    at = next(number for number, line in enumerate(file.lines) if part in line)
    line = file.lines[at]
    start = line.index(part)
    end = start + len(part)
    cut_before = start > 0 and bool(_WORD.match(line[start - 1]) and _WORD.match(part[0]))
    cut_after = end < len(line) and bool(_WORD.match(line[end]) and _WORD.match(part[-1]))
    if cut_before or cut_after:
        return None
    return Found([Edit(at, at + 1, (line[:start] + block.wanted[0].strip() + line[end:],))], ["a part of a line"])


def _has_ellipsis(lines: Sequence[str]) -> bool:
    return any(is_placeholder(line) for line in lines)


def _pieces(lines: Sequence[str]) -> list[list[str]]:
    pieces: list[list[str]] = [[]]
    for line in lines:
        if is_placeholder(line):
            pieces.append([])
        else:
            pieces[-1].append(line)
    return pieces


def _by_pieces(file: FileLines, block: Block, hint: Hint) -> Found:
    """The edits of a block that leaves out code, piece by piece.

    Each piece that changes has to stand at exactly one place, and all follow each other in the file.

    Raises:
        RefusedError: They do not.
    """
    old, new = _pieces(block.sought), _pieces(block.wanted)
    if len(old) != len(new):
        raise _refusal(
            file,
            block,
            "placeholder",
            f"{len(old) - 1} parts are left out of the search and {len(new) - 1} of the rest",
        )
    found = Found([], ["code left out by the answer kept"])
    after = 0
    for sought, wanted in zip(old, new, strict=True):
        piece = Block(tuple(sought), tuple(wanted), block.line)
        if not any(line.strip() for line in sought):
            if any(line.strip() for line in wanted):
                raise _refusal(
                    file, block, "placeholder", "new lines beside code that is left out have no certain place"
                )
            continue
        after = _add_piece(file, piece, found, after, hint)
    return found


def _add_piece(file: FileLines, piece: Block, found: Found, after: int, hint: Hint) -> int:
    """Add the edits of one piece; returns the first line after it."""
    places = find_places(file, piece.sought)
    if not places:
        raise _refusal(file, piece, "not-found", "a piece beside code that is left out is not in the file")
    if changes(piece.sought, piece.wanted):
        place = _only(file, piece, places, hint)
        if place.start < after:
            raise _refusal(file, piece, "not-found", "its pieces stand in another order in the file")
        if place.partial:
            raise _refusal(
                file, piece, "not-found", "a piece beside code that is left out does not stand there as it is"
            )
        _refuse_touching(file, piece)
        woven = _woven(file, piece, place)
        found.edits.extend(woven.edits)
        found.notes.extend(note for note in woven.notes if note not in found.notes)
        return place.end
    later = [place for place in places if place.start >= after]
    if not later:
        raise _refusal(file, piece, "not-found", "its pieces stand in another order in the file")
    return later[0].end


def _refuse_touching(file: FileLines, piece: Block) -> None:
    """Refuse insertions at the edge of a piece: what is left out begins somewhere there."""
    for change in changes([line.strip() for line in piece.sought], [line.strip() for line in piece.wanted]):
        if change.start == change.end and change.start in (0, len(piece.sought)):
            raise _refusal(file, piece, "placeholder", "new lines beside code that is left out have no certain place")


def _refusal(file: FileLines, block: Block, kind: RefusalKind, detail: str, place: Place | None = None) -> RefusedError:
    span = (place.start, place.end) if place else closest_start(file, block.sought)
    closest: tuple[tuple[int, str], ...] = ()
    if span is not None:
        closest = numbered(file.lines[span[0] : min(span[1], span[0] + _CLOSEST_LINES)], span[0] + 1)
    return RefusedError(Refusal(kind, file.path, detail, closest, "\n".join(block.sought)))
