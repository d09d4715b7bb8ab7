"""Items over the bus: questions, changes, undo, and telling everybody what changed, by whomever.

What reads and writes plans is imported with the first plan: where no project has one, the service at rest is small.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from aura_planning.desk import PlanDesk
from aura_shared.bus import Context
from aura_shared.causes import begun_by
from aura_shared.errors import AuraError, NotFound
from aura_shared.logging import get_logger
from aura_shared.messages.code import ProjectRemoved, ProjectStateChanged
from aura_shared.messages.plan_items import (
    ApproveItem,
    ChangePlan,
    ItemAnswer,
    ItemList,
    ListItems,
    ListPlanOperations,
    PlanDone,
    PlanOperationList,
    PlanUndone,
    ResumePack,
    ResumePlan,
    ShowItem,
    UndoPlan,
)
from aura_shared.processes import UMASK_VARIABLE
from aura_shared.projects import Project
from aura_shared.settings import PlanSettings

if TYPE_CHECKING:  # loaded with the first plan
    from aura_planning.items.changing import Planned
    from aura_planning.items.model import Finding
    from aura_planning.items.store import ItemChange, PlanStore
    from aura_planning.items.watching import PlanWatches

__all__ = ["ItemService", "Plan"]

log = get_logger(__name__)
ResultT = TypeVar("ResultT")

_MOST_DELAY_S: Final = 1.0
_FIRST_LOOK_S: Final = 1.0
"""How often projects without a plan are looked at; one look is one `stat`."""
_PLAN_FOLDER: Final = ".ai"


@dataclass(slots=True)
class Plan:
    """One project's plan while the service runs."""

    project: Project
    store: PlanStore
    settings: PlanSettings
    timer: asyncio.TimerHandle | None = None
    first_s: float = 0.0
    """When the burst of edits began, on the monotonic clock; 0 while it is quiet."""
    looking: asyncio.Task[None] | None = None
    again: bool = False


