"""Pauses of background work: known at once by who starts later, ended by a word or by the clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from aura_shared.background import BackgroundWork, pause_left
from aura_shared.bus import Bus, Context
from aura_shared.instants import written
from aura_shared.messages.core import Reply
from aura_shared.messages.services import WorkPaused
from shared_bus.brokers import until
from shared_bus.things import Answer, Ask

NOW = datetime(2026, 5, 1, tzinfo=UTC)
PAUSED = WorkPaused(paused=True, by="cli")


def until_in(**time: float) -> str:
    return written(NOW + timedelta(**time))


@pytest.mark.parametrize(
    ("state", "left"),
    [
        (WorkPaused(paused=False), 0.0),
        (WorkPaused(paused=False, until=until_in(hours=1)), 0.0),
        (PAUSED, float("inf")),
        (WorkPaused(paused=True, until=until_in(hours=1)), 3600.0),
        (WorkPaused(paused=True, until=until_in(hours=-1)), 0.0),
        (WorkPaused(paused=True, until="some day"), float("inf")),
    ],
    ids=["none", "an end without a pause", "no end", "an end", "an end that has passed", "an end that says nothing"],
)
def test_a_pause_has_an_end_or_none(state: WorkPaused, left: float) -> None:
    assert pause_left(state, NOW.timestamp()) == left


@pytest.mark.requirement("U1")
async def test_who_starts_later_knows_of_a_pause_at_once(pair: tuple[Bus, Bus]) -> None:
    sender, service = pair
    await sender.publish(PAUSED)
    work = BackgroundWork(service)
    await work.start()
    await work.start()
    assert (work.paused, work.state) == (True, PAUSED)
    waiting = asyncio.create_task(work.may_go_on())
    await until(lambda: work.waiting == 1)
    assert not waiting.done()
    await sender.publish(WorkPaused(paused=False))
    async with asyncio.timeout(20):
        await waiting
    assert (work.paused, work.waiting) == (False, 0)
    await work.may_go_on()
    await work.stop()
    await work.stop()


async def test_without_a_word_work_goes_on(pair: tuple[Bus, Bus]) -> None:
    work = BackgroundWork(pair[1])
    await work.start()
    assert not work.paused
    await work.may_go_on()
    await work.stop()


async def test_a_pause_ends_by_the_clock_and_may_get_another_end(pair: tuple[Bus, Bus]) -> None:
    clock = [NOW.timestamp()]
    work = BackgroundWork(pair[1], clock=lambda: clock[0])
    work.take(WorkPaused(paused=True, until=until_in(seconds=0.02)))
    waiting = asyncio.create_task(work.may_go_on())
    await until(lambda: work.waiting == 1)
    work.take(WorkPaused(paused=True, until=until_in(seconds=0.03)))
    assert work.paused
    clock[0] += 0.03
    async with asyncio.timeout(20):
        await waiting
    assert not work.paused


async def test_a_service_may_ask_itself(pair: tuple[Bus, Bus]) -> None:
    _, service = pair

    async def answer(request: Ask, _: Context) -> Reply:
        return Answer(text=request.text.upper())

    service.serve(Ask, answer)
    assert (await service.request(Ask(text="me"))).text == "ME"
