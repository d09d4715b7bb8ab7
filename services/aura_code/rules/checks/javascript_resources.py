"""Connections and handles in JavaScript that nobody closes, and requests that may wait for ever."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Hit
from aura_code.rules.checks.javascript_names import (
    arguments,
    calls_of_method,
    calls_to,
    function_around,
    function_of,
    option,
)
from aura_code.rules.checks.trees import field, found
from aura_code.syntax import SourceFile

_OPENERS: Final = frozenset({"fs.openSync", "fs/promises.open", "fs.promises.open", "fsPromises.open"})
_AXIOS: Final = frozenset(f"axios.{verb}" for verb in ("get", "post", "put", "patch", "delete", "head", "request")) | {
    "axios"
}
_FETCH: Final = frozenset({"fetch", "node-fetch", "window.fetch", "globalThis.fetch"})


def unclosed(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """A handle that is opened into a local name and neither closed nor handed on."""
    for call, name in calls_to(file, _OPENERS):
        holder = call.parent
        if holder is not None and holder.type == "await_expression":
            holder = holder.parent
        target = field(holder, "name") if holder is not None and holder.type == "variable_declarator" else None
        if target is not None and target.type == "identifier" and not _settled(file, target):
            yield Hit(function_of(call) or call, f"What `{name}` opens is never closed (`{file.text_of(target)}`).")
    for call, _ in calls_of_method(file, frozenset({"connect"})):
        yield from _unreleased(file, call)


def _unreleased(file: SourceFile, call: Node) -> Iterator[Hit]:
    """`const client = await pool.connect()` without `client.release()`."""
    owner = field(call, "function", "object")
    holder = call.parent.parent if call.parent is not None and call.parent.type == "await_expression" else None
    target = field(holder, "name") if holder is not None and holder.type == "variable_declarator" else None
    if owner is None or target is None or target.type != "identifier" or "pool" not in file.text_of(owner).lower():
        return
    if not _settled(file, target):
        yield Hit(function_of(call) or call, f"`{file.text_of(target)}` is never given back to the pool.")


def _settled(file: SourceFile, target: Node) -> bool:
    """Whether a use of the name closes it or may hand it on."""
    name, scope = file.text_of(target), function_around(target) or file.root
    for caught in found(file, "[(identifier) (shorthand_property_identifier)] @name", scope):
        use = caught["name"][0]
        if use != target and file.text_of(use) == name and _settles(file, use):
            return True
    return False


def _settles(file: SourceFile, use: Node) -> bool:
    parent = use.parent
    if parent is None or use.type == "shorthand_property_identifier":
        return True
    if parent.type == "member_expression":
        method = field(parent, "property")
        return method is not None and file.text_of(method) in {"close", "release", "end", "destroy"}
    if parent.type == "arguments":
        call = parent.parent
        function = function_of(call) if call is not None else None
        text = file.text_of(function) if function is not None else ""
        return not text.startswith("fs.") or "close" in text.lower() or "Stream" in text
    return True


def untimed(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """`fetch` without a signal, axios without a timeout."""
    if b"axios.defaults.timeout" not in file.text:
        for call, name in calls_to(file, _AXIOS):
            if not _mentions(file, call, "timeout", "signal"):
                yield Hit(function_of(call) or call, f"`{name}` waits for ever when the server does not answer.")
    for call, name in calls_to(file, _FETCH):
        if not _mentions(file, call, "signal", "timeout"):
            yield Hit(function_of(call) or call, f"`{name}` may wait for minutes when the server does not answer.")


def _mentions(file: SourceFile, call: Node, *names: str) -> bool:
    """Whether an option is given, or options come from somewhere else."""
    given = arguments(call)
    for each in given[1:] if len(given) > 1 else given:
        if each.type != "object" and (len(given) == 1 or each.type in {"identifier", "call_expression"}):
            if each.type == "identifier" and len(given) > 1 and each == given[-1]:
                return True
            continue
        if any(option(file, each, name) is not None for name in names):
            return True
        if any(part.type in {"spread_element", "shorthand_property_identifier"} for part in each.named_children):
            text = file.text_of(each)
            return "..." in text or any(name in text for name in names)
    return False
