"""Turns places as tools say them into places of a file: characters for people, bytes for edits."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Final

from aura_code.findings.model import Edit
from aura_code.syntax import SourceFile, Span, parse_source
from aura_code.tools.outputs import RawEdit, Said, Spot, Unit
from aura_shared.text_files import as_utf8

_MOST_BYTES: Final = 5_000_000


class ToolText:
    """A file that a tool spoke of."""

    def __init__(self, root: Path, path: str) -> None:
        self.path = path
        raw = _read(root / path)
        self.text = as_utf8(raw)
        self.same = self.text == raw
        """Whether the text is the file byte for byte, so that offsets of a tool hold."""

    @cached_property
    def source(self) -> SourceFile | None:
        """The file parsed, when its language has a grammar."""
        return parse_source(self.path, self.text, cpu_s=1.0)

    @cached_property
    def lines(self) -> list[bytes]:
        """Lines with their ends."""
        return self.text.splitlines(keepends=True)

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self.lines:
            starts.append(starts[-1] + len(line))
        return starts

    @cached_property
    def _decoded(self) -> str:
        return self.text.decode("utf-8", "replace")

    def line(self, number: int) -> str:
        """The text of a line, from 1; empty when there is none."""
        return self._line(number).decode("utf-8", "replace").rstrip("\r\n")

    def offset(self, spot: Spot, unit: Unit) -> int:
        """Where a spot lies in the text, in bytes."""
        if spot.line == -1:
            return min(spot.column, len(self.text))
        if spot.line == 0:
            return _bytes_before(self._decoded, spot.column, unit)
        if spot.line > len(self.lines):
            return len(self.text)
        return self._starts[spot.line - 1] + _bytes_in(self._line(spot.line), spot.column, unit)

    def span(self, said: Said) -> Span:
        """The place of a finding; one character long when the tool says no end."""
        start, end = said.start, max(said.start, said.end)
        first = self._column(start, said.unit)
        last = self._column(end, said.unit)
        if end.line == start.line and last <= first:
            last = min(first + 1, max(first, len(self.line(start.line))))
        return Span(start.line, first, end.line, last)

    def edits(self, said: Said) -> tuple[Edit, ...]:
        """The edits of a fix; none when the file on disk is not the text that edits apply to."""
        if not self.same:
            return ()
        found = (self._edit(edit, said.unit) for edit in said.edits)
        return tuple(sorted(edit for edit in found if 0 <= edit.start <= edit.end <= len(self.text)))

    def _edit(self, edit: RawEdit, unit: Unit) -> Edit:
        return Edit(self.offset(edit.start, unit), self.offset(edit.end, unit), edit.text)

    def _line(self, number: int) -> bytes:
        return self.lines[number - 1] if 0 < number <= len(self.lines) else b""

    def _column(self, spot: Spot, unit: Unit) -> int:
        line = self._line(spot.line)
        return len(line[: _bytes_in(line, spot.column, unit)].decode("utf-8", "replace"))


def _bytes_in(line: bytes, column: int, unit: Unit) -> int:
    if unit == "bytes" or line.isascii():
        return min(column, len(line))
    return _bytes_before(line.decode("utf-8", "replace"), column, unit)


def _bytes_before(text: str, column: int, unit: Unit) -> int:
    if unit == "utf-16":
        before = (
            text[:column] if text.isascii() else text.encode("utf-16-le")[: 2 * column].decode("utf-16-le", "ignore")
        )
        return len(before.encode())
    return len(text[:column].encode())


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError:
        return b""
