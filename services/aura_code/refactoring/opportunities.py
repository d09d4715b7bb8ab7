"""What is worth refactoring: findings with fixes, hotspots, copies and dead code, what pays most first.

Everything is weighed by how often its file changes: the same copy costs more where people work every week. Rules that
a team switched off give no opportunity.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aura_code.answers import visible
from aura_code.filters import PathFilter
from aura_code.findings.baseline import Entry
from aura_code.findings.loading import RuleSet
from aura_code.findings.standards import Standards
from aura_code.findings.store import FindingReader, Row
from aura_code.refactoring.modernise import Targets, modernise_file
from aura_code.refactoring.removal import dead_definitions
from aura_code.refactoring.rewriting import UNUSED_IMPORT
from aura_code.refactoring.workspace import Workspace, language_of
from aura_code.structure.lookup import FUNCTIONS, Symbol, symbols_where
from aura_shared.messages.insight import Hotspot
from aura_shared.messages.refactoring import OpportunitiesAnswer, Opportunity, PlanRefactoring
from aura_shared.messages.similar import CloneGroup

if TYPE_CHECKING:
    from aura_code.structure.store import StructureReader
    from aura_shared.messages.refactoring import FindOpportunities

_LEVELS: Final = {"error": 1.0, "warning": 0.7, "hint": 0.35}
_FUNCTION_RULES: Final = ("long-function", "high-complexity", "deep-nesting")
_LONG_LINES: Final = 80
"""Lines from which a function is worth splitting where the team sets no limit of its own."""
_COMPLEX: Final = 20
"""Complexity from which it is (McCabe advised 10; few functions above 20 are tested on every path)."""
_LONG_FILE: Final = 800
_MODERN_FILES: Final = 150  # Files that are read for old forms: those that change most.
_MOST_SPLITS: Final = 60


@dataclass(frozen=True)
class Evidence:
    """What opportunities are found in."""

    root: Path
    """The project's folder."""
    structure: StructureReader
    """Its structure."""
    findings: FindingReader
    """What the rules found."""
    rules: RuleSet
    """The installed rules."""
    standards: Standards
    """Those that hold here."""
    baseline: Mapping[str, Entry] = field(default_factory=dict[str, Entry])
    """Findings that the team silenced."""
    ignored: Callable[[str], bool] = lambda _path: False
    """Whether a path is none of Aura's business."""
    hotspots: Callable[[], Sequence[Hotspot]] = tuple
    """Files by changes and complexity, the hottest first."""
    clones: Callable[[], Sequence[CloneGroup]] = tuple
    """Copies, those that would save most first."""


def find_opportunities(evidence: Evidence, request: FindOpportunities) -> OpportunitiesAnswer:
    """What could be better, what pays most first.

    Raises:
        UsageProblem: A path is no glob.
        StorageError: The analysis cannot be read.
    """
    search = _Search(evidence, request)
    found = [
        *search.fixes(),
        *search.imports(),
        *search.old_forms(),
        *search.dead(),
        *search.copies(),
        *search.functions(),
        *search.files(),
    ]
    found.sort(key=lambda one: (-one.weight, one.kind, one.path, one.line))
    return OpportunitiesAnswer(
        opportunities=found[: request.limit],
        more=len(found) > request.limit,
        reason="" if found else "No finding with a fix, copy, dead code, or overly large function or file was found.",
    )


