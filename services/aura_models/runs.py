"""What happened to a call: models that were tried, text that was sent on, and the one error for all of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from aura_models.asking import Heard
from aura_models.figures import Asked
from aura_shared.bus import Context
from aura_shared.errors import AnswerCut, AuraError, ContextOverflow, ModelError, SchemaMismatch
from aura_shared.messages.core import Progress
from aura_shared.messages.models import Attempt, Complete, Completion

__all__ = ["Run", "all_failed"]

_CALLERS_TURN: Final = (ContextOverflow, AnswerCut)
"""Failures that the caller can mend by asking for less."""


@dataclass(slots=True)
class Run:
    """What happened to a call so far."""

    call: str
    """Its identifier."""
    request: Complete
    """What was asked."""
    context: Context
    """Who asks."""
    began: float
    """When, on the monotonic clock."""
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    """What was tried, for the caller."""
    errors: list[AuraError] = field(default_factory=list[AuraError])
    """How the failed ones ended."""
    asked: list[Asked] = field(default_factory=list[Asked])
    """The same for the figures."""
    longer_than: int = 0
    """Only models with a longer context than this can help any more."""
    sent_chars: int = 0
    """Characters that the caller was sent and that still count."""

    async def tell(self, text: str, note: str) -> None:
        """Pass text on to the caller; a note says that what came so far is void, and `done` begins at 0 again."""
        self.sent_chars = 0 if note else self.sent_chars + len(text)
        await self.context.progress(Progress(done=self.sent_chars, note=note, text=text))

    def failed(self, model: str, error: AuraError, heard: Heard, seconds: float) -> None:
        """Note that a model failed."""
        self.errors.append(error)
        self.attempts.append(Attempt(model=model, outcome=error.code, seconds=seconds, detail=error.message))
        self.asked.append(
            Asked(
                model,
                error.code,
                seconds=heard.total_s,
                queue_s=heard.queue_s,
                tokens_in=heard.tokens_in,
                tokens_out=heard.tokens_out,
                malformed=isinstance(error, SchemaMismatch),
            )
        )

    def answered(self, model: str, heard: Heard) -> Completion:
        """The answer of a model, with all that was tried before it."""
        return Completion(
            call=self.call,
            text=heard.text,
            data=heard.data,
            model=model,
            finish=heard.finish,
            tokens_in=heard.tokens_in,
            tokens_out=heard.tokens_out,
            thinking_chars=heard.thinking_chars,
            queue_s=heard.queue_s,
            first_token_s=heard.first_token_s,
            total_s=heard.total_s,
            attempts=self.attempts,
        )


def all_failed(run: Run) -> AuraError:
    """One error for all attempts, of the kind on which the caller can act."""
    errors = run.errors
    if len(errors) == 1:
        only = errors[0]
        return type(only)(f"{run.attempts[0].model}: {only.message}", hint=only.hint)
    told = next((error for error in errors if isinstance(error, _CALLERS_TURN)), errors[0])
    alike = len({type(error) for error in errors}) == 1
    kind = type(told) if alike or isinstance(told, _CALLERS_TURN) else ModelError
    listed = "; ".join(f"{attempt.model}: {attempt.outcome}: {attempt.detail}" for attempt in run.attempts)
    return kind(f"no model answered for {run.request.role} ({len(errors)} tried): {listed}", hint=told.hint)
