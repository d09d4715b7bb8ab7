"""Code as it is written today, for the versions that a project supports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aura_code.findings.checking import apply_edits
from aura_code.findings.loading import RuleSet
from aura_code.findings.model import Edit
from aura_code.refactoring.identifiers import SCRIPTS
from aura_code.refactoring.modernise_python import Modernised, modern_python
from aura_code.refactoring.modernise_script import modern_script
from aura_code.refactoring.rewriting import Rewritten, files_asked, sweep, without_new_unused
from aura_code.refactoring.versions import Version, node_version, python_version
from aura_code.refactoring.workspace import OpenFile, Refusal, Workspace
from aura_code.syntax import SourceFile, parse_source
from aura_shared.messages.refactoring import RefactoringPlan

if TYPE_CHECKING:
    from pathlib import Path

    from aura_shared.messages.refactoring import PlanRefactoring

_LANGUAGES: Final = frozenset({"python", *SCRIPTS})
_MOST_PASSES: Final = 6  # Types within types: each pass rewrites the innermost.
_FIRST_WITH_LET: Final = 6


class Targets:
    """The versions that the files of a project are meant for; read once a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, Version | None] = {}

    def python(self, path: str) -> Version | None:
        """The oldest Python for a file; None when nothing says so."""
        folder = path.rpartition("/")[0]
        if folder not in self._known:
            self._known[folder] = python_version(self._root, path)
        return self._known[folder]

    def knows_let(self, path: str) -> bool:
        """Whether no engine is named that is older than `let`."""
        node = node_version(self._root, path)
        return node is None or node >= _FIRST_WITH_LET


def plan_modernise(workspace: Workspace, request: PlanRefactoring, rules: RuleSet) -> RefactoringPlan:
    """The edits that write code in today's way, where that is certain to do the same.

    Raises:
        Refusal: There is nothing to do, or the one file that was named cannot be changed.
    """
    paths = files_asked(workspace, request, _LANGUAGES)
    targets = Targets(workspace.root)

    def rewrite(file: OpenFile) -> Rewritten | None:
        return modernise_file(file, targets, rules)

    found = sweep(workspace, paths, rewrite, request.limit, named=bool(request.path))
    if not found.files:
        raise Refusal(f"None of the {found.looked_at} files is written in a way that has a certain modern form.")
    where = found.files[0].path if len(found.files) == 1 else f"{len(found.files)} files"
    return RefactoringPlan(
        title=f"Modernise {found.places} place{'s' * (found.places != 1)} in {where}",
        why="\n".join(f"- {reason}" for reason in found.reasons),
        files=found.files,
        notes=found.notes,
    )


def modernise_file(file: OpenFile, targets: Targets, rules: RuleSet) -> Rewritten | None:
    """A file in today's way; None when nothing in it is older."""
    if file.source is None:
        return None
    source: SourceFile | None = file.source
    text, places = file.text, 0
    reasons: dict[str, None] = {}
    for _ in range(_MOST_PASSES):
        assert source is not None
        chosen = _fitting(_older(source, targets))
        edits: set[Edit] = {edit for one in chosen for edit in one.edits}
        after = apply_edits(text, edits) if edits else None
        if after is None or after == text:
            break
        text, places = after, places + len(chosen)
        reasons |= dict.fromkeys(one.reason for one in chosen)
        source = parse_source(file.path, text, language=file.language)
        if source is None:
            return None
    if text == file.text:
        return None
    return Rewritten(without_new_unused(file, text, rules), places, tuple(reasons))


def _older(source: SourceFile, targets: Targets) -> list[Modernised]:
    if source.language == "python":
        return modern_python(source, targets.python(source.path))
    if source.language in SCRIPTS and targets.knows_let(source.path):
        return modern_script(source)
    return []


def _fitting(found: list[Modernised]) -> list[Modernised]:
    """The places that do not lie in one another, inner ones first."""
    chosen: list[Modernised] = []
    taken: list[Edit] = []
    for one in sorted(found, key=lambda one: (one.edits[0].end - one.edits[0].start, one.edits[0].start)):
        if not any(edit.start < other.end and other.start < edit.end for edit in one.edits for other in taken):
            chosen.append(one)
            taken += one.edits
    return chosen
