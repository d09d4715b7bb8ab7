"""One running process of a service: its pipes, its output, and how it is ended."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from aura_shared.lifeline import DEATH_FD_VARIABLE, READY_FD_VARIABLE
from aura_shared.processes import ProcessSpec
from aura_supervisor.output import CapturedOutput

__all__ = ["Child"]

READ_BYTES: Final = 65_536
LAST_READS: Final = 64  # After the end of a process, so that a grandchild which floods the pipe cannot keep us.


class Child:
    """A started process; it leads a process group of its own.

    Must be made inside the running event loop. `collect` is to be called when it may have ended.
    """

    def __init__(self, spec: ProcessSpec, environment: Mapping[str, str], folder: Path, output: CapturedOutput) -> None:
        """Start it.

        Raises:
            OSError: The system refuses.
        """
        self.spec = spec
        """Its row in the process table."""
        self.started_s = time.monotonic()
        """When it was started."""
        self.ready = asyncio.Event()
        """Set when it says that it serves."""
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """Its exit code, negative for a signal."""
        self.last_beat_s = self.started_s
        """When it gave the last sign of life."""
        self.trouble = ""
        """What is wrong with it, in its own words."""
        self._output = output
        self._unread = b""
        self._pipes: list[int] = []
        self._start(environment, folder)

    @property
    def pid(self) -> int:
        """Its process id, which is that of its group too."""
        return self._process.pid

    @property
    def up_s(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self.started_s

    def terminate(self) -> None:
        """Ask it to stop."""
        if not self.ended.done():
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it and everything in its group at once."""
        if not self.ended.done():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def collect(self) -> None:
        """It has ended, and is still a zombie, so that its number is its own: end its group, and take its exit code."""
        if self.ended.done():
            return
        self.kill()
        code = self._process.wait()
        self._read_rest()
        self.ended.set_result(code)

    def _start(self, environment: Mapping[str, str], folder: Path) -> None:
        ready_read, ready_write = os.pipe()
        death_read, self._death_write = os.pipe()
        out_read, out_write = os.pipe()
        theirs = (ready_write, death_read, out_write)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", self.spec.module],
                stdin=subprocess.DEVNULL,
                stdout=out_write,
                stderr=out_write,
                pass_fds=(ready_write, death_read),
                process_group=0,
                cwd=folder,
                env={**environment, READY_FD_VARIABLE: str(ready_write), DEATH_FD_VARIABLE: str(death_read)},
            )
        except OSError:
            for fd in (ready_read, self._death_write, out_read):
                os.close(fd)
            raise
        finally:
            for fd in theirs:
                os.close(fd)
        self._ready_fd, self._out_fd = ready_read, out_read
        loop = asyncio.get_running_loop()
        for fd, reader in ((ready_read, self._read_signs), (out_read, self._read_output)):
            os.set_blocking(fd, False)
            loop.add_reader(fd, reader)
            self._pipes.append(fd)

    def _read_signs(self) -> None:
        data = self._read(self._ready_fd)
        if not data:
            return
        *lines, self._unread = (self._unread + data).split(b"\n")
        self._unread = self._unread[-READ_BYTES:]
        for line in lines:
            word, _, rest = line.decode("utf-8", "replace").partition(" ")
            if word == "READY":
                self.ready.set()
            elif word == "BEAT":
                self.trouble = rest
            self.last_beat_s = time.monotonic()

    def _read_output(self) -> None:
        data = self._read(self._out_fd)
        if data:
            self._output.feed(data)

    def _read(self, fd: int) -> bytes | None:
        """What is there; the pipe is closed at its end."""
        try:
            data = os.read(fd, READ_BYTES)
        except BlockingIOError:
            return None
        if not data:
            self._close(fd)
        return data

    def _read_rest(self) -> None:
        for fd, reader in ((self._ready_fd, self._read_signs), (self._out_fd, self._read_output)):
            for _ in range(LAST_READS):
                if fd not in self._pipes:
                    break
                reader()
            self._close(fd)
        self._output.end()
        os.close(self._death_write)

    def _close(self, fd: int) -> None:
        if fd in self._pipes:
            self._pipes.remove(fd)
            asyncio.get_running_loop().remove_reader(fd)
            os.close(fd)
