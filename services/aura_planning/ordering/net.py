"""Work and what waits for what, as lists of numbers: everything below runs on these.

The order in which nodes and edges are given does not matter: nodes are numbered by their rank and key.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

__all__ = ["Edge", "Net", "Node", "build", "without"]

STRUCTURE: Final = -1
"""Statement of an edge that nobody wrote: a part waits for the beginning of its whole."""


class Node(NamedTuple):
    """One piece of work that is not done."""

    key: str
    rank: int = 0
    """Place in the document; ties are broken by it, then by the key."""
    value: float = 1.0
    """What it is worth by itself, from 0 on."""
    effort: float = 1.0
    """What is left to do, from 0 on."""
    risk: float = 0.0
    """What doing it early is worth besides, because something is learned."""
    due: float = math.inf
    """Effort units from now until it has to be finished."""
    turn: int = 1
    """0 for what is in progress and goes on first, 1, or 2 for what cannot begin yet and goes behind what can."""
    stop: bool = False
    """No work: the beginning or the end of a whole, so that its many parts need few edges."""


class Edge(NamedTuple):
    """One node waits for another."""

    node: str
    needs: str
    statement: int = 0
    """What was written; one statement may make several edges."""
    certain: bool = True
    """False where it is only proposed."""


@dataclass(frozen=True, slots=True)
class Net:
    """Nodes by number, and both directions of the edges."""

    nodes: Sequence[Node]
    needs: Sequence[Sequence[int]]
    """What each node waits for, ascending."""
    users: Sequence[Sequence[int]]
    """What waits for each node, ascending."""
    edges: Sequence[tuple[int, int, int, bool]]
    """Node, what it needs, statement, certain: sorted."""


def build(nodes: Iterable[Node], edges: Iterable[Edge]) -> Net:
    """Number the nodes; edges to what is not there and from a node to itself are left out.

    Raises:
        ValueError: Two nodes have one key.
    """
    ordered = sorted(nodes, key=lambda one: (one.rank, one.key))
    number = {one.key: place for place, one in enumerate(ordered)}
    if len(number) != len(ordered):
        raise ValueError("two nodes have one key")
    found: list[tuple[int, int, int, bool]] = []
    for edge in edges:
        node, needs = number.get(edge.node), number.get(edge.needs)
        if node is not None and needs is not None and node != needs:
            found.append((node, needs, edge.statement, edge.certain))
    found.sort()
    return _joined(ordered, found)


def without(net: Net, gone: set[tuple[int, int]]) -> Net:
    """The same without some edges, each a node and what it needs."""
    return _joined(net.nodes, [edge for edge in net.edges if edge[:2] not in gone])


def _joined(nodes: Sequence[Node], edges: Sequence[tuple[int, int, int, bool]]) -> Net:
    needs: list[list[int]] = [[] for _ in nodes]
    users: list[list[int]] = [[] for _ in nodes]
    for node, other, _, _ in edges:
        mine = needs[node]
        if not mine or mine[-1] != other:  # sorted, so an edge that was said twice stands side by side
            mine.append(other)
            users[other].append(node)
    return Net(nodes, needs, users, edges)
