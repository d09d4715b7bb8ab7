"""Copies that programs run in, and what is taken back out of them."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import posixpath
import stat
import tempfile
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Final

from aura_factory.sandbox.identity import Identity, hand_over, identity_for, is_root
from aura_factory.sandbox.trees import open_folder, remove_tree
from aura_shared.errors import Conflict, DiskFull, StorageError, TooLarge, UnsafePath

__all__ = ["Workspace", "collect", "copy_workspace", "run_folder", "sweep"]

_RUN_PREFIX: Final = "run-"
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FICLONE: Final = 0x40049409
_SMALL: Final = 131_072
"""Up to here one read and one write are faster than asking the kernel to share or copy."""
_NO_SHARING: Final = frozenset({errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM})
_MAX_RESULT: Final = 16_777_216


@dataclass(frozen=True, slots=True)
class Workspace:
    """A copy of some files of a project."""

    root: Path
    """The folder of the copy; `Policy.workspace`."""
    files: int
    """How many files are in it."""
    size: int
    """Their bytes."""
    mounts: Mapping[Path, Path] = field(default_factory=dict[Path, Path])
    """Folders of dependencies that are shown and not copied; `Policy.mounts`."""
    skipped: tuple[tuple[str, str], ...] = ()
    """What was asked for and is not in it, and why."""


@contextlib.contextmanager
def run_folder(scratch: Path) -> Generator[Path]:
    """A new folder for one run below the scratch folder; removed in the end, with all in it."""
    scratch.mkdir(mode=0o711 if is_root() else 0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=_RUN_PREFIX, dir=scratch))
    if is_root():
        folder.chmod(0o711)  # The user that programs run as has to pass.
    try:
        yield folder
    finally:
        remove_tree(folder)


def sweep(scratch: Path) -> int:
    """Remove what runs of an earlier process left below the scratch folder; returns how many. For the start only."""
    try:
        left = [entry for entry in scratch.iterdir() if entry.name.startswith(_RUN_PREFIX)]
    except FileNotFoundError:
        return 0
    for folder in left:
        remove_tree(folder)
    return len(left)


def copy_workspace(root: Path, files: Iterable[str], into: Path, *, environments: Path | None = None) -> Workspace:
    """Copy named regular files of a project into a new folder.

    Nothing below `.git` is copied and no link is followed: a link that points to another place in the project is made
    again, any other is skipped. Environments (`.venv`, `node_modules`) beside copied files are not copied; they are
    among the `mounts` of what comes back. As root the copy belongs to the user that programs will run as.

    Args:
        root: The project.
        files: Paths below it, with forward slashes.
        into: A folder that does not exist yet; on an error it does not exist afterwards either.
        environments: The folder whose environments are shown, where that is not `root`.

    Raises:
        Conflict: `into` exists.
        DiskFull: There is no room for the copy.
        StorageError: It cannot be written for another reason.
    """
    try:
        into.mkdir(parents=True)
    except FileExistsError as error:
        raise Conflict(f"{into} exists already; a copy needs a folder of its own") from error
    copier = _Copier(root, into, environments or root)
    try:
        copier.copy(files)
        mounts = copier.place_mounts()
        if copier.identity is not None:
            hand_over(into, copier.identity)
    except OSError as error:
        remove_tree(into)
        kind = DiskFull if error.errno in {errno.ENOSPC, errno.EDQUOT} else StorageError
        raise kind(f"the copy of {root} cannot be written to {into}: {error.strerror}") from error
    except BaseException:
        remove_tree(into)
        raise
    return Workspace(into, copier.files, copier.size, mounts, tuple(copier.skipped))


class _Skip(Exception):
    """A file is left out; the text says why."""


class _Copier:
    """One copy at work."""

    def __init__(self, root: Path, into: Path, environments: Path) -> None:
        self._root = root
        self._environments = environments
        self._into = into
        self.files = 0
        self.size = 0
        self.skipped: list[tuple[str, str]] = []
        self._folders: set[str] = {""}
        self.identity: Identity | None = identity_for(None) if is_root() else None

    def copy(self, files: Iterable[str]) -> None:
        """Copy folder by folder, so that each is opened once."""
        source = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        target = os.open(self._into, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            wanted = sorted(self._sound(files))
            for folder, names in groupby(wanted, key=lambda pair: pair[0]):
                self._copy_folder(source, target, folder, [name for _, name in names])
        finally:
            os.close(source)
            os.close(target)

    def _sound(self, files: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Folder and name of each path that stays in the project."""
        for path in dict.fromkeys(files):
            parts = path.split("/")
            if "\0" in path or any(part in {"", ".", ".."} for part in parts):
                self.skipped.append((path, "not a path below the project"))
            elif any(part.lower() == ".git" for part in parts):
                self.skipped.append((path, "belongs to git"))
            else:
                yield "/".join(parts[:-1]), parts[-1]

    def _copy_folder(self, source: int, target: int, folder: str, names: list[str]) -> None:
        parts = folder.split("/") if folder else []
        try:
            opened = open_folder(source, parts)
            here = opened.__enter__()
        except OSError as error:
            why = "gone" if error.errno == errno.ENOENT else "below a link, or below something that is no folder"
            self.skipped += [(posixpath.join(folder, name), why) for name in names]
            return
        try:
            with open_folder(target, parts, make=True) as there:
                self._folders.add(folder)
                for name in names:
                    try:
                        self._copy_entry(here, there, folder, name)
                    except _Skip as skip:
                        self.skipped.append((posixpath.join(folder, name), str(skip)))
        finally:
            opened.__exit__(None, None, None)

    def _copy_entry(self, here: int, there: int, folder: str, name: str) -> None:
        try:
            reading = os.open(name, _READ, dir_fd=here)
        except OSError as error:
            if error.errno == errno.ELOOP:
                self._copy_link(here, there, folder, name)
                return
            raise _Skip("gone" if error.errno == errno.ENOENT else f"cannot be read: {error.strerror}") from error
        try:
            found = os.fstat(reading)
            if not stat.S_ISREG(found.st_mode):
                raise _Skip("not a regular file")
            writing = os.open(name, _WRITE, 0o600 | (found.st_mode & 0o777), dir_fd=there)
            try:
                self.size += _copy_content(reading, writing, found.st_size)
                # Build tools compare times: a copy that looks new would be built anew.
                os.utime(writing, ns=(found.st_atime_ns, found.st_mtime_ns))
            finally:
                os.close(writing)
        finally:
            os.close(reading)
        self.files += 1

    def _copy_link(self, here: int, there: int, folder: str, name: str) -> None:
        points_to = os.readlink(name, dir_fd=here)
        meant = posixpath.normpath(posixpath.join(folder, points_to))
        parts = meant.split("/")
        if points_to.startswith("/") or parts[0] == ".." or any(part.lower() == ".git" for part in parts):
            raise _Skip(f"a link that leads out of the project: {points_to}")
        os.symlink(points_to, name, dir_fd=there)

    def place_mounts(self) -> dict[Path, Path]:
        """Empty folders at which environments are shown."""
        mounts: dict[Path, Path] = {}
        for folder in sorted(self._folders | {above for path in self._folders for above in _above(path)}):
            for name in (".venv", "venv", "env", "node_modules"):
                place = self._into / folder / name
                outside = self._environments / folder / name
                if not _is_environment(outside) or os.path.lexists(place):
                    continue
                place.mkdir()
                mounts[place] = outside
        return mounts


