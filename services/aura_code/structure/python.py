"""The structure of a Python file: what it defines, uses and imports, with what is known of types."""

from __future__ import annotations

import builtins
import re
from dataclasses import dataclass
from typing import Final, cast

from tree_sitter import Node

from aura_code.structure.facts import Binding, Definition, FileStructure, Imported, Occurrence, OccurrenceKind
from aura_code.structure.python_entries import Entries
from aura_code.structure.python_types import UNKNOWN, PythonTypes, inner
from aura_code.syntax.python_scopes import Access, Bound, PythonScopes, Scope, Variable, python_scopes
from aura_code.syntax.source import SourceFile
from aura_shared.messages.code import SymbolKind

_BUILTINS: Final = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__path__", "__spec__", "__package__"}
_DEFINING: Final = frozenset({"assigned", "declared", "augmented", "walrus", "alias", "with", "loop"})
_CONSTANT: Final = re.compile(r"_*[A-Z][A-Z0-9_]*")
_ATTRIBUTES: Final = re.compile(rb"(?:\s*\.\s*[A-Za-z_][A-Za-z0-9_]*)+")
_FALLBACKS: Final = frozenset({"none", "false", "true"})


def read_python(file: SourceFile) -> FileStructure:
    """What a Python file defines, uses and imports."""
    return _Reader(file, python_scopes(file)).read()


@dataclass(slots=True, eq=False)
class _Draft:
    """A definition before everything is known of it."""

    name: str
    kind: SymbolKind
    parent: int
    node: Node
    whole: Node
    scope: Scope | None = None
    bound: Bound | None = None
    written: Access | None = None
    entry: str = ""


