"""Texts with places for values in Python, and as many values; and a few calls that newer ones replace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Edit, Hit
from aura_code.rules.checks.python_names import (
    calls_of_method,
    calls_to,
    positional,
    splats,
)
from aura_code.rules.checks.python_texts import literal
from aura_code.rules.checks.trees import around, field, named
from aura_code.syntax import SourceFile

_PERCENT: Final = re.compile(
    r"%(?P<key>\([^)]*\))?[#0\- +]*(?P<width>\*|\d+)?(?:\.(?P<most>\*|\d+))?[hlL]?(?P<kind>.|$)", re.DOTALL
)
_LEVELS: Final = frozenset({"debug", "info", "warning", "warn", "error", "critical", "exception", "fatal"})
_LOGGER: Final = re.compile(r"(?:^|[._])(?:log|logger|logging|_?log(?:ger)?)$", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"\\(?:x[0-9a-fA-F]{2}|N\{[^}]*\}|u[0-9a-fA-F]{4}|[^%{}])", re.DOTALL)


def percent(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`"%s %s" % (a,)`."""
    at, text = captures["at"][0], _text(file, captures["text"][0])
    values = named(captures["values"][0])
    if text is None or any(value.type == "list_splat" for value in values):
        return
    wanted = count_percent(text)
    if wanted is not None and wanted != len(values):
        yield Hit(at, f"{_counts(wanted, len(values))}: this raises TypeError.")


def _text(file: SourceFile, node: Node) -> str | None:
    if node.type == "concatenated_string":
        parts = [literal(file, each) for each in named(node)]
        return None if any(part is None for part in parts) else "".join(part or "" for part in parts)
    return literal(file, node)


def _counts(places: int, values: int) -> str:
    places_word = "place" if places == 1 else "places"
    values_word = "value is" if values == 1 else "values are"
    return f"The text has {places or 'no'} {places_word}, and {values or 'no'} {values_word} given"


def count_percent(text: str) -> int | None:
    """How many values a text with `%` takes; None when it takes a dict, or that cannot be told."""
    number = 0
    for match in _PERCENT.finditer(_ESCAPED.sub("_", text)):
        kind = match["kind"]
        if kind == "%" and match[0] == "%%":
            continue
        if match["key"] or kind not in "diouxXeEfFgGcrsa" or not kind:
            return None
        number += 1 + (match["width"] == "*") + (match["most"] == "*")
    return number


def braces(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`"{} {}".format(a)`."""
    at, text = captures["at"][0], _text(file, captures["text"][0])
    if text is None or file.text_of(captures["name"][0]) != "format" or splats(at):
        return
    wanted = _fields(_ESCAPED.sub("_", text))
    if wanted is None:
        return
    count, names = wanted
    given = positional(at)
    arguments = field(at, "arguments")
    known = {
        file.text_of(key)
        for each in (arguments.named_children if arguments is not None else ())
        if each.type == "keyword_argument" and (key := field(each, "name")) is not None
    }
    if count > len(given):
        yield Hit(at, f"{_counts(count, len(given))}: this raises IndexError.")
    elif names - known:
        yield Hit(at, f"No value is given for `{min(names - known)}`: this raises KeyError.")


def _fields(text: str) -> tuple[int, set[str]] | None:
    """How many positions a text with braces needs, and which names; None when that cannot be told."""
    count, names, automatic = 0, set[str](), 0
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        return None
    for _, name, layout, _ in parts:
        if name is None:
            continue
        if layout and "{" in layout:
            return None
        first = re.split(r"[.\[]", name)[0]
        if not first:
            automatic += 1
        elif first.isdigit():
            count = max(count, int(first) + 1)
        else:
            names.add(first)
    return max(count, automatic), names


def logged(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """`log.info("%s %s", a)`."""
    for call, _ in calls_of_method(file, _LEVELS):
        owner = field(call, "function", "object")
        given = positional(call)
        if owner is None or not _LOGGER.search(file.text_of(owner)) or not given or splats(call):
            continue
        text = _text(file, given[0])
        wanted = count_percent(text) if text is not None else None
        values = len(given) - 1
        if (
            wanted is None
            or values == wanted
            or (values == 0 and wanted)
            or (values == 1 and given[1].type == "dictionary")
        ):
            continue
        if "{" in (text or ""):
            continue  # A logger of its own kind, such as loguru.
        yield Hit(given[0], f"{_counts(wanted, values)}: nothing gets logged but an error.")


def without_places(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """An f-string with nothing to put in."""
    at = captures["at"][0]
    start = at.named_children[0]
    opening = file.text_of(start)
    if "f" not in opening.lower() or any(child.type == "interpolation" for child in at.named_children):
        return
    if at.parent is not None and at.parent.type == "concatenated_string":
        return
    text = file.text_of(at)
    place = opening.lower().index("f")
    edits = () if "{" in text else (Edit(at.start_byte + place, at.start_byte + place + 1, ""),)
    yield Hit(at, "", edits)


def naive_now(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """`datetime.utcnow()`."""
    targets = frozenset({"datetime.datetime.utcnow", "datetime.datetime.utcfromtimestamp"})
    for call, name in calls_to(file, targets):
        yield Hit(
            field(call, "function") or call,
            f"`{name.rpartition('.')[2]}` gives a time that does not know that it is UTC.",
        )


def left_behind(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """Calls that stop in a debugger."""
    targets = frozenset(
        {"breakpoint", "pdb.set_trace", "ipdb.set_trace", "pudb.set_trace", "IPython.embed", "pdb.post_mortem"}
    )
    for call, name in calls_to(file, targets):
        branch = around(call, frozenset({"if_statement", "function_definition"}))
        condition = field(branch, "condition") if branch is not None else None
        if condition is not None and "debug" in file.text_of(condition).lower():
            continue
        yield Hit(
            field(call, "function") or call, f"`{name}` stops the program and waits for somebody at the keyboard."
        )


def text_for_tuple(_file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`x in ("a")`: one comma short of a tuple."""
    at, right = captures["at"][0], captures["right"][0]
    inner = named(right)
    if len(inner) != 1 or inner[0].type != "string" or right.start_point.row != right.end_point.row:
        return
    if "".join(sign.type for sign in at.children_by_field_name("operators")) not in {"in", "notin", "not in"}:
        return
    edit = Edit(inner[0].end_byte, inner[0].end_byte, ",")
    yield Hit(right, "Without a comma this is a text, so parts of it count as well.", (edit,))


def either_error(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`except A or B`."""
    value = captures["value"][0]
    signs = [child for child in value.children if child.type in {"or", "and"}]
    left, right = field(value, "left"), field(value, "right")
    edits = ()
    if left is not None and right is not None and "boolean_operator" not in {left.type, right.type}:
        pair = f"{file.text_of(left)}, {file.text_of(right)}"
        bracketed = value.parent is not None and value.parent.type == "parenthesized_expression"
        edits = (Edit(value.start_byte, value.end_byte, pair if bracketed else f"({pair})"),)
    if signs:
        yield Hit(value, f"`{signs[0].type}` picks one of the two, so only that one is caught.", edits)


def without_effect(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """A comparison as a statement."""
    at = captures["at"][0]
    statement = at.parent
    block = statement.parent if statement is not None else None
    if block is not None and block.type == "module" and file.path.endswith((".ipynb", "_notebook.py")):
        return
    holder = block.parent if block is not None else None
    if holder is not None and holder.type in {"with_statement", "try_statement"}:
        return  # It is there for the error that it may raise.
    yield Hit(at)
