"""Proposals over the bus. What works them out is imported with the first question: a service at rest is small."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_planning.desk import PlanDesk
from aura_planning.items.service import ItemService
from aura_shared.bus import Context
from aura_shared.messages.plan_proposals import ExpandPlanItem, ProposalAnswer, ProposePlan

if TYPE_CHECKING:
    from aura_planning.proposing.proposing import Proposer

__all__ = ["ProposalService"]


class ProposalService:
    """Serves the requests of `aura_shared.messages.plan_proposals`."""

    def __init__(self, desk: PlanDesk, items: ItemService) -> None:
        self._desk = desk
        self._items = items
        self._made: Proposer | None = None

    def register(self) -> None:
        """Serve."""
        self._desk.bus.serve(ExpandPlanItem, self._expand)
        self._desk.bus.serve(ProposePlan, self._propose)

    async def _expand(self, request: ExpandPlanItem, context: Context) -> ProposalAnswer:
        return await self._proposer.expand(request, context)

    async def _propose(self, request: ProposePlan, context: Context) -> ProposalAnswer:
        return await self._proposer.propose(request, context)

    @property
    def _proposer(self) -> Proposer:
        from aura_planning.proposing.proposing import Proposer  # noqa: PLC0415 - see above

        self._made = self._made or Proposer(self._desk, self._items)
        return self._made
