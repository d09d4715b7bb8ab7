"""Messages of planning: what a requirements document or plan holds, read by its form alone."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Message, Reply, Request

PlanKind = Literal["epic", "story", "task", "requirement"]
PlanStatus = Literal["", "todo", "in-progress", "blocked", "deferred", "cancelled", "done"]
"""Empty where the document says nothing that is understood."""


class PlanSource(Message):
    """Where something stands in a document."""

    type: ClassVar[str] = "plan.source"

    first: int = Field(ge=1)
    """First line, counted from 1."""
    last: int = Field(ge=1)
    """Last line."""
    quote: str = ""
    """The first line as it is written."""


class PlanCriterion(Message):
    """An acceptance criterion."""

    type: ClassVar[str] = "plan.criterion"

    text: str
    """Without the signs of Markdown; its Given, When and Then in one."""
    source: PlanSource
    """Its lines."""
    ticked: bool | None = None
    """Whether its box is ticked; null without a box."""


class PlanDependency(Message):
    """What has to be done before, because the document says so."""

    type: ClassVar[str] = "plan.dependency"

    item: int = Field(ge=0)
    """Index of the other item."""
    source: PlanSource
    """The lines that say it."""


class PlanReference(Message):
    """A requirement that an item names."""

    type: ClassVar[str] = "plan.reference"

    written: str
    """As it is written, such as `FR-003`."""
    item: int | None = None
    """Index of the requirement; null when it stands in another document."""
    line: int = Field(ge=1)
    """Where it is named."""


class PlanItem(Message):
    """An epic, a story, a task or a requirement, as a document has it."""

    type: ClassVar[str] = "plan.item"

    index: int = Field(ge=0)
    """Its number among the items of the document."""
    kind: PlanKind
    """What it is."""
    alias: str = ""
    """The document's own id, as it is written; empty without one."""
    title: str = ""
    """Without id, status and marks."""
    text: str = ""
    """What the document says about it, shortened."""
    source: PlanSource
    """Its lines."""
    parent: int | None = None
    """Index of the item that it belongs to."""
    status: PlanStatus = ""
    """What the document claims."""
    status_text: str = ""
    """The same as it is written, such as `[x]` or `COMPLETED`."""
    priority: str = ""
    """As it is written."""
    estimate: str = ""
    """As it is written."""
    optional: bool = False
    """Whether the document calls it optional."""
    labels: list[str] = Field(default_factory=list)
    """What else is written at it, such as `MVP`, and the phase or sprint that it stands in."""
    criteria: list[PlanCriterion] = Field(default_factory=list[PlanCriterion])
    """Acceptance criteria."""
    depends_on: list[PlanDependency] = Field(default_factory=list[PlanDependency])
    """Explicit dependencies only."""
    requirements: list[PlanReference] = Field(default_factory=list[PlanReference])
    """Requirements that it names."""


class PlanProposal(Message):
    """A dependency that the document does not say outright; it counts only when a person accepts it."""

    type: ClassVar[str] = "plan.proposal"

    item: int = Field(ge=0)
    """Index of the item that would wait."""
    needs: int = Field(ge=0)
    """Index of the item that it would wait for."""
    reason: str
    """What speaks for it."""
    source: PlanSource
    """The lines that speak for it."""


class PlanFinding(Message):
    """Something in a document that is not clear, or wrong."""

    type: ClassVar[str] = "plan.finding"

    code: str
    """Such as `duplicate-id` or `dependency-cycle`."""
    severity: Literal["error", "warning", "info"]
    """How bad it is."""
    path: str
    """The document."""
    line: int = Field(ge=1)
    """Where, counted from 1."""
    message: str
    """What was found."""
    advice: str
    """What to try."""


class PlanExclusion(Message):
    """Something that the document says is not, or not now, to be done."""

    type: ClassVar[str] = "plan.exclusion"

    text: str
    """What."""
    why: Literal["out of scope", "later"]
    """Whether it is excluded or put off."""
    source: PlanSource
    """Its lines."""


class PlanGroup(Message):
    """A phase, sprint or module that holds items but is none itself."""

    type: ClassVar[str] = "plan.group"

    kind: Literal["phase", "sprint", "module"]
    """What it is."""
    title: str
    """Its heading."""
    source: PlanSource
    """Its lines."""
    items: list[int] = Field(default_factory=list)
    """Indexes of what stands in it."""


class PlanGap(Message):
    """Something that the document asks for and no task covers."""

    type: ClassVar[str] = "plan.gap"

    kind: Literal["epic", "story", "requirement", "phase", "module", "phase-line"]
    """What it is; `phase-line`: a line of a phase."""
    title: str
    """Its title or words."""
    item: int | None = None
    """Its index, when it is an item."""
    source: PlanSource
    """Its lines."""
    reason: str
    """Why it counts as not covered."""
    nearest: list[int] = Field(default_factory=list)
    """Indexes of tasks whose words come near, nearest first."""


class ParsedDocument(Reply):
    """What a document holds."""

    path: str
    """The document."""
    family: str
    """The manner in which it is written, such as `bmad` or `speckit-tasks`; `none` where nothing was found."""
    title: str = ""
    """Its title."""
    items: list[PlanItem] = Field(default_factory=list[PlanItem])
    """In the order of the document."""
    counts: dict[str, int] = Field(default_factory=dict)
    """How many items of each kind there are, also when `items` are left out."""
    proposals: list[PlanProposal] = Field(default_factory=list[PlanProposal])
    """Implied dependencies."""
    findings: list[PlanFinding] = Field(default_factory=list[PlanFinding])
    """What was not clear or is wrong, by line."""
    out_of_scope: list[PlanExclusion] = Field(default_factory=list[PlanExclusion])
    """What is not, or not now, to be done."""
    groups: list[PlanGroup] = Field(default_factory=list[PlanGroup])
    """Phases, sprints and modules."""
    gaps: list[PlanGap] = Field(default_factory=list[PlanGap])
    """What no task covers; only when it was asked for."""
    text: str = ""
    """The items as lines, for an agent; only when an outline was asked for."""
    more: bool = False
    """Whether the outline was cut: ask again with a larger `offset`."""


class ParseDocument(Request[ParsedDocument]):
    """Read a requirements document or plan into epics, stories, tasks and requirements, without a model."""

    type: ClassVar[str] = "plan.parse"
    service: ClassVar[str] = "planning"

    project: str = ""
    """Identifier, name or path of a registered project; empty when the content comes along."""
    path: str = Field(min_length=1, max_length=1000)
    """The document, relative to the project; with `content` only what it is called."""
    content: str = Field(default="", max_length=2_800_000, pattern=r"^[A-Za-z0-9+/]*={0,2}$")
    """Its bytes in Base64; empty to read the file of the project."""
    gaps: bool = False
    """Whether to say as well what no task covers."""
    outline: bool = False
    """Whether to answer with lines of text instead of whole items."""
    offset: int = Field(default=0, ge=0)
    """How many lines of the outline to pass over."""
