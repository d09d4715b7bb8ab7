"""A refactoring from its request to its edits. Nothing here writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from aura_code.findings.baseline import Entry
from aura_code.findings.loading import RuleSet, load_rules
from aura_code.refactoring.cleaning import plan_clean_imports
from aura_code.refactoring.extract import plan_extract
from aura_code.refactoring.fixes import plan_fixes
from aura_code.refactoring.inline import plan_inline
from aura_code.refactoring.modernise import plan_modernise
from aura_code.refactoring.removal import plan_remove_dead
from aura_code.refactoring.rename import plan_rename
from aura_code.refactoring.workspace import Refusal, Workspace
from aura_shared.messages.refactoring import RefactoringKind, RefactoringPlan

if TYPE_CHECKING:
    from aura_code.findings.store import FindingReader
    from aura_code.structure.store import StructureReader
    from aura_shared.messages.refactoring import PlanRefactoring

_NONE: Mapping[str, Entry] = {}


def plan_refactoring(
    reader: StructureReader,
    findings: FindingReader | None,
    root: Path,
    request: PlanRefactoring,
    *,
    ignored: Callable[[str], bool] = lambda _path: False,
    rules: RuleSet | None = None,
    baseline: Mapping[str, Entry] = _NONE,
) -> RefactoringPlan:
    """The edits of a refactoring; without files, and with the reason, when it would not be safe or does nothing.

    Args:
        reader: The structure of the project.
        findings: What the rules found; needed for `fix-findings` only.
        root: The project's folder.
        request: What is asked for.
        ignored: Whether a path is none of Aura's business.
        rules: The installed rules; loaded when they are not given.
        baseline: Findings that count no more.

    Raises:
        EmptyQuery: No symbol is given where one is needed.
        NotFound: A finding that is named does not exist.
        UsageProblem: A path is no glob, or an identifier of a finding is ambiguous.
        StorageError: The analysis cannot be read.
    """
    workspace = Workspace(root, reader.digests(), ignored)
    try:
        return _plan(reader, findings, workspace, request, rules, baseline)
    except Refusal as refusal:
        return RefactoringPlan(reason=str(refusal))


def _plan(
    reader: StructureReader,
    findings: FindingReader | None,
    workspace: Workspace,
    request: PlanRefactoring,
    rules: RuleSet | None,
    baseline: Mapping[str, Entry],
) -> RefactoringPlan:
    def known() -> RuleSet:
        return rules or load_rules()

    plans: dict[RefactoringKind, Callable[[], RefactoringPlan]] = {
        "rename": lambda: plan_rename(reader, workspace, request),
        "extract-variable": lambda: plan_extract(workspace, request),
        "inline-variable": lambda: plan_inline(workspace, request),
        "clean-imports": lambda: plan_clean_imports(workspace, request, known()),
        "modernise": lambda: plan_modernise(workspace, request, known()),
        "remove-dead": lambda: plan_remove_dead(reader, workspace, request, known()),
        "fix-findings": lambda: plan_fixes(findings, workspace, request, known(), baseline),
    }
    return plans[request.kind]()
