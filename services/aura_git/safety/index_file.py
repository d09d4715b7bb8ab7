"""Reads what git's index remembers of files: their sizes and times in the work tree."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

__all__ = ["recorded_sizes", "time_of_index"]

_TIME_AT: Final = 8
"""Of the last change within an entry: after another time."""
_SIZE_AT: Final = 36
"""Of the size within an entry: after two times, device, inode, mode, user and group."""
_EXTENDED: Final = 0x4000
_SPLIT: Final = b"link"
"""Extension of an index whose other entries are in another file."""


def recorded_sizes(index: bytes, hash_bytes: int = 20) -> dict[bytes, int]:
    """Size of each file in the work tree when it was last found unchanged, modulo 2³²; 0 where git does not know.

    Args:
        index: Bytes of an index file, version 2 to 4.
        hash_bytes: 20, or 32 for SHA-256.

    Returns:
        Sizes by path; empty for what is no index.

    Source:
        gitformat-index(5).
    """
    return {
        path: int(struct.unpack_from(">I", index, place + _SIZE_AT)[0]) for path, place in _entries(index, hash_bytes)
    }


def time_of_index(index: bytes, hash_bytes: int = 20) -> int:
    """The time that an index file has to have so that git notices every change of a file.

    An edit that leaves a file as long as it was, in the second of the last look at it, is seen by git only as long as
    the index is not younger than that second.

    Args:
        index: Bytes of an index file, version 2 to 4.
        hash_bytes: 20, or 32 for SHA-256.

    Returns:
        Seconds since 1970; 0 where the time does not matter.

    Source:
        Documentation/technical/racy-git.txt of git.
    """
    if _SPLIT in index:
        return 1  # older than every entry of the other file
    times = (int(struct.unpack_from(">I", index, place + _TIME_AT)[0]) for _, place in _entries(index, hash_bytes))
    return max(times, default=0)


def _entries(index: bytes, hash_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Path of each entry, and where it begins; nothing for what is no index."""
    if index[:4] != b"DIRC" or len(index) < 12:
        return
    version, count = struct.unpack_from(">II", index, 4)
    place, path = 12, b""
    for _ in range(count):
        start = place
        (flags,) = struct.unpack_from(">H", index, place + 40 + hash_bytes)
        name_at = place + 42 + hash_bytes + (2 if flags & _EXTENDED else 0)
        if version >= 4:
            cut, name_at = _varint(index, name_at)
            end = index.index(b"\0", name_at)
            path = path[: len(path) - cut] + index[name_at:end]
            place = end + 1
        else:
            end = index.index(b"\0", name_at)
            path = index[name_at:end]
            place += (end - place + 8) & ~7
        yield path, start


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of variable length, and where the next thing begins."""
    value = data[place] & 0x7F
    while data[place] & 0x80:
        place += 1
        value = ((value + 1) << 7) | (data[place] & 0x7F)
    return value, place + 1
