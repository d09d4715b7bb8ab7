"""Groups of nodes that wait for one another, the shortest circle of each, and the edge whose cut is least wrong."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from aura_planning.ordering.net import STRUCTURE, Net, without

__all__ = ["Circle", "Cut", "components", "cut_circles", "flow", "shortest_circle"]

_MOST_VISITS: Final = 500_000
"""Steps of the search for short circles in one plan: about 0.3 s. What is found until then is used."""
_MOST_CIRCLES: Final = 200
"""Circles that are told one by one; of a plan with more, the rest is cut where it runs against the document."""
_TRIED: Final = 400
"""Nodes of a group in which every cut is tried out."""

_HOME: Final = -1
"""The node that a circle began with, when it is reached again."""

Step: TypeAlias = tuple[int, int, bool]
"""What is needed, by which statement, and whether that is certain."""
Inside: TypeAlias = Mapping[int, Sequence[Step]]
"""Edges inside a group."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The edge to cut, and why this one."""

    node: int
    needs: int
    statement: int
    reason: str


@dataclass(frozen=True, slots=True)
class Circle:
    """A group of nodes that wait for one another."""

    group: Sequence[int]
    """All nodes of the group, ascending."""
    nodes: Sequence[int]
    """The shortest circle in it: each waits for the next, the last for the first."""
    cut: Cut
    shortest: bool
    """False where the group is so large that a shorter one may have been missed."""


def flow(net: Net) -> list[int]:
    """Nodes such that each stands behind what it needs; those in and behind circles are left out."""
    open_needs = [len(one) for one in net.needs]
    found = [node for node, count in enumerate(open_needs) if not count]
    for node in found:  # it grows meanwhile
        for user in net.users[node]:
            open_needs[user] -= 1
            if not open_needs[user]:
                found.append(user)
    return found


def components(nodes: Iterable[int], needs: Sequence[Sequence[int]] | Mapping[int, Sequence[int]]) -> list[list[int]]:
    """Groups of more than one node in which each reaches each, by Tarjan's algorithm without recursion.

    Args:
        nodes: Where to look; edges out of them are passed over.
        needs: The edges.

    Returns:
        Each group ascending, and the groups by their first node.
    """
    inside = sorted(nodes)
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    allowed = set(inside)
    trail: list[int] = []
    on_trail: set[int] = set()
    found: list[list[int]] = []
    for root in inside:
        if root in number:
            continue
        number[root] = low[root] = len(number)
        trail.append(root)
        on_trail.add(root)
        work: list[tuple[int, Iterator[int]]] = [(root, iter(needs[root]))]
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in allowed:
                    continue
                if other not in number:
                    number[other] = low[other] = len(number)
                    trail.append(other)
                    on_trail.add(other)
                    work.append((other, iter(needs[other])))
                    break
                if other in on_trail and number[other] < low[node]:
                    low[node] = number[other]
            else:
                work.pop()
                if work and low[node] < low[work[-1][0]]:
                    low[work[-1][0]] = low[node]
                if low[node] == number[node]:
                    _close(node, trail, on_trail, found)
    return sorted(found)


def _close(node: int, trail: list[int], on_trail: set[int], found: list[list[int]]) -> None:
    start = len(trail) - 1
    while trail[start] != node:
        start -= 1
    group = trail[start:]
    del trail[start:]
    on_trail.difference_update(group)
    if len(group) > 1:
        found.append(sorted(group))


def shortest_circle(inside: Inside, most_visits: int = _MOST_VISITS) -> tuple[list[int], bool, int]:
    """The circle with the fewest statements, then the one that begins first.

    Args:
        inside: Edges inside one group.
        most_visits: Steps after which the best so far is taken.

    Returns:
        The circle, whether it is sure to be shortest, and the steps that it took.
    """
    best: list[int] = []
    best_length = len(inside) + 1
    visits = 0
    for start in sorted(inside):
        if all(statement == STRUCTURE for _, statement, _ in inside[start]):
            continue  # every circle has a node that something is written about
        path, length, seen = _back_to(start, inside, best_length)
        visits += seen
        if path:
            best, best_length = path, length
        if best_length == 1 or (best and visits > most_visits):
            break
    exact = best_length == 1 or visits <= most_visits
    return best, exact, visits


