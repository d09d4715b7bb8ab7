"""Objects that may be large, from the indexes of packs: to ask git for the size of every object takes seconds.

What deflate makes of a file of 5 MB has at least some 4.8 KB, since it packs 1,032 bytes into one at best. A large file
may be kept as a small difference to another, which is as large then, and found: so that a path of it is known.
"""

from __future__ import annotations

import os
import struct
import sys
from array import array
from itertools import pairwise
from pathlib import Path
from typing import Final

from aura_git.repository import Repository

__all__ = ["candidates", "large_in_pack"]

_LEAST: Final = 4_800
_MAGIC: Final = b"\xfftOc\x00\x00\x00\x02"
_FANOUT: Final = 8 + 256 * 4
_FAR: Final = 0x8000_0000


def candidates(repository: Repository) -> list[str] | None:
    """Hashes of objects that take as much space as a large file does at least; None when that cannot be told."""
    width = 32 if repository.git.config("extensions.objectFormat") == "sha256" else 20
    facts = [line.partition(": ") for line in repository.git.read("count-objects", "-v").lines]
    folders = [repository.common_dir / "objects", *(Path(value) for name, _, value in facts if name == "alternate")]
    found: set[str] = set()
    try:
        for folder in folders:
            found |= _loose(folder)
            for index in (folder / "pack").glob("*.idx"):
                some = large_in_pack(index, width)
                if some is None:
                    return None
                found |= some
    except (OSError, struct.error, ValueError):
        return None
    return sorted(found)


def _loose(folder: Path) -> set[str]:
    found: set[str] = set()
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if len(entry.name) == 2]
    for name in names:
        with os.scandir(folder / name) as entries:
            found |= {name + one.name for one in entries if len(one.name) > 30 and one.stat().st_size >= _LEAST}
    return found


def large_in_pack(index: Path, width: int) -> set[str] | None:
    """Hashes of the objects of a pack that are stored with much; None when its index is of another form."""
    data = memoryview(index.read_bytes())
    if bytes(data[:8]) != _MAGIC:
        return None
    (count,) = struct.unpack_from(">I", data, _FANOUT - 4)
    names, at = _FANOUT, _FANOUT + count * (width + 4)
    places = array("I", data[at : at + count * 4].tobytes())
    if sys.byteorder == "little":
        places.byteswap()
    wide = at + count * 4
    offsets = [
        one if one < _FAR else struct.unpack_from(">Q", data, wide + (one - _FAR) * 8)[0] for one in places
    ] if any(one >= _FAR for one in places) else places.tolist()  # fmt: skip
    end = index.with_suffix(".pack").stat().st_size - width
    large = {begin for begin, behind in pairwise(sorted([*offsets, end])) if behind - begin >= _LEAST}
    return {
        data[names + number * width : names + (number + 1) * width].hex()
        for number, offset in enumerate(offsets)
        if offset in large
    }