def _above(folder: str) -> Iterator[str]:
    while folder:
        folder = posixpath.dirname(folder)
        yield folder


def _is_environment(folder: Path) -> bool:
    if folder.is_symlink() or not folder.is_dir():
        return False
    return folder.name == "node_modules" or (folder / "pyvenv.cfg").is_file()


def _copy_content(reading: int, writing: int, size: int) -> int:
    """Copy a file's content by the cheapest way that works; returns how many bytes."""
    if size > _SMALL:
        try:
            fcntl.ioctl(writing, _FICLONE, reading)
        except OSError as error:
            if error.errno not in _NO_SHARING:
                raise
        else:
            return size
        with contextlib.suppress(OSError):
            while os.copy_file_range(reading, writing, 1 << 30):
                pass
    # What is left, which is nothing when the kernel copied all of it.
    while chunk := os.read(reading, 1 << 20):
        view = memoryview(chunk)
        while view:
            view = view[os.write(writing, view) :]
    return os.lseek(writing, 0, os.SEEK_CUR)


def collect(workspace: Workspace, names: Iterable[str], *, max_bytes: int = _MAX_RESULT) -> dict[str, bytes]:
    """Contents of named files in a workspace after a run; those that do not exist are left out.

    The program that ran may have put anything in their place, so links are not followed, on the way neither.

    Raises:
        UnsafePath: A name leads outside, or there is a link, a device, a pipe, or a file with a second name.
        TooLarge: A file has more than `max_bytes`.
    """
    results: dict[str, bytes] = {}
    top = os.open(workspace.root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        for name in names:
            content = _collect_one(top, name, max_bytes)
            if content is not None:
                results[name] = content
    finally:
        os.close(top)
    return results


def _collect_one(top: int, name: str, max_bytes: int) -> bytes | None:
    parts = name.split("/")
    if "\0" in name or any(part in {"", ".", ".."} or part.lower() == ".git" for part in parts):
        raise UnsafePath(f"{name!r} is not a file of the workspace")
    try:
        with open_folder(top, parts[:-1]) as folder:
            reading = os.open(parts[-1], _READ, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnsafePath(f"{name} is no file that can be taken back: {error.strerror}") from error
    try:
        found = os.fstat(reading)
        if not stat.S_ISREG(found.st_mode):
            raise UnsafePath(f"{name} is not a regular file")
        if found.st_nlink > 1:
            raise UnsafePath(f"{name} has a second name somewhere")
        with open(reading, "rb", closefd=False) as file:
            content = file.read(max_bytes + 1)
    finally:
        os.close(reading)
    if len(content) > max_bytes:
        raise TooLarge(f"{name} has {found.st_size:,} bytes; at most {max_bytes:,} are taken back")
    return content
