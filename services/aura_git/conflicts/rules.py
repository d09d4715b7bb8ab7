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
from aura_git.conflicts.doubts import Surroundings, doubt_of_lines, doubt_of_words
from aura_git.conflicts.edits import edits_of, is_within, woven
from aura_git.conflicts.importing import union_of_imports
from aura_git.conflicts.remarks import without_comments
from aura_git.conflicts.versions import higher_version

__all__ = ["Verdict", "judge"]

_TOKEN: Final = re.compile(r"\w+|\s+|[^\w\s]")
_LAYOUT: Final = re.compile(r"[\s,;(){}'\"`]+")
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


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a rule knows besides the conflict."""

    language: str
    around: Surroundings | None


def judge(block: Block, language: str, around: Surroundings | None = None) -> Verdict:
    """What becomes of a conflict; the first rule that fits decides.

    Args:
        block: The conflict.
        language: Identifier of the file's language; empty where it is not known.
        around: The whole file in its three versions; without it, less speaks against a proposal.
    """
    if not block.has_base:
        return Verdict("refuse", "no-base", "The block does not show what both sides began with.")
    if len(block.ours) + len(block.theirs) + len(block.base) > _MOST_LINES:
        return Verdict("refuse", "too-long", "The stretch is too long to be compared piece by piece.")
    seen = _Seen(language, around)
    for rule in _RULES:
        found = rule(block, seen)
        if found is not None:
            return found
    return _refusal(block)


def _text(lines: Sequence[str]) -> str:
    return "".join(lines)


def _same(block: Block, _seen: _Seen) -> Verdict | None:
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


def _version(block: Block, _seen: _Seen) -> Verdict | None:
    kept = higher_version(block)
    if kept is None:
        return None
    return Verdict("propose", "version", "Both sides changed only the version; the higher one is kept.", _text(kept))


def _spacing(block: Block, seen: _Seen) -> Verdict | None:
    ours, base, theirs = (_bare(lines, seen.language) for lines in (block.ours, block.base, block.theirs))
    if ours == theirs and ours:
        words = "Both sides differ in spacing alone; ours is kept."
        if _indents(block.ours) == _indents(block.theirs):
            return Verdict("auto", "spacing", words, _text(block.ours))
        return Verdict("propose", "indentation", words, _text(block.ours))
    for side, kept, lines, words in (
        (ours, block.theirs, block.ours, "Ours changed only spacing; theirs is kept."),
        (theirs, block.ours, block.theirs, "Theirs changed only spacing; ours is kept."),
    ):
        if side == base and base:
            tier, rule = _kind_of_spacing(block.base, lines)
            return Verdict(tier, rule, words, _text(kept))
    return None


def _kind_of_spacing(base: Sequence[str], lines: Sequence[str]) -> tuple[Tier, str]:
    """Tier and rule for a side that changed only spacing, by where it did."""
    if len(lines) != len(base):
        # Empty lines that come or go beside a rewrite were one time in five a sign of more than spacing.
        return "propose", "empty-lines"
    if lines == base:  # git shows both alike where only one ends with a line feed
        return "propose", "line-end"
    if [line.rstrip() for line in lines] == [line.rstrip() for line in base]:
        return "auto", "spacing"
    return "suggest", "indentation"  # Within lines it came with other changes of the person in two of five.


def _indents(lines: Sequence[str]) -> list[str]:
    return [line[: len(line) - len(line.lstrip())] for line in lines if line.strip()]


def _subset(block: Block, _seen: _Seen) -> Verdict | None:
    for small, large, words in (
        (block.theirs, block.ours, "Ours holds all that theirs changed, and more."),
        (block.ours, block.theirs, "Theirs holds all that ours changed, and more."),
    ):
        if not is_within(edits_of(block.base, small), edits_of(block.base, large)) or not _took(
            block.base, small, large
        ):
            continue
        if not any(line.strip() for line in large):
            return Verdict("propose", "both-deleted", f"{words} Nothing is left of it.", _text(large))
        # An empty line is no statement that the other side could have made as well.
        says = any(line.strip() for line in set(small) - set(block.base))
        # Where the larger side has more lines, the person changed them or left them out in one of six.
        replaced = any(line.strip() for line in block.base) and len(large) <= len(small)
        if says and replaced:
            return Verdict("auto", "subset", words, _text(large))
        return Verdict("propose", "superset", words, _text(large))
    return None


def _took(base: Sequence[str], small: Sequence[str], large: Sequence[str]) -> bool:
    """Whether what one side removed is gone on the other as well, and not only moved."""
    was, little, much = Counter(base), Counter(small), Counter(large)
    return all(much[line] <= count for line, count in little.items() if count < was[line]) and not any(
        much[line] for line in was if line.strip() and not little[line]
    )


def _imports(block: Block, seen: _Seen) -> Verdict | None:
    lines = union_of_imports(block, seen.language)
    if lines is None:
        return None
    reason = "Both sides added imports, of different names; all are kept. Their order is a guess."
    return Verdict("suggest", "imports", reason, _text(lines))  # In that order in a third, in another one in half.


def _adjacent(block: Block, seen: _Seen) -> Verdict | None:
    ours, theirs = edits_of(block.base, block.ours), edits_of(block.base, block.theirs)
    lines = woven(block.base, ours, theirs, gap=0)
    if lines is None:
        return None
    reason = "The sides changed neighbouring lines; both changes are kept."
    text = _text(lines)
    return _unless(doubt_of_lines(block, text, seen.around), Verdict("propose", "adjacent", reason, text))


def _contained(block: Block, _seen: _Seen) -> Verdict | None:
    """One side holds the words that the other changed, and more."""
    parts = _words_of(block, spacing=False)
    if parts is None:
        return None
    base, ours, theirs = parts
    if _LAYOUT.sub("", _text(block.ours)) == _LAYOUT.sub("", _text(block.theirs)):
        return None  # Which layout is meant, no word tells.
    for small, large, kept, words in (
        (theirs, ours, block.ours, "Ours holds all the words that theirs changed, and more."),
        (ours, theirs, block.theirs, "Theirs holds all the words that ours changed, and more."),
    ):
        if is_within(edits_of(base, small), edits_of(base, large)):
            return Verdict("propose", "contained", words, _text(kept))
    return None


def _comments(block: Block, seen: _Seen) -> Verdict | None:
    """One side changed nothing but comments, on lines that the other changed."""
    code = [without_comments(lines, seen.language) for lines in (block.ours, block.base, block.theirs)]
    ours, base, theirs = code
    if base is None or not base or ours == theirs:
        return None
    reason = "{} changed only comments on lines that the other side rewrote, which are kept."
    if ours == base:
        return Verdict("propose", "comments", reason.format("Ours"), _text(block.theirs))
    if theirs == base:
        return Verdict("propose", "comments", reason.format("Theirs"), _text(block.ours))
    return None


def _tokens(block: Block, _seen: _Seen) -> Verdict | None:
    parts = _words_of(block, spacing=True)
    if parts is None:
        return None
    base, ours, theirs = parts
    edits = edits_of(base, ours), edits_of(base, theirs)
    merged = woven(base, *edits, gap=1)
    if merged is None:
        return None
    reason = "The sides changed different words of the same lines; both changes are kept."
    text = _text(merged)
    return _unless(doubt_of_words(block, text, (base, *edits)), Verdict("propose", "tokens", reason, text))


def _words_of(block: Block, *, spacing: bool) -> list[list[str]] | None:
    """Words of the base and of both sides; None where one has none, or there are too many."""
    found = [_TOKEN.findall(_text(lines)) for lines in (block.base, block.ours, block.theirs)]
    parts = found if spacing else [[word for word in words if word.strip()] for words in found]
    return parts if all(parts) and sum(map(len, parts)) <= _MOST_TOKENS else None


def _unless(why: str, verdict: Verdict) -> Verdict:
    """A proposal, or only a suggestion where something speaks against it."""
    return replace(verdict, tier="suggest", reason=f"{verdict.reason} But {why}.") if why else verdict


def _union(block: Block, _seen: _Seen) -> Verdict | None:
    if block.base or not (block.ours and block.theirs):
        return None
    ours, theirs = _text(block.ours), _text(block.theirs)
    if not ours.endswith("\n"):
        return None
    reason = "Both sides inserted something here; this keeps both, ours first. Their order is a guess."
    return Verdict("suggest", "both-inserted", reason, ours + theirs)


_RULES: Final[tuple[Callable[[Block, _Seen], Verdict | None], ...]] = (
    _same, _version, _spacing, _subset, _imports, _adjacent, _contained, _tokens, _comments, _union,
)  # fmt: skip


def _refusal(block: Block) -> Verdict:
    if not block.ours:
        return Verdict("refuse", "deleted-by-us", "We deleted what they changed: only a person knows which is meant.")
    if not block.theirs:
        return Verdict("refuse", "deleted-by-them", "They deleted what we changed: only a person knows which is meant.")
    return Verdict("refuse", "both-edited", "Both sides rewrote the same words: only a person knows which is meant.")
