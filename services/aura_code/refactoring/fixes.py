"""The certain fixes of findings, as one change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from aura_code.filters import PathFilter
from aura_code.findings.baseline import Entry
from aura_code.findings.fixing import PlannedFix, propose
from aura_code.findings.model import Finding
from aura_code.refactoring.rewriting import edits_between
from aura_code.refactoring.workspace import Refusal, Workspace
from aura_shared.messages.changes import ProposedFile
from aura_shared.messages.refactoring import RefactoringPlan
from aura_shared.text_files import read_text

if TYPE_CHECKING:
    from aura_code.findings.loading import RuleSet
    from aura_code.findings.store import FindingReader
    from aura_shared.messages.refactoring import PlanRefactoring

_MOST_RULES: Final = 6


def plan_fixes(
    findings: FindingReader | None,
    workspace: Workspace,
    request: PlanRefactoring,
    rules: RuleSet,
    baseline: Mapping[str, Entry],
) -> RefactoringPlan:
    """The edits of the fixes that findings have; silenced findings only when they are named.

    Raises:
        Refusal: No finding is chosen, or none has a fix that is certain and can be made.
        NotFound: A finding that is named does not exist.
        UsageProblem: An identifier is ambiguous, or a path is no glob.
    """
    if findings is None:
        raise Refusal("Nothing was analysed for findings yet; try again in a moment.")
    chosen = _chosen(findings, request, baseline)
    fixable = [one for one in chosen if one.edits]
    if not fixable:
        raise Refusal(
            f"None of the {len(chosen)} findings has a fix that is certain."
            if chosen
            else "No finding is chosen by this."
        )
    plans = propose(workspace.root, fixable[: request.limit], findings.digest, ignored=workspace.ignored)
    good = [plan for plan in plans if not plan.refused]
    notes = [f"{plan.path}: {plan.refused}." for plan in plans if plan.refused]
    notes += [
        f"{one.path}:{one.span.start_line}: waits for the next time, since two fixes meet here."
        for plan in good
        for one in plan.left
    ]
    if len(fixable) > request.limit:
        notes.append(f"{len(fixable) - request.limit} more findings were left for the next time.")
    if not good:
        raise Refusal(f"No file can be changed: {notes[0]}")
    mended = [one for plan in good for one in plan.findings]
    return RefactoringPlan(
        title=_title(mended, len(good)),
        why=_why(mended, rules),
        files=[_proposed(plan) for plan in good],
        notes=notes,
        symbols=sorted({one.symbol for one in mended if one.symbol}),
    )


def _chosen(findings: FindingReader, request: PlanRefactoring, baseline: Mapping[str, Entry]) -> list[Finding]:
    if request.findings:
        return list({one.fingerprint: one for one in map(findings.find, request.findings)}.values())
    passes = PathFilter(request.paths).passes
    rows = [
        row.id
        for row in findings.rows()
        if row.fixable
        and not row.suppressed
        and row.fingerprint not in baseline
        and (not request.rules or row.rule in request.rules)
        and (row.path == request.path if request.path else passes(row.path))
    ]
    return findings.findings(rows)


def _proposed(plan: PlannedFix) -> ProposedFile:
    from hashlib import sha256  # noqa: PLC0415 - only here

    before, after = read_text(plan.before), read_text(plan.after)
    assert before is not None
    assert after is not None
    return ProposedFile(path=plan.path, base=sha256(plan.before).hexdigest(), edits=edits_between(before[0], after[0]))


def _title(mended: Sequence[Finding], files: int) -> str:
    names = sorted({one.rule for one in mended})
    what = names[0] if len(names) == 1 else f"{len(names)} rules"
    count = f"{len(mended)} finding{'s' * (len(mended) != 1)}"
    return f"Fix {count} of {what} in {files} file{'s' * (files != 1)}"


def _why(mended: Sequence[Finding], rules: RuleSet) -> str:
    told: list[str] = []
    for name in sorted({one.rule for one in mended})[:_MOST_RULES]:
        rule = rules.get(name)
        first = next(one for one in mended if one.rule == name)
        told.append(f"- `{name}`: {' '.join(rule.why.split()) if rule is not None else first.message}")
    return "\n".join(told)
