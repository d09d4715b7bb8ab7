"""Resolves the conflicts of one file: line merge, rules, guards, and the blocks that are left."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from aura_git.conflicts.blocks import Block, Chunk, merge_lines, parse_blocks, rendered
from aura_git.conflicts.contract import ConflictSides, FileResolution, HunkResolution, Tier
from aura_git.conflicts.doubts import Surroundings
from aura_git.conflicts.guards import Guard
from aura_git.conflicts.lines import decoded, encoded, is_binary
from aura_git.conflicts.rules import Verdict, judge
from aura_git.conflicts.symbols import SymbolNotes
from aura_languages import languages

__all__ = ["existing_conflict", "resolve_blocks", "resolve_file"]

_MOST_BYTES: Final = 2_000_000
_HEAD_BYTES: Final = 4096
_MOST_TRIED: Final = 12  # Each is a parse of the whole file.


@dataclass(slots=True)
class _Judged:
    block: Block
    verdict: Verdict
    position: int
    """Among the chunks of the file."""


def resolve_file(sides: ConflictSides, *, accept: Collection[Tier] = ("auto",)) -> FileResolution:
    """What becomes of a file that both sides changed.

    Args:
        sides: Its three versions. Without a base, all that differs is a conflict.
        accept: Tiers whose resolutions are put into the text; what is of another one stands as a block.

    Raises:
        Unavailable: git is not there, or takes too long.
    """
    problem = _as_a_whole(sides)
    if problem:
        kept = sides.ours if sides.ours is not None else sides.theirs
        return FileResolution(sides.path, kept or b"", (), 1, None, problem)
    return resolve_blocks(merge_lines(sides), sides, accept=accept)


def _as_a_whole(sides: ConflictSides) -> str:
    """Why a file cannot be merged line by line; empty when it can."""
    if sides.ours is None or sides.theirs is None:
        who = "we" if sides.ours is None else "they"
        return f"{who} deleted it, the other side changed it"
    if any(is_binary(content) for content in (sides.ours, sides.base or b"", sides.theirs)):
        return "it is binary: one side has to be chosen"
    return ""


def existing_conflict(text: bytes, size: int = 7) -> list[Chunk]:
    """A file that holds blocks of conflicts, taken apart."""
    return parse_blocks(decoded(text), size)


def resolve_blocks(
    chunks: Sequence[Chunk], sides: ConflictSides, *, accept: Collection[Tier] = ("auto",)
) -> FileResolution:
    """The same for a file that was taken apart already."""
    spec = languages().of(sides.path, (sides.ours or b"")[:_HEAD_BYTES])
    language = "" if spec is None else spec.id
    blocks = [(position, chunk) for position, chunk in enumerate(chunks) if isinstance(chunk, Block)]
    if not blocks:
        text = encoded("".join(str(chunk) for chunk in chunks))
        return FileResolution(sides.path, text, (), 0, Guard(sides).parses(text))
    large = sum(len(side or b"") for side in (sides.ours, sides.theirs)) > _MOST_BYTES
    refused = Verdict("refuse", "large-file", "The file is too large to be looked at piece by piece.")
    around = None if large else Surroundings(sides)
    judged = [
        _Judged(block, refused if large else judge(block, language, around), position) for position, block in blocks
    ]
    guard = Guard(sides)
    if not large:
        _guarded(chunks, judged, guard)
    _whole_or_proposed(judged)
    taken = {
        one.position: one.verdict.text for one in judged if one.verdict.tier in accept and one.verdict.tier != "refuse"
    }
    text = rendered(_filled(chunks, taken), sides)
    remaining = len(judged) - len(taken)
    notes = SymbolNotes(None if large else guard)
    hunks = tuple(_hunk(number, one, chunks, notes) for number, one in enumerate(judged, 1))
    return FileResolution(sides.path, text, hunks, remaining, None if remaining else guard.parses(text))


def _filled(chunks: Sequence[Chunk], taken: Mapping[int, str]) -> list[Chunk]:
    return [taken.get(position, chunk) for position, chunk in enumerate(chunks)]


def _guarded(chunks: Sequence[Chunk], judged: Sequence[_Judged], guard: Guard) -> None:
    """Take back what does not stand up: names by themselves, then all together, and one by one where that fails."""
    for one in judged:
        if one.verdict.tier == "refuse" or one.verdict.rule == "version":  # `dev` of `1.2-dev` is no name
            continue
        problem = guard.hunk_problem(one.verdict.text)
        if problem:
            one.verdict = _demoted(one.verdict, problem)
    for tiers in (("auto",), ("auto", "propose"), ("auto", "propose", "suggest")):
        together = [one for one in judged if one.verdict.tier in tiers]
        problem = _problem(chunks, judged, together, guard)
        if problem:
            _sift(chunks, judged, together, guard)


def _whole_or_proposed(judged: Sequence[_Judged]) -> None:
    """Stage unseen only what settles its whole file: beside open conflicts, two of three such hunks were rewritten."""
    if any(one.verdict.tier != "auto" for one in judged):
        for one in judged:
            if one.verdict.tier == "auto":
                one.verdict = replace(one.verdict, tier="propose")


def _sift(chunks: Sequence[Chunk], judged: Sequence[_Judged], together: Sequence[_Judged], guard: Guard) -> None:
    """Find those that do not stand up; all, where it is none of them alone or there are too many to try."""
    problem = "too-many:there are too many to try each by itself"
    if len(together) <= _MOST_TRIED:
        for one in together:
            problem = _problem(chunks, judged, [one], guard)
            if problem:
                one.verdict = _demoted(one.verdict, problem)
        together = [one for one in together if one.verdict.tier != "refuse"]
        problem = _problem(chunks, judged, together, guard)
    for one in together if problem else []:
        one.verdict = _demoted(one.verdict, problem)


def _problem(chunks: Sequence[Chunk], judged: Sequence[_Judged], taken: Sequence[_Judged], guard: Guard) -> str:
    return guard.problem(_trial(chunks, judged, {one.position for one in taken})) if taken else ""


def _trial(chunks: Sequence[Chunk], judged: Sequence[_Judged], taken: set[int]) -> bytes:
    """The file with some conflicts resolved, and ours for the rest."""
    texts = {one.position: one.verdict.text for one in judged if one.position in taken}
    filled = _filled(chunks, texts)
    return encoded("".join(one if isinstance(one, str) else "".join(one.ours) for one in filled))


def _demoted(verdict: Verdict, problem: str) -> Verdict:
    if verdict.tier == "auto" and problem.startswith("name:"):
        return replace(verdict, tier="propose", reason=f"{verdict.reason} But {problem.removeprefix('name:')}.")
    kind, _, words = problem.partition(":")
    return Verdict("refuse", f"{verdict.rule}-{kind}", f"{verdict.reason} But {words}.")


def _hunk(number: int, one: _Judged, chunks: Sequence[Chunk], notes: SymbolNotes) -> HunkResolution:
    before = chunks[: one.position]
    line = 1 + sum(chunk.count("\n") if isinstance(chunk, str) else "".join(chunk.ours).count("\n") for chunk in before)
    symbol, note = notes.at(line, len(one.block.ours))
    verdict, block = one.verdict, one.block
    return HunkResolution(
        number, verdict.tier, verdict.rule, verdict.reason,
        "".join(block.ours), "".join(block.base), "".join(block.theirs),
        verdict.text, line, symbol, note,
    )  # fmt: skip
