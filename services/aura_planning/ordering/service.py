"""The order of a plan over the bus. What calculates is imported with the first question: a service at rest is small."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from aura_planning.desk import PlanDesk
from aura_planning.items.service import ItemService, Plan
from aura_shared.bus import Context
from aura_shared.errors import UsageProblem
from aura_shared.messages.plan_order import AskPlanGraph, NextTasks, OrderPlan, PlanGraph, PlanOrder

if TYPE_CHECKING:
    from aura_planning.items.ledger import Ledger
    from aura_planning.ordering.answers import Ordered

__all__ = ["OrderService"]

_MOST_KEPT: Final = 20_000
"""Items of a plan whose order is kept for the next page; about 1.5 kB each."""


class OrderService:
    """Serves the requests of `aura_shared.messages.plan_order`."""

    def __init__(self, desk: PlanDesk, items: ItemService) -> None:
        self._desk = desk
        self._items = items
        self._kept: dict[str, tuple[Ledger, object, Ordered]] = {}

    def register(self) -> None:
        """Serve."""
        self._desk.bus.serve(NextTasks, self._order)
        self._desk.bus.serve(OrderPlan, self._order)
        self._desk.bus.serve(AskPlanGraph, self._graph)

    async def _order(self, request: NextTasks, context: Context) -> PlanOrder:
        today = _day(request.today)

        def work(plan: Plan) -> PlanOrder:
            from aura_planning.ordering.answers import order_answer  # noqa: PLC0415 - see above

            asked = request.model_copy(update={"today": today.isoformat()})
            return order_answer(plan.project.id, self._ordered(plan, request, today), asked)

        return await self._items.read(request.project, context, work)

    def _ordered(self, plan: Plan, request: NextTasks, today: date) -> Ordered:
        """The order, as it was made for the page before if nothing changed since."""
        from aura_planning.ordering.answers import formula_of, ordered  # noqa: PLC0415 - see above

        ledger = plan.store.ledger
        formula = formula_of(plan.settings, request.preset)
        workers = request.workers or plan.settings.workers
        key = (formula, workers, today, request.proposed, plan.settings)
        kept = self._kept.get(plan.project.id)
        if kept is not None and kept[0] is ledger and kept[1] == key:
            return kept[2]
        found = ordered(ledger, plan.settings, formula, workers, today, proposed=request.proposed)
        if len(ledger.items) <= _MOST_KEPT:
            self._kept[plan.project.id] = ledger, key, found
        return found

    async def _graph(self, request: AskPlanGraph, context: Context) -> PlanGraph:
        today = _day("")

        def work(plan: Plan) -> PlanGraph:
            from aura_planning.ordering.pictures import graph_answer  # noqa: PLC0415 - see above

            asked = NextTasks(project=request.project, preset=request.preset)
            return graph_answer(plan.project.id, plan.project.name, self._ordered(plan, asked, today), request)

        return await self._items.read(request.project, context, work)


def _day(written: str) -> date:
    """A day as it was asked for, or today.

    Raises:
        UsageProblem: There is no such day.
    """
    if not written:
        return datetime.now(UTC).astimezone().date()
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise UsageProblem(f"{written!r} is no day", hint="Write it as in 2027-03-31.") from error
