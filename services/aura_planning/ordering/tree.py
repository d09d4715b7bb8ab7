"""Which items of a plan are work, what belongs to what, and in which order the plan has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aura_planning.items.ledger import Ledger
from aura_planning.items.model import Item
from aura_planning.items.statuses import CLOSED

__all__ = ["Tree", "called"]

_WORK = frozenset({"epic", "story", "task"})


class Tree:
    """Epics, stories and tasks; a leaf is what has no part of its own, and is what is done."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.items: list[Item] = [item for item in ledger.items if item.kind in _WORK]
        self._parents: dict[str, Item] = {}
        self._children: dict[str, list[Item]] = {}
        for item in self.items:
            parent = ledger.parent(item)
            if parent is not None and parent.kind in _WORK and parent.path != item.path:
                self._parents[item.path] = parent
                self._children.setdefault(parent.path, []).append(item)
        self._leaves: dict[str, tuple[Item, ...]] = {}
        self._above: dict[str, tuple[Item, ...]] = {}
        self.walk: list[tuple[Item, bool]] = list(self._walk())
        """Every item, with True where it begins and False where it ends: the order of the plan."""

    def _walk(self) -> Iterator[tuple[Item, bool]]:
        seen: set[str] = set()
        roots = [item for item in self.items if item.path not in self._parents]
        for root in [*roots, *self.items]:  # what belongs to itself in a circle has no root
            trail = [(root, True)]
            while trail:
                item, begins = trail.pop()
                if begins and item.path in seen:
                    continue
                yield item, begins
                if begins:
                    seen.add(item.path)
                    trail.append((item, False))
                    trail += [(child, True) for child in reversed(self.children(item))]

    def children(self, item: Item) -> Sequence[Item]:
        """What belongs to an item."""
        return self._children.get(item.path, ())

    def is_leaf(self, item: Item) -> bool:
        """Whether an item is work by itself."""
        return item.path not in self._children

    def above(self, item: Item) -> tuple[Item, ...]:
        """What an item belongs to, nearest first."""
        found = self._above.get(item.path)
        if found is None:
            parent = self._parents.get(item.path)
            found = () if parent is None else (parent, *self._upward(parent, item))
            self._above[item.path] = found
        return found

    def _upward(self, item: Item, start: Item) -> Iterator[Item]:
        """What is above an item, as far as nothing belongs to itself."""
        seen = {start.path, item.path}
        parent = self._parents.get(item.path)
        while parent is not None and parent.path not in seen:
            seen.add(parent.path)
            yield parent
            parent = self._parents.get(parent.path)

    def leaves(self, item: Item) -> tuple[Item, ...]:
        """The work of an item: its leaves at any depth, or itself."""
        if self.is_leaf(item):
            return (item,)
        found = self._leaves.get(item.path)
        if found is None:
            found = self._leaves[item.path] = tuple(self._below(item))
        return found

    def _below(self, item: Item) -> Iterator[Item]:
        seen = {item.path}
        waiting = list(reversed(self.children(item)))
        while waiting:
            one = waiting.pop()
            if one.path in seen:
                continue
            seen.add(one.path)
            if self.is_leaf(one):
                yield one
            waiting += reversed(self.children(one))

    def closed(self, leaf: Item) -> bool:
        """Whether a leaf needs no more work: it is closed, or it belongs to something that was cancelled."""
        return leaf.status in CLOSED or any(one.status == "cancelled" for one in self.above(leaf))

    def open_leaves(self, item: Item) -> list[Item]:
        """The work of an item that is not done."""
        return [one for one in self.leaves(item) if not self.closed(one)]


def called(item: Item) -> str:
    """What a person calls an item."""
    return item.alias or item.id or item.path
