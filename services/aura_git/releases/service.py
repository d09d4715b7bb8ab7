"""Releases over the bus: plans them, cuts them, and tells everybody."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final

from aura_git.desk import GitDesk
from aura_git.releases.cutting import cut_release
from aura_git.releases.planning import Planned, plan_release
from aura_git.repository import Repository
from aura_shared.bus import Context
from aura_shared.errors import AuraError
from aura_shared.logging import get_logger
from aura_shared.messages.releases import CutRelease, PlanRelease, ReleaseAnswer, ReleaseCut, ReleasePlan
from aura_shared.messages.review import GatherReview

__all__ = ["ReleaseService"]

log = get_logger(__name__)
_API_S: Final = 8.0  # A release that has to be chosen by hand waits no longer for what the interfaces say.
_MOST_API: Final = 20


class ReleaseService:
    """Serves the requests of `aura_shared.messages.releases`."""

    def __init__(self, desk: GitDesk) -> None:
        self._desk = desk

    def register(self) -> None:
        """Serve them."""
        self._desk.bus.serve(PlanRelease, self._plan)
        self._desk.bus.serve(CutRelease, self._cut)

    def _planned(self, repository: Repository, request: PlanRelease | CutRelease) -> Planned:
        day = datetime.now(UTC).date().isoformat()
        return plan_release(repository, path=request.path, pre=request.pre, version=request.version, day=day)

    async def _plan(self, request: PlanRelease, _context: Context) -> ReleasePlan:
        repository = await self._desk.repository(request.project)
        plan = (await asyncio.to_thread(self._planned, repository, request)).plan
        if not plan.choices:
            return plan
        return plan.model_copy(update={"evidence": [*plan.evidence, *await self._interfaces(repository, plan)]})

    async def _interfaces(self, repository: Repository, plan: ReleasePlan) -> list[str]:
        """What changed in public interfaces since the last release, when the code service answers in time."""
        question = GatherReview(
            project=repository.project, what="range", revision=f"{plan.since}..HEAD", only=["api"],
            paths=[f"{plan.path}/**"] if plan.path else [],
        )  # fmt: skip
        try:
            facts = await self._desk.bus.request(question, timeout_s=_API_S)
        except AuraError as error:
            log.info("release_without_interfaces", project=repository.project, reason=error.message)
            return [f"public interfaces were not compared: {error.message}"]
        breaking = [one for one in facts.api if one.breaking]
        added = [one for one in facts.api if one.kind == "added"]
        told = [f"breaks callers: {one.symbol} ({one.path}:{one.line}), {one.detail}" for one in breaking[:_MOST_API]]
        return [*told, f"public interfaces: {len(breaking)} changes break callers, {len(added)} definitions are new"]

    async def _cut(self, request: CutRelease, context: Context) -> ReleaseAnswer:
        repository = await self._desk.repository(request.project)

        def work() -> ReleaseAnswer:
            return cut_release(repository, self._desk.safety, self._planned(repository, request), request)

        answer = await self._desk.write(work)
        if answer.done:
            event = ReleaseCut(
                project=repository.project, version=answer.plan.version, tag=answer.tag, commit=answer.commit,
                pushed=answer.pushed, operation=answer.operation,
            )  # fmt: skip
            await self._desk.tell(event, project=repository.project, cause=context.envelope.id)
        return answer
