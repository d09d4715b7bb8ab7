"""What every bus does, with sockets or without."""

from __future__ import annotations

import asyncio

import pytest

from aura_shared.bus import Bus, Context, Delivery
from aura_shared.errors import AuraError, BusError, RequestTimeout, ServiceDown, UnknownFile
from aura_shared.messages.core import Progress
from shared_bus.things import Answer, Ask, AskElse, AskNobody, Happened, Level, Ticked, next_of


async def test_an_event_arrives_with_who_sent_it_and_why(pair: tuple[Bus, Bus]) -> None:
    sender, reader = pair
    events = reader.listen(Happened)
    seq = await sender.publish(Happened(number=1), project="p-1", cause="earlier")
    (found,) = await next_of(events, 1)
    assert (found.event, found.seq) == (Happened(number=1), seq)
    assert (found.envelope.src, found.envelope.project, found.envelope.cause) == (sender.name, "p-1", "earlier")


async def test_only_the_kinds_asked_for_arrive_and_in_order(pair: tuple[Bus, Bus]) -> None:
    sender, reader = pair
    events = reader.listen(Happened, Level)
    for number in range(5):
        await sender.publish(Ticked(number=number))
        await sender.publish(Happened(number=number))
    await sender.publish(Level(tank="a", height=7))
    found = await next_of(events, 6)
    assert [d.event for d in found] == [*(Happened(number=n) for n in range(5)), Level(tank="a", height=7)]
    assert [d.seq for d in found] == sorted({d.seq for d in found})


async def test_an_ephemeral_event_has_no_place_in_the_journal(pair: tuple[Bus, Bus]) -> None:
    sender, reader = pair
    ticks, things = reader.listen(Ticked), reader.listen(Happened)
    await sender.publish(Happened(number=0))
    await next_of(things, 1)  # whoever got this one is subscribed
    assert await sender.publish(Ticked(number=1)) == 0
    (found,) = await next_of(ticks, 1)
    assert (found.event, found.seq) == (Ticked(number=1), 0)


async def test_a_new_listener_gets_the_last_value_of_each_key_and_no_other_past(pair: tuple[Bus, Bus]) -> None:
    sender, reader = pair
    await sender.publish(Happened(number=1))
    await sender.publish(Level(tank="a", height=1))
    await sender.publish(Level(tank="b", height=2))
    await sender.publish(Level(tank="a", height=3))
    events = reader.listen(Level, Happened)
    await sender.publish(Happened(number=2))
    found = await next_of(events, 3)
    assert [d.event for d in found] == [Level(tank="b", height=2), Level(tank="a", height=3), Happened(number=2)]


async def test_listening_since_a_place_gives_all_that_came_after_it(pair: tuple[Bus, Bus]) -> None:
    sender, reader = pair
    seqs = [await sender.publish(Happened(number=n)) for n in range(10)]
    events = reader.listen(Happened, since=seqs[3])
    await sender.publish(Happened(number=10))
    assert [d.event for d in await next_of(events, 7)] == [Happened(number=n) for n in range(4, 11)]


async def test_a_wait_that_ran_out_of_time_does_not_end_the_listening(pair: tuple[Bus, Bus]) -> None:
    sender, reader = pair
    events = reader.listen(Happened)
    with pytest.raises(TimeoutError):
        await next_of(events, 1, within_s=0.01)
    await sender.publish(Happened(number=1))
    assert [d.event for d in await next_of(events, 1)] == [Happened(number=1)]


async def test_closing_the_events_ends_the_loop_over_them(pair: tuple[Bus, Bus]) -> None:
    _, reader = pair
    events = reader.listen(Happened)

    async def read_all() -> list[Delivery]:
        return [delivery async for delivery in events]

    waiting = asyncio.create_task(read_all())
    await asyncio.sleep(0)
    await events.aclose()
    assert await asyncio.wait_for(waiting, 20) == []


async def test_lag_counts_what_was_not_handed_out_yet(pair: tuple[Bus, Bus]) -> None:
    sender, reader = pair
    first, second = reader.listen(Happened), reader.listen(Happened)
    for number in range(3):
        await sender.publish(Happened(number=number))
    await next_of(first, 3)
    await next_of(second, 1)
    assert reader.lag == 2
    await next_of(second, 2)
    assert reader.lag == 0


async def test_a_request_is_answered(pair: tuple[Bus, Bus]) -> None:
    asker, server = pair

    async def answer(request: Ask, context: Context) -> Answer:
        return Answer(text=f"{request.text} for {context.envelope.src} in {context.envelope.project}")

    server.serve(Ask, answer)
    assert await asker.request(Ask(text="hello"), project="p") == Answer(text=f"hello for {asker.name} in p")


