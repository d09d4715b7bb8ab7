"""How code is written in a project, and what of it a model should see before it writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from aura_factory.assist.code_desk import CodeDesk, together
from aura_factory.assist.context import around
from aura_factory.assist.packing import Piece, cut_at_line
from aura_factory.assist.project_rules import rules_for
from aura_factory.prompts import Block, estimate_tokens
from aura_shared.messages.code import ReadSpan, Symbol
from aura_shared.messages.findings import ListFindings, ListRules
from aura_shared.messages.refactoring import ConventionsAnswer, MeasureConventions
from aura_shared.messages.similar import FindSimilar

__all__ = ["conventions", "gather_style"]

_RULE_TOKENS: Final = 400  # For one file of rules.
_HABITS: Final = 12
_STANDARDS: Final = 6
_SIMILAR: Final = 2
_HEAD_LINES: Final = 60
_SHORTEST_CLONE: Final = 6  # Lines; shorter functions are like many others, and say nothing.
_WORTH_HABIT: Final = 1
_WORTH_RULE: Final = 2
_WORTH_STANDARD: Final = 4
_WORTH_SIMILAR: Final = 6


async def conventions(desk: CodeDesk, path: str, language: str = "") -> ConventionsAnswer | None:
    """How code is written around a file; None when it cannot be told."""
    question = MeasureConventions(project=desk.project.id, path=path, language=language)
    return await desk.recall(question, "habits", f"{language} {path.rpartition('/')[0]}")


async def gather_style(
    desk: CodeDesk, path: str, language: str, *, about: str, budget: int, symbol: Symbol | None = None
) -> list[Piece]:
    """Habits, rules, standards, neighbours and similar code for a file that is to be written; for `pack`.

    Args:
        desk: The project.
        path: The file.
        language: Identifier of its language.
        about: The definition to change, or what is wanted in words: what is around it is shown.
        budget: Tokens that there are in all.
        symbol: The definition to change, where there is one.
    """
    habits: list[Piece] = []
    neighbours: list[Piece] = []
    similar: list[Piece] = []
    standards: list[Piece] = []

    async def measure() -> None:
        answer = await conventions(desk, path, language)
        found = answer.habits if answer else []
        habits.extend(
            Piece("habits", f"habit: {one.topic}", f"{one.rule} ({one.share:.0%} of {one.seen} places)", _WORTH_HABIT)
            for one in found[:_HABITS]
        )

    async def look_around() -> None:
        neighbours.extend(await around(desk, about, max(0, budget // 2), without=path))

    async def find_similar() -> None:
        if symbol is None:
            similar.extend(await _beside(desk, path, language))
        elif symbol.end_line - symbol.start_line + 1 >= _SHORTEST_CLONE:
            similar.extend(await _like(desk, path, symbol.start_line, language))

    async def ask_standards() -> None:
        standards.extend(await _standards(desk, path, language))

    await together(measure(), look_around(), find_similar(), ask_standards())
    return [*habits, *_rules(desk, path), *standards, *neighbours, *similar]


def _rules(desk: CodeDesk, path: str) -> Iterator[Piece]:
    for rule in rules_for(desk.root, path):
        text = rule.text
        if estimate_tokens(text) > _RULE_TOKENS:
            text = cut_at_line(text, _RULE_TOKENS)
        yield Piece("rules", f"rules: {rule.path} ({rule.why})", f"From {rule.path}:\n{text}", _WORTH_RULE)


async def _standards(desk: CodeDesk, path: str, language: str) -> list[Piece]:
    """The team's rules that this file already breaks somewhere, so that new code does not break them again."""
    found = await desk.attempt(ListFindings(project=desk.project.id, paths=[f"/{path}"], limit=100), "standards")
    broken = list(dict.fromkeys(one.rule for one in (found.findings if found else []) if one.source == "aura"))
    if not broken:
        return []
    rules = await desk.attempt(ListRules(project=desk.project.id, rules=broken[:_STANDARDS]), "standards")
    return [
        Piece("habits", f"standard: {rule.id}", f"Avoid: {rule.title.rstrip('.')}.", _WORTH_STANDARD)
        for rule in (rules.rules if rules else [])
        if rule.on and (not language or not rule.languages or language in rule.languages)
    ]


async def _like(desk: CodeDesk, path: str, line: int, language: str) -> list[Piece]:
    """Functions that are like the one that is to be changed."""
    answer = await desk.attempt(
        FindSimilar(project=desk.project.id, path=path, line=line, limit=_SIMILAR), "similar code"
    )
    places = answer.places if answer else []
    spans = [(one.path, one.start_line, one.end_line, f"{one.similarity:.0%} like it") for one in places]
    return await _shown(desk, spans, language)


async def _beside(desk: CodeDesk, path: str, language: str) -> list[Piece]:
    """Beginnings of the files beside a new one, which show how such files are written."""
    folder, _, name = path.rpartition("/")
    base = desk.root / folder if folder else desk.root
    if (desk.root / path).exists() or not base.is_dir():
        return []
    suffix = f".{name.rpartition('.')[2]}"
    names = sorted(
        one.name for one in base.iterdir() if one.name.endswith(suffix) and not one.name.startswith(("_", "."))
    )
    spans = [(f"{folder}/{one}" if folder else one, 1, _HEAD_LINES, "beside it") for one in names[:_SIMILAR]]
    return await _shown(desk, spans, language)


async def _shown(desk: CodeDesk, spans: list[tuple[str, int, int, str]], language: str) -> list[Piece]:
    pieces: list[Piece] = []
    for path, first, last, why in spans:
        question = ReadSpan(project=desk.project.id, path=path, start_line=first, end_line=last, budget=800)
        span = await desk.attempt(question, "similar code")
        if span is not None and span.text.strip():
            place = f"{path}:{first}-{span.end_line} ({why})"
            block = Block(place, span.text, language)
            pieces.append(Piece("context", f"context: {place}", block, _WORTH_SIMILAR, cuttable=True))
    return pieces
