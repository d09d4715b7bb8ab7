"""The rules that settle a conflict, each with its tier: functions of the three versions of one stretch of lines.

Which tier a rule has comes from measurements on real merges; see docs/git/conflicts.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from aura_git.conflicts.blocks import Block
from aura_git.conflicts.contract import Tier
from aura_git.conflicts.edits import edits_of, is_within, woven
from aura_git.conflicts.importing import union_of_imports
from aura_git.conflicts.lines import split

__all__ = ["Verdict", "judge"]

_TOKEN: Final = re.compile(r"\w+|\s+|[^\w\s]")
_NAME: Final = re.compile(r"[^\W\d]\w*")
_MOST_ENTANGLED: Final = 24
_MOST_TOKENS: Final = 4000
_MOST_LINES: Final = 2000
_INDENTED: Final = frozenset({"python", "yaml", "makefile", ""})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule makes of a conflict."""

    tier: Tier
    rule: str
    reason: str
    text: str = ""


def judge(block: Block, language: str) -> Verdict:
    """What becomes of a conflict; the first rule that fits decides.

    Args:
        block: The conflict.
        language: Identifier of the file's language; empty where it is not known.
    """
    if not block.has_base:
        return Verdict("refuse", "no-base", "The block does not show what both sides began with.")
    if len(block.ours) + len(block.theirs) + len(block.base) > _MOST_LINES:
        return Verdict("refuse", "too-long", "The stretch is too long to be compared piece by piece.")
    for rule in _RULES:
        found = rule(block, language)
        if found is not None:
            return found
    return _refusal(block)


def _text(lines: Sequence[str]) -> str:
    return "".join(lines)


def _same(block: Block, _language: str) -> Verdict | None:
    if block.ours == block.theirs:
        return Verdict("auto", "same", "Both sides wrote the same.", _text(block.ours))
    return None


def _bare(lines: Sequence[str], language: str) -> list[str]:
    """Lines without spacing that means nothing: indentation counts where it is syntax, and all of it within strings."""
    bare: list[str] = []
    for line in lines:
        text = line.strip()
        if not any(quote in text for quote in "\"'`"):
            text = re.sub(r"\s+", " ", text)
        if text:
            bare.append(line[: len(line) - len(line.lstrip())] + text if language in _INDENTED else text)
    return bare


def _spacing(block: Block, language: str) -> Verdict | None:
    ours, base, theirs = (_bare(lines, language) for lines in (block.ours, block.base, block.theirs))
    if ours == theirs and ours:
        return Verdict("auto", "spacing", "Both sides differ in spacing alone; ours is kept.", _text(block.ours))
    for side, kept, lines, words in (
        (ours, block.theirs, block.ours, "Ours changed only spacing; theirs is kept."),
        (theirs, block.ours, block.theirs, "Theirs changed only spacing; ours is kept."),
    ):
        if side == base and base:
            # Empty lines that come or go beside a rewrite were twice of three times a sign of more than spacing.
            tier: Tier = "auto" if len(lines) == len(block.base) else "propose"
            return Verdict(tier, "spacing" if tier == "auto" else "empty-lines", words, _text(kept))
    return None


def _subset(block: Block, _language: str) -> Verdict | None:
    for small, large, words in (
        (block.theirs, block.ours, "Ours holds all that theirs changed, and more."),
        (block.ours, block.theirs, "Theirs holds all that ours changed, and more."),
    ):
        if not is_within(edits_of(block.base, small), edits_of(block.base, large)) or not _took(
            block.base, small, large
        ):
            continue
        if any(line.strip() for line in large):
            # An empty line is no statement that the other side could have made as well.
            tier: Tier = "auto" if any(line.strip() for line in set(small) - set(block.base)) else "propose"
            return Verdict(tier, "subset", words, _text(large))
        return Verdict("propose", "both-deleted", f"{words} Nothing is left of it.", _text(large))
    return None


def _took(base: Sequence[str], small: Sequence[str], large: Sequence[str]) -> bool:
    """Whether what one side removed is gone on the other as well, and not only moved."""
    was, little, much = Counter(base), Counter(small), Counter(large)
    return all(much[line] <= count for line, count in little.items() if count < was[line]) and not any(
        much[line] for line in was if line.strip() and not little[line]
    )


def _imports(block: Block, language: str) -> Verdict | None:
    lines = union_of_imports(block, language)
    if lines is None:
        return None
    return Verdict("propose", "imports", "Both sides added imports, of different names; all are kept.", _text(lines))


def _adjacent(block: Block, _language: str) -> Verdict | None:
    ours, theirs = edits_of(block.base, block.ours), edits_of(block.base, block.theirs)
    lines = woven(block.base, ours, theirs, gap=0)
    if lines is None:
        return None
    reason = "The sides changed neighbouring lines; both changes are kept."
    return _unless_entangled(block, Verdict("propose", "adjacent", reason, _text(lines)))


def _tokens(block: Block, _language: str) -> Verdict | None:
    parts = [_TOKEN.findall(_text(lines)) for lines in (block.base, block.ours, block.theirs)]
    if not all(parts) or sum(map(len, parts)) > _MOST_TOKENS:
        return None
    base, ours, theirs = parts
    merged = woven(base, edits_of(base, ours), edits_of(base, theirs), gap=1)
    if merged is None:
        return None
    reason = "The sides changed different words of the same lines; both changes are kept."
    return _unless_entangled(block, Verdict("propose", "tokens", reason, _text(merged)))


def _unless_entangled(block: Block, verdict: Verdict) -> Verdict:
    """A proposal, or only a suggestion where the two changes seem to be about the same thing."""
    why = _entangled(block) or _comes_back(block, verdict.text)
    return replace(verdict, tier="suggest", reason=f"{verdict.reason} But {why}.") if why else verdict


def _entangled(block: Block) -> str:
    base = Counter(_NAME.findall(_text(block.base)))
    for mine, others, who in ((block.ours, block.theirs, "we"), (block.theirs, block.ours, "they")):
        gone = set(base) - set(_NAME.findall(_text(mine)))
        again = gone & set(Counter(_NAME.findall(_text(others))) - base)
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


def _union(block: Block, _language: str) -> Verdict | None:
    if block.base or not (block.ours and block.theirs):
        return None
    ours, theirs = _text(block.ours), _text(block.theirs)
    if not ours.endswith("\n"):
        return None
    reason = "Both sides inserted something here; this keeps both, ours first. Their order is a guess."
    return Verdict("suggest", "both-inserted", reason, ours + theirs)


_RULES: Final[tuple[Callable[[Block, str], Verdict | None], ...]] = (
    _same, _spacing, _subset, _imports, _adjacent, _tokens, _union,
)  # fmt: skip


def _refusal(block: Block) -> Verdict:
    if not block.ours:
        return Verdict("refuse", "deleted-by-us", "We deleted what they changed: only a person knows which is meant.")
    if not block.theirs:
        return Verdict("refuse", "deleted-by-them", "They deleted what we changed: only a person knows which is meant.")
    return Verdict("refuse", "both-edited", "Both sides rewrote the same words: only a person knows which is meant.")
