"""Edits of foreign files by line: everything else keeps its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_planning.exchanging.boxes import box_of
from aura_planning.exchanging.contract import Entry
from aura_planning.items.statuses import CLOSED, INITIAL
from aura_planning.items.text import ending, read_text

__all__ = ["Lines", "settle_parents"]

_GONE: Final = "\0"


class Lines:
    """The lines of a file while it is edited; lines are counted from 1 as they were at first.

    Args:
        lines: As they were read, without their ends.
        data: The bytes of the file, whose line ends are kept; none for a new one.
    """

    def __init__(self, lines: Sequence[str], data: bytes = b"") -> None:
        self.lines = lines
        text = read_text(data)
        self._mark = text.mark
        self._end = text.end
        same = len(text.lines) == len(lines)
        ends = [ending(line) for line in text.lines] if same else [self._end] * len(lines)
        self._ends = ends
        self._new: list[str] = list(lines)
        self._more: list[str] = []

    def replace(self, first: int, last: int, text: str) -> None:
        """Put a text in the place of lines."""
        self._new[first - 1] = text
        for number in range(first, last):
            self._new[number] = _GONE

    def insert_after(self, line: int, text: str) -> None:
        """Put a text behind a line; 0 for before all."""
        if line == 0:
            self._new[0] = f"{text}\n{self._new[0]}" if self._new else text
            return
        number = line - 1
        while number > 0 and self._new[number] == _GONE:
            number -= 1
        self._new[number] = f"{self._new[number]}\n{text}"

    def tick(self, line: int, state: str) -> None:
        """Put another character into a box."""
        match = box_of(self.lines[line - 1])
        if match is not None:
            self._new[line - 1] = f"{match['head']}{state}{match['tail']}{match['text']}"

    def append(self, text: str, *, loose: bool = False) -> None:
        """Put a text at the end, with a blank line before it where it stands alone."""
        last = self._more[-1] if self._more else next((one for one in reversed(self._new) if one != _GONE), "")
        if last.strip() and (loose or not self._more):
            self._more.append("")
        self._more.append(text)

    def text(self) -> str:
        """The text as it is now."""
        return "\n".join([*(line for line in self._new if line != _GONE), *self._more])

    def data(self) -> bytes:
        """The bytes of the file as it is now."""
        parts: list[str] = []
        for number, line in enumerate(self._new):
            if line != _GONE:
                parts.append(line.replace("\n", self._end) + self._ends[number])
        if self._more and parts and not parts[-1].endswith(("\n", "\r")):
            parts[-1] += self._end
        parts += [line.replace("\n", self._end) + self._end for line in self._more]
        return (b"\xef\xbb\xbf" if self._mark else b"") + "".join(parts).encode("utf-8", "surrogateescape")


def settle_parents(entries: Sequence[Entry]) -> None:
    """Give what has no status of its own the first one, or the last one when all that belongs to it is closed."""
    below: dict[str, list[Entry]] = {}
    for one in entries:
        below.setdefault(one.parent, []).append(one)
    for kind in ("story", "epic"):
        for one in entries:
            if one.kind != kind or one.status or one.status_text:
                continue
            found = [each.status for each in below.get(one.key, ())]
            done = bool(found) and all(each in CLOSED for each in found) and set(found) != {"cancelled"}
            one.status = "complete" if done else INITIAL[one.kind]
