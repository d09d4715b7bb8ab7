"""Handlers in Python that lose errors, and functions that return on the way out of one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Edit, Hit
from aura_code.places import read_place
from aura_code.rules.checks.python_names import SCOPES, dotted, function_around, imports, left_loop
from aura_code.rules.checks.trees import around, comments_in, field, holds, inside, named
from aura_code.syntax import SourceFile

_BROAD: Final = frozenset({"Exception", "BaseException", "builtins.Exception", "builtins.BaseException"})
_NOTHING: Final = frozenset({"pass_statement", "continue_statement"})
_CLEANING: Final = re.compile(
    r"_*(?:close|shutdown|unlink|remove|rmtree|kill|terminate|disconnect|cancel|stop|release|cleanup|clean_up|join"
    r"|flush|destroy|dispose|quit|teardown|aclose|reset|rollback|detach|unlock|abort|unregister|deregister|logout)\w*$"
)
_MARKS: Final = re.compile(
    r"\b(?:noqa|pragma|pylint|type: ?ignore|TODO|FIXME|BAD|BUG|XXX)\b[^#]*|[#/*<-]", re.IGNORECASE
)


def explained(comment: str) -> bool:
    """Whether a comment gives a reason: four words or more beside marks for tools."""
    return len(_MARKS.sub(" ", comment).split()) >= 4


def dropped(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """A handler of every error (`except:`, `except Exception:`) that does nothing."""
    handler = captures["at"][0]
    caught = _caught(handler)
    if caught is not None and not _is_broad(file, caught):
        return
    body = named(handler)[-1]
    if "docs" in read_place(file.path).kinds:
        return
    if not _does_nothing(body) or _is_expected(file, handler, caught) or explained(comments_in(file, handler)):
        return
    what = "every error, even KeyboardInterrupt" if caught is None else f"every `{file.text_of(caught)}`"
    yield Hit(_head(file, handler), f"This handler drops {what}: nobody will learn what went wrong.")


def _caught(handler: Node) -> Node | None:
    value = field(handler, "value")
    if value is None:
        return None
    return value.named_children[0] if value.type == "as_pattern" else value


def _is_broad(file: SourceFile, caught: Node) -> bool:
    names = named(caught) if caught.type == "tuple" else [caught]
    return any(dotted(file, name) in _BROAD for name in names)


def _does_nothing(body: Node) -> bool:
    return all(
        statement.type in _NOTHING
        or (statement.type == "expression_statement" and named(statement)[0].type in {"ellipsis", "string"})
        or (statement.type == "return_statement" and all(each.type == "none" for each in named(statement)))
        for statement in named(body)
    )


def _is_expected(file: SourceFile, handler: Node, caught: Node | None) -> bool:
    """Whether losing the error is what such code does.

    In `__del__`, around an optional import, while cleaning up, after another error, and in a try that asks whether
    something works (`try` with `else`).
    """
    function = function_around(handler)
    name = field(function, "name") if function is not None else None
    if name is not None and file.text_of(name) == "__del__":
        return True
    tried = field(handler.parent, "body") if handler.parent is not None else None
    statements = named(tried) if tried is not None else []
    outer = around(handler.parent, SCOPES | _AFTERWARDS) if handler.parent is not None else None
    if caught is not None and outer is not None and outer.type in _AFTERWARDS:
        return True
    clauses = handler.parent.named_children if handler.parent is not None else []
    if any(clause.type == "else_clause" for clause in clauses):
        return True
    if any(statement.type in {"import_statement", "import_from_statement"} for statement in statements):
        return True
    return caught is not None and len(statements) == 1 and _cleans_up(file, statements[0])


_AFTERWARDS: Final = frozenset({"except_clause", "finally_clause"})


def _cleans_up(file: SourceFile, statement: Node) -> bool:
    call = named(statement)[0] if statement.type == "expression_statement" else None
    if call is not None and call.type == "await":
        call = named(call)[0]
    function = field(call, "function") if call is not None and call.type == "call" else None
    return function is not None and _CLEANING.match(file.text_of(function).rpartition(".")[2]) is not None


def _head(file: SourceFile, handler: Node) -> tuple[int, int]:
    value = field(handler, "value")
    end = value.end_byte if value is not None else handler.start_byte + len("except")
    del file
    return handler.start_byte, end


def broad(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """A handler of every error that neither raises again nor logs what it caught."""
    handler = captures["at"][0]
    caught = _caught(handler)
    if caught is not None and not _is_broad(file, caught):
        return
    body = named(handler)[-1]
    if _does_nothing(body) or any(part.type == "raise_statement" for part in inside(body)):
        return
    value = field(handler, "value")
    alias = field(value, "alias") if value is not None else None
    name = file.text_of(alias) if alias is not None else ""
    if name and any(part.type == "identifier" and file.text_of(part) == name for part in inside(body)):
        return
    if re.search(r"\b(?:log\w*|exception|traceback|exc_info|warn\w*|print_exc|report\w*)\b", file.text_of(body)):
        return
    yield Hit(_head(file, handler))


def leaving_finally(_file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`return`, `break` or `continue` that leaves a `finally` and so loses the error that passes through it."""
    for part in inside(captures["finally"][0], stop=SCOPES):
        if part.type == "return_statement" and around(part, SCOPES | {"finally_clause"}) == captures["finally"][0]:
            yield Hit(part, "This `return` in `finally` discards an error that is on its way out.")
        if part.type in {"break_statement", "continue_statement"}:
            loop = left_loop(part)
            if loop is None or not holds(captures["finally"][0], loop):
                yield Hit(part, f"This `{file_word(part)}` in `finally` discards an error that is on its way out.")


def file_word(part: Node) -> str:
    """The keyword of a statement."""
    return part.type.removesuffix("_statement")


def without_cause(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`raise Other(…)` within a handler, without `from`."""
    statement = captures["at"][0]
    if field(statement, "cause") is not None or not named(statement):
        return
    handler = around(statement, SCOPES | {"except_clause"})
    if handler is None or handler.type != "except_clause":
        return
    raised = named(statement)[0]
    if raised.type != "call":
        return
    value = field(handler, "value")
    alias = field(value, "alias") if value is not None else None
    edits = ()
    if alias is not None and value is not None:
        edits = (Edit(raised.end_byte, raised.end_byte, f" from {file.text_of(alias)}"),)
    yield Hit(statement, "", edits)


def in_init(_file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """A value returned by, or a `yield` in, `__init__`."""
    for part in inside(captures["body"][0], stop=SCOPES):
        if part.type == "yield":
            yield Hit(part, "A `yield` makes `__init__` a generator: creating an object raises TypeError.")
        elif part.type == "return_statement" and named(part) and named(part)[0].type not in {"none", "call", "await"}:
            yield Hit(part, "`__init__` returns a value: creating an object raises TypeError.")


def init(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """As `in_init`, for the functions called `__init__` in a class."""
    if file.text_of(captures["name"][0]) == "__init__":
        yield from in_init(file, captures)


def not_raised(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """An error that is made but not raised: `ValueError("…")` as a statement."""
    name = captures["name"][0]
    text = file.text_of(name)
    if re.fullmatch(r"[A-Z]\w*(?:Error|Exception|Warning)|NotImplementedError", text) and text not in imports(file):
        at = captures["at"][0]
        yield Hit(
            at,
            f"`{text}` is created and thrown away; `raise` is missing.",
            (Edit(at.start_byte, at.start_byte, "raise "),),
        )
