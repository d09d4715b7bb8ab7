"""The analyses of all projects: one analyst each, started and told by what happens to the indexes."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final

from aura_code.analysis.analyst import Analyst, MayGoOn
from aura_code.analysis.protocol import RoundOutcome
from aura_code.index import CodeIndex
from aura_shared.causes import nothing_led_here
from aura_shared.errors import IndexBuilding
from aura_shared.messages.code import IndexUpdated
from aura_shared.settings import CodeSettings

PATIENCE_S: Final = 15.0  # How long a question waits for the analysis before it says that it is under way.

Told = Callable[[str, RoundOutcome], Awaitable[None]]
"""Called with the project after every round that changed something."""


class Upkeep:
    """Analysts by project."""

    def __init__(self, folder: Callable[[str], Path], told: Told, may_go_on: MayGoOn) -> None:
        self._folder = folder
        self._may_go_on = may_go_on
        self._told = told
        self._analysts: dict[str, Analyst] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def take_up(self, project: str, root: Path, settings: CodeSettings, index: Callable[[], CodeIndex]) -> None:
        """Analyse a project from now on; called when its index can answer. Once is enough."""
        if project in self._analysts:
            return
        analyst = Analyst(
            project,
            root,
            self._folder(project),
            workers=settings.workers,
            max_file_bytes=settings.max_file_bytes,
        )
        self._analysts[project] = analyst

        def digests() -> dict[str, bytes]:
            return {path: stamp.digest for path, stamp in index().stamps().items()}

        work = analyst.run(digests, partial(self._told, project), self._may_go_on)
        with nothing_led_here():
            self._tasks[project] = asyncio.create_task(work, name=f"analysis {project}")
        analyst.look_at_everything()

    def follow(self, update: IndexUpdated) -> None:
        """The index of a project has moved on."""
        analyst = self._analysts.get(update.project)
        if analyst is None:
            return
        if update.changed_total > len(update.changed) or update.removed_total > len(update.removed):
            analyst.look_at_everything()
        else:
            analyst.look_at(update.changed, update.removed)

    def analyst(self, project: str) -> Analyst | None:
        """The analyst of a project; None while its index is not ready, or where analysis is switched off."""
        return self._analysts.get(project)

    async def complete(self, project: str, *, newest: bool) -> None:
        """Wait, within bounds, until the analysis can be asked.

        Args:
            project: Which.
            newest: Whether the last changes must be in it; otherwise one complete round is enough.

        Raises:
            IndexBuilding: It is under way; the text says how far.
            NotReady: It failed.
        """
        analyst = self._analysts.get(project)
        if analyst is None or (analyst.complete and not newest):
            return
        try:
            async with asyncio.timeout(PATIENCE_S):
                await analyst.settled()
        except TimeoutError:
            how_far = f": {analyst.files_done} of {analyst.files_total} files" if analyst.files_total else ""
            raise IndexBuilding(f"the analysis is under way{how_far}") from None

    async def let_go(self, project: str) -> None:
        """Stop analysing a project."""
        self._analysts.pop(project, None)
        task = self._tasks.pop(project, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def forget(self, project: str) -> None:
        """Stop analysing a project, and delete what was found."""
        await self.let_go(project)
        await asyncio.to_thread(shutil.rmtree, self._folder(project), ignore_errors=True)

    async def stop(self) -> None:
        """Stop everything."""
        for project in list(self._analysts):
            await self.let_go(project)
