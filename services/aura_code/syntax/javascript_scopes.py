"""Which names a JavaScript or TypeScript file binds and uses, by the scopes of the language.

One pass over the tree collects bindings and uses, since a name may be bound after it is used; then each use is looked
up from its scope outwards. `var` and functions rise to the function around, `let`, `const` and classes stay in their
block. Types and values have names apart: a class, an enum, a namespace and an import are both. Source: ECMA-262,
section 8 "Syntax-Directed Operations", and the TypeScript handbook, "Declaration Merging".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from tree_sitter import Node

from aura_code.syntax.source import SourceFile

ScopeKind = Literal["module", "function", "block", "class", "types", "catch", "for", "namespace", "enum"]
"""`types` holds the type parameters of a type, alias or signature."""

BoundKind = Literal[
    "import", "var", "let", "const", "function", "function name", "signature", "class", "class name", "enum", "member",
    "namespace", "interface", "alias", "type parameter", "parameter", "catch",
]  # fmt: skip
"""`signature`: a function without a body; `function name`: of a function expression, seen only within it; `member`: of
an enum."""

UseKind = Literal["call", "type", "inherit", "name", "write", "update", "export"]
"""`update`: `x += 1` and `x++`, which read the value too."""

Step: TypeAlias = "str | int"
"""A step into an unpacked value: a property, a place in an array, or `...` for the rest."""


class Origin(NamedTuple):
    """What a pattern takes apart."""

    value: Node | None
    annotation: Node | None
    scope: Scope
    """Where value and annotation are read."""
    each: bool = False
    """Whether it is an element of `value` that is bound, as in `for (… of value)`."""
    function: Node | None = None
    """Of a parameter: its function."""
    place: int = 0
    """Of a parameter: which one."""


@dataclass(slots=True, eq=False)
class Bound:
    """One place where a name gets a meaning."""

    name: str
    kind: BoundKind
    node: Node
    """The name."""
    statement: Node
    """The declaration, declarator, parameter or import specifier that binds it."""
    origin: Origin | None = None
    path: tuple[Step, ...] = ()
    """Where in what `origin` says the value stands."""
    body: Scope | None = None
    """Of a function, class, enum or namespace: its scope."""
    module: str = ""
    """Of an import: the module as it is written."""
    imported: str = ""
    """Of an import: what is taken from it; empty for all of it, `=` for what `require` gives."""
    typing_only: bool = False
    exported: bool = False
    """Whether `export` stands before its declaration."""
    default: bool = False
    """Whether `export default` does."""
    ambient: bool = False
    """Whether it stands below `declare`."""
    private: bool = False
    """Of a constructor's parameter that is a property too: whether it is private."""
    property: bool = False
    """Whether it is a constructor's parameter that is a property too."""


@dataclass(slots=True, eq=False)
class Variable:
    """A name in the scope that owns it."""

    name: str
    scope: Scope
    bounds: list[Bound] = field(default_factory=list[Bound])
    """In the order of the text."""
    uses: list[Use] = field(default_factory=list["Use"])

    @property
    def reads(self) -> list[Use]:
        """The uses that need its value."""
        return [use for use in self.uses if use.kind != "write"]

    @property
    def writes(self) -> list[Use]:
        """The uses that give it another value."""
        return [use for use in self.uses if use.kind in {"write", "update"}]


@dataclass(slots=True, eq=False)
class Scope:
    """A piece of code with names of its own."""

    kind: ScopeKind
    node: Node
    parent: Scope | None
    depth: int = 0
    """How many blocks of its function are around."""
    arrow: bool = False
    """Whether it is a function without a `this` of its own."""
    values: dict[str, Variable] = field(default_factory=dict[str, Variable])
    types: dict[str, Variable] = field(default_factory=dict[str, Variable])
    parameters: list[Bound] = field(default_factory=list[Bound])
    returns: list[Node] = field(default_factory=list[Node])
    """What a function's `return` statements give back."""
    branches: int = 0
    """Decisions, as McCabe counts them; those of functions within are not."""
    nesting: int = 0
    dynamic: bool = False
    """Whether names may be used where nobody sees them: `eval`, `with`, `arguments`."""

    @property
    def function(self) -> Scope:
        """The innermost function, namespace, or module that this belongs to, itself included."""
        scope = self
        while scope.parent is not None and scope.kind not in _RISE_TO:
            scope = scope.parent
        return scope


class Use(NamedTuple):
    """A name that is used."""

    name: str
    node: Node
    scope: Scope
    kind: UseKind
    variable: Variable | None
    """None: bound nowhere in the file."""


class Access(NamedTuple):
    """A property that is read, called or written: `base.name`."""

    name: str
    node: Node
    """The name of the property."""
    base: Node
    scope: Scope
    kind: UseKind
    value: Node | None
    """What is written."""


class Key(NamedTuple):
    """A property that a pattern takes out of something."""

    name: str
    node: Node
    origin: Origin
    path: tuple[Step, ...]


