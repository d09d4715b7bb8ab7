"""The panel's way to the daemon: questions and events over the bus, the supervisor's control socket, the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Literal, Protocol

from aura_cli.answers import JsonObject
from aura_cli.daemon import daemon_status, start_daemon, wait_ready
from aura_cli.gateway import Gateway
from aura_shared import control
from aura_shared.bus import Bus, ProgressHandler
from aura_shared.errors import AuraError, DaemonDown
from aura_shared.messages.core import ReplyT, Request
from aura_shared.paths import AuraPaths

__all__ = ["GatewayCalls", "Link", "Presence"]

Presence = Literal["unknown", "down", "starting", "up", "stopping"]
"""`starting`: the daemon runs and some service is not ready yet."""

START_TIMEOUT_S: Final = 60.0
CONTROL_TIMEOUT_S: Final = 60.0
"""A restart waits for the old process to end and the new one to be ready."""


class GatewayCalls(Protocol):
    """What the panel asks the gateway itself: questions that live there and nowhere else, such as approvals."""

    def get(self, path: str) -> JsonObject:
        """Ask for `path`."""
        ...

    def post(self, path: str, body: Mapping[str, object]) -> JsonObject:
        """Send `body` to `path`."""
        ...


class Link:
    """What the panel talks to.

    Args:
        paths: The installation.
        bus: Its connection to the broker, which need not run.
        gateway: Instead of the one that the discovery file names.
        status: Asks the supervisor; None when no daemon runs. It may block for a moment.
    """

    def __init__(
        self,
        paths: AuraPaths,
        bus: Bus,
        *,
        gateway: GatewayCalls | None = None,
        status: Callable[[AuraPaths], JsonObject | None] = daemon_status,
    ) -> None:
        self.paths = paths
        self.bus = bus
        self.presence: Presence = "unknown"
        """How the daemon is, as `look` found it last."""
        self._gateway = gateway or Gateway(paths, recovery_s=0, client="aura-panel")
        self._status = status

    async def look(self) -> JsonObject | None:
        """The supervisor's answer to `status`; None when no daemon runs. Sets `presence`."""
        try:
            found = await asyncio.to_thread(self._status, self.paths)
        except AuraError:  # It runs and does not answer now.
            self.presence = "starting"
            return {}
        if found is None:
            self.presence = "down"
        elif found.get("stopping") is True:
            self.presence = "stopping"
        else:
            self.presence = "up" if found.get("ready") is True else "starting"
        return found

    async def ask(
        self,
        request: Request[ReplyT],
        *,
        timeout_s: float | None = None,
        on_progress: ProgressHandler | None = None,
    ) -> ReplyT:
        """The answer of the service that `request` belongs to; a cancelled wait cancels the work there too.

        Raises:
            DaemonDown: No daemon runs.
            AuraError: What the service reported, or that it does not answer.
        """
        if self.presence == "down":
            raise DaemonDown("Aura is not running", hint="Press Ctrl-S to start it.")
        return await self.bus.request(request, timeout_s=timeout_s, on_progress=on_progress)

    async def control(self, request: Mapping[str, object]) -> JsonObject:
        """The supervisor's answer to a command such as `{"do": "restart", "service": "code"}`.

        Raises:
            AuraError: What the supervisor reported, or that none runs.
        """
        return await asyncio.to_thread(control.call, self.paths, request, timeout_s=CONTROL_TIMEOUT_S)

    async def get(self, path: str) -> JsonObject:
        """The gateway's answer to a GET.

        Raises:
            AuraError: What the gateway reported, or that it does not answer.
        """
        return await asyncio.to_thread(self._gateway.get, path)

    async def post(self, path: str, body: Mapping[str, object]) -> JsonObject:
        """The gateway's answer to a POST.

        Raises:
            AuraError: What the gateway reported, or that it does not answer.
        """
        return await asyncio.to_thread(self._gateway.post, path, body)

    async def start(self) -> None:
        """Start the daemon and wait until it is ready.

        Raises:
            AuraError: It cannot be started or does not become ready.
        """
        await asyncio.to_thread(start_daemon, self.paths)
        self.presence = "starting"
        await asyncio.to_thread(wait_ready, self.paths, START_TIMEOUT_S)
        await self.look()

    async def stop(self) -> None:
        """Stop the daemon and wait until it is gone.

        Raises:
            AuraError: It does not stop.
        """
        await self.control({"do": "down"})
        await self.look()

    async def close(self) -> None:
        """Give the sockets back."""
        await self.bus.close()
