"""Work in Python loops that grows with the square of the data, or asks a database each time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Hit
from aura_code.rules.checks.python_names import (
    FUNCTIONS,
    assignments,
    calls_of_method,
    dotted,
    function_around,
    loop_around,
    parameters,
    positional,
)
from aura_code.rules.checks.python_texts import pieces
from aura_code.rules.checks.trees import around, field, holds, inside, named
from aura_code.syntax import SourceFile

_COMPREHENSIONS: Final = frozenset(
    {"list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression"}
)
_LIST_MAKERS: Final = frozenset({"list", "sorted"})
_SMALL: Final = frozenset({"list", "tuple", "set", "dictionary", "string"})
_MANAGER: Final = frozenset(
    [
        *("get", "filter", "exclude", "get_or_create", "count", "first", "last", "exists", "aggregate", "values"),
        *("values_list", "in_bulk", "raw", "earliest", "latest", "aget", "acount"),
    ]
)
_SESSION: Final = frozenset({"query", "get", "execute", "scalar", "scalars", "get_one"})
_SESSION_NAME: Final = re.compile(r"(?:^|[._])(?:db_?)?session$|^db\.session$|^Session\(\)$", re.IGNORECASE)
_SELECT: Final = re.compile(
    r"\s*(?:SELECT\b|(?:\w+\.)?select\s*\(|(?:\w+\.)?text\s*\(\s*\w?[\"']+\s*SELECT\b)", re.IGNORECASE
)
_STATEMENTS: Final = frozenset({"execute", "scalar", "scalars"})
_WRITES: Final = re.compile(r"\)\s*\.(?:a?update|a?delete|bulk_create|insert)\([^()]*(?:\([^()]*\)[^()]*)*\)$")
_ALCHEMY: Final = re.compile(rb"sqlalchemy|sqlmodel|\bdb\.session\b")
_STORES: Final = (
    (_MANAGER, re.compile(rb"objects|_default_manager"), re.compile(r"^[A-Z]\w*\.(?:_default_manager|objects)$")),
    (_SESSION, _ALCHEMY, _SESSION_NAME),
    (frozenset({"get", "filter_by", "filter", "get_or_404"}), _ALCHEMY, re.compile(r"^[A-Z]\w*\.query$")),
    (frozenset({"execute"}), re.compile(rb"execute"), re.compile(r"(?:^|[._])(?:cur|cursor|conn|connection|db|c)$")),
)
"""Methods that ask, what a file with such calls speaks of, and what they are called on."""


def membership(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`x in items` in a loop, where `items` is a list that the function builds."""
    comparison = captures["at"][0]
    sides = named(comparison)
    if len(sides) != 2 or sides[1].type != "identifier":
        return
    signs = comparison.children_by_field_name("operators")
    if "".join(sign.type for sign in signs) not in {"in", "notin", "not in"}:
        return
    loop = _repeating(file, comparison)
    name = file.text_of(sides[1])
    if loop is None or not _is_grown_list(file, sides[1], name, loop):
        return
    yield Hit(comparison, f"`{name}` is a list, so each `in` looks through all of it.")


def _repeating(file: SourceFile, node: Node) -> Node | None:
    """The loop or comprehension around a node that may run many times."""
    loop = loop_around(node)
    if loop is None:
        comprehension = around(node, _COMPREHENSIONS | FUNCTIONS)
        loop = comprehension if comprehension is not None and comprehension.type in _COMPREHENSIONS else None
    return loop if loop is not None and not is_small(file, loop) else None


def is_small(file: SourceFile, loop: Node) -> bool:
    """Whether a loop goes over a few written items, or a small range."""
    clause = next((each for each in loop.named_children if each.type == "for_in_clause"), loop)
    items = field(clause, "right")
    if items is None:
        return False
    if items.type in _SMALL:
        return True
    if items.type == "call" and dotted(file, field(items, "function")) in {"range", "enumerate", "zip"}:
        given = positional(items)
        return bool(given) and all(each.type in _SMALL | {"integer"} for each in given)
    return items.type == "identifier" and re.fullmatch(r"[A-Z_]+", file.text_of(items)) is not None


def _is_grown_list(file: SourceFile, use: Node, name: str, loop: Node) -> bool:
    """Whether all that is assigned to a name in its function are lists made before the loop out of data."""
    function = function_around(use)
    if function is None or name in parameters(file, function):
        return False
    bound = [one for one in assignments(file).get(name, ()) if function_around(one["name"]) == function]
    values = [one["value"] for one in bound if "value" in one]
    if not values or len(values) != len(bound):
        return False
    if any(holds(loop, value) for value in values):
        return False
    made = [_list_kind(file, value) for value in values]
    if not all(made):
        return False
    return "data" in made or _is_appended_to(file, name, loop)


def _list_kind(file: SourceFile, value: Node) -> str:
    if value.type == "list":
        return "empty" if not named(value) else ""
    if value.type == "list_comprehension":
        clause = next((each for each in value.named_children if each.type == "for_in_clause"), None)
        items = field(clause, "right") if clause is not None else None
        return "" if items is None or items.type in _SMALL else "data"
    function = dotted(file, field(value, "function")) if value.type == "call" else ""
    if function in _LIST_MAKERS and positional(value) and positional(value)[0].type not in _SMALL:
        return "data"
    return "empty" if function == "list" else ""


