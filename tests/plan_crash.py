"""A process that writes plans in children, each of which kills itself at a chosen step.

usage: python tests/plan_crash.py  (one JSON object a line on standard input, one answer a line)

The imports are done once; a child is forked for each request, and opens the store itself.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aura_planning.items.changing import plan_change
from aura_planning.items.store import PlanStore
from aura_shared.messages.plan_items import ChangePlan
from aura_shared.settings import PlanSettings


def run(request: Mapping[str, Any], report: int) -> None:
    """Change, undo or only open the plan; die before step `kill_at`, after its name was told through `report`."""
    steps = 0

    def at(name: str) -> None:
        nonlocal steps
        steps += 1
        if steps == request["kill_at"]:
            os.write(report, name.encode())
            os.kill(os.getpid(), signal.SIGKILL)

    store = PlanStore(Path(request["root"]), Path(request["folder"]), at=at)
    store.look()
    if request["what"] == "undo":
        store.undo()
    elif request["what"]:
        change = ChangePlan.model_validate(request["what"])
        planned = plan_change(store, change, PlanSettings())
        store.commit(planned.changes, command=change.action, title=planned.title, items=planned.items)
    store.close()


def main() -> None:
    """Answer requests until standard input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                run(request, writing)
            except BaseException as error:  # noqa: BLE001 - a child must never go on as its parent
                os.write(2, f"{error!r}\n".encode())
                os._exit(1)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            name = pipe.read().decode()
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        answer = {"killed": killed, "code": None if killed else os.waitstatus_to_exitcode(status), "step": name}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
