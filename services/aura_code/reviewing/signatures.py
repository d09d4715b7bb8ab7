"""What a function takes and gives, language by language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from tree_sitter import Node

from aura_code.syntax import SourceFile

How = Literal["positional", "either", "keyword", "rest", "keywords"]
"""By position, by position or name, by name only, the rest by position, the rest by name."""

_SPACES: Final = re.compile(r"\s+")


class Parameter(NamedTuple):
    """One parameter."""

    name: str
    how: How
    optional: bool
    """Whether a call may leave it out."""
    type: str
    """As the source writes it, without spaces; empty when it is not written."""


class Signature(NamedTuple):
    """What a function takes and gives."""

    parameters: tuple[Parameter, ...]
    result: str
    """As the source writes it, without spaces; empty when it is not written."""
    marks: frozenset[str]
    """Such as `async`, `static`, `property`, `unsafe`, `overload`, or the receiver of a method of Rust."""
    shown: str
    """In one line, for a person."""
    generic: frozenset[str] = frozenset()
    """Names of its type parameters."""
    abstract: bool = False
    """Whether it has no body, so that others have to write one."""


def _flat(source: SourceFile, node: Node | None) -> str:
    return "" if node is None else _SPACES.sub("", source.text_of(node)).lstrip(":").replace(",)", ")")


def _shown(source: SourceFile, *nodes: Node | None) -> str:
    text = " ".join(_SPACES.sub(" ", source.text_of(node)).strip() for node in nodes if node is not None)
    text = re.sub(r",? ?\)$", ")", text.replace("( ", "("))
    return text if len(text) <= 160 else text[:159] + "…"


# -- Python -----------------------------------------------------------------------------------------------------


def of_python(source: SourceFile, node: Node) -> Signature | None:
    """The signature of a function of Python; `self` and `cls` are left out."""
    parameters = node.child_by_field_name("parameters")
    if parameters is None:
        return None
    decorators = _decorators(source, node)
    found = list(_python_parameters(source, parameters))
    if found and found[0].name in {"self", "cls"} and "staticmethod" not in decorators:
        del found[0]
    marks = {mark for mark in ("property", "overload") if any(_ends(name, mark) for name in decorators)}
    if any(name.endswith((".setter", ".deleter", ".getter")) for name in decorators):
        marks.add("overload")  # Another one of the same name: they are not compared.
    if any("property" in name for name in decorators):
        marks.add("property")
    if any(child.type == "async" for child in node.children):
        marks.add("async")
    result = node.child_by_field_name("return_type")
    shown = _shown(source, parameters) + (f" -> {_shown(source, result)}" if result is not None else "")
    return Signature(tuple(found), _flat(source, result).strip("\"'"), frozenset(marks), shown)


def _ends(name: str, mark: str) -> bool:
    return name == mark or name.endswith(f".{mark}")


def _decorators(source: SourceFile, node: Node) -> list[str]:
    around = node.parent
    if around is None or around.type != "decorated_definition":
        return []
    return [
        source.text_of(child).lstrip("@").strip().partition("(")[0]
        for child in around.children
        if child.type == "decorator"
    ]


def _python_parameters(source: SourceFile, parameters: Node) -> Iterator[Parameter]:
    how: How = "either"
    positional_only = any(child.type == "positional_separator" for child in parameters.named_children)
    for child in parameters.named_children:
        if child.type == "positional_separator":
            positional_only = False
            continue
        if child.type == "keyword_separator":
            how = "keyword"
            continue
        made = _python_parameter(source, child)
        if made is None:
            continue
        if made.how == "rest":
            how = "keyword"
            yield made
        elif made.how == "keywords":
            yield made
        else:
            yield made._replace(how="positional" if positional_only else how)


def _python_parameter(source: SourceFile, node: Node) -> Parameter | None:
    kind = node.type
    if kind == "identifier":
        return Parameter(source.text_of(node), "either", optional=False, type="")
    if kind in {"default_parameter", "typed_default_parameter"}:
        name = node.child_by_field_name("name")
        written = _flat(source, node.child_by_field_name("type")).strip("\"'")
        return Parameter(_flat(source, name), "either", optional=True, type=written)
    if kind == "typed_parameter":
        inner = node.named_children[0] if node.named_children else None
        written = _flat(source, node.child_by_field_name("type")).strip("\"'")
        made = _python_parameter(source, inner) if inner is not None else None
        return None if made is None else made._replace(type=written)
    if kind == "list_splat_pattern":
        return Parameter(source.text_of(node).lstrip("* "), "rest", optional=True, type="")
    if kind == "dictionary_splat_pattern":
        return Parameter(source.text_of(node).lstrip("* "), "keywords", optional=True, type="")
    return None


# -- JavaScript and TypeScript ----------------------------------------------------------------------------------


def of_script(source: SourceFile, node: Node) -> Signature | None:
    """The signature of a function of JavaScript or TypeScript."""
    parameters = node.child_by_field_name("parameters")
    single = node.child_by_field_name("parameter")
    found: list[Parameter] = []
    if parameters is not None:
        found = [made for child in parameters.named_children if (made := _script_parameter(source, child)) is not None]
    elif single is not None:
        found = [Parameter(source.text_of(single), "positional", optional=True, type="")]
    marks = {child.type for child in node.children if child.type in {"async", "static", "get", "set"}}
    if node.type in {"function_signature", "method_signature", "abstract_method_signature"}:
        marks.add("overload" if node.type == "function_signature" else "signature")
    result = node.child_by_field_name("return_type")
    shown = _shown(source, parameters or single) + (_shown(source, result) if result is not None else "")
    return Signature(
        tuple(found), _flat(source, result), frozenset(marks), shown, _type_parameters(source, node), False
    )


def _type_parameters(source: SourceFile, node: Node) -> frozenset[str]:
    written = node.child_by_field_name("type_parameters")
    if written is None:
        return frozenset()
    return frozenset(re.findall(r"[A-Za-z_]\w*", source.text_of(written)))


def _script_parameter(source: SourceFile, node: Node) -> Parameter | None:
    if node.type in {"comment", "decorator"}:
        return None
    written = _flat(source, node.child_by_field_name("type"))
    inner = node.child_by_field_name("pattern") or node.child_by_field_name("left") or node
    if inner.type == "this":
        return None
    if inner.type == "rest_pattern":
        return Parameter(source.text_of(inner).lstrip("."), "rest", optional=True, type=written)
    optional = node.type in {"optional_parameter", "assignment_pattern"}
    optional |= node.child_by_field_name("value") is not None
    return Parameter(_script_name(source, inner), "positional", optional=optional, type=written)


def _script_name(source: SourceFile, node: Node) -> str:
    return source.text_of(node) if node.type == "identifier" else "{…}"


# -- Go ---------------------------------------------------------------------------------------------------------


def of_go(source: SourceFile, node: Node) -> Signature | None:
    """The signature of a function of Go; names do not matter there."""
    parameters = node.child_by_field_name("parameters")
    if parameters is None:
        return None
    found = list(_go_parameters(source, parameters))
    result = node.child_by_field_name("result")
    if result is not None and result.type == "parameter_list":
        given = ",".join(one.type for one in _go_parameters(source, result))
    else:
        given = _go_type(source, result)
    shown = _shown(source, parameters, result)
    return Signature(
        tuple(found), given, frozenset(), shown, _type_parameters(source, node), node.type == "method_elem"
    )


def _go_type(source: SourceFile, node: Node | None) -> str:
    return re.sub(r"\binterface\{\}", "any", _flat(source, node))


def _go_parameters(source: SourceFile, parameters: Node) -> Iterator[Parameter]:
    for child in parameters.named_children:
        if child.type not in {"parameter_declaration", "variadic_parameter_declaration"}:
            continue
        names = child.children_by_field_name("name")
        rest = child.type.startswith("variadic")
        written = _go_type(source, child.child_by_field_name("type"))
        for name in [source.text_of(one) for one in names] or [""]:
            yield Parameter(name, "rest" if rest else "positional", optional=rest, type=written)


# -- Rust -------------------------------------------------------------------------------------------------------

_LIFETIME: Final = re.compile(r"'(?:static|[a-z_]\w*)\b ?,?")


def of_rust(source: SourceFile, node: Node) -> Signature | None:
    """The signature of a function of Rust; lifetimes and names do not matter to callers."""
    parameters = node.child_by_field_name("parameters")
    if parameters is None:
        return None
    found: list[Parameter] = []
    marks: set[str] = set()
    for child in parameters.named_children:
        if child.type == "self_parameter":
            marks.add("receiver " + re.sub(r"\bmut (?=self)", "", _rust_text(source, child)))
        elif child.type == "parameter":
            pattern = child.child_by_field_name("pattern")
            name = source.text_of(pattern) if pattern is not None else ""
            written = _rust_type(source, child.child_by_field_name("type"))
            found.append(Parameter(name, "positional", optional=False, type=written))
    for child in node.children:
        if child.type == "function_modifiers":
            marks |= set(source.text_of(child).split()) & {"async", "unsafe"}
    result = node.child_by_field_name("return_type")
    shown = _shown(source, parameters) + (f" -> {_shown(source, result)}" if result is not None else "")
    abstract = node.type == "function_signature_item"
    return Signature(
        tuple(found), _rust_type(source, result), frozenset(marks), shown, _type_parameters(source, node), abstract
    )


def _rust_text(source: SourceFile, node: Node) -> str:
    text = _LIFETIME.sub("", source.text_of(node))
    # `&'a mut self`: the place of the binding's `mut` is before `self` without a reference.
    text = _SPACES.sub(" ", text).replace("& ", "&")
    return text if text.startswith("&") else text.replace("mut ", "")


def _rust_type(source: SourceFile, node: Node | None) -> str:
    if node is None:
        return ""
    text = _SPACES.sub("", _LIFETIME.sub("", source.text_of(node)).replace("mut ", "mut~")).replace("mut~", "mut ")
    return text.replace("<>", "").replace("dyn", "dyn ").replace("impl", "impl ")


# -- Java -------------------------------------------------------------------------------------------------------


def of_java(source: SourceFile, node: Node) -> Signature | None:
    """The signature of a method of Java."""
    parameters = node.child_by_field_name("parameters")
    if parameters is None:
        return None
    found: list[Parameter] = []
    for child in parameters.named_children:
        if child.type == "formal_parameter":
            name = _flat(source, child.child_by_field_name("name"))
            written = _flat(source, child.child_by_field_name("type"))
            found.append(Parameter(name, "positional", optional=False, type=written))
        elif child.type == "spread_parameter":
            found.append(Parameter("", "rest", optional=True, type=_flat(source, child)))
    result = node.child_by_field_name("type")
    modifiers = next((source.text_of(child) for child in node.children if child.type == "modifiers"), "")
    marks = frozenset({"static"} if re.search(r"\bstatic\b", modifiers) else set[str]())
    return Signature(tuple(found), _flat(source, result), marks, _shown(source, parameters))
