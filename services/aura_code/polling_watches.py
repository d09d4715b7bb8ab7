"""Looks at every file again and again, where the system cannot tell of changes."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from aura_code.files import list_files
from aura_code.folder_watches import Changes
from aura_code.ignores import IgnoreRules

_REMOTE_FILE_SYSTEMS = frozenset(
    {"9p", "afs", "ceph", "cifs", "drvfs", "fuse.sshfs", "fuse.rclone", "nfs", "nfs4", "smb3", "smbfs", "vboxsf"}
)
_MOST_SHARE = 0.05
"""Of one core, so that a large project on a slow disk is looked at less often."""

_Snapshot = dict[str, tuple[int, int]]


class PollingWatches:
    """Lists the files of a folder in a thread of its own and notes the differences."""

    def __init__(self, root: Path, ignores: IgnoreRules, changes: Changes, every_s: float) -> None:
        self._root = root
        self._ignores = ignores
        self._changes = changes
        self._every_s = every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="polling", daemon=True)
        self._before: _Snapshot = {}

    def open(self) -> None:
        """Begin; raises OSError when the folder is missing."""
        self._before = self._look()
        self._thread.start()

    def refresh(self) -> None:
        """Nothing to do: each look asks the rules."""

    def close(self) -> None:
        """Stop, and wait for the thread."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        pause_s = self._every_s
        while not self._stopped.wait(pause_s):
            began = time.thread_time()
            try:
                now = self._look()
            except OSError:
                self._changes.lose_root()
                return
            for path, _ in self._before.items() ^ now.items():
                self._changes.touch(path)
            self._before = now
            pause_s = max(self._every_s, (time.thread_time() - began) / _MOST_SHARE)

    def _look(self) -> _Snapshot:
        return {file.path: (file.size, file.mtime_ns) for file in list_files(self._root, self._ignores).files}


def is_remote(root: Path, mounts: str | None = None) -> bool:
    """Whether a folder lies on a file system whose changes come from elsewhere, where inotify sees nothing of them.

    Args:
        root: The folder.
        mounts: Content of `/proc/self/mountinfo`; read when it is missing.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return False
    real = str(root.resolve())
    best, kind = "", ""
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        point = fields[4].replace("\\040", " ")
        if (real == point or real.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind in _REMOTE_FILE_SYSTEMS
