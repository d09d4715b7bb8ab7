"""All items of a plan: found by identifier or alias, and checked against one another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from aura_planning.items.model import KINDS, Finding, Item, Kind, Severity
from aura_shared.errors import UnknownItem, UsageProblem

__all__ = ["PARENTS", "Ledger", "order_of"]

PARENTS: Final[Mapping[Kind, tuple[Kind, ...]]] = {
    "prd": (), "architecture": ("prd",), "epic": ("prd", "epic"), "story": ("epic",), "task": ("story", "task", "epic"),
}  # fmt: skip
"""What each kind may belong to."""
_LEAST_PREFIX: Final = 3


class Ledger:
    """Items of one plan at one moment."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.items: Sequence[Item] = sorted(items, key=order_of)
        """Documents first, then epics, stories and tasks; by alias as a person counts, then by path."""
        self._by_id: dict[str, list[Item]] = {}
        self._by_alias: dict[str, list[Item]] = {}
        for item in self.items:
            if item.id:
                self._by_id.setdefault(item.id, []).append(item)
            if item.alias:
                self._by_alias.setdefault(_folded(item.alias), []).append(item)
        self._children: dict[str, list[Item]] | None = None

    @property
    def ids(self) -> Collection[str]:
        """Every identifier that is taken."""
        return self._by_id.keys()

    def of_kind(self, kind: Kind) -> list[Item]:
        """Items of a kind that can be read."""
        return [item for item in self.items if item.kind == kind and not item.broken]

    def lookup(self, reference: str) -> Item | None:
        """What a file refers to by identifier or alias. None when nothing or several are meant."""
        found = self._by_id.get(reference) or self._by_alias.get(_folded(reference), [])
        return found[0] if len(found) == 1 else None

    def find(self, reference: str) -> Item:
        """What a person means: an identifier, its beginning, an alias, a path.

        Raises:
            UnknownItem: Nothing is meant.
            UsageProblem: Several are.
        """
        wanted = reference.strip()
        found = self._by_id.get(wanted) or self._by_alias.get(_folded(wanted)) or self._by_path(wanted)
        if not found and len(wanted) >= _LEAST_PREFIX:
            found = [item for key, items in self._by_id.items() if key.startswith(wanted.lower()) for item in items]
        if not found:
            raise UnknownItem(f"the plan has no item {reference!r}")
        if len(found) > 1:
            choices = "\n".join(f"  {item.id or '-'}  {item.path}" for item in found[:10])
            raise UsageProblem(
                f"{reference!r} may be one of {len(found)}:\n{choices}", hint="Give its path or identifier."
            )
        return found[0]

    def parent(self, item: Item) -> Item | None:
        """What an item belongs to."""
        return self.lookup(item.parent) if item.parent else None

    def children(self, item: Item) -> list[Item]:
        """What belongs to an item."""
        if self._children is None:
            self._children = {}
            for one in self.items:
                parent = self.parent(one)
                if parent is not None:
                    self._children.setdefault(parent.path, []).append(one)
        return self._children.get(item.path, [])

    def dependencies(self, item: Item) -> list[Item]:
        """What has to be done before an item."""
        return [found for one in item.depends_on if (found := self.lookup(one)) is not None]

    def referring(self, item: Item) -> list[Item]:
        """Items that name this one as parent or dependency."""
        return [
            one
            for one in self.items
            if one.path != item.path and (self.parent(one) == item or item in self.dependencies(one))
        ]

    def findings(self) -> list[Finding]:
        """What is wrong between files."""
        return [*self._twice(), *self._dangling(), *self._cycles()]

    def _by_path(self, wanted: str) -> list[Item]:
        return [item for item in self.items if wanted in {item.path, item.path.rpartition("/")[2]}]

    # -- checks ----------------------------------------------------------------------------------------

    def _twice(self) -> Iterator[Finding]:
        for key, items in self._by_id.items():
            for item in items[1:]:
                yield _finding("id-twice", f"{key} is the id of {items[0].path} as well", item, "id")
        for items in self._by_alias.values():
            for item in items[1:]:
                text = f"{item.alias!r} is what {items[0].path} is called as well"
                yield _finding("alias-twice", text, item, "alias", "warning")

    def _dangling(self) -> Iterator[Finding]:
        for item in self.items:
            yield from self._wrong_parent(item)
            for one in item.depends_on:
                found = self.lookup(one)
                if found is None:
                    yield _finding("dangling-dependency", self._why_not(one), item, "depends_on")
                elif found.path == item.path:
                    yield _finding("depends-on-itself", "it depends on itself", item, "depends_on")

    def _wrong_parent(self, item: Item) -> Iterator[Finding]:
        if not item.parent:
            return
        parent = self.lookup(item.parent)
        if parent is None:
            severity: Severity = "error" if item.canonical else "info"
            yield _finding("dangling-parent", self._why_not(item.parent), item, "parent", severity)
        elif parent.kind not in PARENTS[item.kind]:
            wanted = " or ".join(PARENTS[item.kind]) or "nothing"
            text = f"a {item.kind} belongs to {wanted}, and this one to the {parent.kind} {item.parent}"
            yield _finding("wrong-parent", text, item, "parent")

    def _why_not(self, reference: str) -> str:
        found = self._by_id.get(reference) or self._by_alias.get(_folded(reference), [])
        return f"{reference!r} is the name of {len(found)} items" if found else f"the plan has no item {reference!r}"

    def _cycles(self) -> Iterator[Finding]:
        by_path = {item.path: item for item in self.items}
        for name, edges in (
            ("depends_on", {item.path: [one.path for one in self.dependencies(item)] for item in self.items}),
            ("parent", {item.path: [one.path for one in [self.parent(item)] if one] for item in self.items}),
        ):
            for cycle in _cycles_of(edges):
                items = [by_path[path] for path in cycle]
                words = " -> ".join(_called(item) for item in [*items, items[0]])
                yield _finding(
                    f"{name.replace('depends_on', 'dependency')}-cycle",
                    f"these wait for one another: {words}",
                    items[0],
                    name,
                )


def order_of(item: Item) -> tuple[object, ...]:
    """Sorts items as a person counts: documents, epics, stories, tasks; story 2 before story 10."""
    digits = "".join(one if one.isdigit() else " " for one in item.alias).split()
    return (KINDS.index(item.kind), not item.alias, tuple(int(one) for one in digits[:6]), item.alias, item.path)


def _cycles_of(edges: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """Cycles of more than one node; of those that share nodes, one."""
    done: set[str] = set()
    for start in edges:
        if start in done:
            continue
        trail: list[str] = []
        position: dict[str, int] = {}
        stack: list[tuple[str, Iterator[str]]] = [(start, iter(edges[start]))]
        position[start] = 0
        trail.append(start)
        while stack:
            node, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                trail.pop()
                position.pop(node)
                done.add(node)
            elif following in position:
                cycle = trail[position[following] :]
                if len(cycle) > 1 and not done.intersection(cycle):
                    yield cycle
                    done.update(cycle)
            elif following not in done and following in edges:
                position[following] = len(trail)
                trail.append(following)
                stack.append((following, iter(edges[following])))


def _folded(alias: str) -> str:
    return "-".join(alias.casefold().replace("_", "-").split())


def _called(item: Item) -> str:
    return item.alias or item.id or item.path


def _finding(rule: str, message: str, item: Item, where: str, severity: Severity = "error") -> Finding:
    return Finding(rule, message, item.path, item.line(where), severity, item.id)
