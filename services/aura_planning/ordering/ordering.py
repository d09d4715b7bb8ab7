"""The whole calculation: from work and edges to scores, times, circles and a schedule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

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
    linked: bool
    """Whether anything waits for anything."""

    def is_critical(self, node: int) -> bool:
        """Whether any delay of a node delays the end; in a plan where nothing waits for anything, none is."""
        return self.times.length > 0 and not self.times.slack[node] and self.linked

    def critical_path(self) -> list[int]:
        """One longest way through the plan; empty where nothing waits for anything."""
        return self.times.critical(self.net) if self.linked else []


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
    linked = any(net.needs)
    if not linked:  # slack against the largest item would only say how large an item is
        formula = replace(formula, slack=0.0)
    effective = effective_values(net, way, formula.share)
    scores = scores_of(net, formula, effective, times)
    plan = schedule(net, scores, workers)
    return Ordering(net, formula, workers, circles, more, effective, times, scores, plan, linked)
