"""Types by rules, made by hand: what the bench of messages compares with what is learned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from aura_git.commits.features import Features, features_of
from aura_git.commits.kinds import kind_of
from aura_git.commits.patches import FilePatch

__all__ = ["TYPES", "rate_types"]

_Applies = Callable[[Mapping[str, int], frozenset[str]], bool]

_START: Final = {
    "feat": 0.24,
    "fix": 0.34,
    "docs": 0.05,
    "style": 0.02,
    "refactor": 0.13,
    "perf": 0.03,
    "test": 0.04,
    "build": 0.03,
    "ci": 0.02,
    "chore": 0.1,
}


TYPES: Final = tuple(_START)
"""Types that rules know."""
_SILENT: Final = frozenset({"lock", "asset"})


def rate_types(files: Sequence[FilePatch], features: Features | None = None) -> dict[str, float]:
    """How likely each type is by rules alone; sums to 1."""
    signs = frozenset((features or features_of(files))["sign"])
    kinds = Counter(kind_of(one.path) for one in files)
    for applies, weights in _RULES:
        if applies(kinds, signs):
            return _scaled({name: rate * weights.get(name, weights.get("", 1.0)) for name, rate in _START.items()})
    return _scaled(_code(files, kinds, signs))


def _only(*wanted: str) -> _Applies:
    return lambda kinds, _signs: bool(kinds) and set(kinds) <= {*wanted, *_SILENT}


def _says(sign: str) -> _Applies:
    return lambda _kinds, signs: sign in signs


_RULES: Final[tuple[tuple[_Applies, dict[str, float]], ...]] = (
    (_only("ci"), {"ci": 60, "": 0.5}),
    (lambda kinds, _signs: set(kinds) == {"lock"}, {"build": 15, "chore": 15, "": 0.5}),
    (_only("docs", "changelog", "example"), {"docs": 60, "": 0.5}),
    (_only("test"), {"test": 60, "": 0.6}),
    (_only("config"), {"chore": 12, "ci": 4, "build": 4, "": 0.5}),
    (_only("test", "ci", "config"), {"ci": 20, "chore": 4, "test": 4, "": 0.5}),
    (_only("build", "config", "ci"), {"build": 14, "chore": 7, "": 0.5}),
    (_only("locale"), {"feat": 4, "fix": 4, "chore": 4, "": 0.5}),
    (_only("style"), {"fix": 2, "style": 8, "": 0.7}),
    (_says("comments only"), {"docs": 30, "chore": 3, "style": 5, "": 0.5}),
    (_says("spacing only"), {"style": 60, "": 0.4}),
    (_says("imports only"), {"refactor": 6, "style": 6, "": 0.5}),
    (_says("same tokens"), {"refactor": 5, "style": 10, "": 0.5}),
)


def _code(files: Sequence[FilePatch], kinds: Mapping[str, int], signs: frozenset[str]) -> dict[str, float]:
    """For a change of code: what is new, how much, and what came with it."""
    rates = dict(_START)
    source = [one for one in files if kind_of(one.path) == "source"]
    added = sum(len(one.added) for one in source)
    removed = sum(len(one.removed) for one in source)
    for sign, weights in _SIGNS.items():
        if sign in signs:
            for name, weight in weights.items():
                rates[name] *= weight
    if added > 3 * removed + 20:
        rates["feat"] *= 2.2
    if added + removed <= 20:
        rates["fix"] *= 1.8
    if removed > added:
        rates["refactor"] *= 2.0
    if "docs" in kinds and "source+defines" in signs:
        rates["feat"] *= 1.6
    if any(one.status == "A" for one in source):
        rates["feat"] *= 1.8
    return rates


_SIGNS: Final[dict[str, dict[str, float]]] = {
    "fragment feature": {"feat": 20},
    "fragment bugfix": {"fix": 20},
    "fragment fix": {"fix": 20},
    "log minor": {"feat": 4},
    "log patch": {"fix": 3},
    "log fix": {"fix": 2.5},
    "log add": {"feat": 2},
    "source with tests": {"fix": 1.6, "feat": 1.4, "chore": 0.5, "docs": 0.3},
    "test+issue": {"fix": 2.5},
    "source+issue": {"fix": 1.8},
    "source+public": {"feat": 1.8},
    "source+flag": {"feat": 2.2},
    "one place": {"fix": 1.4, "feat": 0.7},
    "nothing added": {"refactor": 2.5, "chore": 2.0, "feat": 0.2},
    "renames": {"refactor": 2.5},
    "source+lint": {"chore": 1.5},
    "source+guard": {"fix": 1.3},
}


def _scaled(rates: dict[str, float]) -> dict[str, float]:
    total = sum(rates.values())
    return {name: rate / total for name, rate in rates.items()}
