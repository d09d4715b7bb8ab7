"""What of a model's answer may stand: each proposal is held against document and plan before anybody sees it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from aura_planning.items.ledger import Ledger
from aura_planning.items.model import Finding
from aura_planning.items.model import Item as PlanItem
from aura_planning.parsing.contract import Document, Item
from aura_planning.proposing.contract import Proposal, Source
from aura_planning.proposing.sections import Section
from aura_planning.proposing.words import same

__all__ = ["Grounds", "Wish", "read_answer", "schema_for"]

_LEAST_QUOTE: Final = 12
"""Characters of a quote; shorter ones stand everywhere."""
_MARKS: Final = re.compile(r"[*_`~#>|]+|^\s*(?:[-+]|\d+[.)])\s+(?:\[.\]\s*)?")

Line = Annotated[str, Field(max_length=400)]


class Wish(BaseModel):
    """One proposal as a model words it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["story", "task", "criterion", "dependency", "estimate"]
    title: str = Field(max_length=160)
    item: int = Field(ge=0, le=100_000)
    needs: int = Field(ge=0, le=100_000)
    points: int = Field(ge=0, le=100)
    criteria: list[Line] = Field(max_length=6)
    quote: str = Field(max_length=400)
    why: str = Field(max_length=300)


def _text(most: int) -> dict[str, JsonValue]:
    return {"type": "string", "maxLength": most}


def _number(most: int) -> dict[str, JsonValue]:
    return {"type": "integer", "minimum": 0, "maximum": most}


def schema_for(items: int) -> dict[str, JsonValue]:
    """What a server is asked to keep to for a document with so many items.

    It may not keep to it, so every answer is read with `read_answer`.
    """
    row: dict[str, JsonValue] = {
        "kind": {"enum": ["story", "task", "criterion", "dependency", "estimate"]},
        "title": _text(120),
        "item": _number(items),
        "needs": _number(items),
        "points": _number(21),
        "criteria": {"type": "array", "maxItems": 4, "items": _text(160)},
        "quote": _text(200),
        "why": _text(160),
    }
    inside: JsonValue = {
        "type": "object", "properties": row, "required": list[JsonValue](row), "additionalProperties": False,
    }  # fmt: skip
    return {
        "type": "object",
        "properties": {"proposals": {"type": "array", "maxItems": 8, "items": inside}},
        "required": ["proposals"],
        "additionalProperties": False,
    }


def read_answer(data: JsonValue) -> tuple[list[Wish], str]:
    """The proposals of an answer that are well-formed, and what is wrong with the others; empty when nothing is."""
    if not isinstance(data, Mapping) or not isinstance(data.get("proposals"), list):
        return [], "the answer is no object with a list `proposals`"
    rows = data["proposals"]
    assert isinstance(rows, list)
    found: list[Wish] = []
    problems: list[str] = []
    for number, row in enumerate(rows[:50], start=1):
        try:
            found.append(Wish.model_validate(row))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or "it"
            problems.append(f"proposal {number}: {place}: {first['msg']}")
    return found, "; ".join(problems[:3])


