"""Self-tests of models: they take minutes, so they run on while whoever asked is told to ask again.

A test behaves like any other background work at its server: each of its questions waits for its turn, and calls of
people go first. A test that nobody asks about any more is ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from aura_models.provider import ChatCall, ChatEnd, ChatPiece, LLMProvider, ServerAddress, ServerHealth
from aura_models.waiting import ServerQueue
from aura_shared.causes import nothing_led_here
from aura_shared.errors import NotReady
from aura_shared.messages.core import Progress
from aura_shared.messages.models import ModelAbilities, ModelInfo, Priority

__all__ = ["InTurn", "RunTest", "SelfTests", "Tell"]

WAIT_S: Final = 20.0
"""How long one question waits for the end of a test; the bounds of the bus and the gateway are 30 s."""
ABANDONED_S: Final = 60.0
"""A test is ended when nobody asked about it for so long."""

Tell = Callable[[Progress], Awaitable[None]]


class RunTest(Protocol):
    """Tests one model."""

    def __call__(self, provider: LLMProvider, model: str, progress: Tell, /) -> Awaitable[ModelAbilities]:
        """What the model can do; `model` is its name at its server."""
        ...


class InTurn:
    """A provider whose questions wait for their turn at its server."""

    def __init__(self, provider: LLMProvider, queue: ServerQueue, priority: Priority) -> None:
        self._provider = provider
        self._queue = queue
        self._priority: Priority = priority

    @property
    def address(self) -> ServerAddress:
        """As the provider inside."""
        return self._provider.address

    async def health(self) -> ServerHealth:
        """As the provider inside."""
        return await self._provider.health()

    async def models(self) -> list[ModelInfo]:
        """As the provider inside."""
        return await self._provider.models()

    async def capabilities(self, model: str) -> ModelInfo:
        """As the provider inside."""
        return await self._provider.capabilities(model)

    def chat(self, call: ChatCall) -> AsyncIterator[ChatPiece | ChatEnd]:
        """As the provider inside, in turn."""
        return self._chat(call)

    async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """As the provider inside, in turn."""
        async with self._queue.turn(self._priority):
            return await self._provider.embed(model, texts)

    async def count_tokens(self, model: str, text: str) -> int | None:
        """As the provider inside."""
        return await self._provider.count_tokens(model, text)

    async def close(self) -> None:
        """Nothing: the connections belong to the provider inside."""

    async def _chat(self, call: ChatCall) -> AsyncGenerator[ChatPiece | ChatEnd]:
        async with self._queue.turn(self._priority):
            pieces = self._provider.chat(call)
            try:
                async for piece in pieces:
                    yield piece
            finally:
                close = getattr(pieces, "aclose", None)
                if close is not None:
                    await close()


@dataclass(slots=True)
class _Running:
    task: asyncio.Task[ModelAbilities]
    asked_at: float
    how_far: str = ""
    waiting: int = 0
    tell: set[Tell] = field(default_factory=set[Tell])


class SelfTests:
    """The tests that are under way.

    Args:
        run: Tests one model.
        keep: Takes the result, before it is given out.
        wait_s: How long one question waits.
        abandoned_s: How long a test goes on without anybody who asks about it.
    """

    def __init__(
        self,
        run: RunTest,
        keep: Callable[[str, ModelAbilities], Awaitable[None]],
        *,
        wait_s: float = WAIT_S,
        abandoned_s: float = ABANDONED_S,
    ) -> None:
        self._run = run
        self._keep = keep
        self._wait_s = wait_s
        self._abandoned_s = abandoned_s
        self._running: dict[str, _Running] = {}
        self._watch: asyncio.Task[None] | None = None

    async def test(self, model: ModelInfo, provider: LLMProvider, tell: Tell) -> ModelAbilities:
        """What a model can do. A test of the same model that is under way is joined; cancelling the last one ends it.

        Raises:
            NotReady: It goes on; ask again for its result.
            AuraError: The test failed.
        """
        running = self._running.get(model.name) or self._begin(model, provider)
        running.waiting += 1
        running.tell.add(tell)
        try:
            await asyncio.wait({running.task}, timeout=self._wait_s)
        except asyncio.CancelledError:
            if running.waiting == 1:
                running.task.cancel()
                await asyncio.wait({running.task})
            raise
        finally:
            running.waiting -= 1
            running.asked_at = time.monotonic()
            running.tell.discard(tell)
        if running.task.done():
            self._running.pop(model.name, None)
            return running.task.result()
        raise NotReady(f"the self-test of {model.name} goes on{running.how_far}", hint="Ask again for its result.")

    async def stop(self) -> None:
        """End all tests."""
        tasks = [running.task for running in self._running.values()]
        if self._watch is not None:
            tasks.append(self._watch)  # type: ignore[arg-type]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._running.clear()

    def _begin(self, model: ModelInfo, provider: LLMProvider) -> _Running:
        task = asyncio.create_task(self._work(model, provider), name=f"self-test {model.name}")
        running = self._running[model.name] = _Running(task, asked_at=time.monotonic())
        if self._watch is None or self._watch.done():
            with nothing_led_here():
                self._watch = asyncio.create_task(self._end_abandoned(), name="abandoned self-tests")
        return running

    async def _work(self, model: ModelInfo, provider: LLMProvider) -> ModelAbilities:
        async def progress(now: Progress) -> None:
            running = self._running[model.name]
            running.how_far = _how_far(now)
            for tell in list(running.tell):
                await tell(now)

        found = await self._run(provider, model.name.partition("/")[2], progress)
        found = found.model_copy(update={"digest": model.digest})
        await self._keep(model.name, found)
        return found

    async def _end_abandoned(self) -> None:
        """End tests that nobody asks about, until there is none left."""
        while self._running:
            await asyncio.sleep(self._abandoned_s / 4)
            now = time.monotonic()
            for name, running in list(self._running.items()):
                if not running.waiting and now - running.asked_at > self._abandoned_s:
                    running.task.cancel()
                    await asyncio.gather(running.task, return_exceptions=True)
                    del self._running[name]


def _how_far(progress: Progress) -> str:
    of = f" of {progress.total}" if progress.total else ""
    note = f": {progress.note}" if progress.note else ""
    return f" ({progress.done}{of} done{note})"
