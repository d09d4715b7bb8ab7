"""Messages of progress: what commits, tests and symbols say about items, beside what their files claim.

Paths are relative to the project's root with forward slashes; lines count from 1. A confidence is in [0, 1].
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Durability, Event, Message, Reply, Request

ProgressState = Literal["unknown", "not-started", "in-progress", "probably-done", "done", "regressed"]
"""`unknown`: no history to tell from; `regressed`: it was done, and its work was reverted or its tests fail."""
ContradictionRule = Literal["no-evidence", "not-claimed", "red", "reverted"]
"""`no-evidence`: claimed done without any; `not-claimed`: evidence of done while it is open; `red`: claimed done, and
tests fail; `reverted`: claimed done, and its work was taken back."""


class ProgressEvidence(Message):
    """Something that belongs to an item."""

    type: ClassVar[str] = "plan.progress.evidence"

    what: Literal["commit", "test", "symbol", "branch", "record"]
    """`record`: a test run that the item's file has."""
    how: str = ""
    """How it was found: `trailer`, `closes`, `subject`, `branch`, `body`, `file` for a commit; `name`, `note`, `head`,
    `words` for a test; `new`, `old`, `there`, `missing` for a symbol; `aura` or `claimed` for a record."""
    trust: float = Field(default=0, ge=0, le=1)
    """How likely the link is right."""
    commit: str = ""
    """Hash, for a commit."""
    path: str = ""
    """File, for a test or symbol."""
    line: int = Field(default=0, ge=0)
    """Where in it; 0 for no place."""
    text: str = ""
    """First line of a commit, name of a test, symbol or branch."""
    at: str = ""
    """When it was committed, or when the test result was written: ISO 8601 in UTC."""
    note: str = ""
    """`reverted`, `not merged`; of a test its last outcome with the report, or `no result`."""
    criterion: int = Field(default=0, ge=0)
    """Which acceptance criterion a test shares its words with, counted from 1; 0 for none."""


class ProgressRow(Message):
    """How far an item is."""

    type: ClassVar[str] = "plan.progress.row"

    id: str = ""
    """Identifier; empty for a file of another layout."""
    kind: str
    """`epic`, `story` or `task`."""
    alias: str = ""
    """What the document calls it."""
    title: str = ""
    """What it is called."""
    path: str
    """Its file."""
    status: str = ""
    """What its file claims."""
    state: ProgressState
    """What evidence says."""
    confidence: float = Field(ge=0, le=1)
    """How sure that is."""
    share: float = Field(ge=0, le=1)
    """How much of its effort evidence shows as finished."""
    effort: float = Field(default=0, ge=0)
    """Points of its leaves that are not cancelled."""
    why: str = ""
    """In a few words."""
    commits: int = Field(default=0, ge=0)
    """Commits that belong to it."""
    tests: int = Field(default=0, ge=0)
    """Tests that belong to it."""
    contradictions: list[str] = Field(default_factory=list)
    """Where claim and evidence differ, each with the name of its rule first."""


class UnplannedWork(Message):
    """Commits that touch code and belong to no item."""

    type: ClassVar[str] = "plan.progress.unplanned"

    name: str
    """The scope that they say, or the folder that they touch most."""
    total: int = Field(ge=0)
    """How many commits."""
    commits: list[str] = Field(default_factory=list)
    """Short hash and first line, the newest first; at most 5."""
    nearest: str = ""
    """Identifier or path of the item that is most like them; a proposal."""
    title: str = ""
    """What that is called."""
    likeness: float = Field(default=0, ge=0, le=1)
    """How much of its title they share, by weight of words."""


class PlanProgress(Reply):
    """How far a plan or an item is, from evidence."""

    project: str
    """Identifier of the project."""
    head: str = ""
    """Commit that is checked out; empty without a repository."""
    rows: list[ProgressRow] = Field(default_factory=list[ProgressRow])
    """Items in the order of the plan; for one item, itself and what belongs to it."""
    evidence: list[ProgressEvidence] = Field(default_factory=list[ProgressEvidence])
    """Of the item that was asked for, what tells most first."""
    unplanned: list[UnplannedWork] = Field(default_factory=list[UnplannedWork])
    """With `what: unplanned`, and the largest three otherwise when the whole plan was asked for."""
    total: int = Field(default=0, ge=0)
    """How many rows, or groups, there are on all pages."""
    next: int = Field(default=0, ge=0)
    """`start` of the next page; 0 after the last."""
    states: dict[str, int] = Field(default_factory=dict)
    """How many leaves are in each state."""
    share: float = Field(default=0, ge=0, le=1)
    """How much of the effort of the whole plan, or of the item, evidence shows as finished."""
    contradictions: int = Field(default=0, ge=0)
    """In the whole plan."""
    unplanned_commits: int = Field(default=0, ge=0)
    """In the whole plan."""
    notices: list[str] = Field(default_factory=list)
    """What cannot be concluded, and why."""
    reason: str = ""
    """Why there is nothing."""


class AskProgress(Request[PlanProgress]):
    """How far a plan or an item is, from commits, tests and symbols, and where that contradicts its status."""

    type: ClassVar[str] = "plan.progress.ask"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    item: str = Field(default="", max_length=1000)
    """Identifier, alias or path: with its evidence; empty for everything."""
    what: Literal["items", "contradictions", "unplanned"] = "items"
    """Items; only those whose status contradicts evidence; or commits that belong to no item."""
    state: ProgressState | None = None
    """Only items in this state."""
    start: int = Field(default=0, ge=0)
    """Number of the first row."""
    limit: int = Field(default=50, ge=1, le=500)
    """Most rows."""
    budget: int = Field(default=1800, ge=200, le=100_000)
    """Most tokens of rows and evidence, estimated."""


class ProgressChange(Message):
    """An item whose state changed."""

    type: ClassVar[str] = "plan.progress.change"

    id: str = ""
    """Identifier."""
    kind: str
    """What it is."""
    title: str = ""
    """What it is called."""
    path: str
    """Its file."""
    old_state: str = ""
    """State before; empty when it is not known."""
    state: str = ""
    """State now; empty for an item that is gone."""
    confidence: float = Field(default=0, ge=0, le=1)
    """How sure that is."""
    old_status: str = ""
    """What its file claimed before."""
    status: str = ""
    """What it claims now."""


class PlanProgressChanged(Event):
    """The state or status of items changed. Topic: `plan.progress.changed`. After commits, edits and test reports."""

    type: ClassVar[str] = "plan.progress.changed"
    durability: ClassVar[Durability] = "durable"

    project: str
    """Identifier of the project."""
    because: Literal["edit", "commit", "tests", "question"]
    """What led to it; `question`: it was noticed when somebody asked."""
    changes: list[ProgressChange] = Field(default_factory=list[ProgressChange])
    """What changed, the first 100."""
    total: int = Field(default=0, ge=0)
    """How many items changed."""
