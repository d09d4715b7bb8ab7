"""Replaces files of a project so that nobody's words are lost: not by a kill, not by an editor that saves meanwhile.

A file is written beside its place under a name that begins with a dot, and takes the place in one step. On Linux that
step exchanges both files, so what was replaced can be looked at: when it is not what the change was made from, both go
back.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Final

from aura_shared.errors import DiskFull, FileMovedOn, StorageError, UnsafePath

__all__ = ["LEFTOVER", "At", "current", "put", "safe_place"]

At = Callable[[str], None]
"""Called before each step with its name; tests end the process there."""
LEFTOVER: Final = ".aura-"
_MOST_NAME: Final = 200
_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def current(place: Path) -> bytes | None:
    """What a file holds; None when it is not there.

    Raises:
        StorageError: It is there and cannot be read.
    """
    try:
        return place.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StorageError(f"cannot read {place}: {error.strerror or error}") from error


def safe_place(root: Path, path: str) -> Path:
    """The place of a file of the plan.

    Raises:
        UnsafePath: It leads out of the project, through `..` or a link.
    """
    place = root / path
    if not path.startswith(".ai/") or ".." in path.split("/") or place.is_symlink():
        raise UnsafePath(f"{path} is no file of the plan")
    top = os.path.realpath(root)
    if not os.path.realpath(place.parent).startswith(f"{top.rstrip('/')}/"):
        raise UnsafePath(f"{path} leads out of the project")
    return place


def put(
    place: Path, expected: bytes | None, content: bytes | None, *, new_mode: int, at: At = lambda _name: None
) -> None:
    """Give a file another content, make it, or remove it; on disk when this returns.

    Args:
        place: The file.
        expected: What it must hold now; None when it must not be there.
        content: What it holds then; None removes it.
        new_mode: Permissions of a new file; one that is there keeps its own.
        at: Called before each step.

    Raises:
        FileMovedOn: It holds something else. It is untouched.
        DiskFull: There is no room.
        StorageError: It cannot be written.
    """
    if current(place) != expected:
        raise _moved_on(place)
    if content == expected:
        return
    try:
        if content is None:
            _remove(place, expected, at)
        else:
            _write(place, expected, content, new_mode, at)
        at("sync folder")
        _sync_folder(place.parent)
    except OSError as error:
        kind = DiskFull if error.errno in _FULL else StorageError
        raise kind(f"cannot write {place}: {error.strerror or error}") from error


def _write(place: Path, expected: bytes | None, content: bytes, new_mode: int, at: At) -> None:
    place.parent.mkdir(parents=True, exist_ok=True, mode=new_mode | (new_mode & 0o444) >> 2)
    mode = new_mode if expected is None else place.stat().st_mode & 0o7777
    beside = _beside(place)
    at("write beside")
    ours = True  # what lies beside; after an exchange it is what somebody else may have written
    given_back = False
    try:
        _fill(beside, content, mode, at)
        at("take place")
        if expected is None:
            _link(beside, place)
        elif not _exchange(beside, place):
            _replace_if(expected, beside, place)
        else:
            ours = False
            at("look at the old one")
            ours = given_back = _given_back(expected, beside, place)
        at("remove the old one")
    except _Kept as kept:
        raise FileMovedOn(
            f"{place.name} was changed by somebody else in the same moment; their text is in {beside.name}",
            hint="Compare both files, and take the second one away.",
        ) from kept
    except BaseException:
        if ours:
            _unlink(beside)
        raise
    _unlink(beside)
    if given_back:
        raise _moved_on(place)


def _beside(place: Path) -> Path:
    """A free name beside a file; names have bounds in bytes."""
    name = place.name.encode("utf-8", "surrogateescape")[:_MOST_NAME].decode("utf-8", "ignore")
    return place.with_name(f"{LEFTOVER}{token_hex(6)}-{name}")


class _Kept(Exception):
    """What somebody else wrote lies beside its place and must stay there."""


def _fill(beside: Path, content: bytes, mode: int, at: At) -> None:
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        half = len(content) // 2
        file.write(content[:half])
        file.flush()
        at("half written")
        file.write(content[half:])
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())


def _replace_if(expected: bytes, beside: Path, place: Path) -> None:
    """The same where files cannot be exchanged: looked at just before."""
    if current(place) != expected:
        raise _moved_on(place)
    beside.replace(place)


def _given_back(expected: bytes, beside: Path, place: Path) -> bool:
    """Both files were exchanged: unless the old one is what the change was made from, both go back; whether they did.

    Raises:
        _Kept: They cannot go back, or the old one cannot be read; it lies beside.
    """
    try:
        if current(beside) == expected:
            return False
        if _exchange(beside, place):
            return True
    except (OSError, StorageError) as error:
        raise _Kept from error
    raise _Kept


def _unlink(file: Path) -> None:
    with suppress(OSError):
        file.unlink(missing_ok=True)


def _remove(place: Path, expected: bytes | None, at: At) -> None:
    beside = _beside(place)
    at("set aside")
    try:
        place.rename(beside)
    except FileNotFoundError:
        raise _moved_on(place) from None
    at("look at the old one")
    if current(beside) != expected:
        _link(beside, place)
        beside.unlink()
        raise _moved_on(place)
    at("remove the old one")
    beside.unlink(missing_ok=True)


def _link(beside: Path, place: Path) -> None:
    """Give a file its place, unless somebody made one there."""
    try:
        place.hardlink_to(beside)
    except FileExistsError:
        raise _moved_on(place) from None
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}:
            raise
        if place.exists():  # a file system without hard links
            raise _moved_on(place) from error
        beside.replace(place)


def _exchange(one: Path, other: Path) -> bool:
    """Let two files change places in one step; False where the system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes  # noqa: PLC0415 - 1 MB, for whoever writes

    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in {errno.EINVAL, errno.ENOSYS, errno.EPERM}:
        return False
    if number == errno.ENOENT:
        raise _moved_on(other)
    raise OSError(number, os.strerror(number), str(other))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # some file systems cannot sync a folder
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _moved_on(place: Path) -> FileMovedOn:
    return FileMovedOn(
        f"{place.name} was changed by somebody else meanwhile", hint="Nothing was written. Look at it, then try again."
    )