class _Reader:
    def __init__(self, file: SourceFile, scopes: PythonScopes) -> None:
        self._file = file
        self._text = file.text
        self._scopes = scopes
        self._ascii = file.text.isascii()
        self._drafts: list[_Draft] = []
        self._index_of: dict[Bound, int] = {}
        self._home: dict[Scope, int] = {scopes.module: -1}
        self._class_of: dict[Scope, int] = {}
        self._members: dict[int, dict[str, int]] = {}
        self._occurrences: list[Occurrence] = []
        self._entries = Entries(file, scopes)
        self._writes: list[tuple[Variable, Bound]] = []
        self._collect()
        self._types = PythonTypes(file, scopes, self._index_of, self._class_of)
        self._fields_written: set[int] = set()
        self._collect_fields()

    def read(self) -> FileStructure:
        self._type_fields()
        definitions = tuple(self._definition(draft) for draft in self._drafts)
        self._read_writes()
        self._read_uses()
        self._read_accesses()
        self._read_imports()
        self._read_fixtures()
        self._occurrences.sort(key=_place)
        return FileStructure(
            path=self._file.path,
            language=self._file.language,
            package="",
            definitions=definitions,
            occurrences=tuple(self._occurrences),
            imports=tuple(self._imported(bound) for bound in self._scopes.imports),
        )

    # Definitions

    def _collect(self) -> None:
        for scope in self._scopes.scopes:
            if scope not in self._home:
                assert scope.parent is not None
                self._home[scope] = self._home[scope.parent]
            bounds = [(variable, bound) for variable in scope.variables.values() for bound in variable.bounds]
            bounds.sort(key=_bound_start)
            for variable, bound in bounds:
                self._collect_bound(variable, bound)

    def _collect_bound(self, variable: Variable, bound: Bound) -> None:
        scope = variable.scope
        parent = self._home[scope]
        if bound.body is not None:
            self._collect_body(variable, bound, parent)
        elif scope.kind in {"module", "class"} and bound.kind in _DEFINING and bound.name != "_":
            known = self._members.setdefault(parent, {}).get(bound.name)
            if known is not None:
                self._writes.append((variable, bound))
            elif not self._is_fallback(variable, bound):
                self._add(_Draft(bound.name, _kind(scope, bound), parent, bound.node, _whole(bound), bound=bound))

    def _is_fallback(self, variable: Variable, bound: Bound) -> bool:
        """Whether the name is imported, and this only says what it is when the import fails."""
        if not any(other.kind == "import" for other in variable.bounds):
            return False
        return bound.value is None or bound.value.type in _FALLBACKS

    def _collect_body(self, variable: Variable, bound: Bound, parent: int) -> None:
        body = bound.body
        assert body is not None
        assert bound.statement is not None
        draft = _Draft(bound.name, "class", parent, bound.node, _whole(bound), scope=body, bound=bound)
        index = len(self._drafts)
        if body.kind == "class":
            self._class_of[body] = index
        else:
            draft.kind = self._function_kind(variable.scope, body)
        draft.entry = self._entries.of_body(variable, bound)
        self._home[body] = index
        self._add(draft)

    def _function_kind(self, scope: Scope, body: Scope) -> SymbolKind:
        if scope.kind != "class":
            return "function"
        if body.name == "__init__":
            return "constructor"
        marks = [self._text[mark.start_byte : mark.end_byte] for mark in body.decorators]
        return "property" if any(mark.endswith((b"property", b".setter", b".deleter")) for mark in marks) else "method"

    def _add(self, draft: _Draft) -> None:
        index = len(self._drafts)
        self._drafts.append(draft)
        self._members.setdefault(draft.parent, {}).setdefault(draft.name, index)
        if draft.bound is not None:
            self._index_of[draft.bound] = index
            if draft.scope is None:
                draft.entry = self._entries.of_variable(draft.bound)

    def _collect_fields(self) -> None:
        """Attributes that methods give to their instance or class are fields, once."""
        for place, access in enumerate(self._scopes.accesses):
            if access.kind != "write" or access.base.type != "identifier":
                continue
            owner = _class_index(self._types.of(access.base, access.scope))
            if owner < 0 or access.name in self._members.get(owner, ()):
                continue
            if not self._is_receiver(access, owner):
                continue
            node = access.base.parent
            assert node is not None
            draft = _Draft(access.name, "field", owner, node.named_children[-1], node, written=access)
            self._fields_written.add(place)
            self._add(draft)

    def _is_receiver(self, access: Access, owner: int) -> bool:
        """Whether the attribute is written within its class, by a method or a function in one."""
        scope: Scope | None = access.scope
        while scope is not None:
            if self._class_of.get(scope) == owner:
                return True
            scope = scope.parent
        return False

    def _type_fields(self) -> None:
        fields = self._types.fields
        for draft in self._drafts:
            if draft.bound is not None and draft.scope is None and draft.parent >= 0:
                found = self._types.bound(draft.bound)
                if found:
                    fields[draft.parent, draft.name] = found
        for access in self._scopes.accesses:
            if access.kind != "write" or (access.value is None and access.annotation is None):
                continue
            owner = _class_index(self._types.of(access.base, access.scope))
            if owner >= 0:
                found = self._written_type(access)
                if found and (access.annotation is not None or (owner, access.name) not in fields):
                    fields[owner, access.name] = found

    def _written_type(self, access: Access) -> Binding:
        if access.annotation is not None:
            return self._types.note(access.annotation, access.scope)
        if access.value is None or access.value.type == "none":
            return UNKNOWN
        return self._types.of(access.value, access.scope)

    def _definition(self, draft: _Draft) -> Definition:
        scope = draft.scope
        line, column = self._position(draft.node.start_byte)
        function = scope is not None and scope.kind == "function"
        return Definition(
            name=draft.name,
            kind=draft.kind,
            parent=draft.parent,
            receiver="",
            line=line,
            column=column,
            start_line=draft.whole.start_point[0] + 1,
            end_line=_end_line(draft.whole),
            public=not draft.name.startswith("_") or (draft.name.startswith("__") and draft.name.endswith("__")),
            entry=draft.entry,
            bases=self._bases(scope) if scope is not None and scope.kind == "class" else (),
            type=self._type(draft),
            parameters=_parameter_count(draft) if function else 0,
            complexity=1 + scope.branches if scope is not None and function else 0,
            nesting=scope.nesting if scope is not None and function else 0,
            documented=scope is not None and _is_documented(scope.node),
            typed=scope is not None and function and _is_typed(draft),
        )

    def _bases(self, scope: Scope) -> tuple[Binding, ...]:
        around = scope.parent or scope
        found = (self._types.of(base, around) for base in scope.bases)
        return tuple(base for base in found if base)

    def _type(self, draft: _Draft) -> Binding:
        scope = draft.scope
        if scope is not None:
            if scope.kind == "class":
                return UNKNOWN
            found = self._types.returned(scope)
            return UNKNOWN if found == ("result", ("def", self._home[scope])) else found
        if draft.parent >= 0:
            return self._types.fields.get((draft.parent, draft.name), UNKNOWN)
        if draft.bound is None:
            return UNKNOWN
        if draft.kind == "type":
            return self._types.alias(draft.bound)
        return self._types.bound(draft.bound) or self._later_type(draft.bound)

    def _later_type(self, first: Bound) -> Binding:
        """The type that a later assignment, such as one in a function with `global`, gives a variable."""
        variable = self._scopes.lookup(first.name, self._scopes.module, len(self._text))
        for bound in variable.bounds if variable is not None else ():
            if bound is not first and bound.kind in {"assigned", "declared", "with"}:
                found = self._types.bound(bound)
                if found:
                    return found
        return UNKNOWN

    # Occurrences

    def _position(self, offset: int) -> tuple[int, int]:
        line = self._file.line_of(offset)
        start = self._file.starts[line - 1]
        if self._ascii:
            return line, offset - start
        return line, len(self._text[start:offset].decode("utf-8", "replace"))

    def _occur(self, name: str, kind: OccurrenceKind, offset: int, scope: Scope, binding: Binding) -> None:
        line, column = self._position(offset)
        self._occurrences.append(Occurrence(name, kind, line, column, self._home[scope], binding))

    def _read_writes(self) -> None:
        for variable, bound in self._writes:
            index = self._members[self._home[variable.scope]][bound.name]
            binding: Binding = ("def", index)
            self._occur(bound.name, "write", bound.node.start_byte, bound.scope, binding)

    def _read_uses(self) -> None:
        stars = self._scopes.stars
        for use in self._scopes.uses:
            variable = use.variable
            if variable is None:
                binding: Binding = ("free", use.name)
                if use.quoted or (use.name in _BUILTINS and not stars):
                    continue
            else:
                binding = self._types.variable(variable, use.scope, use.start)
            if variable is None or self._is_shared(variable, binding):
                self._occur(use.name, use.kind, use.start, use.scope, binding)
            if use.quoted:
                self._read_quoted_attributes(use.start + len(use.name.encode()), use.scope, binding)

    def _is_shared(self, variable: Variable, binding: Binding) -> bool:
        """Whether a name means a definition or something imported, and not the value of a local variable."""
        if binding[:1] not in {("def",), ("import",)}:
            return False
        if variable.scope.kind in {"module", "class"}:
            return True
        return any(bound.kind == "import" or bound.body is not None for bound in variable.bounds)

    def _read_quoted_attributes(self, offset: int, scope: Scope, base: Binding) -> None:
        match = _ATTRIBUTES.match(self._text, offset)
        if match is None:
            return
        for part in re.finditer(rb"\w+", match[0]):
            name = part[0].decode()
            base = self._types.member(base, name)
            self._occur(name, "type", match.start() + part.start(), scope, base)

    def _read_accesses(self) -> None:
        types, stars = self._types, self._scopes.stars
        for place, access in enumerate(self._scopes.accesses):
            if place in self._fields_written:
                continue
            binding = types.member(types.of(access.base, access.scope), access.name)
            if binding and not stars and _of_builtin(binding):
                continue
            self._occur(access.name, access.kind, access.start, access.scope, binding)

    def _read_imports(self) -> None:
        for bound in self._scopes.imports:
            if bound.imported and bound.imported != "*" and bound.value is not None:
                binding: Binding = ("import", bound.module, bound.imported)
                self._occur(bound.imported, "import", bound.value.start_byte, bound.scope, binding)

    def _read_fixtures(self) -> None:
        """Parameters of tests name the fixtures that pytest calls for them."""
        for scope in self._scopes.scopes:
            for parameter in scope.parameters:
                fixture = self._types.fixture(parameter)
                if fixture:
                    self._occur(parameter.name, "call", parameter.node.start_byte, scope, fixture)

    def _imported(self, bound: Bound) -> Imported:
        is_package = self._file.path.endswith(("__init__.py", ".pyi"))
        alias = "" if bound.imported == "*" else bound.name
        same = bound.aliased and bound.imported == bound.name
        return Imported(
            module=bound.module,
            name=bound.imported,
            alias=alias,
            line=bound.node.start_point[0] + 1,
            typing_only=bound.typing_only,
            exported=alias in self._scopes.exported or same or is_package,
            deferred=bound.scope.function is not None,
        )


