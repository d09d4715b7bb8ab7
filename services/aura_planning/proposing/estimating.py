"""What an item may cost: from finished items that speak of the same, else from its size.

The measure of size is a sum: half a point, plus for each criterion, step, file and open question what the table below
says. It is brought to the scale of the project by the items that people estimated, and to the numbers that they use.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aura_planning.items.model import Item
from aura_planning.proposing.contract import Contents
from aura_planning.proposing.words import Weights

__all__ = ["Cost", "Known", "Target", "Workload", "estimate"]

SHARES: Final[Mapping[str, float]] = {
    "criteria": 0.1, "steps": 0.05, "files": 0.2, "complexity": 0.6, "churn": 0.4, "questions": 0.2, "children": 0.5,
    "words": 0.001,
}  # fmt: skip
"""Points for one of each. Set on every other story of three public plans; on the rest the order that they give agrees
better with the authors' points than one by criteria and steps alone (mean rank correlation 0.26 against 0.15)."""
_MOST: Final[Mapping[str, float]] = {
    "criteria": 25, "steps": 20, "files": 25, "complexity": 4, "churn": 4, "questions": 4, "children": 12, "words": 800,
}  # fmt: skip
"""More of one does not count, so that one long list does not decide alone."""
_FIBONACCI: Final = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0, 89.0)
_NEIGHBOURS: Final = 5
_LEAST_NEIGHBOURS: Final = 3
_NEAR: Final = 0.15
"""Least likeness of a finished item that counts; below, items share only the words of their project."""
_LEAST_SCALE: Final = 3
"""Estimated items from which the project's own scale is taken."""
_GROWTH: Final = 0.5
"""How points grow with size: people give far apart texts points that lie near one another."""
_SPREAD: Final = (0.6, 1.7)
"""Least and most of an estimate by size alone; four of five stories of the measured plans lie within."""


@dataclass(frozen=True, slots=True)
class Known:
    """A finished or estimated item."""

    item: Item
    text: str
    points: float | None = None
    """What a person estimated."""
    days: float | None = None
    """From its start to its end, where the journal tells."""
    finished: bool = False
    size: float = 0.0
    """Its measure of size."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What the code says of the files that an item names."""

    complexity: Mapping[str, float] = field(default_factory=dict[str, float])
    """By path, relative to the most complicated file, in [0, 1]."""
    churn: Mapping[str, float] = field(default_factory=dict[str, float])
    """By path, relative to the most changed file, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is estimated."""

    item: Item
    contents: Contents
    text: str
    children: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """An estimate."""

    likely: float
    low: float
    high: float
    by: str
    """`history` or `size`."""
    reasons: tuple[str, ...]


def measures(contents: Contents, children: int = 0, workload: Workload | None = None) -> dict[str, float]:
    """How much of everything that counts an item has."""
    load = workload or Workload()
    return {
        "criteria": len(contents.criteria),
        "steps": sum(1 + len(step.below) / 2 for step in contents.steps),
        "files": len(contents.files),
        "complexity": round(sum(_of(load.complexity, name) for name in contents.files), 2),
        "churn": round(sum(_of(load.churn, name) for name in contents.files), 2),
        "questions": len(contents.questions),
        "children": children,
        "words": contents.words,
    }


def size(found: Mapping[str, float]) -> float:
    """The sum of the measures, each up to its bound."""
    return 0.5 + sum(share * min(found.get(name, 0), _MOST[name]) for name, share in SHARES.items())


def estimate(target: Target, known: Sequence[Known], workload: Workload | None = None) -> Cost:
    """What an item may cost, with a range and the reasons.

    Args:
        target: The item.
        known: Finished and estimated items of the project, of the same kind.
        workload: What the code says of its files.
    """
    others = [one for one in known if one.item.path != target.item.path]
    snap = _snap([one.points for one in others if one.points is not None])
    found = _by_history(target, others, snap)
    return found or _by_size(target, others, snap, workload)


# -- history ---------------------------------------------------------------------------------------


