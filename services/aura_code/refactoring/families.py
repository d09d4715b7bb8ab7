"""Members that go by one name together: what overrides what, through all the types of a hierarchy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from aura_code.structure.hierarchy import written
from aura_code.structure.lookup import Symbol, listed, symbols_where

if TYPE_CHECKING:
    from aura_code.structure.store import StructureReader

_HARMLESS: Final = frozenset(
    {"object", "Generic", "Protocol", "ABC", "Enum", "IntEnum", "NamedTuple", "TypedDict", "Object", "Error", "Record"}
)
"""Types of the libraries with few members of their own, which are known."""


@dataclass(slots=True)
class Types:
    """Which types inherit from which."""

    up: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    down: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    foreign: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Bases outside the project, as they are written."""

    @classmethod
    def read(cls, reader: StructureReader) -> Types:
        """Those of a project."""
        types = cls()
        rows = reader.rows(
            "SELECT b.symbol, b.target, coalesce(t.text, '') FROM bases b LEFT JOIN bindings t ON t.id = b.binding"
        )
        for symbol, target, text in cast("list[tuple[int, int | None, str]]", rows):
            if target is not None:
                types.up[symbol].add(target)
                types.down[target].add(symbol)
            else:
                name = written(text) or "a type that is computed"
                if name.rpartition(".")[2] not in _HARMLESS:
                    types.foreign[symbol].add(name)
        return types

    def above(self, type_: int) -> set[int]:
        """All supertypes."""
        return _reached(type_, self.up)

    def below(self, type_: int) -> set[int]:
        """All subtypes."""
        return _reached(type_, self.down)

    def around(self, types: Iterable[int]) -> set[int]:
        """Types, and all above and below them."""
        found = set(types)
        for one in list(found):
            found |= self.above(one) | self.below(one)
        return found


def _reached(start: int, step: dict[int, set[int]]) -> set[int]:
    found: set[int] = set()
    waiting = [start]
    while waiting:
        for one in step.get(waiting.pop(), ()):
            if one not in found:
                found.add(one)
                waiting.append(one)
    return found


def whole_family(reader: StructureReader, symbols: Sequence[Symbol], types: Types) -> list[Symbol]:
    """These members with every one that overrides them, or is overridden by them, however many steps away."""
    found = {one.id: one for one in symbols}
    owners = {one.parent for one in symbols if one.parent is not None}
    if not owners:
        return list(found.values())
    name = symbols[0].name
    known = {
        one.parent: one
        for one in symbols_where(reader, "s.name = ? AND s.parent IS NOT NULL", (name,))
        if one.parent is not None
    }
    every = symbols_where(reader, "s.name = ? AND s.parent IS NOT NULL", (name,))
    waiting = list(owners)
    seen: set[int] = set()
    while waiting:
        owner = waiting.pop()
        if owner in seen:
            continue
        seen.add(owner)
        for lower in types.below(owner) | {owner}:
            waiting += [one for one in types.above(lower) | {lower} if one in known and one not in seen]
    found |= {one.id: one for one in every if one.parent in seen}
    return list(found.values())


def named_otherwise(reader: StructureReader, types: Iterable[int], name: str) -> list[Symbol]:
    """The members of some types that have a name."""
    return symbols_where(reader, "s.name = ? AND s.parent IN (SELECT value FROM json_each(?))", (name, listed(types)))
