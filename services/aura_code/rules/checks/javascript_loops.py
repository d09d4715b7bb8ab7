"""Work in JavaScript loops that grows with the square of the data, or waits for a database each time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Hit
from aura_code.rules.checks.javascript_names import (
    FUNCTIONS,
    arguments,
    assignments,
    calls_of_method,
    function_around,
    loop_around,
    parameter_names,
)
from aura_code.rules.checks.trees import field, holds, inside, named
from aura_code.syntax import SourceFile

_EACH: Final = frozenset({"map", "forEach", "filter", "some", "every", "flatMap", "find", "reduce"})
_BUILT: Final = frozenset(
    {"map", "filter", "keys", "values", "entries", "split", "from", "slice", "flat", "flatMap", "concat"}
)
_SURE: Final = frozenset(
    [
        *("findOne", "findById", "findByPk", "findUnique", "findFirst", "findMany", "findAll", "findOneBy", "findBy"),
        *("findAndCount", "findOneOrFail", "findOneByOrFail", "findAndCountAll", "findUniqueOrThrow"),
        *("countDocuments", "findFirstOrThrow", "findOrCreate", "$queryRaw"),
    ]
)
_MAYBE: Final = frozenset({"find", "count", "query"})
_STORE: Final = re.compile(
    r"(?:^|\.)(?:prisma\.\w+|\w*[rR]epo(?:sitory)?|\w+Model|manager|entityManager|em|sequelize|db|pool|knex)$|^[A-Z][a-z]\w+$"
)
_BATCH: Final = re.compile(r"chunk|batch|page|migration", re.IGNORECASE)


def spread_in_reduce(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """`reduce((all, x) => [...all, x], [])` and the same with an object or `concat`."""
    for call, _ in calls_of_method(file, frozenset({"reduce", "reduceRight"})):
        given = arguments(call)
        if not given or given[0].type not in FUNCTIONS:
            continue
        first = _first_parameter(file, given[0])
        body = field(given[0], "body")
        if body is None or not first:
            continue
        for part in (body, *inside(body, stop=FUNCTIONS)):
            if _copies(file, part, first) and _is_returned(given[0], part, body):
                yield Hit(part, f"Each round copies all of `{first}` once more.")
                break


def _first_parameter(file: SourceFile, function: Node) -> str:
    listed = field(function, "parameters")
    parts = named(listed) if listed is not None else []
    first = field(parts[0], "pattern") or parts[0] if parts else None
    return file.text_of(first) if first is not None and first.type == "identifier" else ""


def _copies(file: SourceFile, part: Node, name: str) -> bool:
    if part.type in {"array", "object"} and named(part):
        first = named(part)[0]
        return len(named(part)) > 1 and first.type == "spread_element" and file.text_of(first).lstrip(". ") == name
    function = field(part, "function") if part.type == "call_expression" else None
    return function is not None and file.text_of(function) == f"{name}.concat"


def _is_returned(function: Node, part: Node, body: Node) -> bool:
    """Whether the copy is what the function hands to the next round."""
    parent = part
    while parent.parent is not None and parent != body:
        if parent.type == "return_statement":
            return True
        if parent.type in {"arguments", "pair"}:
            return False
        parent = parent.parent
    return body.type != "statement_block" and holds(function, part)


def copied_in_loop(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`items = [...items, x]` or `items = items.concat(x)` in a loop."""
    at, name, value = captures["at"][0], captures["name"][0], captures["value"][0]
    text = file.text_of(name)
    if (
        loop_around(at) is not None
        and _copies(file, value, text)
        and not _assigned_in(file, loop_around(at), text, name)
    ):
        yield Hit(at, f"Each round copies all of `{text}` once more.")


def _assigned_in(file: SourceFile, loop: Node | None, text: str, but: Node) -> bool:
    return loop is not None and any(holds(loop, each) and each != but for each, _ in assignments(file).get(text, ()))


