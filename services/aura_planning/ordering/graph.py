"""What waits for what, as boxes and lines: done work as well, and a large plan by story or epic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from aura_planning.items.model import Item, Kind
from aura_planning.ordering.answers import Ordered
from aura_planning.ordering.cycles import cut_circles
from aura_planning.ordering.explaining import Explainer
from aura_planning.ordering.layers import Link, layers_of, reduced
from aura_planning.ordering.net import Edge, Node, build
from aura_planning.ordering.tree import Tree, called

__all__ = ["Box", "By", "Graph", "State", "graph_of"]

By: TypeAlias = Literal["item", "story", "epic"]
State: TypeAlias = Literal["done", "working", "ready", "blocked", "circle"]

_MOST_ITEMS: Final = 120
"""Boxes that a person still reads; a larger plan is drawn without what is done, then by story, then by epic."""
_MOST_BOXES: Final = 400


@dataclass(slots=True)
class Box:
    """Something in the picture."""

    key: str
    kind: Kind
    name: str
    title: str
    id: str = ""
    state: State = "blocked"
    critical: bool = False
    stop: bool = False
    """The beginning or the end of something with parts."""
    parts: int = 0
    parts_done: int = 0
    facts: str = ""
    """Such as `2 to do, slack 3`."""
    layer: int = 0


@dataclass(slots=True)
class Graph:
    """Boxes and lines; each box stands behind what it waits for."""

    by: By = "item"
    boxes: list[Box] = field(default_factory=list[Box])
    links: list[Link] = field(default_factory=list[Link])
    """A box, and one that it waits for; without circles."""
    back: set[Link] = field(default_factory=set[Link])
    """Further lines, against the layers: groups that wait for one another in parts."""
    cut: set[Link] = field(default_factory=set[Link])
    """Further lines that should be taken out: they close circles."""
    proposed: set[Link] = field(default_factory=set[Link])
    total: int = 0
    notices: list[str] = field(default_factory=list)


def graph_of(done: Ordered, parent: str = "", by: Literal["auto"] | By = "auto", *, critical: bool = False) -> Graph:
    """The picture of a plan.

    Args:
        done: The plan in its order.
        parent: Only what belongs to this item, and what that waits for; empty for everything.
        by: What a box stands for.
        critical: Only the critical path.

    Raises:
        UnknownItem: The plan has no such parent.
        UsageProblem: Several are meant.
    """
    return _Maker(done, parent, critical=critical).graph(by)


class _Maker:
    """One picture on its way."""

    def __init__(self, done: Ordered, parent: str, *, critical: bool) -> None:
        self._done = done
        self._tree: Tree = done.facts.tree
        self._explainer = Explainer(done.facts, done.ordering)
        found = done.ordering
        way = found.critical_path() if critical else range(len(found.net.nodes))
        self._critical = {found.net.nodes[node].key for node in way if found.is_critical(node)}
        self._items = {item.path: item for item in self._tree.items}
        self._rank = {item.path: rank for rank, (item, begins) in enumerate(self._tree.walk) if begins}
        self._leaves = self._wanted(parent, critical=critical)

    def _wanted(self, parent: str, *, critical: bool) -> list[Item]:
        every = [item for item, begins in self._tree.walk if begins and self._tree.is_leaf(item)]
        if parent:
            inside = {leaf.path for leaf in self._tree.leaves(self._tree.ledger.find(parent))}
            needed = {
                one.path
                for leaf in every
                if leaf.path in inside
                for statement in self._done.facts.waits(leaf)
                for one in self._tree.leaves(statement.needs)
            }
            every = [leaf for leaf in every if leaf.path in inside | needed]
        return [leaf for leaf in every if leaf.path in self._critical] if critical else every

    def graph(self, by: Literal["auto"] | By) -> Graph:
        """The picture."""
        graph = Graph(total=len(self._leaves))
        leaves = self._leaves
        graph.by = by if by != "auto" else "item"
        if by == "auto" and len(leaves) > _MOST_ITEMS:
            graph.by = self._fitting(leaves)
            if graph.by == "item":
                leaves = self._without_done(graph, leaves)
            else:
                graph.notices.append(f"{len(leaves)} items are drawn by {graph.by}; --by item draws each")
        self._draw(graph, leaves)
        return graph

    def _fitting(self, leaves: Sequence[Item]) -> By:
        """What a box has to stand for so that a person can read the picture."""
        levels: tuple[By, By] = ("story", "epic")
        if sum(not self._tree.closed(leaf) for leaf in leaves) <= _MOST_ITEMS:
            return "item"
        size = 0
        for level in levels:
            size = len({self._group(leaf, level).path for leaf in leaves})
            if size <= _MOST_ITEMS:
                return level
        return "epic" if size < len(leaves) * 0.8 else "item"

    def _without_done(self, graph: Graph, leaves: Sequence[Item]) -> list[Item]:
        left = [leaf for leaf in leaves if not self._tree.closed(leaf)]
        if len(left) < len(leaves):
            graph.notices.append(f"{len(leaves) - len(left)} items that are done are not drawn; --by item draws them")
        return left

    def _group(self, leaf: Item, by: By) -> Item:
        """What a leaf is drawn as."""
        if by == "item":
            return leaf
        above = self._tree.above(leaf)
        found = next((one for one in above if one.kind == by), None)
        return found or (above[-1] if above else leaf)

    def _draw(self, graph: Graph, leaves: Sequence[Item]) -> None:
        groups: dict[str, tuple[Item, list[Item]]] = {}
        for leaf in leaves:
            group = self._group(leaf, graph.by)
            groups.setdefault(group.path, (group, []))[1].append(leaf)
        if len(groups) > _MOST_BOXES:
            graph.notices.append(f"the first {_MOST_BOXES} of {len(groups)} are drawn; --in ITEM draws a part")
            groups = dict(list(groups.items())[:_MOST_BOXES])
        boxes = {key: self._box(key, group, parts) for key, (group, parts) in groups.items()}
        drawn = {leaf.path: key for key, (_, parts) in groups.items() for leaf in parts}
        drawn |= self._stops(boxes, drawn)
        self._join(graph, boxes, drawn)

    def _stops(self, boxes: dict[str, Box], drawn: dict[str, str]) -> dict[str, str]:
        """Where beginnings and ends of wholes are drawn: with their only box, else as boxes of their own."""
        found: dict[str, str] = {}
        for node in self._done.facts.nodes:
            if not node.stop:
                continue
            path, _, what = node.key.partition("\0")
            item = self._items[path]
            inside = {drawn[leaf.path] for leaf in self._tree.leaves(item) if leaf.path in drawn}
            if len(inside) == 1:
                found[node.key] = next(iter(inside))
            elif inside:
                ready = not self._tree.open_leaves(item) if what == "end" else False
                name = f"{item.kind} {called(item)}"
                title = f"{name} begins" if what == "begin" else f"all of {name}"
                boxes[node.key] = Box(
                    node.key, item.kind, called(item), title,
                    state="done" if ready else "blocked", critical=node.key in self._critical, stop=True,
                )  # fmt: skip
                found[node.key] = node.key
                self._rank[node.key] = node.rank
        return found

    def _join(self, graph: Graph, boxes: dict[str, Box], drawn: dict[str, str]) -> None:
        cuts = {circle.cut.statement for circle in self._done.ordering.circles}
        kept: list[Edge] = []
        cut: set[tuple[str, str]] = set()
        proposed: set[tuple[str, str]] = set()
        for edge in self._done.facts.edges:
            node, needs = drawn.get(edge.node), drawn.get(edge.needs)
            if node is None or needs is None or node == needs:
                continue
            if edge.statement in cuts:
                cut.add((node, needs))
            else:
                kept.append(Edge(node, needs))
            if not edge.certain:
                proposed.add((node, needs))
        used = {key for edge in kept for key in (edge.node, edge.needs)} | {key for pair in cut for key in pair}
        nodes = [Node(key, self._rank[key]) for key, box in boxes.items() if not box.stop or key in used]
        whole = build(nodes, kept)
        net, _, _ = cut_circles(whole)
        number = {node.key: place for place, node in enumerate(net.nodes)}
        graph.boxes = [boxes[node.key] for node in net.nodes]
        links = [(node, needs) for node, all_needs in enumerate(net.needs) for needs in all_needs]
        graph.back = set(_pairs(whole.needs)) - set(links)
        graph.cut = {(number[node], number[needs]) for node, needs in cut} - set(links)
        graph.links = reduced(len(graph.boxes), links)
        graph.proposed = {(number[node], number[needs]) for node, needs in proposed}
        for box, layer in zip(graph.boxes, layers_of(len(graph.boxes), graph.links), strict=True):
            box.layer = layer

    def _box(self, key: str, group: Item, parts: Sequence[Item]) -> Box:
        closed = sum(self._tree.closed(leaf) for leaf in parts)
        alone = len(parts) == 1 and parts[0].path == group.path
        states = {self._state(leaf) for leaf in parts}
        order: tuple[State, ...] = ("circle", "working", "ready", "blocked", "done")
        return Box(
            key,
            group.kind,
            called(group),
            group.title,
            id=group.id,
            state=next(one for one in order if one in states),
            critical=any(leaf.path in self._critical for leaf in parts),
            parts=0 if alone else len(parts),
            parts_done=0 if alone else closed,
            facts=self._facts(parts[0]) if alone else f"{closed} of {len(parts)} done",
        )

    def _state(self, leaf: Item) -> State:
        node = self._explainer.number.get(leaf.path)
        if node is None:
            return "done"
        if node in self._explainer.circle_of:
            return "circle"
        if not self._done.ordering.net.nodes[node].turn:
            return "working"
        return "ready" if self._explainer.ready(node) else "blocked"

    def _facts(self, leaf: Item) -> str:
        node = self._explainer.number.get(leaf.path)
        if node is None:
            return leaf.status
        slack = self._done.ordering.times.slack[node]
        return f"{self._explainer.told_effort(node)}, {leaf.status or 'status unknown'}, {slack:g} slack"


def _pairs(needs: Sequence[Iterable[int]]) -> list[Link]:
    return [(node, one) for node, others in enumerate(needs) for one in others]
