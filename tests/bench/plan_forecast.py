"""Prints how often forecasts of the past were kept, on plans that public repositories keep in git, and the speed.

usage: python tests/bench/plan_forecast.py FOLDER [--list]

FOLDER holds clones (or bare git directories) as `owner/name`, `owner+name` or `owner+name/repo`; what is not there is
counted as such. A forecast is made as of 60 days of each past: when are the next 5, 10 and 20 items finished, and when
each item that was in work. It counts when it is known how it ended: the items were finished, or the day that was named
had passed. The method was chosen on `tuned` and first tried on `held out` afterwards. `plain` in the same run is what
such tools usually do: days of the past drawn one by one, read at 50 and 85 %.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from plan_forecast_histories import read_history

from aura_planning.forecasting.calibrating import LEVELS, Trial, at_level, scores, walk
from aura_planning.forecasting.lives import History
from aura_planning.forecasting.pace import Method, pace_of
from aura_planning.forecasting.simulating import Work, simulate

SETS: Mapping[str, Sequence[str]] = {
    "tuned": (
        "MrLesk/Backlog.md", "joe-rayment/wire-copy", "davidpiontransactions-eng/pariscore", "ANUcybernetics/panic-tda",
        "Dicklesworthstone/frankenlibc", "jleechanorg/agent-orchestrator-ts", "CRJFisher/code-charter",
    ),
    "held out": (
        "CRJFisher/ariadne", "jmf-pobox/quarry-mcp", "jmf-pobox/xboing-c", "Dicklesworthstone/frankenpandas",
        "eyaltoledano/claude-task-master", "Bendomey/rent-loop", "davidplumpton/billing-simulator",
        "jmcy9999/beads-fleet", "jlevy/markform", "jleechanorg/claude-commands", "ANUcybernetics/llms-unplugged",
        "day8/re-frame2",
    ),
}  # fmt: skip
PLAIN = Method(half_life=1e9, stretch=1.01, spread=0.0, short=0.0, slower=0.0)


@dataclass
class Count:
    """Kept and counted forecasts."""

    counted: list[int] = field(default_factory=lambda: [0, 0])
    within: list[int] = field(default_factory=lambda: [0, 0])

    def take(self, counted: Sequence[int], within: Sequence[int]) -> None:
        """Add some."""
        for place in (0, 1):
            self.counted[place] += counted[place]
            self.within[place] += within[place]

    def shown(self) -> str:
        """Both levels."""
        words = [
            f"{100 * one / of:4.0f} % of {of:4d}" if of else f"{'-':>13}"
            for one, of in zip(self.within, self.counted, strict=True)
        ]
        return "  ".join(words)


def plain_scores(trials: Sequence[Trial]) -> Count:
    """How often forecasts were kept that are read as they are."""
    count = Count()
    for trial in trials:
        if trial.what == "begun":
            continue
        limits = [at_level(trial.draws, level) for level in LEVELS]
        known = [trial.actual is not None or limit <= trial.known for limit in limits]
        kept = [trial.actual is not None and trial.actual <= limit for limit in limits]
        count.take(known, kept)
    return count


def find_clone(folder: Path, name: str) -> Path | None:
    """Where a repository lies."""
    plus = name.replace("/", "+")
    return next((one for one in (folder / plus / "repo", folder / plus, folder / name) if one.exists()), None)


def print_set(folder: Path, title: str, names: Sequence[str]) -> None:
    """One table."""
    print(f"\n{title:36} {'kind':10} {'finished':>8} {'days':>5}  {'P50':>13}  {'P85':>13}  {'plain P85':>9}")
    pace, age, plain, missing = Count(), Count(), Count(), 0
    for name in names:
        clone = find_clone(folder, name)
        if clone is None:
            missing += 1
            continue
        kind, history = read_history(clone)
        found = scores(walk(history))
        own, simple = Count(), plain_scores(walk(history, method=PLAIN))
        for one in found:
            (age if one.what == "begun" else own).take(one.counted, one.within)
        pace.take(own.counted, own.within)
        plain.take(simple.counted, simple.within)
        share = f"{100 * simple.within[1] / simple.counted[1]:.0f} %" if simple.counted[1] else "-"
        print(f"{name:36} {kind:10} {len(history.finished):8} {_days(history):5}  {own.shown()}  {share:>9}")
    simply = 100 * plain.within[1] / max(1, plain.counted[1])
    print(f"{'all: the next 5, 10, 20 items':62}  {pace.shown()}  {simply:7.0f} %")
    print(f"{'all: items in work':62}  {age.shown()}")
    if missing:
        print(f"{missing} of {len(names)} are not there")


def _days(history: History) -> int:
    finished = history.finished
    return finished[-1] - finished[0]


def print_speed(folder: Path) -> None:
    """2,000 runs over 500 tasks, with and without workers and dependencies."""
    clone = find_clone(folder, SETS["tuned"][0])
    if clone is None:
        return
    pace = pace_of(read_history(clone)[1])
    random = Random(1)
    needs = [sorted({random.randrange(task) for _ in range(2)}) if task > 10 else [] for task in range(500)]
    print("\n500 tasks, 2,000 runs")
    for title, edges in (("800 dependencies", needs), ("none", [[] for _ in needs])):
        work = Work([1.0] * 500, edges, list(range(500)))
        for workers in (1, 3, 8):
            begun, spent = time.perf_counter(), time.process_time()
            simulate(
                work, pace, Random(2), runs=2000, workers=workers, usual=workers, factors=(0.2, 0.5, 1.0, 1.5, 1.8)
            )
            taken, cpu = time.perf_counter() - begun, time.process_time() - spent
            print(f"  {title:18} {workers} workers  {taken:5.2f} s, of it {cpu:5.2f} s at work")
    print(f"peak memory of this bench: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--list", action="store_true", help="name the repositories and stop")
    asked = parser.parse_args()
    for title, names in SETS.items():
        if asked.list:
            print(f"{title}: {' '.join(names)}")
        else:
            print_set(asked.folder, title, names)
    if not asked.list:
        print_speed(asked.folder)


if __name__ == "__main__":
    main()
