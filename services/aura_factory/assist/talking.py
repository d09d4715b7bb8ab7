"""Talking to models on behalf of one request: whether one is asked, what it answered, and what it cost."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from aura_factory.prompts import Rendered
from aura_shared.bus import Bus, Context
from aura_shared.errors import AuraError, Cancelled, NoModel
from aura_shared.messages.assist import ModelUse, UseModel
from aura_shared.messages.core import Progress
from aura_shared.messages.models import (
    Complete,
    Completion,
    ListModels,
    ModelInfo,
    ModelRole,
    ModelsAnswer,
    ReportOutcome,
)

__all__ = ["ModelDesk", "Talk"]

_KNOWN_FOR_S: Final = 10.0  # Models come and go seldom; asking costs a turn on the bus.
_SHORTEST_CONTEXT: Final = 4096  # What Ollama gives a model of which nothing is known.
_LISTING_S: Final = 5.0
_REPORT_S: Final = 5.0


class ModelDesk:
    """What is known of the models, shared by all requests."""

    def __init__(
        self,
        bus: Bus,
        *,
        max_context: int = 16_384,
        timeout_s: float = 900.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`timeout_s` bounds a call with its wait in the queue; `max_context` is the setting `models.max_context`."""
        self.bus = bus
        """Where the models process is asked."""
        self.timeout_s = timeout_s
        """Bound on one call."""
        self._max_context = max_context
        self._clock = clock
        self._known: tuple[float, ModelsAnswer] | None = None

    def forget(self) -> None:
        """Ask anew next time."""
        self._known = None

    async def listed(self) -> ModelsAnswer:
        """Servers, models and roles, at most ten seconds old. An answer without any says why."""
        now = self._clock()
        if self._known is not None and now - self._known[0] < _KNOWN_FOR_S:
            return self._known[1]
        try:
            answer = await self.bus.request(ListModels(probe=False), timeout_s=_LISTING_S)
        except AuraError as error:
            return ModelsAnswer(reason=error.message)
        self._known = (now, answer)
        return answer

    async def model_of(self, role: ModelRole, wanted: str = "") -> ModelInfo | None:
        """The model that a call would go to first; None when there is none, or nothing is known of it."""
        answer = await self.listed()
        names = [wanted] if wanted else [name for one in answer.roles if one.role == role for name in one.models]
        known = {model.name: model for server in answer.servers for model in server.models}
        return next((known[name] for name in names if name in known), None)

    async def context_tokens(self, role: ModelRole, wanted: str = "") -> int:
        """Tokens that prompt and answer may have together."""
        model = await self.model_of(role, wanted)
        if model is None:
            return min(_SHORTEST_CONTEXT, self._max_context)
        tested = model.abilities.context_tokens if model.abilities else 0
        return min(tested or model.context_max or _SHORTEST_CONTEXT, self._max_context)

    async def why_none(self, role: ModelRole, wanted: str = "") -> str:
        """Why no model can be asked; empty when one can."""
        answer = await self.listed()
        if wanted:
            return ""  # The models process says when it does not exist.
        choice = next((one for one in answer.roles if one.role == role), None)
        sampling = any(server.kind == "sampling" and server.up for server in answer.servers)
        if sampling or (choice is not None and choice.models):
            return ""
        return (choice.reason if choice else "") or answer.reason or f"no model plays the role {role}"


@dataclass(slots=True)
class Talk:
    """The part that models have in one request."""

    desk: ModelDesk
    context: Context
    mode: UseModel
    would_add: str
    """What a model would add, in one sentence."""
    task: str
    wanted: str = ""
    """`server/model`, when one was named."""
    trial: str = ""
    model: str = ""
    why_not: str = ""
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list[str])

    async def tell(self, note: str) -> None:
        """Say what is being done."""
        await self.context.progress(Progress(done=self.calls, note=note))

    async def ready(self, role: ModelRole) -> bool:
        """Whether a model of this role will be asked.

        Raises:
            NoModel: One was insisted on, and there is none.
        """
        if self.mode == "never":
            self.why_not = "it was asked for without a model"
            return False
        self.why_not = await self.desk.why_none(role, self.wanted)
        if self.why_not and self.mode == "always":
            raise NoModel(f"no model answers: {self.why_not}")
        return not self.why_not

    async def ask(self, rendered: Rendered, *, stream: bool = False, gated: bool = False) -> Completion | None:
        """What a model answers; None, and a note, when it failed and doing without one is allowed.

        With `stream`, text is passed on to the caller as it arrives. Cancelling ends the work at the model.

        Raises:
            AuraError: It failed, and a model was insisted on.
        """
        request = rendered.ask(task=self.task, model=self.wanted, trial=self.trial, stream=stream, gated=gated)
        started = time.monotonic()
        self.calls += 1
        try:
            completion = await self._send(request)
        except Cancelled:
            raise
        except AuraError as error:
            self.notes.append(f"{error.code}: {error.message}")
            self.why_not = error.message
            if self.mode == "always":
                raise
            await self.tell(f"The model failed ({error.message}); going on without one.")
            return None
        finally:
            self.seconds += time.monotonic() - started
        self._count(completion)
        return completion

    async def report(self, completion: Completion, *, passed: bool, gate: str, score: float | None = None) -> None:
        """Say what the gate made of an answer. That it cannot be said harms nobody."""
        outcome = ReportOutcome(call=completion.call, passed=passed, gate=gate, score=score)
        with contextlib.suppress(AuraError):
            await self.desk.bus.request(outcome, timeout_s=_REPORT_S, cause=self.context.envelope.id)

    def use(self) -> ModelUse:
        """The part of models, for the answer."""
        return ModelUse(
            model=self.model,
            why_not="" if self.model else self.why_not,
            would_add="" if self.model else self.would_add,
            calls=self.calls,
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            seconds=round(self.seconds, 3),
            notes=list(self.notes),
        )

    def _count(self, completion: Completion) -> None:
        self.model = completion.model
        self.tokens_in += completion.tokens_in
        self.tokens_out += completion.tokens_out
        self.notes += [
            f"{attempt.model} {attempt.outcome}: {attempt.detail}".rstrip(": ")
            for attempt in completion.attempts
            if attempt.outcome != "ok"
        ]
        if completion.finish == "length":
            self.notes.append("the answer was cut by the bound on its tokens")

    async def _send(self, request: Complete) -> Completion:
        """Ask, and pass what is heard meanwhile on to the caller, in its order and before the answer."""
        heard: asyncio.Queue[Progress | None] = asyncio.Queue()

        async def pass_on() -> None:
            while (progress := await heard.get()) is not None:
                await self.context.progress(progress)

        passing = asyncio.create_task(pass_on(), name="pass progress on")
        asked = request.model_copy(update={"origin": self.context.envelope.cause or ""})
        try:
            answer = await self.desk.bus.request(
                asked, timeout_s=self.desk.timeout_s, cause=self.context.envelope.id, on_progress=heard.put_nowait
            )
            heard.put_nowait(None)
            await passing
            return answer
        finally:
            passing.cancel()
