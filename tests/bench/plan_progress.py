"""Progress of plans: how long a look takes, how soon an edit is told, and what idling costs.

    python tests/bench/plan_progress.py [REPOSITORY PLAN_FOLDER PREFIX...]

Runs the service in this process on real files with its watcher, and waits for the events. With a repository,
its Markdown tasks (`id:` and `status:` in the front matter) are linked to its commits as well.
Prints figures, asserts nothing.
"""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

from aura_planning.evidence.collecting import Wanted, collect  # noqa: E402
from aura_planning.evidence.judging import judge  # noqa: E402
from aura_planning.items.model import Item  # noqa: E402
from aura_planning.proposing.contents import read_contents  # noqa: E402
from aura_shared.messages.plan_items import PlanItemsChanged  # noqa: E402
from aura_shared.messages.plan_progress import PlanProgressChanged  # noqa: E402
from plan_items_rig import item_text, put  # noqa: E402
from plan_progress_rig import ProgressRig, worked_plan  # noqa: E402

_WRITES = 40


def pss() -> float:
    """Of this process, in MB."""
    text = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    found = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


async def edits(root: Path) -> None:
    """From the write of a file to both events, with the watcher and its 50 ms of quiet, on a bus without sockets."""
    rig = ProgressRig(root)
    await rig.service.start()
    await rig.progress.start()
    await rig.look()
    took: dict[str, list[float]] = {"items": [], "progress": []}
    for number in range(_WRITES):
        status = "in-progress" if number % 2 == 0 else "todo"
        seen = len(rig.bus.published)
        begun = time.perf_counter()
        put(root, "tasks/t4aaaa-parcels.md", item_text("t4aaaa", "task", "Parcels", parent="s2aaaa", status=status))
        waited = {"items": 0.0, "progress": 0.0}
        while not all(waited.values()):
            for event in rig.bus.published[seen:]:
                now = (time.perf_counter() - begun) * 1000
                if isinstance(event, PlanItemsChanged) and not waited["items"]:
                    waited["items"] = now
                if isinstance(event, PlanProgressChanged) and not waited["progress"]:
                    waited["progress"] = now
            await asyncio.sleep(0.0005)
        for name, value in waited.items():
            took[name].append(value)
    for name, values in took.items():
        values.sort()
        print(f"edit to plan.{name}.changed: p50 {statistics.median(values):.0f} ms, p95 {values[-3]:.0f} ms")
    await rig.progress.stop()
    await rig.service.stop()


def idle() -> None:
    """PSS of a fresh process that imported the service, with and without this part."""
    code = (
        "import sys; sys.path[:0] = [{path!r}]; {block}import aura_planning.service; from plan_progress_pss import pss"
    )
    for name, block in (
        ("with", ""),
        ("without", "import types; m = types.ModuleType('aura_planning.evidence.service'); m.ProgressService = object; "
         "sys.modules['aura_planning.evidence'] = types.ModuleType('aura_planning.evidence'); "
         "sys.modules['aura_planning.evidence.service'] = m; "),
    ):  # fmt: skip
        script = code.format(path=str(Path(__file__).parent), block=block).replace(
            "from plan_progress_pss import pss",
            "print(open('/proc/self/smaps_rollup').read().split('Pss:')[1].split()[0])",
        )
        runs = [
            int(subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, check=True).stdout)
            for _ in range(3)
        ]
        print(f"PSS of the imported service {name} progress: {min(runs) / 1024:.2f} MB")


def repository(root: Path, folder: str, prefixes: list[str]) -> None:
    """Claimed against derived states of a public repository."""
    names: dict[str, list[str]] = {}
    wanted: dict[str, Wanted] = {}
    claimed: dict[str, str] = {}
    for file in sorted(root.glob(f"{folder}/**/*.md")):
        text = file.read_text(encoding="utf-8", errors="replace")
        name = re.search(r"^id: *['\"]?(\S+?)['\"]?$", text, re.MULTILINE)
        status = re.search(r"^status: *['\"]?(.+?)['\"]?$", text, re.MULTILINE)
        if name and status:
            number = name[1].partition("-")[2]
            names[name[1]] = [f"{prefix}-{number}" for prefix in prefixes] or [name[1]]
            criteria = tuple(one.text for one in read_contents(text.encode()).criteria)
            wanted[name[1]] = Wanted(text, criteria, str(file.relative_to(root)))
            claimed[name[1]] = "done" if status[1].lower() == "done" else "todo"
    with tempfile.TemporaryDirectory() as kept:
        for what in ("first", "second"):
            begun = time.perf_counter()
            found = collect(root, names, wanted=wanted, cache=Path(kept) / "evidence.sqlite", plan=(f"{folder}/",))
            print(f"{what} look at {len(names)} items: {time.perf_counter() - begun:.2f} s")
    links = Counter(link.how for one in found.found.values() for link in one.commits)
    print("links:", dict(links))
    states: Counter[tuple[str, str]] = Counter()
    for key, one in found.found.items():
        item = Item(key, "task", wanted[key].file, status=claimed[key])
        states[claimed[key], judge(item, one, {}, absent=0.8).state] += 1
    print("claimed and derived:", {f"{a} {b}": count for (a, b), count in sorted(states.items())})


def main() -> None:
    """Print all figures."""
    with tempfile.TemporaryDirectory() as home:
        for name in ("AURA_HOME", "HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
            os.environ[name] = home
        before = pss()
        asyncio.run(edits(worked_plan(Path(home) / "shop")))
        print(f"PSS of the whole bench: {before:.0f} MB before, {pss():.0f} MB after {_WRITES} looks")
        idle()
    if len(sys.argv) > 2:
        repository(Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3:])


if __name__ == "__main__":
    main()
