"""Who does what when: the best of what is ready goes to the next worker that is free."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from aura_planning.ordering.net import Net

__all__ = ["Schedule", "schedule"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Effort units from now."""

    order: Sequence[int]
    """Nodes in the order in which they begin; without stops."""
    start: Sequence[float]
    end: Sequence[float]
    worker: Sequence[int]
    """Counted from 0; -1 for a stop."""
    finish: float

    def delay(self, net: Net) -> float:
        """What waiting costs: the sum of value x end."""
        return sum(node.value * end for node, end in zip(net.nodes, self.end, strict=True))


def schedule(net: Net, scores: Sequence[float], workers: int, first: Collection[int] = ()) -> Schedule:
    """A schedule by score among what is ready; what was begun goes on first.

    Args:
        net: Work without circles.
        scores: Of each node.
        workers: How many work at the same time, from 1 on.
        first: Nodes that go before all others.
    """
    count = len(net.nodes)
    ranked = sorted(range(count), key=lambda one: (one not in first, net.nodes[one].turn, -scores[one], one))
    place = [0] * count
    for position, node in enumerate(ranked):
        place[node] = position
    return _Run(net, ranked, place, workers).schedule()


class _Run:
    """One walk through time."""

    def __init__(self, net: Net, ranked: Sequence[int], place: Sequence[int], workers: int) -> None:
        count = len(net.nodes)
        self._net = net
        self._ranked = ranked
        self._place = place
        self._open = [len(one) for one in net.needs]
        self._ready: list[int] = []
        self._running: list[tuple[float, int, int]] = []
        self._idle = list(range(min(workers, max(1, count))))
        self._start = [0.0] * count
        self._end = [0.0] * count
        self._worker = [-1] * count
        self._order: list[int] = []

    def schedule(self) -> Schedule:
        """The whole walk."""
        self._release([node for node, count in enumerate(self._open) if not count], 0.0)
        heapify(self._idle)
        now = 0.0
        while self._ready or self._running:
            self._begin(now)
            now = self._running[0][0]
            while self._running and self._running[0][0] <= now:
                _, worker, node = heappop(self._running)
                heappush(self._idle, worker)
                self._release(self._freed(node), now)
        return Schedule(self._order, self._start, self._end, self._worker, now)

    def _begin(self, now: float) -> None:
        while self._ready and self._idle:
            node = self._ranked[heappop(self._ready)]
            worker = heappop(self._idle)
            self._start[node], self._worker[node] = now, worker
            self._end[node] = now + self._net.nodes[node].effort
            self._order.append(node)
            heappush(self._running, (self._end[node], worker, node))

    def _freed(self, node: int) -> list[int]:
        """What waits for nothing more, now that this is done."""
        found: list[int] = []
        for user in self._net.users[node]:
            self._open[user] -= 1
            if not self._open[user]:
                found.append(user)
        return found

    def _release(self, nodes: list[int], now: float) -> None:
        """Nodes that are ready; a stop is done as soon as it is."""
        waiting = nodes
        while waiting:
            node = waiting.pop()
            if self._net.nodes[node].stop:
                self._start[node] = self._end[node] = now
                waiting += self._freed(node)
            else:
                heappush(self._ready, self._place[node])
