"""Finds names of items, such as `k3x9ab`, `US-004` or `BACK-24.02`, in texts that people wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

__all__ = ["Names", "folded"]

_TOKEN: Final = re.compile(r"[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*")
_PART: Final = re.compile(r"[-_.]?[A-Za-z0-9]+")
_NAMED: Final = re.compile(
    r"\b(epic|story|task|subtask|requirement|phase)s?[ \t]*[-_#:]?[ \t]*#?(\d+(?:\.\d+)*)(?![\w]|[.-]\d)", re.IGNORECASE
)
_BARE: Final = re.compile(r"\d+(?:\.\d+)*\Z")
_MOST_PARTS: Final = 8


def folded(name: str) -> str:
    """A name without case, and with one kind of separator."""
    return "-".join(name.strip().lstrip("#").casefold().replace("_", "-").split())


class Names:
    """Names of things, each with the key of what it names; a name of several things counts for none.

    Args:
        names: Names by key. One of digits only is found in texts only behind a word such as `task`.
    """

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        self._keys: dict[str, str | None] = {}
        self._exact: dict[str, str] = {}
        """Short names without a separator, such as `T1`, as they are written: a `t1` in a text may be anything."""
        self._others: list[tuple[re.Pattern[str], str]] = []
        self._parts = 1
        for key, own in sorted(names.items()):
            for name in own:
                self._add(key, name.strip())

    def _add(self, key: str, name: str) -> None:
        if not name:
            return
        plain = folded(name)
        known = self._keys.get(plain, key)
        self._keys[plain] = key if known == key else None
        if not _TOKEN.fullmatch(name):
            self._others.append((re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE), plain))
        elif len(name) < 5 and "-" not in plain and "." not in plain:
            self._exact[plain] = name
        self._parts = min(_MOST_PARTS, max(self._parts, len(_PART.findall(name))))

    def key_of(self, name: str) -> str | None:
        """What a name as a whole means; also one of digits only."""
        return self._keys.get(folded(name))

    def find(self, text: str, *, loose: bool = False) -> list[str]:
        """Keys of what a text names at the borders of words, in the order of the text.

        Args:
            text: Any text.
            loose: Whether words may be joined to a name before and behind it, as in names of branches and tests.
        """
        found = dict.fromkeys(self._found(text, loose=loose))
        return [key for key in found if key]

    def _found(self, text: str, *, loose: bool) -> Iterator[str | None]:
        for token in _TOKEN.finditer(text):
            if not any(letter.isdigit() for letter in token[0]) and folded(token[0]) not in self._keys:
                continue
            yield from self._of_token(_PART.findall(token[0]), loose=loose)
        for match in _NAMED.finditer(text):
            word, number = match[1].lower(), match[2]
            yield self._keys.get(f"{word}-{number}") or self._keys.get(number)
        for pattern, plain in self._others:
            if pattern.search(text):
                yield self._keys.get(plain)

    def _of_token(self, parts: Sequence[str], *, loose: bool) -> Iterator[str | None]:
        start = 0
        while start < (len(parts) if loose else 1):
            length = self._longest(parts, start, loose=loose)
            if length:
                yield self._keys[self._plain(parts, start, length)]
            start += max(1, length)

    def _longest(self, parts: Sequence[str], start: int, *, loose: bool) -> int:
        for length in range(min(self._parts, len(parts) - start), 0, -1):
            behind = parts[start + length] if start + length < len(parts) else ""
            if behind and (behind[0] == "." or (behind[1:2].isdigit() and behind[0] == "-" and not loose)):
                continue
            plain = self._plain(parts, start, length)
            if plain not in self._keys or _BARE.match(plain):
                continue
            written = "".join(parts[start : start + length]).lstrip("-_.")
            if loose or self._exact.get(plain, written) == written:
                return length
        return 0

    @staticmethod
    def _plain(parts: Sequence[str], start: int, length: int) -> str:
        return "".join(parts[start : start + length]).lstrip("-_.").casefold().replace("_", "-")
