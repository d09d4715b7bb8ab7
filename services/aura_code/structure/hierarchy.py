"""What types inherit from and what inherits from them; which methods override each other."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast

from aura_code.answers import visible
from aura_code.structure.lookup import (
    CONFIDENCES,
    TYPES,
    Symbol,
    defined,
    listed,
    meant_by,
    overridden_by_these,
    overriding_these,
    symbols_of,
    symbols_where,
)
from aura_code.structure.store import EXACT, LIKELY
from aura_shared.messages.structure import FindHierarchy, HierarchyAnswer, Relative

if TYPE_CHECKING:
    from aura_code.structure.store import StructureReader

_Relation = Literal["supertype", "subtype", "implementation", "overrides", "overridden by"]
_ORDER: Final[tuple[_Relation, ...]] = ("supertype", "implementation", "subtype", "overrides", "overridden by")
_ABSTRACT: Final = frozenset({"interface", "trait"})
_MOST: Final = 5_000


class _Found(NamedTuple):
    relation: _Relation
    symbol: int
    """0 for a type of another project."""
    name: str
    depth: int
    confidence: int


def hierarchy(store: StructureReader, request: FindHierarchy) -> HierarchyAnswer:
    """Supertypes, subtypes and implementations of a type; overrides of a method.

    Raises:
        EmptyQuery: No symbol is given.
    """
    meant = meant_by(store, request)
    if not meant.symbols:
        return HierarchyAnswer(reason=meant.reason)
    types = [symbol for symbol in meant.symbols if symbol.kind in TYPES]
    methods = [symbol.id for symbol in meant.symbols if symbol.kind in {"method", "property", "field"}]
    found = _supertypes(store, types, request.depth) + _subtypes(store, types, request.depth)
    for symbol in types:
        if symbol.language == "go":
            found += _by_methods(store, symbol)
    found += [_Found("overrides", other, "", 1, EXACT) for _, other in overridden_by_these(store, methods)]
    found += [_Found("overridden by", other, "", 1, EXACT) for _, other in overriding_these(store, methods)]
    found = list({(one.relation, one.symbol, one.name): one for one in reversed(found)}.values())
    symbols = symbols_of(store, {one.symbol for one in found if one.symbol})
    found.sort(key=lambda one: (_ORDER.index(one.relation), one.depth, _name(one, symbols), one.symbol))
    return HierarchyAnswer(
        definitions=[defined(symbol) for symbol in meant.symbols],
        relatives=[
            Relative(
                relation=one.relation,
                name=visible(_name(one, symbols)),
                symbol=defined(symbols[one.symbol]) if one.symbol in symbols else None,
                depth=one.depth,
                confidence=CONFIDENCES[one.confidence],
            )
            for one in found[: request.limit]
        ],
        more=len(found) > request.limit,
        reason="" if found else "It inherits from nothing, and nothing in the project inherits from or overrides it.",
    )


def _name(one: _Found, symbols: dict[int, Symbol]) -> str:
    return symbols[one.symbol].qualified if one.symbol in symbols else one.name


def _supertypes(store: StructureReader, types: Collection[Symbol], depth: int) -> list[_Found]:
    found: list[_Found] = []
    seen = {symbol.id for symbol in types}
    frontier = set(seen)
    for distance in range(1, depth + 1):
        rows = store.rows(
            "SELECT b.target, b.confidence, t.text FROM bases b LEFT JOIN bindings t ON t.id = b.binding "
            "WHERE b.symbol IN (SELECT value FROM json_each(?)) ORDER BY b.symbol, b.position",
            (listed(frontier),),
        )
        frontier = set[int]()
        for target, confidence, text in cast("list[tuple[int | None, int, str | None]]", rows):
            if target is None:
                found.append(_Found("supertype", 0, written(text or ""), distance, max(1, LIKELY if text else 1)))
            elif target not in seen:
                found.append(_Found("supertype", target, "", distance, max(1, confidence)))
                seen.add(target)
                frontier.add(target)
        if not frontier:
            break
    return [one for one in found if one.symbol or one.name]


def _subtypes(store: StructureReader, types: Collection[Symbol], depth: int) -> list[_Found]:
    found: list[_Found] = []
    abstract = any(symbol.kind in _ABSTRACT for symbol in types)
    seen = {symbol.id for symbol in types}
    frontier = set(seen)
    for distance in range(1, depth + 1):
        rows = store.rows(
            "SELECT b.symbol, max(b.confidence), s.kind FROM bases b JOIN symbols s ON s.id = b.symbol "
            "WHERE b.target IN (SELECT value FROM json_each(?)) GROUP BY b.symbol LIMIT ?",
            (listed(frontier), _MOST),
        )
        frontier = set[int]()
        for number, confidence, kind in cast("list[tuple[int, int, str]]", rows):
            if number not in seen:
                implements = abstract and kind not in _ABSTRACT
                found.append(_Found("implementation" if implements else "subtype", number, "", distance, confidence))
                seen.add(number)
                frontier.add(number)
        if not frontier or len(found) > _MOST:
            break
    return found


def _by_methods(store: StructureReader, symbol: Symbol) -> list[_Found]:
    """Types of Go that have every method of an interface, or interfaces whose every method a type has."""
    if symbol.kind == "interface":
        wanted = {one.name for one in symbols_where(store, "s.parent = ? AND s.kind = 'method'", (symbol.id,))}
        if not wanted:
            return []
        rows = store.rows(
            "SELECT coalesce(s.parent, -s.file), coalesce(p.name, s.receiver), s.file, count(DISTINCT s.name) "
            "FROM symbols s JOIN files f ON f.id = s.file LEFT JOIN symbols p ON p.id = s.parent "
            "WHERE s.kind = 'method' AND f.language = 'go' AND s.name IN (SELECT value FROM json_each(?)) "
            "AND coalesce(p.kind, '') <> 'interface' GROUP BY 1, 2 HAVING count(DISTINCT s.name) = ?",
            (json.dumps(sorted(wanted)), len(wanted)),
        )
        return [
            _Found("implementation", parent, "", 1, LIKELY)
            for parent, _, _, _ in cast("list[tuple[int, str, int, int]]", rows)
            if parent > 0
        ]
    own = {one.name for one in symbols_where(store, "s.parent = ? AND s.kind = 'method'", (symbol.id,))}
    if not own:
        return []
    interfaces = store.rows(
        "SELECT i.id, json_group_array(m.name) FROM symbols i JOIN files f ON f.id = i.file "
        "JOIN symbols m ON m.parent = i.id AND m.kind = 'method' "
        "WHERE i.kind = 'interface' AND f.language = 'go' GROUP BY i.id"
    )
    return [
        _Found("supertype", number, "", 1, LIKELY)
        for number, names in cast("list[tuple[int, str]]", interfaces)
        if own.issuperset(cast("list[str]", json.loads(names)))
    ]


def written(text: str) -> str:
    """A binding of the store as code writes it: the last names of what it stands for."""
    try:
        value: object = json.loads(text)
    except ValueError:
        return ""
    return _written(value)


def _written(value: object) -> str:
    if not isinstance(value, list):
        return ""
    match cast("list[object]", value):
        case ["free", str(name)]:
            return name
        case ["import", str(module), str(name)]:
            return f"{module}.{name}" if name else module
        case ["member", base, str(name)]:
            return f"{_written(base)}.{name}".lstrip(".")
        case [_, base, *_]:
            return _written(base)
        case _:
            return ""
