"""Runs a program of somebody else within bounds of time and size, and without what it has no business to know."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, NamedTuple, cast

MOST_OUTPUT_BYTES: Final = 32_000_000
_MOST_COMPLAINT_BYTES: Final = 1_000_000
_CHUNK: Final = 65_536
_HANDED_ON: Final = (
    *("HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT", "SHELL"),
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "CARGO_HOME", "RUSTUP_HOME", "GOPATH", "GOROOT"),
    *("GOMODCACHE", "GOCACHE", "JAVA_HOME", "NVM_DIR", "PYENV_ROOT", "VOLTA_HOME"),
)
"""Variables that a tool gets; tokens, proxies, addresses of agents and options of interpreters are not among them."""
_QUIET: Final[Mapping[str, str]] = {
    "NO_COLOR": "1",
    "CI": "1",
    "LC_ALL": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUTF8": "1",
    "PYTHONSAFEPATH": "1",  # The project's `json.py` is not the one that a tool imports.
    "DO_NOT_TRACK": "1",
}


class Ran(NamedTuple):
    """What became of a program."""

    code: int
    """Exit code; -1 when it did not start or was ended."""
    output: bytes
    complaint: bytes
    """What it wrote to its standard error."""
    problem: str
    """Why it did not come to its end; empty when it did."""
    seconds: float


def run_bounded(
    command: Sequence[str],
    folder: Path,
    *,
    path: str,
    extra: Mapping[str, str] | None = None,
    timeout_s: float = 60.0,
    most_bytes: int = MOST_OUTPUT_BYTES,
) -> Ran:
    """Run a program; it is ended with its children when time is up or it prints too much.

    Args:
        command: Program and arguments.
        folder: Where it runs.
        path: Folders where it finds other programs, as in `PATH`.
        extra: Further variables for it.
        timeout_s: Bound of time.
        most_bytes: Bound of what it prints.
    """
    kept = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    begin = time.monotonic()
    try:
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            env={**kept, **_QUIET, "PATH": path, **(extra or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        return Ran(-1, b"", b"", f"cannot be started: {error.strerror or error}", 0.0)
    with process:
        output, complaint, problem = _read(process, begin + timeout_s, most_bytes)
        if not problem:
            problem = _wait(process, begin + timeout_s)
        if problem:
            _end(process)
    spent = time.monotonic() - begin
    if problem == _LATE:
        problem = f"took longer than {timeout_s:.0f} s"
    return Ran(-1 if problem else process.returncode, output, complaint, problem, round(spent, 3))


_LATE: Final = "late"


def _read(process: subprocess.Popen[bytes], deadline: float, most: int) -> tuple[bytes, bytes, str]:
    output, complaint = bytearray(), bytearray()
    with selectors.DefaultSelector() as waiting:
        for stream, into in ((process.stdout, output), (process.stderr, complaint)):
            if stream is not None:
                waiting.register(stream, selectors.EVENT_READ, into)
        while waiting.get_map():
            ready = waiting.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                return bytes(output), bytes(complaint), _LATE
            for key, _ in ready:
                data = os.read(cast("IO[bytes]", key.fileobj).fileno(), _CHUNK)
                if not data:
                    waiting.unregister(key.fileobj)
                elif key.data is output or len(complaint) < _MOST_COMPLAINT_BYTES:
                    cast("bytearray", key.data).extend(data)
            if len(output) > most:
                return b"", bytes(complaint), f"printed more than {most // 1_000_000} MB"
    return bytes(output), bytes(complaint), ""


def _wait(process: subprocess.Popen[bytes], deadline: float) -> str:
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return _LATE
    return ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it with all that it started; it leads a process group of its own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
