"""Tells when something below `.ai/` may have changed: inotify on Linux, the system's own recursive watch elsewhere.

The code service's events are not enough here: projects may ignore `.ai/` in git, and while an index is built nothing
comes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from aura_planning.items.layout import FOLDER
from aura_planning.items.writing import LEFTOVER
from aura_shared.watched_folders import InotifyWatches, SystemWatches, WatchedFolders

if TYPE_CHECKING:  # watchdog is loaded when something is watched
    from watchdog.observers.inotify_c import InotifyEvent

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
    """The folder of a project tells when `.ai/` comes; what is below it tells of itself."""

    def __init__(self) -> None:
        self._watches = InotifyWatches()

    def add(self, key: str, root: Path, moved: Callable[[], None]) -> None:
        """Watch the plan of a project; raises OSError when the system cannot."""
        top, plan = str(root), f"{root}/{FOLDER}"

        def told(watched: WatchedFolders, folder: str, event: InotifyEvent) -> None:
            name = os.fsdecode(event.name)
            if folder == top and name != FOLDER:
                return
            if event.is_directory and (event.is_create or event.is_moved_to):
                watched.watch_tree(f"{folder}/{name}")
            elif not event.is_directory and name.startswith(LEFTOVER):
                return
            moved()

        def lost(watched: WatchedFolders) -> None:
            watched.watch_tree(plan)
            moved()

        watched = self._watches.add(key, told, lost)
        watched.watch(top, arrivals=True)
        watched.watch_tree(plan)

    def remove(self, key: str) -> None:
        """Watch it no more."""
        self._watches.remove(key)

    def close(self) -> None:
        """Stop, and wait for the thread."""
        self._watches.close()


class SystemPlanWatches:
    """A recursive watch of the operating system."""

    def __init__(self) -> None:
        self._watches = SystemWatches()

    def add(self, key: str, root: Path, moved: Callable[[], None]) -> None:
        """Watch the plan of a project; raises OSError when the system cannot."""

        def told(paths: set[str]) -> None:
            if any(path.split("/")[0] == FOLDER for path in paths):
                moved()

        self._watches.add(key, {str(root): True}, told)

    def remove(self, key: str) -> None:
        """Watch it no more."""
        self._watches.remove(key)

    def close(self) -> None:
        """Stop, and wait for the threads."""
        self._watches.close()
