"""What each name in a file means, one view for all languages whose scopes are known, and the proof that edits keep it.

A `Named` is a name in the scope that owns it, with every place in the file that spells it. `kept_meanings` compares
two texts: each place that meant something must mean the same after the edits, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple
from weakref import WeakKeyDictionary

from tree_sitter import Node

from aura_code.refactoring.identifiers import SCRIPTS
from aura_code.refactoring.workspace import Piece
from aura_code.syntax import SourceFile
from aura_code.syntax import javascript_scopes as script
from aura_code.syntax import python_scopes as python

Role = Literal["plain", "shorthand", "pattern", "import", "export"]
"""How a place spells a name: alone; as value and key of an object; as variable and key of a pattern; in an import, or
an export, as the name here and there."""


class Spot(NamedTuple):
    """A place that spells a name."""

    start: int
    end: int
    role: Role = "plain"


class Taken(NamedTuple):
    """An import that gives a name its meaning."""

    module: str
    imported: str
    """What is taken; empty for all of the module, `default` and `=` as in JavaScript."""
    at: int
    """Offset of what is imported, as it is written."""
    spot: int
    """Offset of the name here."""
    aliased: bool


@dataclass(slots=True, eq=False)
class Named:
    """A name in the scope that owns it."""

    name: str
    kind: str
    """Of the scope: module, class, function, lambda, comprehension, block, …"""
    scope: object
    bounds: list[Spot] = field(default_factory=list[Spot])
    """Where it gets its meaning, and where `global` or `nonlocal` declare it."""
    uses: list[Spot] = field(default_factory=list[Spot])
    taken: list[Taken] = field(default_factory=list[Taken])
    parameter: bool = False
    exported: bool = False
    siblings: Mapping[str, object] = field(default_factory=dict[str, object])
    """Names of the same scope."""

    @property
    def spots(self) -> Iterator[Spot]:
        """Every place."""
        yield from self.bounds
        yield from self.uses


@dataclass(slots=True, eq=False)
class Scoping:
    """All names of a file."""

    named: list[Named]
    free: dict[int, str]
    """Names that nothing in the file binds, by offset."""
    exports: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """Python: texts in `__all__`, with the offset of what stands between the quotes."""
    dynamic: list[object] = field(default_factory=list[object])
    """Scopes whose names may be used where nobody sees them."""
    by_spot: dict[int, Named] = field(default_factory=dict[int, Named])
    roles: dict[int, Role] = field(default_factory=dict[int, Role])

    def settle(self) -> None:
        """Index the places."""
        for one in self.named:
            for spot in one.spots:
                self.by_spot.setdefault(spot.start, one)
                self.roles.setdefault(spot.start, spot.role)


_KNOWN: Final[WeakKeyDictionary[SourceFile, Scoping]] = WeakKeyDictionary()


def scoping_of(source: SourceFile | None) -> Scoping | None:
    """The names of a file; None when the scopes of its language are not known. Remembered as long as the file is."""
    if source is None:
        return None
    found = _KNOWN.get(source)
    if found is None:
        if source.language == "python":
            found = _of_python(source)
        elif source.language in SCRIPTS:
            found = _of_script(source)
        else:
            return None
        found.settle()
        _KNOWN[source] = found
    return found


# -- Python -----------------------------------------------------------------------------------------------------


def _of_python(source: SourceFile) -> Scoping:
    scopes = python.python_scopes(source)
    known: dict[int, Named] = {}
    named: list[Named] = []
    for scope in scopes.scopes:
        for variable in scope.variables.values():
            one = known[id(variable)] = _python_name(variable, scope)
            named.append(one)
    free = {use.start: use.name for use in scopes.uses if use.variable is None}
    for node, scope in _declarations(scopes):
        name = source.text_of(node)
        variable = scopes.lookup(name, scope, node.start_byte)
        if variable is not None and id(variable) in known:
            known[id(variable)].uses.append(Spot(node.start_byte, node.end_byte))
    found = Scoping(named, free, _exported_texts(source) if scopes.has_all else [])
    found.dynamic = [scope for scope in scopes.scopes if scope.dynamic]
    return found


def _python_name(variable: python.Variable, scope: python.Scope) -> Named:
    one = Named(variable.name, scope.kind, scope, siblings=scope.variables)
    size = len(variable.name.encode())
    for bound in variable.bounds:
        start = bound.node.start_byte
        role: Role = "import" if bound.kind == "import" and not bound.aliased else "plain"
        if bound.kind == "import":
            at = bound.value.start_byte if bound.value is not None else start
            one.taken.append(Taken(bound.module, bound.imported, at, start, bound.aliased))
        one.bounds.append(Spot(start, start + size, role))
        one.parameter = one.parameter or bound.kind == "parameter"
    taken = {spot.start for spot in one.bounds}
    one.uses = [Spot(use.start, use.start + size) for use in variable.uses if use.start not in taken]
    return one


def _declarations(scopes: python.PythonScopes) -> Iterator[tuple[Node, python.Scope]]:
    """The names in `global` and `nonlocal` statements, each with its scope."""
    for scope in scopes.scopes:
        if not scope.outward:
            continue
        waiting = [scope.node]
        while waiting:
            node = waiting.pop()
            if node.type in {"global_statement", "nonlocal_statement"}:
                yield from ((name, scope) for name in node.named_children if name.type == "identifier")
            elif node is scope.node or node.type not in {"function_definition", "class_definition", "lambda"}:
                waiting.extend(node.named_children)


def _exported_texts(source: SourceFile) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for statement in source.root.named_children:
        if source.text.startswith(b"__all__", statement.start_byte):
            waiting = [statement]
            while waiting:
                node = waiting.pop()
                if node.type == "string_content":
                    found.append((source.text_of(node), node.start_byte))
                else:
                    waiting.extend(node.named_children)
    return found


# -- JavaScript and TypeScript ----------------------------------------------------------------------------------

_ROLES: Final[Mapping[str, Role]] = {
    "shorthand_property_identifier": "shorthand",
    "shorthand_property_identifier_pattern": "pattern",
}


def _of_script(source: SourceFile) -> Scoping:
    scopes = script.javascript_scopes(source)
    named: list[Named] = []
    seen: set[int] = set()
    for scope in scopes.scopes:
        for table in (scope.values, scope.types):
            for variable in table.values():
                if id(variable) not in seen and variable.bounds:
                    seen.add(id(variable))
                    named.append(_script_name(variable, scope))
    free = {use.node.start_byte: use.name for use in scopes.uses if use.variable is None}
    found = Scoping(named, free)
    found.dynamic = [scope for scope in scopes.scopes if scope.dynamic]
    return found


def _script_name(variable: script.Variable, scope: script.Scope) -> Named:
    one = Named(variable.name, scope.kind, scope, siblings={**scope.types, **scope.values})
    for bound in variable.bounds:
        node = bound.node
        role = _taken(bound, one) if bound.kind == "import" else _role(node)
        if not (bound.kind == "member" and node.type == "string"):
            one.bounds.append(Spot(node.start_byte, node.end_byte, role))
        one.parameter = one.parameter or bound.kind == "parameter"
        one.exported = one.exported or bound.exported
    taken = {spot.start for spot in one.bounds}
    for use in variable.uses:
        node = use.node
        if node.start_byte in taken:
            continue
        role = _role(node)
        around = node.parent
        if around is not None and around.type == "export_specifier" and around.child_by_field_name("alias") is None:
            role = "export"
        one.uses.append(Spot(node.start_byte, node.end_byte, role))
    return one


def _role(node: Node) -> Role:
    return _ROLES.get(node.type, "plain")


def _taken(bound: script.Bound, one: Named) -> Role:
    node, statement = bound.node, bound.statement
    name = statement.child_by_field_name("name") if statement.type == "import_specifier" else None
    aliased = statement.type == "import_specifier" and statement.child_by_field_name("alias") is not None
    at = name.start_byte if name is not None else node.start_byte
    one.taken.append(Taken(bound.module, bound.imported, at, node.start_byte, aliased))
    return "import" if name is not None and not aliased else "plain"


# -- The proof --------------------------------------------------------------------------------------------------


def moved(pieces: Sequence[Piece]) -> Callable[[int], int]:
    """Where an offset of the old text is in the new one; `pieces` in the order of the file."""
    steps: list[tuple[int, int, int, int]] = []
    shift = 0
    for piece in pieces:
        size = len(piece.text.encode())
        lead = size if piece.start == piece.end else piece.lead
        steps.append((piece.start, piece.end, shift, lead))
        shift += size - (piece.end - piece.start)

    def move(offset: int) -> int:
        low, high = 0, len(steps)
        while low < high:
            middle = (low + high) // 2
            if steps[middle][0] <= offset:
                low = middle + 1
            else:
                high = middle
        if not low:
            return offset
        start, end, before, lead = steps[low - 1]
        if offset == start:
            return offset + before + lead
        if offset < end:
            return start + before
        last = low
        after = steps[last][2] if last < len(steps) else shift
        return offset + after

    return move


Meaning = frozenset[int]


def meanings(scoping: Scoping) -> dict[int, Meaning]:
    """For each place that spells a name the places that give it its meaning; empty for what the file does not bind."""
    found: dict[int, Meaning] = {}
    for one in scoping.named:
        bound = frozenset(spot.start for spot in one.bounds)
        for spot in one.spots:
            found[spot.start] = found.get(spot.start, frozenset()) | bound
    for start in scoping.free:
        found.setdefault(start, frozenset())
    return found


def changed_meanings(
    before: Scoping, after: Scoping, pieces: Sequence[Piece], *, gone: Iterable[int] = ()
) -> list[tuple[int, int]]:
    """Places whose meaning is another one after the edits, as offsets in the old and in the new text.

    Args:
        before: The names of the old text.
        after: Those of the new one.
        pieces: The edits between them, in the order of the file.
        gone: Places that the edits take out on purpose.
    """
    move = moved(pieces)
    left = set(gone)
    new = meanings(after)
    found: list[tuple[int, int]] = []
    for start, bound in sorted(meanings(before).items()):
        if start in left:
            continue
        wanted = frozenset(move(one) for one in bound if one not in left)
        if new.get(move(start)) != wanted:
            found.append((start, move(start)))
    return found
