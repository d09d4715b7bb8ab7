"""Which pieces of a change belong together.

Some belong together for certain: the lines of one definition, a definition that is new and what uses it, one that is
gone and what used it, code that moved. What is left is compared by the words that come and go, by the files that
earlier commits changed together, and by where it stands; the most alike are joined until nothing is alike enough.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import PurePosixPath
from typing import Final, Literal

from aura_git.commits.splitting_facts import Facts, Kind, stems_of
from aura_git.repository import Repository

__all__ = ["Group", "GroupKind", "Weights", "coupling_of", "group_pieces", "needs_of"]

GroupKind = Literal["symbols", "feature", "docs", "dependencies", "formatting", "rename", "deleted", "tests", "build"]

_ALONE: Final = frozenset({"docs", "dependencies", "build"})
_USED_WIDELY: Final = 12
"""A new name that so many pieces use joins none of them: it only has to come first."""
_MOST_COMPARED: Final = 160
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
class Group:
    """Pieces that go into one commit."""

    pieces: list[str]
    kind: GroupKind
    why: str = ""
    needs: dict[str, set[str]] = field(default_factory=dict[str, set[str]])


@dataclass(slots=True)
class _Cluster:
    """Pieces that are joined, with what they are compared by."""

    pieces: list[str]
    paths: set[str]
    kinds: Counter[Kind]
    words: Counter[str]
    added: set[str]
    names: set[str]

    def take(self, other: _Cluster) -> None:
        """Join another one to it."""
        self.pieces += other.pieces
        self.paths |= other.paths
        self.kinds += other.kinds
        self.words += other.words
        self.added |= other.added
        self.names |= other.names


class _Sets:
    """Disjoint sets of pieces."""

    def __init__(self, items: Iterable[str]) -> None:
        self._parent = {item: item for item in items}

    def find(self, item: str) -> str:
        """What stands for its set."""
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = self._parent[item]
        return item

    def join(self, items: Iterable[str]) -> None:
        """Make one set of theirs."""
        first, *rest = map(self.find, items) if items else [""]
        for other in rest:
            self._parent[self.find(other)] = self.find(first)

    def all(self) -> list[list[str]]:
        """The sets, in the order of their first items."""
        found: dict[str, list[str]] = defaultdict(list)
        for item in self._parent:
            found[self.find(item)].append(item)
        return list(found.values())


def group_pieces(
    facts: Mapping[str, Facts],
    *,
    coupling: Mapping[frozenset[str], float] | None = None,
    old_words: Iterable[str] = (),
    weights: Weights | None = None,
) -> list[Group]:
    """Pieces by what belongs together, in the order of their first pieces.

    Args:
        facts: Of every piece.
        coupling: How often two files changed together before, from 0 to 1.
        old_words: Words of the changed files as they were: others are new.
        weights: How much each sign says.
    """
    weights = weights or Weights()
    spaced = [name for name, one in facts.items() if one.formatting]
    others = {name: one for name, one in facts.items() if not one.formatting}
    sets = _Sets(others)
    for joined in _certain(others):
        sets.join(joined)
    clusters = [_cluster(pieces, others) for pieces in sets.all()]
    if len(clusters) <= _MOST_COMPARED:
        _join_alike(clusters, _Likeness(clusters, coupling or {}, set(old_words), weights), weights.join)
    else:
        clusters = _by_folder(clusters)
    groups = [_group(cluster, facts) for cluster in clusters]
    if spaced:
        groups.append(Group(spaced, "formatting", "only spacing and line breaks differ"))
    order = {name: number for number, name in enumerate(facts)}
    return sorted(groups, key=lambda group: min(order[name] for name in group.pieces))


def _certain(facts: Mapping[str, Facts]) -> Iterator[list[str]]:
    """Sets of pieces that belong together for certain."""
    by_symbol: dict[str, list[str]] = defaultdict(list)
    by_move: dict[str, list[str]] = defaultdict(list)
    for name, one in facts.items():
        for symbol in one.symbols:
            by_symbol[symbol].append(name)
        for moved in one.moves:
            by_move[moved].append(name)
    yield from (names for names in by_symbol.values() if len(names) > 1)
    yield from (names for names in by_move.values() if 1 < len(names) <= _USED_WIDELY)
    for name, others in (*_users(facts).items(), *_former_users(facts).items()):
        if len(others) < _USED_WIDELY:
            yield [name[0], *others]
    by_kind: dict[Kind, list[str]] = defaultdict(list)
    for name, one in facts.items():
        if one.kind == "dependencies":
            by_kind[one.kind].append(name)
    yield from (names for names in by_kind.values() if len(names) > 1)


def _users(facts: Mapping[str, Facts]) -> dict[tuple[str, str], list[str]]:
    """Piece and name that it newly defines, with the other pieces of code that use the name."""
    defined = [(name, new) for name, one in facts.items() for new in one.defines]
    return {
        (name, new): [other for other, one in facts.items() if other != name and new in one.uses and _is_code(one)]
        for name, new in defined
    }


def _former_users(facts: Mapping[str, Facts]) -> dict[tuple[str, str], list[str]]:
    """Piece and name that goes with it, with the other pieces of code that do not use the name any more."""
    removed = [(name, gone) for name, one in facts.items() for gone in one.removes]
    return {
        (name, gone): [
            other
            for other, one in facts.items()
            if other != name and gone in one.drops and gone not in one.uses and _is_code(one)
        ]
        for name, gone in removed
    }


def _is_code(one: Facts) -> bool:
    return one.kind in {"code", "tests"}


def needs_of(facts: Mapping[str, Facts]) -> list[tuple[str, str, str]]:
    """What has to come before what, by pieces: earlier, later, and the name because of which.

    A name has to be defined before it is used, and be used no more before its definition goes.
    """
    found = [(name, user, new) for (name, new), users in _users(facts).items() for user in users]
    return found + [(user, name, gone) for (name, gone), users in _former_users(facts).items() for user in users]


def _cluster(pieces: list[str], facts: Mapping[str, Facts]) -> _Cluster:
    members = [facts[name] for name in pieces]
    words: Counter[str] = Counter()
    for one in members:
        words.update(one.changed)
    return _Cluster(
        pieces,
        {one.path for one in members},
        Counter(one.kind for one in members),
        words,
        {word for one in members if _is_code(one) for word in one.uses},
        {symbol.rpartition("::")[2].rpartition(".")[2] for one in members for symbol in one.symbols},
    )


class _Likeness:
    """How alike two clusters are."""

    def __init__(
        self,
        clusters: list[_Cluster],
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

    def __call__(self, one: _Cluster, other: _Cluster) -> float:
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
    def _apart(one: _Cluster, other: _Cluster) -> bool:
        """Documentation, dependencies and set-up stay apart from code that they share no file with."""
        mine, theirs = one.kinds.most_common(1)[0][0], other.kinds.most_common(1)[0][0]
        return mine != theirs and bool({mine, theirs} & {"dependencies"})

    def _words(self, one: _Cluster, other: _Cluster) -> float:
        shared = sum(self._rarity[word] ** 2 for word in one.words.keys() & other.words.keys())
        if not shared:
            return 0.0
        sizes = [math.sqrt(sum(self._rarity[word] ** 2 for word in each.words)) for each in (one, other)]
        return shared / (sizes[0] * sizes[1])

    def _fresh(self, one: _Cluster, other: _Cluster) -> float:
        fresh = (one.added & other.added) - self._old
        return min(1.0, sum(0.5 if "_" in word or not word.islower() else 0.25 for word in fresh))

    @staticmethod
    def _folders(one: _Cluster, other: _Cluster) -> float:
        mine, theirs = ({PurePosixPath(path).parent for path in each.paths} for each in (one, other))
        return 1.0 if mine & theirs else 0.0

    def _coupled(self, one: _Cluster, other: _Cluster) -> float:
        pairs = [self._coupling.get(frozenset({a, b}), 0.0) for a in one.paths for b in other.paths if a != b]
        return max(pairs, default=0.0)

    @staticmethod
    def _stems(one: _Cluster, other: _Cluster) -> float:
        if ("tests" in one.kinds) == ("tests" in other.kinds):
            return 0.0
        mine, theirs = ({stem for path in each.paths for stem in stems_of(path)} for each in (one, other))
        tested = one.names if "tests" not in one.kinds else other.names
        testing = (other if "tests" not in one.kinds else one).words
        return 1.0 if mine & theirs else 0.6 if any(name in testing for name in tested) else 0.0


def _join_alike(clusters: list[_Cluster], likeness: _Likeness, enough: float) -> None:
    """Join the two that are most alike, again and again, while they are alike enough."""
    alike = {(id(a), id(b)): likeness(a, b) for a, b in combinations(clusters, 2)}
    while len(clusters) > 1:
        a, b = max(combinations(clusters, 2), key=lambda pair: alike[id(pair[0]), id(pair[1])])
        if alike[id(a), id(b)] < enough:
            return
        clusters.remove(b)
        a.take(b)
        for other in clusters:
            if other is not a:
                ordered = (a, other) if clusters.index(a) < clusters.index(other) else (other, a)
                alike[id(ordered[0]), id(ordered[1])] = likeness(a, other)


def _by_folder(clusters: list[_Cluster]) -> list[_Cluster]:
    """For very large changes: by the folder that the most of a cluster lies in, and by what its files are for."""
    kept: dict[tuple[str, Kind], _Cluster] = {}
    for cluster in clusters:
        folder = "/".join(min(cluster.paths).split("/")[:-1][:2])
        key = (folder, cluster.kinds.most_common(1)[0][0])
        if key in kept:
            kept[key].take(cluster)
        else:
            kept[key] = cluster
    return list(kept.values())


def _group(cluster: _Cluster, facts: Mapping[str, Facts]) -> Group:
    members = [facts[name] for name in cluster.pieces]
    kind = _kind_of(members)
    new = sorted({name for one in members for name in one.defines})
    touched = sorted({one.shown for one in members if one.shown})
    why = {
        "docs": "documentation",
        "dependencies": "dependencies and their lock files",
        "build": "set-up and build",
        "tests": "tests",
        "rename": "files that get another name",
        "deleted": "files that go",
    }.get(kind, "")
    if new and kind in {"feature", "symbols"}:
        why = f"defines and uses {_listed(new)}"
    elif not why:
        why = f"changes {_listed(touched)}" if touched else f"changes {_listed(sorted(cluster.paths))}"
    return Group(cluster.pieces, kind, why)


def _kind_of(members: list[Facts]) -> GroupKind:
    kinds = {one.kind for one in members}
    if all(one.piece.whole and not one.piece.new for one in members):
        return "deleted"
    if len(kinds) == 1 and (only := next(iter(kinds))) in {"docs", "dependencies", "build", "tests"}:
        return only  # pyright: ignore[reportReturnType] - narrowed by the set
    return "feature" if any(one.defines for one in members) else "symbols"


def _listed(names: list[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


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
