"""Items over the bus: questions, changes, undo, and telling everybody what changed, by whomever."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from aura_planning.desk import PlanDesk
from aura_planning.items.answers import item_answer, item_list, operation_list
from aura_planning.items.changing import Planned, plan_change
from aura_planning.items.migrating import diff_of
from aura_planning.items.model import Finding
from aura_planning.items.rows import change_of, counted, first, operation_of, row_of
from aura_planning.items.store import ItemChange, Look, PlanStore
from aura_planning.items.watching import PlanWatches, plan_watches
from aura_planning.workflow.approving import plan_approval
from aura_planning.workflow.gates import audit, passed_by
from aura_planning.workflow.resuming import resume, tokens_of
from aura_shared.bus import Context
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
    PlanItemsChanged,
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

__all__ = ["ItemService", "Plan", "findings_of"]

log = get_logger(__name__)
ResultT = TypeVar("ResultT")

_MOST_TOLD: Final = 100
_MOST_FILES: Final = 200
_MOST_FINDINGS: Final = 20
_MOST_DIFF: Final = 20_000
_MOST_DELAY_S: Final = 1.0


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


def findings_of(store: PlanStore, settings: PlanSettings) -> list[Finding]:
    """Everything that is wrong with a plan, by file and line."""
    found = [*store.findings(), *audit(store.ledger, settings)]
    return sorted(found, key=lambda one: (one.path, one.line, one.rule))


class ItemService:
    """Serves the requests of `aura_shared.messages.plan_items`, and watches the plans of registered projects."""

    def __init__(self, desk: PlanDesk) -> None:
        self._desk = desk
        self._plans: dict[str, Plan] = {}
        self._watches: PlanWatches | None = None
        self._follower: asyncio.Task[None] | None = None

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
        self._follower = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Watch no more, and close what is open."""
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)
        watches, self._watches = self._watches, None
        if watches is not None:
            await asyncio.to_thread(watches.close)
        for plan in self._plans.values():
            await self._end(plan)
        self._plans.clear()

    # -- projects ----------------------------------------------------------------------------------------------

    async def _take_up(self, project: Project) -> None:
        """Watch a project's plan; one that cannot be watched is still answered for."""
        try:
            plan = await self._plan(project)
            await self._look(plan)
        except (AuraError, OSError):
            log.warning("plan_not_watched", project=project.id, exc_info=True)

    async def _plan(self, project: Project) -> Plan:
        plan = self._plans.get(project.id)
        if plan is not None:
            return plan
        settings = await asyncio.to_thread(self._desk.settings_of, project)
        folder = self._desk.paths.data / "plan" / project.id
        mode = 0o666 & ~_umask()
        store = PlanStore(Path(project.root), folder, keep_days=settings.keep_days, new_mode=mode)
        plan = self._plans.setdefault(project.id, Plan(project, store, settings))
        if plan.store is store:
            await self._watch(plan)
        return plan

    async def _watch(self, plan: Plan) -> None:
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
                await self._look(plan)
            except (AuraError, OSError):
                log.warning("plan_look_failed", project=plan.project.id, exc_info=True)
            if not plan.again:
                return

    async def _look(self, plan: Plan, cause: str | None = None) -> None:
        """Compare files and ledger, and tell what was edited."""

        def work() -> tuple[Look, list[Finding]]:
            with plan.store.writing():
                look = plan.store.look()
                passed = [
                    finding
                    for change in look.changes
                    if change.new is not None
                    for finding in passed_by(plan.store.ledger, change.old, change.new, plan.settings)
                ]
                if passed and look.operation is not None:
                    text = f"past a gate: {'; '.join(f'{one.path}: {one.message}' for one in passed)}"
                    plan.store.journal.changed(look.operation, "done", problem=text[:500])
                return look, passed

        look, passed = await self._desk.write(work)
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
        paths = {item.path for change in changes for item in (change.new, change.old) if item is not None}
        found = await asyncio.to_thread(findings_of, plan.store, plan.settings)
        event = PlanItemsChanged(
            project=plan.project.id,
            changes=[change_of(one) for one in changes[:_MOST_TOLD]],
            total=len(changes),
            by="edit" if by_edit else "command",
            operation=operation,
            findings=first([*passed, *found], paths, _MOST_FINDINGS),
        )
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

    async def _list(self, request: ListItems, context: Context) -> ItemList:
        return await self.read(
            request.project,
            context,
            lambda plan: item_list(plan.project.id, plan.store, request, findings_of(plan.store, plan.settings)),
        )

    async def _show(self, request: ShowItem, context: Context) -> ItemAnswer:
        return await self.read(
            request.project,
            context,
            lambda plan: item_answer(
                plan.project.id, plan.store, request, findings_of(plan.store, plan.settings), plan.settings
            ),
        )

    async def _operations(self, request: ListPlanOperations, context: Context) -> PlanOperationList:
        return await self.read(
            request.project, context, lambda plan: operation_list(plan.project.id, plan.store, request)
        )

    async def _resume(self, request: ResumePlan, context: Context) -> ResumePack:
        def work(plan: Plan) -> ResumePack:
            item = plan.store.ledger.find(request.item) if request.item else None
            problems = len(findings_of(plan.store, plan.settings))
            pack = resume(plan.store, item, plan.settings, request.budget, problems)
            return ResumePack(
                project=plan.project.id,
                text=pack.text,
                tokens=tokens_of(pack.text),
                item=pack.item,
                left_out=list(pack.left_out),
            )

        return await self.read(request.project, context, work)

    async def _change(self, request: ChangePlan, context: Context) -> PlanDone:
        def planned(plan: Plan) -> Planned:
            return plan_change(plan.store, request, plan.settings)

        show = request.dry_run or request.action == "migrate"
        return await self.carry_out(request.project, request.action, context, planned, show, dry_run=request.dry_run)

    async def _approve(self, request: ApproveItem, context: Context) -> PlanDone:
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
        plan = await self._plan(await self._desk.project(name))
        await self._look(plan, context.envelope.id)

        def work() -> tuple[PlanDone, list[ItemChange]]:
            with plan.store.writing():
                found = planned(plan)
                told: list[ItemChange] = []
                operation = ""
                if found.changes and not dry_run:
                    done, told = plan.store.commit(found.changes, command=command, title=found.title, items=found.items)
                    operation = done.id
                return _done(plan, found, told, operation, show=show), told

        answer, told = await self._desk.write(work)
        if told:
            await self._tell(plan, told, answer.operation, by_edit=False, cause=context.envelope.id)
        return answer

    async def _undo(self, request: UndoPlan, context: Context) -> PlanUndone:
        plan = await self._plan(await self._desk.project(request.project))
        await self._look(plan, context.envelope.id)

        def work() -> tuple[PlanUndone, list[ItemChange]]:
            with plan.store.writing():
                operation, changes = plan.store.plan_undo(request.operation)
                diff = diff_of(changes, most=_MOST_DIFF)
                undo, told = "", list[ItemChange]()
                if not request.dry_run:
                    operation, done, told = plan.store.undo(operation.id)
                    undo = done.id
                answer = PlanUndone(
                    project=plan.project.id,
                    done=not request.dry_run,
                    operation=operation_of(operation),
                    undo=undo,
                    changes=[change_of(one) for one in told[:_MOST_TOLD]],
                    diff=diff,
                )
                return answer, told

        answer, told = await self._desk.write(work)
        if told:
            await self._tell(plan, told, answer.undo, by_edit=False, cause=context.envelope.id)
        return answer


def _done(plan: Plan, found: Planned, told: Sequence[ItemChange], operation: str, *, show: bool) -> PlanDone:
    item = next((one for one in plan.store.ledger.items if one.path == found.path), None) if found.path else None
    findings = counted(findings_of(plan.store, plan.settings))
    moved = dict(found.moves)
    names = [
        f"{change.path} -> {moved[change.path]}" if change.path in moved else change.path
        for change in found.changes
        if change.path not in moved.values()
    ]
    return PlanDone(
        project=plan.project.id,
        done=bool(operation),
        operation=operation,
        item=row_of(item, findings.get(item.path, 0)) if item is not None else None,
        changes=[change_of(one) for one in told[:_MOST_TOLD]],
        files=names[:_MOST_FILES],
        diff=diff_of(found.changes, found.moves) if show else "",
        notices=found.notices,
    )


def _umask() -> int:
    """Of the person's shell, which the daemon hands down; files of a project are not the daemon's own."""
    value = os.environ.get(UMASK_VARIABLE, "")
    return int(value, 8) if value and set(value) <= set("01234567") and int(value, 8) <= 0o777 else 0o022
