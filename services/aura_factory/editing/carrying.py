"""Re-emitted code compared with the code it replaces: what the model did not mean to change stays as it was.

A model that writes a whole file or function anew changes more than it was asked for: typographic quotes, tabs, space at
line ends, comments and blank lines left out. Lines that both texts have tell what happened to all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aura_factory.editing.fillers import restore_fillers
from aura_factory.editing.indents import infer_indents, unit_of
from aura_factory.editing.lines import REPAIRS, compare_key, consistent_repair, fold, has_typographic_quotes, indent_of
from aura_factory.editing.merge3 import changes
from aura_factory.editing.outcomes import Refusal, RefusedError
from aura_factory.editing.placeholders import expand

__all__ = ["Carried", "carry_over", "known_lines_restored"]


class Carried(NamedTuple):
    """A re-emitted text, put right."""

    lines: list[str]
    notes: list[str]


def carry_over(
    path: str,
    old: Sequence[str],
    new: Sequence[str],
    *,
    file_unit: str,
    keep_comments: bool,
    anchor: tuple[int, int] | None = None,
) -> Carried:
    """The new text with everything of the old that was not meant to change.

    Args:
        path: File, for the reasons of a refusal.
        old: Lines that are replaced.
        new: Lines as the model wrote them.
        file_unit: One level of indentation in the file.
        keep_comments: Whether comments and blank lines that the model left out between unchanged lines come back.
        anchor: A new and an old line that correspond although they may differ, for when no others do.

    Raises:
        RefusedError: It is not certain what was meant.
    """
    notes: list[str] = []
    lines = _repaired(old, new, notes)
    lines = _indented(path, old, lines, file_unit, notes, anchor)
    lines = _old_bytes(old, lines)
    lines, expanded = expand(path, old, lines)
    if expanded:
        notes.append("code left out by the answer kept")
    if keep_comments:
        lines, restored = restore_fillers(path, old, lines)
        if restored:
            notes.append("comments and blank lines left out by the answer kept")
    return Carried(lines, notes)


def known_lines_restored(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """The new lines without the typographic characters, escapes or entities that made known lines unknown."""
    return _repaired(old, new, [])


def _repaired(old: Sequence[str], new: Sequence[str], notes: list[str]) -> list[str]:
    """Put right what turned known lines into unknown ones."""
    known = {fold(line.strip()): line.strip() for line in old}
    exact = set(known.values())
    strange = [line.strip() for line in new if line.strip() and line.strip() not in exact]
    curled = [line for line in strange if has_typographic_quotes(line) and not has_typographic_quotes("\n".join(exact))]
    scores = [sum(fold(repair(line)) in known for line in strange) for _name, repair in REPAIRS]
    scores[0] -= sum(fold(line) in known for line in curled)
    best = max(range(len(REPAIRS)), key=lambda at: (scores[at], -at))
    if not best and not scores[0]:
        best = consistent_repair("\n".join(new), "\n".join(old))
    if best:
        notes.append(REPAIRS[best][0])
    lines: list[str] = []
    for line in new:
        bare = line.strip()
        mended = bare if bare in exact else REPAIRS[best][1](bare)
        lines.append(indent_of(line) + known.get(fold(mended), mended) if bare else line)
    return lines


def _pairs(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Lines of the new and the old text that correspond but for indentation, blank ones left out."""
    old_keys, new_keys = [line.strip() for line in old], [line.strip() for line in new]
    pairs: list[tuple[int, int]] = []
    at = new_at = 0
    ends = (len(old), len(old), len(new), len(new))
    for start, end, _new_start, new_end in [*changes(old_keys, new_keys), ends]:
        pairs.extend((new_at + step, at + step) for step in range(start - at) if old_keys[at + step])
        at, new_at = end, new_end
    return pairs


def _indented(
    path: str,
    old: Sequence[str],
    new: Sequence[str],
    file_unit: str,
    notes: list[str],
    anchor: tuple[int, int] | None,
) -> list[str]:
    """The new lines with the indentation of the old text, when most lines that both have differ in it.

    Raises:
        RefusedError: They differ in no consistent way.
    """
    pairs = _pairs(old, new) or ([anchor] if anchor else [])
    samples = [(new[n], old[o]) for n, o in pairs]
    familiar = _kinds(new) <= _kinds([*old, file_unit + "x"])
    if familiar and all(indent_of(one) == indent_of(other) for one, other in samples):
        lost = new and old and not indent_of(new[0]) and new[0].strip()
        return [indent_of(old[0]) + new[0], *new[1:]] if lost else list(new)
    unit = unit_of(new)
    if familiar:
        samples = _same_shift(samples)
        if not samples:
            return list(new)
    indents = infer_indents(samples, model_unit=unit, file_unit=file_unit)
    if indents is None:
        raise RefusedError(Refusal("conflict", path, "its indentation fits that of the old code in no consistent way"))
    converted: list[str] = []
    for at, line in enumerate(new):
        text = indents.convert(line, is_first=at == 0)
        if text is None:
            raise RefusedError(Refusal("conflict", path, f"the indentation of {line.strip()!r} cannot be told"))
        converted.append(text)
    notes.append("indentation adapted")
    return converted


def _kinds(lines: Sequence[str]) -> set[str]:
    """The characters that lines are indented with."""
    return {character for line in lines if line.strip() for character in indent_of(line)}


def _same_shift(samples: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs that tell how far all lines moved; none when nothing did but what was meant to.

    A part that is put into a condition moves by itself, while the first line stays where it was. All lines together are
    out of place when the first line moved like others, when it alone lost its indentation, or when every step became
    wider or narrower.
    """
    widths = [(len(indent_of(new)), len(indent_of(old))) for new, old in samples]
    shifts = [new - old for new, old in widths]
    if shifts[0]:
        alike = [sample for sample, shift in zip(samples, shifts, strict=True) if shift == shifts[0]]
        if len(alike) > 1 or len(samples) == 1:
            return alike
        return list(samples)
    ratios = {new / old for new, old in widths if old}
    scaled = len(ratios) == 1 and len({new for new, _old in widths if new}) > 1 and 1 not in ratios
    return list(samples) if scaled else []


def _old_bytes(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Known lines as they were, and the others without space at their ends, unless the old text has such."""
    strip = all(line == line.rstrip() for line in old)
    old_keys, new_keys = [compare_key(line) for line in old], [compare_key(line) for line in new]
    result = [line.rstrip() if strip else line for line in new]
    at = new_at = 0
    ends = (len(old), len(old), len(new), len(new))
    for start, end, _new_start, new_end in [*changes(old_keys, new_keys), ends]:
        result[new_at : new_at + start - at] = old[at:start]
        at, new_at = end, new_end
    return result
