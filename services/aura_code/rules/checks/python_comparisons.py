"""Comparisons in Python that do not ask what they seem to ask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Edit, Hit
from aura_code.rules.checks.python_names import dotted, function_around, positional
from aura_code.rules.checks.python_texts import literal
from aura_code.rules.checks.trees import around, field, inside, named
from aura_code.syntax import SourceFile

_SAME: Final = frozenset({"==", "!=", "<", ">", "<=", ">=", "is", "is not"})
_ORDERING: Final = frozenset({"<", ">", "<=", ">="})
_VALUES: Final = frozenset({"string", "integer", "float", "tuple", "list", "dictionary", "set", "concatenated_string"})
_NAN: Final = frozenset({"math.nan", "numpy.nan", "numpy.NaN", "numpy.NAN", "cmath.nan"})
_TYPE: Final = re.compile(r"str|int|list|dict|tuple|set|float|bytes|bool|[A-Z]\w+")
_PLAIN: Final = frozenset({"identifier", "attribute", "subscript"})


def _parts(comparison: Node) -> tuple[Node, str, Node] | None:
    """Left side, operator and right side of a comparison of two; None for chains."""
    sides = named(comparison)
    signs = comparison.children_by_field_name("operators")
    if len(sides) != 2 or not signs:
        return None
    return sides[0], " ".join(sign.type for sign in signs), sides[1]


def same_sides(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`x == x`."""
    at = captures["at"][0]
    parts = _parts(at)
    if parts is None or parts[0].type not in _PLAIN or parts[1] not in _SAME:
        return
    left, sign, right = parts
    text = file.text_of(left)
    if text != file.text_of(right) or any(part.type == "call" for part in inside(left)):
        return
    if _is_asserted(at) or (sign in {"==", "!="} and _is_about_nan(file, at, sign)):
        return
    yield Hit(at, f"Both sides of `{sign}` are `{text}`; the answer is always the same.")


def _is_about_nan(file: SourceFile, at: Node, sign: str) -> bool:
    """Whether code around speaks of NaN: `x != x` is an old way to ask for it."""
    function = function_around(at)
    name = field(function, "name") if function is not None else None
    text = file.text_of(name).lower() if name is not None else ""
    if "nan" in text:
        return True
    first = at.start_point.row + 1
    around_it = range(max(1, first - 1), min(first + 2, len(file.starts)))
    lines = around_it if sign == "!=" else range(first, first + 1)
    return any("nan" in file.line(line).lower() for line in lines)


def is_literal(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`x is "a"`."""
    at = captures["at"][0]
    parts = _parts(at)
    if parts is None or parts[1] not in {"is", "is not"}:
        return
    left, sign, right = parts
    value = next((side for side in (right, left) if side.type in _VALUES), None)
    if value is None or (value.type == "tuple" and named(value)):
        return
    signs = at.children_by_field_name("operators")
    text = "==" if sign == "is" else "!="
    edit = Edit(signs[0].start_byte, signs[-1].end_byte, text)
    shown = file.text_of(value)[:40]
    yield Hit(at, f"`{sign}` asks for the same object, which for {shown} is up to the interpreter.", (edit,))


def with_nan(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`x == float("nan")`."""
    at = captures["at"][0]
    parts = _parts(at)
    if parts is None or parts[1] not in {"==", "!=", "is", "is not"} | _ORDERING:
        return
    left, sign, right = parts
    nan, other = (right, left) if _is_nan(file, right) else (left, right)
    if not _is_nan(file, nan) or (sign in {"is", "is not"} and nan.type != "call"):
        return
    answer = "true" if sign in {"!=", "is not"} else "false"
    yield Hit(
        at, f"This is always {answer}: NaN is not equal to anything.", _is_nan_instead(file, at, nan, other, sign)
    )


def _is_nan(file: SourceFile, node: Node) -> bool:
    if node.type == "call":
        given = positional(node)
        text = literal(file, given[0]) if len(given) == 1 else None
        return dotted(file, field(node, "function")) == "float" and (text or "").strip("+-").lower() == "nan"
    return dotted(file, node) in _NAN


def _is_nan_instead(file: SourceFile, at: Node, nan: Node, other: Node, sign: str) -> tuple[Edit, ...]:
    module = "math" if b"import math" in file.text and dotted(file, nan) != "numpy.nan" else ""
    if not module or sign not in {"==", "!="}:
        return ()
    no = "not " if sign == "!=" else ""
    return (Edit(at.start_byte, at.end_byte, f"{no}math.isnan({file.text_of(other)})"),)


def float_equality(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`x == 0.1`, where no number of the machine is 0.1."""
    at = captures["at"][0]
    parts = _parts(at)
    if parts is None or parts[1] not in {"==", "!="}:
        return
    left, _, right = parts
    value = next((side for side in (right, left) if side.type == "float"), None)
    if value is None:
        if (_is_computed(file, left) or _is_computed(file, right)) and not _is_asserted(at):
            yield Hit(
                at, "Sums and quotients of fractions are rounded; compare with a tolerance, as `math.isclose` does."
            )
        return
    text = file.text_of(value)
    if not is_exact(text) and not _is_asserted(at):
        yield Hit(at, f"No number is exactly {text} here; a computed one will differ in its last digits.")


def _is_asserted(at: Node) -> bool:
    return around(at, frozenset({"assert_statement"})) is not None


def _is_computed(file: SourceFile, side: Node) -> bool:
    """`0.1 + 0.2`: arithmetic with a literal fraction that is no number of the machine."""
    if side.type != "binary_operator" or any(part.type == "string" for part in inside(side)):
        return False
    return any(part.type == "float" and not is_exact(file.text_of(part)) for part in inside(side))


def is_exact(text: str) -> bool:
    """Whether a decimal fraction is a number of the machine as it stands."""
    plain = text.replace("_", "").rstrip("fFdDjJ")
    try:
        return Fraction(plain) == Fraction(float(plain))
    except (ValueError, OverflowError):
        return True


def with_none(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`x == None`."""
    at = captures["at"][0]
    parts = _parts(at)
    if parts is None or parts[1] not in {"==", "!="} or "none" not in {parts[0].type, parts[2].type}:
        return
    if _is_query(file, at):
        return
    sign = at.children_by_field_name("operators")[0]
    text = "is" if parts[1] == "==" else "is not"
    yield Hit(at, f"`{text} None` asks what is meant here.", (Edit(sign.start_byte, sign.end_byte, text),))


def _is_query(file: SourceFile, at: Node) -> bool:
    """Comparisons that build a query: arguments of `filter`, `where` and the like of SQLAlchemy, peewee, pandas."""
    parent = at.parent
    while parent is not None and parent.type not in {"expression_statement", "block", "module", "if_statement"}:
        if parent.type in {"argument_list", "subscript", "binary_operator"}:
            return True
        parent = parent.parent
    return re.search(rb"sqlalchemy|peewee|pandas|numpy|polars|sqlmodel|pony", file.text[:6000]) is not None


def with_bool(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`type(x) == str`, which misses subclasses."""
    at = captures["at"][0]
    parts = _parts(at)
    if parts is None or parts[1] not in {"==", "!="}:
        return
    left, _, right = parts
    sides = [side for side in (left, right) if side.type == "call" and dotted(file, field(side, "function")) == "type"]
    others = [side for side in (left, right) if side.type == "identifier" and _TYPE.fullmatch(file.text_of(side))]
    if len(sides) == 1 and len(others) == 1 and len(positional(sides[0])) == 1:
        yield Hit(at)
