"""How alike two parts of a change are: by words, by files that changed together before, by place, by test and code."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import PurePosixPath
from typing import Final

from aura_git.commits.splitting_facts import Facts, Kind, stems_of
from aura_git.repository import Repository

__all__ = ["Cluster", "Likeness", "Weights", "cluster_of", "coupling_of"]

_HISTORY: Final = 400
_MOST_FILES_OF_COMMIT: Final = 30


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each sign says, and from which sum on two groups are joined; set on squashed pairs of real commits."""

    same_file: float = 0.65
    fresh: float = 4.2
    words: float = 3.0
    folder: float = 0.26
    coupled: float = 0.65
    stem: float = 0.5
    join: float = 0.375


@dataclass(slots=True)
class Cluster:
    """Pieces that are joined, with what they are compared by."""

    pieces: list[str]
    paths: set[str]
    kinds: Counter[Kind]
    words: Counter[str]
    added: set[str]
    names: set[str]

    def take(self, other: Cluster) -> None:
        """Join another one to it."""
        self.pieces += other.pieces
        self.paths |= other.paths
        self.kinds += other.kinds
        self.words += other.words
        self.added |= other.added
        self.names |= other.names


def cluster_of(pieces: list[str], facts: Mapping[str, Facts]) -> Cluster:
    """Pieces as one cluster."""
    members = [facts[name] for name in pieces]
    words: Counter[str] = Counter()
    for one in members:
        words.update(one.changed)
    return Cluster(
        pieces,
        {one.path for one in members},
        Counter(one.kind for one in members),
        words,
        {word for one in members if one.kind in {"code", "tests"} for word in one.uses},
        {symbol.rpartition("::")[2].rpartition(".")[2] for one in members for symbol in one.symbols},
    )


class Likeness:
    """How alike two clusters are."""

    def __init__(
        self,
        clusters: Sequence[Cluster],
        coupling: Mapping[frozenset[str], float],
        old_words: set[str],
        weights: Weights,
    ) -> None:
        seen = Counter(word for cluster in clusters for word in cluster.words)
        count = len(clusters)
        self._rarity = {word: math.log((count + 1) / times) for word, times in seen.items()}
        self._coupling = coupling
        self._old = old_words
        self._weights = weights

    def __call__(self, one: Cluster, other: Cluster) -> float:
        """A sum of signs; what is at least `Weights.join` belongs together."""
        weights = self._weights
        if self._apart(one, other):
            return 0.0
        alike = weights.words * self._words(one, other)
        alike += weights.fresh * self._fresh(one, other)
        alike += weights.same_file * bool(one.paths & other.paths)
        alike += weights.folder * self._folders(one, other)
        alike += weights.coupled * self._coupled(one, other)
        return alike + weights.stem * self._stems(one, other)

    @staticmethod
    def _apart(one: Cluster, other: Cluster) -> bool:
        """Documentation, dependencies and set-up stay apart from code that they share no file with."""
        mine, theirs = one.kinds.most_common(1)[0][0], other.kinds.most_common(1)[0][0]
        return mine != theirs and bool({mine, theirs} & {"dependencies"})

    def _words(self, one: Cluster, other: Cluster) -> float:
        shared = sum(self._rarity[word] ** 2 for word in one.words.keys() & other.words.keys())
        if not shared:
            return 0.0
        sizes = [math.sqrt(sum(self._rarity[word] ** 2 for word in each.words)) for each in (one, other)]
        return shared / (sizes[0] * sizes[1])

    def _fresh(self, one: Cluster, other: Cluster) -> float:
        fresh = (one.added & other.added) - self._old
        return min(1.0, sum(0.5 if "_" in word or not word.islower() else 0.25 for word in fresh))

    @staticmethod
    def _folders(one: Cluster, other: Cluster) -> float:
        mine, theirs = ({PurePosixPath(path).parent for path in each.paths} for each in (one, other))
        return 1.0 if mine & theirs else 0.0

    def _coupled(self, one: Cluster, other: Cluster) -> float:
        pairs = [self._coupling.get(frozenset({a, b}), 0.0) for a in one.paths for b in other.paths if a != b]
        return max(pairs, default=0.0)

    @staticmethod
    def _stems(one: Cluster, other: Cluster) -> float:
        if ("tests" in one.kinds) == ("tests" in other.kinds):
            return 0.0
        mine, theirs = ({stem for path in each.paths for stem in stems_of(path)} for each in (one, other))
        tested = one.names if "tests" not in one.kinds else other.names
        testing = (other if "tests" not in one.kinds else one).words
        return 1.0 if mine & theirs else 0.6 if any(name in testing for name in tested) else 0.0


def coupling_of(repository: Repository, paths: Iterable[str], start: str) -> dict[frozenset[str], float]:
    """How often two files changed in the same commits, among the last 400 up to `start`: 0 to 1, from two times on."""
    wanted = set(paths)
    newest = repository.git.find_commit(start)
    if len(wanted) < 2 or newest is None:
        return {}
    listed = repository.git.read(
        *("log", "--no-merges", f"--max-count={_HISTORY}", "--format=%x01", "--name-only", "-z", newest)
    ).out
    alone: Counter[str] = Counter()
    together: Counter[frozenset[str]] = Counter()
    for record in listed.decode(errors="surrogateescape").split("\x01"):
        names = {name.lstrip("\n") for name in record.split("\0")} - {""}
        known = sorted(names & wanted)
        if not known or len(names) > _MOST_FILES_OF_COMMIT:
            continue
        alone.update(known)
        together.update(frozenset(pair) for pair in combinations(known, 2))
    return {
        pair: times / min(alone[name] for name in pair) * min(1.0, times / 4)
        for pair, times in together.items()
        if times > 1
    }
