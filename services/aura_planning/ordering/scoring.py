"""One formula for every way to order work: what it is worth now, for what it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from aura_planning.ordering.net import Net, Node
from aura_planning.ordering.timing import Times

__all__ = [
    "LEAST_EFFORT",
    "PRESETS",
    "Formula",
    "Preset",
    "Values",
    "effective_values",
    "score_of",
    "scores_of",
    "time_factor",
]

Values: TypeAlias = Literal["stated", "rice", "moscow", "none"]
Preset: TypeAlias = Literal["wsjf", "rice", "moscow", "value-effort", "document"]

LEAST_EFFORT: Final = 0.1
"""Less counts as this much: work of no effort is not endlessly urgent."""
_SOON: Final = 5.0
"""Effort units before a due date at which half of its weight counts: a week of one person."""


@dataclass(frozen=True, slots=True)
class Formula:
    """`(value + share of what it unlocks + risk) x time factor / effort`; a weight of 0 leaves a term out."""

    name: Preset
    values: Values
    """What counts as value: what is stated; reach x impact x confidence; the class of MoSCoW; nothing."""
    share: float = 0.0
    """How much of its effective value a node hands to what it waits for, in [0, 1]."""
    risk: float = 0.0
    slack: float = 0.0
    """What a node without slack gains: 1 doubles its score."""
    due: float = 0.0
    """What a node that is late gains: 2 makes its score three times as high."""
    effort: bool = False
    """Whether the score is divided by the effort."""


PRESETS: Final[Mapping[Preset, Formula]] = {
    "wsjf": Formula("wsjf", "stated", share=0.7, risk=1.0, slack=0.5, due=2.0, effort=True),
    "rice": Formula("rice", "rice", effort=True),
    "moscow": Formula("moscow", "moscow", share=0.7),
    "value-effort": Formula("value-effort", "stated", effort=True),
    "document": Formula("document", "none"),
}
"""The ways that people know, as weights of the one formula."""


def effective_values(net: Net, flow: Sequence[int], share: float) -> list[float]:
    """The value of each node with its share of what waits for it.

    What a node hands on is divided among all that it waits for, so the sum over a plan is bounded and a foundation does
    not count a value once for every way that leads to it.
    """
    found = [node.value for node in net.nodes]
    if not share:
        return found
    for node in reversed(flow):
        needs = net.needs[node]
        if needs:
            part = found[node] * (1.0 if net.nodes[node].stop else share) / len(needs)
            for other in needs:
                found[other] += part
    return found


def pressure(spare: float) -> float:
    """How near a due date is: 0 without one, 1 when it cannot be kept or is only just."""
    return 0.0 if spare == math.inf else 1.0 if spare <= 0 else _SOON / (_SOON + spare)


def time_factor(formula: Formula, slack: float, spare: float, length: float) -> float:
    """What slack and due date make of a score; 1 when neither presses."""
    tight = 1.0 - slack / length if length else 0.0
    return 1.0 + formula.slack * tight + formula.due * pressure(spare)


def score_of(formula: Formula, node: Node, effective: float, factor: float) -> float:
    """The score of a node."""
    score = (effective + formula.risk * node.risk) * factor
    return score / max(node.effort, LEAST_EFFORT) if formula.effort else score


def scores_of(net: Net, formula: Formula, effective: Sequence[float], times: Times) -> list[float]:
    """The scores of all nodes; of stops as well, where they mean nothing."""
    timed = bool(formula.slack or formula.due)
    return [
        score_of(
            formula,
            node,
            effective[place],
            time_factor(formula, times.slack[place], times.spare[place], times.length) if timed else 1.0,
        )
        for place, node in enumerate(net.nodes)
    ]
