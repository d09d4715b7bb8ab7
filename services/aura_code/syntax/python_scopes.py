"""Which names a Python file binds and reads, by the scopes of the language.

One pass over the tree collects bindings and uses, since a name may be bound after it is used; then each use is looked
up from its scope outwards. The rules are those of the language reference, section 4.2 "Naming and binding": names of
a class are not seen from its methods, comprehensions have a scope of their own but for their first iterable, `:=`
binds outside them, decorators, defaults and annotations belong to the scope around.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from tree_sitter import Node

from aura_code.syntax.source import SourceFile

ScopeKind = Literal["module", "class", "function", "lambda", "comprehension", "types"]
"""`types` holds the type parameters of a function, class or alias."""

BoundKind = Literal[
    "import", "function", "class", "alias", "parameter", "assigned", "declared", "augmented", "walrus", "loop", "with",
    "except", "match", "comprehension", "type parameter", "deleted",
]  # fmt: skip
"""`declared`: an annotation without a value; `alias`: `type X = …`."""

UseKind = Literal["call", "type", "inherit", "name", "write"]

Path: TypeAlias = tuple[int, ...]
"""Where in an unpacked value a target stands: `a, (b, *c) = v` has (0,), (1, 0) and (1, -1)."""


@dataclass(slots=True, eq=False)
class Bound:
    """One place where a name gets a meaning."""

    name: str
    kind: BoundKind
    node: Node
    """The name, or for an import what was imported."""
    scope: Scope
    """Where it stands, which is where its value is read; `global` binds elsewhere."""
    value: Node | None = None
    """What it is taken from: the assigned value, iterable, context manager, exception, class of a pattern, default."""
    path: Path = ()
    annotation: Node | None = None
    statement: Node | None = None
    """The statement, parameter or clause that binds it."""
    body: Scope | None = None
    """Of a function or class: its scope."""
    module: str = ""
    """Of an import: the module as it is written."""
    imported: str = ""
    """Of an import: what is taken from the module; empty for the module itself, `*` for everything."""
    aliased: bool = False
    """Of an import: whether it has an `as`."""
    typing_only: bool = False
    """Whether it stands below `if TYPE_CHECKING`."""
    guarded: bool = False
    """Whether it stands in a `try` that catches a failing import, or in such a handler."""
    conditional: bool = False
    """Whether it stands in a branch, a loop or a `try`."""


@dataclass(slots=True, eq=False)
class Variable:
    """A name in the scope that owns it."""

    name: str
    scope: Scope
    bounds: list[Bound] = field(default_factory=list[Bound])
    """In the order of the text."""
    uses: list[Use] = field(default_factory=list["Use"])


@dataclass(slots=True, eq=False)
class Scope:
    """A piece of code with names of its own."""

    kind: ScopeKind
    node: Node
    parent: Scope | None
    name: str = ""
    variables: dict[str, Variable] = field(default_factory=dict[str, Variable])
    outward: dict[str, Literal["global", "nonlocal"]] = field(default_factory=dict[str, Literal["global", "nonlocal"]])
    decorators: list[Node] = field(default_factory=list[Node])
    """Expressions after the `@`."""
    parameters: list[Bound] = field(default_factory=list[Bound])
    bases: list[Node] = field(default_factory=list[Node])
    returns: list[Node] = field(default_factory=list[Node])
    """What a function's `return` statements give back."""
    yields: list[Node] = field(default_factory=list[Node])
    """Its `yield` expressions."""
    branches: int = 0
    """Decisions, as McCabe counts them; those of functions within included."""
    nesting: int = 0
    narrowed: list[Narrowed] = field(default_factory=list["Narrowed"])
    dynamic: bool = False
    """Whether names may come from where nobody sees them: `locals()`, `exec`, `eval`, `import *`."""

    @property
    def function(self) -> Scope | None:
        """The innermost function that this belongs to, itself included; None at the top of a module or class."""
        scope: Scope | None = self
        while scope is not None and scope.kind not in {"function", "class", "module"}:
            scope = scope.parent
        return scope if scope is not None and scope.kind == "function" else None

    @property
    def owner(self) -> Scope | None:
        """The scope around, without those of type parameters."""
        scope = self.parent
        while scope is not None and scope.kind == "types":
            scope = scope.parent
        return scope


class Narrowed(NamedTuple):
    """Where `isinstance` says what something is."""

    text: str
    """Of the expression, as `x` or `self.x`."""
    start: int
    end: int
    type: Node


class Use(NamedTuple):
    """A name that is read."""

    name: str
    start: int
    """Offset."""
    scope: Scope
    kind: UseKind
    variable: Variable | None
    """None: bound nowhere in the file."""
    quoted: bool
    """Whether it stands in an annotation in quotes."""


class Access(NamedTuple):
    """An attribute that is read, called or written: `base.name`."""

    name: str
    start: int
    base: Node
    scope: Scope
    kind: UseKind
    value: Node | None
    """What is written, when that is plain to see."""
    annotation: Node | None


@dataclass(slots=True, eq=False)
class PythonScopes:
    """What a Python file binds and reads."""

    module: Scope
    scopes: list[Scope]
    """Outer ones before those in them."""
    uses: list[Use]
    accesses: list[Access]
    imports: list[Bound]
    exported: frozenset[str]
    """Names in `__all__`."""
    has_all: bool
    stars: bool
    """Whether something is imported with `*`."""
    main: bool
    """Whether there is an `if __name__ == "__main__"`."""

    def lookup(self, name: str, scope: Scope, at: int) -> Variable | None:
        """What a name means in a scope at an offset; None when the file does not bind it."""
        return _lookup(name, scope, at)


