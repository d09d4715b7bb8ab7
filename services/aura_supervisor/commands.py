"""What the control socket can be asked: how things are, the end of everything, single services, settings, logs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, cast

from aura_shared.control import PROTOCOL
from aura_shared.errors import Conflict, NotFound, UsageProblem
from aura_shared.log_files import Follower, log_paths, read_last, timestamp
from aura_supervisor.control_server import Answer, Commands
from aura_supervisor.keeping import Keeper
from aura_supervisor.settings_in_force import SettingsInForce
from aura_supervisor.usage import Usage, usage_of

__all__ = ["ControlCommands"]

FOLLOW_INTERVAL_S: Final = 0.2
MAX_LOG_LINES: Final = 10_000


class ControlCommands:
    """Answers to the commands; it holds no state of its own but the time of the start."""

    def __init__(
        self,
        keepers: Mapping[str, Keeper],
        settings: SettingsInForce,
        logs: Path,
        *,
        stop: asyncio.Event,
        stopped: asyncio.Event,
    ) -> None:
        self._keepers = keepers
        self._settings = settings
        self._logs = logs
        self._stop = stop
        self._stopped = stopped
        self._started_at = timestamp()
        self._version = _version()

    def by_name(self) -> Commands:
        """Each command by what stands in `do`."""
        return {
            "hello": self._hello,
            "status": self._status,
            "down": self._down,
            "stop": self._stop_service,
            "start": self._start_service,
            "restart": self._restart,
            "reload": self._reload,
            "logs": self._read_logs,
        }

    async def _hello(self, request: Answer) -> Answer:
        del request
        return {"protocol": PROTOCOL, **self._self()}

    async def _status(self, request: Answer) -> Answer:
        del request
        own = usage_of(os.getpid())
        return {
            **self._self(),
            "started_at": self._started_at,
            "stopping": self._stop.is_set(),
            "settings_problem": self._settings.problem,
            "rss_bytes": own.rss_bytes,
            "cpu_s": own.cpu_s,
            "services": [_status_of(keeper) for keeper in self._keepers.values()],
        }

    async def _down(self, request: Answer) -> Answer:
        del request
        self._stop.set()
        await self._stopped.wait()
        return {"ok": True, "pid": os.getpid()}

    async def _restart(self, request: Answer) -> Answer:
        keeper = self._keepers[self._service_in(request)]
        await keeper.restart(_timeout_s(keeper))
        return _done(keeper)

    async def _start_service(self, request: Answer) -> Answer:
        keeper = self._keepers[self._service_in(request)]
        await keeper.start(_timeout_s(keeper))
        return _done(keeper)

    async def _stop_service(self, request: Answer) -> Answer:
        """Stop one service; one that others cannot be without is refused."""
        keeper = self._keepers[self._service_in(request)]
        name = keeper.spec.name
        dependents = [other.spec.name for other in self._keepers.values() if name in other.spec.after]
        if dependents:
            raise Conflict(
                f"{name} cannot be stopped alone: {', '.join(dependents)} can do nothing without it",
                hint=f"`aura down` stops everything, `aura restart {name}` starts it anew.",
            )
        await keeper.halt()
        return _done(keeper)

    async def _reload(self, request: Answer) -> Answer:
        keys: object = request.get("project_keys", [])
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in cast("list[object]", keys)):
            raise UsageProblem(f"`project_keys` must be a list of settings; found {keys!r}")
        return await self._settings.reload(cast("list[str]", keys))

    def _read_logs(self, request: Answer) -> AsyncIterator[Answer]:
        return self._log_lines(request)

    async def _log_lines(self, request: Answer) -> AsyncIterator[Answer]:
        service = self._service_in(request, or_all=True)
        count = request.get("lines", 100)
        if not isinstance(count, int) or not 0 <= count <= MAX_LOG_LINES:
            raise UsageProblem(f"`lines` must be a number from 0 to {MAX_LOG_LINES}; found {count!r}")
        follower = Follower(self._logs, service or None)
        for line in read_last(log_paths(self._logs, service or None), count):
            yield line
        if request.get("follow") is not True:
            return
        ended = False
        while not ended:
            ended = self._stopped.is_set()  # Asked first, so that the very last lines are sent as well.
            for line in follower.new_lines():
                yield line
            await asyncio.sleep(FOLLOW_INTERVAL_S)

    def _service_in(self, request: Answer, *, or_all: bool = False) -> str:
        name = request.get("service")
        if name is None and or_all:
            return ""
        if not isinstance(name, str) or (name not in self._keepers and not (or_all and name == "supervisor")):
            raise NotFound(f"`service` must be one of {', '.join(self._keepers)}; found {name!r}")
        return name

    def _self(self) -> Answer:
        ready = all(keeper.as_wanted for keeper in self._keepers.values())
        return {"pid": os.getpid(), "version": self._version, "ready": ready}


def _timeout_s(keeper: Keeper) -> float:
    return keeper.spec.stop_timeout_s + keeper.spec.ready_timeout_s


def _done(keeper: Keeper) -> Answer:
    return {"ok": True, "service": keeper.spec.name, "pid": keeper.child.pid if keeper.child else None}


def _status_of(keeper: Keeper) -> Answer:
    child = keeper.child
    usage = usage_of(child.pid) if child else Usage()
    return {
        "name": keeper.spec.name,
        "state": keeper.state,
        "pid": child.pid if child else None,
        "uptime_s": round(child.up_s, 3) if child else 0.0,
        "restarts": keeper.restarts,
        "rss_bytes": usage.rss_bytes,
        "cpu_s": usage.cpu_s,
        "reason": keeper.reason,
        "trouble": child.trouble if child else "",
        "last_lines": keeper.output.last_lines(),
    }


def _version() -> str:
    try:
        return version("aura-dev")
    except PackageNotFoundError:
        return "0"
