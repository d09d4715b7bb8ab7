"""A panel without a daemon: the real application over a bus in memory, with answers that a test writes down.

`PanelLab` is what the daemon is to the panel; `panel_of` runs the application headless; `assert_looks` holds its
picture to a file.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from aura_cli.answers import JsonObject
from aura_panel.app import PanelApp
from aura_panel.link import Link
from aura_shared.bus import Context
from aura_shared.bus.memory import MemoryBus, MemoryHub
from aura_shared.errors import NotFound
from aura_shared.log_files import JsonLines
from aura_shared.messages.approvals import Approval
from aura_shared.messages.bus import BusJournal, BusJournalAnswer
from aura_shared.messages.changes import ChangeInfo, ChangeList, ListChanges
from aura_shared.messages.code import Freshness, ProjectInfo, ProjectStateChanged
from aura_shared.messages.core import Event, Reply, Request
from aura_shared.messages.findings import DayTotal, FindingsSummary, SummariseFindings
from aura_shared.messages.git import GitStatus, ShowGitStatus
from aura_shared.messages.models import ListModels, ModelsAnswer
from aura_shared.messages.plan_items import ItemList, ListItems
from aura_shared.messages.plan_progress import AskProgress, PlanProgress
from aura_shared.messages.services import ServiceMetrics
from aura_shared.paths import find_paths
from aura_shared.processes import PROCESSES

BOUND_S = 20.0
SNAPSHOTS = Path(__file__).parent.parent / "docs" / "panel"
UPDATE_VARIABLE = "AURA_UPDATE_SNAPSHOTS"
UPDATE = bool(os.environ.get(UPDATE_VARIABLE))  # Read here: the fixture of a private installation takes such away.
SIZES = ((80, 24), (100, 30), (200, 50))
SHOP = ProjectInfo(
    id="shop-1a2b3c",
    name="shop",
    root="/src/shop",
    phase="ready",
    files=812,
    lines=96_400,
    symbols=7_312,
    languages={"python": 610, "typescript": 202},
    freshness=Freshness(generation=48),
)
ATLAS = ProjectInfo(
    id="atlas-9f8e7d", name="atlas", root="/src/atlas", phase="building", files_done=1_200, files_total=4_800
)

Answer = Reply | Exception | Callable[[Any], Reply]
LINES: tuple[dict[str, Any], ...] = (
    {
        "ts": "2026-11-20T09:00:00.100000+00:00",
        "level": "info",
        "service": "code",
        "event": "index_built",
        "files": 812,
    },
    {"ts": "2026-11-20T09:00:01.200000+00:00", "level": "debug", "service": "git", "event": "status_read", "ms": 12},
    {
        "ts": "2026-11-20T09:00:02.300000+00:00",
        "level": "warning",
        "service": "models",
        "event": "server_missing",
        "url": "http://127.0.0.1:11434",
        "hint": "start [bold]it[/bold]",
    },
    {
        "ts": "2026-11-20T09:00:03.400000+00:00",
        "level": "error",
        "service": "planning",
        "event": "item_unreadable",
        "path": ".ai/tasks/a.md",
        "cause": "0193-cause",
        "project": SHOP.id,
    },
)


class LabGateway:
    """What the gateway itself answers: approvals."""

    def __init__(self) -> None:
        self.waiting: list[Approval] = []
        self.decided: list[tuple[str, bool]] = []

    def get(self, path: str) -> JsonObject:
        assert path == "/v1/approvals", path
        return {"approvals": [approval.model_dump() for approval in self.waiting]}

    def post(self, path: str, body: Mapping[str, object]) -> JsonObject:
        name = path.removeprefix("/v1/approvals/")
        found = [approval for approval in self.waiting if approval.id == name]
        if not found:
            raise NotFound(f"nothing waits for approval as {name!r}")
        approve = body["approve"] is True
        self.waiting.remove(found[0])
        self.decided.append((name, approve))
        decided = found[0].model_copy(update={"decision": "approved" if approve else "denied"})
        return {"approval": decided.model_dump()}


class PanelLab:
    """A daemon that is not there: services that answer what is written down in `answers`, and events on demand."""

    def __init__(self) -> None:
        self.hub = MemoryHub()
        self.gateway = LabGateway()
        self.answers: dict[type[Request[Any]], Answer] = {}
        """What each request is answered with; an exception is raised, a function is called with the request."""
        self.asked: list[Request[Any]] = []
        """Requests that arrived."""
        self.status: JsonObject | None = running_status()
        """What the supervisor says; None: no daemon runs."""
        self._buses: dict[str, MemoryBus] = {}
        self.answer(SummariseFindings, lambda asked: findings_of(asked.project))
        self.answer(ListChanges, ChangeList())
        self.answer(ShowGitStatus, GitStatus(root="/src/shop", head="1" * 40, branch="main", unstaged=2, ahead=1))
        self.answer(AskProgress, PlanProgress(project=SHOP.id, total=24, share=0.42, states={"done": 9, "todo": 15}))
        self.answer(ListModels, ModelsAnswer())
        self.answer(ListItems, ItemList(project=SHOP.id))
        self.answer(BusJournal, BusJournalAnswer(from_seq=1, upto_seq=0, earlier=False, later=False))

    def answer(self, kind: type[Request[Any]], answer: Answer) -> None:
        """Answer a kind of request so, from now on."""
        if kind not in self.answers:
            self.bus(kind.service).serve(kind, self._handle)
        self.answers[kind] = answer

    def bus(self, name: str) -> MemoryBus:
        """The connection of a service."""
        if name not in self._buses:
            self._buses[name] = self.hub.connect(name)
        return self._buses[name]

    async def tell(self, *events: Event, service: str = "code", cause: str | None = None) -> None:
        """Publish events."""
        for event in events:
            project = getattr(event, "project", None)
            await self.bus(service).publish(event, project=project if isinstance(project, str) else None, cause=cause)

    def link(self) -> Link:
        """The panel's way to all this."""
        return Link(
            find_paths().prepare(), self.hub.connect("panel"), gateway=self.gateway, status=lambda _: self.status
        )

    def asked_for(self, kind: type[Request[Any]]) -> list[Any]:
        """The requests of a kind that arrived."""
        return [request for request in self.asked if isinstance(request, kind)]

    async def _handle(self, request: Request[Any], _context: Context) -> Reply:
        self.asked.append(request)
        answer = self.answers[type(request)]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Reply) else answer(request)

    async def close(self) -> None:
        """Close the connections of the services."""
        for bus in self._buses.values():
            await bus.close()


