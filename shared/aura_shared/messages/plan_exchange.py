"""Messages of import and export: plans as other tools keep them.

Paths are relative to the project's root with forward slashes; lines count from 1.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Message, Reply, Request
from aura_shared.messages.plan_items import ItemFinding, ItemKind

ExchangeFormat = Literal["taskmaster", "speckit", "openspec", "bmad", "backlog", "csv", "gh-json", "task-list"]


class ImportedItem(Message):
    """What becomes of one thing of a source."""

    type: ClassVar[str] = "plan.exchange.imported_item"

    what: Literal["new", "changed", "same", "kept"]
    """`kept`: the source and the plan both changed, and the plan's word stays."""
    key: str
    """Its id in the source."""
    id: str
    """Identifier of the item."""
    kind: ItemKind
    """What it becomes."""
    title: str = ""
    """What it is called."""
    status: str = ""
    """Its status here; empty when the source says one that is not known."""
    was: str = ""
    """The status as the source writes it."""
    fields: list[str] = Field(default_factory=list)
    """Which fields change, or differ."""
    path: str = ""
    """File of the source."""
    line: int = Field(default=1, ge=1)
    """Where in it."""


class KeptField(Message):
    """Something that has no field of its own."""

    type: ClassVar[str] = "plan.exchange.kept_field"

    what: str
    """Where it comes from and where it is kept, such as `complexity -> taskmaster.complexity`; or what is lost."""
    count: int = Field(default=1, ge=1)
    """Of how many items."""


class PlanImported(Reply):
    """What an import did, or would do."""

    project: str
    """Identifier of the project."""
    format: ExchangeFormat
    """The format that was read."""
    source: str
    """The file or folder that was read."""
    done: bool = False
    """False for a dry run, when nothing changed, and when the source is refused."""
    refused: bool = False
    """Whether the source is so wrong that nothing is written; the findings say why."""
    operation: str = ""
    """Identifier for `aura plan undo`."""
    counts: dict[str, int] = Field(default_factory=dict)
    """How many became what, such as `new task` or `same story`."""
    items: list[ImportedItem] = Field(default_factory=list[ImportedItem])
    """What becomes of each thing, changes first; as many as the limit allows."""
    total: int = Field(default=0, ge=0)
    """How many things the source has."""
    kept: list[KeptField] = Field(default_factory=list[KeptField])
    """What has no field of its own, and where it is kept."""
    left: list[str] = Field(default_factory=list)
    """What stays in the source only."""
    findings: list[ItemFinding] = Field(default_factory=list[ItemFinding])
    """What is wrong or was not clear, by file and line, errors first; as many as the limit allows."""
    problems: int = Field(default=0, ge=0)
    """How many findings there are."""


class ImportPlan(Request[PlanImported]):
    """Read a plan of another tool into items; what came before is updated, and nothing is doubled or removed."""

    type: ClassVar[str] = "plan.exchange.import"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    path: str = Field(default="", max_length=1000)
    """File or folder in the project; empty for the project itself."""
    content: str = Field(default="", max_length=4_000_000)
    """The file in Base64, for one outside of the project; `path` is then what it is called."""
    format: ExchangeFormat | None = None
    """Its format; null to recognise it."""
    prefer: Literal["plan", "source"] = "plan"
    """Whose word counts where both changed since the last import."""
    lenient: bool = False
    """Take a source with ids that stand twice, or cycles: further ones get another id, and cycles are reported."""
    dry_run: bool = False
    """Only show what would become of it."""
    limit: int = Field(default=20, ge=0, le=5000)
    """Most items and findings in the answer."""


class ExportedFile(Message):
    """A file that an export writes."""

    type: ClassVar[str] = "plan.exchange.exported_file"

    path: str
    """Relative to the project."""
    what: Literal["new", "changed"]
    """What happens to it."""
    size: int = Field(default=0, ge=0)
    """Bytes afterwards."""


class PlanExported(Reply):
    """What an export wrote, or would write."""

    project: str
    """Identifier of the project."""
    format: ExchangeFormat
    """The format."""
    target: str = ""
    """The file or folder; empty when the content is the answer."""
    done: bool = False
    """Whether files were written."""
    items: int = Field(default=0, ge=0)
    """How many items stand in it."""
    files: list[ExportedFile] = Field(default_factory=list[ExportedFile])
    """What is written; the first 200."""
    total: int = Field(default=0, ge=0)
    """How many files are written."""
    content: str = ""
    """The file, when no target was given."""
    diff: str = ""
    """Of a dry run: the change as a unified diff, cut at 20,000 characters."""
    lost: list[KeptField] = Field(default_factory=list[KeptField])
    """What the format has no place for."""
    notices: list[str] = Field(default_factory=list)
    """What a person should know."""
    operation: str = ""
    """The change of the plan that notes under which ids its items stand there; empty without one."""


class ExportPlan(Request[PlanExported]):
    """Write the plan in the format of another tool; a target that is there is merged with."""

    type: ClassVar[str] = "plan.exchange.export"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    format: ExchangeFormat
    """The format."""
    path: str = Field(default="", max_length=1000)
    """File or folder in the project; empty for the content of a format that is one file."""
    item: str = Field(default="", max_length=1000)
    """Only this item and what belongs to it: identifier, alias or path."""
    force: bool = False
    """Merge with a target that was changed since the last import or export."""
    dry_run: bool = False
    """Only show what would be written."""


class LinkedItem(Message):
    """An item that a branch, a file or a commit names."""

    type: ClassVar[str] = "plan.exchange.linked_item"

    reference: str
    """As it was asked for."""
    id: str
    """Identifier."""
    kind: ItemKind
    """What it is."""
    alias: str = ""
    """What the document calls it."""
    title: str = ""
    """What it is called."""
    status: str = ""
    """How far it is."""
    path: str = ""
    """Its file."""


class LinkedItems(Reply):
    """Items that were found."""

    project: str
    """Identifier of the project."""
    items: list[LinkedItem] = Field(default_factory=list[LinkedItem])
    """Those that are meant, in the order of the question; a reference that means none or several is left out."""


class FindLinks(Request[LinkedItems]):
    """Which items the words of a branch's name, paths below `.ai/`, or trailers of commits mean."""

    type: ClassVar[str] = "plan.exchange.links"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    references: list[str] = Field(default_factory=list, max_length=500)
    """Identifiers, aliases or paths, each to be found as it is."""
    branch: str = Field(default="", max_length=500)
    """Name of a branch; identifiers and aliases in it count."""
