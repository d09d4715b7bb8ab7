"""Statements in JavaScript and TypeScript that cannot run, or run without effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Hit
from aura_code.rules.checks.javascript_names import FUNCTIONS, arguments, calls_of_method
from aura_code.rules.checks.trees import field, inside, named
from aura_code.syntax import SourceFile

_ENDS: Final = frozenset({"return_statement", "throw_statement", "continue_statement", "break_statement"})
_HOISTED: Final = frozenset(
    {
        "function_declaration",
        "generator_function_declaration",
        "empty_statement",
        "interface_declaration",
        "type_alias_declaration",
        "function_signature",
        "export_statement",
        "ambient_declaration",
    }
)
_RETURNING: Final = frozenset({"map", "filter", "reduce", "some", "every", "find", "findIndex", "flatMap", "findLast"})
_CONSTANTS: Final = frozenset({"string", "number", "object", "array", "arrow_function", "null", "undefined", "regex"})


def unreachable(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """The first statement behind one that never goes on."""
    end, following = captures["end"][0], captures["next"][0]
    if not ends(end):
        return
    reached: Node | None = following
    while reached is not None and (reached.type == "comment" or _is_quiet(reached)):
        reached = reached.next_named_sibling
    if reached is None or reached.type in {"switch_case", "switch_default"}:
        return
    stop = file.text.find(b"\n", reached.start_byte, reached.end_byte)
    at = (reached.start_byte, reached.end_byte if stop < 0 else stop)
    yield Hit(at, f"This cannot run: {_reason(end)} above never goes on.")


def _reason(end: Node) -> str:
    words = {"if_statement": "each branch of the `if`", "try_statement": "the `try`"}
    return words.get(end.type, f"the `{end.type.removesuffix('_statement')}`")


def _is_quiet(node: Node) -> bool:
    """What may stand behind a return: hoisted declarations, and the `break` that ends a case."""
    if node.type in _HOISTED or node.type == "break_statement":
        return True
    return node.type == "variable_declaration" and all(field(each, "value") is None for each in named(node))


def ends(statement: Node, depth: int = 6) -> bool:
    """Whether what follows a statement in its block can never run."""
    if statement.type in _ENDS:
        return True
    if depth == 0:
        return False
    if statement.type == "statement_block":
        inner = named(statement)
        return bool(inner) and ends(inner[-1], depth - 1)
    if statement.type == "if_statement":
        consequence, alternative = field(statement, "consequence"), field(statement, "alternative")
        if consequence is None or alternative is None or not named(alternative):
            return False
        return ends(consequence, depth - 1) and ends(named(alternative)[-1], depth - 1)
    return statement.type == "try_statement" and _try_ends(statement, depth - 1)


def _try_ends(statement: Node, depth: int) -> bool:
    body, handler = field(statement, "body"), field(statement, "handler")
    caught = field(handler, "body") if handler is not None else None
    if body is None or not ends(body, depth):
        return False
    return handler is None or (caught is not None and ends(caught, depth))


def constant_condition(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """An `if` or a choice whose condition is written as a constant."""
    condition = captures["condition"][0]
    while condition.type == "parenthesized_expression" and len(named(condition)) == 1:
        condition = named(condition)[0]
    if condition.type in _CONSTANTS:
        yield Hit(condition, f"This condition never changes: `{file.text_of(condition)[:40]}`.")
    elif condition.type == "binary_expression":
        operator, left, right = (field(condition, each) for each in ("operator", "left", "right"))
        if operator is None or left is None or right is None or operator.type != "||":
            return
        if right.type == "string" and _compares(left) and file.text_of(right) not in {"''", '""'}:
            yield Hit(right, f"`|| {file.text_of(right)}` is always true; each comparison has to be written out.")


def _compares(node: Node) -> bool:
    operator = field(node, "operator")
    return operator is not None and operator.type in {"==", "===", "||"}


def assigned_condition(_file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`if (a = b)`: an assignment where a comparison was meant."""
    at = captures["at"][0]
    right = field(at, "right")
    if right is not None and right.type not in {"call_expression", "await_expression"}:
        yield Hit(at)


