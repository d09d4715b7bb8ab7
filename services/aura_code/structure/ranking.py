"""The graph of who refers to whom, and how important that makes each definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from aura_code.structure.store import LIKELY

if TYPE_CHECKING:
    from aura_code.structure.store import StructureReader

Numbers: TypeAlias = NDArray[np.int64]
Weights: TypeAlias = NDArray[np.float64]

_DAMPING: Final = 0.85  # Page et al. (1999).
_ROUNDS: Final = 30  # 0.85 ** 30 = 0.008: the order of the first thousand no longer changes.
_IMPORT: Final = 3
_IN_TESTS: Final = 0.2  # A hundred tests of one function say less of it than ten callers.


@dataclass(frozen=True, slots=True)
class DefinitionGraph:
    """Definitions, then files, as nodes; an edge leads from what uses to what is used.

    Node `i` is definition `symbols[i]` for `i < len(symbols)`, else the top of file `files[i - len(symbols)]`.
    """

    symbols: Numbers
    """Numbers of definitions in the store, ascending."""
    files: Numbers
    """Numbers of files in the store, ascending."""
    file_of: Numbers
    """For each node the place of its file in `files`."""
    sources: Numbers
    """For each edge the node that uses."""
    targets: Numbers
    """For each edge the node that is used."""
    weights: Weights
    """For each edge how much it says: 1 + log(uses), halved when likely, a fifth in tests."""

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self.symbols) + len(self.files)

    def nodes_in(self, files: set[int]) -> Numbers:
        """The nodes of some files of the store."""
        wanted = np.isin(self.files, np.fromiter(files, dtype=np.int64, count=len(files)))
        return np.flatnonzero(wanted[self.file_of])


def definition_graph(store: StructureReader) -> DefinitionGraph:
    """The graph of a project: 0.7 CPU-s for a million lines, so keep it while the store does not change."""
    symbol_rows = np.array(store.rows("SELECT id, file FROM symbols ORDER BY id") or [(0, 0)][:0], dtype=np.int64)
    symbol_rows = symbol_rows.reshape(-1, 2)
    file_rows = np.array(store.rows("SELECT id, is_test FROM files ORDER BY id") or [(0, 0)][:0], dtype=np.int64)
    file_rows = file_rows.reshape(-1, 2)
    uses = store.rows(
        "SELECT coalesce(scope, -file), target, count(*), max(confidence) FROM uses "
        "WHERE target IS NOT NULL AND confidence >= ? AND kind <> ? GROUP BY target, file, scope",
        (LIKELY, _IMPORT),
    )
    edges = np.array(uses or [(0, 0, 0, 0)][:0], dtype=np.int64).reshape(-1, 4)
    symbols, files = symbol_rows[:, 0], file_rows[:, 0]
    file_of = np.concatenate([np.searchsorted(files, symbol_rows[:, 1]), np.arange(len(files))])
    sources = np.where(
        edges[:, 0] > 0,
        np.searchsorted(symbols, edges[:, 0]),
        len(symbols) + np.searchsorted(files, -edges[:, 0]),
    )
    targets = np.searchsorted(symbols, edges[:, 1])
    weights = (1.0 + np.log(np.maximum(edges[:, 2], 1))) * np.where(edges[:, 3] > LIKELY, 1.0, 0.5)
    in_tests = file_rows[:, 1].astype(np.bool_)
    if len(sources):
        weights *= np.where(in_tests[file_of[sources]], _IN_TESTS, 1.0)
    other = sources != targets
    return DefinitionGraph(symbols, files, file_of, sources[other], targets[other], weights[other])


def personal_rank(graph: DefinitionGraph, focus: Mapping[int, float] | None = None) -> Weights:
    """The rank of each node, which add up to 1.

    Args:
        graph: The graph.
        focus: Nodes that one works on, with weights; everything that they refer to ranks higher. Without it all
            nodes count the same.

    Source:
        Page, Brin, Motwani, Winograd (1999), "The PageRank Citation Ranking"; Haveliwala (2002), "Topic-Sensitive
        PageRank", for the focus.
    """
    count = graph.nodes
    if not count:
        return np.empty(0, dtype=np.float64)
    start = np.zeros(count)
    for node, weight in (focus or {}).items():
        start[node] = weight
    start = start / start.sum() if start.sum() > 0 else np.full(count, 1.0 / count)
    given = np.bincount(graph.sources, weights=graph.weights, minlength=count)
    shares = graph.weights / given[graph.sources] if len(graph.sources) else graph.weights
    leaf = given == 0
    rank = start.copy()
    for _ in range(_ROUNDS):
        flow = np.bincount(graph.targets, weights=rank[graph.sources] * shares, minlength=count)
        rank = (1.0 - _DAMPING) * start + _DAMPING * (flow + float(rank[leaf].sum()) * start)
    return cast("Weights", rank / rank.sum())
