"""From the items of a plan to nodes and edges, with everything that is wrong with what waits for what."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from aura_planning.items.amounts import day_of, rank_of
from aura_planning.items.ledger import Ledger
from aura_planning.items.model import Finding, Item
from aura_planning.items.statuses import WORKING
from aura_planning.ordering.amounts import Amount, efforts_of, risk_of, values_of
from aura_planning.ordering.net import STRUCTURE, Edge, Node
from aura_planning.ordering.scoring import Values
from aura_planning.ordering.sequence import story_order
from aura_planning.ordering.tree import Tree, called
from aura_planning.workflow.gates import refusals_to_step
from aura_shared.settings import PlanSettings

__all__ = ["Facts", "Statement", "Work", "facts_of"]

_LEAST_LEFT = 0.1
"""Of an item whose boxes are all ticked and that is not done: somebody has to look."""


class Statement(NamedTuple):
    """That an item waits for another, as a file says it."""

    item: Item
    needs: Item
    proposed: bool = False
    reference: str = ""
    """How the file names what it waits for."""
    implied: bool = False
    """No file says it: stories of an epic begin in the order of their numbers."""

    @property
    def line(self) -> int:
        """Where it is written, counted from 1; of an implied one, where the number of the item stands."""
        return self.item.line("alias") if self.implied else _line(self.item, self.reference, proposed=self.proposed)


class Work(NamedTuple):
    """A leaf that is not done, with what its score is made of."""

    item: Item
    value: Amount
    effort: Amount
    """The whole, before anything of it is done."""
    left: float
    """What is left of it."""
    risk: float
    due: date | None
    due_of: Item | None
    """Who says when it is due: it, or what it belongs to."""
    gates: tuple[str, ...]
    """Why it may not begin although nothing has to be done before."""


@dataclass(slots=True)
class Facts:
    """What the order of a plan is made of."""

    tree: Tree
    work: dict[str, Work] = field(default_factory=dict[str, Work])
    """By path, in the order of the plan."""
    nodes: list[Node] = field(default_factory=list[Node])
    edges: list[Edge] = field(default_factory=list[Edge])
    statements: list[Statement] = field(default_factory=list[Statement])
    """What edges refer to by number, counted from 1."""
    of_item: dict[str, list[Statement]] = field(default_factory=dict[str, list[Statement]])
    """By path, also of what has parts."""
    problems: list[Finding] = field(default_factory=list[Finding])
    done: int = 0

    def waits(self, leaf: Item) -> Iterator[Statement]:
        """What a leaf waits for, with what its story and epic wait for; satisfied or not."""
        for one in (leaf, *self.tree.above(leaf)):
            yield from self.of_item.get(one.path, ())

    def statement(self, number: int) -> Statement:
        """A statement by its number."""
        return self.statements[number - 1]


def facts_of(ledger: Ledger, settings: PlanSettings, values: Values, today: date, *, proposed: bool = False) -> Facts:
    """Read a plan.

    Args:
        ledger: Its items.
        settings: Hours in a point, points in a day, bounds of work in progress.
        values: What counts as value.
        today: From when due dates are counted.
        proposed: Whether proposed dependencies count.
    """
    tree = Tree(ledger)
    facts = Facts(tree)
    leaves = [item for item, begins in tree.walk if begins and tree.is_leaf(item)]
    open_leaves = [leaf for leaf in leaves if not tree.closed(leaf)]
    facts.done = len(leaves) - len(open_leaves)
    efforts = efforts_of(tree, leaves, settings.hours_a_point)
    worth = values_of(tree, leaves, efforts, values)
    _read_statements(facts, proposed=proposed)
    if settings.gates == "enforce" and settings.story_order:
        for story, before in story_order(tree, many=settings.stories_at_once != 1):
            _state(facts, Statement(story, before, implied=True))
    gates = _Gates(ledger, settings)
    for leaf in open_leaves:
        facts.work[leaf.path] = _work(tree, leaf, worth, efforts, _stops(facts, leaf, gates))
    _add_nodes(facts, settings, today)
    _add_edges(facts)
    facts.problems += _unread(tree)
    facts.problems.sort(key=lambda one: (one.path, one.line, one.rule, one.message))
    return facts


def _work(
    tree: Tree, leaf: Item, worth: Mapping[str, Amount], efforts: Mapping[str, Amount], gates: tuple[str, ...]
) -> Work:
    effort = efforts[leaf.path]
    share = 1.0 - leaf.boxes_done / leaf.boxes if leaf.boxes else 1.0
    days = [(day, one) for one in (leaf, *tree.above(leaf)) if (day := day_of(one.amounts.get("due", "")))]
    due, due_of = min(days, key=lambda one: one[0]) if days else (None, None)
    left = effort.amount * max(share, _LEAST_LEFT)
    return Work(leaf, worth[leaf.path], effort, left, risk_of(leaf), due, due_of, gates)


# -- what waits for what ---------------------------------------------------------------------------


def _read_statements(facts: Facts, *, proposed: bool) -> None:
    for item in facts.tree.items:
        for reference in item.depends_on:
            _read_statement(facts, item, reference, proposed=False)
        for reference in item.proposed if proposed else ():
            _read_statement(facts, item, reference, proposed=True)


def _read_statement(facts: Facts, item: Item, reference: str, *, proposed: bool) -> None:
    ledger = facts.tree.ledger
    needs = ledger.lookup(reference)
    problem: tuple[str, str] | None = None
    if needs is None:
        problem = "dangling-dependency", f"it waits for {reference!r}, and the plan has no such item, or several"
    elif needs.path == item.path:
        problem = "depends-on-itself", "it waits for itself"
    elif not facts.tree.is_leaf(needs) and needs in facts.tree.above(item):
        problem = "depends-on-parent", f"it waits for {needs.kind} {called(needs)}, which it belongs to"
    elif not facts.tree.is_leaf(item) and item in facts.tree.above(needs):
        problem = "depends-on-part", f"it waits for {needs.kind} {called(needs)}, which belongs to it"
    if problem is None and needs is not None:
        _state(facts, Statement(item, needs, proposed, reference))
        return
    assert problem is not None  # one of the cases above
    line = _line(item, reference, proposed=proposed)
    text = f"{problem[1]}; this does not count for the order"
    facts.problems.append(Finding(problem[0], text, item.path, line, "error", item.id))


def _state(facts: Facts, statement: Statement) -> None:
    facts.statements.append(statement)
    facts.of_item.setdefault(statement.item.path, []).append(statement)


def _line(item: Item, reference: str, *, proposed: bool) -> int:
    key = "proposed_depends_on" if proposed else "depends_on"
    return item.where.get(f"{key}:{reference}", item.line(key))


def _add_nodes(facts: Facts, settings: PlanSettings, today: date) -> None:
    """A node for each leaf that is open, and stops where what has parts begins and ends."""
    begins = {one.item.path for one in facts.statements if not facts.tree.is_leaf(one.item)}
    ends = {one.needs.path for one in facts.statements if not facts.tree.is_leaf(one.needs)}
    for rank, (item, first) in enumerate(facts.tree.walk):
        work = facts.work.get(item.path)
        if first and work is not None:
            working = not item.broken and item.status == WORKING.get(item.kind)
            due = _points_until(work.due, today) * settings.points_a_day if work.due else math.inf
            turn = 0 if working else 2 if work.gates else 1
            facts.nodes.append(Node(item.path, rank, work.value.amount, work.left, work.risk, due, turn))
        elif item.path in (begins if first else ends):
            facts.nodes.append(Node(_stop(item, begins=first), rank, 0.0, 0.0, stop=True))


def _add_edges(facts: Facts) -> None:
    tree = facts.tree
    for item in {one.item.path: one.item for one in facts.statements}.values():
        if not tree.is_leaf(item):
            stop = _stop(item, begins=True)
            facts.edges += [Edge(leaf.path, stop, STRUCTURE) for leaf in tree.leaves(item)]
    for item in {one.needs.path: one.needs for one in facts.statements}.values():
        if not tree.is_leaf(item):
            stop = _stop(item, begins=False)
            facts.edges += [Edge(stop, leaf.path, STRUCTURE) for leaf in tree.leaves(item)]
    for number, one in enumerate(facts.statements, 1):
        node = one.item.path if tree.is_leaf(one.item) else _stop(one.item, begins=True)
        needs = one.needs.path if tree.is_leaf(one.needs) else _stop(one.needs, begins=False)
        facts.edges.append(Edge(node, needs, number, not (one.proposed or one.implied)))


def _stop(item: Item, *, begins: bool) -> str:
    return f"{item.path}\0{'begin' if begins else 'end'}"


def _points_until(due: date, today: date) -> float:
    """Working days from today to a day, the day itself among them; below 0 when it has passed."""
    days = _working_days(today, due) if due >= today else -_working_days(due + timedelta(1), today)
    return float(days)


def _working_days(first: date, last: date) -> int:
    weeks, rest = divmod((last - first).days + 1, 7)
    return weeks * 5 + sum((first.weekday() + one) % 7 < 5 for one in range(rest))


# -- what may not begin ----------------------------------------------------------------------------


class _Gates:
    """Why a leaf may not begin although nothing has to be done before."""

    def __init__(self, ledger: Ledger, settings: PlanSettings) -> None:
        self._ledger = ledger
        self._settings = settings
        self._unbound = settings.model_copy(update={"epics_at_once": 0, "stories_at_once": 0, "story_order": False})
        self._crowds: dict[str, str] = {}
        self._tasks: dict[tuple[str, str], tuple[str, ...]] = {}

    def of(self, leaf: Item) -> Iterator[str]:
        """The gates that are closed for a leaf."""
        if leaf.broken:
            yield "its file cannot be read: aura plan check"
        working = WORKING.get(leaf.kind, "")
        if leaf.broken or not leaf.canonical or leaf.status == working or self._settings.gates == "report":
            return
        if leaf.kind == "task":  # what stands against a task is its story, so tasks of one story need one look
            key = (leaf.parent, leaf.status)
            if key not in self._tasks:
                self._tasks[key] = self._refusals(leaf, working)
            yield from self._tasks[key]
        else:
            yield from self._refusals(leaf, working)
            if leaf.kind not in self._crowds:
                found = refusals_to_step(self._ledger, leaf, working, self._settings)
                self._crowds[leaf.kind] = next((one.reason for one in found if one.gate == "work-in-progress"), "")
            if crowd := self._crowds[leaf.kind]:
                yield f"no other may be in progress now: {crowd}"

    def _refusals(self, leaf: Item, working: str) -> tuple[str, ...]:
        return tuple(one.reason for one in refusals_to_step(self._ledger, leaf, working, self._unbound))


def _stops(facts: Facts, leaf: Item, gates: _Gates) -> tuple[str, ...]:
    documents = [one.needs for one in facts.waits(leaf) if one.needs.kind not in WORKING]
    waiting = (f"the {one.kind} {called(one)} is not approved" for one in documents if one.status != "approved")
    left = (
        f"story {called(one.needs)} before it is not complete"
        for one in facts.of_item.get(leaf.path, ())
        if one.implied and not facts.tree.open_leaves(one.needs)
    )
    return tuple(dict.fromkeys([*gates.of(leaf), *waiting, *left]))


def _unread(tree: Tree) -> Sequence[Finding]:
    """Words that are not understood, so that they count as nothing: nobody guesses."""
    found: list[Finding] = []
    for item in tree.items:
        if item.priority and rank_of(item.priority) is None and "value" not in item.amounts:
            text = f"the priority {item.priority!r} is no word that is known, so it says no value"
            line = item.line("priority")
            found.append(Finding("unread-priority", text, item.path, line, "warning", item.id))
    return found
