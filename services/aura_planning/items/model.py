"""What an item and a finding are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

__all__ = ["FIELDS", "KINDS", "Finding", "Item", "Kind", "Parsed", "Severity"]

Kind: TypeAlias = Literal["prd", "architecture", "epic", "story", "task"]
Severity: TypeAlias = Literal["error", "warning", "info"]

KINDS: Final[tuple[Kind, ...]] = ("prd", "architecture", "epic", "story", "task")
FIELDS: Final = (
    "id", "kind", "alias", "title", "status", "epic", "parent", "depends_on", "priority", "value", "estimate",
    "approved_by", "approved_at", "approved_hash", "tests", "tests_at", "tests_by", "tests_tree", "tests_s", "red_at",
    "test_names", "proposed_by", "source",
    "split_into", "estimate_from",
)  # fmt: skip
"""Keys of the front matter, in the order in which Aura writes them. Others are kept and not read."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with a file or between files."""

    rule: str
    """Its name, such as `unknown-status`."""
    message: str
    """What, what was expected, what was found."""
    path: str
    """File, relative to the project."""
    line: int
    """Counted from 1."""
    severity: Severity = "error"
    item: str = ""
    """Identifier of the item; empty where the file has none."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item, as its file says. What the file does not say clearly is empty here, and there is a finding."""

    id: str
    """Empty for a file of another layout, which has none yet."""
    kind: Kind
    path: str
    """Relative to the project."""
    title: str = ""
    status: str = ""
    """One of the statuses of its kind; empty when unknown."""
    status_text: str = ""
    """As it is written."""
    alias: str = ""
    """What the document calls it."""
    parent: str = ""
    """Identifier or alias of the epic of a story, or of what a task belongs to."""
    depends_on: tuple[str, ...] = ()
    """Identifiers or aliases of what has to be done before."""
    priority: str = ""
    value: float | None = None
    estimate: float | None = None
    approved_by: str = ""
    approved_at: str = ""
    approved_hash: str = ""
    """Hash of the content that was approved."""
    tests: str = ""
    """Outcome of the last test run that was recorded: `red` or `green`."""
    tests_by: str = ""
    """Who says so: `aura`, which ran them, or `claimed`."""
    tests_tree: str = ""
    """Hash of the tree that Aura ran them on."""
    red_at: str = ""
    """When a red run was recorded last: tests that fail come before those that pass."""
    test_names: tuple[str, ...] = ()
    boxes_done: int = 0
    boxes: int = 0
    """Checkboxes that are tasks, without those that were skipped."""
    content: str = ""
    """Hash of what an approval is about: title and text, without ticks, status and logs."""
    broken: bool = False
    """The file cannot be read as an item; what is known comes from its name."""
    canonical: bool = True
    """False for a file of another layout."""
    where: dict[str, int] = field(default_factory=dict[str, int])
    """Lines of what findings between files are about, counted from 1."""
    amounts: dict[str, str] = field(default_factory=dict[str, str])
    """What the order of the work is made of, as it is written: value, estimate, risk, due and others."""
    proposed: tuple[str, ...] = ()
    """What may have to be done before: proposals, until a person accepts them."""
    proposed_by: str = ""
    """What proposed the item: `text`, `split` or `model`; empty for what a person wrote."""
    source: str = ""
    """The lines that a proposed item rests on, such as `docs/prd.md:12-14`, or `ungrounded`."""
    split_into: tuple[str, ...] = ()
    """Identifiers of the items that took its place."""
    estimate_from: str = ""
    """How its estimate was made, such as `history 2/3/5`; empty for one of a person."""

    def line(self, name: str) -> int:
        """Where a field stands; the first line when it does not."""
        return self.where.get(name, 1)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What reading one file gave."""

    item: Item | None
    """None when the file is no item."""
    findings: tuple[Finding, ...] = ()
