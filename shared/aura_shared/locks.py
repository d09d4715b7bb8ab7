"""Locks between processes, with a bound on the wait."""

from __future__ import annotations

import fcntl
import time
from typing import Final

__all__ = ["take_lock"]

_LOOK_S: Final = 0.01


def take_lock(descriptor: int, wait_s: float) -> bool:
    """Take the lock of an open file; it is given back when the file is closed.

    Returns:
        False when another process still holds it after `wait_s` seconds.
    """
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_LOOK_S)
        else:
            return True
