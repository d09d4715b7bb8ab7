"""What is known of the values in a Python file: bindings of expressions, by annotations and by what is called.

Flow is followed as far as it is cheap: a local name means what the last binding before its use gives it, or what its
annotation says; `isinstance` narrows within its block.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable
from typing import Final, cast

from tree_sitter import Node

from aura_code.structure.facts import Binding
from aura_code.syntax.python_scopes import Bound, Path, PythonScopes, Scope, Variable
from aura_code.syntax.source import SourceFile

UNKNOWN: Final[Binding] = ()
_DEEPEST: Final = 12
"""Steps from one expression to the next; longer chains are not followed."""
_LONGEST: Final = 8
"""Nesting of a binding."""

_CLASSES: Final = frozenset(
    {
        "bool",
        "bytearray",
        "bytes",
        "complex",
        "dict",
        "float",
        "frozenset",
        "int",
        "list",
        "memoryview",
        "object",
        "range",
        "set",
        "slice",
        "str",
        "tuple",
    }
)
_BUILTINS: Final = frozenset(dir(builtins))
_SAME: Final = frozenset({"list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "copy", "deepcopy"})
_WRAPPERS: Final = frozenset(
    {
        "Optional",
        "Union",
        "Final",
        "ClassVar",
        "Annotated",
        "Required",
        "NotRequired",
        "ReadOnly",
        "InitVar",
        "Awaitable",
        "Mapped",
    }
)
_MAPPINGS: Final = frozenset(
    {
        "dict",
        "Dict",
        "Mapping",
        "MutableMapping",
        "defaultdict",
        "DefaultDict",
        "OrderedDict",
        "WeakValueDictionary",
        "ChainMap",
    }
)
_ITERABLES: Final = frozenset(
    {
        "list",
        "List",
        "set",
        "Set",
        "frozenset",
        "FrozenSet",
        "Sequence",
        "MutableSequence",
        "Iterable",
        "Iterator",
        "Collection",
        "AbstractSet",
        "deque",
        "Deque",
        "Generator",
        "AsyncIterator",
        "AsyncIterable",
        "AsyncGenerator",
        "WeakSet",
        "AbstractContextManager",
        "AbstractAsyncContextManager",
        "ContextManager",
        "AsyncContextManager",
    }
)
_NOTHING: Final = frozenset({"", "None", "Any", "object", "NoReturn", "Never"})
_LITERALS: Final = {
    "string": "str",
    "concatenated_string": "str",
    "integer": "int",
    "float": "float",
    "true": "bool",
    "false": "bool",
    "dictionary": "dict",
    "dictionary_comprehension": "dict",
    "tuple": "tuple",
    "set": "set",
    "set_comprehension": "set",
    "comparison_operator": "bool",
    "not_operator": "bool",
}
_DOTTED: Final = re.compile(r"[^\W\d]\w*(?:\s*\.\s*[^\W\d]\w*)*")
_NAME: Final = re.compile(r"[^\W\d]\w*")


class PythonTypes:
    """Bindings of the expressions of one file.

    Args:
        file: The file.
        scopes: Its scopes.
        index_of: Index of the definition that a binding place makes.
        class_of: Index of the definition of a class's scope.
    """

    def __init__(
        self, file: SourceFile, scopes: PythonScopes, index_of: dict[Bound, int], class_of: dict[Scope, int]
    ) -> None:
        self._text = file.text
        self._is_test = file.is_test or file.path.endswith("conftest.py")
        self._scopes = scopes
        self._index_of = index_of
        self._class_of = class_of
        self._modules = frozenset(
            prefix for bound in scopes.imports if not bound.imported for prefix in _prefixes(bound.module)
        )
        self._parameter_scope = {parameter: scope for scope in scopes.scopes for parameter in scope.parameters}
        self._comprehensions = {
            scope.node.start_byte: scope for scope in scopes.scopes if scope.kind == "comprehension"
        }
        self._of_bound: dict[Bound, Binding] = {}
        self._of_note: dict[tuple[str, Scope], Binding] = {}
        self._open: set[Bound] = set()
        self._depth = 0
        self.fields: dict[tuple[int, str], Binding] = {}
        """Types of the fields of this file's classes, as far as they are known."""
        self._forms: dict[str, Callable[[Node, Scope], Binding]] = {
            "identifier": self._identifier,
            "attribute": self._attribute,
            "call": self._call,
            "subscript": self._subscript,
            "list": self._list,
            "list_comprehension": self._list_comprehension,
            "generator_expression": self._list_comprehension,
            "parenthesized_expression": self._inner,
            "await": self._inner,
            "conditional_expression": self._either,
            "boolean_operator": self._either,
            "named_expression": self._last,
            "binary_operator": self._binary,
        }

    # Names

    def name(self, name: str, scope: Scope, at: int) -> Binding:
        """What a name means in a scope at an offset."""
        variable = self._scopes.lookup(name, scope, at)
        return ("free", name) if variable is None else self.variable(variable, scope, at)

    def variable(self, variable: Variable, scope: Scope, at: int) -> Binding:
        """What a variable means where it is used."""
        if variable.scope.kind in {"module", "class"}:
            shared = self._shared(variable)
            if shared is not None:
                return shared
        narrowed = self._narrowing(variable.name, scope, at)
        return self._local(variable, at) if narrowed is None else narrowed

    def _shared(self, variable: Variable) -> Binding | None:
        """What a name of a module or class means wherever it is used; None when that is not a definition or import."""
        imported: Bound | None = None
        assigned: Binding | None = None
        defined: Binding | None = None
        for bound in variable.bounds:
            if bound.kind == "import":
                imported = bound if imported is None or _is_better(bound, imported) else imported
            elif bound.body is not None:
                defined = ("def", self._index_of[bound])
                if _is_accessor(bound, self._text):
                    defined = assigned or defined
                assigned = assigned or defined
            elif bound in self._index_of:
                assigned = assigned or ("def", self._index_of[bound])
        if imported is not None and (defined is None or imported.module.startswith(".")):
            return self._imported(imported)
        return defined or assigned

    def _imported(self, bound: Bound) -> Binding:
        if bound.imported or bound.aliased:
            return ("import", bound.module, bound.imported)
        return ("import", bound.name, "")

    def _narrowing(self, text: str, scope: Scope, at: int) -> Binding | None:
        around: Scope | None = scope
        while around is not None:
            for narrowed in reversed(around.narrowed):
                if narrowed.text == text and narrowed.start <= at < narrowed.end:
                    return self._class_value(narrowed.type, scope) or None
            if around.kind in {"function", "class"}:
                return None
            around = around.parent
        return None

    def _class_value(self, node: Node, scope: Scope) -> Binding:
        """A value of a class, or of the first of several, that an expression names."""
        if node.type in {"tuple", "binary_operator"}:
            return UNKNOWN
        base = self.of(node, scope)
        return ("type", base) if base else UNKNOWN

    def _local(self, variable: Variable, at: int) -> Binding:
        known = [bound for bound in variable.bounds if bound.kind not in {"deleted", "augmented"}]
        before = [bound for bound in known if bound.node.start_byte <= at and not self._is_none(bound)]
        annotated = next((bound for bound in known if bound.annotation is not None), None)
        if annotated is not None:
            last = before[-1] if before else annotated
            found = UNKNOWN if last.conditional else self.bound(last)
            return found or self.bound(annotated)
        if before:
            return self.bound(before[-1])
        after = [bound for bound in known if not self._is_none(bound)]
        return self.bound(after[0]) if after else UNKNOWN

    def _is_none(self, bound: Bound) -> bool:
        return bound.kind == "assigned" and bound.value is not None and bound.value.type == "none"

    # Binding places

    def bound(self, bound: Bound) -> Binding:
        """What one binding place gives its name."""
        known = self._of_bound.get(bound)
        if known is not None:
            return known
        if bound in self._open or self._depth > _DEEPEST:
            return UNKNOWN
        self._open.add(bound)
        found = _bounded(self._infer(bound))
        self._open.discard(bound)
        if self._depth == 0 or found:
            self._of_bound[bound] = found
        return found

    def _infer(self, bound: Bound) -> Binding:
        found: Binding = UNKNOWN
        if bound.body is not None:
            found = ("def", self._index_of[bound])
        elif bound.kind == "import":
            found = self._imported(bound)
        elif bound.kind == "parameter":
            found = self._parameter(bound)
        elif bound.annotation is not None:
            found = self.note(bound.annotation, bound.scope)
        elif bound.value is not None:
            found = self._taken_from(bound, bound.value)
        return found

    def _taken_from(self, bound: Bound, value: Node) -> Binding:
        if bound.kind in {"loop", "comprehension"}:
            return self._element(value, bound.path, bound.scope)
        if bound.kind == "with":
            return _entered(self.of(value, bound.scope)) if not bound.path else UNKNOWN
        if bound.kind in {"except", "match"}:
            return self._caught(value, bound.scope)
        return self._unpacked(value, bound.path, bound.scope)

    def _caught(self, node: Node, scope: Scope) -> Binding:
        if node.type == "tuple" and node.named_children:
            node = node.named_children[0]
        base = self._dotted(self._text_of(node), scope, node.start_byte)
        return ("type", base) if base else UNKNOWN

    def _parameter(self, bound: Bound) -> Binding:
        if bound.annotation is not None:
            found = self.note(bound.annotation, bound.scope)
            if bound.path:
                return ("each", ("free", "tuple"), found) if found else UNKNOWN
            return found
        receiver = self._receiver(bound)
        if receiver is not None:
            return receiver
        if bound.value is not None and bound.value.type != "none":
            return self.of(bound.value, bound.scope)
        fixture = self.fixture(bound)
        return ("result", fixture) if fixture else UNKNOWN

    def _receiver(self, bound: Bound) -> Binding | None:
        method = self._method_of(bound)
        if method is None:
            return None
        owner = method.owner
        if owner is None or owner not in self._class_of:
            return None
        marks = {self._text_of(mark).rpartition(".")[2] for mark in method.decorators}
        if "staticmethod" in marks:
            return None
        itself: Binding = ("def", self._class_of[owner])
        if "classmethod" in marks or method.name in {"__new__", "__init_subclass__", "__class_getitem__"}:
            return itself
        return ("type", itself)

    def _method_of(self, bound: Bound) -> Scope | None:
        """The method whose first parameter this is."""
        scope = self._parameter_scope.get(bound)
        if scope is None or scope.kind != "function" or scope.parameters[0] is not bound or bound.path:
            return None
        return scope if scope.owner is not None and scope.owner.kind == "class" else None

    def fixture(self, bound: Bound) -> Binding:
        """The pytest fixture that a parameter of a test or of another fixture stands for; nothing for others."""
        scope = self._parameter_scope.get(bound)
        if scope is None or bound.value is not None or bound.path or not self._is_tested(scope):
            return UNKNOWN
        if scope.owner is not None and scope.owner.kind == "class" and scope.parameters[0] is bound:
            return UNKNOWN
        variable = self._scopes.module.variables.get(bound.name)
        own = variable.bounds[-1] if variable is not None else None
        if own is not None and own.body is not None and own.body is not scope and self._is_fixture(own.body):
            return ("def", self._index_of[own])
        return ("import", own.module, own.imported) if own is not None and own.imported else ("fixture", bound.name)

    def _is_tested(self, scope: Scope) -> bool:
        if scope.kind != "function" or not self._is_test:
            return False
        return scope.name.startswith("test") or self._is_fixture(scope)

    def _is_fixture(self, scope: Scope) -> bool:
        return any("fixture" in self._text_of(mark).partition("(")[0] for mark in scope.decorators)

    # Unpacking

    def _unpacked(self, value: Node, path: Path, scope: Scope) -> Binding:
        node = value
        for place, step in enumerate(path):
            if node.type == "parenthesized_expression":
                node = node.named_children[0]
            if node.type not in {"tuple", "list", "expression_list"}:
                return _item(self.expand(self.of(node, scope))) if place == len(path) - 1 and step >= 0 else UNKNOWN
            parts = [part for part in node.named_children if part.type != "comment"]
            if step < 0 or step >= len(parts) or any(part.type == "list_splat" for part in parts):
                return UNKNOWN
            node = parts[step]
        return self.of(node, scope)

    def _element(self, value: Node, path: Path, scope: Scope) -> Binding:
        """What a loop over a value gives to the target at a path."""
        if value.type == "call":
            name = self._text_of(value.children[0])
            given = [part for part in value.children[-1].named_children if part.type != "comment"]
            if name == "enumerate" and given and path[:1] == (1,):
                return self._element(given[0], path[1:], scope)
            if name == "zip" and path and 0 <= path[0] < len(given):
                return self._element(given[path[0]], path[1:], scope)
            if name.endswith((".items", ".values")) and not given:
                return self._of_mapping(value.children[0], name, path, scope)
        if path:
            return UNKNOWN
        found = self.expand(self.of(value, scope))
        return UNKNOWN if _is_mapping(found) else _item(found)

    def _of_mapping(self, function: Node, name: str, path: Path, scope: Scope) -> Binding:
        wanted: Path = (1,) if name.endswith(".items") else ()
        if path != wanted:
            return UNKNOWN
        found = self.expand(self.of(function.named_children[0], scope))
        return _item(found) if _is_mapping(found) else UNKNOWN

    def expand(self, binding: Binding) -> Binding:
        """The type of a field of this file in its place, where it is known."""
        if binding[:1] == ("member",):
            base = inner(binding)
            owner = inner(base)
            if base[:1] == ("type",) and owner[:1] == ("def",):
                return self.fields.get((cast("int", owner[1]), str(binding[2])), binding)
        return binding

    # Expressions

    def of(self, node: Node, scope: Scope) -> Binding:
        """What is known of the value of an expression."""
        form = node.type
        literal = _LITERALS.get(form)
        if literal is not None:
            return ("type", ("free", literal))
        handler = self._forms.get(form)
        if handler is None or self._depth > _DEEPEST:
            return UNKNOWN
        self._depth += 1
        try:
            return _bounded(handler(node, scope))
        finally:
            self._depth -= 1

    def _text_of(self, node: Node) -> str:
        return self._text[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _identifier(self, node: Node, scope: Scope) -> Binding:
        return self.name(self._text_of(node), scope, node.start_byte)

    def _attribute(self, node: Node, scope: Scope) -> Binding:
        if scope.narrowed or (scope.parent is not None and scope.parent.narrowed):
            narrowed = self._narrowing(self._text_of(node), scope, node.start_byte)
            if narrowed is not None:
                return narrowed
        parts = node.named_children
        return self.member(self.of(parts[0], scope), self._text_of(parts[-1]))

    def member(self, base: Binding, name: str) -> Binding:
        """The binding of `base.name`."""
        if not base:
            return UNKNOWN
        if base[0] == "import" and base[2] == "" and f"{base[1]}.{name}" in self._modules:
            return ("import", f"{base[1]}.{name}", "")
        if name == "__class__" and base[0] == "type":
            return inner(base)
        return ("member", base, name)

    def _call(self, node: Node, scope: Scope) -> Binding:
        function, arguments = node.children[0], node.children[-1]
        given = [part for part in arguments.named_children if part.type != "comment"]
        name = self._text_of(function) if function.type == "identifier" else ""
        special = self._special(name or self._text_of(function).rpartition(".")[2], given, scope, plain=bool(name))
        if special is not None:
            return special
        base = self.of(function, scope)
        if function.type == "attribute" and base:
            taken = self._taken(base)
            if taken:
                return taken
        if not base:
            return UNKNOWN
        if base[0] == "free" and base[1] in _BUILTINS:
            if base[1] in _CLASSES:
                return ("type", base)
            return UNKNOWN if _is_lower(str(base[1])) else ("result", base)
        return ("result", base)

    def _taken(self, base: Binding) -> Binding:
        """What `get`, `pop` and the like give back from a container whose elements are known."""
        if base[0] != "member":
            return UNKNOWN
        container = self.expand(inner(base))
        if container[:1] != ("each",):
            return UNKNOWN
        if base[2] in {"get", "pop", "popleft", "setdefault"}:
            return _item(container)
        if base[2] == "values":
            return ("each", ("free", "list"), container[2])
        return container if base[2] == "copy" else UNKNOWN

    def _special(self, name: str, given: list[Node], scope: Scope, *, plain: bool) -> Binding | None:
        """What a function of the language or its typing module gives back; None when it is another one."""
        if name == "super" and plain:
            return self._super(scope)
        if not given:
            return None
        if name == "cast":
            return self.note(given[0], scope)
        if name in {"deepcopy", "copy"} and len(given) == 1:
            return self.of(given[0], scope)
        return self._builtin(name, given, scope) if plain else None

    def _builtin(self, name: str, given: list[Node], scope: Scope) -> Binding | None:
        if name not in _SAME and name not in {"next", "max", "min", "type"}:
            return None
        found = self.of(given[0], scope)
        if name in _SAME:
            found = self.expand(found)
            return found if found[:1] == ("each",) and not _is_mapping(found) else ("type", ("free", "list"))
        if name == "type":
            return inner(found) if found[:1] == ("type",) and len(given) == 1 else UNKNOWN
        return _item(self.expand(found)) if len(given) == 1 or name == "next" else UNKNOWN

    def _super(self, scope: Scope) -> Binding:
        around: Scope | None = scope
        while around is not None:
            if around.kind == "class" and around in self._class_of:
                return ("super", self._class_of[around])
            around = around.parent
        return UNKNOWN

    def _subscript(self, node: Node, scope: Scope) -> Binding:
        parts = [part for part in node.named_children if part.type != "comment"]
        if self._text_of(parts[0]).rpartition(".")[2] in {"Optional", "Union"}:
            return inner(self.note(node, scope))  # An alias: one of the types themselves.
        base = self.expand(self.of(parts[0], scope))
        if base[:1] in {("def",), ("import",), ("free",)}:
            return base  # A generic class with its arguments.
        if len(parts) > 1 and parts[1].type == "slice":
            return base
        return _item(base)

    def _list(self, node: Node, scope: Scope) -> Binding:
        for part in node.named_children:
            if part.type == "comment":
                continue
            found = self.of(part, scope)
            return ("each", ("free", "list"), found) if found else ("type", ("free", "list"))
        return ("type", ("free", "list"))

    def _list_comprehension(self, node: Node, scope: Scope) -> Binding:
        body = node.child_by_field_name("body")
        found = self.of(body, self._comprehensions.get(node.start_byte, scope)) if body is not None else UNKNOWN
        return ("each", ("free", "list"), found) if found else ("type", ("free", "list"))

    def _inner(self, node: Node, scope: Scope) -> Binding:
        parts = node.named_children
        return self.of(parts[0], scope) if parts else UNKNOWN

    def _last(self, node: Node, scope: Scope) -> Binding:
        return self.of(node.named_children[-1], scope)

    def _either(self, node: Node, scope: Scope) -> Binding:
        parts = [part for part in node.named_children if part.type != "comment"]
        if node.type == "conditional_expression":
            parts = [parts[0], parts[-1]]
        elif any(part.type == "and" for part in node.children):
            parts = parts[-1:]
        for part in parts:
            found = self.of(part, scope) if part.type != "none" else UNKNOWN
            if found:
                return found
        return UNKNOWN

    def _binary(self, node: Node, scope: Scope) -> Binding:
        left = self.of(node.named_children[0], scope)
        if left[:1] in {("def",), ("import",)} and any(part.type == "|" for part in node.children):
            return inner(self.note(node, scope))  # An alias of several types.
        return left if left[:1] == ("type",) and left[1] in {("free", "str"), ("free", "int")} else UNKNOWN

    # Annotations

    def note(self, node: Node, scope: Scope) -> Binding:
        """The value that an annotation promises."""
        text = self._text_of(node)
        key = (text, scope)
        found = self._of_note.get(key)
        if found is None:
            found = self._of_note[key] = _bounded(self._noted(text, scope, node.start_byte))
        return found

    def _noted(self, text: str, scope: Scope, at: int) -> Binding:
        text = text.strip().strip("\"'").strip()
        if text.rpartition(".")[2] in _NOTHING:
            return UNKNOWN
        alternatives = _split(text, "|")
        if len(alternatives) > 1:
            return self._one_of(alternatives, scope, at)
        if text.endswith("]"):
            head, _, inside = text[:-1].partition("[")
            return self._parametrised(head.strip(), _split(inside, ","), scope, at)
        if text == "Self" or text.endswith(".Self"):
            return self._self_type(scope)
        base = self._dotted(text, scope, at)
        return ("type", base) if base else UNKNOWN

    def _self_type(self, scope: Scope) -> Binding:
        around: Scope | None = scope
        while around is not None and around not in self._class_of:
            around = around.parent
        return ("type", ("def", self._class_of[around])) if around is not None else UNKNOWN

    def _one_of(self, alternatives: list[str], scope: Scope, at: int) -> Binding:
        """The first alternative that is no builtin, or else the first."""
        found = [one for one in (self._noted(text, scope, at) for text in alternatives) if one]
        own = [one for one in found if inner(one)[:1] != ("free",)]
        return (own or found or [UNKNOWN])[0]

    def _parametrised(self, head: str, inside: list[str], scope: Scope, at: int) -> Binding:
        last = head.rpartition(".")[2]
        if last in _WRAPPERS:
            return self._one_of(inside[:1] if last == "Annotated" else inside, scope, at)
        if last == "Coroutine":
            return self._noted(inside[-1], scope, at)
        if last in {"type", "Type"}:
            found = self._noted(inside[0], scope, at)
            return inner(found) if found[:1] == ("type",) else UNKNOWN
        base = self._dotted(head, scope, at)
        if not base or last == "Literal":
            return UNKNOWN
        item = UNKNOWN
        if last in _MAPPINGS:
            item = self._noted(inside[-1], scope, at)
        elif last in _ITERABLES or (last in {"tuple", "Tuple"} and inside[-1].strip() == "..."):
            item = self._noted(inside[0], scope, at)
        return ("each", base, item) if item else ("type", base)

    def alias(self, bound: Bound) -> Binding:
        """What a value has whose type is an alias; nothing when no alternative is known."""
        return self.note(bound.value, bound.scope) if bound.value is not None else UNKNOWN

    def _dotted(self, text: str, scope: Scope, at: int) -> Binding:
        if not _DOTTED.fullmatch(text):
            return UNKNOWN
        first, *rest = [part.strip() for part in text.split(".")]
        variable = self._scopes.lookup(first, scope, at)
        if variable is None:
            variable = self._scopes.module.variables.get(first)
        if variable is not None and self._is_type_variable(variable):
            return UNKNOWN
        base: Binding = ("free", first) if variable is None else self.variable(variable, scope, at)
        for part in rest:
            base = self.member(base, part)
        return base

    def _is_type_variable(self, variable: Variable) -> bool:
        bound = variable.bounds[0]
        if bound.kind == "type parameter":
            return True
        value = bound.value
        return (
            bound.kind == "assigned"
            and value is not None
            and value.type == "call"
            and self._text_of(value.children[0]).rpartition(".")[2] in {"TypeVar", "ParamSpec", "TypeVarTuple"}
        )

    # Functions

    def returned(self, scope: Scope) -> Binding:
        """The value that calling a function gives."""
        node = scope.node.child_by_field_name("return_type")
        marks = {self._text_of(mark).partition("(")[0].rpartition(".")[2] for mark in scope.decorators}
        found = self.note(node, scope) if node is not None else self._by_statements(scope)
        if marks & {"contextmanager", "asynccontextmanager"}:
            return ("each", ("import", "contextlib", "AbstractContextManager"), _item(found)) if found else UNKNOWN
        if "fixture" in marks and scope.yields:
            return _item(found)
        return found

    def _by_statements(self, scope: Scope) -> Binding:
        if scope.yields:
            found = self._agreed([part.named_children[0] for part in scope.yields if part.named_children], scope)
            return ("each", ("import", "typing", "Iterator"), found) if found else UNKNOWN
        return self._agreed(scope.returns, scope)

    def _agreed(self, values: list[Node], scope: Scope) -> Binding:
        found = {self.of(value, scope) for value in values if value.type != "none"}
        return found.pop() if len(found) == 1 else UNKNOWN


def _prefixes(module: str) -> list[str]:
    """`a.b.c` and the modules around it."""
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _is_better(bound: Bound, than: Bound) -> bool:
    """Whether one of two imports of a name is the more telling: from the own package, or for types."""
    return bound.module.startswith(".") and not than.module.startswith(".")


def _is_accessor(bound: Bound, text: bytes) -> bool:
    """Whether a function is a `@name.setter` or `@name.deleter`."""
    if bound.body is None:
        return False
    marks = (text[mark.start_byte : mark.end_byte] for mark in bound.body.decorators)
    return any(mark.endswith((b".setter", b".deleter", b".getter")) for mark in marks)


def _is_lower(name: str) -> bool:
    return name.lstrip("_")[:1].islower()


def inner(binding: Binding) -> Binding:
    """What a binding is built on; nothing for one that stands alone."""
    return cast("Binding", binding[1]) if len(binding) > 1 and isinstance(binding[1], tuple) else UNKNOWN


def _is_mapping(binding: Binding) -> bool:
    return binding[:1] == ("each",) and inner(binding)[-1] in _MAPPINGS


def _item(binding: Binding) -> Binding:
    if binding[:1] == ("each",):
        return cast("Binding", binding[2])
    if not binding or (binding[0] == "type" and inner(binding)[:1] == ("free",)):
        return UNKNOWN
    return ("item", binding)


def _entered(binding: Binding) -> Binding:
    """What `with … as` gives: a class is expected to give itself back, a function what its `__enter__` says."""
    if binding[:1] == ("result",):
        name = inner(binding)[-1]
        if isinstance(name, str) and _is_lower(name):
            return ("result", ("member", binding, "__enter__"))
    return binding


def _bounded(binding: Binding) -> Binding:
    """The binding, or nothing when it is nested too deeply."""
    depth, within = 0, binding
    while within:
        depth += 1
        within = inner(within)
    return binding if depth <= _LONGEST else UNKNOWN


def _split(text: str, mark: str) -> list[str]:
    """The parts of a text at a mark that stands in no brackets or quotes."""
    if mark not in text:
        return [text]
    parts: list[str] = []
    depth, start, quote = 0, 0, ""
    for place, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "[(":
            depth += 1
        elif letter in "])":
            depth -= 1
        elif letter == mark and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]
