"""The map of a project: signatures ranked by who refers to them, within a budget of tokens."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, cast

import numpy as np

from aura_code.answers import TOKEN_BYTES, visible
from aura_code.structure.ranking import DefinitionGraph, definition_graph, personal_rank
from aura_code.structure.store import StructureReader
from aura_code.views import View
from aura_shared.messages.code import Freshness, SymbolKind
from aura_shared.messages.insight import MapEntry, MapSymbols, SymbolMapAnswer

SHOWN_KINDS: Final = (
    "class", "interface", "trait", "struct", "enum", "type", "function", "method", "constructor", "macro", "property",
)  # fmt: skip
_MOST_RANKED: Final = 4000
_LEAST_LINE: Final = 20  # Bytes of a short signature.
_MOST_SIGNATURE: Final = 120  # Characters; what follows are the last of many parameters.
_IN_TEST: Final = 0.02  # Tests are on the map only when they are in focus.
_PRIVATE: Final = 0.4
_KEPT: Final = 3  # Graphs; one of a million lines has 40 MB.


class _Chosen(NamedTuple):
    path: str
    line: int
    name: str
    kind: str
    weight: float
    file: int


@dataclass(slots=True)
class Graphs:
    """The graphs of the projects asked about last, each as long as its structure does not change."""

    known: OrderedDict[Path, tuple[tuple[int, ...], DefinitionGraph]] = field(
        default_factory=OrderedDict[Path, "tuple[tuple[int, ...], DefinitionGraph]"]
    )
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, file: Path, reader: StructureReader) -> DefinitionGraph:
        """The graph of a project's structure."""
        state = _state(file)
        with self.lock:
            known = self.known.get(file)
            if known is not None and known[0] == state:
                self.known.move_to_end(file)
                return known[1]
        graph = definition_graph(reader)
        with self.lock:
            self.known[file] = (state, graph)
            while len(self.known) > _KEPT:
                self.known.popitem(last=False)
        return graph


def _state(file: Path) -> tuple[int, ...]:
    """What changes whenever a database is written."""
    found: list[int] = []
    for name in (file.name, f"{file.name}-wal"):
        try:
            status = file.with_name(name).stat()
        except FileNotFoundError:
            continue
        found += [status.st_mtime_ns, status.st_size]
    return tuple(found)


