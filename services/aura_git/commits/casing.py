"""Cases of names and sentences, as commitlint tells them apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

__all__ = ["has_case"]

_QUOTED: Final = re.compile(r"`.*?`|\".*?\"|'.*?'")
_WORDS: Final = re.compile(r"[A-Z]{2,}(?=[A-Z][a-z]|\b|\d|_)|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+")


def _upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def _camel(text: str) -> str:
    words = _WORDS.findall(text)
    return "".join(word.lower() if at == 0 else word[:1].upper() + word[1:].lower() for at, word in enumerate(words))


_TURN: Final[Mapping[str, Callable[[str], str]]] = {
    "lower-case": str.lower,
    "lowercase": str.lower,
    "upper-case": str.upper,
    "uppercase": str.upper,
    "sentence-case": _upper_first,
    "sentencecase": _upper_first,
    "camel-case": _camel,
    "pascal-case": lambda text: _upper_first(_camel(text)),
    "kebab-case": lambda text: "-".join(word.lower() for word in _WORDS.findall(text)),
    "snake-case": lambda text: "_".join(word.lower() for word in _WORDS.findall(text)),
    "start-case": lambda text: " ".join(_upper_first(word) for word in _WORDS.findall(text)),
}


def has_case(text: str, case: str) -> bool:
    """Whether a text has a case such as `kebab-case`; what stands in quotes does not count, nor do numbers."""
    turn = _TURN.get(case)
    if turn is None:
        return True
    plain = _QUOTED.sub("", text).strip()
    turned = turn(plain)
    return not turned or turned[0].isdigit() or turned == plain
