"""Projects as MCP resources, and the way from an event on the bus to a client that follows one.

Clients of the 2026-07-28 revision follow through `subscriptions/listen`, older ones through `resources/subscribe`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import ResourcesListChanged, ResourceUpdated, ServerEvent
from mcp_types import EmptyResult, SubscribeRequestParams, UnsubscribeRequestParams

from aura_gateway.mcp_plan_resources import plan_events
from aura_shared.logging import get_logger
from aura_shared.messages.code import IndexUpdated, ProjectRemoved, ProjectStateChanged
from aura_shared.messages.core import Event
from aura_shared.messages.plan_items import PlanItemsChanged

__all__ = ["PROJECTS_URI", "LegacyFollowers", "ResourceEvents", "status_uri"]

PROJECTS_URI: Final = "aura://projects"
_MAX_LEGACY: Final = 2000  # Follows of clients that left without a word are forgotten oldest first.

log = get_logger("mcp")


def status_uri(project: str) -> str:
    """The resource with the state of a project."""
    return f"aura://project/{project}/status"


class ResourceEvents:
    """The SDK's fan-out to open `subscriptions/listen` streams, fed from the bus."""

    def __init__(self) -> None:
        self._listeners: dict[object, Callable[[ServerEvent], None]] = {}
        self._phases: dict[str, str] = {}

    async def publish(self, event: ServerEvent) -> None:
        """Give `event` to every open stream."""
        self.tell(event)
        await asyncio.sleep(0)  # Lets the streams drain between the events of a burst.

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Have `listener` called with every event; returns what ends that."""
        key = object()
        self._listeners[key] = listener

        def unsubscribe() -> None:
            self._listeners.pop(key, None)

        return unsubscribe

    def tell(self, event: ServerEvent) -> None:
        """Give `event` to every open stream; one that fails is logged and does not stop the others."""
        for listener in list(self._listeners.values()):
            try:
                listener(event)
            except Exception:
                log.exception("resource_listener_failed")

    def hear(self, event: Event) -> None:
        """Turn an event of the bus into what followers of resources are told."""
        for told in self._of(event):
            self.tell(told)

    def _of(self, event: Event) -> list[ServerEvent]:
        if isinstance(event, IndexUpdated):
            return [ResourceUpdated(status_uri(event.project))]
        if isinstance(event, PlanItemsChanged):
            return plan_events(event)
        if isinstance(event, ProjectRemoved):
            self._phases.pop(event.project, None)
            return [ResourceUpdated(status_uri(event.project)), ResourceUpdated(PROJECTS_URI), ResourcesListChanged()]
        if not isinstance(event, ProjectStateChanged):
            return []
        project = event.project
        before = self._phases.get(project.id)
        self._phases[project.id] = project.phase
        told: list[ServerEvent] = [ResourceUpdated(status_uri(project.id))]
        if before != project.phase:
            told.append(ResourceUpdated(PROJECTS_URI))
        if before is None:
            told.append(ResourcesListChanged())
        return told


class _Session(Protocol):
    """The one method of an SDK session that is used."""

    async def send_resource_updated(self, uri: str) -> None:
        """Tell the client that a resource changed."""
        ...


class LegacyFollowers:
    """Clients of revisions up to 2025-11-25 that follow a resource."""

    def __init__(self, events: ResourceEvents) -> None:
        self._sessions: dict[tuple[str, str], _Session] = {}
        self._sending: set[asyncio.Task[None]] = set()
        events.subscribe(self._tell)

    async def subscribe(self, context: ServerRequestContext[Any, Any], params: SubscribeRequestParams) -> EmptyResult:
        """Handle `resources/subscribe`."""
        if len(self._sessions) >= _MAX_LEGACY:
            self._sessions.pop(next(iter(self._sessions)))
        self._sessions[_session_id(context), params.uri] = context.session
        return EmptyResult()

    async def unsubscribe(
        self, context: ServerRequestContext[Any, Any], params: UnsubscribeRequestParams
    ) -> EmptyResult:
        """Handle `resources/unsubscribe`."""
        self._sessions.pop((_session_id(context), params.uri), None)
        return EmptyResult()

    def _tell(self, event: ServerEvent) -> None:
        if not isinstance(event, ResourceUpdated):
            return
        for key, session in list(self._sessions.items()):
            if key[1] == event.uri:
                task = asyncio.create_task(self._send(key, session), name="tell legacy follower")
                self._sending.add(task)
                task.add_done_callback(self._sending.discard)

    async def _send(self, key: tuple[str, str], session: _Session) -> None:
        try:
            async with asyncio.timeout(5):
                await session.send_resource_updated(key[1])
        except Exception:  # noqa: BLE001 - a session that ended may raise anything; it is forgotten
            self._sessions.pop(key, None)


def _session_id(context: ServerRequestContext[Any, Any]) -> str:
    headers: dict[str, str] = getattr(context.request, "headers", {})
    return headers.get("mcp-session-id", "")
