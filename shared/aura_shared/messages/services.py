"""Messages about the processes themselves."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from pydantic import Field, JsonValue

from aura_shared.messages.core import Durability, Event, Reply, Request

MOST_PAUSE_S: Final = 30 * 86_400
ServiceStateName = Literal["waiting", "starting", "ready", "backing-off", "stopping", "stopped", "crash-loop"]


class ServiceStateChanged(Event):
    """A service got another state. Topic: `service.state`. Sent by the supervisor."""

    type: ClassVar[str] = "service.state"
    durability: ClassVar[Durability] = "state"

    service: str
    """Name in the process table."""
    state: ServiceStateName
    """What it does now."""
    pid: int | None = None
    """Its process, while it has one."""
    restarts: int = Field(default=0, ge=0)
    """How often it was started again since `aura up`."""
    reason: str = ""
    """Why, in one line: an exit code, a missed heartbeat, a request."""

    def state_key(self) -> str:
        """One last value per service."""
        return self.service


class ServiceMetrics(Event):
    """What a service measured of itself. Topic: `service.metrics`. Sent by every service each 10 s."""

    type: ClassVar[str] = "service.metrics"
    durability: ClassVar[Durability] = "ephemeral"

    service: str
    """Name in the process table."""
    pid: int
    """Its process."""
    uptime_s: float = Field(ge=0)
    """Seconds since it started."""
    cpu_s: float = Field(ge=0)
    """User and system CPU seconds so far."""
    rss_bytes: int = Field(ge=0)
    """Resident memory."""
    bus_lag: int = Field(default=0, ge=0)
    """Events between the head of the journal and the last one applied."""
    exposition: str = ""
    """All its metrics in the Prometheus text format."""


class LogLine(Event):
    """One log line of a service. Topic: `log.line`. Ephemeral: dropped under pressure and counted.

    What led to it, who began that and which project it is about are in its envelope (`cause`, `corr`, `origin`,
    `project`). In the log files they are fields of the line.
    """

    type: ClassVar[str] = "log.line"
    durability: ClassVar[Durability] = "ephemeral"

    service: str
    """Who wrote it."""
    level: Literal["debug", "info", "warning", "error", "critical"]
    """How much it matters."""
    event: str
    """What happened, in snake_case."""
    ts: str
    """When: ISO 8601 in UTC."""
    fields: dict[str, JsonValue] = Field(default_factory=dict)
    """The facts of the line."""
    dropped: int = Field(default=0, ge=0)
    """Lines of this service that were dropped since the one before."""


class WorkPaused(Event):
    """Work that nobody asked for waits, or goes on. Topic: `work.paused`. Sent by the gateway when a person says so.

    It holds also for services that start later. When `until` has passed, work goes on without another event.
    """

    type: ClassVar[str] = "work.paused"
    durability: ClassVar[Durability] = "state"

    paused: bool
    """Whether it waits."""
    until: str = ""
    """When it goes on by itself: ISO 8601 in UTC; empty when only a person ends the pause."""
    by: str = ""
    """Who said so: a kind of client."""


class WorkAnswer(Reply):
    """Whether background work waits."""

    work: WorkPaused
    """What holds now."""


class PauseWork(Request[WorkAnswer]):
    """Let work that nobody asked for wait. A pause that goes on already gets this end instead of its own."""

    type: ClassVar[str] = "work.pause"
    service: ClassVar[str] = "gateway"

    for_s: float | None = Field(default=None, gt=0, le=MOST_PAUSE_S)
    """For how many seconds; without it, until a person ends it."""


class ResumeWork(Request[WorkAnswer]):
    """Let background work go on."""

    type: ClassVar[str] = "work.resume"
    service: ClassVar[str] = "gateway"


class ShowWork(Request[WorkAnswer]):
    """Does background work wait?"""

    type: ClassVar[str] = "work.show"
    service: ClassVar[str] = "gateway"