def draw_map(
    view: View, reader: StructureReader, graph: DefinitionGraph, request: MapSymbols, answering: Sequence[str] = ()
) -> SymbolMapAnswer:
    """The most important definitions whose signatures fit into the budget.

    Args:
        view: The index, for signatures.
        reader: The structure.
        graph: Its graph.
        request: Budget and focus.
        answering: Files that answer the query of the request, best first.
    """
    focus = _focus(reader, graph, request.focus, answering)
    most_lines = min(_MOST_RANKED, request.budget * TOKEN_BYTES // _LEAST_LINE)
    chosen = _ranked(reader, graph, personal_rank(graph, focus), focus, most_lines)
    freshness = Freshness(generation=view.generation)
    if not chosen:
        return SymbolMapAnswer(freshness=freshness, reason="No file has definitions that Aura can follow.")
    signatures = Signatures(view)
    low, high = 0, len(chosen)
    most = request.budget * TOKEN_BYTES
    while low < high:  # The longest part of the ranking that fits.
        middle = (low + high + 1) // 2
        if len(_text(chosen[:middle], signatures).encode("utf-8", "replace")) <= most:
            low = middle
        else:
            high = middle - 1
    shown = _in_order(chosen[:low])
    text = _text(chosen[:low], signatures)
    return SymbolMapAnswer(
        entries=[
            MapEntry(
                path=visible(one.path),
                line=max(1, one.line),
                name=visible(one.name),
                kind=cast("SymbolKind", one.kind),
                signature=signatures.of(one),
                weight=one.weight,
            )
            for one in shown
        ],
        text=text,
        tokens=-(-len(text.encode("utf-8", "replace")) // TOKEN_BYTES),
        definitions=len(graph.symbols),
        more=low < len(chosen),
        freshness=freshness,
        reason="" if shown else "The budget is too small for a single signature.",
    )


def _focus(
    reader: StructureReader, graph: DefinitionGraph, paths: Sequence[str], answering: Sequence[str]
) -> Mapping[int, float]:
    weights: dict[int, float] = {}
    for path in paths:
        weights |= dict.fromkeys(_files_at(reader, path.strip("/").removeprefix("./")), 1.0)
    for place, path in enumerate(dict.fromkeys(answering)):
        for file in _files_at(reader, path):
            weights[file] = max(weights.get(file, 0.0), 1.0 / (place + 1))
    nodes: dict[int, float] = {}
    for file, weight in weights.items():
        for node in graph.nodes_in({file}).tolist():
            nodes[node] = weight
    return nodes


def _files_at(reader: StructureReader, path: str) -> list[int]:
    rows = reader.rows(
        "SELECT id FROM files WHERE path = ? OR substr(path, 1, ?) = ?", (path, len(path) + 1, f"{path}/")
    )
    return [cast("int", row[0]) for row in rows]


def _ranked(
    reader: StructureReader,
    graph: DefinitionGraph,
    rank: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    focus: Mapping[int, float],
    most: int,
) -> list[_Chosen]:
    """The best definitions, best first; equal ones by their places, so that two runs agree."""
    count = len(graph.symbols)
    order = np.argsort(-rank[:count], kind="stable")[: 4 * most]
    marks = ",".join(map(str, graph.symbols[order].tolist()))
    query = (  # Only numbers are put in.
        "SELECT s.id, f.path, s.line, s.qualified, s.kind, s.public, f.is_test, s.file FROM symbols s "  # noqa: S608
        "JOIN files f ON f.id = s.file LEFT JOIN symbols p ON p.id = s.parent "
        f"WHERE s.id IN ({marks}) AND coalesce(p.kind, '') NOT IN ('function', 'method', 'constructor')"
    )
    place_of = {int(graph.symbols[node]): int(node) for node in order.tolist()}
    found: list[_Chosen] = []
    for number, path, line, name, kind, public, is_test, file in reader.rows(query):
        if kind not in SHOWN_KINDS:
            continue
        node = place_of[cast("int", number)]
        weight = float(rank[node])
        if is_test and node not in focus:
            weight *= _IN_TEST
        if not public:
            weight *= _PRIVATE
        found.append(
            _Chosen(
                cast("str", path), cast("int", line), cast("str", name), cast("str", kind), round(weight, 12),
                cast("int", file),
            )
        )  # fmt: skip
    found.sort(key=lambda one: (-one.weight, one.path, one.line, one.name))
    return found[:most]


class Signatures:
    """Declarations as the index has them, one file at a time."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._known: dict[str, list[tuple[int, int, str, str]]] = {}
        self._found: dict[tuple[str, int, str], str] = {}

    def of(self, one: _Chosen) -> str:
        """The declaration of a definition in one line."""
        return self.at(one.path, one.line, one.name, one.kind)

    def at(self, path: str, line: int, qualified: str, kind: str) -> str:
        """The declaration of what is defined at a place."""
        key = (path, line, qualified)
        known = self._found.get(key)
        if known is None:
            known = self._found[key] = self._look(path, line, qualified.rpartition(".")[2], kind)
        return known

    def _look(self, path: str, line: int, short: str, kind: str) -> str:
        best = ""
        width = 1 << 30
        for first, last, name, signature in self._file(path):
            if name == short and first <= line <= last and last - first < width and signature:
                best, width = signature, last - first
        best = best.partition(": #")[0]
        if len(best) > _MOST_SIGNATURE:
            best = best[: _MOST_SIGNATURE - 1].rstrip(" ,") + "…"
        return visible(best) or visible(f"{kind} {short}")

    def _file(self, path: str) -> list[tuple[int, int, str, str]]:
        if path not in self._known:
            found = self._view.find_file(path)
            facts: list[tuple[int, int, str, str]] = []
            if found is not None:
                segment = self._view.parts[found.part].segment
                for number in segment.symbols_of(found.file):
                    fact = segment.symbol(number)
                    facts.append((fact.start_line, fact.end_line, fact.name, fact.signature))
            self._known[path] = facts
        return self._known[path]


def _in_order(chosen: Sequence[_Chosen]) -> list[_Chosen]:
    """By file, the most important one first; within a file by line."""
    totals: dict[str, float] = defaultdict(float)
    for one in chosen:
        totals[one.path] += one.weight
    return sorted(chosen, key=lambda one: (-round(totals[one.path], 12), one.path, one.line, one.name))


def _text(chosen: Sequence[_Chosen], signatures: Signatures) -> str:
    lines: list[str] = []
    path = None
    for one in _in_order(chosen):
        if one.path != path:
            path = one.path
            lines.append(f"{visible(path)}:")
        indent = "  " * (one.name.count(".") + 1)
        lines.append(f"{indent}{signatures.of(one)}  # {one.line}")
    return "\n".join(lines)
