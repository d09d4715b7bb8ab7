"""What a proposal is, and what an item says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from aura_planning.items.model import Kind

__all__ = ["Contents", "Part", "Proposal", "Role", "Source"]

Role: TypeAlias = Literal["", "implement", "test", "migrate", "document", "part"]
By: TypeAlias = Literal["text", "split", "history", "size", "model"]


@dataclass(frozen=True, slots=True)
class Source:
    """The lines that something rests on, counted from 1."""

    path: str
    first: int
    last: int
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A criterion, a step, a feature: one entry of an item's text."""

    text: str
    """On one line, without marks of lists and emphasis."""
    first: int
    last: int
    ticked: bool | None = None
    """Whether its box is ticked; None without a box."""
    below: tuple[str, ...] = ()
    """Entries below it."""
    refers: tuple[int, ...] = ()
    """Numbers of the criteria that it names, as in `(AC: 1, 3)`."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What the text of an item holds."""

    sentence: str = ""
    """`As a ... I want ... so that ...`, on one line."""
    about: str = ""
    """Its first words besides, on one line."""
    criteria: tuple[Part, ...] = ()
    steps: tuple[Part, ...] = ()
    """Tasks, steps, checklists."""
    flow: tuple[Part, ...] = ()
    """Numbered steps of a workflow, in its order."""
    features: tuple[Part, ...] = ()
    """What an epic lists: stories, features, its scope."""
    questions: tuple[Part, ...] = ()
    """Open questions, and lines that are to be decided."""
    files: tuple[str, ...] = ()
    """Files that it names, in the order of the text."""
    words: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something that is proposed; its number is its place, counted from 1."""

    kind: Kind
    title: str
    by: By
    role: Role = ""
    what: Literal["add", "change"] = "add"
    item: str = ""
    """Path of the item that is changed."""
    parent: str = ""
    """Identifier, path, or `#number`."""
    depends_on: tuple[str, ...] = ()
    """Identifiers, or `#number`."""
    criteria: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    """What its list of tasks holds."""
    done_steps: frozenset[str] = frozenset()
    """Those of them that are ticked."""
    about: str = ""
    """Words for its description."""
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    reasons: tuple[str, ...] = ()
    source: Source | None = None
    grounded: bool = True
    duplicate_of: str = ""
