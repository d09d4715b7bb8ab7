"""Scopes: a vote of past changes, the more alike the more it counts; never a scope that nobody used here."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aura_git.commits.features import Features

__all__ = ["PastScope", "ScopeVotes", "names_path"]

_GROUPS: Final = {"path": 1.0, "name": 0.7, "kind": 0.3, "new": 0.7}
_SHARPNESS: Final = 6
"""Power of a likeness: only what is much alike counts. 1 gives 40 % exact scopes, 3 50 %, 6 58 %, 10 55 %."""
_HALF_LIFE: Final = 300.0
_OTHER_TYPE: Final = 0.4
"""What a commit of another type counts."""
_NAMED: Final = 1.5
"""What a scope counts more when a folder or file of the change has its name."""
_UNKNOWN: Final = 0.3
_PARTS: Final = re.compile(r"[-_.]")


@dataclass(frozen=True, slots=True)
class PastScope:
    """A change, and what a person wrote as its scope."""

    features: Features
    type: str
    scope: str


class ScopeVotes:
    """Past changes that vote.

    Args:
        past: Newest first.
        allowed: Scopes that the configuration allows; empty for any.
    """

    def __init__(self, past: Sequence[PastScope], allowed: Collection[str] = ()) -> None:
        self._past = [(one.type, one.scope) for one in past]
        self._allowed = frozenset(allowed)
        self._postings: dict[str, dict[str, list[int]]] = {}
        self._norms: dict[str, list[float]] = {}
        for group in _GROUPS:
            postings: dict[str, list[int]] = defaultdict(list)
            for row, one in enumerate(past):
                for name in one.features.get(group, ()):
                    postings[name].append(row)
            self._postings[group] = dict(postings)
            sums = [0.0] * len(past)
            for rows in postings.values():
                for row in rows:
                    sums[row] += self._weight(len(rows))
            self._norms[group] = [math.sqrt(total) for total in sums]

    def guess(self, features: Features, types: Mapping[str, float]) -> dict[str, float]:
        """How likely each scope is, the empty one among them; sums to 1.

        Args:
            features: Of the change.
            types: How likely each type is.
        """
        near = self._alike(features)
        words = _words(features.get("path", ()))
        votes: dict[str, float] = {"": 1e-9}
        for row, (kind, scope) in enumerate(self._past):
            if scope and self._allowed and scope not in self._allowed:
                continue
            fit = _OTHER_TYPE + (1 - _OTHER_TYPE) * types.get(kind, 0.0)
            votes[scope] = votes.get(scope, 0.0) + near[row] ** _SHARPNESS * fit * 0.5 ** (row / _HALF_LIFE)
        for scope in votes:
            if scope and names_path(scope, words):
                votes[scope] *= _NAMED
        total = sum(votes.values())
        return {scope: vote / total for scope, vote in votes.items()}

    def _weight(self, count: int) -> float:
        return math.log(1 + len(self._past) / count) ** 2

    def _alike(self, features: Features) -> list[float]:
        near = [0.0] * len(self._past)
        share = sum(_GROUPS.values())
        for group, weight in _GROUPS.items():
            postings, norms = self._postings[group], self._norms[group]
            sums: dict[int, float] = defaultdict(float)
            own = 0.0
            for name in features.get(group, ()):
                rows = postings.get(name)
                if rows is None:
                    own += _UNKNOWN * self._weight(1)
                    continue
                value = self._weight(len(rows))
                own += value
                for row in rows:
                    sums[row] += value
            for row, total in sums.items():
                near[row] += weight / share * total / (norms[row] * math.sqrt(own))
        return near


def _words(paths: Collection[str]) -> set[str]:
    found: set[str] = set()
    for path in paths:
        for part in path.lower().split("/"):
            found |= {part, part.rsplit(".", 1)[0], *_PARTS.split(part)}
    return found


def names_path(scope: str, words: Collection[str]) -> bool:
    """Whether a scope is the name of a folder or file, plural or not."""
    name = scope.lower().lstrip("@").rsplit("/", 1)[-1]
    return name in words or name.rstrip("s") in words or f"{name}s" in words
