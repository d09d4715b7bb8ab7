"""Messages of maintenance: what is wrong in a repository, what mends it, and the watch that proposes."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Durability, Event, Message, Reply, Request

HealthLevel = Literal["problem", "warning", "note"]
"""`problem`: work may get lost or something is broken; `note`: good to know."""
WatchMode = Literal["off", "propose", "commit", "push"]
"""What the watch may do by itself; each includes the ones before it."""
ProposalKind = Literal["commit", "committed", "push", "pushed", "sync", "cleanup"]


class HealthItem(Message):
    """One thing that a finding is about."""

    type: ClassVar[str] = "git.health.item"

    name: str
    """A path, branch, hook, commit or setting."""
    detail: str = ""
    """Size, age, distance, or what is wrong with it."""


class HealthFinding(Message):
    """Something about a repository that a person should mend or know."""

    type: ClassVar[str] = "git.health.finding"

    rule: str
    """Such as `large-objects`; what `mend` takes."""
    level: HealthLevel
    """How much it matters."""
    what: str
    """What it is, in one line."""
    why: str
    """Why it matters."""
    items: list[HealthItem] = Field(default_factory=list[HealthItem])
    """Evidence; at most 50."""
    count: int = Field(default=0, ge=0)
    """How many there are in all."""
    command: str
    """What mends it, to be run by hand; empty when nothing has to be done."""
    fix: bool = False
    """Whether Aura can do it (`aura git health --fix RULE`)."""


class HealthReport(Reply):
    """The state of a repository's upkeep."""

    project: str
    """Identifier of the project."""
    findings: list[HealthFinding] = Field(default_factory=list[HealthFinding])
    """Problems first."""
    checked: list[str] = Field(default_factory=list)
    """Rules that were looked at."""
    skipped: list[str] = Field(default_factory=list)
    """Rules that were not, and why: `RULE: reason`."""
    seconds: float = Field(default=0.0, ge=0)
    """How long it took."""


class CheckHealth(Request[HealthReport]):
    """Look for what is wrong in a repository. Nothing is written."""

    type: ClassVar[str] = "git.health"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    rules: list[str] = Field(default_factory=list, max_length=100)
    """Only these rules; empty for all."""
    largest: int = Field(default=10, ge=1, le=50)
    """Most large objects that are listed."""


class MendAnswer(Reply):
    """What was mended, or would be."""

    rule: str
    """Which rule."""
    done: bool = False
    """False for a dry run."""
    items: list[str] = Field(default_factory=list)
    """What was touched."""
    diff: str = ""
    """What changes in files, as a unified diff."""
    operation: str = ""
    """Identifier for `aura git undo`; empty when nothing was to be done."""
    notice: str = ""
    """What a person should know."""


class MendGit(Request[MendAnswer]):
    """Mend a finding that Aura can mend; one operation that can be undone."""

    type: ClassVar[str] = "git.health.mend"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    rule: str = Field(min_length=1, max_length=60)
    """Which rule."""
    items: list[str] = Field(default_factory=list, max_length=500)
    """Only these items of the finding; empty for all."""
    dry_run: bool = False
    """Only show what would change."""


class WatchState(Reply):
    """What the watch may do in a repository."""

    project: str
    """Identifier of the project."""
    mode: WatchMode
    """What it may do by itself."""
    quiet_s: float = Field(ge=0)
    """How long files have to be at rest first."""
    notice: str = ""
    """What a person should know."""


class SetWatch(Request[WatchState]):
    """Show or set what the watch may do in a repository.

    It is kept in the repository's own `.git/config`, which no clone brings along.
    """

    type: ClassVar[str] = "git.watch"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    mode: WatchMode | None = None
    """What it may do from now on; absent to only show it."""
    quiet_s: float | None = Field(default=None, ge=5, le=86_400)
    """How long files have to be at rest first; absent to leave it."""


class GitProposal(Event):
    """The watch proposes something, or did what the owner switched on. Topic: `git.proposal`. Sent by the git service.

    The same proposal is sent once, until what it is about changes.
    """

    type: ClassVar[str] = "git.proposal"
    durability: ClassVar[Durability] = "durable"

    project: str
    """Identifier of the project."""
    kind: ProposalKind
    """What about; `committed` and `pushed` were done."""
    what: str
    """What is proposed or was done, in one line."""
    why: str
    """Why now."""
    command: str
    """The command that does it, or takes it back."""
    operation: str = ""
    """Identifier of the operation, when it was done."""
