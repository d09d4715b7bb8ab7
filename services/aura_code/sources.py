"""Reading a project's files while answering, quickly and never outside the project."""

from __future__ import annotations

import os
import stat
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

from aura_code.facts import Stamp
from aura_code.segments import DIGEST_BYTES
from aura_shared.text_files import as_utf8

MOST_BYTES: Final = 8_000_000
# O_NONBLOCK: opening a named pipe would wait for a writer.
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class Content(NamedTuple):
    """A file as it is on disk now."""

    text: str
    r"""With `\n` between its lines."""
    changed: bool
    """Whether it is not what was indexed."""


class Sources:
    """The files of one project during one answer.

    A folder is checked once (it must not lead outside through a link), the file itself is opened without following
    links. Checking every path afresh takes 0.3 ms, which an exact search over thousands of files cannot afford.
    """

    def __init__(self, root: Path) -> None:
        self._root = os.path.realpath(root)
        self._folders: dict[str, str | None] = {}

    def read(self, path: str, stamp: Stamp | None = None) -> Content | None:
        """A file's text; None when it is gone, no regular file, unreadable, or outside the project.

        Args:
            path: Relative to the project's root.
            stamp: How it was when it was indexed; without it `changed` is false.
        """
        folder, _, name = path.rpartition("/")
        real = self._real(folder)
        if real is None or name in {"", ".", ".."} or "\0" in path:
            return None
        try:
            handle = os.open(f"{real}/{name}", _FLAGS)
        except (OSError, ValueError):
            return None
        try:
            status = os.fstat(handle)
            data = _read(handle) if stat.S_ISREG(status.st_mode) else None
        except OSError:
            return None
        finally:
            os.close(handle)
        if data is None:
            return None
        changed = stamp is not None and _differs(data, status, stamp)
        text = as_utf8(data).decode("utf-8", "replace")
        return Content(text.replace("\r\n", "\n") if "\r" in text else text, changed)

    def _real(self, folder: str) -> str | None:
        if folder not in self._folders:
            real = os.path.realpath(f"{self._root}/{folder}") if folder else self._root
            inside = real == self._root or real.startswith(f"{self._root}{os.sep}") or self._root == os.sep
            self._folders[folder] = real if inside else None
        return self._folders[folder]


def _differs(data: bytes, status: os.stat_result, stamp: Stamp) -> bool:
    if (status.st_mtime_ns, status.st_size) == (stamp.mtime_ns, stamp.size):
        return False
    return blake2b(data, digest_size=DIGEST_BYTES).digest() != stamp.digest


def _read(handle: int) -> bytes:
    pieces: list[bytes] = []
    left = MOST_BYTES
    while left > 0 and (piece := os.read(handle, min(left, 1 << 20))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
