"""Show passages of code: which of their lines matter, the words of the query marked, places that terminals can open."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from aura_cli.screen import cut, dim, safe

_WORD: Final = re.compile(r"[^\W_]+", re.UNICODE)
_PARTS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_PATTERN: Final = re.compile(r"^/(.+)/[a-z]*$", re.DOTALL)
_COMMON: Final = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "do",
        "does",
        "for",
        "from",
        "has",
        "have",
        "how",
        "i",
        "in",
        "is",
        "it",
        "its",
        "of",
        "on",
        "or",
        "that",
        "the",
        "this",
        "to",
        "was",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "with",
    ]
)
TAB: Final = "    "


def place(root: Path, path: str, line: int | None = None) -> str:
    """How to name a file of a project so that a terminal opens it.

    Relative to the working directory inside the project, absolute elsewhere.
    """
    full = root / path
    here = Path.cwd()
    shown = os.path.relpath(full, here) if here.is_relative_to(root) else str(full)
    return safe(shown) if line is None else f"{safe(shown)}:{line}"


def query_pattern(query: str) -> re.Pattern[str] | None:
    """What to mark in the passages; None when nothing in the query can be marked.

    A quoted text is marked as it stands, a /pattern/ wherever it matches, and otherwise every word that says something,
    the parts of compound names included.
    """
    pattern = _PATTERN.match(query.strip())
    if pattern:
        try:
            return re.compile(pattern.group(1), re.IGNORECASE)
        except re.error:
            return None
    quoted = re.findall(r'"([^"]+)"', query)
    words = {word for word in _WORD.findall(re.sub(r'"[^"]*"', " ", query)) if word.lower() not in _COMMON}
    parts = {part for word in words for part in _PARTS.findall(word) if len(part) > 2}
    needles = sorted({*quoted, *(word for word in words if len(word) > 1), *parts}, key=len, reverse=True)[:50]
    return re.compile("|".join(re.escape(needle) for needle in needles), re.IGNORECASE) if needles else None


def pick_lines(lines: Sequence[str], pattern: re.Pattern[str] | None, most: int) -> list[int]:
    """Which lines of a passage to show, in their order.

    Its first one, those with the most different words of the query, and then what follows the first.
    """
    if len(lines) <= most:
        return list(range(len(lines)))
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    scores = [_different(pattern, line) for line in lines]
    ranked = sorted(range(len(lines)), key=lambda i: (-scores[i], i))
    chosen = {first}
    for i in ranked:
        if len(chosen) >= most or not scores[i]:
            break
        chosen.add(i)
    for i in range(first, len(lines)):
        if len(chosen) >= most:
            break
        chosen.add(i)
    return sorted(chosen)


def _different(pattern: re.Pattern[str] | None, line: str) -> int:
    return len({found.lower() for found in pattern.findall(line[:1000]) if isinstance(found, str)}) if pattern else 0


def mark(text: str, pattern: re.Pattern[str] | None) -> str:
    """Text with what `pattern` matches in colour."""
    if pattern is None:
        return text
    return pattern.sub(lambda found: click.style(found.group(), fg="yellow", bold=True) if found.group() else "", text)


def passage_lines(
    text: str, start_line: int, pattern: re.Pattern[str] | None, *, columns: int, most: int | None
) -> list[str]:
    """A passage ready to print: line numbers, gaps, the query's words in colour, cut to the width.

    Args:
        text: The passage.
        start_line: Number of its first line.
        pattern: What to mark.
        columns: Width to keep to.
        most: Lines to show; None shows all.
    """
    lines = text.rstrip("\n").split("\n")
    numbers = range(len(lines)) if most is None else pick_lines(lines, pattern, most)
    gutter = len(str(start_line + len(lines)))
    # What all lines are indented by says nothing, and costs the width that a narrow terminal lacks.
    margin = min((len(_spaces(lines[i])) for i in numbers if lines[i].strip()), default=0)
    shown: list[str] = []
    before = -1
    for i in numbers:
        if any(lines[left].strip() for left in range(before + 1, i)):
            shown.append(f"  {dim(' ' * (gutter - 1) + '⋮')}")
        line = lines[i].expandtabs(len(TAB))[margin:]
        number, code = dim(str(start_line + i).rjust(gutter)), mark(cut(safe(line), columns - gutter - 4), pattern)
        shown.append(f"  {number}  {code}".rstrip())
        before = i
    if any(line.strip() for line in lines[before + 1 :]):
        shown.append(f"  {dim(' ' * (gutter - 1) + '⋮')}")
    return shown


def _spaces(line: str) -> str:
    expanded = line.expandtabs(len(TAB))
    return expanded[: len(expanded) - len(expanded.lstrip())]
