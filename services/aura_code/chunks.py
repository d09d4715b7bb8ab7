"""Cuts a file into passages of about 1,000 characters and counts the words in each."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

from aura_code.facts import ChunkFact

CHUNK_BYTES = 1_000
"""Wished size. From 750 to 1,500 the quality of search is the same."""
_MOST_BYTES = 1_400
_LEAST_BYTES = 350

# Bytes above 127 count as letters here: twice as fast as a pattern over str; words with such bytes are looked at again.
_WORDS = re.compile(rb"[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]+")
_LETTERS = re.compile(r"[^\W\d]\w+")
_MOST_WORD_CHARS = 80


def line_starts(text: bytes) -> list[int]:
    """Offsets at which the lines begin, and the end of the text as last item; `[0]` for an empty text."""
    starts = [0]
    starts.extend([match.end() for match in re.finditer(b"\n", text)])
    if starts[-1] != len(text):
        starts.append(len(text))
    return starts


def cut(text: bytes, starts: Sequence[int], boundaries: Sequence[int]) -> list[ChunkFact]:
    """The passages of a file: they cover its lines in order without overlap.

    Args:
        text: Content in UTF-8.
        starts: Its `line_starts`.
        boundaries: Indexes of lines (from 0, rising) at which a definition begins or has just ended; a cut is made
            at one of them where the size allows.
    """
    chunks: list[ChunkFact] = []
    first = 0
    last = len(starts) - 1
    words: dict[bytes, tuple[str, ...]] = {}
    while first < last:
        end = _end_of_chunk(starts, boundaries, first)
        chunks.append(ChunkFact(first + 1, end, count_words(text, starts[first], starts[end], words)))
        first = end
    return chunks


def _end_of_chunk(starts: Sequence[int], boundaries: Sequence[int], first: int) -> int:
    """The line before which the chunk that begins at line `first` ends."""
    last = len(starts) - 1
    begin = starts[first]
    if starts[last] - begin <= _MOST_BYTES:
        return last
    furthest = max(first + 1, bisect_right(starts, begin + _MOST_BYTES) - 1)
    least = bisect_right(starts, begin + _LEAST_BYTES)
    at = bisect_right(boundaries, furthest) - 1
    if at >= 0 and boundaries[at] >= max(least, first + 1):
        return boundaries[at]
    return max(first + 1, bisect_right(starts, begin + CHUNK_BYTES) - 1)


def count_words(text: bytes, begin: int, end: int, known: dict[bytes, tuple[str, ...]]) -> tuple[tuple[str, int], ...]:
    """The words of a passage with their counts.

    Args:
        text: Content in UTF-8.
        begin: Offset of the passage.
        end: Offset behind it.
        known: Words met before in this file; shared so that equal words are one object, which makes pickles small.
    """
    counts = Counter(_WORDS.findall(text, begin, end))
    terms: list[tuple[str, int]] = []
    mixed = False
    for word, count in counts.items():
        names = known.get(word)
        if names is None:
            names = known[word] = _names_in(word)
        mixed = mixed or len(names) > 1 or not word.isascii()
        terms.extend([(name, count) for name in names])
    return _added_up(terms) if mixed else tuple(terms)


def _added_up(terms: list[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """One entry per word; `naïve—word` and `word` both give `word`."""
    sums: Counter[str] = Counter()
    for name, count in terms:
        sums[name] += count
    return tuple(sums.items())


def _names_in(word: bytes) -> tuple[str, ...]:
    if word.isascii():
        return (word.decode("ascii"),) if len(word) <= _MOST_WORD_CHARS else ()
    found: list[str] = _LETTERS.findall(word.decode("utf-8", "replace"))
    return tuple(name for name in found if len(name) <= _MOST_WORD_CHARS)
