"""Which thing of a document is the one that an item was made of, when ids, titles and places changed since.

What is certain comes first: the same id and the same words, then the same words anywhere, then the same title or the
same text. What is left is compared by likeness, one to one; where two come equally near, nothing is chosen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Final

from aura_planning.exchanging.contract import Entry
from aura_planning.exchanging.files import digests
from aura_planning.exchanging.texts import tidy

__all__ = ["Known", "Matches", "match"]

_ALIKE: Final = 0.6
"""Least likeness of two things that are taken for one."""
_MARGIN: Final = 0.1
"""By how much the nearest has to be nearer than the next."""
_SAME_ID: Final = 0.25
"""Least likeness of two things with the same id: numbers are given anew when something is put between."""
_WORD: Final = re.compile(r"\w+")
_MOST_COMPARED: Final = 400
"""Things on each side that are compared by likeness; a document that is written anew is no longer the same one."""


@dataclass(frozen=True, slots=True)
class Known:
    """An item that was made of the document before."""

    key: str
    """By which it is remembered."""
    kind: str
    id: str
    title: str
    """As the item has it now."""
    alias: str
    text: str
    then: Mapping[str, str]
    """Hashes of what the document said at the last merge."""


@dataclass(slots=True)
class Matches:
    """What belongs together."""

    keys: dict[int, str] = field(default_factory=dict[int, str])
    """By index of the entry, the key of the item."""
    unclear: dict[int, list[Known]] = field(default_factory=dict[int, list[Known]])
    """By index of the entry, the items that it could be."""


def match(entries: Sequence[Entry], known: Sequence[Known], given: Mapping[int, str]) -> Matches:
    """Find for each entry the item that was made of it.

    Args:
        entries: What the document says now.
        known: What was made of it.
        given: What a person said: index of an entry, key of the item.
    """
    return _Matching(entries, known, given).run()


class _Matching:
    def __init__(self, entries: Sequence[Entry], known: Sequence[Known], given: Mapping[int, str]) -> None:
        self.entries = entries
        self.known = known
        self.found = Matches(dict(given))
        self.hashes = [digests(one) for one in entries]

    def run(self) -> Matches:
        """Certain ones first."""
        self._exactly(lambda at, one: self._same_id(at, one) and self._same(at, one, "title", "text"))
        self._exactly(lambda at, one: self._same(at, one, "title", "text"))
        self._exactly(lambda at, one: self._same_id(at, one) and self._same(at, one, "title"))
        self._exactly(lambda at, one: self._same(at, one, "title"))
        self._exactly(lambda at, one: bool(tidy(self.entries[at].text)) and self._same(at, one, "text"))
        self._exactly(lambda at, one: self._same_id(at, one) and self._likeness(at, one) >= _SAME_ID)
        self._by_likeness()
        return self.found

    def _open(self) -> tuple[list[int], list[Known]]:
        taken = set(self.found.keys.values())
        entries = [at for at in range(len(self.entries)) if at not in self.found.keys]
        return entries, [one for one in self.known if one.key not in taken]

    def _exactly(self, fits: Callable[[int, Known], bool]) -> None:
        """Pair what fits one to one; of several with the same words the first ones, in their order."""
        entries, known = self._open()
        waiting = list(known)
        for at in entries:
            one = next((one for one in waiting if one.kind == self.entries[at].kind and fits(at, one)), None)
            if one is not None:
                self.found.keys[at] = one.key
                waiting.remove(one)

    def _same_id(self, at: int, one: Known) -> bool:
        alias = self.entries[at].alias
        return (bool(alias) and alias == one.alias) or self.entries[at].key == one.key

    def _same(self, at: int, one: Known, *names: str) -> bool:
        return all(self.hashes[at][name] == one.then.get(name) for name in names)

    def _likeness(self, at: int, one: Known) -> float:
        """From 0 to 1: how alike title and words are."""
        entry = self.entries[at]
        title = SequenceMatcher(None, entry.title.lower(), one.title.lower(), autojunk=False).ratio()
        mine, theirs = _words(f"{entry.title} {entry.text}"), _words(f"{one.title} {one.text}")
        shared = len(mine & theirs) / max(1, min(len(mine), len(theirs)))
        return max(title, (title + shared) / 2)

    def _by_likeness(self) -> None:
        entries, known = self._open()
        if len(entries) > _MOST_COMPARED or len(known) > _MOST_COMPARED:
            return
        scores = {
            (at, one.key): self._likeness(at, one)
            for at in entries
            for one in known
            if one.kind == self.entries[at].kind
        }
        by_key = {one.key: one for one in known}
        for (at, key), score in sorted(scores.items(), key=lambda pair: (-pair[1], pair[0])):
            if score < _ALIKE:
                return
            if at in self.found.keys or key in self.found.keys.values() or at in self.found.unclear:
                continue
            rivals = _rivals(scores, at, key, score, set(self.found.keys.values()), set(self.found.keys))
            if rivals:
                self.found.unclear[at] = [by_key[one] for one in dict.fromkeys([key, *rivals])]
            else:
                self.found.keys[at] = key


def _rivals(
    scores: Mapping[tuple[int, str], float],
    at: int,
    key: str,
    score: float,
    keys: Collection[str],
    done: Collection[int],
) -> list[str]:
    """Items that come as near to an entry; the item itself, when another entry comes as near to it."""
    near = [
        other
        for (place, other), value in scores.items()
        if place == at and other != key and other not in keys and value > score - _MARGIN
    ]
    for (place, other), value in scores.items():
        if other == key and place != at and place not in done and value > score - _MARGIN:
            near.append(key)
    return near


def _words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text.lower()) if len(word) > 2}
