"""Approvals: who agreed to which text. An edit afterwards makes them outdated, and the difference can be shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from aura_planning.items.changing import Planned, editable
from aura_planning.items.editing import set_fields
from aura_planning.items.frontmatter import Value
from aura_planning.items.journal import FileChange
from aura_planning.items.ledger import Ledger
from aura_planning.items.migrating import diff_of
from aura_planning.items.model import Item
from aura_planning.items.reading import read_item
from aura_planning.items.statuses import INITIAL
from aura_planning.items.store import PlanStore
from aura_planning.workflow.gates import approved
from aura_planning.workflow.persons import person
from aura_shared.errors import AuraError, GateClosed, UsageProblem
from aura_shared.messages.plan_items import ApproveItem

__all__ = ["approval_diff", "plan_approval"]

_APPROVED: Final = frozenset({"prd", "architecture", "story"})
_MOST_DIFF: Final = 20_000


def plan_approval(store: PlanStore, request: ApproveItem) -> Planned:
    """What an approval writes; nothing is written yet.

    Raises:
        UnknownItem: There is no such item.
        UsageProblem: Such an item is not approved, or several are meant.
        GateClosed: Something else has to be approved first.
        FileMovedOn: The file is another than the one that was read.
    """
    item, data = editable(store, _reference(store.ledger, request.item), request.hash)
    if item.kind not in _APPROVED:
        raise UsageProblem(f"a {item.kind} is not approved; the PRD, the architecture and stories are")
    fields: dict[str, Value | None]
    if request.revoke:
        fields = {"approved_by": None, "approved_at": None, "approved_hash": None, "status": INITIAL[item.kind]}
        title = f"take back the approval of {item.alias or item.kind}: {item.title}"
    else:
        _check(store.ledger, item)
        who = " ".join(request.by.split()) or person(store.root)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        fields = {"approved_by": who, "approved_at": now, "approved_hash": item.content}
        if item.kind != "story":
            fields = {"status": "approved", **fields}
        title = f"approve {item.alias or item.kind}: {item.title}"
    planned = Planned(title[:200], path=item.path, items=[item.id])
    if approved(item) and not request.revoke and (item.kind == "story" or item.status == "approved"):
        planned.notices.append(f"{item.approved_by} approved this text already")
        return planned
    planned.changes.append(FileChange(item.path, data, set_fields(data, fields)))
    return planned


def approval_diff(store: PlanStore, item: Item) -> str:
    """What changed since the approval that is outdated; empty when it is valid, or its text is not known any more."""
    if not item.approved_hash or approved(item):
        return ""
    for operation in store.journal.operations():
        if item.id not in operation.items:
            continue
        try:
            contents = store.journal.contents(operation)
        except AuraError:
            continue
        for change in contents:
            then = None if change.after is None else read_item(change.path, change.after).item
            if then is not None and then.id == item.id and then.content == item.approved_hash:
                now = FileChange(item.path, change.after, store.read(item.path))
                return diff_of([now], most=_MOST_DIFF)
    return ""


def _reference(ledger: Ledger, written: str) -> str:
    """`prd` and `architecture` stand for the only one of that kind."""
    names: Mapping[str, str] = {"prd": "prd", "architecture": "architecture", "arch": "architecture"}
    kind = names.get(written.lower())
    found = [item for item in ledger.items if item.kind == kind]
    return found[0].path if len(found) == 1 else written


def _check(ledger: Ledger, item: Item) -> None:
    prds = ledger.of_kind("prd")
    agreed = any(one.status == "approved" and approved(one) for one in prds)
    if item.kind == "architecture" and prds and not agreed:
        hint = "Nothing was changed. Approve it first: `aura prd approve`."
        raise GateClosed("the PRD is not approved as it is now", hint=hint)
    if item.kind == "story" and prds and not agreed:
        raise GateClosed(
            "the PRD is not approved as it is now", hint="Nothing was changed. `aura prd approve` is first."
        )
    designs = [one for one in ledger.of_kind("architecture") if one.status == "approved" and approved(one)]
    if item.kind == "story" and prds and not designs:
        hint = "Nothing was changed. Approve it first: `aura plan approve architecture`."
        raise GateClosed("the architecture is not approved as it is now", hint=hint)