def duplicate_key(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """A key that stands twice in an object."""
    seen: dict[str, int] = {}
    for pair in captures["object"][0].named_children:
        if pair.type == "spread_element":
            seen.clear()  # `{a: 1, ...b, a: 2}` sets a default and then overrules
            continue
        key = field(pair, "key") if pair.type == "pair" else pair
        if key is None or key.type not in {"property_identifier", "string", "number", "shorthand_property_identifier"}:
            continue
        text = file.text_of(key)
        text = text[1:-1] if key.type == "string" else text
        if text in seen and text != "__proto__":
            yield Hit(key, f"The key `{text}` stands already in line {seen[text]}; that value is lost.")
        seen[text] = file.line_of(key.start_byte)


def duplicate_condition(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """The same condition twice in a chain of `if` and `else if`."""
    chain = captures["if"][0]
    if chain.parent is not None and chain.parent.type == "else_clause":
        return
    seen: dict[str, int] = {}
    part: Node | None = chain
    while part is not None and part.type == "if_statement":
        condition, alternative = field(part, "condition"), field(part, "alternative")
        if condition is None:
            return
        text = " ".join(file.text_of(condition).split())
        if text in seen and not _has_effects(condition):
            yield Hit(condition, f"The same condition stands in line {seen[text]}; this branch never runs.")
        seen.setdefault(text, file.line_of(condition.start_byte))
        part = named(alternative)[0] if alternative is not None and named(alternative) else None


def duplicate_case(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """The same value in two cases of a `switch`."""
    seen: dict[str, int] = {}
    for case in captures["body"][0].named_children:
        value = field(case, "value")
        if value is None or _has_effects(value):
            continue
        text = file.text_of(value)
        if text in seen:
            yield Hit(value, f"The case {text} stands already in line {seen[text]}; this one never runs.")
        seen.setdefault(text, file.line_of(value.start_byte))


def _has_effects(condition: Node) -> bool:
    kinds = {"call_expression", "assignment_expression", "update_expression", "await_expression", "new_expression"}
    return any(part.type in kinds for part in (condition, *inside(condition)))


def duplicate_branch(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """An `if` and its only `else` that do the same."""
    chain = captures["if"][0]
    if chain.parent is not None and chain.parent.type == "else_clause":
        return
    first, second = captures["first"][0], captures["second"][0]
    if named(first) and _shape(file, first) == _shape(file, second):
        yield Hit(chain.children[0], "Both branches do the same, whatever the condition says.")


def _shape(file: SourceFile, block: Node) -> str:
    return "\n".join(" ".join(file.text_of(each).split()) for each in named(block))


def callback_without_return(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """`.map(x => { … })` and the like where the function returns nothing."""
    for call, name in calls_of_method(file, _RETURNING):
        given = arguments(call)
        body = field(given[0], "body") if given and given[0].type in FUNCTIONS else None
        if body is None or body.type != "statement_block" or not named(body) or not _is_of_array(file, call, given):
            continue
        parts = list(inside(body, stop=FUNCTIONS))
        if any(part.type == "return_statement" and named(part) for part in parts):
            continue
        if any(part.type in {"throw_statement", "yield_expression"} for part in named(body)):
            continue
        function = field(call, "function", "property")
        uses = "use `forEach` or a loop" if name == "map" else "a `return` is missing"
        yield Hit(function or call, f"The function given to `{name}` returns nothing; {uses}.")


def _is_of_array(file: SourceFile, call: Node, given: list[Node]) -> bool:
    owner = field(call, "function", "object")
    text = file.text_of(owner) if owner is not None else ""
    children = given[0].children
    lazily = bool(children) and children[0].type == "async"
    return not lazily and text not in {"$", "_", "async", "ramda", "R"} and not text.startswith(("$(", "jQuery"))