class Export(NamedTuple):
    """What `export` says apart from a declaration."""

    node: Node
    name: str
    """Of what is exported, here or in `module`; empty for all of it, `*` for everything in it."""
    alias: str
    """What it is called outside."""
    module: str
    typing_only: bool
    value: Node | None
    """Of a default export or `export =`: the expression."""


class Loaded(NamedTuple):
    """A module that is loaded by a call: `require("…")`, `import("…")`."""

    node: Node
    module: str
    scope: Scope
    dynamic: bool


@dataclass(slots=True, eq=False)
class JavaScriptScopes:
    """What a file binds and uses."""

    module: Scope
    scopes: list[Scope] = field(default_factory=list[Scope])
    """Outer ones before those in them."""
    uses: list[Use] = field(default_factory=list[Use])
    accesses: list[Access] = field(default_factory=list[Access])
    keys: list[Key] = field(default_factory=list[Key])
    imports: list[Bound] = field(default_factory=list[Bound])
    exports: list[Export] = field(default_factory=list[Export])
    loaded: list[Loaded] = field(default_factory=list[Loaded])
    effects: list[tuple[str, Node]] = field(default_factory=list[tuple[str, Node]])
    """Modules imported for their effect alone."""
    of_node: dict[int, Scope] = field(default_factory=dict[int, Scope])
    """The scope of each function, class, namespace and enum, by the id of its node."""
    objects: list[tuple[Node, Scope]] = field(default_factory=list[tuple[Node, Scope]])
    """Object literals."""
    calls: list[tuple[Node, Scope]] = field(default_factory=list[tuple[Node, Scope]])
    """Calls with a function or a text among their arguments."""
    callbacks: dict[int, tuple[Node, Scope, int]] = field(default_factory=dict[int, tuple[Node, Scope, int]])
    """For functions that are arguments, by the id of their node: the call, its scope, which argument."""
    jsx: bool = False

    def lookup(self, name: str, scope: Scope, *, typed: bool = False) -> Variable | None:
        """What a name means in a scope; None when the file does not bind it."""
        return lookup(name, scope, typed=typed)


_RISE_TO: Final = frozenset({"function", "module", "namespace"})
_KNOWN: Final[WeakKeyDictionary[SourceFile, JavaScriptScopes]] = WeakKeyDictionary()


def javascript_scopes(file: SourceFile) -> JavaScriptScopes:
    """The scopes of a JavaScript or TypeScript file; remembered as long as the file is."""
    found = _KNOWN.get(file)
    if found is None:
        found = _Walker(file).walk()
        _KNOWN[file] = found
    return found


def lookup(name: str, scope: Scope, *, typed: bool = False) -> Variable | None:
    """What a name means in a scope, as a type when `typed`, else as a value; None when the file does not bind it."""
    around: Scope | None = scope
    while around is not None:
        found = (around.types if typed else around.values).get(name)
        if found is not None:
            return found
        around = around.parent
    return None


_IGNORED: Final = frozenset(
    {
        "comment", "string", "number", "regex", "true", "false", "null", "undefined", "property_identifier", "super",
        "private_property_identifier", "predefined_type", "this", "this_type", "statement_identifier", "hash_bang_line",
        "string_fragment", "accessibility_modifier", "override_modifier", "empty_statement", "escape_sequence",
        "jsx_text", "html_character_reference", "break_statement", "continue_statement", "debugger_statement",
        "optional_chain", "existential_type", "meta_property", "import", "html_comment",
    }
)  # fmt: skip
_FUNCTIONS: Final = frozenset({"arrow_function", "function_expression", "generator_function"})
_LOGICAL: Final = frozenset({"&&", "||", "??"})
_VALUES_TOO: Final = frozenset({"class", "enum", "namespace", "import", "class name"})
_TYPES_ONLY: Final = frozenset({"interface", "alias", "type parameter"})


