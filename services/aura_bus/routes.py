"""Who serves what, and which requests are under way. No sockets: the broker acts on what is found here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

SILENT_TICKS: Final = 10
"""Ticks (seconds) without a heartbeat until a service counts as gone: five of its heartbeats. Counted in ticks of the
broker and not by the clock, so that a suspended machine or broker does not find everybody silent."""
MOST_ASKED: Final = 10_000
"""Requests remembered at once; beyond that the oldest would only miss the news that its service died."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request under way."""

    asker: bytes
    """Connection that waits for the answer."""
    id: bytes
    """Of the request."""
    service: str
    """Who was asked."""
    server: bytes
    """Connection that answers."""


@dataclass(slots=True)
class _Server:
    identity: bytes
    silent: int = 0


@dataclass(slots=True)
class Routes:
    """The services that are connected, and their open requests."""

    _servers: dict[str, _Server] = field(default_factory=dict[str, _Server])
    _asked: dict[tuple[bytes, bytes], Asked] = field(default_factory=dict[tuple[bytes, bytes], Asked])

    @property
    def services(self) -> list[str]:
        """Names of the services that are connected."""
        return sorted(self._servers)

    def hello(self, service: str, identity: bytes) -> bool:
        """Note a registration or a heartbeat; true when this connection is new. The newest one gets the requests."""
        server = self._servers.get(service)
        if server is not None and server.identity == identity:
            server.silent = 0
            return False
        self._servers[service] = _Server(identity)
        return True

    def bye(self, service: str, identity: bytes) -> None:
        """Forget a service, unless another connection took its place."""
        server = self._servers.get(service)
        if server is not None and server.identity == identity:
            del self._servers[service]

    def server(self, service: str) -> bytes | None:
        """The connection of a service."""
        server = self._servers.get(service)
        return None if server is None else server.identity

    def ask(self, asked: Asked) -> None:
        """Remember a request until it is answered."""
        if len(self._asked) >= MOST_ASKED:
            del self._asked[next(iter(self._asked))]
        self._asked[asked.asker, asked.id] = asked

    def answered(self, asker: bytes, request: bytes) -> None:
        """Forget a request."""
        self._asked.pop((asker, request), None)

    def cancelled(self, asker: bytes, request: bytes) -> Asked | None:
        """Forget a request that was taken back; returns it when it was under way."""
        return self._asked.pop((asker, request), None)

    def connections(self) -> set[bytes]:
        """Everybody whose going would matter."""
        servers = {server.identity for server in self._servers.values()}
        return servers | {a.server for a in self._asked.values()} | {a.asker for a in self._asked.values()}

    def gone(self, identity: bytes) -> tuple[list[Asked], list[Asked]]:
        """Forget a connection; returns the requests it will not answer, and those it will not wait for."""
        for service in [name for name, server in self._servers.items() if server.identity == identity]:
            del self._servers[service]
        unanswered = [a for a in self._asked.values() if a.server == identity and a.asker != identity]
        unwanted = [a for a in self._asked.values() if a.asker == identity]
        for asked in (*unanswered, *unwanted):
            del self._asked[asked.asker, asked.id]
        return unanswered, unwanted

    def tick(self) -> list[bytes]:
        """Count a second of silence for everybody; returns the connections that have been silent for too long."""
        for server in self._servers.values():
            server.silent += 1
        return [server.identity for server in self._servers.values() if server.silent >= SILENT_TICKS]
