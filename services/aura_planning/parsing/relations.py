"""What depends on what, and which requirements are meant: words that name other items, resolved."""

# ruff: noqa: RUF001 - full-width signs and dashes stand in the documents that are read
from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aura_planning.parsing.contract import KINDS, Dependency, Finding, Kind, Proposal, Reference, Severity, Source
from aura_planning.parsing.drafts import Reading, Wish
from aura_planning.parsing.joining import shown
from aura_planning.parsing.lexicon import WORDS
from aura_planning.parsing.names import key_of

__all__ = ["Links", "link"]

_KIND_WORDS: Final[Mapping[str, Kind]] = {word: kind for kind in KINDS for word in WORDS["references"][kind]}
_OTHER_WORDS: Final = frozenset[str](WORDS["references"]["none"])
_TOKEN: Final = re.compile(
    r"(?:(?P<word>[^\W\d_]+(?: stor(?:y|ies))?)s?(?:\s+|\s*#\s*|(?<=[a-z])-))?"
    r"(?P<id>(?<![\w.])(?:[A-Z]{1,10}(?:[-_][A-Z]{2,10})?[-_]?)?\d+(?:\.\d+)*[a-z]?)(?![\w%])"
    r"(?:\s*(?:-|–|—|\.\.\.?|\bto\b|\bthrough\b|\bbis\b|\ba\b|~|至|"
    r"到)\s*(?P<end>(?:[A-Z]{1,10}(?:[-_][A-Z]{2,10})?[-_]?)?\d+(?:\.\d+)*)(?![\w%]))?"
)
_PARENS: Final = re.compile(r"[(（\[][^()（）\[\]]*[)）\]]")
_DEPENDS: Final = re.compile(
    r"\b(?:depends? (?:up)?on|dependent on|depending on|dependenc(?:y|ies)\s*:|blocked by|prerequisites?\s*:|needs? "
    r"(?=[A-Z]*\d|story|task|epic|stories|tasks)|requires? (?=[A-Z]+-?\d|story|task|epic|stories|tasks)|"
    r"(?:(?:can (?:only )?|should |must )?(?:start|begin|come|follow|be done) )?"
    r"after (?=[A-Z]+-?\d|story|task|epic|phase|stories|tasks|completion of)|hängt "
    r"(?:von|ab von)|abhängig von|depende(?:n)? d[eo]|dépend(?:ent)? d[e']|zależy od|wymaga (?=[A-Z]*\d)|зависит "
    r"от)\s*:?|"
    r"依赖(?:于)?\s*[:：]?|依存\s*[:：]?|前置(?:任务)?\s*[:：]",
    re.IGNORECASE,
)  # fmt: skip
_INDEPENDENT: Final = re.compile(
    r"\b(?:no (?:\w+ )?dependenc|not depend|independent|none\b|no prerequisit|does not|keine abhäng|sin "
    r"dependencias|sem dependências)|无依赖",
    re.IGNORECASE,
)
_REVERSED: Final = re.compile(
    r"\b(?:(?P<sure>required by|blocks|prerequisite (?:for|of|to)|must (?:be )?(?:complete[d]?|done|finished) before|"
    r"needed by|blockiert|bloquea|bloqueia|bloque)|enables|unblocks|leads to|ready for)\b",
    re.IGNORECASE,
)
_BESIDE: Final = re.compile(r"\d\W*\.\W*\Z")
"""A sentence that named ids ends before the words for the other direction begin: `Task 1.2. Blocks 1.6`."""
_CODES: Final = re.compile(
    r"(?:N?FR|REQ|RN?F|N?FA|NF|US|HU|T|TASK|TSK|STORY|EPIC|EP|E|S|BR|SR|UR|TR|UC|AC)[-_]?(?:[A-Z]{2,8}[-_]?)?\d"
)
_ALL: Final = re.compile(r"\b(?:all|alle|todas?|todos|toutes?|wszystkie|every)\b", re.IGNORECASE)
_SENTENCE: Final = re.compile(r"(?<=[a-z)\]])\.\s+|;\s*|。|\n")
_ARROW: Final = re.compile(r"\s*(?:→|->|=>|⇒|➜)\s*")
_REQUIREMENT_CODE: Final = re.compile(
    r"\b(?:N?FR|REQ|RN?F|N?FA|NF)[-_]?(?:[A-Z]{2,8}-)?\d+(?:\.\d+)*\b(?:\s*[-–]\s*(?:N?FR|REQ|RN?F)[-_]?\d+)?"
)
_PHASE_OF: Final = re.compile(r"\bphases?\s+\d+\s*\([^)]*\)", re.IGNORECASE)
_PHASE_WORDS: Final = frozenset(("phase", "phases"))
_PHASE_NUMBER: Final = re.compile(r"\bphase\s+(\d+)\b", re.IGNORECASE)
_MOST_RANGE: Final = 200
_ITSELF: Final = "an item cannot wait for itself"


