"""The planning service in one process: real files behind a bus without sockets, and items to put there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aura_cli_running import JsonObject, StandIn
from aura_planning.desk import PlanDesk
from aura_planning.items.service import ItemService
from aura_shared.bus.memory import MemoryBus, MemoryHub
from aura_shared.errors import AuraError
from aura_shared.messages.core import ReplyT, Request
from aura_shared.messages.plan_items import PlanItemsChanged
from aura_shared.paths import AuraPaths, find_paths
from aura_shared.projects import Project, ProjectRegistry
from aura_shared.settings import Settings

__all__ = ["ItemRig", "item_text", "put"]


def item_text(id: str, kind: str, title: str = "", *, status: str = "", body: str = "", **fields: object) -> str:  # noqa: A002
    """The file of an item; a field of None is left out."""
    first = {"prd": "draft", "architecture": "draft", "epic": "future", "story": "draft", "task": "todo"}[kind]
    values: dict[str, object] = {"id": id, "kind": kind, "status": status or first, **fields}
    lines = [f"{key}: {value}" for key, value in values.items() if value is not None]
    return "\n".join(["---", *lines, "---", f"# {title or id}", "", body])


def put(root: Path, path: str, text: str | bytes) -> Path:
    """Write a file of the plan."""
    place = root / ".ai" / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(text if isinstance(text, bytes) else text.encode())
    return place


class ItemRig:
    """One project and the item service.

    Args:
        root: Folder of the project.
        settings: All settings; a project file counts beside them.
        hub: The bus of others, such as a gateway's.
    """

    def __init__(self, root: Path, settings: Settings | None = None, hub: MemoryHub | None = None) -> None:
        self.root = root
        self.paths: AuraPaths = find_paths().prepare()
        registry = ProjectRegistry(self.paths.projects)
        self.project: Project = registry.add(root)[0]
        self.hub = hub or MemoryHub()
        self.bus = MemoryBus("planning", hub=self.hub)
        self.client = self.hub.connect("client")
        self.desk = PlanDesk(self.bus, self.paths, settings or Settings(), registry)
        self.service = ItemService(self.desk)
        self.service.register()

    async def ask(self, request: Request[ReplyT]) -> ReplyT:
        """Ask over the bus; errors come as they would from the service."""
        return await self.client.request(request)

    @property
    def events(self) -> list[PlanItemsChanged]:
        """What was published."""
        return [one for one in self.bus.published if isinstance(one, PlanItemsChanged)]

    def serve(self, gateway: StandIn, routes: Mapping[str, type[Request[Any]]]) -> None:
        """Answer these routes (`/v1/plan/items`) of a stand-in for the gateway."""

        async def one(path: str, body: JsonObject) -> JsonObject:
            try:
                reply = await self.ask(routes[path].model_validate(body))
                return reply.model_dump(mode="json")
            finally:
                await self.service.stop()

        def answer(method: str, path: str, token: str, body: JsonObject) -> tuple[int, JsonObject]:
            gateway.asked.append((f"{method} {path}", body))
            try:
                return 200, asyncio.run(one(path, body))
            except (AuraError, ValidationError) as error:
                code, hint = (error.code, error.hint) if isinstance(error, AuraError) else ("invalid_request", "")
                text = error.message if isinstance(error, AuraError) else str(error)
                return 409, {"error": {"code": code, "message": text, "hint": hint, "request_id": "1"}}

        gateway.answer = answer
