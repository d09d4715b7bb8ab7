"""Writing code in the style of the project, as a change to review."""

from __future__ import annotations

import difflib
from typing import Final

from aura_factory.assist.code_desk import CodeDesk
from aura_factory.assist.comparing import compare
from aura_factory.assist.placing import Place, find_place, format_for, narrow
from aura_factory.assist.skeletons import Skeleton, named_signature, write_skeleton
from aura_factory.assist.style import conventions
from aura_factory.assist.talking import Talk
from aura_factory.assist.writing import Job, Tools, Written, offer, title_of, write
from aura_shared.messages.assist import GenerateAnswer, GenerateCode
from aura_shared.messages.changes import ProposeChange, ProposedFile
from aura_shared.security import make_visible

__all__ = ["generate", "job_for", "refused_text"]

WOULD_ADD = "A model would write the code itself, in the style of the project, and mend it until the checks pass."
_MOST_DIFF: Final = 200


async def generate(desk: CodeDesk, talk: Talk, tools: Tools, request: GenerateCode) -> GenerateAnswer:
    """A change that does what the instruction says; without a model a skeleton, where one can be written honestly.

    Raises:
        NotFound: No place for it was found.
        UsageProblem: The request makes no sense.
    """
    await talk.tell("Finding the place …")
    if not await talk.ready("code"):
        return await _skeleton(desk, talk, tools, request)
    place = await find_place(
        desk, talk, tools.prompts, path=request.path, symbol=request.symbol, instruction=request.instruction
    )
    job = await job_for(
        desk, talk, place, instruction=request.instruction, wanted=request.edit_format, source="generate",
        tests=request.tests,
    )  # fmt: skip
    if len(request.compare) > 1:
        written, compared = await compare(desk, talk, tools, job, request.compare)
    else:
        written, compared = await write(desk, talk, tools, job), ""
    if talk.calls and not written.model:  # The model failed on the very first call.
        return await _skeleton(desk, talk, tools, request)
    change = await offer(desk, tools, job, written) if written.good else None
    text = "\n\n".join(filter(None, [place.note, compared, "" if change else refused_text(written, job)]))
    return GenerateAnswer(
        change=change, text=text, checks=written.checks, rounds=written.rounds, use=_use_with(talk, desk).use()
    )


def _use_with(talk: Talk, desk: CodeDesk) -> Talk:
    talk.notes += desk.notes
    return talk


async def job_for(
    desk: CodeDesk, talk: Talk, place: Place, *, instruction: str, wanted: str, source: str, tests: bool,
    keeps_behaviour: str = "",
) -> Job:  # fmt: skip
    """What a model is asked to write for a place."""
    role = "code" if place.file is None else "edit"
    info = await talk.desk.model_of(role, talk.wanted)
    room = await talk.desk.context_tokens(role, talk.wanted)
    if wanted == "auto":
        place = await narrow(desk, place, instruction, info, room)
    return Job(
        source=source, instruction=instruction, path=place.path, file=place.file, language=place.language,
        format=format_for(place, wanted, info, room), symbol=place.symbol, keeps_behaviour=keeps_behaviour, tests=tests,
    )  # fmt: skip


def refused_text(written: Written, job: Job) -> str:
    """Why nothing is offered, with what was refused, so that no work is lost."""
    lines = ["No change is proposed."]
    lines += [f"- {note}" for note in written.notes]
    if written.files:
        lines += ["", "What was refused:", "", "```diff", *_diff(written, job), "```"]
    return "\n".join(lines)


def _diff(written: Written, job: Job) -> list[str]:
    found: list[str] = []
    for file in written.files:
        old = job.file.text.splitlines() if job.file and file.path == job.path else []
        new = (file.content or "").splitlines()
        found += difflib.unified_diff(old, new, f"a/{file.path}", f"b/{file.path}", lineterm="")
    shown = [make_visible(line) for line in found]
    return shown if len(shown) <= _MOST_DIFF else [*shown[:_MOST_DIFF], f"({len(shown) - _MOST_DIFF} more lines)"]


async def _skeleton(desk: CodeDesk, talk: Talk, tools: Tools, request: GenerateCode) -> GenerateAnswer:
    """What can be written without a model: a skeleton with a named signature, in a named file."""
    named = named_signature(request.instruction)
    if request.symbol or named is None or not request.path:
        missing = (
            "changing a definition needs one" if request.symbol
            else "the instruction names no single signature, such as `parse_price(text: str) -> Price`" if named is None
            else "no file is named (--file)"
        )  # fmt: skip
        text = f"Without a model only a skeleton can be offered, and here it cannot: {missing}. {WOULD_ADD}"
        return GenerateAnswer(text=text, use=talk.use())
    place = await find_place(desk, talk, tools.prompts, path=request.path, symbol="", instruction=request.instruction)
    found = await conventions(desk, place.path, place.language)
    habits = found.habits if found else []
    before = place.file.text if place.file else None
    made = write_skeleton(
        named, request.instruction, path=place.path, language=place.language, before=before, habits=habits
    )
    if not isinstance(made, Skeleton):
        text = f"Without a model only a skeleton can be offered, and here it cannot: {made}. {WOULD_ADD}"
        return GenerateAnswer(text=text, use=talk.use())
    return await _offer_skeleton(desk, talk, tools, request, place, made)


async def _offer_skeleton(
    desk: CodeDesk, talk: Talk, tools: Tools, request: GenerateCode, place: Place, made: Skeleton
) -> GenerateAnswer:
    file = ProposedFile(path=place.path, base=place.file.base if place.file else "", content=made.text)
    await talk.tell("Checking the skeleton …")
    checks = await tools.checker.check(
        desk.project, [file], symbols=[made.symbol], tests=request.tests, progress=talk.tell
    )
    if any(check.outcome == "failed" for check in checks):
        failed = ", ".join(check.name for check in checks if check.outcome == "failed")
        text = f"A skeleton of `{made.symbol}` fails its checks ({failed}), so it is not offered. {WOULD_ADD}"
        return GenerateAnswer(text=text, checks=checks, use=talk.use())
    proposal = ProposeChange(
        project=desk.project.id,
        title=title_of(request.instruction),
        why=(
            f"Asked for: {make_visible(request.instruction.strip())}\n\n"
            f"A skeleton of `{made.symbol}`: its signature, its documentation, and a body that says that it is "
            "missing. No model took part."
        ),
        source="generate",
        files=[file],
        checks=checks,
    )
    answer = await tools.changes.propose(desk.root, desk.project.id, proposal)
    text = f"This is a skeleton: the body of `{made.symbol}` is missing and says so. {WOULD_ADD}"
    return GenerateAnswer(change=answer.change, text=text, checks=checks, use=talk.use())
