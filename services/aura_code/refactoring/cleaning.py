"""Imports that nothing uses, and imports that are there twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from aura_code.findings.checking import apply_edits
from aura_code.findings.loading import RuleSet
from aura_code.findings.model import Edit
from aura_code.refactoring.rewriting import Rewritten, files_asked, sweep, unused_imports
from aura_code.refactoring.workspace import OpenFile, Refusal, Workspace
from aura_code.syntax import SourceFile
from aura_code.syntax.python_scopes import Bound, python_scopes
from aura_shared.messages.refactoring import RefactoringPlan

if TYPE_CHECKING:
    from aura_shared.messages.refactoring import PlanRefactoring

_LANGUAGES: Final = frozenset({"python", "javascript", "typescript", "tsx", "java"})
_UNUSED: Final = (
    "Nothing reads this name, so the import only costs: a reader looks for its use, and every start loads it."
)
_TWICE: Final = "The same import stands above already."


def plan_clean_imports(workspace: Workspace, request: PlanRefactoring, rules: RuleSet) -> RefactoringPlan:
    """The edits that take out imports which nothing needs. What remains keeps its order.

    Raises:
        Refusal: There is none, or the one file that was named cannot be changed.
    """
    paths = files_asked(workspace, request, _LANGUAGES)

    def rewrite(file: OpenFile) -> Rewritten | None:
        return clean_file(file, rules)

    found = sweep(workspace, paths, rewrite, request.limit, named=bool(request.path))
    if not found.files:
        raise Refusal(f"None of the {found.looked_at} files has an import that could go.")
    one = "import" if found.places == 1 else "imports"
    where = found.files[0].path if len(found.files) == 1 else f"{len(found.files)} files"
    return RefactoringPlan(
        title=f"Remove {found.places} unused {one} from {where}",
        why="\n".join(f"- {reason}" for reason in found.reasons),
        files=found.files,
        notes=found.notes,
    )


def clean_file(file: OpenFile, rules: RuleSet) -> Rewritten | None:
    """A file without imports that nothing needs; None when it has none."""
    if file.source is None:
        return None
    edits: set[Edit] = set()
    messages: list[str] = []
    for message, some in unused_imports(file.source, rules):
        edits.update(some)
        messages.append(message)
    reasons = [_UNUSED] if messages else []
    twice = [edit for edit in _repeated(file.source) if not any(_touch(edit, other) for other in edits)]
    if twice:
        reasons.append(_TWICE)
    after = apply_edits(file.text, {*edits, *twice})
    if after is None or after == file.text:
        return None
    return Rewritten(after, len(messages) + len(twice), tuple(reasons))


def _touch(edit: Edit, other: Edit) -> bool:
    return edit.start < other.end and other.start < edit.end


def _repeated(source: SourceFile) -> Iterator[Edit]:
    """Python: whole lines that import what an earlier line of the same scope has imported under the same name."""
    if source.language != "python" or source.root.has_error:
        return
    scopes = python_scopes(source)
    for scope in scopes.scopes:
        if scope.kind == "class":
            continue
        for variable in scope.variables.values():
            bounds = variable.bounds
            if len(bounds) < 2 or not all(_is_plain(one) for one in bounds):
                continue
            first = bounds[0]
            for other in bounds[1:]:
                if (other.module, other.imported) == (first.module, first.imported) and other.scope is first.scope:
                    edit = _line(source, other)
                    if edit is not None:
                        yield edit


def _is_plain(bound: Bound) -> bool:
    return bound.kind == "import" and not (bound.conditional or bound.guarded or bound.typing_only)


def _line(source: SourceFile, bound: Bound) -> Edit | None:
    """The whole line of an import that binds one name, without a comment."""
    statement = bound.statement
    if statement is None:
        return None
    names = [child for child in statement.named_children if child.type in {"dotted_name", "aliased_import"}]
    if len(names) != (1 if statement.type == "import_statement" else 2):
        return None
    text = source.text
    start, end = text.rfind(b"\n", 0, statement.start_byte) + 1, text.find(b"\n", statement.end_byte)
    end = end + 1 if end >= 0 else len(text)
    alone = not text[start : statement.start_byte].strip() and not text[statement.end_byte : end].strip()
    around = statement.parent
    if not alone or around is None or around.named_child_count < 2:
        return None
    return Edit(start, end, "")
