"""Branches over the bus: finds the repository, does the work in a thread, and tells everybody what happened."""

from __future__ import annotations

import asyncio
from typing import Final

from aura_git.branching.cleaning import clean
from aura_git.branching.drifting import check_drift
from aura_git.branching.finishing import finish
from aura_git.branching.initialising import initialise
from aura_git.branching.listing import list_branches
from aura_git.branching.publishing import publish
from aura_git.branching.reading import read_branching
from aura_git.branching.starting import start
from aura_git.desk import GitDesk
from aura_git.plan_items import linked_items
from aura_git.repository import Repository
from aura_shared.bus import Context
from aura_shared.errors import UnknownItem
from aura_shared.messages.branches import (
    BranchAction,
    BranchesCleaned,
    BranchFinished,
    BranchingSet,
    BranchList,
    BranchPublished,
    BranchStarted,
    BranchUpdated,
    CheckBranching,
    CleanBranches,
    DriftReport,
    FinishBranch,
    InitBranching,
    ListBranches,
    PublishBranch,
    StartBranch,
)

__all__ = ["BranchService", "finished_event"]

_HAPPENED: Final[dict[str, BranchAction]] = {"done": "finished", "waiting": "waiting"}


def finished_event(project: str, answer: BranchFinished) -> BranchUpdated | None:
    """What others are told of a finish; None when nothing happened. Also for one that was gone on with."""
    what = _HAPPENED.get(answer.state)
    if what is None:
        return None
    return BranchUpdated(project=project, branch=answer.branch, what=what, kind=answer.kind, operation=answer.operation)


class BranchService:
    """Serves the requests of `aura_shared.messages.branches`."""

    def __init__(self, desk: GitDesk) -> None:
        self._desk = desk

    def register(self) -> None:
        """Serve them."""
        serve = self._desk.bus.serve
        serve(ListBranches, self._list)
        serve(StartBranch, self._start)
        serve(FinishBranch, self._finish)
        serve(PublishBranch, self._publish)
        serve(CheckBranching, self._check)
        serve(CleanBranches, self._clean)
        serve(InitBranching, self._init)

    @property
    def _protected(self) -> tuple[str, ...]:
        return self._desk.settings.git.protected

    async def _list(self, request: ListBranches, _context: Context) -> BranchList:
        repository = await self._desk.repository(request.project)

        def work() -> BranchList:
            return list_branches(repository, read_branching(repository), kind=request.kind, protected=self._protected)

        return await asyncio.to_thread(work)

    async def _start(self, request: StartBranch, context: Context) -> BranchStarted:
        repository = await self._desk.repository(request.project)
        request = await self._named_after(repository, request)
        safety = self._desk.safety
        answer = await self._desk.write(lambda: start(repository, safety, read_branching(repository), request))
        if answer.operation:
            await self._tell(
                repository, context, answer.branch, "started", kind=answer.kind, commit=answer.commit,
                operation=answer.operation,
            )  # fmt: skip
        return answer

    async def _named_after(self, repository: Repository, request: StartBranch) -> StartBranch:
        """The request with name and task of the item that it names."""
        if not request.item:
            return request
        found = await linked_items(self._desk.bus, repository, names=[request.item])
        if not found.items:
            hint = "`aura plan list` shows what there is." if found.asked else "The planning service does not answer."
            raise UnknownItem(f"the plan has no item {request.item!r}", hint=hint)
        item = found.items[0]
        return request.model_copy(update={"name": request.name or item.title, "task": request.task or item.id})

    async def _finish(self, request: FinishBranch, context: Context) -> BranchFinished:
        repository = await self._desk.repository(request.project)
        safety = self._desk.safety
        answer = await self._desk.write(lambda: finish(repository, safety, read_branching(repository), request))
        event = finished_event(repository.project, answer)
        if event is not None:
            await self._desk.tell(event, project=repository.project, cause=context.envelope.id)
        return answer

    async def _publish(self, request: PublishBranch, context: Context) -> BranchPublished:
        repository = await self._desk.repository(request.project)

        def work() -> BranchPublished:
            return publish(repository, self._desk.safety, read_branching(repository), request, self._protected)

        answer = await self._desk.write(work)
        if answer.operation:
            await self._tell(
                repository, context, answer.branch, "published", commit=answer.commit, operation=answer.operation
            )
        return answer

    async def _check(self, request: CheckBranching, _context: Context) -> DriftReport:
        repository = await self._desk.repository(request.project)
        return await asyncio.to_thread(lambda: check_drift(repository, read_branching(repository)))

    async def _clean(self, request: CleanBranches, context: Context) -> BranchesCleaned:
        repository = await self._desk.repository(request.project)

        def work() -> BranchesCleaned:
            return clean(repository, self._desk.safety, read_branching(repository), request, self._protected)

        answer = await self._desk.write(work)
        for one in answer.proposals:
            if one.deleted:
                await self._tell(
                    repository, context, one.branch, "deleted", commit=one.commit, operation=answer.operation
                )
        return answer

    async def _init(self, request: InitBranching, context: Context) -> BranchingSet:
        repository = await self._desk.repository(request.project)
        answer = await self._desk.write(lambda: initialise(repository, self._desk.safety, request))
        if answer.operation:
            main = answer.branching.main
            await self._tell(repository, context, main, "initialised", operation=answer.operation)
        return answer

    async def _tell(
        self, repository: Repository, context: Context, branch: str, what: BranchAction, *, kind: str = "",
        commit: str = "", operation: str = "",
    ) -> None:  # fmt: skip
        event = BranchUpdated(
            project=repository.project, branch=branch, what=what, kind=kind, commit=commit, operation=operation
        )
        await self._desk.tell(event, project=repository.project, cause=context.envelope.id)
