"""How fast a plan goes on: its own days drawn again, in stretches as they came, so that bursts and pauses stay.

A stretch begins on a day of the past, recent ones more often, and goes on for some days. The first one begins on a day
that was like today: after as long a pause. At last the whole run is stretched or squeezed, as the pace of plans does.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Final

from aura_planning.forecasting.lives import History

__all__ = ["HORIZON", "METHOD", "Method", "Pace", "pace_of"]

HORIZON: Final = 1100
"""Days that are looked ahead: about three years."""


@dataclass(frozen=True, slots=True)
class Method:
    """What was chosen on public histories; docs/planning/forecast.md has the figures."""

    window: int = 180
    """Days of the past that count."""
    half_life: float = 30.0
    """Days after which a day of the past is drawn half as often."""
    stretch: float = 14.0
    """Days that a stretch lasts on average."""
    spread: float = 0.8
    """How much the pace changes: the standard deviation of the logarithm of a run's length."""
    short: float = 3.0
    """What is added to its square, divided by the active days: little is known after few of them."""
    slower: float = 0.1
    """Logarithm of how much longer runs get than what was drawn."""
    age_spread: float = 1.2
    """The same as `spread`, for how long work that was begun goes on."""
    age_prior: float = 3.0
    """How many finished items weigh as much as the rule that what has taken long will take as long again."""


METHOD: Final = Method()


@dataclass(frozen=True, slots=True)
class Pace:
    """The days of the past, ready to be drawn from."""

    done: Sequence[float]
    """What was finished on each day."""
    added: Sequence[float]
    """What came into the plan on each day."""
    weights: Sequence[float]
    """How often each day begins a stretch, added up."""
    alike: Sequence[int]
    """Days that were like the last one, on which the first stretch begins."""
    spread: float
    slower: float
    stretch: float

    @property
    def still(self) -> bool:
        """Whether nothing was finished, so that nothing can be said."""
        return not any(self.done)

    def run(self, random: Random, enough: float, *, growth: float = 0.0) -> tuple[list[float], float]:
        """One way in which it may go on.

        Args:
            random: Where chance comes from.
            enough: What has to be finished; the run ends then.
            growth: Which part of what comes into the plan has to be finished as well.

        Returns:
            What is finished at the end of each day, added up, and how much longer the whole takes than it says.
        """
        path: list[float] = []
        total, wanted = 0.0, enough
        done, added, count = self.done, self.added, len(self.done)
        place = self.alike[int(random.random() * len(self.alike))] + 1
        left = self._length(random)
        while len(path) < HORIZON:
            if place >= count or not left:
                place, left = bisect_left(self.weights, random.random() * self.weights[-1]), self._length(random)
            total += done[place]
            if growth:
                wanted += growth * added[place]
            path.append(total)
            if total >= wanted:
                break
            place, left = place + 1, left - 1
        return path, math.exp(self.slower + self.spread * random.gauss(0.0, 1.0))

    def _length(self, random: Random) -> int:
        """Of a stretch: geometric."""
        return 1 + int(math.log(1.0 - random.random()) / math.log(1.0 - 1.0 / self.stretch))


def pace_of(history: History, method: Method = METHOD, weight: Sequence[float] | None = None) -> Pace:
    """The pace of a plan.

    Args:
        history: Its past.
        method: How much of it counts.
        weight: Points of each life, in the order of the history; None to count items.
    """
    last = history.last
    begin = max(history.first, last - method.window + 1, min(history.finished, default=last) - 7)
    count = last - begin + 1
    done, added = [0.0] * count, [0.0] * count
    for place, life in enumerate(history.lives):
        amount = 1.0 if weight is None else weight[place]
        if life.finished is not None and begin <= life.finished <= last:
            done[life.finished - begin] += amount
        if begin < life.added <= last:
            added[life.added - begin] += amount
    weights = list(accumulate(0.5 ** ((count - 1 - place) / method.half_life) for place in range(count)))
    active = sum(1 for one in done if one)
    spread = math.sqrt(method.spread**2 + method.short / max(1, active))
    return Pace(done, added, weights, _alike(done), spread, method.slower, method.stretch)


def _alike(done: Sequence[float]) -> list[int]:
    """Days after as long a pause as the last one; all days where too few are like that."""
    pauses: list[int] = []
    pause = 0
    for one in done:
        pause = 0 if one else pause + 1
        pauses.append(pause)
    band = _band(pauses[-1])
    alike = [place for place, one in enumerate(pauses[:-1]) if _band(one) == band]
    return alike if len(alike) >= 3 else list(range(len(done)))


def _band(pause: int) -> int:
    """0, 1, 2 to 3, 4 to 7, 8 to 15, and so on."""
    return pause.bit_length() if pause < 2 else (pause - 1).bit_length() + 1 if pause > 2 else 2
