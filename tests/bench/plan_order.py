"""Prints how fast a plan is put in order, in how much memory, and how good the order is beside that of a naive picker.

usage: python tests/bench/plan_order.py [--plans 200] [--only speed|peers|quality|files]

speed    2,000, 10,000 and 100,000 tasks with two dependencies each, each size in a process of its own: from plain
         values to scores, times and a schedule; the same again from another order of the input, compared by its bytes.
peers    the same graph in graphlib, and in networkx where it is installed: build, sort, longest path; no score.
quality  random plans: the sum of value x completion, as a ratio to the naive picker (priority, then fewest
         dependencies, then document order) and, for small plans, to the best of all orders.
files    2,000 item files on disk to an answer over the bus: first, again, and after one of them was edited.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import fmean, median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from aura_planning.ordering.net import Edge, Net, Node
from aura_planning.ordering.ordering import Ordering, order_work
from aura_planning.ordering.scheduling import schedule
from aura_planning.ordering.scoring import PRESETS, Formula
from aura_shared.messages.core import Request

WSJF = PRESETS["wsjf"]
VALUES = (1.0, 2.0, 4.0, 8.0, 16.0)
EFFORTS = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0)


def plan(count: int, seed: int, per_task: float = 2.0, reach: int = 2000) -> tuple[list[Node], list[Edge]]:
    """A random plan: tasks wait for earlier ones that stand near them."""
    random_ = random.Random(seed)
    nodes = [Node(f"t{n:06}", n, random_.choice(VALUES), random_.choice(EFFORTS)) for n in range(count)]
    edges: list[Edge] = []
    for n in range(1, count):
        edges += [
            Edge(f"t{n:06}", f"t{random_.randrange(max(0, n - reach), n):06}")
            for _ in range(int(per_task + random_.random()))
        ]
    return nodes, edges


def digest(found: Ordering) -> str:
    """Everything that was calculated, as one hash."""
    keys = [found.net.nodes[node].key for node in found.schedule.order]
    told = (keys, found.schedule.start, found.schedule.worker, found.scores, found.times.slack, found.effective)
    return hashlib.sha256(repr(told).encode()).hexdigest()


# -- speed and memory ------------------------------------------------------------------------------


def speed_of(count: int) -> None:
    """In a process of its own: a line of figures."""
    nodes, edges = plan(count, seed=1)
    taken: list[float] = []
    worked: list[float] = []
    found = None
    for _ in range(5 if count < 50_000 else 2):
        started, busy = time.perf_counter(), time.process_time()
        found = order_work(nodes, edges, WSJF, 3)
        taken.append(time.perf_counter() - started)
        worked.append(time.process_time() - busy)
    assert found is not None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    first = digest(found)
    random.Random(2).shuffle(nodes)
    random.Random(3).shuffle(edges)
    same = digest(order_work(nodes, edges, WSJF, 3)) == first
    looped = [*edges, Edge("t000010", f"t{count - 5:06}"), Edge("t000020", f"t{count - 55:06}")]
    started = time.process_time()
    circles = order_work(nodes, looped, WSJF, 3).circles
    circle_s = time.process_time() - started
    print(
        f"{count:>8,}{len(edges):>9,}{min(taken) * 1000:>10.0f}{min(worked) * 1000:>9.0f}{peak:>9.0f}"
        f"{circle_s * 1000:>12.0f}{len(circles[0].group):>8,}  {first[:12]}  {'same' if same else 'DIFFERENT'}"
    )


def speed() -> None:
    """Each size in a process of its own, twice with other hashes of strings."""
    print(f"{'tasks':>8}{'edges':>9}{'best ms':>10}{'CPU ms':>9}{'peak MB':>9}{'circle CPU':>12}{'group':>8}  bytes")
    for count in (2_000, 10_000, 100_000):
        for seed in ("1", "2"):
            environment = {**os.environ, "PYTHONHASHSEED": seed}
            subprocess.run([sys.executable, __file__, "--count", str(count)], check=True, env=environment)


# -- peers -----------------------------------------------------------------------------------------


def peers(count: int = 100_000) -> None:
    """Build, order and longest path of the same graph."""
    nodes, edges = plan(count, seed=1)
    started = time.perf_counter()
    order_work(nodes, edges, WSJF, 3)
    own = time.perf_counter() - started
    started = time.perf_counter()
    sorter: TopologicalSorter[str] = TopologicalSorter({node.key: () for node in nodes})
    for edge in edges:
        sorter.add(edge.node, edge.needs)
    list(sorter.static_order())
    graphlib = time.perf_counter() - started
    print(f"{count:,} tasks, everything (order, times, values, schedule): {own:.2f} s")
    print(f"  graphlib, a topological order only: {graphlib:.2f} s, ratio {own / graphlib:.2f}")
    try:
        import networkx as nx  # pyright: ignore[reportMissingImports, reportMissingModuleSource]
    except ImportError:
        print("  networkx is not installed")
        return
    started = time.perf_counter()
    graph = nx.DiGraph()
    graph.add_nodes_from(node.key for node in nodes)
    efforts = {node.key: node.effort for node in nodes}
    graph.add_weighted_edges_from((edge.needs, edge.node, efforts[edge.node]) for edge in edges)
    list(nx.lexicographical_topological_sort(graph))
    nx.dag_longest_path(graph)
    peer = time.perf_counter() - started
    print(f"  networkx {nx.__version__}, order and longest path only: {peer:.2f} s, ratio {own / peer:.2f}")


# -- quality ---------------------------------------------------------------------------------------


def naive(net: Net, workers: int) -> float:
    """What a picker by priority, then fewest dependencies, then place makes of a plan."""
    ranks = sorted(range(len(net.nodes)), key=lambda one: (-net.nodes[one].value, len(net.needs[one]), one))
    scores = [0.0] * len(ranks)
    for place, node in enumerate(ranks):
        scores[node] = float(len(ranks) - place)
    return schedule(net, scores, workers).delay(net)


def best(net: Net) -> float:
    """The least sum of value x completion of one worker, over all orders."""
    count = len(net.nodes)
    needs = [sum(1 << other for other in net.needs[node]) for node in range(count)]
    least = {0: (0.0, 0.0)}
    for _ in range(count):
        further: dict[int, tuple[float, float]] = {}
        for done, (cost, now) in least.items():
            for node in range(count):
                if done >> node & 1 or needs[node] & ~done:
                    continue
                end = now + net.nodes[node].effort
                new = cost + net.nodes[node].value * end
                old = further.get(done | 1 << node)
                if old is None or new < old[0]:
                    further[done | 1 << node] = new, end
        least = further
    return least[(1 << count) - 1][0]


def quality(plans: int, formulas: Sequence[tuple[str, Formula]]) -> None:
    """Ratios on random plans; below 1 is better than the naive picker."""
    print(f"{'plans':>6}{'tasks':>7}{'workers':>9}  " + "".join(f"{name:>22}" for name, _ in formulas))
    for count, per_task, workers in ((14, 1.2, 1), (60, 1.5, 1), (60, 1.5, 3), (300, 2.0, 1), (300, 2.0, 5)):
        columns: list[str] = []
        for _, formula in formulas:
            against: list[float] = []
            optimum: list[float] = []
            finish: list[float] = []
            for seed in range(plans if count > 14 else min(plans, 60)):
                nodes, edges = plan(count, seed, per_task, reach=max(6, count // 4))
                found = order_work(nodes, edges, formula, workers)
                cost = found.schedule.delay(found.net)
                against.append(cost / naive(found.net, workers))
                finish.append(found.schedule.finish)
                if count <= 14 and workers == 1:
                    optimum.append(cost / best(found.net))
            more = f" ({fmean(optimum):.3f} of best)" if optimum else f" end {fmean(finish):.1f}"
            columns.append(f"{fmean(against):.3f}{more:>16}")
        print(
            f"{len(range(plans if count > 14 else min(plans, 60))):>6}{count:>7}{workers:>9}  "
            + "".join(f"{one:>22}" for one in columns)
        )


# -- the whole path --------------------------------------------------------------------------------


async def whole_path(count: int) -> None:
    """Item files on disk to an answer over the bus."""
    from aura_planning.items.ledger import Ledger
    from aura_planning.items.store import PlanStore
    from aura_planning.ordering.answers import formula_of, ordered
    from aura_planning.ordering.service import OrderService
    from aura_shared.messages.plan_order import AskPlanGraph, NextTasks, OrderPlan
    from aura_shared.settings import PlanSettings
    from plan_items_rig import ItemRig, item_text, put

    with tempfile.TemporaryDirectory(prefix="aura-") as name:
        os.environ["AURA_HOME"] = str(Path(name) / "home")
        root = Path(name) / "shop"
        random_ = random.Random(1)
        stories = count // 20
        for n in range(stories):
            put(root, f"stories/s{n:05}-x.md", item_text(f"s{n:05}", "story", f"Story {n}", priority="must"))
        for n in range(count - stories):
            needs = sorted({f"t{random_.randrange(max(0, n - 50), n):05}" for _ in range(2)}) if n else []
            text = item_text(
                f"t{n:05}", "task", f"Task {n}", estimate=random_.choice([1, 2, 3, 5]),
                priority=random_.choice(["must", "should", "could"]), parent=f"s{n * stories // count:05}",
                depends_on=f"[{', '.join(needs)}]" if needs else None, body="## Context\n\nWords.\n",
            )  # fmt: skip
            put(root, f"tasks/t{n:05}-x.md", text)
        rig = ItemRig(root)
        OrderService(rig.desk, rig.service).register()
        project = rig.project.id
        print(f"{count:,} item files on disk to an answer over the bus, ms")

        async def asked(words: str, request: Request[Any], times: int = 5) -> None:
            taken: list[float] = []
            for _ in range(times):
                started = time.perf_counter()
                await rig.ask(request)
                taken.append(time.perf_counter() - started)
            print(f"  {words:<44}{min(taken) * 1000:>8.0f}{median(taken) * 1000:>8.0f}")

        await asked("next, first question: every file is read", NextTasks(project=project), 1)
        await asked("next, again: files are looked at, order kept", NextTasks(project=project))
        for n in range(5):
            put(root, "tasks/t00007-x.md", item_text("t00007", "task", f"Edited {n}", estimate=n + 1))
            await asked(f"next, after one file was edited ({n + 1})", NextTasks(project=project), 1)
        store = PlanStore(root, Path(name) / "store")
        store.look()
        items, formula = list(store.ledger.items), formula_of(PlanSettings(), None)
        taken: list[float] = []
        for _ in range(7):
            started = time.process_time()
            ordered(Ledger(items), PlanSettings(), formula, 1, date(2027, 1, 4))
            taken.append(time.process_time() - started)
        store.close()
        print(f"  {'items in memory, put in order (CPU)':<44}{min(taken) * 1000:>8.0f}{median(taken) * 1000:>8.0f}")
        await asked("order, 50 rows explained", OrderPlan(project=project, explain=True, budget=50_000), 3)
        await asked("graph as HTML", AskPlanGraph(project=project, form="html"), 3)
        await rig.service.stop()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--plans", type=int, default=200)
    parser.add_argument("--only", choices=["speed", "peers", "quality", "files"])
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--tune", action="store_true", help="other weights of the formula")
    options = parser.parse_args()
    if options.count:
        speed_of(options.count)
        return
    parts = {
        "speed": speed,
        "peers": peers,
        "quality": lambda: quality(options.plans, TUNED if options.tune else SHOWN),
        "files": lambda: asyncio.run(whole_path(2_000)),
    }
    for name, part in parts.items():
        if options.only in {None, name}:
            part()
            print()


SHOWN = (("wsjf", WSJF), ("value-effort", PRESETS["value-effort"]), ("moscow", PRESETS["moscow"]))
TUNED = tuple((f"share {share} slack {slack}", replace(WSJF, share=share, slack=slack))
              for share in (0.5, 0.7, 0.9) for slack in (0.0, 0.5, 1.0))  # fmt: skip

if __name__ == "__main__":
    main()
