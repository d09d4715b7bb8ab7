"""A supervisor over toy services, as a real process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest

from aura_shared import control
from aura_shared.errors import AuraError
from aura_shared.paths import find_paths

HERE = Path(__file__).parent / "aura_supervisor"
FoundT = TypeVar("FoundT")
PATIENCE_S = 30.0  # The machine may be busy; nothing here waits for it to pass.


def until(condition: Callable[[], FoundT | None], what: str, timeout_s: float = PATIENCE_S) -> FoundT:
    """The first true value of `condition`, asked again and again up to a bound."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def row(name: str, **more: object) -> dict[str, Any]:
    """A row of the process table for the toy of the same name."""
    return {"name": name, "module": f"toys.{name}", **more}


class Supervisor:
    """One running supervisor."""

    def __init__(self, home: Path, table: list[dict[str, Any]], **policy: object) -> None:
        self.diary_file = home / "diary"
        environment = {**os.environ, "PYTHONPATH": str(HERE), "TOY_DIARY": str(self.diary_file), "PYTHONSAFEPATH": "1"}
        wanted: dict[str, Any] = {"table": table, "announce": policy.pop("announce", False)}
        wanted["watch_s"] = policy.pop("watch_s", 1.0)
        if policy:
            wanted["policy"] = policy
        command = [sys.executable, "-P", str(HERE / "toy_daemon.py"), json.dumps(wanted)]
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=home
        )
        self.paths = find_paths()

    def ask(self, do: str, *, timeout_s: float = PATIENCE_S, **more: object) -> dict[str, Any]:
        """The answer to one command."""
        return control.call(self.paths, {"do": do, **more}, timeout_s=timeout_s)

    def service(self, name: str) -> dict[str, Any]:
        """The state of one service; empty while the supervisor does not answer."""
        try:
            return next(found for found in self.ask("status")["services"] if found["name"] == name)
        except AuraError:
            return {}

    def ready(self) -> None:
        """Wait until every service is ready."""
        until(self._is_ready, "all services ready")

    def reaches(self, name: str, state: str) -> dict[str, Any]:
        """Wait until a service has this state; returns its status."""

        def found() -> dict[str, Any] | None:
            service = self.service(name)
            return service if service.get("state") == state else None

        return until(found, f"{name} is {state}; it is {self.service(name)}")

    def replaced(self, name: str, pid: int) -> dict[str, Any]:
        """Wait until a service is ready in another process than this one; returns its status."""

        def found() -> dict[str, Any] | None:
            service = self.service(name)
            return service if service.get("state") == "ready" and service["pid"] != pid else None

        return until(found, f"another process of {name} is ready")

    def diary(self) -> list[list[str]]:
        """What the toys wrote down, word by word."""
        if not self.diary_file.exists():
            return []
        return [line.split() for line in self.diary_file.read_text(encoding="utf-8").splitlines()]

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.process.communicate()[1]
        try:
            return bool(self.ask("hello")["ready"])
        except AuraError:
            return False


StartSupervisor = Callable[..., Supervisor]


@pytest.fixture
def supervise(aura_home: Path) -> Iterator[StartSupervisor]:
    """Starts supervisors; every one that still runs is ended, with all that it started."""
    started: list[Supervisor] = []

    def start(*table: dict[str, Any], **policy: object) -> Supervisor:
        started.append(Supervisor(aura_home, list(table), **policy))
        return started[-1]

    yield start
    for supervisor in started:
        family = [child for child in _family(supervisor.process.pid) if child.pid != supervisor.process.pid]
        supervisor.process.terminate()
        try:
            supervisor.process.wait(10)
        except subprocess.TimeoutExpired:
            supervisor.process.kill()
            supervisor.process.wait()
        if supervisor.process.stderr is not None:
            supervisor.process.stderr.close()
        for child in family:
            if child.is_running():
                child.kill()


def _family(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
