"""Chooses among drafts: what is implied gives way to what is said, and what is written twice becomes one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Final

from aura_planning.parsing.contract import Finding
from aura_planning.parsing.drafts import Draft, Reading
from aura_planning.parsing.names import key_of, read_name

__all__ = ["choose", "join_doubles", "set_parents", "shown"]

_ALIKE: Final = 0.72
_LISTING: Final = re.compile(r"(?:(?:user )?stor(?:y|ies)|tasks?)(?: list\b|\Z)", re.IGNORECASE)
"""Title of a section that lists what belongs to an item: `Epic 1: Story List`."""
_WORD: Final = re.compile(r"\w+")


def shown(draft: Draft) -> str:
    """How an item is called in a message."""
    return draft.alias or f"{draft.title[:60]!r}"


def choose(reading: Reading) -> None:
    """Drop the implied drafts that what the document says outright makes needless."""
    drafts = reading.drafts
    said = [one for one in drafts if one.strength != "implied" and not one.dropped]
    kinds = {one.kind for one in said}
    by_story, coded = any(one.story_mark for one in said), _coded(said)
    with_tasks = {one.up for one in drafts if one.kind == "task" and one.strength != "implied"}
    rules: Mapping[str, Callable[[int, Draft], bool]] = {
        "phase": lambda _at, _one: "epic" not in kinds and not by_story,
        "phase-line": lambda _at, one: "task" not in kinds and not _restates(said, one),
        "leaf": lambda _at, _one: not coded,
        "scope": lambda _at, _one: (
            not any(other.kind == "requirement" and not other.dropped for other in drafts if other.reason != "scope")
        ),
        "coded": lambda at, _one: not _holds_its_kind(drafts, at),
        # With tasks and acceptance criteria of its own a section is a story, whatever it is called.
        "section": lambda at, one: "story" not in kinds and at in with_tasks and bool(one.criteria),
    }
    for at, one in enumerate(drafts):
        if one.strength == "implied" and one.reason in rules and not rules[one.reason](at, one):
            one.dropped = True
    if coded:
        for one in drafts:
            one.dropped = one.dropped or ((one.reason == "feature" or one.soft) and not one.alias.strip("0123456789."))
    for one in drafts:
        if one.kind == "story" and one.strength == "listed" and not one.alias and not one.label and not one.heading:
            one.dropped = one.dropped or one.section in reading.storied
    _drop_empty_phases(drafts)
    _hand_up(drafts)


def _restates(said: Sequence[Draft], line: Draft) -> bool:
    """Whether a line of a timeline only names a story or epic again: `1. Story 1 (days 1-3)`."""
    name = read_name(line.title)
    if name is None or not name.alias or name.kind not in {"story", "epic"}:
        return False
    key = key_of(name.alias)
    keys = [key_of(one.alias) for one in said if one.kind == name.kind and one.alias]
    return any(one == key or one.endswith(f".{key}") for one in keys)


def _coded(said: Sequence[Draft]) -> bool:
    return sum(one.kind == "requirement" and bool(one.alias) for one in said) >= 2


def _holds_its_kind(drafts: Sequence[Draft], at: int) -> bool:
    """Whether a heading with a code holds items of the kind that it would be itself: then it only groups them."""
    kind = drafts[at].kind
    return any(other.kind == kind and not other.dropped and _within(drafts, other, at) for other in drafts)


def _drop_empty_phases(drafts: Sequence[Draft]) -> None:
    filled: set[int] = set()  # what holds something that stays; the inner ones come later in the document
    for at in range(len(drafts) - 1, -1, -1):
        one = drafts[at]
        one.dropped = one.dropped or (one.reason == "phase" and at not in filled)
        if one.up is not None and (not one.dropped or at in filled):
            filled.add(one.up)


def _within(drafts: Sequence[Draft], one: Draft, at: int) -> bool:
    up = one.up
    while up is not None and up != at:
        up = drafts[up].up
    return up == at


def _hand_up(drafts: Sequence[Draft]) -> None:
    """What was read for a section that is no item belongs to the item around it."""
    for at in range(len(drafts) - 1, -1, -1):
        one = drafts[at]
        if not one.dropped or one.reason not in {"section", "phase"} or one.up is None:
            continue
        above = drafts[one.up]
        above.criteria += one.criteria
        above.needs += one.needs
        above.covers += one.covers
        one.criteria, one.needs, one.covers = [], [], []


def _alike(one: str, other: str) -> bool:
    left, right = (" ".join(_WORD.findall(text.lower())) for text in (one, other))
    if not left or not right or left == right or left.startswith(right) or right.startswith(left):
        return True
    shared = set(left.split()) & set(right.split())
    if len(shared) * 2 >= min(len(left.split()), len(right.split())):
        return True
    return SequenceMatcher(None, left[:200], right[:200]).ratio() >= _ALIKE


def join_doubles(reading: Reading) -> None:
    """Make one of what is written twice, such as a row of a summary and its section; tell what contradicts itself."""
    drafts = reading.drafts
    same: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    told = {key_of(one.alias) for one in drafts if one.kind == "story" and one.heading and not one.dropped}
    for at, one in enumerate(drafts):
        if not one.dropped and one.alias:
            same[one.kind, _long_key(one, told), _scope(drafts, one)].append(at)
    for places in same.values():
        if len(places) > 1:
            _join(reading, places)
    _drop_repeats(drafts)


def _long_key(one: Draft, told: Collection[str]) -> str:
    """`US1` is `User Story 1` where the document has a heading of that name."""
    key = key_of(one.alias)
    short = re.fullmatch(r"US0*(\d+)", key)
    return short[1] if short and one.kind == "story" and short[1] in told else key


def _scope(drafts: Sequence[Draft], one: Draft) -> str:
    """Where a number counts: `Story 1` is another story in each epic, `US-001` and `Story 2.1` are one everywhere."""
    key = key_of(one.alias)
    if not key.isdigit() or one.kind == "epic":
        return ""
    up = one.up
    while up is not None and (drafts[up].dropped or (one.kind != "task" and drafts[up].kind not in {"epic", "story"})):
        up = drafts[up].up
    if one.kind == "task":
        return f"section {one.section} line {drafts[up].first if up is not None else 0}"
    if up is None:
        return ""
    return key_of(drafts[up].alias) if drafts[up].alias else f"line {drafts[up].first}"


def _weight(drafts: Sequence[Draft], at: int) -> tuple[bool, int, int]:
    one = drafts[at]
    inside = sum(other.up == at and not other.dropped for other in drafts)
    return (
        one.reason != "table" and (one.heading or bool(one.criteria or one.text or inside)),
        len(one.criteria) + inside,
        len(one.text),
    )


def _join(reading: Reading, places: list[int]) -> None:
    drafts = reading.drafts
    best = max(
        places,
        key=lambda at: (not drafts[at].loose, not _LISTING.match(drafts[at].title), *_weight(drafts, at), -at),
    )
    for at in places:
        if at == best:
            continue
        one, kept = drafts[at], drafts[best]
        if not _alike(one.title, kept.title) and not _only_mentions(drafts, at, best):
            first, second = sorted((one, kept), key=lambda draft: draft.first)
            reading.findings.append(
                Finding(
                    "duplicate-id", "error", second.first,
                    f"{second.alias} is the {second.kind} {first.title[:50]!r} in line {first.first} "
                    f"and {second.title[:50]!r} in line {second.first}", "Give one of them another id.",
                )
            )  # fmt: skip
            continue
        _tell_states(reading, one, kept)
        _merge(drafts, at, best)


def _only_mentions(drafts: Sequence[Draft], at: int, best: int) -> bool:
    """Whether the weaker of two is a row, a line or a section about the item rather than a second one."""
    one, kept = drafts[at], drafts[best]
    if one.reason == "table" or one.loose != kept.loose or _LISTING.match(one.title):
        return True
    return kept.heading and not one.heading and one.box is None and not _weight(drafts, at)[0]


def _tell_states(reading: Reading, one: Draft, kept: Draft) -> None:
    if one.status and kept.status and one.status != kept.status:
        first, second = sorted((one, kept), key=lambda draft: draft.first)
        reading.findings.append(
            Finding(
                "two-states", "warning", second.first,
                f"{second.alias} is {first.status} in line {first.first} and {second.status} in line {second.first}",
                "Correct the one that is wrong; the item counts as not done until then.",
            )
        )  # fmt: skip
        order = ("todo", "blocked", "in-progress", "deferred", "cancelled", "done")
        least = min((one, kept), key=lambda draft: order.index(draft.status) if draft.status in order else 0)
        kept.status, kept.status_text = least.status, least.status_text


def _merge(drafts: Sequence[Draft], at: int, best: int) -> None:
    one, kept = drafts[at], drafts[best]
    one.dropped = True
    kept.status, kept.status_text = (kept.status, kept.status_text) if kept.status else (one.status, one.status_text)
    kept.priority = kept.priority or one.priority
    kept.estimate = kept.estimate or one.estimate
    kept.title = kept.title or one.title
    kept.needs += one.needs
    kept.covers += one.covers
    kept.criteria += [] if kept.criteria else one.criteria
    kept.up = one.up if kept.up is None and one.up != best else kept.up
    for other in drafts:
        if other.up == at:
            other.up = best if other is not kept else None


def _drop_repeats(drafts: Sequence[Draft]) -> None:
    """Rows of a table that only repeat the titles of items written elsewhere."""
    titles = {(one.kind, one.title.lower()) for one in drafts if not one.dropped and one.reason != "table"}
    for one in drafts:
        if one.reason == "table" and (one.kind, one.title.lower()) in titles and not one.dropped:
            one.dropped = True


def set_parents(drafts: Sequence[Draft]) -> list[int | None]:
    """Which draft each one belongs to; None for those that stand alone, and for those that were dropped."""
    keys: dict[tuple[str, str], int] = {}
    for at, one in enumerate(drafts):
        if not one.dropped and one.alias:
            keys.setdefault((one.kind, key_of(one.alias)), at)
    parents: list[int | None] = []
    last: dict[str, int] = {}
    for at, one in enumerate(drafts):
        parents.append(None if one.dropped else _parent(drafts, at, keys, last))
        if not one.dropped and one.heading:
            last[one.kind] = at
    return parents


def _parent(
    drafts: Sequence[Draft], at: int, keys: Mapping[tuple[str, str], int], last: Mapping[str, int]
) -> int | None:
    one = drafts[at]
    up = one.up
    while up is not None and (drafts[up].dropped or not _may_hold(drafts[up], one)):
        up = drafts[up].up
    marked = keys.get(("story", one.story_mark)) if one.story_mark else None
    if marked is None and one.story_mark:
        marked = keys.get(("story", key_of(one.story_mark).lstrip("USH")))
    found = marked if marked is not None and marked != at else up
    if found is None or (one.kind == "story" and drafts[found].kind != "epic"):
        hinted = _hinted(one, keys)
        found = hinted if hinted is not None and hinted != at else found
    return found if found is not None else _preceding(drafts, one, last)


def _may_hold(above: Draft, one: Draft) -> bool:
    if one.kind == "epic":
        return False
    if one.kind == "story":
        return above.kind in {"epic", "requirement"}
    if one.kind == "requirement":
        return above.kind != "task"
    return True


def _hinted(one: Draft, keys: Mapping[tuple[str, str], int]) -> int | None:
    """By the number: `Story 1.2` belongs to `Epic 1`, `1.1.1` to the story or epic `1.1`."""
    if one.belongs:
        return keys.get(("epic", key_of(one.belongs)))
    head, dot, _ = key_of(one.alias).rpartition(".")
    if not dot or not head[:1].isdigit():
        return None
    order = {"story": ("epic",), "task": ("story", "epic", "task"), "requirement": ("requirement",)}.get(one.kind, ())
    return next((keys[kind, head] for kind in order if (kind, head) in keys), None)


def _preceding(drafts: Sequence[Draft], one: Draft, last: Mapping[str, int]) -> int | None:
    """The epic whose heading stands before a story's heading of the same level."""
    before = last.get({"story": "epic", "task": "story"}.get(one.kind, ""))
    if before is None or not one.heading or drafts[before].depth != one.depth:
        return None
    return before
