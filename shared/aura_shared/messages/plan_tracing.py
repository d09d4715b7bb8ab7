"""Messages of traces: which requirement has which stories, tasks, tests and code, and what a change puts at risk."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Message, Reply, Request

CoverageGap = Literal[
    "no-story", "no-task", "no-criteria", "no-test", "criterion-without-test", "no-code", "no-requirement"
]
"""`no-code`: no commit, file or symbol of it was found. `no-requirement`: the story names none, and there are some."""


class TracedPlace(Message):
    """A test, or a file of code."""

    type: ClassVar[str] = "plan.tracing.place"

    path: str
    """Relative to the project."""
    line: int = Field(default=0, ge=0)
    """Where; 0 for the whole file."""
    name: str = ""
    """Name of the test; empty for a file."""
    why: str = ""
    """How it was found."""


class CoverageRow(Message):
    """A requirement, or a story that belongs to none, with what there is of it."""

    type: ClassVar[str] = "plan.tracing.coverage_row"

    kind: Literal["requirement", "story"]
    """What it is."""
    name: str
    """What the document calls it; without an id, its place such as `.ai/prd.md:31`."""
    title: str = ""
    """Its words."""
    path: str
    """The document, or the file of the story."""
    line: int = Field(default=1, ge=1)
    """Where."""
    stories: list[str] = Field(default_factory=list)
    """Identifiers of stories, and of epics without stories."""
    tasks: list[str] = Field(default_factory=list)
    """Identifiers of tasks."""
    criteria: int = Field(default=0, ge=0)
    """Acceptance criteria of these."""
    tested: int = Field(default=0, ge=0)
    """How many of the criteria a test speaks of."""
    tests: list[TracedPlace] = Field(default_factory=list[TracedPlace])
    """Tests; the first 20."""
    tests_total: int = Field(default=0, ge=0)
    """How many there are."""
    code: list[TracedPlace] = Field(default_factory=list[TracedPlace])
    """Files of code, those of most commits first; the first 20."""
    code_total: int = Field(default=0, ge=0)
    """How many there are."""
    done: bool = False
    """Whether everything that carries it is closed."""
    gaps: list[CoverageGap] = Field(default_factory=list[CoverageGap])
    """What is missing."""


class PlanCoverage(Reply):
    """Requirement, story, task, test, code."""

    project: str
    """Identifier of the project."""
    rows: list[CoverageRow] = Field(default_factory=list[CoverageRow])
    """A page of them: requirements in the order of their documents, then stories without one."""
    total: int = Field(default=0, ge=0)
    """How many rows there are on all pages."""
    next: int = Field(default=0, ge=0)
    """`start` of the next page; 0 after the last."""
    requirements: int = Field(default=0, ge=0)
    """How many requirements there are."""
    covered: int = Field(default=0, ge=0)
    """How many of them have a story, a task, a test and code."""
    gaps: dict[str, int] = Field(default_factory=dict)
    """How often each gap is there, on all pages."""
    notices: list[str] = Field(default_factory=list)
    """What cannot be concluded, and why."""
    reason: str = ""
    """Why there is nothing."""
    picture: str = ""
    """The same as a page in HTML that needs nothing else; only when asked for."""


class AskCoverage(Request[PlanCoverage]):
    """Which requirement has which stories, tasks, tests and code, and what is missing."""

    type: ClassVar[str] = "plan.tracing.coverage"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    gaps_only: bool = False
    """Only rows with a gap."""
    form: Literal["", "html"] = ""
    """Whether to give a picture as well, of all rows."""
    start: int = Field(default=0, ge=0)
    """Where the page begins."""
    limit: int = Field(default=25, ge=1, le=500)
    """Most rows on a page."""


class AtRisk(Message):
    """An item or requirement that a change may touch, or an item that changes the same files."""

    type: ClassVar[str] = "plan.tracing.at_risk"

    kind: Literal["requirement", "prd", "architecture", "epic", "story", "task"]
    """What it is."""
    id: str = ""
    """Identifier of an item; empty for a requirement."""
    name: str = ""
    """Alias, or the name of a requirement."""
    title: str = ""
    """Its words."""
    status: str = ""
    """Status of an item."""
    certain: float = Field(default=0, ge=0, le=1)
    """How sure it is."""
    path: list[str] = Field(default_factory=list)
    """The reasons, one after the other, from what changes to this."""
    files: list[str] = Field(default_factory=list)
    """Files that are shared; the first 10."""


class PlanImpact(Reply):
    """What a change puts at risk; or what an item will probably touch."""

    project: str
    """Identifier of the project."""
    subject: str
    """What the question was understood to mean."""
    risks: list[AtRisk] = Field(default_factory=list[AtRisk])
    """Of a file or symbol: items and requirements, the surest first. Of an item: open items with the same files."""
    total: int = Field(default=0, ge=0)
    """How many there are."""
    files: list[TracedPlace] = Field(default_factory=list[TracedPlace])
    """Of a file or symbol: files with affected code. Of an item: files that it will probably touch."""
    notices: list[str] = Field(default_factory=list)
    """What could not be looked at."""
    reason: str = ""
    """Why there is nothing."""


class AskPlanImpact(Request[PlanImpact]):
    """Which items and requirements a change of a file or symbol touches; or which files an item will touch."""

    type: ClassVar[str] = "plan.tracing.impact"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    subject: str = Field(min_length=1, max_length=1000)
    """An item (identifier, alias, path below `.ai/`), a file, or a symbol."""
    limit: int = Field(default=20, ge=1, le=200)
    """Most entries in each list."""
