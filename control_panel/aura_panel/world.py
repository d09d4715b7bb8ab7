"""What the panel knows of Aura, kept current by events; views read it and are told what changed.

Nothing here knows of a screen: the plain output uses it as well.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Final, Literal, cast

from aura_cli.answers import JsonObject, objects_of, text_of
from aura_panel.link import Link, Presence
from aura_panel.stories import STORY_KINDS, Story, story_of, story_of_envelope
from aura_shared.bus import Delivery
from aura_shared.errors import AuraError
from aura_shared.messages.approvals import Approval, ApprovalChanged
from aura_shared.messages.bus import BusJournal
from aura_shared.messages.changes import ChangeInfo, ChangeUpdated, ListChanges
from aura_shared.messages.code import IndexUpdated, ProjectInfo, ProjectRemoved, ProjectStateChanged
from aura_shared.messages.core import Event, now_iso
from aura_shared.messages.findings import FindingsSummary, FindingsUpdated, SummariseFindings
from aura_shared.messages.git import GitStatus, ShowGitStatus
from aura_shared.messages.models import ListModels, ModelServer, ModelServersChanged
from aura_shared.messages.plan_items import ListItems
from aura_shared.messages.plan_progress import AskProgress, PlanProgress
from aura_shared.messages.services import ServiceMetrics, ServiceStateChanged, WorkPaused

__all__ = ["Part", "ProjectFacts", "World"]

Part = Literal[
    "presence", "services", "projects", "findings", "changes", "git", "plan", "models", "approvals", "activity"
]
"""What of the world changed."""

LOOK_S: Final = 3.0
"""How often the supervisor is asked; also how late the panel notices that the daemon came or went, at most."""
LOOK_WHEN_AWAY_S: Final = 1.0
SETTLE_S: Final = 0.3
"""Events of a burst lead to one question."""
ACTIVITY: Final = 1000
PAST_EVENTS: Final = 200
_FACTS_TIMEOUT_S: Final = 20.0
_SERVICE_OF: Final[dict[Part, str]] = {
    "findings": "code", "changes": "factory", "git": "git", "plan": "planning", "models": "models",
    "approvals": "gateway", "activity": "bus",
}  # fmt: skip
_OF_A_PROJECT: Final[tuple[Part, ...]] = ("findings", "changes", "git", "plan")


@dataclass(slots=True)
class ProjectFacts:
    """What is known of one project beside its index; None while it is not known."""

    findings: FindingsSummary | None = None
    """Findings by level, and their trend."""
    changes: list[ChangeInfo] = field(default_factory=list[ChangeInfo])
    """Proposed changes that nobody finished."""
    git: GitStatus | None = None
    """The repository; None when the project is none."""
    plan: PlanProgress | None = None
    """How far its plan is; None when it has none."""
    tests: tuple[int, int] | None = None
    """Items of the plan whose recorded tests are green, and red."""


class World:
    """Projects, services, what waits for a person, and what happened lately.

    Args:
        link: The way to the daemon.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self.services: dict[str, JsonObject] = {}
        """Each service as the supervisor's `status` tells it, in the order of the process table."""
        self.metrics: dict[str, ServiceMetrics] = {}
        """What each service measured of itself last."""
        self.cpu: dict[str, float] = {}
        """Share of one core that each service used between the last two looks, 1 for a whole one."""
        self.projects: dict[str, ProjectInfo] = {}
        """Registered projects by identifier."""
        self.facts: dict[str, ProjectFacts] = {}
        """What else is known of them."""
        self.approvals: list[Approval] = []
        """What agents wait for, oldest first."""
        self.model_servers: list[ModelServer] | None = None
        """Programs that serve models; None while unknown."""
        self.paused: WorkPaused | None = None
        """The pause of background work; None while none was told."""
        self.activity: deque[Story] = deque(maxlen=ACTIVITY)
        """What happened, oldest first."""
        self.listeners: list[Callable[[frozenset[Part]], None]] = []
        """Told what changed."""
        self.hearers: list[Callable[[Delivery], None]] = []
        """Told each event."""
        self._dirty: dict[tuple[Part, str], float] = {}
        self._stirred = asyncio.Event()
        self._look_now = asyncio.Event()
        self._began = now_iso()
        self._cpu_at: dict[str, tuple[float, float, object]] = {}

    @property
    def presence(self) -> Presence:
        """How the daemon is."""
        return self.link.presence

    @property
    def work_waits(self) -> bool:
        """Whether background work is paused now."""
        paused = self.paused
        return paused is not None and paused.paused and (not paused.until or paused.until > now_iso())

    def facts_of(self, project: str) -> ProjectFacts:
        """What is known of a project."""
        return self.facts.setdefault(project, ProjectFacts())

    def has_service(self, name: str) -> bool:
        """Whether the running daemon has this service; before anything is known, every service is taken to be there."""
        return not self.services or name in self.services

    async def run(self) -> None:
        """Follow the daemon until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch_presence(), name="watch the daemon")
            group.create_task(self._hear(), name="hear events")
            group.create_task(self._keep_current(), name="keep facts current")

    def look_again(self) -> None:
        """Ask the supervisor now, not at the next look."""
        self._look_now.set()

    def refresh(self, part: Part, project: str = "") -> None:
        """Ask for a part of the world again, soon."""
        self._dirty.setdefault((part, project), time.monotonic() + SETTLE_S)
        self._stirred.set()

    # The daemon

    async def _watch_presence(self) -> None:
        while True:
            before = self.presence
            found = await self.link.look()
            if found is not None and found:
                self._take_services(found)
            changed: set[Part] = {"services"}
            if self.presence != before:
                changed.add("presence")
                if self.presence == "down":
                    self._all_gone()
                elif self.presence == "up":
                    self._refresh_all()
                    self.refresh("activity")
            self._tell(changed)
            self._look_now.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S if self.presence == "up" else LOOK_WHEN_AWAY_S):
                    await self._look_now.wait()

    def _take_services(self, status: JsonObject) -> None:
        now = time.monotonic()
        services = {text_of(service, "name"): service for service in objects_of(status, "services")}
        for name, service in services.items():
            pid, used = service.get("pid"), float(cast("float", service.get("cpu_s") or 0.0))
            before = self._cpu_at.get(name)
            if before is not None and before[2] == pid and now > before[0]:
                self.cpu[name] = max(0.0, used - before[1]) / (now - before[0])
            else:
                self.cpu.pop(name, None)
            self._cpu_at[name] = (now, used, pid)
            was = text_of(self.services.get(name, {}), "state")
            if service.get("state") == "ready" and was != "ready":
                self._service_is_back(name)
        self.services = services

    def _all_gone(self) -> None:
        self.services = {name: {**service, "state": "stopped", "pid": None} for name, service in self.services.items()}
        self.cpu.clear()
        self.metrics.clear()
        self.approvals.clear()  # They live in the gateway's memory.

    def _service_is_back(self, name: str) -> None:
        for part, service in _SERVICE_OF.items():
            if service == name:
                self._refresh_part(part)

    def _refresh_all(self) -> None:
        for part in _SERVICE_OF:
            self._refresh_part(part)

    def _refresh_part(self, part: Part) -> None:
        for project in self.projects if part in _OF_A_PROJECT else ("",):
            self.refresh(part, project)

    # Events

    async def _hear(self) -> None:
        events = self.link.bus.listen(*STORY_KINDS, ServiceMetrics)
        async with aclosing(events):
            async for delivery in events:
                changed = self._take(delivery.event)
                if not isinstance(delivery.event, ServiceMetrics):
                    changed |= self._remember(delivery)
                for hearer in list(self.hearers):
                    hearer(delivery)
                self._tell(changed)

    def _remember(self, delivery: Delivery) -> set[Part]:
        """Keep the story of an event, but not of one that is only the last known state."""
        if delivery.envelope.ts < self._began and not delivery.envelope.cause:
            return set()
        self.activity.append(story_of(delivery))
        return {"activity"}

    def _take(self, event: Event) -> set[Part]:
        """Take an event in; returns what it changed at once."""
        if isinstance(event, ServiceMetrics):
            known = event.service in self.metrics
            self.metrics[event.service] = event
            return set() if known else {"services"}  # Shown together, with the next look.
        if isinstance(event, ProjectStateChanged):
            return self._take_project(event.project)
        if isinstance(event, ApprovalChanged):
            self._take_approval(event.approval)
            return {"approvals"}
        return self._take_rare(event)

    def _take_rare(self, event: Event) -> set[Part]:
        if isinstance(event, ProjectRemoved):
            self.projects.pop(event.project, None)
            self.facts.pop(event.project, None)
            return {"projects"}
        if isinstance(event, ModelServersChanged):
            self.model_servers = event.servers
            return {"models"}
        if isinstance(event, WorkPaused):
            self.paused = event
            return {"services"}
        if isinstance(event, ServiceStateChanged):
            self.look_again()
        else:
            self._touch(event)
        return set()

    def _take_project(self, info: ProjectInfo) -> set[Part]:
        known = self.projects.get(info.id)
        self.projects[info.id] = info
        if known is None or (info.phase == "ready" and known.phase != "ready"):
            for part in _OF_A_PROJECT:
                self.refresh(part, info.id)
        return {"projects"}

    def _take_approval(self, approval: Approval) -> None:
        others = [waiting for waiting in self.approvals if waiting.id != approval.id]
        self.approvals = [*others, approval] if approval.decision == "open" else others

    def _touch(self, event: Event) -> None:
        """Note which facts an event makes old."""
        project = cast("str", getattr(event, "project", ""))
        prefix = event.type.partition(".")[0]
        if isinstance(event, FindingsUpdated):
            self.refresh("findings", project)
        elif isinstance(event, ChangeUpdated):
            self.refresh("changes", project)
        elif isinstance(event, IndexUpdated) or prefix == "git":
            self.refresh("git", project)
        elif prefix == "plan":
            self.refresh("plan", project)

    # Facts

    async def _keep_current(self) -> None:
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            while self._dirty:
                part, project = min(self._dirty, key=self._dirty.__getitem__)
                pause = self._dirty[part, project] - time.monotonic()
                if pause > 0:
                    await asyncio.sleep(pause)
                self._dirty.pop((part, project), None)
                if self.presence in {"up", "starting"} and self.has_service(_SERVICE_OF.get(part, "")):
                    with suppress(
                        AuraError, TimeoutError
                    ):  # Asked again when the service is back; views ask for themselves as well.
                        async with asyncio.timeout(_FACTS_TIMEOUT_S):
                            await self._asker(part)(project)
                        self._tell({part})

    def _asker(self, part: Part) -> Callable[[str], Awaitable[None]]:
        askers: dict[Part, Callable[[str], Awaitable[None]]] = {
            "findings": self._ask_findings,
            "changes": self._ask_changes,
            "git": self._ask_git,
            "plan": self._ask_plan,
            "models": self._ask_models,
            "approvals": self._ask_approvals,
            "activity": self._ask_activity,
        }
        return askers[part]

    async def _ask_findings(self, project: str) -> None:
        self.facts_of(project).findings = await self.link.ask(SummariseFindings(project=project))

    async def _ask_changes(self, project: str) -> None:
        found = await self.link.ask(ListChanges(project=project, states=["proposed"], limit=100))
        self.facts_of(project).changes = found.changes

    async def _ask_git(self, project: str) -> None:
        try:
            self.facts_of(project).git = await self.link.ask(ShowGitStatus(project=project))
        except AuraError:
            self.facts_of(project).git = None

    async def _ask_plan(self, project: str) -> None:
        found = await self.link.ask(AskProgress(project=project, limit=1))
        facts = self.facts_of(project)
        facts.plan = found if found.total else None
        if facts.plan is not None:
            listed = await self.link.ask(ListItems(project=project, kind="story", limit=500, budget=50_000))
            marks = [item.tests for item in listed.items]
            facts.tests = (marks.count("green"), marks.count("red"))

    async def _ask_models(self, _project: str) -> None:
        before = self.model_servers
        found = await self.link.ask(ListModels())
        if self.model_servers is before:
            self.model_servers = found.servers
        else:
            self.refresh("models")  # An event came meanwhile; the answer may be older.

    async def _ask_approvals(self, _project: str) -> None:
        before = self.approvals
        found = await self.link.get("/v1/approvals")
        if self.approvals is before:
            self.approvals = [Approval.model_validate(entry) for entry in objects_of(found, "approvals")]
        else:
            self.refresh("approvals")  # As with models.

    async def _ask_activity(self, _project: str) -> None:
        """What happened before the panel was there, or while it did not hear."""
        kinds = [kind.type for kind in STORY_KINDS]
        found = await self.link.ask(BusJournal(types=kinds, backwards=True, limit=PAST_EVENTS))
        past = [story_of_envelope(event.envelope, event.seq) for event in found.events]
        known = {story.id for story in self.activity}
        merged = sorted(
            [*(story for story in past if story.id not in known), *self.activity], key=lambda story: story.ts
        )
        self.activity = deque(merged, maxlen=ACTIVITY)

    def _tell(self, changed: Iterable[Part]) -> None:
        told = frozenset(changed)
        if told:
            for listener in list(self.listeners):
                listener(told)