def _place(occurrence: Occurrence) -> tuple[int, int]:
    return occurrence.line, occurrence.column


def _bound_start(pair: tuple[Variable, Bound]) -> int:
    return pair[1].node.start_byte


def _whole(bound: Bound) -> Node:
    statement = bound.statement or bound.node
    if bound.body is not None and bound.body.decorators and statement.parent is not None:
        return statement.parent
    return statement


def _end_line(node: Node) -> int:
    row, column = node.end_point
    return row + 1 if column or row == node.start_point[0] else row


def _kind(scope: Scope, bound: Bound) -> SymbolKind:
    if bound.kind == "alias" or (bound.annotation is not None and bound.annotation.end_byte and _is_alias(bound)):
        return "type"
    if scope.kind == "class":
        return "field"
    return "constant" if _CONSTANT.fullmatch(bound.name) else "variable"


def _is_alias(bound: Bound) -> bool:
    note = bound.annotation
    inner = note.named_children[0] if note is not None and note.named_children else None
    return inner is not None and inner.end_byte - inner.start_byte <= 20 and b"TypeAlias" in (inner.text or b"")


def _class_index(binding: Binding) -> int:
    """The class of this file that a value is an instance of, or that it is; -1 for none."""
    if binding[:1] == ("type",):
        binding = inner(binding)
    return cast("int", binding[1]) if binding[:1] == ("def",) else -1


