"""A text file as lines that give back exactly its bytes, whatever they are."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

__all__ = ["Text", "ending", "read_text", "without_end"]

_LINES: Final = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")


@dataclass(frozen=True, slots=True)
class Text:
    """Lines with their ends. Bytes that are not UTF-8 stand in them as lone surrogates and come out as they were."""

    lines: tuple[str, ...]
    """Each with its end; the last one may have none."""
    mark: bool = False
    """Whether a byte order mark stands before them."""

    @property
    def end(self) -> str:
        """What new lines of this file end in: as its first line, or a line feed."""
        return next((found for line in self.lines if (found := ending(line))), "\n")

    def data(self) -> bytes:
        """The bytes of the file."""
        return (codecs.BOM_UTF8 if self.mark else b"") + "".join(self.lines).encode("utf-8", "surrogateescape")

    def with_lines(self, lines: Sequence[str]) -> Text:
        """The same file with other lines."""
        return replace(self, lines=tuple(lines))


def read_text(data: bytes) -> Text:
    """The text of these bytes; `data()` of it is the same bytes again."""
    mark = data.startswith(codecs.BOM_UTF8)
    text = data[len(codecs.BOM_UTF8) if mark else 0 :].decode("utf-8", "surrogateescape")
    return Text(tuple(_LINES.findall(text)), mark)


def ending(line: str) -> str:
    """What a line ends in; empty for a last line without an end."""
    return "\r\n" if line.endswith("\r\n") else line[-1:] if line.endswith(("\n", "\r")) else ""


def without_end(line: str) -> str:
    """A line without its end."""
    return line[: len(line) - len(ending(line))]
