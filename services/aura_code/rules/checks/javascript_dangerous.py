"""Calls in JavaScript and TypeScript that run text as code, as a command or as SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Hit
from aura_code.rules.checks.javascript_names import (
    arguments,
    calls_of_method,
    calls_to,
    function_of,
    imports,
    is_fixed,
    option,
    pieces,
)
from aura_code.rules.checks.sql_texts import first_foreign, is_name
from aura_code.rules.checks.trees import field
from aura_code.syntax import SourceFile

_SHELLS: Final = frozenset(
    {"child_process.exec", "child_process.execSync", "shelljs.exec", "execa.command", "execa.execaCommand"}
)
_SPAWNS: Final = frozenset(f"child_process.{name}" for name in ("spawn", "spawnSync", "execFile", "execFileSync"))
_EVALS: Final = frozenset({"eval", "window.eval", "globalThis.eval", "global.eval", "self.eval"})
_FUNCTIONS: Final = frozenset({"Function", "window.Function", "globalThis.Function"})
_MACHINES: Final = frozenset(
    f"vm.{name}" for name in ("runInNewContext", "runInThisContext", "runInContext", "Script", "compileFunction")
)
_LOADS: Final = frozenset(
    {"node-serialize.unserialize", "serialize-to-js.deserialize", "cryo.parse", "funcster.deepDeserialize"}
)
_TIMERS: Final = frozenset({"setTimeout", "setInterval", "window.setTimeout", "window.setInterval", "setImmediate"})
_TEXTS: Final = frozenset({"template_string", "binary_expression", "string"})
_RUNNING: Final = frozenset(
    {
        "query",
        "execute",
        "raw",
        "$queryRawUnsafe",
        "$executeRawUnsafe",
        "whereRaw",
        "orderByRaw",
        "havingRaw",
        "joinRaw",
        "all",
        "get",
        "run",
        "each",
        "prepare",
        "exec",
        "unsafe",
        "executeSql",
        "queryRaw",
    }
)
_QUOTING: Final = re.compile(
    r"(?:^|[.$_])\w*(?:escape|quote|ident|literal|placeholder|sanitize|toSQL|buildTableName)\w*$", re.IGNORECASE
)


def shell(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """A command for a shell that is not a constant."""
    for call, name in calls_to(file, _SHELLS):
        yield from _shell_hit(file, call, name)
    for call, name in calls_to(file, _SPAWNS):
        given = arguments(call)
        wanted = option(file, given[-1], "shell") if given else None
        if wanted is not None and wanted.type == "true":
            yield from _shell_hit(file, call, name)
    for call, name in calls_of_method(file, frozenset({"exec", "execSync"})):
        owner = field(call, "function", "object")
        if owner is not None and re.fullmatch(r"require\(['\"](?:node:)?child_process['\"]\)", file.text_of(owner)):
            yield from _shell_hit(file, call, f"child_process.{name}")


def _shell_hit(file: SourceFile, call: Node, name: str) -> Iterator[Hit]:
    given = arguments(call)
    parts = pieces(file, given[0]) if given else []
    foreign = next((part for part in parts if not isinstance(part, str)), None)
    if foreign is not None and not re.search(
        r"quote|escape|process\.execPath|__dirname|__filename", file.text_of(foreign)
    ):
        text = file.text_of(foreign).splitlines()[0][:60]
        yield Hit(function_of(call) or call, f"`{name}` hands `{text}` to a shell, which runs whatever is in it.")


def evaluated(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """A text that is not a constant, run as code."""
    for call, name in calls_to(file, _EVALS | _MACHINES):
        given = arguments(call)
        if given and not is_fixed(file, given[0]) and given[0].type != "spread_element":
            yield Hit(function_of(call) or call, _says(file, name, given[0]))
    for call, name in calls_to(file, _FUNCTIONS):
        given = arguments(call)
        if given and not is_fixed(file, given[-1]):
            yield Hit(function_of(call) or call, _says(file, name, given[-1]))
    for call, name in calls_to(file, _TIMERS):
        given = arguments(call)
        if not given or given[0].type not in _TEXTS or is_fixed(file, given[0]):
            continue
        if any(isinstance(part, str) for part in pieces(file, given[0])):
            yield Hit(function_of(call) or call, _says(file, name, given[0]))


def _says(file: SourceFile, name: str, given: Node) -> str:
    return f"`{name}` runs whatever `{file.text_of(given).splitlines()[0][:60]}` contains as code."


def sql(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """A statement of SQL with values put into its text."""
    for call, name in calls_of_method(file, _RUNNING):
        given = arguments(call)
        owner = field(call, "function", "object")
        if not given or (owner is not None and owner.type == "this"):
            continue  # A method of the class itself is how libraries for databases are built.
        statement = option(file, given[0], "text") or option(file, given[0], "sql") or given[0]
        if statement.type not in {"template_string", "binary_expression", "identifier", "call_expression"}:
            continue
        foreign = first_foreign(pieces(file, statement), lambda part, before: _is_respected(file, part, before))
        if foreign is not None:
            text = file.text_of(foreign).splitlines()[0][:60]
            at = field(call, "function", "property") or call
            yield Hit(at, f"`{text}` becomes part of the SQL that `{name}` runs.")


def _is_respected(file: SourceFile, part: Node, before: str) -> bool:
    text = file.text_of(part)
    function = field(part, "function") if part.type == "call_expression" else None
    if function is not None and _QUOTING.search(file.text_of(function)):
        return True
    return is_name(before, text)


def deserialised(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """`unserialize` of packages that run functions out of the data."""
    for call, name in calls_to(file, _LOADS):
        yield Hit(function_of(call) or call, f"`{name}` runs code that the data may bring along.")


def uses(file: SourceFile, *modules: str) -> bool:
    """Whether a file imports one of these packages."""
    return any(target.partition(".")[0] in modules for target in imports(file).values())
