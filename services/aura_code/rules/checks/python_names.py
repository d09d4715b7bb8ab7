"""What names in a Python file stand for: imports, calls by their full name, and the values of local names."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.rules.checks.trees import around, field, found, holds, named, per_file
from aura_code.syntax import SourceFile

FUNCTIONS: Final = frozenset({"function_definition", "lambda"})
SCOPES: Final = FUNCTIONS | {"class_definition"}
LOOPS: Final = frozenset({"for_statement", "while_statement"})
UPPER: Final = re.compile(r"_*[A-Z][A-Z0-9_]*$")

_IMPORTS: Final = "[(import_statement) (import_from_statement)] @import"
_CALLS: Final = "(call function: [(identifier) @name (attribute attribute: (identifier) @name)]) @call"
_ASSIGNED: Final = """
(assignment left: (identifier) @name right: (_) @value)
(augmented_assignment left: (identifier) @name right: (_) @value)
(named_expression name: (identifier) @name value: (_) @value)
(for_statement left: (identifier) @name right: (_) @items)
(for_in_clause left: (identifier) @name right: (_) @items)
"""


@per_file
def imports(file: SourceFile) -> dict[str, str]:
    """Names that imports bind, wherever in the file, and the full names that they stand for."""
    bound: dict[str, str] = {}
    for caught in found(file, _IMPORTS):
        statement = caught["import"][0]
        module = field(statement, "module_name")
        prefix = "" if module is None else f"{file.text_of(module)}."
        for name in statement.children_by_field_name("name"):
            bound.update(_bound_by(file, name, prefix))
    return bound


def _bound_by(file: SourceFile, name: Node, prefix: str) -> dict[str, str]:
    if name.type == "aliased_import":
        alias, target = field(name, "alias"), field(name, "name")
        return {} if alias is None or target is None else {file.text_of(alias): prefix + file.text_of(target)}
    text = file.text_of(name)
    first = text if prefix else text.partition(".")[0]
    return {first: prefix + first}


def dotted(file: SourceFile, node: Node | None) -> str:
    """The full name of `a.b.c`, its first part replaced by what an import binds to it; empty for anything else."""
    parts: list[str] = []
    while node is not None and node.type == "attribute":
        attribute = field(node, "attribute")
        parts.append(file.text_of(attribute) if attribute is not None else "")
        node = field(node, "object")
    if node is None or node.type != "identifier":
        return ""
    first = file.text_of(node)
    return ".".join([imports(file).get(first, first), *reversed(parts)])


@per_file
def calls(file: SourceFile) -> dict[str, list[Node]]:
    """The calls of a file by the last part of what is called."""
    by_name: dict[str, list[Node]] = defaultdict(list)
    for caught in found(file, _CALLS):
        by_name[file.text_of(caught["name"][0])].append(caught["call"][0])
    return by_name


@functools.cache
def _last_parts(targets: frozenset[str]) -> frozenset[str]:
    return frozenset(target.rpartition(".")[2] for target in targets)


def calls_to(file: SourceFile, targets: frozenset[str]) -> Iterator[tuple[Node, str]]:
    """The calls of functions with these full names, through whatever import, with the full name."""
    known = calls(file)
    names = _last_parts(targets) | {name for name, target in imports(file).items() if target in targets}
    for name in names:
        for call in known.get(name, ()):
            full = dotted(file, field(call, "function"))
            if full in targets:
                yield call, full


def calls_of_method(file: SourceFile, names: frozenset[str]) -> Iterator[tuple[Node, str]]:
    """The calls of `something.name(…)`, with the name."""
    known = calls(file)
    for name in names:
        for call in known.get(name, ()):
            function = field(call, "function")
            if function is not None and function.type == "attribute":
                yield call, name


def is_builtin(file: SourceFile, name: str) -> bool:
    """Whether nothing in the file binds the name of a builtin anew."""
    return name not in imports(file) and name not in _defined(file) and name not in assignments(file)


@per_file
def _defined(file: SourceFile) -> frozenset[str]:
    caught = found(file, "(function_definition name: (identifier) @name) @def")
    return frozenset(file.text_of(one["name"][0]) for one in caught if around(one["def"][0], SCOPES) is None)


def positional(call: Node) -> list[Node]:
    """The positional arguments of a call; empty when a `*` hides them."""
    arguments = field(call, "arguments")
    if arguments is None or arguments.type != "argument_list":
        return [arguments] if arguments is not None else []
    return [each for each in named(arguments) if each.type not in {"keyword_argument", "dictionary_splat"}]


def keyword(file: SourceFile, call: Node, name: str) -> Node | None:
    """The value of a keyword argument."""
    arguments = field(call, "arguments")
    for each in arguments.named_children if arguments is not None else ():
        if each.type == "keyword_argument":
            key = field(each, "name")
            if key is not None and file.text_of(key) == name:
                return field(each, "value")
    return None


def argument(file: SourceFile, call: Node, position: int, name: str) -> Node | None:
    """An argument of a call by its position or its keyword."""
    places = positional(call)
    if position < len(places) and all(each.type != "list_splat" for each in places[: position + 1]):
        return places[position]
    return keyword(file, call, name)


def splats(call: Node) -> bool:
    """Whether `*` or `**` hand on arguments that cannot be seen."""
    arguments = field(call, "arguments")
    return arguments is not None and any(
        each.type in {"dictionary_splat", "list_splat"} for each in arguments.named_children
    )


def function_around(node: Node) -> Node | None:
    """The function or lambda around a node."""
    return around(node, FUNCTIONS)


def loop_around(node: Node) -> Node | None:
    """The loop whose body a node is in, within the same function."""
    parent = node.parent
    while parent is not None and parent.type not in SCOPES:
        if parent.type in LOOPS and (body := field(parent, "body")) is not None and holds(body, node):
            return parent
        parent = parent.parent
    return None


def left_loop(statement: Node) -> Node | None:
    """The loop that a `break` leaves or a `continue` goes on with; what is in the `else` of a loop is outside it."""
    inner: Node = statement
    parent = statement.parent
    while parent is not None and parent.type not in SCOPES:
        if parent.type in LOOPS and inner.type != "else_clause":
            return parent
        inner, parent = parent, parent.parent
    return None


def parameters(file: SourceFile, function: Node) -> dict[str, Node]:
    """The parameters of a function by name."""
    listed = field(function, "parameters")
    result: dict[str, Node] = {}
    for each in listed.named_children if listed is not None else ():
        name = field(each, "name") or (each if each.type == "identifier" else None)
        if name is None and each.named_children:
            name = each.named_children[0]
        if name is not None:
            result[file.text_of(name)] = each
    return result


@per_file
def assignments(file: SourceFile) -> dict[str, list[dict[str, Node]]]:
    """What is assigned to plain names, by name: the nodes `name` and `value`, or `items` that a loop goes over."""
    by_name: dict[str, list[dict[str, Node]]] = defaultdict(list)
    for caught in found(file, _ASSIGNED):
        one = {key: nodes[0] for key, nodes in caught.items()}
        by_name[file.text_of(one["name"])].append(one)
    return by_name


def values_of(file: SourceFile, name: Node) -> list[Node] | None:
    """The values that a name may have where it is used; None when that is not known.

    Items of a literal list stand for the variable of a loop over it.
    """
    text = file.text_of(name)
    function = function_around(name)
    while function is not None:
        here = [one for one in assignments(file).get(text, ()) if function_around(one["name"]) == function]
        if text in parameters(file, function):
            return None
        if here:
            return _values(file, [one for one in here if one["name"].start_byte < name.start_byte] or here)
        function = function_around(function)
    top = [one for one in assignments(file).get(text, ()) if around(one["name"], SCOPES) is None]
    return _values(file, top) if top else None


def _values(file: SourceFile, bound: list[dict[str, Node]]) -> list[Node] | None:
    values: list[Node] = []
    for one in bound:
        items = one.get("items")
        if items is None:
            values.append(one["value"])
        elif (listed := _literal_items(file, items)) is not None:
            values.extend(listed)
        else:
            return None
    return values


def _literal_items(file: SourceFile, items: Node) -> list[Node] | None:
    if items.type == "identifier":
        top = [one for one in assignments(file).get(file.text_of(items), ()) if "value" in one]
        items = top[0]["value"] if len(top) == 1 else items
    return named(items) if items.type in {"list", "tuple", "set"} else None
