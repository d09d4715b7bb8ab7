"""What a file offers to others: its public definitions with their parameters, read from its syntax tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, cast

from tree_sitter import Node

from aura_code.reviewing import signatures
from aura_code.reviewing.changes import Side
from aura_code.reviewing.signatures import Signature
from aura_code.structure.facts import Binding, Definition
from aura_code.syntax import SourceFile

_FUNCTIONS: Final = frozenset({"function", "method", "constructor", "property"})
_FIELDS: Final = frozenset({"field"})
_WITH_FIELDS: Final = frozenset({"go", "rust", "typescript", "tsx"})
"""Languages whose fields are declared, so that a missing one is known to be gone."""
_UP: Final = 4  # Levels from a name to the function that it names.


class Item(NamedTuple):
    """A definition that others may use, or one that hides."""

    name: str
    """Qualified."""
    kind: str
    line: int
    end_line: int
    public: bool
    """Whether it and all around it are public by the conventions of the language."""
    signature: Signature | None
    """Of a function; None when it could not be read."""
    text: str
    """Its lines, for telling a new name from a new thing."""
    in_all: bool = False
    """Whether the module lists it as exported."""
    bases: tuple[str, ...] = ()
    """Of a type: the names of what it inherits from; empty for one that cannot be told."""

    @property
    def short(self) -> str:
        """The last part of its name."""
        return self.name.rpartition(".")[2]

    @property
    def owner(self) -> str:
        """What is around it; empty at the top."""
        return self.name.rpartition(".")[0]


@dataclass(slots=True)
class Surface:
    """What a file, or a package of a language whose packages are one name space, offers."""

    items: dict[str, list[Item]] = field(default_factory=dict[str, "list[Item]"])
    """By qualified name; several where a name is defined more than once (overloads, platforms)."""
    imported: set[str] = field(default_factory=set[str])
    """Names that it takes from elsewhere and that can be had from it."""
    open: bool = False
    """Whether it may offer more than is known: `import *`, `export *`, a module-level `__getattr__`."""
    lists: bool = False
    """Whether it lists what is exported (`__all__`)."""

    def take(self, other: Surface) -> None:
        """Add what another file of the same package offers."""
        for name, items in other.items.items():
            self.items.setdefault(name, []).extend(items)
        self.imported |= other.imported
        self.open |= other.open
        self.lists |= other.lists

    def has(self, name: str) -> bool:
        """Whether a name can be had from it."""
        return name in self.items or name in self.imported


def surface_of(side: Side) -> Surface:
    """What a file offers; nothing when its language has no reader."""
    found = Surface()
    structure, source = side.structure, side.source
    if structure is None or source is None:
        return found
    for item in _items(side, source):
        found.items.setdefault(item.name, []).append(item)
    for one in structure.imports:
        if one.deferred:
            continue
        found.open |= one.name == "*" and (source.language == "python" or one.exported)
        if source.language == "python" or one.exported:
            found.imported.add(one.alias or one.name or one.module.partition(".")[0])
    found.open |= source.language == "python" and "__getattr__" in found.items
    found.lists = "__all__" in found.items
    return found


def _items(side: Side, source: SourceFile) -> Iterator[Item]:
    assert side.structure is not None
    definitions = side.structure.definitions
    visible: list[bool] = []
    for place, one in enumerate(definitions):
        inside = 0 <= one.parent < place
        outer = definitions[one.parent] if inside else None
        local = outer is not None and outer.kind in _FUNCTIONS
        hidden = source.language == "go" and one.receiver[:1].islower()  # Of a type that is not exported.
        visible.append(one.public and not local and not hidden and (not inside or visible[one.parent]))
        if local or (one.kind in _FIELDS and source.language not in _WITH_FIELDS):
            continue
        if not one.name or one.entry.startswith("test"):
            continue
        yield Item(
            side.names[place],
            one.kind,
            one.line,
            one.end_line,
            visible[-1],
            _signature(source, one),
            "\n".join(side.lines[one.start_line - 1 : one.end_line]),
            one.entry == "in __all__",
            tuple(_base_name(binding, definitions) for binding in one.bases),
        )


def _base_name(binding: Binding, definitions: Sequence[Definition]) -> str:
    """The name of a base class, as far as its binding tells."""
    match binding:
        case ("def", int(place)) if place < len(definitions):
            return definitions[place].name
        case ("free", str(name)) | ("import", _, str(name)) | ("member", _, str(name)):
            return name
        case _:
            inner = binding[1] if len(binding) > 1 else None
            return _base_name(cast("Binding", inner), definitions) if isinstance(inner, tuple) else ""


_READERS: Final[Mapping[str, Callable[[SourceFile, Node], Signature | None]]] = {
    "python": signatures.of_python,
    "javascript": signatures.of_script,
    "typescript": signatures.of_script,
    "tsx": signatures.of_script,
    "go": signatures.of_go,
    "rust": signatures.of_rust,
    "java": signatures.of_java,
}


def _signature(source: SourceFile, one: Definition) -> Signature | None:
    """The signature of a function, found from the place of its name."""
    if one.kind not in _FUNCTIONS:
        return None
    row = one.line - 1
    if not 0 <= row < len(source.starts) - 1:
        return None
    column = len(source.line(one.line)[: one.column].encode("utf-8", "surrogatepass"))
    at = source.starts[row] + column
    node = source.root.descendant_for_byte_range(at, at + 1)
    for _ in range(_UP):
        if node is None:
            return None
        function = _function_of(node)
        if function is not None:
            return _READERS[source.language](source, function)
        node = node.parent
    return None


def _function_of(node: Node) -> Node | None:
    """The node with the parameters, when this is one or names one."""
    if node.child_by_field_name("parameters") is not None or node.child_by_field_name("parameter") is not None:
        return node
    for name in ("value", "right"):
        value = node.child_by_field_name(name)
        while value is not None and value.type in {"parenthesized_expression", "as_expression"}:
            value = value.named_children[0] if value.named_children else None
        if value is not None and (
            value.child_by_field_name("parameters") is not None or value.child_by_field_name("parameter") is not None
        ):
            return value
    return None
