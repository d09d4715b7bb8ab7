"""Answers about the order of a plan, each within its budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, TypeVar

from aura_planning.items.ledger import Ledger
from aura_planning.items.rows import finding_of
from aura_planning.ordering.cycles import Circle
from aura_planning.ordering.explaining import Explainer, number
from aura_planning.ordering.facts import Facts, Statement, facts_of
from aura_planning.ordering.net import STRUCTURE
from aura_planning.ordering.ordering import Ordering, order_work
from aura_planning.ordering.scoring import PRESETS, Formula, Preset
from aura_planning.ordering.tree import called
from aura_planning.workflow.resuming import tokens_of
from aura_shared.messages.core import Message
from aura_shared.messages.plan_order import (
    NextTasks,
    OrderCircle,
    OrderRow,
    OrderTerms,
    OrderWait,
    PlanOrder,
)
from aura_shared.settings import PlanSettings

__all__ = ["Ordered", "formula_of", "order_answer", "ordered"]

MessageT = TypeVar("MessageT", bound=Message)

_MOST_WAITING: Final = 3
_MOST_CRITICAL: Final = 20
_MOST_CIRCLES: Final = 5
_MOST_GROUP: Final = 20
_MOST_WAITS: Final = 12
_MOST_PROBLEMS: Final = 20
_NAMED: Final = 5
_IMPLIED: Final = "no file says it, only the order of stories: change a number, or set story_order = false in [plan]"


@dataclass(frozen=True, slots=True)
class Ordered:
    """The order of a plan, before it is told."""

    facts: Facts
    ordering: Ordering
    notices: Sequence[str]


def formula_of(settings: PlanSettings, preset: Preset | None) -> Formula:
    """The formula that was asked for, with the weights of the settings where it has those terms."""
    formula = PRESETS[preset or settings.order_by]
    return replace(
        formula,
        share=settings.order_share if formula.share else 0.0,
        risk=settings.order_risk if formula.risk else 0.0,
        slack=settings.order_slack if formula.slack else 0.0,
        due=settings.order_due if formula.due else 0.0,
    )


def ordered(
    ledger: Ledger,
    settings: PlanSettings,
    formula: Formula,
    workers: int,
    today: date,
    *,
    proposed: bool = False,
) -> Ordered:
    """Put a plan in order.

    Args:
        ledger: Its items.
        settings: Units, and the bounds of work in progress.
        formula: How work is weighed.
        workers: How many work at the same time.
        today: From when due dates are counted.
        proposed: Whether proposed dependencies count.
    """
    facts = facts_of(ledger, settings, formula.values, today, proposed=proposed)
    notices: list[str] = []
    origins = {one.value.origin for one in facts.work.values()}
    if formula.values == "rice" and origins == {"default"}:
        facts = facts_of(ledger, settings, "stated", today, proposed=proposed)
        notices.append("no item has reach and impact, so what is stated as value counts")
    found = order_work(facts.nodes, facts.edges, formula, workers)
    return Ordered(facts, found, [*notices, *_notices(facts, found)])


def _notices(facts: Facts, found: Ordering) -> list[str]:
    """What was not said and therefore assumed."""
    notices: list[str] = []
    if found.formula.values != "none":
        assumed = [one for one in facts.work.values() if one.value.origin == "default"]
        if assumed:
            names = _names([called(one.item) for one in assumed])
            words = f"value {number(assumed[0].value.amount)} is assumed where none is said ({len(assumed)})"
            notices.append(f"{words}: {names}")
        notices += _mixed(facts)
    assumed = [one for one in facts.work.values() if one.effort.origin == "default"]
    if assumed:
        names = _names([called(one.item) for one in assumed])
        words = f"effort {number(assumed[0].effort.amount)} is assumed where none is said ({len(assumed)})"
        notices.append(f"{words}: {names}")
    if found.more_cuts:
        notices.append(f"{found.more_cuts} more dependencies are in circles and do not count")
    return notices


def _mixed(facts: Facts) -> list[str]:
    """Whether values come from scales that do not fit together."""
    rice = sum(one.value.words.startswith(("reach", "its part of reach")) for one in facts.work.values())
    others = sum(one.value.origin != "default" for one in facts.work.values()) - rice
    if not rice or not others:
        return []
    return [f"{rice} values are made of reach and impact, and {others} are not: they may not be comparable"]


def _names(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


# -- the answer ------------------------------------------------------------------------------------


def order_answer(project: str, done: Ordered, request: NextTasks) -> PlanOrder:
    """A page of the order, or of what may begin now.

    Raises:
        UnknownItem: The plan has no such parent.
        UsageProblem: Several are meant.
    """
    facts, found = done.facts, done.ordering
    explainer = Explainer(facts, found)
    wanted = _wanted(facts, request.parent)
    places = [(place, node) for place, node in enumerate(found.schedule.order, 1)
              if wanted is None or found.net.nodes[node].key in wanted]  # fmt: skip
    ready = {node for _, node in places if explainer.ready(node)}
    chosen = [one for one in places if one[1] in ready] if request.what == "next" else places
    waiting = [one for one in places if one[1] not in ready] if request.what == "next" else []
    waiting.sort(key=lambda one: (-found.scores[one[1]], one[0]))
    part = request.budget // 5
    held = [
        _row(explainer, done, place, node, ready, explain=False)
        for place, node in ([] if request.start else waiting[:_MOST_WAITING])
    ]
    held, circles = _within(held, part), _within(_circles(explainer, done), part)
    problems = _within([finding_of(one) for one in facts.problems[:_MOST_PROBLEMS]], part)
    left = request.budget - sum(map(_size, (*held, *circles, *problems))) - tokens_of(" ".join(done.notices))
    page = (
        _row(explainer, done, place, node, ready, explain=request.explain)
        for place, node in chosen[request.start : request.start + request.limit]
    )
    rows = _within(page, left)
    end = request.start + len(rows)
    critical = [explainer.name(node) for node in found.critical_path()]
    return PlanOrder(
        project=project,
        preset=found.formula.name,
        workers=found.workers,
        today=request.today if any(one.due for one in facts.work.values()) else "",
        rows=rows,
        waiting=held,
        total=len(chosen),
        next=end if end < len(chosen) else 0,
        open=len(places),
        ready=len(ready),
        done=facts.done,
        effort=_rounded(sum(one.left for one in facts.work.values())),
        length=_rounded(found.times.length),
        finish=_rounded(found.schedule.finish),
        critical=[_plain(one) for one in critical[:_MOST_CRITICAL]],
        circles=circles,
        circles_total=len(found.circles),
        problems=problems,
        problems_total=len(facts.problems),
        notices=[_plain(one) for one in done.notices],
        reason=_why_empty(facts, request, len(places), len(chosen)),
    )


def _within(messages: Iterable[MessageT], budget: int) -> list[MessageT]:
    """The first messages, as many as a budget allows, and one at least."""
    found: list[MessageT] = []
    for one in messages:
        budget -= _size(one)
        if found and budget < 0:
            break
        found.append(one)
    return found


def _size(message: Message) -> int:
    """Tokens of a message in an answer, estimated."""
    return tokens_of(message.model_dump_json(exclude_defaults=True))


def _wanted(facts: Facts, parent: str) -> set[str] | None:
    if not parent:
        return None
    return {leaf.path for leaf in facts.tree.leaves(facts.tree.ledger.find(parent))}


def _why_empty(facts: Facts, request: NextTasks, places: int, chosen: int) -> str:
    if chosen:
        return ""
    if places:
        return "Nothing may begin now; each says below what it waits for."
    if request.parent and facts.work:
        return "Nothing is open there."
    if facts.done:
        return "Everything is done."
    return "There is no plan below .ai/ yet: `aura plan add epic TITLE` begins one."


def _row(explainer: Explainer, done: Ordered, place: int, node: int, ready: set[int], *, explain: bool) -> OrderRow:
    found = done.ordering
    item = explainer.work(node).item
    return OrderRow(
        position=place,
        id=item.id,
        kind=item.kind,
        title=_plain(item.title) or item.path,
        alias=_plain(item.alias),
        parent=_plain(item.parent),
        status=item.status,
        path=_plain(item.path),
        ready=node in ready,
        blocked=[_plain(one) for one in explainer.blocked(node)],
        score=_rounded(found.scores[node]),
        critical=found.is_critical(node),
        slack=_rounded(found.times.slack[node]),
        worker=found.schedule.worker[node] + 1,
        begin=_rounded(found.schedule.start[node]),
        end=_rounded(found.schedule.end[node]),
        circle=explainer.circle_of.get(node, 0),
        reason=_plain(explainer.reason(node)),
        changes=[_plain(one) for one in explainer.changes(node)] if explain else [],
        terms=_terms(explainer, found, node) if explain else None,
    )


def _terms(explainer: Explainer, found: Ordering, node: int) -> OrderTerms:
    work, behind = explainer.work(node), explainer.unlocked(node)
    spare = found.times.spare[node]
    return OrderTerms(
        value=_rounded(work.value.amount),
        value_from=work.value.origin,
        value_words=_plain(work.value.words),
        unlocked=_rounded(found.effective[node] - work.value.amount),
        unlocks=behind.count,
        unlocks_value=_rounded(behind.value),
        risk=_rounded(work.risk),
        factor=_rounded(explainer.factor(node)),
        earliest=_rounded(found.times.early[node]),
        latest=_rounded(found.times.late[node]),
        due=work.due.isoformat() if work.due else "",
        due_of=_plain(called(work.due_of)) if work.due_of is not None and work.due_of != work.item else "",
        spare=None if spare == float("inf") else _rounded(spare),
        effort=_rounded(work.left),
        effort_whole=_rounded(work.effort.amount),
        effort_from=work.effort.origin,
        effort_words=_plain(work.effort.words),
    )


# -- circles ---------------------------------------------------------------------------------------


def _circles(explainer: Explainer, done: Ordered) -> list[OrderCircle]:
    circles = done.ordering.circles[:_MOST_CIRCLES]
    return [_circle(explainer, done, place, circle) for place, circle in enumerate(circles, 1)]


def _circle(explainer: Explainer, done: Ordered, place: int, circle: Circle) -> OrderCircle:
    facts, nodes = done.facts, done.ordering.net.nodes
    written = {(node, needs): statement for node, needs, statement in _edges(done, circle)}
    steps = zip(circle.nodes, [*circle.nodes[1:], circle.nodes[0]], strict=True)
    numbers = [written.get(step, STRUCTURE) for step in steps]
    group = [explainer.name(node) for node in circle.group if not nodes[node].stop]
    return OrderCircle(
        number=place,
        items=[_plain(one) for one in group[:_MOST_GROUP]],
        total=len(group),
        waits=[_wait(facts.statement(one)) for one in numbers if one != STRUCTURE][:_MOST_WAITS],
        shortest=circle.shortest,
        cut=_wait(facts.statement(circle.cut.statement)),
        reason=_IMPLIED if facts.statement(circle.cut.statement).implied else circle.cut.reason,
    )


def _edges(done: Ordered, circle: Circle) -> list[tuple[int, int, int]]:
    """What is written between the nodes of a circle; the net does not have what was cut."""
    members: Mapping[str, int] = {done.ordering.net.nodes[node].key: node for node in circle.nodes}
    return [
        (members[edge.node], members[edge.needs], edge.statement)
        for edge in done.facts.edges
        if edge.node in members and edge.needs in members
    ]


def _wait(statement: Statement) -> OrderWait:
    return OrderWait(
        item=_plain(called(statement.item)),
        needs=_plain(called(statement.needs)),
        path=_plain(statement.item.path),
        line=max(1, statement.line),
        proposed=statement.proposed,
        implied=statement.implied,
    )


def _rounded(amount: float) -> float:
    """Six digits behind the point are more than anybody estimates, and say the same on every machine."""
    return round(amount, 6) + 0.0


def _plain(text: str) -> str:
    """Text that can be written as UTF-8, whatever bytes the file has."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
