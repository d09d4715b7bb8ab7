"""Having a model write a change: prompt, answer, exact edit, checks, and again with what was wrong; then a proposal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from aura_factory.assist.applying import apply, describe_refusal
from aura_factory.assist.code_desk import CodeDesk, SourceText
from aura_factory.assist.packing import MUST, Packed, Piece, budget_for, pack
from aura_factory.assist.ports import Changes, Checker
from aura_factory.assist.style import gather_style
from aura_factory.assist.talking import Talk
from aura_factory.editing.outcomes import Applied, EditFormat, Refused
from aura_factory.prompts import Block, Prompt, PromptLibrary, Rendered, Value, estimate_tokens
from aura_shared.errors import EditRefused
from aura_shared.messages.changes import ChangeInfo, CheckResult, ProposeChange, ProposedFile
from aura_shared.messages.code import Symbol
from aura_shared.messages.models import ChatTurn, Completion
from aura_shared.security import make_visible

__all__ = ["Job", "Tools", "Written", "offer", "write"]

ROUNDS: Final = 3
"""Answers that are asked for at most: the first, and two more that are told what was wrong."""
_OUTPUT_TOKENS: Final = 700
_TITLE: Final = 120
_CONFLICT: Final = re.compile(r"^<{7} .*?^={7}$.*?^>{7} ", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Tools:
    """What writing needs."""

    prompts: PromptLibrary
    changes: Changes
    checker: Checker


@dataclass(frozen=True, slots=True)
class Job:
    """A change that a model is to write: one file."""

    source: str
    """`generate` or `refactor`."""
    instruction: str
    path: str
    file: SourceText | None
    """None for a file that is new."""
    language: str
    format: EditFormat
    symbol: Symbol | None = None
    keeps_behaviour: str = ""
    """For a refactoring: what has to stay the same."""
    tests: bool = True

    @property
    def qualified(self) -> str:
        """Name of the definition to change with what surrounds it; empty for the whole file."""
        if self.symbol is None:
            return ""
        return f"{self.symbol.container}.{self.symbol.name}" if self.symbol.container else self.symbol.name


@dataclass(slots=True)
class Written:
    """What came of it."""

    files: list[ProposedFile] = field(default_factory=list[ProposedFile])
    """Empty when nothing can be offered."""
    checks: list[CheckResult] = field(default_factory=list[CheckResult])
    rounds: int = 0
    score: float = 0.0
    """Share of the checks that passed; 0 when no answer could be used."""
    notes: list[str] = field(default_factory=list[str])
    """What was put right on the way, and what was refused and why."""
    model: str = ""
    prompt: str = ""

    @property
    def good(self) -> bool:
        """Whether it can be offered."""
        return bool(self.files) and not any(check.outcome == "failed" for check in self.checks)


async def write(desk: CodeDesk, talk: Talk, tools: Tools, job: Job) -> Written:
    """A change by a model, held to the checks. At most three answers are asked for.

    Raises:
        EditRefused: The file holds hidden characters, which a model cannot be trusted to give back, or the marks of a
            conflict that nobody settled.
        AuraError: The model failed, and one was insisted on.
    """
    _refuse_unfit(job)
    first = await _render(desk, talk, tools, job)
    written = Written(prompt=first.prompt)
    rendered = first
    while written.rounds < ROUNDS:
        written.rounds += 1
        await talk.tell(f"Asking the model (round {written.rounds}) …" if written.rounds > 1 else "Asking the model …")
        completion = await talk.ask(rendered, stream=True, gated=True)
        if completion is None:
            written.files = []
            break
        written.model = completion.model
        again = await _judge(desk, talk, tools, job, completion, written)
        if again is None:
            break
        answer = ChatTurn(role="assistant", content=completion.text or "(nothing)")
        rendered = first.further(answer, *again.turns)
    if not written.good and written.checks:
        written.notes.append(_not_offered(written.checks))
    return written


async def _judge(
    desk: CodeDesk, talk: Talk, tools: Tools, job: Job, completion: Completion, written: Written
) -> Rendered | None:
    """Apply and check an answer. Returns what to ask next; None when it is good, or nothing more can be done."""
    now = await desk.read_if_there(job.path)  # A model takes its time, and a person may go on writing meanwhile.
    outcome = apply(
        completion, job.format, path=job.path, seen=job.file, now=now, symbol=job.qualified, instruction=job.instruction
    )
    written.files, written.checks = [], []
    if isinstance(outcome, Refused):
        await talk.report(completion, passed=False, gate="parse", score=0.0)
        problem = describe_refusal(outcome)
        written.notes.append(f"round {written.rounds}: the answer did not fit: {_first_line(problem)}")
        return tools.prompts["retry-edit"].render({"problem": problem})
    if not outcome.files:
        await talk.report(completion, passed=False, gate="parse", score=0.0)
        written.notes.append(f"round {written.rounds}: the answer changes nothing")
        return tools.prompts["retry-edit"].render({"problem": "It changes nothing: the code already reads like that."})
    written.files = proposed_files(outcome, now)
    written.notes += outcome.notes
    await talk.tell("Checking the change …")
    symbols = [job.qualified] if job.qualified else []
    written.checks = await tools.checker.check(
        desk.project, written.files, symbols=symbols, tests=job.tests, progress=talk.tell
    )
    written.score = _score(written.checks)
    failed = [check for check in written.checks if check.outcome == "failed"]
    gate = failed[0].name if failed else _strongest(written.checks)
    await talk.report(completion, passed=not failed, gate=gate[:64], score=written.score)
    if not failed:
        return None
    written.notes.append(f"round {written.rounds}: failed {', '.join(check.name for check in failed)}")
    return tools.prompts["retry-check"].render(
        {"checks": [f"{check.name}: {_first_line(check.detail)}" for check in failed], "output": _outputs(failed)}
    )


async def offer(desk: CodeDesk, tools: Tools, job: Job, written: Written) -> ChangeInfo:
    """Keep the change as a proposal.

    Raises:
        AuraError: It cannot be kept: a file changed meanwhile, or may not be changed.
    """
    where = f"`{job.qualified}` in `{job.path}`" if job.qualified else f"`{job.path}`"
    lines = [
        f"Asked for: {make_visible(job.instruction.strip())}",
        "",
        f"Changes {where}. Written by {written.model or 'a model'} with the prompt {written.prompt}, "
        f"{written.rounds} {'answer' if written.rounds == 1 else 'answers'}.",
        *(f"- {note}" for note in written.notes),
    ]
    request = ProposeChange(
        project=desk.project.id, title=title_of(job.instruction), why="\n".join(lines)[:20_000], source=job.source,
        files=written.files, checks=written.checks,
    )  # fmt: skip
    answer = await tools.changes.propose(desk.root, desk.project.id, request)
    return answer.change


def title_of(instruction: str) -> str:
    """The first sentence of an instruction as the title of a change."""
    line = make_visible(" ".join(instruction.split())).partition(". ")[0].rstrip(".")
    line = f"{line[:1].upper()}{line[1:]}"
    return line if len(line) <= _TITLE else f"{line[: _TITLE - 1].rsplit(' ', 1)[0]} …"


def proposed_files(applied: Applied, now: SourceText | None) -> list[ProposedFile]:
    """The files of an answer, each with what it was made from."""
    return [
        ProposedFile(path=path, base=now.base if now and path == now.path else "", content=text)
        for path, text in applied.files.items()
    ]


def _refuse_unfit(job: Job) -> None:
    if job.file is None:
        return
    if conflict := _CONFLICT.search(job.file.text):
        line = job.file.text.count("\n", 0, conflict.start()) + 1
        raise EditRefused(f"{job.path}:{line} holds a conflict of a merge", hint="Settle it first, then ask again.")
    shown = make_visible(job.file.text)
    if shown != job.file.text:
        line = next(
            (n for n, (a, b) in enumerate(zip(job.file.lines, shown.split("\n"), strict=False), 1) if a != b), 1
        )
        raise EditRefused(
            f"{job.path}:{line} holds hidden characters, which a model would not give back as they are",
            hint="Look at that line and mend it first.",
        )


async def _render(desk: CodeDesk, talk: Talk, tools: Tools, job: Job) -> Rendered:
    """The prompt, with as much of the project as fits."""
    prompt = tools.prompts.pick("generate", job.language) if job.file is None else tools.prompts[f"edit-{job.format}"]
    target = _target(job)
    answer = _answer_tokens(prompt, job)
    values: dict[str, Value] = {"instruction": job.instruction}
    if job.file is None:
        values["path"] = job.path
    else:
        values["place"] = f"{job.path}, {job.qualified}" if job.qualified else job.path
        values["goal_keeps_behaviour"] = job.keeps_behaviour
    fixed = prompt.render(values if target is None else {**values, "target": Block("-", "-")}).tokens
    room = await talk.desk.context_tokens(prompt.role, talk.wanted)
    budget = budget_for(room, fixed=fixed, answer=answer)
    await talk.tell("Gathering what the model should know …")
    own = [Piece("target", f"target: {target.title}", target, MUST)] if target else []
    style = await gather_style(
        desk, job.path, job.language, about=job.qualified or job.instruction, budget=budget,
        symbol=job.symbol,
    )  # fmt: skip
    packed = pack([*own, *style], budget)
    if packed.left_out:
        talk.notes.append(f"left out of the prompt for its length: {', '.join(packed.left_out[:10])}")
    rendered = prompt.render(_with_packed(values, packed, target is not None), parts=packed.parts())
    return replace(rendered, max_tokens=answer)


def _with_packed(values: dict[str, Value], packed: Packed, has_target: bool) -> dict[str, Value]:
    filled = dict(values)
    filled["habits"] = packed.texts("habits")
    filled["rules"] = "\n\n".join(packed.texts("rules"))
    filled["context"] = packed.blocks("context")
    if has_target:
        filled["target"] = packed.blocks("target")
    return filled


def _target(job: Job) -> Block | None:
    """The code that is to be changed, as the model sees it; None for a new file."""
    if job.file is None:
        return None
    if job.symbol is not None and job.format != "whole":
        first, last = job.symbol.start_line, job.symbol.end_line
        return Block(f"{job.path}:{first}-{last} {job.qualified}", job.file.span(first, last), job.language)
    return Block(job.path, job.file.text, job.language)


def _answer_tokens(prompt: Prompt, job: Job) -> int:
    """Room for the answer: what is re-emitted grows by a third at most, or the prompt's own bound."""
    target = _target(job)
    if target is None or job.format == "search-replace":
        return prompt.max_tokens
    return min(65_536, int(estimate_tokens(target.text) * 1.33) + 512)


def _score(checks: Sequence[CheckResult]) -> float:
    ran = [check for check in checks if check.outcome != "skipped"]
    return round(sum(check.outcome == "passed" for check in ran) / len(ran), 3) if ran else 1.0


def _strongest(checks: Sequence[CheckResult]) -> str:
    passed = [check.name for check in checks if check.outcome == "passed"]
    return "tests" if "tests" in passed else passed[-1] if passed else "parse"


def _outputs(failed: Sequence[CheckResult]) -> list[Block]:
    """What failing checks said, the end of it, since that is where programs say what went wrong."""
    share = max(100, _OUTPUT_TOKENS // len(failed)) * 3
    blocks: list[Block] = []
    for check in failed:
        text = check.detail or "it said nothing"
        if len(text) > share:
            text = text[-share:].partition("\n")[2] or text[-share:]
        blocks.append(Block(f"output of {check.name}", text))
    return blocks


def _not_offered(checks: Sequence[CheckResult]) -> str:
    failed = ", ".join(f"{check.name} ({_first_line(check.detail)})" for check in checks if check.outcome == "failed")
    return f"nothing is offered, since it fails its checks: {failed}"


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0][:300]
