"""What lies between a file of another tool and the items of the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from aura_planning.items.model import KINDS, Finding, Kind

__all__ = [
    "FORMATS",
    "SINGLE",
    "Bundle",
    "Entry",
    "Extra",
    "FormatName",
    "Written",
    "epic_above",
    "kind_named",
    "link_name",
    "lose_homeless",
    "problem",
]

FormatName: TypeAlias = Literal[
    "taskmaster", "speckit", "openspec", "bmad", "backlog", "csv", "gh-json", "task-list"
]  # fmt: skip
FORMATS: Final[tuple[FormatName, ...]] = FormatName.__args__
SINGLE: Final = frozenset({"taskmaster", "bmad", "csv", "gh-json", "task-list"})
"""Formats that are one file."""
Extra: TypeAlias = "str | tuple[str, ...]"


@dataclass(slots=True)
class Entry:
    """One thing of a foreign plan, or one item of ours on its way out."""

    key: str
    """Its name in the source; no other one there has it."""
    kind: Kind
    title: str
    path: str = ""
    """The file that says it, relative to the project."""
    line: int = 1
    alias: str = ""
    """What people call it."""
    status: str = ""
    """One of the statuses of its kind; empty when the source says none, or none that is known."""
    status_text: str = ""
    """As the source writes it."""
    parent: str = ""
    """Key of what it belongs to."""
    depends_on: list[str] = field(default_factory=list[str])
    """Keys of what has to be done before."""
    priority: str = ""
    value: float | None = None
    estimate: float | None = None
    text: str = ""
    """Markdown below the title."""
    extra: dict[str, Extra] = field(default_factory=dict[str, Extra])
    """Everything else, as further keys of the front matter."""
    id: str = ""
    """Identifier of the item; only on the way out."""


@dataclass(slots=True)
class Bundle:
    """What reading a source gave."""

    format: FormatName
    source: str
    """The file or folder that keys belong to, relative to the project."""
    entries: list[Entry] = field(default_factory=list[Entry])
    findings: list[Finding] = field(default_factory=list[Finding])
    kept: dict[str, int] = field(default_factory=dict[str, int])
    """What has no field of its own here, where it is kept, and how often: `complexity -> taskmaster.complexity`."""
    left: list[str] = field(default_factory=list[str])
    """What stays in the source only."""
    scopes: list[str] = field(default_factory=lambda: [""])
    """Beginnings of the keys that were looked for: another one that is not there is not gone."""

    def keep(self, name: str, place: str) -> None:
        """Count something that is kept elsewhere than in a field of its own."""
        words = f"{name} -> {place}"
        self.kept[words] = self.kept.get(words, 0) + 1


@dataclass(slots=True)
class Written:
    """What writing a format would give."""

    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """New contents by path; a path in it that has no other content than before is left alone."""
    keys: dict[str, str] = field(default_factory=dict[str, str])
    """Identifier of each item that was written, and its key there."""
    lost: dict[str, int] = field(default_factory=dict[str, int])
    """What has no place in the format, and of how many items."""
    notices: list[str] = field(default_factory=list[str])

    def lose(self, what: str) -> None:
        """Count something that has no place."""
        self.lost[what] = self.lost.get(what, 0) + 1


def epic_above(one: Entry, entries: Mapping[str, Entry]) -> Entry | None:
    """The epic that an item is or belongs to, at any depth; None where none is above it.

    Args:
        one: An item on its way out.
        entries: All of them by identifier.
    """
    seen: set[str] = set()
    at: Entry | None = one
    while at is not None and at.id not in seen:
        if at.kind == "epic":
            return at
        seen.add(at.id)
        at = entries.get(at.parent)
    return None


def lose_homeless(entries: Mapping[str, Entry], written: Written) -> None:
    """Count what a format of folders, one for each epic, has no place for."""
    for one in entries.values():
        if one.kind in {"prd", "architecture"}:
            written.lose(f"documents ({one.kind})")
        elif epic_above(one, entries) is None:
            written.lose(f"{one.kind} without an epic")


def kind_named(name: object) -> Kind | None:
    """The kind that is called so; None for anything else."""
    for kind in KINDS:
        if kind == name:
            return kind
    return None


def problem(
    rule: str, message: str, path: str, line: int = 1, severity: Literal["error", "warning", "info"] = "error"
) -> Finding:
    """A finding about a foreign file."""
    return Finding(rule, message, path, max(1, line), severity)


def link_name(form: str, source: str, key: str) -> str:
    """How the file of an item names what it comes from."""
    return f"{form}:{source}#{key}"
