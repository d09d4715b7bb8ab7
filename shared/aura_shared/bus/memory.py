"""The bus without sockets: several connections in one process share a `MemoryHub`.

For tests. It passes the same contract tests as the real one; messages go through their wire form, so that whatever
does not survive it shows here too. Nothing is bounded and nothing is kept on disk.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from pydantic import ValidationError

from aura_shared.bus import Delivery, EventT, Handler, ProgressHandler, RequestT
from aura_shared.bus.handlers import Call, Handlers, failure, first_problem, hand_progress, read_reply, report
from aura_shared.causes import wrap_with_cause
from aura_shared.errors import BusError, RequestTimeout, ServiceDown
from aura_shared.messages.core import Envelope, Event, ReplyT, Request

__all__ = ["MemoryBus", "MemoryEvents", "MemoryHub"]


class MemoryHub:
    """What the broker is to real connections: the journal, the last values, and who serves what."""

    def __init__(self) -> None:
        self.journal: list[tuple[int, Envelope]] = []
        """Durable and `state` events with their seq, oldest first."""
        self._last: dict[tuple[str, str], tuple[int, Envelope]] = {}
        self._listening: list[MemoryEvents] = []
        self._serving: dict[str, MemoryBus] = {}

    @property
    def head(self) -> int:
        """Seq of the newest event in the journal."""
        return len(self.journal)

    def connect(self, name: str, *, timeout_s: float = 30.0) -> MemoryBus:
        """A connection called `name`; `timeout_s` is the default bound of its requests."""
        return MemoryBus(name, hub=self, timeout_s=timeout_s)

    def _take(self, event: Event, envelope: Envelope) -> int:
        seq = 0
        if type(event).durability != "ephemeral":
            seq = self.head + 1
            self.journal.append((seq, envelope))
        if type(event).durability == "state":
            self._last[envelope.type, envelope.key] = (seq, envelope)
        for events in self._listening:
            events.offer(seq, envelope)
        return seq

    def _backlog(self, since: int | None) -> list[tuple[int, Envelope]]:
        return sorted(self._last.values(), key=lambda pair: pair[0]) if since is None else self.journal[since:]


class MemoryEvents:
    """Events of some kinds as they arrive; what `MemoryBus.listen` gives."""

    def __init__(self, hub: MemoryHub, kinds: tuple[type[Event], ...], since: int | None) -> None:
        self._hub = hub
        self._kinds = {kind.type: kind for kind in kinds}
        self._waiting: deque[Delivery] = deque()
        self._arrived = asyncio.Event()
        self._closed = False
        for seq, envelope in hub._backlog(since):  # pyright: ignore[reportPrivateUsage] - the hub's own part
            self.offer(seq, envelope)
        hub._listening.append(self)  # pyright: ignore[reportPrivateUsage] - the hub's own part

    def offer(self, seq: int, envelope: Envelope) -> None:
        """Queue an event if it is one of those asked for."""
        kind = self._kinds.get(envelope.type)
        if kind is None:
            return
        try:
            event = kind.model_validate(envelope.data)
        except ValidationError as error:
            report(
                "event_unreadable", exception=False, type=envelope.type, id=envelope.id, problem=first_problem(error)
            )
            return
        self._waiting.append(Delivery(event, envelope, seq))
        self._arrived.set()

    @property
    def lag(self) -> int:
        """Durable events that arrived and were not handed out."""
        durable = [waiting.seq for waiting in self._waiting if waiting.seq]
        return self._hub.head - durable[0] + 1 if durable else 0

    def __aiter__(self) -> MemoryEvents:
        return self

    async def __anext__(self) -> Delivery:
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.popleft()

    async def aclose(self) -> None:
        """Listen no longer."""
        self.close()

    def close(self) -> None:
        """Listen no longer; what waits is dropped."""
        self._closed = True
        self._waiting.clear()
        self._arrived.set()
        if self in self._hub._listening:  # pyright: ignore[reportPrivateUsage] - the hub's own part
            self._hub._listening.remove(self)  # pyright: ignore[reportPrivateUsage] - the hub's own part


class MemoryBus:
    """One connection to a `MemoryHub`; without `hub` it has one of its own."""

    def __init__(self, name: str = "test", *, hub: MemoryHub | None = None, timeout_s: float = 30.0) -> None:
        self.hub = MemoryHub() if hub is None else hub
        """Shared with the other connections."""
        self.published: list[Event] = []
        """What was sent through this connection, oldest first."""
        self._name = name
        self._timeout_s = timeout_s
        self._handlers = Handlers(name)
        self._calls: dict[asyncio.Task[Envelope], Call] = {}
        self._events: list[MemoryEvents] = []
        self._closed = False

    @property
    def name(self) -> str:
        """Name of the service or client that this connection belongs to."""
        return self._name

    @property
    def lag(self) -> int:
        """Events between the head of the journal and the last one handed out by `listen`."""
        return max((events.lag for events in self._events), default=0)

    async def publish(self, event: Event, *, project: str | None = None, cause: str | None = None) -> int:
        """Send an event; returns its place in the journal, 0 for an ephemeral one.

        Raises:
            BusError: The connection is closed.
        """
        self._must_be_open()
        self.published.append(event)
        envelope = wrap_with_cause(event, src=self._name, project=project, cause=cause)
        return self.hub._take(event, envelope)  # pyright: ignore[reportPrivateUsage] - the hub's own part

    def listen(self, *kinds: type[EventT], since: int | None = None) -> MemoryEvents:
        """Events of these kinds in order, from the moment of the call."""
        self._must_be_open()
        events = MemoryEvents(self.hub, kinds, since)
        self._events.append(events)
        return events

    async def request(
        self,
        request: Request[ReplyT],
        *,
        timeout_s: float | None = None,
        project: str | None = None,
        cause: str | None = None,
        on_progress: ProgressHandler | None = None,
    ) -> ReplyT:
        """Ask the service that `request` belongs to.

        Raises:
            ServiceDown: Nobody serves it.
            RequestTimeout: No answer within the bound.
            AuraError: What the service reported.
        """
        self._must_be_open()
        service = type(request).service
        server = self.hub._serving.get(service)  # pyright: ignore[reportPrivateUsage] - the hub's own part
        if server is None:
            raise ServiceDown(f"the service {service} is not connected")
        asked = wrap_with_cause(request, src=self._name, project=project, cause=cause)
        limit = self._timeout_s if timeout_s is None else timeout_s
        answer = await server._work(asked, limit, on_progress)  # the same class, on the other side of the hub
        if answer is None:
            raise RequestTimeout(f"{service} did not answer {asked.type} within {limit:g} s")
        return read_reply(request, answer)

    async def _work(self, asked: Envelope, limit: float, on_progress: ProgressHandler | None) -> Envelope | None:
        def pass_on(envelope: Envelope) -> None:
            hand_progress(on_progress, envelope)

        call = Call(asked, self._name, pass_on)
        task = asyncio.create_task(self._handlers.answer(call), name=f"answer {asked.type}")
        self._calls[task] = call
        task.add_done_callback(lambda done: self._calls.pop(done, None))
        try:
            await asyncio.wait({task}, timeout=limit)
        finally:
            if not task.done():
                call.cancelled = not self._closed
                task.cancel()
        if not task.done():
            return None
        if task.cancelled():
            return failure(asked, self._name, ServiceDown(f"the service {self._name} stopped"))
        return task.result()

    def serve(self, kind: type[RequestT], handler: Handler[RequestT]) -> None:
        """Answer requests of one kind; several run at once."""
        self._must_be_open()
        self._handlers.add(kind, handler)
        self.hub._serving[self._name] = self  # pyright: ignore[reportPrivateUsage] - the hub's own part

    async def close(self) -> None:
        """End the iterators and the handlers."""
        self._closed = True
        if self.hub._serving.get(self._name) is self:  # pyright: ignore[reportPrivateUsage] - the hub's own part
            del self.hub._serving[self._name]  # pyright: ignore[reportPrivateUsage] - the hub's own part
        for events in self._events:
            events.close()
        running: list[asyncio.Task[Any]] = list(self._calls)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=5)

    def _must_be_open(self) -> None:
        if self._closed:
            raise BusError(f"the bus connection of {self._name} is closed")
