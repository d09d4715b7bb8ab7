"""How like two functions are, token by token, and in what they differ."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Final, NamedTuple

import numpy as np

from aura_code.similar.clones import run_hashes
from aura_code.similar.tokens import LITERAL, NAME, Hashes, Tokens
from aura_shared.messages.similar import CloneKind

SHORT_RUN: Final = 4
LEAST_NAMES: Final = 0.6
"""Share of equal names. Below it, functions have the same shape and speak of different things: constructors that keep
their arguments, tables of calls."""
_MANY_LITERALS: Final = 16
_LEAST_LITERALS: Final = 0.5
_RENAMED: Final = 0.5  # What a renamed name counts, when it is renamed alike everywhere.
_MOST_ALIGNED: Final = 3000  # Tokens; aligning costs their square at worst.


class Likeness(NamedTuple):
    """How like two functions are."""

    shape: float
    """Share of equal runs of tokens, names and literals left out."""
    names: float
    """Share of names that are equal, or renamed alike everywhere, which counts half."""
    table: bool
    """Whether they are tables of other data: texts in several languages, lists of cases."""

    @property
    def value(self) -> float:
        """Both in one number."""
        return self.shape * (0.5 + 0.5 * self.names)


class Difference(NamedTuple):
    """In what two functions differ."""

    kind: CloneKind
    names: int
    literals: int
    changed_lines: int


def overlap(left: Hashes, right: Hashes) -> float:
    """The share of what two heaps have in common, in [0, 1]; repeated values count as often as they occur."""
    if not len(left) or not len(right):
        return float(len(left) == len(right))
    values, where = np.unique(np.concatenate((left, right)), return_inverse=True)
    first = np.bincount(where[: len(left)], minlength=len(values))
    second = np.bincount(where[len(left) :], minlength=len(values))
    return float(np.minimum(first, second).sum() / np.maximum(first, second).sum())


def likeness(left: Tokens, right: Tokens) -> Likeness:
    """How like two functions are."""
    shapes = left.shape(), right.shape()
    shape = overlap(run_hashes(shapes[0], SHORT_RUN), run_hashes(shapes[1], SHORT_RUN))
    names = overlap(left.hashes[left.kinds == NAME], right.hashes[right.kinds == NAME])
    if names < 1 and len(shapes[0]) == len(shapes[1]) and bool(np.all(shapes[0] == shapes[1])):
        names = max(names, _renamed_alike(left, right))
    return Likeness(shape, names, _is_table(left, right))


def _is_table(left: Tokens, right: Tokens) -> bool:
    literals = left.hashes[left.kinds == LITERAL], right.hashes[right.kinds == LITERAL]
    return len(literals[0]) >= _MANY_LITERALS and overlap(*literals) < _LEAST_LITERALS


def difference(left: Tokens, right: Tokens) -> Difference:
    """In what two functions differ."""
    shapes = left.shape(), right.shape()
    if len(shapes[0]) == len(shapes[1]) and bool(np.all(shapes[0] == shapes[1])):
        pairs = _pairs(left, right)
        names, literals = len(pairs[0]), len(pairs[1])
        return Difference("renamed" if names or literals else "exact", names, literals, 0)
    if max(len(shapes[0]), len(shapes[1])) > _MOST_ALIGNED:
        return Difference("changed", 0, 0, 1)
    blocks = SequenceMatcher(None, shapes[0].tolist(), shapes[1].tolist(), autojunk=False).get_matching_blocks()
    kept = np.zeros(len(shapes[0]), dtype=np.bool_)
    other_names: set[tuple[int, int]] = set()
    other_literals: set[tuple[int, int]] = set()
    for start, other, size in blocks:
        kept[start : start + size] = True
        some = _pairs(_cut(left, start, size), _cut(right, other, size))
        other_names |= some[0]
        other_literals |= some[1]
    added = np.ones(len(shapes[1]), dtype=np.bool_)
    for _, start, size in blocks:
        added[start : start + size] = False
    changed = max(len(np.unique(left.lines[~kept])), len(np.unique(right.lines[added])))
    return Difference("changed", len(other_names), len(other_literals), changed)


def _cut(tokens: Tokens, start: int, size: int) -> Tokens:
    end = start + size
    return Tokens(tokens.hashes[start:end], tokens.kinds[start:end], tokens.lines[start:end])


def _pairs(left: Tokens, right: Tokens) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """The distinct pairs of names and of literals that differ in two stretches of the same shape."""
    differs = left.hashes != right.hashes
    found: list[set[tuple[int, int]]] = []
    for kind in (NAME, LITERAL):
        where = differs & (left.kinds == kind)
        found.append(set(zip(left.hashes[where].tolist(), right.hashes[where].tolist(), strict=True)))
    return found[0], found[1]


def _renamed_alike(left: Tokens, right: Tokens) -> float:
    """The share of names that are the same or renamed one to one; renamed ones count half."""
    where = left.kinds == NAME
    pairs = list(zip(left.hashes[where].tolist(), right.hashes[where].tolist(), strict=True))
    if not pairs:
        return 1.0
    forth = dict(pairs)
    back = {second: first for first, second in pairs}
    value = sum(
        1.0 if first == second else _RENAMED * (forth[first] == second and back[second] == first)
        for first, second in pairs
    )
    return value / len(pairs)
