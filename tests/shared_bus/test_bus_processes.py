"""Nothing is lost and nothing comes twice: with real processes that start late, stop, and are killed."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from aura_shared.bus import Context
from aura_shared.bus.zmq_bus import ZmqBus, connect
from aura_shared.errors import BusError, RequestTimeout, ServiceDown
from aura_shared.messages.core import Progress
from aura_shared.paths import AuraPaths
from shared_bus.brokers import Limits, connected, lines_of, peer, running_broker, start_broker, until
from shared_bus.things import Answer, Ask, Happened, next_of

pytestmark = pytest.mark.requirement("P2")


@pytest.fixture
def broker(bus_paths: AuraPaths) -> Iterator[AuraPaths]:
    """A broker in a thread; gives the paths to connect to."""
    with running_broker(bus_paths):
        yield bus_paths


@pytest.fixture
async def sender(broker: AuraPaths) -> AsyncIterator[ZmqBus]:
    """A connection to that broker."""
    async with connected("sender", broker) as bus:
        yield bus


async def publish(bus: ZmqBus, numbers: range, text: str = "") -> list[str]:
    """Publish these numbers, many at once; returns what a consumer prints for them."""
    seqs = await asyncio.gather(*(bus.publish(Happened(number=number, text=text)) for number in numbers))
    return [f"{seq} {number}" for seq, number in zip(seqs, numbers, strict=True)]


async def test_a_process_that_sends_at_once_and_ends_loses_nothing(broker: AuraPaths) -> None:
    with peer("reading_process", broker, "reader", "0", "999") as reader:
        bus = connect("hasty", broker, Limits())  # no wait for the connection: this is the slow joiner
        sent = await publish(bus, range(1000))
        await bus.close()
        assert await lines_of(reader) == sent


async def test_a_reader_that_joins_late_gets_everything_since_its_place(sender: ZmqBus, broker: AuraPaths) -> None:
    sent = await publish(sender, range(2000))
    with peer("reading_process", broker, "late", "0", "2099") as reader:
        sent += await publish(sender, range(2000, 2100))
        assert await lines_of(reader) == sent


async def test_a_paused_reader_gets_everything_in_order_once_it_goes_on(bus_paths: AuraPaths) -> None:
    with running_broker(bus_paths, Limits(out_hwm=100)):
        async with connected("sender", bus_paths) as sender:
            with peer("reading_process", bus_paths, "paused", "-", "4999") as reader:
                sent = await publish(sender, range(10))
                os.kill(reader.pid, signal.SIGSTOP)
                text = "x" * 500
                for start in range(10, 5000, 1247):  # far beyond the broker's queue and the sockets' buffers
                    sent += await publish(sender, range(start, min(start + 1247, 5000)), text)
                os.kill(reader.pid, signal.SIGCONT)
                assert await lines_of(reader) == sent


async def test_a_broker_killed_in_the_middle_of_a_stream_loses_nothing_and_repeats_nothing(
    bus_paths: AuraPaths,
) -> None:
    broker = start_broker(bus_paths)
    bus = connect("sender", bus_paths, Limits(ack_timeout_s=60))
    with peer("reading_process", bus_paths, "reader", "0", "3999") as reader:
        sent = await publish(bus, range(1000))
        for start in range(1000, 4000, 1000):
            sending = asyncio.create_task(publish(bus, range(start, start + 1000)))
            place = sent[-1]
            await until(lambda place=place: bus.head > int(place.split()[0]) or sending.done())  # noqa: B023 - awaited here
            broker.kill()
            broker.wait()
            broker = start_broker(bus_paths)
            sent += await sending
        assert await lines_of(reader) == sent
    await bus.close()
    broker.terminate()
    assert broker.wait(20) == 0


async def test_an_event_is_journalled_once_however_often_it_was_sent(bus_paths: AuraPaths) -> None:
    broker = start_broker(bus_paths)
    bus = connect("sender", bus_paths, Limits(ack_timeout_s=60))
    await bus.publish(Happened(number=0))
    os.kill(broker.pid, signal.SIGSTOP)
    sending = asyncio.create_task(publish(bus, range(1, 200)))
    await until(lambda: bus.resent >= 199)  # nobody acknowledges, so they are sent again
    os.kill(broker.pid, signal.SIGCONT)
    await sending
    events = bus.listen(Happened, since=0)
    assert [d.event for d in await next_of(events, 200)] == [Happened(number=number) for number in range(200)]
    assert await bus.publish(Happened(number=200)) == 201
    await bus.close()
    broker.terminate()
    broker.wait(20)


async def test_what_is_sent_while_the_broker_is_away_arrives_when_it_is_back(bus_paths: AuraPaths) -> None:
    bus = connect("early", bus_paths, Limits(ack_timeout_s=0.2))
    events = bus.listen(Happened)
    with pytest.raises(BusError, match=r"not acknowledged .* sent on"):
        await bus.publish(Happened(number=1))
    with running_broker(bus_paths):
        events_since = bus.listen(Happened, since=0)
        assert [d.event for d in await next_of(events_since, 1)] == [Happened(number=1)]
        await events.aclose()
        await bus.close()


async def test_a_consumer_goes_on_where_its_last_process_stopped(
    sender: ZmqBus, broker: AuraPaths, tmp_path: Path
) -> None:
    position = str(tmp_path / "position.json")
    sent = await publish(sender, range(10))
    with peer("reading_process", broker, "consumer", "0", "4", position) as reader:
        assert await lines_of(reader) == sent[:5]
    with peer("reading_process", broker, "consumer", "-", "9", position) as reader:
        assert await lines_of(reader) == sent[4:]  # it did not ask for the next one, so the last one comes again


async def test_a_killed_service_fails_its_requests_at_once_and_its_successor_answers(
    sender: ZmqBus, broker: AuraPaths
) -> None:
    with peer("serving_process", broker, "first") as service:
        started = asyncio.Event()
        waiting = asyncio.create_task(sender.request(Ask(text="wait"), on_progress=lambda _: started.set()))
        await asyncio.wait_for(started.wait(), 20)
        service.kill()
        with pytest.raises(ServiceDown):
            await asyncio.wait_for(waiting, 5)
        with pytest.raises(ServiceDown):
            await sender.request(Ask())
    with peer("serving_process", broker, "second"):
        assert await sender.request(Ask()) == Answer(text="second")


async def test_the_newest_process_of_a_service_gets_the_requests(sender: ZmqBus, broker: AuraPaths) -> None:
    with peer("serving_process", broker, "old"):
        assert await sender.request(Ask()) == Answer(text="old")
        with peer("serving_process", broker, "new"):
            assert await sender.request(Ask()) == Answer(text="new")


async def test_a_request_under_way_survives_a_restart_of_the_broker_and_is_worked_on_once(
    bus_paths: AuraPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aura_shared.bus.link.BROKER_AWAY_S", 60.0)  # a busy machine starts a process late
    broker = start_broker(bus_paths)
    started, go_on, runs = asyncio.Event(), asyncio.Event(), 0

    async def answer(request: Ask, _: Context) -> Answer:
        nonlocal runs
        runs += 1
        started.set()
        await go_on.wait()
        return Answer(text=request.text)

    async with connected("asks", bus_paths) as asks, connected("answers", bus_paths) as answers:
        answers.serve(Ask, answer)
        asking = asyncio.create_task(asks.request(Ask(text="still here")))
        await asyncio.wait_for(started.wait(), 20)
        broker.kill()
        broker.wait()
        await until(lambda: not asks.connected and not answers.connected)
        go_on.set()  # the answer finds no broker
        broker = start_broker(bus_paths)
        assert await asyncio.wait_for(asking, 20) == Answer(text="still here")
        assert runs == 1
    broker.terminate()
    broker.wait(20)


async def test_requests_fail_when_the_broker_stays_away(bus_paths: AuraPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aura_shared.bus.link.BROKER_AWAY_S", 0.5)
    bus = connect("alone", bus_paths, Limits())
    with pytest.raises(RequestTimeout):
        await bus.request(Ask(), timeout_s=0.05)
    with pytest.raises(ServiceDown, match="broker"):
        await asyncio.wait_for(bus.request(Ask()), 15)
    await bus.close()


async def test_events_that_wait_for_room_keep_their_order(sender: ZmqBus) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # acknowledgements come in between, wherever they can
    try:
        for start in range(0, 30_000, 6000):
            sent = await publish(sender, range(start, start + 6000))  # more than may be unacknowledged
            assert sent == [f"{number + 1} {number}" for number in range(start, start + 6000)]
    finally:
        sys.setswitchinterval(before)


async def test_a_slow_consumer_keeps_its_memory_bounded_and_misses_nothing(sender: ZmqBus, broker: AuraPaths) -> None:
    async with connected("slow", broker) as slow:
        events = slow.listen(Happened)
        await publish(sender, range(5000))
        await until(lambda: slow.head == 5000)
        assert slow.queued <= 1024
        assert slow.lag == 5000
        found = await next_of(events, 5000)
        assert [d.event.number for d in found if isinstance(d.event, Happened)] == list(range(5000))
        assert slow.lag == 0


@pytest.mark.requirement("P2")
async def test_only_this_user_can_reach_the_sockets_and_the_journal(bus_paths: AuraPaths) -> None:
    before = os.umask(0o000)
    try:
        with running_broker(bus_paths):
            for path in (bus_paths.bus_in, bus_paths.bus_out, bus_paths.journal):
                assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
            for folder in (bus_paths.run, bus_paths.data):
                assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        os.umask(before)


async def test_a_handler_that_outlives_its_caller_is_cancelled(sender: ZmqBus, broker: AuraPaths) -> None:
    started = asyncio.Event()
    stopped: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def answer(_: Ask, context: Context) -> Answer:
        started.set()
        await context.progress(Progress(done=0))
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set_result(context.cancelled)
        return Answer(text="never")

    async with connected("answers", broker) as answers:
        answers.serve(Ask, answer)
        asking = asyncio.create_task(sender.request(Ask()))
        await asyncio.wait_for(started.wait(), 20)
        await sender.close()  # stands for a caller that ends: its connection goes
        with pytest.raises(BusError):
            await asking
        assert await asyncio.wait_for(stopped, 20) is True
