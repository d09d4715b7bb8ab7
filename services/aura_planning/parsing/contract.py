"""What reading a document gives: items with their lines, what they depend on, and what was not clear."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

__all__ = [
    "FAMILIES", "KINDS", "Criterion", "Dependency", "Document", "Family", "Finding", "Gap", "Group", "Item", "Kind",
    "OutOfScope", "Proposal", "Reference", "Severity", "Source", "Status",
]  # fmt: skip

Kind: TypeAlias = Literal["epic", "story", "task", "requirement"]
Severity: TypeAlias = Literal["error", "warning", "info"]
Status: TypeAlias = Literal["", "todo", "in-progress", "blocked", "deferred", "cancelled", "done"]
"""Empty where the document says nothing that is understood."""
Family: TypeAlias = Literal[
    "agile-prd", "agile-story", "bmad", "gherkin", "issue-list", "kiro-requirements", "kiro-tasks", "openspec-delta",
    "openspec-tasks", "outline", "plan", "prd", "requirement-table", "speckit-spec", "speckit-tasks", "tasks-json",
    "tenx-prd", "user-stories", "none",
]  # fmt: skip
"""The manner in which a document is written; `none` where nothing was found in it."""

KINDS: Final[tuple[Kind, ...]] = ("epic", "story", "task", "requirement")
FAMILIES: Final[tuple[str, ...]] = Family.__args__


@dataclass(frozen=True, slots=True)
class Source:
    """Where something stands. Lines are counted from 1."""

    first: int
    last: int
    quote: str = ""
    """The first line as it is written, without its end."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One acceptance criterion."""

    text: str
    source: Source
    ticked: bool | None = None
    """Whether its box is ticked; None without a box."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """What has to be done before, because the document says so."""

    item: int
    """Index of the other item."""
    source: Source
    """The lines that say it."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A requirement that an item names."""

    written: str
    """As it is written, such as `FR-003` or `1.2`."""
    item: int | None
    """Index of the requirement; None when it stands in another document."""
    line: int


@dataclass(frozen=True, slots=True)
class Item:
    """An epic, a story, a task or a requirement."""

    kind: Kind
    alias: str
    """The document's own id as it is written; empty without one."""
    title: str
    text: str
    source: Source
    parent: int | None = None
    """Index of the item that it belongs to."""
    status: Status = ""
    status_text: str = ""
    """As it is written: `[x]`, `COMPLETED`, a check mark."""
    priority: str = ""
    estimate: str = ""
    optional: bool = False
    labels: tuple[str, ...] = ()
    """What else is written at it: `MVP`, `P` for parallel, the phase or sprint that it stands in."""
    criteria: tuple[Criterion, ...] = ()
    depends_on: tuple[Dependency, ...] = ()
    requirements: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A dependency that the document does not say outright. It counts only when a person accepts it."""

    item: int
    needs: int
    reason: str
    source: Source


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was not clear, or is wrong."""

    code: str
    severity: Severity
    line: int
    message: str
    advice: str
    """What to try."""


@dataclass(frozen=True, slots=True)
class OutOfScope:
    """Something that the document says is not, or not now, to be done."""

    text: str
    source: Source
    why: Literal["out of scope", "later"] = "out of scope"


@dataclass(frozen=True, slots=True)
class Group:
    """A phase, sprint, module or section that holds items but is none itself."""

    kind: Literal["phase", "sprint", "module"]
    title: str
    source: Source
    items: tuple[int, ...] = ()
    """Indexes of what stands in it."""
    lines: tuple[Source, ...] = ()
    """Lines of it that name work, but are no items, because the document lists its tasks elsewhere."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that the document asks for and no task covers."""

    kind: Literal["epic", "story", "requirement", "phase", "module", "phase-line"]
    title: str
    source: Source
    reason: str
    item: int | None = None
    nearest: tuple[int, ...] = ()
    """Indexes of tasks whose words come near."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was understood."""

    path: str
    family: Family
    title: str
    items: tuple[Item, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    findings: tuple[Finding, ...] = ()
    out_of_scope: tuple[OutOfScope, ...] = ()
    groups: tuple[Group, ...] = field(default=())
