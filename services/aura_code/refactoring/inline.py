"""A variable that goes: its value stands where its name stood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tree_sitter import Node

from aura_code.refactoring.expressions import calls_in, evaluated_later, is_pure, needs_parentheses, statement_of
from aura_code.refactoring.guarding import check_meanings
from aura_code.refactoring.identifiers import SCRIPTS
from aura_code.refactoring.scoping import Named, Scoping, Spot, meanings, moved, scoping_of
from aura_code.refactoring.targets import name_around, offset_at
from aura_code.refactoring.workspace import Draft, OpenFile, Piece, Refusal, Workspace
from aura_code.syntax import parse_source
from aura_shared.messages.refactoring import RefactoringPlan

if TYPE_CHECKING:
    from aura_shared.messages.refactoring import PlanRefactoring

_WRITES: Final = frozenset({"update_expression", "augmented_assignment_expression"})


@dataclass(frozen=True, slots=True)
class _Variable:
    """A variable that is assigned once."""

    named: Named
    value: Node
    statement: Node
    """Its whole declaration, alone on its lines."""
    uses: Sequence[Spot]


def plan_inline(workspace: Workspace, request: PlanRefactoring) -> RefactoringPlan:
    """The edits that replace a variable by its value.

    Raises:
        Refusal: It is assigned more than once, seen elsewhere, or its value could be another one by then.
    """
    if not request.path or not request.line:
        raise Refusal("Give path, line and column of the variable.")
    file = workspace.open(request.path)
    scoping = scoping_of(file.source)
    if scoping is None or file.source is None:
        raise Refusal("Variables are inlined in Python, JavaScript and TypeScript, whose scopes are known.")
    named = _named(file, scoping, request)
    variable = _variable(file, scoping, named)
    _check_value(file, variable)
    draft = Draft()
    for spot in variable.uses:
        draft.add(file, _replaced(file, variable, spot))
    start, end = _lines(file, variable.statement)
    draft.add(file, Piece(start, end, ""))
    _check(file, scoping, variable, draft)
    count = len(variable.uses)
    return RefactoringPlan(
        title=f"Inline {named.name} in {file.path}",
        why=(
            f"`{named.name}` is assigned once, and its value can stand where it is used "
            f"({count} place{'s' * (count != 1)})."
        ),
        files=draft.proposed(),
        notes=_lost_comment(file, variable.statement),
    )


def _named(file: OpenFile, scoping: Scoping, request: PlanRefactoring) -> Named:
    offset = offset_at(file.text, request.line, request.column)
    here = name_around(file.text, offset) if offset is not None else None
    named = scoping.by_spot.get(here[0]) if here is not None else None
    if named is None and request.symbol and offset is not None:
        end = file.text.find(b"\n", offset)
        on_line = [start for start in scoping.by_spot if offset <= start < (end if end >= 0 else len(file.text))]
        named = next(
            (scoping.by_spot[at] for at in sorted(on_line) if scoping.by_spot[at].name == request.symbol), None
        )
    if named is None:
        raise Refusal(f"No variable stands at line {request.line}, column {request.column} of {file.path}.")
    return named


def _variable(file: OpenFile, scoping: Scoping, named: Named) -> _Variable:
    assert file.source is not None
    if named.kind == "class":
        raise Refusal(f"{named.name} is an attribute of a class; other code may read it.")
    if named.kind == "module" and (file.language == "python" or named.exported):
        raise Refusal(f"{named.name} stands at the top of the file; other files may import it.")
    if any(scope is named.scope for scope in scoping.dynamic):
        raise Refusal("This code reads its names as text (`locals`, `eval`).")
    if len(named.bounds) != 1:
        raise Refusal(
            f"{named.name} gets a value in {len(named.bounds)} places; only one that is assigned once can go."
        )
    name = file.source.root.named_descendant_for_byte_range(named.bounds[0].start, named.bounds[0].end)
    declared = name.parent if name is not None else None
    if name is None or declared is None:
        raise Refusal(f"{named.name} is not a plain variable.")
    value, statement = _value(file, name, declared)
    if not named.uses:
        raise Refusal(f"Nothing uses {named.name}; remove it instead.")
    for spot in named.uses:
        node = file.source.root.named_descendant_for_byte_range(spot.start, spot.end)
        around = node.parent if node is not None else None
        if around is not None and (
            around.type in _WRITES
            or (around.type == "assignment_expression" and around.child_by_field_name("left") == node)
        ):
            raise Refusal(f"{named.name} gets another value at {file.place(spot.start)}.")
        if spot.role == "export":
            raise Refusal(f"{named.name} is exported at {file.place(spot.start)}.")
    return _Variable(named, value, statement, named.uses)


def _value(file: OpenFile, name: Node, declared: Node) -> tuple[Node, Node]:
    """The value of a declaration, and its statement."""
    if file.language in SCRIPTS:
        value = declared.child_by_field_name("value") if declared.type == "variable_declarator" else None
        statement = declared.parent
        plain = (
            declared.child_by_field_name("name") == name and statement is not None and statement.named_child_count == 1
        )
    else:
        value = declared.child_by_field_name("right") if declared.type == "assignment" else None
        statement = declared.parent
        plain = (
            declared.child_by_field_name("left") == name
            and statement is not None
            and statement.type == "expression_statement"
        )
    if value is None or statement is None or not plain or value.type == "assignment":
        raise Refusal(f"{file.source.text_of(name) if file.source else 'It'} is not declared alone with one value.")
    start, end = _lines(file, statement)
    before, after = file.text[start : statement.start_byte], file.text[statement.end_byte : end]
    rest = after.strip().lstrip(b";").strip()
    if before.strip() or (rest and not rest.startswith((b"#", b"//"))):
        raise Refusal(f"The declaration at {file.place(statement.start_byte)} shares its line with other code.")
    return value, statement


def _lines(file: OpenFile, statement: Node) -> tuple[int, int]:
    start = file.text.rfind(b"\n", 0, statement.start_byte) + 1
    end = file.text.find(b"\n", statement.end_byte)
    return start, end + 1 if end >= 0 else len(file.text)


def _lost_comment(file: OpenFile, statement: Node) -> list[str]:
    _, end = _lines(file, statement)
    rest = file.text[statement.end_byte : end].strip().lstrip(b";").strip().decode("utf-8", "replace")
    return [f"{file.place(statement.start_byte)}: the comment of this line goes with it: {rest}"] if rest else []


def _check_value(file: OpenFile, variable: _Variable) -> None:
    value, name = variable.value, variable.named.name
    if is_pure(value):
        return
    if len(variable.uses) > 1:
        raise Refusal(
            f"{name} is used {len(variable.uses)} times, and its value may change in between or cost more than once."
        )
    assert file.source is not None
    spot = variable.uses[0]
    use = file.source.root.named_descendant_for_byte_range(spot.start, spot.end)
    statement = statement_of(use) if use is not None else None
    following = variable.statement.next_named_sibling
    while following is not None and following.type == "comment":
        following = following.next_named_sibling
    if use is None or statement is None or statement != following:
        raise Refusal(f"{name} is not used in the very next statement; what is between may change its value.")
    why = evaluated_later(use, statement)
    if why:
        raise Refusal(f"{name} cannot be replaced where it is used: {why}.")
    for call in calls_in(statement, before=spot.start):
        raise Refusal(f"{file.source.text_of(call)[:60]} is evaluated before {name} is used, and may change its value.")


def _replaced(file: OpenFile, variable: _Variable, spot: Spot) -> Piece:
    assert file.source is not None
    value = variable.value
    use = file.source.root.named_descendant_for_byte_range(spot.start, spot.end)
    assert use is not None
    text = file.text[value.start_byte : value.end_byte].decode("utf-8", "replace").replace("\r\n", "\n")
    _check_formatted(file, use, text)
    lead = 0
    if needs_parentheses(value, use, file.text):
        text, lead = f"({text})", 1
    if spot.role == "shorthand":
        head = f"{variable.named.name}: "
        text, lead = head + text, lead + len(head.encode())
    return Piece(spot.start, spot.end, text, lead)


def _check_formatted(file: OpenFile, use: Node, text: str) -> None:
    around = use.parent
    while around is not None:
        if around.type in {"interpolation", "template_substitution"}:
            if any(mark in text for mark in "\"'`\\\n{}#"):
                raise Refusal(
                    f"At {file.place(use.start_byte)} the value would stand within a string that its quotes would end."
                )
            return
        if "statement" in around.type:
            return
        around = around.parent


def _check(file: OpenFile, scoping: Scoping, variable: _Variable, draft: Draft) -> None:
    """Every name that stays means the same, and so does every name of the value where it stands now."""
    pieces, after = draft.of(file), draft.result(file)
    value = variable.value
    spots = {spot.start for spot in variable.named.spots}
    inside = {start for start in [*scoping.by_spot, *scoping.free] if value.start_byte <= start < value.end_byte}
    known = meanings(scoping)
    local = {start for start in inside if known.get(start, frozenset()) & inside}
    check_meanings(file, scoping, pieces, after, variable.named.name, gone=spots | inside)
    now = scoping_of(parse_source(file.path, after, language=file.language))
    assert now is not None
    new, move = meanings(now), moved(pieces)
    for spot in variable.uses:
        for start in inside - local:
            there = move(spot.start) + start - value.start_byte
            if new.get(there) != frozenset(move(bound) for bound in known[start]):
                raise Refusal(f"A name in the value would mean something else at {file.place(spot.start)}.")