def _back_to(start: int, inside: Inside, shorter_than: int) -> tuple[list[int], int, int]:
    """The shortest way from a node back to it; steps that nobody wrote cost nothing."""
    before: dict[int, int] = {}
    cost: dict[int, int] = {start: 0}
    waiting: deque[tuple[int, int]] = deque([(start, 0)])
    visits = 0
    while waiting:
        node, so_far = waiting.popleft()
        if node == _HOME:
            return _walked(start, before), so_far, visits
        if so_far > cost[node]:
            continue
        for needs, statement, _ in inside[node]:
            visits += 1
            other = _HOME if needs == start else needs
            step = so_far + (statement != STRUCTURE)
            if step >= shorter_than or cost.get(other, shorter_than) <= step:
                continue
            cost[other], before[other] = step, node
            (waiting.appendleft if statement == STRUCTURE else waiting.append)((other, step))
    return [], 0, visits


def _walked(start: int, before: Mapping[int, int]) -> list[int]:
    path = [before[_HOME]]
    while path[-1] != start:
        path.append(before[path[-1]])
    return path[::-1]


def cut_circles(net: Net) -> tuple[Net, list[Circle], int]:
    """Cut edges until nothing waits for itself.

    Returns:
        What is left, the circles that were cut one by one, and how many further statements were cut.
    """
    reached = flow(net)
    if len(reached) == len(net.nodes):
        return net, [], 0
    groups = components(set(range(len(net.nodes))).difference(reached), net.needs)
    circles: list[Circle] = []
    gone: set[tuple[int, int]] = set()
    more = 0
    budget = _MOST_VISITS
    waiting = deque((group, _inside(net, group)) for group in groups)
    while waiting:
        group, inside = waiting.popleft()
        if len(circles) >= _MOST_CIRCLES or budget <= 0:
            more += _cut_rest(inside, gone)
            continue
        nodes, exact, visits = shortest_circle(inside, budget)
        budget -= visits
        cut = _chosen(nodes, inside)
        circles.append(Circle(group, nodes, cut, exact))
        left = _dropped(inside, cut.statement, (cut.node, cut.needs))
        gone.update((node, step[0]) for node, steps in inside.items() for step in steps if step not in left[node])
        for part in components(left, {node: [step[0] for step in steps] for node, steps in left.items()}):
            members = set(part)
            waiting.append((part, {node: [one for one in left[node] if one[0] in members] for node in part}))
    return without(net, gone), circles, more


def _inside(net: Net, group: Sequence[int]) -> dict[int, list[Step]]:
    members = set(group)
    found: dict[int, list[Step]] = {node: [] for node in group}
    for node, needs, statement, certain in net.edges:
        if node in members and needs in members:
            found[node].append((needs, statement, certain))
    return found


def _dropped(inside: Inside, statement: int, edge: tuple[int, int]) -> dict[int, list[Step]]:
    """Edges without those of one statement."""
    return {
        node: [step for step in steps if step[1] != statement or (statement == 0 and (node, step[0]) != edge)]
        for node, steps in inside.items()
    }


def _cut_rest(inside: Inside, gone: set[tuple[int, int]]) -> int:
    """Cut every statement that lets an earlier node wait for a later one: what is left has no circle."""
    found = [(node, step[0]) for node, steps in inside.items() for step in steps
             if step[1] != STRUCTURE and step[0] > node]  # fmt: skip
    gone.update(found)
    return len(found)


def _chosen(nodes: Sequence[int], inside: Inside) -> Cut:
    """Of the edges of a circle, the one to cut: proposed before written, then what ends most, then by the document."""
    choices: list[tuple[bool, int, bool, int, int, Step]] = []
    for node, other in zip(nodes, [*nodes[1:], nodes[0]], strict=True):
        step = next(one for one in inside[node] if one[0] == other)
        if step[1] != STRUCTURE:
            left = _left_after(inside, node, step) if len(inside) <= _TRIED else 0
            choices.append((step[2], left, other < node, -node, -other, step))
    certain, left, backward, node, other, step = min(choices)
    tried = len(inside) <= _TRIED
    if not certain and any(one[0] for one in choices):
        reason = "it is only proposed, and the others are written"
    elif tried and not left and any(one[1] for one in choices if one[0] == certain):
        reason = "without it, nothing here waits for itself any more; without another one, something still does"
    elif tried and any(one[1] > left for one in choices if one[0] == certain):
        reason = f"without it, the fewest items still wait for themselves: {left}"
    elif not backward and any(one[2] for one in choices):
        reason = "it lets what stands earlier in the plan wait for what stands later"
    else:
        reason = "nothing tells these apart; it is the one that stands last in the plan"
    return Cut(-node, -other, step[1], reason)


def _left_after(inside: Inside, node: int, step: Step) -> int:
    left = _dropped(inside, step[1], (node, step[0]))
    return sum(map(len, components(left, {one: [step[0] for step in steps] for one, steps in left.items()})))
