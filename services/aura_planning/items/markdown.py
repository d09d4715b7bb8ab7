"""What is needed of a Markdown body: headings, sections, checkboxes; code in fences is passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aura_planning.items.text import without_end

__all__ = ["Box", "Heading", "boxes", "headings", "outside_code", "section_end"]

_FENCE: Final = re.compile(r" {0,3}(?P<mark>`{3,}|~{3,})")
_HEADING: Final = re.compile(r" {0,3}(?P<marks>#{1,6})(?=[ \t]|\Z)")
_UNDERLINE: Final = re.compile(r" {0,3}=+[ \t]*\Z")
_BOX: Final = re.compile(r"\s*(?:[-*+]|\d+(?:\.\d+)*[.)])\s+\[(?P<state>[ xX~-])\]\s*(?P<text>.*)\Z")
_TASKS: Final = re.compile(r"\b(?:sub-?)?tasks?\b|\bto-?dos?\b", re.IGNORECASE)
_NO_TASKS: Final = re.compile(r"criteria|definition of done|metrics|\blog\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading."""

    level: int
    title: str
    line: int
    """Index of its line."""
    lines: int = 1
    """How many lines it takes: 2 where it is underlined."""


@dataclass(frozen=True, slots=True)
class Box:
    """A checkbox."""

    text: str
    line: int
    done: bool
    skipped: bool
    """Struck through, or marked `[-]` or `[~]`."""


def outside_code(lines: Sequence[str], start: int = 0) -> Iterator[tuple[int, str]]:
    """Indexes and lines, without their ends, that are not in a code fence."""
    fence = ""
    for number in range(start, len(lines)):
        line = without_end(lines[number])
        found = _FENCE.match(line)
        if fence:
            if found and found["mark"].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
            continue
        if found:
            fence = found["mark"]
            continue
        yield number, line


def headings(lines: Sequence[str], start: int = 0) -> list[Heading]:
    """The headings from a line on; of the underlined kind only those of the first level."""
    found: list[Heading] = []
    before: tuple[int, str] | None = None
    for number, line in outside_code(lines, start):
        match = _HEADING.match(line)
        if match:
            found.append(Heading(len(match["marks"]), _title(line[match.end() :]), number))
        elif before is not None and before[0] == number - 1 and before[1].strip() and _UNDERLINE.match(line):
            found.append(Heading(1, before[1].strip(), number - 1, 2))
        before = None if match else (number, line)
    return found


def _title(rest: str) -> str:
    """The words of a heading, without the hashes that may close it."""
    title = rest.strip()
    bare = title.rstrip("#")
    return bare.rstrip() if not bare or bare[-1] in " \t" else title


def section_end(found: Sequence[Heading], at: int, lines: Sequence[str]) -> int:
    """Index after the section of the heading number `at`: where the next of its level or above begins."""
    level = found[at].level
    return next((one.line for one in found[at + 1 :] if one.level <= level), len(lines))


def boxes(lines: Sequence[str], start: int = 0) -> list[Box]:
    """The checkboxes that are tasks: those of sections named so, or, where none is, all but criteria and metrics."""
    marks = headings(lines, start)
    found: list[tuple[Box, bool]] = []
    for number, line in outside_code(lines, start):
        match = _BOX.match(line)
        if match is None:
            continue
        titles = _titles_above(marks, number)
        if any(_NO_TASKS.search(title) for title in titles):
            continue
        text = match["text"].strip()
        skipped = match["state"] in "-~" or (text.startswith("~~") and text.endswith("~~") and len(text) > 4)
        named = any(_TASKS.search(title) for title in titles)
        found.append((Box(text, number, match["state"] in "xX", skipped), named))
    if any(named for _, named in found):
        return [box for box, named in found if named]
    return [box for box, _ in found]


def _titles_above(marks: Sequence[Heading], line: int) -> list[str]:
    """Titles of the headings that a line stands under, the nearest of each level; the title of the file is none."""
    level = 7
    titles: list[str] = []
    for mark in reversed([mark for mark in marks if mark.line < line]):
        if 1 < mark.level < level:
            titles.append(mark.title)
            level = mark.level
    return titles
