"""Answers to questions about a plan, each within its budget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_planning.items.ledger import Ledger
from aura_planning.items.migrating import diff_of
from aura_planning.items.model import Finding, Item
from aura_planning.items.reading import file_hash
from aura_planning.items.rows import counted, finding_of, operation_of, row_of
from aura_planning.items.statuses import CLOSED, status_of
from aura_planning.items.store import PlanStore
from aura_planning.workflow.approving import approval_diff
from aura_planning.workflow.gates import STEPS, refusals_to_step
from aura_planning.workflow.resuming import tokens_of
from aura_shared.errors import UsageProblem
from aura_shared.messages.core import Message
from aura_shared.messages.plan_items import (
    ItemAnswer,
    ItemFinding,
    ItemList,
    ItemRow,
    ListItems,
    ListPlanOperations,
    PlanOperationList,
    ShowItem,
)
from aura_shared.settings import PlanSettings

__all__ = ["item_answer", "item_list", "operation_list"]

_MOST_CHILDREN: Final = 50
_MOST_DIFF: Final = 20_000


def item_list(project: str, store: PlanStore, request: ListItems, findings: Sequence[Finding]) -> ItemList:
    """A page of items, or of findings."""
    chosen = _chosen(store.ledger, request)
    if request.what == "findings":
        wanted = {item.path for item in chosen}
        every = not (request.kind or request.status or request.parent or request.text)
        found = [finding_of(one) for one in findings if every or one.path in wanted]
        page, following = _page(found, request)
        reason = "" if found else "Nothing is wrong."
        return ItemList(
            project=project, findings=page, total=len(found), problems=len(findings), next=following, reason=reason
        )
    counts = counted(findings)
    rows: list[ItemRow] = []
    size = 0
    for item in chosen[request.start : request.start + request.limit]:
        row = row_of(item, counts.get(item.path, 0))
        size += _size(row)
        if rows and size > request.budget:
            break
        rows.append(row)
    end = request.start + len(rows)
    reason = "" if chosen else _why_empty(store.ledger)
    return ItemList(
        project=project,
        items=rows,
        total=len(chosen),
        problems=len(findings),
        next=end if end < len(chosen) else 0,
        reason=reason,
    )


def _page(found: Sequence[ItemFinding], request: ListItems) -> tuple[list[ItemFinding], int]:
    page: list[ItemFinding] = []
    size = 0
    for one in found[request.start : request.start + request.limit]:
        size += _size(one)
        if page and size > request.budget:
            break
        page.append(one)
    end = request.start + len(page)
    return page, end if end < len(found) else 0


def _size(message: Message) -> int:
    """Tokens of a message in an answer, estimated: fields at their defaults cost little and are counted."""
    return tokens_of(message.model_dump_json())


def _chosen(ledger: Ledger, request: ListItems) -> list[Item]:
    found = list(ledger.items)
    if request.parent:
        found = _below(ledger, ledger.find(request.parent))
    if request.kind:
        found = [item for item in found if item.kind == request.kind]
    if request.status:
        found = [item for item in found if _has_status(item, request.status)]
    if request.text:
        words = request.text.casefold().split()
        found = [item for item in found if all(word in _words(item) for word in words)]
    return found


def _below(ledger: Ledger, item: Item) -> list[Item]:
    """What belongs to an item, at any depth, in the order of the plan."""
    seen: set[str] = set()
    waiting = [item]
    while waiting:
        for child in ledger.children(waiting.pop()):
            if child.path not in seen:
                seen.add(child.path)
                waiting.append(child)
    return [one for one in ledger.items if one.path in seen]


def _has_status(item: Item, wanted: str) -> bool:
    if wanted == "open":
        return item.status not in CLOSED and item.status != "approved"
    return item.status == (status_of(item.kind, wanted) or wanted)


def _words(item: Item) -> str:
    return f"{item.id} {item.alias} {item.title}".casefold()


def _why_empty(ledger: Ledger) -> str:
    if ledger.items:
        return "No item is like that."
    return "There is no plan below .ai/ yet: `aura plan add epic TITLE` begins one."


def item_answer(
    project: str, store: PlanStore, request: ShowItem, findings: Sequence[Finding], settings: PlanSettings
) -> ItemAnswer:
    """One item with its text and its place in the plan.

    Raises:
        UnknownItem: There is none.
        NotFound: Its file is gone.
    """
    ledger = store.ledger
    item = ledger.find(request.item)
    data = store.read(item.path)
    counts = counted(findings)
    text, cut = _within(data.decode("utf-8", "replace"), request.budget)
    steps, refusals = _steps(ledger, item, settings)
    parent = ledger.parent(item)
    waits = [one for one in ledger.dependencies(item) if one.status not in CLOSED]
    return ItemAnswer(
        project=project,
        item=row_of(item, counts.get(item.path, 0)),
        file=text,
        cut=cut,
        hash=file_hash(data),
        approved_by=item.approved_by,
        approved_at=item.approved_at,
        approval_diff=approval_diff(store, item),
        parent=row_of(parent, counts.get(parent.path, 0)) if parent is not None else None,
        children=[row_of(one, counts.get(one.path, 0)) for one in ledger.children(item)[:_MOST_CHILDREN]],
        waits_for=[row_of(one, counts.get(one.path, 0)) for one in waits[:_MOST_CHILDREN]],
        findings=[finding_of(one) for one in findings if one.path == item.path],
        steps=steps,
        refusals=refusals,
    )


def _within(text: str, budget: int) -> tuple[str, bool]:
    if tokens_of(text) <= budget:
        return text, False
    return text.encode()[: budget * 4].decode("utf-8", "ignore"), True


def _steps(ledger: Ledger, item: Item, settings: PlanSettings) -> tuple[list[str], list[str]]:
    """Statuses that an item may get now, and why not the others."""
    if item.broken or not item.canonical:
        return [], []
    steps: list[str] = []
    refusals: list[str] = []
    for status in STEPS[item.kind].get(item.status, ()):
        found = refusals_to_step(ledger, item, status, settings)
        if found:
            refusals.append(f"{status}: {'; '.join(one.reason for one in found)}")
        else:
            steps.append(status)
    return steps, refusals


def operation_list(project: str, store: PlanStore, request: ListPlanOperations) -> PlanOperationList:
    """What was done to a plan.

    Raises:
        UnknownOperation: There is no such operation.
        UnknownItem: There is no such item, and none is known to have been.
    """
    if request.operation:
        operation = store.journal.find(request.operation)
        diff = diff_of(store.journal.contents(operation), most=_MOST_DIFF)
        return PlanOperationList(project=project, operations=[operation_of(operation)], diff=diff)
    found = store.journal.operations()
    if request.item:
        known = [item for item in store.ledger.items if request.item in {item.id, item.path, item.alias}]
        wanted = known[0].id if known else request.item
        found = [one for one in found if wanted in one.items]
        if not found and not known:
            raise UsageProblem(f"no operation was about {request.item!r}")
    return PlanOperationList(
        project=project,
        operations=[operation_of(one) for one in found[: request.limit]],
        more=len(found) > request.limit,
    )
