"""Which pieces of a change belong together.

Some belong together for certain: the lines of one definition, a definition that is new and what uses it, one that is
gone and what used it, code that moved. What is left is compared by the words that come and go, by the files that
earlier commits changed together, and by where it stands; the most alike are joined until nothing is alike enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal

from aura_git.commits.splitting_facts import Facts, Kind
from aura_git.commits.splitting_likeness import Cluster, Likeness, Weights, cluster_of, coupling_of

__all__ = ["Group", "GroupKind", "Weights", "coupling_of", "group_pieces", "needs_of"]

GroupKind = Literal["symbols", "feature", "docs", "dependencies", "formatting", "rename", "deleted", "tests", "build"]

_USED_WIDELY: Final = 12
"""A new name that so many pieces use joins none of them: it only has to come first."""
_MOST_COMPARED: Final = 160


@dataclass(slots=True)
class Group:
    """Pieces that go into one commit."""

    pieces: list[str]
    kind: GroupKind
    why: str = ""
    """What holds them together, in a few words."""


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
    clusters = [cluster_of(pieces, others) for pieces in sets.all()]
    if len(clusters) <= _MOST_COMPARED:
        _join_alike(clusters, Likeness(clusters, coupling or {}, set(old_words), weights), weights.join)
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


def _join_alike(clusters: list[Cluster], likeness: Likeness, enough: float) -> None:
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


def _by_folder(clusters: list[Cluster]) -> list[Cluster]:
    """For very large changes: by the folder that the most of a cluster lies in, and by what its files are for."""
    kept: dict[tuple[str, Kind], Cluster] = {}
    for cluster in clusters:
        folder = "/".join(min(cluster.paths).split("/")[:-1][:2])
        key = (folder, cluster.kinds.most_common(1)[0][0])
        if key in kept:
            kept[key].take(cluster)
        else:
            kept[key] = cluster
    return list(kept.values())


def _group(cluster: Cluster, facts: Mapping[str, Facts]) -> Group:
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
        why = f"defines and uses {_listed(new)}{_beside(members, new)}"
    elif not why:
        why = f"changes {_listed(touched)}" if touched else f"changes {_listed(sorted(cluster.paths))}"
    return Group(cluster.pieces, kind, why)


def _beside(members: list[Facts], new: list[str]) -> str:
    """What stands beside new names in a group because it is alike, and not because it uses them."""
    named = set(new)
    linked = {symbol for one in members if named & (one.defines | one.uses) for symbol in one.symbols}
    others = [
        one.shown or one.path.rpartition("/")[2]
        for one in members
        if not named & (one.defines | one.uses) and not linked & one.symbols
    ]
    return f"; beside it, as alike: {_listed(list(dict.fromkeys(others)))}" if others else ""


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
