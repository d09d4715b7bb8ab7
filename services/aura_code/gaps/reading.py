"""Reads the files of a project once for what their text tells: marks of debt, and shapes without handling."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from aura_code.findings.enclosing import symbol_at
from aura_code.gaps.shapes import Sort, hinted, places
from aura_code.places import read_place
from aura_code.syntax import parse_source
from aura_languages import language_of, languages
from aura_shared.text_files import as_utf8

_MOST_BYTES: Final = 1_000_000
_PARSE_S: Final = 0.5  # Of CPU for one file.
_MARKS: Final = re.compile(rb"\b(?:TODO|FIXME|HACK|XXX)\b")
_WORDS: Final = (b"TODO", b"FIXME", b"HACK", b"XXX")  # Ten times as fast as the expression, for files without any.
_MARK: Final = re.compile(
    r"(?:#|//|/\*|<!--|--|;;|^\s*\*|\"\"\"|''')(?P<before>[^\"'`]{0,40}?)\b(?P<mark>TODO|FIXME|HACK|XXX)\b"
    r"(?:\s*\((?P<who>[^)]{0,60})\)|(?=[\s:,.!-]|$))\s*[:,.!-]*\s*(?P<text>.*)"
)
"""In a comment, near its beginning."""
_ELSEWHERE: Final = frozenset({"tests", "docs", "legacy"})


class Mark(NamedTuple):
    """A TODO and the like."""

    path: str
    line: int
    mark: str
    text: str
    aside: bool
    """Whether it stands in tests, or in settings and documents."""


class Shaped(NamedTuple):
    """A place that has a shape."""

    path: str
    line: int
    symbol: str


@dataclass(slots=True)
class ReadText:
    """What the text of the files tells."""

    marks: list[Mark] = field(default_factory=list[Mark])
    shaped: dict[str, list[Shaped]] = field(default_factory=dict[str, list[Shaped]])
    """By the sort's identifier."""
    sorts: dict[str, Sort] = field(default_factory=dict[str, Sort])
    files: int = 0
    unread: int = 0


def read_files(root: Path, paths: Sequence[str], *, marks: bool, shapes: bool, budget_s: float) -> ReadText:
    """Read files until time runs out; code that runs comes before tests and documents.

    Args:
        root: Folder of the project.
        paths: Its files.
        marks: Whether marks of debt are looked for.
        shapes: Whether shapes are looked for.
        budget_s: Bound.
    """
    found = ReadText()
    deadline = time.monotonic() + budget_s
    ordered = [path for path in paths if not _elsewhere(path)]
    if marks:
        ordered += [path for path in paths if _elsewhere(path) and "docs" not in read_place(path).kinds]
    for place, path in enumerate(ordered):
        if time.monotonic() > deadline:
            found.unread = len(ordered) - place
            break
        language = language_of(path)
        text = _text(root / path) if language else None
        if text is None:
            continue
        found.files += 1
        if marks and any(word in text for word in _WORDS):
            found.marks += _marks(path, text, aside=_elsewhere(path) or languages()[language].grammar is None)
        if shapes and not _elsewhere(path):
            _shapes(found, path, language, text)
    return found


def _elsewhere(path: str) -> bool:
    return (
        ".min." in path
        or path.startswith("dist/")
        or "/dist/" in path
        or not _ELSEWHERE.isdisjoint(read_place(path).kinds)
    )


def _text(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError:
        return None
    return as_utf8(data) if len(data) <= _MOST_BYTES and b"\0" not in data[:8000] else None


def _marks(path: str, text: bytes, *, aside: bool) -> list[Mark]:
    found: list[Mark] = []
    last, line = 0, 1
    for hit in _MARKS.finditer(text):
        begin = text.rfind(b"\n", 0, hit.start()) + 1
        if begin < last:
            continue  # Another one on the same line.
        end = text.find(b"\n", hit.end())
        end = len(text) if end < 0 else end
        line += text.count(b"\n", last, begin)
        last = begin
        comment = _MARK.search(text[begin : min(end, begin + 400)].decode("utf-8", "replace").rstrip())
        last = begin + 1 if comment else begin
        if comment:
            found.append(Mark(path, line, comment["mark"], _shown(comment["text"]), aside))
    return found


def _shown(text: str) -> str:
    return re.sub(r"\s*(?:\*/|-->|\"\"\")\s*$", "", text).strip()[:160]


def _shapes(found: ReadText, path: str, language: str, text: bytes) -> None:
    wanted = hinted(language, text)
    if not wanted:
        return
    source = parse_source(path, text, language=language, cpu_s=_PARSE_S)
    if source is None:
        return
    for sort, node in places(source, wanted):
        found.sorts[sort.id] = sort
        symbol = symbol_at(source, node.start_byte, node.end_byte)
        found.shaped.setdefault(sort.id, []).append(Shaped(path, source.line_of(node.start_byte), symbol))
