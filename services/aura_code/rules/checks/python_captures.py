"""Functions made in a loop that read the loop's variables after the loop has moved on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Hit
from aura_code.syntax import SourceFile
from aura_code.syntax.python_scopes import Bound, PythonScopes, Scope, Use, Variable, python_scopes

_LOOPS: Final = frozenset({"for_statement", "while_statement"})
_KEEPS: Final = frozenset(
    {
        "add_callback",
        "add_done_callback",
        "addCleanup",
        "after",
        "append",
        "appendleft",
        "bind",
        "call_later",
        "call_soon",
        "call_soon_threadsafe",
        "callback",
        "connect",
        "insert",
        "on",
        "put",
        "register",
        "schedule",
        "setattr",
        "setdefault",
        "submit",
        "subscribe",
        "Thread",
        "Timer",
    }
)
"""Last names of functions that keep what they are given for later."""
_RUNS: Final = frozenset({"submit", "Thread", "Timer", "put"})
"""Those of them that run it at the same time, which is too late only when nobody waits within the turn."""
_WAITS: Final = (b".join(", b".result(", b"wait(", b"gather(", b"as_completed(")
_WRAPS: Final = frozenset({"parenthesized_expression", "tuple", "list", "dictionary", "pair", "keyword_argument"})
_CALLBACKS: Final = frozenset({"callback", "command", "handler", "on_change", "on_click", "on_press"})
"""Names of arguments that are called when something happens."""
_LEAVES: Final = frozenset({"return_statement", "break_statement", "raise_statement"})
_COLLECTIONS: Final = frozenset({"list_comprehension", "set_comprehension", "dictionary_comprehension"})


def captured_loop_variables(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """The first reading of each loop variable in a function that outlives its turn of the loop."""
    if file.root.has_error:
        return
    scopes = python_scopes(file)
    for scope in scopes.scopes:
        if scope.kind in {"function", "lambda"} and scope.parent is not None:
            yield from _captured_by(file, scopes, scope)


def _captured_by(file: SourceFile, scopes: PythonScopes, scope: Scope) -> Iterator[Hit]:
    around = _around(scope.node)
    loop = around[0] if around else None
    if loop is None or not _outlives(file, scopes, scope, around):
        return
    seen: set[str] = set()
    for use in _uses_in(scopes, scope):
        variable = use.variable
        if variable is None or use.name in seen or not _changes_in(variable, loop, scope):
            continue
        seen.add(use.name)
        place = (use.start, use.start + len(use.name.encode()))
        yield Hit(place, f"When this function runs, `{use.name}` has the value of the loop's last turn.")


def _around(start: Node) -> list[Node]:
    """The innermost loop or collecting comprehension around a function, first, then what lies between."""
    between: list[Node] = []
    node = start.parent
    while node is not None and node.type not in {"function_definition", "class_definition", "lambda", "module"}:
        if node.type in _LOOPS or node.type in _COLLECTIONS:
            return [node, *between]
        between.append(node)
        node = node.parent
    return []


def _uses_in(scopes: PythonScopes, scope: Scope) -> Iterator[Use]:
    """What a function reads from outside of it, those in it included."""
    start, end = scope.node.start_byte, scope.node.end_byte
    for use in scopes.uses:
        if start <= use.start < end and use.kind != "write" and _is_within(use.scope, scope):
            yield use


def _is_within(scope: Scope, outer: Scope) -> bool:
    around: Scope | None = scope
    while around is not None:
        if around is outer:
            return True
        around = around.parent
    return False


def _changes_in(variable: Variable, loop: Node, scope: Scope) -> bool:
    """Whether each turn of a loop gives a variable another value, and nothing else does."""
    if _is_within(variable.scope, scope) or variable.scope.kind == "class":
        return False
    return all(_is_turned(bound, loop) for bound in variable.bounds)


def _is_turned(bound: Bound, loop: Node) -> bool:
    inside = loop.start_byte <= bound.node.start_byte < loop.end_byte
    if bound.kind in {"loop", "comprehension"}:
        return inside
    return inside and bound.kind in {"assigned", "with"} and loop.type in _LOOPS and not _is_constant(bound)


def _is_constant(bound: Bound) -> bool:
    return bound.value is not None and bound.value.type in {"string", "integer", "none", "true", "false", "float"}


def _outlives(file: SourceFile, scopes: PythonScopes, scope: Scope, around: list[Node]) -> bool:
    loop = around[0]
    if loop.type in _COLLECTIONS:
        return _is_element(scope.node, loop)
    if scope.kind == "lambda":
        return _is_kept(file, scope.node, loop) and not _leaves_after(scope.node, loop)
    if scope.owner is None:
        return False
    variable = scopes.lookup(scope.name, scope.owner, scope.node.start_byte)
    if variable is None or len(variable.bounds) > 1 or _leaves_after(scope.node, loop):
        return False
    for use in variable.uses:
        if loop.start_byte <= use.start < loop.end_byte and use.kind == "name":
            node = file.root.descendant_for_byte_range(use.start, use.start + 1)
            if node is not None and _is_kept(file, node, loop) and not _leaves_after(node, loop):
                return True
    return False


def _is_element(node: Node, comprehension: Node) -> bool:
    """Whether the function itself is what a comprehension collects."""
    body = comprehension.child_by_field_name("body")
    if body is not None and body.type == "pair":
        body = body.child_by_field_name("value")
    return body is not None and body == node


def _is_kept(file: SourceFile, node: Node, loop: Node) -> bool:
    """Whether a value is put where it stays: a collection, an attribute, or a call that keeps it."""
    parent = node.parent
    while parent is not None and parent.type in _WRAPS:
        if parent.type == "keyword_argument" and file.text_of(parent.children[0]) in _CALLBACKS:
            return True
        node, parent = parent, parent.parent
    if parent is None:
        return False
    if parent.type == "argument_list" and parent.parent is not None:
        function = parent.parent.child_by_field_name("function")
        name = file.text_of(function).rpartition(".")[2] if function is not None else ""
        return name in _KEEPS and not (name in _RUNS and _is_awaited(file, loop))
    if parent.type == "assignment":
        left = parent.child_by_field_name("left")
        return left is not None and left.type == "subscript" and left != node
    return False


def _is_awaited(file: SourceFile, loop: Node) -> bool:
    return any(mark in file.text[loop.start_byte : loop.end_byte] for mark in _WAITS)


def _leaves_after(node: Node, loop: Node) -> bool:
    """Whether the loop is left right after, so that its variables keep their values."""
    around: Node | None = node
    while around is not None and around != loop:
        parent = around.parent
        if parent is not None and parent.type == "block":
            after = [child for child in parent.named_children if child.start_byte > around.start_byte]
            if any(child.type in _LEAVES for child in after):
                return True
        around = parent
    return False
