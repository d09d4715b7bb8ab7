"""Rules of React that can be told from one file, and what is left behind from debugging."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Hit
from aura_code.rules.checks.javascript_names import FUNCTIONS, LOOPS, arguments, calls, calls_of_method, function_of
from aura_code.rules.checks.trees import around, field, named
from aura_code.syntax import SourceFile

_ELEMENTS: Final = frozenset({"jsx_element", "jsx_self_closing_element"})
_HOOK: Final = re.compile(
    r"use(?:State|Effect|Memo|Callback|Ref|Context|Reducer|LayoutEffect|ImperativeHandle|Id|Transition)$"
)
_BRANCHES: Final = frozenset({"if_statement", "ternary_expression", "switch_case", "catch_clause"})


def without_key(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """Elements made by `map` in JSX without a `key`."""
    for call, _ in calls_of_method(file, frozenset({"map", "flatMap"})):
        if call.parent is None or call.parent.type != "jsx_expression":
            continue
        given = arguments(call)
        element = _returned(given[0]) if given else None
        if element is None:
            continue
        opening = field(element, "open_tag") or element
        attributes = [each for each in opening.named_children if each.type in {"jsx_attribute", "jsx_expression"}]
        if any(each.type == "jsx_expression" for each in attributes):
            continue  # {...props} may bring it along
        if not any(each.named_children and file.text_of(each.named_children[0]) == "key" for each in attributes):
            name = field(opening, "name")
            yield Hit(name or (opening.start_byte, opening.start_byte + 1))


def _returned(function: Node) -> Node | None:
    """The element that a function gives back at once; None for all else, fragments included."""
    body = field(function, "body") if function.type in FUNCTIONS else None
    if body is not None and body.type == "statement_block":
        last = named(body)[-1] if named(body) else None
        inner = named(last) if last is not None and last.type == "return_statement" else []
        body = inner[0] if inner else None
    while body is not None and body.type == "parenthesized_expression" and named(body):
        body = named(body)[0]
    return body if body is not None and body.type in _ELEMENTS else None


def conditional_hook(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """A hook of React that is called in a branch or a loop of a component."""
    if b"react" not in file.text:
        return
    for name, found in calls(file).items():
        if not _HOOK.match(name):
            continue
        for call in found:
            branch = around(call, FUNCTIONS | _BRANCHES | LOOPS)
            if branch is None or branch.type in FUNCTIONS or _is_condition(branch, call):
                continue
            yield Hit(
                function_of(call) or call, f"`{name}` is not called each time, and React mixes up its states then."
            )


def _is_condition(branch: Node, call: Node) -> bool:
    condition = field(branch, "condition") or field(branch, "right") or field(branch, "value")
    return condition is not None and condition.start_byte <= call.start_byte < condition.end_byte


def left_behind(_file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`debugger`."""
    yield Hit(captures["at"][0])


def logged(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """`console.log`."""
    for call, name in calls_of_method(file, frozenset({"log", "debug"})):
        owner = field(call, "function", "object")
        if owner is not None and file.text_of(owner) == "console":
            yield Hit(function_of(call) or call, f"`console.{name}` was perhaps left behind from debugging.")


def without_effect(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """A comparison as a statement."""
    if file.text_of(captures["sign"][0]) in {"===", "==", "!==", "!="}:
        yield Hit(captures["at"][0])
