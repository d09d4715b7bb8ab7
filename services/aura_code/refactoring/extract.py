"""A name for an expression: a variable above its statement."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tree_sitter import Node

from aura_code.refactoring.expressions import (
    calls_in,
    evaluated_later,
    is_pure,
    is_script,
    is_written,
    statement_of,
    whole_expression,
)
from aura_code.refactoring.guarding import check_meanings
from aura_code.refactoring.identifiers import check_name
from aura_code.refactoring.scoping import scoping_of
from aura_code.refactoring.targets import offset_at
from aura_code.refactoring.workspace import Draft, OpenFile, Piece, Refusal, Workspace
from aura_code.syntax import parse_source
from aura_shared.messages.refactoring import RefactoringPlan

if TYPE_CHECKING:
    from aura_shared.messages.refactoring import PlanRefactoring

_BRACKETED = frozenset(
    {
        "call", "list", "dictionary", "set", "tuple", "list_comprehension", "subscript", "parenthesized_expression",
        "dictionary_comprehension", "set_comprehension", "generator_expression", "string",
    }
)  # fmt: skip


def plan_extract(workspace: Workspace, request: PlanRefactoring) -> RefactoringPlan:
    """The edits that give a selected expression a name.

    Raises:
        Refusal: The selection is no expression, is evaluated later or more than once, or the name is taken.
    """
    if not request.path or not request.line or not request.end_line:
        raise Refusal("Give path, line, column, end_line and end_column of the expression.")
    file = workspace.open(request.path)
    start, end = _selection(file, request)
    assert file.source is not None
    name = request.new_name.strip()
    check_name(name, file.language)
    node = whole_expression(file.source.root, start, end, file.language)
    statement = _statement(file, node)
    _check_place(file, node, statement)
    draft = Draft()
    for piece in _pieces(file, node, statement, name):
        draft.add(file, piece)
    _check_name_is_free(file, draft, name, statement)
    notes, sure = _order_of_effects(file, node, statement)
    written = _one_line(file.source.text_of(node))
    return RefactoringPlan(
        title=f"Extract {name} from line {request.line} of {file.path}",
        why=f"`{written}` gets a name that says what it is, and its statement becomes shorter.",
        files=draft.proposed(),
        certainty="certain" if sure else "likely",
        notes=notes,
    )


def _one_line(text: str) -> str:
    shown = " ".join(text.split())
    return shown if len(shown) <= 80 else shown[:79] + "…"


def _selection(file: OpenFile, request: PlanRefactoring) -> tuple[int, int]:
    start = offset_at(file.text, request.line, request.column)
    end = offset_at(file.text, request.end_line, request.end_column)
    if start is None or end is None or end <= start:
        raise Refusal("The selection is empty, or ends outside of the file.")
    selected = file.text[start:end]
    return start + len(selected) - len(selected.lstrip()), end - len(selected) + len(selected.rstrip())


def _statement(file: OpenFile, node: Node) -> Node:
    statement = statement_of(node)
    if statement is None or statement == node:
        raise Refusal(f"The expression at {file.place(node.start_byte)} stands in no statement of its own.")
    begin = file.text.rfind(b"\n", 0, statement.start_byte) + 1
    if file.text[begin : statement.start_byte].strip():
        raise Refusal(f"The statement at {file.place(statement.start_byte)} shares its line with other code.")
    return statement


def _check_place(file: OpenFile, node: Node, statement: Node) -> None:
    if is_written(node):
        raise Refusal("The selection is what is assigned to, not a value.")
    why = evaluated_later(node, statement)
    if why:
        raise Refusal(f"The expression cannot move above its statement: {why}.")
    around = node.parent
    assert around is not None
    if node.type == "generator_expression" and around.type == "call":
        raise Refusal("The parentheses belong to the call as well; select what is iterated over instead.")
    if node.type == "member_expression" and around.child_by_field_name("function") == node:
        raise Refusal("A method that is taken off its object loses its `this`; select the whole call.")
    if statement.type == "expression_statement" and file.language == "python" and _is_docstring(node, statement):
        raise Refusal("The selection is a docstring.")
    scope = statement.parent
    if (
        file.language == "python"
        and scope is not None
        and scope.parent is not None
        and scope.parent.type == "class_definition"
    ):
        raise Refusal("In the body of a class the variable would be an attribute of the class.")
    if file.language == "go":
        _check_go(node, statement)


def _is_docstring(node: Node, statement: Node) -> bool:
    block = statement.parent
    return (
        node.type == "string"
        and block is not None
        and block.named_children[:1] == [statement]
        and node.parent == statement
    )


def _check_go(node: Node, statement: Node) -> None:
    if statement.parent is not None and statement.parent.type == "source_file":
        raise Refusal("Outside of functions Go has no `:=`.")
    around = node.parent
    alone = around is not None and around.type in {"expression_list", "argument_list"} and around.named_child_count == 1
    alone = alone or (around is not None and around.type == "return_statement")
    if node.type == "call_expression" and alone:
        raise Refusal("The call may give several values; that is not known here.")
    if is_pure(node) or (node.type == "binary_expression" and not any(True for _ in _names(node))):
        raise Refusal("A constant without a type would get one; the code may no longer compile.")


def _names(node: Node) -> list[Node]:
    found: list[Node] = []
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one.type in {"identifier", "field_identifier"}:
            found.append(one)
        waiting.extend(one.named_children)
    return found


def _pieces(file: OpenFile, node: Node, statement: Node, name: str) -> list[Piece]:
    begin = file.text.rfind(b"\n", 0, statement.start_byte) + 1
    indent = file.text[begin : statement.start_byte].decode()
    value = file.text[node.start_byte : node.end_byte].decode("utf-8", "replace").replace("\r\n", "\n")
    if node.type == "parenthesized_expression" and "\n" not in value:
        value = value[1:-1].strip()
    if file.language == "python" and "\n" in value and node.type not in _BRACKETED:
        value = f"({value})"
    head = {"python": f"{name} = ", "go": f"{name} := "}.get(file.language, f"const {name} = ")
    end = _end(file, statement)
    if statement.type == "expression_statement" and statement.named_children[:1] == [node]:
        return [Piece(statement.start_byte, statement.start_byte, head)]
    written = name
    if re.match(rb"\w", file.text[node.start_byte - 1 : node.start_byte]):
        written = f" {written}"
    if re.match(rb"\w", file.text[node.end_byte : node.end_byte + 1]):
        written = f"{written} "
    return [
        Piece(begin, begin, f"{indent}{head}{value}{end}\n"),
        Piece(node.start_byte, node.end_byte, written, len(written) - len(written.lstrip())),
    ]


def _end(file: OpenFile, statement: Node) -> str:
    if not is_script(file.language):
        return ""
    risky = file.text[statement.start_byte : statement.start_byte + 1] in {b"(", b"[", b"`", b"/", b"+", b"-"}
    return ";" if risky or b";\n" in file.text or b";\r" in file.text else ""


def _check_name_is_free(file: OpenFile, draft: Draft, name: str, statement: Node) -> None:
    after = draft.result(file)
    scoping = scoping_of(file.source)
    if scoping is None:
        if re.search(rb"(?<![\w.])" + re.escape(name.encode()) + rb"(?!\w)", _function_text(file, statement)):
            raise Refusal(f"{name} is used in this function already.")
        return
    moved_away = {piece.start for piece in draft.of(file)}
    inside = [piece for piece in draft.of(file) if piece.start != piece.end]
    gone = {
        start for start in [*scoping.by_spot, *scoping.free] for piece in inside if piece.start <= start < piece.end
    } | moved_away
    now = scoping_of(parse_source(file.path, after, language=file.language))
    assert now is not None
    added = [one for one in now.named if one.name == name]
    before = [one for one in scoping.named if one.name == name]
    if len(added) != len(before) + 1 or name in scoping.free.values():
        where = file.place(min(spot.start for one in before for spot in one.bounds)) if before else file.path
        raise Refusal(f"{name} has a meaning already: {where}.")
    check_meanings(file, scoping, draft.of(file), after, name, gone=gone)


def _function_text(file: OpenFile, statement: Node) -> bytes:
    node: Node = statement
    while node.parent is not None and node.type not in {"function_declaration", "method_declaration"}:
        node = node.parent
    return file.text[node.start_byte : node.end_byte]


def _order_of_effects(file: OpenFile, node: Node, statement: Node) -> tuple[list[str], bool]:
    """What was evaluated before the expression and comes after it now."""
    earlier = list(calls_in(statement, before=node.start_byte))
    if is_pure(node) or not earlier:
        return [], True
    first = min(earlier, key=lambda call: call.start_byte)
    assert file.source is not None
    written = _one_line(file.source.text_of(first))
    return [f"{file.place(first.start_byte)}: `{written}` was evaluated before this and comes after it now."], False
