"""One plan done many times over: by workers in the order of the plan, at a pace that is drawn from its own past.

Time runs on two clocks. The schedule counts effort: one unit is what one worker does while the plan as a whole finishes
as many units as it usually has workers. The pace says on which day how many units are through.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from typing import Final

from aura_planning.forecasting.pace import HORIZON, Pace
from aura_shared.errors import Cancelled

__all__ = ["BEYOND", "MARKS", "Simulated", "Work", "simulate"]

BEYOND: Final = HORIZON + 1
"""Days of what is not done within the horizon."""
MARKS: Final = 8
"""Parts of the open work whose days are kept, for a picture."""
_MOST_CHAINS: Final = 500
_MOST_GROWING: Final = 500
_NEAR: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Work:
    """What is open, as lists by number; without circles."""

    size: Sequence[float]
    """Effort of each; 0 for a stop, which is no work."""
    needs: Sequence[Sequence[int]]
    """What each waits for."""
    ranked: Sequence[int]
    """All of them, what goes first first, among what is ready."""
    stops: frozenset[int] = frozenset()
    flow: Sequence[int] = field(init=False)
    """All of them, each after what it waits for."""
    users: Sequence[Sequence[int]] = field(init=False)
    place: Sequence[int] = field(init=False)
    """Of each, in `ranked`."""

    def __post_init__(self) -> None:
        """Turn the edges around."""
        users: list[list[int]] = [[] for _ in self.size]
        for node, needs in enumerate(self.needs):
            for one in needs:
                users[one].append(node)
        waiting = [len(needs) for needs in self.needs]
        flow = [node for node, count in enumerate(waiting) if not count]
        for node in flow:
            for user in users[node]:
                waiting[user] -= 1
                if not waiting[user]:
                    flow.append(user)
        place = [0] * len(self.size)
        for position, node in enumerate(self.ranked):
            place[node] = position
        object.__setattr__(self, "place", place)
        object.__setattr__(self, "users", users)
        object.__setattr__(self, "flow", flow)


@dataclass(slots=True)
class Simulated:
    """How it went, run by run."""

    days: list[array[int]]
    """Of each piece of work: days until it is done."""
    whole: list[int] = field(default_factory=list[int])
    """Days until everything is done."""
    growing: list[int] = field(default_factory=list[int])
    """The same when the plan grows as it did."""
    marks: list[list[int]] = field(default_factory=lambda: [[] for _ in range(MARKS)])
    """Days until a part of the work is done: one eighth, two, and so on."""
    chained: list[int] = field(default_factory=list[int])
    """How often each was on the longest chain of work that waits for one another."""
    chains: int = 0
    """In how many runs that was looked at."""


def simulate(
    work: Work,
    pace: Pace,
    random: Random,
    *,
    runs: int,
    workers: int,
    usual: int,
    factors: Sequence[float] = (),
    goals: Sequence[int] = (),
    stopped: Callable[[], bool] = lambda: False,
) -> Simulated:
    """Do a plan again and again.

    Args:
        work: What is open.
        pace: How fast the plan goes on.
        random: Where chance comes from.
        runs: How often.
        workers: How many work at the same time.
        usual: How many did while the past came about.
        factors: How long items took, as parts of their mean; empty when it is not known.
        goals: What the longest chain leads to; empty for everything.
        stopped: Asked in each run; when it says yes, nothing more is done.

    Raises:
        Cancelled: It was stopped.
    """
    count = len(work.size)
    found = Simulated([array("H", bytes(2 * runs)) for _ in range(count)], chained=[0] * count)
    total = sum(work.size)
    line = _in_line(work) if workers == 1 else None
    for run in range(runs):
        if stopped():
            raise Cancelled("the forecast was stopped")
        sizes = _sizes(work.size, factors, total, random)
        ends = _one_by_one(line, sizes) if line is not None else _side_by_side(work, sizes, workers)
        path, longer = pace.run(random, ends[-1][0] * usual - _NEAR if ends else 0.0)
        _note(found, run, ends, path, longer, usual)
        if run < _MOST_CHAINS and work.needs:
            _chain(work, sizes, goals, found)
    for _ in range(min(runs, _MOST_GROWING)):
        if stopped():
            raise Cancelled("the forecast was stopped")
        path, longer = pace.run(random, total * usual / workers - _NEAR, growth=usual / workers)
        found.growing.append(BEYOND if len(path) >= HORIZON else min(BEYOND, math.ceil(len(path) * longer)))
    return found


def _sizes(sizes: Sequence[float], factors: Sequence[float], total: float, random: Random) -> Sequence[float]:
    """Efforts of one run: some take longer and some less than others did, and the sum stays, which the pace knows."""
    if not factors:
        return sizes
    count, draw = len(factors), random.random
    drawn = [size * factors[int(draw() * count)] for size in sizes]
    whole = sum(drawn)
    if not whole:
        return sizes
    scale = total / whole
    return [one * scale for one in drawn]


def _in_line(work: Work) -> list[int]:
    """In which order one worker does everything; how long each takes does not matter."""
    return [node for _, node in _side_by_side(work, work.size, 1)]


def _one_by_one(line: Sequence[int], sizes: Sequence[float]) -> list[tuple[float, int]]:
    now = 0.0
    found: list[tuple[float, int]] = []
    for node in line:
        now += sizes[node]
        found.append((now, node))
    return found


def _side_by_side(work: Work, sizes: Sequence[float], workers: int) -> list[tuple[float, int]]:
    """When each is done, in order: whoever is free takes what goes first among what is ready."""
    place, ranked, users, stops = work.place, work.ranked, work.users, work.stops
    waiting = [len(needs) for needs in work.needs]
    ready: list[int] = []
    running: list[tuple[float, int]] = []
    found: list[tuple[float, int]] = []
    freed = [node for node, count in enumerate(waiting) if not count]
    now = 0.0
    while True:
        while freed:
            node = freed.pop()
            if node not in stops:
                heappush(ready, place[node])
                continue
            found.append((now, node))
            freed += _free(users[node], waiting)
        while ready and len(running) < workers:
            node = ranked[heappop(ready)]
            heappush(running, (now + sizes[node], node))
        if not running:
            return found
        now, node = done = heappop(running)
        found.append(done)
        if users[node]:
            freed = _free(users[node], waiting)


def _free(users: Sequence[int], waiting: list[int]) -> list[int]:
    """What waits for nothing more, now that something is done."""
    found: list[int] = []
    for user in users:
        waiting[user] -= 1
        if not waiting[user]:
            found.append(user)
    return found


def _note(
    found: Simulated, run: int, ends: Sequence[tuple[float, int]], path: Sequence[float], longer: float, usual: int
) -> None:
    """Turn effort into days: both are in order, so one walk does it."""
    place, last = 0, len(path)
    days = found.days
    day = 0
    step = len(ends) / MARKS
    mark = 0
    for number, (end, node) in enumerate(ends, 1):
        wanted = end * usual - _NEAR
        while place < last and path[place] < wanted:
            place += 1
        day = BEYOND if place >= last else min(BEYOND, math.ceil((place + 1) * longer))
        days[node][run] = day
        while mark < MARKS and number >= (mark + 1) * step:
            found.marks[mark].append(day)
            mark += 1
    found.whole.append(day)


def _chain(work: Work, sizes: Sequence[float], goals: Sequence[int], found: Simulated) -> None:
    """Count what is on the longest chain to a goal."""
    ends = [0.0] * len(sizes)
    before = [-1] * len(sizes)
    for node in work.flow:
        latest, last = 0.0, -1
        for one in work.needs[node]:
            if ends[one] > latest or last < 0:
                latest, last = ends[one], one
        ends[node], before[node] = latest + sizes[node], last
    node = max(goals or range(len(sizes)), key=lambda one: (ends[one], -one), default=-1)
    found.chains += 1
    while node >= 0:
        found.chained[node] += 1
        node = before[node]
