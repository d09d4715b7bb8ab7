"""The progress of a whole plan: every item judged, wholes by the effort of their parts, and work without an item."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aura_planning.evidence.collecting import Collected, Evidence, Wanted, collect
from aura_planning.evidence.judging import FINISHED, Contradiction, Judged, State, contradictions, judge
from aura_planning.evidence.results import Result, Results, read_results, report_places
from aura_planning.evidence.symbols import Defined
from aura_planning.evidence.unplanned import Group, unplanned
from aura_planning.items.ledger import Ledger
from aura_planning.items.model import Item
from aura_planning.items.store import PlanStore
from aura_planning.ordering.amounts import efforts_of
from aura_planning.ordering.tree import Tree
from aura_planning.proposing.contents import read_contents
from aura_shared.errors import AuraError
from aura_shared.settings import PlanSettings

__all__ = ["Board", "Gathered", "Row", "board", "gather"]

_WORK: Final = ("epic", "story", "task")
_CREDIT: Final[Mapping[State, float]] = {"done": 1.0, "probably-done": 1.0}
_LEAST_CLOSED: Final = 3
_LEAST_NAMED: Final = 2
"""Items that commits name, from which on it counts as usual where too few are closed to say more."""
_USUAL: Final = 0.5


@dataclass(slots=True)
class Gathered:
    """What was read for a board; kept between two looks."""

    names: dict[str, list[str]]
    wanted: dict[str, Wanted]
    stamps: dict[str, tuple[str, str]]
    """By path: content and name of the items whose text is in `wanted`."""
    collected: Collected
    places: list[tuple[str, int]]
    """Reports of test runs."""
    results: Results


@dataclass(frozen=True, slots=True)
class Row:
    """One item."""

    item: Item
    judged: Judged
    contradictions: tuple[Contradiction, ...]
    evidence: Evidence
    effort: float
    share: float
    """In [0, 1]: how much of its effort evidence shows as finished."""
    leaf: bool


@dataclass(slots=True)
class Board:
    """All of it."""

    rows: dict[str, Row] = field(default_factory=dict[str, Row])
    """By path, in the order of the plan."""
    groups: list[Group] = field(default_factory=list[Group])
    notices: list[str] = field(default_factory=list[str])
    results: dict[tuple[str, int], Result] = field(default_factory=dict[tuple[str, int], Result])
    convention: float | None = None
    """Share of the closed items that commits name; None where that is not known."""
    head: str = ""


def gather(
    store: PlanStore,
    cache: Path | None,
    old: Gathered | None = None,
    *,
    again: bool = True,
    defined: Defined | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Gathered:
    """Read what the items of a plan say, and what there is about them.

    Args:
        store: The plan.
        cache: File that is kept between looks.
        old: What was read before.
        again: Whether repository and tests are looked at again although the items say the same as before.
        defined: Says where symbols are defined.
        stopped: Whether nobody waits for it any more.

    Raises:
        Unavailable: git does not answer.
    """
    items = [one for one in store.ledger.items if one.kind in _WORK and not one.broken]
    names = {one.path: [name for name in (one.id, one.alias) if name] for one in items}
    wanted: dict[str, Wanted] = {}
    stamps = {one.path: (one.content, f"{one.id} {one.alias}") for one in items}
    for one in items:
        kept = old.wanted.get(one.path) if old and old.stamps.get(one.path) == stamps[one.path] else None
        wanted[one.path] = kept or _wanted(store, one)
    if old is not None and not again and old.stamps == stamps:
        return old
    collected = collect(store.root, names, wanted=wanted, cache=cache, defined=defined, stopped=stopped)
    places = report_places(store.root)
    return Gathered(names, wanted, stamps, collected, places, read_results(store.root, places))


def _wanted(store: PlanStore, item: Item) -> Wanted:
    try:
        data = store.read(item.path)
    except AuraError:
        return Wanted(file=item.path)
    contents = read_contents(data)
    return Wanted(data.decode("utf-8", "replace"), tuple(one.text for one in contents.criteria), item.path)


def board(ledger: Ledger, settings: PlanSettings, gathered: Gathered, was: Mapping[str, str]) -> Board:
    """Judge every item.

    Args:
        ledger: The items.
        settings: Of the plan.
        gathered: What was read.
        was: State of each item before, by path.
    """
    collected = gathered.collected
    made = Board(head=collected.repository.head, notices=list(collected.notices))
    items = [one for one in ledger.items if one.path in collected.found]
    for one in collected.found.values():
        for link in one.tests:
            result = gathered.results.of(link.case)
            if result is not None:
                made.results[link.case.path, link.case.line] = result
    tree = Tree(ledger)
    made.convention = _convention(items, tree, collected)
    absent = _absent(made)
    judged = {
        one.path: judge(one, collected.found[one.path], made.results, was=was.get(one.path, ""), absent=absent)
        for one in items
    }
    leaves = [one for one in items if tree.is_leaf(one)]
    efforts = {path: one.amount for path, one in efforts_of(tree, leaves, settings.hours_a_point).items()}
    expected = _expected(made, collected)
    for one in items:
        leaf = tree.is_leaf(one)
        parts = [part for part in tree.leaves(one) if part.path in judged and part.status != "cancelled"]
        found = judged[one.path] if leaf else _whole(judged[one.path], parts, judged, efforts)
        effort = sum(efforts.get(part.path, 0.0) for part in parts)
        share = _share(parts, judged, efforts) if not leaf else _CREDIT.get(found.state, 0.0)
        against = contradictions(one, found, expected=expected and leaf)
        made.rows[one.path] = Row(one, found, tuple(against), collected.found[one.path], effort, round(share, 3), leaf)
    made.groups = unplanned(collected, items)
    if made.convention is not None and not expected and collected.repository.present:
        made.notices.append(
            f"Commits name {made.convention:.0%} of the closed items: their absence tells little here. "
            "A trailer `Task: ID` links a commit."
        )
    return made


def _convention(items: Sequence[Item], tree: Tree, collected: Collected) -> float | None:
    """Share of the closed leaves that have a commit which names them."""
    closed = [one for one in items if tree.is_leaf(one) and one.status in {"done", "complete"}]
    if len(closed) < _LEAST_CLOSED or not collected.repository.present:
        return None
    named = sum(any(link.how != "file" and link.code for link in collected.found[one.path].commits) for one in closed)
    return round(named / len(closed), 3)


def _expected(made: Board, collected: Collected) -> bool:
    """Whether commits of this plan usually name items, so that their absence is strange."""
    if not collected.repository.present or collected.notices:
        return False
    if made.convention is not None:
        return made.convention >= _USUAL
    named = sum(any(link.how != "file" and link.code for link in one.commits) for one in collected.found.values())
    return named >= _LEAST_NAMED


def _absent(made: Board) -> float | None:
    """How much the absence of commits tells."""
    if not made.head or made.notices:
        return None
    return 0.5 if made.convention is None else min(0.95, max(0.3, made.convention))


def _share(parts: Sequence[Item], judged: Mapping[str, Judged], efforts: Mapping[str, float]) -> float:
    whole = sum(efforts.get(one.path, 0.0) for one in parts)
    if not whole:
        return 0.0
    return sum(efforts.get(one.path, 0.0) * _CREDIT.get(judged[one.path].state, 0.0) for one in parts) / whole


def _whole(own: Judged, parts: Sequence[Item], judged: Mapping[str, Judged], efforts: Mapping[str, float]) -> Judged:
    """The state of an epic or story from those of its leaves, by effort; commits may name only the whole."""
    states = [judged[one.path] for one in parts]
    if not states:
        return own
    weights = [efforts.get(one.path, 0.0) or 0.001 for one in parts]
    sure = sum(one.confidence * weight for one, weight in zip(states, weights, strict=True)) / sum(weights)
    finished = sum(one.state in FINISHED for one in states)
    kinds = {one.state for one in states}
    why = f"{finished} of {len(states)} parts finished"
    state: State = "in-progress"
    if kinds == {"done"}:
        state = "done"
    elif kinds <= FINISHED:
        state = "probably-done"
    elif "regressed" in kinds:
        state = "regressed"
        why += f", {sum(one.state == 'regressed' for one in states)} regressed"
    elif kinds <= {"unknown", "not-started"}:
        if own.state not in {"unknown", "not-started"}:
            return Judged(
                "in-progress", own.confidence, f"{own.why}; none names one of its parts", own.red, own.reverted
            )
        state = "not-started" if kinds == {"not-started"} else "unknown"
    red = tuple(dict.fromkeys(place for one in states for place in one.red))
    return Judged(state, round(sure, 2), why, red)
