"""One model is asked: queue, bounds, retries, and the ladder that leads from a malformed answer to a good one.

An answer that does not satisfy its schema is asked for again twice: first with the place and the value that are wrong,
then anew with another seed. An answer that was cut is never parsed.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from pydantic import JsonValue

from aura_models.budget import estimate_prompt
from aura_models.cooling import split_name
from aura_models.provider import ChatCall, ChatEnd, ChatPiece, LLMProvider
from aura_models.waiting import ServerQueue
from aura_shared.errors import (
    AnswerCut,
    AuraError,
    BadAnswer,
    ModelDropped,
    ModelTimeout,
    RateLimited,
    SchemaMismatch,
)
from aura_shared.messages.models import ChatTurn, Complete, FinishReason, ModelInfo, Priority

__all__ = ["Asker", "Heard", "Told"]

FIRST_PAUSE_S: Final = 0.25
"""Bound of the pause before a model is asked again; it doubles. The pause itself is a random part of it."""
_QUOTED: Final = 4000  # Characters of a malformed answer that go back to the model; the start shows what is meant.

Told = Callable[[str, str], Awaitable[None]]
"""Takes text as it arrives, and a note where what came so far no longer counts."""


@dataclass(slots=True)
class Heard:
    """What a model answered, and what it took."""

    text: str = ""
    data: JsonValue = None
    finish: FinishReason = "stop"
    tokens_in: int = 0
    """Of all that was sent for this answer."""
    tokens_out: int = 0
    thinking_chars: int = 0
    queue_s: float = 0.0
    first_token_s: float = 0.0
    total_s: float = 0.0
    """At the server, waiting for a turn left out."""

    def add(self, call: Heard) -> None:
        """Take in one more request that was made for the same answer."""
        self.text, self.finish, self.first_token_s = call.text, call.finish, call.first_token_s
        self.tokens_in += call.tokens_in
        self.tokens_out += call.tokens_out
        self.thinking_chars += call.thinking_chars
        self.queue_s += call.queue_s
        self.total_s += call.total_s


class Asker:
    """Asks one model for one answer.

    Args:
        provider: Its server.
        queue: Where calls to the server wait.
        priority: Its place there.
        total_s: Bound on one answer, waiting left out.
        retries: How often it is asked again after a failure that may pass.
        tell: Takes text as it arrives.
    """

    def __init__(
        self,
        provider: LLMProvider,
        queue: ServerQueue,
        *,
        priority: Priority,
        total_s: float,
        retries: int,
        tell: Told | None = None,
    ) -> None:
        self._provider = provider
        self._queue = queue
        self._priority: Priority = priority
        self._total_s = total_s
        self._retries = retries
        self._tell = tell
        self._told = False
        self.heard = Heard()
        """What came so far; also after a failure."""

    async def ask(self, request: Complete, model: ModelInfo, context_tokens: int, prompt_tokens: int) -> Heard:
        """The answer of `model`.

        Raises:
            AnswerCut: It was cut by the bound on its tokens, and a schema was asked for.
            SchemaMismatch: It did not satisfy the schema three times.
            AuraError: The model or its server failed, in whatever way the provider tells.
        """
        call = ChatCall(
            model=split_name(model.name)[1],
            turns=request.turns,
            max_tokens=request.max_tokens,
            context_tokens=context_tokens,
            prompt_tokens=prompt_tokens,
            temperature=request.temperature,
            seed=request.seed,
        )
        if request.answer_schema is None:
            await self._with_retries(call)
            if not self.heard.text.strip():
                raise _empty(self.heard)
            return self.heard
        return await self._ask_for_json(request, request.answer_schema, call)

    async def _ask_for_json(self, request: Complete, schema: dict[str, JsonValue], call: ChatCall) -> Heard:
        from aura_models.schemas import server_schema  # noqa: PLC0415 - jsonschema, only where a schema is asked for

        call = replace(call, schema=server_schema(schema))
        problem = await self._try_json(call, schema)
        if problem is not None:
            again = _corrected(call, self.heard.text, problem)
            if again.prompt_tokens + again.max_tokens <= again.context_tokens:
                problem = await self._try_json(again, schema)
        if problem is not None:
            other = replace(call, seed=_other_seed(request.seed), temperature=max(0.3, call.temperature))
            problem = await self._try_json(other, schema)
        if problem is not None:
            raise SchemaMismatch(f"{problem.message} (asked three times)")
        return self.heard

    async def _try_json(self, call: ChatCall, schema: dict[str, JsonValue]) -> SchemaMismatch | None:
        """Ask once; returns what is wrong with the answer."""
        from aura_models.schemas import check, read_json_answer  # noqa: PLC0415 - see `_ask_for_json`

        await self._restart("the answer did not have the form that was asked for")
        await self._with_retries(call)
        if self.heard.finish == "length":
            raise AnswerCut(
                f"the answer was cut after {call.max_tokens:,} tokens, before its JSON was complete",
                hint="Ask for less at once, or allow a longer answer.",
            )
        try:
            data = read_json_answer(self.heard.text)
            check(data, schema)
        except SchemaMismatch as error:
            return error
        except BadAnswer as error:
            return SchemaMismatch(error.message)
        self.heard.data = data
        return None

    async def _with_retries(self, call: ChatCall) -> None:
        """Ask, and ask again after a failure that may pass: the only place where that is done."""
        for left in range(self._retries, -1, -1):
            try:
                await self._once(call)
                return
            except AuraError as error:
                if not left or not _may_pass(error):
                    raise
                await self._restart(f"{error.code}, asked again")
                await asyncio.sleep(random.uniform(0, FIRST_PAUSE_S * 2 ** (self._retries - left)))  # noqa: S311 - no secret

    async def _once(self, call: ChatCall) -> None:
        """One request to the server; what came of it counts, also when it fails."""
        heard = Heard()
        async with self._queue.turn(self._priority) as waited:
            heard.queue_s = waited
            began = time.monotonic()
            try:
                async with asyncio.timeout(self._total_s):
                    await self._listen(call, heard, began)
            except TimeoutError:
                raise ModelTimeout(f"the answer of {call.model} was not complete within {self._total_s:g} s") from None
            finally:
                heard.total_s = time.monotonic() - began
                self.heard.add(heard)

    async def _listen(self, call: ChatCall, heard: Heard, began: float) -> None:
        pieces: list[str] = []
        stream = self._provider.chat(call)
        ended = False
        try:
            async for piece in stream:
                heard.first_token_s = heard.first_token_s or time.monotonic() - began
                if isinstance(piece, ChatEnd):
                    heard.finish, heard.tokens_in, heard.tokens_out = piece.finish, piece.tokens_in, piece.tokens_out
                    ended = True
                else:
                    await self._take(piece, pieces, heard)
        finally:
            await _close(stream)
        if not ended:
            raise ModelDropped(f"the answer of {call.model} stopped without an end")
        heard.text = "".join(pieces)

    async def _take(self, piece: ChatPiece, pieces: list[str], heard: Heard) -> None:
        heard.thinking_chars += len(piece.thinking)
        if piece.text:
            pieces.append(piece.text)
            if self._tell is not None:
                self._told = True
                await self._tell(piece.text, "")

    async def _restart(self, why: str) -> None:
        """Say that the text that was sent on no longer counts."""
        if self._told and self._tell is not None:
            self._told = False
            await self._tell("", why)


def _corrected(call: ChatCall, answer: str, problem: SchemaMismatch) -> ChatCall:
    """The same question once more, with the answer and what is wrong with it."""
    shown = answer if len(answer) <= _QUOTED else f"{answer[:_QUOTED]} …"
    turns = [
        *call.turns,
        ChatTurn(role="assistant", content=shown),
        ChatTurn(
            role="user",
            content=f"That answer does not have the form that was asked for: {problem.message}. "
            "Answer once more, with JSON alone, and correct this.",
        ),
    ]
    return replace(call, turns=turns, prompt_tokens=call.prompt_tokens + estimate_prompt(turns[-2:]))


def _other_seed(seed: int | None) -> int:
    """Another seed, which is the same whenever the question was given one."""
    return random.randrange(1, 2**31) if seed is None else (seed + 1) % 2**31  # noqa: S311 - no secret


def _may_pass(error: AuraError) -> bool:
    """Whether asking again may help. Not after a timeout: the model had its time, and the next one gets its own."""
    return error.transient and not isinstance(error, ModelTimeout | RateLimited)


def _empty(heard: Heard) -> AuraError:
    if heard.finish == "length":
        return AnswerCut(
            f"the bound of the answer was used up before any text: {heard.thinking_chars:,} characters of thought",
            hint="Allow a longer answer, or use a model that does not think aloud.",
        )
    return BadAnswer("the answer is empty", hint="Try another model for this role: `aura models`.")


async def _close(stream: AsyncIterator[ChatPiece | ChatEnd]) -> None:
    """End the work at the server, also when the answer is not wanted to its end."""
    close = getattr(stream, "aclose", None)
    if close is not None:
        await close()
