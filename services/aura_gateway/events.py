"""The event stream: what happens on the bus, as it happens, over a WebSocket.

Each frame is one event as JSON. A client that was away gives `since` with the last `seq` that it saw and misses
nothing that the journal still has. A client that reads too slowly is sent away instead of filling the memory; it comes
back with `since`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Final

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict, JsonValue

from aura_gateway.guard import TOKEN_PROTOCOL
from aura_shared.bus import Bus, Delivery, Events
from aura_shared.errors import BusError, UsageProblem
from aura_shared.messages.approvals import ApprovalChanged
from aura_shared.messages.branches import BranchUpdated
from aura_shared.messages.changes import ChangeUpdated
from aura_shared.messages.code import IndexUpdated, ProjectRemoved, ProjectStateChanged
from aura_shared.messages.commits import CommitDraftOutdated, CommitMade
from aura_shared.messages.core import Event
from aura_shared.messages.findings import FindingsUpdated
from aura_shared.messages.git import GitChanged, GitOperationUpdated
from aura_shared.messages.git_health import GitProposal
from aura_shared.messages.merges import MergeUpdated
from aura_shared.messages.models import ModelServersChanged
from aura_shared.messages.plan_drift import PlanDriftChanged
from aura_shared.messages.plan_forecast import PlanForecastChanged
from aura_shared.messages.plan_items import PlanItemsChanged
from aura_shared.messages.plan_progress import PlanProgressChanged
from aura_shared.messages.pulls import PullUpdated
from aura_shared.messages.releases import ReleaseCut
from aura_shared.messages.services import LogLine, ServiceMetrics, ServiceStateChanged, WorkPaused

__all__ = ["EVENT_KINDS", "EVENT_PROTOCOL", "TOO_SLOW", "EventFrame", "EventStreams", "event_routes"]

EVENT_KINDS: Final[Mapping[str, type[Event]]] = {
    kind.type: kind
    for kind in (
        *(ProjectStateChanged, ProjectRemoved, IndexUpdated, FindingsUpdated, ChangeUpdated, ApprovalChanged),
        *(GitChanged, GitOperationUpdated, GitProposal, CommitMade, CommitDraftOutdated, BranchUpdated),
        *(MergeUpdated, PullUpdated, ReleaseCut, ModelServersChanged),
        *(PlanItemsChanged, PlanDriftChanged, PlanForecastChanged, PlanProgressChanged),
        *(ServiceStateChanged, ServiceMetrics, LogLine, WorkPaused),
    )
}
"""Every kind of event that can be asked for."""
_USUAL: Final = tuple(kind for kind in EVENT_KINDS.values() if kind.durability != "ephemeral")
EVENT_PROTOCOL: Final = "aura.events.1"
"""Subprotocol that the gateway accepts for a client that offers its token as one."""
TOO_SLOW: Final = 4408
"""Close code: too many events waited for this client."""
GOING_AWAY: Final = 1001
_MAX_SINCE: Final = 2**62


class EventFrame(BaseModel):
    """One event as it is sent."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    seq: int
    """Its place in the journal; 0 for an event that is not kept."""
    type: str
    """Which event."""
    id: str
    """Its own id; an event that is sent twice has the same one."""
    ts: str
    """When it happened: ISO 8601 in UTC."""
    src: str
    """Which service sent it."""
    project: str | None
    """Which project it is about."""
    cause: str | None
    """The message that led to it."""
    corr: str | None = None
    """The message or the client's call that all of it began with."""
    origin: str = ""
    """Who began it all; empty where this event is the beginning."""
    data: dict[str, JsonValue]
    """The event itself."""


