"""What tells of changes in git's folders: inotify on Linux, the system's own recursive watch elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from aura_shared.watched_folders import InotifyWatches, SystemWatches, WatchedFolders

if TYPE_CHECKING:  # watchdog is loaded when something is watched
    from watchdog.observers.inotify_c import InotifyEvent

__all__ = ["RefWatches", "ref_watches", "tells"]

_MARKS: Final = frozenset(
    (
        *("HEAD", "packed-refs", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG"),
        *("rebase-merge", "rebase-apply", "sequencer"),
    )
)
_INDEX: Final = "index"
_REFS: Final = ("refs/heads", "refs/remotes", "refs/tags")


def tells(path: str) -> bool:
    """Whether a change of this file, relative to git's folder, can mean that a ref or HEAD moved."""
    if path.endswith(".lock"):
        return False
    return path in _MARKS or path.startswith(tuple(f"{folder}/" for folder in _REFS))


class RefWatches(Protocol):
    """Something that calls back when refs or HEAD may have moved, and when the index was written."""

    def add(
        self,
        key: str,
        git_dir: Path,
        common_dir: Path,
        moved: Callable[[], None],
        index_moved: Callable[[], None] | None = None,
    ) -> None:
        """Watch a repository; raises OSError when the system cannot."""
        ...

    def remove(self, key: str) -> None:
        """Watch it no more."""
        ...

    def close(self) -> None:
        """Stop, and wait for the thread."""
        ...


def ref_watches() -> RefWatches:
    """The best that this system has."""
    return InotifyRefWatches() if sys.platform == "linux" else SystemRefWatches()


class InotifyRefWatches:
    """Git's folders tell of HEAD, the index and what is under way; those of refs tell of themselves."""

    def __init__(self) -> None:
        self._watches = InotifyWatches()

    def add(
        self,
        key: str,
        git_dir: Path,
        common_dir: Path,
        moved: Callable[[], None],
        index_moved: Callable[[], None] | None = None,
    ) -> None:
        """Watch a repository; raises OSError when the system cannot."""
        own, common = str(git_dir), str(common_dir)

        def told(watched: WatchedFolders, folder: str, event: InotifyEvent) -> None:
            full = f"{folder}/{os.fsdecode(event.name)}"
            path = os.path.relpath(full, own if folder == own else common)
            if event.is_directory and (event.is_create or event.is_moved_to) and path.startswith("refs/"):
                watched.watch_tree(full)
            if tells(path):
                moved()
            elif path == _INDEX and index_moved is not None:
                index_moved()

        def lost(_watched: WatchedFolders) -> None:
            moved()
            if index_moved is not None:
                index_moved()

        watched = self._watches.add(key, told, lost)
        for folder in dict.fromkeys((own, common)):
            watched.watch(folder)
        for name in _REFS:
            watched.watch_tree(f"{common}/{name}")

    def remove(self, key: str) -> None:
        """Watch it no more."""
        self._watches.remove(key)

    def close(self) -> None:
        """Stop, and wait for the thread."""
        self._watches.close()


class SystemRefWatches:
    """A recursive watch of the operating system."""

    def __init__(self) -> None:
        self._watches = SystemWatches()

    def add(
        self,
        key: str,
        git_dir: Path,
        common_dir: Path,
        moved: Callable[[], None],
        index_moved: Callable[[], None] | None = None,
    ) -> None:
        """Watch a repository; raises OSError when the system cannot."""

        def told(paths: set[str]) -> None:
            if any(tells(path) for path in paths):
                moved()
            if index_moved is not None and any(path.rpartition("/")[2] == _INDEX for path in paths):
                index_moved()

        folders = {str(folder): folder == common_dir for folder in dict.fromkeys((git_dir, common_dir))}
        self._watches.add(key, folders, told)

    def remove(self, key: str) -> None:
        """Watch it no more."""
        self._watches.remove(key)

    def close(self) -> None:
        """Stop, and wait for the threads."""
        self._watches.close()
