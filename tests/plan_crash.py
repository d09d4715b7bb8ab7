"""A process that writes plans in children, each of which kills itself at a chosen step.

usage: python tests/plan_crash.py  (one JSON object a line on standard input, one answer a line)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aura_planning.items.changing import plan_change
from aura_planning.items.store import PlanStore
from aura_shared.messages.plan_items import ChangePlan
from aura_shared.settings import PlanSettings
from crash_children import At, serve


def run(request: Mapping[str, Any], at: At) -> None:
    """Change, undo or only open the plan."""
    store = PlanStore(Path(request["root"]), Path(request["folder"]), at=at)
    store.look()
    if request["what"] == "undo":
        store.undo()
    elif request["what"]:
        change = ChangePlan.model_validate(request["what"])
        planned = plan_change(store, change, PlanSettings())
        store.commit(planned.changes, command=change.action, title=planned.title, items=planned.items)
    store.close()


if __name__ == "__main__":
    serve(run)
