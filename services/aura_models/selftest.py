"""What a model can really do, found out by asking it: context, schemas, edit formats, thinking, speed.

A server may promise a context and cut it, or take a schema and drop half of it; a model may follow one format of edits
and not another. Everything is judged by the exact result. The test takes minutes at most and ends when it is cancelled.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast

from aura_models.provider import ChatCall, ChatEnd, ChatPiece, LLMProvider
from aura_models.schemas import check, read_json_answer, server_schema
from aura_models.selftest_tasks import EDITS, PROBES, SCHEMAS, EditFormat, long_prompt, with_schema
from aura_shared.errors import AuraError, BadAnswer, ModelUnreachable, SchemaMismatch
from aura_shared.messages.core import Progress
from aura_shared.messages.models import ChatTurn, ModelAbilities

__all__ = ["test_model"]

MOST_S: Final = 900.0
"""Bound of a whole test; what was not reached by then is named in the notes."""
LONGEST_CONTEXT: Final = 32_768
"""Contexts above this are not tried: they take minutes each without a graphics card."""
_SMALLEST_CONTEXT: Final = 1024
_ANSWER: Final = 128
_CODE_ANSWER: Final = 512
_WORK_CONTEXT: Final = 4096
# Characters a token, before the server has counted anything; English prose has more, code fewer.
_CHARACTERS: Final = 4.0
_TEMPLATE: Final = 24
_CAREFUL: Final = 0.85
_CLOSE: Final = 0.98
_BELIEVED: Final = 0.94

Tell = Callable[[Progress], Awaitable[None]]


async def test_model(
    provider: LLMProvider,
    model: str,
    progress: Tell | None = None,  # noqa: PT028 - no test of pytest
    *,
    most_s: float = MOST_S,  # noqa: PT028
) -> ModelAbilities:
    """Test a model.

    Args:
        provider: Its server.
        model: Its name there.
        progress: Told after every question.
        most_s: Bound of the whole test in seconds.

    Returns:
        What it can do; the notes say what could not be found out, and why.

    Raises:
        UnknownModel: The server has no such model.
        ModelUnreachable: There is no server.
        AuraError: The very first question failed; there is no use in the others.
    """
    info = await provider.capabilities(model)
    if info.embeds:
        return ModelAbilities(tested_at=_now(), digest=info.digest, notes=["makes vectors rather than text"])
    longest = min(info.context_max or LONGEST_CONTEXT, LONGEST_CONTEXT)
    test = _Test(provider, model, longest, progress)
    steps: list[Callable[[], Awaitable[None]]] = [test.context, test.schemas, test.constraints, test.edits]
    await test.speed()
    try:
        async with asyncio.timeout(most_s):
            for step in steps:
                await step()
    except TimeoutError:
        test.notes.append(f"the test was ended after {most_s:g} s; what was not reached counts as not possible")
    return test.result(info.digest)


cast("Any", test_model).__test__ = False  # Its name looks like that of a test.


@dataclass(slots=True)
class _Heard:
    """One answer."""

    text: str = ""
    thinking: str = ""
    end: ChatEnd | None = None
    first_s: float = 0.0
    total_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Tried:
    """What came of a prompt that filled a context."""

    size: int
    taken: int
    knows: bool
    """Whether the model knew its beginning."""

    def proven(self, longest: int) -> int:
        """The context that was shown to be there; the longest one is believed where only a margin was left."""
        shown = min(self.size, self.taken + _ANSWER)
        return longest if self.size == longest and shown >= longest * _BELIEVED else shown


@dataclass(slots=True)
class _Test:
    provider: LLMProvider
    model: str
    longest: int
    tell: Tell | None
    notes: list[str] = field(default_factory=list[str])
    asked: int = 0
    characters: float = _CHARACTERS
    """Characters a token, once `counted` as the server counts."""
    counted: bool = False
    context_tokens: int = 0
    schema_ok: int = 0
    schema_tried: int = 0
    dropped: list[str] = field(default_factory=list[str])
    formats: list[EditFormat] = field(default_factory=list[EditFormat])
    thinks: bool = False
    tokens_per_s: float = 0.0
    first_token_s: float = 0.0

    async def speed(self) -> None:
        """How fast it answers, and whether it thinks when told not to."""
        heard = await self._ask("Count from one to forty in English words.", _ANSWER, "speed")
        self.thinks = self.thinks or bool(heard.thinking)
        self.first_token_s = heard.first_s
        tokens = heard.end.tokens_out if heard.end else 0
        after = heard.total_s - heard.first_s
        if tokens > 1 and after > 0:
            self.tokens_per_s = (tokens - 1) / after

    async def context(self) -> None:
        """The longest prompt whose beginning the model still knows, in doubling steps and one between the last two.

        A model that does not even repeat the code word of a short prompt shows nothing by that; then counts have to do.
        """
        size = min(_SMALLEST_CONTEXT, self.longest)
        first = await self._try_context(size)
        if first is None:
            return
        self.context_tokens = first.proven(self.longest)
        if not first.knows:
            self.notes.append(
                "it does not repeat the code word of a short prompt: its context is what the server counted"
            )
        while size < self.longest:
            size = min(size * 2, self.longest)
            if not await self._grows(size, needs_marker=first.knows):
                await self._grows((max(size // 2, self.context_tokens) + size) // 2, needs_marker=first.knows)
                return

    async def schemas(self) -> None:
        """Whether answers satisfy schemas that every server can enforce."""
        for number, task in enumerate(SCHEMAS):
            schema = server_schema(task.schema)
            self.schema_tried += 1
            with suppress(SchemaMismatch, BadAnswer):
                heard = await self._try(with_schema(task.ask, task.schema), f"schema {number + 1}", schema)
                if heard is not None and heard.end is not None and heard.end.finish == "stop":
                    check(read_json_answer(heard.text), task.schema)
                    self.schema_ok += 1

    async def constraints(self) -> None:
        """Which constraints the server takes and does not enforce. The question tempts the model to break them."""
        for probe in PROBES:
            heard = await self._try(probe.ask, f"constraint {probe.constraint}", probe.schema)
            if heard is None or heard.end is None or heard.end.finish != "stop":
                continue
            try:
                check(read_json_answer(heard.text), probe.schema)
            except SchemaMismatch:
                self.dropped.append(probe.constraint)
            except BadAnswer:
                self.notes.append(f"with the constraint {probe.constraint} the answer was no JSON")

    async def edits(self) -> None:
        """Which formats of edits it follows, in every task."""
        failed: set[EditFormat] = set()
        for number, edit in enumerate(EDITS):
            if edit.format in failed:
                continue
            heard = await self._try(edit.ask, f"edit {number + 1}: {edit.format}", most=_CODE_ANSWER)
            if heard is None or not edit.followed(heard.text):
                failed.add(edit.format)
        self.formats.extend(dict.fromkeys(edit.format for edit in EDITS if edit.format not in failed))

    def result(self, digest: str) -> ModelAbilities:
        """All of it."""
        return ModelAbilities(
            tested_at=_now(),
            digest=digest,
            context_tokens=self.context_tokens,
            schema_ok=self.schema_ok,
            schema_tried=self.schema_tried,
            schema_dropped=self.dropped,
            edit_formats=self.formats,
            thinks=self.thinks,
            tokens_per_s=round(self.tokens_per_s, 1),
            first_token_s=round(self.first_token_s, 3),
            notes=self.notes,
        )

    async def _grows(self, size: int, *, needs_marker: bool) -> bool:
        """Whether a context of that size is honoured; `context_tokens` grows if it is."""
        tried = await self._try_context(size)
        if tried is None:
            return False
        if needs_marker and not tried.knows:
            self.notes.append(f"of {tried.taken:,} tokens that the server counted the model did not know the beginning")
            return False
        self.context_tokens = max(self.context_tokens, tried.proven(self.longest))
        return True

    async def _try_context(self, size: int) -> _Tried | None:
        """A prompt that fills a context of that size; None with a note where it is refused or cut."""
        marker = f"heliotrope-{size}"
        # Room for the answer, for what a template adds, and for counting that differs.
        room = int((size - _ANSWER - _TEMPLATE) * (_CLOSE if self.counted else _CAREFUL))
        prompt = long_prompt(marker, int(room * self.characters))
        tokens = await self._size_of(prompt)
        if tokens > room:
            prompt = long_prompt(marker, int(len(prompt) * room / tokens * _CLOSE))
            tokens = await self._size_of(prompt)
        heard = await self._try(prompt, f"context of {size:,} tokens", context=size, tokens=tokens, most=_ANSWER)
        if heard is None:
            return None
        taken = heard.end.tokens_in if heard.end else 0
        if taken:
            self.counted, self.characters = True, min(8.0, max(0.5, len(prompt) / taken))
        return _Tried(size, taken or tokens, marker in heard.text)

    async def _size_of(self, prompt: str) -> int:
        counted = await self.provider.count_tokens(self.model, prompt)
        return counted if counted is not None else int(len(prompt) / self.characters) + 1

    async def _try(
        self,
        prompt: str,
        what: str,
        schema: dict[str, Any] | None = None,
        *,
        most: int = _ANSWER * 2,
        context: int = 0,
        tokens: int = 0,
    ) -> _Heard | None:
        """An answer, or None with a note of what went wrong."""
        try:
            return await self._ask(prompt, most, what, schema=schema, context=context, tokens=tokens)
        except ModelUnreachable:
            raise
        except AuraError as error:
            self.notes.append(f"{what}: {error.message}")
            return None

    async def _ask(
        self,
        prompt: str,
        most: int,
        what: str,
        *,
        schema: dict[str, Any] | None = None,
        context: int = 0,
        tokens: int = 0,
    ) -> _Heard:
        """One question, with its time measured.

        Raises:
            AuraError: The server or the model failed.
        """
        context = context or min(_WORK_CONTEXT, self.longest)
        call = ChatCall(
            model=self.model,
            turns=[ChatTurn(role="user", content=prompt)],
            max_tokens=most,
            context_tokens=context,
            prompt_tokens=tokens or await self._size_of(prompt),
            temperature=0.0,
            seed=1,
            schema=schema,
        )
        heard = _Heard()
        began = time.perf_counter()
        async with _bounded(self.provider, call) as pieces:
            async for piece in pieces:
                heard.first_s = heard.first_s or time.perf_counter() - began
                if isinstance(piece, ChatPiece):
                    heard.text += piece.text
                    heard.thinking += piece.thinking
                else:
                    heard.end = piece
        heard.total_s = time.perf_counter() - began
        self.asked += 1
        if self.tell is not None:
            await self.tell(Progress(done=self.asked, note=what))
        return heard


def _bounded(provider: LLMProvider, call: ChatCall) -> aclosing[AsyncGenerator[ChatPiece | ChatEnd, None]]:
    return aclosing(cast("AsyncGenerator[ChatPiece | ChatEnd, None]", provider.chat(call)))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