@dataclass(slots=True)
class Grounds:
    """What proposals are held against, and what came of them."""

    document: Document
    path: str
    lines: Sequence[str]
    """Of the document."""
    ledger: Ledger
    proposals: list[Proposal] = field(default_factory=list[Proposal])
    findings: list[Finding] = field(default_factory=list[Finding])
    notices: list[str] = field(default_factory=list[str])
    _needs: dict[int, set[int]] | None = None

    def take(self, section: Section, wishes: Sequence[Wish]) -> None:
        """Keep those of a section that may stand; say why the others may not."""
        for wish in wishes:
            source = self._source(section, wish.quote)
            reason = {"dependency": self._dependency, "estimate": self._estimate, "criterion": self._criterion}.get(
                wish.kind, self._item
            )(wish, source)
            if reason:
                self.notices.append(f"line {section.first}: dropped {wish.kind} {wish.title[:60]!r}: {reason}")

    # -- kinds -----------------------------------------------------------------------------------------

    def _item(self, wish: Wish, source: Source | None) -> str:
        title = " ".join(wish.title.split())
        if len(title) < 4 or not any(one.isalpha() for one in title):
            return "it has no title"
        twin = next((one.title for one in (*self.document.items, *self.ledger.items) if same(one.title, title)), "")
        twin = twin or next((one.title for one in self.proposals if one.what == "add" and same(one.title, title)), "")
        if twin:
            return f"it is there already: {twin[:60]!r}"
        above = self._of(wish.item)
        if wish.item and above is None:
            return f"there is no item {wish.item}"
        criteria = tuple(text for one in wish.criteria if (text := " ".join(one.split())))
        reasons = (*_why(wish), *([] if above is None else [f"for {_called(above)}"]))
        self.proposals.append(
            Proposal(
                "story" if wish.kind == "story" else "task", title, "model", parent=self._parent(wish.kind, above),
                criteria=criteria, about=source.quote if source else "", estimate=float(wish.points) or None,
                reasons=reasons, source=source, grounded=source is not None,
            )
        )  # fmt: skip
        return ""

    def _criterion(self, wish: Wish, source: Source | None) -> str:
        item = self._of(wish.item)
        if item is None or item.kind == "epic":
            return f"there is no story or task {wish.item}"
        words = [" ".join(one.split()) for one in wish.criteria if one.strip()] or [" ".join(wish.title.split())]
        known = [one.text for one in item.criteria]
        known += [text for one in self.proposals if one.title == item.title for text in one.criteria]
        fresh = [one for one in words if len(one) > 3 and not any(same(one, text) for text in known)]
        if not fresh:
            return "it says what is there already"
        self._change(item, wish, source, criteria=tuple(fresh))
        return ""

    def _dependency(self, wish: Wish, source: Source | None) -> str:
        item, needs = self._of(wish.item), self._of(wish.needs)
        if item is None or needs is None or item is needs:
            return f"there are no items {wish.item} and {wish.needs} that could wait for one another"
        one, other = wish.item - 1, wish.needs - 1
        edges = self._edges()
        if other in edges.get(one, set()):
            return "it is there already"
        if self._reaches(other, one):
            return f"{_called(needs)} waits for {_called(item)} already: they would go in a circle"
        edges.setdefault(one, set()).add(other)
        self._change(item, wish, source, depends_on=(self._name(needs),))
        return ""

    def _estimate(self, wish: Wish, source: Source | None) -> str:
        item = self._of(wish.item)
        if item is None or wish.points == 0:
            return f"there is no item {wish.item}, or no number"
        plan = self._in_plan(item)
        if item.estimate or (plan is not None and plan.estimate is not None):
            return "a person estimated it"
        self._change(item, wish, source, estimate=float(wish.points))
        return ""

    def _change(
        self,
        item: Item,
        wish: Wish,
        source: Source | None,
        *,
        criteria: tuple[str, ...] = (),
        depends_on: tuple[str, ...] = (),
        estimate: float | None = None,
    ) -> None:
        plan = self._in_plan(item)
        kind = (
            plan.kind
            if plan is not None
            else "epic"
            if item.kind == "epic"
            else "task"
            if item.kind == "task"
            else "story"
        )
        self.proposals.append(
            Proposal(
                kind, item.title, "model", what="change", item=plan.path if plan is not None else "", criteria=criteria,
                depends_on=depends_on, estimate=estimate, reasons=(f"{wish.kind} for {_called(item)}", *_why(wish)),
                source=source, grounded=source is not None,
            )
        )  # fmt: skip

    # -- the document and the plan ---------------------------------------------------------------------

    def _of(self, number: int) -> Item | None:
        return self.document.items[number - 1] if 1 <= number <= len(self.document.items) else None

    def _in_plan(self, item: Item) -> PlanItem | None:
        """The item of the plan that an item of the document is: by alias, else by title."""
        found = self.ledger.lookup(item.alias) if item.alias else None
        if found is not None and same(found.title, item.title):
            return found
        named = [one for one in self.ledger.items if one.id and same(one.title, item.title)]
        return named[0] if len(named) == 1 else None

    def _name(self, item: Item) -> str:
        plan = self._in_plan(item)
        return plan.id if plan is not None and plan.id else item.alias or item.title

    def _parent(self, kind: str, above: Item | None) -> str:
        plan = self._in_plan(above) if above is not None else None
        fits = ("epic",) if kind == "story" else ("story", "task", "epic")
        return plan.id if plan is not None and plan.kind in fits else ""

    def _edges(self) -> dict[int, set[int]]:
        if self._needs is None:
            self._needs = {at: {one.item for one in item.depends_on} for at, item in enumerate(self.document.items)}
        return self._needs

    def _reaches(self, start: int, goal: int) -> bool:
        seen, waiting = {start}, [start]
        while waiting:
            at = waiting.pop()
            if at == goal:
                return True
            fresh = self._edges().get(at, set()) - seen
            seen |= fresh
            waiting += fresh
        return False

    def _source(self, section: Section, quote: str) -> Source | None:
        """The lines where a quote stands, of the section or else of the document; None where it stands nowhere."""
        wanted = _bare(quote)
        if len(wanted) < _LEAST_QUOTE:
            return None
        inside = self.lines[section.first - 1 : section.last]
        place = _find(inside, wanted)
        if place is not None:
            return Source(self.path, section.first + place[0], section.first + place[1], quote.strip()[:200])
        place = _find(self.lines, wanted)
        return None if place is None else Source(self.path, place[0] + 1, place[1] + 1, quote.strip()[:200])


def _find(lines: Sequence[str], wanted: str) -> tuple[int, int] | None:
    """Indexes of the first and last line of a text, however it is wrapped and emphasised."""
    starts: list[tuple[int, int]] = []
    whole = ""
    for number, line in enumerate(lines):
        bare = _bare(line)
        if bare:
            starts.append((len(whole), number))
            whole += f"{bare} "
    at = whole.find(wanted)
    if at < 0:
        return None
    first = max(number for begin, number in starts if begin <= at)
    last = max(number for begin, number in starts if begin < at + len(wanted))
    return first, last


def _bare(text: str) -> str:
    return " ".join(_MARKS.sub(" ", text).split()).casefold()


def _why(wish: Wish) -> tuple[str, ...]:
    why = " ".join(wish.why.split())
    return (why,) if why else ()


def _called(item: Item) -> str:
    return item.alias or item.title[:60]
