"""Tells once when what a draft or a planned split stands for is another one, so that who shows it can refresh."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from aura_git.commits.staging import Taken, index_aside, take_in
from aura_git.desk import GitDesk
from aura_git.repository import Repository
from aura_shared.causes import nothing_led_here
from aura_shared.errors import AuraError, ConflictsLeft, UsageProblem
from aura_shared.logging import get_logger
from aura_shared.messages.code import IndexUpdated, ProjectRemoved
from aura_shared.messages.commits import CommitDraftOutdated, OutdatedReason
from aura_shared.messages.git import GitChanged

__all__ = ["OutdatedDrafts", "Standing"]

log = get_logger(__name__)

_QUIET_S: Final = 0.2  # Programs write an index several times in a row.
_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Standing:
    """What a draft or a plan stands for."""

    id: str
    repository: Repository
    taken: Taken
    tree: str
    head: str
    """Commit that it follows; empty for the first."""
    split: bool = False


@dataclass(slots=True)
class Resting:
    """A draft that is being committed."""

    over: bool = False
    """Whether it is committed."""


class OutdatedDrafts:
    """Looks at drafts after index, files or HEAD changed; idle while there is no draft or nothing changes."""

    def __init__(self, desk: GitDesk, *, quiet_s: float = _QUIET_S) -> None:
        self._desk = desk
        self._quiet_s = quiet_s
        self._standing: OrderedDict[str, Standing] = OrderedDict()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._looks: dict[str, asyncio.Task[None]] = {}
        self._follower: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Listen to what happens."""
        self._follower = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Listen no more, and wait for looks under way."""
        for timer in self._timers.values():
            timer.cancel()
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)
        await asyncio.gather(*self._looks.values(), return_exceptions=True)

    def keep(self, standing: Standing) -> None:
        """Look after a draft that was made."""
        self._standing[standing.id] = standing
        while len(self._standing) > _MOST:
            self._standing.popitem(last=False)

    @contextmanager
    def resting(self, name: str) -> Generator[Resting]:
        """Look away while a draft is committed; where it is not, look again, also at what happened meanwhile."""
        standing = self._standing.pop(name, None)
        resting = Resting()
        try:
            yield resting
        finally:
            if standing is not None and not resting.over:
                self.keep(standing)
                self.touch(standing.repository.project)

    def touch(self, project: str) -> None:
        """Something changed in a project: look at its drafts once it is quiet."""
        if not any(one.repository.project == project for one in self._standing.values()):
            return
        timer = self._timers.pop(project, None)
        if timer is not None:
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._timers[project] = loop.call_later(self._quiet_s, self._begin, project)

    def _begin(self, project: str) -> None:
        self._timers.pop(project, None)
        running = self._looks.get(project)
        if running is not None and not running.done():
            self.touch(project)  # After that look.
            return
        with nothing_led_here():  # What made the drafts did not make them outdated.
            self._looks[project] = asyncio.get_running_loop().create_task(self._look(project))

    async def _follow(self) -> None:
        async for delivery in self._desk.bus.listen(GitChanged, IndexUpdated, ProjectRemoved):
            event = delivery.event
            if isinstance(event, ProjectRemoved):
                for one in self._of(event.project):
                    self._standing.pop(one.id, None)
            elif isinstance(event, GitChanged | IndexUpdated):
                self.touch(event.project)

    def _of(self, project: str) -> list[Standing]:
        return [one for one in self._standing.values() if one.repository.project == project]

    async def _look(self, project: str) -> None:
        try:
            found = await asyncio.to_thread(_outdated, self._of(project))
        except (AuraError, OSError):
            log.info("drafts_not_looked_at", project=project, exc_info=True)
            return
        for one, reason in found:
            if self._standing.get(one.id) is one:  # Neither committed nor told meanwhile.
                del self._standing[one.id]
                name = {"plan": one.id} if one.split else {"draft": one.id}
                event = CommitDraftOutdated(project=project, reason=reason, **name)
                await self._desk.tell(event, project=project)


def _outdated(standing: Iterable[Standing]) -> list[tuple[Standing, OutdatedReason]]:
    """Those that stand for something else than what would be committed now."""
    found: list[tuple[Standing, OutdatedReason]] = []
    trees: dict[tuple[str, Taken], str | None] = {}
    for one in standing:
        place = str(one.repository.git_dir)
        if (one.repository.git.find_commit("HEAD") or "") != one.head:
            found.append((one, "commit"))
            continue
        if (place, one.taken) not in trees:
            trees[place, one.taken] = _tree(one)
        if trees[place, one.taken] not in {one.tree, None}:
            found.append((one, "index" if one.taken.index_itself else "files"))
    return found


def _tree(one: Standing) -> str | None:
    """What would be committed now; empty when nothing can be, None when that cannot be told."""
    with suppress(AuraError, OSError):
        try:
            with index_aside(one.repository) as aside:
                return take_in(aside, one.taken)
        except (ConflictsLeft, UsageProblem):
            return ""
    return None
