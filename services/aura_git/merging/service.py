"""Merging over the bus: finds the repository, works in a thread, and tells everybody what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from aura_git.branching.finishing import continue_finish
from aura_git.branching.service import finished_event
from aura_git.desk import GitDesk
from aura_git.merging.concluding import abort, continue_, skip
from aura_git.merging.merging import do_merge
from aura_git.merging.reached import tests_reached
from aura_git.merging.rebasing import do_rebase
from aura_git.merging.replaying import forecast_rebase
from aura_git.merging.resolving import resolve
from aura_git.merging.settling import Accepted
from aura_git.merging.simulation import forecast, simulate
from aura_git.merging.syncing import sync
from aura_git.repository import Repository
from aura_git.safety.contract import OperationRecord, Safety
from aura_shared.bus import Context
from aura_shared.messages.branches import BranchFinished
from aura_shared.messages.merges import (
    AbortOperation,
    ContinueOperation,
    DoMerge,
    DoRebase,
    MergeAnswer,
    MergeForecast,
    MergeUpdated,
    RebaseForecast,
    ResolveConflicts,
    SimulateMerge,
    SimulateRebase,
    SkipCommit,
    SyncAnswer,
    SyncBranches,
)

__all__ = ["MergeService"]

_MOST_LEFT: Final = 200
_FINISH: Final = "branch finish"
_WHAT: Final = {"done": "finished", "waiting": "waiting", "aborted": "aborted"}


class MergeService:
    """Serves the requests of `aura_shared.messages.merges`."""

    def __init__(self, desk: GitDesk) -> None:
        self._desk = desk

    def register(self) -> None:
        """Serve them from now on."""
        serve = self._desk.bus.serve
        serve(SimulateMerge, self._simulate_merge)
        serve(SimulateRebase, self._simulate_rebase)
        serve(DoMerge, self._merge)
        serve(DoRebase, self._rebase)
        serve(SyncBranches, self._sync)
        serve(ResolveConflicts, self._resolve)
        serve(ContinueOperation, self._continue)
        serve(SkipCommit, self._skip)
        serve(AbortOperation, self._abort)

    async def _simulate_merge(self, request: SimulateMerge, _context: Context) -> MergeForecast:
        repository = await self._desk.repository(request.project)

        def work() -> MergeForecast:
            simulation = simulate(repository, request.ref)
            return forecast(repository, simulation, Accepted.of(request.accept), explained=request.explain)[0]

        answer = await asyncio.to_thread(work)
        if not request.explain or not answer.changed:
            return answer
        paths = [path.removeprefix(repository.prefix) for path in answer.changed if path.startswith(repository.prefix)]
        tests, unknown = await tests_reached(self._desk.bus, repository.project, paths)
        return answer.model_copy(update={"tests": tests, "tests_unknown": unknown})

    async def _simulate_rebase(self, request: SimulateRebase, _context: Context) -> RebaseForecast:
        repository = await self._desk.repository(request.project)
        accepted = Accepted.of(request.accept)

        def work() -> RebaseForecast:
            return forecast_rebase(
                repository, request.onto, accepted, update_refs=request.update_refs, explained=request.explain
            )[0]

        return await asyncio.to_thread(work)

    async def _merge(self, request: DoMerge, context: Context) -> MergeAnswer:
        repository = await self._desk.repository(request.project)
        await self._begun(repository, request, context, "merge", request.ref)
        answer = await self._desk.write(lambda: do_merge(repository, self._desk.safety, request))
        return await self._told(repository, answer, context, request.ref)

    async def _rebase(self, request: DoRebase, context: Context) -> MergeAnswer:
        repository = await self._desk.repository(request.project)
        protected = self._desk.settings.git.protected
        await self._begun(repository, request, context, "rebase", request.onto)
        answer = await self._desk.write(lambda: do_rebase(repository, self._desk.safety, request, protected))
        return await self._told(repository, answer, context, request.onto)

    async def _sync(self, request: SyncBranches, context: Context) -> SyncAnswer:
        repository = await self._desk.repository(request.project)
        protected = self._desk.settings.git.protected
        answer = await self._desk.write(lambda: sync(repository, self._desk.safety, request, protected))
        if not answer.dry_run:
            event = MergeUpdated(
                project=repository.project, what="finished", command="sync", operation=answer.operations[-1]
            )
            await self._desk.tell(event, project=repository.project, cause=context.envelope.id)
        return answer

    async def _resolve(self, request: ResolveConflicts, context: Context) -> MergeAnswer:
        repository = await self._desk.repository(request.project)
        answer = await self._desk.write(lambda: resolve(repository, self._desk.safety, request))
        return await self._told(repository, answer, context)

    async def _continue(self, request: ContinueOperation, context: Context) -> MergeAnswer:
        repository = await self._desk.repository(request.project)
        safety = self._desk.safety

        def work() -> tuple[MergeAnswer, BranchFinished | None]:
            record = safety.open_operation(repository)
            if record is not None and record.command == _FINISH:
                return _continue_finish(repository, safety, record)
            return continue_(repository, safety), None

        answer, finished = await self._desk.write(work)
        event = finished_event(repository.project, finished) if finished is not None else None
        if event is not None:
            await self._desk.tell(event, project=repository.project, cause=context.envelope.id)
        return await self._told(repository, answer, context)

    async def _skip(self, request: SkipCommit, context: Context) -> MergeAnswer:
        return await self._step(request.project, skip, context)

    async def _abort(self, request: AbortOperation, context: Context) -> MergeAnswer:
        return await self._step(request.project, abort, context)

    async def _step(self, project: str, step: Callable[..., MergeAnswer], context: Context) -> MergeAnswer:
        repository = await self._desk.repository(project)
        answer = await self._desk.write(lambda: step(repository, self._desk.safety))
        return await self._told(repository, answer, context)

    async def _begun(
        self, repository: Repository, request: DoMerge | DoRebase, context: Context, command: str, ref: str
    ) -> None:
        if not request.dry_run:
            event = MergeUpdated(project=repository.project, what="started", command=command, ref=ref)
            await self._desk.tell(event, project=repository.project, cause=context.envelope.id)

    async def _told(self, repository: Repository, answer: MergeAnswer, context: Context, ref: str = "") -> MergeAnswer:
        """Publish what happened, unless nothing did; returns the answer."""
        if answer.standing not in _WHAT:
            return answer
        event = MergeUpdated(
            project=repository.project,
            what=_WHAT[answer.standing],  # pyright: ignore[reportArgumentType] - the values are the names of the field
            command=answer.command,
            operation=answer.operation,
            ref=ref,
            left=answer.left[:_MOST_LEFT],
        )
        await self._desk.tell(event, project=repository.project, cause=context.envelope.id)
        return answer


def _continue_finish(
    repository: Repository, safety: Safety, record: OperationRecord
) -> tuple[MergeAnswer, BranchFinished]:
    """Go on with the finish of a branch; told as a step of a merge, and as it is."""
    old = repository.git.commit_of("HEAD")
    found = continue_finish(safety, repository, record)
    waits = bool(found.conflicts)
    done = [step.text for step in found.steps if step.done]
    answer = MergeAnswer(
        standing="waiting" if waits else "done",
        command=_FINISH,
        operation=found.operation,
        summary=f"finish of {found.branch}: {'; '.join(done)}" if done else f"finish of {found.branch}",
        old=old,
        new=repository.git.commit_of("HEAD"),
        left=found.conflicts,
        notes=found.notices,
    )
    return answer, found
