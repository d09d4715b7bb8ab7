"""Speed and memory of plans as files, beside Backlog.md where its program is given. Prints figures, asserts nothing.

usage: python tests/bench/plan_items.py [BACKLOG]      (BACKLOG: path of the program `backlog`)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from aura_planning.items.changing import plan_change
from aura_planning.items.store import PlanStore
from aura_planning.items.work import findings_of
from aura_planning.workflow.resuming import resume
from aura_shared.messages.plan_items import ChangePlan
from aura_shared.settings import PlanSettings

SETTINGS = PlanSettings()
BODY = (
    "## Description\n\n"
    + "Words that somebody wrote about this.\n" * 6
    + "\n## Acceptance criteria\n\n- [ ] it works\n"
)


def main() -> int:
    """Measure plans of two sizes; the larger one in a process of its own, for its memory."""
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(int(sys.argv[2]))))
        return 0
    figures: dict[str, object] = {}
    for count in (2_000, 10_000):
        ran = subprocess.run(
            [sys.executable, __file__, "--one", str(count)], capture_output=True, text=True, check=True
        )
        figures |= json.loads(ran.stdout)
    if len(sys.argv) > 1:
        figures |= beside(sys.argv[1], 2_000)
    figures["load"] = round(os.getloadavg()[0], 1)
    print(json.dumps(figures, indent=1))
    return 0


def measure(count: int) -> dict[str, float]:
    """A plan of so many tasks: looked at, changed, listed."""
    with tempfile.TemporaryDirectory() as folder:
        root, home = Path(folder, "shop"), Path(folder, "home")
        write_plan(root, count)
        before = memory_mb()
        store = PlanStore(root, home)
        figures = {f"{count} first look, ms": timed(store.look)}
        figures[f"{count} look when nothing changed, ms"] = min(timed(store.look) for _ in range(5))
        figures[f"{count} all findings, ms"] = min(timed(lambda: findings_of(store, SETTINGS)) for _ in range(3))
        figures[f"{count} one change, ms"] = min(timed(lambda: change(store)) for _ in range(5))
        figures[f"{count} first page of a chat, ms"] = min(
            timed(lambda: resume(store, None, SETTINGS, 1500, 0)) for _ in range(3)
        )
        figures[f"{count} memory of the plan, MB"] = round(memory_mb() - before, 1)
        store.close()
        again = PlanStore(root, home)
        figures[f"{count} look after a start, ms"] = timed(again.look)
        again.close()
    return figures


def change(store: PlanStore) -> None:
    """Set a field of one task."""
    store.look()
    priority = f"p{time.monotonic_ns()}"
    planned = plan_change(store, ChangePlan(project="x", action="set", item="t00001", priority=priority), SETTINGS)
    store.commit(planned.changes, command="set", title=planned.title, items=planned.items)


def write_plan(root: Path, count: int) -> None:
    """Tasks as files."""
    tasks = root / ".ai/tasks"
    tasks.mkdir(parents=True)
    for number in range(count):
        head = f"---\nid: t{number:05d}\nkind: task\nalias: T{number}\nstatus: todo\n"
        needs = f"depends_on: [t{number - 1:05d}]\n" if number % 3 else ""
        (tasks / f"t{number:05d}-task.md").write_text(f"{head}{needs}---\n# Task {number}\n\n{BODY}")


def beside(program: str, count: int) -> dict[str, float]:
    """The list of the same plan, as Backlog.md and as Aura's reader make it, each in a new process."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "peer")
        (root / "backlog/tasks").mkdir(parents=True)
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        config = "project_name: shop\nstatuses: [To Do, In Progress, Done]\ncheck_active_branches: false\n"
        (root / "backlog/config.yml").write_text(f"{config}remote_operations: false\n")
        for number in range(1, count + 1):
            head = f"---\nid: TASK-{number}\ntitle: Task {number}\nstatus: To Do\nassignee: []\n"
            rest = "created_date: '2026-01-01'\nlabels: []\ndependencies: []\n---\n\n"
            (root / f"backlog/tasks/task-{number} - Task-{number}.md").write_text(f"{head}{rest}{BODY}")
        listed: list[int] = []

        def peer() -> None:
            ran = subprocess.run([program, "task", "list", "--plain"], cwd=root, capture_output=True, check=False)
            listed.append(ran.stdout.count(b"TASK-"))

        figures["Backlog.md list, ms"] = min(timed(peer) for _ in range(3))
        figures["Backlog.md tasks listed"] = listed[-1]
        own = Path(folder, "own")
        write_plan(own, count)
        code = (
            "import sys; from pathlib import Path; from aura_planning.items.store import PlanStore\n"
            "s = PlanStore(Path(sys.argv[1]), Path(sys.argv[2])); s.look()\n"
            "print('\\n'.join(f'{i.alias} {i.title} {i.status}' for i in s.ledger.items))"
        )

        def ours(home: str) -> None:
            subprocess.run(
                [sys.executable, "-c", code, str(own), str(Path(folder, home))], capture_output=True, check=True
            )

        figures["Aura list without its cache, ms"] = min(timed(lambda n=n: ours(f"cold{n}")) for n in range(3))
        figures["Aura list with its cache, ms"] = min(timed(lambda: ours("cold0")) for _ in range(3))
    return figures


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    work()
    return round(1000 * (time.perf_counter() - began), 1)


def memory_mb() -> float:
    """Proportional memory of this process."""
    for line in Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
