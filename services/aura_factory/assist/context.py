"""What a model should know about a place: the code itself, what is around it, habits, rules; chosen by worth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from aura_factory.assist.code_desk import CodeDesk
from aura_factory.assist.packing import MUST, Packed, Piece, pack
from aura_factory.prompts import Block
from aura_languages import language_of
from aura_shared.messages.code import SearchHit
from aura_shared.messages.insight import ContextPart, PackContext

__all__ = ["around", "hit_block", "pack_around", "part_pieces"]

_WORTH: Final = {
    "asked for": 2,
    "called by it": 3,
    "type used by it": 3,
    "calls it": 5,
    "tests it": 6,
    "answers the query": 7,
}
_LEAST: Final = 100  # Tokens; the code service takes no smaller budget.
_MOST: Final = 200_000


async def pack_around(desk: CodeDesk, code: Block, *, about: str, budget: int) -> Packed:
    """The code (input `code`, always) and what is around it (input `context`), within a budget of tokens."""
    target = Piece("code", f"target: {code.title}", code, MUST)
    left = budget - target.tokens
    neighbours = await around(desk, about, left, without=code.title.partition(":")[0]) if left > _LEAST else []
    packed = pack([target, *neighbours], budget)
    if left <= _LEAST:
        packed.left_out.append("the code around it")
    return packed


async def around(desk: CodeDesk, about: str, budget: int, *, without: str = "") -> list[Piece]:
    """What the code service would tell a model about something, but for the code of `without` that was asked for."""
    question = PackContext(project=desk.project.id, about=about[:4096], budget=min(_MOST, max(_LEAST, budget)))
    answer = await desk.attempt(question, "context")
    if answer is None:
        return []
    return list(part_pieces(part for part in answer.parts if part.why != "asked for" or part.path != without))


def part_pieces(parts: Iterable[ContextPart]) -> Iterable[Piece]:
    """Parts of a context as pieces, each named by what it is and why it is there."""
    for part in parts:
        place = f"{part.path}:{part.start_line}-{part.end_line}"
        name = f"{part.symbol} " if part.symbol else ""
        block = Block(f"{place} {name}({part.why})", part.text, language_of(part.path))
        yield Piece("context", f"context: {place} ({part.why})", block, _WORTH.get(part.why, 8), cuttable=True)


def hit_block(hit: SearchHit, number: int) -> Block:
    """A passage as a model reads it, with the number that it is cited by."""
    name = f" {hit.symbol}" if hit.symbol else ""
    return Block(f"[{number}] {hit.path}:{hit.start_line}-{hit.end_line}{name}", hit.text, hit.language)
