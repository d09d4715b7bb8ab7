"""The two pipes between a service and the supervisor. Neither depends on the bus.

`AURA_READY_FD`: the service writes `READY`, then `BEAT` every second, with a few words when it is not well.
`AURA_DEATH_FD`: the service reads; its end means that the supervisor is gone, and the service's process group dies.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import Final

__all__ = ["DEATH_FD_VARIABLE", "READY_FD_VARIABLE", "Lifeline"]

READY_FD_VARIABLE: Final = "AURA_READY_FD"
DEATH_FD_VARIABLE: Final = "AURA_DEATH_FD"
BEAT_INTERVAL_S: Final = 1.0
_F_SETSIG: Final = 10  # Linux; the fcntl module names it from Python 3.13 on only on some systems.


class Lifeline:
    """This process's ends of the pipes; all methods do nothing in a process that was started alone."""

    def __init__(self, ready_fd: int | None, death_fd: int | None) -> None:
        self._ready_fd = ready_fd
        self._death_fd = death_fd

    @classmethod
    def from_environment(cls) -> Lifeline:
        """Take the pipes over; children of this process will know nothing of them."""
        return cls(_take(READY_FD_VARIABLE), _take(DEATH_FD_VARIABLE))

    @property
    def supervised(self) -> bool:
        """Whether a supervisor started this process."""
        return self._death_fd is not None

    def die_with_supervisor(self) -> None:
        """From now on this process and its group are killed as soon as the supervisor is gone."""
        fd = self._death_fd
        if fd is None:
            return
        if sys.platform == "linux":
            _let_kernel_kill(fd)
        threading.Thread(target=_wait_for_end, args=(fd,), name="death-pipe", daemon=True).start()

    def ready(self) -> None:
        """Tell the supervisor that this service serves."""
        self._write("READY\n")

    def beat(self, trouble: str = "") -> None:
        """Tell the supervisor that this process lives, and what is wrong with it."""
        words = " ".join(trouble.split())[:200]
        self._write(f"BEAT {words}\n" if words else "BEAT\n")

    def _write(self, line: str) -> None:
        if self._ready_fd is None:
            return
        # Blocking: the supervisor is stopped and does not read. Broken: it is gone, and the other pipe acts.
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(self._ready_fd, line.encode("utf-8", "replace"))


def _take(variable: str) -> int | None:
    value = os.environ.pop(variable, None)
    if value is None:
        return None
    fd = int(value)
    os.set_inheritable(fd, False)
    if variable == READY_FD_VARIABLE:
        os.set_blocking(fd, False)
    return fd


def _own_group() -> int | None:
    group = os.getpgrp()
    return group if group == os.getpid() else None


def _let_kernel_kill(fd: int) -> None:
    """Have the kernel send SIGKILL when the pipe ends: that works for a stopped or stuck process as well."""
    group = _own_group()
    with suppress(OSError):
        fcntl.fcntl(fd, fcntl.F_SETOWN, -group if group else os.getpid())
        fcntl.fcntl(fd, _F_SETSIG, int(signal.SIGKILL))
        fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)


def _wait_for_end(fd: int) -> None:
    with suppress(OSError):
        while os.read(fd, 64):
            pass
    group = _own_group()
    if group:
        with suppress(OSError):
            os.killpg(group, signal.SIGKILL)
    os._exit(137)
