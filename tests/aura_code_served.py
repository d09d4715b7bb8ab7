"""A code service over a bus without sockets, and the questions that tests ask it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from aura_code.service import CodeService
from aura_shared.bus.memory import MemoryBus, MemoryHub
from aura_shared.messages.code import (
    AddProject,
    IndexUpdated,
    ListProjects,
    ProjectInfo,
    ProjectStateChanged,
    SearchAnswer,
    SearchCode,
)
from aura_shared.paths import find_paths
from aura_shared.projects import ProjectRegistry
from aura_shared.settings import Settings

BOUND_S = 30.0  # Far more than anything here takes, also on a busy machine.


class Served:
    """The service and a client of it."""

    def __init__(self, settings: Settings) -> None:
        self.hub = MemoryHub()
        self.client: MemoryBus = self.hub.connect("test")
        self.paths = find_paths().prepare()
        self.service = CodeService(self.hub.connect("code"), self.paths, settings, ProjectRegistry(self.paths.projects))

    async def start(self) -> None:
        await self.service.start()

    async def stop(self) -> None:
        await self.service.stop()
        await self.client.close()

    async def add(self, root: Path) -> ProjectInfo:
        """Register `root` and wait until its index is ready."""
        answer = await self.client.request(AddProject(path=str(root)))
        return await self.until(answer.project.id, lambda info: info.phase == "ready" and info.freshness.verified)

    async def info(self, project: str) -> ProjectInfo:
        listed = await self.client.request(ListProjects())
        return next(info for info in listed.projects if info.id == project)

    async def until(self, project: str, holds: Callable[[ProjectInfo], bool]) -> ProjectInfo:
        """The state of a project as soon as `holds` says yes."""
        states = self.client.listen(ProjectStateChanged)
        try:
            async with asyncio.timeout(BOUND_S):
                current = await self.info(project)
                if holds(current):
                    return current
                async for delivery in states:
                    assert isinstance(delivery.event, ProjectStateChanged)
                    if delivery.event.project.id == project and holds(delivery.event.project):
                        return delivery.event.project
        finally:
            states.close()
        raise AssertionError("the bus was closed")

    async def after(self, change: Callable[[], object]) -> IndexUpdated:
        """Make a change and wait for the update that it leads to."""
        updates = self.client.listen(IndexUpdated, since=self.hub.head)
        try:
            await asyncio.to_thread(change)
            async with asyncio.timeout(BOUND_S):
                async for delivery in updates:
                    assert isinstance(delivery.event, IndexUpdated)
                    return delivery.event
        finally:
            updates.close()
        raise AssertionError("the bus was closed")

    async def search(self, project: str, query: str, **more: object) -> SearchAnswer:
        return await self.client.request(SearchCode.model_validate({"project": project, "query": query, **more}))

    async def found(self, project: str, text: str) -> list[str]:
        """The paths in which a search finds exactly this text, best first."""
        return [hit.path for hit in (await self.search(project, f'"{text}"')).hits]
