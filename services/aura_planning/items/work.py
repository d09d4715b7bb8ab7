"""What the service does with one plan: plain calls, made in a thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from aura_planning.items.answers import item_answer, item_list, operation_list
from aura_planning.items.changing import Planned
from aura_planning.items.migrating import diff_of
from aura_planning.items.model import Finding
from aura_planning.items.rows import change_of, counted, first, operation_of, row_of
from aura_planning.items.store import ItemChange, Look, PlanStore
from aura_planning.workflow.gates import audit, passed_by
from aura_planning.workflow.resuming import resume, tokens_of
from aura_shared.messages.plan_items import (
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
from aura_shared.settings import PlanSettings

if TYPE_CHECKING:
    from aura_planning.items.service import Plan

__all__ = [
    "do_planned", "event_of", "findings_of", "list_items", "list_operations", "look_at", "resume_plan", "show_item",
    "undo_operation",
]  # fmt: skip

_MOST_TOLD: Final = 100
_MOST_FILES: Final = 200
_MOST_FINDINGS: Final = 20
_MOST_DIFF: Final = 20_000


def findings_of(store: PlanStore, settings: PlanSettings) -> list[Finding]:
    """Everything that is wrong with a plan, by file and line."""
    found = [*store.findings(), *audit(store.ledger, settings)]
    return sorted(found, key=lambda one: (one.path, one.line, one.rule))


def look_at(plan: Plan) -> tuple[Look, list[Finding]]:
    """Compare files and ledger; what was edited, and the gates that the edits went past."""
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


def event_of(
    plan: Plan, changes: Sequence[ItemChange], operation: str, passed: Sequence[Finding], *, by_edit: bool
) -> PlanItemsChanged:
    """What everybody is told of changes."""
    paths = {item.path for change in changes for item in (change.new, change.old) if item is not None}
    return PlanItemsChanged(
        project=plan.project.id,
        changes=[change_of(one) for one in changes[:_MOST_TOLD]],
        total=len(changes),
        by="edit" if by_edit else "command",
        operation=operation,
        findings=first([*passed, *findings_of(plan.store, plan.settings)], paths, _MOST_FINDINGS),
    )


def list_items(plan: Plan, request: ListItems) -> ItemList:
    """A page of items or findings."""
    return item_list(plan.project.id, plan.store, request, findings_of(plan.store, plan.settings))


def show_item(plan: Plan, request: ShowItem) -> ItemAnswer:
    """One item; raises like `item_answer`."""
    return item_answer(plan.project.id, plan.store, request, findings_of(plan.store, plan.settings), plan.settings)


def list_operations(plan: Plan, request: ListPlanOperations) -> PlanOperationList:
    """What was done; raises like `operation_list`."""
    return operation_list(plan.project.id, plan.store, request)


def resume_plan(plan: Plan, request: ResumePlan) -> ResumePack:
    """The first page of a session.

    Raises:
        UnknownItem: There is no such item.
    """
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


def do_planned(
    plan: Plan, command: str, planned: Callable[[Plan], Planned], *, show: bool, dry_run: bool
) -> tuple[PlanDone, list[ItemChange]]:
    """Make a change as one operation; raises what `planned` and `PlanStore.commit` raise."""
    with plan.store.writing():
        found = planned(plan)
        told: list[ItemChange] = []
        operation = ""
        if found.changes and not dry_run:
            done, told = plan.store.commit(found.changes, command=command, title=found.title, items=found.items)
            operation = done.id
        return _done(plan, found, told, operation, show=show), told


def undo_operation(plan: Plan, request: UndoPlan) -> tuple[PlanUndone, list[ItemChange]]:
    """Take an operation back; raises like `PlanStore.undo`."""
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
