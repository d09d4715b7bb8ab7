"""The code service: a keeper for every registered project, and the answers to everybody's questions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from aura_code.keeper import Keeper
from aura_code.spans import read_span
from aura_shared.bus import Bus, Context
from aura_shared.errors import AuraError, SettingsError, UnknownProject, UsageProblem
from aura_shared.logging import get_logger
from aura_shared.messages import Done
from aura_shared.messages.code import (
    AddProject,
    FindSymbols,
    Freshness,
    IndexUpdated,
    ListProjects,
    MapAnswer,
    MapProject,
    OutlineAnswer,
    OutlineFile,
    ProjectAnswer,
    ProjectInfo,
    ProjectList,
    ProjectRemoved,
    ProjectStateChanged,
    ReadSpan,
    ReindexProject,
    RemoveProject,
    SearchAnswer,
    SearchCode,
    SpanAnswer,
    SymbolAnswer,
)
from aura_shared.paths import AuraPaths
from aura_shared.projects import Project, ProjectRegistry
from aura_shared.service import Health
from aura_shared.settings import CodeSettings, Settings, load_settings

log = get_logger(__name__)

STATE_EVERY_S: Final = 0.2  # At most five state events a second for each project.
AT_ONCE: Final = 4  # Searches in threads; more would only wait for the interpreter's lock.

T = TypeVar("T")
AnswerT = TypeVar("AnswerT", SearchAnswer, SymbolAnswer, OutlineAnswer, MapAnswer)


class CodeService:
    """Serves projects until stopped."""

    def __init__(self, bus: Bus, paths: AuraPaths, settings: Settings, registry: ProjectRegistry) -> None:
        self._bus = bus
        self._paths = paths
        self._settings = settings
        self._registry = registry
        self._keepers: dict[str, Keeper] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._changed: dict[str, ProjectInfo] = {}
        self._wake = asyncio.Event()
        self._builds = asyncio.Semaphore(1)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._reporter: asyncio.Task[None] | None = None

    # -- life ---------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up all registered projects; their indexes come up in the background."""
        self._reporter = asyncio.create_task(self._report(), name="project states")
        projects = await asyncio.to_thread(self._registry.list)
        if self._registry.notice:
            log.warning("registry_damaged", notice=self._registry.notice)
        for project in projects:
            self._take_up(project)
        serve = self._bus.serve
        serve(SearchCode, self.search)
        serve(FindSymbols, self.symbols)
        serve(OutlineFile, self.outline)
        serve(ReadSpan, self.span)
        serve(MapProject, self.map)
        serve(ListProjects, self.list)
        serve(AddProject, self.add)
        serve(RemoveProject, self.remove)
        serve(ReindexProject, self.reindex)

    async def stop(self) -> None:
        """Let all projects go; their indexes are saved."""
        tasks = [*self._tasks.values(), *([self._reporter] if self._reporter else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()
        self._keepers.clear()

    def health(self) -> Health:
        """Whether every keeper is at work."""
        broken = [name for name, task in self._tasks.items() if task.done()]
        return Health(ok=not broken, detail=f"stopped: {', '.join(broken)}" if broken else "")

    # -- questions ----------------------------------------------------------------------------------------------

    async def search(self, request: SearchCode, _context: Context) -> SearchAnswer:
        """Find code."""
        keeper = await self._keeper(request.project)
        await keeper.calm()
        index = keeper.index
        answer = await self._work(lambda: index.search(request, keeper.root))
        return _fresh(answer, keeper.freshness)

    async def symbols(self, request: FindSymbols, _context: Context) -> SymbolAnswer:
        """Find definitions by name."""
        keeper = await self._keeper(request.project)
        await keeper.calm()
        index = keeper.index
        answer = await self._work(lambda: index.symbols(request))
        return _fresh(answer, keeper.freshness)

    async def outline(self, request: OutlineFile, _context: Context) -> OutlineAnswer:
        """What a file defines."""
        keeper = await self._keeper(request.project)
        await keeper.calm()
        index = keeper.index
        path = _inside(request.path, keeper.root)
        answer = await self._work(lambda: index.outline(path))
        return _fresh(answer, keeper.freshness)

    async def span(self, request: ReadSpan, _context: Context) -> SpanAnswer:
        """Lines of a file; works while the index is being built."""
        keeper = await self._keeper(request.project)
        inside = request.model_copy(update={"path": _inside(request.path, keeper.root)})
        return await self._work(lambda: read_span(keeper.root, inside))

    async def map(self, request: MapProject, _context: Context) -> MapAnswer:
        """A project by folder."""
        keeper = await self._keeper(request.project)
        await keeper.calm()
        index = keeper.index
        answer = await self._work(lambda: index.map(request))
        return _fresh(answer, keeper.freshness)

    # -- projects -----------------------------------------------------------------------------------------------

    async def list(self, _request: ListProjects, _context: Context) -> ProjectList:
        """All projects."""
        return ProjectList(projects=[keeper.info for keeper in self._keepers.values()])

    async def add(self, request: AddProject, _context: Context) -> ProjectAnswer:
        """Register a folder and begin to index it."""
        path = Path(request.path)
        if not path.is_absolute():
            raise UsageProblem(f"path must be absolute; found {request.path!r}")
        project, added = await asyncio.to_thread(self._registry.add, path)
        keeper = self._keepers.get(project.id) or self._take_up(project)
        return ProjectAnswer(project=keeper.info, added=added)

    async def remove(self, request: RemoveProject, context: Context) -> Done:
        """Forget a project."""
        keeper = await self._keeper(request.project)
        name = keeper.project.id
        await asyncio.to_thread(self._registry.remove, name)
        del self._keepers[name]
        task = self._tasks.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await keeper.remove()
        self._changed.pop(name, None)
        await self._bus.publish(ProjectRemoved(project=name), project=name, cause=context.envelope.id)
        return Done()

    async def reindex(self, request: ReindexProject, _context: Context) -> ProjectAnswer:
        """Build an index again from nothing."""
        keeper = await self._keeper(request.project)
        keeper.rebuild()
        return ProjectAnswer(project=keeper.info)

    # -- parts --------------------------------------------------------------------------------------------------

    async def _keeper(self, name: str) -> Keeper:
        """The keeper of a project by its identifier, name, or a path inside it.

        Raises:
            UnknownProject: None is registered under it.
        """
        found = self._keepers.get(name)
        if found is not None:
            return found
        project = await asyncio.to_thread(self._registry.find, name)
        found = self._keepers.get(project.id)
        if found is None:
            raise UnknownProject(f"{name!r} is registered, but not served yet", hint="Try again in a moment.")
        return found

    def _take_up(self, project: Project) -> Keeper:
        keeper = Keeper(
            project,
            self._paths.index(project.id),
            self._project_settings(project),
            builds=self._builds,
            announce=self._announce,
            published=self._publish_update,
        )
        self._keepers[project.id] = keeper
        self._announce(keeper.info)
        self._tasks[project.id] = asyncio.create_task(keeper.run(), name=f"keeper {project.id}")
        self._tasks[project.id].add_done_callback(_log_end)
        return keeper

    def _project_settings(self, project: Project) -> CodeSettings:
        """The project's own `.aura/config.toml` counts for how it is indexed."""
        if not (Path(project.root) / ".aura" / "config.toml").is_file():
            return self._settings.code
        try:
            return load_settings(Path(project.root)).code
        except SettingsError as error:
            log.warning("project_settings_ignored", project=project.id, problem=str(error))
            return self._settings.code

    async def _work(self, work: Callable[[], T]) -> T:
        async with self._slots:
            return await asyncio.to_thread(work)

    def _announce(self, info: ProjectInfo) -> None:
        self._changed[info.id] = info
        self._wake.set()

    async def _report(self) -> None:
        """Send the newest state of every project that changed, a few times a second at most."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            started = time.monotonic()
            changed, self._changed = self._changed, {}
            for info in changed.values():
                if info.id in self._keepers:
                    await self._publish_state(info)
            await asyncio.sleep(max(0.0, STATE_EVERY_S - (time.monotonic() - started)))

    async def _publish_state(self, info: ProjectInfo) -> None:
        try:
            await self._bus.publish(ProjectStateChanged(project=info), project=info.id)
        except AuraError:
            log.warning("state_not_published", project=info.id, exc_info=True)

    async def _publish_update(self, update: IndexUpdated) -> None:
        """The index has moved on whether or not others can be told."""
        try:
            await self._bus.publish(update, project=update.project)
        except AuraError:
            log.warning("update_not_published", project=update.project, exc_info=True)


def _fresh(answer: AnswerT, freshness: Freshness) -> AnswerT:
    """`answer` with what the keeper knows; the generation is the one that the index answered from."""
    pending = max(freshness.pending, answer.freshness.pending)
    update = {"pending": pending, "verified": freshness.verified}
    return answer.model_copy(update={"freshness": answer.freshness.model_copy(update=update)})


def _inside(path: str, root: Path) -> str:
    """`path` relative to the root, also when it was given in full."""
    given = Path(path)
    if given.is_absolute() and given.is_relative_to(root):
        return given.relative_to(root).as_posix()
    return path.removeprefix("./")


def _log_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("keeper_stopped", task=task.get_name(), exc_info=error)
