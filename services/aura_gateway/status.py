"""The state of everything in one answer: services from the supervisor, projects from code intelligence, the gateway."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Final, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from aura_gateway.asking import Asking
from aura_gateway.version import installed_version
from aura_shared import control
from aura_shared.discovery import PROTOCOL_MAX, PROTOCOL_MIN
from aura_shared.errors import AuraError
from aura_shared.messages.code import ListProjects, ProjectInfo
from aura_shared.messages.services import WorkPaused
from aura_shared.paths import AuraPaths

__all__ = ["GatewayFacts", "ProtocolRange", "StatusAnswer", "StatusBoard"]

PART_TIMEOUT_S: Final = 2.0  # A part that does not answer must not hide the others.


class _Documented(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class ProtocolRange(_Documented):
    """Versions of the HTTP interface, both ends included."""

    min: int = Field(ge=0)
    """Oldest."""
    max: int = Field(ge=0)
    """Newest."""


class GatewayFacts(_Documented):
    """The gateway itself."""

    version: str
    """Version of Aura."""
    instance: str
    """Another one at each start."""
    pid: int
    """Its process."""
    uptime_s: float
    """Seconds since its start."""
    calls: int
    """Calls that were served since then."""
    protocol: ProtocolRange
    """Versions of the HTTP interface that it answers."""


class StatusAnswer(_Documented):
    """What runs, and how it is."""

    ready: bool
    """Whether every service is ready, as far as can be told."""
    gateway: GatewayFacts
    """The gateway itself."""
    supervisor: dict[str, JsonValue] | None = None
    """The supervisor's own answer, with its `services`; null when it does not answer."""
    projects: list[ProjectInfo] | None = None
    """The registered projects; null when code intelligence does not answer."""
    work: WorkPaused = WorkPaused(paused=False)
    """Whether background work was paused."""
    problems: list[str] = Field(default_factory=list)
    """What does not answer, and why."""


class StatusBoard:
    """Puts a status together; a part that does not answer is named instead of failing the whole."""

    def __init__(
        self,
        asking: Asking,
        paths: AuraPaths,
        instance: str,
        calls: Callable[[], int],
        work: Callable[[], WorkPaused],
    ) -> None:
        self._asking = asking
        self._paths = paths
        self._instance = instance
        self._calls = calls
        self._work = work
        self._began = time.monotonic()

    async def look(self, cause: str) -> StatusAnswer:
        """The state now."""
        problems: list[str] = []
        supervisor, projects = await asyncio.gather(self._supervisor(problems), self._projects(cause, problems))
        ready = not problems and supervisor is not None and supervisor.get("ready") is True
        return StatusAnswer(
            ready=ready,
            gateway=self.facts(),
            supervisor=supervisor,
            projects=projects,
            work=self._work(),
            problems=problems,
        )

    def facts(self) -> GatewayFacts:
        """The gateway itself."""
        return GatewayFacts(
            version=installed_version(),
            instance=self._instance,
            pid=os.getpid(),
            uptime_s=round(time.monotonic() - self._began, 1),
            calls=self._calls(),
            protocol=ProtocolRange(min=PROTOCOL_MIN, max=PROTOCOL_MAX),
        )

    async def _supervisor(self, problems: list[str]) -> dict[str, JsonValue] | None:
        try:
            answer = await asyncio.to_thread(control.call, self._paths, {"do": "status"}, timeout_s=PART_TIMEOUT_S)
        except AuraError as error:
            problems.append(f"supervisor: {error.message}")
            return None
        return cast("dict[str, JsonValue]", answer)

    async def _projects(self, cause: str, problems: list[str]) -> list[ProjectInfo] | None:
        try:
            answer = await self._asking.ask(ListProjects(), cause=cause, timeout_s=PART_TIMEOUT_S)
        except AuraError as error:
            problems.append(f"code: {error.message}")
            return None
        return answer.projects
