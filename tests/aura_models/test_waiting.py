"""The queue before a model server."""

from __future__ import annotations

import asyncio

import pytest

from aura_models import waiting
from aura_models.waiting import ServerQueue
from aura_shared.errors import RateLimited
from aura_shared.messages.models import Priority


class Work:
    """Calls that note when they begin and end when they are told to."""

    def __init__(self, queue: ServerQueue) -> None:
        self.queue = queue
        self.begun: list[str] = []
        self.end: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self, name: str, priority: Priority = "interactive") -> None:
        self.end[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._run(name, priority))
        await settle()

    async def finish(self, name: str) -> None:
        self.end[name].set()
        await self.tasks[name]
        await settle()

    async def _run(self, name: str, priority: Priority) -> None:
        async with self.queue.turn(priority):
            self.begun.append(name)
            await self.end[name].wait()


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.requirement("L2")
async def test_interactive_calls_overtake_background_ones_that_wait_and_interrupt_none() -> None:
    work = Work(ServerQueue("s", at_once=1))
    await work.start("background that runs", "background")
    await work.start("background", "background")
    await work.start("person 1")
    await work.start("person 2")
    assert work.begun == ["background that runs"]
    for name in ("background that runs", "person 1", "person 2", "background"):
        await work.finish(name)
    assert work.begun == ["background that runs", "person 1", "person 2", "background"]


async def test_a_server_works_on_as_many_calls_at_once_as_it_may() -> None:
    work = Work(ServerQueue("s", at_once=2))
    for name in ("a", "b", "c"):
        await work.start(name)
    assert work.begun == ["a", "b"]
    assert work.queue.waiting == 1
    await work.finish("b")
    assert work.begun == ["a", "b", "c"]
    await work.finish("a")
    await work.finish("c")
    assert work.queue.waiting == 0


async def test_a_call_that_is_taken_back_while_it_waits_keeps_nobody_up() -> None:
    work = Work(ServerQueue("s", at_once=1))
    await work.start("a")
    await work.start("gone")
    await work.start("b")
    work.tasks["gone"].cancel()
    await settle()
    assert work.queue.waiting == 1
    await work.finish("a")
    assert work.begun == ["a", "b"]
    await work.finish("b")


async def test_a_call_that_is_taken_back_in_the_moment_of_its_turn_gives_the_turn_on() -> None:
    work = Work(ServerQueue("s", at_once=1))
    async with work.queue.turn("interactive"):
        await work.start("gone")
        await work.start("b")
    work.tasks["gone"].cancel()  # It has its turn now, and has not run yet.
    await settle()
    assert work.begun == ["b"]
    await work.finish("b")
    await work.start("c")
    assert work.begun == ["b", "c"]
    await work.finish("c")


async def test_a_call_that_is_taken_back_while_it_runs_gives_its_turn_back() -> None:
    work = Work(ServerQueue("s", at_once=1))
    await work.start("a")
    await work.start("b")
    work.tasks["a"].cancel()
    await settle()
    assert work.begun == ["a", "b"]
    await work.finish("b")


async def test_more_calls_than_may_wait_are_refused_at_once() -> None:
    work = Work(ServerQueue("llama", at_once=1, most_waiting=1))
    await work.start("a")
    await work.start("b")
    with pytest.raises(RateLimited, match="1 calls wait for the model server llama"):
        async with work.queue.turn("interactive"):
            pass
    await work.finish("a")
    await work.finish("b")


@pytest.mark.requirement("L2")
async def test_no_more_calls_begin_within_a_minute_than_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_MINUTE_S", 0.3)
    queue = ServerQueue("s", at_once=4, per_minute=2)
    waits: list[float] = []

    async def call() -> None:
        async with queue.turn("interactive") as waited:
            waits.append(waited)

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(call())
    assert max(waits[:2]) < 0.2
    assert min(waits[2:]) >= 0.25


async def test_the_time_in_the_queue_is_told() -> None:
    queue = ServerQueue("s", at_once=1)
    async with queue.turn("background") as waited:
        assert 0 <= waited < 1
