"""The code service: a keeper for every registered project, and the answers to everybody's questions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from aura_code.analysis.demand import ToolRuns, analysis_answer, only_files, tools_of
from aura_code.analysis.process import findings_settings
from aura_code.analysis.protocol import RoundOutcome
from aura_code.analysis.upkeep import Upkeep
from aura_code.insight.desk import FROM_ANALYSIS, FROM_INDEX, Answer, Desk, close_workers
from aura_code.keeper import Keeper
from aura_code.spans import read_span
from aura_code.tools.calling import ToolsOutcome, trust_for
from aura_shared.background import BackgroundWork
from aura_shared.bus import Bus, Context
from aura_shared.causes import nothing_led_here
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
from aura_shared.messages.core import Reply, ReplyT, Request
from aura_shared.messages.findings import AnalysisAnswer, AnalyzeProject, FindingsUpdated
from aura_shared.paths import AuraPaths
from aura_shared.projects import Project, ProjectRegistry
from aura_shared.service import Health
from aura_shared.settings import CodeSettings, Settings, load_settings

log = get_logger(__name__)

STATE_EVERY_S: Final = 0.2  # At most five state events a second for each project.
AT_ONCE: Final = 4  # Searches in threads; more would only wait for the interpreter's lock.

T = TypeVar("T")


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
        self._background = BackgroundWork(bus)
        self._upkeep = Upkeep(paths.analysis, self._tell_findings, self._background.may_go_on)
        self._tools = ToolRuns()

    # -- life ---------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up all registered projects; their indexes come up in the background."""
        await self._background.start()
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
        serve(AnalyzeProject, self.analyze)
        for kind, answer in FROM_INDEX.items():
            serve(kind, partial(self._answer, answer, analysed=False))
        for kind, answer in FROM_ANALYSIS.items():
            serve(kind, partial(self._answer, answer, analysed=True))

    async def stop(self) -> None:
        """Let all projects go; their indexes are saved."""
        tasks = [*self._tasks.values(), *([self._reporter] if self._reporter else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._upkeep.stop()
        await self._background.stop()
        await self._tools.stop()
        await asyncio.to_thread(close_workers)
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

    async def analyze(self, request: AnalyzeProject, _context: Context) -> AnalysisAnswer:
        """Wait until everything is analysed, run the project's tools, and list what was found."""
        started = time.monotonic()
        keeper = await self._keeper(request.project)
        await keeper.calm()
        desk = self._desk(keeper)
        await self._upkeep.complete(keeper.project.id, newest=True)
        only = await self._work(lambda: only_files(desk.root, request))
        tools: ToolsOutcome | None = None
        if request.tools:
            mine = self._settings.findings
            trust = trust_for(desk.root, mine.tools, mine.run_project_tools)
            off = (await self._work(lambda: findings_settings(desk.root))).tools_off
            tools = await self._tools.outcome(
                keeper.project.id,
                (desk.index.generation, only),
                lambda: tools_of(desk, only, trust=trust, off=off),
            )
        answer = await self._work(lambda: analysis_answer(desk, request, only, tools, time.monotonic() - started))
        return _fresh(answer, keeper.freshness)

    async def _answer(self, answer: Answer, request: Request[Any], _context: Context, *, analysed: bool) -> Reply:
        """Answer one of the questions that have a function of their own."""
        keeper = await self._keeper(str(getattr(request, "project", "")))
        await keeper.calm()
        desk = self._desk(keeper)
        if analysed:
            await self._upkeep.complete(keeper.project.id, newest=False)
        reply = await self._work(lambda: answer(desk, request))
        return _fresh(reply, keeper.freshness)

    def _desk(self, keeper: Keeper) -> Desk:
        name = keeper.project.id
        return Desk(keeper.root, keeper.index, self._paths.analysis(name), self._settings)

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
        await self._upkeep.forget(name)
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
        with nothing_led_here():  # It goes on long after the request that names the project.
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
        if info.phase == "ready":
            self._analyse(info.id)

    def _analyse(self, project: str) -> None:
        """Begin to analyse a project whose index can answer."""
        keeper = self._keepers.get(project)
        if keeper is None:
            return
        settings = self._project_settings(keeper.project)
        if settings.analysis:
            self._upkeep.take_up(project, keeper.root, settings, lambda: keeper.index)

    async def _tell_findings(self, project: str, outcome: RoundOutcome) -> None:
        if not outcome.event:
            return
        try:
            await self._bus.publish(FindingsUpdated.model_validate_json(outcome.event), project=project)
        except AuraError:
            log.warning("findings_not_published", project=project, exc_info=True)

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
        self._upkeep.follow(update)
        try:
            await self._bus.publish(update, project=update.project)
        except AuraError:
            log.warning("update_not_published", project=update.project, exc_info=True)


def _fresh(answer: ReplyT, freshness: Freshness) -> ReplyT:
    """`answer` with what the keeper knows; the generation is the one that the index answered from, if it says so."""
    own = getattr(answer, "freshness", None)
    if not isinstance(own, Freshness):
        return answer
    pending = max(freshness.pending, own.pending)
    generation = own.generation or freshness.generation
    update = {"generation": generation, "pending": pending, "verified": freshness.verified}
    return answer.model_copy(update={"freshness": own.model_copy(update=update)})


def _inside(path: str, root: Path) -> str:
    """`path` relative to the root, also when it was given in full."""
    given = Path(path)
    if given.is_absolute() and given.is_relative_to(root):
        return given.relative_to(root).as_posix()
    return path.removeprefix("./")


def _log_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("keeper_stopped", task=task.get_name(), exc_info=error)
