"""A process that applies or undoes changes in children, each of which kills itself at a chosen step.

usage: python tests/changes_crash.py  (one JSON object a line on standard input, one answer a line)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aura_factory.changes.desk import ChangeDesk
from aura_shared.messages.changes import ApplyChange, UndoChange
from aura_shared.settings import ChangesSettings
from crash_children import At, serve


def run(request: Mapping[str, Any], at: At) -> None:
    """Apply, undo or only recover."""
    change = request["change"]
    with ChangeDesk(Path(request["folder"]), ChangesSettings(), at=at) as desk:
        if request["what"] == "apply":
            desk.apply("", ApplyChange(change=change, accept_open=True, merge=True))
        elif request["what"] == "undo":
            desk.undo("", UndoChange(change=change, merge=True))


if __name__ == "__main__":
    serve(run)
