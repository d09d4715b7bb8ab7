"""The qualified name of what surrounds a place in a file, read from the tree where a finding is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tree_sitter import Node

from aura_code.syntax import SourceFile

_NAMED: Final[Mapping[str, str]] = {
    # Python
    "function_definition": "name",
    "class_definition": "name",
    # JavaScript, TypeScript
    "function_declaration": "name",
    "generator_function_declaration": "name",
    "class_declaration": "name",
    "abstract_class_declaration": "name",
    "class": "name",
    "method_definition": "name",
    "interface_declaration": "name",
    "enum_declaration": "name",
    "internal_module": "name",
    "field_definition": "property",
    "public_field_definition": "name",
    # Go
    "method_declaration": "name",
    "type_spec": "name",
    # Rust
    "function_item": "name",
    "struct_item": "name",
    "enum_item": "name",
    "trait_item": "name",
    "mod_item": "name",
    "impl_item": "type",
    # Java
    "constructor_declaration": "name",
    "record_declaration": "name",
    # C, C++
    "class_specifier": "name",
    "struct_specifier": "name",
    "namespace_definition": "name",
}
"""Nodes that name what they hold, and the field with the name."""

_VALUES: Final = frozenset({"arrow_function", "function_expression", "generator_function"})
"""Functions that take the name of the variable or key that they are given to."""


def symbol_at(file: SourceFile, start: int, end: int) -> str:
    """Names of the definitions around a place, outermost first, joined by dots; empty at the top of the file.

    The name of a definition itself belongs to that definition.
    """
    node = file.root.descendant_for_byte_range(start, min(end, max(start, len(file.text))))
    names: list[str] = []
    while node is not None:
        name = _name(file, node)
        if name:
            names.append(name)
        node = node.parent
    return ".".join(reversed(names))


def _name(file: SourceFile, node: Node) -> str:
    wanted = _NAMED.get(node.type)
    if wanted is None:
        return _assigned(file, node) if node.type in _VALUES else ""
    named = node.child_by_field_name(wanted)
    if named is None:
        declarator = node.child_by_field_name("declarator") if node.type == "function_definition" else None
        return _declared(file, declarator)
    name = " ".join(file.text_of(named).split())
    receiver = node.child_by_field_name("receiver")
    return f"{_receiver(file, receiver)}{name}" if receiver is not None else name


def _assigned(file: SourceFile, node: Node) -> str:
    around = node.parent
    if around is None:
        return ""
    named = around.child_by_field_name("name") if around.type == "variable_declarator" else None
    if around.type == "pair":
        named = around.child_by_field_name("key")
    elif around.type == "assignment_expression":
        named = around.child_by_field_name("left")
    return file.text_of(named)[:80] if named is not None and "\n" not in file.text_of(named) else ""


def _receiver(file: SourceFile, receiver: Node) -> str:
    """`Type.` of a Go method."""
    words = file.text_of(receiver).strip("()").replace("*", " ").split()
    return f"{words[-1].partition('[')[0]}." if words else ""


def _declared(file: SourceFile, declarator: Node | None) -> str:
    """The name in a C declarator."""
    while declarator is not None and (inner := declarator.child_by_field_name("declarator")) is not None:
        declarator = inner
    return file.text_of(declarator) if declarator is not None else ""
