"""Explaining a place, a definition or a finding: measured facts as text, and a model's words on top of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aura_factory.assist.code_desk import CodeDesk
from aura_factory.assist.context import pack_around
from aura_factory.assist.grounding import unsupported_names
from aura_factory.assist.packing import Packed, budget_for
from aura_factory.assist.subjects import Subject, SubjectFacts, find_subject, gather_facts, qualified
from aura_factory.assist.talking import Talk
from aura_factory.prompts import Block, Prompt, PromptLibrary, Value
from aura_shared.messages.assist import Citation, ExplainCode, ExplanationAnswer
from aura_shared.messages.findings import ExplainFinding, FindingExplanation
from aura_shared.messages.structure import Defined

__all__ = ["explain", "explanation_text", "finding_text"]

WOULD_ADD = "A model would say in words what the code does and why it is written so."
_MOST_SHOWN = 8


async def explain(desk: CodeDesk, talk: Talk, prompts: PromptLibrary, request: ExplainCode) -> ExplanationAnswer:
    """The explanation of what `request` names.

    Raises:
        UsageProblem: Nothing is named.
        NotFound: There is no such file, definition or finding.
    """
    if request.finding:
        return await _explain_finding(desk, talk, prompts, request)
    await talk.tell("Looking at the code …")
    subject = await find_subject(desk, path=request.path, line=request.line, symbol=request.symbol)
    facts = await gather_facts(desk, subject)
    plain = explanation_text(subject, facts)
    citations = _citations(subject, facts)
    words = ""
    if await talk.ready("code"):
        prompt = prompts.pick("explain", subject.language)
        values: dict[str, Value] = {
            "subject": subject.title,
            "question": request.question,
            "facts": list(_fact_lines(subject, facts)),
        }
        code = Block(subject.place, subject.text, subject.language)
        words = await _in_words(desk, talk, prompt, values, code, about=subject.qualified or subject.path)
    text = f"{words}\n\n---\n\n{plain}" if words else plain
    return ExplanationAnswer(text=text, citations=citations, use=talk.use())


async def _explain_finding(
    desk: CodeDesk, talk: Talk, prompts: PromptLibrary, request: ExplainCode
) -> ExplanationAnswer:
    await talk.tell("Looking at the finding …")
    found = await desk.ask(ExplainFinding(project=desk.project.id, id=request.finding))
    one = found.finding
    plain = finding_text(found)
    citation = Citation(path=one.path, start_line=one.start_line, end_line=one.end_line, symbol=one.symbol)
    words = ""
    if await talk.ready("code"):
        rule = "\n".join(part for part in (found.title, found.what, found.why, found.how) if part)
        values: dict[str, Value] = {
            "finding": f"{one.path}:{one.start_line}: {one.message} ({one.rule}, {one.level})",
            "question": request.question,
            "rule": rule or one.message,
        }
        lines = found.code.count("\n")
        code = Block(f"{one.path}:{found.code_start_line}-{found.code_start_line + lines}", found.code)
        words = await _in_words(
            desk, talk, prompts["explain-finding"], values, code, about=f"{one.path}:{one.start_line}"
        )
    text = f"{words}\n\n---\n\n{plain}" if words else plain
    return ExplanationAnswer(text=text, citations=[citation], use=talk.use())


async def _in_words(
    desk: CodeDesk, talk: Talk, prompt: Prompt, values: dict[str, Value], code: Block, *, about: str
) -> str:
    """What a model says; empty when it failed. Names that it made up are named under its words."""
    room = await talk.desk.context_tokens(prompt.role, talk.wanted)
    packed = await pack_around(
        desk, code, about=about, budget=budget_for(room, fixed=_fixed(prompt, values), answer=prompt.max_tokens)
    )
    rendered = prompt.render({**values, "code": packed.blocks("code"), "context": packed.blocks("context")},
                             parts=packed.parts())  # fmt: skip
    _note_left_out(talk, packed)
    await talk.tell("Asking the model …")
    completion = await talk.ask(rendered, stream=True)
    if completion is None or not completion.text.strip():
        return ""
    text = completion.text.strip()
    given = "\n".join(turn.content for turn in rendered.turns)
    invented = unsupported_names(text, given)
    await talk.report(completion, passed=not invented, gate="names")
    if invented:
        shown = ", ".join(f"`{name}`" for name in invented)
        text += f"\n\n*Not in the code that the model saw, so perhaps made up: {shown}.*"
    return text


def _fixed(prompt: Prompt, values: dict[str, Value]) -> int:
    """Tokens of the prompt with everything but the code."""
    blank = Block("-", "-")
    needed = {name: blank for name, kind in prompt.inputs.items() if kind == "code" and name not in prompt.optional}
    return prompt.render({**needed, **values}).tokens


def _note_left_out(talk: Talk, packed: Packed) -> None:
    if packed.left_out:
        talk.notes.append(f"left out of the prompt for its length: {', '.join(packed.left_out[:10])}")


def explanation_text(subject: Subject, facts: SubjectFacts) -> str:
    """What is known of a subject, as Markdown; the same facts always give the same text."""
    lines = [f"**{_heading(subject)}**"]
    if subject.symbol is not None:
        if subject.symbol.signature:
            lines += ["", f"```{subject.language}", subject.symbol.signature, "```"]
        lines += ["", subject.symbol.doc or "It has no documentation."]
    elif subject.outline is not None:
        lines += _outline_lines(subject)
    else:
        lines += ["", f"It lies in no definition; `{subject.place}` is what stands around it."]
    for title, entries in _sections(facts):
        if entries:
            lines += ["", f"**{title}**", *[f"- {entry}" for entry in entries]]
    if facts.impact:
        lines += ["", f"**If it changes**: {facts.impact}"]
    if facts.history is not None:
        lines += ["", f"**History**: {_history(facts)}"]
    if subject.others:
        lines += ["", "**Other definitions of this name**"]
        lines += [f"- `{qualified(one)}` {one.path}:{one.start_line}" for one in subject.others[:_MOST_SHOWN]]
    return "\n".join(lines)


def _heading(subject: Subject) -> str:
    title = subject.title.removeprefix("the ")
    return f"{title[:1].upper()}{title[1:]}"


def _outline_lines(subject: Subject) -> Iterator[str]:
    assert subject.outline is not None
    outline = subject.outline
    yield ""
    yield f"{outline.lines} lines" + (f" of {outline.language}" if outline.language else "") + "."
    if outline.broken:
        yield "It has syntax errors."
    top = [one for one in outline.symbols if not one.container]
    if top:
        yield ""
        yield "**It defines**"
        for one in top[:30]:
            yield f"- `{one.name}` ({one.kind}, line {one.start_line})" + (
                f": {_first_line(one.doc)}" if one.doc else ""
            )
    if outline.imports:
        yield ""
        modules = dict.fromkeys(one.module for one in outline.imports)
        yield f"**It imports** {', '.join(f'`{name}`' for name in modules)}"


def _sections(facts: SubjectFacts) -> Iterator[tuple[str, list[str]]]:
    yield "Called by", [f"{_named(one.caller)}, line {one.line}" + _sure(one.confidence) for one in facts.callers]
    yield "Calls", [_named(one.callee) + _sure(one.confidence) for one in facts.callees]
    if facts.uses:
        shown = f"Used in {facts.uses_total} places"
        yield shown, [f"`{one.text}` {one.path}:{one.line}" for one in facts.uses[:_MOST_SHOWN]]
    yield "Related types", [f"{one.relation}: `{one.name}`" for one in facts.relatives]
    tests = [f"{_named(one.symbol)}" for one in facts.tests[:_MOST_SHOWN]]
    yield f"Tests that reach it ({facts.tests_total})", tests
    yield (
        "Findings here",
        [
            f"{one.level}: {one.message} ({one.rule}, line {one.start_line}, `aura explain {one.id}`)"
            for one in facts.findings
        ],
    )


def _named(one: Defined) -> str:
    name = f"`{one.name}`" if one.name else "the top of the file"
    return f"{name} {one.path}:{one.line}"


def _sure(confidence: str) -> str:
    return "" if confidence == "exact" else f" ({confidence})"


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0]


def _history(facts: SubjectFacts) -> str:
    assert facts.history is not None
    one = facts.history
    people = f"{one.authors} {'person' if one.authors == 1 else 'people'}"
    return (
        f"the file changed in {one.commits} {'commit' if one.commits == 1 else 'commits'} by {people} within "
        f"{facts.history_days} days; complexity {one.complexity}."
    )


def _fact_lines(subject: Subject, facts: SubjectFacts) -> Iterator[str]:
    """The facts as a model reads them, one a line."""
    if subject.symbol is not None and subject.symbol.doc:
        yield f"its documentation says: {_first_line(subject.symbol.doc)}"
    for title, entries in _sections(facts):
        for entry in entries:
            yield f"{title.lower()}: {entry}"
    if facts.impact:
        yield f"if it changes: {facts.impact}"
    if facts.history is not None:
        yield f"history: {_history(facts)}"


def _citations(subject: Subject, facts: SubjectFacts) -> list[Citation]:
    own = Citation(
        path=subject.path, start_line=subject.start_line, end_line=max(subject.start_line, subject.end_line),
        symbol=subject.qualified,
    )  # fmt: skip
    around = [
        *(one.caller for one in facts.callers),
        *(one.callee for one in facts.callees),
        *(one.symbol for one in facts.tests),
    ]
    return [own, *_unique(around, own)]


def _unique(around: Sequence[Defined], own: Citation) -> Iterator[Citation]:
    seen = {(own.path, own.start_line)}
    for one in around:
        if (one.path, one.line) not in seen:
            seen.add((one.path, one.line))
            yield Citation(
                path=one.path, start_line=one.line, end_line=max(one.line, one.end_line), symbol=one.name, used=True
            )


def finding_text(found: FindingExplanation) -> str:
    """A finding as Markdown: what, why, how, the certain fix, how to silence it."""
    one = found.finding
    lines = [f"**{one.path}:{one.start_line}** {one.level}: {one.message} (`{one.rule}`)"]
    for title, text in (("What", found.what), ("Why it matters", found.why), ("How to mend it", found.how)):
        if text:
            lines += ["", f"**{title}**", "", text]
    if found.code:
        lines += ["", f"**The code** (from line {found.code_start_line})", "", "```", found.code.rstrip("\n"), "```"]
    if found.fix is not None and found.fix.diff:
        lines += ["", f"**Certain fix** (`aura fix {one.id}`)", "", "```diff", found.fix.diff.rstrip("\n"), "```"]
    if found.silence:
        lines += ["", "**To silence it**", *[f"- {way}" for way in found.silence]]
    if found.siblings_total:
        lines += ["", f"The rule reports {found.siblings_total} other places in this project."]
    return "\n".join(lines)
