"""How people write what an item is worth, what it costs, when it is due: words, numbers, hours, three points."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

__all__ = ["AMOUNTS", "RANKS", "Effort", "day_of", "effort_of", "factor_of", "problem_of", "rank_of"]

RANKS: Final[Mapping[str, float]] = {
    "p0": 16.0, "critical": 16.0, "blocker": 16.0, "urgent": 16.0, "highest": 16.0,
    "must": 8.0, "p1": 8.0, "high": 8.0,
    "should": 4.0, "p2": 4.0, "medium": 4.0, "normal": 4.0,
    "could": 2.0, "p3": 2.0, "low": 2.0,
    "p4": 1.0, "lowest": 1.0,
    "wont": 0.0, "none": 0.0,
}  # fmt: skip
"""Words of MoSCoW and of priorities; each step is worth twice the one below it."""
_FACTORS: Final[Mapping[str, Mapping[str, float]]] = {
    "impact": {"massive": 3.0, "high": 2.0, "medium": 1.0, "low": 0.5, "minimal": 0.25},
    "confidence": {"high": 1.0, "medium": 0.8, "low": 0.5},
}
"""Words of RICE."""
_BARE: Final = re.compile(r"[^a-z0-9]+")
_NUMBER: Final = r"(\d+(?:\.\d+)?|\.\d+)"
_EFFORT: Final = re.compile(
    _NUMBER + r"\s*(?P<unit>|p|pts?|points?|sp|story points?|h|hrs?|hours?|m|min|minutes?|d|days?|w|weeks?)\Z",
    re.IGNORECASE,
)
_THREE: Final = re.compile(rf"{_NUMBER}\s*[/,;]\s*{_NUMBER}\s*[/,;]\s*{_NUMBER}\s*(?P<unit>[a-z ]*)\Z", re.IGNORECASE)
_HOURS: Final[Mapping[str, float]] = {"h": 1.0, "m": 1 / 60}
_POINTS: Final[Mapping[str, float]] = {"": 1.0, "p": 1.0, "s": 1.0, "d": 1.0, "w": 5.0}
_MOST: Final = 1e9


@dataclass(frozen=True, slots=True)
class Effort:
    """What something costs."""

    points: float
    """Points are days of one person: what is not in hours."""
    hours: float = 0.0


@lru_cache(maxsize=1024)  # plans say the same few words again and again
def rank_of(text: str) -> float | None:
    """What a word is worth, such as `Must have`, `P1` or `high`; None for one that is not known."""
    words = _BARE.sub(" ", text.lower().replace("'", "").replace("\u2019", "")).split()
    if len(words) == 2 and words[1] in {"have", "priority", "do"}:
        words = words[:1]
    return RANKS.get(words[0]) if len(words) == 1 else None


@lru_cache(maxsize=1024)
def effort_of(text: str) -> Effort | None:
    """An estimate: `3`, `3 points`, `5h`, `2 days`, or three points as in `1/2/5 h`; None for anything else."""
    three = _THREE.match(text.strip())
    if three:
        low, likely, high = (float(one) for one in three.groups()[:3])
        if not low <= likely <= high:
            return None
        return effort_of(f"{(low + 4 * likely + high) / 6:.6f} {three['unit']}".strip())
    plain = factor_of("", text)
    if plain is not None:
        return Effort(plain)
    found = _EFFORT.match(text.strip())
    if found is None or float(found[1]) >= _MOST:
        return None
    unit = found["unit"].lower()[:1]
    if unit in _HOURS:
        return Effort(0.0, float(found[1]) * _HOURS[unit])
    return Effort(float(found[1]) * _POINTS[unit])


def day_of(text: str) -> date | None:
    """A day, as in `2027-03-31`."""
    try:
        return date.fromisoformat(text.strip()[:10]) if len(text.strip()) >= 10 else None
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def factor_of(key: str, text: str) -> float | None:
    """A number of RICE, or its word; a confidence may be in percent."""
    word = _FACTORS.get(key, {}).get(text.strip().lower())
    if word is not None:
        return word
    percent = key == "confidence" and text.strip().endswith("%")
    try:
        number = float(text.strip().rstrip("%").replace("_", "")) / (100 if percent else 1)
    except ValueError:
        return None
    return number if math.isfinite(number) and 0 <= number < _MOST else None


def _worth(text: str) -> float | None:
    word = rank_of(text)
    return factor_of("", text) if word is None else word


_Reader = Callable[[str], object]
AMOUNTS: Final[Mapping[str, tuple[_Reader, str]]] = {
    "value": (_worth, "a number from 0 on, or a word such as must, P1 or high"),
    "estimate": (effort_of, "a number from 0 on, 3 points, 5h, or three points as in 1/2/5"),
    "effort": (effort_of, "a number from 0 on, 3 points, 5h, or three points as in 1/2/5"),
    "estimated_hours": (lambda text: factor_of("", text), "a number from 0 on"),
    "risk": (_worth, "a number from 0 on, or high, medium or low"),
    "due": (day_of, "a day as in 2027-03-31"),
    "reach": (lambda text: factor_of("reach", text), "a number from 0 on"),
    "impact": (lambda text: factor_of("impact", text), "a number from 0 on, or massive, high, medium, low, minimal"),
    "confidence": (lambda text: factor_of("confidence", text), "a number, a percentage, or high, medium, low"),
}
"""Keys of the front matter that the order of the work is made of: how each is read, and what is expected."""


def problem_of(key: str, text: str) -> str:
    """What is wrong with how an amount is written; empty when it is well."""
    reader, expected = AMOUNTS[key]
    return "" if reader(text) is not None else f"{key} must be {expected}, and is {text!r}"
