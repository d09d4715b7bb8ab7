"""Prints how long coverage, impact and the check of drift take for a plan of many items.

usage: python tests/bench/plan_tracing.py [ITEMS]

The plan is one document that was merged: epics, a story in each, nine tasks in each story, a requirement a story, and a
file of code that is named in the first task of each. The repository has one commit a story that names it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from aura_planning.drifting.merging import documents_in, merge
from aura_planning.items.store import PlanStore
from aura_planning.parsing.parsing import parse_document
from aura_planning.tracing.coverage import coverage_answer, coverage_rows
from aura_planning.tracing.impact import Reached, impact_of_code, impact_of_item
from aura_planning.tracing.traces import trace
from aura_shared.messages.plan_drift import MergeDocument
from aura_shared.messages.plan_tracing import AskCoverage

ResultT = TypeVar("ResultT")
_TASKS: Final = 9
_DOCUMENT: Final = "plan.md"
_WHO: Final = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")


def timed(what: str, work: Callable[[], ResultT]) -> ResultT:
    """Do something and print how long it took."""
    begun = time.perf_counter()
    result = work()
    print(f"{what}: {(time.perf_counter() - begun) * 1000:.0f} ms")
    return result


def document_of(stories: int) -> str:
    """A plan with that many stories."""
    lines = ["# Long"]
    for number in range(1, stories + 1):
        lines += [
            f"## Epic {number}: Part {number}",
            f"### Story {number}.1: Piece {number}",
            f"Carries FR-{number:03}.",
        ]
        lines += ["**Acceptance Criteria:**", f"- Piece {number} answers", "**Tasks:**"]
        lines += [f"- [ ] T{number:03}{task} Write part {task} of `part{number}.py`" for task in range(1, _TASKS + 1)]
    lines += ["## Requirements", *(f"- FR-{number:03}: Part {number} works" for number in range(1, stories + 1))]
    return "\n".join(lines) + "\n"


def repository(root: Path, stories: int) -> None:
    """One commit for each story."""
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    for number in range(1, stories + 1):
        (root / f"part{number}.py").write_text(f"def part{number}():\n    return {number}\n")
        subprocess.run(["git", "add", f"part{number}.py"], cwd=root, check=True)
        message = f"feat: piece\n\nStory: Story {number}.1\n"
        subprocess.run(["git", *_WHO, "commit", "--quiet", "-m", message], cwd=root, check=True)


def main() -> int:
    """Time each."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    stories = max(1, wanted // (_TASKS + 2))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        repository(root, stories)
        (root / _DOCUMENT).write_text(document_of(stories))
        store = PlanStore(root, Path(folder) / "data")
        store.look()
        asked = MergeDocument(project="p", path=_DOCUMENT)

        def merged() -> int:
            document = parse_document((root / _DOCUMENT).read_bytes(), _DOCUMENT)
            done = merge(document, store.ledger, store.read, asked, claims=False)
            if done.changes:
                store.commit(done.changes, command="merge", title="merge", items=done.items)
                store.look()
            return len(done.changes)

        timed("first merge", merged)
        print(f"{len(store.ledger.items)} items, {stories} commits, {(root / _DOCUMENT).stat().st_size / 1000:.0f} kB")
        timed("check of drift", merged)
        timed("documents found", lambda: documents_in(store.ledger, store.read))
        cache = Path(folder) / "evidence.db"
        timed("evidence, first time", lambda: trace(root, store.ledger, store.read, cache))
        traces = timed("evidence again", lambda: trace(root, store.ledger, store.read, cache))
        rows = timed("rows of the matrix", lambda: coverage_rows(traces))
        page = AskCoverage(project="p", form="html")
        picture = timed("matrix as a page", lambda: coverage_answer("p", "p", traces, page)).picture
        print(f"{len(rows)} rows, page of {len(picture) / 1000:.0f} kB")
        reached = Reached("part1.py", {"part1.py": 0})
        timed("impact of a file", lambda: impact_of_code("p", traces, reached, 50, ()))
        task = store.ledger.of_kind("task")[0]
        timed("impact of an item", lambda: impact_of_item("p", traces, task, 50))
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
