"""Why an item stands where it stands, in the terms of its score, and what would change it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from aura_planning.items.statuses import WORKING
from aura_planning.ordering.facts import Facts, Statement, Work
from aura_planning.ordering.ordering import Ordering
from aura_planning.ordering.scheduling import schedule
from aura_planning.ordering.scoring import LEAST_EFFORT, time_factor
from aura_planning.ordering.tree import called

__all__ = ["Explainer", "Unlocked", "number"]

_MOST_SEEN = 20_000
"""Items that are counted behind one."""
_MOST_TRIED = 3_000
"""Items of a plan in which an order with an item first is tried out: about 10 ms each time."""


@dataclass(frozen=True, slots=True)
class Unlocked:
    """What waits for an item, directly or through others."""

    count: int
    value: float
    more: bool = False
    """Whether there is more that was not counted."""


def number(amount: float) -> str:
    """A number for a person: at most two places, none behind large ones."""
    if amount == 0 or not math.isfinite(amount):
        return "0" if amount == 0 else "endless"
    if abs(amount) >= 1e7:
        return f"{amount:.3g}"
    shown = f"{amount:.2f}" if abs(amount) < 100 else f"{amount:.1f}" if abs(amount) < 10_000 else f"{amount:.0f}"
    shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
    return f"{amount:.2g}" if shown in {"0", "-0"} else shown


class Explainer:
    """Explains places of one ordering."""

    def __init__(self, facts: Facts, ordering: Ordering) -> None:
        self._facts = facts
        self._found = ordering
        self._net = ordering.net
        self._plan = ordering.schedule
        self._position = {node: place for place, node in enumerate(self._plan.order)}
        self.number = {node.key: place for place, node in enumerate(ordering.net.nodes)}
        """Number of the node of each path."""
        self._behind: dict[int, Unlocked] = {}
        self.circle_of: dict[int, int] = {}
        for place, circle in enumerate(ordering.circles, 1):
            for node in circle.group:
                self.circle_of.setdefault(node, place)

    def work(self, node: int) -> Work:
        """What a node stands for."""
        return self._facts.work[self._net.nodes[node].key]

    def name(self, node: int) -> str:
        """What a node is called."""
        return called(self.work(node).item)

    def told_effort(self, node: int) -> str:
        """What is left to do, for a picture."""
        return f"{number(self.work(node).left)} to do"

    def factor(self, node: int) -> float:
        """What slack and due date make of a score."""
        times = self._found.times
        return time_factor(self._found.formula, times.slack[node], times.spare[node], times.length)

    def unlocked(self, node: int) -> Unlocked:
        """What waits for a node; beyond some number it is counted no further."""
        found = self._behind.get(node)
        if found is None:
            found = self._behind[node] = self._count(node)
        return found

    def _count(self, node: int) -> Unlocked:
        seen = {node}
        waiting = [node]
        count, value = 0, 0.0
        while waiting and len(seen) < _MOST_SEEN:
            for user in self._net.users[waiting.pop()]:
                if user not in seen:
                    seen.add(user)
                    waiting.append(user)
                    count += not self._net.nodes[user].stop
                    value += self._net.nodes[user].value
        return Unlocked(count, value, more=bool(waiting))

    # -- what stands in the way ------------------------------------------------------------------------

    def blocked(self, node: int) -> list[str]:
        """Why an item may not begin now; empty when it may."""
        work = self.work(node)
        found: list[str] = []
        if node in self.circle_of:
            found.append(f"it waits for itself: circle {self.circle_of[node]}")
        waits = list(self._facts.waits(work.item))
        stated = {one.needs.id for one in waits if not one.implied}
        for one in waits:
            left = self._facts.tree.open_leaves(one.needs) if one.needs.kind in WORKING else []
            if one.implied and one.needs.id in stated:
                continue  # said already, with more right
            if left:
                verb = "is" if len(left) == 1 else "are"
                parts = "" if self._facts.tree.is_leaf(one.needs) else f" ({len(left)} of its parts {verb} open)"
                order = ", which stands before it in its epic" if one.implied else ""
                found.append(f"waits for {one.needs.kind} {called(one.needs)}{parts}{order}")
        if self._net.nodes[node].turn:
            found += work.gates
        return list(dict.fromkeys(found))

    def ready(self, node: int) -> bool:
        """Whether an item may begin now, or is in progress and may go on."""
        return self._net.nodes[node].turn < 2 and node not in self.circle_of and self._passed(node)

    def _passed(self, node: int) -> bool:
        """Whether nothing has to be done before; a stop that waits for nothing holds nobody up."""
        nodes = self._net.nodes
        return all(nodes[one].stop and self._passed(one) for one in self._net.needs[node])

    # -- the reason ------------------------------------------------------------------------------------

    def reason(self, node: int) -> str:
        """The terms of the score, in one sentence."""
        formula = self._found.formula
        if formula.values == "none":
            return "it stands here in the plan, and what it waits for stands before it"
        parts = [self._value_words(node), *self._time_words(node)]
        if formula.effort:
            parts.append(self._effort_words(node))
        begun = "in progress; " if not self._net.nodes[node].turn else ""
        return f"{begun}{', '.join(parts)}: score {number(self._found.scores[node])}"

    def _value_words(self, node: int) -> str:
        work, formula = self.work(node), self._found.formula
        origin = {"own": work.value.words, "default": "assumed", "inherited": work.value.words}[work.value.origin]
        same = not origin or origin == number(work.value.amount)
        words = f"value {number(work.value.amount)}{'' if same else f' ({origin})'}"
        gained = self._found.effective[node] - work.value.amount
        if formula.share and gained > 0:
            behind = self.unlocked(node)
            items = "item" if behind.count == 1 else "items"
            count = f"over {behind.count}" if behind.more else str(behind.count)
            words += f" + {number(gained)} for {count} {items} behind it worth {number(behind.value)}"
        if formula.risk and work.risk:
            words += f" + {number(formula.risk * work.risk)} for its risk"
        return words

    def _time_words(self, node: int) -> Iterator[str]:
        formula, times = self._found.formula, self._found.times
        if not formula.slack and not formula.due:
            return
        factor = f" x{number(self.factor(node))}"
        words: list[str] = []
        if formula.slack and times.length:
            slack = times.slack[node]
            words.append("no slack" if not slack else f"slack {number(slack)} of {number(times.length)}")
        spare = times.spare[node]
        if formula.due and spare < math.inf:
            words.append("late by " + number(-spare) if spare < 0 else f"due with {number(spare)} to spare")
        if words:
            yield " and ".join(words) + factor

    def _effort_words(self, node: int) -> str:
        work = self.work(node)
        left = number(work.left)
        if work.left < work.effort.amount:
            left = f"{left} of {number(work.effort.amount)}"
        origin = {"own": "", "default": " (assumed)", "inherited": f" ({work.effort.words})"}[work.effort.origin]
        return f"{left} to do{origin}"

    # -- what would change it --------------------------------------------------------------------------

    def changes(self, node: int) -> list[str]:
        """What would lift an item above the one before it, and what doing it first would cost."""
        place = self._position[node]
        if not place:
            return list(self._stays())
        before = self._plan.order[place - 1]
        found = list(self._above(node, before))
        if len(self._net.nodes) <= _MOST_TRIED:
            found += self._first(node)
        return found

    def _stays(self) -> Iterator[str]:
        """What would take the first place from the first item."""
        if len(self._plan.order) > 1:
            first, second = self._plan.order[:2]
            begin = f"goes before {self.name(first)} "
            rival = next((line for line in self._above(second, first) if line.startswith(begin)), "")
            if rival:
                yield f"{self.name(second)} takes its place {rival.removeprefix(begin)}"

    def _above(self, node: int, before: int) -> Iterator[str]:
        """The smallest changes that lift an item above the one before it."""
        nodes, name = self._net.nodes, self.name(before)
        held = max((self._plan.end[one] for one in self._net.needs[node]), default=0.0)
        if held > self._plan.start[before] or self._reaches(node, before):
            yield from self._freed(node, before)
        elif nodes[node].turn != nodes[before].turn:
            if nodes[node].turn == 2:
                yield f"can go before {name} once it may begin: {'; '.join(self.work(node).gates)}"
            else:
                yield f"{name} is in progress and goes on first"
        elif self._found.formula.values == "none" or self._found.scores[node] == self._found.scores[before]:
            yield f"the same score as {name}, which stands earlier in the plan"
        else:
            yield from self._lifted(node, before)

    def _reaches(self, node: int, other: int) -> bool:
        """Whether an item waits for another through stops only, or directly."""
        waiting = list(self._net.needs[node])
        seen: set[int] = set()
        while waiting:
            one = waiting.pop()
            if one == other:
                return True
            if self._net.nodes[one].stop and one not in seen:
                seen.add(one)
                waiting += self._net.needs[one]
        return False

    def _freed(self, node: int, before: int) -> Iterator[str]:
        """What it waits for last, and where that is written."""
        last = self._binding(node)
        while self._net.nodes[last].stop and self._net.needs[last]:
            last = self._binding(last)
        statement = self._statement(node, last)
        where = ""
        if statement is not None:
            says = (
                "the order of stories has it" if statement.implied else f"{statement.item.path}:{statement.line} says"
            )
            where = f", as {says}"
        text = f"waits for {self.name(last)}, which ends at {number(self._plan.end[last])}{where}"
        yield text if last == before else f"{text}; {self.name(before)} is free earlier"

    def _binding(self, node: int) -> int:
        return max(self._net.needs[node], key=lambda one: (self._plan.end[one], -one))

    def _statement(self, node: int, other: int) -> Statement | None:
        """What is written that makes a node wait for another."""
        wanted = self.work(other).item
        above = {one.path for one in (wanted, *self._facts.tree.above(wanted))}
        return next((one for one in self._facts.waits(self.work(node).item) if one.needs.path in above), None)

    def _lifted(self, node: int, before: int) -> Iterator[str]:
        """How much more value, or how much less effort, the other scores as they are."""
        formula, times = self._found.formula, self._found.times
        work, score = self._net.nodes[node], self._found.scores[before]
        factor = self.factor(node)
        effort = max(work.effort, LEAST_EFFORT) if formula.effort else 1.0
        counted = self._found.effective[node] + formula.risk * work.risk
        more = score * effort / factor - counted
        words = [f"with a value above {number(work.value + more)} instead of {number(work.value)}"]
        if formula.effort and score:
            tight = formula.slack / times.length if times.length and times.slack[node] else 0.0
            falls = score - counted * tight  # less effort leaves more slack, which takes a little back
            less = (score * effort - counted * factor) / falls if falls > 0 else math.inf
            if less < effort - LEAST_EFFORT:
                words.append(f"with less than {number(effort - less)} to do instead of {number(work.effort)}")
        yield f"goes before {self.name(before)} {', or '.join(words)}"

    def _first(self, node: int) -> Iterator[str]:
        """What doing an item first would cost, with all that it waits for before it."""
        first = {node}
        waiting = [node]
        while waiting:
            for one in self._net.needs[waiting.pop()]:
                if one not in first:
                    first.add(one)
                    waiting.append(one)
        other = schedule(self._net, self._found.scores, self._found.workers, first)
        if other.end[node] >= self._plan.end[node]:
            return
        late = other.finish - self._plan.finish
        lost = other.delay(self._net) - self._plan.delay(self._net)
        finish = f"finish {number(other.finish)} ({'+' if late >= 0 else '-'}{number(abs(late))})"
        waits = f"cost of delay {'+' if lost >= 0 else '-'}{number(abs(lost))}"
        ends = f"ends at {number(other.end[node])} instead of {number(self._plan.end[node])}"
        yield f"done first: {ends}, {finish}, {waits}"
