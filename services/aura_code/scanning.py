"""Exact strings and regular expressions: files narrowed down by the index, then read with a bound on time.

The index cannot tell whether a string is in a file, only that it may be. So the words that every match must contain are
looked up first, and what is left is read. Expressions run in an engine that can be interrupted.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import regex

from aura_code.queries import Query
from aura_code.ranking import Ranked, Ranker
from aura_code.segments import Mask
from aura_code.sources import Sources
from aura_code.tables import encode
from aura_code.terms import MAX_WORD
from aura_code.views import View
from aura_shared.errors import UsageProblem

DEADLINE_S: Final = 2.0  # Reading and scanning a million lines takes about 0.5 s from a warm disk.
FILE_S: Final = 0.25  # One file may not eat the time of all; a normal one takes 1 ms.
MOST_PATTERN: Final = 1_000  # Characters.
MOST_MATCHES: Final = 200  # A file; more do not change its rank.
MOST_FILES: Final = 300  # With a match; the best of them are shown.
MOST_NAMES: Final = 300  # Identifiers that a cut-off word may belong to; beyond that looking them up does not pay.
LEAST_PART: Final = 3  # Letters of a cut-off word.

_WORD_CHARS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_QUANTIFIERS: Final = frozenset("*?{")


class Required(NamedTuple):
    """A word that every match contains."""

    text: str
    starts: bool
    """Whether an identifier begins with it."""
    ends: bool
    """Whether an identifier ends with it."""


class Scan(NamedTuple):
    """What was found on the disk."""

    ranked: list[Ranked]
    complete: bool
    """Whether every file was searched to its end."""
    searched: int
    """How many files were read."""


def scan(
    ranker: Ranker, root: Path, files: Mask | None, limit: int, *, deadline_s: float = DEADLINE_S, explain: bool = False
) -> Scan:
    """The passages that hold an exact string or match an expression, best first.

    Raises:
        UsageProblem: The expression is not valid.
    """
    sweep = Sweep(ranker.view, root, _compile(ranker.query), time.monotonic() + deadline_s)
    likely, possible = candidates(ranker, files)
    sweep.go(likely)
    if not sweep.found:
        # The index does not know words of more than 80 characters, so parts of words prove nothing.
        sweep.go(possible & ~likely)
    return Scan(ranker.rank_matches(sweep.found, limit, explain=explain), sweep.complete, sweep.searched)


class Sweep:
    """Reads files until the time is over, and keeps where they match."""

    def __init__(self, view: View, root: Path, pattern: regex.Pattern[str], end: float) -> None:
        self._view, self._sources, self._pattern, self._end = view, Sources(root), pattern, end
        self._matching = 0
        self.found: dict[int, int] = {}
        """Matches by chunk."""
        self.searched = 0
        self.complete = True

    def go(self, wanted: Mask) -> None:
        """Search some files."""
        for file, path in _in_order(self._view, wanted):
            left = self._end - time.monotonic()
            if left <= 0 or self._matching >= MOST_FILES:
                self.complete = False
                return
            content = self._sources.read(path)
            if content is None:
                continue
            self.searched += 1
            lines, whole = _lines_of(self._pattern, content.text, min(left, FILE_S))
            self.complete &= whole
            self._matching += bool(lines)
            self._keep(file, lines)

    def _keep(self, file: int, lines: list[int]) -> None:
        part, number = self._view.locate_file(file)
        for line in lines:
            chunk = self._view.parts[part].segment.chunk_at(number, line)
            if chunk >= 0:
                chunk += self._view.chunk_bases[part]
                self.found[chunk] = self.found.get(chunk, 0) + 1


def _compile(query: Query) -> regex.Pattern[str]:
    if query.mode == "exact":
        return regex.compile(regex.escape(query.exact, special_only=True))
    if len(query.pattern) > MOST_PATTERN:
        raise UsageProblem(f"The regular expression is longer than {MOST_PATTERN:,} characters.")
    flags = regex.MULTILINE
    for letter in query.flags:
        flags |= {"i": regex.IGNORECASE, "s": regex.DOTALL, "x": regex.VERBOSE}.get(letter, 0)
    try:
        return regex.compile(query.pattern, flags)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise UsageProblem(
            f"The regular expression is not valid: {error}.", hint='Put an exact string in double quotes: "like this("'
        ) from error


def _in_order(view: View, wanted: Mask) -> Iterator[tuple[int, str]]:
    """The files to read with their paths; those of short paths first, which are seldom tests or vendored."""
    paths = [(view.path(file), file) for file in np.flatnonzero(wanted).tolist()]
    paths.sort(key=lambda item: (item[0].count("/"), item[0]))
    for path, file in paths:
        yield file, path


def _lines_of(pattern: regex.Pattern[str], text: str, timeout_s: float) -> tuple[list[int], bool]:
    """The lines at which matches begin, and whether the whole text was searched."""
    lines: list[int] = []
    line, position = 1, 0
    try:
        for match in pattern.finditer(text, timeout=timeout_s, concurrent=True):
            if match.end() == match.start():
                continue
            line += text.count("\n", position, match.start())
            position = match.start()
            lines.append(line)
            if len(lines) >= MOST_MATCHES:
                return lines, True
    except (TimeoutError, MemoryError):
        return lines, False
    return lines, True


def candidates(ranker: Ranker, files: Mask | None) -> tuple[Mask, Mask]:
    """The files that have every required word, and those that have the whole ones among them."""
    view, query = ranker.view, ranker.query
    possible: Mask = np.concatenate([part.alive for part in view.parts])
    if files is not None:
        possible &= files
    exact = query.mode == "exact"
    pattern = re.escape(query.exact) if exact else query.pattern
    if not exact and ("x" in query.flags or re.search(r"\(\?\w*x", pattern)):
        return possible, possible
    words = required_words(pattern)
    for word in words:
        if word.starts and word.ends and 1 < len(word.text) <= MAX_WORD:
            possible &= _files_of_name(ranker, word.text)
    likely = possible.copy()
    if exact or not ("i" in query.flags or "(?" in pattern):
        for word in words:
            if not (word.starts and word.ends) and len(word.text) >= LEAST_PART:
                likely &= _files_of_part(ranker, word.text)
    return likely, possible


def _files_of_part(ranker: Ranker, text: str) -> Mask:
    """The files with an identifier that contains `text`; all files when there are too many such identifiers."""
    view = ranker.view
    value = encode(text)
    names: set[str] = set()
    for part in view.parts:
        table = part.segment.names
        names.update(table[number].decode("utf-8", "replace") for number in table.containing(value, MOST_NAMES + 1))
    mask = np.full(view.file_bases[-1], len(names) > MOST_NAMES, dtype=np.bool_)
    for name in names if len(names) <= MOST_NAMES else ():
        mask |= _files_of_name(ranker, name)
    return mask


def _files_of_name(ranker: Ranker, name: str) -> Mask:
    """The files with every term of an identifier: a superset of those that have it."""
    view = ranker.view
    mask = np.ones(view.file_bases[-1], dtype=np.bool_)
    for term in ranker.terms_of([name])[0]:
        has = np.zeros(view.file_bases[-1], dtype=np.bool_)
        has[view.chunk_file[view.postings("body", term).chunks]] = True
        mask &= has
    return mask


def required_words(pattern: str) -> list[Required]:
    """Words that every match of an expression contains; cautious, so that none is claimed wrongly.

    Only what stands outside of groups and classes counts, and nothing once there is an alternative at the top.
    """
    found: list[Required] = []
    word, starts = "", False
    closed = False  # Whether an identifier that begins here has its beginning here.
    for item, literal in _items(pattern):
        if item == "|":
            return []
        if literal and item in _WORD_CHARS:
            if not word:
                starts = closed
            word += item
            closed = False
            continue
        if item in _QUANTIFIERS and word:
            _add(found, Required(word[:-1], starts, ends=False))
            word, closed = "", False
            continue
        # A character that is no part of a word, or a place between two: the word before it ends, the next one begins.
        closed = (literal and item.isascii()) or item in {"^", "$", "\\b", "\n"}
        _add(found, Required(word, starts, ends=closed))
        word = ""
    _add(found, Required(word, starts, ends=False))
    return found


def _add(found: list[Required], word: Required) -> None:
    if word.text and not word.text[0].isdigit():
        found.append(word)


def _items(pattern: str) -> Iterator[tuple[str, bool]]:
    """The items of an expression at its top level, and whether each stands for itself; groups and classes as one."""
    place = 0
    while place < len(pattern):
        char = pattern[place]
        if char == "\\":
            following = pattern[place + 1 : place + 2]
            literal = bool(following) and not (following.isalnum() and following.isascii())
            yield (following if literal else "\\" + following), literal
            place += 2
        elif char in "([":
            place = _end_of(pattern, place)
            yield char, False
        elif char == "{":
            close = pattern.find("}", place)
            yield char, False
            place = close + 1 if close >= 0 else place + 1
        else:
            yield char, char not in ".^$*+?|"
            place += 1


def _end_of(pattern: str, begin: int) -> int:
    """The place behind the group or class that begins at `begin`."""
    depth = 0
    place = begin
    in_class = False
    while place < len(pattern):
        char = pattern[place]
        if char == "\\":
            place += 1
        elif in_class:
            in_class = char != "]" or pattern[place - 1] == "["
        elif char == "[":
            in_class = True
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        place += 1
        if depth == 0 and not in_class:
            break
    return place
