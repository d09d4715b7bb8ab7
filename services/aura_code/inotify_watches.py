"""One inotify watch per folder that is not ignored."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from watchdog.observers.inotify_c import CallbackId, InotifyConstants, InotifyEvent, InotifyFD, Mask, WatchDescriptor

from aura_code.folder_watches import GIT_SIGNALS, Changes, may_watch
from aura_code.ignores import IgnoreRules

_MASK = Mask(
    InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_CREATE
    | InotifyConstants.IN_DELETE
    | InotifyConstants.IN_MOVED_FROM
    | InotifyConstants.IN_MOVED_TO
    | InotifyConstants.IN_ATTRIB
    | InotifyConstants.IN_DELETE_SELF
    | InotifyConstants.IN_MOVE_SELF
    | InotifyConstants.IN_DONT_FOLLOW
    | InotifyConstants.IN_ONLYDIR
)
_ID = CallbackId(1)
_GIT_FOLDERS = (".git", ".git/info")


class InotifyWatches:
    """Watches a folder and those below it; called back by the thread of its `InotifyFD`."""

    def __init__(self, root: Path, ignores: IgnoreRules, changes: Changes) -> None:
        self._root = os.fspath(root)
        self._ignores = ignores
        self._changes = changes
        self._opening = threading.Lock()
        self._inotify: InotifyFD | None = None
        self._folders: dict[WatchDescriptor, str] = {}
        self._watched: dict[str, WatchDescriptor] = {}

    def __len__(self) -> int:
        return len(self._watched)

    def open(self) -> None:
        """Begin; raises OSError when a limit of the kernel is reached."""
        with self._opening:
            self._inotify = InotifyFD()
            self._inotify.start()
            self._watch_tree("", report=False)
            for folder in _GIT_FOLDERS:
                if os.path.isdir(f"{self._root}/{folder}"):  # noqa: PTH112 - a string
                    self._watch(folder)

    def close(self) -> None:
        """Stop, and wait for the thread."""
        with self._opening:  # A cancelled caller may close while its thread still opens.
            inotify, self._inotify = self._inotify, None
        if inotify is not None:
            inotify.stop()
            inotify.join()
        self._folders.clear()
        self._watched.clear()

    def refresh(self) -> None:
        """Watch what is no longer ignored, and stop watching what is now."""
        for folder in list(self._watched):
            if folder and folder not in _GIT_FOLDERS and not self._may_watch(folder):
                self._unwatch(folder)
        self._watch_tree("", report=False)

    def on_event(self, event: InotifyEvent) -> None:
        """Note an event; called by watchdog."""
        folder = self._folders.get(event.wd)
        if folder is None:
            return
        try:
            if event.is_delete_self or event.is_move_self:
                if not folder:
                    self._changes.lose_root()
            elif event.name:
                name = os.fsdecode(event.name)
                self._note(event, f"{folder}/{name}" if folder else name)
        except OSError as error:
            self._changes.fail(str(error))

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """Forget a folder that is gone; called by watchdog."""
        folder = self._folders.pop(wd, None)
        if folder is not None and self._watched.get(folder) == wd:
            del self._watched[folder]

    def on_queue_overflow(self) -> None:
        """Events were lost; called by watchdog."""
        self._changes.doubt(rules_changed=True)

    def _note(self, event: InotifyEvent, path: str) -> None:
        if path.startswith(".git/") or path == ".git":
            if path in GIT_SIGNALS and not event.is_attrib:
                self._changes.doubt(rules_changed=True)
        elif event.is_directory:
            self._note_folder(event, path)
        elif not self._ignores.ignored(path, is_dir=False):
            self._changes.touch(path)

    def _note_folder(self, event: InotifyEvent, path: str) -> None:
        if event.is_moved_from:
            self._unwatch_tree(path)
            self._changes.doubt()
        elif (event.is_create or event.is_moved_to) and self._may_watch(path):
            self._watch_tree(path, report=True)

    def _watch_tree(self, top: str, *, report: bool) -> None:
        """Watch a folder and those below it; with `report`, what lies there already counts as changed."""
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            self._watch(folder)
            try:
                with os.scandir(f"{self._root}/{folder}") as entries:
                    found = [(f"{folder}/{entry.name}" if folder else entry.name, entry) for entry in entries]
            except OSError:
                continue  # Gone again, or closed to us.
            for path, entry in found:
                if entry.is_dir(follow_symlinks=False):
                    if self._may_watch(path):
                        waiting.append(path)
                elif report and not self._ignores.ignored(path, is_dir=False):
                    self._changes.touch(path)

    def _may_watch(self, folder: str) -> bool:
        return may_watch(Path(self._root), self._ignores, folder)

    def _watch(self, folder: str) -> None:
        inotify = self._inotify
        if inotify is None or folder in self._watched:
            return
        try:
            wd = inotify.add_callback(os.fsencode(f"{self._root}/{folder}"), _MASK, self, _ID)
        except (FileNotFoundError, NotADirectoryError):
            return
        if wd != -1:  # What watchdog says of a folder that is closed to us.
            self._folders[wd] = folder
            self._watched[folder] = wd

    def _unwatch(self, folder: str) -> None:
        wd = self._watched.pop(folder, None)
        if wd is not None and self._inotify is not None:
            self._folders.pop(wd, None)
            self._inotify.remove_callbacks([(wd, _ID)])

    def _unwatch_tree(self, top: str) -> None:
        for folder in [one for one in list(self._watched) if one == top or one.startswith(top + "/")]:
            self._unwatch(folder)