def _of_builtin(binding: Binding) -> bool:
    while inner(binding):
        binding = inner(binding)
    return binding[0] == "free" and binding[1] in _BUILTINS


def _is_documented(node: Node) -> bool:
    body = node.child_by_field_name("body")
    for statement in body.named_children if body is not None else ():
        if statement.type != "comment":
            parts = statement.named_children
            return (
                statement.type == "expression_statement"
                and bool(parts)
                and parts[0].type
                in {
                    "string",
                    "concatenated_string",
                }
            )
    return False


def _own_parameters(draft: _Draft) -> list[Bound]:
    scope = draft.scope
    assert scope is not None
    parameters = scope.parameters
    owner = scope.owner
    if owner is not None and owner.kind == "class" and parameters and not _is_static(scope):
        return parameters[1:]
    return parameters


def _is_static(scope: Scope) -> bool:
    return any((mark.type == "identifier" and mark.end_byte - mark.start_byte == 12) for mark in scope.decorators)


def _parameter_count(draft: _Draft) -> int:
    return len(_own_parameters(draft))


def _is_typed(draft: _Draft) -> bool:
    scope = draft.scope
    assert scope is not None
    parameters = _own_parameters(draft)
    result = scope.node.child_by_field_name("return_type") is not None or (
        draft.name == "__init__" and bool(parameters)
    )
    return result and all(parameter.annotation is not None for parameter in parameters)
