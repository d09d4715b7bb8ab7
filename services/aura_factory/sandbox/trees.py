"""Folders that confined programs have written: never follow their links, never trip over their depth or modes."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Final

__all__ = ["bytes_below", "open_folder", "remove_tree"]

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TOO_MUCH: Final = 1 << 62


@contextlib.contextmanager
def open_folder(top: int, parts: Sequence[str], *, make: bool = False) -> Generator[int]:
    """A descriptor for a folder below an open one; no part of the way may be a link.

    Args:
        top: The folder to start from.
        parts: Names of the folders on the way.
        make: Make those that are missing.

    Raises:
        OSError: A part is missing, a link (ELOOP or ENOTDIR) or no folder.
    """
    here = os.dup(top)
    try:
        for part in parts:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, dir_fd=here)
            below = os.open(part, _FOLDER, dir_fd=here)
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


def remove_tree(tree: Path) -> None:
    """Remove a folder and all in it, however deep and whatever the modes; nothing may run in it. Missing is fine.

    Folders are moved up to the top one by one, so neither paths nor recursion grow.
    """
    if tree.is_symlink() or not tree.is_dir():
        tree.unlink(missing_ok=True)
        return
    tree.chmod(0o700)
    top = os.open(tree, _FOLDER)
    try:
        ahead = _clear(top, top, 0)
        number = len(ahead)
        while ahead:
            name = ahead.pop()
            with open_folder(top, [name]) as folder:
                found = _clear(folder, top, number)
            os.rmdir(name, dir_fd=top)
            number += len(found)
            ahead += found
    finally:
        os.close(top)
    tree.rmdir()


def _clear(folder: int, top: int, number: int) -> list[str]:
    """Unlink the files of a folder and move its folders to the top; returns their new names."""
    moved: list[str] = []
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_folder in found:
        if not is_folder:
            os.unlink(name, dir_fd=folder)
            continue
        os.chmod(name, 0o700, dir_fd=folder)
        number += 1
        fresh = f".aura-removing-{number}"
        os.rename(name, fresh, src_dir_fd=folder, dst_dir_fd=top)
        moved.append(fresh)
    return moved


def bytes_below(folders: Sequence[Path]) -> int:
    """Bytes on the disk that folders take; a huge number when one lies too deep to be measured."""
    total = 0
    ahead = [str(folder) for folder in folders]
    while ahead:
        try:
            with os.scandir(ahead.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        ahead.append(entry.path)
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return _TOO_MUCH
    return total
