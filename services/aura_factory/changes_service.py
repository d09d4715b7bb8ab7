"""Changes over the bus: finds the project, does the work in a thread, and tells everybody what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from aura_factory.changes.desk import ChangeDesk
from aura_shared.bus import Bus, Context
from aura_shared.errors import AuraError
from aura_shared.logging import get_logger
from aura_shared.messages.changes import (
    ApplyChange,
    ChangeAnswer,
    ChangeList,
    ChangeUpdated,
    DecideHunks,
    EditProposal,
    ListChanges,
    ProposeChange,
    ShowChange,
    UndoChange,
)
from aura_shared.projects import Project, ProjectRegistry

__all__ = ["ChangesService"]

log = get_logger(__name__)

_MOST_PATHS: Final = 200
Happened = Literal["proposed", "decided", "edited", "applied", "undone", "rejected"]


class ChangesService:
    """The desk, for handlers of the bus and for the assistant."""

    def __init__(self, bus: Bus, desk: ChangeDesk, registry: ProjectRegistry) -> None:
        self._bus = bus
        self._desk = desk
        self._registry = registry

    def register(self) -> None:
        """Serve the requests of `aura_shared.messages.changes`."""
        serve = self._bus.serve
        serve(ProposeChange, self._propose)
        serve(ListChanges, self._list)
        serve(ShowChange, self._show)
        serve(DecideHunks, self._decide)
        serve(EditProposal, self._edit)
        serve(ApplyChange, self._apply)
        serve(UndoChange, self._undo)

    async def propose(self, root: Path, project_id: str, request: ProposeChange) -> ChangeAnswer:
        """Keep a proposal; returns it with its hunks.

        Raises:
            AuraError: A path may not be changed, or a file is not what the proposal was made from.
        """
        answer = await asyncio.to_thread(self._desk.propose, root, project_id, request)
        await self._tell(answer, "proposed", None)
        return answer

    async def _propose(self, request: ProposeChange, _context: Context) -> ChangeAnswer:
        project = await self._project(request.project)
        return await self.propose(Path(project.root), project.id, request)

    async def _list(self, request: ListChanges, _context: Context) -> ChangeList:
        project = (await self._project(request.project)).id if request.project else ""
        return await asyncio.to_thread(self._desk.list, project, request)

    async def _show(self, request: ShowChange, _context: Context) -> ChangeAnswer:
        return await asyncio.to_thread(self._desk.show, await self._id_of(request.project), request)

    async def _decide(self, request: DecideHunks, context: Context) -> ChangeAnswer:
        project = await self._id_of(request.project)
        answer = await self._done(lambda: self._desk.decide(project, request))
        await self._tell(answer, "rejected" if answer.change.state == "rejected" else "decided", context)
        return answer

    async def _edit(self, request: EditProposal, context: Context) -> ChangeAnswer:
        project = await self._id_of(request.project)
        answer = await self._done(lambda: self._desk.edit(project, request))
        await self._tell(answer, "edited", context)
        return answer

    async def _apply(self, request: ApplyChange, context: Context) -> ChangeAnswer:
        project = await self._id_of(request.project)
        answer = await self._done(lambda: self._desk.apply(project, request))
        await self._tell_written(answer, "applied", context)
        return answer

    async def _undo(self, request: UndoChange, context: Context) -> ChangeAnswer:
        project = await self._id_of(request.project)
        answer = await self._done(lambda: self._desk.undo(project, request))
        await self._tell_written(answer, "undone", context)
        return answer

    @staticmethod
    async def _done(work: Callable[[], ChangeAnswer]) -> ChangeAnswer:
        """Do it to its end, also when the caller leaves: a journal that is begun is finished."""
        return await asyncio.shield(asyncio.to_thread(work))

    async def _tell_written(self, answer: ChangeAnswer, what: Happened, context: Context) -> None:
        if not answer.merge:  # Otherwise the merge was only shown.
            await self._tell(answer, what, context)

    async def _tell(self, answer: ChangeAnswer, what: Happened, context: Context | None) -> None:
        """Publish what happened; it has happened whether or not others can be told."""
        change = answer.change
        event = ChangeUpdated(
            change=change.id,
            project=change.project,
            title=change.title,
            what=what,
            state=change.state,
            paths=answer.written[:_MOST_PATHS],
        )
        try:
            await self._bus.publish(event, project=change.project, cause=context.envelope.id if context else None)
        except AuraError:
            log.warning("change_not_published", change=change.id, exc_info=True)

    async def _id_of(self, project: str) -> str:
        return (await self._project(project)).id if project else ""

    async def _project(self, name: str) -> Project:
        return await asyncio.to_thread(self._registry.find, name)
