"""What the readers of Go, Rust and Java share: the lists that they fill, the names in scope, and a walk over the tree.

A reader visits each node once. A visit reports the names that it meets and returns what is known of the node's value,
so that the type of `a.b().c` is found without looking at `a` three times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, cast

from tree_sitter import Node

from aura_code.structure.facts import Binding, Definition, FileStructure, Imported, Occurrence, OccurrenceKind
from aura_code.syntax import SourceFile
from aura_shared.messages.code import SymbolKind

Visit = Callable[[Node, OccurrenceKind], Binding]

UNKNOWN: Final[Binding] = ()
_DEEPEST: Final = 120
"""Visits inside one another; each takes two or three of Python's 1,000 frames. What lies deeper waits for its turn."""
_LONGEST: Final = 12
"""Steps of a binding; a chain of a thousand calls would else be written down a thousand times."""


class Bound(NamedTuple):
    """What a name in scope means."""

    binding: Binding
    local: bool
    """Whether it is a local variable or parameter; its uses are not reported."""


Scope = dict[str, Bound]


def member(base: Binding, name: str) -> Binding:
    """NAME of what `base` is; unknown when that is unknown or the chain grows too long."""
    return ("member", base, name) if base and not _too_long(base) else UNKNOWN


def as_called(binding: Binding) -> Binding:
    """The binding of a member that is called, for languages where a field and a method may have the same name."""
    return (*binding, "call") if binding[:1] == ("member",) else binding


def result(base: Binding) -> Binding:
    """What calling `base` returns."""
    return ("result", base) if base and not _too_long(base) else UNKNOWN


def instance(base: Binding) -> Binding:
    """A value whose type is `base`."""
    return ("type", base) if base else UNKNOWN


def several(element: Binding, container: str = "[]") -> Binding:
    """A container whose elements are `element`: a slice, a map by its values, an option, a channel."""
    return ("each", ("free", container), element) if element else UNKNOWN


def item(base: Binding) -> Binding:
    """An element of `base`."""
    if not base:
        return UNKNOWN
    if base[0] == "each":
        return part(base, 2)
    return UNKNOWN if _too_long(base) else ("item", base)


def part(binding: Binding, place: int) -> Binding:
    """A binding inside another one."""
    found = binding[place] if len(binding) > place else UNKNOWN
    return cast("Binding", found) if isinstance(found, tuple) else UNKNOWN


def _too_long(binding: Binding) -> bool:
    steps = 0
    while binding:
        binding = part(binding, 1)
        steps += 1
    return steps > _LONGEST