def running_status(**states: str) -> JsonObject:
    """A supervisor's status in which every service is ready but those that are named with another state."""
    services = [
        {
            "name": spec.name,
            "state": states.get(spec.name, "ready"),
            "pid": 4_000 + number,
            "uptime_s": 7_384.0,
            "restarts": 1 if spec.name == "models" else 0,
            "rss_bytes": (30 + 8 * number) << 20,
            "cpu_s": 12.5,
            "reason": "",
            "trouble": "",
            "last_lines": [],
        }
        for number, spec in enumerate(PROCESSES)
    ]
    return {"pid": 4_242, "version": "0.1.0", "ready": not states, "stopping": False, "services": services}


def findings_of(project: str) -> FindingsSummary:
    """A summary with a falling trend."""
    del project
    days = [DayTotal(day=f"2026-11-{day:02}", levels={"warning": 60 - day}) for day in range(10, 24)]
    return FindingsSummary(total=36, files=812, levels={"error": 2, "warning": 14, "hint": 20}, trend=days)


def write_lines() -> None:
    """Lines as the services leave them in their files."""
    paths = find_paths().prepare()
    for line in LINES:
        file = JsonLines(paths.logs / f"{line['service']}.jsonl", max_bytes=1_000_000, backups=1)
        file.write(line)
        file.close()


