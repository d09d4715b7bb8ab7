"""Imports, local names and parameters of Python files that nothing uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Edit, Hit
from aura_code.syntax import SourceFile
from aura_code.syntax.python_scopes import Bound, PythonScopes, Scope, Variable, python_scopes

_PASSES_ON: Final = re.compile(r"(?:^|/)(?:__init__|conftest|_?compat|.*_compat|compatibility)\.py$|\.pyi$")
"""Files that import for others."""
_FOR_EFFECT: Final = frozenset({"readline", "rlcompleter", "this", "antigravity", "matplotlib.pyplot"})
_PURE: Final = frozenset(
    {
        "identifier",
        "integer",
        "float",
        "string",
        "true",
        "false",
        "none",
        "lambda",
    }
)
_READ_BY_TOOLS: Final = frozenset(
    {"__tracebackhide__", "__traceback_info__", "__traceback_supplement__", "__debuggerskip__"}
)
_MARKS: Final = (b"noqa", b"unused-import", b"noinspection", b"# side effect", b"# re-export", b"# for backward")
_MOST: Final = 12
"""Unused imports of one file; with more, it hands them on to others."""
_IMPORTS: Final = frozenset({"import_statement", "import_from_statement"})


def unused_imports(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """Each name that an import binds and nothing uses."""
    scopes = python_scopes(file)
    if _PASSES_ON.search(file.path) or file.root.has_error or _only_imports(file.root) or _exports_unknown(scopes):
        return
    by_statement: dict[int, list[Bound]] = {}
    parameters = {bound.name for scope in scopes.scopes for bound in scope.parameters} if file.is_test else set[str]()
    for bound in scopes.imports:
        if bound.name not in parameters and _is_unused_import(file, scopes, bound):
            assert bound.statement is not None
            by_statement.setdefault(bound.statement.start_byte, []).append(bound)
    if sum(map(len, by_statement.values())) > _MOST:
        return
    for bounds in by_statement.values():
        if _is_kept_on_purpose(file, bounds[0]):
            continue
        edits = _without(file, bounds)
        for bound in bounds:
            name = bound.module if not bound.imported and not bound.aliased else bound.name
            yield Hit(
                bound.node if bound.aliased else bound.value or bound.node, f"`{name}` is imported but not used.", edits
            )


def _exports_unknown(scopes: PythonScopes) -> bool:
    """Whether `__all__` or `globals()` hand names on that cannot be told."""
    return (scopes.has_all and not scopes.exported) or any(
        use.name in {"globals", "vars"} and use.variable is None for use in scopes.uses
    )


def _is_kept_on_purpose(file: SourceFile, bound: Bound) -> bool:
    """Whether a comment in the statement, or right above it, tells some tool that it must stay."""
    assert bound.statement is not None
    start = file.text.rfind(b"\n", 0, bound.statement.start_byte) + 1
    above = file.text.rfind(b"\n", 0, max(0, start - 1)) + 1
    end = file.text.find(b"\n", bound.statement.end_byte)
    written = file.text[above if file.text[above:start].lstrip().startswith(b"#") else start : None if end < 0 else end]
    return any(mark in written for mark in _MARKS)


def _only_imports(root: Node) -> bool:
    """Whether a file does nothing but import, so that others find everything in one place."""
    statements = [child for child in root.named_children if child.type not in {"comment", "future_import_statement"}]
    if statements and statements[0].type == "expression_statement" and statements[0].named_children[0].type == "string":
        statements = statements[1:]
    return all(statement.type in _IMPORTS for statement in statements)


def _is_unused_import(file: SourceFile, scopes: PythonScopes, bound: Bound) -> bool:
    if bound.imported == "*" or bound.guarded or bound.module in _FOR_EFFECT:
        return False
    if bound.name == "_" or bound.name.startswith("__") or _loads_below(scopes, bound):
        return False
    if bound.aliased and bound.imported == bound.name:  # `import a as a` hands it on.
        return False
    scope = bound.scope
    variable = scopes.lookup(bound.name, scope, bound.node.start_byte)
    if variable is None or variable.uses or variable.scope.kind == "class" or bound.name in scopes.exported:
        return False
    if any(other.kind != "import" for other in variable.bounds) or variable.scope is not scope:
        return False
    return not _is_for_effect(file, bound, scope)


def _loads_below(scopes: PythonScopes, bound: Bound) -> bool:
    """Whether `import a.b` loads a part of `a`, which the file knows by another name."""
    root, dot, _ = bound.module.partition(".")
    return bool(dot and not bound.imported and not bound.aliased) and any(
        other is not bound and other.aliased and not other.imported and other.module == root for other in scopes.imports
    )


def _is_for_effect(file: SourceFile, bound: Bound, scope: Scope) -> bool:
    """Whether only the import itself may matter, or whether a text may name what is imported."""
    if bound.typing_only:
        word = re.compile(rb"\b" + re.escape(bound.name.encode()) + rb"\b")
        return sum(1 for _ in word.finditer(file.text)) > 1
    if scope.kind == "module" and not (file.is_test and bound.conditional):
        return False
    plain = not bound.imported and not bound.aliased
    if plain and (file.is_test or "." in bound.module):
        return True
    if scope.name == "ready":
        return True
    return _in_with(bound)


def _in_with(bound: Bound) -> bool:
    """Whether the import stands in a `with`, as one that is expected to fail or to warn does."""
    around = bound.statement.parent if bound.statement is not None else None
    while around is not None and around.type not in {"function_definition", "module"}:
        if around.type in {"with_statement", "try_statement"}:
            return True
        around = around.parent
    return False


def _without(file: SourceFile, bounds: list[Bound]) -> tuple[Edit, ...]:
    """The edits that take names out of their statement."""
    statement = bounds[0].statement
    assert statement is not None
    items = _items(statement)
    gone = {_item_start(items, bound) for bound in bounds}
    if len(gone) == len(items):
        return _without_statement(file, statement)
    edits: list[Edit] = []
    place = 0
    while place < len(items):
        if items[place].start_byte not in gone:
            place += 1
            continue
        first = place
        while place < len(items) and items[place].start_byte in gone:
            place += 1
        edits.append(_without_run(items, first, place))
    if any(b"#" in file.text[edit.start : edit.end] for edit in edits):
        return ()
    return tuple(edits)


def _without_run(items: list[Node], first: int, after: int) -> Edit:
    if after < len(items):
        return Edit(items[first].start_byte, items[after].start_byte, "")
    return Edit(items[first - 1].end_byte, items[after - 1].end_byte, "")


def _items(statement: Node) -> list[Node]:
    return statement.children_by_field_name("name")


def _item_start(items: list[Node], bound: Bound) -> int:
    offset = bound.node.start_byte
    return next(item.start_byte for item in items if item.start_byte <= offset < item.end_byte)


def _without_statement(file: SourceFile, statement: Node) -> tuple[Edit, ...]:
    """The edit that deletes a statement with its line, or puts `pass` where it is all that there is."""
    start = file.text.rfind(b"\n", 0, statement.start_byte) + 1
    end = file.text.find(b"\n", statement.end_byte)
    end = len(file.text) if end < 0 else end + 1
    before, after = file.text[start : statement.start_byte], file.text[statement.end_byte : end].strip()
    if before.strip() or (after and not after.startswith(b"#")):
        return ()
    around = statement.parent
    if around is not None and around.type == "block":
        others = [child for child in around.named_children if child.type not in {"comment", statement.type}]
        if not others:
            return (Edit(statement.start_byte, statement.end_byte, "pass"),)
    return (Edit(start, end, ""),)


def unused_locals(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """Each local name of a function that gets values and never gives one."""
    if file.root.has_error:
        return
    for scope in python_scopes(file).scopes:
        if scope.kind != "function" or _is_dynamic(scope):
            continue
        for variable in scope.variables.values():
            if _is_unused_local(variable) and not _is_expected_to_fail(file, variable.bounds[0]):
                bound = variable.bounds[0]
                what = "is assigned but not used" if bound.kind == "assigned" else "is bound but not used"
                yield Hit(bound.node, f"`{bound.name}` {what}.", _without_binding(file, variable))


def _is_dynamic(scope: Scope) -> bool:
    """Whether the names of a function may be read where nobody sees it."""
    if scope.dynamic:
        return True
    around = scope.parent
    return around is not None and around.kind == "function" and around.dynamic


def _is_unused_local(variable: Variable) -> bool:
    if variable.uses or variable.name.startswith("_") or variable.name in _READ_BY_TOOLS:
        return False
    return all(bound.kind in {"assigned", "except"} and not bound.path for bound in variable.bounds)


def _is_expected_to_fail(file: SourceFile, bound: Bound) -> bool:
    """Whether a test says that the statement raises."""
    around = bound.statement if file.is_test else None
    while around is not None and around.type not in {"function_definition", "module"}:
        if around.type == "with_statement":
            head = file.text[around.start_byte : around.start_byte + 80].lower()
            return b"raises" in head or b"warns" in head
        around = around.parent
    return False


def _without_binding(file: SourceFile, variable: Variable) -> tuple[Edit, ...]:
    """The edit that drops the name and keeps what is done for it; nothing when that is not certain."""
    bound = variable.bounds[0]
    statement = bound.statement
    if len(variable.bounds) > 1 or statement is None or bound.value is None:
        return ()
    if bound.kind == "except":
        return (Edit(bound.value.end_byte, bound.node.end_byte, ""),)
    if bound.value.type in {"call", "await"} and statement.start_byte == bound.node.start_byte:
        if b"\n" in file.text[statement.start_byte : bound.value.start_byte]:
            return ()
        return (Edit(statement.start_byte, bound.value.start_byte, ""),)
    if bound.value.type in _PURE and statement.parent is not None and _targets(statement) == 1:
        return _without_statement(file, statement.parent)
    return ()


def _targets(assignment: Node) -> int:
    count, node = 0, assignment
    while node.type == "assignment":
        count += 1
        right = node.child_by_field_name("right")
        if right is None:
            break
        node = right
    return count


def unused_parameters(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """Each parameter that its function does not read, where nothing outside prescribes the parameters."""
    if file.root.has_error:
        return
    scopes = python_scopes(file)
    for scope in scopes.scopes:
        if scope.kind != "function" or _is_dynamic(scope) or not _has_own_parameters(file, scopes, scope):
            continue
        for bound in scope.parameters:
            variable = scope.variables.get(bound.name)
            if variable is None or variable.uses or bound.path or bound.name.startswith("_"):
                continue
            yield Hit(bound.node, f"`{scope.name}` does not use its parameter `{bound.name}`.")


def _has_own_parameters(file: SourceFile, scopes: PythonScopes, scope: Scope) -> bool:
    """Whether the function decides on its parameters itself: no method, no callback, no test, no mere declaration."""
    owner = scope.owner
    if scope.decorators or owner is None or owner.kind == "class" or (file.is_test and scope.name.startswith("test")):
        return False
    if _is_declaration(scope.node):
        return False
    variable = scopes.lookup(scope.name, owner, scope.node.start_byte)
    return (
        variable is not None and all(use.kind == "call" for use in variable.uses) and scope.name not in scopes.exported
    )


def _is_declaration(node: Node) -> bool:
    """Whether a function's body only says that there is none."""
    body = node.child_by_field_name("body")
    statements = [child for child in body.named_children if child.type != "comment"] if body is not None else []
    return all(
        statement.type in {"pass_statement", "raise_statement"}
        or (statement.type == "expression_statement" and statement.named_children[0].type in {"string", "ellipsis"})
        or (statement.type == "return_statement" and not _reads(statement))
        for statement in statements
    )


def _reads(statement: Node) -> bool:
    return any(child.type not in {"none", "true", "false", "integer", "string"} for child in statement.named_children)