def _is_appended_to(file: SourceFile, name: str, loop: Node) -> bool:
    return any(
        file.text_of(call).startswith(f"{name}.") and holds(loop, call)
        for call, _ in calls_of_method(file, frozenset({"append", "extend"}))
    )


def concatenation(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`text += …` in a loop, where `text` began as a text in the same function."""
    at, name = captures["at"][0], captures["name"][0]
    loop = _outer_loop(file, at)
    text = file.text_of(name)
    if loop is None or (at.type == "assignment" and not file.text_of(field(at, "right") or at).startswith(f"{text} +")):
        return
    function = function_around(at)
    bound = [
        one["value"]
        for one in assignments(file).get(text, ())
        if "value" in one and function_around(one["name"]) == function and not holds(loop, one["name"])
    ]
    if not bound or not all(value.type == "string" for value in bound):
        return
    yield Hit(at, f"Each round copies all of `{text}` once more.")


def _outer_loop(file: SourceFile, node: Node) -> Node | None:
    """The loop around, when it and those around it may run often."""
    loop = loop_around(node)
    while loop is not None and is_small(file, loop):
        loop = loop_around(loop)
    return loop


def shifting(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """`items.insert(0, …)` and `items.pop(0)` in a loop, where `items` is a local list."""
    for call, name in calls_of_method(file, frozenset({"insert", "pop"})):
        given = positional(call)
        if not given or file.text_of(given[0]) != "0" or len(given) != (2 if name == "insert" else 1):
            continue
        owner = field(call, "function", "object")
        loop = _outer_loop(file, call)
        if owner is None or owner.type != "identifier" or loop is None:
            continue
        if _is_local_list(file, owner, loop):
            text = file.text_of(owner)
            yield Hit(field(call, "function") or call, f"`{name}(0)` moves all other elements of `{text}`, each time.")


def _is_local_list(file: SourceFile, owner: Node, loop: Node) -> bool:
    function, name = function_around(owner), file.text_of(owner)
    bound = [one for one in assignments(file).get(name, ()) if function_around(one["name"]) == function]
    values = [one["value"] for one in bound if "value" in one]
    if not values or any(holds(loop, value) for value in values):
        return False
    return all(value.type in {"list", "list_comprehension"} or _list_kind(file, value) for value in values)


def queries(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """A question to the database for each round of a loop."""
    for names, word, owners in _STORES:
        if word.search(file.text) is None:
            continue
        for call, name in calls_of_method(file, names):
            owner = field(call, "function", "object")
            text = file.text_of(owner) if owner is not None else ""
            if owners.search(text) and (name not in _STATEMENTS or _reads(file, call)):
                yield from _query_hit(file, call, f"{text}.{name}")


def _reads(file: SourceFile, call: Node) -> bool:
    given = positional(call)
    first = next(iter(pieces(file, given[0])), "") if given else ""
    text = first if isinstance(first, str) else file.text_of(first)
    return _SELECT.match(text) is not None


def _query_hit(file: SourceFile, call: Node, name: str) -> Iterator[Hit]:
    loop = loop_around(call)
    if loop is None:
        inner = around(call, _COMPREHENSIONS | FUNCTIONS)
        loop = inner if inner is not None and inner.type in _COMPREHENSIONS else None
        if loop is not None and (field(loop, "body") is None or not holds(field(loop, "body") or loop, call)):
            return
    if loop is None or loop.type == "while_statement" or is_small(file, loop) or not _depends(file, call, loop):
        return
    yield Hit(field(call, "function") or call, f"`{name}` asks the database once for each round of the loop.")


def _depends(file: SourceFile, call: Node, loop: Node) -> bool:
    """Whether the question is about the item of the loop, and not about a whole batch of them."""
    while call.parent is not None and call.parent.type in {"attribute", "call"}:
        call = call.parent
    statement = file.text_of(call)
    if _WRITES.search(statement) is not None or "__in=" in statement or ".in_(" in statement:
        return False
    clause = next((each for each in loop.named_children if each.type == "for_in_clause"), loop)
    left = field(clause, "left")
    items = field(clause, "right")
    if left is None or items is None or re.search(r"chunk|batch|range\(", file.text_of(items)):
        return False
    names = {file.text_of(part) for part in (left, *inside(left)) if part.type == "identifier"}
    bound = names | _bound_in(file, loop, names)
    return any(part.type == "identifier" and file.text_of(part) in bound for part in inside(call))


def _bound_in(file: SourceFile, loop: Node, names: set[str]) -> set[str]:
    """Names that the body of a loop computes from its item."""
    body = field(loop, "body")
    bound: set[str] = set()
    for part in inside(body, stop=FUNCTIONS) if body is not None else ():
        left, right = (field(part, "left"), field(part, "right")) if part.type == "assignment" else (None, None)
        if left is not None and right is not None and left.type == "identifier":
            used = {file.text_of(each) for each in (right, *inside(right)) if each.type == "identifier"}
            if used & (names | bound):
                bound.add(file.text_of(left))
    return bound
