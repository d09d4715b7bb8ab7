"""What the parts of this service share: projects, settings, the safety core, and a way to tell others."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aura_git.repository import Repository, open_repository
from aura_git.safety.contract import Safety
from aura_shared.bus import Bus
from aura_shared.desk import Desk
from aura_shared.paths import AuraPaths
from aura_shared.projects import Project, ProjectRegistry
from aura_shared.settings import Settings

__all__ = ["GitDesk"]


class GitDesk(Desk):
    """Handed to every part of the service.

    Attributes:
        safety: What every write goes through.
    """

    def __init__(
        self, bus: Bus, paths: AuraPaths, settings: Settings, registry: ProjectRegistry, safety: Safety
    ) -> None:
        super().__init__(bus, paths, settings, registry)
        self.safety = safety

    async def repository(self, name: str) -> Repository:
        """The repository of a registered project.

        Raises:
            UnknownProject: There is no such project.
            NoRepository: It is in no repository, or git does not trust it.
        """
        project = await self.project(name)
        return await asyncio.to_thread(self.open, project)

    def open(self, project: Project) -> Repository:
        """The repository of a project; raises like `repository`."""
        return open_repository(Path(project.root), project=project.id, timeout_s=self.settings.git.command_s)
