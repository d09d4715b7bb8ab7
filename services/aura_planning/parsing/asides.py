"""What belongs to items without being one: criteria, fields, statements about dependencies, what is out of scope."""

# ruff: noqa: RUF001 - full-width signs and dashes stand in the documents that are read
from __future__ import annotations

import re
from typing import Final

from aura_planning.parsing.blocks import Block
from aura_planning.parsing.contract import Criterion, OutOfScope, Source
from aura_planning.parsing.drafts import Draft, Wish
from aura_planning.parsing.fields import set_field
from aura_planning.parsing.lexicon import plain
from aura_planning.parsing.marks import clean
from aura_planning.parsing.walk import LIST, SCENARIO, Walk

__all__ = ["Asides"]

_GHERKIN: Final = re.compile(
    r"(?:given|when|then|and|but|dado|dada|dados|cuando|quando|entonces|então|angenommen|gegeben|wenn|dann|étant "
    r"donné|quand|alors|soit|zakładając|假如|当|那么|前提|もし|ならば)\b",
    re.IGNORECASE,
)
_GIVEN: Final = re.compile(
    r"(?:given|dado|dada|dados|angenommen|gegeben|étant donné|soit|zakładając|假如|前提)\b", re.IGNORECASE
)
_ALL_STEPS: Final = re.compile(r"\b(?:then|entonces|então|dann|alors|shall)\b", re.IGNORECASE)


class Asides(Walk):
    """Gives items what belongs to them."""

    def _set(self, name: str, value: str, block: Block) -> None:
        owner = self.owner()
        if owner is not None:
            set_field(self.reading, owner, name, value, block.first)

    def _criterion_block(self, block: Block) -> None:
        self._criterion(block, block.text)

    def _criterion(self, block: Block, words: str) -> None:
        """One more criterion of the item above, or more words of the last one."""
        owner, text = self.owner(), clean(words)
        if _GIVEN.match(text):
            self.reading.saw("given")
        if owner is None or not text:
            return
        source = Source(block.first, block.last, text)
        goes_on = self._in_scenario() or _goes_on(owner, text)
        if owner.criteria and (goes_on or (block.kind == "item" and self._nested(block))):
            last = owner.criteria[-1]
            owner.criteria[-1] = Criterion(
                f"{last.text}; {text}", Source(last.source.first, block.last, last.source.quote), last.ticked
            )
            return
        ticked = None if block.box is None else block.box == "x"
        owner.criteria.append(Criterion(text, source, ticked))
        if block.kind == "item":
            self.push(LIST + block.indent, "criteria", block, label=False)

    def _in_scenario(self) -> bool:
        frame = next((one for one in reversed(self.frames) if one.level < LIST), self.top)
        return self.top.role == "criteria" and frame.detail and SCENARIO.match(plain(frame.title)) is not None

    def _nested(self, block: Block) -> bool:
        return (
            self.top.level >= LIST
            and self.top.role == "criteria"
            and not self.top.label
            and block.indent > self.top.level - LIST
        )

    def _out_block(self, block: Block) -> None:
        text = clean(block.text)
        if text and not text.endswith((":", "：")):
            why = "later" if self.top.role == "later" else "out of scope"
            self.reading.out.append(OutOfScope(text, Source(block.first, block.last, text), why))

    def _statement(self, block: Block) -> None:
        owner = self.owner()
        wish = Wish(clean(block.text), block.first)
        if owner is not None and (self.top.label or self.top.own or owner.kind != "epic"):
            owner.needs.append(wish)
        else:
            self.reading.statements.append(wish)


def _goes_on(owner: Draft, text: str) -> bool:
    """Whether `When`, `Then` or `And` goes on with the last criterion; a line that holds all of them stands alone."""
    if not owner.criteria or not _GHERKIN.match(text) or _GIVEN.match(text):
        return False
    before = owner.criteria[-1].text
    return (
        _GIVEN.match(before) is not None
        and not (_ALL_STEPS.search(before) and _ALL_STEPS.search(text))
        and not re.match("(?:when|wenn|cuando|quando|quand)\\b.*\\b(?:then|shall)\\b", text, re.IGNORECASE)
    )
