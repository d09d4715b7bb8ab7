"""The git service in one process: real repositories and the real safety core behind a bus without sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from aura_cli_running import JsonObject, StandIn
from aura_git.desk import GitDesk
from aura_git.safety.core import SafetyCore
from aura_shared.bus.memory import MemoryBus, MemoryHub
from aura_shared.errors import AuraError
from aura_shared.messages.core import ReplyT, Request
from aura_shared.paths import AuraPaths, find_paths
from aura_shared.projects import Project, ProjectRegistry
from aura_shared.settings import Settings


class Part(Protocol):
    """A part of the service."""

    def register(self) -> None:
        """Serve its requests."""
        ...


class GitRig:
    """One project, and the parts of the service that a test needs.

    Args:
        root: Folder of the project.
        parts: Classes of parts, each made from the desk.
        settings: All settings.
    """

    def __init__(self, root: Path, *parts: Callable[[GitDesk], Part], settings: Settings | None = None) -> None:
        self.paths: AuraPaths = find_paths().prepare()
        registry = ProjectRegistry(self.paths.projects)
        self.project: Project = registry.add(root)[0]
        self.hub = MemoryHub()
        self.bus = MemoryBus("git", hub=self.hub)
        """The service's own connection; `published` has its events."""
        self.client = self.hub.connect("client")
        settings = settings or Settings()
        self.desk = GitDesk(self.bus, self.paths, settings, registry, SafetyCore(settings.git))
        for part in parts:
            part(self.desk).register()

    async def ask(self, request: Request[ReplyT]) -> ReplyT:
        """Ask over the bus; errors come as they would from the service."""
        return await self.client.request(request)

    def serve(self, gateway: StandIn, routes: Mapping[str, type[Request[Any]]]) -> None:
        """Answer these routes (`/v1/git/status`) of a stand-in for the gateway."""

        def answer(method: str, path: str, token: str, body: JsonObject) -> tuple[int, JsonObject]:
            gateway.asked.append((f"{method} {path}", body))
            try:
                reply = asyncio.run(self.ask(routes[path].model_validate(body)))
                return 200, reply.model_dump(mode="json")
            except (AuraError, ValidationError) as error:
                code, hint = (error.code, error.hint) if isinstance(error, AuraError) else ("invalid_request", "")
                text = error.message if isinstance(error, AuraError) else str(error)
                return 409, {"error": {"code": code, "message": text, "hint": hint, "request_id": "1"}}

        gateway.answer = answer
