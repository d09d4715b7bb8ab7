"""The program that starts and ends a confined one where there are no namespaces (`python -I -S -c ... launcher`).

It stays outside the confinement as the parent of everything that the program leaves behind, kills all of that when the
program ends or when Aura does, and writes one line of JSON about it: `{"exit": 0}`, `{"signal": 9}` or
`{"error": "..."}`. Its start is the whole cost of this tier, so it imports next to nothing: the order comes marshalled.
"""

from __future__ import annotations

import marshal
import os
import resource
import signal
import sys
import time

from aura_factory.sandbox import landlock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

__all__ = ["main"]

_KILL_S: Final = 5.0
"""Bound on killing what is left; a few milliseconds are usual."""
_WATCHED: Final = {signal.SIGTERM, signal.SIGCHLD}


def main() -> None:
    """Read the order from the descriptor that the second argument names, carry it out, and leave."""
    order_fd = int(sys.argv[2])
    with open(order_fd, "rb") as file:
        order: dict[str, Any] = marshal.load(file)  # noqa: S302  Aura's own, from memory, same interpreter.
    status_fd = int(order["status_fd"])
    os.set_inheritable(status_fd, False)
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    landlock.name_parent_death(signal.SIGTERM)
    if os.getppid() != order["parent"]:
        return  # Aura was gone before the kernel could be asked to tell.
    child = os.fork()
    if child == 0:
        _become(order, status_fd)
    _let_go_of_output()
    ended = _wait_for(child)
    _kill_descendants()
    how, number = ended
    os.write(status_fd, f'{{"{how}": {number}}}\n'.encode())


def _become(order: dict[str, Any], status_fd: int) -> None:
    """Turn this process into the confined program; never returns."""
    try:
        os.setsid()
        _go_first()
        # Opened while the paths can still be reached; as root, that is before its rights are gone.
        own = f"/proc/{os.getpid()}"
        ruleset = landlock.open_rules(order["abi"], [*order["read"], own], order["write"], order["devices"])
        if order["uid"] is not None:
            landlock.drop_rights(order["uid"], order["gid"])
        os.chdir(order["workspace"])
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        for name, pair in order["limits"].items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name.upper()}"), pair)
        landlock.confine(ruleset, order["filter"])
        _execute(order["command"], order["environment"])
    except BaseException as error:  # noqa: BLE001  Whatever it is, this process must not go on as the launcher.
        text = ascii(f"{type(error).__name__}: {error}").replace("\\", "/").replace('"', "'")
        os.write(status_fd, f'{{"error": "{text[1:-1]}"}}\n'.encode())
    finally:
        os._exit(127)


def _go_first() -> None:
    """When the machine runs out of memory, the kernel shall end this program and not another."""
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("1000")


def _execute(command: list[str], environment: dict[str, str]) -> None:
    """Like `os.execvpe`, which would import a module that cannot be read any more."""
    name = command[0]
    folders = environment["PATH"].split(":") if "/" not in name else [""]
    failure: OSError = FileNotFoundError(2, f"no program {name} on {environment['PATH']}")
    for folder in folders:
        path = f"{folder}/{name}" if folder else name
        try:
            os.execve(path, command, environment)  # noqa: S606  Becoming the program is what this is for.
        except FileNotFoundError:
            continue
        except OSError as error:
            failure = OSError(error.errno, f"{error.strerror}: {path}")
    raise failure


def _let_go_of_output() -> None:
    """Hold the program's pipes no longer, so that their end can be seen."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(nothing, descriptor)


def _wait_for(child: int) -> tuple[str, int]:
    """How the child ended; when Aura says so or is gone, it is killed first."""
    while True:
        if signal.sigwait(_WATCHED) == signal.SIGTERM:
            _kill_descendants(child)
            return "signal", int(signal.SIGKILL)
        ended = _reap(child)
        if ended is not None:
            return ("exit", ended) if ended >= 0 else ("signal", -ended)


def _reap(child: int) -> int | None:
    """Take note of every child that has ended; returns the exit code of this one, if it is among them."""
    found = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        if pid == child:
            found = os.waitstatus_to_exitcode(status)


def _descendants() -> set[int]:
    """All processes below this one; orphans come back to it."""
    below: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208  pathlib is not loaded here.
        if not name.isdecimal():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                parent = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, IndexError):
            continue  # It ended meanwhile.
        below.setdefault(parent, []).append(int(name))
    found: set[int] = set()
    ahead = [os.getpid()]
    while ahead:
        children = below.get(ahead.pop(), [])
        found.update(children)
        ahead += children
    return found


def _kill_descendants(child: int = 0) -> None:
    """Stop everything below first, so that nothing can start more, then kill it; returns when it is gone."""
    end = time.monotonic() + _KILL_S
    stopped: set[int] = set()
    while time.monotonic() < end:
        _reap(child)
        found = _descendants()
        if not found:
            return
        fresh = found - stopped
        for pid in fresh or found:
            try:
                os.kill(pid, signal.SIGSTOP if fresh else signal.SIGKILL)
            except ProcessLookupError:
                continue
        stopped |= fresh
        if not fresh:
            time.sleep(0.001)
