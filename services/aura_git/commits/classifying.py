"""Multinomial logistic regression over what is seen of a change, in its dual form.

With a few hundred examples and some thousands of features, the weights are sums over the examples: training needs only
how alike two changes are: the weighted sum of the likenesses of each group of features.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aura_git.commits.features import GROUPS, Features

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]
    Places = NDArray[np.int32]

__all__ = ["Classifier", "Example", "train"]

_PENALTY: Final = 2.0
_HALF_LIFE: Final = 200.0
"""Commits after which an example counts half: habits drift."""
_ROUNDS: Final = 200
_TRUST: Final = 1.0
_UNKNOWN: Final = 0.01
"""What the prior gives a label that it does not know."""
_LEAST: Final = 0.003
_RARE: Final = {"new": 2, "old": 2, "around": 2}
"""How many examples need a feature of a group, so that it counts."""


@dataclass(frozen=True, slots=True)
class Example:
    """A change and what a person called it."""

    features: Features
    label: str
    prior: Mapping[str, float]
    """How likely each label is before anything is learned; what is expected everywhere."""


@dataclass(frozen=True)
class Classifier:
    """What was learned; `guess` is all that is needed of it."""

    labels: tuple[str, ...]
    vocabulary: Mapping[str, Mapping[str, tuple[int, float]]]
    """Column and rarity of each feature, by group."""
    entries: tuple[Places, Places, NDArray[np.float32]]
    """Rows, columns and values of what is not zero in the matrix of the examples."""
    factors: Matrix
    """One row for each example, one column for each label."""
    size: int
    """Features that are known."""
    trust: float
    """Weight of the prior."""
    examples: int

    def guess(self, features: Features, prior: Mapping[str, float]) -> dict[str, float]:
        """How likely each label is; sums to 1."""
        import numpy as np  # noqa: PLC0415 - 20 MB that only a suggestion needs

        seen = np.zeros(self.size)
        for columns, values in _placed(features, self.vocabulary):
            seen[columns] = values
        rows, columns, values = self.entries
        alike = np.bincount(rows, weights=seen[columns] * values, minlength=self.examples).astype(np.float64)
        score = (alike + 1.0) @ self.factors + self.trust * _logarithms(self.labels, prior)
        return dict(zip(self.labels, _softmax(score[None, :])[0].tolist(), strict=True))


def train(
    examples: Sequence[Example],
    *,
    further: Sequence[str] = (),
    trust: float = _TRUST,
    penalty: float = _PENALTY,
    rounds: int = _ROUNDS,
    half_life: float = _HALF_LIFE,
) -> Classifier:
    """Learn from examples, newest first; the same examples always give the same.

    Args:
        examples: At least one.
        further: Labels that may be guessed although no example has them.
        trust: Weight of the prior.
        penalty: How much large weights cost.
        rounds: Steps of the descent.
        half_life: Commits after which an example counts half.
    """
    import numpy as np  # noqa: PLC0415 - likewise

    counts = Counter(one.label for one in examples)
    labels = tuple(dict.fromkeys([*(label for label, _ in counts.most_common()), *further]))
    vocabulary, matrix = _matrix(examples)
    wanted = np.zeros((len(examples), len(labels)))
    wanted[np.arange(len(examples)), [labels.index(one.label) for one in examples]] = 1
    offset = trust * np.array([_logarithms(labels, one.prior) for one in examples])
    weight = 0.5 ** (np.arange(len(examples)) / half_life)
    kernel = matrix @ matrix.T + 1.0  # the 1 is the bias
    factors = _descend(kernel, wanted, offset, weight, penalty, rounds)
    rows, columns = np.nonzero(matrix)
    entries = (rows.astype(np.int32), columns.astype(np.int32), matrix[rows, columns].astype(np.float32))
    return Classifier(labels, vocabulary, entries, factors, matrix.shape[1], trust, len(examples))


def _descend(kernel: Matrix, wanted: Matrix, offset: Matrix, weight: Matrix, penalty: float, rounds: int) -> Matrix:
    """Factors of the examples that make the penalised likelihood largest, by accelerated descent."""
    import numpy as np  # noqa: PLC0415 - likewise

    largest = float(np.linalg.norm(kernel, 2))
    step = 1.0 / (penalty + 0.5 * largest)
    factors = np.zeros_like(wanted)
    ahead, before = factors.copy(), factors
    for number in range(rounds):
        slope = weight[:, None] * (_softmax(kernel @ ahead + offset) - wanted) + penalty * ahead
        factors = ahead - step * slope
        ahead = factors + number / (number + 3) * (factors - before)
        before = factors
    return factors


def _matrix(examples: Sequence[Example]) -> tuple[dict[str, dict[str, tuple[int, float]]], Matrix]:
    """Rows of features, each group of each row scaled to the weight of the group."""
    import numpy as np  # noqa: PLC0415 - likewise

    vocabulary: dict[str, dict[str, tuple[int, float]]] = {}
    size = 0
    for group in GROUPS:
        counts = Counter(name for one in examples for name in one.features.get(group, ()))
        kept = sorted(name for name, count in counts.items() if count >= _RARE.get(group, 1))
        rarity = {name: math.log(1 + len(examples) / counts[name]) for name in kept}
        vocabulary[group] = {name: (size + at, rarity[name]) for at, name in enumerate(kept)}
        size += len(kept)
    matrix = np.zeros((len(examples), size))
    for row, one in enumerate(examples):
        for columns, values in _placed(one.features, vocabulary):
            matrix[row, columns] = values
    return vocabulary, matrix


def _placed(
    features: Features, vocabulary: Mapping[str, Mapping[str, tuple[int, float]]]
) -> Iterator[tuple[list[int], Matrix]]:
    """Columns and values of the features that are known, each group scaled to its weight."""
    import numpy as np  # noqa: PLC0415 - likewise

    for group, names in features.items():
        known = vocabulary.get(group, {})
        found = [known[name] for name in names if name in known]
        if found:
            values = np.array([value for _column, value in found])
            yield [column for column, _value in found], values * math.sqrt(GROUPS[group] / float(values @ values))


def _logarithms(labels: Sequence[str], prior: Mapping[str, float]) -> Matrix:
    import numpy as np  # noqa: PLC0415 - likewise

    return np.log(np.array([max(prior.get(label, _UNKNOWN), _LEAST) for label in labels]))


def _softmax(scores: Matrix) -> Matrix:
    import numpy as np  # noqa: PLC0415 - likewise

    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
