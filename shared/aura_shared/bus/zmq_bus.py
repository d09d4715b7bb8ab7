"""The bus over ZeroMQ: `connect` gives a process its connection to the broker.

Durable events are sent until acknowledged, also across a restart of the broker; `publish` raises `BusError` when that
takes longer than the settings allow, and the event goes on being sent as long as the process lives. Requests that are
under way when the broker dies are sent again once it is back, with the same id: a service that works on it or has
answered it lately does not do it twice. When the broker stays away for 6 s they fail with `ServiceDown`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol, Self

from pydantic import ValidationError

from aura_shared.bus import Delivery, EventT, Handler, ProgressHandler, RequestT, wire
from aura_shared.bus.handlers import Call, Handlers, failure, first_problem, hand_progress, read_reply, report
from aura_shared.bus.link import Asking, Hooks, Link, Outgoing
from aura_shared.bus.positions import Positions
from aura_shared.bus.reader import Reader
from aura_shared.causes import wrap_with_cause
from aura_shared.errors import BusError, RequestTimeout, ServiceDown, TooLarge
from aura_shared.messages.core import Envelope, Event, ReplyT, Request
from aura_shared.paths import AuraPaths

__all__ = ["BusLimits", "ZmqBus", "ZmqEvents", "connect"]

MOST_UNACKNOWLEDGED: Final = 4096
MOST_UNACKNOWLEDGED_BYTES: Final = 64 << 20
MOST_REMEMBERED: Final = 512
MOST_REMEMBERED_BYTES: Final = 8 << 20
"""Answers that are kept for requests that come again."""
START_S: Final = 0.25
"""How long `listen` and the first `serve` hold the event loop until the broker knows; it takes 0.3 ms when it runs."""


class BusLimits(Protocol):
    """The settings that a connection reads."""

    @property
    def request_timeout_s(self) -> float:
        """Default bound of a request."""
        ...

    @property
    def ack_timeout_s(self) -> float:
        """How long `publish` waits for the acknowledgement."""
        ...


def connect(name: str, paths: AuraPaths, settings: BusLimits, *, stores_position: Path | None = None) -> ZmqBus:
    """A connection to the broker, which need not run yet.

    Args:
        name: Of the service or of the kind of client. Requests to the service of this name come here once `serve` was
            called.
        paths: Where the broker's sockets are.
        settings: Its bounds.
        stores_position: File that remembers how far `listen` came, so that the next process goes on from there. An
            event counts as dealt with when the next one is asked for; the last second before a crash may come again.
    """
    return ZmqBus(name, paths, settings, Positions(stores_position) if stores_position is not None else None)


class ZmqEvents:
    """Events as they arrive; what `ZmqBus.listen` gives."""

    def __init__(self, reader: Reader, kinds: Sequence[type[Event]], link: Link, positions: Positions | None) -> None:
        self._reader = reader
        self._kinds = {kind.type: kind for kind in kinds}
        self._link = link
        self._positions = positions
        self._place = ",".join(sorted(reader.durable))
        self._handed = 0

    def __aiter__(self) -> ZmqEvents:
        return self

    async def __anext__(self) -> Delivery:
        if self._positions is not None and self._handed:
            self._positions.put(self._place, self._handed)
            self._handed = 0
        while True:
            taken = self._reader.take()
            if taken is None:
                if self._reader.closed:
                    raise StopAsyncIteration
                self._reader.arrived.clear()
                await self._reader.arrived.wait()
                continue
            seq, raw, has_room = taken
            if has_room:
                self._link.do(self._link.resume, self._reader)
            delivery = self._read(seq, raw)
            if delivery is not None:
                self._handed = seq
                return delivery

    def _read(self, seq: int, raw: bytes) -> Delivery | None:
        try:
            envelope = Envelope.model_validate_json(raw)
            return Delivery(self._kinds[envelope.type].model_validate(envelope.data), envelope, seq)
        except ValidationError as error:
            problem = first_problem(error)
            report("event_unreadable", exception=False, seq=seq, problem=problem)
            self._link.do(self._link.send, wire.UNREADABLE, problem.encode(), raw)
            return None

    async def aclose(self) -> None:
        """Listen no longer."""
        self.close()

    def close(self) -> None:
        """Listen no longer; what waits is dropped."""
        if not self._reader.closed:
            self._reader.closed = True
            while self._reader.take() is not None:
                pass
            self._reader.arrived.set()
            self._link.do(self._link.remove, self._reader)

    def __del__(self) -> None:
        if not self._reader.closed:
            self._reader.closed = True
            self._link.do(self._link.remove, self._reader)


class ZmqBus:
    """A process's connection to the broker; `connect` makes it."""

    def __init__(self, name: str, paths: AuraPaths, settings: BusLimits, positions: Positions | None = None) -> None:
        self._name = name
        self._settings = settings
        self._positions = positions
        self._handlers = Handlers(name)
        self._calls: dict[str, tuple[Call, asyncio.Task[Envelope], bytes]] = {}
        self._remembered: OrderedDict[str, bytes] = OrderedDict()
        self._remembered_bytes = 0
        self._unacknowledged = 0
        self._unacknowledged_bytes = 0
        self._room = asyncio.Event()
        self._turn = asyncio.Lock()
        self._queueing = 0
        self._readers: list[Reader] = []
        self._closed = False
        self._link = Link(name, paths, Hooks(self._on_settled, self._on_ask, self._on_cancel, self._on_progress))
        self._has_loop = False
        self._waited = False
        self._link.start()

    async def __aenter__(self) -> Self:
        self._begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def name(self) -> str:
        """Name of the service or client that this connection belongs to."""
        return self._name

    @property
    def connected(self) -> bool:
        """Whether the broker is there."""
        return self._link.connected

    @property
    def lag(self) -> int:
        """Events between the head of the journal and the last one handed out by `listen`."""
        self._readers = [reader for reader in self._readers if not reader.closed]
        return max((reader.lag(self._link.head) for reader in self._readers), default=0)

    @property
    def head(self) -> int:
        """The newest place in the journal that was heard of."""
        return self._link.head

    @property
    def queued(self) -> int:
        """Events that wait for `listen` to hand them out, in the fullest queue."""
        return max((len(reader) for reader in self._readers), default=0)

    @property
    def resent(self) -> int:
        """How often an event was sent again, because no acknowledgement came or the broker was restarted."""
        return self._link.resent

    @property
    def dropped(self) -> dict[str, int]:
        """Ephemeral events that were sent and did not arrive here, per sender."""
        return dict(self._link.dropped)

    async def publish(self, event: Event, *, project: str | None = None, cause: str | None = None) -> int:
        """Send an event; returns its place in the journal once it is on disk, 0 at once for an ephemeral one.

        Raises:
            TooLarge: It has more than a megabyte.
            BusError: It was not acknowledged in time. It is sent on, unless it says that it was not taken.
        """
        self._begin()
        kind = type(event)
        raw = wrap_with_cause(event, src=self._name, project=project, cause=cause).model_dump_json().encode()
        if len(raw) > wire.MAX_EVENT_BYTES:
            raise TooLarge(f"an event takes {wire.MAX_EVENT_BYTES} bytes at most, and this {kind.type} has {len(raw)}")
        if kind.durability == "ephemeral":
            self._link.do(self._link.send_passing, kind.type, raw)
            return 0
        deadline = time.monotonic() + self._settings.ack_timeout_s
        if self._queueing or not self._fits(raw):
            await self._wait_for_room(raw, deadline, kind.type)
        flags = wire.STATE if kind.durability == "state" else 0
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._unacknowledged += 1
        self._unacknowledged_bytes += len(raw)
        self._link.do(self._link.send_event, Outgoing(flags, raw, done, kind.type, deadline))
        return await done

    async def _wait_for_room(self, raw: bytes, deadline: float, kind: str) -> None:
        """Wait in line: whoever came first is sent first, however the news of more room arrives."""
        self._queueing += 1
        try:
            async with asyncio.timeout(deadline - time.monotonic()), self._turn:
                while not self._fits(raw):
                    self._room.clear()
                    await self._room.wait()
        except TimeoutError:
            raise BusError(f"{kind} was not taken: too many others are not acknowledged yet") from None
        finally:
            self._queueing -= 1

    def _fits(self, raw: bytes) -> bool:
        size = self._unacknowledged_bytes + len(raw)
        return self._unacknowledged < MOST_UNACKNOWLEDGED and size <= MOST_UNACKNOWLEDGED_BYTES

    def listen(self, *kinds: type[EventT], since: int | None = None) -> ZmqEvents:
        """Events of these kinds in order, each once, gaps filled from the journal, from the moment of the call."""
        self._begin()
        durable = {kind.type for kind in kinds if kind.durability != "ephemeral"}
        if since is None and self._positions is not None:
            since = self._positions.get(",".join(sorted(durable)))
        reader = Reader(durable, {kind.type for kind in kinds} - durable, since)
        self._readers.append(reader)
        self._link.do(self._link.add, reader)
        self._await_broker(reader.started)
        return ZmqEvents(reader, kinds, self._link, self._positions)

    async def request(
        self,
        request: Request[ReplyT],
        *,
        timeout_s: float | None = None,
        project: str | None = None,
        cause: str | None = None,
        on_progress: ProgressHandler | None = None,
    ) -> ReplyT:
        """Ask the service that `request` belongs to. Cancelling the awaiting task cancels the work there too.

        Raises:
            ServiceDown: Nobody serves it, its process died, or the broker is away.
            RequestTimeout: No answer within the bound.
            AuraError: What the service reported.
        """
        self._begin()
        service = type(request).service
        envelope = wrap_with_cause(request, src=self._name, project=project, cause=cause)
        raw = envelope.model_dump_json().encode()
        if len(raw) > wire.MAX_MESSAGE_BYTES:
            raise TooLarge(f"a request takes {wire.MAX_MESSAGE_BYTES} bytes at most, and this one has {len(raw)}")
        done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        asking = Asking(envelope.id.encode(), service.encode(), raw, done, on_progress)
        limit = self._settings.request_timeout_s if timeout_s is None else timeout_s
        self._link.do(self._link.ask, asking)
        try:
            async with asyncio.timeout(limit):
                answer = await done
        except TimeoutError:
            raise RequestTimeout(f"{service} did not answer {envelope.type} within {limit:g} s") from None
        finally:
            if done.cancelled():
                self._link.do(self._link.forget, asking)
        return read_reply(request, _read_answer(answer))

    def serve(self, kind: type[RequestT], handler: Handler[RequestT]) -> None:
        """Answer requests of one kind; several run at once."""
        self._begin()
        first = not self._handlers
        self._handlers.add(kind, handler)
        if first:
            self._link.do(self._link.serve, self._name.encode())
            self._await_broker(self._link.registered)

    async def close(self) -> None:
        """Send what waits, within the bound of the settings, and give the sockets back."""
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        self._link.use_loop(loop)
        limit = min(5.0, self._settings.ack_timeout_s)
        running = [task for _, task, _ in self._calls.values()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=limit)
        ended = asyncio.Event()
        self._link.do(self._link.close, limit, ended.set)
        try:
            async with asyncio.timeout(limit + 2):
                await ended.wait()
        except TimeoutError:
            report("bus_thread_stuck", exception=False, connection=self._name)
        else:
            self._link.join(1.0)
        for reader in self._readers:
            reader.closed = True
            reader.arrived.set()
        if self._positions is not None:
            self._positions.save()

    def _begin(self) -> None:
        if self._closed:
            raise BusError(f"the bus connection of {self._name} is closed")
        if not self._has_loop:
            self._link.use_loop(asyncio.get_running_loop())
            self._has_loop = True

    def _await_broker(self, known: threading.Event) -> None:
        """Let the broker take note, so that what the caller does next comes after it.

        Without a broker nothing waits, but for the first time: the connection may be on its way.
        """
        if self._link.connected or not self._waited:
            self._waited = True
            known.wait(START_S)

    # What the link found, in the event loop

    def _on_settled(self, outgoing: Outgoing) -> None:
        self._unacknowledged -= 1
        self._unacknowledged_bytes -= len(outgoing.raw)
        self._room.set()

    def _on_progress(self, take: ProgressHandler, raw: bytes) -> None:
        hand_progress(take, _read_answer(raw))

    def _on_ask(self, asker: bytes, request: bytes, raw: bytes) -> None:
        key = request.decode(errors="replace")
        remembered = self._remembered.get(key)
        if remembered is not None:
            self._link.do(self._link.send, wire.REPLY, asker, request, remembered)
            return
        if key in self._calls or self._closed:
            return
        try:
            asked = Envelope.model_validate_json(raw)
        except ValidationError as error:
            self._refuse(asker, request, raw, first_problem(error))
            return
        call = Call(asked, self._name, lambda envelope: self._send_progress(asker, request, envelope))
        task = asyncio.get_running_loop().create_task(self._handlers.answer(call), name=f"answer {asked.type}")
        self._calls[key] = (call, task, asker)
        task.add_done_callback(lambda done: self._on_answered(key, asker, request, done))

    def _on_answered(self, key: str, asker: bytes, request: bytes, task: asyncio.Task[Envelope]) -> None:
        call, _, _ = self._calls.pop(key)
        if task.cancelled():
            answer = failure(call.envelope, self._name, ServiceDown(f"the service {self._name} stopped"))
        else:
            answer = task.result()
        raw = answer.model_dump_json().encode()
        if len(raw) > wire.MAX_MESSAGE_BYTES:
            error = TooLarge(f"the answer to {call.envelope.type} has {len(raw)} bytes", hint="Ask for less at once.")
            raw = failure(call.envelope, self._name, error).model_dump_json().encode()
        self._remember(key, raw)
        self._link.do(self._link.send, wire.REPLY, asker, request, raw)

    def _remember(self, key: str, raw: bytes) -> None:
        self._remembered[key] = raw
        self._remembered_bytes += len(raw)
        while len(self._remembered) > MOST_REMEMBERED or self._remembered_bytes > MOST_REMEMBERED_BYTES:
            _, oldest = self._remembered.popitem(last=False)
            self._remembered_bytes -= len(oldest)

    def _on_cancel(self, asker: bytes, request: bytes) -> None:
        found = self._calls.get(request.decode(errors="replace"))
        if found is not None and found[2] == asker:
            found[0].cancelled = True
            found[1].cancel()

    def _send_progress(self, asker: bytes, request: bytes, envelope: Envelope) -> None:
        self._link.do(self._link.send, wire.PROGRESS, asker, request, envelope.model_dump_json().encode())

    def _refuse(self, asker: bytes, request: bytes, raw: bytes, problem: str) -> None:
        asked = Envelope(type="request", id=request.decode(errors="replace"), ts="", src="")
        error = BusError(f"{self._name} cannot read the request: {problem}")
        self._link.do(self._link.send, wire.UNREADABLE, problem.encode(), raw)
        answer = failure(asked, self._name, error).model_dump_json().encode()
        self._link.do(self._link.send, wire.REPLY, asker, request, answer)


def _read_answer(raw: bytes) -> Envelope:
    try:
        return Envelope.model_validate_json(raw)
    except ValidationError as error:
        raise BusError(f"the answer cannot be read: {first_problem(error)}") from error
