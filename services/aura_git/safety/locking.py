"""One writer of Aura's per repository, and respect for git's own locks."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from aura_git.repository import Repository
from aura_shared.errors import RepositoryBusy
from aura_shared.locks import take_lock

__all__ = ["WriterLock", "aura_folder", "held_locks", "living_git", "wait_for_git", "writing"]

_LOOK_S: Final = 0.02
_WAIT_S: Final = 10.0
_LOCKS: Final = ("index.lock", "HEAD.lock")
_COMMON_LOCKS: Final = ("packed-refs.lock", "shallow.lock")
_OLD_S: Final = 60.0
"""A lock that is older, with no git at work here, is most likely a forgotten one."""


def aura_folder(repository: Repository) -> Path:
    """Aura's own folder of a repository, shared by its work trees; made when it is not there."""
    folder = repository.common_dir / "aura"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


class WriterLock:
    """An exclusive lock across threads, processes and linked work trees; the system frees it when its process dies."""

    def __init__(self, repository: Repository, wait_s: float) -> None:
        self._path = aura_folder(repository) / "lock"
        self._wait_s = wait_s
        self._fd: int | None = None
        self.kept = False
        """Whether an operation goes on to hold it."""

    def acquire(self, purpose: str) -> None:
        """Take it, or wait for it.

        Args:
            purpose: What it is for; told to others that wait.

        Raises:
            RepositoryBusy: Another writer still has it.
        """
        fd = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            self._lock(fd)
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()} {purpose}\n".encode(), 0)
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd

    def _lock(self, fd: int) -> None:
        if not take_lock(fd, self._wait_s):
            raise RepositoryBusy(self._holder(fd))

    def _holder(self, fd: int) -> str:
        pid, _, purpose = os.pread(fd, 200, 0).decode(errors="replace").strip().partition(" ")
        who = f"`{purpose}` of process {pid}" if purpose else "another writer"
        return f"{who} is at work in this repository, and did not end within {self._wait_s:g} s"

    def release(self) -> None:
        """Give it back; nothing happens when it is not held."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.ftruncate(fd, 0)
            os.close(fd)


@contextmanager
def writing(repository: Repository, purpose: str, *, wait_s: float = _WAIT_S) -> Generator[None]:
    """Hold the writer's lock for something that is no operation: no snapshot, and nothing to undo.

    Args:
        repository: Which.
        purpose: What it is for; told to others that wait.
        wait_s: How long to wait for another writer.

    Raises:
        RepositoryBusy: Another writer still has it.
    """
    lock = WriterLock(repository, wait_s)
    lock.acquire(purpose)
    try:
        yield
    finally:
        lock.release()


def held_locks(repository: Repository) -> list[Path]:
    """Git's lock files that are there now."""
    found = [repository.git_dir / name for name in _LOCKS]
    found += [repository.common_dir / name for name in _COMMON_LOCKS]
    return [path for path in (*found, *_ref_locks(repository.common_dir / "refs" / "heads")) if path.exists()]


def _ref_locks(folder: Path) -> Iterator[Path]:
    for top, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".lock"):
                yield Path(top) / name


def wait_for_git(repository: Repository, wait_s: float) -> None:
    """Wait until no other git holds a lock; none is ever deleted here.

    Raises:
        RepositoryBusy: One is still held; the message says by whom, or that its owner is gone.
    """
    deadline = time.monotonic() + wait_s
    while locks := held_locks(repository):
        if time.monotonic() >= deadline:
            raise _busy(repository, locks[0])
        time.sleep(_LOOK_S)


def _busy(repository: Repository, lock: Path) -> RepositoryBusy:
    try:
        age_s = time.time() - lock.stat().st_mtime
    except OSError:
        age_s = 0.0
    at_work = living_git(repository)
    if at_work:
        which = ", ".join(str(pid) for pid in at_work)
        return RepositoryBusy(
            f"git holds {lock.name}: process {which} is at work in this repository",
            hint="Try again once it has ended; an editor that waits for a commit message holds it too.",
        )
    if at_work is None or age_s < _OLD_S:
        return RepositoryBusy(f"another program holds git's {lock.name}, since {age_s:.0f} s")
    return RepositoryBusy(
        f"git's {lock.name} was left behind {age_s:.0f} s ago: no git of yours is at work in this repository",
        hint=f"When you are sure that no other program uses it, remove the file yourself: {lock}",
    )


def living_git(repository: Repository) -> list[int] | None:
    """Processes of git that work in a repository; None where the system does not tell.

    Only processes of the same user can be seen.
    """
    try:
        pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    except OSError:
        return None
    places = {os.path.realpath(repository.root), os.path.realpath(repository.common_dir)}
    return [pid for pid in pids if _is_git_in(pid, places)]


def _is_git_in(pid: int, places: set[str]) -> bool:
    try:
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
        if not name.startswith("git"):
            return False
        folder = str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return False
    return any(folder == place or folder.startswith(f"{place}/") for place in places)