async def two_projects(lab: PanelLab) -> None:
    """Register a project that is ready and one whose index is being built; each service measured itself once."""
    await lab.tell(ProjectStateChanged(project=SHOP), ProjectStateChanged(project=ATLAS))
    for number, spec in enumerate(PROCESSES):
        await lab.tell(
            ServiceMetrics(service=spec.name, pid=4_000 + number, uptime_s=7_384, cpu_s=12.5, rss_bytes=60 << 20),
            service=spec.name,
        )


def proposed(**fields: Any) -> ChangeInfo:  # noqa: ANN401 - any field
    """A proposed change."""
    known: dict[str, Any] = {
        "id": "5c1f22aa",
        "project": SHOP.id,
        "title": "Rename SessionStore to Sessions",
        "source": "refactor",
        "state": "proposed",
        "file_count": 2,
        "added": 8,
        "removed": 8,
        "created_at": "2026-11-27T09:12:00+00:00",
    }
    return ChangeInfo(**{**known, **fields})


@asynccontextmanager
async def panel_of(
    lab: PanelLab, *, size: tuple[int, int] = (100, 30), view: str = "home", theme: str = "dark", known: bool = True
) -> AsyncGenerator[Pilot[None]]:
    """The panel of a lab, connected; with `known` it has taken in two projects."""
    app = PanelApp(lab.link, view=view, theme=theme)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.world is not None and app.world.presence != "unknown")
        if known:
            await two_projects(lab)
            await until(pilot, lambda: app.project != "")
        yield pilot
    await lab.close()


def app_of(pilot: Pilot[None]) -> PanelApp:
    """The application that a pilot drives."""
    app = pilot.app
    assert isinstance(app, PanelApp)
    return app


async def until(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
    """Wait until a condition holds and the screen shows it."""
    try:
        async with asyncio.timeout(BOUND_S):
            while not condition():
                await pilot.pause(0.01)
    except TimeoutError:
        raise AssertionError(f"not within {BOUND_S} s; the screen:\n{screen_text(pilot)}") from None
    await pilot.pause()


async def told(pilot: Pilot[Any], text: str) -> None:
    """Wait until the screen says something."""
    await until(pilot, lambda: text in screen_text(pilot))


async def asked_over(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys, and wait for the question that they put over the view."""
    view = pilot.app.screen
    await pilot.press(*keys)
    await until(pilot, lambda: pilot.app.screen is not view)


def screen_text(pilot: Pilot[Any]) -> str:
    """What the screen shows, as lines of text."""
    app = pilot.app
    width, height = app.size
    lines = app.screen._compositor.render_strips()[:height]
    return "\n".join("".join(segment.text for segment in strip)[:width].rstrip() for strip in lines)


def picture_of(app: PanelApp) -> str:
    """The screen as SVG, without what differs from run to run and without a reference to an outside font."""
    svg = app.export_screenshot(title="aura panel", simplify=True)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return re.sub(r"terminal-\d+", "terminal", svg)


async def assert_looks(pilot: Pilot[Any], name: str) -> None:
    """The screen comes to look as in the file, when all that was asked for is answered.

    With AURA_UPDATE_SNAPSHOTS the file is written instead, to be looked at.
    """
    file = SNAPSHOTS / f"{name}.svg"
    if UPDATE:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(picture_of(app_of(pilot)), encoding="utf-8")
        return
    assert file.exists(), f"there is no picture {file.name}; write it with {UPDATE_VARIABLE}=1 and look at it"
    wanted = file.read_text(encoding="utf-8")
    try:
        await until(pilot, lambda: picture_of(app_of(pilot)) == wanted)
    except AssertionError:
        other = file.with_suffix(".found.svg")
        other.write_text(picture_of(app_of(pilot)), encoding="utf-8")
        raise AssertionError(
            f"{file.name} looks different: compare with {other.name}, or write it with {UPDATE_VARIABLE}=1"
        ) from None
