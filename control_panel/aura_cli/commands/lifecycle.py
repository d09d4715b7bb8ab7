"""`aura up`, `aura down`, and `aura stop`, `start` and `restart` for one service."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Final

import click

from aura_cli.answers import JsonObject, count_of, text_of
from aura_cli.commands.logs import FOLLOW_POLL_S
from aura_cli.daemon import POLL_S, Status, daemon_status, services_of, start_daemon, wait_ready, wait_stopped
from aura_cli.examples import WithExamples
from aura_cli.log_view import at_least, log_line
from aura_cli.screen import ProgressLine, ask, asks, bold, dim, note, out, out_json, plural, seconds, state
from aura_cli.targets import (
    START_TIMEOUT_S,
    open_registry,
    refuse_too_wide,
    register,
    repository_of,
    too_wide,
)
from aura_shared import control
from aura_shared.errors import DaemonDown, NotFound, Unavailable, UsageProblem
from aura_shared.log_files import Follower
from aura_shared.paths import AuraPaths, find_paths
from aura_shared.processes import PROCESSES
from aura_shared.projects import Project

STOP_TIMEOUT_S: Final = 30.0  # Every service has 5 s; the supervisor kills what is left then.


@click.command(
    cls=WithExamples,
    examples=["aura up", "aura up --detach", "aura up ~/src/shop --detach --yes", "aura up --detach --json"],
)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("-d", "--detach", is_flag=True, help="Return when Aura is ready, and leave it running.")
@click.option("-y", "--yes", is_flag=True, help="Register the repository without asking.")
@click.option("--no-init", is_flag=True, help="Do not register anything.")
@click.option(
    "--timeout", type=click.FloatRange(1, 600), default=START_TIMEOUT_S, show_default=True, help="Seconds to wait."
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON. Implies --detach.")
def up(*, path: Path | None, detach: bool, yes: bool, no_init: bool, timeout: float, as_json: bool) -> int:
    """Start Aura unless it runs, and wait until it is ready.

    The repository at PATH (or around the working directory) is registered if it is not: with a person at the terminal
    Aura asks, otherwise it says so. Without --detach the log is shown until Ctrl-C, which stops the Aura that this
    command started.
    """
    paths = find_paths().prepare()
    root = _to_register(paths, path, yes=yes, no_init=no_init)
    began = time.monotonic()
    started = wait_stopped(paths, timeout) is None
    project: Project | None = None
    if started:
        if root is not None:
            project = _registered(paths, root, quiet=as_json)
        start_daemon(paths)
    with ProgressLine(quiet=as_json) as progress:
        if not started:
            _start_stopped(paths, timeout)
        status = wait_ready(paths, timeout, lambda found: _show_start(progress, found))
    if root is not None and project is None:
        project = _registered(paths, root, quiet=as_json)
    if as_json:
        out_json({"started": started, "project": asdict(project) if project else None, **status})
        return 0
    _tell_ready(paths, status, time.monotonic() - began if started else None)
    if detach:
        return 0
    return _watch(paths, status, stop=started)


def _start_stopped(paths: AuraPaths, timeout_s: float) -> None:
    """Start what was stopped by `aura stop` while the daemon went on."""
    for service in services_of(daemon_status(paths) or {}):
        if service.get("state") == "stopped":
            control.call(paths, {"do": "start", "service": text_of(service, "name")}, timeout_s=timeout_s)


def _to_register(paths: AuraPaths, path: Path | None, *, yes: bool, no_init: bool) -> Path | None:
    """The folder to register, if there is one and nobody objects."""
    if no_init:
        return None
    folder = path.expanduser() if path is not None else Path.cwd()
    if not folder.is_dir():
        raise NotFound(f"there is no folder {folder}", hint="Check the spelling.")
    if open_registry(paths).containing(folder) is not None:
        return None
    repository = repository_of(folder)
    root = repository or folder
    if path is not None and not yes:
        refuse_too_wide(root)
    if yes:
        return root
    if asks():
        return root if ask(f"{root} is not registered. Index it?", default=not too_wide(root)) else None
    if path is not None or (repository is not None and not too_wide(root)):
        return root
    note(f"{folder} is no git repository and is not registered; `aura init` registers it.")
    return None


def _registered(paths: AuraPaths, root: Path, *, quiet: bool) -> Project:
    project, added = register(paths, root)
    if added and not quiet:
        note(f"Registered {bold(project.name)} {dim(project.root)}")
    return project


def _show_start(progress: ProgressLine, status: Status) -> None:
    services = services_of(status)
    ready = [service for service in services if service.get("state") == "ready"]
    waiting = ", ".join(text_of(service, "name") for service in services if service not in ready)
    progress.show(f"Starting: {waiting or 'Aura'}", len(ready), len(services) or None, milestone="Starting Aura …")


def _tell_ready(paths: AuraPaths, status: Status, took_s: float | None) -> None:
    services = plural(len(services_of(status)), "service")
    facts = dim(f"pid {count_of(status, 'pid')} · {services}" + (f" · {seconds(took_s)}" if took_s is not None else ""))
    out(f"Aura {'runs already' if took_s is None else 'is ' + state('ready')}  {facts}")
    projects = open_registry(paths).list()
    if projects:
        out(f'{plural(len(projects), "project")}. Try: {bold("aura search")} "where is … decided", aura status')
    else:
        out(f"No project is registered yet: {bold('aura init')} in a repository registers it.")


def _watch(paths: AuraPaths, status: Status, *, stop: bool) -> int:
    """Show new log lines until Ctrl-C; then stop the daemon if this command started it."""
    out(dim("Ctrl-C stops Aura." if stop else "Ctrl-C leaves this view; Aura was running before and goes on."))
    pid = count_of(status, "pid")
    try:
        with _hang_up_interrupts():
            _show_log(paths, pid)
    except KeyboardInterrupt:
        if not stop:
            return 0
        note("")
        _stop(paths, quiet=False)
        return 0
    raise Unavailable("Aura has ended", hint="See `aura logs supervisor`; `aura up` starts it again.")


def _show_log(paths: AuraPaths, pid: int) -> None:
    """Show new log lines until the daemon is gone."""
    follower = Follower(paths.logs)
    while True:
        for line in follower.new_lines():
            if at_least(line, "info"):
                out(log_line(line))
        if not _alive(pid):
            return
        time.sleep(FOLLOW_POLL_S)


def _alive(pid: int) -> bool:
    """Whether a process is there; one that ended and waits for its parent, this very process, is not."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def _hang_up_interrupts() -> Generator[None]:
    """Inside, a closed terminal and `kill` mean the same as Ctrl-C, so that the daemon is not left behind."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signals = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)  # SIGINT too: a script's background job ignores it
    before = [signal.signal(number, interrupt) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


@click.command(cls=WithExamples, examples=["aura down"])
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def down(*, as_json: bool) -> None:
    """Stop Aura and all its services. Stopping what does not run is no error."""
    paths = find_paths()
    stopped = _stop(paths, quiet=as_json)
    if as_json:
        out_json({"stopped": stopped})


def _stop(paths: AuraPaths, *, quiet: bool) -> bool:
    """Stop the daemon and wait until it is gone; returns whether one ran."""
    found = daemon_status(paths)
    if found is None:
        if not quiet:
            out("Aura is not running.")
        return False
    began = time.monotonic()
    with ProgressLine(quiet=quiet) as progress:
        progress.show("Stopping Aura …")
        with suppress(DaemonDown):  # It may be gone before it has answered.
            control.call(paths, {"do": "down"}, timeout_s=STOP_TIMEOUT_S)
        pid = count_of(found, "pid")
        while _alive(pid):
            if time.monotonic() - began > STOP_TIMEOUT_S:
                raise Unavailable(
                    f"Aura (pid {pid}) still runs after {STOP_TIMEOUT_S:.0f} s", hint=f"`kill -9 {pid}` ends it."
                )
            time.sleep(POLL_S)
    if not quiet:
        out(f"Aura has stopped {dim(f'({seconds(time.monotonic() - began)})')}")
    return True


_timeout = click.option(
    "--timeout", type=click.FloatRange(1, 600), default=START_TIMEOUT_S, show_default=True, help="Seconds to wait."
)


@click.command(cls=WithExamples, examples=["aura restart code", "aura restart gateway --json"])
@click.argument("service")
@_timeout
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def restart(*, service: str, timeout: float, as_json: bool) -> None:
    """Restart one SERVICE, and wait until it is ready. Also starts one again that kept crashing."""
    paths = find_paths()
    _refuse_unknown(service)
    before = _service(daemon_status(paths), service)
    began = time.monotonic()
    control.call(paths, {"do": "restart", "service": service}, timeout_s=timeout)
    with ProgressLine(quiet=as_json) as progress:
        progress.show(f"Restarting {service} …")
        after = _wait_new(paths, service, count_of(before, "pid"), timeout)
    _tell_service(after, time.monotonic() - began, as_json=as_json)


@click.command(cls=WithExamples, examples=["aura stop code", "aura stop models --json"])
@click.argument("service")
@_timeout
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def stop(*, service: str, timeout: float, as_json: bool) -> None:
    """Stop one SERVICE, and leave it stopped until `aura start`, `aura restart` or `aura up`.

    Stopping what is stopped is no error. The bus cannot be stopped alone: nothing works without it.
    """
    _ask_and_tell("stop", service, timeout, as_json=as_json)


@click.command(cls=WithExamples, examples=["aura start code", "aura start models --json"])
@click.argument("service")
@_timeout
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def start(*, service: str, timeout: float, as_json: bool) -> None:
    """Start one SERVICE that was stopped, and wait until it is ready. Starting what runs is no error."""
    _ask_and_tell("start", service, timeout, as_json=as_json)


def _ask_and_tell(do: str, service: str, timeout_s: float, *, as_json: bool) -> None:
    """Have the supervisor start or stop a service, and print what became of it."""
    paths = find_paths()
    _refuse_unknown(service)
    began = time.monotonic()
    with ProgressLine(quiet=as_json) as progress:
        progress.show(f"{'Stopping' if do == 'stop' else 'Starting'} {service} …")
        control.call(paths, {"do": do, "service": service}, timeout_s=timeout_s)
    _tell_service(_service(daemon_status(paths), service), time.monotonic() - began, as_json=as_json)


def _tell_service(service: JsonObject, took_s: float, *, as_json: bool) -> None:
    if as_json:
        out_json(service)
        return
    pid = f"pid {count_of(service, 'pid')}, " if service.get("pid") else ""
    now = text_of(service, "state")
    out(f"{bold(text_of(service, 'name'))} is {state(now)} {dim(f'({pid}{seconds(took_s)})')}")


def _refuse_unknown(service: str) -> None:
    names = [spec.name for spec in PROCESSES]
    if service not in names:
        raise UsageProblem(f"there is no service {service!r}", hint=f"The services are {', '.join(names)}.")


def _service(status: Status | None, name: str) -> JsonObject:
    """What a status says about a service.

    Raises:
        DaemonDown: There is no status.
    """
    if status is None:
        raise DaemonDown("Aura is not running")
    nothing: JsonObject = {}
    return next((service for service in services_of(status) if service.get("name") == name), nothing)


def _wait_new(paths: AuraPaths, name: str, old_pid: int, timeout_s: float) -> JsonObject:
    """Wait until the service is ready in another process than before."""
    deadline = time.monotonic() + timeout_s
    while True:
        service = _service(daemon_status(paths), name)
        if service.get("state") == "ready" and count_of(service, "pid") != old_pid:
            return service
        if time.monotonic() > deadline:
            raise Unavailable(
                f"{name} is not ready after {timeout_s:.0f} s, but {text_of(service, 'state')}",
                hint=f"See `aura logs {name}`.",
            )
        time.sleep(POLL_S)
