"""The parser of plans in one process, behind a bus without sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aura_cli_running import JsonObject, StandIn
from aura_planning.parsing.service import ParseService
from aura_shared.bus import Bus
from aura_shared.bus.memory import MemoryBus, MemoryHub
from aura_shared.errors import AuraError
from aura_shared.messages.core import ReplyT, Request
from aura_shared.paths import find_paths
from aura_shared.projects import Project, ProjectRegistry


class ParseDesk:
    """What the parser needs of the planning service."""

    def __init__(self, bus: Bus, registry: ProjectRegistry) -> None:
        self.bus = bus
        self._registry = registry

    async def project(self, name: str) -> Project:
        """A registered project."""
        return await asyncio.to_thread(self._registry.find, name)


class ParseRig:
    """One project, and the parser that serves it."""

    def __init__(self, root: Path) -> None:
        registry = ProjectRegistry(find_paths().prepare().projects)
        self.project: Project = registry.add(root)[0]
        hub = MemoryHub()
        ParseService(ParseDesk(MemoryBus("planning", hub=hub), registry)).register()
        self.client = hub.connect("client")

    async def ask(self, request: Request[ReplyT]) -> ReplyT:
        """Ask over the bus; errors come as they would from the service."""
        return await self.client.request(request)

    def serve(self, gateway: StandIn, routes: Mapping[str, type[Request[Any]]]) -> None:
        """Answer these routes of a stand-in for the gateway."""

        def answer(method: str, path: str, token: str, body: JsonObject) -> tuple[int, JsonObject]:
            del token
            gateway.asked.append((f"{method} {path}", body))
            try:
                reply = asyncio.run(self.ask(routes[path].model_validate(body)))
                return 200, reply.model_dump(mode="json")
            except (AuraError, ValidationError) as error:
                code, hint = (error.code, error.hint) if isinstance(error, AuraError) else ("invalid_request", "")
                text = error.message if isinstance(error, AuraError) else str(error)
                return 409, {"error": {"code": code, "message": text, "hint": hint, "request_id": "1"}}

        gateway.answer = answer
