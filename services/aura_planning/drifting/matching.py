"""Which thing of a document is the one that an item was made of, when ids, titles and places changed since.

What is certain comes first: the same id and the same words, then the same words anywhere, then the same title or the
same text. What is left is compared by likeness, one to one; where two come equally near, nothing is chosen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Final

from aura_planning.exchanging.contract import Entry
from aura_planning.exchanging.files import digests
from aura_planning.exchanging.texts import tidy

__all__ = ["Known", "Matches", "match"]

_ALIKE: Final = 0.6
"""Least likeness of two things that are taken for one."""
_ALIKE_OTHER_ID: Final = 0.85
"""The same for two with different ids: an id that is new mostly means a new thing."""
_MARGIN: Final = 0.1
"""By how much the nearest has to be nearer than the next."""
_SAME_ID: Final = 0.47
"""Least likeness of two things with the same id: numbers are given anew when something is put between. Of 27 pairs in
five public histories, 3 of 13 above it are two things, 11 of 14 below it."""
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
        titles = {one.key: one.title for one in known}
        words = {at: _words(self.entries[at].title) for at in entries}
        titles_words = {one.key: _words(one.title) for one in known}
        by_entry: dict[int, list[tuple[str, float]]] = {}
        by_item: dict[str, list[tuple[int, float]]] = {}
        for at in entries:
            for one in known:
                if one.kind != self.entries[at].kind or not (words[at] & titles_words[one.key]):
                    continue
                if (score := self._likeness(at, one)) >= _ALIKE - _MARGIN:
                    by_entry.setdefault(at, []).append((one.key, score))
                    by_item.setdefault(one.key, []).append((at, score))
        aliases = {one.key: one.alias for one in known}

        def least(at: int, key: str) -> float:
            mine, theirs = self.entries[at].alias, aliases[key]
            return _ALIKE_OTHER_ID if mine and theirs and mine != theirs else _ALIKE

        pairs = [(score, at, key) for at, found in by_entry.items() for key, score in found if score >= least(at, key)]
        taken = set(self.found.keys.values())
        for score, at, key in sorted(pairs, key=lambda pair: (-pair[0], pair[1:])):
            if at in self.found.keys or at in self.found.unclear or key in taken:
                continue
            near = [
                one
                for one, value in by_entry[at]
                if value > max(score - _MARGIN, least(at, one) - _MARGIN) and one not in taken
            ]
            # Several items with one title are as good as one another: the first is taken.
            rivals = [one for one in near if titles[one] != titles[key]]
            claimed = any(
                other != at and value > score - _MARGIN and other not in self.found.keys
                for other, value in by_item[key]
            )
            if rivals or claimed:
                unclear = [key, *rivals]
                self.found.unclear[at] = [one for one in known if one.key in unclear]
            else:
                self.found.keys[at] = key
                taken.add(key)


def _words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text.lower()) if len(word) > 2}
