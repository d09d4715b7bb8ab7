"""Makes the table of what types are expected of a change, from the histories of many repositories.

usage: python tests/bench/git_type_weights.py REPOSITORY... > services/aura_git/commits/type_weights.json

Multinomial logistic regression over the groups of features that mean the same everywhere. Each repository has a
start of its own beside the common one, so that one that writes `chore` for nearly all does not bend the weights; only
the common part is kept. Commits are the newest 560 conventional ones that people wrote for changes of their own (no
merge, bot, release or dependency bump). A feature has to occur in enough repositories. The same histories give the same
table.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aura_git.commits.expecting import EXPECTED_GROUPS
from aura_git.commits.features import Features, features_of
from aura_git.commits.history import is_ordinary, list_commits, read_patches
from aura_git.commits.rules import TYPES
from aura_git.repository import open_repository

COMMITS = 560
LISTED = 6000
MEANS = {"doc": "docs", "tests": "test", "feature": "feat", "bugfix": "fix", "deps": "build", "types": "fix"}
REPOSITORIES = 5
"""How many need a feature, so that it counts."""
PENALTY = 3.0
PENALTY_OF_STARTS = 2.0
ROUNDS = 400

Matrix = NDArray[np.float32]


def examples_of(folder: Path) -> list[tuple[Features, str]]:
    """What was seen of each change of a repository, and its type."""
    repository = open_repository(folder)
    types: dict[str, str] = {}
    for one in list_commits(repository, most=LISTED):
        name = one.header.type.lower()
        if is_ordinary(one) and MEANS.get(name, name) in TYPES and len(types) < COMMITS:
            types[one.hash] = MEANS.get(name, name)
    return [(features_of(patch), types[name]) for name, patch in read_patches(repository, list(types))]


def common_features(histories: Sequence[Sequence[tuple[Features, str]]]) -> list[tuple[str, str]]:
    """Group and name of the features that enough repositories have."""
    found: dict[tuple[str, str], set[int]] = defaultdict(set)
    for number, history in enumerate(histories):
        for features, _type in history:
            for group in EXPECTED_GROUPS:
                for name in features.get(group, ()):
                    found[group, name].add(number)
    return sorted(one for one, where in found.items() if len(where) >= REPOSITORIES)


def fit(seen: Matrix, wanted: Matrix, penalty: Matrix) -> Matrix:
    """Weights that make the penalised likelihood largest, by accelerated descent; one column for each type."""
    weights = np.zeros((seen.shape[1], wanted.shape[1]), dtype=np.float32)
    vector = np.ones(seen.shape[1], dtype=np.float32)
    for _ in range(30):
        vector = seen.T @ (seen @ vector)
        vector /= np.linalg.norm(vector)
    step = 1 / (0.5 * float(np.linalg.norm(seen.T @ (seen @ vector))) + float(penalty.max()))
    ahead, before = weights.copy(), weights
    for number in range(ROUNDS):
        score = seen @ ahead
        raised = np.exp(score - score.max(axis=1, keepdims=True))
        slope = seen.T @ (raised / raised.sum(axis=1, keepdims=True) - wanted) + penalty[:, None] * ahead
        weights = ahead - step * slope
        ahead = weights + number / (number + 3) * (weights - before)
        before = weights
    return weights


def make_table(histories: Sequence[Sequence[tuple[Features, str]]]) -> dict[str, object]:
    """The table, in hundredths."""
    names = common_features(histories)
    columns = {one: at + 1 for at, one in enumerate(names)}
    count = sum(map(len, histories))
    seen = np.zeros((count, 1 + len(names) + len(histories)), dtype=np.float32)
    wanted = np.zeros((count, len(TYPES)), dtype=np.float32)
    seen[:, 0] = 1
    row = 0
    for number, history in enumerate(histories):
        for features, name in history:
            at = [
                columns[group, one] for group in EXPECTED_GROUPS for one in features[group] if (group, one) in columns
            ]
            seen[row, at] = 1
            seen[row, 1 + len(names) + number] = 1
            wanted[row, TYPES.index(name)] = 1
            row += 1
    penalty = np.full(seen.shape[1], PENALTY, dtype=np.float32)
    penalty[0], penalty[1 + len(names) :] = 0.01, PENALTY_OF_STARTS
    hundredths = np.rint(100 * fit(seen, wanted, penalty)).astype(int).tolist()
    weights: dict[str, dict[str, list[int]]] = {group: {} for group in EXPECTED_GROUPS}
    for (group, name), at in columns.items():
        weights[group][name] = hundredths[at]
    return {"types": list(TYPES), "start": hundredths[0], "weights": weights}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", type=Path)
    histories = [examples_of(one) for one in parser.parse_args().repositories]
    print(f"{len(histories)} repositories, {sum(map(len, histories))} commits", file=sys.stderr)
    text = json.dumps(make_table(histories), separators=(",", ":"))
    print(text.replace('],"', '],\n"'))


if __name__ == "__main__":
    main()
