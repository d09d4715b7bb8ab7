"""What has to be finished when: earliest and latest times, slack, and the longest way through the plan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from aura_planning.ordering.net import Net

__all__ = ["Times", "times_of"]


@dataclass(frozen=True, slots=True)
class Times:
    """Effort units from now, with as many workers as could be used."""

    early: Sequence[float]
    """Earliest start."""
    late: Sequence[float]
    """Latest start that delays nothing."""
    slack: Sequence[float]
    """The difference, from 0 on."""
    spare: Sequence[float]
    """What is left until the own due date, or until that of something that waits for it: below 0 it cannot be kept."""
    length: float
    """Of the longest way."""

    def critical(self, net: Net) -> list[int]:
        """One longest way, from its first node to its last; without stops. Empty when nothing is left to do."""
        ends = [node for node in range(len(net.nodes)) if not self.slack[node] and not net.users[node]]
        ends = [node for node in ends if self.early[node] + net.nodes[node].effort >= self.length * (1 - 1e-12)]
        if not ends or not self.length:
            return []
        way = [ends[0]]
        while net.needs[way[-1]]:
            needs = net.needs[way[-1]]
            way.append(max(needs, key=lambda one: (self.early[one] + net.nodes[one].effort, -one)))
        return [node for node in reversed(way) if not net.nodes[node].stop]


def times_of(net: Net, flow: Sequence[int]) -> Times:
    """The times of every node.

    Args:
        net: Work without circles.
        flow: Its nodes, each behind what it needs.
    """
    effort = [node.effort for node in net.nodes]
    early = [0.0] * len(effort)
    length = 0.0
    for node in flow:
        end = early[node] + effort[node]
        length = max(length, end)
        for user in net.users[node]:
            early[user] = max(early[user], end)
    late_end = [length] * len(effort)
    due = [node.due for node in net.nodes]
    for node in reversed(flow):
        latest, wanted = late_end[node] - effort[node], due[node] - effort[node]
        for other in net.needs[node]:
            late_end[other] = min(late_end[other], latest)
            due[other] = min(due[other], wanted)
    late = [end - one for end, one in zip(late_end, effort, strict=True)]
    least = length * 1e-12  # sums of the same numbers in another order differ in their last digits
    slack = [gap if (gap := end - start) > least else 0.0 for end, start in zip(late, early, strict=True)]
    spare = [end - start - one if end < math.inf else math.inf
             for end, start, one in zip(due, early, effort, strict=True)]  # fmt: skip
    return Times(early, late, slack, spare, length)
