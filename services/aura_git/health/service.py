"""Maintenance over the bus: health, mending, and the watch that acts once files are at rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from aura_git.branching.reading import read_branching
from aura_git.desk import GitDesk
from aura_git.health.checking import check_health
from aura_git.health.mending import mend
from aura_git.health.watching_mode import Quiet, Step, decide, fingerprint, read_watch, set_watch
from aura_git.repository import Repository, RepositoryState
from aura_git.safety.contract import Gates
from aura_shared.bus import Context
from aura_shared.errors import AuraError, GateClosed
from aura_shared.logging import get_logger
from aura_shared.messages.code import IndexUpdated
from aura_shared.messages.commits import DraftCommit, MakeCommit
from aura_shared.messages.git import GitChanged
from aura_shared.messages.git_health import (
    CheckHealth,
    GitProposal,
    HealthReport,
    MendAnswer,
    MendGit,
    SetWatch,
    WatchState,
)

__all__ = ["HealthService"]

log = get_logger(__name__)
_LOOK_S: Final = 5.0  # Only projects that changed are looked at, so a look costs nothing where nothing happened.


class HealthService:
    """Serves the requests of `aura_shared.messages.git_health`, and watches.

    Args:
        desk: What the parts of the service share.
        look_s: How often it is looked whether a project is at rest.
        clock: Seconds that only go forward.
    """

    def __init__(self, desk: GitDesk, *, look_s: float = _LOOK_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._look_s = look_s
        self._clock = clock
        self._quiet = Quiet()
        self._tasks: list[asyncio.Task[None]] = []

    def register(self) -> None:
        """Serve them."""
        serve = self._desk.bus.serve
        serve(CheckHealth, self._check)
        serve(MendGit, self._mend)
        serve(SetWatch, self._set)

    async def start(self) -> None:
        """Watch from now on."""
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._look_often())]

    async def stop(self) -> None:
        """Watch no more."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []

    async def _check(self, request: CheckHealth, _context: Context) -> HealthReport:
        repository = await self._desk.repository(request.project)
        protected = self._desk.settings.git.protected
        return await asyncio.to_thread(
            lambda: check_health(repository, rules=request.rules, largest=request.largest, protected=protected)
        )

    async def _mend(self, request: MendGit, _context: Context) -> MendAnswer:
        repository = await self._desk.repository(request.project)
        return await self._desk.write(lambda: mend(repository, self._desk.safety, request))

    async def _set(self, request: SetWatch, _context: Context) -> WatchState:
        repository = await self._desk.repository(request.project)
        state = await self._desk.write(lambda: set_watch(repository, self._desk.safety, request.mode, request.quiet_s))
        if request.mode not in {None, "off"}:
            self._quiet.touch(repository.project, self._clock())
        return state

    async def _follow(self) -> None:
        """Note which projects changed."""
        async for delivery in self._desk.bus.listen(IndexUpdated, GitChanged):
            event = delivery.event
            if isinstance(event, IndexUpdated | GitChanged):
                self._quiet.touch(event.project, self._clock())

    async def _look_often(self) -> None:
        while True:
            await asyncio.sleep(self._look_s)
            await self._desk.background.may_go_on()
            await self.look(self._clock())

    async def look(self, now: float) -> None:
        """Look at projects that changed and are at rest now; one that fails stops no other.

        Args:
            now: Seconds of the clock that `touch` was given.
        """
        for project in list(self._quiet.touched):
            try:
                await self._look_at(project, now)
            except (AuraError, OSError):
                self._quiet.touched.pop(project, None)
                log.info("git_watch_skipped", project=project, exc_info=True)

    def touch(self, project: str, now: float) -> None:
        """Something happened in a project."""
        self._quiet.touch(project, now)

    async def _look_at(self, project: str, now: float) -> None:
        repository = await self._desk.repository(project)
        watch = await asyncio.to_thread(read_watch, repository)
        if watch.mode == "off":
            self._quiet.touched.pop(project, None)
            return
        if not self._quiet.at_rest(project, now, watch.quiet_s):
            return
        self._quiet.touched.pop(project, None)
        state, protected = await asyncio.to_thread(self._state_of, repository)
        for planned in decide(project, state, watch.mode, protected):
            step = planned
            if planned.act == "commit":
                step = replace(planned, key=f"{planned.key}:{await asyncio.to_thread(fingerprint, repository)}")
            if self._quiet.is_new(project, step):
                await self._desk.tell(await self._done_or_proposed(repository, step), project=project)

    def _state_of(self, repository: Repository) -> tuple[RepositoryState, tuple[str, ...]]:
        """Its state, and which branches get nothing by the watch: those of the settings and of the strategy."""
        branching = read_branching(repository)
        return repository.state(), (*self._desk.settings.git.protected, *branching.bases, *branching.protected)

    async def _done_or_proposed(self, repository: Repository, step: Step) -> GitProposal:
        """Do what the owner allows; what is refused is proposed, with the reason."""
        if step.act is None:
            return step.proposal
        try:
            return await (self._commit(repository, step) if step.act == "commit" else self._push(repository, step))
        except AuraError as error:
            return step.proposal.model_copy(update={"why": f"{step.proposal.why}; not done by itself: {error.message}"})

    async def _commit(self, repository: Repository, step: Step) -> GitProposal:
        draft = await self._desk.bus.request(DraftCommit(project=repository.project, what="all"))
        blocking = [one for one in draft.concerns if one.blocks]
        if blocking or draft.protected or draft.message is None:
            why = blocking[0].message if blocking else "the branch is protected"
            return step.proposal.model_copy(update={"why": f"{step.proposal.why}; not done by itself: {why}"})
        made = await self._desk.bus.request(MakeCommit(project=repository.project, draft=draft.id))
        return GitProposal(
            project=repository.project, kind="committed", what=f"committed {made.commit[:9]} {made.subject}",
            why="files were at rest, and the watch may commit here", command=f"aura git undo {made.operation}",
            operation=made.operation,
        )  # fmt: skip

    async def _push(self, repository: Repository, step: Step) -> GitProposal:
        def work() -> str:
            state, protected = self._state_of(repository)
            now = next((one for one in decide(repository.project, state, "push", protected) if one.act == "push"), None)
            if now is None or now.key != step.key:
                raise GateClosed("something moved meanwhile")
            remote = repository.git.config(f"branch.{state.branch}.remote")
            name = f"refs/heads/{state.branch}"
            gates = Gates(attached=True)
            with self._desk.safety.begin(repository, "git watch", f"push {state.branch}", gates=gates) as operation:
                operation.step(f"push {state.branch}")
                repository.git.write("push", "--quiet", "--", remote, f"{name}:{name}")
                return operation.id

        operation = await self._desk.write(work)
        return GitProposal(
            project=repository.project, kind="pushed", what=step.proposal.what.replace("push", "pushed", 1),
            why="the watch may push here", command="", operation=operation,
        )  # fmt: skip
