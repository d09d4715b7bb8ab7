"""Children of an item from what the item itself says: steps, criteria, features, and what the text asks for besides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from aura_planning.items.model import Item, Kind
from aura_planning.proposing.contract import Contents, Part, Proposal, Role, Source
from aura_planning.proposing.words import overlap, same, short, stems

__all__ = ["Facts", "Repository", "expand"]

_COVERED: Final = 0.5
"""Share of the shorter text's words from which a step is taken to do what a criterion asks for."""
_TESTS: Final = re.compile(r"\btest(?:s|ing|ed)?\b|\bspecs?\b|\be2e\b|\bpytest\b|\bverify\b", re.IGNORECASE)
_MIGRATES: Final = re.compile(
    r"\bmigrations?\b|\b(?:database|db|sql|table) schemas?\b|\bschema (?:change|migration)|"
    r"\b(?:new|add(?:s|ed)?|creates?|alter(?:s|ed)?|drops?|rename[sd]?)\b[^.;]{0,40}\b(?:tables?|columns?|index(?:es)?)\b",
    re.IGNORECASE,
)
_DOCUMENTS: Final = re.compile(
    r"\b(?:documented|documentation|readme|user guide|api docs?|changelog|openapi|swagger|runbook)\b", re.IGNORECASE
)
_PUBLIC: Final = re.compile(
    r"\b(?:endpoints?|cli|command[- ]line|public api|rest api|config(?:uration)? (?:option|setting)s?|"
    r"environment variables?)\b",
    re.IGNORECASE,
)
_GIVEN: Final = re.compile(r"\W*(?:given|when)\b", re.IGNORECASE)
_THEN: Final = re.compile(r"\bthen\b[\s:,]*(?P<then>.+)\Z", re.IGNORECASE)
_WHEN: Final = re.compile(r"\bwhen\b[\s:,]*(?P<when>.+?)(?=[,;]?\s*\bthen\b)", re.IGNORECASE)
_NAME: Final = re.compile(
    r"\A\W*(?:(?:AC|criterion|task|step|scenario)[ -]?#?\d*(?:[.-]\d+)*\s*[:.)\u2013\u2014-]\s*|"
    r"\d+(?:\.\d+)+\s+|T\d+\S*\s+)",
    re.IGNORECASE,
)
_HEADED: Final = re.compile(r"(?P<head>\S+(?: \S+){1,14}?):? (?:Given|GIVEN|When|WHEN)\b.*\b(?:[Tt]hen|THEN)\b")
"""A scenario with a name before its `Given`."""
_ASIDE: Final = re.compile(r"\s*[(\[]\s*ACs?\b[^)\]]*[)\]]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Repository:
    """What the repository says that a task may be needed for."""

    migrations: str = ""
    """Folder or file of its database migrations."""
    documents: str = ""
    """Folder or file of its documentation."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What an item is expanded from."""

    item: Item
    contents: Contents
    children: Sequence[Item] = ()
    """What belongs to it already."""
    boxes: bool = False
    """Whether this plan keeps tasks as checkboxes of their story, so the item's own steps exist already."""
    repository: Repository = Repository()

    @property
    def reference(self) -> str:
        """What new items name as their parent."""
        return self.item.id or self.item.alias or self.item.path

    def source(self, part: Part) -> Source:
        """Where an entry stands."""
        return Source(self.item.path, part.first, part.last, part.text[:200])


def expand(facts: Facts) -> tuple[list[Proposal], list[str]]:
    """Children of an item, and what a person should know.

    An epic gets a story for each feature that it lists. A story or task gets a task for each step that is open, and for
    each criterion a test and, unless a step does what it asks for, a task; the task waits for its test.
    """
    return _Expansion(facts).stories() if facts.item.kind == "epic" else _Expansion(facts).tasks()


class _Expansion:
    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._made: list[Proposal] = []
        self._notices: list[str] = []

    def stories(self) -> tuple[list[Proposal], list[str]]:
        contents = self._facts.contents
        for part in contents.features or contents.steps or contents.criteria:
            if part.ticked:
                continue
            title = short(_named(part.text))
            reasons = (f"the epic lists it on line {part.first}",)
            self._add("story", title, "", part, reasons, criteria=part.below)
        return self._made, self._notices

    def tasks(self) -> tuple[list[Proposal], list[str]]:
        contents = self._facts.contents
        covers, doing = self._steps(contents)
        for number, part in enumerate(contents.criteria, start=1):
            self._criterion(number, part, covers.get(number, []), doing)
        self._besides()
        return self._made, self._notices

    # -- steps -----------------------------------------------------------------------------------------

    def _steps(self, contents: Contents) -> tuple[dict[int, list[int]], dict[int, Part]]:
        """Tasks of the steps; which steps do what each criterion asks for, by index, and which exist already."""
        covers: dict[int, list[int]] = {}
        doing: dict[int, Part] = {}
        for at, step in enumerate(contents.steps):
            asked = self._asked(step, contents.criteria)
            for number in asked:
                covers.setdefault(number, []).append(at)
            doing[at] = step
            if self._facts.boxes or step.ticked:
                continue
            title = short(_named(step.text))
            role: Role = "test" if _TESTS.search(title) else "implement"
            why = [f"the {self._facts.item.kind} lists it on line {step.first}"]
            if asked:
                numbers = ", ".join(map(str, asked))
                why.append(
                    f"it does what criterion {numbers} asks for"
                    if len(asked) == 1
                    else f"it does what criteria {numbers} ask for"
                )
            carried = tuple(contents.criteria[number - 1].text for number in asked)
            self._add("task", title, role, step, tuple(why), criteria=carried, steps=step.below)
        return covers, doing

    @staticmethod
    def _asked(step: Part, criteria: Sequence[Part]) -> list[int]:
        """Numbers of the criteria that a step names, else of those that it speaks of."""
        named = [number for number in step.refers if 1 <= number <= len(criteria)]
        if named:
            return named
        whole = " ".join([step.text, *step.below])
        return [
            number for number, one in enumerate(criteria, start=1)
            if overlap(whole, one.text) >= _COVERED and len(stems(whole) & stems(one.text)) > 1
        ]  # fmt: skip

    # -- criteria --------------------------------------------------------------------------------------

    def _criterion(self, number: int, part: Part, steps: Sequence[int], doing: dict[int, Part]) -> None:
        if part.ticked:
            return
        words = short(outcome(part.text), 80)
        tested = any(self._tests(doing[at]) for at in steps)
        test = ""
        if not tested:
            test = self._add(
                "task", f"Test: {words}", "test", part, (f"criterion {number} has no test among its tasks",),
                criteria=(part.text,),
            )  # fmt: skip
        if not any(not _TESTS.search(doing[at].text) for at in steps):
            self._add(
                "task", f"Implement: {words}", "implement", part,
                (f"no step does what criterion {number} asks for", *(["its test comes first"] if test else [])),
                criteria=(part.text,), depends_on=(test,) if test else (),
            )  # fmt: skip

    @staticmethod
    def _tests(step: Part) -> bool:
        return any(_TESTS.search(words) for words in (step.text, *step.below))

    # -- what the text or the repository asks for besides --------------------------------------------------

    def _besides(self) -> None:
        contents = self._facts.contents
        parts = [*contents.criteria, *contents.steps]
        where = self._facts.repository
        self._one(parts, _MIGRATES, "migrate", "Write the database migration", where.migrations, "speaks of the schema")
        self._one(parts, _DOCUMENTS, "document", "Update the documentation", where.documents, "asks for documentation")
        if where.documents:
            self._one(parts, _PUBLIC, "document", "Update the documentation", where.documents, "changes what users see")

    def _one(self, parts: Sequence[Part], words: re.Pattern[str], role: Role, title: str, where: str, why: str) -> None:
        """One task for all parts that speak of something, unless a step does that or one was made."""
        steps = self._facts.contents.steps
        if any(one.role == role for one in self._made) or any(words.search(step.text) for step in steps):
            return
        part = next((one for one in parts if words.search(one.text)), None)
        if part is None:
            return
        reasons = (f"line {part.first} {why}", *([f"the repository has {where}"] if where else []))
        name = f"{title}: {short(outcome(part.text), 60)}"
        self._add("task", name, role, part, reasons, criteria=())

    def _add(
        self,
        kind: Kind,
        title: str,
        role: Role,
        part: Part,
        reasons: tuple[str, ...],
        *,
        criteria: tuple[str, ...] = (),
        steps: tuple[str, ...] = (),
        depends_on: tuple[str, ...] = (),
    ) -> str:
        """Propose one, unless it is there; gives its `#number`, or nothing."""
        facts = self._facts
        twin = next((one for one in facts.children if _same_work(one.title, title)), None)
        if twin is not None or self._place(title):
            name = (twin.id or twin.path) if twin is not None else f"#{self._place(title)}"
            self._notices.append(f"line {part.first}: {title!r} is there already: {name}")
            return twin.id if twin is not None else name
        about = "" if part.text == title else part.text
        self._made.append(
            Proposal(
                kind, title, "text", role, parent=facts.reference, depends_on=tuple(one for one in depends_on if one),
                criteria=criteria, steps=steps, about=about, reasons=reasons, source=facts.source(part),
            )
        )  # fmt: skip
        return f"#{len(self._made)}"

    def _place(self, title: str) -> int:
        """The number of what is proposed under this title; 0 for nothing. Titles that are only alike are two."""
        wanted = title.casefold()
        return next((at for at, one in enumerate(self._made, start=1) if one.title.casefold() == wanted), 0)


def outcome(criterion: str) -> str:
    """What a criterion wants to see: of a scenario its outcome and its occasion, else its words without a number."""
    text = _named(criterion)
    if not _GIVEN.match(text):
        headed = _HEADED.match(text)
        return headed["head"].rstrip(" :") if headed else text
    then, when = _THEN.search(text), _WHEN.search(text)
    if then is None:
        return text
    return f"{then['then'].strip()} when {when['when'].strip()}" if when else then["then"].strip()


def _named(text: str) -> str:
    """Words without the number that stands before them, and without the criteria that they name."""
    bare = _ASIDE.sub("", _NAME.sub("", text, count=1)).strip(" :-\u2013\u2014")
    return bare or text


def _same_work(one: str, other: str) -> bool:
    """Whether two titles differ only in what Aura put before them; a test is never the work that it tests."""
    if one.casefold() == other.casefold():
        return True
    prefixes = ("test: ", "implement: ")
    mine = next((prefix for prefix in prefixes if one.lower().startswith(prefix)), "")
    theirs = next((prefix for prefix in prefixes if other.lower().startswith(prefix)), "")
    if mine != theirs and prefixes[0] in {mine, theirs}:
        return False
    return same(one[len(mine) :], other[len(theirs) :])


def renumbered(proposals: Sequence[Proposal], kept: Sequence[int]) -> list[Proposal]:
    """Chosen proposals with what they name by number: what was not chosen is named no longer.

    Args:
        proposals: All of them.
        kept: Numbers of the chosen ones.
    """
    place = {f"#{number}": f"#{at}" for at, number in enumerate(kept, start=1)}
    return [
        replace(
            proposals[number - 1],
            depends_on=tuple(
                place.get(one, one)
                for one in proposals[number - 1].depends_on
                if not one.startswith("#") or one in place
            ),
            parent=place.get(proposals[number - 1].parent, proposals[number - 1].parent),
        )
        for number in kept
    ]