def _by_history(target: Target, known: Sequence[Known], snap: Callable[[float], float]) -> Cost | None:
    done = [one for one in known if one.finished and (one.points is not None or one.days is not None)]
    if len(done) < _LEAST_NEIGHBOURS:
        return None
    weights = Weights([f"{one.item.title} {one.text}" for one in known])
    rated = sorted(
        ((_likeness(weights, target, one), one) for one in done), key=lambda pair: (-pair[0], pair[1].item.path)
    )
    near = [(value, one) for value, one in rated[:_NEIGHBOURS] if value >= _NEAR]
    if len(near) < _LEAST_NEIGHBOURS:
        return None
    points = [(value, one.points if one.points is not None else one.days or 0.0) for value, one in near]
    spread = sorted(amount for _, amount in points)
    likely = snap(_weighted_median(points))
    days = [one.days for _, one in near if one.days is not None]
    reasons = [f"{len(near)} finished items speak of the same: {', '.join(_told(value, one) for value, one in near)}"]
    if days:
        reasons.append(
            f"they took {min(days):g} to {max(days):g} days from start to end, most about {statistics.median(days):g}"
        )
    return Cost(likely, min(likely, spread[0]), max(likely, spread[-1]), "history", tuple(reasons))


def _likeness(weights: Weights, target: Target, one: Known) -> float:
    """How near an item is: by its title and by its text, half each."""
    return (weights.near(target.item.title, one.item.title) + weights.near(target.text, one.text)) / 2


def _told(value: float, one: Known) -> str:
    amount = f"{one.points:g}" if one.points is not None else f"{one.days:g} d"
    return f"{one.item.alias or one.item.id or one.item.path} ({amount}, {value:.0%})"


def _weighted_median(rows: Sequence[tuple[float, float]]) -> float:
    ordered = sorted(rows, key=lambda row: row[1])
    half, seen = sum(weight for weight, _ in ordered) / 2, 0.0
    for weight, amount in ordered:
        seen += weight
        if seen >= half:
            return amount
    return ordered[-1][1]


# -- size ------------------------------------------------------------------------------------------


def _by_size(target: Target, known: Sequence[Known], snap: Callable[[float], float], workload: Workload | None) -> Cost:
    found = measures(target.contents, target.children, workload)
    raw = size(found)
    rated = [one for one in known if one.points and one.size]
    scale = _scale(raw, rated) if len(rated) >= _LEAST_SCALE else 1.0
    likely = max(snap(raw * scale), 0.5)
    terms = [
        f"{found[name]:g} {name} {SHARES[name] * min(found[name], _MOST[name]):.1f}" for name in SHARES if found[name]
    ]
    reasons = [f"size {raw:.1f} = 0.5 + {' + '.join(terms)}" if terms else "size 0.5: the item says nothing to measure"]
    if len(rated) >= _LEAST_SCALE:
        reasons.append(f"brought to the scale of {len(rated)} items that people estimated: times {scale:.2f}")
    else:
        reasons.append("in points of a day: the project has too few estimated items for its own scale")
    low, high = raw * scale * _SPREAD[0], raw * scale * _SPREAD[1]
    if not terms:
        high *= 3
    return Cost(likely, _rounded(min(low, likely)), _rounded(max(high, likely)), "size", tuple(reasons))


def _scale(raw: float, rated: Sequence[Known]) -> float:
    """What brings a size to the scale of a project: the middle costs the middle, twice the size 1.4 times as much."""
    middle = statistics.median(one.points or 0.0 for one in rated)
    return middle * (raw / statistics.median(one.size for one in rated)) ** _GROWTH / raw


def _snap(points: Sequence[float]) -> Callable[[float], float]:
    """Brings a number to those that the team uses: Fibonacci numbers, or halves."""
    fibonacci = not points or all(one in _FIBONACCI for one in points)
    return _to_fibonacci if fibonacci else _rounded


def _to_fibonacci(value: float) -> float:
    return min(_FIBONACCI, key=lambda one: (abs(math.log(one / max(value, 0.01))), one))


def _rounded(value: float) -> float:
    return max(0.5, round(value * 2) / 2)


def _of(rates: Mapping[str, float], name: str) -> float:
    """The rate of a file, which an item may name by the end of its path."""
    if name in rates:
        return rates[name]
    return max((rate for path, rate in rates.items() if path.endswith(f"/{name}")), default=0.0)
