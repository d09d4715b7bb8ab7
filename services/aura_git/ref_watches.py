"""What tells of changes in git's folders: inotify on Linux, the system's own recursive watch elsewhere."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:  # watchdog is loaded when something is watched
    from watchdog.observers.inotify_c import InotifyEvent, InotifyFD, WatchDescriptor

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
    """One thread and one descriptor for all repositories; it sleeps until the kernel tells of something."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inotify: InotifyFD | None = None
        self._watched: dict[str, _Watched] = {}

    def add(
        self,
        key: str,
        git_dir: Path,
        common_dir: Path,
        moved: Callable[[], None],
        index_moved: Callable[[], None] | None = None,
    ) -> None:
        """Watch a repository; raises OSError when the system cannot."""
        from watchdog.observers.inotify_c import InotifyFD  # noqa: PLC0415 - loads the C library's inotify

        self.remove(key)
        with self._lock:
            if self._inotify is None:
                self._inotify = InotifyFD()
                self._inotify.start()
            watched = _Watched(self._inotify, len(self._watched) + 1, moved, index_moved)
            while any(other.id == watched.id for other in self._watched.values()):
                watched.id += 1
            self._watched[key] = watched
        for folder in dict.fromkeys((git_dir, common_dir)):
            watched.watch(str(folder), str(folder))
        for name in _REFS:
            watched.watch_tree(str(common_dir), f"{common_dir}/{name}")

    def remove(self, key: str) -> None:
        """Watch it no more."""
        with self._lock:
            watched = self._watched.pop(key, None)
        if watched is not None:
            watched.close()

    def close(self) -> None:
        """Stop, and wait for the thread."""
        with self._lock:
            inotify, self._inotify = self._inotify, None
            self._watched.clear()
        if inotify is not None:
            inotify.stop()
            inotify.join()


class _Watched:
    """The watches of one repository; called by watchdog."""

    def __init__(
        self, inotify: InotifyFD, number: int, moved: Callable[[], None], index_moved: Callable[[], None] | None
    ) -> None:
        self._inotify = inotify
        self.id = number
        self._moved = moved
        self._index_moved = index_moved
        self._folders: dict[WatchDescriptor, tuple[str, str]] = {}

    def watch(self, top: str, folder: str) -> None:
        from watchdog.observers.inotify_c import CallbackId, InotifyConstants, Mask  # noqa: PLC0415 - loaded already

        mask = Mask(
            InotifyConstants.IN_CLOSE_WRITE
            | InotifyConstants.IN_CREATE
            | InotifyConstants.IN_DELETE
            | InotifyConstants.IN_MOVED_FROM
            | InotifyConstants.IN_MOVED_TO
            | InotifyConstants.IN_DONT_FOLLOW
            | InotifyConstants.IN_ONLYDIR
        )
        try:
            wd = self._inotify.add_callback(os.fsencode(folder), mask, self, CallbackId(self.id))
        except (FileNotFoundError, NotADirectoryError):
            return
        self._folders[wd] = top, folder

    def watch_tree(self, top: str, folder: str) -> None:
        for found, _, _ in os.walk(folder):
            if found not in {known for _, known in self._folders.values()}:
                self.watch(top, found)

    def close(self) -> None:
        from watchdog.observers.inotify_c import CallbackId  # noqa: PLC0415 - loaded already

        callbacks = [(wd, CallbackId(self.id)) for wd in self._folders]
        self._folders.clear()
        self._inotify.remove_callbacks(callbacks)

    def on_event(self, event: InotifyEvent) -> None:
        known = self._folders.get(event.wd)
        if known is None or not event.name:
            return
        top, folder = known
        full = f"{folder}/{os.fsdecode(event.name)}"
        path = os.path.relpath(full, top)
        if event.is_directory and (event.is_create or event.is_moved_to) and path.startswith("refs/"):
            self.watch_tree(top, full)
        if tells(path):
            self._moved()
        elif path == _INDEX and self._index_moved is not None:
            self._index_moved()

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        self._folders.pop(wd, None)

    def on_queue_overflow(self) -> None:
        self._moved()
        if self._index_moved is not None:
            self._index_moved()


class SystemRefWatches:
    """A recursive watch of the operating system, for those that have one (FSEvents, ReadDirectoryChangesW)."""

    def __init__(self) -> None:
        from watchdog.observers import Observer  # noqa: PLC0415 - loaded when something is watched

        self._observer = Observer()
        self._observer.start()
        self._watches: dict[str, list[object]] = {}

    def add(
        self,
        key: str,
        git_dir: Path,
        common_dir: Path,
        moved: Callable[[], None],
        index_moved: Callable[[], None] | None = None,
    ) -> None:
        """Watch a repository; raises OSError when the system cannot."""
        from watchdog.events import FileSystemEvent, FileSystemEventHandler  # noqa: PLC0415 - loaded already

        class _Told(FileSystemEventHandler):
            def __init__(self, folder: Path) -> None:
                self._folder = os.path.realpath(folder)

            def on_any_event(self, event: FileSystemEvent) -> None:
                if event.event_type in {"opened", "closed_no_write"}:
                    return
                paths = {
                    os.path.relpath(os.fsdecode(raw), self._folder).replace(os.sep, "/")
                    for raw in (event.src_path, event.dest_path)
                    if raw
                }
                if any(tells(path) for path in paths):
                    moved()
                if index_moved is not None and any(path.rpartition("/")[2] == _INDEX for path in paths):
                    index_moved()

        self.remove(key)
        folders = dict.fromkeys((git_dir, common_dir))
        self._watches[key] = [
            self._observer.schedule(_Told(folder), os.path.realpath(folder), recursive=folder == common_dir)
            for folder in folders
        ]

    def remove(self, key: str) -> None:
        """Watch it no more."""
        for watch in self._watches.pop(key, []):
            self._observer.unschedule(watch)  # pyright: ignore[reportArgumentType] - what `schedule` gave

    def close(self) -> None:
        """Stop, and wait for the threads."""
        self._observer.stop()
        self._observer.join()
