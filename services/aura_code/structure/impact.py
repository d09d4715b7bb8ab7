"""What may break when something changes, and which tests reach it: a bounded walk against the direction of uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from aura_code.answers import visible
from aura_code.structure.lookup import (
    CONFIDENCES,
    FUNCTIONS,
    NUMBERS,
    TYPES,
    File,
    Meant,
    Symbol,
    defined,
    files_of,
    listed,
    meant_by,
    overridden_by_these,
    overriding_these,
    symbols_of,
    top_of,
    with_members,
)
from aura_code.structure.references import uses_by_name
from aura_code.structure.store import BY_NAME, LIKELY
from aura_shared.messages.structure import Affected, AskImpact, Defined, FindTests, ImpactAnswer, TestsAnswer

if TYPE_CHECKING:
    from aura_code.structure.store import StructureReader

MOST_NODES: Final = 600
"""Definitions that a walk visits, and as many tests. The nearest come first: of a very large answer the far end
is missing."""
_MOST_BY_NAME: Final = 60  # Uses by name that still say something; names such as `get` have thousands.
_STEPS_THROUGH_BASES: Final = 2  # Calls through a base type count this near the change; further on they blur.
_IMPORT: Final = 3
_INHERIT: Final = 2
_PUBLIC_KINDS: Final = TYPES | {"function", "method", "property", "constructor", "constant"}


class Node(NamedTuple):
    """What a walk has reached."""

    symbol: int | None
    """None for the top of a file."""
    file: int
    distance: int
    confidence: int
    """The least sure step on the way."""
    via: int
    """The definition one step nearer to the change."""


@dataclass(slots=True)
class Walk:
    """A walk from what changes to everything that uses it."""

    store: StructureReader
    least: int
    nodes: dict[tuple[int | None, int], Node] = field(default_factory=dict[tuple[int | None, int], Node])
    cut: bool = False
    """Whether it ended at its bound."""
    _test_files: set[int] = field(default_factory=set[int])
    _tests: int = 0

    def go(self, seeds: Collection[int], symbols: Sequence[Symbol], depth: int) -> None:
        """Visit what uses the seeds, then what uses that, nearest first."""
        inside = set(seeds)
        sure = dict.fromkeys(seeds, 3)
        first = self._overriding(seeds) if self.least <= LIKELY else []
        self._test_files = {cast("int", row[0]) for row in self.store.rows("SELECT id FROM files WHERE is_test")}
        for distance in range(1, depth + 1):
            rows = self._users(sure, distance)
            fresh = self._take(rows, inside, sure, distance)
            if distance == 1:
                fresh |= self._take(first, inside, sure, 1)
                if self.least <= BY_NAME:
                    self._take_by_name(symbols, inside)
            inside |= fresh.keys()
            sure = fresh
            if not sure or (self.cut and len(self.nodes) >= MOST_NODES):
                break

    def _users(self, sure: dict[int, int], distance: int) -> list[tuple[int | None, int, int, int]]:
        """Scope, file, target and confidence of what uses some definitions."""
        if distance <= _STEPS_THROUGH_BASES and self.least <= LIKELY:
            through = overridden_by_these(self.store, sure)
        else:
            through = []
        origin = {base: method for method, base in through if base not in sure}
        rows = self.store.rows(
            "SELECT scope, file, target, max(confidence) FROM uses WHERE target IN (SELECT value FROM json_each(?)) "
            "AND kind NOT IN (?, ?) AND confidence >= ? GROUP BY target, file, scope LIMIT ?",
            (listed([*sure, *origin]), _IMPORT, _INHERIT, max(self.least, LIKELY), MOST_NODES * 4),
        )
        rows += self.store.rows(  # A subtype is affected itself, not the top of its file.
            "SELECT symbol, file, target, confidence FROM bases WHERE target IN (SELECT value FROM json_each(?)) "
            "AND confidence >= ? LIMIT ?",
            (listed(sure), max(self.least, LIKELY), MOST_NODES),
        )
        return [
            (scope, file, origin.get(target, target), LIKELY if target in origin else confidence)
            for scope, file, target, confidence in cast("list[tuple[int | None, int, int, int]]", rows)
        ]

    def _overriding(self, seeds: Collection[int]) -> list[tuple[int | None, int, int, int]]:
        pairs = overriding_these(self.store, seeds)
        files = symbols_of(self.store, {number for _, number in pairs})
        return [(number, files[number].file, seed, LIKELY) for seed, number in pairs if number in files]

    def _take(
        self,
        rows: Sequence[tuple[int | None, int, int, int]],
        inside: set[int],
        sure: dict[int, int],
        distance: int,
    ) -> dict[int, int]:
        fresh: dict[int, int] = {}
        for scope, file, target, confidence in sorted(rows, key=lambda row: -min(row[3], sure.get(row[2], 3))):
            if scope in inside or (scope, file if scope is None else 0) in self.nodes:
                continue
            if not self._has_room(file):
                continue
            certain = min(confidence, sure.get(target, 3))
            self.nodes[scope, file if scope is None else 0] = Node(scope, file, distance, certain, target)
            if scope is not None:
                fresh[scope] = certain
        return fresh

    def _has_room(self, file: int) -> bool:
        """Tests have a bound of their own, so that a thousand of them do not hide the code that is affected."""
        is_test = file in self._test_files
        room = self._tests < MOST_NODES if is_test else len(self.nodes) - self._tests < MOST_NODES
        self._tests += is_test and room
        self.cut |= not room
        return room

    def _take_by_name(self, symbols: Sequence[Symbol], inside: set[int]) -> None:
        members = [one for one in symbols if one.parent is not None or one.receiver]
        if not members or len(members) > _MOST_BY_NAME:
            return
        uses = uses_by_name(self.store, members)
        counts = Counter(use.name for use in uses)
        target = {one.name: one.id for one in members}
        for use in uses:
            key = (use.scope, use.file if use.scope is None else 0)
            if counts[use.name] <= _MOST_BY_NAME and use.kind != _IMPORT and use.scope not in inside:
                self.nodes.setdefault(key, Node(use.scope, use.file, 1, BY_NAME, target[use.name]))


@dataclass(slots=True)
class _Reached:
    """The outcome of a walk with names."""

    nodes: list[Node]
    symbols: dict[int, Symbol]
    files: dict[int, File]

    def affected(self, node: Node) -> Affected:
        """A node as it is sent."""
        via = self.symbols.get(node.via)
        return Affected(
            symbol=self.what(node),
            distance=node.distance,
            confidence=CONFIDENCES[node.confidence],
            via=visible(via.qualified) if via else "",
        )

    def what(self, node: Node) -> Defined:
        """The definition of a node."""
        if node.symbol is not None:
            return defined(self.symbols[node.symbol])
        file = self.files[node.file]
        return top_of(file.path, is_test=bool(file.is_test))

    def in_test(self, node: Node) -> bool:
        """Whether it stands in a file of tests."""
        return self.is_test(node) or bool(self.files[node.file].is_test)

    def is_test(self, node: Node) -> bool:
        """Whether a runner of tests calls it."""
        symbol = self.symbols.get(node.symbol or 0)
        if symbol is None or symbol.entry == "test hook":
            return False
        named = symbol.is_test and symbol.kind in FUNCTIONS and symbol.name.startswith("test")
        return named or symbol.entry.startswith("test")  # A decorated test has its decorator as the reason.

    def is_public(self, node: Node) -> bool:
        """Whether others outside the project may see it."""
        if node.symbol is None:
            return False
        symbol = self.symbols[node.symbol]
        return symbol.kind in _PUBLIC_KINDS and (symbol.public or bool(symbol.entry))


def _walked(store: StructureReader, meant: Meant, depth: int, least: int) -> tuple[_Reached, bool]:
    seeds = with_members(store, meant.symbols)
    walk = Walk(store, least)
    walk.go(seeds, meant.symbols, depth)
    nodes = list(walk.nodes.values())
    numbers = {node.symbol for node in nodes if node.symbol is not None} | {node.via for node in nodes}
    symbols = symbols_of(store, numbers)
    nodes = [node for node in nodes if node.symbol is None or node.symbol in symbols]
    files = files_of(store, {node.file for node in nodes})
    nodes.sort(key=lambda node: (node.distance, -node.confidence, files[node.file].path, node.symbol or 0))
    return _Reached(nodes, symbols, files), walk.cut


def impact(store: StructureReader, request: AskImpact) -> ImpactAnswer:
    """What may break when a symbol or a file changes.

    Raises:
        EmptyQuery: Neither is given.
    """
    meant = meant_by(store, request, whole_files=True)
    if not meant.symbols:
        return ImpactAnswer(reason=meant.reason or "The file defines nothing.")
    reached, cut = _walked(store, meant, request.depth, NUMBERS[request.confidence])
    affected, aside = list[Node](), list[Node]()
    for node in reached.nodes:
        (aside if reached.in_test(node) else affected).append(node)
    tests = [node for node in aside if reached.is_test(node)]
    public = [node for node in affected if reached.is_public(node)]
    files = _files(reached, affected)
    files += [path for path in _files(reached, aside) if path not in files]
    shown = [defined(symbol) for symbol in meant.symbols if symbol.public and not symbol.is_test]
    limit = request.limit
    return ImpactAnswer(
        definitions=[defined(symbol) for symbol in meant.symbols[:limit]],
        affected=[reached.affected(node) for node in affected[:limit]],
        tests=[reached.affected(node) for node in tests[:limit]],
        public_api=[*shown, *(reached.what(node) for node in public)][:limit],
        files=[visible(path) for path in files[:limit]],
        affected_total=len(affected),
        tests_total=len(tests),
        files_total=len(files),
        summary=_summary(meant, reached, affected, tests, cut=cut),
        more=cut or max(len(affected), len(tests), len(files), len(public)) > limit,
        reason="" if reached.nodes else _why_nothing(meant),
    )


def _files(reached: _Reached, nodes: Sequence[Node]) -> list[str]:
    counts = Counter(reached.files[node.file].path for node in nodes)
    return [path for path, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def _why_nothing(meant: Meant) -> str:
    entry = next((symbol.entry for symbol in meant.symbols if symbol.entry), "")
    said = f"; something outside may, though: {visible(entry)}" if entry else ""
    return f"Nothing in the project uses it{said}."


def _summary(meant: Meant, reached: _Reached, affected: Sequence[Node], tests: Sequence[Node], *, cut: bool) -> str:
    name = meant.symbols[0].path if meant.file is not None else meant.symbols[0].qualified
    alike = len(meant.symbols) if meant.file is None else 1
    what = f"{visible(name)}" if alike == 1 else f"{visible(name)} (one of {alike} definitions of that name)"
    if not reached.nodes:
        return f"Nothing in the project uses {what}."
    direct = sum(1 for node in affected if node.distance == 1)
    files = len({node.file for node in affected})
    bound = "at least " if cut else ""
    use = "uses" if len(affected) == 1 else "use"
    text = f"{bound}{_many(len(affected), 'place')} in {_many(files, 'file')} {use} {what}, {direct} of them directly"
    unsure = sum(1 for node in affected if node.confidence == BY_NAME)
    if unsure:
        text += f" ({unsure} by name only)"
    text += (
        f"; {_many(len(tests), 'test')} {'reaches' if len(tests) == 1 else 'reach'} it."
        if tests
        else "; no test reaches it."
    )
    return text[0].upper() + text[1:]


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def tests_for(store: StructureReader, request: FindTests) -> TestsAnswer:
    """The tests that reach a symbol or a file.

    Raises:
        EmptyQuery: Neither is given.
    """
    meant = meant_by(store, request, whole_files=True)
    if not meant.symbols:
        return TestsAnswer(reason=meant.reason or "The file defines nothing.")
    reached, cut = _walked(store, meant, request.depth, BY_NAME)
    tests = [node for node in reached.nodes if reached.is_test(node)]
    files = list(dict.fromkeys(reached.files[node.file].path for node in tests))
    return TestsAnswer(
        definitions=[defined(symbol) for symbol in meant.symbols[: request.limit]],
        tests=[reached.affected(node) for node in tests[: request.limit]],
        files=[visible(path) for path in files[: request.limit]],
        total=len(tests),
        more=cut or len(tests) > request.limit,
        reason="" if tests else "No test reaches it, as far as calls and types can tell.",
    )
