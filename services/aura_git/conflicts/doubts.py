"""Why two changes that can be woven into one text may still be about the same thing.

Each doubt is a sentence; what it is worth was measured on real merges, see docs/git/conflicts.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from aura_git.conflicts.blocks import Block
from aura_git.conflicts.contract import ConflictSides
from aura_git.conflicts.edits import Edit, edits_of
from aura_git.conflicts.lines import decoded, split

__all__ = ["Surroundings", "doubt_of_lines", "doubt_of_words"]

_NAME: Final = re.compile(r"[^\W\d]\w*")
_MOST_ENTANGLED: Final = 24
_SHORT: Final = 5
"""Lines of a side: longer ones were right in 57 %, shorter in 75 %."""
_CALM: Final = 0.05
"""Share of a file: where less of it was rewritten, neighbouring lines were right in 81 %."""
_FEW_LINES: Final = 2
"""Lines of a side whose words may be mixed: right in 69 %, with more lines in 52 %."""
_WORDS_BETWEEN: Final = 3
_TELLING: Final = 4
"""Letters of a line that says something: a bracket stands in every file."""


class Surroundings:
    """The three versions of the whole file, as counts of their lines."""

    def __init__(self, sides: ConflictSides) -> None:
        texts = (sides.ours, sides.base, sides.theirs)
        lines = [[line.strip() for line in split(decoded(text or b""))] for text in texts]
        self._ours, self._base, self._theirs = (Counter(one) for one in lines)
        self.known = bool(sides.base)
        """Whether there is a common version of the whole file, so that changes can be told."""
        length = max(1, len(lines[1]))
        self.rewritten = max((self._base - side).total() for side in (self._ours, self._theirs)) / length
        """Share of the common version that is gone from the side that changed more."""

    def already_there(self, block: Block) -> str:
        """A line that one side wrote here, and the other wrote as well, here or elsewhere; empty when there is none."""
        if not self.known:
            return ""
        for mine, others in ((block.ours, self._theirs), (block.theirs, self._ours)):
            new = Counter(line.strip() for line in _written(block.base, mine))
            for line in new:
                if len(line) > _TELLING and others[line] > self._base[line]:
                    return line
        return ""


def doubt_of_lines(block: Block, text: str, around: Surroundings | None) -> str:
    """Why neighbouring lines of both sides may not both be meant; empty when nothing speaks against it."""
    why = _entangled(block) or _comes_back(block, text)
    if why or around is None:
        return why
    name = _both_wrote(block)
    if name:
        return f"both sides wrote {name} anew"
    line = around.already_there(block)
    if line:
        return f"the other side has `{line}` as well"
    if max(len(block.ours), len(block.theirs)) > _SHORT and around.rewritten > _CALM:
        return "the stretch is long, and much of the file was rewritten"
    return ""


def doubt_of_words(block: Block, text: str, parts: tuple[Sequence[str], Sequence[Edit], Sequence[Edit]]) -> str:
    """The same for different words of the same lines.

    Args:
        block: The conflict.
        text: What it would become.
        parts: Words of the base, and the edits of both sides.
    """
    why = _entangled(block) or _comes_back(block, text)
    if why:
        return why
    base, ours, theirs = parts
    if max(len(block.ours), len(block.theirs)) > _FEW_LINES:
        return "the words stand in many lines"
    if any(all(_is_spacing(base, edit) for edit in side) for side in (ours, theirs)):
        return "one side only laid the lines out anew"
    if not set(ours) & set(theirs) and any(_gap(mine, other) < _WORDS_BETWEEN for mine in ours for other in theirs):
        return "the words stand side by side"
    return ""


def _is_spacing(base: Sequence[str], edit: Edit) -> bool:
    return not "".join((*base[edit.start : edit.end], *edit.new)).strip()


def _gap(first: Edit, second: Edit) -> int:
    return max(first.start, second.start) - min(first.end, second.end)


def _written(base: Sequence[str], side: Sequence[str]) -> list[str]:
    return [line for edit in edits_of(base, side) for line in edit.new]


def _names(lines: Sequence[str]) -> Counter[str]:
    return Counter(_NAME.findall("".join(lines)))


def _both_wrote(block: Block) -> str:
    """A name that stands more often on both sides than in the base."""
    base = _names(block.base)
    both = (_names(block.ours) - base) & (_names(block.theirs) - base)
    return min(both, default="")


def _entangled(block: Block) -> str:
    base = _names(block.base)
    for mine, others, who in ((block.ours, block.theirs, "we"), (block.theirs, block.ours, "they")):
        again = (set(base) - set(_names(mine))) & set(_names(others) - base)
        if again:
            return f"{who} replaced {min(again)} here, and the other side wrote it once more"
    if len(block.ours) + len(block.theirs) > _MOST_ENTANGLED:
        return "both rewrote many lines"
    changed = [_changed_lines(block.base, side) for side in (block.ours, block.theirs)]
    for first, second in (changed, changed[::-1]):
        for position in first:
            if position + 1 in second and position + 1 < len(block.base) and _goes_on(block.base[position]):
                return "both changed one statement"
    return ""


def _comes_back(block: Block, text: str) -> str:
    """Why a text undoes what a side did: a line that it deleted stands there, since the other side moved it.

    Or one that both sides have is gone, since both moved it.
    """
    base, result = Counter(block.base), Counter(split(text))
    kept = Counter(block.ours) & Counter(block.theirs)
    if any(result[line] < count for line, count in kept.items() if line.strip()):
        return "a line that both sides have would be gone"
    for side, who in ((block.ours, "we"), (block.theirs, "they")):
        left = Counter(side)
        if any(result[line] > left[line] < base[line] for line in base if line.strip()):
            return f"a line that {who} deleted would come back"
    return ""


def _changed_lines(base: Sequence[str], side: Sequence[str]) -> set[int]:
    """Lines of the base that a side replaced, or inserted something before."""
    return {line for edit in edits_of(base, side) for line in range(edit.start, max(edit.end, edit.start + 1))}


def _goes_on(line: str) -> bool:
    """Whether a statement goes on in the next line."""
    return line.rstrip().endswith(("(", "[", "\\", "=", "+", "&&", "||", "and", "or", "?", "."))
