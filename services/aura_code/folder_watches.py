"""What tells of changes below a folder: inotify on Linux, the system's own recursive watch elsewhere.

On Linux each folder gets a watch of its own and ignored folders get none: a recursive watch would spend the kernel's
limit on `node_modules` and flood us with its events. Watchdog's `InotifyFD` gives the descriptor and the thread.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from aura_code.files import folder_is_repository
from aura_code.ignores import IGNORE_FILES, IgnoreRules

GIT_SIGNALS = frozenset({".git/HEAD", ".git/info/exclude"})
"""Files of git whose change means that anything may have changed."""


class Changes:
    """What has happened since the last look; filled by a watching thread, emptied by the event loop."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._lock = threading.Lock()
        self._wake = wake
        self.paths: set[str] = set()
        self.rescan = False
        self.rules_changed = False
        self.root_gone = False
        self.failure = ""
        """Why the watch cannot go on."""
        self.last_s = 0.0
        """When something was noted last, on the monotonic clock: quiet is counted from here."""

    def touch(self, path: str) -> None:
        """A file was written, made, moved or deleted."""
        with self._lock:
            self.paths.add(path)
            if path.rpartition("/")[2] in IGNORE_FILES:
                self.rules_changed = True
        self._noted()

    def doubt(self, *, rules_changed: bool = False) -> None:
        """Something happened that paths cannot tell: everything must be looked at again."""
        self.rescan = True
        if rules_changed:
            self.rules_changed = True
        self._noted()

    def lose_root(self) -> None:
        """The folder itself is gone."""
        self.root_gone = True
        self._noted()

    def fail(self, reason: str) -> None:
        """The watch cannot go on."""
        self.failure = reason
        self._noted()

    def _noted(self) -> None:
        self.last_s = time.monotonic()
        self._wake()

    def take(self) -> tuple[set[str], bool, bool]:
        """Paths, whether to rescan, whether ignore rules changed; and forget them."""
        with self._lock:
            taken = self.paths, self.rescan, self.rules_changed
            self.paths, self.rescan, self.rules_changed = set(), False, False
        return taken


class FolderWatches(Protocol):
    """Something that notes changes below a folder until it is closed."""

    def open(self) -> None:
        """Begin; raises OSError when it cannot."""

    def refresh(self) -> None:
        """The ignore rules have changed."""

    def close(self) -> None:
        """Stop, and wait for its threads."""


class SystemWatches(FileSystemEventHandler):
    """A recursive watch of the operating system, for those that have one (FSEvents, ReadDirectoryChangesW)."""

    def __init__(self, root: Path, ignores: IgnoreRules, changes: Changes) -> None:
        self._root = os.path.realpath(root)
        self._ignores = ignores
        self._changes = changes
        self._observer = Observer()

    def open(self) -> None:
        """Begin."""
        self._observer.schedule(self, self._root, recursive=True)
        self._observer.start()

    def refresh(self) -> None:
        """Nothing to do: the rules are asked at each event."""

    def close(self) -> None:
        """Stop, and wait for its threads."""
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Note an event."""
        if event.event_type in {"opened", "closed_no_write"}:
            return
        for raw in (event.src_path, event.dest_path):
            if raw:
                self._note(os.fsdecode(raw), event)

    def _note(self, absolute: str, event: FileSystemEvent) -> None:
        path = os.path.relpath(absolute, self._root).replace(os.sep, "/")
        if path == ".":
            if event.event_type in {"deleted", "moved"}:
                self._changes.lose_root()
        elif path in GIT_SIGNALS:
            self._changes.doubt(rules_changed=True)
        elif event.is_directory:
            if event.event_type in {"created", "moved"} and not self._ignores.ignored(path, True):
                self._changes.doubt()
        elif not self._ignores.ignored(path, False):
            self._changes.touch(path)


def system_watches(root: Path, ignores: IgnoreRules, changes: Changes) -> FolderWatches:
    """The best watch that this system has."""
    if sys.platform == "linux":
        from aura_code.inotify_watches import InotifyWatches  # noqa: PLC0415 - loads the C library's inotify

        return InotifyWatches(root, ignores, changes)
    return SystemWatches(root, ignores, changes)


def may_watch(root: Path, ignores: IgnoreRules, folder: str) -> bool:
    """Whether the files of a folder can matter."""
    return not ignores.ignored(folder, True) and not folder_is_repository(f"{root}/{folder}")
