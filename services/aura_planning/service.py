"""The planning service: gives every part its share of the requests."""

from __future__ import annotations

from aura_planning.desk import PlanDesk
from aura_planning.documents.service import DocumentService
from aura_planning.drifting.service import DriftService
from aura_planning.evidence.service import ProgressService
from aura_planning.exchanging.service import ExchangeService
from aura_planning.forecasting.service import ForecastService
from aura_planning.items.service import ItemService
from aura_planning.ordering.service import OrderService
from aura_planning.parsing.service import ParseService
from aura_planning.proposing.service import ProposalService
from aura_planning.tracing.service import TracingService
from aura_planning.workflow.service import WorkflowService
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
        self._items = ItemService(self._desk)
        self._forecasts = ForecastService(self._desk, self._items)
        self._drift = DriftService(self._desk, self._items)
        self._progress = ProgressService(self._desk, self._items)

    async def start(self) -> None:
        """Serve the requests of the parts, and watch the plans."""
        await self._desk.background.start()
        ParseService(self._desk).register()
        self._items.register()
        ExchangeService(self._desk, self._items).register()
        WorkflowService(self._desk, self._items).register()
        OrderService(self._desk, self._items).register()
        DocumentService(self._desk, self._items).register()
        ProposalService(self._desk, self._items).register()
        self._forecasts.register()
        self._drift.register()
        self._progress.register()
        TracingService(self._desk, self._items).register()
        await self._items.start()
        await self._forecasts.start()
        await self._drift.start()
        await self._progress.start()

    async def stop(self) -> None:
        """Watch no more."""
        await self._progress.stop()
        await self._drift.stop()
        await self._forecasts.stop()
        await self._items.stop()
        await self._desk.background.stop()

    def health(self) -> Health:
        """Always well once it has started."""
        return Health(ok=True)
