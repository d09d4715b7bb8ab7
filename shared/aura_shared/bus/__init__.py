"""The bus as services see it.

`Bus` is what code takes as an argument; `aura_shared.bus.zmq_bus.connect` gives the real one and
`aura_shared.bus.memory.MemoryBus` one without sockets for tests.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from aura_shared.messages.core import Envelope, Event, Progress, Reply, ReplyT, Request

__all__ = ["Bus", "Context", "Delivery", "EventT", "Events", "Handler", "ProgressHandler", "RequestT"]

EventT = TypeVar("EventT", bound=Event)
RequestT = TypeVar("RequestT", bound=Request[Any])


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event as it arrives."""

    event: Event
    """The message itself."""
    envelope: Envelope
    """Who sent it, when, and because of what."""
    seq: int
    """Its place in the journal; 0 for an ephemeral one."""


class Events(Protocol):
    """Events as they arrive: an async iterator that a timeout or a cancelled wait does not end.

    It listens from the moment `Bus.listen` was called, and ends when it or the bus is closed.
    """

    def __aiter__(self) -> Events:
        """Itself."""
        ...

    async def __anext__(self) -> Delivery:
        """The next event; waits for it."""
        ...

    async def aclose(self) -> None:
        """Listen no longer."""
        ...


class Context(Protocol):
    """What a handler knows of the request that it answers."""

    @property
    def envelope(self) -> Envelope:
        """Who asks, when, and because of what."""
        ...

    @property
    def cancelled(self) -> bool:
        """Whether the caller has gone or took the request back. The handler's task is cancelled as well."""
        ...

    async def progress(self, progress: Progress) -> None:
        """Tell the caller how far the work is."""
        ...


ProgressHandler = Callable[[Progress], None]
Handler = Callable[[RequestT, Context], Awaitable[Reply]]


class Bus(Protocol):
    """Events out and in, and requests between services."""

    @property
    def name(self) -> str:
        """Name of the service or client that this connection belongs to."""
        ...

    @property
    def lag(self) -> int:
        """Events between the head of the journal and the last one handed out by `listen`."""
        ...

    async def publish(self, event: Event, *, project: str | None = None, cause: str | None = None) -> int:
        """Send an event; returns its place in the journal once it is on disk, 0 at once for an ephemeral one.

        Without `cause` it is what `aura_shared.causes` knows: inside a handler, the request. A durable event is sent
        again, with the same id, until the broker has acknowledged it.

        Raises:
            BusError: The broker did not acknowledge within the bound of the settings.
        """
        ...

    def listen(self, *kinds: type[EventT], since: int | None = None) -> Events:
        """Events of these kinds in order, each once, gaps filled from the journal.

        Args:
            kinds: Which events.
            since: Start after this place in the journal; without it, with the last values of `state` events and then
                what comes from now on.
        """
        ...

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
            ServiceDown: Nobody serves it.
            RequestTimeout: No answer within `timeout_s` (default of the settings: 30 s).
            AuraError: What the service reported, as the same kind of error.
        """
        ...

    def serve(self, kind: type[RequestT], handler: Handler[RequestT]) -> None:
        """Answer requests of one kind; several run at once. An `AuraError` of the handler goes to the caller."""
        ...

    async def close(self) -> None:
        """Send what waits, within the bound of the settings, and give the sockets back."""
        ...
