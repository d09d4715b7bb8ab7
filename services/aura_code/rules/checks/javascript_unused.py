"""Imports, local names and parameters of JavaScript and TypeScript files that nothing uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Edit, Hit
from aura_code.rules.checks.trees import per_file
from aura_code.syntax import SourceFile
from aura_code.syntax.javascript_scopes import Bound, JavaScriptScopes, Scope, Use, Variable, javascript_scopes, lookup

_DECLARES: Final = re.compile(r"\.d\.[cm]?ts$|(?:^|[.-])test-d\.tsx?$")
_PRAGMAS: Final = frozenset({"React", "Preact", "h", "Fragment", "jsx", "createElement", "preact", "m"})
_PRAGMA: Final = re.compile(r"@jsx(?:Frag|ImportSource)?\s+([\w$]+)")
_BRACED: Final = re.compile(r"\{[^}]*\}|@\w+\s+[^\n]*")
_WORD: Final = re.compile(r"[\w$]+")
_IMPORTS: Final = frozenset({"import_statement", "export_statement", "comment"})
_MOST: Final = 12
"""Unused imports of one file; with more, something is read in a way that is not seen here."""
_PURE: Final = frozenset(
    {
        "identifier", "number", "string", "true", "false", "null", "undefined", "arrow_function",
        "function_expression",
    }
)  # fmt: skip
_ASSIGNED: Final = frozenset({"const", "let", "var"})
_BEGINS_PLAINLY: Final = re.compile(rb"[A-Za-z_$]")
_PROTOTYPES: Final = frozenset({"throw_statement", "comment", "empty_statement"})


def unused_imports(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """Each name that an import binds and nothing uses."""
    scopes = javascript_scopes(file)
    if file.root.has_error or _DECLARES.search(file.path) or scopes.module.dynamic or _only_imports(file.root):
        return
    by_statement: dict[int, list[Bound]] = {}
    for bound in scopes.imports:
        if _is_unused_import(file, scopes, bound):
            by_statement.setdefault(_statement(bound).start_byte, []).append(bound)
    if sum(map(len, by_statement.values())) > _MOST:
        return
    for bounds in by_statement.values():
        edits = _without(file, bounds)
        for bound in bounds:
            yield Hit(bound.node, f"`{bound.name}` is imported but not used.", edits)


def _only_imports(root: Node) -> bool:
    """Whether a file does nothing but hand on."""
    return all(
        child.type in _IMPORTS and child.child_by_field_name("declaration") is None for child in root.named_children
    )


def _is_unused_import(file: SourceFile, scopes: JavaScriptScopes, bound: Bound) -> bool:
    if bound.name.startswith("_") or (bound.name in _PRAGMAS and scopes.jsx):
        return False
    variable = scopes.module.values.get(bound.name)
    if variable is None or variable.uses or len(variable.bounds) > 1:
        return False
    twin = scopes.module.types.get(bound.name)
    if twin is not None and (twin.uses or len(twin.bounds) > 1):
        return False
    return bound.name not in _words_of_comments(file)


@per_file
def _words_of_comments(file: SourceFile) -> frozenset[str]:
    """Names in the types and links of comments, and those that build JSX."""
    found: set[str] = set()
    for start in _comments(file):
        text = file.text_of(start)
        found.update(match[1] for match in _PRAGMA.finditer(text))
        if "@" in text or "{" in text:
            for match in _BRACED.finditer(text):
                found.update(_WORD.findall(match[0]))
    return frozenset(found)


def _comments(file: SourceFile) -> Iterator[Node]:
    cursor = file.root.walk()
    while True:
        node = cursor.node
        if node is not None and node.type == "comment":
            yield node
        if cursor.goto_first_child() or cursor.goto_next_sibling():
            continue
        while cursor.goto_parent():
            if cursor.goto_next_sibling():
                break
        else:
            return


def _statement(bound: Bound) -> Node:
    node = bound.statement
    while node.type != "import_statement" and node.parent is not None:
        node = node.parent
    return node


def _without(file: SourceFile, bounds: list[Bound]) -> tuple[Edit, ...]:
    """The edits that take names out of their statement; none when that is not certain."""
    statement = _statement(bounds[0])
    clause = next((child for child in statement.named_children if child.type == "import_clause"), None)
    gone = {bound.statement.start_byte for bound in bounds}
    if clause is None:
        return _without_statement(file, statement)
    named = next((child for child in clause.named_children if child.type == "named_imports"), None)
    specifiers = [child for child in named.named_children if child.type == "import_specifier"] if named else []
    others = [child for child in clause.named_children if child.type in {"identifier", "namespace_import"}]
    left = [child for child in specifiers if child.start_byte not in gone]
    kept = [child for child in others if child.start_byte not in gone]
    if not left and not kept:
        return _without_statement(file, statement)
    edits = _without_others(clause, others, kept, named, left=bool(left))
    if left:
        edits += _without_specifiers(specifiers, gone)
    if any(mark in file.text[edit.start : edit.end] for edit in edits for mark in (b"//", b"/*")):
        return ()
    return tuple(edits)


def _without_others(
    clause: Node, others: list[Node], kept: list[Node], named: Node | None, *, left: bool
) -> list[Edit]:
    """The edits outside the braces."""
    if named is None:  # `import a, * as b`
        return [Edit(kept[0].end_byte, clause.end_byte, "") if kept[0] == others[0] else _up_to(others[0], kept[0])]
    if not left:
        return [Edit(kept[0].end_byte, named.end_byte, "")]
    return [_up_to(others[0], named)] if others and not kept else []


def _up_to(first: Node, after: Node) -> Edit:
    return Edit(first.start_byte, after.start_byte, "")


def _without_specifiers(items: list[Node], gone: set[int]) -> list[Edit]:
    edits: list[Edit] = []
    place = 0
    while place < len(items):
        if items[place].start_byte not in gone:
            place += 1
            continue
        first = place
        while place < len(items) and items[place].start_byte in gone:
            place += 1
        if place < len(items):
            edits.append(_up_to(items[first], items[place]))
        else:
            edits.append(Edit(items[first - 1].end_byte, items[place - 1].end_byte, ""))
    return edits


def _without_statement(file: SourceFile, statement: Node) -> tuple[Edit, ...]:
    """The edit that deletes a statement with its lines, when it has them for itself."""
    start = file.text.rfind(b"\n", 0, statement.start_byte) + 1
    end = file.text.find(b"\n", statement.end_byte)
    end = len(file.text) if end < 0 else end + 1
    before, after = file.text[start : statement.start_byte], file.text[statement.end_byte : end].strip()
    if before.strip() or (after and not after.startswith(b"//")):
        return ()
    return (Edit(start, end, ""),)


def unused_locals(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """Each local name of a function that gets values and never gives one."""
    if file.root.has_error or _DECLARES.search(file.path):
        return
    for scope in javascript_scopes(file).scopes:
        if scope.dynamic or scope.kind in {"module", "class", "types", "enum", "namespace", "catch"}:
            continue
        if scope.function.kind != "function":
            continue
        for variable in scope.values.values():
            if _is_unused_local(file, variable):
                bound = variable.bounds[0]
                what = "is assigned" if _gets_value(variable) else "is declared"
                yield Hit(bound.node, f"`{bound.name}` {what} but not used.", _without_binding(file, variable))


def _gets_value(variable: Variable) -> bool:
    origin = variable.bounds[0].origin
    return bool(variable.uses) or (origin is not None and origin.value is not None)


def _is_unused_local(file: SourceFile, variable: Variable) -> bool:
    if variable.name.startswith("_") or any(_is_read(use) for use in variable.uses):
        return False
    for bound in variable.bounds:
        origin = bound.origin
        if bound.kind not in _ASSIGNED or bound.path or bound.ambient or origin is None or origin.each:
            return False
        if bound.statement.type != "variable_declarator" or (file.is_test and origin.annotation is not None):
            return False
    return not _is_written_in_pattern(variable)


def _is_written_in_pattern(variable: Variable) -> bool:
    """Whether it takes a part of a value that others take other parts of, or the turns of a loop."""
    return any(
        use.node.parent is not None and use.node.parent.type != "assignment_expression"
        for use in variable.uses
        if use.kind == "write"
    )


def _is_read(use: Use) -> bool:
    """Whether a use needs the value: `x++;` alone and `x = 1;` do not."""
    if use.kind not in {"write", "update"}:
        return True
    around = use.node.parent
    holder = around.parent if around is not None else None
    return use.kind == "update" and (holder is None or holder.type != "expression_statement")


def _without_binding(file: SourceFile, variable: Variable) -> tuple[Edit, ...]:
    """The edit that drops the name and keeps what is done for it; none when that is not certain."""
    bound = variable.bounds[0]
    declaration = bound.statement.parent
    if len(variable.bounds) > 1 or variable.uses or bound.origin is None or declaration is None:
        return ()
    around = declaration.parent
    if declaration.named_child_count != 1 or around is None or around.type != "statement_block":
        return ()
    value = bound.origin.value
    if value is None or value.type in _PURE:
        return _without_statement(file, declaration)
    if value.type in {"call_expression", "await_expression", "new_expression"} and _BEGINS_PLAINLY.match(
        file.text, value.start_byte
    ):
        return (Edit(declaration.start_byte, value.start_byte, ""),)
    return ()


def unused_parameters(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """Each parameter that its function does not read, where nothing outside prescribes the parameters."""
    if file.root.has_error or file.is_test:
        return
    for scope in javascript_scopes(file).scopes:
        name = _own_name(scope)
        if not name or scope.dynamic:
            continue
        for bound in scope.parameters:
            variable = scope.values.get(bound.name)
            if variable is None or variable.uses or bound.path or bound.property or bound.name.startswith("_"):
                continue
            if bound.node.parent is not None and bound.node.parent.type == "rest_pattern":
                continue
            yield Hit(bound.node, f"`{name}` does not use its parameter `{bound.name}`.")


def _own_name(scope: Scope) -> str:
    """The name of a function that is only called, in this file; empty when others prescribe its parameters."""
    node = scope.node
    if scope.kind != "function" or scope.parent is None:
        return ""
    holder = node.parent if node.type in {"arrow_function", "function_expression"} else node
    if holder is None or holder.type not in {"function_declaration", "variable_declarator"}:
        return ""
    name = holder.child_by_field_name("name")
    body = node.child_by_field_name("body")
    if name is None or name.type != "identifier" or body is None or holder.child_by_field_name("type") is not None:
        return ""
    if all(child.type in _PROTOTYPES for child in body.named_children) and body.type == "statement_block":
        return ""
    text = (name.text or b"").decode("utf-8", "replace")
    variable = lookup(text, scope.parent)
    if variable is None or not variable.uses or any(bound.exported or bound.default for bound in variable.bounds):
        return ""
    return text if all(use.kind == "call" for use in variable.uses) and len(variable.bounds) == 1 else ""
