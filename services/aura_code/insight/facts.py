"""What a report says about a project, gathered once for Markdown and for the page with pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import numpy as np

from aura_code.findings.answering import list_findings, summarise_findings
from aura_code.history import read_history
from aura_code.places import read_place
from aura_code.structure.entries import entry_points
from aura_code.structure.imports import cycles
from aura_code.structure.store import StructureReader
from aura_shared.messages.findings import FindingsAnswer, FindingsSummary, ListFindings, SummariseFindings
from aura_shared.messages.gaps import DependenciesAnswer, FindGaps, GapsAnswer, ScanDependencies
from aura_shared.messages.insight import FindHotspots, HotspotsAnswer, MapSymbols, SymbolMapAnswer
from aura_shared.messages.structure import CyclesAnswer, EntryPointsAnswer, FindCycles, FindEntryPoints

if TYPE_CHECKING:
    from aura_code.insight.desk import Desk

MONTHS: Final = 12
_FUNCTIONS: Final = "('function', 'method')"
_FOLDER_LEVELS: Final = 3
_MOST_FOLDERS: Final = 24


class FileSize(NamedTuple):
    """A file on the treemap."""

    path: str
    lines: int
    complexity: int


class FolderLink(NamedTuple):
    """Imports from one folder to another."""

    source: str
    target: str
    imports: int


class Convention(NamedTuple):
    """Something that the code does as a habit, measured."""

    name: str
    share: float
    """In [0, 1]."""
    of: int
    """How many places were counted."""


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    """Everything that a report shows."""

    name: str
    made: str
    """Date, UTC."""
    files: int
    lines: int
    languages: list[tuple[str, int, int]]
    """Language, files, lines; most lines first."""
    folders: list[tuple[str, int, int]]
    """Folder at the top, files, lines."""
    sizes: list[FileSize]
    links: list[FolderLink]
    months: list[str]
    activity: list[tuple[str, list[int]]]
    """For the hottest files the commits in each of `months`."""
    symbols: SymbolMapAnswer
    entries: EntryPointsAnswer
    hotspots: HotspotsAnswer
    cycles: CyclesAnswer
    summary: FindingsSummary
    risks: FindingsAnswer
    gaps: GapsAnswer
    dependencies: DependenciesAnswer
    conventions: list[Convention]


def gather(desk: Desk, project: str, answer: Gathering) -> ProjectFacts:
    """Ask everything that the report needs."""
    with desk.structure() as reader:
        complexity = reader.complexities()
        links = _links(reader)
        conventions = _conventions(reader)
        entries = entry_points(reader, desk.root, FindEntryPoints(project=project, limit=15))
        circles = cycles(reader, FindCycles(project=project, limit=8))
    sizes, languages, folders = _sizes(desk, complexity)
    with desk.findings() as found:
        summary = summarise_findings(found, SummariseFindings(project=project, top=12), desk.baseline)
        wanted = ListFindings(project=project, levels=["error", "warning"], limit=15)
        risks = list_findings(found, wanted, desk.baseline)
    hotspots = answer.hotspots(desk, FindHotspots(project=project, limit=15))
    months, activity = _activity(desk.root, [spot.path for spot in hotspots.hotspots])
    return ProjectFacts(
        name=desk.root.name,
        made=datetime.now(UTC).date().isoformat(),
        files=sum(files for _, files, _ in languages),
        lines=sum(lines for _, _, lines in languages),
        languages=languages,
        folders=folders,
        sizes=sizes,
        links=links,
        months=months,
        activity=activity,
        symbols=answer.symbols(desk, MapSymbols(project=project, budget=900)),
        entries=entries,
        hotspots=hotspots,
        cycles=circles,
        summary=summary,
        risks=risks,
        gaps=answer.gaps(desk, FindGaps(project=project, limit=10, places=3)),
        dependencies=answer.dependencies(desk, ScanDependencies(project=project)),
        conventions=conventions,
    )


class Gathering(NamedTuple):
    """The answers of other questions, which the report is made of."""

    hotspots: Callable[[Desk, FindHotspots], HotspotsAnswer]
    symbols: Callable[[Desk, MapSymbols], SymbolMapAnswer]
    gaps: Callable[[Desk, FindGaps], GapsAnswer]
    dependencies: Callable[[Desk, ScanDependencies], DependenciesAnswer]


def _sizes(
    desk: Desk, complexity: dict[str, int]
) -> tuple[list[FileSize], list[tuple[str, int, int]], list[tuple[str, int, int]]]:
    by_language: dict[str, list[int]] = {}
    by_folder: dict[str, list[int]] = {}
    sizes: list[FileSize] = []
    for part in desk.index.view.parts:
        segment = part.segment
        for file in np.flatnonzero(part.alive & (segment.file_skip == 0)).tolist():
            path, lines = segment.path(file), int(segment.file_lines[file])
            folder = path.partition("/")[0] if "/" in path else "."
            for table, key in ((by_language, segment.language(file) or "text"), (by_folder, folder)):
                count = table.setdefault(key, [0, 0])
                count[0] += 1
                count[1] += lines
            if path in complexity:
                sizes.append(FileSize(path, lines, complexity[path]))
    sizes.sort(key=lambda one: (-one.lines, one.path))
    return sizes, _ranked(by_language), _ranked(by_folder)


def _ranked(table: dict[str, list[int]]) -> list[tuple[str, int, int]]:
    return sorted(((key, files, lines) for key, (files, lines) in table.items()), key=lambda row: (-row[2], row[0]))


def _links(reader: StructureReader) -> list[FolderLink]:
    """Imports between folders, at most three levels deep, the heaviest first; tests aside."""
    rows = reader.rows(
        "SELECT a.path, b.path, count(*) FROM imports i JOIN files a ON a.id = i.file JOIN files b ON "
        "b.id = i.target_file WHERE NOT a.is_test AND NOT b.is_test GROUP BY a.id, b.id"
    )
    found: Counter[tuple[str, str]] = Counter()
    sizes: Counter[str] = Counter()
    for source, target, count in cast("list[tuple[str, str, int]]", rows):
        pair = (_folder(source), _folder(target))
        if pair[0] != pair[1] and not read_place(source).kinds & {"docs", "legacy"}:
            found[pair] += count
            sizes[pair[0]] += count
            sizes[pair[1]] += count
    kept = {folder for folder, _ in sizes.most_common(_MOST_FOLDERS)}
    return [
        FolderLink(source, target, count)
        for (source, target), count in sorted(found.items(), key=lambda item: (-item[1], item[0]))
        if source in kept and target in kept
    ]


def _folder(path: str) -> str:
    return "/".join(path.split("/")[:-1][:_FOLDER_LEVELS]) or "."


def _conventions(reader: StructureReader) -> list[Convention]:
    def share(name: str, condition: str, among: str) -> Convention:
        rows = reader.rows(
            f"SELECT count(*), coalesce(sum({condition}), 0) FROM symbols s JOIN files f ON f.id = s.file "  # noqa: S608
            f"WHERE NOT f.is_test AND {among}"
        )
        of, having = cast("tuple[int, int]", rows[0])
        return Convention(name, having / of if of else 0.0, of)

    functions = f"s.kind IN {_FUNCTIONS}"
    found = [
        share("public definitions with documentation", "s.documented", "s.public AND s.kind IN ('class', 'function')"),
        share("functions with all types written", "s.typed", functions),
        share("function names in snake_case", "s.name = lower(s.name)", functions),
        share("functions of at most 20 lines", "s.end_line - s.start_line < 20", functions),
        share("functions of complexity 10 or less", "s.complexity <= 10", functions),
        share("functions with at most four parameters", "s.parameters <= 4", functions),
    ]
    return [one for one in found if one.of]


def _activity(root: Path, paths: list[str]) -> tuple[list[str], list[tuple[str, list[int]]]]:
    history = read_history(root)
    today = datetime.now(UTC)
    months: list[str] = []
    year, month = today.year, today.month
    for _ in range(MONTHS):
        months.append(f"{year}-{month:02}")
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    months.reverse()
    rows = [
        (path, [history.files[path].months.get(one, 0) for one in months]) for path in paths if path in history.files
    ]
    return months, rows
