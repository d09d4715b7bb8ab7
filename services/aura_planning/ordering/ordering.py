"""The whole calculation: from work and edges to scores, times, circles and a schedule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aura_planning.ordering.cycles import Circle, cut_circles, flow
from aura_planning.ordering.net import Edge, Net, Node, build
from aura_planning.ordering.scheduling import Schedule, schedule
from aura_planning.ordering.scoring import Formula, effective_values, scores_of
from aura_planning.ordering.timing import Times, times_of

__all__ = ["Ordering", "order_work"]


@dataclass(frozen=True, slots=True)
class Ordering:
    """What was calculated; all lists are by number of node."""

    net: Net
    """Without the edges that were cut."""
    formula: Formula
    workers: int
    circles: Sequence[Circle]
    more_cuts: int
    """Statements that were cut besides, in a plan with very many circles."""
    effective: Sequence[float]
    times: Times
    scores: Sequence[float]
    schedule: Schedule


def order_work(nodes: Iterable[Node], edges: Iterable[Edge], formula: Formula, workers: int = 1) -> Ordering:
    """Order work.

    Args:
        nodes: What is not done.
        edges: What waits for what.
        formula: How a score is made.
        workers: How many work at the same time.

    Raises:
        ValueError: Two nodes have one key.
    """
    net, circles, more = cut_circles(build(nodes, edges))
    way = flow(net)
    times = times_of(net, way)
    effective = effective_values(net, way, formula.share)
    scores = scores_of(net, formula, effective, times)
    return Ordering(net, formula, workers, circles, more, effective, times, scores, schedule(net, scores, workers))
