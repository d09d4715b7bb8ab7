"""The broker and what it may be sent: damage, floods, a full disk."""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from collections.abc import AsyncIterator
from typing import ClassVar

import pytest
import zmq

from aura_bus import broker as module
from aura_bus.broker import Broker
from aura_bus.service import BrokerService
from aura_shared.bus import Context, wire
from aura_shared.bus.zmq_bus import ZmqBus, connect
from aura_shared.errors import AuraError, BusError, Conflict, RequestTimeout, TooLarge
from aura_shared.messages.bus import BusStatus, BusStatusAnswer, JournalReplaced
from aura_shared.messages.core import Envelope, Event, Request, wrap
from aura_shared.messages.services import ServiceMetrics
from aura_shared.metrics import ServiceMetricsRegistry
from aura_shared.paths import AuraPaths
from shared_bus.brokers import Limits, connected, dealer, running_broker, start_broker, until
from shared_bus.things import Answer, Ask, Happened, Level, Ticked, next_of

ONE = wire.pack_number(1)


@pytest.fixture
async def bus(broker: Broker, bus_paths: AuraPaths) -> AsyncIterator[ZmqBus]:
    """A connection to the broker of this test."""
    async with connected("tester", bus_paths) as bus:
        yield bus


def envelope(number: int = 1, text: str = "") -> bytes:
    return wrap(Happened(number=number, text=text), src="raw").model_dump_json().encode()


async def answer_to(raw: zmq.Socket[bytes]) -> Envelope:
    """The next answer; pings are passed over."""
    while (frames := await asyncio.to_thread(raw.recv_multipart)) == [wire.PING]:
        pass
    assert frames[0] == wire.REPLY
    return Envelope.model_validate_json(frames[2])


def posted(raw: bytes, number: int = 1) -> bytes:
    return wire.pack_posted([wire.Posted(number, wire.STATE, raw)])


async def dead_letters(bus: ZmqBus, count: int) -> None:
    """Wait until so many dead letters are kept."""
    async with asyncio.timeout(20):
        while (await bus.request(BusStatus())).dead_letters != count:
            pass


@pytest.mark.requirement("P2", "P11")
@pytest.mark.parametrize(
    "frames",
    [
        pytest.param([b""], id="nothing"),
        pytest.param([b"?", b"x"], id="unknown verb"),
        pytest.param([wire.EVENTS], id="too few parts"),
        pytest.param([wire.EVENTS, b"", b"more"], id="too many parts"),
        pytest.param([wire.EVENTS, b"123"], id="a group of three bytes"),
        pytest.param([wire.EVENTS, posted(envelope())[:-1]], id="a group that is cut off"),
        pytest.param([wire.PASSING, b"123", envelope()], id="a number of three bytes"),
        pytest.param([wire.EVENTS, posted(b"\xff\x00 not json")], id="not json"),
        pytest.param([wire.EVENTS, posted(b'{"v": 1}')], id="an envelope without fields"),
        pytest.param([wire.EVENTS, posted(envelope().replace(b'"src":"raw"', b'"src":7'))], id="a wrong field"),
        pytest.param([wire.EVENTS, posted(envelope().replace(b'"id":"', b'"id":"' + b"x" * 300))], id="a long id"),
        pytest.param([wire.EVENTS, posted(envelope().replace(b'"key":"', b'"key":"' + b"x" * 2000))], id="a long key"),
        pytest.param([wire.EVENTS, posted(envelope(text="x" * wire.MAX_EVENT_BYTES))], id="a large event"),
        pytest.param([wire.PASSING, ONE, b"[]"], id="an ephemeral list"),
        pytest.param([wire.PASSING, b"", envelope()], id="an ephemeral event without its count"),
        pytest.param([wire.PAGE, ONE, b"since the beginning"], id="a page that is not json"),
        pytest.param([wire.PAGE, ONE, b'{"since": -5, "types": []}'], id="a page before the first"),
        pytest.param([wire.HELLO, b"\xff\xfe"], id="a name that is not text"),
        pytest.param([wire.ASK, b"", b"\xff\xfe", b"1", b"{}"], id="a request to a name that is not text"),
        pytest.param([wire.ASK, b"", b"bus", b"1", b"{}"], id="an unreadable request to the broker"),
        pytest.param([wire.ASK, b"", b"nobody", b"\xff", b"{}"], id="an id that is not text"),
    ],
)
async def test_what_cannot_be_read_is_kept_apart_and_harms_nobody(
    raw: zmq.Socket[bytes], bus: ZmqBus, frames: list[bytes]
) -> None:
    raw.send_multipart(frames)
    await dead_letters(bus, 1)
    assert await bus.publish(Happened(number=1)) == 1


