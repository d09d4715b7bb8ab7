"""What names in a JavaScript or TypeScript file stand for, and texts as pieces; the same questions as for Python."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, TypeAlias

from tree_sitter import Node

from aura_code.rules.checks.trees import around, field, found, holds, named, per_file
from aura_code.syntax import SourceFile

Piece: TypeAlias = "str | Node"
"""A fixed part of a text, or an expression that is put into it."""

FUNCTIONS: Final = frozenset(
    {
        "function_declaration",
        "function_expression",
        "arrow_function",
        "method_definition",
        "generator_function",
        "generator_function_declaration",
    }
)
LOOPS: Final = frozenset({"for_statement", "for_in_statement", "while_statement", "do_statement"})
UPPER: Final = re.compile(r"[_$]*[A-Z][A-Z0-9_]*$")

_IMPORTS: Final = """
(import_statement (import_clause) @clause source: (string (string_fragment) @module))
(variable_declarator name: (_) @bound value: (_) @required)
"""
_CALLS: Final = """
(call_expression function: [(identifier) @name (member_expression property: (property_identifier) @name)]) @call
(new_expression constructor: [(identifier) @name (member_expression property: (property_identifier) @name)]) @call
"""
_ASSIGNED: Final = """
(variable_declarator name: (identifier) @name value: (_) @value) @at
(assignment_expression left: (identifier) @name right: (_) @value) @at
(augmented_assignment_expression left: (identifier) @name right: (_) @value) @at
"""
_FIXED: Final = frozenset({"number", "true", "false", "null", "undefined", "regex"})
_WRAPPERS: Final = frozenset(
    {"parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression", "await_expression"}
)
_DEEP: Final = 3  # Names that are followed to what is assigned to them, one after the other.


@per_file
def imports(file: SourceFile) -> dict[str, str]:
    """Names bound by `import` and `require`, and `module.name` that they stand for (`node:` left out)."""
    bound: dict[str, str] = {}
    for caught in found(file, _IMPORTS):
        if "clause" in caught:
            module = file.text_of(caught["module"][0]).removeprefix("node:")
            bound.update(_bound_by_clause(file, caught["clause"][0], module))
        else:
            target = _required(file, caught["required"][0])
            if target:
                bound.update(_bound_by_pattern(file, caught["bound"][0], target))
    return bound


def _bound_by_clause(file: SourceFile, clause: Node, module: str) -> Iterator[tuple[str, str]]:
    for part in named(clause):
        if part.type == "identifier":
            yield file.text_of(part), module
        elif part.type == "namespace_import":
            yield file.text_of(part.named_children[0]), module
        elif part.type == "named_imports":
            for each in named(part):
                name, alias = field(each, "name"), field(each, "alias")
                if name is not None:
                    yield file.text_of(alias or name), f"{module}.{file.text_of(name)}"


def _required(file: SourceFile, value: Node) -> str:
    """`module` or `module.name` of `require("module").name`, also within `promisify(…)`; else empty."""
    value = unwrapped(value)
    if value.type == "member_expression":
        inner, name = field(value, "object"), field(value, "property")
        base = _required(file, inner) if inner is not None else ""
        return f"{base}.{file.text_of(name)}" if base and name is not None else ""
    if value.type != "call_expression":
        return ""
    given = arguments(value)
    if len(given) != 1:
        return ""
    function = field(value, "function")
    called = file.text_of(function) if function is not None else ""
    if called == "require":
        return (literal(file, given[0]) or "").removeprefix("node:")
    return _promised(file, given[0]) if called.rpartition(".")[2] == "promisify" else ""


def _promised(file: SourceFile, function: Node) -> str:
    text = file.text_of(function)
    first, _, rest = text.partition(".")
    for caught in found(file, _IMPORTS):
        if "clause" in caught:
            bound = dict(
                _bound_by_clause(file, caught["clause"][0], file.text_of(caught["module"][0]).removeprefix("node:"))
            )
        else:
            required = caught["required"][0]
            if "promisify" in file.text_of(required)[:60]:
                continue
            target = _required(file, required)
            bound = dict(_bound_by_pattern(file, caught["bound"][0], target)) if target else {}
        if first in bound:
            return f"{bound[first]}.{rest}" if rest else bound[first]
    return ""


def _bound_by_pattern(file: SourceFile, pattern: Node, target: str) -> Iterator[tuple[str, str]]:
    if pattern.type == "identifier":
        yield file.text_of(pattern), target
    for each in named(pattern) if pattern.type == "object_pattern" else ():
        if each.type == "shorthand_property_identifier_pattern":
            yield file.text_of(each), f"{target}.{file.text_of(each)}"
        elif each.type == "pair_pattern":
            key, value = field(each, "key"), field(each, "value")
            if key is not None and value is not None:
                yield file.text_of(value), f"{target}.{file.text_of(key)}"


def unwrapped(node: Node) -> Node:
    """An expression without brackets, casts and `await` around it."""
    while node.type in _WRAPPERS and node.named_children:
        node = node.named_children[0]
    return node


def dotted(file: SourceFile, node: Node | None) -> str:
    """The full name of `a.b.c`, its first part replaced by what an import binds to it; empty for anything else."""
    parts: list[str] = []
    while node is not None and node.type == "member_expression":
        name = field(node, "property")
        parts.append(file.text_of(name) if name is not None else "")
        node = field(node, "object")
    if node is None or node.type not in {"identifier", "this"}:
        return ""
    first = file.text_of(node)
    return ".".join([imports(file).get(first, first), *reversed(parts)])


@per_file
def calls(file: SourceFile) -> dict[str, list[Node]]:
    """The calls and `new`s of a file by the last part of what is called."""
    by_name: dict[str, list[Node]] = defaultdict(list)
    for caught in found(file, _CALLS):
        by_name[file.text_of(caught["name"][0])].append(caught["call"][0])
    return by_name


def function_of(call: Node) -> Node | None:
    """What a call or a `new` calls."""
    return field(call, "function") or field(call, "constructor")


@functools.cache
def _last_parts(targets: frozenset[str]) -> frozenset[str]:
    return frozenset(target.rpartition(".")[2] for target in targets)


def calls_to(file: SourceFile, targets: frozenset[str]) -> Iterator[tuple[Node, str]]:
    """The calls of functions with these full names, through whatever import, with the full name."""
    known = calls(file)
    names = _last_parts(targets) | {name for name, target in imports(file).items() if target in targets}
    for name in names:
        for call in known.get(name, ()):
            full = dotted(file, function_of(call))
            if full in targets:
                yield call, full


def calls_of_method(file: SourceFile, names: frozenset[str]) -> Iterator[tuple[Node, str]]:
    """The calls of `something.name(…)`, with the name."""
    known = calls(file)
    for name in names:
        for call in known.get(name, ()):
            function = function_of(call)
            if function is not None and function.type == "member_expression":
                yield call, name


def arguments(call: Node) -> list[Node]:
    """The arguments of a call."""
    listed = field(call, "arguments")
    if listed is None:
        return []
    return named(listed) if listed.type == "arguments" else [listed]


def option(file: SourceFile, given: Node | None, name: str) -> Node | None:
    """The value of a key of an object literal."""
    if given is None or given.type != "object":
        return None
    for each in given.named_children:
        key = field(each, "key")
        if each.type == "pair" and key is not None and file.text_of(key).strip("'\"") == name:
            return field(each, "value")
    return None


def function_around(node: Node) -> Node | None:
    """The function around a node."""
    return around(node, FUNCTIONS)


def loop_around(node: Node) -> Node | None:
    """The loop whose body a node is in, within the same function."""
    parent = node.parent
    while parent is not None and parent.type not in FUNCTIONS:
        if parent.type in LOOPS and (body := field(parent, "body")) is not None and holds(body, node):
            return parent
        parent = parent.parent
    return None


@per_file
def assignments(file: SourceFile) -> dict[str, list[tuple[Node, Node]]]:
    """What is assigned to plain names, by name: the node of the name, and that of the value."""
    by_name: dict[str, list[tuple[Node, Node]]] = defaultdict(list)
    for caught in found(file, _ASSIGNED):
        name = caught["name"][0]
        by_name[file.text_of(name)].append((name, caught["value"][0]))
    return by_name


def parameter_names(file: SourceFile, function: Node) -> frozenset[str]:
    """The names that the parameters of a function bind."""
    listed = field(function, "parameters") or field(function, "parameter")
    if listed is None:
        return frozenset()
    if listed.type == "identifier":
        return frozenset([file.text_of(listed)])
    kinds = "[(identifier) (shorthand_property_identifier_pattern)] @name"
    return frozenset(file.text_of(caught["name"][0]) for caught in found(file, kinds, listed))


def values_of(file: SourceFile, name: Node) -> list[Node] | None:
    """The values that a name may have where it is used; None when that is not known."""
    text = file.text_of(name)
    all_of_name = assignments(file).get(text, ())
    function = function_around(name)
    while function is not None:
        if text in parameter_names(file, function):
            return None
        here = [(each, value) for each, value in all_of_name if function_around(each) == function]
        if here:
            before = [value for each, value in here if each.start_byte < name.start_byte]
            return before or [value for _, value in here]
        function = function_around(function)
    top = [value for each, value in all_of_name if function_around(each) is None]
    return top or None


def literal(file: SourceFile, node: Node | None) -> str | None:
    """The text of a string without anything put into it; None for all else."""
    if node is None or node.type not in {"string", "template_string"}:
        return None
    if any(child.type == "template_substitution" for child in node.named_children):
        return None
    return file.text_of(node)[1:-1]


def pieces(file: SourceFile, node: Node | None, depth: int = _DEEP) -> list[Piece]:
    """The parts of a text in their order; an expression that is not understood is one piece."""
    if node is None:
        return []
    node = unwrapped(node)
    read = _READERS.get(node.type)
    if read is None or depth == 0:
        return ["0"] if node.type in _FIXED else [node]
    return list(read(file, node, depth))


def is_fixed(file: SourceFile, node: Node | None) -> bool:
    """Whether an expression is a constant as far as can be seen here."""
    return all(isinstance(piece, str) for piece in pieces(file, node))


def _string(file: SourceFile, node: Node, _depth: int) -> Iterator[Piece]:
    yield file.text_of(node)[1:-1]


def _template(file: SourceFile, node: Node, depth: int) -> Iterator[Piece]:
    for child in node.named_children:
        if child.type == "template_substitution":
            for inner in named(child):
                yield from pieces(file, inner, depth)
        else:
            yield file.text_of(child)


def _operator(file: SourceFile, node: Node, depth: int) -> Iterator[Piece]:
    sign = field(node, "operator")
    if sign is not None and sign.type in {"+", "||", "??"}:
        yield from pieces(file, field(node, "left"), depth)
        yield from pieces(file, field(node, "right"), depth)
    elif sign is not None and sign.type in {"-", "*", "/", "%"}:
        yield "0"
    else:
        yield node


def _name(file: SourceFile, node: Node, depth: int) -> Iterator[Piece]:
    values = values_of(file, node)
    if values is None:
        yield from ("X",) if UPPER.match(file.text_of(node)) else (node,)
        return
    if any(holds(value, node) for value in values):
        return  # `text = text + more`: it is read where it is used.
    for value in values[:8]:
        yield from pieces(file, value, depth - 1)


def _member(file: SourceFile, node: Node, _depth: int) -> Iterator[Piece]:
    name = field(node, "property")
    text = file.text_of(name) if name is not None else ""
    yield from ("0",) if text == "length" or UPPER.match(text) else (node,)


def _call(file: SourceFile, node: Node, depth: int) -> Iterator[Piece]:
    function = field(node, "function")
    called = dotted(file, function)
    inner = field(function, "object") if function is not None else None
    name = field(function, "property") if function is not None else None
    method = file.text_of(name) if name is not None else ""
    if called in {"Number", "parseInt", "parseFloat", "Number.parseInt", "Date.now", "Math.floor"}:
        yield "0"
    elif called == "String" or (inner is None and called == "encodeURI"):
        yield from (piece for each in arguments(node) for piece in pieces(file, each, depth))
    elif method in {"trim", "concat", "toString"} and inner is not None:
        yield from pieces(file, inner, depth)
        yield from (piece for each in arguments(node) for piece in pieces(file, each, depth))
    else:
        yield from _joined(file, node, depth)


def _joined(file: SourceFile, node: Node, depth: int) -> Iterator[Piece]:
    """`[a, b].join(" ")` and `items.map(() => "?").join()`."""
    function = field(node, "function")
    items = field(function, "object") if function is not None else None
    name = field(function, "property") if function is not None else None
    if items is None or name is None or file.text_of(name) != "join":
        yield node
        return
    if items.type == "array":
        yield from (piece for each in named(items) for piece in pieces(file, each, depth))
        return
    if items.type == "identifier" and _is_fixed_list(file, items):
        yield "X"
        return
    inner = arguments(items)[0] if items.type == "call_expression" and arguments(items) else None
    body = field(inner, "body") if inner is not None and inner.type == "arrow_function" else inner
    yield from pieces(file, body, depth) if body is not None and is_fixed(file, body) else (node,)


def _is_fixed_list(file: SourceFile, listed: Node) -> bool:
    """Whether a list holds only constants and nothing in the file adds to it."""
    name = re.escape(file.text_of(listed)).encode()
    if re.search(rb"\b%s\s*(?:\[[^\]]*\]\s*=[^=]|\.(?:push|unshift|splice|fill)\b)" % name, file.text):
        return False
    values = values_of(file, listed) or []
    return bool(values) and all(
        value.type == "array" and all(part.type != "spread_element" and is_fixed(file, part) for part in named(value))
        for value in values
    )


def _choice(file: SourceFile, node: Node, depth: int) -> Iterator[Piece]:
    yield from pieces(file, field(node, "consequence"), depth)
    yield from pieces(file, field(node, "alternative"), depth)


_READERS: Final = {
    "string": _string,
    "template_string": _template,
    "binary_expression": _operator,
    "identifier": _name,
    "member_expression": _member,
    "call_expression": _call,
    "ternary_expression": _choice,
}
