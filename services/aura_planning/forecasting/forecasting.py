"""From the items of a plan and its past to days, with how far they can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from statistics import mean
from typing import Final

from aura_planning.forecasting.ageing import LEAST_CYCLES, draw_rest
from aura_planning.forecasting.calibrating import LEVELS, Lean, Score, Trial, at_level, learn, scores, silence, walk
from aura_planning.forecasting.lives import History
from aura_planning.forecasting.pace import HORIZON, METHOD, pace_of
from aura_planning.forecasting.simulating import Simulated, Work, simulate
from aura_planning.items.ledger import Ledger
from aura_planning.items.model import Item
from aura_planning.items.statuses import WORKING
from aura_planning.ordering.answers import formula_of
from aura_planning.ordering.facts import Facts, facts_of
from aura_planning.ordering.ordering import Ordering, order_work
from aura_planning.ordering.tree import Tree
from aura_shared.settings import PlanSettings

__all__ = ["Asked", "Forecast", "Outlook", "forecast_plan", "leaves_of"]

_SEED: Final = 20_270_331
_ENOUGH: Final = 0.8
"""Share of finished and of open items that need an estimate of their own, so that points are counted."""
_MOST_FACTOR: Final = 6.0
"""What took longer, measured by the mean, was put aside, and is not as large."""
_AGE_RUNS: Final = 1000
_MOST_STEPS: Final = 4_000_000
"""Items times runs: a very large plan is done less often."""
_LEAST_RUNS: Final = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for."""

    today: date
    workers: int = 0
    """0 for what the settings say."""
    runs: int = 2000
    goal: Item | None = None
    """Whose risk is explained; None for everything."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """When something is done."""

    p50: int | None
    """Days from today; None when not within the horizon."""
    p85: int | None
    open: int = 1
    """How much of it is open."""
    by_age: bool = False
    """Whether it is from how long it has been worked on, and not from its place in the plan."""


@dataclass(slots=True)
class Forecast:
    """What can be said."""

    history: History
    today: date
    reason: str = ""
    """Why nothing can be said about the future; empty when something can."""
    workers: int = 1
    usual: int = 1
    runs: int = 0
    points: bool = False
    """Whether points are counted; else items."""
    facts: Facts | None = None
    items: dict[str, Outlook] = field(default_factory=dict[str, Outlook])
    """By path: leaves that are open, and what they belong to."""
    whole: Outlook | None = None
    growing: Outlook | None = None
    """The same when the plan grows as it did."""
    marks: Sequence[Outlook] = ()
    drivers: Sequence[tuple[Item, float]] = ()
    """What is most often on the longest chain, and in which share of the runs."""
    trials: Sequence[Trial] = ()
    scores: Sequence[Score] = ()
    lean: Lean = field(default_factory=Lean)
    waits: int = 0
    """How many statements say that something waits for something else."""


def leaves_of(ledger: Ledger) -> list[Item]:
    """The items that are work by themselves."""
    tree = Tree(ledger)
    return [item for item in tree.items if tree.is_leaf(item)]


def forecast_plan(
    ledger: Ledger,
    settings: PlanSettings,
    history: History,
    asked: Asked,
    *,
    trials: Sequence[Trial] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Forecast:
    """Forecast a plan.

    Args:
        ledger: Its items.
        settings: Workers, how work is weighed.
        history: Its past up to today.
        asked: What is asked for.
        trials: What `walk` gave for this history; None to do it.
        stopped: Asked again and again; when it says yes, nothing more is done.

    Raises:
        Cancelled: It was stopped.
    """
    usual = settings.workers
    found = Forecast(history, asked.today, silence(history), asked.workers or usual, usual)
    found.trials = walk(history, stopped=stopped) if trials is None else trials
    found.scores = scores(found.trials)
    found.lean = learn([one for one in found.trials if one.what != "begun"])
    formula = formula_of(settings, None)
    facts = found.facts = facts_of(ledger, settings, formula.values, asked.today)
    found.waits = len(facts.statements)
    if found.reason or not facts.work:
        return found
    found.runs = max(_LEAST_RUNS, min(asked.runs, _MOST_STEPS // len(facts.work)))
    ordering = order_work(facts.nodes, facts.edges, formula, 1)
    weights = _points(history, facts)
    found.points = weights is not None
    work, paths = _work(ordering, points=found.points)
    pace = pace_of(history, METHOD, weights)
    goals = _goals(facts, asked.goal, paths)
    random = Random(_SEED)  # noqa: S311 - it has to give the same each time
    simulated = simulate(
        work, pace, random, runs=found.runs, workers=found.workers, usual=usual, factors=_factors(history), goals=goals,
        stopped=stopped,
    )  # fmt: skip
    _read(found, facts, simulated, paths)
    _read_ages(found, facts, history)
    return found


def _points(history: History, facts: Facts) -> list[float] | None:
    """What each life weighs, when enough items have estimates of their own; None to count items."""
    done = [one for one in history.lives if one.finished is not None]
    told = sum(one.points is not None and one.points > 0 for one in done)
    own = sum(one.effort.origin == "own" and one.effort.amount > 0 for one in facts.work.values())
    if told < _ENOUGH * len(done) or own < _ENOUGH * len(facts.work):
        return None
    usual = mean(one.points for one in done if one.points)
    return [one.points or usual for one in history.lives]


def _work(ordering: Ordering, *, points: bool) -> tuple[Work, dict[str, int]]:
    net = ordering.net
    sizes = [0.0 if node.stop else node.effort if points else 1.0 for node in net.nodes]
    scores = ordering.scores
    ranked = sorted(range(len(sizes)), key=lambda one: (net.nodes[one].turn, -scores[one], one))
    stops = frozenset(number for number, node in enumerate(net.nodes) if node.stop)
    paths = {node.key: number for number, node in enumerate(net.nodes) if not node.stop}
    return Work(sizes, net.needs, ranked, stops), paths


def _factors(history: History) -> list[float]:
    """How long finished items took, as parts of their mean; empty when too few are known."""
    taken = [days + 0.5 for days, done in history.cycles() if done]
    if len(taken) < LEAST_CYCLES:
        return []
    usual = mean(taken)
    kept = [min(one / usual, _MOST_FACTOR) for one in taken]
    return [one / mean(kept) for one in kept]


def _goals(facts: Facts, goal: Item | None, paths: Mapping[str, int]) -> list[int]:
    if goal is None:
        return []
    return [paths[leaf.path] for leaf in facts.tree.leaves(goal) if leaf.path in paths]


def _read(found: Forecast, facts: Facts, simulated: Simulated, paths: Mapping[str, int]) -> None:
    for path, number in paths.items():
        found.items[path] = _outlook(sorted(simulated.days[number]), found.lean)
    for item in facts.tree.items:
        numbers = [paths[leaf.path] for leaf in facts.tree.leaves(item) if leaf.path in paths]
        if numbers and not facts.tree.is_leaf(item):
            draws = sorted(map(max, zip(*(simulated.days[one] for one in numbers), strict=True)))
            found.items[item.path] = replace(_outlook(draws, found.lean), open=len(numbers))
    count = len(paths)
    found.whole = replace(_outlook(sorted(simulated.whole), found.lean), open=count)
    found.growing = replace(_outlook(sorted(simulated.growing), found.lean), open=count)
    found.marks = [_outlook(sorted(one), found.lean) for one in simulated.marks if one]
    if found.waits and simulated.chains:
        order = sorted(paths, key=lambda path: (-simulated.chained[paths[path]], path))
        shares = [(facts.work[path].item, simulated.chained[paths[path]] / simulated.chains) for path in order]
        found.drivers = [(item, share) for item, share in shares[:10] if share]


def _read_ages(found: Forecast, facts: Facts, history: History) -> None:
    """What is worked on is forecast from how long it has been worked on, where enough is known."""
    cycles = history.cycles()
    if sum(done for _, done in cycles) < LEAST_CYCLES:
        return
    lean = learn([one for one in found.trials if one.what == "begun"])
    begun = {life.key: life.begun for life in history.open if life.begun is not None}
    for number, (path, work) in enumerate(facts.work.items()):
        day = begun.get(work.item.id or path)
        if day is not None and work.item.status == WORKING.get(work.item.kind):
            random = Random(_SEED + number)  # noqa: S311 - see above
            draws = draw_rest(cycles, history.last - day, random, _AGE_RUNS)
            found.items[path] = replace(_outlook(draws, lean), by_age=True)


def _outlook(draws: Sequence[int], lean: Lean) -> Outlook:
    p50, p85 = (at_level(draws, lean.level(level)) for level in LEVELS)
    return Outlook(p50 if p50 <= HORIZON else None, p85 if p85 <= HORIZON else None)
