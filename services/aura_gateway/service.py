"""The gateway as a service: listens, says where, serves, and takes the word back when it stops."""

from __future__ import annotations

import asyncio
import os
from typing import Final

import uvicorn

from aura_gateway.app import GatewayApp, Parts, create_app
from aura_gateway.audit import AuditTrail
from aura_gateway.guard import GuardRules
from aura_gateway.listening import listen
from aura_gateway.state_key import state_key
from aura_gateway.version import installed_version
from aura_gateway.wire import OneWriteProtocol
from aura_shared.bus import Bus
from aura_shared.discovery import PROTOCOL_MAX, PROTOCOL_MIN, Discovery, process_started_at
from aura_shared.errors import StorageError
from aura_shared.logging import get_logger
from aura_shared.messages.core import new_id
from aura_shared.metrics import ServiceMetricsRegistry
from aura_shared.paths import AuraPaths
from aura_shared.security import new_token
from aura_shared.service import Health
from aura_shared.settings import GatewaySettings

__all__ = ["GatewayService"]

GRACE_S: Final = 1  # For calls that are being served when the gateway stops; streams are told before.

log = get_logger("gateway")


class GatewayService:
    """The gateway's life."""

    def __init__(
        self, bus: Bus, paths: AuraPaths, settings: GatewaySettings, metrics: ServiceMetricsRegistry, audit: AuditTrail
    ) -> None:
        self._bus = bus
        self._paths = paths
        self._settings = settings
        self._metrics = metrics
        self._audit = audit
        self._server: uvicorn.Server | None = None
        self._built: GatewayApp | None = None
        self.discovery: Discovery | None = None
        """What the discovery file says, while it serves."""

    async def start(self) -> None:
        """Listen, serve, and write the discovery file.

        Raises:
            SettingsError: The address of the settings is not a loopback one.
            Conflict: The port of the settings is in use.
            StorageError: The discovery file cannot be written.
        """
        bound = listen(self._settings)
        host, port = str(bound.getsockname()[0]), int(bound.getsockname()[1])
        token, instance = new_token(), new_id()
        self._built = self._build(port, token, instance)
        config = uvicorn.Config(
            self._built.app,
            log_config=None,
            access_log=False,
            http=OneWriteProtocol,
            lifespan="on",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=GRACE_S,
            ws_max_size=self._settings.max_body_bytes,
            ws_max_queue=8,
            ws_per_message_deflate=False,  # On loopback it costs more than it saves.
            ws_ping_interval=20.0,
            ws_ping_timeout=20.0,
        )
        config.load()
        # Started and stopped by hand: uvicorn's own `serve` takes the signals away from the service base, and wakes up
        # ten times a second.
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[bound])
        self._server = server
        self.discovery = self._tell(host, port, token, instance)
        log.info("gateway_listens", host=host, port=port, instance=instance)

    async def stop(self) -> None:
        """Take the discovery file back, end the streams, finish what is being served, and close the audit trail."""
        if self.discovery is not None:
            self.discovery.remove(self._paths.discovery)
        if self._built is not None:
            await self._built.streams.close()
        if self._server is not None:
            await _accept_no_more(self._server)
            await self._server.shutdown()
            await _cut_off(self._server)
        await asyncio.to_thread(self._audit.close)

    def health(self) -> Health:
        """Whether it listens, and whether clients can find it."""
        serving = self._server is not None and self._server.started
        return Health(ok=serving, detail="" if serving else "does not listen")

    def _build(self, port: int, token: str, instance: str) -> GatewayApp:
        rules = GuardRules.on_port(
            port,
            token=token,
            origins=self._settings.allowed_origins,
            max_body_bytes=self._settings.max_body_bytes,
            body_timeout_s=self._settings.request_timeout_s,
        )
        parts = Parts(
            bus=self._bus,
            paths=self._paths,
            settings=self._settings,
            rules=rules,
            instance=instance,
            state_key=state_key(self._paths.data / "mcp-state.key"),
            note=self._audit.note,
            exposition=self._metrics.exposition,
        )
        return create_app(parts)

    def _tell(self, host: str, port: int, token: str, instance: str) -> Discovery:
        pid = os.getpid()
        discovery = Discovery(
            pid=pid,
            pid_started_at=process_started_at(pid) or "unknown",
            instance=instance,
            host=host,
            port=port,
            token=token,
            protocol_min=PROTOCOL_MIN,
            protocol_max=PROTOCOL_MAX,
            version=installed_version(),
        )
        try:
            discovery.write(self._paths.discovery)
        except OSError as error:
            raise StorageError(f"cannot write {self._paths.discovery}: {error.strerror or error}") from error
        return discovery


async def _accept_no_more(server: uvicorn.Server) -> None:
    """Take no further connection, and let those that were taken begin.

    A connection between asyncio's accept and its first turn is lost unclosed when the server is closed in that moment.
    """
    loop = asyncio.get_running_loop()
    for listening in (one for bound in server.servers for one in bound.sockets):
        loop.remove_reader(listening.fileno())
    for _ in range(3):  # its task, the transport, and uvicorn's `connection_made`
        await asyncio.sleep(0)


async def _cut_off(server: uvicorn.Server) -> None:
    """Wait for the calls that uvicorn cancelled after the grace, and close what stays open of their connections.

    uvicorn itself returns before they ended; a process that goes on would keep their sockets.
    """
    tasks, connections = server.server_state.tasks, server.server_state.connections
    if tasks:
        await asyncio.wait(list(tasks), timeout=GRACE_S)
    for connection in list(connections):
        connection.transport.abort()
    while connections:  # noqa: ASYNC110 - each is taken out in the next turn of the loop, when its socket is closed
        await asyncio.sleep(0)
