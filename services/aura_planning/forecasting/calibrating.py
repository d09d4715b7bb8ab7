"""How far forecasts can be trusted: the same forecast made at many moments of the past, and what really happened.

A moment counts when it is known how it ended: the items were finished, or the day that the forecast named had passed
without that. Where earlier forecasts fell short, later ones are read at a more careful level; never at a bolder one.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from statistics import NormalDist
from typing import Final

from aura_planning.forecasting.ageing import LEAST_CYCLES, draw_rest
from aura_planning.forecasting.lives import History
from aura_planning.forecasting.pace import METHOD, Method, pace_of
from aura_shared.errors import Cancelled

__all__ = ["LEAST_FINISHED", "LEVELS", "Lean", "Score", "Trial", "at_level", "learn", "scores", "silence", "walk"]

LEAST_FINISHED: Final = 8
LEAST_DAYS: Final = 5
"""Different days on which items were finished."""
OLDEST: Final = 45
"""Days since the last item was finished, after which the past says nothing about the future."""
LEVELS: Final = (0.5, 0.85)
_COUNTS: Final = (5, 10, 20)
_WEIGHT: Final = 0.2
"""What a moment counts: moments overlap, so five of them tell about as much as one that stands alone."""
_PRIOR: Final = 10.0
"""Moments that stand alone, and that went as they should: what the public histories count beside the own ones."""
_NORMAL: Final = NormalDist()


@dataclass(frozen=True, slots=True)
class Trial:
    """A forecast that was made as of a day of the past, and how it ended."""

    day: int
    what: str
    """`next 5`, `next 10`, `next 20`, or `begun`."""
    draws: Sequence[int]
    """Days until it is done, in order."""
    actual: int | None
    """Days that it took; None while it is not done."""
    known: int
    """Days after the forecast that are known."""


@dataclass(frozen=True, slots=True)
class Lean:
    """At which level a forecast is read, so that it is as careful as earlier ones should have been."""

    shift: float = 0.0
    scale: float = 1.0

    def level(self, level: float) -> float:
        """The share of the draws that is read for a level such as 0.85."""
        return _NORMAL.cdf(self.shift + self.scale * _NORMAL.inv_cdf(level))


@dataclass(frozen=True, slots=True)
class Score:
    """How often reality fell within a forecast."""

    what: str
    counted: tuple[int, int]
    """Moments whose end is known, for P50 and P85."""
    within: tuple[int, int]


def silence(history: History) -> str:
    """Why nothing can be said; empty when something can."""
    finished = history.finished
    if len(finished) < LEAST_FINISHED:
        return (
            f"the history is too short: {len(finished)} finished {'item' if len(finished) == 1 else 'items'} of which "
            f"the day is known, and {LEAST_FINISHED} are the least that says anything"
        )
    days = len(set(finished))
    if days < LEAST_DAYS:
        return f"the history is too short: all items were finished on {days} days, and {LEAST_DAYS} are the least"
    quiet = history.last - finished[-1]
    if quiet > OLDEST:
        return f"the history is too old: nothing was finished for {quiet} days, and {OLDEST} are the most"
    return ""


def at_level(draws: Sequence[int], level: float) -> int:
    """The smallest of some draws, in order, that a share of them does not exceed."""
    return draws[min(len(draws) - 1, max(0, math.ceil(level * len(draws)) - 1))]


def walk(
    history: History,
    *,
    runs: int = 200,
    moments: int = 60,
    method: Method = METHOD,
    stopped: Callable[[], bool] = lambda: False,
) -> list[Trial]:
    """Forecasts as of many days of the past, by day.

    Raises:
        Cancelled: It was stopped.
    """
    finished = history.finished
    if len(finished) < LEAST_FINISHED:
        return []
    start = finished[LEAST_FINISHED - 1]
    days = sorted({start + round(step * (history.last - start) / moments) for step in range(moments)})
    trials: list[Trial] = []
    for day in days:
        if stopped():
            raise Cancelled("the forecast was stopped")
        past = history.as_of(day)
        if day < history.last and not silence(past):
            trials += _of_counts(history, past, finished, runs, method)
            trials += _of_begun(history, past, runs, method)
    return trials


def _of_counts(history: History, past: History, finished: Sequence[int], runs: int, method: Method) -> list[Trial]:
    day, pace = past.last, pace_of(past, method)
    random = Random(day)  # noqa: S311 - it has to give the same each time
    draws: dict[int, list[int]] = {count: [] for count in _COUNTS}
    for _ in range(runs):
        path, longer = pace.run(random, _COUNTS[-1])
        for count, found in draws.items():
            found.append(math.ceil((bisect_left(path, count) + 1) * longer))
    after = bisect_right(finished, day)
    return [
        Trial(
            day,
            f"next {count}",
            sorted(found),
            finished[after + count - 1] - day if after + count <= len(finished) else None,
            history.last - day,
        )
        for count, found in draws.items()
    ]


def _of_begun(history: History, past: History, runs: int, method: Method) -> list[Trial]:
    cycles, day = past.cycles(), past.last
    if sum(done for _, done in cycles) < LEAST_CYCLES:
        return []
    ends = {one.key: one for one in history.lives}
    trials: list[Trial] = []
    for place, life in enumerate(past.open):
        whole = ends[life.key]
        if life.begun is None or whole.dropped is not None:
            continue
        random = Random(day * 1000 + place)  # noqa: S311 - see above
        draws = draw_rest(cycles, day - life.begun, random, runs, method)
        actual = None if whole.finished is None else whole.finished - day
        trials.append(Trial(day, "begun", draws, actual, history.last - day))
    return trials


def learn(trials: Sequence[Trial], day: int | None = None) -> Lean:
    """What earlier forecasts teach that was known on a day, from where reality fell among their draws.

    Args:
        trials: By day.
        day: The day; None for the end.
    """
    places: list[float] = []
    for trial in trials:
        if day is not None and trial.day >= day:
            break
        place = _place(trial, trial.known if day is None else day - trial.day)
        if place is not None:
            places.append(place)
    weight = _WEIGHT * len(places) + _PRIOR
    shift = _WEIGHT * sum(places) / weight
    square = (_WEIGHT * sum((one - shift) ** 2 for one in places) + _PRIOR) / weight
    return Lean(max(0.0, shift), max(1.0, math.sqrt(square)))


def _place(trial: Trial, known: int) -> float | None:
    """Where reality fell among the draws, as a normal score; None when that is not known yet."""
    count = len(trial.draws)

    def score(share: float) -> float:
        return _NORMAL.inv_cdf(min(max(share, 0.5 / count), 1 - 0.5 / count))

    if trial.actual is not None and trial.actual <= known:
        low, high = bisect_left(trial.draws, trial.actual), bisect_right(trial.draws, trial.actual)
        return score((low + high) / (2 * count))
    share = bisect_right(trial.draws, known) / count
    if share < 0.5:
        return None
    least = score(share)
    return _NORMAL.pdf(least) / (1 - _NORMAL.cdf(least))  # what is expected of one that is still open


def scores(trials: Sequence[Trial]) -> list[Score]:
    """How often reality fell within P50 and P85, by what was forecast, each read as it would have been on its day."""
    found: list[Score] = []
    for what in dict.fromkeys(trial.what for trial in trials):
        counted, within = [0, 0], [0, 0]
        group = [trial for trial in trials if (trial.what == "begun") == (what == "begun")]
        leans: dict[int, Lean] = {}
        for trial in trials:
            if trial.what != what:
                continue
            lean = leans.setdefault(trial.day, learn(group, trial.day))
            for place, level in enumerate(LEVELS):
                limit = at_level(trial.draws, lean.level(level))
                if trial.actual is None and limit > trial.known:
                    continue
                counted[place] += 1
                within[place] += trial.actual is not None and trial.actual <= limit
        found.append(Score(what, (counted[0], counted[1]), (within[0], within[1])))
    return found
