"""Folders whose changes are told: inotify on Linux, the system's own recursive watch elsewhere.

A service that watches several things has one of these; what a change means is the caller's affair.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # watchdog is loaded when something is watched
    from watchdog.observers.inotify_c import InotifyEvent, InotifyFD, WatchDescriptor

__all__ = ["InotifyWatches", "SystemWatches", "WatchedFolders"]

Told: TypeAlias = "Callable[[WatchedFolders, str, InotifyEvent], None]"
"""Called with the folder in which a name changed."""
Lost: TypeAlias = "Callable[[WatchedFolders], None]"
"""Called when events were lost: anything may have changed."""


class InotifyWatches:
    """One thread and one descriptor for all keys; it sleeps until the kernel tells of something."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inotify: InotifyFD | None = None
        self._watched: dict[str, WatchedFolders] = {}

    def add(self, key: str, told: Told, lost: Lost) -> WatchedFolders:
        """Begin with no folder; what the key had before is forgotten.

        Raises:
            OSError: The system cannot.
        """
        from watchdog.observers.inotify_c import InotifyFD  # noqa: PLC0415 - loads the C library's inotify

        self.remove(key)
        with self._lock:
            if self._inotify is None:
                self._inotify = InotifyFD()
                self._inotify.start()
            taken = {other.id for other in self._watched.values()}
            number = next(n for n in range(1, len(taken) + 2) if n not in taken)
            watched = self._watched[key] = WatchedFolders(self._inotify, number, told, lost)
        return watched

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


class WatchedFolders:
    """The folders of one key; called by watchdog from its thread."""

    def __init__(self, inotify: InotifyFD, number: int, told: Told, lost: Lost) -> None:
        self._inotify = inotify
        self.id = number
        self._told = told
        self._lost = lost
        self._folders: dict[WatchDescriptor, str] = {}

    def watch(self, folder: str, *, arrivals: bool = False) -> None:
        """Watch one folder, where there is one.

        Args:
            folder: An absolute path.
            arrivals: Only what comes into it counts.

        Raises:
            OSError: A limit of the kernel is reached.
        """
        from watchdog.observers.inotify_c import CallbackId, InotifyConstants, Mask  # noqa: PLC0415 - loaded already

        mask = InotifyConstants.IN_CREATE | InotifyConstants.IN_MOVED_TO
        if not arrivals:
            mask |= InotifyConstants.IN_CLOSE_WRITE | InotifyConstants.IN_DELETE | InotifyConstants.IN_MOVED_FROM
        mask |= InotifyConstants.IN_DONT_FOLLOW | InotifyConstants.IN_ONLYDIR
        try:
            wd = self._inotify.add_callback(os.fsencode(folder), Mask(mask), self, CallbackId(self.id))
        except (FileNotFoundError, NotADirectoryError):
            return
        self._folders[wd] = folder

    def watch_tree(self, folder: str) -> None:
        """Watch a folder and those below it that are not watched yet; raises like `watch`."""
        known = set(self._folders.values())
        waiting = [folder]
        while waiting:
            found = waiting.pop()
            if found not in known:
                self.watch(found)
            with suppress(OSError), os.scandir(found) as entries:  # after the watch: what comes in between is told
                waiting += [one.path for one in entries if one.is_dir(follow_symlinks=False)]

    def close(self) -> None:
        """Take the watches away."""
        from watchdog.observers.inotify_c import CallbackId  # noqa: PLC0415 - loaded already

        callbacks = [(wd, CallbackId(self.id)) for wd in self._folders]
        self._folders.clear()
        self._inotify.remove_callbacks(callbacks)

    def on_event(self, event: InotifyEvent) -> None:
        """A name in a watched folder changed."""
        folder = self._folders.get(event.wd)
        if folder is not None and event.name:
            self._told(self, folder, event)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """A folder is gone."""
        self._folders.pop(wd, None)

    def on_queue_overflow(self) -> None:
        """Events were lost."""
        self._lost(self)


class SystemWatches:
    """A recursive watch of the operating system, for those that have one (FSEvents, ReadDirectoryChangesW)."""

    def __init__(self) -> None:
        from watchdog.observers import Observer  # noqa: PLC0415 - loaded when something is watched

        self._observer = Observer()
        self._observer.start()
        self._watches: dict[str, list[object]] = {}

    def add(self, key: str, folders: Mapping[str, bool], told: Callable[[set[str]], None]) -> None:
        """Watch folders.

        Args:
            key: What they belong to; what it had before is forgotten.
            folders: Absolute paths, each with whether what lies deeper counts.
            told: Called with the paths that changed, each relative to its folder, with `/`.

        Raises:
            OSError: The system cannot.
        """
        from watchdog.events import FileSystemEvent, FileSystemEventHandler  # noqa: PLC0415 - loaded already

        class _Told(FileSystemEventHandler):
            def __init__(self, folder: str) -> None:
                self._folder = folder

            def on_any_event(self, event: FileSystemEvent) -> None:
                if event.event_type in {"opened", "closed_no_write"}:
                    return
                raws = [os.fsdecode(raw) for raw in (event.src_path, event.dest_path) if raw]
                told({os.path.relpath(raw, self._folder).replace(os.sep, "/") for raw in raws})

        self.remove(key)
        reals = [(os.path.realpath(folder), deep) for folder, deep in folders.items()]
        self._watches[key] = [self._observer.schedule(_Told(top), top, recursive=deep) for top, deep in reals]

    def remove(self, key: str) -> None:
        """Watch it no more."""
        for watch in self._watches.pop(key, []):
            self._observer.unschedule(watch)  # pyright: ignore[reportArgumentType] - what `schedule` gave

    def close(self) -> None:
        """Stop, and wait for the threads."""
        self._observer.stop()
        self._observer.join()
