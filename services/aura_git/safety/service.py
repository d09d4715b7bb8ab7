"""The safety core over the bus: state, journal, undo and abort; and the watch over what others do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from aura_git.desk import GitDesk
from aura_git.repository import Repository, read_state
from aura_git.safety.contract import OperationRecord, UndoOutcome
from aura_git.safety.gates import is_protected, named
from aura_git.safety.locking import held_locks
from aura_git.safety.recovery import choices_of
from aura_git.watching import RefWatcher
from aura_shared.bus import Context
from aura_shared.errors import AuraError, NoRepository, NotFound, UnknownOperation
from aura_shared.logging import get_logger
from aura_shared.messages.code import ProjectRemoved, ProjectStateChanged
from aura_shared.messages.git import (
    AbandonOperation,
    GitChanged,
    GitOperation,
    GitOperationAnswer,
    GitOperations,
    GitOperationUpdated,
    GitStatus,
    ListOperations,
    RefMove,
    ShowGitStatus,
    ShowOperation,
    UndoAnswer,
    UndoOperation,
)
from aura_shared.projects import Project

__all__ = ["SafetyService", "told"]

log = get_logger(__name__)

_LAST: Final = 3
_MOST_PATHS: Final = 1000
_MOST_UNMERGED: Final = 200


def told(record: OperationRecord) -> GitOperation:
    """An operation as others are told of it."""
    return GitOperation(
        id=record.id,
        command=record.command,
        title=record.title,
        state=record.state,
        started_at=record.started_at,
        ended_at=record.ended_at,
        steps=list(record.steps),
        undoes=record.undoes,
        waiting_for=record.waiting_for,
        problem=record.problem,
        facts={key: value.replace("\0", ", ") for key, value in record.facts.items()},
        choices=list(choices_of(record)),
    )


class SafetyService:
    """Serves the requests of `aura_shared.messages.git`, and watches the repositories of registered projects."""

    def __init__(self, desk: GitDesk) -> None:
        self._desk = desk
        self.watcher = RefWatcher(self._tell_changed)
        """Notices what others do."""
        self._follower: asyncio.Task[None] | None = None
        self._known: set[str] = set()
        """Projects that were looked at, also those that lie in no repository."""

    def register(self) -> None:
        """Serve."""
        serve = self._desk.bus.serve
        serve(ShowGitStatus, self._status)
        serve(ListOperations, self._list)
        serve(ShowOperation, self._show)
        serve(UndoOperation, self._undo)
        serve(AbandonOperation, self._abandon)

    async def start(self) -> None:
        """Recover and watch the repository of every project, and follow projects that come and go."""
        for project in await self._desk.projects():
            await self._take_up(project)
        self._follower = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Watch no more."""
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)
        await self.watcher.stop()

    async def _take_up(self, project: Project) -> None:
        self._known.add(project.id)
        try:
            repository = await asyncio.to_thread(self._desk.open, project)
            await self._recover(repository)
            await self.watcher.add(repository)
        except NoRepository:
            log.debug("git_not_watched", project=project.id)
        except (AuraError, OSError):
            log.warning("git_not_watched", project=project.id, exc_info=True)

    async def _recover(self, repository: Repository) -> None:
        """Tell of operations that wait for a person, or whose process died."""
        if not (repository.common_dir / "aura").is_dir():
            return
        try:
            for record in await self._desk.write(lambda: self._desk.safety.recover(repository)):
                log.info("git_operation_open", project=repository.project, operation=record.id, state=record.state)
                await self._tell_updated(repository, record)
        except (AuraError, OSError):
            log.warning("git_recovery_failed", project=repository.project, exc_info=True)

    async def _follow(self) -> None:
        async for delivery in self._desk.bus.listen(ProjectStateChanged, ProjectRemoved):
            event = delivery.event
            if isinstance(event, ProjectRemoved):
                self._known.discard(event.project)
                self.watcher.remove(event.project)
            elif isinstance(event, ProjectStateChanged) and event.project.id not in self._known:
                with suppress(NotFound):
                    await self._take_up(await self._desk.project(event.project.id))

    async def _tell_changed(self, event: GitChanged) -> None:
        await self._desk.tell(event, project=event.project)

    async def _tell_updated(self, repository: Repository, record: OperationRecord) -> None:
        event = GitOperationUpdated(project=repository.project, operation=told(record))
        await self._desk.tell(event, project=repository.project)

    async def _status(self, request: ShowGitStatus, _context: Context) -> GitStatus:
        repository = await self._desk.repository(request.project)
        return await asyncio.to_thread(self._status_of, repository)

    def _status_of(self, repository: Repository) -> GitStatus:
        safety = self._desk.safety
        state = read_state(repository)
        waiting = safety.open_operation(repository)
        concerns = safety.concerns(repository) if state.staged else []
        return GitStatus(
            root=str(repository.root),
            head=state.head,
            branch=state.branch,
            protected=bool(state.branch) and is_protected(state.branch, self._desk.settings.git.protected),
            detached=state.detached,
            unborn=state.unborn,
            bare=state.bare,
            shallow=state.shallow,
            sparse=state.sparse,
            linked=state.linked,
            in_progress=state.in_progress,
            unmerged=list(state.unmerged[:_MOST_UNMERGED]),
            staged=state.staged,
            unstaged=state.unstaged,
            untracked=state.untracked,
            upstream=state.upstream,
            ahead=state.ahead,
            behind=state.behind,
            upstream_gone=state.upstream_gone,
            operation=told(waiting) if waiting else None,
            last=[told(record) for record in safety.operations(repository, _LAST)],
            concerns=sum(concern.blocks for concern in concerns),
            locks=[path.name for path in held_locks(repository)],
        )

    async def _list(self, request: ListOperations, _context: Context) -> GitOperations:
        repository = await self._desk.repository(request.project)
        found = await asyncio.to_thread(self._desk.safety.operations, repository, request.limit + 1)
        listed = [told(record) for record in found[: request.limit]]
        return GitOperations(operations=listed, more=len(found) > request.limit)

    async def _show(self, request: ShowOperation, _context: Context) -> GitOperationAnswer:
        repository = await self._desk.repository(request.project)
        record = await asyncio.to_thread(self._desk.safety.operation, repository, request.operation)
        return GitOperationAnswer(operation=told(record), refs=_moves_of(record))

    async def _undo(self, request: UndoOperation, _context: Context) -> UndoAnswer:
        repository = await self._desk.repository(request.project)
        safety = self._desk.safety
        return await self._take_back(
            repository, lambda: safety.undo(repository, request.operation, dry_run=request.dry_run)
        )

    async def _abandon(self, request: AbandonOperation, _context: Context) -> UndoAnswer:
        repository = await self._desk.repository(request.project)
        name = request.operation or await asyncio.to_thread(self._open_id, repository)
        return await self._take_back(repository, lambda: self._desk.safety.abandon(repository, name))

    def _open_id(self, repository: Repository) -> str:
        found = self._desk.safety.open_operation(repository)
        if found is None:
            hint = "`aura git undo` takes back what is done; `aura git ops` lists the operations."
            raise UnknownOperation("no operation waits or was interrupted here", hint=hint)
        return found.id

    async def _take_back(self, repository: Repository, work: Callable[[], UndoOutcome]) -> UndoAnswer:
        outcome = await self._desk.write(work)
        record = outcome.operation
        if outcome.done:
            record = await asyncio.to_thread(self._with_facts, repository, record)
            await self._tell_updated(repository, record)
        return UndoAnswer(
            operation=told(record),
            refs=[RefMove(name=name, old=old, new=new) for name, (old, new) in outcome.refs.items()],
            paths=list(outcome.paths[:_MOST_PATHS]),
            path_count=len(outcome.paths),
            done=outcome.done,
            notice=_notice(outcome),
        )

    def _with_facts(self, repository: Repository, record: OperationRecord) -> OperationRecord:
        """The operation as it is now, with what its undo noted."""
        return replace(self._desk.safety.operation(repository, record.id), facts=record.facts)


def _moves_of(record: OperationRecord) -> list[RefMove]:
    before, after = record.before, record.after
    if before is None or after is None:
        return []
    names = sorted({*before.refs, *after.refs})
    moves = [(name, before.refs.get(name, ""), after.refs.get(name, "")) for name in names]
    moves.insert(0, ("HEAD", before.head, after.head))
    return [RefMove(name=name, old=old, new=new) for name, old, new in moves if old != new]


def _notice(outcome: UndoOutcome) -> str:
    """What a person should know."""
    facts, parts = outcome.operation.facts, list[str]()
    if facts.get("pushed"):
        parts.append(f"What is on a remote stays there ({facts['pushed']}): a push cannot be taken back.")
    if facts.get("edited"):
        kept = f"; `aura git undo {facts['undone_by']}` brings them back" if facts.get("undone_by") else ""
        parts.append(f"Edits made since were replaced in {named(facts['edited'].split(chr(0)))}{kept}.")
    if facts.get("submodules"):
        parts.append(f"What is checked out in sub-modules stays as it is: {named(facts['submodules'].split(chr(0)))}.")
    return " ".join(parts)
