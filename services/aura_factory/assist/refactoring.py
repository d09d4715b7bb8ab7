"""Refactoring: a named one without a model, a goal in words with one, or what would pay."""

from __future__ import annotations

from typing import Final

from aura_factory.assist.code_desk import CodeDesk
from aura_factory.assist.generating import job_for, refused_text
from aura_factory.assist.placing import Place, find_place
from aura_factory.assist.talking import Talk
from aura_factory.assist.writing import Job, Tools, Written, offer, write
from aura_shared.errors import UsageProblem
from aura_shared.messages.assist import RefactorAnswer, RefactorCode
from aura_shared.messages.changes import CheckResult, ProposeChange
from aura_shared.messages.refactoring import FindOpportunities, PlanRefactoring, RefactoringPlan

__all__ = ["plan_request", "refactor"]

WOULD_ADD: Final = "A model would rewrite code towards a goal in words; the refactorings with a name need none."
KEEP_BEHAVIOUR: Final = (
    "what the code does, its public names, its parameters and its results stay exactly the same for all who use it."
)


async def refactor(desk: CodeDesk, talk: Talk, tools: Tools, request: RefactorCode) -> RefactorAnswer:
    """A refactoring as a checked proposal; without a kind and a goal, what would pay.

    Raises:
        UsageProblem: Both a kind and a goal are given, or what is needed is missing.
        NotFound: There is no such file or definition.
    """
    if request.kind is not None and request.goal:
        raise UsageProblem("a refactoring has either a kind or a goal", hint="Leave one of them out.")
    if request.kind is not None:
        return await _named(desk, talk, tools, request)
    if request.goal:
        return await _towards(desk, talk, tools, request)
    return await _opportunities(desk, talk, request)


async def _opportunities(desk: CodeDesk, talk: Talk, request: RefactorCode) -> RefactorAnswer:
    paths = [*request.paths, *([f"/{request.path}"] if request.path else [])]
    await talk.tell("Looking for what would pay …")
    found = await desk.ask(FindOpportunities(project=desk.project.id, paths=paths))
    talk.why_not = "what would pay is measured"
    text = found.reason or f"{len(found.opportunities)} things would pay, the most rewarding first."
    return RefactorAnswer(opportunities=found.opportunities, text=text, use=talk.use())


def plan_request(project: str, request: RefactorCode) -> PlanRefactoring:
    """The question to the code service.

    Raises:
        UsageProblem: Something that the kind needs is missing.
    """
    assert request.kind is not None
    if request.kind in {"rename", "extract-variable"} and not request.new_name:
        raise UsageProblem(f"{request.kind} needs the new name", hint="Give it with --rename NEW or --name NEW.")
    if request.kind in {"extract-variable", "inline-variable"} and not (request.path and request.line):
        raise UsageProblem(f"{request.kind} needs a place", hint="Give FILE:LINE.")
    return PlanRefactoring(
        project=project, kind=request.kind, symbol=request.symbol, path=request.path, line=request.line,
        column=request.column, end_line=request.end_line, end_column=request.end_column, new_name=request.new_name,
        paths=request.paths, rules=request.rules, findings=request.findings,
    )  # fmt: skip


async def _named(desk: CodeDesk, talk: Talk, tools: Tools, request: RefactorCode) -> RefactorAnswer:
    talk.why_not = "a refactoring with a name needs none"
    await talk.tell("Working out the edits …")
    plan = await desk.ask(plan_request(desk.project.id, request), timeout_s=120.0)
    if not plan.files:
        return RefactorAnswer(text=plan.reason or "There is nothing to change.", use=talk.use())
    await talk.tell(f"Checking {len(plan.files)} changed files …")
    checks = await tools.checker.check(
        desk.project, plan.files, symbols=plan.symbols, tests=request.tests, progress=talk.tell
    )
    failed = [check for check in checks if check.outcome == "failed"]
    if failed:
        return RefactorAnswer(text=_failed_text(plan, failed), checks=checks, use=talk.use())
    proposal = ProposeChange(
        project=desk.project.id, title=(plan.title or f"{request.kind}")[:200], why=_why(plan)[:20_000],
        source="refactor", files=plan.files, checks=checks,
    )  # fmt: skip
    answer = await tools.changes.propose(desk.root, desk.project.id, proposal)
    return RefactorAnswer(change=answer.change, text=_look_at(plan), checks=checks, use=talk.use())


def _why(plan: RefactoringPlan) -> str:
    sure = (
        "What the program does stays the same." if plan.certainty == "certain"
        else "Some places could not be resolved for certain; look at them before you apply it."
    )  # fmt: skip
    return "\n\n".join(filter(None, [plan.why, sure, "\n".join(f"- {note}" for note in plan.notes)]))


def _look_at(plan: RefactoringPlan) -> str:
    if not plan.notes:
        return ""
    return "\n".join(["Look at:", *(f"- {note}" for note in plan.notes)])


def _failed_text(plan: RefactoringPlan, failed: list[CheckResult]) -> str:
    lines = [f"{plan.title or 'The refactoring'} is not offered, since it fails its checks:"]
    lines += [f"- {check.name}: {check.detail}" for check in failed]
    lines += [f"- look at {note}" for note in plan.notes]
    return "\n".join(lines)


async def _towards(desk: CodeDesk, talk: Talk, tools: Tools, request: RefactorCode) -> RefactorAnswer:
    if not (request.symbol or request.path):
        raise UsageProblem("a goal needs something that it is about", hint="Name a symbol, a file, or FILE:LINE.")
    if not await talk.ready("edit"):
        text = f"No model takes part ({talk.why_not}), and a goal in words needs one. {WOULD_ADD}"
        return RefactorAnswer(text=text, use=talk.use())
    place = await find_place(
        desk, talk, tools.prompts, path=request.path, symbol=request.symbol, instruction=request.goal, line=request.line
    )
    if place.file is None:
        raise UsageProblem(f"there is no file {place.path}", hint="Only code that exists can be refactored.")
    job, written = await _rewritten(desk, talk, tools, request, place)
    change = await offer(desk, tools, job, written) if written.good else None
    text = place.note if change else refused_text(written, job)
    return RefactorAnswer(change=change, text=text, checks=written.checks, use=talk.use())


async def _rewritten(
    desk: CodeDesk, talk: Talk, tools: Tools, request: RefactorCode, place: Place
) -> tuple[Job, Written]:
    job = await job_for(
        desk, talk, place, instruction=request.goal, wanted="auto", source="refactor", tests=request.tests,
        keeps_behaviour=KEEP_BEHAVIOUR,
    )  # fmt: skip
    return job, await write(desk, talk, tools, job)
