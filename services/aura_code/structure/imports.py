"""What files import, who imports them, and where imports run in circles."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast

from aura_code.answers import visible
from aura_code.filters import PathFilter
from aura_code.structure.lookup import file_at
from aura_shared.errors import UnknownFile
from aura_shared.messages.structure import CyclesAnswer, FileImport, FindCycles, FindImports, ImportCycle, ImportsAnswer

if TYPE_CHECKING:
    from aura_code.structure.store import StructureReader

_MOST_MEMBERS: Final = 50
_CIRCULAR: Final = ("python", "javascript", "typescript", "tsx")
"""Languages in which a circle of imports is a problem; compilers of the others forbid it or do not care."""
_Severity = Literal["at import", "deferred", "types only"]
_SEVERITIES: Final[tuple[_Severity, ...]] = ("at import", "deferred", "types only")
_IMPORT: Final = (
    "SELECT f.path, i.line, i.module, i.name, coalesce(t.path, ''), i.typing_only, i.deferred FROM imports i "
    "JOIN files f ON f.id = i.file LEFT JOIN files t ON t.id = i.target_file "
)


def _file_import(row: tuple[object, ...]) -> FileImport:
    path, line, module, name, target, typing_only, deferred = cast("tuple[str, int, str, str, str, int, int]", row)
    return FileImport(
        path=visible(path),
        line=max(1, line),
        module=visible(module),
        name=visible(name),
        target=visible(target),
        typing_only=bool(typing_only),
        deferred=bool(deferred),
    )


def imports(store: StructureReader, request: FindImports) -> ImportsAnswer:
    """What a file imports and who imports it.

    Raises:
        UnknownFile: The analysis knows no such file.
    """
    file = file_at(store, request.path)
    if file is None:
        raise UnknownFile(f"The analysis knows no file {visible(request.path)!r}.")
    limit = request.limit
    rows = store.rows(f"{_IMPORT} WHERE i.file = ? AND i.module <> '' ORDER BY i.id LIMIT ?", (file.id, limit + 1))
    back = store.rows(
        f"{_IMPORT} WHERE i.target_file = ? AND i.file <> ? ORDER BY f.path, i.line LIMIT ?",
        (file.id, file.id, limit + 1),
    )
    own = [_file_import(row) for row in rows]
    return ImportsAnswer(
        path=visible(file.path),
        imports=own[:limit],
        imported_by=[_file_import(row) for row in back[:limit]],
        external=sorted({one.module for one in own if not one.target}),
        more=len(rows) > limit or len(back) > limit,
        reason="" if rows or back else "It imports nothing, and nothing imports it.",
    )


# -- cycles -----------------------------------------------------------------------------------------------------


class _Edge(NamedTuple):
    source: int
    target: int
    line: int
    module: str
    name: str
    level: int
    """0 while modules load, 1 inside a function, 2 for types only."""


Graph = Mapping[int, Mapping[int, _Edge]]


def cycles(store: StructureReader, request: FindCycles) -> CyclesAnswer:
    """Circles of imports by file: those at import first, the largest first.

    Raises:
        UsageProblem: A path is no glob.
    """
    edges = _edges(store)
    paths = dict(cast("list[tuple[int, str]]", store.rows("SELECT id, path FROM files")))
    passes = PathFilter(request.paths).passes
    found: list[ImportCycle] = []
    nearer: dict[int, int] = {}
    for level in range(_SEVERITIES.index(request.severity) + 1):
        graph = _graph(edges, level)
        groups = strongly_connected(graph)
        for group in groups:
            ring = _ring(graph, group, nearer, level)
            if ring and any(passes(paths[number]) for number in group):
                found.append(_cycle(ring, group, paths, _SEVERITIES[level]))
        nearer = {number: place for place, group in enumerate(groups) for number in group}
    found.sort(key=lambda one: (_SEVERITIES.index(one.severity), -one.size, one.files))
    return CyclesAnswer(
        cycles=found[: request.limit],
        total=len(found),
        more=len(found) > request.limit,
        reason="" if found else _why_no_cycle(edges),
    )


def _why_no_cycle(edges: Collection[_Edge]) -> str:
    return (
        "No files import one another in a circle."
        if edges
        else "There are no imports between files of Python, JavaScript or TypeScript; other languages are not judged."
    )


def _edges(store: StructureReader) -> list[_Edge]:
    marks = ", ".join("?" * len(_CIRCULAR))
    rows = store.rows(
        "SELECT i.file, i.target_file, i.line, i.module, i.name, i.typing_only, i.deferred FROM imports i "  # noqa: S608 - marks only
        f"JOIN files f ON f.id = i.file WHERE i.target_file IS NOT NULL AND f.language IN ({marks}) ORDER BY i.id",
        _CIRCULAR,
    )
    return [
        _Edge(source, target, line, module, name, 2 if typing_only else int(bool(deferred)))
        for source, target, line, module, name, typing_only, deferred in cast(
            "list[tuple[int, int, int, str, str, int, int]]", rows
        )
        if source != target
    ]


def _graph(edges: Iterable[_Edge], level: int) -> Graph:
    """The imports up to a level; between two files the earliest one that happens soonest."""
    graph: dict[int, dict[int, _Edge]] = defaultdict(dict)
    for edge in edges:
        if edge.level <= level:
            known = graph[edge.source].get(edge.target)
            if known is None or edge.level < known.level:
                graph[edge.source][edge.target] = edge
    return graph


class _Visit(NamedTuple):
    number: int
    rest: Iterator[int]


@dataclass(slots=True)
class _Search:
    graph: Mapping[int, Iterable[int]]
    order: dict[int, int] = field(default_factory=dict[int, int])
    low: dict[int, int] = field(default_factory=dict[int, int])
    waiting: list[int] = field(default_factory=list[int])
    on: set[int] = field(default_factory=set[int])
    groups: list[list[int]] = field(default_factory=list[list[int]])

    def enter(self, number: int) -> _Visit:
        self.order[number] = self.low[number] = len(self.order)
        self.waiting.append(number)
        self.on.add(number)
        return _Visit(number, iter(self.graph.get(number, ())))

    def leave(self, number: int, around: int | None) -> None:
        if self.low[number] == self.order[number]:
            place = self.waiting.index(number)
            group = self.waiting[place:]
            del self.waiting[place:]
            self.on.difference_update(group)
            if len(group) > 1:
                self.groups.append(sorted(group))
        if around is not None:
            self.low[around] = min(self.low[around], self.low[number])

    def run(self, start: int) -> None:
        path = [self.enter(start)]
        while path:
            visit = path[-1]
            child = next(visit.rest, None)
            if child is None:
                path.pop()
                self.leave(visit.number, path[-1].number if path else None)
            elif child not in self.order:
                path.append(self.enter(child))
            elif child in self.on:
                self.low[visit.number] = min(self.low[visit.number], self.order[child])


def strongly_connected(graph: Mapping[int, Iterable[int]]) -> list[list[int]]:
    """Groups of two or more nodes that all reach one another.

    Source:
        Tarjan (1972), "Depth-First Search and Linear Graph Algorithms", without recursion.
    """
    search = _Search(graph)
    for start in list(graph):
        if start not in search.order:
            search.run(start)
    return search.groups


def _ring(graph: Graph, group: list[int], nearer: Mapping[int, int], level: int) -> list[_Edge]:
    """The shortest circle in a group that only exists at this level; empty when there is none."""
    inside = set(group)
    best: list[_Edge] = []
    for number in group:
        for target, edge in graph.get(number, {}).items():
            known = nearer.get(number)
            old = known is not None and known == nearer.get(target)
            if target not in inside or edge.level != level or old:
                continue
            ring = [edge, *_way(graph, target, number, inside, len(best) - 1 if best else len(inside))]
            if ring[-1].target == number and (not best or len(ring) < len(best)):
                best = ring
        if len(best) == 2:
            break
    return best


def _way(graph: Graph, start: int, end: int, inside: set[int], most: int) -> list[_Edge]:
    """The shortest way between two nodes; empty when it would be longer than `most`."""
    came: dict[int, _Edge] = {}
    queue: deque[tuple[int, int]] = deque([(start, 0)])
    while queue:
        number, length = queue.popleft()
        if number == end:
            break
        if length >= most:
            continue
        for target, edge in graph.get(number, {}).items():
            if target in inside and target not in came and target != start:
                came[target] = edge
                queue.append((target, length + 1))
    way: list[_Edge] = []
    while end in came:
        way.append(came[end])
        end = came[end].source
    return way[::-1]


def _cycle(ring: list[_Edge], group: list[int], paths: Mapping[int, str], severity: _Severity) -> ImportCycle:
    first = min(range(len(ring)), key=lambda place: paths[ring[place].source])
    ring = ring[first:] + ring[:first]
    return ImportCycle(
        files=[visible(paths[edge.source]) for edge in ring],
        imports=[
            FileImport(
                path=visible(paths[edge.source]),
                line=max(1, edge.line),
                module=visible(edge.module),
                name=visible(edge.name),
                target=visible(paths[edge.target]),
                typing_only=edge.level == 2,
                deferred=edge.level == 1,
            )
            for edge in ring
        ],
        size=len(group),
        members=sorted(visible(paths[number]) for number in group)[:_MOST_MEMBERS],
        severity=severity,
    )
