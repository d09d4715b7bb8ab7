"""Checks that are the same for Go, Rust and Java: comparisons, branches, and statements that cannot run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Hit
from aura_code.rules.checks.python_comparisons import is_exact
from aura_code.rules.checks.trees import field, inside
from aura_code.syntax import SourceFile

VALUE_NEXT: Final = re.compile(
    r"(?:[=<>('\",%]|\b(?:LIKE|ILIKE|IN|VALUES|BETWEEN|AND|OR|LIMIT|OFFSET|THEN|ELSE))\s*$", re.IGNORECASE
)
"""What stands before a value in SQL. Code that builds statements for others puts much else in, and has to."""
_EQUALS: Final = frozenset({"==", "!="})
_COMPARES: Final = _EQUALS | {"<", ">", "<=", ">="}
_COMMENTS: Final = frozenset({"comment", "line_comment", "block_comment"})
_NEVER_RUN: Final = _COMMENTS | {
    "labeled_statement", "empty_statement", "function_item", "struct_item", "enum_item", "impl_item", "trait_item",
    "const_item", "static_item", "mod_item", "use_declaration", "macro_definition", "type_item", "attribute_item",
    "inner_attribute_item",
}  # fmt: skip
_FLOATS: Final = frozenset({"float_literal", "decimal_floating_point_literal"})
_SIDES: Final = frozenset(
    {"identifier", "selector_expression", "field_expression", "field_access", "index_expression", "array_access"}
)
_CALLS: Final = frozenset(
    {"call_expression", "method_invocation", "macro_invocation", "update_expression", "await_expression"}
)


def same_sides(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`x == x`."""
    at = captures["at"][0]
    left, right, sign = field(at, "left"), field(at, "right"), field(at, "operator")
    if left is None or right is None or sign is None or sign.type not in _COMPARES or left.type not in _SIDES:
        return
    if left.end_byte - left.start_byte != right.end_byte - right.start_byte:
        return
    text = file.text_of(left)
    if text != file.text_of(right) or any(part.type in _CALLS for part in inside(left)):
        return
    if sign.type in _EQUALS and (file.is_test or sign.type == "!=" or _is_about_nan(file, at.start_point.row + 1)):
        return  # `x != x` is how one asks for NaN
    yield Hit(at, f"Both sides of `{sign.type}` are `{text}`; the answer is always the same.")


def _is_about_nan(file: SourceFile, first: int) -> bool:
    lines = range(max(1, first - 2), min(first + 1, len(file.starts)))
    return any("nan" in file.line(line).lower() for line in lines)


def float_equality(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`x == 0.1`, where no number of the machine is 0.1."""
    at = captures["at"][0]
    sign = field(at, "operator")
    if sign is None or sign.type not in _EQUALS:
        return
    for side in (field(at, "left"), field(at, "right")):
        if side is None or side.type not in _FLOATS:
            continue
        text = re.sub(r"_|f32$|f64$|[fFdD]$", "", file.text_of(side))
        if text.lower()[:2] != "0x" and not is_exact(text):
            yield Hit(at, f"No number is exactly {text} here; a computed one will differ in its last digits.")
            return


def unreachable(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """The first statement behind one that never goes on."""
    end = captures["end"][0]
    before = end.prev_named_sibling
    if file.is_test and file.language == "rust":  # tests of macros and of the compiler's warnings
        return
    if before is not None and before.type == "attribute_item":  # `#[cfg(unix)] return …;`
        return
    reached: Node | None = captures["next"][0]
    while reached is not None and reached.type in _NEVER_RUN:
        if reached.type not in _COMMENTS:
            return
        reached = reached.next_named_sibling
    if reached is None:
        return
    stop = file.text.find(b"\n", reached.start_byte, reached.end_byte)
    word = file.text_of(end).split(maxsplit=1)[0].rstrip(";")
    yield Hit(
        (reached.start_byte, reached.end_byte if stop < 0 else stop),
        f"This cannot run: the `{word}` above never goes on.",
    )


def duplicate_branch(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`if c { a() } else { a() }`."""
    whole, first, second = captures["if"][0], captures["first"][0], captures["second"][0]
    parent = whole.parent
    if not _words(file, first)[2:] or (parent is not None and parent.type in {"if_statement", "else_clause"}):
        return
    if _words(file, first) == _words(file, second):
        yield Hit((whole.start_byte, whole.start_byte + 2))


def _words(file: SourceFile, node: Node) -> list[str]:
    """What a piece of code says, without comments and spacing."""
    return [
        file.text_of(part)
        for part in inside(node, stop=_COMMENTS)
        if not part.child_count and part.type not in _COMMENTS
    ]


def duplicate_condition(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`if a {} else if a {}`."""
    whole = captures["if"][0]
    seen: set[str] = set()
    for each in _chain(whole):
        condition = field(each, "condition")
        if condition is None or field(each, "initializer") is not None:
            return
        if condition.type in {"let_condition", "let_chain"} or _calls(condition):
            seen.clear()
            continue
        text = " ".join(file.text_of(condition).split())
        if text in seen:
            yield Hit(condition)
        seen.add(text)


def _calls(node: Node) -> bool:
    return node.type in _CALLS or any(part.type in _CALLS for part in inside(node))


def _chain(first: Node) -> Iterator[Node]:
    """The links of an `if … else if …`, from the first one on; nothing for a later one."""
    parent = first.parent
    if parent is None or parent.type == "else_clause" or field(parent, "alternative") == first:
        return
    at: Node | None = first
    while at is not None:
        yield at
        following = field(at, "alternative")
        if following is not None and following.type == "else_clause":
            following = following.named_children[0] if following.named_child_count else None
        at = following if following is not None and following.type in {"if_statement", "if_expression"} else None
