"""Handlers in JavaScript and TypeScript that lose errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Edit, Hit
from aura_code.places import read_place
from aura_code.rules.checks.javascript_names import FUNCTIONS, LOOPS, arguments, calls_of_method
from aura_code.rules.checks.python_errors import explained
from aura_code.rules.checks.trees import around, comments_in, field, inside, named
from aura_code.syntax import SourceFile

_CLEANING: Final = re.compile(
    r"_*(?:close|shutdown|unlink|rm|remove|kill|terminate|disconnect|cancel|stop|release|cleanup|flush|destroy|dispose"
    r"|abort|end|rollback\w*|reset|rmdir|releasePointerCapture|unsubscribe)(?:Sync)?$"
)
_SAYS_IT_FAILS: Final = re.compile(
    r"(?i)\b(?:throw\w*|ignor\w+|exceptions?|errors? (?:here|in|when|if)|fall ?back|not (?:allowed|supported))\b"
)
_STORAGE: Final = re.compile(r"\b(?:local|session)Storage\b")
"""Browsers refuse both where the reader forbids it; there is nothing to do about it."""
_TRIED: Final = frozenset({"call_expression", "await_expression", "new_expression"})


def dropped(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`catch {}` with nothing in it, neither code nor a reason."""
    clause = captures["at"][0]
    body = field(clause, "body")
    if body is None or any(child.type != "empty_statement" for child in named(body)):
        return
    if "docs" in read_place(file.path).kinds:
        return  # Benchmarks time what fails, examples are short.
    if not explained(comments_in(file, body)) and not _announced(file, clause) and not _cleans_up(file, clause):
        yield Hit(
            (clause.start_byte, body.start_byte), "This `catch` drops the error: nobody will learn what went wrong."
        )


def _announced(file: SourceFile, clause: Node) -> bool:
    """Whether a comment before or within the `try` says that something throws there, and that this is well."""
    whole = clause.parent
    tried = field(whole, "body") if whole is not None else None
    if whole is None or tried is None:
        return False
    said = " ".join(file.text_of(part) for part in inside(tried) if part.type == "comment")
    before = whole.prev_sibling
    row = whole.start_point.row
    while before is not None and before.type == "comment" and before.end_point.row == row - 1:
        said, row = f"{file.text_of(before)} {said}", before.start_point.row
        before = before.prev_sibling
    return explained(said) and _SAYS_IT_FAILS.search(said) is not None


def _cleans_up(file: SourceFile, clause: Node) -> bool:
    outer = around(clause.parent, FUNCTIONS | {"catch_clause", "finally_clause"}) if clause.parent is not None else None
    if outer is not None and outer.type in {"catch_clause", "finally_clause"}:
        return True  # Another error is on its way already.
    tried = field(clause.parent, "body") if clause.parent is not None else None
    statements = [part for part in named(tried) if part.type != "comment"] if tried is not None else []
    if len(statements) == 1 and _STORAGE.search(file.text_of(statements[0])):
        return True
    return bool(statements) and all(_is_cleaning(file, statement) for statement in statements)


def _is_cleaning(file: SourceFile, statement: Node) -> bool:
    if statement.type != "expression_statement":
        return False
    call = named(statement)[0]
    if call.type == "await_expression":
        call = named(call)[0]
    function = field(call, "function")
    name = re.split(r"\W", file.text_of(function))[-1] if function is not None else ""
    return _CLEANING.match(name) is not None


def dropped_rejection(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """`.catch(() => {})`, `.catch(noop)` and the same as second argument of `.then`."""
    for call, name in calls_of_method(file, frozenset({"catch", "then"})):
        given = arguments(call)
        if len(given) != (1 if name == "catch" else 2):
            continue
        if (
            _is_empty_function(given[-1])
            and not explained(comments_in(file, given[-1]))
            and not _of_cleaning(file, call)
        ):
            function = field(call, "function", "property")
            at = (function.start_byte, given[-1].end_byte) if function is not None else call
            yield Hit(at, "This handler drops the rejection: nobody will learn what went wrong.")


def _of_cleaning(file: SourceFile, call: Node) -> bool:
    before = field(call, "function", "object")
    function = field(before, "function") if before is not None else None
    name = re.split(r"\W", file.text_of(function))[-1] if function is not None else ""
    return _CLEANING.match(name) is not None


def _is_empty_function(node: Node) -> bool:
    body = field(node, "body")
    return node.type in FUNCTIONS and body is not None and body.type == "statement_block" and not named(body)


def leaving_finally(_file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`return`, `throw`, `break` or `continue` that leaves a `finally`."""
    clause = captures["finally"][0]
    for part in inside(clause, stop=FUNCTIONS | {"class_body"}):
        leaves = part.type == "return_statement"
        if part.type in {"break_statement", "continue_statement"} and field(part, "label") is None:
            leaves = around(part, LOOPS | {"switch_statement", "finally_clause"}) == clause
        if leaves:
            word = part.type.removesuffix("_statement")
            yield Hit(part, f"This `{word}` in `finally` discards an error that is on its way out.")


def asynchronous_executor(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`new Promise(async …)`: what the function throws is lost."""
    call = captures["at"][0]
    constructor, given = field(call, "constructor"), arguments(call)
    if constructor is None or file.text_of(constructor) != "Promise" or not given:
        return
    if given[0].type in FUNCTIONS and given[0].children and given[0].children[0].type == "async":
        yield Hit(given[0].children[0])


def not_thrown(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """An error that is made but not thrown: `new Error("…")` as a statement."""
    text, at = file.text_of(captures["name"][0]), captures["at"][0]
    if text in _ERRORS:
        yield Hit(
            at,
            f"`{text}` is created and thrown away; `throw` is missing.",
            (Edit(at.start_byte, at.start_byte, "throw "),),
        )


_ERRORS: Final = frozenset(
    ["Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError", "EvalError", "URIError", "AggregateError"]
)
