"""What the last snapshot of a repository found, so that the next one need not look at, or store, the same again.

Nothing here is taken for true by itself: what is remembered counts only for the very same file; git refuses to make a
tree of an object that went away meanwhile; and a whole snapshot counts only while a ref keeps it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aura_git.safety.contract import Snapshot

__all__ = ["Remembered", "Stamp", "forget", "remembered_of", "stamp_of"]

Stamp = tuple[int, int, int, int]
"""Inode, size, and times of the last change of content and of anything, in nanoseconds."""
_MOST: Final = 5_000
"""Files that are remembered; a work tree with more changes than that is stored anew each time."""
_SETTLED_NS: Final = 100_000_000
"""A file that changed so shortly before it was read may change again without another time."""
_ALL: Final[dict[str, Remembered]] = {}


@dataclass(slots=True)
class Remembered:
    """Of one work tree."""

    index: Stamp | None = None
    """Which index `hash` and `hidden` are about."""
    hash: str = ""
    hidden: tuple[bytes, ...] | None = None
    """Paths in it that git does not look at; None where nobody asked."""
    files: dict[bytes, tuple[Stamp, str]] = field(default_factory=dict[bytes, tuple[Stamp, str]])
    """Changed files as they were stored byte by byte."""
    last: tuple[object, Snapshot] | None = None
    """What the last snapshot was made of, and that snapshot."""

    def about(self, index: Stamp | None) -> Remembered:
        """The same, without what it knows of another index."""
        if index is None or self.index != index:
            self.index, self.hash, self.hidden = index, "", None
        return self

    def stored(self, root: Path, paths: Mapping[bytes, str]) -> dict[bytes, str]:
        """Hashes of those paths that are still the very file that was stored."""
        found: dict[bytes, str] = {}
        for path in paths:
            known = self.files.get(path)
            if known is not None and known[0] == stamp_of(os.fsencode(root) + b"/" + path):
                found[path] = known[1]
        return found

    def note(self, stamps: Mapping[bytes, Stamp | None], hashes: Mapping[bytes, str], began_ns: int) -> None:
        """Remember files that were just stored.

        Args:
            stamps: What they were like before they were read.
            hashes: Of their content.
            began_ns: When their reading began.
        """
        before_ns = began_ns - _SETTLED_NS
        self.files = {
            path: (stamp, hashes[path])
            for path, stamp in list(stamps.items())[:_MOST]
            if stamp is not None and path in hashes and max(stamp[2:]) < before_ns
        }


def remembered_of(git_dir: Path) -> Remembered:
    """What is remembered of a work tree, by its git folder."""
    return _ALL.setdefault(str(git_dir), Remembered())


def forget(git_dir: Path) -> None:
    """Remember nothing of a work tree any more."""
    _ALL.pop(str(git_dir), None)


def stamp_of(file: Path | bytes) -> Stamp | None:
    """What tells a file from every other state of it; None when it is not there."""
    try:
        found = os.lstat(file)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
