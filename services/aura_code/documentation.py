"""The first paragraph of what is written about a definition: its docstring, or the comment above it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aura_languages.spec import LanguageSpec

MOST_DOC_CHARS = 300
_MOST_COMMENT_LINES = 80
_MOST_DOCSTRING_BYTES = 2_000

_STRING_START = re.compile(rb"[rRuU]?(\"\"\"|'''|\"|')")
_MARKS = re.compile(r"^\s*(?:///?!?|//+!?|/\*+!?|\*+/|\*+|#+|--+|;+|%+|\(\*+)\s?|\s*(?:\*+/|-->|\*\))\s*$")


def docstring_at(text: bytes, offset: int) -> str:
    """The first paragraph of the string that begins at an offset; empty when none does."""
    match = _STRING_START.match(text, offset)
    if match is None:
        return ""
    end = text.find(match[1], match.end(), match.end() + _MOST_DOCSTRING_BYTES)
    raw = text[match.end() : end if end >= 0 else match.end() + _MOST_DOCSTRING_BYTES]
    return _first_paragraph(raw.decode("utf-8", "replace").split("\n"))


def comment_above(text: bytes, starts: Sequence[int], row: int, spec: LanguageSpec) -> tuple[int, int, str]:
    """What stands directly above a definition.

    Args:
        text: Content in UTF-8.
        starts: Its `line_starts`.
        row: Line of the definition, from 0.
        spec: The file's language.

    Returns:
        The line where the definition begins with its attributes, the line where its comment begins (both from 0; the
        comment's is the definition's when there is none), and the first paragraph of the comment.
    """
    first = row
    while spec.attributes and first and _line(text, starts, first - 1).startswith(spec.attributes):
        first -= 1
    if not spec.comments or not first:
        return first, first, ""
    above = _line(text, starts, first - 1)
    if above.endswith(b"*/"):
        begin = _block_start(text, starts, first - 1)
    elif above.startswith(spec.comments):
        begin = first - 1
        least = max(0, first - _MOST_COMMENT_LINES)
        while begin > least and _line(text, starts, begin - 1).startswith(spec.comments):
            begin -= 1
    else:
        return first, first, ""
    if begin is None:
        return first, first, ""
    raw = text[starts[begin] : starts[first]].decode("utf-8", "replace")
    lines = [_MARKS.sub("", line) for line in raw.split("\n")]
    return first, begin, _first_paragraph(lines)


def _line(text: bytes, starts: Sequence[int], row: int) -> bytes:
    return text[starts[row] : starts[row + 1]].strip()


def _block_start(text: bytes, starts: Sequence[int], row: int) -> int | None:
    """The line where the block comment that ends in line `row` begins; None when code stands before it."""
    least = max(-1, row - _MOST_COMMENT_LINES)
    for candidate in range(row, least, -1):
        line = _line(text, starts, candidate)
        if b"/*" in line:
            return candidate if line.startswith(b"/*") else None
    return None


def _first_paragraph(lines: Sequence[str]) -> str:
    words: list[str] = []
    for line in lines:
        bare = _MARKS.sub("", line).strip() if words else line.strip()
        if not bare or bare.startswith("@"):
            if words:
                break
            continue
        words.append(bare)
    paragraph = " ".join(words)
    return paragraph if len(paragraph) <= MOST_DOC_CHARS else paragraph[: MOST_DOC_CHARS - 1] + "…"
