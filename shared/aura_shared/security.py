"""Paths that stay inside a project, text that shows what it contains, and tokens."""

from __future__ import annotations

import hmac
import os
import re
import secrets
import stat
import sys
import unicodedata
from pathlib import Path
from typing import BinaryIO, Final

from aura_shared.errors import StorageError, UnknownFile, UnsafePath

__all__ = ["confine", "make_visible", "new_token", "open_inside", "same_token"]

TOKEN_BYTES: Final = 32
_DRIVE = re.compile(r"^[A-Za-z]:")
_JOINERS: Final = frozenset({"\u200c", "\u200d"})  # Parts of emoji and of several scripts.


def confine(root: Path, relpath: str) -> Path:
    """The real path of `relpath` below `root`; it need not exist.

    Raises:
        UnsafePath: It is absolute, leaves `root` by `..` or through a link, or cannot be a path.
    """
    shown = make_visible(relpath[:200])
    if not relpath or "\0" in relpath:
        raise UnsafePath(f"a path must not be empty or contain NUL; found {shown!r}")
    if relpath.startswith(("/", "\\", "~")) or _DRIVE.match(relpath):
        raise UnsafePath(f"the path must be relative to the project; found {shown!r}")
    if ".." in re.split(r"[/\\]", relpath):
        raise UnsafePath(f"the path must not contain '..'; found {shown!r}")
    try:
        real_root = root.resolve()
        real = (real_root / relpath).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: a loop of links before Python 3.13.
        raise UnsafePath(f"the path {shown!r} cannot be followed: {error}") from error
    if not real.is_relative_to(real_root):
        raise UnsafePath(f"the path {shown!r} leads outside the project through a link")
    return real


def open_inside(root: Path, relpath: str) -> BinaryIO:
    """A regular file of a project, open for reading.

    The check is repeated on what was really opened, so that a link that is swapped in between gains nothing.

    Raises:
        UnsafePath: It leads outside the project, or is not a regular file.
        UnknownFile: There is no such file.
        StorageError: It cannot be read.
    """
    path = confine(root, relpath)
    shown = make_visible(relpath[:200])
    try:
        # O_NONBLOCK: opening a named pipe would wait for a writer.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UnknownFile(f"there is no file {shown!r}") from error
    except OSError as error:
        raise StorageError(f"cannot read {shown!r}: {error.strerror or error}") from error
    try:
        _check_opened(root.resolve(), path, fd, shown)
    except BaseException:
        os.close(fd)
        raise
    return os.fdopen(fd, "rb")


def make_visible(text: str) -> str:
    r"""`text` with every character that hides, reorders or steers shown as an escape such as `\u202e`.

    Line breaks, tabs, and the joiners of emoji and scripts are kept.
    """
    return "".join(_shown(text, place) if _is_hidden(char) else char for place, char in enumerate(text))


def new_token() -> str:
    """A token that nobody guesses: 256 random bits, safe in a URL and in a header."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def same_token(given: str, expected: str) -> bool:
    """Whether both are the same, in a time that does not tell where they differ. An empty one never is."""
    return bool(expected) and hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def _check_opened(root: Path, path: Path, fd: int, shown: str) -> None:
    opened = os.fstat(fd)
    if not stat.S_ISREG(opened.st_mode):
        raise UnsafePath(f"{shown!r} is not a regular file")
    if not _is_inside(root, path, fd, opened):
        raise UnsafePath(f"the path {shown!r} leads outside the project through a link")


def _is_inside(root: Path, path: Path, fd: int, opened: os.stat_result) -> bool:
    if sys.platform == "linux":
        try:
            return Path(f"/proc/self/fd/{fd}").readlink().is_relative_to(root)
        except OSError:
            pass  # No /proc: compare below.
    try:
        real = path.resolve()
        found = real.stat()
    except (OSError, RuntimeError):
        return False
    return real.is_relative_to(root) and (found.st_dev, found.st_ino) == (opened.st_dev, opened.st_ino)


def _is_hidden(char: str) -> bool:
    if char.isprintable() or char in "\n\t":
        return False
    return char == "\r" or unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp", "Co"}


def _shown(text: str, place: int) -> str:
    char = text[place]
    if char in _JOINERS and 0 < place < len(text) - 1 and ord(text[place - 1]) > 0x7F:
        return char
    return f"\\U{ord(char):08x}" if ord(char) > 0xFFFF else f"\\u{ord(char):04x}"
