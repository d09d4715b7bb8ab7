"""What the resolution of conflicts takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["ConflictSides", "FileResolution", "HunkResolution", "Tier"]

Tier = Literal["auto", "propose", "suggest", "refuse"]
"""`auto` is certain enough to be staged unseen; `propose` waits for a yes; `suggest` is one way among several;
`refuse` leaves the conflict to a person."""


@dataclass(frozen=True, slots=True)
class ConflictSides:
    """A file in three versions; None where a side has no such file."""

    path: str
    base: bytes | None
    ours: bytes | None
    theirs: bytes | None
    ours_label: str = "ours"
    base_label: str = "base"
    theirs_label: str = "theirs"
    marker_size: int = 7


@dataclass(frozen=True, slots=True)
class HunkResolution:
    """What became of one conflict of a file."""

    number: int
    """From 1, in the order of the file."""
    tier: Tier
    rule: str
    """Name of the rule that settled it, such as `spacing`, or of the one that refused, such as `both-edited`."""
    reason: str
    """In one sentence, for a person."""
    ours: str
    base: str
    theirs: str
    text: str
    """What it becomes; empty for `refuse`."""
    ours_line: int
    """First line in ours, from 1."""
    symbol: str = ""
    """Definition around it."""
    symbol_note: str = ""
    """What each side did to that definition: `both changed Cart.total; only ours changed Cart.add`."""


@dataclass(frozen=True, slots=True)
class FileResolution:
    """A file after the resolution."""

    path: str
    text: bytes
    """Merged; conflicts that remain stand as blocks in the form `diff3`."""
    hunks: tuple[HunkResolution, ...]
    """Every conflict that plain git leaves; empty when git merges it cleanly."""
    remaining: int
    """Conflicts that stand in `text`."""
    parses: bool | None
    """Whether `text` parses at least as well as both sides; None where no grammar is known, or conflicts remain."""
    problem: str = ""
    """Why the file as a whole is left to a person: binary, deleted on one side, and the like."""