_KNOWN: Final[WeakKeyDictionary[SourceFile, PythonScopes]] = WeakKeyDictionary()


def python_scopes(file: SourceFile) -> PythonScopes:
    """The scopes of a Python file; remembered as long as the file is."""
    found = _KNOWN.get(file)
    if found is None:
        found = _Walker(file).walk()
        _KNOWN[file] = found
    return found


def _lookup(name: str, scope: Scope, at: int) -> Variable | None:
    sees_class = True
    current: Scope | None = scope
    while current is not None:
        outward = current.outward.get(name)
        if outward == "global":
            return _top(current).variables.get(name)
        if outward is None and (current.kind != "class" or sees_class):
            found = current.variables.get(name)
            if found is not None and (current.kind != "class" or _is_bound_at(found.bounds[0], at)):
                return found
        if current.kind != "types":
            sees_class = False
        current = current.parent
    return None


def _is_bound_at(bound: Bound, at: int) -> bool:
    """Whether a name of a class has its value at a place; in `name = name()` the right one is still that of outside."""
    value = bound.value
    return bound.node.start_byte <= at and (value is None or not value.start_byte <= at < value.end_byte)


def _top(scope: Scope) -> Scope:
    while scope.parent is not None:
        scope = scope.parent
    return scope


_WORD: Final = re.compile(rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*(?:\s*\.\s*[A-Za-z_\x80-\xff][\w\x80-\xff]*)*")
_LITERAL: Final = re.compile(rb"(?<=\bLiteral)\s*\[[^\]]*\]")
_QUOTED: Final = re.compile(rb"'[^']*'|\"[^\"]*\"")
_TYPE_COMMENT: Final = re.compile(rb"#[ \t]*type:(?![ \t]*ignore)([^\n#]*)")
_NOT_NAMES: Final = frozenset({"None", "True", "False", "if", "else", "and", "or", "not", "in", "is", "lambda", "for"})
_LEAVES: Final = frozenset(
    {
        "integer",
        "float",
        "true",
        "false",
        "none",
        "ellipsis",
        "comment",
        "escape_sequence",
        "string_content",
        "string_start",
        "string_end",
        "pass_statement",
        "break_statement",
        "continue_statement",
        "type_conversion",
        "line_continuation",
        "future_import_statement",
        "keyword_separator",
        "positional_separator",
    }
)
_UNPACKED: Final = frozenset({"pattern_list", "tuple_pattern", "list_pattern", "tuple", "list", "expression_list"})
_STARRED: Final = frozenset({"list_splat_pattern", "list_splat", "dictionary_splat_pattern"})
_GENERICS: Final = frozenset(
    {
        "Optional",
        "Union",
        "List",
        "Dict",
        "Type",
        "Callable",
        "Tuple",
        "Set",
        "FrozenSet",
        "Sequence",
        "Iterable",
        "Iterator",
        "Mapping",
        "MutableMapping",
        "Generator",
        "AsyncIterator",
        "AsyncGenerator",
        "Awaitable",
        "Coroutine",
        "ClassVar",
        "Final",
        "Generic",
        "list",
        "dict",
        "type",
        "tuple",
        "set",
        "frozenset",
        "DefaultDict",
        "Deque",
        "Collection",
        "Required",
        "NotRequired",
        "ContextManager",
    }
)
_READS_LOCALS: Final = frozenset({"locals", "vars", "exec", "eval", "dir"})
_TYPES_FIRST: Final = frozenset({"cast", "NewType", "TypeVar"})
_IMPORT_ERRORS: Final = (b"ImportError", b"ModuleNotFoundError", b"Exception", b"except:")
_DEEPEST: Final = 120
"""Levels of blocks; Python itself refuses more than 100."""

_Waiting: TypeAlias = list[tuple[Node, Scope, UseKind]]
_Raw: TypeAlias = tuple[str, int, Scope, UseKind, bool]


class _Walker:
    def __init__(self, file: SourceFile) -> None:
        self._text = file.text
        self._module = Scope("module", file.root, None)
        self._scopes = [self._module]
        self._uses: list[_Raw] = []
        self._accesses: list[Access] = []
        self._imports: list[Bound] = []
        self._bounds: list[tuple[Scope, Bound]] = []
        self._exported: set[str] = set()
        self._has_all = False
        self._main = False
        self._stars = False
        self._typing = 0
        self._guards = 0
        self._branch = 0
        self._statements: dict[str, Callable[[Node, Scope, int], None]] = {
            "block": self._block,
            "expression_statement": self._expression_statement,
            "function_definition": self._function,
            "class_definition": self._class,
            "decorated_definition": self._decorated,
            "if_statement": self._if,
            "for_statement": self._for,
            "while_statement": self._while,
            "try_statement": self._try,
            "with_statement": self._with,
            "match_statement": self._match,
            "return_statement": self._return,
            "import_statement": self._import,
            "import_from_statement": self._import_from,
            "global_statement": self._outward,
            "nonlocal_statement": self._outward,
            "delete_statement": self._delete,
            "assert_statement": self._assert,
            "type_alias_statement": self._type_alias,
            "ERROR": self._block,
        }
        self._expressions: dict[str, Callable[[Node, Scope, UseKind, _Waiting], None]] = {
            "attribute": self._attribute,
            "call": self._call,
            "keyword_argument": self._keyword_argument,
            "string": self._string,
            "lambda": self._lambda,
            "list_comprehension": self._comprehension,
            "set_comprehension": self._comprehension,
            "dictionary_comprehension": self._comprehension,
            "generator_expression": self._comprehension,
            "named_expression": self._walrus,
            "assignment": self._assignment_within,
            "augmented_assignment": self._assignment_within,
            "generic_type": self._generic,
            "subscript": self._generic,
            "yield": self._yield,
            "dotted_name": self._dotted_name,
            "as_pattern": self._as_pattern,
        }

    def walk(self) -> PythonScopes:
        self._block(self._module.node, self._module, 0)
        self._type_comments()
        self._settle_bounds()
        uses = self._settle_uses()
        return PythonScopes(
            module=self._module,
            scopes=self._scopes,
            uses=uses,
            accesses=self._accesses,
            imports=self._imports,
            exported=frozenset(self._exported),
            has_all=self._has_all,
            stars=self._stars,
            main=self._main,
        )

    # What was collected

    def _settle_bounds(self) -> None:
        later: list[tuple[Scope, Bound]] = []
        for scope, bound in self._bounds:
            outward = scope.outward.get(bound.name)
            if outward == "nonlocal":
                later.append((scope, bound))
            else:
                _own(self._module if outward == "global" else scope, bound)
        for scope, bound in later:
            _own(_nonlocal_owner(scope, bound.name), bound)
        for scope in self._scopes:
            for variable in scope.variables.values():
                if len(variable.bounds) > 1:
                    variable.bounds.sort(key=_start)

    def _settle_uses(self) -> list[Use]:
        uses: list[Use] = []
        for name, start, scope, kind, quoted in self._uses:
            variable = _lookup(name, scope, start)
            use = Use(name, start, scope, kind, variable, quoted)
            if variable is not None:
                variable.uses.append(use)
            uses.append(use)
        return uses

    def _type_comments(self) -> None:
        if b"type:" not in self._text:
            return
        for match in _TYPE_COMMENT.finditer(self._text):
            self._annotation_text(match.start(1), match.end(1), self._module)

    def _name(self, node: Node) -> str:
        return self._text[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _bind(self, node: Node, scope: Scope, kind: BoundKind, **facts: object) -> Bound:
        bound = Bound(self._name(node), kind, node, scope, **facts)  # pyright: ignore[reportArgumentType]
        bound.typing_only = self._typing > 0
        bound.guarded = self._guards > 0
        bound.conditional = self._branch > 0
        self._bounds.append((_binds_in(scope) if kind == "walrus" else scope, bound))
        return bound

    # Statements

    def _block(self, node: Node, scope: Scope, depth: int) -> None:
        scope.nesting = max(scope.nesting, depth)
        if depth > _DEEPEST:
            return
        handlers = self._statements
        for child in node.named_children:
            form = child.type
            handler = handlers.get(form)
            if handler is not None:
                handler(child, scope, depth)
            elif form not in _LEAVES:
                self._expression(child, scope)

    def _body(self, node: Node | None, scope: Scope, depth: int) -> None:
        if node is not None:
            self._block(node, scope, depth)

    def _expression_statement(self, node: Node, scope: Scope, _depth: int) -> None:
        for child in node.named_children:
            form = child.type
            if form == "assignment":
                self._assignment(child, scope)
            elif form == "augmented_assignment":
                self._augmented(child, scope)
            elif form == "string":
                if self._is_formatted(child):
                    self._expression(child, scope)
            elif form not in _LEAVES:
                if scope is self._module and self._text.startswith(b"__all__", child.start_byte):
                    self._add_exports(child)
                self._expression(child, scope)

    def _assignment(self, node: Node, scope: Scope) -> None:
        targets: list[tuple[Node, Node | None]] = []
        value: Node | None = node
        while value is not None and value.type == "assignment":
            left = value.child_by_field_name("left")
            if left is not None:
                targets.append((left, value.child_by_field_name("type")))
            value = value.child_by_field_name("right")
        for target, annotation in targets:
            if annotation is not None:
                self._expression(annotation, scope, "type")
            kind: BoundKind = "assigned" if value is not None else "declared"
            self._target(target, scope, kind, value=value, annotation=annotation, statement=node)
            if scope is self._module and self._name(target) == "__all__":
                self._add_exports(node)
        if value is not None:
            self._value(value, scope, targets)

    def _value(self, value: Node, scope: Scope, targets: list[tuple[Node, Node | None]]) -> None:
        if value.type == "augmented_assignment":
            self._augmented(value, scope)
            return
        notes = [self._text[note.start_byte : note.end_byte] for _, note in targets if note is not None]
        self._expression(value, scope, "type" if any(b"TypeAlias" in note for note in notes) else "name")

    def _augmented(self, node: Node, scope: Scope) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None:
            if left.type == "identifier":
                self._bind(left, scope, "augmented", value=right, statement=node)
                if scope is self._module and self._name(left) == "__all__":
                    self._add_exports(node)
            else:
                self._target(left, scope, "augmented", statement=node)
        if right is not None:
            self._expression(right, scope)

    def _assignment_within(self, node: Node, scope: Scope, _kind: UseKind, _waiting: _Waiting) -> None:
        if node.type == "assignment":
            self._assignment(node, scope)
        else:
            self._augmented(node, scope)

    def _add_exports(self, node: Node) -> None:
        self._has_all = True
        waiting = [node]
        while waiting:
            current = waiting.pop()
            if current.type == "string_content":
                self._exported.add(self._name(current))
            else:
                waiting.extend(current.named_children)

    def _target(
        self,
        node: Node,
        scope: Scope,
        kind: BoundKind,
        *,
        value: Node | None = None,
        annotation: Node | None = None,
        statement: Node,
        reading: Scope | None = None,
        path: Path = (),
    ) -> None:
        waiting: list[tuple[Node, Path]] = [(node, path)]
        while waiting:
            target, where = waiting.pop()
            form = target.type
            if form == "identifier":
                bound = self._bind(
                    target, scope, kind, value=value, path=where, annotation=annotation, statement=statement
                )
                if reading is not None:
                    bound.scope = reading
            elif form in _UNPACKED:
                waiting.extend(
                    (child, (*where, place)) for place, child in enumerate(_without_comments(target.named_children))
                )
            elif form in _STARRED:
                waiting.extend((child, (*where[:-1], -1)) for child in target.named_children)
            elif form in {"parenthesized_expression", "as_pattern_target"}:
                waiting.extend((child, where) for child in target.named_children)
            elif form == "attribute":
                self._write_attribute(target, scope, value if not where and kind == "assigned" else None, annotation)
            else:
                self._expression(target, scope)

    def _write_attribute(self, node: Node, scope: Scope, value: Node | None, annotation: Node | None) -> None:
        parts = node.named_children
        base, name = parts[0], parts[-1]
        self._accesses.append(Access(self._name(name), name.start_byte, base, scope, "write", value, annotation))
        self._expression(base, scope)

    def _function(self, node: Node, scope: Scope, _depth: int, decorators: list[Node] | None = None) -> None:
        name = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        outside = self._type_parameters(node, scope)
        inner = self._open("function", node, outside)
        inner.decorators = decorators or []
        if name is not None:
            inner.name = self._name(name)
            self._bind(name, scope, "function", statement=node, body=inner)
        parameters = node.child_by_field_name("parameters")
        if parameters is not None:
            self._parameters(parameters, inner, outside)
        result = node.child_by_field_name("return_type")
        if result is not None:
            self._expression(result, outside, "type")
        if body is not None:
            kept = self._leave_branches()
            self._block(body, inner, 0)
            self._typing, self._guards, self._branch = kept
        around = _function_around(scope)
        if around is not None:
            around.branches += 1 + inner.branches

    def _leave_branches(self) -> tuple[int, int, int]:
        kept = self._typing, self._guards, self._branch
        self._guards = self._branch = 0
        return kept

    def _open(self, kind: ScopeKind, node: Node, parent: Scope) -> Scope:
        scope = Scope(kind, node, parent)
        self._scopes.append(scope)
        return scope

    def _type_parameters(self, node: Node, scope: Scope) -> Scope:
        given = node.child_by_field_name("type_parameters")
        if given is None:
            return scope
        inner = self._open("types", node, scope)
        self._bind_type_parameters(given, inner)
        return inner

    def _bind_type_parameters(self, given: Node, inner: Scope) -> None:
        for parameter in given.named_children:
            first = parameter
            while first.type != "identifier" and first.named_children:
                first = first.named_children[0]
            if first.type == "identifier":
                self._bind(first, inner, "type parameter", statement=parameter)
            for part in parameter.named_children:
                if part.type == "constrained_type":
                    for bound in part.named_children[1:]:
                        self._expression(bound, inner, "type")

    def _parameters(self, node: Node, inner: Scope, outside: Scope) -> None:
        for parameter in node.named_children:
            form = parameter.type
            name, annotation, default = parameter, None, None
            if form in {"default_parameter", "typed_default_parameter"}:
                name = parameter.child_by_field_name("name") or parameter
                annotation = parameter.child_by_field_name("type")
                default = parameter.child_by_field_name("value")
            elif form == "typed_parameter":
                name = parameter.named_children[0]
                annotation = parameter.child_by_field_name("type")
            elif form == "tuple_pattern":
                self._target(parameter, inner, "parameter", statement=parameter)
                continue
            if annotation is not None:
                self._expression(annotation, outside, "type")
            if default is not None:
                self._expression(default, outside)
            self._parameter(name, annotation, default, parameter, inner, outside)

    def _parameter(
        self, name: Node, annotation: Node | None, default: Node | None, whole: Node, inner: Scope, outside: Scope
    ) -> None:
        starred = name.type in _STARRED
        if starred and name.named_children:
            name = name.named_children[0]
        if name.type != "identifier":
            return
        bound = self._bind(name, inner, "parameter", value=default, annotation=annotation, statement=whole)
        bound.path = (-1,) if starred else ()
        bound.scope = outside
        bound.typing_only = bound.conditional = False
        inner.parameters.append(bound)

    def _class(self, node: Node, scope: Scope, _depth: int, decorators: list[Node] | None = None) -> None:
        name = node.child_by_field_name("name")
        outside = self._type_parameters(node, scope)
        inner = self._open("class", node, outside)
        inner.decorators = decorators or []
        if name is not None:
            inner.name = self._name(name)
            self._bind(name, scope, "class", statement=node, body=inner)
        bases = node.child_by_field_name("superclasses")
        if bases is not None:
            for base in bases.named_children:
                if base.type == "keyword_argument":
                    self._expression(base, outside)
                elif base.type != "comment":
                    inner.bases.append(base)
                    self._expression(base, outside, "inherit")
        body = node.child_by_field_name("body")
        if body is not None:
            kept = self._leave_branches()
            self._block(body, inner, 0)
            self._typing, self._guards, self._branch = kept

    def _decorated(self, node: Node, scope: Scope, depth: int) -> None:
        decorators: list[Node] = []
        for child in node.named_children:
            if child.type == "decorator":
                for expression in _without_comments(child.named_children):
                    decorators.append(expression)
                    self._expression(expression, scope, "call")
            elif child.type == "function_definition":
                self._function(child, scope, depth, decorators)
            elif child.type == "class_definition":
                self._class(child, scope, depth, decorators)

    def _decide(self, scope: Scope, decisions: int = 1) -> None:
        function = scope if scope.kind == "function" else _function_around(scope)
        if function is not None:
            function.branches += decisions

    def _if(self, node: Node, scope: Scope, depth: int) -> None:
        self._decide(scope)
        condition, body = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
        self._branch += 1
        self._condition(condition, body, scope, depth, node)
        for other in node.children_by_field_name("alternative"):
            if other.type == "elif_clause":
                self._decide(scope)
                self._condition(
                    other.child_by_field_name("condition"),
                    other.child_by_field_name("consequence"),
                    scope,
                    depth,
                    other,
                )
            else:
                self._body(other.child_by_field_name("body"), scope, depth + 1)
        self._branch -= 1

    def _condition(self, condition: Node | None, body: Node | None, scope: Scope, depth: int, clause: Node) -> None:
        typing = False
        if condition is not None:
            written = self._text[condition.start_byte : condition.end_byte]
            typing = written == b"TYPE_CHECKING" or written.endswith(b".TYPE_CHECKING")
            if scope is self._module and b"__main__" in written and b"__name__" in written:
                self._main = True
            self._expression(condition, scope)
            if b"isinstance" in written:
                self._narrow(condition, body, scope, clause)
        self._typing += typing
        self._body(body, scope, depth + 1)
        self._typing -= typing

    def _narrow(self, condition: Node, body: Node | None, scope: Scope, clause: Node) -> None:
        if condition.type == "not_operator":
            if body is not None and _always_leaves(body):
                for test in self._instance_tests(condition.named_children[0]):
                    end = (scope.node.end_byte, clause.end_byte)[clause.type == "elif_clause"]
                    scope.narrowed.append(test._replace(start=clause.end_byte, end=end))
            return
        if body is not None:
            scope.narrowed.extend(
                test._replace(start=condition.start_byte, end=body.end_byte) for test in self._instance_tests(condition)
            )

    def _instance_tests(self, condition: Node) -> Iterator[Narrowed]:
        waiting = [condition]
        while waiting:
            node = waiting.pop()
            if node.type == "parenthesized_expression" or (
                node.type == "boolean_operator" and any(child.type == "and" for child in node.children)
            ):
                waiting.extend(node.named_children)
            elif node.type == "call":
                function, arguments = node.children[0], node.children[-1].named_children
                if self._name(function) == "isinstance" and len(arguments) == 2:
                    yield Narrowed(self._name(arguments[0]), 0, 0, arguments[1])

    def _for(self, node: Node, scope: Scope, depth: int) -> None:
        self._decide(scope)
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if right is not None:
            self._expression(right, scope)
        self._branch += 1
        if left is not None:
            self._target(left, scope, "loop", value=right, statement=node)
        self._body(node.child_by_field_name("body"), scope, depth + 1)
        self._else(node, scope, depth)
        self._branch -= 1

    def _else(self, node: Node, scope: Scope, depth: int) -> None:
        other = node.child_by_field_name("alternative")
        if other is not None:
            self._body(other.child_by_field_name("body"), scope, depth + 1)

    def _while(self, node: Node, scope: Scope, depth: int) -> None:
        self._decide(scope)
        condition, body = node.child_by_field_name("condition"), node.child_by_field_name("body")
        self._branch += 1
        self._condition(condition, body, scope, depth, node)
        self._else(node, scope, depth)
        self._branch -= 1

    def _try(self, node: Node, scope: Scope, depth: int) -> None:
        clauses = [child for child in node.named_children if child.type != "comment"]
        guards = any(self._catches_imports(clause) for clause in clauses)
        self._branch += 1
        self._guards += guards
        for clause in clauses:
            form = clause.type
            if form == "block":
                self._block(clause, scope, depth + 1)
            elif form in {"except_clause", "except_group_clause"}:
                self._decide(scope)
                self._except(clause, scope, depth)
            elif form == "else_clause":
                self._decide(scope)
                self._body(clause.child_by_field_name("body"), scope, depth + 1)
            else:
                for block in clause.named_children:
                    self._block(block, scope, depth + 1)
        self._guards -= guards
        self._branch -= 1

    def _catches_imports(self, clause: Node) -> bool:
        if clause.type != "except_clause":
            return False
        parts = clause.named_children
        end = parts[-1].start_byte if parts else clause.end_byte
        head = self._text[clause.start_byte : end]
        return any(name in head for name in _IMPORT_ERRORS)

    def _except(self, clause: Node, scope: Scope, depth: int) -> None:
        value, alias = clause.child_by_field_name("value"), clause.child_by_field_name("alias")
        if value is not None and value.type == "as_pattern":
            parts = _without_comments(value.named_children)
            value, alias = parts[0], parts[-1]
        if value is not None:
            self._expression(value, scope, "type")
        if alias is not None:
            self._target(alias, scope, "except", value=value, statement=clause)
        for block in clause.named_children:
            if block.type == "block":
                self._block(block, scope, depth + 1)

    def _with(self, node: Node, scope: Scope, depth: int) -> None:
        for clause in node.named_children:
            if clause.type == "with_clause":
                for item in clause.named_children:
                    value = item.child_by_field_name("value")
                    if value is not None:
                        self._with_item(value, scope, node)
        self._body(node.child_by_field_name("body"), scope, depth + 1)

    def _with_item(self, value: Node, scope: Scope, statement: Node) -> None:
        if value.type in {"parenthesized_expression", "tuple"}:
            for part in value.named_children:
                self._with_item(part, scope, statement)
        elif value.type == "as_pattern":
            parts = _without_comments(value.named_children)
            self._expression(parts[0], scope)
            if len(parts) > 1:
                self._target(parts[-1], scope, "with", value=parts[0], statement=statement)
        else:
            self._expression(value, scope)

    def _as_pattern(self, node: Node, scope: Scope, _kind: UseKind, _waiting: _Waiting) -> None:
        self._with_item(node, scope, node)

    def _match(self, node: Node, scope: Scope, depth: int) -> None:
        for subject in node.children_by_field_name("subject"):
            self._expression(subject, scope)
        body = node.child_by_field_name("body")
        cases = [case for case in body.named_children if case.type == "case_clause"] if body is not None else []
        self._branch += 1
        for case in cases:
            self._decide(scope)
            for pattern in case.named_children:
                if pattern.type == "case_pattern":
                    self._pattern(pattern, scope, case)
            guard = case.child_by_field_name("guard")
            if guard is not None:
                self._expression(guard, scope)
            self._body(case.child_by_field_name("consequence"), scope, depth + 1)
        self._branch -= 1
        if cases and self._catches_all(cases[-1]):
            self._decide(scope, -1)

    def _catches_all(self, case: Node) -> bool:
        if case.child_by_field_name("guard") is not None:
            return False
        patterns = [part for part in case.named_children if part.type == "case_pattern"]
        return len(patterns) == 1 and self._name(patterns[0]).isidentifier()

    def _pattern(self, pattern: Node, scope: Scope, case: Node, subject: Node | None = None) -> None:
        waiting: list[tuple[Node, Node | None]] = [(pattern, subject)]
        while waiting:
            node, type_node = waiting.pop()
            form = node.type
            children = _without_comments(node.named_children)
            if form == "class_pattern":
                self._expression(children[0], scope, "type")
                waiting.extend((child, None) for child in children[1:])
            elif form == "keyword_pattern":
                waiting.extend((child, None) for child in children[1:])
            elif form == "dotted_name":
                self._captured(node, children, scope, case)
            elif form == "splat_pattern":
                self._capture(children, scope, case, None)
            elif form == "as_pattern":
                self._capture(children[-1:], scope, case, _class_of(children[0]))
                waiting.extend((child, None) for child in children[:-1])
            elif form not in _LEAVES and form != "string":
                waiting.extend((child, type_node) for child in children)

    def _captured(self, node: Node, children: list[Node], scope: Scope, case: Node) -> None:
        if len(children) == 1 and (node.parent is None or node.parent.type in {"case_pattern", "keyword_pattern"}):
            self._capture(children, scope, case, None)
        else:
            self._expression(node, scope)

    def _capture(self, names: list[Node], scope: Scope, case: Node, type_node: Node | None) -> None:
        for name in names:
            if name.type == "identifier" and self._name(name) != "_":
                self._bind(name, scope, "match", value=type_node, statement=case)

    def _return(self, node: Node, scope: Scope, _depth: int) -> None:
        for value in node.named_children:
            if value.type == "comment":
                continue
            scope.returns.append(value)
            self._expression(value, scope)

    def _import(self, node: Node, scope: Scope, _depth: int) -> None:
        for item in node.named_children:
            if item.type == "aliased_import":
                module, alias = item.child_by_field_name("name"), item.child_by_field_name("alias")
                if module is not None and alias is not None:
                    bound = self._bind(alias, scope, "import", statement=node, module=self._name(module), aliased=True)
                    bound.value = module
                    self._imports.append(bound)
            elif item.type == "dotted_name" and item.named_children:
                first = item.named_children[0]
                bound = self._bind(first, scope, "import", statement=node, module=self._name(item), value=item)
                self._imports.append(bound)

    def _import_from(self, node: Node, scope: Scope, _depth: int) -> None:
        origin = node.child_by_field_name("module_name")
        if origin is None:
            return
        module = self._name(origin).replace(" ", "")
        for item in node.named_children:
            if item.start_byte == origin.start_byte:
                continue
            if item.type == "wildcard_import":
                self._star(item, scope, node, module)
            elif item.type in {"dotted_name", "aliased_import"}:
                name = item.child_by_field_name("name") or item
                alias = item.child_by_field_name("alias") or item
                aliased = item.type == "aliased_import"
                bound = self._bind(alias, scope, "import", statement=node, module=module, aliased=aliased, value=name)
                bound.imported = self._name(name)
                self._imports.append(bound)

    def _star(self, item: Node, scope: Scope, statement: Node, module: str) -> None:
        bound = Bound("*", "import", item, scope, statement=statement, module=module, imported="*")
        bound.typing_only, bound.guarded = self._typing > 0, self._guards > 0
        self._imports.append(bound)
        self._stars = True

    def _outward(self, node: Node, scope: Scope, _depth: int) -> None:
        for name in node.named_children:
            if name.type == "identifier":
                scope.outward[self._name(name)] = "global" if node.type == "global_statement" else "nonlocal"

    def _delete(self, node: Node, scope: Scope, _depth: int) -> None:
        waiting = list(node.named_children)
        while waiting:
            target = waiting.pop()
            if target.type == "identifier":
                self._uses.append((self._name(target), target.start_byte, scope, "write", False))
                self._bind(target, scope, "deleted", statement=node)
            elif target.type in _UNPACKED or target.type == "parenthesized_expression":
                waiting.extend(target.named_children)
            elif target.type == "attribute":
                self._write_attribute(target, scope, None, None)
            else:
                self._expression(target, scope)

    def _assert(self, node: Node, scope: Scope, _depth: int) -> None:
        for child in node.named_children:
            self._expression(child, scope)
        if node.named_children and b"isinstance" in self._text[node.start_byte : node.end_byte]:
            scope.narrowed.extend(
                test._replace(start=node.end_byte, end=scope.node.end_byte)
                for test in self._instance_tests(node.named_children[0])
            )

    def _type_alias(self, node: Node, scope: Scope, _depth: int) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return
        name = left
        while name.type != "identifier" and name.named_children:
            if name.type == "generic_type":
                break
            name = name.named_children[0]
        outside = scope
        if name.type == "generic_type":
            parts = name.named_children
            outside = self._open("types", node, scope)
            self._bind_type_parameters(parts[-1], outside)
            name = parts[0]
        self._bind(name, scope, "alias", value=right, statement=node)
        self._expression(right, outside, "type")

    # Expressions

    def _expression(self, node: Node, scope: Scope, kind: UseKind = "name") -> None:
        waiting: _Waiting = [(node, scope, kind)]
        text, uses, handlers = self._text, self._uses, self._expressions
        while waiting:
            node, scope, kind = waiting.pop()
            form = node.type
            if form == "identifier":
                name = text[node.start_byte : node.end_byte].decode("utf-8", "replace")
                uses.append((name, node.start_byte, scope, kind, False))
                continue
            if form in _LEAVES:
                continue
            handler = handlers.get(form)
            if handler is not None:
                handler(node, scope, kind, waiting)
                continue
            within: UseKind = "type" if kind == "type" else "name"
            for child in node.named_children:
                waiting.append((child, scope, within))

    def _attribute(self, node: Node, scope: Scope, kind: UseKind, waiting: _Waiting) -> None:
        parts = node.named_children
        base, name = parts[0], parts[-1]
        if name.type == "identifier" and len(parts) > 1:
            self._accesses.append(Access(self._name(name), name.start_byte, base, scope, kind, None, None))
        waiting.append((base, scope, "type" if kind == "type" else "name"))

    def _call(self, node: Node, scope: Scope, kind: UseKind, waiting: _Waiting) -> None:
        function, arguments = node.children[0], node.children[-1]
        waiting.append((function, scope, "call"))
        if arguments.type != "argument_list":
            waiting.append((arguments, scope, "name"))
            return
        given = arguments.named_children
        if given:
            name = self._text[function.start_byte : function.end_byte].rpartition(b".")[2].decode("utf-8", "replace")
            if name in _TYPES_FIRST or name == "getattr":
                self._special_call(name, _without_comments(given), scope)
        else:
            name = self._text[function.start_byte : function.end_byte].decode("utf-8", "replace")
        if name in _READS_LOCALS and function.type == "identifier":
            scope.dynamic = True
        within: UseKind = "type" if kind == "type" else "name"
        for argument in given:
            waiting.append((argument, scope, within))

    def _special_call(self, name: str, given: list[Node], scope: Scope) -> None:
        if not given:
            return
        if name == "getattr":
            if len(given) > 1 and given[1].type == "string" and not self._is_formatted(given[1]):
                start, end = given[1].start_byte + 1, given[1].end_byte - 1
                attribute = self._text[start:end].decode("utf-8", "replace")
                if attribute.isidentifier():
                    self._accesses.append(Access(attribute, start, given[0], scope, "name", None, None))
            return
        for argument in given[:1] if name == "cast" else given[1:]:
            value = argument.named_children[-1] if argument.type == "keyword_argument" else argument
            if value.type == "string":
                self._quoted(value, scope)

    def _keyword_argument(self, node: Node, scope: Scope, _kind: UseKind, waiting: _Waiting) -> None:
        waiting.append((node.named_children[-1], scope, "name"))

    def _is_formatted(self, node: Node) -> bool:
        start = node.start_byte
        return any(mark in b"fFtT" for mark in self._text[start : start + 2])

    def _string(self, node: Node, scope: Scope, kind: UseKind, waiting: _Waiting) -> None:
        if kind == "type":
            self._quoted(node, scope)
        elif self._is_formatted(node):
            waiting.extend((part, scope, "name") for part in node.named_children if part.type == "interpolation")

    def _quoted(self, node: Node, scope: Scope) -> None:
        for part in node.named_children:
            if part.type == "string_content":
                self._annotation_text(part.start_byte, part.end_byte, scope)

    def _annotation_text(self, start: int, end: int, scope: Scope) -> None:
        written = self._text[start:end]
        if b"Literal" in written:
            written = _LITERAL.sub(_blank, written)
        if b"'" in written or b'"' in written:
            written = _QUOTED.sub(lambda match: b" " + match[0][1:-1] + b" ", written)
        for match in _WORD.finditer(written):
            first = match[0].partition(b".")[0].strip().decode("utf-8", "replace")
            if first not in _NOT_NAMES:
                self._uses.append((first, start + match.start(), scope, "type", True))

    def _lambda(self, node: Node, scope: Scope, _kind: UseKind, waiting: _Waiting) -> None:
        inner = self._open("lambda", node, scope)
        parameters = node.child_by_field_name("parameters")
        if parameters is not None:
            self._parameters(parameters, inner, scope)
        body = node.child_by_field_name("body")
        if body is not None:
            waiting.append((body, inner, "name"))

    def _comprehension(self, node: Node, scope: Scope, _kind: UseKind, waiting: _Waiting) -> None:
        inner = self._open("comprehension", node, scope)
        first = True
        for part in node.named_children:
            if part.type == "for_in_clause":
                left = part.child_by_field_name("left")
                outside = scope if first else inner
                rights = part.children_by_field_name("right")
                waiting.extend((right, outside, "name") for right in rights if right.is_named)
                if left is not None:
                    value = rights[0] if rights else None
                    self._target(left, inner, "comprehension", value=value, statement=part, reading=outside)
                first = False
            else:
                waiting.append((part, inner, "name"))

    def _walrus(self, node: Node, scope: Scope, _kind: UseKind, waiting: _Waiting) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is not None:
            self._bind(name, scope, "walrus", value=value, statement=node)
        if value is not None:
            waiting.append((value, scope, "name"))

    def _generic(self, node: Node, scope: Scope, kind: UseKind, waiting: _Waiting) -> None:
        parts = _without_comments(node.named_children)
        if not parts:
            return
        head, inside = parts[0], parts[1:]
        name = self._text[head.start_byte : head.end_byte].rpartition(b".")[2].decode("utf-8", "replace")
        waiting.append((head, scope, kind if kind in {"inherit", "type"} else "name"))
        within: UseKind = "name"
        if name != "Literal" and (kind in {"type", "inherit"} or name in _GENERICS):
            within = "type"
        if name == "Annotated" and within == "type":
            inside = [part for outer in inside for part in _type_arguments(outer)]
            waiting.extend((part, scope, "name") for part in inside[1:])
            inside = inside[:1]
        for part in inside:
            if name == "Literal" and part.type == "type_parameter":
                continue
            waiting.append((part, scope, within))

    def _yield(self, node: Node, scope: Scope, _kind: UseKind, waiting: _Waiting) -> None:
        function = scope.function
        if function is not None:
            function.yields.append(node)
        waiting.extend((child, scope, "name") for child in node.named_children)

    def _dotted_name(self, node: Node, scope: Scope, kind: UseKind, waiting: _Waiting) -> None:
        parts = node.named_children
        waiting.extend((part, scope, kind) for part in parts[:1])
        if len(parts) == 2:
            name = parts[1]
            self._accesses.append(Access(self._name(name), name.start_byte, parts[0], scope, kind, None, None))


def _start(bound: Bound) -> int:
    return bound.node.start_byte


def _blank(match: re.Match[bytes]) -> bytes:
    return b" " * len(match[0])


def _without_comments(nodes: list[Node]) -> list[Node]:
    return [node for node in nodes if node.type != "comment"]


def _type_arguments(node: Node) -> list[Node]:
    return node.named_children if node.type in {"type_parameter", "tuple"} else [node]


def _class_of(pattern: Node) -> Node | None:
    """The class of `Foo(…)` in a pattern."""
    node = pattern
    while node.type == "case_pattern" and node.named_child_count == 1:
        node = node.named_children[0]
    return node.named_children[0] if node.type == "class_pattern" and node.named_children else None


def _always_leaves(block: Node) -> bool:
    statements = _without_comments(block.named_children)
    return bool(statements) and statements[-1].type in {
        "return_statement",
        "raise_statement",
        "continue_statement",
        "break_statement",
    }


def _binds_in(scope: Scope) -> Scope:
    """Where `:=` binds."""
    while scope.kind == "comprehension" and scope.parent is not None:
        scope = scope.parent
    return scope


def _function_around(scope: Scope) -> Scope | None:
    around: Scope | None = scope
    while around is not None and around.kind != "function":
        around = around.parent
    return around


def _own(owner: Scope, bound: Bound) -> None:
    variable = owner.variables.get(bound.name)
    if variable is None:
        variable = owner.variables[bound.name] = Variable(bound.name, owner)
    variable.bounds.append(bound)


def _nonlocal_owner(scope: Scope, name: str) -> Scope:
    """The nearest function around that binds a name which `nonlocal` declares."""
    around = scope.parent
    while around is not None:
        if around.kind in {"function", "lambda"} and name in around.variables:
            return around
        around = around.parent
    return scope
