"""Start Aura's daemon in the background, and wait until it serves.

Only the standard library is used: the MCP shim starts the daemon too, and must answer its client at once.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aura_cli.answers import JsonObject, objects_of, text_of, texts_of
from aura_shared import control
from aura_shared.errors import AuraError, Conflict, DaemonDown, StorageError, Unavailable
from aura_shared.paths import AuraPaths
from aura_shared.processes import UMASK_VARIABLE

POLL_S = 0.04  # A status call takes about 1 ms; slower polling would be seen in the 3 s that `aura up` may take.
_TAIL_LINES = 15
_OUTPUT_MAX_BYTES = 1_000_000

Status = JsonObject
"""What the supervisor answers to `status`."""


@dataclass(frozen=True, slots=True)
class _Started:
    """A daemon that this process started."""

    process: subprocess.Popen[bytes]
    output_from: int
    """Where its part of the output file begins, in bytes."""


# The daemon outlives this process. Its handle is kept until then, so that nothing complains that it was never waited
# for, and so that an early exit can be told from a slow start.
_started: list[_Started] = []


def output_file(paths: AuraPaths) -> Path:
    """Where the daemon's own standard output and error go; the services' output is in the logs."""
    return paths.logs / "daemon.out"


def start_daemon(paths: AuraPaths) -> None:
    """Start the supervisor in a session of its own, without waiting for it.

    Harmless when one runs already: the second one finds the lock taken and leaves at once.

    Raises:
        StorageError: A folder or the output file cannot be created.
        NotAllowed: A folder belongs to somebody else.
    """
    paths.prepare()
    environment = dict(os.environ)
    if environment.get("AURA_HOME"):
        # The daemon runs in another working directory, where a relative folder would be another one.
        environment["AURA_HOME"] = str(Path(environment["AURA_HOME"]).absolute())
    environment[UMASK_VARIABLE] = f"{_umask():o}"
    output, output_from = _open_output(paths)
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "aura_supervisor"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=paths.data,
            env=environment,
            start_new_session=True,
            umask=0o077,
        )
    except OSError as error:
        raise Unavailable(f"cannot start {sys.executable}: {error.strerror or error}") from error
    finally:
        os.close(output)
    _started.append(_Started(process, output_from))


def _umask() -> int:
    """Of this process; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def daemon_status(paths: AuraPaths, timeout_s: float = 5.0) -> Status | None:
    """The status of the running daemon; None when none runs."""
    try:
        return control.call(paths, {"do": "status"}, timeout_s=timeout_s)
    except DaemonDown:
        return None


def wait_ready(paths: AuraPaths, timeout_s: float, seen: Callable[[Status], None] | None = None) -> Status:
    """Wait until every service of the daemon is ready; returns its status then.

    Args:
        paths: The installation.
        timeout_s: Seconds to wait at most.
        seen: Called with every status on the way, to show progress.

    Raises:
        Unavailable: The daemon left again, a service keeps crashing, or the time is over.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        status = daemon_status(paths)
        if status is not None:
            if seen is not None:
                seen(status)
            if status.get("ready") is True and status.get("stopping") is not True:
                return status
            _refuse_crash_loop(status)
        elif _all_left():
            raise _left_again(paths)
        if time.monotonic() >= deadline:
            raise _too_slow(paths, status, timeout_s)
        time.sleep(POLL_S)


def wait_stopped(paths: AuraPaths, timeout_s: float) -> Status | None:
    """The status of the daemon that runs and goes on running; one that is just stopping is waited for.

    Raises:
        Unavailable: It does not stop in time.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        status = daemon_status(paths)
        if status is None or status.get("stopping") is not True:
            return status
        if time.monotonic() >= deadline:
            raise Unavailable(f"Aura is still stopping after {timeout_s:.0f} s", hint="See `aura logs supervisor`.")
        time.sleep(POLL_S)


def ensure_daemon(paths: AuraPaths, timeout_s: float, seen: Callable[[Status], None] | None = None) -> bool:
    """Have a daemon that is ready; returns whether it had to be started.

    Raises:
        AuraError: It cannot be started or does not become ready.
    """
    started = wait_stopped(paths, timeout_s) is None
    if started:
        start_daemon(paths)
    wait_ready(paths, timeout_s, seen)
    return started


def services_of(status: Status) -> list[JsonObject]:
    """The services in a status, in the order of the process table."""
    return objects_of(status, "services")


def _open_output(paths: AuraPaths) -> tuple[int, int]:
    """A descriptor that appends to the output file, and where it starts to write."""
    path = output_file(paths)
    try:
        output = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        if os.fstat(output).st_size > _OUTPUT_MAX_BYTES:
            os.ftruncate(output, 0)
        return output, os.fstat(output).st_size
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}") from error


def _all_left() -> bool:
    """Whether what this process started is gone; one that found the lock taken leaves the start to the other one."""
    codes = [started.process.poll() for started in _started]
    return bool(codes) and None not in codes and Conflict.exit_code not in codes


def _refuse_crash_loop(status: Status) -> None:
    for service in services_of(status):
        if service.get("state") == "crash-loop":
            name = text_of(service, "name")
            tail = _indented(texts_of(service, "last_lines"))
            raise Unavailable(
                f"the service {name} keeps crashing: {text_of(service, 'reason')}\n{tail}".rstrip(),
                hint=f"See `aura logs {name}`, then `aura restart {name}`.",
            )


def _left_again(paths: AuraPaths) -> AuraError:
    last = _started[-1]
    return Unavailable(
        f"the daemon stopped while starting (exit code {last.process.returncode})\n{_tail(paths)}".rstrip(),
        hint=f"Run `aura doctor`; the whole output is in {output_file(paths)}.",
    )


def _too_slow(paths: AuraPaths, status: Status | None, timeout_s: float) -> AuraError:
    if status is None:
        return Unavailable(
            f"the daemon does not answer after {timeout_s:.0f} s\n{_tail(paths)}".rstrip(),
            hint=f"Run `aura doctor`; its output is in {output_file(paths)}.",
        )
    states = {text_of(service, "name"): text_of(service, "state") for service in services_of(status)}
    late = ", ".join(f"{name} is {state}" for name, state in states.items() if state != "ready")
    return Unavailable(
        f"not ready after {timeout_s:.0f} s: {late or 'the daemon itself'}",
        hint="It goes on starting in the background: see `aura status` and `aura logs`.",
    )


def _tail(paths: AuraPaths) -> str:
    """The last lines that the daemon started here wrote."""
    try:
        with output_file(paths).open("rb") as file:
            file.seek(_started[-1].output_from if _started else 0)
            return _indented(file.read().decode(errors="replace").splitlines())
    except OSError:
        return ""


def _indented(lines: list[str]) -> str:
    return "\n".join(f"  {line}" for line in lines[-_TAIL_LINES:])
