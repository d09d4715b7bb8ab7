"""Guards: what a resolution must not do, however well its rule fits."""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property
from typing import Final

from aura_git.conflicts.contract import ConflictSides
from aura_git.conflicts.lines import decoded
from aura_languages.definitions import Outline, outline_of
from aura_languages.errors import count_syntax_errors
from aura_shared.errors import AuraError

__all__ = ["Guard"]

_NAME: Final = re.compile(r"[^\W\d]\w*")
_PAIRS: Final = ("()", "[]", "{}")


class Guard:
    """Looks at texts that would become a file."""

    def __init__(self, sides: ConflictSides) -> None:
        self._sides = sides
        self._ours, self._base, self._theirs = (side or b"" for side in (sides.ours, sides.base, sides.theirs))

    def problem(self, text: bytes) -> str:
        """Why a whole text will not do, as `kind:words`; empty when it will."""
        if self.parses(text) is False:
            return "syntax:the file would not parse"
        twice = self._defined_twice(text)
        if twice:
            return f"twice:{twice} would be defined twice"
        return ""

    def parses(self, text: bytes) -> bool | None:
        """Whether a text parses at least as well as both sides; None where the language has no grammar.

        Then brackets are counted, which have to balance as well as those of both sides do.
        """
        found = self._errors(text)
        if found is None:
            most = [max(pair) for pair in zip(_open(self._ours), _open(self._theirs), strict=True)]
            return None if all(now <= bound for now, bound in zip(_open(text), most, strict=True)) else False
        return found <= self._most_errors

    def hunk_problem(self, text: str) -> str:
        """Why a resolution will not do by itself, as `kind:words`."""
        names = set(_NAME.findall(text))
        base = self._names[1]
        for removed_by, kept_by, who in ((0, 2, "we"), (2, 0, "they")):
            gone = (names & base & self._names[kept_by]) - self._names[removed_by]
            if gone:
                return f"name:{who} removed {min(gone)} everywhere, and it would come back"
        return ""

    @cached_property
    def _names(self) -> tuple[set[str], set[str], set[str]]:
        ours, base, theirs = (set(_NAME.findall(decoded(side))) for side in (self._ours, self._base, self._theirs))
        return ours, base, theirs

    @cached_property
    def _most_errors(self) -> int:
        return max(self._errors(self._ours) or 0, self._errors(self._theirs) or 0)

    def _errors(self, text: bytes) -> int | None:
        try:
            return count_syntax_errors(self._sides.path, text)
        except AuraError:
            return None

    def _defined_twice(self, text: bytes) -> str:
        found = self._outline(text)
        if found is None:
            return ""
        now = found.code_names()
        before: Counter[str] = Counter()
        for side in (self._ours_names, self._theirs_names):
            before |= side
        return next((name for name, count in sorted(now.items()) if count > 1 and count > before[name]), "")

    @cached_property
    def _ours_names(self) -> Counter[str]:
        return Counter() if self.ours is None else self.ours.code_names()

    @cached_property
    def _theirs_names(self) -> Counter[str]:
        return Counter() if self.theirs is None else self.theirs.code_names()

    @cached_property
    def ours(self) -> Outline | None:
        """What our version defines."""
        return self._outline(self._ours)

    @cached_property
    def base(self) -> Outline | None:
        """What the common version defines."""
        return self._outline(self._base)

    @cached_property
    def theirs(self) -> Outline | None:
        """What their version defines."""
        return self._outline(self._theirs)

    def _outline(self, text: bytes) -> Outline | None:
        try:
            return outline_of(self._sides.path, text.decode(errors="replace"))
        except AuraError:
            return None


def _open(text: bytes) -> list[int]:
    """How far each pair of brackets is out of balance."""
    return [abs(text.count(pair[0].encode()) - text.count(pair[1].encode())) for pair in _PAIRS]
