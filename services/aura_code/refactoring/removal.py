"""Definitions that nothing reaches, with what belongs to them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from tree_sitter import Node

from aura_code.filters import PathFilter
from aura_code.findings.checking import apply_edits
from aura_code.findings.loading import RuleSet
from aura_code.findings.model import Edit
from aura_code.refactoring.rewriting import proposed, without_new_unused
from aura_code.refactoring.targets import Offsets, places_of
from aura_code.refactoring.workspace import OpenFile, Refusal, Workspace, check_parses
from aura_code.structure.dead import dead_code
from aura_code.structure.lookup import file_at, symbols_where
from aura_shared.messages.changes import ProposedFile
from aura_shared.messages.refactoring import RefactoringPlan
from aura_shared.messages.structure import DeadSymbol, FindDeadCode

if TYPE_CHECKING:
    from aura_code.structure.store import StructureReader
    from aura_shared.messages.refactoring import PlanRefactoring

_KINDS: Final = frozenset({"function", "method", "class", "property", "struct"})
_DEFINITIONS: Final = frozenset(
    {
        "function_definition", "class_definition", "function_declaration", "generator_function_declaration",
        "class_declaration", "method_definition", "method_declaration", "function_item",
    }
)  # fmt: skip
_LINE_COMMENTS: Final = frozenset({"comment", "line_comment", "attribute_item"})
_SECTION: Final = re.compile(rb"[-=#*]{4,}")
_GO_PACKAGE: Final = re.compile(rb"(?<![\w.])(\w+)\.[A-Z]\w*")
_MOST_LISTED: Final = 20


def plan_remove_dead(
    reader: StructureReader, workspace: Workspace, request: PlanRefactoring, rules: RuleSet
) -> RefactoringPlan:
    """The edits that take out functions, methods and classes that nothing reaches, and imports only they used.

    Raises:
        Refusal: There are none, or none of them can be taken out.
    """
    dead, why_none = dead_definitions(reader, workspace, request)
    by_path: dict[str, list[DeadSymbol]] = {}
    for one in dead[: request.limit]:
        by_path.setdefault(one.symbol.path, []).append(one)
    files: list[ProposedFile] = []
    gone: list[DeadSymbol] = []
    notes: list[str] = []
    for path in sorted(by_path):
        try:
            file = workspace.open(path)
            removed, after = _without(reader, file, by_path[path], notes)
            if removed:
                after = without_new_unused(file, after, rules)
                check_parses(file, after)
                files.append(proposed(file, after))
                gone += removed
        except Refusal as refusal:
            notes.append(str(refusal))
    if not files:
        raise Refusal(notes[0] if notes else why_none)
    lines = sum(one.lines for one in gone)
    names = ", ".join(f"`{one.symbol.name}`" for one in gone[:_MOST_LISTED])
    title = gone[0].symbol.name if len(gone) == 1 else f"{len(gone)} definitions"
    return RefactoringPlan(
        title=f"Remove {title} that nothing uses ({lines} lines)",
        why=(
            f"{names}: no code reaches them, nothing overrides or inherits them, and their names stand in no string, "
            "configuration or document. Code that is not there needs no reading, tests or migration."
        ),
        files=files,
        notes=notes,
        symbols=sorted(one.symbol.name for one in gone),
    )


def dead_definitions(
    reader: StructureReader, workspace: Workspace, request: PlanRefactoring
) -> tuple[list[DeadSymbol], str]:
    """Definitions that are dead beyond doubt and can be taken out, and why there are none."""
    asked = FindDeadCode(project=request.project, paths=request.paths, limit=500)
    answer = dead_code(reader, workspace.root, asked)
    sure = [one for one in answer.dead if one.confidence == "high" and one.symbol.kind in _KINDS]
    if request.path:
        sure = [one for one in sure if one.symbol.path == request.path]
    if request.symbol:
        sure = [one for one in sure if request.symbol in {one.symbol.name, one.symbol.name.rpartition(".")[2]}]
        if not sure:
            return [], f"It is not beyond doubt that nothing uses {request.symbol}."
    PathFilter(request.paths)
    return sure, answer.reason or "No private function, method or class is dead beyond doubt."


def _without(
    reader: StructureReader, file: OpenFile, dead: Iterable[DeadSymbol], notes: list[str]
) -> tuple[list[DeadSymbol], bytes]:
    stored = file_at(reader, file.path)
    if stored is None or file.source is None:
        return [], file.text
    edits: list[Edit] = []
    removed: list[DeadSymbol] = []
    offsets = Offsets(file.text)
    for one in dead:
        node = _definition(reader, file, stored.id, one, offsets)
        if node is None:
            continue
        why = _why_kept(file, node)
        if why:
            notes.append(f"{file.path}:{one.symbol.line}: {one.symbol.name} stays: {why}.")
            continue
        edits.append(_removal(file, node))
        removed.append(one)
    emptied = _filled(file, edits)
    after = apply_edits(file.text, [*edits, *emptied])
    if after is None:
        raise Refusal(f"Definitions of {file.path} lie in one another.")
    return removed, after


def _definition(
    reader: StructureReader, file: OpenFile, number: int, dead: DeadSymbol, offsets: Offsets
) -> Node | None:
    assert file.source is not None
    same = symbols_where(
        reader, "s.file = ? AND s.qualified = ? AND s.line = ?", (number, dead.symbol.name, dead.symbol.line)
    )
    for place in places_of(reader, [one.id for one in same]):
        start = offsets.at(place.line, place.column)
        node = file.source.root.named_descendant_for_byte_range(start, start + 1)
        around = node.parent if node is not None else None
        if around is not None and around.type in _DEFINITIONS and around.child_by_field_name("name") == node:
            outer = around.parent
            return outer if outer is not None and outer.type == "decorated_definition" else around
    return None


def _why_kept(file: OpenFile, node: Node) -> str:
    text = file.text
    start = text.rfind(b"\n", 0, node.start_byte) + 1
    end = text.find(b"\n", node.end_byte)
    rest = text[node.end_byte : end if end >= 0 else len(text)].strip()
    if text[start : node.start_byte].strip() or (rest and not rest.startswith((b"#", b"//"))):
        return "it shares its line with other code"
    if node.type == "decorated_definition":
        return "a decorator may do something with it"
    if node.type == "class_definition" and node.child_by_field_name("superclasses") is not None:
        return "what it inherits from may keep a list of its subclasses"
    if file.language == "go":
        inside = set(_GO_PACKAGE.findall(text[node.start_byte : node.end_byte]))
        outside = text[: node.start_byte] + text[node.end_byte :]
        for name in sorted(inside):
            if not re.search(rb"(?<![\w.\"/])" + re.escape(name) + rb"\.", outside):
                return f"the import of {name.decode()} would be left over"
    return ""


def _removal(file: OpenFile, node: Node) -> Edit:
    """From the comments right above to the blank lines below, so that as many stay as separated it."""
    first = node
    while (above := first.prev_sibling) is not None and above.type in _LINE_COMMENTS:
        between = file.text[above.end_byte : first.start_byte]
        own_line = not file.text[file.text.rfind(b"\n", 0, above.start_byte) + 1 : above.start_byte].strip()
        section = _SECTION.search(file.text, above.start_byte, above.end_byte)
        if between.count(b"\n") > 1 or not own_line or section or above.start_point[1] != node.start_point[1]:
            break
        first = above
    start = file.text.rfind(b"\n", 0, first.start_byte) + 1
    end = file.text.find(b"\n", node.end_byte)
    end = end + 1 if end >= 0 else len(file.text)
    blank = re.compile(rb"(?:[ \t]*\r?\n)*")
    match = blank.match(file.text, end)
    below = match.end() if match is not None else end
    following = file.text[below : below + 1]
    if following and not (file.language == "python" and node.start_point[1] and not following.isspace()):
        return Edit(start, below, "")
    head = file.text[:start]
    return Edit(len(head.rstrip(b" \t\r\n")) + _line_end(head), end, "") if head.strip() else Edit(start, end, "")


def _line_end(head: bytes) -> int:
    rest = head[len(head.rstrip(b" \t\r\n")) :]
    return rest.find(b"\n") + 1


def _filled(file: OpenFile, edits: list[Edit]) -> list[Edit]:
    """`pass` for bodies of Python classes that would be empty."""
    if file.language != "python" or file.source is None:
        return []
    found: list[Edit] = []
    waiting = [file.source.root]
    while waiting:
        node = waiting.pop()
        if any(edit.start <= node.start_byte and node.end_byte <= edit.end for edit in edits):
            continue
        if node.type == "class_definition":
            body = node.child_by_field_name("body")
            parts = [part for part in body.named_children if part.type != "comment"] if body is not None else []
            if parts and all(
                any(edit.start <= part.start_byte and part.end_byte <= edit.end for edit in edits) for part in parts
            ):
                indent = " " * parts[0].start_point[1]
                place = next(
                    edit.end for edit in edits if edit.start <= parts[-1].start_byte and parts[-1].end_byte <= edit.end
                )
                found.append(Edit(place, place, f"{indent}pass\n"))
        waiting.extend(node.named_children)
    return found
