"""A call from its question to its answer: kept answers first, then one model after the other, the client's own last."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from pydantic import JsonValue

from aura_models.answers import Answers, KeptAnswer, key_of
from aura_models.asking import Asker, Heard
from aura_models.budget import context_for, fitting_prompt
from aura_models.catalog import Catalog
from aura_models.cooling import split_name
from aura_models.figures import Asked, Figures
from aura_models.measuring import Meters
from aura_models.runs import Run, all_failed
from aura_models.sampling import sample
from aura_shared.bus import Bus, Context
from aura_shared.errors import (
    AuraError,
    ContextCut,
    ContextOverflow,
    NoModel,
    SchemaMismatch,
)
from aura_shared.logging import get_logger
from aura_shared.messages.core import Done, new_id
from aura_shared.messages.models import (
    Attempt,
    Complete,
    Completion,
    ModelCallFinished,
    ModelInfo,
    ReportOutcome,
)
from aura_shared.settings import ModelsSettings

__all__ = ["Calls"]

log = get_logger(__name__)

T = TypeVar("T")


class Calls:
    """Answers questions with whatever model can."""

    def __init__(
        self,
        bus: Bus,
        settings: ModelsSettings,
        catalog: Catalog,
        answers: Answers,
        figures: Figures,
        meters: Meters,
    ) -> None:
        self._bus = bus
        self._settings = settings
        self._catalog = catalog
        self._answers = answers
        self._figures = figures
        self._meters = meters

    async def complete(self, request: Complete, context: Context) -> Completion:
        """The answer of the first model that gives a good one.

        With `stream`, text travels in `Progress.text`, and `Progress.done` counts its characters. Where a model fails
        in the middle, a `Progress` with a `note` and `done` 0 says that what came so far no longer counts.

        Raises:
            UsageProblem: The schema is none.
            NoModel: There is no model for the role.
            ContextOverflow: The prompt does not fit into any context.
            AuraError: Every model failed; the message lists all attempts.
        """
        run = Run(new_id(), request, context, time.monotonic())
        try:
            answer = await self._complete(run)
        except AuraError as error:
            await self._finish(run, error.code, None)
            raise
        except asyncio.CancelledError:
            await self._finish(run, "cancelled", None)
            raise
        await self._finish(run, "cached" if answer.cached else "ok", answer)
        return answer

    async def report(self, request: ReportOutcome, _context: Context) -> Done:
        """Keep what the gate said: a passed answer is kept, a refused one is forgotten.

        Raises:
            NotFound: No such call was answered.
            StorageError: It cannot be written.
        """
        key = await self._figures.judge(request)
        if key:
            await self._answers.judge(request.call, key, passed=request.passed)
        self._meters.judged(passed=request.passed)
        return Done()

    # -- parts --------------------------------------------------------------------------------------------------

    async def _complete(self, run: Run) -> Completion:
        request = run.request
        if request.answer_schema is not None:
            _must_be_schema(request.answer_schema)
        try:
            wanted = await self._catalog.candidates(request.role, request.model)
        except NoModel as none:
            return await self._sampled_or(run, none)
        ordered = await self._ordered(request, wanted)
        # An answer of the model that would be asked, or of one that would be preferred and only rests.
        kept = await self._kept(run, wanted[: wanted.index(ordered[0]) + 1])
        if kept is not None:
            return kept
        worth_trying = self._worth_trying(ordered, request)
        for place, model in enumerate(ordered):
            answer = await self._kept(run, [model]) if place else None
            if answer is None and model in worth_trying:
                answer = await self._try(run, model)
            if answer is not None:
                return answer
        return await self._sampled_or(run, None)

    async def _sampled_or(self, run: Run, none: NoModel | None) -> Completion:
        """The answer of the client's model, where it may be asked; else the error that says why there is none."""
        problem = none
        if self._settings.sampling and not run.request.model:
            sampled = await sample(self._bus, run, self._settings.total_s)
            if isinstance(sampled, Completion):
                return sampled
            if none is not None:
                tried = f"{none.message}; the model of the client did not answer either: {sampled.message}"
                problem = NoModel(tried, hint=none.hint)
        raise problem or all_failed(run)

    async def _ordered(self, request: Complete, wanted: Sequence[ModelInfo]) -> list[ModelInfo]:
        """The models in the order in which they are tried: refused twice in this task, or resting, means later."""
        lowered = await self._quietly(self._figures.lowered(request.role, request.task)) or set[str]()
        return sorted(wanted, key=lambda model: (self._catalog.cooling.left_s(model.name) > 0, model.name in lowered))

    def _worth_trying(self, candidates: Sequence[ModelInfo], request: Complete) -> list[ModelInfo]:
        """All but those that rest; where all do, a person's question still tries them, a background one does not."""
        cooling = self._catalog.cooling
        awake = [model for model in candidates if not cooling.left_s(model.name)]
        if awake or request.priority == "interactive" or request.model:
            return awake or list(candidates)
        left = min(cooling.left_s(model.name) for model in candidates)
        raise NoModel(
            f"every model for the role {request.role} failed a short time ago and is left alone for {left:.0f} s more: "
            + ", ".join(model.name for model in candidates),
            hint="Ask again later; `aura models` shows what is wrong.",
        )

    async def _kept(self, run: Run, candidates: Sequence[ModelInfo]) -> Completion | None:
        """The first answer of these models that was kept."""
        request = run.request
        if not _may_be_kept(request):
            return None
        by_key = {key_of(request, model, self._context(model)): model for model in candidates}
        found = await self._quietly(self._answers.find(list(by_key)))
        if found is None:
            return None
        key, kept = found
        if request.stream:
            await run.tell(kept.text, "")
        run.asked.append(Asked(kept.model, "cached", key=key))
        run.attempts.append(Attempt(model=kept.model, outcome="ok", seconds=0.0, detail="kept from an earlier call"))
        return Completion(
            call=run.call,
            text=kept.text,
            data=kept.data,
            model=kept.model,
            tokens_in=kept.tokens_in,
            tokens_out=kept.tokens_out,
            cached=True,
            attempts=run.attempts,
        )

    async def _try(self, run: Run, model: ModelInfo) -> Completion | None:
        """Ask one model; None when it failed, which is noted."""
        began, heard = time.monotonic(), Heard()
        try:
            context_tokens = self._context(model)
            if context_tokens <= run.longer_than:
                return None
            provider = self._catalog.provider(model.name)
            request = run.request
            asker = Asker(
                provider,
                self._catalog.queue(model.name),
                priority=request.priority,
                total_s=self._settings.total_s,
                retries=self._settings.retries,
                tell=run.tell if request.stream else None,
            )
            heard = asker.heard
            name = split_name(model.name)[1]
            prompt = await fitting_prompt(
                request.turns,
                request.max_tokens,
                context_tokens,
                request.parts,
                lambda text: provider.count_tokens(name, text),
            )
            await asker.ask(request, model, context_tokens, prompt)
        except AuraError as error:
            await self._note_failure(run, model, error, heard, time.monotonic() - began)
            return None
        self._catalog.cooling.worked(model.name)
        return await self._answered(run, model, heard, time.monotonic() - began)

    async def _note_failure(self, run: Run, model: ModelInfo, error: AuraError, heard: Heard, seconds: float) -> None:
        run.failed(model.name, error, heard, seconds)
        if isinstance(error, ContextOverflow | ContextCut):
            run.longer_than = max(run.longer_than, self._context(model))
        self._catalog.cooling.failed(model.name, error)
        log.warning("model_failed", model=model.name, task=run.request.task, code=error.code, problem=error.message)
        if run.sent_chars:
            await run.tell("", f"{model.name} failed ({error.code}), another one is asked")

    async def _answered(self, run: Run, model: ModelInfo, heard: Heard, seconds: float) -> Completion:
        request = run.request
        key = key_of(request, model, self._context(model))
        run.attempts.append(Attempt(model=model.name, outcome="ok", seconds=seconds))
        run.asked.append(
            Asked(
                model.name,
                "ok",
                seconds=heard.total_s,
                first_token_s=heard.first_token_s,
                queue_s=heard.queue_s,
                tokens_in=heard.tokens_in,
                tokens_out=heard.tokens_out,
                key=key,
            )
        )
        if _may_be_kept(request) and heard.finish == "stop":
            kept = KeptAnswer(heard.text, heard.data, model.name, heard.tokens_in, heard.tokens_out)
            if request.gated:
                await self._quietly(self._answers.hold(run.call, key, model.digest, kept))
            else:
                await self._quietly(self._answers.keep(key, model.digest, kept))
        return run.answered(model.name, heard)

    def _context(self, model: ModelInfo) -> int:
        return context_for(model, self._settings.max_context)

    async def _finish(self, run: Run, outcome: str, answer: Completion | None) -> None:
        """Keep the figures of a call and tell the others that it ended."""
        request, seconds = run.request, time.monotonic() - run.began
        self._meters.finished(request, run.asked, outcome, seconds)
        if _may_be_kept(request):
            self._meters.looked_up(hit=outcome == "cached")
        await self._quietly(self._figures.add(run.call, request, run.asked))
        event = ModelCallFinished(
            call=run.call,
            task=request.task,
            role=request.role,
            model=answer.model if answer is not None else "",
            outcome=outcome,
            seconds=seconds,
            tokens_in=0 if answer is None or answer.cached else answer.tokens_in,
            tokens_out=0 if answer is None or answer.cached else answer.tokens_out,
        )
        await self._quietly(self._publish(event, run.context))

    async def _publish(self, event: ModelCallFinished, context: Context) -> None:
        await self._bus.publish(event, project=context.envelope.project, cause=context.envelope.id)

    async def _quietly(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What `work` gives, or None: neither a full disk nor a lost broker costs a person the answer."""
        try:
            return await work
        except AuraError as error:
            log.warning("call_not_kept", code=error.code, problem=error.message)
            return None


def _may_be_kept(request: Complete) -> bool:
    """Whether an earlier answer will do: a trial is about what the models do now."""
    return request.cache and not request.trial


def _must_be_schema(schema: dict[str, JsonValue]) -> None:
    """Refuse a schema that is none before any model is asked.

    Raises:
        UsageProblem: It is no JSON Schema, or refers to something outside itself.
    """
    from aura_models.schemas import check, server_schema  # noqa: PLC0415 - jsonschema, only where it is needed

    server_schema(schema)
    with suppress(SchemaMismatch):
        check(None, schema)
