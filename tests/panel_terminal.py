"""The panel in a real terminal.

`TmuxTerminal` is a terminal whose screen can be read, with a shell around the panel, so that what is left behind after
the panel can be seen. `RawTerminal` is a bare one that notes when each byte came, for what has to be timed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import re
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

__all__ = ["PANEL", "RawTerminal", "TmuxTerminal", "needs_tmux", "raw_terminal"]

PANEL = (sys.executable, "-P", "-m", "aura_panel")
_SIZE_VARIABLES = ("COLUMNS", "LINES")  # Of the terminal around the tests; they would count more than the real size.
BOUND_S = 60.0  # Ten times what it takes on a quiet machine.
LEFT = "-- left with"
"""What the shell prints when the panel has ended, before its exit code."""

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux shows what a terminal shows: install tmux")


class TmuxTerminal:
    """A terminal of a tmux server of its own, in which a shell runs the panel.

    Args:
        arguments: Options of the panel.
        size: Columns and rows.
        environ: Variables beside those of this process; an empty value takes one away.
    """

    def __init__(
        self, *arguments: str, size: tuple[int, int] = (100, 30), environ: Mapping[str, str] | None = None
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="aura-tmux-"))
        self._socket = str(self._folder / "s")
        self.pid_file = self._folder / "pid"
        given = environ or {}
        command = shlex.join([*PANEL, *arguments])
        # The shell leaves its own number to the panel, and then shows how the panel ended until the terminal is closed.
        inner = f"sh -c 'echo $$ > \"$0\"; exec {command}' {shlex.quote(str(self.pid_file))}"
        modes = "$(stty -a | tr ' ;' '\\n\\n' | grep -x -e '-*icanon' -e '-*echo' -e '-*isig' | sort | tr '\\n' ' ')"
        script = f"{inner}; echo '{LEFT}' $? {modes}.; exec cat"
        known = {name: value for name, value in {**os.environ, **given}.items() if value or name not in given}
        for name in ("TMUX", *_SIZE_VARIABLES):
            known.pop(name, None)
        self._environ = {**known, "TERM": "xterm-256color"}
        width, height = size
        self._run(
            "-f", os.devnull, "start-server",
            ";", "set-option", "-g", "status", "off",
            ";", "set-option", "-s", "escape-time", "0",
            ";", "new-session", "-d", "-x", str(width), "-y", str(height), "-s", "panel", script,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            with suppress(subprocess.CalledProcessError):
                print(self.screen())
        self.close()
        self.wait_gone()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *arguments],
            env=self._environ,
            check=True,
            capture_output=True,
            text=True,
            timeout=BOUND_S,
        )
        return done.stdout

    @property
    def pid(self) -> int:
        """The process of the panel."""
        return int(wait_for(lambda: self.pid_file.exists() and self.pid_file.read_text(), "the panel is started"))

    def screen(self, *, colours: bool = False) -> str:
        """What the terminal shows; with `colours` with the escape sequences of its colours."""
        return self._run("capture-pane", "-p", "-t", "panel", *(["-e"] if colours else []))

    def facts(self) -> dict[str, str]:
        """`alternate`: the screen of a full-screen program is shown; `cursor`: so is it; `mouse`: it is reported."""
        names = {
            "alternate": "alternate_on",
            "cursor": "cursor_flag",
            "mouse": "mouse_any_flag",
            "mouse_buttons": "mouse_button_flag",
        }
        told = self._run("display-message", "-p", "-t", "panel", " ".join(f"#{{{name}}}" for name in names.values()))
        return dict(zip(names, told.split(), strict=True))

    def press(self, *keys: str) -> None:
        """Press keys, by the names that tmux gives them: `a`, `Enter`, `C-s`, `Down`."""
        self._run("send-keys", "-t", "panel", *keys)

    def write(self, text: str) -> None:
        """Type a text."""
        self._run("send-keys", "-t", "panel", "-l", text)

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        self._run("resize-window", "-t", "panel", "-x", str(width), "-y", str(height))

    def wait(self, *wanted: str | re.Pattern[str], gone: Sequence[str] = ()) -> str:
        """The first screen that shows all of `wanted` and nothing of `gone`."""

        def shown() -> str:
            screen = self.screen()
            held = all(text in screen if isinstance(text, str) else text.search(screen) for text in wanted)
            return screen if held and not any(text in screen for text in gone) else ""

        return wait_for(shown, lambda: f"the screen shows {wanted} and not {gone}:\n{self.screen()}")

    def wait_left(self) -> tuple[int, str]:
        """The exit code of the panel, and what the terminal shows afterwards."""
        screen = self.wait(re.compile(rf"{LEFT} \d+ .*\."))
        found = re.search(rf"{LEFT} (\d+)", screen)
        assert found is not None
        return int(found[1]), screen

    def close(self) -> None:
        """Close the terminal, as by closing its window."""
        with suppress(subprocess.CalledProcessError):
            self._run("kill-server")

    def wait_gone(self) -> None:
        """Wait until no process of the panel is left; one that stays is killed, and the test fails."""
        if not self.pid_file.exists():
            return
        pid = int(self.pid_file.read_text())
        try:
            wait_for(lambda: not is_alive(pid), "the panel has ended", 20.0)
        except AssertionError:
            os.kill(pid, signal.SIGKILL)
            raise


class RawTerminal:
    """A pseudo terminal; `read` gives what was painted, and when."""

    def __init__(self, pid: int, fd: int) -> None:
        self.pid = pid
        self.fd = fd

    def press(self, keys: bytes) -> float:
        """Press keys; the time when they were on their way, of the monotonic clock."""
        at = time.monotonic()
        os.write(self.fd, keys)
        return at

    def read(self, timeout_s: float) -> tuple[float, bytes]:
        """What was painted within that time, and when it came; empty bytes: nothing, or the end."""
        ready, _, _ = select.select([self.fd], [], [], max(0.0, timeout_s))
        if not ready:
            return time.monotonic(), b""
        try:
            data = os.read(self.fd, 1 << 20)
        except OSError as error:
            if error.errno != errno.EIO:  # What Linux says at the end.
                raise
            data = b""
        return time.monotonic(), data

    def wait(self, what: re.Pattern[bytes], timeout_s: float = BOUND_S) -> float:
        """When the painted bytes held `what` first."""
        until = time.monotonic() + timeout_s
        seen = b""
        while (left := until - time.monotonic()) > 0:
            at, data = self.read(left)
            seen += data
            if what.search(seen):
                return at
        raise AssertionError(f"not painted within {timeout_s} s: {what.pattern!r} in {seen[-2000:]!r}")

    def settle(self, quiet_s: float = 0.3, most_s: float = 10.0) -> float:
        """Read until nothing is painted for a while; when the last byte came."""
        last = time.monotonic()
        until = last + most_s
        while time.monotonic() < until:
            at, data = self.read(quiet_s)
            if not data:
                return last
            last = at
        return last

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def close(self) -> None:
        """Close the terminal, as by closing its window."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def wait_ended(self, timeout_s: float = BOUND_S) -> int:
        """Collect the panel; its exit code, or minus the signal that ended it."""
        found: list[int] = []

        def ended() -> bool:
            if self.fd >= 0:
                self.read(0.01)  # A full terminal would hold it up.
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                found.append(os.waitstatus_to_exitcode(status))
            return bool(pid)

        wait_for(ended, "the panel has ended", timeout_s)
        return found[0]


