"""Replaces files as a whole: what is written lies in Aura's own folder first, so that a kill leaves nothing elsewhere.

Only for whoever holds the writer's lock: that folder is cleared by the next one who takes it.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from secrets import token_hex
from typing import Final

from aura_git.repository import Repository
from aura_git.safety.locking import aura_folder
from aura_git.safety.snapshots import scratch_folder

__all__ = ["move_into_place", "remove_beside", "replace_file"]

_BESIDE: Final = "beside"
"""Folder of notes, one for each file that is being written beside its place: named as that file, with its path."""
_PREFIX: Final = ".aura-"


def replace_file(repository: Repository, place: Path, content: bytes, *, mode: int) -> None:
    """Write a file as a whole or not at all; on disk when this returns.

    Args:
        repository: In which the writer's lock is held.
        place: Where; its folder is there.
        content: What.
        mode: Permissions.

    Raises:
        OSError: It cannot be written; what was there is untouched.
    """
    with scratch_folder(repository, f"file-{token_hex(8)}") as folder:
        ready = folder / "content"
        with ready.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        ready.chmod(mode)
        move_into_place(repository, ready, place)


def move_into_place(repository: Repository, ready: Path, place: Path) -> None:
    """Put a file, or a link, in the place of another in one moment.

    Args:
        repository: In which the writer's lock is held.
        ready: A file in Aura's own folder; it may be left there.
        place: Where it goes, also on another file system.

    Raises:
        OSError: It cannot be written; what was there is untouched.
    """
    try:
        ready.replace(place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_into_place(repository, ready, place)


def _copy_into_place(repository: Repository, ready: Path, place: Path) -> None:
    beside = place.with_name(f"{_PREFIX}{token_hex(8)}")
    note = aura_folder(repository) / _BESIDE / beside.name
    note.parent.mkdir(mode=0o700, exist_ok=True)
    note.write_bytes(os.fsencode(beside.absolute()))
    try:
        shutil.copy2(ready, beside, follow_symlinks=False)
        _sync(beside)
        beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)
        note.unlink(missing_ok=True)


def _sync(file: Path) -> None:
    if not file.is_symlink():
        with file.open("rb") as opened:
            os.fsync(opened.fileno())


def remove_beside(repository: Repository) -> None:
    """Remove what a process that died left beside files on another file system."""
    for note in (aura_folder(repository) / _BESIDE).glob(f"{_PREFIX}*"):
        left = Path(os.fsdecode(note.read_bytes()))
        if left.name == note.name:  # else it died while it wrote the note, before anything else
            left.unlink(missing_ok=True)
        note.unlink(missing_ok=True)
