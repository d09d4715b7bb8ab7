"""How documents of other layouts write their status and their title."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aura_planning.items.markdown import Heading, outside_code

__all__ = ["DocumentStatus", "document_statuses", "names", "plain_title"]

_TAG: Final = re.compile(r"\s*<status>(?P<text>[^<>]*)</status>\s*\Z", re.IGNORECASE)
_LINE: Final = re.compile(
    r"\s*(?:[-*+]\s+)?(?:\*\*|__)?statu[st](?:\*\*|__)?\s*:\s*(?:\*\*|__)?\s*(?P<text>.+)\Z", re.IGNORECASE
)
_HEAD: Final = re.compile(r"(?:\d+\.\s*)?(?:\W{0,3}\s*)?statu[st](?:\s*[:=-]\s*(?P<text>.+))?\Z", re.IGNORECASE)
_MOST_WORDS: Final = 120
_NUMBERED: Final = r"[-_ #]*\d+(?:[-.]\d+)*[a-z]?"
_TITLE: Final = re.compile(
    rf"""(?:\d+\.\s+)?(?:title:\s*)?
    (?:epic{_NUMBERED}\s*(?:[-:\u2013\u2014.]|\Z)\s*)?
    (?:(?:user\s+)?(?:story|task){_NUMBERED}\s*(?:[-:\u2013\u2014.]|\Z)\s*)?
    (?:(?:story|task|epic)\s*:\s+)?""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class DocumentStatus:
    """A status that a document says outside its front matter."""

    written: str
    line: int
    """Index of the line that says it."""
    start: int
    """Index of the first line of the whole statement, heading included."""
    end: int
    """Index after its last line."""


def document_statuses(lines: Sequence[str], start: int, marks: Sequence[Heading]) -> list[DocumentStatus]:
    """Where the document says its own status: a tag or a line before its sections, or a section named so.

    A status further down belongs to something that the document speaks of, such as a story in a list.
    """
    sections = [mark.line for mark in marks if mark.level > 1]
    head_end = sections[0] if sections else len(lines)
    found = _before_sections(lines, start, head_end)
    for mark in marks:
        if mark.level > 2:
            continue
        match = _HEAD.match(mark.title)
        if match is None:
            continue
        if match["text"]:
            found.append(DocumentStatus(match["text"].strip(), mark.line, mark.line, mark.line + mark.lines))
        elif (below := _first_line(lines, mark)) is not None:
            found.append(DocumentStatus(below[0], below[1], mark.line, below[1] + 1))
    return found


def _before_sections(lines: Sequence[str], start: int, end: int) -> list[DocumentStatus]:
    found: list[DocumentStatus] = []
    for number, line in outside_code(lines, start):
        if number >= end:
            break
        if len(line) > _MOST_WORDS:
            continue
        match = _TAG.match(line) or _LINE.match(line)
        if match is not None:
            found.append(DocumentStatus(match["text"].strip(), number, number, number + 1))
    return found


def _first_line(lines: Sequence[str], mark: Heading) -> tuple[str, int] | None:
    """The first words below a heading; None when another heading comes before."""
    for number, line in outside_code(lines, mark.line + mark.lines):
        text = line.strip()
        if text.startswith("#"):
            return None
        if text:
            match = _LINE.match(text)
            words = match["text"] if match else text
            return (words.lstrip("-*+ ").strip()[:_MOST_WORDS], number) if words.strip() else None
    return None


def names(kind: str, heading: str) -> bool:
    """Whether a heading speaks of one of a kind by its number, such as `Epic-1 - Story-2` of a story."""
    return (
        re.match(
            rf"(?:\d+\.\s+)?(?:epic{_NUMBERED}\s*[-:\u2013\u2014.]\s*)?(?:user\s+)?{kind}{_NUMBERED}\b",
            heading,
            re.IGNORECASE,
        )
        is not None
    )


def plain_title(heading: str) -> str:
    """A heading without words such as `Title:`, `Epic-1 - ` or `Story 2: `; empty when nothing is left."""
    found = _TITLE.match(heading)
    return heading[found.end() :].strip() if found else heading.strip()
