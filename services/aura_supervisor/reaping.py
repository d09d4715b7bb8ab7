"""Processes that ended: our own, and on Linux also those whose parents ended before them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["adopt_orphans", "collect_ended", "end_leftovers"]

_PR_SET_CHILD_SUBREAPER: Final = 36
LEFTOVER_WAIT_S: Final = 0.5


def adopt_orphans() -> bool:
    """Become the parent of processes whose own parents end, so that none is lost; False where that does not exist."""
    if sys.platform != "linux":
        return False
    import ctypes  # noqa: PLC0415 - 10 ms that the start of the first service does not wait for

    try:
        return ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    except (OSError, AttributeError):
        return False


def collect_ended(ours: Mapping[int, Callable[[], None]]) -> None:
    """Take in every child that has ended.

    Args:
        ours: What to call for a process that we started. It is a zombie then; the call has to wait for it.
    """
    if not hasattr(os, "waitid"):  # macOS before Python 3.13. There are no orphans of others then.
        _collect_one_by_one(ours)
        return
    while True:
        try:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if found is None:
            return
        collect = ours.get(found.si_pid)
        if collect is not None:
            collect()
        else:
            with suppress(ChildProcessError):
                os.waitpid(found.si_pid, os.WNOHANG)


def end_leftovers() -> int:
    """End the adopted processes that still run; returns how many there were."""
    left = _children()
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in _children():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        deadline = time.monotonic() + LEFTOVER_WAIT_S
        while _children() and time.monotonic() < deadline:
            collect_ended({})
            time.sleep(0.01)
    return len(left)


def _collect_one_by_one(ours: Mapping[int, Callable[[], None]]) -> None:
    for pid, collect in list(ours.items()):
        if _has_ended(pid):
            collect()


def _has_ended(pid: int) -> bool:
    import psutil  # noqa: PLC0415 - only where the system has no waitid

    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _children() -> list[int]:
    """Our children, as Linux lists them; nothing elsewhere."""
    found: list[int] = []
    for path in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            found += [int(pid) for pid in path.read_text(encoding="ascii").split()]
    return found
