"""Which conflicts of a file count as settled: by tiers that are accepted, and by single hunks that a person took."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from aura_git.conflicts.contract import ConflictSides, FileResolution, HunkResolution, Tier

__all__ = ["Accepted", "Settled", "has_markers", "parses_as_well", "plain_text", "settle"]

_NEVER: Final = "refuse"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a person agreed to."""

    tiers: frozenset[Tier] = frozenset({"auto"})
    hunks: frozenset[str] = frozenset()
    """`PATH:NUMBER`."""

    @classmethod
    def of(cls, tiers: Collection[Tier], hunks: Collection[str] = ()) -> Accepted:
        """`auto` and what else was accepted."""
        return cls(frozenset({"auto", *tiers}), frozenset(hunks))

    def takes(self, path: str, hunk: HunkResolution) -> bool:
        """Whether a resolution is accepted; one that was refused never is."""
        return hunk.tier != _NEVER and (hunk.tier in self.tiers or f"{path}:{hunk.number}" in self.hunks)


@dataclass(frozen=True, slots=True)
class Settled:
    """A file with what was accepted."""

    resolution: FileResolution
    """Every conflict with its proposal."""
    text: bytes
    """Conflicts that are left stand as blocks in the form `diff3`."""
    numbers: frozenset[int]
    """Hunks that are settled."""
    remaining: int
    """Conflicts that are left; 1 for a file as a whole."""
    parses: bool | None
    """None where it is not known, or conflicts are left."""

    @property
    def done(self) -> bool:
        """Whether the file can be staged: nothing is left, and it parses as well as both sides did."""
        return not self.remaining and self.parses is not False


def settle(sides: ConflictSides, accepted: Accepted) -> Settled:
    """Resolve a file as far as it was accepted."""
    from aura_git.conflicts.resolving import resolve_file  # noqa: PLC0415 - loads the grammars

    resolution = resolve_file(sides, accept=sorted(accepted.tiers))
    if resolution.problem:
        return Settled(resolution, resolution.text, frozenset(), max(1, resolution.remaining), resolution.parses)
    by_tier = frozenset(hunk.number for hunk in resolution.hunks if hunk.tier in accepted.tiers)
    chosen = [hunk for hunk in resolution.hunks if hunk.number not in by_tier and accepted.takes(sides.path, hunk)]
    if not chosen:
        return Settled(resolution, resolution.text, by_tier, resolution.remaining, resolution.parses)
    left = [hunk.number for hunk in resolution.hunks if hunk.number not in by_tier]
    texts = {left.index(hunk.number): hunk.text for hunk in chosen}
    text = _put(resolution.text, texts, sides.marker_size)
    remaining = resolution.remaining - len(chosen)
    parses = None if remaining else _parses(sides, text)
    return Settled(resolution, text, by_tier | {hunk.number for hunk in chosen}, remaining, parses)


def plain_text(sides: ConflictSides) -> bytes:
    """A file with every conflict as a block, as git leaves it."""
    from aura_git.conflicts.resolving import resolve_file  # noqa: PLC0415 - loads the grammars

    return resolve_file(sides, accept=()).text


def _put(text: bytes, chosen: dict[int, str], size: int) -> bytes:
    """Replace blocks by their number, from 0, in a text with blocks."""
    number = -1

    def replaced(block: re.Match[bytes]) -> bytes:
        nonlocal number
        number += 1
        return chosen[number].encode(errors="surrogateescape") if number in chosen else block.group()

    return _block(size).sub(replaced, text)


def _block(size: int) -> re.Pattern[bytes]:
    ours, theirs = (re.escape(mark * size) for mark in (b"<", b">"))
    return re.compile(rb"^%s(?: [^\n]*)?\r?\n.*?^%s(?: [^\n]*)?(?:\r?\n|\Z)" % (ours, theirs), re.MULTILINE | re.DOTALL)


def has_markers(text: bytes, size: int = 7) -> int:
    """Line of the first marker of a conflict that is left in a file, from 1; 0 when there is none.

    A line of `=======` alone is none: it underlines headings in many formats.
    """
    ours, theirs = (re.escape(mark * size) for mark in (b"<", b">"))
    found = re.search(rb"^(?:%s|%s)(?: [^\n]*)?\r?$" % (ours, theirs), text, re.MULTILINE)
    return text.count(b"\n", 0, found.start()) + 1 if found else 0


def _parses(sides: ConflictSides, text: bytes) -> bool | None:
    return parses_as_well(sides.path, text, [side for side in (sides.ours, sides.theirs) if side is not None])


def parses_as_well(path: str, text: bytes, sides: Collection[bytes]) -> bool | None:
    """Whether a merged text parses at least as well as both sides; None where no grammar tells."""
    from aura_languages.errors import count_syntax_errors  # noqa: PLC0415 - loads the grammars
    from aura_languages.grammars import GrammarError  # noqa: PLC0415

    try:
        now = count_syntax_errors(path, text)
        before = [count_syntax_errors(path, side) for side in sides]
    except GrammarError:
        return None
    if now is None:
        return None
    return now <= max((count for count in before if count is not None), default=0)
