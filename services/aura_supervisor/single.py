"""One supervisor per installation: a lock that dies with its holder."""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path
from typing import Final, cast

from aura_shared.errors import Conflict, StorageError

__all__ = ["SingleInstance"]

HANDOVER_S: Final = 3.0  # One that is leaving has closed its socket already, and holds the lock a little longer.


class SingleInstance:
    """The lock file; it holds the pid of the supervisor for a person to read, and nothing depends on that."""

    def __init__(self, lock: Path, socket: Path) -> None:
        """Take the lock, or wait a moment for a supervisor that is leaving.

        Raises:
            Conflict: Another supervisor runs.
            StorageError: The file cannot be opened.
        """
        try:
            self._fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(f"cannot open {lock}: {error.strerror or error}") from error
        deadline = time.monotonic() + HANDOVER_S
        while not self._try():
            if socket.exists() or time.monotonic() >= deadline:
                holder = _holder(lock)
                self.release()
                raise Conflict(f"Aura is running already{holder}", hint="See `aura status`; stop it with `aura down`.")
            time.sleep(0.02)
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, json.dumps({"pid": os.getpid()}).encode(), 0)

    def release(self) -> None:
        """Let another supervisor start."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _try(self) -> bool:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _holder(lock: Path) -> str:
    try:
        found = cast("object", json.loads(lock.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return ""
    return f", with pid {cast('dict[str, object]', found).get('pid')}" if isinstance(found, dict) else ""
