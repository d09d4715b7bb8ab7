"""The git service: gives every part its share of the requests, and watches repositories for what others do."""

from __future__ import annotations

import asyncio

from aura_git.branching.service import BranchService
from aura_git.commits.service import CommitService
from aura_git.desk import GitDesk
from aura_git.health.service import HealthService
from aura_git.merging.leftovers import prune
from aura_git.merging.service import MergeService
from aura_git.pulls.service import PullService
from aura_git.releases.service import ReleaseService
from aura_git.safety.core import SafetyCore
from aura_git.safety.service import SafetyService
from aura_shared.bus import Bus
from aura_shared.errors import AuraError
from aura_shared.logging import get_logger
from aura_shared.paths import AuraPaths
from aura_shared.projects import Project, ProjectRegistry
from aura_shared.service import Health
from aura_shared.settings import Settings

__all__ = ["GitService"]

log = get_logger(__name__)


class GitService:
    """Serves until stopped."""

    def __init__(self, bus: Bus, paths: AuraPaths, settings: Settings, registry: ProjectRegistry) -> None:
        self._desk = GitDesk(bus, paths, settings, registry, SafetyCore(settings.git))
        self._safety = SafetyService(self._desk)
        self._commits = CommitService(self._desk)
        self._health = HealthService(self._desk)

    async def start(self) -> None:
        """Take up what was interrupted, watch the repositories, and serve."""
        await self._desk.background.start()
        await self._safety.start()
        for project in await self._desk.projects():
            await asyncio.to_thread(self._tidy, project)
        self._safety.register()
        self._commits.register()
        self._commits.start()
        self._safety.watcher.on_index(self._commits.index_moved)
        for part in (BranchService, MergeService, PullService, ReleaseService):
            part(self._desk).register()
        self._health.register()
        await self._health.start()

    def _tidy(self, project: Project) -> None:
        """Remove work trees that a killed process left."""
        try:
            prune(self._desk.open(project))
        except (AuraError, OSError):
            log.debug("git_not_tidied", project=project.id, exc_info=True)

    async def stop(self) -> None:
        """Watch no more."""
        await self._health.stop()
        await self._commits.stop()
        await self._safety.stop()
        await self._desk.background.stop()

    def health(self) -> Health:
        """Always well once it has started."""
        return Health(ok=True)
