"""Messages of proposals for a plan: what an item can be broken into, split into, or may cost, and what is missing.

Nothing is written unless `apply` says so; then what was chosen is one change of the plan that can be undone.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.assist import ModelUse, UseModel
from aura_shared.messages.core import Message, Reply, Request
from aura_shared.messages.plan_items import ItemFinding, ItemKind

ProposedBy = Literal["text", "split", "history", "size", "model"]
"""What a proposal comes from: the item's own words, a pattern of splitting, finished items, measures, a model."""
SplitBy = Literal["auto", "steps", "crud", "interface", "data", "errors", "criterion"]
"""Patterns of splitting; `auto` takes the first that fits."""


class ProposedSource(Message):
    """The lines that a proposal rests on."""

    type: ClassVar[str] = "plan.proposals.source"

    path: str
    """The file."""
    first: int = Field(ge=1)
    """First line, counted from 1."""
    last: int = Field(ge=1)
    """Last line."""
    quote: str = ""
    """What stands there, shortened."""


class ProposedItem(Message):
    """Something that is proposed; it counts only once somebody accepts it."""

    type: ClassVar[str] = "plan.proposals.item"

    number: int = Field(ge=1)
    """What `only` names it by."""
    what: Literal["add", "change"] = "add"
    """A new item, or another text or field of one that is there."""
    kind: ItemKind
    """What it is."""
    title: str
    """What it is called."""
    role: Literal["", "implement", "test", "migrate", "document", "part"] = ""
    """What a task is for; `part`: of an item that is split."""
    item: str = ""
    """Identifier of the item that is changed; empty for a new one."""
    parent: str = ""
    """Identifier, alias or `#number` of what it would belong to."""
    depends_on: list[str] = Field(default_factory=list)
    """What would have to be done before, by identifier or `#number`."""
    criteria: list[str] = Field(default_factory=list)
    """Acceptance criteria that it carries; the first 40, shortened."""
    estimate: float | None = None
    """What it would cost."""
    low: float | None = None
    """The least it may cost."""
    high: float | None = None
    """The most it may cost."""
    by: ProposedBy
    """What it comes from."""
    reasons: list[str] = Field(default_factory=list)
    """Why it is proposed."""
    source: ProposedSource | None = None
    """The lines that it rests on."""
    grounded: bool = True
    """False where no line of the document says so: `ungrounded` is written into its file as well."""
    duplicate_of: str = ""
    """The item that is nearest to it, when one comes near."""


class ProposalAnswer(Reply):
    """What is proposed, and what was written of it."""

    project: str
    """Identifier of the project."""
    action: str
    """`expand`, `split`, `estimate` or `propose`."""
    item: str = ""
    """Identifier or path of what it is about."""
    title: str = ""
    """What that is called."""
    style: Literal["", "files", "boxes"] = ""
    """How tasks are kept in this plan: a file each, or as checkboxes of their story."""
    pattern: str = ""
    """The pattern that an item is split by."""
    proposals: list[ProposedItem] = Field(default_factory=list[ProposedItem])
    """A page of them."""
    version: str = ""
    """Tells this list from another one: give it with `only`, so that numbers mean what they meant."""
    total: int = Field(default=0, ge=0)
    """How many there are on all pages."""
    next: int = Field(default=0, ge=0)
    """`start` of the next page; 0 after the last."""
    applied: list[int] = Field(default_factory=list)
    """Numbers of those that were written."""
    operation: str = ""
    """Identifier for `aura plan undo`."""
    files: list[str] = Field(default_factory=list)
    """Files that are written; the first 200."""
    diff: str = ""
    """The change as a unified diff, when it was asked for."""
    findings: list[ItemFinding] = Field(default_factory=list[ItemFinding])
    """What is not clear, and what a model did wrong, by file and line."""
    notices: list[str] = Field(default_factory=list)
    """What a person should know: what was dropped, and why."""
    sections: int = Field(default=0, ge=0)
    """Sections of the document that a model is asked about, one call each."""
    sections_done: int = Field(default=0, ge=0)
    """Those that are answered; the same request goes on with the others."""
    budget_tokens: int = Field(default=0, ge=0)
    """Most tokens that the calls of this request take, estimated before the first."""
    model: ModelUse | None = None
    """What a model had to do with it."""
    reason: str = ""
    """Why there is nothing."""


class ExpandPlanItem(Request[ProposalAnswer]):
    """Break an item into tasks, split it, or estimate it: proposals with their reasons; written only with `apply`."""

    type: ClassVar[str] = "plan.proposals.expand"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    action: Literal["expand", "split", "estimate"] = "expand"
    """`expand`: items below it; `split`: items instead of it; `estimate`: what it may cost."""
    item: str = Field(default="", max_length=1000)
    """Identifier, alias or path; empty with `estimate` for all open items without one."""
    by: SplitBy = "auto"
    """Pattern to split by."""
    model: UseModel = "never"
    """Whether a model is asked for what the text of the item does not say; of `expand`."""
    only: list[int] = Field(default_factory=list, max_length=500)
    """Numbers of the proposals to write; empty for all. A split is taken whole."""
    version: str = Field(default="", max_length=64)
    """What the numbers of `only` are about; refused when it is another now. Empty for any."""
    apply: bool = False
    """Write them."""
    replace: bool = False
    """With `estimate`: also where a person estimated."""
    diff: bool = False
    """Whether the answer has the change as a diff."""
    start: int = Field(default=0, ge=0)
    """Where the page begins."""
    limit: int = Field(default=40, ge=1, le=500)
    """Most proposals on a page."""
    budget: int = Field(default=1800, ge=100, le=50_000)
    """Most tokens of a page, estimated."""


class ProposePlan(Request[ProposalAnswer]):
    """Ask a model what a requirements document or plan lacks: stories, criteria, dependencies, estimates.

    A section a call, each proposal checked against the document. What validated is kept, so the same request goes on.
    """

    type: ClassVar[str] = "plan.proposals.propose"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    path: str = Field(min_length=1, max_length=1000)
    """The document, relative to the project; with `content` only what it is called."""
    content: str = Field(default="", max_length=2_800_000, pattern=r"^[A-Za-z0-9+/]*={0,2}$")
    """Its bytes in Base64; empty to read the file of the project."""
    model: UseModel = "auto"
    """`never` gives what was kept of earlier calls."""
    sections: int = Field(default=20, ge=0, le=500)
    """Most sections to ask about now; 0 only says how many there are and what they would take."""
    again: bool = False
    """Forget what was kept of this document, and ask anew."""
    only: list[int] = Field(default_factory=list, max_length=500)
    """Numbers of the proposals to write; empty for all."""
    version: str = Field(default="", max_length=64)
    """What the numbers of `only` are about; refused when it is another now. Empty for any."""
    apply: bool = False
    """Write them."""
    diff: bool = False
    """Whether the answer has the change as a diff."""
    start: int = Field(default=0, ge=0)
    """Where the page begins."""
    limit: int = Field(default=40, ge=1, le=500)
    """Most proposals on a page."""
    budget: int = Field(default=1800, ge=100, le=50_000)
    """Most tokens of a page, estimated."""
