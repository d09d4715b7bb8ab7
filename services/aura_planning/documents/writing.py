"""A model writes the sections of a draft, one call each: bounded, resumable, and visible when it fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from pydantic import JsonValue

from aura_planning.documents.drafting import Outline, Part, renumbered
from aura_planning.documents.keeping import Draft, KeptSection, KeptStatement, keep_draft
from aura_planning.documents.words import (
    ANSWER_TOKENS,
    MODEL_ROLES,
    Evidence,
    Taken,
    merge,
    question_turns,
    questions_schema,
    read_questions,
    read_section,
    section_schema,
    section_turns,
    tokens_of_turns,
)
from aura_shared.errors import AnswerCut, AuraError, ModelError, NoModel, Unavailable
from aura_shared.logging import get_logger
from aura_shared.messages.core import Progress
from aura_shared.messages.models import ChatTurn, Complete, Completion
from aura_shared.messages.plan_documents import DocumentFinding, DraftBudget

__all__ = ["Ask", "Outcome", "Tell", "Writer"]

log = get_logger(__name__)

Ask: TypeAlias = Callable[[Complete], Awaitable[Completion]]
Tell: TypeAlias = Callable[[Progress], Awaitable[None]]
_HALF: Final = 4
"""Sentences that are asked for after an answer that was cut."""


@dataclass(slots=True)
class Outcome:
    """How far a draft came."""

    state: Literal["done", "questions", "budget", "stopped"] = "done"
    budget: DraftBudget = field(default_factory=DraftBudget)
    findings: list[DocumentFinding] = field(default_factory=list[DocumentFinding])
    model: str = ""


class Writer:
    """Writes one draft.

    Args:
        ask: Asks a model; errors are those of the models service.
        tell: Told how far it is.
        folder: Where the draft is kept.
        path: The document, for findings.
    """

    def __init__(self, ask: Ask, tell: Tell, folder: Path, path: str) -> None:
        self._ask = ask
        self._tell = tell
        self._folder = folder
        self._path = path
        self._findings: list[DocumentFinding] = []

    async def write(
        self,
        draft: Draft,
        evidence: Evidence,
        outline: Outline,
        parts: Sequence[Part],
        *,
        questions: bool,
        answered: bool,
        agree_tokens: int,
        model: str,
        estimate: bool = False,
    ) -> Outcome:
        """Fill the sections of `parts` with a model's words; where it fails, they stay as they are.

        Args:
            draft: What is known so far; it is kept after each step.
            evidence: What sentences may rest on.
            outline: Headings of the document.
            parts: Sections as they are without a model.
            questions: Whether questions may be asked first.
            answered: Whether the person has answered, or passed over, what was asked.
            agree_tokens: Above so many tokens a person has to agree first.
            model: `server/model`, or empty for the role's.
            estimate: Only say what it costs.
        """
        open_ = [one for one in parts if one.role in MODEL_ROLES and one.title not in draft.sections]
        budget = self._budget(
            draft, evidence, outline, open_, questions=questions and not draft.asked, agree=agree_tokens
        )
        if estimate or not budget.agreed:
            return Outcome("budget", budget)
        try:
            if questions and not draft.asked:
                await self._questions(draft, evidence, model)
            if questions and draft.questions and not answered:
                return Outcome("questions", budget, self._findings, draft.model)
            for number, part in enumerate(open_, 1):
                await self._tell(
                    Progress(done=number - 1, total=len(open_), note=f"Section {number} of {len(open_)}: {part.title}")
                )
                await self._section(draft, evidence, outline, parts, part, model)
        except (NoModel, Unavailable) as error:
            return self._without(draft, error, budget, parts)
        self._take(draft, parts)
        return Outcome("done", budget, self._findings, draft.model)

    def _without(self, draft: Draft, error: AuraError, budget: DraftBudget, parts: Sequence[Part]) -> Outcome:
        """No model answers: what it wrote so far is kept for later; where it wrote nothing the draft does without."""
        self._tell_finding(
            "no-model",
            f"no model answered: {error.message}",
            error.hint or "See `aura models`; `--no-model` leaves it out.",
        )
        if any(one.statements for one in draft.sections.values()):
            return Outcome("stopped", budget, self._findings, draft.model)
        self._take(draft, parts)
        return Outcome("done", budget, self._findings, draft.model)

    @staticmethod
    def _budget(
        draft: Draft, evidence: Evidence, outline: Outline, open_: Sequence[Part], *, questions: bool, agree: int
    ) -> DraftBudget:
        titles = [title for _, title, _ in outline.sections]
        tokens = sum(tokens_of_turns(section_turns(evidence, titles, one, [])) for one in open_)
        tokens += tokens_of_turns(question_turns(evidence)) if questions else 0
        return DraftBudget(calls=len(open_) + questions, tokens=tokens, agreed=draft.agreed or tokens <= agree)

    async def _questions(self, draft: Draft, evidence: Evidence, model: str) -> None:
        await self._tell(Progress(done=0, note="Which questions have to be answered first …"))
        try:
            answer = await self._completed(question_turns(evidence), questions_schema(), model)
            draft.questions = read_questions(answer.data, evidence)
            draft.model = answer.model
        except ModelError as error:
            if isinstance(error, NoModel):
                raise
            self._tell_finding(
                "model-answer",
                f"its questions could not be used: {error.message}",
                "The draft goes on without questions.",
            )
        draft.asked = True
        keep_draft(self._folder, draft)

    async def _section(
        self, draft: Draft, evidence: Evidence, outline: Outline, parts: Sequence[Part], part: Part, model: str
    ) -> None:
        kept = KeptSection()
        try:
            taken, named = await self._answered(evidence, outline, parts, part, model)
            draft.model = named or draft.model
            kept.notes = taken.problems
            if taken.usable:
                kept.statements = [KeptStatement.of(one) for one in taken.statements]
            else:
                kept.problem = "most of the answer speaks of nothing that is known"
        except ModelError as error:
            if isinstance(error, NoModel):
                raise
            kept.problem = error.message
        draft.sections[part.title] = kept
        keep_draft(self._folder, draft)

    async def _answered(
        self, evidence: Evidence, outline: Outline, parts: Sequence[Part], part: Part, model: str
    ) -> tuple[Taken, str]:
        """An answer; one that was cut is asked for once more in a smaller size."""
        titles = [title for _, title, _ in outline.sections]
        written = [
            f"{one.id}: {one.text}" for other in parts for one in other.statements if one.id.startswith(("FR", "NFR"))
        ]
        try:
            answer = await self._completed(
                section_turns(evidence, titles, part, written), section_schema(part.role), model
            )
        except AnswerCut:
            turns = section_turns(evidence, titles, part, written, _HALF)
            answer = await self._completed(turns, section_schema(part.role, _HALF), model)
        return read_section(answer.data, part.role, evidence), answer.model

    async def _completed(self, turns: Sequence[ChatTurn], schema: dict[str, JsonValue], model: str) -> Completion:
        return await self._ask(
            Complete(
                task="prd",
                role="plan",
                turns=list(turns),
                answer_schema=schema,
                max_tokens=ANSWER_TOKENS,
                temperature=0.2,
                seed=1,
                model=model,
                prompt="prd@1",
            )
        )

    def _take(self, draft: Draft, parts: Sequence[Part]) -> None:
        """Put what is kept into the sections, and tell what was not taken."""
        for part in parts:
            kept = draft.sections.get(part.title)
            if kept is None:
                continue
            for note in kept.notes:
                self._tell_finding(
                    "model-sentence",
                    f"{part.title}: {note}",
                    "Look at the sentence; it stands there as an assumption, or not at all.",
                    "info",
                )
            if kept.problem:
                part.problem = kept.problem
                self._tell_finding(
                    "model-answer",
                    f"the section {part.title!r} stays as the facts make it: {kept.problem}",
                    "Write it yourself, or try another model: `aura models`.",
                )
            else:
                merge(part, Taken([one.statement() for one in kept.statements]))
        renumbered(parts)

    def _tell_finding(
        self, rule: str, message: str, advice: str, severity: Literal["warning", "info"] = "warning"
    ) -> None:
        self._findings.append(
            DocumentFinding(
                rule=rule,
                severity=severity,
                path=self._path,
                line=1,
                message=message,
                suggestion=advice,
                why="A draft never falls back in silence: what a model did not do is told.",
            )
        )