class _Search:
    def __init__(self, evidence: Evidence, request: FindOpportunities) -> None:
        self._evidence = evidence
        self._request = request
        self._passes = PathFilter(request.paths).passes
        self._workspace = Workspace(evidence.root, evidence.structure.digests(), evidence.ignored)

    # Weights

    @cached_property
    def _hot(self) -> dict[str, Hotspot]:
        return {one.path: one for one in self._evidence.hotspots()}

    def _heat(self, path: str) -> float:
        """How hot a file is beside the hottest, in [0, 1]."""
        most = max((one.score for one in self._hot.values()), default=0.0)
        one = self._hot.get(path)
        return math.sqrt(one.score / most) if one is not None and most > 0 else 0.0

    def _weight(self, base: float, path: str) -> float:
        """A base in [0, 1], halved where nothing changes."""
        return round(min(1.0, base * (0.5 + 0.5 * self._heat(path))), 3)

    def _changes(self, path: str) -> str:
        one = self._hot.get(path)
        if one is None:
            return ""
        return f" The file changed {one.commits} time{'s' * (one.commits != 1)} lately."

    def _off(self, rule: str) -> bool:
        """Whether the team has switched a rule off that is on by itself."""
        known = self._evidence.rules.get(rule)
        return known is not None and known.default and rule not in self._evidence.standards.rules

    @cached_property
    def _rows(self) -> list[Row]:
        return [
            row
            for row in self._evidence.findings.rows()
            if not row.suppressed and row.fingerprint not in self._evidence.baseline and self._passes(row.path)
        ]

    def _request_of(self, kind: str, **fields: str | int | list[str]) -> dict[str, str | int | list[str]]:
        return {"project": self._request.project, "kind": kind, **fields}

    # Findings

    def fixes(self) -> Iterator[Opportunity]:
        """One for each rule whose findings have fixes."""
        by_rule: dict[str, list[Row]] = defaultdict(list)
        for row in self._rows:
            if row.fixable and row.rule != UNUSED_IMPORT:
                by_rule[row.rule].append(row)
        for name, rows in by_rule.items():
            if self._off(name):
                continue
            rule = self._evidence.rules.get(name)
            first = max(rows, key=lambda row: self._heat(row.path))
            files = len({row.path for row in rows})
            base = _LEVELS.get(first.level, 0.5) * _share(len(rows), 3)
            because = f" {' '.join(rule.why.split())}" if rule is not None else ""
            yield Opportunity(
                kind="fix-findings",
                title=f"Fix {_count(len(rows), 'finding')} of {name}",
                why=f"{_count(len(rows), 'finding')} in {_count(files, 'file')} with a fix that is certain.{because}",
                path=visible(first.path),
                line=max(1, first.line),
                weight=self._weight(base, first.path),
                deterministic=True,
                request=self._request_of("fix-findings", rules=[name], paths=list(self._request.paths)),
            )

    def imports(self) -> Iterator[Opportunity]:
        """One for all imports that nothing uses."""
        rows = [row for row in self._rows if row.rule == UNUSED_IMPORT and row.fixable]
        if not rows or self._off(UNUSED_IMPORT):
            return
        paths = Counter(row.path for row in rows)
        first = next(row for row in rows if row.path == paths.most_common(1)[0][0])
        yield Opportunity(
            kind="clean-imports",
            title=f"Remove {_count(len(rows), 'unused import')} from {_count(len(paths), 'file')}",
            why=f"{_count(len(rows), 'import')} bind names that nothing reads; most of them in {visible(first.path)}.",
            path=visible(first.path),
            line=max(1, first.line),
            weight=self._weight(0.6 * _share(len(rows), 5), first.path),
            deterministic=True,
            request=self._request_of("clean-imports", paths=list(self._request.paths)),
        )

    def old_forms(self) -> Iterator[Opportunity]:
        """One for all places with a certain modern form, in the files that change most."""
        targets = Targets(self._evidence.root)
        paths = [
            path
            for path in sorted(self._workspace.digests, key=lambda path: (-self._heat(path), path))
            if self._passes(path) and language_of(path) in {"python", "javascript", "typescript", "tsx"}
        ][:_MODERN_FILES]
        places: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        for path in paths:
            file = self._workspace.try_open(path)
            done = modernise_file(file, targets, self._evidence.rules) if file is not None else None
            if done is not None:
                places[path] += done.places
                reasons.update(done.reasons)
        if not places:
            return
        first, most = places.most_common(1)[0]
        yield Opportunity(
            kind="modernise",
            title=f"Modernise {_count(places.total(), 'place')} in {_count(len(places), 'file')}",
            why=f"{most} of them in {visible(first)}. {' '.join(reason for reason, _ in reasons.most_common(2))}",
            path=visible(first),
            weight=self._weight(0.4 * _share(places.total(), 10), first),
            deterministic=True,
            request=self._request_of(
                "modernise", paths=sorted(places) if len(places) <= 40 else list(self._request.paths)
            ),
        )

    # Structure

    def dead(self) -> Iterator[Opportunity]:
        """One for each file with definitions that nothing reaches."""
        asked = PlanRefactoring(project=self._request.project, kind="remove-dead", paths=self._request.paths)
        by_path: dict[str, list[int]] = defaultdict(list)
        names: dict[str, list[str]] = defaultdict(list)
        lines: Counter[str] = Counter()
        found, _ = dead_definitions(self._evidence.structure, self._workspace, asked)
        for one in found:
            if self._workspace.try_open(one.symbol.path) is None:
                continue
            by_path[one.symbol.path].append(one.symbol.line)
            names[one.symbol.path].append(one.symbol.name)
            lines[one.symbol.path] += one.lines
        for path, places in by_path.items():
            shown = ", ".join(names[path][:4])
            yield Opportunity(
                kind="remove-dead",
                title=f"Remove {_count(len(places), 'definition')} that nothing uses from {path}",
                why=f"Nothing reaches {shown}: {_count(lines[path], 'line')} that are read and migrated for nothing.",
                path=path,
                line=min(places),
                symbol=names[path][0],
                weight=self._weight(0.8 * _share(lines[path], 15), path),
                deterministic=True,
                request=self._request_of("remove-dead", path=path),
            )

    def copies(self) -> Iterator[Opportunity]:
        """One for each group of copies that a shared function would pay for."""
        for group in self._evidence.clones():
            places = [place for place in group.places if self._passes(place.path)]
            if not group.extract or not places:
                continue
            first = max(places, key=lambda place: self._heat(place.path))
            copies = _count(len(group.places), "copy", "copies")
            yield Opportunity(
                kind="extract-clone",
                title=f"Share what {copies} of {first.symbol or first.path} have in common",
                why=(
                    f"{copies} of {_count(group.lines, 'line')}, {group.similarity:.0%} alike; "
                    f"one function would save about {group.saves_lines}. {group.advice}{self._changes(first.path)}"
                ),
                path=first.path,
                line=max(1, first.start_line),
                symbol=first.symbol,
                weight=self._weight(0.95 * _share(group.saves_lines, 20), first.path),
                deterministic=False,
            )

    def functions(self) -> Iterator[Opportunity]:
        """One for each function that is far too long or has far too many ways through it."""
        if all(self._off(rule) for rule in _FUNCTION_RULES):
            return
        found_by: dict[tuple[str, int], set[str]] = defaultdict(set)
        for row in self._rows:
            if row.rule in _FUNCTION_RULES:
                found_by[row.path, row.line].add(row.rule)
        candidates = symbols_where(
            self._evidence.structure,
            "s.kind IN ('function', 'method', 'constructor') AND NOT f.is_test AND "
            "(s.end_line - s.start_line >= ? OR s.complexity >= ? OR s.line IN (SELECT value FROM json_each(?)))",
            (_LONG_LINES, _COMPLEX, str(sorted({line for _, line in found_by}))),
        )
        rows = self._evidence.structure.rows("SELECT id, complexity FROM symbols WHERE complexity > 1")
        complexity = {int(str(row[0])): int(str(row[1])) for row in rows}
        given: list[Opportunity] = []
        for one in candidates:
            rules = found_by.get((one.path, one.line), set[str]())
            ways = complexity.get(one.id, 1)
            if self._passes(one.path) and one.kind in FUNCTIONS and (rules or self._is_large(one, ways)):
                given.append(self._split(one, ways, rules))
        given.sort(key=lambda one: -one.weight)
        yield from given[:_MOST_SPLITS]

    def _is_large(self, one: Symbol, ways: int) -> bool:
        """Whether a function is large beyond dispute: long and branched, or very much of one."""
        lines = one.end_line - one.start_line + 1
        return (lines >= _LONG_LINES and ways >= _COMPLEX // 2) or ways >= _COMPLEX

    def _split(self, one: Symbol, ways: int, rules: set[str]) -> Opportunity:
        lines = one.end_line - one.start_line + 1
        told = f" Reported by {', '.join(sorted(rules))}." if rules else ""
        base = 0.9 * max(_share(max(0, ways - 8), 15), _share(max(0, lines - 50), 90))
        return Opportunity(
            kind="split-function",
            title=f"Split {one.qualified}",
            why=f"{_count(lines, 'line')} with {_count(ways, 'way')} through them.{told}{self._changes(one.path)}",
            path=visible(one.path),
            line=max(1, one.line),
            symbol=visible(one.qualified),
            weight=self._weight(base, one.path),
            deterministic=False,
        )

    def files(self) -> Iterator[Opportunity]:
        """One for each hot file that has grown too long."""
        if self._off("long-file"):
            return
        named = {row.path for row in self._rows if row.rule == "long-file"}
        for one in self._hot.values():
            if not self._passes(one.path) or not (one.path in named or one.lines >= _LONG_FILE):
                continue
            yield Opportunity(
                kind="split-file",
                title=f"Split {one.path}",
                why=(
                    f"{_count(one.lines, 'line')} of complexity {one.complexity}, "
                    f"changed {_count(one.commits, 'time')} by "
                    f"{_count(one.authors, 'person', 'people')} lately: whoever changes it has to know all of it."
                ),
                path=one.path,
                weight=self._weight(0.7 * _share(max(0, one.lines - 400), 800), one.path),
                deterministic=False,
            )


def _share(amount: float, half: float) -> float:
    """An amount on a scale from 0 to 1, on which `half` is the middle."""
    return amount / (amount + half) if amount > 0 else 0.0


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
