"""Coverage and impact over the bus. What traces is loaded with the first question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_planning.desk import PlanDesk
from aura_planning.items.service import ItemService, Plan
from aura_shared.bus import Context
from aura_shared.errors import AuraError, UnknownItem, UsageProblem
from aura_shared.messages.plan_tracing import AskCoverage, AskPlanImpact, PlanCoverage, PlanImpact
from aura_shared.messages.structure import AskImpact

if TYPE_CHECKING:
    from aura_planning.tracing.impact import Reached
    from aura_planning.tracing.traces import Traces
    from aura_shared.messages.structure import ImpactAnswer

__all__ = ["TracingService"]

_LIMIT_S = 10.0
"""How long is waited for the code index."""


class TracingService:
    """Serves the requests of `aura_shared.messages.plan_tracing`."""

    def __init__(self, desk: PlanDesk, items: ItemService) -> None:
        self._desk = desk
        self._items = items

    def register(self) -> None:
        """Serve."""
        self._desk.bus.serve(AskCoverage, self._coverage)
        self._desk.bus.serve(AskPlanImpact, self._impact)

    async def _coverage(self, request: AskCoverage, context: Context) -> PlanCoverage:
        def work(plan: Plan) -> PlanCoverage:
            from aura_planning.tracing.coverage import coverage_answer  # noqa: PLC0415 - see above

            return coverage_answer(plan.project.id, plan.project.name, self._traces(plan), request)

        return await self._items.read(request.project, context, work)

    async def _impact(self, request: AskPlanImpact, context: Context) -> PlanImpact:
        is_item = await self._items.read(request.project, context, lambda plan: _is_item(plan, request.subject))
        reached, notices = (None, ()) if is_item else await self._reached(request)

        def work(plan: Plan) -> PlanImpact:
            from aura_planning.tracing.impact import impact_of_code, impact_of_item  # noqa: PLC0415 - see above

            traces = self._traces(plan)
            if reached is None:
                item = plan.store.ledger.find(request.subject)
                return impact_of_item(plan.project.id, traces, item, request.limit)
            return impact_of_code(plan.project.id, traces, reached, request.limit, notices)

        return await self._items.look_at(request.project, work)

    def _traces(self, plan: Plan) -> Traces:
        from aura_planning.tracing.traces import trace  # noqa: PLC0415 - see above

        cache = self._desk.paths.data / "plan" / plan.project.id / "evidence.db"
        return trace(plan.store.root, plan.store.ledger, plan.store.read, cache)

    async def _reached(self, request: AskPlanImpact) -> tuple[Reached, tuple[str, ...]]:
        """What a change reaches, as far as the code index can say."""
        from aura_planning.tracing.impact import Reached  # noqa: PLC0415 - see above

        project = await self._desk.project(request.project)
        asked = AskImpact(project=project.id, symbol=request.subject, limit=200)
        file = request.subject.partition(":")[0]
        try:
            answer = await self._desk.bus.request(asked, timeout_s=_LIMIT_S)
        except AuraError as error:
            reached = Reached(request.subject, {file: 0})
            return reached, (f"the code index does not answer, so only the file itself was looked at: {error.message}",)
        reached = _of_answer(request.subject, answer)
        notices = () if answer.definitions else (answer.reason or f"the code index knows no {request.subject}",)
        if not reached.files:
            reached.files[file] = 0
        return reached, tuple(one for one in notices if one)


def _is_item(plan: Plan, subject: str) -> bool:
    """Whether an item is meant; a name that could be several is said."""
    try:
        plan.store.ledger.find(subject)
    except UnknownItem:
        return False
    except UsageProblem:
        if "/" in subject or "." in subject:
            return False
        raise
    return True


def _of_answer(subject: str, answer: ImpactAnswer) -> Reached:
    from aura_planning.tracing.impact import Reached  # noqa: PLC0415 - see above

    reached = Reached(subject)
    for one in answer.definitions:
        reached.files[one.path] = 0
    for one in answer.affected:
        reached.files.setdefault(one.symbol.path, one.distance)
    for one in answer.tests:
        reached.tests.setdefault((one.symbol.path, one.symbol.name), one.distance)
    reached.names = tuple(one.name for one in answer.definitions) if "/" not in subject else ()
    return reached
