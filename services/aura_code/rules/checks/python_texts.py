"""Texts in Python as pieces: what of a string is fixed, and which expressions are put into it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from tree_sitter import Node

from aura_code.rules.checks.python_names import UPPER, dotted, positional, values_of
from aura_code.rules.checks.trees import field, holds, named
from aura_code.syntax import SourceFile

Piece: TypeAlias = "str | Node"
"""A fixed part of a text, or an expression that is put into it."""

_FIXED: Final = frozenset({"integer", "float", "true", "false", "none", "ellipsis"})
_NUMBERS: Final = frozenset({"int", "float", "len", "bool", "id", "hash", "ord", "round", "sum"})
_PERCENT: Final = re.compile(r"%(?:\(\w+\))?[#0\- +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?([diouxXeEfFgGcrsa])")
_BRACES: Final = re.compile(r"\{[^{}]*\}")
_DEEP: Final = 3  # Names that are followed to what is assigned to them, one after the other.


def pieces(file: SourceFile, node: Node | None, depth: int = _DEEP) -> list[Piece]:
    """The parts of a text in their order; an expression that is not understood is one piece."""
    if node is None:
        return []
    read = _READERS.get(node.type)
    if read is None or depth == 0:
        return ["0"] if node.type in _FIXED else [node]
    return list(read(file, node, depth))


def is_fixed(file: SourceFile, node: Node | None) -> bool:
    """Whether an expression is a constant as far as can be seen here."""
    return all(isinstance(piece, str) for piece in pieces(file, node))


def literal(file: SourceFile, node: Node | None) -> str | None:
    """The text of a plain string without anything put into it; None for all else."""
    if node is None or node.type != "string" or any(child.type == "interpolation" for child in node.named_children):
        return None
    return "".join(file.text_of(child) for child in node.named_children if child.type == "string_content")


def _string(file: SourceFile, node: Node, depth: int) -> Iterator[Piece]:
    for child in node.named_children:
        if child.type == "string_content":
            yield file.text_of(child)
        elif child.type == "interpolation":
            yield from pieces(file, field(child, "expression"), depth)


def _joined(file: SourceFile, node: Node, depth: int) -> Iterator[Piece]:
    for child in named(node):
        yield from pieces(file, child, depth)


def _operator(file: SourceFile, node: Node, depth: int) -> Iterator[Piece]:
    left, right, sign = field(node, "left"), field(node, "right"), field(node, "operator")
    if sign is None or left is None or right is None or sign.type not in {"+", "%", "*"}:
        yield node
    elif sign.type == "%":
        yield from _percent(file, left, right, depth)
    elif sign.type == "*":
        yield from pieces(file, left, depth)
    else:
        yield from pieces(file, left, depth)
        yield from pieces(file, right, depth)


def _percent(file: SourceFile, left: Node, right: Node, depth: int) -> Iterator[Piece]:
    values = named(right) if right.type == "tuple" else [right]
    if right.type == "dictionary":
        values = [value for pair in named(right) if (value := field(pair, "value")) is not None]
    template = pieces(file, left, depth)
    text = "".join(piece if isinstance(piece, str) else "\0" for piece in template)
    yield from (piece for piece in template if not isinstance(piece, str))
    end = 0
    for used, match in enumerate(_PERCENT.finditer(text)):
        yield text[end : match.start()]
        end = match.end()
        value = values[min(used, len(values) - 1)] if values else None
        if match[1] in "srac":
            yield from pieces(file, value, depth)
        else:
            yield "0"
    yield text[end:]


def _name(file: SourceFile, node: Node, depth: int) -> Iterator[Piece]:
    values = values_of(file, node)
    if values is None:
        yield from ("X",) if UPPER.match(file.text_of(node)) else (node,)
        return
    if any(holds(value, node) for value in values):
        return  # `text = text + more`: it is read where it is used.
    for value in values[:8]:
        yield from pieces(file, value, depth - 1)


def _attribute(file: SourceFile, node: Node, _depth: int) -> Iterator[Piece]:
    name = field(node, "attribute")
    constant = name is not None and UPPER.match(file.text_of(name)) is not None
    yield from ("X",) if constant else (node,)


def _call(file: SourceFile, node: Node, depth: int) -> Iterator[Piece]:
    function = field(node, "function")
    if function is None:
        yield node
    elif function.type == "identifier":
        name = file.text_of(function)
        if name in _NUMBERS:
            yield "0"
        elif name in {"str", "repr"} and len(positional(node)) == 1:
            yield from pieces(file, positional(node)[0], depth)
        else:
            yield node
    else:
        yield from _method(file, node, function, depth)


def _method(file: SourceFile, node: Node, function: Node, depth: int) -> Iterator[Piece]:
    name, text = field(function, "attribute"), field(function, "object")
    called = file.text_of(name) if name is not None else ""
    if called == "format" and text is not None:
        yield from _formatted(file, node, text, depth)
    elif called in {"strip", "lower", "upper", "rstrip", "lstrip", "encode"} and text is not None:
        yield from pieces(file, text, depth)
    elif called == "join" and text is not None and len(positional(node)) == 1:
        yield from _join(file, node, positional(node)[0], depth)
    elif dotted(file, function) == "textwrap.dedent" and positional(node):
        yield from pieces(file, positional(node)[0], depth)
    else:
        yield node


def _join(file: SourceFile, node: Node, items: Node, depth: int) -> Iterator[Piece]:
    listed = _items(file, items)
    if listed is None:
        yield node
        return
    for item in listed:
        yield from pieces(file, item, depth)


def _items(file: SourceFile, items: Node) -> list[Node] | None:
    if items.type in {"list", "tuple", "set"}:
        return named(items)
    if items.type in {"generator_expression", "list_comprehension"}:
        body = field(items, "body")
        return [body] if body is not None else None
    if items.type == "binary_operator":  # ["?"] * n
        left = field(items, "left")
        return _items(file, left) if left is not None else None
    if items.type == "string" or (items.type == "identifier" and UPPER.match(file.text_of(items))):
        return [items]
    return None


def _formatted(file: SourceFile, node: Node, text: Node, depth: int) -> Iterator[Piece]:
    template = pieces(file, text, depth)
    if not any(isinstance(piece, str) for piece in template):
        yield node
        return
    arguments = field(node, "arguments")
    given: list[Node] = []
    by_name: dict[str, Node] = {}
    for each in named(arguments) if arguments is not None else ():
        name, value = field(each, "name"), field(each, "value")
        if each.type == "keyword_argument" and name is not None and value is not None:
            by_name[file.text_of(name)] = value
        else:
            given.append(each)
    whole = "".join(piece for piece in template if isinstance(piece, str))
    end, used = 0, 0
    for match in _BRACES.finditer(whole):
        yield whole[end : match.start()]
        end = match.end()
        value = by_name.pop(match[0].strip("{}").partition(":")[0].partition("!")[0], None)
        if value is not None:
            yield from pieces(file, value, depth)
        elif given:
            yield from pieces(file, given[min(used, len(given) - 1)], depth)
            used += 1
    yield whole[end:]
    yield from _unused(file, given[used:], depth)


def _unused(file: SourceFile, given: Iterable[Node], depth: int) -> Iterator[Piece]:
    for value in given:
        yield from pieces(file, value, depth)


def _choice(file: SourceFile, node: Node, depth: int) -> Iterator[Piece]:
    parts = named(node)
    for each in (parts[0], parts[2]) if len(parts) == 3 else ():
        yield from pieces(file, each, depth)


_READERS: Final = {
    "string": _string,
    "concatenated_string": _joined,
    "parenthesized_expression": _joined,
    "binary_operator": _operator,
    "identifier": _name,
    "attribute": _attribute,
    "call": _call,
    "conditional_expression": _choice,
    "boolean_operator": _joined,
}
