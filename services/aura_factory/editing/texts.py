"""A file's lines in the forms that they are compared in, made once for all blocks of an answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from aura_factory.editing.indents import unit_of
from aura_factory.editing.lines import compare_key, fold, is_blank, is_comment, positions

__all__ = ["Edit", "FileLines", "split_lines"]


def split_lines(text: str) -> list[str]:
    """The lines of a text, without a last empty one; other line separators of Unicode are ordinary characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return lines


@dataclass(frozen=True, slots=True)
class Edit:
    """Lines of a file that give way to others."""

    start: int
    """First line, from 0."""
    end: int
    """First line after it; the same as `start` for an insertion."""
    lines: tuple[str, ...]


class FileLines:
    """The lines of one file."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.lines = split_lines(text)

    @cached_property
    def unit(self) -> str:
        """One level of indentation."""
        return unit_of(self.lines)

    @cached_property
    def has_trailing_space(self) -> bool:
        """Whether any line ends with space: then such space may be meant."""
        return any(line != line.rstrip() for line in self.lines)

    @cached_property
    def is_typographic(self) -> bool:
        """Whether it holds typographic characters itself."""
        return fold(self.text) != self.text

    @cached_property
    def _keys(self) -> dict[tuple[bool, bool], tuple[list[str], dict[str, list[int]]]]:
        return {}

    def keys(self, *, straight: bool = False, bare: bool = False) -> tuple[list[str], dict[str, list[int]]]:
        """The lines as they are compared, and where each stands.

        Args:
            straight: Typographic characters made plain.
            bare: Without indentation.
        """
        straight = straight and self.is_typographic
        found = self._keys.get((straight, bare))
        if found is None:
            lines = [fold(line) for line in self.lines] if straight else self.lines
            keys = [line.strip() if bare else compare_key(line) for line in lines]
            found = self._keys[straight, bare] = (keys, positions(keys))
        return found

    @cached_property
    def solid(self) -> list[int]:
        """The lines that are neither blank nor a comment alone, from 0."""
        return [at for at, line in enumerate(self.lines) if not is_blank(line) and not is_comment(line)]
