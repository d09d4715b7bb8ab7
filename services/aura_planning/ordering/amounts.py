"""What each leaf is worth and costs, and where that comes from: it says so itself, its story does, or nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Final, Literal, NamedTuple, TypeAlias

from aura_planning.items.amounts import effort_of, factor_of, rank_of
from aura_planning.items.model import KINDS, Item
from aura_planning.ordering.scoring import LEAST_EFFORT, Values
from aura_planning.ordering.tree import Tree, called

__all__ = ["Amount", "Origin", "efforts_of", "risk_of", "values_of"]

Origin: TypeAlias = Literal["own", "inherited", "default"]

_VALUE: Final = 4.0
"""Of an item in a plan that says no value at all."""
_EFFORT: Final = 1.0
_CLASSES: Final[Mapping[float, float]] = {16.0: 10_000.0, 8.0: 1_000.0, 4.0: 100.0, 2.0: 10.0, 1.0: 1.0, 0.0: 0.0}
"""For MoSCoW: ten of a class weigh as much as one of the class above."""


class Amount(NamedTuple):
    """A number, and where it comes from."""

    amount: float
    origin: Origin
    words: str
    """Such as `priority must` or `its part of 12 of story US-1`."""


class _Stated(NamedTuple):
    amount: float
    words: str
    shared: bool
    """Whether it is a sum that parts divide among them; else a rank that each part has."""


def values_of(tree: Tree, leaves: Sequence[Item], efforts: Mapping[str, Amount], values: Values) -> dict[str, Amount]:
    """The value of each leaf, by path.

    A number of a story is divided among its leaves by effort; a word such as `must` holds for each of them.
    """
    if values == "none":
        return {leaf.path: Amount(1.0, "own", "") for leaf in leaves}
    reader = _READERS[values]
    stated: dict[str, _Stated | None] = {}

    def said(item: Item) -> _Stated | None:
        if item.path not in stated:
            stated[item.path] = reader(item)
        return stated[item.path]

    totals: dict[str, float] = {}
    found: dict[str, Amount] = {}
    for leaf in leaves:
        own = said(leaf)
        if own is not None:
            found[leaf.path] = Amount(own.amount, "own", own.words)
            continue
        above = next((one for one in tree.above(leaf) if said(one) is not None), None)
        if above is not None:
            found[leaf.path] = _part(tree, leaf, above, said(above), efforts, totals)
    usual = (
        median(one.amount for one in found.values()) if found else _CLASSES[_VALUE] if values == "moscow" else _VALUE
    )
    words = "nothing is said: the median of the plan" if found else "nothing is said"
    for leaf in leaves:
        found.setdefault(leaf.path, Amount(usual, "default", words))
    return found


def _part(
    tree: Tree,
    leaf: Item,
    above: Item,
    stated: _Stated | None,
    efforts: Mapping[str, Amount],
    totals: dict[str, float],
) -> Amount:
    assert stated is not None  # it was found for this
    name = f"{above.kind} {called(above)}"
    if not stated.shared:
        return Amount(stated.amount, "inherited", f"{stated.words} of {name}")
    if above.path not in totals:
        totals[above.path] = sum(max(efforts[one.path].amount, LEAST_EFFORT) for one in tree.leaves(above))
    part = stated.amount * max(efforts[leaf.path].amount, LEAST_EFFORT) / totals[above.path]
    return Amount(part, "inherited", f"its part of {stated.words} of {name}")


def _stated(item: Item) -> _Stated | None:
    written = item.amounts.get("value", "")
    if written:
        rank = rank_of(written)
        return _Stated(factor_of("", written) or 0.0, written, shared=True) if rank is None else _rank(rank, written)
    rice = _rice(item)
    if rice is not None:
        return rice
    rank = rank_of(item.priority) if item.priority else None
    return None if rank is None else _rank(rank, item.priority)


def _rank(rank: float, words: str) -> _Stated:
    return _Stated(rank, words.strip().lower()[:40], shared=False)


def _rice(item: Item) -> _Stated | None:
    """Reach x impact x confidence; the effort divides it later. A confidence that is not said is full."""
    if "reach" not in item.amounts or "impact" not in item.amounts:
        return None
    product = 1.0
    for key in ("reach", "impact", "confidence"):
        product *= (factor_of(key, item.amounts[key]) or 0.0) if key in item.amounts else 1.0
    words = " x ".join(item.amounts[key] for key in ("reach", "impact", "confidence") if key in item.amounts)
    return _Stated(min(product, 1e15), f"reach x impact {words}", shared=True)


def _class(item: Item) -> _Stated | None:
    for words in (item.amounts.get("value", ""), item.priority):
        rank = rank_of(words) if words else None
        if rank is not None:
            return _Stated(_CLASSES[rank], words.strip().lower()[:40], shared=False)
    return None


_READERS: Final[Mapping[Values, Callable[[Item], _Stated | None]]] = {
    "stated": _stated, "rice": _rice, "moscow": _class,
}  # fmt: skip


def efforts_of(tree: Tree, leaves: Sequence[Item], hours_a_point: float) -> dict[str, Amount]:
    """The whole effort of each leaf in points, by path, whether or not some of it is done."""
    found: dict[str, Amount] = {}
    waiting: list[tuple[Item, Item, float]] = []
    for leaf in leaves:
        points = _points(leaf, hours_a_point)
        if points is not None:
            found[leaf.path] = Amount(points, "own", "")
            continue
        held = ((one, _points(one, hours_a_point)) for one in tree.above(leaf))
        waiting += [(leaf, one, points) for one, points in held if points is not None][:1]
    waiting.sort(key=lambda one: -KINDS.index(one[1].kind))  # what stories say is left out of what epics say
    parts: dict[str, float] = {}
    for leaf, above, points in waiting:
        if above.path not in parts:
            below = tree.leaves(above)
            rest = points - sum(found[one.path].amount for one in below if one.path in found)
            parts[above.path] = max(rest, 0.0) / sum(one.path not in found for one in below)
        words = f"its part of {points:g} of {above.kind} {called(above)}"
        found[leaf.path] = Amount(parts[above.path], "inherited", words)
    usual = median(one.amount for one in found.values()) if found else _EFFORT
    words = "nothing is said: the median of the plan" if found else "nothing is said"
    for leaf in leaves:
        found.setdefault(leaf.path, Amount(usual, "default", words))
    return found


def _points(item: Item, hours_a_point: float) -> float | None:
    written = item.amounts.get("estimate", "") or item.amounts.get("effort", "")
    if not written and (hours := item.amounts.get("estimated_hours", "")):
        written = f"{factor_of('', hours) or 0.0:f} h"
    effort = effort_of(written) if written else None
    return None if effort is None else effort.points + effort.hours / hours_a_point


def risk_of(item: Item) -> float:
    """What doing an item early is worth because of its risk; 0 when it says none."""
    written = item.amounts.get("risk", "")
    if not written:
        return 0.0
    rank = rank_of(written)
    return (factor_of("", written) or 0.0) if rank is None else rank
