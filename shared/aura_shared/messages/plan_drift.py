"""Messages of documents that a plan is made of: merging one in, and how far both have come apart."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Durability, Event, Message, Reply, Request
from aura_shared.messages.plan_items import ItemFinding, ItemKind

MergeWhat = Literal["added", "changed", "renamed", "moved", "conflict", "removed", "unclear", "same"]
"""`renamed` and `moved`: its title, or what it belongs to, is another (among what changed). `conflict`: document and
plan both changed a field, and the plan's stays. `removed`: it is not in the document any more; its item stays.
`unclear`: several things could be meant, so nothing is done."""


class MergeRow(Message):
    """What becomes of one thing of a document, or of an item whose place in it is gone."""

    type: ClassVar[str] = "plan.drift.row"

    what: MergeWhat
    """What."""
    kind: ItemKind
    """What it is."""
    title: str = ""
    """As the document has it; of what is gone, as the plan has it."""
    alias: str = ""
    """What the document calls it."""
    id: str = ""
    """Identifier of the item; of what is added, the one that it gets."""
    path: str = ""
    """The file of the item."""
    line: int = Field(default=0, ge=0)
    """Where it begins in the document; 0 for what is gone."""
    fields: list[str] = Field(default_factory=list)
    """What changes, or what both changed."""
    note: str = ""
    """For a person: the old and the new words, the items that could be meant, a claim that a gate holds back."""


class DocumentMerged(Reply):
    """What a merge did, or would do."""

    project: str
    """Identifier of the project."""
    path: str
    """The document."""
    done: bool = False
    """False for a dry run, and when there was nothing to change."""
    operation: str = ""
    """Identifier for `aura plan undo`."""
    drifted: bool = False
    """Whether document and plan differ: something would be added, changed or removed, or is in conflict."""
    counts: dict[str, int] = Field(default_factory=dict)
    """How many rows of each kind there are, on all pages."""
    requirements: int = Field(default=0, ge=0)
    """How many requirements the document has; they stay in it, and items name them."""
    rows: list[MergeRow] = Field(default_factory=list[MergeRow])
    """A page of them in the order of the document, what is gone last; unchanged ones are left out."""
    total: int = Field(default=0, ge=0)
    """How many rows there are on all pages."""
    next: int = Field(default=0, ge=0)
    """`start` of the next page; 0 after the last."""
    findings: list[ItemFinding] = Field(default_factory=list[ItemFinding])
    """What is not clear or wrong in the document; the first 50."""
    notices: list[str] = Field(default_factory=list)
    """What a person should know."""
    diff: str = ""
    """The change as a unified diff; only of a dry run, cut at about 20,000 characters."""


class MergeDocument(Request[DocumentMerged]):
    """Make items of a document, or merge what changed in it into the items that were made of it before. No model."""

    type: ClassVar[str] = "plan.drift.merge"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    path: str = Field(min_length=1, max_length=1000)
    """The document, relative to the project."""
    prefer: Literal["", "plan", "document"] = ""
    """Whose word counts where both changed, from now on; empty to leave the plan's and go on telling."""
    cancel: bool = False
    """Whether items whose place in the document is gone become cancelled."""
    pairs: list[str] = Field(default_factory=list, max_length=200)
    """What is meant where it is unclear: `ITEM=LINE`, the item and the line of the document."""
    dry_run: bool = False
    """Only show the change."""
    start: int = Field(default=0, ge=0)
    """Where the page of rows begins."""
    limit: int = Field(default=100, ge=1, le=500)
    """Most rows."""


class DriftedDocument(Message):
    """A document that items were made of, and how far both have come apart."""

    type: ClassVar[str] = "plan.drift.document"

    path: str
    """The document."""
    items: int = Field(default=0, ge=0)
    """How many items were made of it."""
    gone: bool = False
    """Whether it cannot be read any more."""
    counts: dict[str, int] = Field(default_factory=dict)
    """How many things were added, changed, removed and so on since the last merge."""
    drifted: bool = False
    """Whether there is anything to merge."""


class PlanDrift(Reply):
    """Documents that the plan was made of."""

    project: str
    """Identifier of the project."""
    documents: list[DriftedDocument] = Field(default_factory=list[DriftedDocument])
    """All of them, by path."""
    reason: str = ""
    """Why there is none."""


class AskPlanDrift(Request[PlanDrift]):
    """How far the documents that a plan was made of and the plan have come apart."""

    type: ClassVar[str] = "plan.drift.ask"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""


class PlanDriftChanged(Event):
    """A document of a plan changed, and differs from what was made of it. Topic: `plan.drift.changed`."""

    type: ClassVar[str] = "plan.drift.changed"
    durability: ClassVar[Durability] = "durable"

    project: str
    """Identifier of the project."""
    document: DriftedDocument
    """How far both have come apart."""
