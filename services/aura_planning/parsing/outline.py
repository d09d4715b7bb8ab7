"""Documents without headings of Markdown: which of their numbered and shouted lines are headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from aura_planning.parsing.blocks import Block
from aura_planning.parsing.lexicon import role_of

__all__ = ["as_outline"]

_MOST_HEADING: Final = 90
_SHOUTED: Final = re.compile(r"[A-ZÀ-Þ0-9][A-ZÀ-Þ0-9 &/,()'\-:]{3,70}\Z")
_LISTING: Final = frozenset(
    ("tasks", "stories", "epics", "requirements", "features", "criteria", "out", "metrics", "questions", "dependencies")
)


def as_outline(blocks: Sequence[Block]) -> None:
    """Turn the lines that head a section into headings, in place."""
    shouted = False
    for at, block in enumerate(blocks):
        if block.kind == "item" and block.number and block.box is None:
            if _shouted_heads(blocks, at):
                block.kind, block.level = "heading", block.number.count(".") + 1 + shouted
                _outdent(blocks, at + 1)
            elif _heads(blocks, at):
                block.kind, block.level = "heading", block.number.count(".") + 1
        elif at and block.kind == "text" and block.spaced and _is_title(block):
            block.kind, block.level = "heading", 1
            shouted = True

    _head_of_list(blocks)


def _shouted_heads(blocks: Sequence[Block], at: int) -> bool:
    """Whether a numbered line in capitals stands over a list: `1. SYSTEM TRAY`."""
    block = blocks[at]
    following = blocks[at + 1] if at + 1 < len(blocks) else None
    shouts = _SHOUTED.match(block.text) is not None and sum(one.isalpha() for one in block.text) >= 4
    return shouts and block.indent == 0 and following is not None and following.kind == "item" and not following.number


def _outdent(blocks: Sequence[Block], at: int) -> None:
    """The list below a line that became a heading begins at the margin."""
    for block in blocks[at:]:
        if block.kind != "item" or not block.indent:
            return
        block.indent -= 1


def _head_of_list(blocks: Sequence[Block]) -> None:
    """A first line that announces what the numbered sections right below it are."""
    first, second = (*blocks[:2], None, None)[:2]
    if first is None or second is None or first.kind != "text" or second.kind != "heading":
        return
    if second.number and second.first - first.last == 1 and role_of(first.text) in _LISTING:
        first.kind, first.level = "heading", 0


def _heads(blocks: Sequence[Block], at: int) -> bool:
    """Whether a numbered line has something below it that is not its next sibling."""
    block = blocks[at]
    if (
        block.indent
        or len(block.text) > _MOST_HEADING
        or block.text.endswith((".", ";", ","))
        or (": " in block.text[:-1] and block.number.count(".") > 1)
    ):
        return False
    following = blocks[at + 1] if at + 1 < len(blocks) else None
    if following is None:
        return False
    if following.kind != "item" or not following.number:
        return (following.kind != "item" or following.indent == 0) and not _ends_run(blocks, at)
    return following.number.startswith(f"{block.number}.") or (
        following.indent > block.indent and not _in_run(blocks, at)
    )


def _ends_run(blocks: Sequence[Block], at: int) -> bool:
    """Whether a numbered line is the last of a list: the number before stands right above it, and is no heading."""
    before, _, last = blocks[at].number.rpartition(".")
    above = blocks[at - 1] if at else None
    if above is None or above.kind != "item" or not last.isdigit():
        return False
    return above.number == (f"{before}.{int(last) - 1}" if before else str(int(last) - 1))


def _in_run(blocks: Sequence[Block], at: int) -> bool:
    """Whether a numbered line is one of a list: its neighbours carry the numbers before and after."""
    number = blocks[at].number
    before, _, last = number.rpartition(".")
    if not last.isdigit():
        return False
    wanted = {f"{before}.{int(last) + step}" if before else str(int(last) + step) for step in (-1, 1)}
    return any(blocks[n].number in wanted for n in (at - 1, at + 1) if 0 <= n < len(blocks))


def _is_title(block: Block) -> bool:
    text = block.text
    if _SHOUTED.match(text) and sum(one.isalpha() for one in text) >= 4 and not text.endswith(","):
        return True
    if ":" in text or len(text) > 40 or len(text.split()) > 4 or text[-1:] in ".,;?!":
        return False
    return role_of(text) in _LISTING
