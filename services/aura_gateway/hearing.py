"""What the gateway hears on the bus: the last state of every project and service, told on to whoever follows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from aura_shared.bus import Bus
from aura_shared.errors import BusError
from aura_shared.logging import get_logger
from aura_shared.messages.code import IndexUpdated, ProjectInfo, ProjectRemoved, ProjectStateChanged
from aura_shared.messages.core import Event
from aura_shared.messages.plan_items import PlanItemsChanged
from aura_shared.messages.services import ServiceMetrics

__all__ = ["HEARD", "Hearing"]

HEARD: Final = (ProjectStateChanged, ProjectRemoved, IndexUpdated, PlanItemsChanged, ServiceMetrics)

log = get_logger("hearing")


class Hearing:
    """The last state of what the services announced."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.projects: dict[str, ProjectInfo] = {}
        """Last state of each project, as announced; `ListProjects` gives the complete one."""
        self.expositions: dict[str, str] = {}
        """Last metrics of each service."""
        self._followers: list[Callable[[Event], None]] = []
        self._moved = asyncio.Event()

    def follow(self, follower: Callable[[Event], None]) -> None:
        """Have `follower` called with every event that is heard."""
        self._followers.append(follower)

    async def run(self) -> None:
        """Listen until cancelled or the bus is closed."""
        events = self._bus.listen(*HEARD)
        try:
            async for delivery in events:
                self.take(delivery.event)
        except BusError:
            log.exception("hearing_ended")

    def take(self, event: Event) -> None:
        """Take in one event and tell the followers."""
        for follower in self._followers:
            follower(event)
        if isinstance(event, ProjectStateChanged):
            self.projects[event.project.id] = event.project
        elif isinstance(event, ProjectRemoved):
            self.projects.pop(event.project, None)
        elif isinstance(event, ServiceMetrics):
            self.expositions[event.service] = event.exposition
            return
        self._moved.set()
        self._moved = asyncio.Event()

    async def next_change(self, timeout_s: float) -> bool:
        """Wait until something about a project is heard; returns whether it was, within `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._moved.wait()
        except TimeoutError:
            return False
        return True