@contextmanager
def raw_terminal(
    *arguments: str,
    size: tuple[int, int] = (140, 42),
    environ: Mapping[str, str] | None = None,
    command: Sequence[str] = PANEL,
) -> Generator[RawTerminal]:
    """The panel in a pseudo terminal; it is killed at the end if it still runs."""
    full = [*command, *arguments]
    around = {name: value for name, value in os.environ.items() if name not in _SIZE_VARIABLES}
    known = {**around, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(environ or {})}
    width, height = size
    primary, secondary = pty.openpty()
    fcntl.ioctl(primary, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    pid = os.posix_spawn(
        sys.executable,
        # A child of its own takes the terminal over: Python would warn of a fork while threads run.
        [sys.executable, "-I", "-S", "-c", _TAKE_OVER, *full],
        known,
        file_actions=[(os.POSIX_SPAWN_DUP2, secondary, number) for number in (0, 1, 2)],
        setsid=True,
    )
    os.close(secondary)
    terminal = RawTerminal(pid, primary)
    try:
        yield terminal
    finally:
        with suppress(ProcessLookupError, ChildProcessError):
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        terminal.close()


_TAKE_OVER = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


def wait_for(condition: Callable[[], object], what: str | Callable[[], str], timeout_s: float = BOUND_S) -> str:
    """Wait until a condition gives something true; that, as text."""
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what if isinstance(what, str) else what()}")
        time.sleep(0.05)
    return str(found)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not collected does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}
