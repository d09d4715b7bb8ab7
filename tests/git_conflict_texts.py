"""Short ways to write a file in three versions, and to look at what became of it."""

from __future__ import annotations

from collections.abc import Collection

from aura_git.conflicts.contract import ConflictSides, FileResolution, Tier
from aura_git.conflicts.resolving import resolve_file


def sides(base: str | bytes, ours: str | bytes, theirs: str | bytes, path: str = "notes.txt") -> ConflictSides:
    """Three versions of a file."""
    texts = [text if isinstance(text, bytes) else text.encode() for text in (base, ours, theirs)]
    return ConflictSides(path, texts[0], texts[1], texts[2])


def resolved(
    base: str, ours: str, theirs: str, path: str = "notes.txt", accept: Collection[Tier] = ("auto", "propose")
) -> FileResolution:
    """What becomes of a file."""
    return resolve_file(sides(base, ours, theirs, path), accept=accept)


def rule(base: str, ours: str, theirs: str, path: str = "notes.txt") -> tuple[Tier, str, str]:
    """Tier, rule and text of the only conflict of a file."""
    (hunk,) = resolved(base, ours, theirs, path).hunks
    return hunk.tier, hunk.rule, hunk.text
