"""What the parts of a service share: projects, settings, and a way to tell others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from aura_shared.background import BackgroundWork
from aura_shared.bus import Bus
from aura_shared.errors import AuraError
from aura_shared.logging import get_logger
from aura_shared.messages.core import Event
from aura_shared.paths import AuraPaths
from aura_shared.projects import Project, ProjectRegistry
from aura_shared.settings import Settings

__all__ = ["Desk"]

log = get_logger(__name__)
ResultT = TypeVar("ResultT")


class Desk:
    """Handed to every part of a service.

    Attributes:
        bus: For questions to other services.
        paths: Folders of this installation.
        settings: All settings of the process.
        background: Whether work that nobody asked for may go on; the service starts and stops it.
    """

    def __init__(self, bus: Bus, paths: AuraPaths, settings: Settings, registry: ProjectRegistry) -> None:
        self.bus = bus
        self.paths = paths
        self.settings = settings
        self._registry = registry
        self.background = BackgroundWork(bus)

    async def project(self, name: str) -> Project:
        """A registered project, by identifier, name or path.

        Raises:
            UnknownProject: There is none.
        """
        return await asyncio.to_thread(self._registry.find, name)

    async def projects(self) -> list[Project]:
        """All registered projects."""
        return await asyncio.to_thread(self._registry.list)

    @staticmethod
    async def write(work: Callable[[], ResultT]) -> ResultT:
        """Do something that writes in a thread, to its end also when the caller leaves."""
        return await asyncio.shield(asyncio.to_thread(work))

    async def tell(self, event: Event, *, project: str, cause: str | None = None) -> None:
        """Publish what happened; it has happened whether or not others can be told."""
        try:
            await self.bus.publish(event, project=project, cause=cause)
        except AuraError:
            log.warning("event_not_published", kind=event.type, exc_info=True)
