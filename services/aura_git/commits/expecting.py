"""Types as they are written in many repositories: what is expected of a change before anything is learned of this one.

A table of weights over the features that mean the same everywhere (kinds of files, sizes, signs in lines), made by
`tests/bench/git_type_weights.py` from public histories. It holds figures only: no name, line or message of any of them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from aura_git.commits.features import Features

__all__ = ["EXPECTED_GROUPS", "expected_types"]

EXPECTED_GROUPS: Final = ("kind", "size", "sign")
"""Groups of features that the table knows."""
_TABLE: Final = "type_weights.json"
_UNIT: Final = 100
"""The table holds hundredths."""


class _Table(NamedTuple):
    types: tuple[str, ...]
    start: tuple[float, ...]
    weights: Mapping[str, Mapping[str, tuple[float, ...]]]
    """By group and feature, one for each type."""


def expected_types(features: Features) -> dict[str, float]:
    """How likely each type is, by the habits of many repositories; sums to 1."""
    table = _read_table()
    scores = list(table.start)
    for group in EXPECTED_GROUPS:
        weights = table.weights.get(group, {})
        for name in dict.fromkeys(features.get(group, ())):
            for at, weight in enumerate(weights.get(name, ())):
                scores[at] += weight
    highest = max(scores)
    raised = [math.exp(score - highest) for score in scores]
    total = sum(raised)
    return {name: value / total for name, value in zip(table.types, raised, strict=True)}


@cache
def _read_table() -> _Table:
    read = json.loads(files(__package__ or "aura_git.commits").joinpath(_TABLE).read_text(encoding="utf-8"))
    return _Table(
        tuple(read["types"]),
        _scaled(read["start"]),
        {group: {name: _scaled(row) for name, row in rows.items()} for group, rows in read["weights"].items()},
    )


def _scaled(row: list[int]) -> tuple[float, ...]:
    return tuple(value / _UNIT for value in row)
