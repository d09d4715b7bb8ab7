"""Words of titles and texts, and how much two texts speak of the same."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from aura_planning.endings import endings, without_ending
from aura_planning.parsing.lexicon import COMMON_WORDS

__all__ = ["Weights", "overlap", "same", "short", "stems"]

_WORD: Final = re.compile(r"[^\W\d_][\w-]{2,}|[\u3040-\u30ff\u4e00-\u9fff]{2}")
_ENDINGS: Final = endings("or", "y")
_SAME: Final = 0.75
"""Common words from which two titles mean one thing. Lower, and `Export as CSV` is taken for `Export as PDF`."""


@lru_cache(maxsize=4096)
def stems(text: str) -> frozenset[str]:
    """Words that say something, without their endings."""
    return frozenset(without_ending(word, _ENDINGS) for word in _WORD.findall(text.lower()) if word not in COMMON_WORDS)


def same(one: str, other: str) -> bool:
    """Whether two titles mean the same thing."""
    if one.casefold().split() == other.casefold().split():
        return True
    mine, theirs = stems(one), stems(other)
    return bool(mine and theirs) and len(mine & theirs) / len(mine | theirs) >= _SAME


def overlap(one: str, other: str) -> float:
    """Share of the shorter text's words that the other has too, in [0, 1]."""
    mine, theirs = stems(one), stems(other)
    return len(mine & theirs) / min(len(mine), len(theirs)) if mine and theirs else 0.0


def short(text: str, most: int = 90) -> str:
    """The beginning of a text as a title: its first sentence, cut between words."""
    line = " ".join(text.split())
    sentence = re.split(r"(?<=[a-z0-9)])[.;](?=\s)", line, maxsplit=1)[0].rstrip(" .;:,")
    if len(sentence) <= most:
        return sentence
    head = sentence[:most].rpartition(" ")[0] or sentence[:most]
    return head.rstrip(" .;:,-") + "\u2026"


class Weights:
    """How rare words are among texts, and how near two texts are by their rare words."""

    def __init__(self, texts: Iterable[str]) -> None:
        rows = [stems(text) for text in texts]
        counts = Counter(word for row in rows for word in row)
        self._all = max(1, len(rows))
        self._weight: Mapping[str, float] = {word: math.log(1 + self._all / count) for word, count in counts.items()}

    def near(self, one: str, other: str) -> float:
        """Cosine of the two texts, in [0, 1]."""
        mine, theirs = stems(one), stems(other)
        common = sum(self._of(word) ** 2 for word in mine & theirs)
        length = math.sqrt(self._sum(mine) * self._sum(theirs))
        return common / length if length else 0.0

    def nearest(self, text: str, others: Sequence[str]) -> tuple[int, float]:
        """The place of the nearest of several texts, the first of equals, and how near it is."""
        best, value = 0, -1.0
        for at, other in enumerate(others):
            found = self.near(text, other)
            if found > value + 1e-12:
                best, value = at, found
        return best, value

    def _of(self, word: str) -> float:
        return self._weight.get(word, math.log(1 + self._all))

    def _sum(self, words: frozenset[str]) -> float:
        return sum(self._of(word) ** 2 for word in words)