def membership(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """`items.includes(x)` in a loop, where `items` is an array that the function builds."""
    for call, name in calls_of_method(file, frozenset({"includes", "indexOf"})):
        owner = field(call, "function", "object")
        loop = _repeating(file, call)
        if owner is None or owner.type != "identifier" or loop is None:
            continue
        repeated = field(loop, "function", "object")
        same = repeated is not None and file.text_of(repeated) == file.text_of(owner)
        if same or _is_built(file, owner, loop):
            yield Hit(
                field(call, "function") or call, f"`{name}` looks through all of `{file.text_of(owner)}`, each time."
            )


def _repeating(file: SourceFile, node: Node) -> Node | None:
    """The loop, or the call of `map` and the like, that repeats a node."""
    loop = loop_around(node)
    if loop is not None:
        return loop
    function = function_around(node)
    call = function.parent.parent if function is not None and function.parent is not None else None
    method = field(call, "function", "property") if call is not None and call.type == "call_expression" else None
    owner = field(call, "function", "object") if call is not None else None
    if method is None or file.text_of(method) not in _EACH or owner is None or owner.type == "array":
        return None
    return call


def _is_built(file: SourceFile, owner: Node, loop: Node) -> bool:
    name, function = file.text_of(owner), function_around(loop)
    if function is None:
        return False
    bound = [(each, value) for each, value in assignments(file).get(name, ()) if function_around(each) == function]
    if len(bound) != 1 or holds(loop, bound[0][1]) or name in parameter_names(file, function):
        return False
    value = bound[0][1]
    if value.type == "array" and not named(value):
        return any(
            file.text_of(call).startswith(f"{name}.") and holds(loop, call)
            for call, _ in calls_of_method(file, frozenset({"push"}))
        )
    method = field(value, "function", "property") if value.type == "call_expression" else None
    from_few = field(value, "function", "object")
    return (
        method is not None
        and file.text_of(method) in _BUILT - {"split"}
        and (from_few is None or from_few.type != "array")
    )


def queries(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """A question to the database for each round of a loop."""
    if re.search(rb"prisma|typeorm|sequelize|mongoose|[rR]epository|knex|findOne|findBy", file.text) is None:
        return
    for call, name in calls_of_method(file, _SURE | _MAYBE):
        owner = field(call, "function", "object")
        text = file.text_of(owner) if owner is not None else ""
        if name in _MAYBE and not _STORE.search(text):
            continue
        if owner is None or owner.type not in {"identifier", "member_expression"} or not _is_awaited(call):
            continue
        loop = _query_loop(file, call)
        if loop is not None:
            yield Hit(
                field(call, "function") or call, f"`{text}.{name}` asks the database once for each round of the loop."
            )


def _is_awaited(call: Node) -> bool:
    parent = call.parent
    while parent is not None and parent.type in {"member_expression", "call_expression", "parenthesized_expression"}:
        parent = parent.parent
    return parent is not None and parent.type in {"await_expression", "return_statement", "arrow_function"}


def _query_loop(file: SourceFile, call: Node) -> Node | None:
    loop = loop_around(call)
    if loop is not None:
        items = field(loop, "right")
        if loop.type == "for_statement":
            return loop if ".length" in _condition(file, loop) and _uses_item(file, call, loop) else None
        if loop.type != "for_in_statement" or items is None or items.type == "array":
            return None
        return None if _BATCH.search(file.text_of(items)) else loop if _uses_item(file, call, loop) else None
    function = function_around(call)
    outer = function.parent.parent if function is not None and function.parent is not None else None
    method = field(outer, "function", "property") if outer is not None and outer.type == "call_expression" else None
    owner = field(outer, "function", "object") if outer is not None else None
    if function is None or method is None or owner is None or file.text_of(method) not in {"map", "forEach", "filter"}:
        return None
    if owner.type == "array" or _BATCH.search(file.text_of(owner)):
        return None
    names = parameter_names(file, function)
    used = {file.text_of(part) for part in inside(call) if part.type in _NAMED}
    return outer if names & used else None


_NAMED: Final = frozenset({"identifier", "shorthand_property_identifier"})


def _condition(file: SourceFile, loop: Node) -> str:
    condition = field(loop, "condition")
    return file.text_of(condition) if condition is not None else ""


def _uses_item(file: SourceFile, call: Node, loop: Node) -> bool:
    left = field(loop, "left") or field(loop, "initializer")
    names = (
        {file.text_of(part) for part in (left, *inside(left)) if part.type.endswith(("identifier", "pattern"))}
        if left is not None
        else set[str]()
    )
    for name, values in assignments(file).items():
        if any(
            holds(loop, each) and any(file.text_of(part) in names for part in (value, *inside(value)))
            for each, value in values
        ):
            names = names | {name}
    return any(part.type in _NAMED and file.text_of(part) in names for part in inside(call))


def awaited_in_loop(_file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`await` in a `for` loop whose rounds do not need one another."""
    at = captures["at"][0]
    loop = loop_around(at)
    if loop is None or loop.type != "for_in_statement" or any(child.type == "await" for child in loop.children):
        return
    leaves = ("break_statement", "return_statement")
    body = field(loop, "body")
    if body is not None and not any(part.type in leaves for part in inside(body, stop=FUNCTIONS)):
        yield Hit(at.children[0])