async def test_an_event_that_will_never_be_taken_is_refused(raw: zmq.Socket[bytes], bus: ZmqBus) -> None:
    raw.send_multipart([wire.EVENTS, posted(b"{}", number=7)])
    verb, number, code, problem = await asyncio.to_thread(raw.recv_multipart)
    assert (verb, wire.read_number(number), code) == (wire.REFUSED, 7, b"bus_error")
    assert b"type" in problem


async def test_a_frame_beyond_all_limits_costs_only_its_sender_the_connection(
    bus_paths: AuraPaths, bus: ZmqBus
) -> None:
    with dealer(bus_paths) as raw:
        raw.setsockopt(zmq.LINGER, 0)
        raw.send_multipart([wire.EVENTS, bytes(wire.MAX_FRAME_BYTES + 1)])
        assert await bus.publish(Happened(number=1)) == 1
    assert (await bus.request(BusStatus())).head == 1


async def test_what_is_too_large_does_not_leave_its_process(bus: ZmqBus, bus_paths: AuraPaths) -> None:
    async def answer(_: Ask, __: Context) -> Answer:
        return Answer(text="x" * (wire.MAX_MESSAGE_BYTES + 1))

    with pytest.raises(TooLarge, match=r"test\.happened"):
        await bus.publish(Happened(number=1, text="x" * wire.MAX_EVENT_BYTES))
    with pytest.raises(TooLarge, match="request"):
        await bus.request(Ask(text="x" * wire.MAX_MESSAGE_BYTES))
    async with connected("answers", bus_paths) as answers:
        answers.serve(Ask, answer)
        with pytest.raises(TooLarge, match="answer"):
            await bus.request(Ask())


async def test_a_request_that_is_too_large_is_refused_by_the_broker_as_well(raw: zmq.Socket[bytes]) -> None:
    raw.send_multipart([wire.ASK, b"\x00", b"answers", b"1", bytes(wire.MAX_MESSAGE_BYTES + 1)])
    verb, request, answer = await asyncio.to_thread(raw.recv_multipart)
    assert (verb, request) == (wire.REPLY, b"1")
    assert Envelope.model_validate_json(answer).data["code"] == "too_large"


class OtherHappened(Event):
    """The same name on the wire as `Happened`, and other fields."""

    type: ClassVar[str] = "test.happened"

    place: str


async def test_an_event_that_its_reader_cannot_read_is_left_out_and_kept_apart(bus: ZmqBus) -> None:
    events = bus.listen(Happened)
    await bus.publish(OtherHappened(place="here"))
    await bus.publish(Happened(number=2))
    assert [d.event for d in await next_of(events, 1)] == [Happened(number=2)]
    await dead_letters(bus, 1)


async def test_a_request_that_its_service_cannot_read_is_answered_with_the_reason(
    raw: zmq.Socket[bytes], bus: ZmqBus, bus_paths: AuraPaths
) -> None:
    async def answer(_: Ask, __: Context) -> Answer:
        return Answer(text="")

    async with connected("answers", bus_paths) as answers:
        answers.serve(Ask, answer)
        raw.send_multipart([wire.ASK, b"\x00", b"answers", b"1", b"garbage"])
        assert (await answer_to(raw)).data["code"] == "bus_error"
        wrong = wrap(Ask(), src="raw").model_copy(update={"data": {"text": 5}})
        raw.send_multipart([wire.ASK, b"\x00", b"answers", b"2", wrong.model_dump_json().encode()])
        assert (await answer_to(raw)).data["code"] == "invalid_request"
        await dead_letters(bus, 1)


async def test_a_request_that_comes_again_is_answered_from_memory(
    raw: zmq.Socket[bytes], broker: Broker, bus_paths: AuraPaths
) -> None:
    runs = 0

    async def answer(_: Ask, __: Context) -> Answer:
        nonlocal runs
        runs += 1
        return Answer(text=str(runs))

    async with connected("answers", bus_paths) as answers:
        answers.serve(Ask, answer)
        asked = wrap(Ask(), src="raw")
        found: list[Envelope] = []
        for flags in (b"\x00", bytes([wire.AGAIN])):
            raw.send_multipart([wire.ASK, flags, b"answers", asked.id.encode(), asked.model_dump_json().encode()])
            found.append(await answer_to(raw))
        assert found[0] == found[1]
        assert runs == 1


