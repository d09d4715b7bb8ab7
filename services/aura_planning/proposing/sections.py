"""A document cut into sections for a model, each with its line numbers, and an outline of the whole."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aura_planning.parsing.contract import Document, Gap
from aura_planning.parsing.source import read_source

__all__ = ["Section", "cut_sections", "outline"]

_MOST_CHARACTERS: Final = 5000
"""Of a section: about 1,500 tokens, so a context of 4,096 holds it with outline and answer."""
_MOST_OUTLINE: Final = 2000
_LEAST_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Section:
    """Lines of a document that one call is about."""

    title: str
    first: int
    """First line, counted from 1."""
    lines: tuple[str, ...]

    @property
    def last(self) -> int:
        """Last line."""
        return self.first + len(self.lines) - 1

    @property
    def digest(self) -> str:
        """What its answers are kept under: its words, wherever they stand."""
        return hashlib.sha256("\n".join(self.lines).encode("utf-8", "surrogateescape")).hexdigest()[:24]

    def numbered(self) -> str:
        """Its text with the number of each line."""
        return "\n".join(f"{self.first + at}| {line}" for at, line in enumerate(self.lines))

    def halves(self) -> tuple[Section, Section] | None:
        """Two smaller sections; None where it is too short for that."""
        if len(self.lines) < 2 * _LEAST_LINES:
            return None
        middle = len(self.lines) // 2
        return (
            Section(self.title, self.first, self.lines[:middle]),
            Section(self.title, self.first + middle, self.lines[middle:]),
        )


def cut_sections(data: bytes, document: Document) -> list[Section]:
    """Sections of a document: one an epic where it has epics, else one an upper heading; long ones in parts."""
    lines = read_source(data).lines
    starts = _starts(lines, document)
    found: list[Section] = []
    for at, start in enumerate(starts):
        end = starts[at + 1] if at + 1 < len(starts) else len(lines)
        found += _parts(lines, start, end)
    return [one for one in found if sum(bool(line.strip()) for line in one.lines) > 1]


def _starts(lines: Sequence[str], document: Document) -> list[int]:
    """Indexes of the lines that sections begin at."""
    epics = [item.source.first - 1 for item in document.items if item.kind == "epic"]
    if len(epics) > 1:
        return sorted({0, *epics})
    marks = [at for at, line in enumerate(lines) if line.startswith("## ")]
    marks = marks or [at for at, line in enumerate(lines) if line.startswith("# ")]
    return sorted({0, *marks})


def _parts(lines: Sequence[str], start: int, end: int) -> list[Section]:
    title = lines[start].lstrip("# ").strip()[:120] if start < len(lines) else ""
    found: list[Section] = []
    begin, size = start, 0
    for at in range(start, end):
        size += len(lines[at]) + 8
        if size > _MOST_CHARACTERS and at > begin:
            found.append(Section(title, begin + 1, tuple(lines[begin:at])))
            begin, size = at, len(lines[at]) + 8
    if begin < end:
        found.append(Section(title, begin + 1, tuple(line[:_MOST_CHARACTERS] for line in lines[begin:end])))
    return found


def outline(document: Document, section: Section, gaps: Sequence[Gap]) -> str:
    """The items of a document by number, those of the section first when not all fit, and what has no task."""
    rows = [
        (not section.first <= item.source.first <= section.last, at,
         f"{at + 1}. {item.kind} {item.alias} {item.title[:80]}".replace("  ", " "))
        for at, item in enumerate(document.items)
    ]  # fmt: skip
    kept: list[tuple[int, str]] = []
    size = 0
    for _, at, line in sorted(rows):
        size += len(line) + 1
        if size > _MOST_OUTLINE:
            break
        kept.append((at, line))
    lines = [line for _, line in sorted(kept)]
    if len(kept) < len(rows):
        lines.append(f"... {len(rows) - len(kept)} more items")
    inside = [gap for gap in gaps if section.first <= gap.source.first <= section.last][:8]
    lines += [f"No task covers line {gap.source.first}: {gap.title[:80]}" for gap in inside]
    return "\n".join(lines)