async def test_many_requests_run_at_once(pair: tuple[Bus, Bus]) -> None:
    asker, server = pair
    together = asyncio.Barrier(5)

    async def answer(request: Ask, _: Context) -> Answer:
        await together.wait()
        return Answer(text=request.text)

    server.serve(Ask, answer)
    async with asyncio.timeout(20):
        answers = await asyncio.gather(*(asker.request(Ask(text=str(n))) for n in range(5)))
    assert [a.text for a in answers] == ["0", "1", "2", "3", "4"]


async def test_progress_reaches_the_caller_in_order(pair: tuple[Bus, Bus]) -> None:
    asker, server = pair
    seen: list[Progress] = []

    async def answer(_: Ask, context: Context) -> Answer:
        for done in range(3):
            await context.progress(Progress(done=done, total=3, note="reading"))
        return Answer(text="done")

    server.serve(Ask, answer)
    await asker.request(Ask(), on_progress=seen.append)
    assert seen == [Progress(done=done, total=3, note="reading") for done in range(3)]


async def test_a_failing_progress_callback_does_not_fail_the_request(pair: tuple[Bus, Bus]) -> None:
    asker, server = pair

    async def answer(_: Ask, context: Context) -> Answer:
        await context.progress(Progress(done=1))
        return Answer(text="done")

    def fail(_: Progress) -> None:
        raise ValueError("the screen is gone")

    server.serve(Ask, answer)
    assert await asker.request(Ask(), on_progress=fail) == Answer(text="done")


@pytest.mark.requirement("P11")
async def test_an_error_of_the_service_arrives_as_the_same_error(pair: tuple[Bus, Bus]) -> None:
    asker, server = pair

    async def answer(_: Ask, __: Context) -> Answer:
        raise UnknownFile("no file x.py", hint="look elsewhere")

    server.serve(Ask, answer)
    with pytest.raises(UnknownFile, match=r"no file x\.py") as caught:
        await asker.request(Ask())
    assert caught.value.hint == "look elsewhere"


async def test_a_crash_of_the_handler_is_reported_without_its_details(pair: tuple[Bus, Bus]) -> None:
    asker, server = pair

    async def answer(_: Ask, __: Context) -> Answer:
        raise ZeroDivisionError("secret detail")

    server.serve(Ask, answer)
    with pytest.raises(AuraError) as caught:
        await asker.request(Ask())
    assert caught.value.code == "internal"
    assert "secret" not in str(caught.value)


async def test_a_service_that_nobody_runs_is_down_at_once(pair: tuple[Bus, Bus]) -> None:
    with pytest.raises(ServiceDown, match="nobody"):
        await pair[0].request(AskNobody(), timeout_s=20)


async def test_a_request_without_a_handler_is_refused(pair: tuple[Bus, Bus]) -> None:
    asker, server = pair

    async def answer(_: Ask, __: Context) -> Answer:
        return Answer(text="")

    server.serve(Ask, answer)
    await asker.request(Ask())
    with pytest.raises(BusError, match=r"does not answer test\.ask_else"):
        await asker.request(AskElse())


async def test_no_answer_within_the_bound_is_a_timeout_and_stops_the_work(pair: tuple[Bus, Bus]) -> None:
    asker, server = pair
    stopped: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def answer(_: Ask, context: Context) -> Answer:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set_result(context.cancelled)
        return Answer(text="never")

    server.serve(Ask, answer)
    with pytest.raises(RequestTimeout):
        await asker.request(Ask(), timeout_s=0.1)
    assert await asyncio.wait_for(stopped, 20) is True


async def test_cancelling_the_caller_cancels_the_work(pair: tuple[Bus, Bus]) -> None:
    asker, server = pair
    started = asyncio.Event()
    stopped: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def answer(_: Ask, context: Context) -> Answer:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set_result(context.cancelled)
        return Answer(text="never")

    server.serve(Ask, answer)
    asking = asyncio.create_task(asker.request(Ask()))
    await asyncio.wait_for(started.wait(), 20)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await asyncio.wait_for(stopped, 20) is True


async def test_a_service_that_closes_fails_what_it_was_asked(pair: tuple[Bus, Bus]) -> None:
    asker, server = pair
    started = asyncio.Event()

    async def answer(_: Ask, __: Context) -> Answer:
        started.set()
        await asyncio.Event().wait()
        return Answer(text="never")

    server.serve(Ask, answer)
    asking = asyncio.create_task(asker.request(Ask()))
    await asyncio.wait_for(started.wait(), 20)
    await server.close()
    with pytest.raises(ServiceDown):
        await asyncio.wait_for(asking, 20)
    with pytest.raises(ServiceDown):
        await asker.request(Ask())


async def test_a_closed_bus_takes_nothing_more(pair: tuple[Bus, Bus]) -> None:
    bus, _ = pair
    await bus.close()
    await bus.close()
    with pytest.raises(BusError, match="closed"):
        await bus.publish(Happened(number=1))
    with pytest.raises(BusError, match="closed"):
        await bus.request(Ask())
    with pytest.raises(BusError, match="closed"):
        bus.listen(Happened)
