"""From identifiers and words to the terms that the index knows.

`parseHTTPRequests` is split where its case changes, at underscores and between letters and digits; each part is folded
to lower case and stemmed, and the identifier as a whole stays a term too: `pars`, `http`, `request`,
`parsehttprequests`. Splitting with stemming is worth 0.03 NDCG@10.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, cast

import Stemmer  # pyright: ignore[reportMissingTypeStubs] - the package has none

MAX_WORD = 80  # Characters; longer "words" are data, and the reader does not record them either.
REMEMBERED = 200_000  # Distinct identifiers; a million lines have about 150,000. The memory is emptied when it is full.

WORD: Final = re.compile(r"[^\W\d]\w*", re.UNICODE)
"""A word of a text: what the reader records of a file, and what counts of a query."""
_PART: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^\W_a-zA-Z0-9]+")


def split_identifier(identifier: str) -> list[str]:
    """The parts of an identifier in lower case: `getHTTPResponse2` gives get, http, response, 2."""
    return [part.casefold() for part in _PART.findall(identifier)]


def words(text: str) -> frozenset[str]:
    """The words of a constant list."""
    return frozenset(text.split())


def fold(name: str) -> str:
    """`name` without case and underscores: the form in which spellings of one name are equal."""
    return name.replace("_", "").casefold()


class Vocabulary:
    """Turns identifiers into terms, and remembers what it has seen.

    Not for several threads at once: every builder and every search has its own or holds a lock.
    """

    def __init__(self, *, split: bool = True, stem: bool = True) -> None:
        self._split = split
        self._stem = stem
        # Its own cache is off: this class remembers every identifier.
        stemmer = Stemmer.Stemmer("english", 0)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - untyped
        self._stem_word = cast("Callable[[str], str]", stemmer.stemWord)  # pyright: ignore[reportUnknownMemberType] - untyped
        self._stems: dict[str, str] = {}
        self._seen: dict[str, tuple[str, ...]] = {}

    @classmethod
    def like(cls, other: Vocabulary) -> Vocabulary:
        """An empty one with the same rules."""
        return cls(split=other._split, stem=other._stem)

    def terms(self, identifier: str) -> tuple[str, ...]:
        """The distinct terms of an identifier or word; empty when it has neither letters nor digits."""
        found = self._seen.get(identifier)
        if found is None:
            if len(self._seen) >= REMEMBERED:
                self._seen.clear()
                self._stems.clear()
            found = self._seen[identifier] = self._expand(identifier)
        return found

    def stem(self, part: str) -> str:
        """The stem of one part in lower case."""
        if not self._stem:
            return part
        found = self._stems.get(part)
        if found is None:
            found = self._stems[part] = self._stem_word(part)
        return found

    def _expand(self, identifier: str) -> tuple[str, ...]:
        parts = split_identifier(identifier)
        if not self._split and parts:
            return (self.stem("".join(parts)),)
        if len(parts) == 1:
            return (self.stem(parts[0]),)
        stem = self.stem
        found = dict.fromkeys([stem(part) for part in parts])
        if parts:
            found["".join(parts)] = None
        return tuple(found)