@dataclass(slots=True)
class Links:
    """What was resolved, by index of the draft."""

    needs: dict[int, list[Dependency]] = field(default_factory=dict[int, list[Dependency]])
    covers: dict[int, list[Reference]] = field(default_factory=dict[int, list[Reference]])
    proposals: list[Proposal] = field(default_factory=list[Proposal])


class _Linker:
    def __init__(self, reading: Reading, parents: Sequence[int | None]) -> None:
        self.reading = reading
        self.drafts = reading.drafts
        self.parents = parents
        self.links = Links()
        self.keys: dict[tuple[Kind, str], list[int]] = {}
        self.phases: dict[str, int] = {}
        for at, one in enumerate(self.drafts):
            if not one.dropped and one.reason == "phase" and (number := _PHASE_NUMBER.search(one.title)):
                self.phases.setdefault(number[1], at)
            if not one.dropped and one.alias:
                self.keys.setdefault((one.kind, key_of(one.alias)), []).append(at)
                if one.kind == "story" and key_of(one.alias).isdigit():
                    self.keys.setdefault((one.kind, f"US{key_of(one.alias)}"), []).append(at)

    # Resolving

    def resolve(self, token: str, word: Kind | None, near: int | None) -> int | None:
        """The item that an id means, seen from another item; None when there is none."""
        own: Kind = self.drafts[near].kind if near is not None else "task"
        orders: Sequence[Kind] = (word,) if word is not None else (own, "task", "story", "requirement", "epic")
        for kind in dict.fromkeys(orders):
            places = self.keys.get((kind, key_of(token)))
            if places:
                return self._nearest(places, near)
        return self._within_epic(token, near) if word in {"story", None} else None

    def _within_epic(self, token: str, near: int | None) -> int | None:
        """`Story 2`, said of a story of epic 1, is story 1.2."""
        head = key_of(self.drafts[near].alias).rpartition(".")[0] if near is not None else ""
        if not head or not token.isdigit() or near is None or self.drafts[near].kind != "story":
            return None
        places = self.keys.get(("story", f"{head}.{int(token)}"))
        return places[0] if places else None

    def _nearest(self, places: Sequence[int], near: int | None) -> int:
        """Among items with the same number the one in the same epic or section."""
        if len(places) == 1 or near is None:
            return places[0]
        beside = [at for at in places if self.parents[at] == self.parents[near]]
        return (beside or list(places))[0]

    def ids(self, text: str, near: int | None) -> Iterator[tuple[str, int | None]]:
        """The ids in a text, with the items that they mean; ranges are taken apart."""
        words = _whole_group(text) or _outside(text)
        carried, phases = None, False
        for found in _TOKEN.finditer(words):
            said = (found["word"] or "").lower()
            word = _KIND_WORDS.get(said)
            if said and word is None and not _joins(said):
                carried, phases = None, said in _PHASE_WORDS
            carried = word or carried
            if phases and not word and found["id"].isdigit():
                yield from (
                    (one, self.phases[one]) for one in _range(found["id"], found["end"] or "") if one in self.phases
                )
            elif self._counts(found, carried, words):
                coded = found["id"][0].isalpha()
                for token in _range(found["id"], found["end"] or ""):
                    yield token, self.resolve(token, None if coded else carried, near)

    def _counts(self, found: re.Match[str], kind: Kind | None, words: str) -> bool:
        """Whether a token is an id: a known code, or a number after the word for a kind or among numbers only."""
        if found["id"][0].isalpha() and not self._known(found["id"]):
            return False
        if (found["word"] or "").lower() in _OTHER_WORDS:
            return False
        return found["id"][0].isalpha() or kind is not None or _only_ids(words)

    def _known(self, token: str) -> bool:
        """Whether a code is one of this document, or of a form that only items have."""
        return _CODES.match(token) is not None or any((kind, key_of(token)) in self.keys for kind in KINDS)

    def everything(self, text: str, near: int) -> list[int]:
        """`All Epic 2 stories` without a range: the stories of that epic."""
        found = re.search(r"epic\s*#?\s*(\d+)", text, re.IGNORECASE)
        if not _ALL.search(text) or found is None or re.search(r"\d+\.\d+", text):
            return []
        epic = self.keys.get(("epic", found[1]))
        return [at for at, up in enumerate(self.parents) if epic and up == epic[0] and at != near]

    # Dependencies

    def need(self, at: int, wish: Wish) -> None:
        """Note what an item needs, by words that say so."""
        for sentence in _SENTENCE.split(wish.text):
            if not sentence or _INDEPENDENT.match(sentence):
                continue
            self._need(at, Wish(sentence, wish.line))

    def _need(self, at: int, wish: Wish) -> None:
        back = _REVERSED.search(wish.text)
        if back is not None:
            self._needed_by(at, Wish(wish.text[back.end() :], wish.line), explicit=back["sure"] is not None)
            if _BESIDE.search(wish.text[: back.start()]):
                self._need(at, Wish(wish.text[: back.start()], wish.line))
            return
        whole = self.everything(wish.text, at)
        if whole:
            for other in whole:
                self._edge(at, other, wish)
            return
        for token, other in self.ids(wish.text, at):
            if other is None:
                self._dangling(at, token, wish)
            else:
                self._edge(at, other, wish)

    def _needed_by(self, at: int, wish: Wish, *, explicit: bool) -> None:
        """`Blocks T005`, `required by Epic 7`: the other one waits for this one."""
        for _, other in self.ids(wish.text, at):
            if other is None or other == at:
                continue
            if explicit:
                self._edge(other, at, wish)
            else:
                self.links.proposals.append(
                    Proposal(
                        other,
                        at,
                        f"{shown(self.drafts[at])} is said to enable it",
                        Source(wish.line, wish.line, wish.text),
                    )
                )

    def _edge(self, at: int, other: int, wish: Wish) -> None:
        known = self.links.needs.setdefault(at, [])
        if other == at:
            if not _ALL.search(wish.text):
                self.tell(
                    "self-dependency",
                    "error",
                    wish.line,
                    f"{shown(self.drafts[at])} depends on itself",
                    "Take the line out.",
                )
        elif all(one.item != other for one in known):
            known.append(Dependency(other, Source(wish.line, wish.line, wish.text)))

    def _dangling(self, at: int, token: str, wish: Wish) -> None:
        self.tell(
            "dangling-dependency", "warning", wish.line,
            f"{shown(self.drafts[at])} depends on {token}, which is not in this document",
            "Correct the id, or read the document that has it.",
        )  # fmt: skip

    def tell(self, code: str, severity: Severity, line: int, message: str, advice: str) -> None:
        """Note a finding."""
        self.reading.findings.append(Finding(code, severity, line, message, advice))

    def inline(self, at: int) -> None:
        """Dependencies that an item's own words name: `(depends on T002, T004)`."""
        one = self.drafts[at]
        own = [one.title, *([] if one.label == "told" else one.text)]
        taken: set[int] = set()
        for text in own:
            for found in _DEPENDS.finditer(text):
                rest = _SENTENCE.split(text[found.end() :], maxsplit=1)[0]
                rest = (
                    rest.split(")", 1)[0]
                    if text[: found.start()].count("(") > text[: found.start()].count(")")
                    else rest
                )
                if not _INDEPENDENT.search(text[max(0, found.start() - 6) : found.start()]):
                    self._inline_needs(at, rest)
        taken.update(one.item for one in self.links.needs.get(at, []))
        if one.kind == "task":
            self._mentions(at, own, taken)

    def _inline_needs(self, at: int, rest: str) -> None:
        wish = Wish(rest.strip(), self.drafts[at].first)
        for token, other in self.ids(rest, at):
            if other is not None:
                self._edge(at, other, wish)
            elif token[0].isalpha():
                self._dangling(at, token, wish)

    def _mentions(self, at: int, own: Sequence[str], taken: set[int]) -> None:
        one = self.drafts[at]
        for text in own:
            for found in re.finditer(r"(?<![\w-])T\d{2,4}(?!\w)", text):
                other = self.resolve(found[0], "task", at)
                if other is not None and other != at and other not in taken and self.drafts[other].first < one.first:
                    taken.add(other)
                    self.links.proposals.append(
                        Proposal(at, other, f"its words mention {found[0]}", Source(one.first, one.last, text[:200]))
                    )

    def statement(self, wish: Wish) -> None:
        """A line of a section about dependencies: `T041 depends on T040; T042 after T041`, `US2 -> US3`."""
        for sentence in _SENTENCE.split(wish.text):
            found = _DEPENDS.search(sentence)
            if _INDEPENDENT.search(sentence) and found is None:
                continue
            outer = _PARENS.sub(" ", sentence)
            back = _REVERSED.search(outer)
            if back is not None and back["sure"] and _DEPENDS.search(outer) is None:
                self._stated(outer[back.end() :], outer[: back.start()], wish)
            elif found is not None and not _INDEPENDENT.search(sentence[: found.end()][-24:]):
                self._stated(sentence[: found.start()], sentence[found.end() :], wish)
            elif _ARROW.search(sentence):
                self._arrows(sentence, wish)

    def _stated(self, left: str, right: str, wish: Wish) -> None:
        who = [at for _, at in self.ids(_PARENS.sub(" ", left), None) if at is not None]
        right = _PHASE_OF.sub(" ", _INDEPENDENT.split(right, maxsplit=1)[0])
        right = (
            _PARENS.sub(" ", right)
            if re.search(r"[A-Za-z]\d|\d\.\d|(?:story|task|epic) \d", _PARENS.sub(" ", right), re.IGNORECASE)
            else right
        )
        for at in who:
            for token, other in self.ids(right, at):
                if other is not None:
                    self._edge(at, other, Wish(wish.text, wish.line))
                elif token[0].isalpha():
                    self._dangling(at, token, wish)

    def _arrows(self, sentence: str, wish: Wish) -> None:
        steps = [[at for _, at in self.ids(part, None) if at is not None] for part in _ARROW.split(sentence)]
        for before, after in itertools.pairwise(steps):
            for at in after[:1]:
                for other in before[-1:]:
                    if at != other:
                        self.links.proposals.append(
                            Proposal(
                                at,
                                other,
                                "an arrow leads from one to the other",
                                Source(wish.line, wish.line, wish.text),
                            )
                        )

    # Requirements

    def cover(self, at: int) -> None:
        """The requirements that an item names, in its field or in its words."""
        one = self.drafts[at]
        found: dict[str, Reference] = {}
        for wish in one.covers:
            for token in _plain_ids(wish.text):
                found.setdefault(token, Reference(token, self._requirement(token), wish.line))
        if one.kind != "requirement":
            for text in (one.title, *one.text, *(criterion.text for criterion in one.criteria)):
                for code in _REQUIREMENT_CODE.finditer(text):
                    for token in _plain_ids(code[0]):
                        found.setdefault(token, Reference(token, self._requirement(token), one.first))
        if found:
            self.links.covers[at] = [ref for ref in found.values() if ref.item != at]

    def _requirement(self, token: str) -> int | None:
        """`FR-003`, or `1.2`: the second criterion of requirement 1."""
        for key in (key_of(token), key_of(token).rpartition(".")[0]):
            places = self.keys.get(("requirement", key)) if key else None
            if places:
                return places[0]
        return None

    def covered(self, who: str, wish: Wish) -> None:
        """A row of a table that says which epics, stories or tasks carry a requirement, or the other way round."""
        tokens = _plain_ids(who)
        requirement = self._requirement(tokens[0]) if len(tokens) == 1 else None
        if requirement is None:
            return
        for _, other in self.ids(wish.text, None):
            if other is not None and self.drafts[other].kind != "requirement":
                refs = self.links.covers.setdefault(other, [])
                if all(ref.item != requirement for ref in refs):
                    refs.append(Reference(tokens[0], requirement, wish.line))


