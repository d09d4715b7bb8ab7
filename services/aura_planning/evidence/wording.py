"""Which tests speak of which criterion: they share most of the words that matter."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from aura_planning.proposing.words import stems

__all__ = ["Wording"]

_SHARE: Final = 0.7
"""Least share of a criterion's weight that a test has to have; see docs/planning/progress.md for how it was chosen."""
_LEAST_WORDS: Final = 3
_MOST_FOR_A_TEST: Final = 2


class Wording:
    """Criteria of items, by the words that matter in them.

    Args:
        criteria: Criteria by the key of what they belong to.
    """

    def __init__(self, criteria: Mapping[str, Sequence[str]]) -> None:
        self._rows: list[tuple[str, int, frozenset[str]]] = []
        counts: Counter[str] = Counter()
        for key, texts in sorted(criteria.items()):
            for number, text in enumerate(texts, 1):
                words = stems(_plain(text))
                counts.update(words)
                if len(words) >= _LEAST_WORDS:
                    self._rows.append((key, number, words))
        most = max(1, len(self._rows))
        self._weights = {word: 1 + math.log(max(1.0, most / count)) for word, count in counts.items()}
        self._whole = [sum(self._weights[word] for word in words) for _, _, words in self._rows]
        self._by_word: dict[str, list[int]] = {}
        for row, (_, _, words) in enumerate(self._rows):
            for word in self._needed(row, words):
                self._by_word.setdefault(word, []).append(row)

    def _needed(self, row: int, words: frozenset[str]) -> Iterator[str]:
        """The rarest words: a text without any of them cannot have enough of the rest."""
        rest = self._whole[row]
        for word in sorted(words, key=lambda one: (-self._weights[one], one)):
            if rest < _SHARE * self._whole[row]:
                return
            yield word
            rest -= self._weights[word]

    def about(self, text: str) -> list[tuple[str, int]]:
        """Keys and numbers of the criteria that a test speaks of, the best first; at most two."""
        words = stems(_plain(text))
        found: list[tuple[float, int]] = []
        for row in {row for word in words for row in self._by_word.get(word, ())}:
            common = self._rows[row][2] & words
            share = sum(sorted(self._weights[word] for word in common)) / self._whole[row]
            if len(common) >= _LEAST_WORDS and share >= _SHARE:
                found.append((-share, row))
        return [self._rows[row][:2] for _, row in sorted(found)[:_MOST_FOR_A_TEST]]


def _plain(text: str) -> str:
    return text.replace("_", " ").replace("-", " ")