class Gatherer:
    """Fills the lists of one file; a reader derives from it and says what its kinds of nodes mean."""

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.text = file.text
        self.definitions: list[Definition] = []
        self.occurrences: list[Occurrence] = []
        self.imports: list[Imported] = []
        self.scopes: list[Scope] = []
        self.owner = -1
        """The innermost definition around the node that is visited."""
        self.visits: dict[str, Visit] = {}
        """What to do with a kind of node; a kind that is not in it is only passed through."""
        self._ascii = file.text.isascii()
        self._depth = 0
        self._level = 0
        self._branches: dict[int, int] = {}
        self._nesting: dict[int, int] = {}
        self._waiting: list[tuple[Node, list[Scope], int, int]] = []

    # The walk

    def visit(self, node: Node, kind: OccurrenceKind = "name") -> Binding:
        """Report what a node holds; returns what is known of its value."""
        if self._depth > _DEEPEST:
            self._waiting.append((node, list(self.scopes), self.owner, self._level))
            return UNKNOWN
        self._depth += 1
        known = self.visits.get(node.type)
        if known is not None:
            binding = known(node, kind)
        else:
            binding = UNKNOWN
            for child in node.named_children:
                self.visit(child)
        self._depth -= 1
        return binding

    def visit_all(self, nodes: Iterable[Node]) -> None:
        """Visit some nodes in their order."""
        for node in nodes:
            self.visit(node)

    def visit_field(self, node: Node, field: str) -> Binding:
        """Visit the child that a field names, when there is one."""
        child = node.child_by_field_name(field)
        return self.visit(child) if child is not None else UNKNOWN

    def visit_deeper(self) -> None:
        """Visit what lay too deep."""
        while self._waiting:
            node, self.scopes, self.owner, self._level = self._waiting.pop()
            self._depth = 0
            self.visit(node)

    def ignore(self, _node: Node, _kind: OccurrenceKind) -> Binding:
        """Say nothing of a node and what it holds."""
        return UNKNOWN

    def pass_on(self, node: Node, kind: OccurrenceKind) -> Binding:
        """What the only child is: for parentheses and the like."""
        binding = UNKNOWN
        for child in node.named_children:
            binding = self.visit(child, kind)
        return binding

    def in_scope(self, node: Node, _kind: OccurrenceKind) -> Binding:
        """Visit what a block holds, with a scope of its own."""
        self.scopes.append({})
        for child in node.named_children:
            self.visit(child)
        self.scopes.pop()
        return UNKNOWN

    # Measures

    def branch(self) -> None:
        """Count a branch of the function around."""
        self._branches[self.owner] = self._branches.get(self.owner, 0) + 1

    def deeper(self) -> None:
        """Enter a nested block of the function around."""
        self._level += 1
        if self._level > self._nesting.get(self.owner, 0):
            self._nesting[self.owner] = self._level

    def higher(self) -> None:
        """Leave a nested block."""
        self._level -= 1

    def enter(self, owner: int) -> tuple[int, int]:
        """Enter a definition; returns what `leave` needs."""
        before = (self.owner, self._level)
        self.owner, self._level = owner, 0
        return before

    def leave(self, before: tuple[int, int]) -> None:
        """Leave a definition."""
        self.owner, self._level = before

    # Names

    def name_of(self, node: Node) -> str:
        """The text of a short node."""
        return self.text[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def column_of(self, node: Node) -> int:
        """Where a node starts in its line, in characters."""
        column = node.start_point.column
        if self._ascii or not column:
            return column
        return len(self.text[node.start_byte - column : node.start_byte].decode("utf-8", "replace"))

    def bound(self, name: str) -> Bound | None:
        """What a name in scope means, innermost first."""
        for scope in reversed(self.scopes):
            found = scope.get(name)
            if found is not None:
                return found
        return None

    def bind(self, name: str, binding: Binding) -> None:
        """Bring a local variable into scope."""
        if name != "_" and self.scopes:
            self.scopes[-1][name] = Bound(binding, True)

    def report(self, node: Node, name: str, kind: OccurrenceKind, binding: Binding) -> None:
        """Report that a name is used."""
        self.occurrences.append(
            Occurrence(name, kind, node.start_point.row + 1, self.column_of(node), self.owner, binding)
        )

    # Definitions

    def define(
        self,
        name: Node,
        kind: SymbolKind,
        around: Node,
        *,
        parent: int = -1,
        receiver: str = "",
        public: bool = False,
        entry: str = "",
        bases: tuple[Binding, ...] = (),
        type: Binding = UNKNOWN,  # noqa: A002 - the name of the part
        parameters: int = 0,
        documented: bool = False,
        typed: bool = True,
    ) -> int:
        """Add a definition; returns its index."""
        self.definitions.append(
            Definition(
                self.name_of(name),
                kind,
                parent,
                receiver,
                name.start_point.row + 1,
                self.column_of(name),
                around.start_point.row + 1,
                last_line(around),
                public,
                entry,
                bases,
                type,
                parameters,
                0,
                0,
                documented,
                typed,
            )
        )
        return len(self.definitions) - 1

    def add_type(self, index: int, binding: Binding) -> None:
        """Say what a definition returns, or which type it has."""
        if binding:
            self.definitions[index] = self.definitions[index]._replace(type=binding)

    def add_base(self, index: int, binding: Binding) -> None:
        """Say what a type inherits from or implements."""
        if binding:
            known = self.definitions[index]
            self.definitions[index] = known._replace(bases=(*known.bases, binding))

    def measured(self) -> None:
        """Write complexity and nesting into the functions that were visited."""
        for index, definition in enumerate(self.definitions):
            if definition.kind in _RUNS:
                self.definitions[index] = definition._replace(
                    complexity=1 + self._branches.get(index, 0), nesting=self._nesting.get(index, 0)
                )

    def structure(self, package: str) -> FileStructure:
        """What was found."""
        self.measured()
        return FileStructure(
            self.file.path,
            self.file.language,
            package,
            tuple(self.definitions),
            tuple(self.occurrences),
            tuple(self.imports),
        )


_RUNS: Final = frozenset({"function", "method", "constructor"})


def last_line(node: Node) -> int:
    """The last line of a node, from 1; a node that ends with a line break ends in the line before."""
    row, column = node.end_point
    return max(node.start_point.row + 1, row + 1 if column else row)


def comment_before(node: Node, comments: frozenset[str]) -> Node | None:
    """The comment that ends in the line above a node."""
    before = node.prev_named_sibling
    if before is None or before.type not in comments:
        return None
    return before if last_line(before) >= node.start_point.row else None
