"""Writing many files as one: what is about to be written is kept first, and what was interrupted is taken back.

A step goes: journal (committed in the store) → a temporary file beside each file, brought to the disk → each file is
looked at once more and renamed over → folders brought to the disk → done (committed). Whatever ends it before that,
an error or a kill, `take_back` makes every file what it was; edits that somebody made in between are kept by merging.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from aura_factory.changes.places import folder_of, missing_folders, read_at, read_file, sync_folder
from aura_factory.changes.records import StoredStep
from aura_factory.changes.transitions import Write, merge_bytes
from aura_shared.errors import AuraError, FileMovedOn, UnsafePath
from aura_shared.storage import storage_error

Step = Callable[[str], None]
"""Called before each thing that is done to the disk, with its name; tests stop a process there."""


def no_step(_name: str) -> None:
    """Do nothing."""


def folders_to_make(root: Path, writes: Iterable[Write]) -> list[str]:
    """The folders that writes need and that are not there, outermost first."""
    found: dict[str, None] = {}
    for write in writes:
        if write.post is not None:
            found.update(dict.fromkeys(missing_folders(root, write.path)))
    return list(found)


def carry_out(step: StoredStep, at: Step = no_step) -> None:
    """Write the files of a step that is in the journal.

    Raises:
        FileMovedOn: A file changed in the meantime.
        UnsafePath: A file became a link, or lies behind one now.
        StorageError: A file cannot be written. After any error some files may be new: call `take_back`.
    """
    try:
        for folder in step.folders:
            at(f"make folder {folder}")
            _make_folder(step.root, folder)
        for number, write in enumerate(step.writes):
            if write.post is not None:
                _prepare(step.root, write.path, write.post, write.post_mode, _temporary(step, number), at)
        for number, write in enumerate(step.writes):
            _replace(step.root, write, _temporary(step, number), at)
        _sync(step, at)
    except OSError as error:
        raise storage_error(error, str(error.filename or step.root)) from error


def is_written(step: StoredStep) -> bool:
    """Whether every file is as the step shall leave it."""
    return all(_bytes_now(step.root, write.path) == (True, write.post) for write in step.writes)


class TakenBack(NamedTuple):
    """What came of taking a step back."""

    problems: list[str]
    """Files that are not as they were, and why; for a person to read."""
    again: bool
    """Whether trying again later may help."""


def take_back(step: StoredStep, at: Step = no_step) -> TakenBack:
    """Make every file what it was before a step. It can be interrupted and done again at any point."""
    problems: list[str] = []
    again = False
    for number, write in reversed(list(enumerate(step.writes))):
        try:
            _clear(step.root, write.path, [_temporary(step, number), _temporary(step, number, back=True)], at)
            problem = _take_back(step, number, write, at)
        except (AuraError, OSError) as error:
            problem = f"{write.path} could not be taken back: {error}"
            again = again or not isinstance(error, UnsafePath)
        if problem:
            problems.append(problem)
    for folder in reversed(step.folders):
        at(f"remove folder {folder}")
        remove_empty(step.root, folder)
    with suppress(AuraError, OSError):
        _sync(step, at)
    return TakenBack(problems, again)


def clear_temporaries(step: StoredStep, at: Step = no_step) -> None:
    """Remove what a step that is written may have left beside its files."""
    for number, write in enumerate(step.writes):
        with suppress(AuraError, OSError):
            _clear(step.root, write.path, [_temporary(step, number), _temporary(step, number, back=True)], at)


def remove_empty(root: Path, folder: str) -> None:
    """Remove a folder of a project, when it is empty."""
    with suppress(AuraError, OSError), folder_of(root, folder) as (parent, name):
        os.rmdir(name, dir_fd=parent)


def _temporary(step: StoredStep, number: int, *, back: bool = False) -> str:
    return f".aura-{step.change}-{step.id}-{number}{'-back' if back else ''}.tmp"


def _bytes_now(root: Path, path: str) -> tuple[bool, bytes | None]:
    """Whether a path can be read, and its bytes."""
    try:
        found = read_file(root, path)
    except AuraError:
        return False, None
    return True, found.data if found else None


def _make_folder(root: Path, folder: str) -> None:
    with folder_of(root, folder) as (parent, name):
        mode = os.fstat(parent).st_mode & 0o777
        try:
            os.mkdir(name, mode, dir_fd=parent)
        except FileExistsError:
            return
        made = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            os.fchmod(made, mode)  # The process's umask is not the project's.
        finally:
            os.close(made)
        sync_folder(parent)


def _prepare(root: Path, path: str, data: bytes, mode: int, temporary: str, at: Step) -> None:
    """Write a temporary file beside a file and bring it to the disk."""
    with folder_of(root, path) as (folder, _):
        at(f"make temporary for {path}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600, dir_fd=folder)
        with os.fdopen(descriptor, "wb") as file:
            at(f"write temporary for {path}")
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            at(f"sync temporary for {path}")
            os.fsync(file.fileno())


def _replace(root: Path, write: Write, temporary: str, at: Step) -> None:
    """Put the new file in the place of the old one, if that is still what it was."""
    at(f"replace {write.path}")
    with folder_of(root, write.path) as (folder, name):
        now = read_at(folder, name, write.path)
        if (now.data if now else None) != write.pre:
            raise FileMovedOn(f"{write.path} changed while the change was written", hint="Try again.")
        if write.post is None:
            os.unlink(name, dir_fd=folder)
        elif write.pre is None:
            _create(folder, temporary, name, at)
        else:
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)


def _create(folder: int, temporary: str, name: str, at: Step) -> None:
    """Give a temporary file its name, unless something has that name by now."""
    try:
        os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}:
            raise
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)  # No hard links on this file system.
        return
    at(f"unlink temporary of {name}")
    os.unlink(temporary, dir_fd=folder)


def _take_back(step: StoredStep, number: int, write: Write, at: Step) -> str:
    """Make one file what it was; returns why it cannot be."""
    now = read_file(step.root, write.path)
    data = now.data if now else None
    if data == write.pre:
        return ""
    wanted = write.pre
    if data != write.post:
        if write.pre is None or write.post is None or data is None:
            return f"{write.path} was edited while the change was being written, and stays as it is"
        merged = merge_bytes(write.post, write.pre, data)
        if isinstance(merged, str) or merged.conflicts:
            return f"{write.path} was edited while the change was being written, and stays as it is, half changed"
        wanted = merged.text
        if wanted == data:
            return ""
    mode = now.mode if now else write.pre_mode
    undo = Write(write.path, data, wanted, now.mode if now else 0, mode)
    temporary = _temporary(step, number, back=True)
    if wanted is not None:
        _recreate_folders(step.root, write.path)
        _prepare(step.root, write.path, wanted, mode, temporary, at)
    _replace(step.root, undo, temporary, at)
    return ""


def _recreate_folders(root: Path, path: str) -> None:
    for folder in missing_folders(root, path):
        _make_folder(root, folder)


def _clear(root: Path, path: str, temporaries: Sequence[str], at: Step) -> None:
    with suppress(FileNotFoundError), folder_of(root, path) as (folder, _):
        for temporary in temporaries:
            with suppress(FileNotFoundError):
                at(f"clear temporary of {path}")
                os.unlink(temporary, dir_fd=folder)


def _sync(step: StoredStep, at: Step) -> None:
    """Bring the folders of a step to the disk."""
    done: set[str] = set()
    for write in step.writes:
        place = write.path.rpartition("/")[0]
        if place not in done:
            done.add(place)
            at(f"sync folder {place or '.'}")
            with suppress(FileNotFoundError), folder_of(step.root, write.path) as (folder, _):
                sync_folder(folder)
