"""What is known of the values in a JavaScript or TypeScript file: annotations, `new`, `this`, calls, unpacking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tree_sitter import Node

from aura_code.structure.facts import Binding
from aura_code.structure.gathering import UNKNOWN, instance, item, member, part, result, several
from aura_code.syntax import SourceFile
from aura_code.syntax.javascript_scopes import Bound, JavaScriptScopes, Origin, Scope, Step, Variable, lookup

_DEEPEST: Final = 40
_TRANSPARENT: Final = frozenset(
    {
        "Promise", "PromiseLike", "Awaited", "Partial", "Required", "Readonly", "NonNullable", "Omit", "Pick",
        "Exclude", "Extract", "NoInfer", "DeepPartial", "MaybePromise", "Mutable", "Writable",
    }
)  # fmt: skip
"""Types that count as their first argument: what is asked of their values is asked of that."""
_LISTS: Final = frozenset(
    {
        "Array", "ReadonlyArray", "Set", "ReadonlySet", "WeakSet", "Iterable", "Iterator", "IterableIterator",
        "AsyncIterable", "AsyncIterator", "AsyncIterableIterator", "Generator", "AsyncGenerator", "ArrayLike",
    }
)  # fmt: skip
_MAPS: Final = frozenset({"Map", "ReadonlyMap", "WeakMap", "Record"})
_NOTHING: Final = frozenset({"any", "unknown", "void", "never", "undefined", "null", "object"})
_LITERALS: Final = {
    "string": "string",
    "template_string": "string",
    "number": "number",
    "true": "boolean",
    "false": "boolean",
    "regex": "RegExp",
    "object": "object",
    "jsx_element": "Element",
    "jsx_self_closing_element": "Element",
    "null": "null",
    "unary_expression": "number",
    "update_expression": "number",
}
_SAME: Final = frozenset({"filter", "slice", "concat", "reverse", "sort", "toSorted", "toReversed", "splice", "values"})
_ONE: Final = frozenset({"find", "findLast", "pop", "shift", "at", "get"})
_OVER_ITEMS: Final = frozenset(
    {
        "map", "forEach", "filter", "find", "findLast", "findIndex", "some", "every", "flatMap", "findLastIndex",
        "partition", "sort",
    }
)  # fmt: skip
_ASSIGNED: Final = frozenset({"const", "let", "var"})
_INNER_FIRST: Final = frozenset(
    {"parenthesized_expression", "non_null_expression", "await_expression", "satisfies_expression"}
)


class Values:
    """Answers what the expressions and types of one file stand for."""

    def __init__(self, file: SourceFile, scopes: JavaScriptScopes) -> None:
        self.file = file
        self.scopes = scopes
        self.index_of: dict[int, int] = {}
        """The definition of each name that is one, by where the name starts."""
        self.definition_of: dict[int, int] = {}
        """The definition of each scope that is a function, class or the like, by the id of its node."""
        self.this_of: dict[int, Binding] = {}
        """What `this` is in functions that are no methods of a class, by the id of their node."""
        self.results: dict[int, tuple[Node, Scope]] = {}
        """What functions return that say so by a type without a name, by their definitions."""
        self._shapes: list[tuple[Node, Scope]] = []
        """Types without a name. ("shape", PLACE) stands for a value of one, in here only."""
        self._names: dict[int, Binding] = {}
        self._depth = 0
        self._visits: dict[str, Callable[[Node, Scope], Binding]] = {
            "identifier": self._identifier,
            "shorthand_property_identifier": self._identifier,
            "this": self._this,
            "super": self._super,
            "member_expression": self._member,
            "nested_identifier": self._member,
            "nested_type_identifier": self._nested_type,
            "subscript_expression": self._subscript,
            "call_expression": self._call,
            "new_expression": self._new,
            "as_expression": self._as,
            "type_assertion": self._assertion,
            "ternary_expression": self._either("consequence", "alternative"),
            "binary_expression": self._binary,
            "assignment_expression": self._field("right"),
            "sequence_expression": self._last,
            "array": self._array,
            "class": self._scoped,
            "function_expression": self._scoped,
            "arrow_function": self._scoped,
        }
        self._types: dict[str, Callable[[Node, Scope], Binding]] = {
            "type_identifier": self._type_name,
            "nested_type_identifier": self._type_member,
            "generic_type": self._generic,
            "predefined_type": self._predefined,
            "array_type": self._array_type,
            "tuple_type": self._tuple_type,
            "union_type": self._first_type,
            "intersection_type": self._first_type,
            "type_query": self._type_query,
            "lookup_type": self._lookup_type,
            "literal_type": self._literal_type,
            "object_type": self._shape_type,
            "this_type": self._this_type,
            "type_predicate": self._plain_type,
            "index_type_query": self._plain_type,
            "template_literal_type": self._plain_type,
            "function_type": self._no_type,
            "constructor_type": self._no_type,
            "conditional_type": self._no_type,
            "infer_type": self._no_type,
        }

    # Names

    def name(self, variable: Variable) -> Binding:
        """What a name stands for; for a local variable what is known of its value."""
        known = self._names.get(id(variable))
        if known is None:
            self._names[id(variable)] = UNKNOWN  # of a value that is made from itself
            known = self._named(variable)
            self._names[id(variable)] = known
        return known

    def is_local(self, variable: Variable) -> bool:
        """Whether a name is a local variable, whose uses are not reported."""
        binding = self._outer(variable)
        return not binding

    def _outer(self, variable: Variable) -> Binding:
        for bound in variable.bounds:
            index = self.index_of.get(bound.node.start_byte)
            if index is not None:
                return ("def", index)
            if bound.kind == "import":
                return ("import", bound.module, bound.imported)
            if bound.kind in _ASSIGNED and (found := self.required(bound)):
                return found
        return UNKNOWN

    def required(self, bound: Bound) -> Binding:
        """The import that `const x = require("m")`, `… = require("m").x` and `const {x} = require("m")` stand for."""
        value = bound.origin.value if bound.origin is not None and not bound.origin.each else None
        if value is None or bound.exported or len(bound.path) > 1:
            return UNKNOWN
        steps = [str(step) for step in bound.path if step not in {"...", "[]"} and isinstance(step, str)]
        if value.type == "member_expression" and not bound.path:
            name = value.child_by_field_name("property")
            value = value.child_by_field_name("object") or value
            steps = [self.file.text_of(name)] if name is not None else []
        called = value.child_by_field_name("function") if value.type == "call_expression" else None
        if called is None or called.type != "identifier" or len(steps) < len(bound.path):
            return UNKNOWN
        module = self._loaded(value, called)
        return ("import", module, steps[0] if steps else "=") if module else UNKNOWN

    def _named(self, variable: Variable) -> Binding:
        outer = self._outer(variable)
        if outer:
            return outer
        for bound in variable.bounds:
            if bound.kind in {"function name", "class name"} and bound.body is not None:
                index = self.definition_of.get(bound.body.node.id)
                return ("def", index) if index is not None else UNKNOWN
            found = self.bound(bound)
            if found:
                return found
        return self._written(variable)

    def _written(self, variable: Variable) -> Binding:
        """The value of a variable without one at its declaration that is written once."""
        writes = [use for use in variable.uses if use.kind == "write"]
        if len(writes) != 1 or any(_says_more(bound) for bound in variable.bounds):
            return UNKNOWN
        around = writes[0].node.parent
        right = around.child_by_field_name("right") if around is not None else None
        if around is None or right is None or around.type != "assignment_expression":
            return UNKNOWN
        return self.value(right, writes[0].scope)

    def bound(self, bound: Bound) -> Binding:
        """What is known of the value that a binding gives to its name."""
        if bound.origin is None:
            return UNKNOWN
        return self.steps(self.origin(bound.origin), bound.path)

    def origin(self, origin: Origin) -> Binding:
        """What a pattern takes apart."""
        if origin.annotation is not None:
            return self.type(origin.annotation, origin.scope)
        found = self.value(origin.value, origin.scope) if origin.value is not None else UNKNOWN
        if origin.each:
            return item(found)
        if not found and origin.function is not None:
            return self._callback(origin.function, origin.place)
        return found

    def steps(self, base: Binding, path: tuple[Step, ...]) -> Binding:
        """What stands in a value at the end of a path."""
        for step in path:
            if step == "...":
                continue
            if isinstance(step, int):
                base = item(base)
            elif base and base[0] == "import" and base[2] in {"", "="}:
                base = ("import", base[1], step)
            else:
                base = self.property(base, step) if step != "[]" else UNKNOWN
        return base

    def _callback(self, function: Node, place: int) -> Binding:
        """A parameter of a function that is handed to `map` and the like."""
        known = self.scopes.callbacks.get(function.id)
        if known is None or place != 0:
            return UNKNOWN
        call, scope, _ = known
        called = call.child_by_field_name("function")
        if called is None or called.type != "member_expression":
            return UNKNOWN
        base, name = called.child_by_field_name("object"), called.child_by_field_name("property")
        if base is None or name is None:
            return UNKNOWN
        text = self.file.text_of(name)
        if text == "then":
            return self.value(base, scope)
        return item(self.value(base, scope)) if text in _OVER_ITEMS else UNKNOWN

    # Values

    def value(self, node: Node, scope: Scope) -> Binding:
        """What is known of the value of an expression."""
        while node.type in _INNER_FIRST:
            inner = node.named_children
            if not inner:
                return UNKNOWN
            node = inner[0]
        literal = _LITERALS.get(node.type)
        if literal is not None:
            return ("type", ("free", literal))
        visit = self._visits.get(node.type)
        if visit is None or self._depth > _DEEPEST:
            return UNKNOWN
        self._depth += 1
        found = visit(node, scope)
        self._depth -= 1
        return found

    def _identifier(self, node: Node, scope: Scope) -> Binding:
        text = self.file.text_of(node)
        variable = lookup(text, scope) or lookup(text, scope, typed=True)
        return self.name(variable) if variable is not None else ("free", text)

    def this(self, scope: Scope) -> Binding:
        """What `this` is."""
        around: Scope | None = scope
        while around is not None:
            if around.kind == "class":
                return self._instance_of(around)
            if around.kind == "function" and not around.arrow:
                known = self.this_of.get(around.node.id)
                if known is not None:
                    return known
                owner = around.parent
                if owner is None or owner.kind != "class":
                    return self._made_by(around.node)
                static = any(child.type == "static" for child in around.node.children)
                found = self._instance_of(owner)
                return part(found, 1) if static else found
            around = around.parent
        return UNKNOWN

    def _made_by(self, function: Node) -> Binding:
        """What `new` of a function gives, when its name begins like that of a class."""
        name, index = function.child_by_field_name("name"), self.definition_of.get(function.id)
        if name is None or index is None or not self.file.text_of(name)[:1].isupper():
            return UNKNOWN
        return ("type", ("def", index))

    def _instance_of(self, scope: Scope) -> Binding:
        index = self.definition_of.get(scope.node.id)
        return ("type", ("def", index)) if index is not None else UNKNOWN

    def _this(self, _node: Node, scope: Scope) -> Binding:
        return self.this(scope)

    def _super(self, _node: Node, scope: Scope) -> Binding:
        this = self.this(scope)
        owner = part(this, 1) if this and this[0] == "type" else this
        return ("super", owner[1]) if owner and owner[0] == "def" else UNKNOWN

    def _member(self, node: Node, scope: Scope) -> Binding:
        base, name = node.child_by_field_name("object"), node.child_by_field_name("property")
        if base is None or name is None:
            return UNKNOWN
        return self.property(self.value(base, scope), self.file.text_of(name))

    def property(self, base: Binding, name: str) -> Binding:
        """A property of a value."""
        shape = self._shape(base)
        if shape is not None:
            return self._of_shape(*shape, name)
        if name == "prototype":
            return instance(base)
        if name == "constructor" and base and base[0] == "type":
            return part(base, 1)
        if base and base[0] == "import" and base[2] == "" and base[1]:
            return ("import", base[1], name)
        return member(base, name)

    def is_nameless(self, base: Binding) -> bool:
        """Whether a value is of a type without a name, whose properties are no definitions."""
        return self._shape(base) is not None

    def _shape(self, base: Binding) -> tuple[Node, Scope] | None:
        """The type without a name that a value has."""
        if not base:
            return None
        if base[0] == "shape" and isinstance(base[1], int):
            return self._shapes[base[1]]
        made = part(base, 1) if base[0] == "result" else UNKNOWN
        if made[:1] == ("def",) and isinstance(made[1], int):
            return self.results.get(made[1])
        return None

    def _of_shape(self, node: Node, scope: Scope, name: str) -> Binding:
        for one in node.named_children:
            called = one.child_by_field_name("name")
            if called is None or self.file.text_of(called) != name or one.type != "property_signature":
                continue
            annotation = one.child_by_field_name("type")
            return self.type(annotation, scope) if annotation is not None else UNKNOWN
        return ("type", ("free", "object"))

    def plain(self, binding: Binding) -> Binding:
        """A binding as others may read it, without types that have no name."""
        if not self._shapes or not _holds_shape(binding):
            return binding
        return ("type", ("free", "object")) if binding[0] == "shape" else UNKNOWN

    def _nested_type(self, node: Node, scope: Scope) -> Binding:
        base, name = node.child_by_field_name("module"), node.child_by_field_name("name")
        if base is None or name is None:
            return UNKNOWN
        return self.property(self.value(base, scope), self.file.text_of(name))

    def _subscript(self, node: Node, scope: Scope) -> Binding:
        base, index = node.child_by_field_name("object"), node.child_by_field_name("index")
        if base is None or index is None:
            return UNKNOWN
        value = self.value(base, scope)
        if index.type == "string":
            return self.property(value, self.file.text_of(index)[1:-1])
        return item(value)

    def _call(self, node: Node, scope: Scope) -> Binding:
        called = node.child_by_field_name("function")
        if called is None:
            return UNKNOWN
        if called.type in {"import", "identifier"}:
            module = self._loaded(node, called)
            if module:
                return ("import", module, "" if called.type == "import" else "=")
        if called.type == "member_expression":
            found = self._method_call(node, called, scope)
            if found is not None:
                return found
        return result(self.value(called, scope))

    def _loaded(self, call: Node, called: Node) -> str:
        """The module that a call of `require` or `import` loads."""
        arguments = call.child_by_field_name("arguments")
        given = arguments.named_children if arguments is not None else []
        if len(given) != 1 or given[0].type != "string":
            return ""
        if called.type == "identifier" and self.file.text_of(called) != "require":
            return ""
        return self.file.text_of(given[0])[1:-1]

    def _method_call(self, call: Node, called: Node, scope: Scope) -> Binding | None:
        """What methods of arrays, functions and `Object` give; None when it is none of them."""
        base, name = called.child_by_field_name("object"), called.child_by_field_name("property")
        if base is None or name is None:
            return None
        text = self.file.text_of(name)
        if text in _SAME or text in _ONE:
            value = self.value(base, scope)
            if value and value[0] == "each":
                return value if text in _SAME else item(value)
        if text == "bind":
            return self.value(base, scope)
        if base.type == "identifier" and self.file.text_of(base) == "Object":
            return self._object_call(text, call, scope)
        return None

    def _object_call(self, name: str, call: Node, scope: Scope) -> Binding:
        arguments = call.child_by_field_name("arguments")
        first = arguments.named_children[:1] if arguments is not None else []
        if not first or name not in {"assign", "freeze", "create", "seal", "values"}:
            return ("type", ("free", "object"))
        found = self.value(first[0], scope)
        return several(item(found), "Array") if name == "values" else found

    def _new(self, node: Node, scope: Scope) -> Binding:
        called = node.child_by_field_name("constructor")
        if called is None:
            return UNKNOWN
        arguments = node.child_by_field_name("type_arguments")
        if called.type == "identifier" and arguments is not None:
            found = self._container(self.file.text_of(called), arguments, scope)
            if found is not None:
                return found
        return instance(self.value(called, scope))

    def _as(self, node: Node, scope: Scope) -> Binding:
        parts = node.named_children
        if len(parts) < 2:
            return self.value(parts[0], scope) if parts else UNKNOWN
        return self.type(parts[1], scope)

    def _assertion(self, node: Node, scope: Scope) -> Binding:
        """`<T>x`."""
        parts = node.named_children
        types = parts[0].named_children if parts else []
        return self.type(types[0], scope) if types else UNKNOWN

    def _either(self, first: str, second: str) -> Callable[[Node, Scope], Binding]:
        def visit(node: Node, scope: Scope) -> Binding:
            for name in (first, second):
                child = node.child_by_field_name(name)
                if child is not None and child.type not in {"null", "object"}:
                    found = self.value(child, scope)
                    if found and not _is_undefined(found):
                        return found
            return UNKNOWN

        return visit

    def _binary(self, node: Node, scope: Scope) -> Binding:
        operator = node.child_by_field_name("operator")
        word = operator.type if operator is not None else ""
        if word in {"||", "??"}:
            return self._either("left", "right")(node, scope)
        if word == "&&":
            return self._either("right", "left")(node, scope)
        return ("type", ("free", "string" if word == "+" else "number"))

    def _field(self, name: str) -> Callable[[Node, Scope], Binding]:
        def visit(node: Node, scope: Scope) -> Binding:
            child = node.child_by_field_name(name)
            return self.value(child, scope) if child is not None else UNKNOWN

        return visit

    def _last(self, node: Node, scope: Scope) -> Binding:
        parts = node.named_children
        return self.value(parts[-1], scope) if parts else UNKNOWN

    def _array(self, node: Node, scope: Scope) -> Binding:
        for child in node.named_children[:3]:
            found = self.value(child, scope) if child.type != "spread_element" else UNKNOWN
            if found:
                return several(found, "Array")
        return ("type", ("free", "Array"))

    def _scoped(self, node: Node, _scope: Scope) -> Binding:
        index = self.definition_of.get(node.id)
        return ("def", index) if index is not None else UNKNOWN

    # Types

    def type(self, node: Node, scope: Scope) -> Binding:
        """What is known of a value that has a type."""
        while node.type in {"type_annotation", "parenthesized_type", "readonly_type", "optional_type", "rest_type"}:
            inner = node.named_children
            if not inner:
                return UNKNOWN
            node = inner[-1]
        visit = self._types.get(node.type)
        if visit is None or self._depth > _DEEPEST:
            return UNKNOWN
        self._depth += 1
        found = visit(node, scope)
        self._depth -= 1
        return found

    def meant(self, node: Node, scope: Scope) -> Binding:
        """What the name of a type stands for."""
        if node.type == "generic_type":
            inner = node.child_by_field_name("name")
            return self.meant(inner, scope) if inner is not None else UNKNOWN
        if node.type == "nested_type_identifier":
            return self._nested_type(node, scope)
        if node.type != "type_identifier":
            return self.value(node, scope)
        text = self.file.text_of(node)
        variable = lookup(text, scope, typed=True) or lookup(text, scope)
        return self.name(variable) if variable is not None else ("free", text)

    def _type_name(self, node: Node, scope: Scope) -> Binding:
        variable = lookup(self.file.text_of(node), scope, typed=True)
        if variable is not None and variable.bounds[0].kind == "type parameter":
            return self._constraint(variable, scope)
        return instance(self.meant(node, scope))

    def _constraint(self, variable: Variable, scope: Scope) -> Binding:
        held = variable.bounds[0].statement.child_by_field_name("constraint")
        parts = held.named_children if held is not None else []
        return self.type(parts[0], scope) if parts else UNKNOWN

    def _type_member(self, node: Node, scope: Scope) -> Binding:
        return instance(self._nested_type(node, scope))

    def _generic(self, node: Node, scope: Scope) -> Binding:
        name, arguments = node.child_by_field_name("name"), node.child_by_field_name("type_arguments")
        if name is None:
            return UNKNOWN
        if name.type == "type_identifier" and arguments is not None:
            found = self._container(self.file.text_of(name), arguments, scope)
            if found is not None:
                return found
        return self.type(name, scope)

    def _container(self, name: str, arguments: Node, scope: Scope) -> Binding | None:
        given = arguments.named_children
        if not given:
            return None
        if name in _TRANSPARENT:
            return self.type(given[0], scope)
        if name in _LISTS:
            return several(self.type(given[0], scope), name) or ("type", ("free", name))
        if name in _MAPS:
            return several(self.type(given[-1], scope), name) or ("type", ("free", name))
        if name in {"ReturnType", "InstanceType"} and given[0].type == "type_query":
            found = self.type(given[0], scope)
            return result(found) if name == "ReturnType" else instance(found)
        return None

    def _predefined(self, node: Node, _scope: Scope) -> Binding:
        text = self.file.text_of(node)
        return UNKNOWN if text in _NOTHING else ("type", ("free", text))

    def _array_type(self, node: Node, scope: Scope) -> Binding:
        inner = node.named_children
        found = self.type(inner[0], scope) if inner else UNKNOWN
        return several(found, "Array") or ("type", ("free", "Array"))

    def _tuple_type(self, node: Node, scope: Scope) -> Binding:
        inner = node.named_children
        kinds = {child.type for child in inner}
        return several(self.type(inner[0], scope), "Array") if len(kinds) == 1 else ("type", ("free", "Array"))

    def _first_type(self, node: Node, scope: Scope) -> Binding:
        """The first part of a union or intersection that has a name."""
        plain = UNKNOWN
        for child in node.named_children:
            found = self.type(child, scope)
            if found and not _is_plain(found):
                return found
            plain = plain or found
        return plain

    def _type_query(self, node: Node, scope: Scope) -> Binding:
        inner = node.named_children
        return self.value(inner[0], scope) if inner else UNKNOWN

    def _lookup_type(self, node: Node, scope: Scope) -> Binding:
        parts = node.named_children
        if len(parts) != 2:
            return UNKNOWN
        base, key = self.type(parts[0], scope), self.file.text_of(parts[1])
        if key[:1] in {"'", '"'}:
            return self.property(base, key[1:-1])
        return item(base) if key == "number" else UNKNOWN

    def _literal_type(self, node: Node, _scope: Scope) -> Binding:
        inner = node.named_children
        name = _LITERALS.get(inner[0].type, "null") if inner else "null"
        return UNKNOWN if name == "null" else ("type", ("free", name))

    def _plain_type(self, _node: Node, _scope: Scope) -> Binding:
        return ("type", ("free", "object"))

    def _shape_type(self, node: Node, scope: Scope) -> Binding:
        self._shapes.append((node, scope))
        return ("shape", len(self._shapes) - 1)

    def _this_type(self, _node: Node, scope: Scope) -> Binding:
        return self.this(scope)

    def _no_type(self, _node: Node, _scope: Scope) -> Binding:
        return UNKNOWN


def _says_more(bound: Bound) -> bool:
    """Whether a binding is more than `let x;`."""
    origin = bound.origin
    return bound.kind not in {"let", "var"} or origin is None or origin.annotation is not None or bool(bound.path)


def _holds_shape(binding: Binding) -> bool:
    return binding[:1] == ("shape",) or any(_holds_shape(part(binding, place)) for place in range(1, len(binding)))


def _is_plain(binding: Binding) -> bool:
    """Whether it is known to be of no type of the project."""
    return binding[0] == "type" and part(binding, 1)[:1] == ("free",)


def _is_undefined(binding: Binding) -> bool:
    return binding == ("free", "undefined")