class _Walker:
    """Walks one file. A visit pushes what is to be visited next, so that no depth of code is too deep."""

    def __init__(self, file: SourceFile) -> None:
        self.text = file.text
        self.script = file.language == "javascript"
        module = Scope("module", file.root, None)
        self.found = JavaScriptScopes(module, [module])
        self._stack: list[tuple[Node, Scope]] = []
        self._uses: list[tuple[str, Node, Scope, UseKind, bool]] = []
        self._exported: Node | None = None
        self._default: int = -1
        self._export_of: set[int] = set()
        self._ambient: set[int] = set()
        self._visits: dict[str, Callable[[Node, Scope], None]] = {
            "identifier": self._identifier,
            "shorthand_property_identifier": self._identifier,
            "type_identifier": self._type_identifier,
            "nested_type_identifier": self._nested_type,
            "nested_identifier": self._nested_identifier,
            "member_expression": self._member,
            "call_expression": self._call,
            "new_expression": self._call,
            "assignment_expression": self._assignment,
            "augmented_assignment_expression": self._augmented,
            "update_expression": self._update,
            "lexical_declaration": self._declaration,
            "variable_declaration": self._declaration,
            "function_declaration": self._function_declaration,
            "generator_function_declaration": self._function_declaration,
            "function_signature": self._function_declaration,
            "function_expression": self._function_expression,
            "generator_function": self._function_expression,
            "arrow_function": self._function_expression,
            "method_definition": self._method,
            "method_signature": self._method,
            "abstract_method_signature": self._method,
            "call_signature": self._signature,
            "construct_signature": self._signature,
            "function_type": self._signature,
            "constructor_type": self._signature,
            "class_declaration": self._class,
            "abstract_class_declaration": self._class,
            "class": self._class,
            "class_static_block": self._static_block,
            "class_heritage": self._heritage,
            "extends_type_clause": self._inherits,
            "interface_declaration": self._interface,
            "type_alias_declaration": self._interface,
            "enum_declaration": self._enum,
            "internal_module": self._namespace,
            "module": self._namespace,
            "ambient_declaration": self._ambient_declaration,
            "import_statement": self._import,
            "import_alias": self._import_alias,
            "export_statement": self._export,
            "statement_block": self._block,
            "switch_body": self._block,
            "for_statement": self._for,
            "for_in_statement": self._for_in,
            "catch_clause": self._catch,
            "if_statement": self._branch,
            "while_statement": self._branch,
            "do_statement": self._branch,
            "switch_case": self._count,
            "ternary_expression": self._count,
            "binary_expression": self._binary,
            "switch_statement": self._nest,
            "try_statement": self._nest,
            "with_statement": self._with,
            "return_statement": self._return,
            "index_signature": self._index_signature,
            "conditional_type": self._conditional_type,
            "infer_type": self._infer,
            "type_parameters": self._type_parameters,
            "object": self._object,
            "jsx_opening_element": self._jsx,
            "jsx_closing_element": self._jsx,
            "jsx_self_closing_element": self._jsx,
        }

    def walk(self) -> JavaScriptScopes:
        module = self.found.module
        self._push_children(module.node, module)
        stack, visits = self._stack, self._visits
        while stack:
            node, scope = stack.pop()
            kind = node.type
            if kind in _IGNORED:
                continue
            visit = visits.get(kind)
            if visit is not None:
                visit(node, scope)
            else:
                for child in reversed(node.named_children):
                    stack.append((child, scope))
        self._resolve()
        return self.found

    def _resolve(self) -> None:
        uses = self.found.uses
        for name, node, scope, kind, typed in self._uses:
            variable = lookup(name, scope, typed=typed)
            if variable is None and kind in {"inherit", "export", "type"}:
                variable = lookup(name, scope, typed=not typed)
            use = Use(name, node, scope, kind, variable)
            uses.append(use)
            if variable is not None:
                variable.uses.append(use)
                if kind == "export" and (twin := scope.types.get(name)) is not None and twin is not variable:
                    twin.uses.append(use)

    # Small steps

    def _text(self, node: Node) -> str:
        return self.text[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _push(self, node: Node | None, scope: Scope) -> None:
        if node is not None:
            self._stack.append((node, scope))

    def _push_children(self, node: Node, scope: Scope) -> None:
        for child in reversed(node.named_children):
            self._stack.append((child, scope))

    def _use(self, node: Node, scope: Scope, kind: UseKind, *, typed: bool = False) -> None:
        self._uses.append((self._text(node), node, scope, kind, typed))

    def _open(self, kind: ScopeKind, node: Node, parent: Scope, *, depth: int = 0) -> Scope:
        scope = Scope(kind, node, parent, depth)
        self.found.scopes.append(scope)
        return scope

    def _declare(self, bound: Bound, scope: Scope) -> None:
        """Give a name its meaning in a scope."""
        kind, name = bound.kind, bound.name
        if kind in _TYPES_ONLY:
            variable = scope.types.get(name)
        else:
            variable = scope.values.get(name)
            if variable is None and kind in _VALUES_TOO:
                variable = scope.types.get(name)
        if variable is None:
            variable = Variable(name, scope)
        if kind not in _TYPES_ONLY:
            scope.values.setdefault(name, variable)
        if kind in _TYPES_ONLY or kind in _VALUES_TOO:
            scope.types.setdefault(name, variable)
        variable.bounds.append(bound)

    def _flags(self, bound: Bound, statement: Node) -> None:
        bound.exported = statement.id in self._export_of
        bound.default = statement.id == self._default
        bound.ambient = statement.id in self._ambient

    # Expressions

    def _identifier(self, node: Node, scope: Scope) -> None:
        self._use(node, scope, "name")

    def _type_identifier(self, node: Node, scope: Scope) -> None:
        self._use(node, scope, "type", typed=True)

    def _nested_type(self, node: Node, scope: Scope) -> None:
        self._nested(node, scope, "module", "name", "type")

    def _nested_identifier(self, node: Node, scope: Scope) -> None:
        self._nested(node, scope, "object", "property", "name")

    def _member(self, node: Node, scope: Scope) -> None:
        self._nested(node, scope, "object", "property", "name")

    def _nested(self, node: Node, scope: Scope, outer: str, inner: str, kind: UseKind) -> None:
        base, name = node.child_by_field_name(outer), node.child_by_field_name(inner)
        if base is None:
            return
        if name is not None:
            self.found.accesses.append(Access(self._text(name), name, base, scope, kind, None))
        self._stack.append((base, scope))

    def _call(self, node: Node, scope: Scope) -> None:
        called = node.child_by_field_name("function") or node.child_by_field_name("constructor")
        if called is None:
            return
        arguments = node.child_by_field_name("arguments")
        self._push(arguments, scope)
        self._push(node.child_by_field_name("type_arguments"), scope)
        if arguments is not None:
            self._arguments(node, called, arguments, scope)
        self._target(called, scope, "call", None)

    def _arguments(self, call: Node, called: Node, arguments: Node, scope: Scope) -> None:
        given = arguments.named_children
        if not given:
            return
        noted = False
        for place, argument in enumerate(given):
            if argument.type in _FUNCTIONS:
                self.found.callbacks[argument.id] = (call, scope, place)
                noted = True
        if noted:
            self.found.calls.append((call, scope))
        if len(given) == 1 and given[0].type == "string":
            self._load(call, called, given[0], scope)

    def _load(self, call: Node, called: Node, module: Node, scope: Scope) -> None:
        dynamic = called.type == "import"
        if dynamic or (called.type == "identifier" and self._text(called) == "require"):
            self.found.loaded.append(Loaded(call, self._text(module)[1:-1], scope, dynamic))

    def _target(self, node: Node, scope: Scope, kind: UseKind, value: Node | None) -> None:
        """Something that is called, inherited from or written to."""
        shape = node.type
        if shape == "identifier":
            self._use(node, scope, kind)
            if kind == "call" and self._text(node) == "eval":
                self._mark_dynamic(scope)
        elif shape == "member_expression":
            base, name = node.child_by_field_name("object"), node.child_by_field_name("property")
            if base is None:
                return
            if name is not None:
                self.found.accesses.append(Access(self._text(name), name, base, scope, kind, value))
            self._stack.append((base, scope))
        elif shape in {"parenthesized_expression", "non_null_expression", "as_expression", "satisfies_expression"}:
            inner = node.named_children
            if inner:
                self._target(inner[0], scope, kind, value)
                for child in inner[1:]:
                    self._push(child, scope)
        else:
            self._push(node, scope)

    def _mark_dynamic(self, scope: Scope) -> None:
        around: Scope | None = scope
        while around is not None:
            around.dynamic = True
            around = around.parent

    def _assignment(self, node: Node, scope: Scope) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        self._push(right, scope)
        if left is None:
            return
        if left.type in {"object_pattern", "array_pattern"}:
            self._write_pattern(left, (), Origin(right, None, scope), scope)
        else:
            self._target(left, scope, "write", right)

    def _write_pattern(self, node: Node, path: tuple[Step, ...], origin: Origin, scope: Scope) -> None:
        for name, step in self._parts(node, path, origin, scope):
            if name.type in {"identifier", "shorthand_property_identifier_pattern"}:
                self._use(name, scope, "write")
            elif step is not None:
                self._target(name, scope, "write", None)

    def _augmented(self, node: Node, scope: Scope) -> None:
        left = node.child_by_field_name("left")
        self._push(node.child_by_field_name("right"), scope)
        if left is not None:
            self._target(left, scope, "update", None)

    def _update(self, node: Node, scope: Scope) -> None:
        argument = node.child_by_field_name("argument")
        if argument is not None:
            self._target(argument, scope, "update", None)

    def _object(self, node: Node, scope: Scope) -> None:
        self.found.objects.append((node, scope))
        self._push_children(node, scope)

    def _jsx(self, node: Node, scope: Scope) -> None:
        self.found.jsx = True
        name = node.child_by_field_name("name")
        for child in reversed(node.named_children):
            if child != name:
                self._stack.append((child, scope))
        if name is None:
            return
        if name.type == "identifier":
            if not self._text(name)[:1].islower():  # `<div>` is no name of the file.
                self._use(name, scope, "name")
        else:
            self._stack.append((name, scope))

    def _return(self, node: Node, scope: Scope) -> None:
        given = node.named_children
        if given:
            scope.function.returns.append(given[0])
            self._push_children(node, scope)

    # Patterns

    def _parts(
        self, node: Node, path: tuple[Step, ...], origin: Origin, scope: Scope
    ) -> list[tuple[Node, tuple[Step, ...] | None]]:
        """The names, or other targets, in a pattern, and the steps to their values."""
        waiting: list[tuple[Node, tuple[Step, ...]]] = [(node, path)]
        names: list[tuple[Node, tuple[Step, ...] | None]] = []
        while waiting:
            part, steps = waiting.pop()
            shape = part.type
            if shape == "object_pattern":
                waiting.extend((child, steps) for child in reversed(part.named_children))
            elif shape == "array_pattern":
                waiting.extend(reversed(self._places(part, steps)))
            elif shape in {"assignment_pattern", "object_assignment_pattern"}:
                self._push(part.child_by_field_name("right"), scope)
                left = part.child_by_field_name("left")
                if left is not None:
                    waiting.append((left, steps))
            elif shape == "pair_pattern":
                self._pair(part, steps, origin, scope, waiting)
            elif shape == "rest_pattern":
                waiting.extend((child, (*steps, "...")) for child in part.named_children)
            elif shape == "shorthand_property_identifier_pattern":
                text = self._text(part)
                self.found.keys.append(Key(text, part, origin, steps))
                names.append((part, (*steps, text)))
            elif shape not in _IGNORED:
                names.append((part, steps))
        return names

    @staticmethod
    def _places(node: Node, steps: tuple[Step, ...]) -> list[tuple[Node, tuple[Step, ...]]]:
        place = 0
        found: list[tuple[Node, tuple[Step, ...]]] = []
        for child in node.children:
            if child.type == ",":
                place += 1
            elif child.is_named:
                found.append((child, (*steps, place)))
        return found

    def _pair(
        self,
        node: Node,
        steps: tuple[Step, ...],
        origin: Origin,
        scope: Scope,
        waiting: list[tuple[Node, tuple[Step, ...]]],
    ) -> None:
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        if key is None or value is None:
            return
        step: Step = "[]"
        if key.type == "property_identifier":
            step = self._text(key)
            self.found.keys.append(Key(step, key, origin, steps))
        else:
            self._push(key, scope)
        waiting.append((value, (*steps, step)))

    # Declarations

    def _declaration(self, node: Node, scope: Scope) -> None:
        word = "var" if node.type == "variable_declaration" else self._text(node.children[0])
        kind: BoundKind = "let" if word == "let" else "var" if word == "var" else "const"
        for declarator in node.named_children:
            if declarator.type == "variable_declarator":
                self._declarator(declarator, node, kind, scope)

    def _declarator(self, node: Node, around: Node, kind: BoundKind, scope: Scope) -> None:
        name = node.child_by_field_name("name")
        value, annotation = node.child_by_field_name("value"), node.child_by_field_name("type")
        self._push(value, scope)
        self._push(annotation, scope)
        if name is not None:
            self._bind(name, kind, node, Origin(value, annotation, scope), scope, around)

    def _bind(
        self, pattern: Node, kind: BoundKind, statement: Node, origin: Origin, scope: Scope, flagged: Node
    ) -> list[Bound]:
        owner = scope.function if kind == "var" else scope
        bounds: list[Bound] = []
        for name, path in self._parts(pattern, (), origin, scope):
            if name.type not in {"identifier", "shorthand_property_identifier_pattern"}:
                continue
            bound = Bound(self._text(name), kind, name, statement, origin, path or ())
            self._flags(bound, flagged)
            self._declare(bound, owner)
            bounds.append(bound)
        return bounds

    def _function_declaration(self, node: Node, scope: Scope) -> None:
        name = node.child_by_field_name("name")
        kind: BoundKind = "signature" if node.type == "function_signature" else "function"
        body = self._function(node, scope)
        if name is None:
            return
        bound = Bound(self._text(name), kind, name, node, body=body)
        self._flags(bound, node)
        self._declare(bound, scope.function if self.script else scope)

    def _function_expression(self, node: Node, scope: Scope) -> None:
        body = self._function(node, scope)
        body.arrow = node.type == "arrow_function"
        name = node.child_by_field_name("name")
        if name is not None and self._text(name) not in body.values:
            self._declare(Bound(self._text(name), "function name", name, node, body=body), body)
        block = node.child_by_field_name("body")
        if body.arrow and block is not None and block.type != "statement_block":
            body.returns.append(block)

    def _method(self, node: Node, scope: Scope) -> None:
        name = node.child_by_field_name("name")
        if name is not None and name.type == "computed_property_name":
            self._push(name, scope)
        for child in node.children_by_field_name("decorator"):
            self._push(child, scope)
        self._function(node, scope)

    def _signature(self, node: Node, scope: Scope) -> None:
        self._function(node, scope)

    def _function(self, node: Node, scope: Scope) -> Scope:
        """Open a function, with its parameters; its body lies in the same scope."""
        inner = self._open("function", node, scope)
        self.found.of_node[node.id] = inner
        body = node.child_by_field_name("body")
        if body is not None:
            if body.type == "statement_block":
                self._push_children(body, inner)
            else:
                self._stack.append((body, inner))
        self._push(node.child_by_field_name("return_type") or node.child_by_field_name("type"), inner)
        self._push(node.child_by_field_name("type_parameters"), inner)
        parameters = node.child_by_field_name("parameters") or node.child_by_field_name("parameter")
        if parameters is not None:
            listed = [parameters] if parameters.type == "identifier" else parameters.named_children
            for place, parameter in enumerate(child for child in listed if child.type != "comment"):
                self._parameter(parameter, place, node, inner)
        return inner

    def _parameter(self, node: Node, place: int, function: Node, scope: Scope) -> None:
        pattern, value, annotation = node, None, None
        modifier = ""
        if node.type in {"required_parameter", "optional_parameter"}:
            pattern = node.child_by_field_name("pattern") or node
            value, annotation = node.child_by_field_name("value"), node.child_by_field_name("type")
            modifier = self._modifiers(node, scope)
        elif node.type == "assignment_pattern":
            pattern = node.child_by_field_name("left") or node
            value = node.child_by_field_name("right")
        self._push(value, scope)
        self._push(annotation, scope)
        origin = Origin(value, annotation, scope, function=function, place=place)
        bounds = self._bind(pattern, "parameter", node, origin, scope, node)
        for bound in bounds:
            bound.property = bool(modifier)
            bound.private = modifier == "private"
        scope.parameters.extend(bounds)

    def _modifiers(self, parameter: Node, scope: Scope) -> str:
        """The accessibility of a parameter that is a property too."""
        modifier = ""
        for child in parameter.children:
            kind = child.type
            if kind == "decorator":
                self._push(child, scope)
            elif kind == "accessibility_modifier":
                modifier = self._text(child)
            elif kind in {"readonly", "override_modifier"}:
                modifier = modifier or "public"
        return modifier

    # Classes and types

    def _class(self, node: Node, scope: Scope) -> None:
        inner = self._open("class", node, scope)
        self.found.of_node[node.id] = inner
        name = node.child_by_field_name("name")
        if name is not None:
            expression = node.type == "class"
            bound = Bound(self._text(name), "class name" if expression else "class", name, node, body=inner)
            self._flags(bound, node)
            self._declare(bound, inner if expression else scope)
        for child in reversed(node.named_children):
            if child != name:
                self._stack.append((child, scope if child.type == "decorator" else inner))

    def _heritage(self, node: Node, scope: Scope) -> None:
        for clause in node.named_children:
            if clause.type in {"extends_clause", "implements_clause"}:
                self._inherits(clause, scope)
            else:  # JavaScript has no clause around what is extended.
                self._target(clause, scope, "inherit", None)

    def _inherits(self, node: Node, scope: Scope) -> None:
        for child in node.named_children:
            self._base(child, scope)

    def _base(self, node: Node, scope: Scope) -> None:
        shape = node.type
        if shape == "type_identifier":
            self._use(node, scope, "inherit", typed=True)
        elif shape == "generic_type":
            name = node.child_by_field_name("name")
            self._push(node.child_by_field_name("type_arguments"), scope)
            if name is not None:
                self._base(name, scope)
        elif shape == "nested_type_identifier":
            self._nested(node, scope, "module", "name", "inherit")
        elif shape == "type_arguments":
            self._push(node, scope)
        else:
            self._target(node, scope, "inherit", None)

    def _static_block(self, node: Node, scope: Scope) -> None:
        inner = self._open("function", node, scope)
        inner.arrow = True
        body = node.child_by_field_name("body")
        if body is not None:
            self._push_children(body, inner)

    def _interface(self, node: Node, scope: Scope) -> None:
        inner = self._open("types", node, scope)
        name = node.child_by_field_name("name")
        kind: BoundKind = "interface" if node.type == "interface_declaration" else "alias"
        if name is not None:
            bound = Bound(self._text(name), kind, name, node, body=inner)
            self._flags(bound, node)
            self._declare(bound, scope)
        for child in reversed(node.named_children):
            if child != name:
                self._stack.append((child, inner))

    def _enum(self, node: Node, scope: Scope) -> None:
        inner = self._open("enum", node, scope)
        self.found.of_node[node.id] = inner
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None:
            bound = Bound(self._text(name), "enum", name, node, body=inner)
            self._flags(bound, node)
            self._declare(bound, scope)
        for member in body.named_children if body is not None else []:
            called = member
            if member.type == "enum_assignment":
                called = member.child_by_field_name("name") or member
                self._push(member.child_by_field_name("value"), inner)
            if called.type in {"property_identifier", "string"}:
                self._declare(Bound(self._text(called).strip("'\""), "member", called, member), inner)

    def _namespace(self, node: Node, scope: Scope) -> None:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        inner = self._open("namespace", node, scope)
        self.found.of_node[node.id] = inner
        if name is not None and name.type != "string":
            first = name
            while first.type == "nested_identifier":
                first = first.child_by_field_name("object") or first.named_children[0]
            bound = Bound(self._text(first), "namespace", first, node, body=inner)
            self._flags(bound, node)
            self._declare(bound, scope)
        if body is not None:
            if node.id in self._ambient:
                self._mark_ambient(body)
            self._push_children(body, inner)

    def _ambient_declaration(self, node: Node, scope: Scope) -> None:
        self._mark_ambient(node)
        for child in reversed(node.named_children):
            if node.id in self._export_of:
                self._export_of.add(child.id)
            if child.type == "statement_block":  # `declare global`
                inner = self._open("namespace", node, scope)
                self._mark_ambient(child)
                self._push_children(child, inner)
            else:
                self._stack.append((child, scope))

    def _mark_ambient(self, around: Node) -> None:
        for child in around.named_children:
            self._ambient.add(child.id)
            if child.type == "export_statement":
                self._ambient.update(inner.id for inner in child.named_children)

    def _type_parameters(self, node: Node, scope: Scope) -> None:
        for parameter in node.named_children:
            name = parameter.child_by_field_name("name")
            if name is None:
                continue
            self._declare(Bound(self._text(name), "type parameter", name, parameter), scope)
            for child in parameter.named_children:
                if child != name:
                    self._push(child, scope)

    def _index_signature(self, node: Node, scope: Scope) -> None:
        inner = self._open("types", node, scope)
        name = node.child_by_field_name("name")
        for child in reversed(node.named_children):
            if child.type == "mapped_type_clause":
                key = child.child_by_field_name("name")
                if key is not None:
                    self._declare(Bound(self._text(key), "type parameter", key, child), inner)
                for part in child.named_children:
                    if part != key:
                        self._push(part, inner)
            elif child != name:
                self._stack.append((child, inner))

    def _conditional_type(self, node: Node, scope: Scope) -> None:
        self._push_children(node, self._open("types", node, scope))

    def _infer(self, node: Node, scope: Scope) -> None:
        parts = node.named_children
        around = scope
        while around.node.type != "conditional_type" and around.parent is not None:
            around = around.parent
        if parts:
            self._declare(Bound(self._text(parts[0]), "type parameter", parts[0], node), around)
            for part in parts[1:]:
                self._push(part, scope)

    # Imports and exports

    def _import(self, node: Node, scope: Scope) -> None:
        source = node.child_by_field_name("source")
        module = self._text(source)[1:-1] if source is not None else ""
        clauses = [child for child in node.named_children if child.type in {"import_clause", "import_require_clause"}]
        if not clauses:
            self.found.effects.append((module, node))
            return
        typing_only = any(child.type == "type" for child in node.children)
        for clause in clauses:
            if clause.type == "import_require_clause":
                self._import_require(clause, node, scope)
                continue
            for child in clause.named_children:
                self._import_part(child, module, typing_only, scope)

    def _import_require(self, clause: Node, statement: Node, scope: Scope) -> None:
        source = clause.child_by_field_name("source")
        if source is not None and clause.named_children:
            module = self._text(source)[1:-1]
            self._import_name(clause.named_children[0], statement, module, "=", False, scope)
            if statement.id in self._export_of:
                name = self._text(clause.named_children[0])
                self.found.exports.append(Export(statement, name, name, "", False, None))

    def _import_part(self, part: Node, module: str, typing_only: bool, scope: Scope) -> None:
        if part.type == "identifier":
            self._import_name(part, part, module, "default", typing_only, scope)
        elif part.type == "namespace_import":
            names = [child for child in part.named_children if child.type == "identifier"]
            if names:
                self._import_name(names[0], part, module, "", typing_only, scope)
        elif part.type == "named_imports":
            for specifier in part.named_children:
                name = specifier.child_by_field_name("name")
                if name is not None:
                    alias = specifier.child_by_field_name("alias") or name
                    only = typing_only or any(child.type in {"type", "typeof"} for child in specifier.children)
                    self._import_name(alias, specifier, module, self._text(name).strip("'\""), only, scope)

    def _import_name(
        self, name: Node, statement: Node, module: str, imported: str, typing_only: bool, scope: Scope
    ) -> None:
        bound = Bound(
            self._text(name), "import", name, statement, module=module, imported=imported, typing_only=typing_only
        )
        self._declare(bound, scope)
        self.found.imports.append(bound)

    def _import_alias(self, node: Node, scope: Scope) -> None:
        """`import A = N.B`."""
        parts = node.named_children
        if len(parts) > 1:
            bound = Bound(self._text(parts[0]), "namespace", parts[0], node, Origin(parts[1], None, scope))
            self._flags(bound, node)
            self._declare(bound, scope)
            self._push(parts[1], scope)

    def _export(self, node: Node, scope: Scope) -> None:
        declaration, value = node.child_by_field_name("declaration"), node.child_by_field_name("value")
        source = node.child_by_field_name("source")
        words = {child.type for child in node.children if not child.is_named}
        for child in node.children_by_field_name("decorator"):
            self._push(child, scope)
        if declaration is not None:
            self._export_of.add(declaration.id)
            if "default" in words:
                self._default = declaration.id
            self._declare_exported(declaration, scope)
        elif value is not None:
            alias = "default" if "default" in words else "="
            self._export_value(node, value, alias, scope)
        elif "=" in words:
            for child in node.named_children[:1]:
                self._export_value(node, child, "=", scope)
        elif "namespace" not in words:
            module = self._text(source)[1:-1] if source is not None else ""
            self._export_names(node, module, "type" in words, scope)

    def _declare_exported(self, declaration: Node, scope: Scope) -> None:
        """Visit what is exported at once: `_default` holds for it only."""
        visit = self._visits.get(declaration.type)
        if visit is not None:
            visit(declaration, scope)
        else:
            self._push_children(declaration, scope)

    def _export_value(self, node: Node, value: Node, alias: str, scope: Scope) -> None:
        name = self._text(value) if value.type == "identifier" else ""
        self.found.exports.append(Export(node, name, alias, "", False, value))
        if name:
            self._use(value, scope, "export")
        else:
            self._push(value, scope)

    def _export_names(self, node: Node, module: str, typing_only: bool, scope: Scope) -> None:
        for clause in node.named_children:
            if clause.type == "namespace_export":
                for name in clause.named_children[:1]:
                    self.found.exports.append(Export(clause, "", self._text(name), module, typing_only, None))
            elif clause.type == "export_clause":
                for specifier in clause.named_children:
                    self._export_name(specifier, module, typing_only, scope)
        if module and not any(child.type in {"namespace_export", "export_clause"} for child in node.named_children):
            self.found.exports.append(Export(node, "*", "", module, typing_only, None))

    def _export_name(self, specifier: Node, module: str, typing_only: bool, scope: Scope) -> None:
        name = specifier.child_by_field_name("name")
        if name is None:
            return
        alias = specifier.child_by_field_name("alias") or name
        text = self._text(name).strip("'\"")
        self.found.exports.append(Export(specifier, text, self._text(alias).strip("'\""), module, typing_only, None))
        if not module:
            self._use(name, scope, "export")

    # Blocks

    def _block(self, node: Node, scope: Scope) -> None:
        deeper = 0 if scope.kind in {"for", "catch"} else 1
        self._push_children(node, self._open("block", node, scope, depth=scope.depth + deeper))

    def _deepen(self, scope: Scope) -> None:
        function = scope.function
        function.nesting = max(function.nesting, scope.depth + 1)

    def _for(self, node: Node, scope: Scope) -> None:
        self._deepen(scope)
        scope.function.branches += 1
        inner = self._open("for", node, scope, depth=scope.depth + 1)
        self._push_children(node, inner)

    def _for_in(self, node: Node, scope: Scope) -> None:
        self._deepen(scope)
        scope.function.branches += 1
        inner = self._open("for", node, scope, depth=scope.depth + 1)
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        self._push(node.child_by_field_name("body"), inner)
        self._push(right, scope)
        word = node.child_by_field_name("kind")
        operator = node.child_by_field_name("operator")
        each = operator is not None and operator.type == "of"
        if left is None:
            return
        if word is not None:
            text = self._text(word)
            kind: BoundKind = "var" if text == "var" else "let" if text == "let" else "const"
            self._bind(left, kind, node, Origin(right if each else None, None, scope, each=each), inner, node)
        elif left.type in {"object_pattern", "array_pattern"}:
            self._write_pattern(left, (), Origin(None, None, scope), inner)
        else:
            self._target(left, inner, "write", None)

    def _catch(self, node: Node, scope: Scope) -> None:
        scope.function.branches += 1
        inner = self._open("catch", node, scope, depth=scope.depth + 1)
        parameter = node.child_by_field_name("parameter")
        annotation = node.child_by_field_name("type")
        self._push(node.child_by_field_name("body"), inner)
        self._push(annotation, scope)
        if parameter is not None:
            self._bind(parameter, "catch", node, Origin(None, annotation, scope), inner, node)

    def _branch(self, node: Node, scope: Scope) -> None:
        self._deepen(scope)
        scope.function.branches += 1
        self._push_children(node, scope)

    def _count(self, node: Node, scope: Scope) -> None:
        scope.function.branches += 1
        self._push_children(node, scope)

    def _binary(self, node: Node, scope: Scope) -> None:
        operator = node.child_by_field_name("operator")
        if operator is not None and operator.type in _LOGICAL:
            scope.function.branches += 1
        self._push_children(node, scope)

    def _nest(self, node: Node, scope: Scope) -> None:
        self._deepen(scope)
        self._push_children(node, scope)

    def _with(self, node: Node, scope: Scope) -> None:
        self._mark_dynamic(scope)
        self._push_children(node, scope)