def _joins(word: str) -> bool:
    return word.lower() in {"and", "or", "und", "oder", "y", "e", "et", "o", "i", "on", "the", "to", "with", "plus"}


def _only_ids(text: str) -> bool:
    return not re.sub(r"[\d.,;&\s/#+*_`\u2013\u2014-]|\band\b|\bund\b|\by\b|\bet\b", "", text)


def _whole_group(text: str) -> str:
    """`All Epic 2 stories (2.1-2.11)`: the bracket says what the words only sum up."""
    if not _ALL.search(text):
        return ""
    inner = next((found[0] for found in _PARENS.finditer(text) if re.search(r"\d+\.\d+|[A-Z]+-?\d", found[0])), "")
    word = re.search(r"stor(?:y|ies)|tasks?", text, re.IGNORECASE)
    return f"{word[0]} {inner.strip('()（）[]')}" if inner and word else ""


def _outside(text: str) -> str:
    """A text without what its brackets explain; the brackets themselves where the ids stand only there."""
    outer = _PARENS.sub(" ", text)
    coded = re.search(
        r"(?:(?-i:(?:US|HU|T|FR|NFR|REQ|TASK|STORY|EPIC)[-_]?\d)|\d+\.\d|(?:story|stories|task|tasks|epic)s?\s+\d)",
        outer,
        re.IGNORECASE,
    )
    return outer if coded or (_only_ids(outer) and outer.strip()) else text