async def test_work_for_a_caller_that_vanished_is_cancelled(broker: Broker, bus_paths: AuraPaths) -> None:
    started = asyncio.Event()
    stopped: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def answer(_: Ask, context: Context) -> Answer:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set_result(context.cancelled)
        return Answer(text="never")

    async with connected("answers", bus_paths) as answers:
        answers.serve(Ask, answer)
        with dealer(bus_paths, "vanishing/1") as raw:
            asked = wrap(Ask(), src="raw")
            raw.send_multipart([wire.ASK, b"\x00", b"answers", asked.id.encode(), asked.model_dump_json().encode()])
            await asyncio.wait_for(started.wait(), 20)
        assert await asyncio.wait_for(stopped, 20) is True


async def test_a_service_that_no_longer_says_hello_is_given_up(
    bus: ZmqBus, bus_paths: AuraPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aura_bus.routes.SILENT_TICKS", 1)
    with dealer(bus_paths, "silent/1") as raw:
        raw.send_multipart([wire.HELLO, b"answers"])
        assert await asyncio.to_thread(raw.recv_multipart) == [wire.WELCOME]
        with pytest.raises(AuraError, match="does not answer"):
            await bus.request(Ask())


async def test_ephemeral_events_that_do_not_fit_are_dropped_and_counted(bus: ZmqBus, bus_paths: AuraPaths) -> None:
    async with connected("sender", bus_paths) as sender:
        ticks, things = bus.listen(Ticked), bus.listen(Happened)
        await sender.publish(Happened(number=0))
        await next_of(things, 1)
        for number in range(3000):
            await sender.publish(Ticked(number=number))
        await sender.publish(Happened(number=1))
        await next_of(things, 1)
        await until(lambda: bus.dropped.get("sender", 0) == 3000 - 1024)
        found = await next_of(ticks, 1024)
        assert [d.event for d in found[:3]] == [Ticked(number=number) for number in range(3)]


async def test_the_broker_tells_how_it_is(bus: ZmqBus, bus_paths: AuraPaths) -> None:
    async def answer(_: Ask, __: Context) -> Answer:
        return Answer(text="")

    class AskBroker(Request[BusStatusAnswer]):
        type: ClassVar[str] = "bus.else"
        service: ClassVar[str] = "bus"

    async with connected("answers", bus_paths) as answers:
        answers.serve(Ask, answer)
        await bus.request(Ask())
        await bus.publish(Level(tank="a", height=1))
        await bus.publish(Ticked(number=1))
        found = await bus.request(BusStatus())
        assert (found.head, found.oldest, found.services, found.durable, found.ephemeral) == (1, 1, ["answers"], 1, 1)
        assert (found.storing, found.waiting, found.requests) == (True, 0, 2)
        with pytest.raises(BusError, match=r"does not answer bus\.else"):
            await bus.request(AskBroker())


def test_a_second_broker_is_turned_away(broker: Broker, bus_paths: AuraPaths) -> None:
    with pytest.raises(Conflict, match="another broker"):
        Broker(bus_paths, Limits()).run()


@pytest.mark.requirement("P11")
async def test_a_damaged_journal_is_set_aside_and_the_log_and_an_event_say_so(bus_paths: AuraPaths) -> None:
    bus_paths.journal.write_bytes(b"no journal" * 1000)
    broker = start_broker(bus_paths)
    try:
        async with connected("tester", bus_paths) as bus:
            (found,) = await next_of(bus.listen(JournalReplaced, since=0), 1)
            assert isinstance(found.event, JournalReplaced)
            assert (bus_paths.data / found.event.aside).read_bytes() == b"no journal" * 1000
            assert await bus.publish(Happened(number=1)) == found.seq + 1
        assert "journal_set_aside" in (bus_paths.logs / "bus.jsonl").read_text()
    finally:
        broker.terminate()
        assert broker.wait(20) == 0


async def test_a_listener_begins_anew_when_the_journal_does(bus_paths: AuraPaths) -> None:
    bus = connect("tester", bus_paths, Limits())
    events = bus.listen(Happened, since=0)
    with running_broker(bus_paths):
        for number in range(5):
            await bus.publish(Happened(number=number))
        await next_of(events, 5)
    for path in bus_paths.data.iterdir():
        path.unlink()
    with running_broker(bus_paths):
        assert await bus.publish(Happened(number=6)) == 1
        assert [(d.seq, d.event) for d in await next_of(events, 1)] == [(1, Happened(number=6))]
        await bus.close()


async def fill(bus: ZmqBus) -> int:
    """Publish until an event is not acknowledged; returns how many were."""
    for number in range(1000):
        try:
            assert await bus.publish(Happened(number=number, text="x" * 5000)) == number + 1
        except BusError:
            return number
    raise AssertionError("the journal never was full")


@pytest.mark.requirement("P11")
@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process can be changed on Linux only")
async def test_a_full_disk_stops_acknowledgements_only_and_passes_by_itself(bus_paths: AuraPaths) -> None:
    limit = 300_000

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    broker = start_broker(bus_paths, before=small_files)
    try:
        bus = connect("tester", bus_paths, Limits(ack_timeout_s=0.5))
        acknowledged = await fill(bus)
        more = [asyncio.create_task(bus.publish(Happened(number=acknowledged + n))) for n in range(1, 5)]
        status = await bus.request(BusStatus())
        assert (status.storing, status.head) == (False, acknowledged)
        resource.prlimit(broker.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        events = bus.listen(Happened, since=0)
        found = await next_of(events, acknowledged + 5)
        assert [d.event.number for d in found if isinstance(d.event, Happened)] == list(range(acknowledged + 5))
        await asyncio.gather(*more, return_exceptions=True)
        await bus.close()
        lines = (bus_paths.logs / "bus.jsonl").read_text()
        assert "journal_not_written" in lines
        assert "journal_written_again" in lines
    finally:
        broker.terminate()
        assert broker.wait(20) == 0


async def test_what_the_broker_cannot_hold_back_comes_again_in_its_order(
    broker: Broker, bus_paths: AuraPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 5)
    monkeypatch.setattr(wire, "GROUP_EVENTS", 3)
    async with connected("sender", bus_paths) as bus:
        broker._store_again_at = time.monotonic() + 3600  # as if the disk were full
        sending = [asyncio.create_task(bus.publish(Happened(number=number))) for number in range(20)]
        await until(lambda: bus.resent > 0)
        broker._store_again_at = time.monotonic()
        assert await asyncio.gather(*sending) == list(range(1, 21))


async def test_old_events_are_dropped_while_the_broker_runs(bus_paths: AuraPaths) -> None:
    with running_broker(bus_paths, Limits(retention_events=10)):
        async with connected("sender", bus_paths) as bus:
            for number in range(30):
                await bus.publish(Happened(number=number))
            async with asyncio.timeout(20):
                while (await bus.request(BusStatus())).oldest != 21:
                    pass
            events = bus.listen(Happened, since=5)
            assert [d.seq for d in await next_of(events, 10)] == list(range(21, 31))


async def test_the_process_starts_and_stops_and_publishes_its_figures(bus_paths: AuraPaths) -> None:
    service = BrokerService(Broker(bus_paths, Limits()), ServiceMetricsRegistry("bus"))
    await service.start()
    assert service.health().ok
    async with connected("tester", bus_paths) as bus:
        events, things = bus.listen(ServiceMetrics), bus.listen(Happened)
        await bus.publish(Happened(number=1))
        await next_of(things, 1)
        service.tell()
        (found,) = await next_of(events, 1)
        assert isinstance(found.event, ServiceMetrics)
        assert found.event.service == "bus"
        assert "broker_durable" in found.event.exposition
    service.broker._store_again_at = time.monotonic() + 3600
    assert not service.health().ok
    assert service.health().alive
    await service.stop()


async def test_a_broker_that_cannot_start_says_why(bus_paths: AuraPaths) -> None:
    bus_paths.journal.mkdir()
    service = BrokerService(Broker(bus_paths, Limits()), ServiceMetricsRegistry("bus"))
    with pytest.raises(AuraError, match=r"cannot start: .*journal\.db"):
        await service.start()
    assert not service.health().alive
    await service.stop()


async def test_a_request_to_a_paused_broker_times_out(bus_paths: AuraPaths) -> None:
    with dealer(bus_paths):  # somebody connects, and nobody is there
        bus = connect("tester", bus_paths, Limits())
        with pytest.raises(RequestTimeout, match=r"within 0\.1 s"):
            await bus.request(Ask(), timeout_s=0.1)
        await bus.close()


async def test_a_request_that_comes_again_waits_for_its_service_only_after_a_restart(
    bus_paths: AuraPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(_: Ask, __: Context) -> Answer:
        return Answer(text="back")

    monkeypatch.setattr(module, "AFTER_START_S", 60.0)
    asked = wrap(Ask(), src="raw")
    frames = [bytes([wire.AGAIN]), b"answers", asked.id.encode(), asked.model_dump_json().encode()]
    with running_broker(bus_paths) as broker, dealer(bus_paths) as raw:
        raw.send_multipart([wire.ASK, *frames])
        async with connected("answers", bus_paths) as answers:
            answers.serve(Ask, answer)
            assert (await answer_to(raw)).data == {"text": "back"}
        monkeypatch.setattr(module, "AFTER_START_S", time.monotonic() - broker._started + 0.2)
        raw.send_multipart([wire.ASK, *frames])
        assert (await answer_to(raw)).data["code"] == "service_down"
