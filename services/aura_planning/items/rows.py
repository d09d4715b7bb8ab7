"""Items and findings as messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, cast

from aura_planning.items.journal import Operation
from aura_planning.items.model import Finding, Item
from aura_planning.items.store import ItemChange as Change
from aura_planning.workflow.gates import approved
from aura_shared.messages.plan_items import ItemChange, ItemFinding, ItemRow, PlanOperation

__all__ = ["change_of", "counted", "finding_of", "first", "operation_of", "row_of"]

_MOST_ITEMS = 20


def row_of(item: Item, findings: int = 0) -> ItemRow:
    """An item."""
    approval: Literal["", "valid", "outdated"] = ""
    if item.approved_by:
        approval = "valid" if approved(item) else "outdated"
    return ItemRow(
        id=item.id,
        kind=item.kind,
        title=_plain(item.title),
        status=item.status,
        alias=_plain(item.alias),
        parent=_plain(item.parent),
        depends_on=[_plain(one) for one in item.depends_on],
        priority=_plain(item.priority),
        value=item.value,
        estimate=item.estimate,
        approval=approval,
        tests=cast("Literal['', 'red', 'green']", item.tests),
        boxes_done=item.boxes_done,
        boxes=item.boxes,
        path=_plain(item.path),
        findings=findings,
    )


def finding_of(finding: Finding) -> ItemFinding:
    """A finding."""
    return ItemFinding(
        path=_plain(finding.path),
        line=max(1, finding.line),
        rule=finding.rule,
        severity=finding.severity,
        message=_plain(finding.message),
        item=finding.item,
    )


def change_of(change: Change) -> ItemChange:
    """What happened to an item."""
    item = change.new or change.old
    assert item is not None  # one of the two is there
    return ItemChange(
        what=change.what,
        id=item.id,
        kind=item.kind,
        title=_plain(item.title),
        path=_plain(item.path),
        old_status=change.old.status if change.old else "",
        status=change.new.status if change.new else "",
    )


def operation_of(operation: Operation) -> PlanOperation:
    """An operation of the journal."""
    return PlanOperation(
        id=operation.id,
        at=operation.at,
        by="edit" if operation.by == "edit" else "command",
        command=operation.command,
        title=_plain(operation.title),
        state=operation.state,
        items=list(operation.items[:_MOST_ITEMS]),
        files=len(operation.paths),
        undoes=operation.undoes,
        undone_by=operation.undone_by,
        problem=_plain(operation.problem),
    )


def counted(findings: Iterable[Finding]) -> dict[str, int]:
    """How many findings each file has."""
    found: dict[str, int] = {}
    for one in findings:
        found[one.path] = found.get(one.path, 0) + 1
    return found


def _plain(text: str) -> str:
    """Text that can be written as UTF-8, whatever bytes the file has."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def first(findings: Sequence[Finding], paths: set[str], most: int) -> list[ItemFinding]:
    """The first findings of some files."""
    return [finding_of(one) for one in findings if one.path in paths][:most]
