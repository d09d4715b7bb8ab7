"""Import and export over the bus."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aura_planning.desk import PlanDesk
from aura_planning.items.service import ItemService, Plan
from aura_shared.bus import Context
from aura_shared.messages.plan_exchange import (
    ExportPlan,
    FindLinks,
    ImportPlan,
    LinkedItem,
    LinkedItems,
    PlanExported,
    PlanImported,
)

if TYPE_CHECKING:
    from aura_planning.exchanging.running import ExportRun, ImportRun
    from aura_planning.items.changing import Planned

__all__ = ["ExchangeService"]


class ExchangeService:
    """Serves the requests of `aura_shared.messages.plan_exchange`. What reads formats is loaded with the first."""

    def __init__(self, desk: PlanDesk, items: ItemService) -> None:
        self._desk = desk
        self._items = items

    def register(self) -> None:
        """Serve."""
        serve = self._desk.bus.serve
        serve(ImportPlan, self._import)
        serve(ExportPlan, self._export)
        serve(FindLinks, self._links)

    async def _import(self, request: ImportPlan, context: Context) -> PlanImported:
        from aura_planning.exchanging import running  # noqa: PLC0415 - readers of eight formats

        runs: list[ImportRun] = []

        def planned(plan: Plan) -> Planned:
            run = running.ImportRun(plan, request, self._folder(plan))
            runs.append(run)
            return run.planned()

        done = await self._items.carry_out(
            request.project, "import", context, planned, show=False, dry_run=request.dry_run
        )
        answer = runs[-1].answer(done)
        if not request.dry_run and not answer.refused:
            await asyncio.to_thread(runs[-1].remember)
        return answer

    async def _export(self, request: ExportPlan, context: Context) -> PlanExported:
        from aura_planning.exchanging import running  # noqa: PLC0415 - writers of eight formats

        runs: list[ExportRun] = []

        def planned(plan: Plan) -> Planned:
            run = running.ExportRun(plan, request, self._folder(plan))
            runs.append(run)
            return run.planned()

        done = await self._items.carry_out(
            request.project, "export", context, planned, show=False, dry_run=request.dry_run or not request.path
        )
        return runs[-1].answer(done)

    async def _links(self, request: FindLinks, context: Context) -> LinkedItems:
        from aura_planning.exchanging.links import items_in_branch, items_named  # noqa: PLC0415 - see above

        def work(plan: Plan) -> LinkedItems:
            ledger = plan.store.ledger
            found = [(request.branch, item) for item in items_in_branch(ledger, request.branch)]
            found += items_named(ledger, request.references)
            items = [
                LinkedItem(
                    reference=reference, id=item.id, kind=item.kind, alias=item.alias, title=item.title,
                    status=item.status, path=item.path,
                )
                for reference, item in found
            ]  # fmt: skip
            return LinkedItems(project=plan.project.id, items=items)

        return await self._items.read(request.project, context, work)

    def _folder(self, plan: Plan) -> str:
        """Where is noted what targets held when they were last read or written."""
        return str(self._desk.paths.data / "plan" / plan.project.id / "exchange.json")
