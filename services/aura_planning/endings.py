"""English words without their endings, so that `export`, `exports` and `exporting` compare as one.

Three comparisons of words use it with endings of their own; what differs between them was measured on their documents.
"""

from __future__ import annotations

from typing import Final

__all__ = ["endings", "without_ending"]

_LEAST_LETTERS: Final = 4
_ALL_SHARE: Final = ("ations", "ation", "ings", "ing", "ments", "ment", "ers", "ies", "ed", "es", "er", "s", "e")


def endings(*more: str) -> tuple[str, ...]:
    """The endings that every comparison takes away and those of one, longest first."""
    return tuple(sorted((*_ALL_SHARE, *more), key=len, reverse=True))


def without_ending(word: str, these: tuple[str, ...]) -> str:
    """`word` without the longest of `these` endings that leaves at least 4 letters."""
    for ending in these:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_LETTERS:
            return word[: -len(ending)]
    return word
