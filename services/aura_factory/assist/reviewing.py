"""Reviewing a change: what was measured, and a model's summary that names nothing but what the change shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, cast

from aura_factory.assist.code_desk import CodeDesk
from aura_factory.assist.grounding import sentences, unsupported_names, words_of
from aura_factory.assist.packing import Piece, budget_for, pack
from aura_factory.assist.review_texts import Review, as_json, as_markdown, plain_summary
from aura_factory.assist.sarif import as_sarif
from aura_factory.assist.talking import Talk
from aura_factory.prompts import Block, PromptLibrary, Value
from aura_shared.errors import UsageProblem
from aura_shared.messages.assist import ReviewAnswer, ReviewChange
from aura_shared.messages.models import Completion
from aura_shared.messages.review import GatherReview, ReviewFacts

__all__ = ["ground", "review", "split_diff"]

WOULD_ADD: Final = "A model would say in a few sentences what the change does, and ask its author what it leaves open."
_GATHERING_S: Final = 300.0
_MOST_QUESTIONS: Final = 5
_DIFF_BYTES: Final = 200_000
_FILE: Final = re.compile(r"^diff --git ", re.MULTILINE)
_NAMED: Final = re.compile(r"^\+\+\+ (?:b/)?(\S.*?)\t?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Grounded:
    """What is left of a model's words."""

    summary: str
    questions: tuple[str, ...]
    dropped: int


async def review(desk: CodeDesk, talk: Talk, prompts: PromptLibrary, request: ReviewChange) -> ReviewAnswer:
    """The review of a change in the form that was asked for.

    Raises:
        UsageProblem: The request names no change, or a patch does not fit.
    """
    _check(request)
    await talk.tell("Looking at the change …")
    facts = await desk.ask(
        GatherReview(
            project=desk.project.id, what=request.what, revision=request.revision, patch=request.patch,
            paths=request.paths, diff_bytes=_DIFF_BYTES,
        ),
        timeout_s=_GATHERING_S,
    )  # fmt: skip
    grounded: _Grounded | None = None
    if not facts.files:
        talk.why_not = "there is nothing to review"
    elif await talk.ready("review"):
        grounded = await _summarised(talk, prompts, facts)
    summary = grounded.summary if grounded and grounded.summary else plain_summary(facts)
    told = Review(facts=facts, summary=summary, model_questions=grounded.questions if grounded else ())
    writer = {"markdown": as_markdown, "json": as_json, "sarif": as_sarif}[request.format]
    return ReviewAnswer(facts=facts, summary=summary, content=writer(told), use=talk.use())


def _check(request: ReviewChange) -> None:
    if request.what == "range" and not request.revision.strip():
        raise UsageProblem("no range is named", hint="Give REF..REF, or one REF for what the branch adds to it.")
    if request.what == "patch" and not request.patch.strip():
        raise UsageProblem("the patch is empty", hint="Give a unified diff, as `git diff` writes it.")


async def _summarised(talk: Talk, prompts: PromptLibrary, facts: ReviewFacts) -> _Grounded | None:
    """A summary by a model; None when it failed."""
    prompt = prompts["review-summary"]
    values: dict[str, Value] = {"title": facts.title, "commits": facts.commits[:20], "facts": list(_measured(facts))}
    room = await talk.desk.context_tokens(prompt.role, talk.wanted)
    fixed = prompt.render({**values, "diff": Block("-", "-")}).tokens
    packed = pack(list(_diff_pieces(facts)), budget_for(room, fixed=fixed, answer=prompt.max_tokens))
    if not packed.pieces:
        talk.notes.append(f"the context of {room} tokens has no room for the change")
        return None
    if packed.left_out:
        talk.notes.append(f"left out of the prompt for its length: {', '.join(packed.left_out[:10])}")
    await talk.tell("Asking the model for a summary …")
    rendered = prompt.render({**values, "diff": packed.blocks("diff")}, parts=packed.parts())
    completion = await talk.ask(rendered, gated=True)
    if completion is None:
        return None
    given = [turn.content for turn in rendered.turns if turn.role == "user"]
    grounded = ground(completion, given)
    await talk.report(completion, passed=bool(grounded.summary), gate="names")
    if grounded.dropped:
        talk.notes.append(f"{grounded.dropped} statements of the model name what the change does not show: dropped")
    return grounded


def ground(completion: Completion, given: Sequence[str]) -> _Grounded:
    """What a model said, without the statements that name code which it was not shown."""
    data = cast("dict[str, object]", completion.data) if isinstance(completion.data, dict) else {}
    known = words_of(given)
    said = [one for part in _texts(data.get("summary")) for one in sentences(part)]
    asked = _texts(data.get("questions"))
    kept = [one for one in said if not unsupported_names(one, "", known)]
    questions = [one for one in asked if not unsupported_names(one, "", known)]
    return _Grounded(
        summary=" ".join(kept[:6]),
        questions=tuple(" ".join(one.split()) for one in questions[:_MOST_QUESTIONS]),
        dropped=len(said) - len(kept) + len(asked) - len(questions),
    )


def _texts(value: object) -> list[str]:
    return [one for one in cast("list[object]", value) if isinstance(one, str)] if isinstance(value, list) else []


def _measured(facts: ReviewFacts) -> Iterator[str]:
    added, removed = sum(file.added for file in facts.files), sum(file.removed for file in facts.files)
    yield f"{len(facts.files)} files, {added} lines added, {removed} removed"
    for file in facts.files[:30]:
        symbols = f": {', '.join(file.symbols[:8])}" if file.symbols else ""
        yield f"{file.kind} {file.path}{symbols}"
    for change in facts.api[:10]:
        yield f"{'breaking: ' if change.breaking else ''}{change.kind} {change.symbol}: {change.detail}"


def _diff_pieces(facts: ReviewFacts) -> Iterable[Piece]:
    """The diff file by file, the order in which to read them as their worth; what nobody reads comes last."""
    order = {file.path: number for number, file in enumerate(facts.files, 1)}
    unread = {file.path for file in facts.files if file.generated}
    for path, text in split_diff(facts.diff):
        worth = order.get(path, len(order) + 1) + (1000 if path in unread else 0)
        yield Piece("diff", f"diff: {path}", Block(path, text, "diff"), worth, cuttable=True)


def split_diff(diff: str) -> list[tuple[str, str]]:
    """A unified diff by file: the path as it is afterwards, and its part."""
    if not diff.strip():
        return []
    starts = [found.start() for found in _FILE.finditer(diff)] or [0]
    parts = [diff[start:end] for start, end in zip(starts, [*starts[1:], len(diff)], strict=True)]
    return [(_path_of(part), part.rstrip("\n")) for part in parts]


def _path_of(part: str) -> str:
    named = _NAMED.search(part)
    if named is not None and named[1] != "/dev/null":
        return named[1]
    head = part.partition("\n")[0]
    return head.rpartition(" b/")[2] if " b/" in head else head[:200]
