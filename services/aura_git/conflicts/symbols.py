"""What each side did to the definitions around a conflict, in words."""

from __future__ import annotations

from aura_git.conflicts.guards import Guard
from aura_languages.definitions import Outline

__all__ = ["SymbolNotes"]


class SymbolNotes:
    """Words on the definitions of a file in its three versions; none without a guard, which has read them."""

    def __init__(self, guard: Guard | None) -> None:
        self._guard = guard

    def at(self, line: int, lines: int) -> tuple[str, str]:
        """The definition around a stretch of ours, and what became of it and of those in the stretch.

        Args:
            line: First line in ours, from 1.
            lines: How many.
        """
        ours = None if self._guard is None else self._guard.ours
        if ours is None:
            return "", ""
        starts = _line_starts(ours.text)
        first = starts[min(line, len(starts)) - 1]
        last = max(first, starts[min(line - 1 + max(1, lines), len(starts) - 1)] - 1)
        around = [one for one in ours.definitions if one.start <= first and last <= one.end]
        symbol = min(around, key=lambda one: one.end - one.start).qualified if around else ""
        inside = [
            one for one in ours.definitions if one.has_body and one.start < max(last, first + 1) and first < one.end
        ]
        names = [symbol, *(one.qualified for one in inside if not any(one is outer for outer in around))]
        notes = [self._note(name) for name in names if name]
        return symbol, "; ".join(dict.fromkeys(note for note in notes if note))

    def _note(self, name: str) -> str:
        assert self._guard is not None
        versions = (self._guard.base, self._guard.ours, self._guard.theirs)
        base, ours, theirs = (self._body(outline, name) for outline in versions)
        changed = [who for who, body in (("ours", ours), ("theirs", theirs)) if body != base]
        if base is None:
            return f"both added {name}" if len(changed) == 2 else f"only {changed[0]} added {name}" if changed else ""
        if len(changed) == 2:
            gone = [who for who, body in (("ours", ours), ("theirs", theirs)) if body is None]
            return f"{gone[0]} removed {name}" if gone else f"both changed {name}"
        return f"only {changed[0]} changed {name}" if changed else ""

    @staticmethod
    def _body(outline: Outline | None, name: str) -> bytes | None:
        if outline is None:
            return None
        found = [one for one in outline.definitions if one.qualified == name]
        return outline.text[found[0].start : found[0].end] if found else None


def _line_starts(text: bytes) -> list[int]:
    starts = [0]
    while (found := text.find(b"\n", starts[-1])) >= 0:
        starts.append(found + 1)
    return starts
