"""Fitting what a model should know into the tokens that there are: what is worth most first, the rest is named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from aura_factory.prompts import Block, estimate_tokens
from aura_shared.messages.models import PromptPart

__all__ = ["MUST", "Packed", "Piece", "budget_for", "cut_at_line", "pack"]

MUST: Final = 0
"""Worth of what cannot be left out."""
_MARGIN: Final = 64  # Tokens that the estimate may be wrong by at the seams.
_SMALLEST: Final = 24  # Tokens below which a cut piece says nothing.


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that a model may be told."""

    slot: str
    """The input of the prompt that it belongs to."""
    name: str
    """What it is, for a person: `target: src/app.py:10-40`."""
    content: Block | str
    """A block of code, or a line of a list."""
    worth: int
    """Rank; smaller is worth more, `MUST` cannot be left out."""
    cuttable: bool = False
    """Whether its first lines alone are of use."""

    @property
    def tokens(self) -> int:
        """Estimated size."""
        return estimate_tokens(self.content.fenced() if isinstance(self.content, Block) else f"- {self.content}\n")


@dataclass(slots=True)
class Packed:
    """What fits."""

    pieces: list[Piece] = field(default_factory=list[Piece])
    """In the order in which they were offered."""
    left_out: list[str] = field(default_factory=list[str])
    """Names of what did not fit, and what was cut."""
    tokens: int = 0

    def blocks(self, slot: str) -> list[Block]:
        """The blocks for an input."""
        return [one.content for one in self.pieces if one.slot == slot and isinstance(one.content, Block)]

    def texts(self, slot: str) -> list[str]:
        """The lines for an input."""
        return [one.content for one in self.pieces if one.slot == slot and isinstance(one.content, str)]

    def parts(self) -> list[PromptPart]:
        """What could be left out of a prompt, the least worth first, so that a refusal can say what to drop."""
        droppable = sorted((one for one in self.pieces if one.worth != MUST), key=lambda one: -one.worth)
        return [PromptPart(name=one.name, tokens=one.tokens) for one in droppable]


def budget_for(context_tokens: int, *, fixed: int, answer: int) -> int:
    """Tokens that are left for what is put in: the context without the fixed text and the answer; at least 0."""
    return max(0, context_tokens - fixed - answer - _MARGIN)


def pack(pieces: Sequence[Piece], budget: int) -> Packed:
    """Choose what fits. The same pieces and budget always give the same result.

    What must be there is taken whatever it costs (the models process refuses what is too long, with both numbers).
    The rest goes in by worth, and within one worth in its order; a piece that does not fit is cut at a line end where
    that is of use, or else left out, and smaller ones behind it still get their chance.
    """
    packed = Packed()
    chosen: dict[int, Piece] = {}
    for place, piece in _by_worth(pieces):
        left = budget - packed.tokens
        kept = piece if piece.worth == MUST or piece.tokens <= left else _shortened(piece, left)
        if kept is None:
            packed.left_out.append(piece.name)
            continue
        if kept is not piece:
            packed.left_out.append(f"{piece.name} (its end)")
        chosen[place] = kept
        packed.tokens += kept.tokens
    packed.pieces = [chosen[place] for place in sorted(chosen)]
    return packed


def _by_worth(pieces: Sequence[Piece]) -> Iterable[tuple[int, Piece]]:
    return sorted(enumerate(pieces), key=lambda pair: (pair[1].worth, pair[0]))


def _shortened(piece: Piece, tokens: int) -> Piece | None:
    if not piece.cuttable or not isinstance(piece.content, Block) or tokens < _SMALLEST:
        return None
    beginning = replace(piece.content, title=f"{piece.content.title} (its beginning)", text="")
    text = cut_at_line(piece.content.text, tokens - estimate_tokens(beginning.fenced()) - 2)
    if not text:
        return None
    cut = replace(piece, content=replace(beginning, text=text))
    return cut if cut.tokens <= tokens else None  # Hidden characters take more room once they are visible.


def cut_at_line(text: str, tokens: int) -> str:
    """As many whole lines from the beginning as fit; empty when not even the first one does."""
    kept: list[str] = []
    used = 0
    for line in text.split("\n"):
        used += len(line.encode("utf-8", "replace")) + 1
        if int(used / 3.0) + 1 > tokens:
            break
        kept.append(line)
    return "\n".join(kept)
