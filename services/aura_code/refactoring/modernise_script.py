"""JavaScript and TypeScript as they are written today, where that is certain to do the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Edit
from aura_code.refactoring.modernise_python import Modernised
from aura_code.syntax import SourceFile
from aura_code.syntax.javascript_scopes import JavaScriptScopes, Scope, Use, Variable, javascript_scopes

_LOOPS: Final = frozenset({"for_statement", "for_in_statement", "while_statement", "do_statement"})
_CONST: Final = (
    "`const` says that the name keeps its value, and `let` and `const` end with their block; `var` does neither."
)


def modern_script(source: SourceFile) -> list[Modernised]:
    """The `var` that can be `const` or `let`: assigned before every use, in one block, and nowhere declared again."""
    if source.root.has_error or source.path.endswith(".d.ts"):
        return []
    scopes = javascript_scopes(source)
    if not _is_modern(source, scopes):
        return []
    by_declarator: dict[int, Variable] = {}
    for scope in scopes.scopes:
        for variable in scope.values.values():
            for bound in variable.bounds:
                if bound.kind == "var":
                    by_declarator[bound.node.start_byte] = variable
    return [
        found
        for declaration in _declarations(source)
        if (found := _better(source, scopes, declaration, by_declarator)) is not None
    ]


def _is_modern(source: SourceFile, scopes: JavaScriptScopes) -> bool:
    """Whether a file is written for engines that know `let`: it uses it, or what came with it."""
    if scopes.imports or scopes.exports or source.language != "javascript":
        return True
    return any(
        bound.kind in {"let", "const"}
        for scope in scopes.scopes
        for one in scope.values.values()
        for bound in one.bounds
    )


def _declarations(source: SourceFile) -> Iterator[Node]:
    waiting = [source.root]
    while waiting:
        node = waiting.pop()
        if node.type == "variable_declaration":
            yield node
        waiting.extend(node.named_children)


def _better(
    source: SourceFile, scopes: JavaScriptScopes, declaration: Node, variables: dict[int, Variable]
) -> Modernised | None:
    block = declaration.parent
    if (
        block is None
        or block.type not in {"statement_block", "program"}
        or source.text_of(declaration.children[0]) != "var"
    ):
        return None
    if block.type == "program" and not (scopes.imports or scopes.exports):
        return None  # In a script it is a property of the global object.
    names: list[Variable] = []
    for declarator in declaration.named_children:
        if declarator.type == "comment":
            continue
        name = declarator.child_by_field_name("name")
        variable = variables.get(name.start_byte) if name is not None and name.type == "identifier" else None
        if variable is None or not _is_simple(variable, declarator, block):
            return None
        names.append(variable)
    fixed = all(not one.writes for one in names) and all(
        one.child_by_field_name("value") is not None for one in declaration.named_children if one.type != "comment"
    )
    start = declaration.children[0].start_byte
    return Modernised((Edit(start, start + 3, "const" if fixed else "let"),), _CONST)


def _is_simple(variable: Variable, declarator: Node, block: Node) -> bool:
    if len(variable.bounds) != 1 or variable.scope.dynamic or variable.bounds[0].exported:
        return False
    looped = _is_in_loop(block)
    if looped and declarator.child_by_field_name("value") is None:
        return False
    return all(_is_after(use, variable, declarator, block, looped=looped) for use in variable.uses)


def _is_after(use: Use, variable: Variable, declarator: Node, block: Node, *, looped: bool) -> bool:
    """Whether a use comes after the declaration, in its block, and in no function that may run before."""
    node = use.node
    if not (declarator.end_byte <= node.start_byte and node.end_byte <= block.end_byte):
        return False
    scope: Scope | None = use.scope
    while scope is not None and scope is not variable.scope:
        if scope.kind == "function" and (looped or scope.node.type.endswith("function_declaration")):
            return False
        scope = scope.parent
    return True


def _is_in_loop(node: Node) -> bool:
    around: Node | None = node
    while around is not None:
        if around.type in _LOOPS:
            return True
        if "function" in around.type or around.type == "method_definition":
            return False
        around = around.parent
    return False
