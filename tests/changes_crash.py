"""A process that applies or undoes changes in children, each of which kills itself at a chosen step.

usage: python tests/changes_crash.py  (one JSON object a line on standard input, one answer a line)

The imports are done once; a child is forked for each request, and opens the store itself.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from aura_factory.changes.desk import ChangeDesk
from aura_shared.messages.changes import ApplyChange, UndoChange
from aura_shared.settings import ChangesSettings


def run(folder: Path, change: str, what: str, kill_at: int, report: int) -> None:
    """Apply, undo or only recover; die before step `kill_at`, after its name was told through `report`."""
    steps = 0

    def at(name: str) -> None:
        nonlocal steps
        steps += 1
        if steps == kill_at:
            os.write(report, name.encode())
            os.kill(os.getpid(), signal.SIGKILL)

    with ChangeDesk(folder, ChangesSettings(), at=at) as desk:
        if what == "apply":
            desk.apply("", ApplyChange(change=change, accept_open=True, merge=True))
        elif what == "undo":
            desk.undo("", UndoChange(change=change, merge=True))


def main() -> None:
    """Answer requests until standard input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                run(Path(request["folder"]), request["change"], request["what"], request["kill_at"], writing)
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
