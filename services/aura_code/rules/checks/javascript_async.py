"""Promises in JavaScript and TypeScript that nobody awaits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Edit, Hit
from aura_code.rules.checks.javascript_names import FUNCTIONS, assignments, calls, function_around, parameter_names
from aura_code.rules.checks.trees import around, field, found, inside, named, per_file
from aura_code.syntax import SourceFile

_ASYNC: Final = """
(function_declaration "async" name: (identifier) @name) @def
(variable_declarator name: (identifier) @name value: (arrow_function "async") @def)
(variable_declarator name: (identifier) @name value: (function_expression "async") @def)
"""
_METHODS: Final = '(method_definition "async" name: (property_identifier) @name) @def'
_CONDITIONS: Final = frozenset({"if_statement", "while_statement", "ternary_expression", "do_statement"})


@per_file
def _functions(file: SourceFile) -> dict[str, list[Node]]:
    known: dict[str, list[Node]] = {}
    if b"async" in file.text:
        for caught in found(file, _ASYNC):
            known.setdefault(file.text_of(caught["name"][0]), []).append(caught["def"][0])
    return known


@per_file
def _methods(file: SourceFile) -> dict[str, list[Node]]:
    known: dict[str, list[Node]] = {}
    if b"async" in file.text:
        for caught in found(file, _METHODS):
            known.setdefault(file.text_of(caught["name"][0]), []).append(caught["def"][0])
    return known


def not_awaited(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """A call of an async function of this file whose promise is dropped in an async function, or tested."""
    known = calls(file)
    for name, defs in _functions(file).items():
        for call in known.get(name, ()):
            function = field(call, "function")
            if function is not None and function.type == "identifier" and _is_meant(file, call, name, defs):
                yield from _judge(call, name, defs, in_test=file.is_test)
    for name, defs in _methods(file).items():
        for call in known.get(name, ()):
            owner = field(call, "function", "object")
            if owner is not None and owner.type == "this" and _same_class(call, defs):
                yield from _judge(call, f"this.{name}", defs, in_test=file.is_test)


def _is_meant(file: SourceFile, call: Node, name: str, defs: list[Node]) -> bool:
    if len(defs) != 1 or len(assignments(file).get(name, ())) > 1:
        return False
    outer = function_around(defs[0])
    function = function_around(call)
    while function is not None and function != outer:
        if name in parameter_names(file, function):
            return False
        function = function_around(function)
    return function == outer


def _same_class(call: Node, defs: list[Node]) -> bool:
    body = around(call, frozenset({"class_body"}))
    return body is not None and any(each.parent == body for each in defs)


def _judge(call: Node, name: str, defs: list[Node], *, in_test: bool) -> Iterator[Hit]:
    parent = call.parent
    while parent is not None and parent.type == "parenthesized_expression":
        parent = parent.parent
    if parent is None or (parent.type == "expression_statement" and in_test):
        return
    can_wait = _is_async(function_around(call))
    edits = (Edit(call.start_byte, call.start_byte, "await "),) if can_wait else ()
    at = field(call, "function") or call
    if parent.type in _CONDITIONS and _is_condition(parent, call):
        yield Hit(at, f"Without `await`, `{name}(…)` is a promise, which is always true.", edits)
    elif parent.type == "unary_expression" and parent.children[0].type == "!":
        yield Hit(at, f"Without `await`, `{name}(…)` is a promise, so this is always false.", edits)
    elif parent.type == "expression_statement" and can_wait and not any(_handles_itself(each) for each in defs):
        yield Hit(at, f"Nobody waits for `{name}`: it goes on beside this function, and its errors are lost.", edits)


def _is_condition(holder: Node, call: Node) -> bool:
    condition = field(holder, "condition")
    return condition is not None and condition.start_byte <= call.start_byte and call.end_byte <= condition.end_byte


def _is_async(function: Node | None) -> bool:
    return function is not None and any(child.type == "async" for child in function.children[:3])


def _handles_itself(function: Node) -> bool:
    """Whether all that may fail in it is in one `try`, or it waits for nothing."""
    body = field(function, "body")
    statements = named(body) if body is not None and body.type == "statement_block" else []
    tries = [each for each in statements if each.type == "try_statement" and field(each, "handler") is not None]
    if tries and any(part.type == "await_expression" for part in inside(tries[0], stop=FUNCTIONS)):
        return True
    return body is None or not any(part.type == "await_expression" for part in inside(body, stop=FUNCTIONS))


def waiting_callback(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`items.forEach(async …)`: nobody waits for the rounds."""
    name = captures["name"][0]
    if file.text_of(name) == "forEach":
        yield Hit(name, "`forEach` does not wait for an async function, and its errors are lost.")
    elif file.text_of(name) in {"filter", "some", "every", "find"}:
        yield Hit(name, f"`{file.text_of(name)}` gets a promise from an async function, which is always true.")
