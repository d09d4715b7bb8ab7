"""Tells the bus which state each service has. Best effort: nothing in the supervisor waits for the bus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from aura_shared.paths import AuraPaths
from aura_supervisor.keeping import StateChange

__all__ = ["Announcer"]

RETRY_S: Final = 2.0
PATIENCE_S: Final = 10.0
CLOSE_S: Final = 0.5  # Whatever the bus has not taken by then is not worth a slow `aura down`.


class Announcer:
    """Publishes the newest state per service, as soon as the bus takes it."""

    def __init__(self, paths: AuraPaths, log: Callable[..., None]) -> None:
        self._paths = paths
        self._log = log
        self._newest: dict[str, StateChange] = {}
        self._changed = asyncio.Event()

    def note(self, change: StateChange) -> None:
        """Remember a state to be published."""
        self._newest.pop(change.service, None)
        self._newest[change.service] = change
        self._changed.set()

    async def publish_changes(self, after: asyncio.Event) -> None:
        """Publish until cancelled.

        It begins when `after` is set, because imports and sockets cost 0.3 CPU seconds that the start of the services
        needs; or a little later, when one of them does not get ready.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await after.wait()
        publisher = await asyncio.to_thread(_open_publisher, self._paths)
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                while self._newest:
                    await self._publish_one(publisher)
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await publisher.close()

    async def _publish_one(self, publisher: Publisher) -> None:
        service = next(iter(self._newest))
        change = self._newest.pop(service)
        problem = await publisher.publish(change)
        if problem:
            self._log("info", "state_not_published", of=service, state=change.state, problem=problem)
            self._newest.setdefault(service, change)
            await asyncio.sleep(RETRY_S)


class Publisher(Protocol):
    """Takes states to the bus."""

    async def publish(self, change: StateChange) -> str:
        """Empty when it is done, otherwise why not."""
        ...

    async def close(self) -> None:
        """Give the connection back."""
        ...


def _open_publisher(paths: AuraPaths) -> Publisher:
    from aura_supervisor.publishing import BusPublisher  # noqa: PLC0415 - pydantic and zmq, long after the start

    return BusPublisher(paths)
