"""Files of a project, reached folder by folder without following a link, so that swapping one in gains nothing."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from aura_shared.errors import StorageError, TooLarge, UnsafePath

MOST_FILE_BYTES: Final = 20_000_000
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Found(NamedTuple):
    """A file as it is."""

    data: bytes
    mode: int
    """Permission bits."""


def digest_of(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


@contextmanager
def folder_of(root: Path, path: str) -> Generator[tuple[int, str]]:
    """The folder that a path lies in, open as long as the block runs, and the last part of the path.

    Raises:
        FileNotFoundError: There is no such folder.
        UnsafePath: A part of the path is a link.
        StorageError: It cannot be opened.
    """
    *folders, name = path.split("/")
    try:
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise StorageError(f"cannot open the project's folder {root}: {error.strerror}") from error
    try:
        for folder in folders:
            descriptor = _enter(descriptor, folder, path)
        yield descriptor, name
    finally:
        os.close(descriptor)


def _enter(descriptor: int, folder: str, path: str) -> int:
    try:
        inner = os.open(folder, _FOLDER, dir_fd=descriptor)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR} and _is_link(descriptor, folder):
            raise UnsafePath(f"{path} lies behind the link {folder!r}") from error
        if isinstance(error, NotADirectoryError):
            raise FileNotFoundError(error.errno, error.strerror, path) from error
        if isinstance(error, FileNotFoundError):
            raise
        raise StorageError(f"cannot open {path}: {error.strerror}") from error
    os.close(descriptor)
    return inner


def _is_link(descriptor: int, name: str) -> bool:
    with suppress(OSError):
        return stat.S_ISLNK(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode)
    return False


def read_file(root: Path, path: str) -> Found | None:
    """A regular file of a project; None when there is nothing at the path.

    Raises:
        UnsafePath: It is a link, a folder or something else, or lies behind a link.
        TooLarge: It is over 20 MB.
        StorageError: It cannot be read.
    """
    try:
        with folder_of(root, path) as (folder, name):
            return read_at(folder, name, path)
    except FileNotFoundError:
        return None


def read_at(folder: int, name: str, path: str) -> Found | None:
    """The same inside an open folder; `path` is for what errors say."""
    try:
        # O_NONBLOCK: opening a named pipe would wait for a writer.
        descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if _is_link(folder, name):
            raise UnsafePath(f"{path} is a link, and changes never write through links") from error
        raise StorageError(f"cannot read {path}: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise UnsafePath(f"{path} is {kind}")
        try:
            data = file.read(MOST_FILE_BYTES + 1)
        except OSError as error:
            raise StorageError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > MOST_FILE_BYTES:
        raise TooLarge(f"{path} is over {MOST_FILE_BYTES // 1_000_000} MB")
    return Found(data, stat.S_IMODE(status.st_mode))


def missing_folders(root: Path, path: str) -> list[str]:
    """The folders above a path that are not there, outermost first.

    Raises:
        UnsafePath: A part of the path is a link.
    """
    parts = path.split("/")[:-1]
    for depth in range(len(parts), 0, -1):
        folder = "/".join(parts[:depth])
        with suppress(FileNotFoundError), folder_of(root, f"{folder}/x"):
            return ["/".join(parts[:more]) for more in range(depth + 1, len(parts) + 1)]
    return ["/".join(parts[:more]) for more in range(1, len(parts) + 1)]


def new_file_mode(root: Path, path: str) -> int:
    """The permission bits of a file that is made: readable and writable for whom its folder is."""
    folder = root.joinpath(*path.split("/")[:-1])
    while folder != root and not folder.is_dir():
        folder = folder.parent
    try:
        return folder.stat().st_mode & 0o666 | 0o600
    except OSError as error:
        raise StorageError(f"cannot look at {folder}: {error.strerror}") from error


def sync_folder(descriptor: int) -> None:
    """Bring an open folder to the disk, where its file system can."""
    with suppress(OSError):
        os.fsync(descriptor)
