"""Splits an item that is too large by the patterns that teams use; every criterion goes into exactly one part."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from aura_planning.items.model import Item
from aura_planning.proposing.contract import Contents, Part, Proposal, Source
from aura_planning.proposing.expanding import outcome
from aura_planning.proposing.words import Weights, overlap, short
from aura_shared.errors import Conflict

__all__ = ["PATTERNS", "Split", "split"]

_ENOUGH: Final = 0.6
"""Share of the criteria that a pattern has to tell apart."""
_MOST_PARTS: Final = 6
_A_PART: Final = 3
"""Criteria in a part when only their number tells them apart."""

_ERRORS: Final = re.compile(
    r"\b(?:errors?|invalid|fail(?:s|ed|ures?)?|wrong|missing|reject(?:s|ed)?|den(?:y|ied)|refus\w+|expired?|timeouts?|empty|"
    r"offline|retry|retries|fallback|unauthori[sz]ed|forbidden|not found|unavailable|exceed\w*|limits?|duplicates?|"
    r"unless|cannot|warns?|warning|4\d\d|5\d\d)\b",
    re.IGNORECASE,
)
_CRUD: Final[Mapping[str, str]] = {
    "create": r"creat\w+|add(?:s|ed|ing)?|register\w*|upload\w*|submit\w*|insert\w*|import\w*",
    "show": r"view\w*|list(?:s|ed|ing)|show\w*|display\w*|read|see|sees|search\w*|filter\w*|sort\w*|browse\w*|"
    r"open\w*|export\w*",
    "change": r"edit\w*|updat\w+|chang\w+|modif\w+|renam\w+|save[sd]?|toggle\w*|mark\w*|assign\w*",
    "remove": r"delet\w+|remov\w+|archiv\w+|cancel\w*|clear\w*|revok\w+|unsubscrib\w+",
}
_INTERFACES: Final[Mapping[str, str]] = {
    "interface of programs": r"apis?|endpoints?|rest|graphql|webhooks?|http",
    "command line": r"cli|command[- ]line|terminal",
    "screen": r"screens?|pages?|ui|dashboards?|buttons?|forms?|modals?|dialogs?|web|browser|menus?|"
    r"icons?|layout|displays?",
    "phone": r"mobile|phones?|ios|android|tablets?|touch|responsive",
    "mail and messages": r"(?:e-?)?mails?|sms|notifications?|push|telegram|slack",
    "storage": r"databases?|tables?|migrations?|schema|columns?|stored|persist\w*|storage|cache[sd]?",
}
_DATA: Final[Mapping[str, str]] = {
    "CSV and tables": r"csv|xlsx?|excel|spreadsheets?", "JSON": r"json", "PDF": r"pdfs?",
    "pictures": r"images?|photos?|png|jpe?g|svg", "video and sound": r"videos?|audio",
    "Markdown and text": r"markdown|txt",
    "cards": r"credit cards?|debit", "transfers": r"bank transfers?|sepa|invoices?",
    "administrators": r"admin(?:istrator)?s?", "guests": r"guests?|anonymous|visitors?",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Split:
    """Parts of an item."""

    pattern: str
    parts: tuple[Proposal, ...]
    reason: str
    """Why this pattern; or why there are no parts."""
    groups: tuple[tuple[str, ...], ...] = ()
    """Criteria of each part, as the item has them."""


@dataclass(frozen=True, slots=True)
class _Group:
    label: str
    criteria: tuple[int, ...]
    """Indexes."""
    after: tuple[int, ...] = ()
    """Indexes of the groups that have to be done before."""


_Finder = Callable[[Contents], "list[_Group]"]


def split(item: Item, contents: Contents, by: str = "auto") -> Split:
    """Parts of an item: each with criteria of its own, so each can be tested alone.

    Args:
        item: A story or task.
        contents: What it says.
        by: A pattern; `auto` takes the first that tells most of the criteria apart.

    Raises:
        Conflict: A criterion would be lost or doubled; it never is.
    """
    if len(contents.criteria) < 2:
        count = len(contents.criteria)
        return Split("", (), f"it has {'one criterion' if count else 'no criteria'}: each part needs one of its own")
    for name in PATTERNS if by == "auto" else (by,):
        groups = PATTERNS[name](contents)
        if len(groups) > 1:
            found = _parts(item, contents, groups, name)
            _check(contents, found)
            return found
    return Split("", (), f"the criteria do not differ by {by}; try --by criterion")


# -- patterns --------------------------------------------------------------------------------------


def _by_steps(contents: Contents) -> list[_Group]:
    """By the steps of a workflow, where at least as many criteria as steps speak of them."""
    steps = contents.flow[:_MOST_PARTS]
    if not 2 <= len(steps) <= len(contents.criteria):
        return []
    texts = [" ".join([step.text, *step.below]) for step in steps]
    taken: list[int | None] = []
    for number, one in enumerate(contents.criteria, start=1):
        named = next((at for at, step in enumerate(steps) if number in step.refers), None)
        near = max(range(len(steps)), key=lambda at: (overlap(one.text, texts[at]), -at))
        taken.append(named if named is not None else near if overlap(one.text, texts[near]) >= 0.4 else None)
    labels = [short(outcome(step.text), 50) for step in steps]
    groups = _grouped(contents.criteria, taken, labels)
    return [replace(group, after=(at - 1,) if at else ()) for at, group in enumerate(groups)]


def _by_words(names: Mapping[str, str], *, first: str = "", errors: bool = True) -> _Finder:
    """By words that tell classes of criteria apart; all wait for the class `first`.

    Without `errors` no criterion is told by its words that speaks of one: `shows an error` shows nothing.
    """
    patterns = [(label, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for label, words in names.items()]

    def find(contents: Contents) -> list[_Group]:
        taken: list[int | None] = []
        for one in contents.criteria:
            hits = [
                (match.start(), at) for at, (_, words) in enumerate(patterns)
                if (match := words.search(outcome(one.text))) is not None and (errors or not _ERRORS.search(one.text))
            ]  # fmt: skip
            taken.append(min(hits)[1] if hits else None)
        groups = _grouped(contents.criteria, taken, [label for label, _ in patterns])
        base = next((at for at, group in enumerate(groups) if group.label == first), None)
        return [
            replace(group, after=(base,)) if base is not None and at != base else group
            for at, group in enumerate(groups)
        ]

    return find


def _by_errors(contents: Contents) -> list[_Group]:
    taken: list[int | None] = [1 if _ERRORS.search(one.text) else 0 for one in contents.criteria]
    groups = _grouped(contents.criteria, taken, ["what works", "errors and limits"])
    return [groups[0], replace(groups[1], after=(0,))] if len(groups) == 2 else []


def _by_criterion(contents: Contents) -> list[_Group]:
    """Neighbours together, about three a part."""
    count = len(contents.criteria)
    parts = min(_MOST_PARTS, max(2, round(count / _A_PART)))
    groups: list[_Group] = []
    for at in range(parts):
        inside = tuple(range(count * at // parts, count * (at + 1) // parts))
        groups.append(_Group(short(outcome(contents.criteria[inside[0]].text), 50), inside))
    return groups


def _grouped(criteria: Sequence[Part], taken: Sequence[int | None], labels: Sequence[str]) -> list[_Group]:
    """Groups of a classification; what it does not tell goes to the group whose words are nearest."""
    told = [at for at in taken if at is not None]
    used = sorted(set(told))
    if len(used) < 2 or len(told) < _ENOUGH * len(criteria):
        return []
    weights = Weights([one.text for one in criteria])
    texts = [" ".join(criteria[n].text for n, at in enumerate(taken) if at == group) for group in used]
    groups: dict[int, list[int]] = {group: [] for group in used}
    for number, at in enumerate(taken):
        groups[at if at is not None else used[weights.nearest(criteria[number].text, texts)[0]]].append(number)
    return [_Group(labels[group], tuple(groups[group])) for group in used]


PATTERNS: Final[Mapping[str, _Finder]] = {
    "steps": _by_steps,
    "crud": _by_words(_CRUD, first="create", errors=False),
    "interface": _by_words(_INTERFACES),
    "data": _by_words(_DATA),
    "errors": _by_errors,
    "criterion": _by_criterion,
}
"""In the order in which they are tried."""
_WORDS: Final = {
    "steps": "the steps of the workflow", "crud": "creating, showing, changing and removing", "interface": "interfaces",
    "data": "kinds of data", "errors": "what works, and what happens when it does not",
    "criterion": "neighbouring criteria",
}  # fmt: skip


# -- parts -----------------------------------------------------------------------------------------


def _parts(item: Item, contents: Contents, groups: Sequence[_Group], pattern: str) -> Split:
    steps = _steps(contents, groups)
    made: list[Proposal] = []
    taken: list[tuple[str, ...]] = []
    for at, group in enumerate(groups):
        parts = [contents.criteria[number] for number in group.criteria]
        inside = tuple(one.text for one in parts)
        taken.append(inside)
        made.append(
            Proposal(
                item.kind, f"{item.title}: {group.label}"[:300], "split", "part", parent=item.parent,
                depends_on=(*item.depends_on, *(f"#{one + 1}" for one in group.after)), criteria=inside,
                steps=tuple(step.text for step in steps[at]),
                done_steps=frozenset(step.text for step in steps[at] if step.ticked), about=contents.sentence,
                reasons=(f"{len(inside)} of {len(contents.criteria)} criteria: {group.label}",),
                source=_lines(item, parts),
            )
        )  # fmt: skip
    return Split(pattern, tuple(made), f"split by {_WORDS[pattern]}", tuple(taken))


def _lines(item: Item, parts: Sequence[Part]) -> Source:
    first, last = min(one.first for one in parts), max(one.last for one in parts)
    return Source(item.path, first, last, parts[0].text[:200])


def _steps(contents: Contents, groups: Sequence[_Group]) -> list[list[Part]]:
    """Which part each step goes to: the one whose criteria it names or is nearest to, else the first."""
    weights = Weights([one.text for one in (*contents.criteria, *contents.steps)])
    texts = [" ".join(contents.criteria[number].text for number in group.criteria) for group in groups]
    found: list[list[Part]] = [[] for _ in groups]
    for step in contents.steps:
        named = next((at for at, group in enumerate(groups) if any(n + 1 in step.refers for n in group.criteria)), None)
        found[weights.nearest(step.text, texts)[0] if named is None else named].append(step)
    return found


def _check(contents: Contents, found: Split) -> None:
    """Every criterion in exactly one part, and none is empty."""
    before = Counter(one.text for one in contents.criteria)
    after = Counter(text for group in found.groups for text in group)
    if before != after or not all(found.groups):
        raise Conflict("this split would lose or double a criterion", hint="Nothing was changed.")
