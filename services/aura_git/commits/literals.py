"""Literals out of a JavaScript or TypeScript file: read, never run, and what is no literal is left out."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["UNKNOWN", "find_literal"]

_COMMENT: Final = re.compile(
    r"(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|//[^\n]*|/\*.*?\*/", re.DOTALL
)
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<text>\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_$][\w$.]*)|(?P<mark>=>|\.\.\.|.))",
    re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_WORDS: Final = {"true": True, "false": False, "null": None, "undefined": None, "Infinity": float("inf")}
_SEVERITIES: Final = {"Disabled": 0, "Warning": 1, "Error": 2}
_PAIRS: Final = {"{": "}", "[": "]", "(": ")"}
_DEPTH: Final = 12


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()
"""What an expression gives that is no literal."""


def find_literal(source: str, key: str) -> object:
    """What an object in a source has under a key, the first time it stands there.

    Args:
        source: Text of the file.
        key: A property such as `rules`.

    Returns:
        Numbers, texts, lists and dictionaries; `UNKNOWN` where something has to be computed, or is not there.
    """
    plain = _COMMENT.sub(lambda found: found[1] or " ", source)
    found = re.search(rf"(?:^|[\s,{{(])[\"']?{re.escape(key)}[\"']?\s*:", plain)
    return UNKNOWN if found is None else _Reader(plain, found.end(), _DEPTH).value()


class _Reader:
    def __init__(self, source: str, at: int, depth: int) -> None:
        self._source = source
        self._at = at
        self._depth = depth

    def value(self) -> object:
        """The expression that begins here; afterwards the place is at the mark that ends it."""
        if self._depth <= 0:
            return UNKNOWN
        self._depth -= 1
        found = self._simple()
        self._depth += 1
        if self._peek() not in {",", "}", "]", ")", ";", ""}:
            found = found if self._cast() else UNKNOWN
            self._skip()
        return found

    def _simple(self) -> object:
        token = _TOKEN.match(self._source, self._at)
        if token is None:
            return UNKNOWN
        self._at = token.end()
        if (text := token["text"]) is not None:
            return UNKNOWN if text[0] == "`" and "${" in text else _ESCAPED.sub(r"\1", text[1:-1])
        if (number := token["number"]) is not None:
            return float(number) if "." in number else int(number)
        if (name := token["name"]) is not None:
            return self._named(name)
        if token["mark"] in {"[", "{"}:
            return self._list() if token["mark"] == "[" else self._object()
        self._at = token.end() - len(token["mark"])
        return UNKNOWN

    def _named(self, name: str) -> object:
        if name in _WORDS:
            return _WORDS[name]
        last = name.rpartition(".")[2]
        if "Severity" in name and last in _SEVERITIES:
            return _SEVERITIES[last]
        declared = re.search(
            rf"\b(?:const|let|var)\s+{re.escape(name)}\s*(?::[^=\n]+)?=\s*(?=[\[{{\"'\d])", self._source
        )
        return UNKNOWN if declared is None else _Reader(self._source, declared.end(), self._depth).value()

    def _list(self) -> list[object]:
        found: list[object] = []
        while (mark := self._peek()) not in {"]", ""}:
            if mark == ",":
                self._at += 1
            elif self._spread():
                more = self.value()
                found += more if isinstance(more, list) else []  # pyright: ignore[reportUnknownArgumentType]
            else:
                before = self._at
                found.append(self.value())
                self._at = max(self._at, before + (self._at == before))
        self._at += 1
        return found

    def _object(self) -> dict[str, object]:
        found: dict[str, object] = {}
        while (mark := self._peek()) not in {"}", ""}:
            if mark == ",":
                self._at += 1
            elif self._spread():
                more = self.value()
                found |= more if isinstance(more, dict) else {}  # pyright: ignore[reportUnknownArgumentType]
            else:
                self._pair(found)
        self._at += 1
        return found

    def _pair(self, found: dict[str, object]) -> None:
        token = _TOKEN.match(self._source, self._at)
        if token is None:
            self._at = len(self._source)
            return
        self._at = token.end()
        key = _ESCAPED.sub(r"\1", token["text"][1:-1]) if token["text"] else token["name"] or token["number"]
        if key is not None and self._peek() == ":":
            self._at += 1
            found[key] = self.value()
        else:
            self._skip()

    def _spread(self) -> bool:
        if self._source.startswith("...", self._at):
            self._at += 3
            return True
        return False

    def _peek(self) -> str:
        """The next mark, spaces passed over; empty at the end."""
        while self._at < len(self._source) and self._source[self._at].isspace():
            self._at += 1
        return self._source[self._at : self._at + 1]

    def _cast(self) -> bool:
        """Whether only a type is named after the value (`as const`, `satisfies X`)."""
        return re.match(r"(?:as|satisfies)\b", self._source[self._at :]) is not None

    def _skip(self) -> None:
        """To the mark that ends this expression, over everything in brackets."""
        waiting: list[str] = []
        while token := _TOKEN.match(self._source, self._at):
            mark = token["mark"]
            if not waiting and mark in {",", "}", "]", ")", ";"}:
                return
            self._at = token.end()
            if mark in _PAIRS:
                waiting.append(_PAIRS[mark])
            elif waiting and mark == waiting[-1]:
                waiting.pop()
        self._at = len(self._source)
