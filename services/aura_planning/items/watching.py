"""Tells when something below `.ai/` may have changed: inotify on Linux, the system's own recursive watch elsewhere.

The code service's events are not enough here: projects may ignore `.ai/` in git, and while an index is built nothing
comes.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from aura_planning.items.layout import FOLDER
from aura_planning.items.writing import LEFTOVER

if TYPE_CHECKING:  # watchdog is loaded when something is watched
    from watchdog.observers.inotify_c import InotifyEvent, InotifyFD, WatchDescriptor

__all__ = ["PlanWatches", "plan_watches"]


class PlanWatches(Protocol):
    """Something that calls back when a plan may have changed, from a thread of its own."""

    def add(self, key: str, root: Path, moved: Callable[[], None]) -> None:
        """Watch the plan of a project; raises OSError when the system cannot."""
        ...

    def remove(self, key: str) -> None:
        """Watch it no more."""
        ...

    def close(self) -> None:
        """Stop, and wait for the thread."""
        ...


def plan_watches() -> PlanWatches:
    """The best that this system has."""
    return InotifyPlanWatches() if sys.platform == "linux" else SystemPlanWatches()


class InotifyPlanWatches:
    """One thread and one descriptor for all plans; it sleeps until the kernel tells of something."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inotify: InotifyFD | None = None
        self._watched: dict[str, _Watched] = {}

    def add(self, key: str, root: Path, moved: Callable[[], None]) -> None:
        """Watch the plan of a project; raises OSError when the system cannot."""
        from watchdog.observers.inotify_c import InotifyFD  # noqa: PLC0415 - loads the C library's inotify

        self.remove(key)
        with self._lock:
            if self._inotify is None:
                self._inotify = InotifyFD()
                self._inotify.start()
            taken = {other.id for other in self._watched.values()}
            number = next(n for n in range(1, len(taken) + 2) if n not in taken)
            watched = self._watched[key] = _Watched(self._inotify, number, str(root), moved)
        watched.watch_root()

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
    """The watches of one plan; called by watchdog."""

    def __init__(self, inotify: InotifyFD, number: int, root: str, moved: Callable[[], None]) -> None:
        self._inotify = inotify
        self.id = number
        self._root = root
        self._moved = moved
        self._folders: dict[WatchDescriptor, str] = {}

    def watch_root(self) -> None:
        """The folder of the project tells when `.ai/` comes; what is below it tells of itself."""
        from watchdog.observers.inotify_c import InotifyConstants  # noqa: PLC0415 - loaded already

        self._watch(self._root, InotifyConstants.IN_CREATE | InotifyConstants.IN_MOVED_TO)
        self._watch_tree(f"{self._root}/{FOLDER}")

    def _watch(self, folder: str, events: int) -> None:
        from watchdog.observers.inotify_c import CallbackId, InotifyConstants, Mask  # noqa: PLC0415 - loaded already

        mask = Mask(events | InotifyConstants.IN_DONT_FOLLOW | InotifyConstants.IN_ONLYDIR)
        try:
            wd = self._inotify.add_callback(os.fsencode(folder), mask, self, CallbackId(self.id))
        except (FileNotFoundError, NotADirectoryError):
            return
        self._folders[wd] = folder

    def _watch_tree(self, folder: str) -> None:
        from watchdog.observers.inotify_c import InotifyConstants  # noqa: PLC0415 - loaded already

        events = (
            InotifyConstants.IN_CLOSE_WRITE
            | InotifyConstants.IN_CREATE
            | InotifyConstants.IN_DELETE
            | InotifyConstants.IN_MOVED_FROM
            | InotifyConstants.IN_MOVED_TO
        )
        known = set(self._folders.values())
        for found, _, _ in os.walk(folder):
            if found not in known:
                self._watch(found, events)

    def close(self) -> None:
        """Take the watches away."""
        from watchdog.observers.inotify_c import CallbackId  # noqa: PLC0415 - loaded already

        callbacks = [(wd, CallbackId(self.id)) for wd in self._folders]
        self._folders.clear()
        self._inotify.remove_callbacks(callbacks)

    def on_event(self, event: InotifyEvent) -> None:
        """A name below a watched folder changed."""
        folder = self._folders.get(event.wd)
        if folder is None or not event.name:
            return
        name = os.fsdecode(event.name)
        if folder == self._root and name != FOLDER:
            return
        if event.is_directory and (event.is_create or event.is_moved_to):
            self._watch_tree(f"{folder}/{name}")
        elif not event.is_directory and name.startswith(LEFTOVER):
            return
        self._moved()

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """A folder is gone."""
        self._folders.pop(wd, None)

    def on_queue_overflow(self) -> None:
        """Events were lost: anything may have changed."""
        self._watch_tree(f"{self._root}/{FOLDER}")
        self._moved()


class SystemPlanWatches:
    """A recursive watch of the operating system, for those that have one (FSEvents, ReadDirectoryChangesW)."""

    def __init__(self) -> None:
        from watchdog.observers import Observer  # noqa: PLC0415 - loaded when something is watched

        self._observer = Observer()
        self._observer.start()
        self._watches: dict[str, object] = {}

    def add(self, key: str, root: Path, moved: Callable[[], None]) -> None:
        """Watch the plan of a project; raises OSError when the system cannot."""
        from watchdog.events import FileSystemEvent, FileSystemEventHandler  # noqa: PLC0415 - loaded already

        top = os.path.realpath(root)

        class _Told(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                if event.event_type in {"opened", "closed_no_write"}:
                    return
                paths = [os.path.relpath(os.fsdecode(raw), top) for raw in (event.src_path, event.dest_path) if raw]
                if any(Path(path).parts[:1] == (FOLDER,) for path in paths):
                    moved()

        self.remove(key)
        self._watches[key] = self._observer.schedule(_Told(), top, recursive=True)

    def remove(self, key: str) -> None:
        """Watch it no more."""
        watch = self._watches.pop(key, None)
        if watch is not None:
            self._observer.unschedule(watch)  # pyright: ignore[reportArgumentType] - what `schedule` gave

    def close(self) -> None:
        """Stop, and wait for the threads."""
        self._observer.stop()
        self._observer.join()
