"""A gateway on a real socket, in front of a code service that answers from memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from aura_gateway.audit import AuditTrail
from aura_gateway.service import GatewayService
from aura_shared.bus import Context
from aura_shared.bus.memory import MemoryBus, MemoryHub
from aura_shared.discovery import Discovery
from aura_shared.errors import Conflict, EmptyQuery, IndexBuilding, TooLarge, UnknownFile, UnknownProject, UnsafePath
from aura_shared.messages import code
from aura_shared.messages.core import Done, Progress
from aura_shared.metrics import ServiceMetricsRegistry
from aura_shared.paths import AuraPaths, find_paths
from aura_shared.settings import GatewaySettings


async def until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Wait for something that no event announces, such as another thread's file."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.005)


FRESH = code.Freshness(generation=7)
APP = "def create_session(user):\n    return Session(user)\n"


def project(name: str = "shop", root: str = "/srv/shop", **fields: object) -> code.ProjectInfo:
    """A project that is ready."""
    return code.ProjectInfo.model_validate(
        {"id": f"{name}-abc123", "name": name, "root": root, "phase": "ready", "files": 3, "lines": 40, **fields}
    )


@dataclass
class CodeDouble:
    """Answers what the code service answers, from a few fixed things."""

    bus: MemoryBus
    projects: list[code.ProjectInfo] = field(default_factory=lambda: [project()])
    text: str = APP
    asked: list[object] = field(default_factory=list)
    building_for: int = 0
    """How many searches are told that the index is being built."""
    hold: asyncio.Event | None = None
    """While it is not set, searches wait."""
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a waiting search was cancelled."""

    def serve(self) -> None:
        """Register every handler."""
        self.bus.serve(code.ListProjects, self.list_projects)
        self.bus.serve(code.SearchCode, self.search)
        self.bus.serve(code.FindSymbols, self.symbols)
        self.bus.serve(code.OutlineFile, self.outline)
        self.bus.serve(code.ReadSpan, self.span)
        self.bus.serve(code.MapProject, self.map)
        self.bus.serve(code.AddProject, self.add)
        self.bus.serve(code.RemoveProject, self.remove)
        self.bus.serve(code.ReindexProject, self.reindex)

    def find(self, wanted: str) -> code.ProjectInfo:
        """The project with this id, name or root."""
        for found in self.projects:
            if wanted in {found.id, found.name, found.root}:
                return found
        raise UnknownProject(f"no registered project is called {wanted!r}")

    async def list_projects(self, request: code.ListProjects, context: Context) -> code.ProjectList:
        self.asked.append(request)
        return code.ProjectList(projects=self.projects)

    async def search(self, request: code.SearchCode, context: Context) -> code.SearchAnswer:
        self.asked.append(request)
        self.find(request.project)
        if not request.query.strip():
            raise EmptyQuery("there is nothing to search for")
        if len(request.query.encode()) > 100_000:
            raise TooLarge("the query has over 100,000 bytes")
        if self.building_for:
            self.building_for -= 1
            raise IndexBuilding("the index is being built")
        if self.hold is not None:
            await self._held(context)
        if request.query == "nothing":
            return code.SearchAnswer(freshness=FRESH, reason="No file has these words.")
        hit = code.SearchHit(
            path="src/app.py", start_line=1, end_line=2, language="python", symbol="create_session", kind="function",
            score=3.5, text=self.text,
        )  # fmt: skip
        return code.SearchAnswer(hits=[hit], freshness=FRESH, tokens=12)

    async def _held(self, context: Context) -> None:
        assert self.hold is not None
        await context.progress(Progress(done=1, total=10, note="reading"))
        try:
            await self.hold.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    async def symbols(self, request: code.FindSymbols, context: Context) -> code.SymbolAnswer:
        self.asked.append(request)
        self.find(request.project)
        if request.name == "nothing":
            return code.SymbolAnswer(freshness=FRESH, reason="Near: create_session.")
        return code.SymbolAnswer(symbols=[symbol()], freshness=FRESH)

    async def outline(self, request: code.OutlineFile, context: Context) -> code.OutlineAnswer:
        self.asked.append(request)
        self.find(request.project)
        _check_path(request.path)
        imported = code.ImportedName(module="sessions", names=["Session"], line=1)
        return code.OutlineAnswer(
            path=request.path, language="python", lines=2, symbols=[symbol()], imports=[imported], freshness=FRESH
        )

    async def span(self, request: code.ReadSpan, context: Context) -> code.SpanAnswer:
        self.asked.append(request)
        self.find(request.project)
        _check_path(request.path)
        return code.SpanAnswer(
            path=request.path, start_line=1, end_line=2, lines=2, text=self.text, truncated=request.budget < 10
        )

    async def map(self, request: code.MapProject, context: Context) -> code.MapAnswer:
        self.asked.append(request)
        self.find(request.project)
        folder = code.FolderInfo(path="src", files=3, lines=40, languages=["python"], symbols=["create_session"])
        return code.MapAnswer(folders=[folder], files=3, lines=40, freshness=FRESH, more=request.budget < 200)

    async def add(self, request: code.AddProject, context: Context) -> code.ProjectAnswer:
        if request.path == "/srv/busy":
            raise Conflict("it is being registered")
        added = project(Path(request.path).name, request.path)
        self.projects.append(added)
        return code.ProjectAnswer(project=added, added=True)

    async def remove(self, request: code.RemoveProject, context: Context) -> Done:
        self.projects.remove(self.find(request.project))
        return Done()

    async def reindex(self, request: code.ReindexProject, context: Context) -> code.ProjectAnswer:
        return code.ProjectAnswer(project=self.find(request.project))


def symbol() -> code.Symbol:
    """A definition."""
    return code.Symbol(
        name="create_session", kind="function", path="src/app.py", start_line=1, end_line=2,
        signature="def create_session(user)", doc="Start a session.", language="python",
    )  # fmt: skip


def _check_path(path: str) -> None:
    if ".." in path or path.startswith("/"):
        raise UnsafePath(f"{path} leads outside the project")
    if not path.startswith("src/"):
        raise UnknownFile(f"there is no file {path}")


@dataclass
class Lab:
    """A running gateway."""

    service: GatewayService
    hub: MemoryHub
    code: CodeDouble
    code_bus: MemoryBus
    paths: AuraPaths

    @property
    def found(self) -> Discovery:
        """What the discovery file says."""
        assert self.service.discovery is not None
        return self.service.discovery

    @property
    def url(self) -> str:
        """Base address."""
        return self.found.url

    @property
    def headers(self) -> dict[str, str]:
        """What lets a call in."""
        return {"authorization": f"Bearer {self.found.token}"}

    def client(self, **extra: str) -> httpx.AsyncClient:
        """A client with the token."""
        return httpx.AsyncClient(base_url=self.url, headers={**self.headers, **extra}, trust_env=False)


@asynccontextmanager
async def running_gateway(settings: GatewaySettings | None = None) -> AsyncGenerator[Lab]:
    """A gateway of the installation in AURA_HOME; stopped at the end."""
    paths = find_paths().prepare()
    hub = MemoryHub()
    code_bus, bus = hub.connect("code"), hub.connect("gateway")
    double = CodeDouble(code_bus)
    double.serve()
    service = GatewayService(
        bus,
        paths,
        settings or GatewaySettings(),
        ServiceMetricsRegistry("gateway"),
        AuditTrail(paths.data / "audit.db"),
    )
    try:
        await service.start()
        yield Lab(service, hub, double, code_bus, paths)
    finally:
        await service.stop()
        await bus.close()
        await code_bus.close()