class ItemService:
    """Serves the requests of `aura_shared.messages.plan_items`, and watches the plans of registered projects."""

    def __init__(self, desk: PlanDesk) -> None:
        self._desk = desk
        self._plans: dict[str, Plan] = {}
        self._watches: PlanWatches | None = None
        self._followers: list[asyncio.Task[None]] = []
        self._without: dict[str, Project] = {}

    def register(self) -> None:
        """Serve."""
        serve = self._desk.bus.serve
        serve(ListItems, self._list)
        serve(ShowItem, self._show)
        serve(ChangePlan, self._change)
        serve(ApproveItem, self._approve)
        serve(UndoPlan, self._undo)
        serve(ListPlanOperations, self._operations)
        serve(ResumePlan, self._resume)

    async def start(self) -> None:
        """Watch the plan of every project, and follow projects that come and go."""
        for project in await self._desk.projects():
            await self._take_up(project)
        self._followers = [asyncio.create_task(self._follow()), asyncio.create_task(self._find_first())]

    async def stop(self) -> None:
        """Watch no more, and close what is open."""
        followers, self._followers = self._followers, []
        for one in followers:
            one.cancel()
        await asyncio.gather(*followers, return_exceptions=True)
        watches, self._watches = self._watches, None
        if watches is not None:
            await asyncio.to_thread(watches.close)
        for plan in self._plans.values():
            await self._end(plan)
        self._plans.clear()

    # -- projects ----------------------------------------------------------------------------------------------

    async def _take_up(self, project: Project) -> None:
        """Watch a project's plan; one that cannot be watched is still answered for."""
        if not await asyncio.to_thread(_has_plan, project):
            self._without[project.id] = project
            return
        try:
            plan = await self._plan(project)
            await self._look(plan)
        except (AuraError, OSError):
            log.warning("plan_not_watched", project=project.id, exc_info=True)

    async def _find_first(self) -> None:
        """Take a plan up once its folder is there."""
        while True:
            await asyncio.sleep(_FIRST_LOOK_S)
            for project in [one for one in self._without.values() if _has_plan(one)]:
                if self._without.pop(project.id, None) is not None:
                    await self._take_up(project)

    async def _plan(self, project: Project) -> Plan:
        plan = self._plans.get(project.id)
        if plan is not None:
            return plan
        from aura_planning.items.store import PlanStore  # noqa: PLC0415 - see above

        self._without.pop(project.id, None)
        settings = await asyncio.to_thread(self._desk.settings_of, project)
        folder = self._desk.paths.data / "plan" / project.id
        mode = 0o666 & ~_umask()
        store = PlanStore(Path(project.root), folder, keep_days=settings.keep_days, new_mode=mode)
        plan = self._plans.setdefault(project.id, Plan(project, store, settings))
        if plan.store is store:
            await self._watch(plan)
        return plan

    async def _watch(self, plan: Plan) -> None:
        from aura_planning.items.watching import plan_watches  # noqa: PLC0415 - see above

        loop = asyncio.get_running_loop()

        def moved() -> None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._noted, plan.project.id)

        try:
            if self._watches is None:
                self._watches = plan_watches()
            await asyncio.to_thread(self._watches.add, plan.project.id, Path(plan.project.root), moved)
        except OSError:
            log.warning("plan_not_watched", project=plan.project.id, exc_info=True)

    async def _follow(self) -> None:
        async for delivery in self._desk.bus.listen(ProjectStateChanged, ProjectRemoved):
            event = delivery.event
            if isinstance(event, ProjectRemoved):
                self._without.pop(event.project, None)
                plan = self._plans.pop(event.project, None)
                if self._watches is not None:
                    await asyncio.to_thread(self._watches.remove, event.project)
                if plan is not None:
                    await self._end(plan)
            elif isinstance(event, ProjectStateChanged) and event.project.id not in self._plans:
                with suppress(NotFound):
                    await self._take_up(await self._desk.project(event.project.id))

    @staticmethod
    async def _end(plan: Plan) -> None:
        if plan.timer is not None:
            plan.timer.cancel()
        if plan.looking is not None:
            await asyncio.gather(plan.looking, return_exceptions=True)
        await asyncio.to_thread(plan.store.close)

    # -- edits from outside ----------------------------------------------------------------------------------------

    def _noted(self, project: str) -> None:
        """Something moved: look once it has been quiet, at the latest after a second."""
        plan = self._plans.get(project)
        if plan is None:
            return
        now = time.monotonic()
        plan.first_s = plan.first_s or now
        if plan.timer is not None:
            plan.timer.cancel()
        wait_s = min(plan.settings.debounce_ms / 1000, max(0.0, plan.first_s + _MOST_DELAY_S - now))
        plan.timer = asyncio.get_running_loop().call_later(wait_s, self._begin_look, plan)

    def _begin_look(self, plan: Plan) -> None:
        plan.timer, plan.first_s = None, 0.0
        if plan.looking is not None and not plan.looking.done():
            plan.again = True
            return
        plan.looking = asyncio.get_running_loop().create_task(self._look_again(plan))

    async def _look_again(self, plan: Plan) -> None:
        while True:
            plan.again = False
            try:
                with begun_by("file-watch"):
                    await self._look(plan)
            except (AuraError, OSError):
                log.warning("plan_look_failed", project=plan.project.id, exc_info=True)
            if not plan.again:
                return

    async def _look(self, plan: Plan, cause: str | None = None) -> None:
        """Compare files and ledger, and tell what was edited."""
        from aura_planning.items.work import look_at  # noqa: PLC0415 - see above

        look, passed = await self._desk.write(lambda: look_at(plan))
        if look.changes:
            operation = look.operation.id if look.operation is not None else ""
            await self._tell(plan, look.changes, operation, by_edit=True, cause=cause, passed=passed)

    async def _tell(
        self,
        plan: Plan,
        changes: Sequence[ItemChange],
        operation: str,
        *,
        by_edit: bool,
        cause: str | None,
        passed: Sequence[Finding] = (),
    ) -> None:
        from aura_planning.items.work import event_of  # noqa: PLC0415 - see above

        event = await asyncio.to_thread(event_of, plan, changes, operation, passed, by_edit=by_edit)
        await self._desk.tell(event, project=plan.project.id, cause=cause)

    # -- requests ------------------------------------------------------------------------------------------------------

    async def read(self, name: str, context: Context, work: Callable[[Plan], ResultT]) -> ResultT:
        """Answer from what the files say now; `work` runs in a thread.

        Raises:
            UnknownProject: There is no such project.
        """
        plan = await self._plan(await self._desk.project(name))
        await self._look(plan, context.envelope.id)
        return await asyncio.to_thread(work, plan)

    async def look_at(self, project: str, work: Callable[[Plan], ResultT]) -> ResultT:
        """Answer from what was seen last, without looking at the files again; `work` runs in a thread.

        Raises:
            UnknownProject: There is no such project.
        """
        return await asyncio.to_thread(work, await self._plan(await self._desk.project(project)))

    async def _list(self, request: ListItems, context: Context) -> ItemList:
        from aura_planning.items.work import list_items  # noqa: PLC0415 - see above

        return await self.read(request.project, context, lambda plan: list_items(plan, request))

    async def _show(self, request: ShowItem, context: Context) -> ItemAnswer:
        from aura_planning.items.work import show_item  # noqa: PLC0415 - see above

        return await self.read(request.project, context, lambda plan: show_item(plan, request))

    async def _operations(self, request: ListPlanOperations, context: Context) -> PlanOperationList:
        from aura_planning.items.work import list_operations  # noqa: PLC0415 - see above

        return await self.read(request.project, context, lambda plan: list_operations(plan, request))

    async def _resume(self, request: ResumePlan, context: Context) -> ResumePack:
        from aura_planning.items.work import resume_plan  # noqa: PLC0415 - see above

        return await self.read(request.project, context, lambda plan: resume_plan(plan, request))

    async def _change(self, request: ChangePlan, context: Context) -> PlanDone:
        from aura_planning.items.changing import plan_change  # noqa: PLC0415 - see above

        def planned(plan: Plan) -> Planned:
            return plan_change(plan.store, request, plan.settings)

        show = request.dry_run or request.action == "migrate"
        return await self.carry_out(request.project, request.action, context, planned, show, dry_run=request.dry_run)

    async def _approve(self, request: ApproveItem, context: Context) -> PlanDone:
        from aura_planning.workflow.approving import plan_approval  # noqa: PLC0415 - see above

        def planned(plan: Plan) -> Planned:
            return plan_approval(plan.store, request)

        command = "revoke" if request.revoke else "approve"
        return await self.carry_out(
            request.project, command, context, planned, request.dry_run, dry_run=request.dry_run
        )

    async def carry_out(
        self,
        name: str,
        command: str,
        context: Context,
        planned: Callable[[Plan], Planned],
        show: bool,
        *,
        dry_run: bool,
    ) -> PlanDone:
        """Make a change of the plan's files as one operation that can be undone, and tell everybody.

        Args:
            name: The project.
            command: For the journal, such as `merge`.
            context: Of the request.
            planned: Says what changes, from what the files say now; runs in a thread, with the plan held.
            show: Whether the answer has the difference.
            dry_run: Whether to change nothing.

        Raises:
            UnknownProject: There is no such project.
            FileMovedOn: A file changed in the same moment.
        """
        from aura_planning.items.work import do_planned  # noqa: PLC0415 - see above

        plan = await self._plan(await self._desk.project(name))
        await self._look(plan, context.envelope.id)
        answer, told = await self._desk.write(lambda: do_planned(plan, command, planned, show=show, dry_run=dry_run))
        if told:
            await self._tell(plan, told, answer.operation, by_edit=False, cause=context.envelope.id)
        return answer

    async def _undo(self, request: UndoPlan, context: Context) -> PlanUndone:
        from aura_planning.items.work import undo_operation  # noqa: PLC0415 - see above

        plan = await self._plan(await self._desk.project(request.project))
        await self._look(plan, context.envelope.id)
        answer, told = await self._desk.write(lambda: undo_operation(plan, request))
        if told:
            await self._tell(plan, told, answer.undo, by_edit=False, cause=context.envelope.id)
        return answer


def _has_plan(project: Project) -> bool:
    return (Path(project.root) / _PLAN_FOLDER).is_dir()


def _umask() -> int:
    """Of the person's shell, which the daemon hands down; files of a project are not the daemon's own."""
    value = os.environ.get(UMASK_VARIABLE, "")
    return int(value, 8) if value and set(value) <= set("01234567") and int(value, 8) <= 0o777 else 0o022
