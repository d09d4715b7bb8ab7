"""Functions made in a loop that read a `var` of the loop after the loop has moved on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Hit
from aura_code.rules.checks.trees import holds
from aura_code.syntax import SourceFile
from aura_code.syntax.javascript_scopes import Scope, Use, Variable, javascript_scopes

_LOOPS: Final = frozenset({"for_statement", "for_in_statement", "while_statement", "do_statement"})
_FUNCTIONS: Final = frozenset({"arrow_function", "function_expression", "generator_function", "method_definition"})
_HOLDERS: Final = frozenset(
    {"object", "pair", "array", "parenthesized_expression", "ternary_expression", "as_expression"}
)
_KEEPS: Final = frozenset(
    {
        "setTimeout", "setInterval", "setImmediate", "nextTick", "requestAnimationFrame", "queueMicrotask", "defer",
        "addEventListener", "addListener", "on", "once", "then", "push", "unshift", "subscribe", "it", "test",
        "describe", "click", "get", "post", "put", "use", "register", "bind", "readFile", "writeFile", "request",
    }
)  # fmt: skip
"""Last names of functions that keep a function for later."""
_LEAVES: Final = frozenset({"return_statement", "break_statement", "throw_statement"})


def captured_loop_variables(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """The first reading of each `var` of a loop in a function that outlives its turn."""
    if file.root.has_error:
        return
    for scope in javascript_scopes(file).scopes:
        for variable in scope.values.values():
            if variable.bounds[0].kind == "var" and scope.kind in {"function", "module"}:
                yield from _captured(file, variable)


def _captured(file: SourceFile, variable: Variable) -> Iterator[Hit]:
    loops = [loop for bound in variable.bounds if (loop := _loop_around(bound.node)) is not None]
    if not loops or len(loops) < len(variable.bounds):
        return
    for use in variable.uses:
        function = _function_of(use, variable.scope)
        if use.kind in {"write", "update"} or function is None:
            continue
        loop = next((loop for loop in loops if holds(loop, function)), None)
        if loop is not None and _changes(loop, variable) and _outlives(file, function, loop):
            yield Hit(use.node, f"When this function runs, `{variable.name}` has the value of the loop's last turn.")
            return


def _loop_around(node: Node) -> Node | None:
    around = node.parent
    while around is not None and around.type not in _FUNCTIONS and not around.type.endswith("declaration_list"):
        if around.type in _LOOPS:
            return around
        if around.type in {"function_declaration", "generator_function_declaration"}:
            return None
        around = around.parent
    return None


def _function_of(use: Use, owner: Scope) -> Node | None:
    """The outermost function between a use and the function that owns the variable; None when there is none."""
    found: Node | None = None
    scope: Scope | None = use.scope
    while scope is not None and scope is not owner:
        if scope.kind == "function":
            found = scope.node
        scope = scope.parent
    return found


def _changes(loop: Node, variable: Variable) -> bool:
    """Whether each turn of the loop gives the variable a value of its own."""
    for bound in variable.bounds:
        if holds(loop, bound.node) and bound.origin is not None:
            value = bound.origin.value
            if bound.statement.type == "for_in_statement":
                return True
            if value is not None and value.type not in {"string", "number", "true", "false", "null"}:
                return True
    return any(holds(loop, use.node) for use in variable.writes)


def _outlives(file: SourceFile, function: Node, loop: Node) -> bool:
    """Whether the function is kept beyond the turn that makes it."""
    node, around = function, function.parent
    while around is not None and around.type in _HOLDERS:
        node, around = around, around.parent
    if around is None or _leaves_after(node, loop):
        return False
    if around.type == "assignment_expression":
        left = around.child_by_field_name("left")
        return left is not None and left.type in {"member_expression", "subscript_expression"} and left != node
    call = around.parent
    if around.type != "arguments" or call is None:
        return False
    called = call.child_by_field_name("function")
    name = called.child_by_field_name("property") if called is not None and called.type != "identifier" else called
    return name is not None and file.text_of(name) in _KEEPS


def _leaves_after(node: Node, loop: Node) -> bool:
    """Whether the loop ends right after the statement."""
    statement: Node | None = node
    while statement is not None and statement != loop:
        after = statement.next_named_sibling
        around = statement.parent
        if around is not None and around.type == "statement_block":
            while after is not None:
                if after.type in _LEAVES:
                    return True
                after = after.next_named_sibling
        if statement.type in _LEAVES:
            return True
        statement = around
    return False
