"""How long what was begun still takes: as long as items did that had taken as long."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from random import Random
from typing import Final, TypeAlias

from aura_planning.forecasting.pace import HORIZON, METHOD, Method

__all__ = ["LEAST_CYCLES", "Cycles", "draw_rest"]

Cycles: TypeAlias = Sequence[tuple[int, bool]]
"""Days that items took from their beginning, in order; False for what is not done and has taken that long so far."""
LEAST_CYCLES: Final = 8
"""Finished items whose beginning is known; with fewer nothing is said from age."""


def draw_rest(cycles: Cycles, age: int, random: Random, runs: int, method: Method = METHOD) -> list[int]:
    """Days until an item is done that was begun some days ago, drawn again and again, in order.

    Args:
        cycles: How long items took, or have taken so far.
        age: Days since it was begun.
        random: Where chance comes from.
        runs: How many draws.
        method: What was chosen on public histories.

    Where few items took longer, chance follows the rule of Lindy beside them: the odds that it takes twice as long as
    it took so far are even.

    Source:
        Efron (1967), "The two sample problem with censored data": what is not done passes its share on to what took
        longer.
    """
    found: list[int] = []
    for _ in range(runs):
        rest = _end(cycles, age, random, method.age_prior) - age
        drift = math.exp(method.age_spread * random.gauss(0.0, 1.0))
        found.append(min(HORIZON, max(1, math.ceil(rest * drift))))
    return sorted(found)


def _end(cycles: Cycles, age: int, random: Random, prior: float) -> float:
    """On which day of its life an item is done that is not done at an age."""
    while True:
        place = bisect_right(cycles, (age, True))
        count = len(cycles) - place
        choice = random.random() * (count + prior)
        if choice >= count:
            return min(age + (age + 1) * (1.0 / (1.0 - random.random()) - 1.0), 1e6)
        age, done = cycles[place + int(choice)]
        if done:
            return age
