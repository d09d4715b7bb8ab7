"""Sorted strings in two arrays, so that they can be mapped from disk and searched without being loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Offsets = NDArray[np.int64]

DICTIONARY_BELOW: Final = 20_000  # Strings; a table that small is looked up in a dictionary, 30 times faster.


def encode(text: str) -> bytes:
    """The stored form of a string; undecodable bytes in file names (lone surrogates) survive the round trip."""
    return text.encode("utf-8", "surrogatepass")


def decode(data: bytes) -> str:
    """The string of a stored form."""
    return data.decode("utf-8", "surrogatepass")


def pack(strings: Sequence[bytes]) -> tuple[Offsets, Bytes]:
    """Where each string begins (one more than there are strings), and all their bytes."""
    at = np.zeros(len(strings) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, strings), dtype=np.int64, count=len(strings)), out=at[1:])
    return at, np.frombuffer(b"".join(strings), dtype=np.uint8)


class StringTable:
    """Strings by number, and numbers by string when they are sorted by their bytes."""

    __slots__ = ("_at", "_numbers", "_text", "count")

    def __init__(self, at: Offsets, text: Bytes, *, resident: bool = False) -> None:
        self._at = at.data
        self._text = text.data
        self.count = len(at) - 1
        self._numbers: dict[bytes, int] | None = None
        if resident and self.count < DICTIONARY_BELOW:
            self._numbers = {value: number for number, value in enumerate(self)}

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> bytes:
        return bytes(self._text[self._at[number] : self._at[number + 1]])

    def __iter__(self) -> Iterator[bytes]:
        text = bytes(self._text)
        begin = 0
        for end in self._at[1:]:
            yield text[begin:end]
            begin = end

    def first_not_below(self, value: bytes) -> int:
        """The number of the first string that is not smaller than `value`."""
        low, high = 0, self.count
        at, text = self._at, self._text
        while low < high:
            middle = (low + high) // 2
            if bytes(text[at[middle] : at[middle + 1]]) < value:
                low = middle + 1
            else:
                high = middle
        return low

    def find(self, value: bytes) -> int:
        """The number of a string, or -1."""
        if self._numbers is not None:
            return self._numbers.get(value, -1)
        number = self.first_not_below(value)
        return number if number < self.count and self[number] == value else -1

    def with_prefix(self, prefix: bytes) -> range:
        """The numbers of the strings that begin with `prefix`."""
        # No UTF-8 text has the byte FF, so this is above all of them.
        return range(self.first_not_below(prefix), self.first_not_below(prefix + b"\xff"))

    def containing(self, part: bytes, limit: int, *, lower: bool = False) -> list[int]:
        """The numbers of the strings that contain `part`, at most `limit`, ascending.

        With `lower` the strings count as if their ASCII letters were small.
        """
        found: list[int] = []
        text = bytes(self._text).lower() if lower else bytes(self._text)
        at = np.frombuffer(self._at, dtype=np.int64)
        position = text.find(part) if part else -1
        while position >= 0 and len(found) < limit:
            number = int(np.searchsorted(at, position, side="right")) - 1
            end = int(at[number + 1])
            if position + len(part) <= end:
                found.append(number)
                position = text.find(part, end)
            else:
                position = text.find(part, position + 1)
        return found