def _range(first: str, last: str) -> list[str]:
    """`T003` to `T005`, `2.1` to `2.4`: all between; only what is no range stays as it is."""
    if not last:
        return [first]
    start, end = re.search(r"\d+\Z", first.rstrip("abcdefghijklmnopqrstuvwxyz")), re.search(r"\d+\Z", last)
    if start is None or end is None:
        return [first, last]
    low, high, head = int(start[0]), int(end[0]), first[: start.start()]
    tail = last[: end.start()]
    if high < low or high - low > _MOST_RANGE or (tail and tail != head):
        return [first, last]
    return [f"{head}{number:0{len(start[0])}d}" for number in range(low, high + 1)]


def _plain_ids(text: str) -> list[str]:
    """Ids in a list of requirements, where bare numbers count too."""
    out: list[str] = []
    for found in _TOKEN.finditer(_PARENS.sub(" ", text)):
        out += _range(found["id"], found["end"] or "")
    return out


def link(reading: Reading, parents: Sequence[int | None]) -> Links:
    """Resolve everything that names other items.

    Args:
        reading: The drafts; findings about ids that lead nowhere are added to it.
        parents: Which draft each one belongs to.
    """
    linker = _Linker(reading, parents)
    for at, one in enumerate(reading.drafts):
        if not one.dropped:
            for wish in one.needs:
                linker.need(at, wish)
            linker.inline(at)
            linker.cover(at)
    for wish in reading.statements:
        linker.statement(wish)
    for who, wish in reading.covered:
        linker.covered(who, wish)
    return linker.links