class EventStreams:
    """Serves event streams from one bus."""

    def __init__(self, bus: Bus, *, max_waiting: int = 1000, send_timeout_s: float = 10.0) -> None:
        self._bus = bus
        self._max_waiting = max_waiting
        self._send_timeout_s = send_timeout_s
        self._open: set[asyncio.Task[None]] = set()

    async def serve(self, socket: WebSocket, kinds: Sequence[type[Event]], since: int | None) -> None:
        """Send events until the client leaves, is too slow, or the gateway stops."""
        # The stream has its own connection to the journal's position from here on: nothing between now and the
        # first frame is missed.
        events = self._bus.listen(*kinds, since=since)
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            async with aclosing(events):
                await socket.accept(subprotocol=EVENT_PROTOCOL if EVENT_PROTOCOL in _offered(socket) else None)
                code = await self._stream(socket, events)
            await self._close(socket, code)
        finally:
            self._open.discard(task)

    async def _stream(self, socket: WebSocket, events: Events) -> int:
        """Pump until something ends it; returns the close code, 0 when the client is gone already."""
        waiting: asyncio.Queue[str] = asyncio.Queue(self._max_waiting)
        gathering = asyncio.create_task(_gather(events, waiting), name="gather events")
        sending = asyncio.create_task(_send(socket, waiting), name="send events")
        leaving = asyncio.create_task(_until_left(socket), name="await leave")
        tasks = (gathering, sending, leaving)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                return 0
            return gathering.result() if gathering.done() else 0
        except asyncio.CancelledError:
            return GOING_AWAY
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _close(self, socket: WebSocket, code: int) -> None:
        if code:
            reason = "read faster, and come back with since=SEQ" if code == TOO_SLOW else "the gateway stops"
            with suppress(TimeoutError, RuntimeError, OSError):
                async with asyncio.timeout(self._send_timeout_s):
                    await socket.close(code, reason)

    async def close(self) -> None:
        """End all streams."""
        streams = list(self._open)
        for task in streams:
            task.cancel()
        if streams:
            await asyncio.wait(streams, timeout=2.0)


def event_routes(streams: EventStreams) -> APIRouter:
    """The route of the event stream."""
    router = APIRouter()

    @router.websocket("/v1/events")
    async def events(socket: WebSocket) -> None:
        kinds = chosen_kinds(socket.query_params.get("types"))
        since = chosen_place(socket.query_params.get("since"))
        await streams.serve(socket, kinds, since)

    return router


def chosen_kinds(types: str | None) -> tuple[type[Event], ...]:
    """The kinds of events that a comma-separated list names; without it, all that are kept.

    Raises:
        UsageProblem: One of them is unknown.
    """
    if not types:
        return _USUAL
    names = [name.strip() for name in types.split(",")]
    unknown = [name for name in names if name not in EVENT_KINDS]
    if unknown:
        raise UsageProblem(
            f"there is no event {', '.join(unknown)[:200]!r}", hint=f"Events are: {', '.join(EVENT_KINDS)}."
        )
    return tuple(EVENT_KINDS[name] for name in dict.fromkeys(names))


def chosen_place(since: str | None) -> int | None:
    """The place in the journal that a text names.

    Raises:
        UsageProblem: It is no number from 0 on.
    """
    if since is None:
        return None
    if not (since.isascii() and since.isdigit()) or len(since) > 19 or int(since) > _MAX_SINCE:
        raise UsageProblem(
            f"since must be a number from 0 on, and is {since[:40]!r}", hint="Give the last `seq` you saw."
        )
    return int(since)


async def _gather(events: Events, waiting: asyncio.Queue[str]) -> int:
    """Queue events until there are too many, or no more to come; returns the close code."""
    try:
        async for delivery in events:
            waiting.put_nowait(_frame(delivery))
    except asyncio.QueueFull:
        return TOO_SLOW
    except BusError:
        return GOING_AWAY
    return GOING_AWAY


async def _send(socket: WebSocket, waiting: asyncio.Queue[str]) -> None:
    while True:
        await socket.send_text(await waiting.get())


async def _until_left(socket: WebSocket) -> None:
    """Read, and ignore, until the client leaves."""
    with suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()


def _frame(delivery: Delivery) -> str:
    envelope = delivery.envelope
    return EventFrame(
        seq=delivery.seq,
        type=envelope.type,
        id=envelope.id,
        ts=envelope.ts,
        src=envelope.src,
        project=envelope.project,
        cause=envelope.cause,
        corr=envelope.corr,
        origin=envelope.origin,
        data=envelope.data,
    ).model_dump_json()


def _offered(socket: WebSocket) -> list[str]:
    offered: list[str] = socket.scope.get("subprotocols", [])
    return [name for name in offered if not name.startswith(TOKEN_PROTOCOL)]
