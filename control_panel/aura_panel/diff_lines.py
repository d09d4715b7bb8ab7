"""Diffs as lines with numbers, as rows beside each other, and which words of a line changed. Nothing here draws."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final, NamedTuple

from rich.cells import cell_len, get_character_cell_size

from aura_shared.security import make_visible

__all__ = [
    "DiffLine",
    "FilePart",
    "changed_words",
    "expanded",
    "files_of_diff",
    "lines_of_hunk",
    "pairs_of",
    "wrapped_at",
]

TAB_COLUMNS: Final = 4
MOST_COLUMNS: Final = 4_000
"""Longer lines are cut, and say so: one line of a packed file would fill hundreds of rows."""
_RANGE: Final = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)")
_TOKEN: Final = re.compile(r"\w+|\s+|.", re.DOTALL)
_MOST_TOKENS: Final = 400
_LEAST_ALIKE: Final = 0.3
"""Below this two lines have too little in common for marking words to help."""


class DiffLine(NamedTuple):
    """A line of a hunk."""

    mark: str
    r"""` `, `+`, `-`; `\` for a remark."""
    old: int
    """Its number in the old file; 0 when it is not there."""
    new: int
    """Its number in the new file; 0 when it is not there."""
    text: str
    """What it says, without its end, with tabs as spaces, and nothing in it that steers a terminal."""


class FilePart(NamedTuple):
    """What a unified diff of several files says of one place of a file."""

    path: str
    """File."""
    diff: str
    """From its `@@` line on."""


def lines_of_hunk(diff: str) -> list[DiffLine]:
    """The lines of a hunk whose diff begins with its `@@` line.

    Carriage returns before line ends are shown as `^M`, unless all lines of the hunk end in one.
    """
    head, _, body = diff.partition("\n")
    found = _RANGE.match(head)
    if found is None:  # The move of a file.
        return [DiffLine("\\", 0, 0, make_visible(line)) for line in body.splitlines()]
    raw = body.split("\n")
    if raw and not raw[-1]:
        raw.pop()
    windows = all(line.endswith("\r") for line in raw if not line.startswith("\\"))
    old, new = int(found[1]), int(found[2])
    lines: list[DiffLine] = []
    for line in raw:
        mark, text = line[:1] or " ", _shown(line[1:], windows=windows)
        lines.append(DiffLine(mark, old if mark in " -" else 0, new if mark in " +" else 0, text))
        old += mark in " -"
        new += mark in " +"
    return lines


def _shown(text: str, *, windows: bool) -> str:
    ended = text.endswith("\r")
    text = text.removesuffix("\r")
    if len(text) > MOST_COLUMNS:
        text = f"{text[:MOST_COLUMNS]} … {len(text) - MOST_COLUMNS:,} more characters"
    if not (text.isascii() and text.isprintable()):
        text = expanded(make_visible(text))
    return f"{text}^M" if ended and not windows else text


def expanded(text: str, columns: int = TAB_COLUMNS) -> str:
    """The text with each tab as spaces up to the next stop, also after wide characters."""
    if "\t" not in text:
        return text
    if text.isascii():
        return text.expandtabs(columns)
    parts: list[str] = []
    at = 0
    for part in re.split(r"(\t)", text):
        if part == "\t":
            gap = columns - at % columns
            parts.append(" " * gap)
            at += gap
        else:
            parts.append(part)
            at += cell_len(part)
    return "".join(parts)


def wrapped_at(text: str, columns: int) -> list[int]:
    """Where the rows of a text begin when each has so many columns; the first is 0.

    A row ends after a space where one is near its end. Wide characters are never cut in two, and combining ones stay
    with what they combine with.
    """
    columns = max(2, columns)
    starts = [0]
    while True:
        start = starts[-1]
        end = _end_of_row(text, start, columns)
        if end >= len(text):
            return starts
        space = text.rfind(" ", start + (end - start) * 2 // 3, end)
        starts.append(space + 1 if space > start else end)


def _end_of_row(text: str, start: int, columns: int) -> int:
    part = text[start : start + columns]
    if part.isascii():
        return start + len(part)
    used = 0
    for place in range(start, len(text)):
        used += get_character_cell_size(text[place])
        if used > columns:
            return place
    return len(text)


def pairs_of(lines: Sequence[DiffLine]) -> list[tuple[int, int]]:
    """Numbers of lines as they stand beside each other, left and right; -1 where a side has none."""
    pairs: list[tuple[int, int]] = []
    left: list[int] = []
    right: list[int] = []

    def close() -> None:
        pairs.extend(zip_longest(left, right, fillvalue=-1))
        left.clear()
        right.clear()

    last = " "
    for number, line in enumerate(lines):
        mark = last if line.mark == "\\" and last in "+-" else line.mark
        if mark == "-":
            if right and line.mark == "-":
                close()
            left.append(number)
        elif mark == "+":
            right.append(number)
        else:
            close()
            pairs.append((number, number))
        last = mark
    close()
    return pairs


def changed_words(lines: Sequence[DiffLine]) -> dict[int, list[tuple[int, int]]]:
    """For each line that replaces or is replaced by a similar one: from where to where its text changed."""
    found: dict[int, list[tuple[int, int]]] = {}
    for left, right in pairs_of(lines):
        if left in (-1, right) or right == -1:
            continue
        spans = _spans(lines[left].text, lines[right].text)
        if spans is not None:
            found[left], found[right] = spans
    return found


def _spans(old: str, new: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]] | None:
    """What changed between two lines on either side; None when they have little in common."""
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    if not before or not after or max(len(before), len(after)) > _MOST_TOKENS:
        return None
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    same = sum(len("".join(before[match.a : match.a + match.size]).strip()) for match in matcher.get_matching_blocks())
    if same * 2 < _LEAST_ALIKE * (len(old.strip()) + len(new.strip())):
        return None
    gone: list[tuple[int, int]] = []
    come: list[tuple[int, int]] = []
    at = _offsets(before), _offsets(after)
    for what, first, last, low, high in matcher.get_opcodes():
        if what != "equal":
            gone.append((at[0][first], at[0][last]))
            come.append((at[1][low], at[1][high]))
    return [span for span in gone if span[0] < span[1]], [span for span in come if span[0] < span[1]]


def _offsets(tokens: Sequence[str]) -> list[int]:
    offsets = [0]
    for token in tokens:
        offsets.append(offsets[-1] + len(token))
    return offsets


def files_of_diff(diff: str) -> list[FilePart]:
    """The parts of a unified diff of several files, as an application or an undo with a merge shows it."""
    parts: list[FilePart] = []
    path = ""
    waiting: list[str] = []
    left = [0, 0]  # Lines of the part that are still to come, old and new: a line of it may look like a head.
    for line in diff.split("\n"):
        if left == [0, 0] and line.startswith(("--- ", "+++ ")):
            name = line[4:]
            path = name[2:] if name != "/dev/null" else path
            continue
        found = re.match(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@", line) if left == [0, 0] else None
        if found is not None:
            left = [int(found[1] or 1), int(found[2] or 1)]
            waiting = [line]
            parts.append(FilePart(path, ""))
        elif parts and (left != [0, 0] or line.startswith("\\")):
            waiting.append(line)
            left[0] -= line[:1] in " -"
            left[1] -= line[:1] in " +"
        if parts:
            parts[-1] = FilePart(parts[-1].path, "\n".join(waiting) + "\n") if left == [0, 0] else parts[-1]
    return parts
