"""Where a drafted PRD goes: the canonical place of the plan, as one change that can be undone."""

from __future__ import annotations

from aura_planning.items.changing import Planned
from aura_planning.items.ids import new_id
from aura_planning.items.journal import FileChange
from aura_planning.items.layout import canonical_path
from aura_planning.items.service import Plan
from aura_planning.items.statuses import INITIAL
from aura_planning.items.templates import new_item
from aura_planning.items.writing import current

__all__ = ["planned_prd"]


def planned_prd(plan: Plan, body: str, title: str, made: list[tuple[str, bytes]]) -> Planned:
    """The change that writes a PRD.

    Args:
        plan: The plan, held.
        body: Its text, with the places of the template still in it.
        title: Its title.
        made: Gets the path and the bytes of the file.
    """
    store = plan.store
    identifier = new_id(store.ledger.ids)
    first = not any(one.kind == "prd" for one in store.ledger.items)
    path = canonical_path("prd", identifier, title, first=first)
    if current(store.root / path) is not None:
        path = canonical_path("prd", identifier, title)
    data = new_item(body, {"id": identifier, "kind": "prd", "status": INITIAL["prd"]}, title)
    made.append((path, data))
    planned = Planned(f"new PRD: {title}"[:200], [FileChange(path, None, data)], path, [identifier])
    if not first:
        planned.notices.append("the plan has a PRD already; this is another one")
    return planned
