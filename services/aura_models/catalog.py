"""The model servers that are known: those of the settings and those that were found, with what they serve.

Nothing is looked for before the first question, so that an idle process stays small. What is known is looked at anew
in the background once it is older than a minute, and at once when a question finds no model.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from typing import Any, Final, Protocol

from aura_models.answers import Answers
from aura_models.choosing import ROLES, choose, roles_of
from aura_models.cooling import Cooling, split_name
from aura_models.figures import Figures
from aura_models.provider import LLMProvider
from aura_models.servers import Servers
from aura_models.waiting import ServerQueue
from aura_shared.errors import ModelUnreachable, NoModel
from aura_shared.logging import get_logger
from aura_shared.messages.models import ModelInfo, ModelRole, ModelServer, RoleChoice
from aura_shared.settings import ModelsSettings

__all__ = ["Announce", "Catalog"]

log = get_logger(__name__)

FRESH_S: Final = 60.0
"""Older knowledge is renewed in the background."""
AGAIN_S: Final = 2.0
"""Younger knowledge is good enough to say that there is no model."""


class Announce(Protocol):
    """Told what the servers are whenever that changed."""

    def __call__(self, servers: list[ModelServer], /) -> Coroutine[Any, Any, None]:
        """Tell the others."""
        ...


class Catalog:
    """Servers, models and who plays which role."""

    def __init__(
        self, settings: ModelsSettings, servers: Servers, figures: Figures, answers: Answers, announce: Announce
    ) -> None:
        self._settings = settings
        self._known_servers = servers
        self._figures = figures
        self._answers = answers
        self._announce = announce
        self.cooling = Cooling(settings.cooldown_s)
        """Models that are left alone."""
        self._queues: dict[str, ServerQueue] = {}
        self._servers: list[ModelServer] = []
        self._looked_at: float | None = None
        self._looking: asyncio.Task[None] | None = None

    @property
    def servers(self) -> list[ModelServer]:
        """What is known, the servers of the settings first."""
        return list(self._servers)

    @property
    def models(self) -> list[ModelInfo]:
        """The models of servers that answered."""
        return [model for server in self._servers if server.up for model in server.models]

    async def look(self, *, older_than_s: float) -> None:
        """Ask all servers anew, if what is known is older than that; several callers share one look."""
        age = None if self._looked_at is None else time.monotonic() - self._looked_at
        if age is None or age > older_than_s:
            await asyncio.shield(self._begin())

    async def ready(self) -> None:
        """Return at once when servers are known; knowledge that is old is renewed in the background."""
        if self._looked_at is None:
            await asyncio.shield(self._begin())
        elif time.monotonic() - self._looked_at > FRESH_S:
            self._begin()

    async def candidates(self, role: ModelRole, model: str = "") -> list[ModelInfo]:
        """The models to try for a role, in order; only `model` (`server/model`) when it is given.

        Raises:
            NoModel: There is none.
        """
        await self.ready()
        found = self._candidates(role, model)
        if not found or not any(self._is_up(one.name) for one in found):
            await self.look(older_than_s=AGAIN_S)
            found = self._candidates(role, model)
        if not found:
            raise NoModel(f"no model plays the role {role}: {self.choice(role).reason}", hint=self.why_none())
        return found

    def choice(self, role: ModelRole) -> RoleChoice:
        """Which models play a role, and why."""
        models = self.models
        resting = {model.name: left for model in models if (left := self.cooling.left_s(model.name)) > 0}
        return choose(role, self._settings.roles.get(role, ()), models, resting)

    def described(self) -> tuple[list[ModelServer], list[RoleChoice]]:
        """The servers with the roles of their models, and every role."""
        choices = [self.choice(role) for role in ROLES]
        return [
            server.model_copy(
                update={
                    "models": [
                        model.model_copy(update={"roles": roles_of(model.name, choices)}) for model in server.models
                    ]
                }
            )
            for server in self._servers
        ], choices

    def why_none(self) -> str:
        """What to do where there is no model; empty when there is one."""
        if any(not model.embeds for model in self.models):
            return ""
        if self.models:
            return "Load a model that writes text, such as `ollama pull qwen2.5-coder:7b`, then see `aura models`."
        if any(server.up for server in self._servers):
            return "The server runs but has no model: load one, such as `ollama pull qwen2.5-coder:7b`."
        if self._servers:
            named = ", ".join(f"{server.name} ({server.url}): {server.problem or 'down'}" for server in self._servers)
            return f"Start the server. Looked at {named}."
        if not self._settings.discover:
            return "Name a server under models.servers in your settings, or set models.discover to true."
        return (
            f"Start Ollama, LM Studio or another server; looked at 127.0.0.1, ports {_usual_ports()}. Others are named "
            "under models.servers in your settings. Everything else in Aura works without a model."
        )

    def provider(self, model: str) -> LLMProvider:
        """The server of `server/model`.

        Raises:
            ModelUnreachable: No such server is known, or it cannot be used.
        """
        name = split_name(model)[0]
        found = self._known_servers.provider(name)
        if found is not None:
            return found
        problem = next((server.problem for server in self._servers if server.name == name), "")
        raise ModelUnreachable(f"the model server {name!r} cannot be asked: {problem or 'it was not found'}")

    def queue(self, model: str) -> ServerQueue:
        """Where calls to the server of `server/model` wait."""
        name = split_name(model)[0]
        if name not in self._queues:
            self._queues[name] = ServerQueue(
                name, at_once=self._settings.at_once, per_minute=self._settings.calls_per_minute
            )
        return self._queues[name]

    async def close(self) -> None:
        """Give all connections back."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        await self._known_servers.close()

    # -- parts --------------------------------------------------------------------------------------------------

    def _candidates(self, role: ModelRole, model: str) -> list[ModelInfo]:
        known = {info.name: info for server in self._servers for info in server.models}
        names = [model] if model else self.choice(role).models
        return [known.get(name) or ModelInfo(name=name) for name in names]

    def _is_up(self, model: str) -> bool:
        name = split_name(model)[0]
        return any(server.up and server.name == name for server in self._servers)

    def _begin(self) -> asyncio.Task[None]:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="look for model servers")
            self._looking.add_done_callback(_log_failure)
        return self._looking

    async def _look(self) -> None:
        servers = await self._known_servers.look()
        await self._take(
            [
                server.model_copy(update={"models": await self._figures.with_abilities(server.models)})
                for server in servers
            ]
        )

    async def _take(self, servers: list[ModelServer]) -> None:
        """Make `servers` what is known; tell the others if that is news."""
        digests = {model.name: model.digest for server in servers for model in server.models}
        if gone := await self._answers.forget_others(digests):
            log.info("answers_of_other_weights_forgotten", answers=gone)
        for server in servers:
            before = next((one for one in self._servers if one.name == server.name), None)
            if server.up and before is not None and not before.up:
                self.cooling.recovered(server.name)
        news = _essence(servers) != _essence(self._servers)
        self._servers, self._looked_at = servers, time.monotonic()
        if news:
            await self._announce(servers)


def _essence(servers: Sequence[ModelServer]) -> list[tuple[object, ...]]:
    """What makes a difference to others."""
    return [
        (server.name, server.url, server.up, server.problem, [(model.name, model.digest) for model in server.models])
        for server in servers
    ]


def _usual_ports() -> str:
    from aura_models.discovery import USUAL_PORTS  # noqa: PLC0415 - brings the HTTP client, which is loaded by now

    return ", ".join(f"{port} ({program})" for port, program in USUAL_PORTS.items())


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("servers_not_looked_at", exc_info=error)
