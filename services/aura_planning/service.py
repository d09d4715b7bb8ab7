"""The planning service: gives every part its share of the requests."""

from __future__ import annotations

from aura_planning.desk import PlanDesk
from aura_shared.bus import Bus
from aura_shared.paths import AuraPaths
from aura_shared.projects import ProjectRegistry
from aura_shared.service import Health
from aura_shared.settings import Settings

__all__ = ["PlanningService"]


class PlanningService:
    """Serves until stopped."""

    def __init__(self, bus: Bus, paths: AuraPaths, settings: Settings, registry: ProjectRegistry) -> None:
        self._desk = PlanDesk(bus, paths, settings, registry)

    async def start(self) -> None:
        """Serve the requests of the parts."""

    async def stop(self) -> None:
        """Nothing is left to end."""

    def health(self) -> Health:
        """Always well once it has started."""
        return Health(ok=True)
