"""Items while a document is being read: they can still grow, be joined, or be dropped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from aura_planning.parsing.contract import Criterion, Finding, Kind, OutOfScope, Source, Status
from aura_planning.parsing.lexicon import Role

__all__ = ["Draft", "Frame", "GroupDraft", "Reading", "Strength", "Wish"]

Strength: TypeAlias = Literal["named", "listed", "implied"]
"""`named`: it carries a name or an id. `listed`: it stands in a list that says what it holds. `implied`: its place
speaks for it, and it counts only where the document has nothing that says so outright."""


@dataclass(slots=True)
class Wish:
    """Words that name other items: a dependency or a requirement."""

    text: str
    line: int


@dataclass(slots=True)
class Draft:
    """An item that may become one."""

    kind: Kind
    alias: str
    title: str
    first: int
    last: int
    strength: Strength
    reason: Literal["", "phase", "phase-line", "feature", "section", "leaf", "table", "coded", "scope"] = ""
    """What speaks for an implied one."""
    up: int | None = None
    """Index of the draft whose section it stands in."""
    depth: float = 0
    """Level of its heading, or its indent."""
    heading: bool = False
    label: str = ""
    status: Status = ""
    status_text: str = ""
    priority: str = ""
    estimate: str = ""
    optional: bool = False
    box: str | None = None
    labels: list[str] = field(default_factory=list[str])
    text: list[str] = field(default_factory=list[str])
    criteria: list[Criterion] = field(default_factory=list[Criterion])
    needs: list[Wish] = field(default_factory=list[Wish])
    covers: list[Wish] = field(default_factory=list[Wish])
    group: int | None = None
    """Index of the phase, sprint or module that it stands in."""
    story_mark: str = ""
    """`US1` of a task of spec-kit."""
    belongs: str = ""
    """The epic or story that a field names."""
    section: int = 0
    """Line of the heading that it stands under."""
    soft: bool = False
    """Whether it is a feature, which gives way to requirements with ids."""
    loose: bool = False
    """Whether nothing stands between its id and its title: `Epic 9 Timeline` may be a section about epic 9."""
    dropped: bool = False


@dataclass(slots=True)
class Frame:
    """A section, label or list item that what follows belongs to."""

    level: float
    role: Role
    first: int
    title: str = ""
    owner: int | None = None
    """Draft that the section or item is, or belongs to."""
    own: bool = False
    """Whether the section or item is the draft itself."""
    detail: bool = False
    """Whether plain items below only describe the owner."""
    group: int | None = None
    listed: int = 0
    """How many items were found in it."""
    leaf: int | None = None
    """Draft of a heading that counts only while nothing is found below it."""
    label: bool = False
    demands: bool = False
    """Whether some of its lists are demands by a sentence above them: then those without one are not."""
    only_lists: bool = False
    """Whether only lists count, because a sentence above them demands what they list."""


@dataclass(slots=True)
class GroupDraft:
    """A phase, sprint or module."""

    kind: Literal["phase", "sprint", "module"]
    title: str
    first: int
    last: int
    lines: list[Source] = field(default_factory=list[Source])


@dataclass(slots=True)
class Reading:
    """What was found so far."""

    title: str = ""
    drafts: list[Draft] = field(default_factory=list[Draft])
    groups: list[GroupDraft] = field(default_factory=list[GroupDraft])
    out: list[OutOfScope] = field(default_factory=list[OutOfScope])
    statements: list[Wish] = field(default_factory=list[Wish])
    """Lines of sections about dependencies."""
    covered: list[tuple[str, Wish]] = field(default_factory=list[tuple[str, Wish]])
    """Rows of coverage tables: a requirement, and the words that name what covers it."""
    storied: set[int] = field(default_factory=set[int])
    """Lines of headings with named stories below them."""
    findings: list[Finding] = field(default_factory=list[Finding])
    evidence: dict[str, int] = field(default_factory=dict[str, int])
    """How often the marks of a family were met."""

    def saw(self, mark: str) -> None:
        """Count a mark of a family."""
        self.evidence[mark] = self.evidence.get(mark, 0) + 1
