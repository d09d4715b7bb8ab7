"""Comparisons in JavaScript and TypeScript that do not ask what they seem to ask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from aura_code.findings.model import Captures, Edit, Hit
from aura_code.rules.checks.javascript_names import literal, unwrapped
from aura_code.rules.checks.python_comparisons import is_exact
from aura_code.rules.checks.trees import field, inside
from aura_code.syntax import SourceFile

_EQUALS: Final = frozenset({"==", "===", "!=", "!=="})
_TYPES: Final = frozenset(
    # "unknown" is what old Internet Explorers say of some objects.
    {"undefined", "object", "boolean", "number", "string", "function", "symbol", "bigint", "unknown"}
)
_SIDES: Final = frozenset({"identifier", "member_expression", "subscript_expression", "this"})


def same_sides(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`x === x`."""
    at, left, right = captures["at"][0], captures["left"][0], captures["right"][0]
    sign = file.text_of(captures["sign"][0])
    text = file.text_of(left)
    if text != file.text_of(right) or sign not in _EQUALS | {"<", ">", "<=", ">="}:
        return
    if any(part.type in {"call_expression", "update_expression"} for part in inside(left)):
        return
    asks_nan = sign.startswith("!") and left.type == "identifier"  # `x !== x`
    if sign in _EQUALS and (file.is_test or asks_nan or _is_about_nan(file, at.start_point.row + 1, sign)):
        return
    yield Hit(at, f"Both sides of `{sign}` are `{text}`; the answer is always the same.")


def _is_about_nan(file: SourceFile, first: int, sign: str) -> bool:
    near = range(max(1, first - 1), min(first + 2, len(file.starts)))
    if any("nan" in file.line(line).lower() for line in (near if sign.startswith("!") else [first])):
        return True
    above = file.line(max(1, first - 1)).strip()
    return above.startswith(("//", "/*", "*")) and re.search(r"\bNaN\b", above) is not None


def with_nan(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`x === NaN`."""
    at = captures["at"][0]
    sides = [(captures["left"][0], captures["right"][0]), (captures["right"][0], captures["left"][0])]
    for nan, other in sides:
        sign = file.text_of(captures["sign"][0])
        if file.text_of(nan) not in {"NaN", "Number.NaN"} or sign not in _EQUALS:
            continue
        no = "!" if sign.startswith("!") else ""
        edit = Edit(at.start_byte, at.end_byte, f"{no}Number.isNaN({file.text_of(other)})")
        yield Hit(at, f"This is always {'true' if no else 'false'}: NaN is not equal to anything.", (edit,))
        return


def case_nan(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`case NaN:`."""
    if file.text_of(captures["value"][0]) == "NaN":
        yield Hit(captures["value"][0], "This case never runs: NaN is not equal to anything.")


def float_equality(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`x === 0.1`, where no number of the machine is 0.1."""
    at, sign = captures["at"][0], file.text_of(captures["sign"][0])
    if sign not in _EQUALS:
        return
    for side in (unwrapped(captures["left"][0]), unwrapped(captures["right"][0])):
        text = file.text_of(side)
        if side.type == "number" and "." in text and not is_exact(text):
            yield Hit(at, f"No number is exactly {text} here; a computed one will differ in its last digits.")
            return
        if side.type == "binary_expression" and any(
            part.type == "number" and "." in file.text_of(part) and not is_exact(file.text_of(part))
            for part in inside(side)
        ):
            yield Hit(at, "Sums and quotients of fractions are rounded; compare with a tolerance.")
            return


def invalid_typeof(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`typeof x === "strnig"`."""
    argument, value = captures["typeof"][0], captures["value"][0]
    text = literal(file, value)
    operator = field(argument, "operator")
    if operator is None or operator.type != "typeof" or text is None or value.type != "string":
        return
    if file.text_of(captures["sign"][0]) in _EQUALS and text not in _TYPES:
        yield Hit(value, f"`typeof` never answers {file.text_of(value)}.")


def loose(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`==` and `!=`, but for comparisons with null."""
    sign = captures["sign"][0]
    sides = (captures["left"][0], captures["right"][0])
    text = file.text_of(sign)
    if text not in {"==", "!="} or any(side.type in {"null", "undefined"} for side in sides):
        return
    if any(side.type == "unary_expression" for side in sides):
        return
    yield Hit(sign, f"`{text}` converts both sides before it compares.", ())
