"""What questions about a project are answered from, and which function answers which question.

Everything here runs in threads of the code service and only reads, except the baseline, which writes its own file.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

from aura_code.analysis.process import findings_settings
from aura_code.analysis.rounds import FINDINGS, SIMILAR, STRUCTURE
from aura_code.filters import PathFilter
from aura_code.findings import answering
from aura_code.findings.baseline import Entry, read_baseline
from aura_code.findings.loading import RuleSet, load_rules
from aura_code.findings.sarif import sarif_log
from aura_code.findings.standards import Standards, standards_of
from aura_code.findings.store import FindingReader
from aura_code.gaps.answering import GapSources, find_gaps
from aura_code.index import CodeIndex
from aura_code.insight.context import pack_context
from aura_code.insight.facts import Gathering, gather
from aura_code.insight.hotspots import find_hotspots
from aura_code.insight.mapping import Graphs, draw_map
from aura_code.insight.page import report_page
from aura_code.insight.report import report_markdown
from aura_code.insight.tree import show_tree
from aura_code.patterns_search.searching import structural_candidates, structural_search
from aura_code.similar.finding import find_clones, similar_to
from aura_code.similar.semantic import SemanticNeighbours
from aura_code.similar.store import SimilarReader
from aura_code.sources import Sources
from aura_code.structure.dead import dead_code
from aura_code.structure.entries import entry_points
from aura_code.structure.hierarchy import hierarchy
from aura_code.structure.impact import impact, tests_for
from aura_code.structure.imports import cycles, imports
from aura_code.structure.reach import definitions, reached_by_tests
from aura_code.structure.references import calls, references
from aura_code.structure.store import StructureReader
from aura_code.tools.dependencies import scan_dependencies
from aura_shared.messages import findings, gaps, insight, refactoring, review, similar, structure
from aura_shared.messages.code import SearchCode
from aura_shared.messages.core import Reply, Request
from aura_shared.settings import Settings

RequestT = TypeVar("RequestT", bound=Request[Any])
_ANSWERING: Final = 8  # Files that are in focus for a question.
_HOTTEST: Final = 100  # Hotspots and groups of copies among which opportunities are looked for.


@dataclass(frozen=True)
class Desk:
    """One project, for one question."""

    root: Path
    """Its folder."""
    index: CodeIndex
    """Its index."""
    analysis: Path
    """Where the analysis keeps what it found."""
    mine: Settings
    """The user's own settings; what a project says of itself counts only for rules."""

    @contextlib.contextmanager
    def findings(self) -> Generator[FindingReader]:
        """The findings.

        Raises:
            NotReady: Nothing was analysed yet.
        """
        with FindingReader.opened(self.analysis / FINDINGS) as reader:
            yield reader

    @contextlib.contextmanager
    def structure(self) -> Generator[StructureReader]:
        """The structure.

        Raises:
            NotReady: Nothing was analysed yet.
        """
        with StructureReader.opened(self.analysis / STRUCTURE) as reader:
            yield reader

    @cached_property
    def baseline(self) -> Mapping[str, Entry]:
        """What the team silenced."""
        return read_baseline(self.root)

    @cached_property
    def rules(self) -> RuleSet:
        """The installed rules."""
        return load_rules()

    @cached_property
    def standards(self) -> Standards:
        """The rules that hold here."""
        return standards_of(self.rules, findings_settings(self.root))

    def ignored(self, path: str) -> bool:
        """Whether a path is none of Aura's business."""
        return self.index.stamp(path) is None


Answer = Callable[[Desk, Any], Reply]
"""Answers one kind of question."""


def _list(desk: Desk, request: findings.ListFindings) -> findings.FindingsAnswer:
    with desk.findings() as found:
        return answering.list_findings(found, request, desk.baseline)


def _explain(desk: Desk, request: findings.ExplainFinding) -> findings.FindingExplanation:
    with desk.findings() as found:
        return answering.explain_finding(found, desk.root, desk.rules, request, desk.baseline)


def _fix(desk: Desk, request: findings.FixFindings) -> findings.FixAnswer:
    with desk.findings() as found:
        return answering.fix_findings(found, desk.root, request, baseline=desk.baseline, ignored=desk.ignored)


def _baseline(desk: Desk, request: findings.WriteBaseline) -> findings.BaselineAnswer:
    with desk.findings() as found:
        return answering.write_baseline(found, desk.root, request)


def _summary(desk: Desk, request: findings.SummariseFindings) -> findings.FindingsSummary:
    with desk.findings() as found:
        return answering.summarise_findings(found, request, desk.baseline)


def _rules(desk: Desk, request: findings.ListRules) -> findings.RulesAnswer:
    return answering.list_rules(desk.rules, desk.standards, request)


def _sarif(desk: Desk, request: findings.ExportSarif) -> findings.SarifAnswer:
    with desk.findings() as found:
        passes = PathFilter(request.paths).passes
        every = found.findings([row.id for row in found.rows() if passes(row.path)])
    sources = Sources(desk.root)

    def text_of(path: str) -> bytes | None:
        content = sources.read(path, desk.index.stamp(path))
        return None if content is None or content.changed else content.text.encode("utf-8", "surrogateescape")

    log = sarif_log(every, desk.rules, baseline=desk.baseline, text_of=text_of)
    return findings.SarifAnswer(content=json.dumps(log, ensure_ascii=False), findings=len(every))


def _refactoring(desk: Desk, request: refactoring.PlanRefactoring) -> refactoring.RefactoringPlan:
    from aura_code.refactoring.planning import plan_refactoring  # noqa: PLC0415 - memory, for a seldom question

    with desk.structure() as reader, desk.findings() as found:
        return plan_refactoring(
            reader, found, desk.root, request, ignored=desk.ignored, rules=desk.rules, baseline=desk.baseline
        )


def _opportunities(desk: Desk, request: refactoring.FindOpportunities) -> refactoring.OpportunitiesAnswer:
    from aura_code.refactoring.opportunities import Evidence, find_opportunities  # noqa: PLC0415 - likewise

    def hot() -> Sequence[insight.Hotspot]:
        return _hotspots(desk, insight.FindHotspots(project=request.project, limit=_HOTTEST)).hotspots

    def copies() -> Sequence[similar.CloneGroup]:
        return _clones(desk, similar.FindClones(project=request.project, limit=_HOTTEST)).groups

    with desk.structure() as reader, desk.findings() as found:
        evidence = Evidence(
            root=desk.root,
            structure=reader,
            findings=found,
            rules=desk.rules,
            standards=desk.standards,
            baseline=desk.baseline,
            ignored=desk.ignored,
            hotspots=hot,
            clones=copies,
        )
        return find_opportunities(evidence, request)


def _review(desk: Desk, request: review.GatherReview) -> review.ReviewFacts:
    from aura_code.reviewing.gathering import ReviewSources, gather_review  # noqa: PLC0415 - likewise

    with desk.structure() as reader:
        sources = ReviewSources(
            root=desk.root,
            rules=desk.rules,
            standards=desk.standards,
            baseline=desk.baseline,
            store=reader,
            files=desk.index.stamps,
        )
        return gather_review(sources, request)


def _conventions(desk: Desk, request: refactoring.MeasureConventions) -> refactoring.ConventionsAnswer:
    from aura_code.conventions.measuring import ConventionSources, measure_conventions  # noqa: PLC0415 - likewise

    return measure_conventions(ConventionSources(desk.root, desk.index.stamps()), request)


def _gaps(desk: Desk, request: gaps.FindGaps) -> gaps.GapsAnswer:
    stats = desk.index.stats()
    with desk.structure() as reader:
        tested = not request.kinds or "tests" in request.kinds
        known = GapSources(
            root=desk.root,
            files=sorted(desk.index.stamps()),
            languages=stats.languages,
            structures=list(definitions(reader)),
            reached=reached_by_tests(reader) if tested else None,
        )
    return find_gaps(known, request)


def _dependencies(desk: Desk, request: gaps.ScanDependencies) -> gaps.DependenciesAnswer:
    advisories = desk.mine.findings.advisories
    where = Path(advisories).expanduser() if advisories else None
    return scan_dependencies(desk.root, request, allow=desk.mine.network.allow, advisories=where)


def _hotspots(desk: Desk, request: insight.FindHotspots) -> insight.HotspotsAnswer:
    with desk.structure() as reader:
        complexity = reader.complexities()
    return find_hotspots(desk.root, desk.index.view, complexity, request)


def _report(desk: Desk, request: insight.MakeReport) -> insight.ReportAnswer:
    facts = gather(desk, request.project, Gathering(_hotspots, _map, _gaps, _dependencies))
    make = report_page if request.format == "html" else report_markdown
    return insight.ReportAnswer(content=make(facts), format=request.format)


_graphs: Final = Graphs()
_semantic: Final = SemanticNeighbours()


def _map(desk: Desk, request: insight.MapSymbols) -> insight.SymbolMapAnswer:
    answering: list[str] = []
    if request.query.strip():
        search = SearchCode(project="", query=request.query, limit=_ANSWERING, budget=0)
        answering = [hit.path for hit in desk.index.search(search, desk.root).hits]
    with desk.structure() as reader:
        graph = _graphs.of(desk.analysis / STRUCTURE, reader)
        return draw_map(desk.index.view, reader, graph, request, answering)


def _context(desk: Desk, request: insight.PackContext) -> insight.ContextAnswer:
    with desk.structure() as reader:
        return pack_context(reader, desk.index, desk.root, request)


def _references(desk: Desk, request: structure.FindReferences) -> structure.ReferencesAnswer:
    with desk.structure() as reader:
        return references(reader, desk.root, request)


def _dead(desk: Desk, request: structure.FindDeadCode) -> structure.DeadCodeAnswer:
    with desk.structure() as reader:
        return dead_code(reader, desk.root, request)


def _entries(desk: Desk, request: structure.FindEntryPoints) -> structure.EntryPointsAnswer:
    with desk.structure() as reader:
        return entry_points(reader, desk.root, request)


def _clones(desk: Desk, request: similar.FindClones) -> similar.ClonesAnswer:
    with SimilarReader.opened(desk.analysis / SIMILAR) as reader:
        return find_clones(reader, request)


def _similar(desk: Desk, request: similar.FindSimilar) -> similar.SimilarAnswer:
    with SimilarReader.opened(desk.analysis / SIMILAR) as reader:
        return similar_to(reader, request)


def _neighbours(desk: Desk, request: similar.FindNeighbours) -> similar.NeighboursAnswer:
    model = desk.mine.code.semantic_model
    return _semantic.neighbours(desk.root, desk.analysis / SIMILAR, desk.analysis / "vectors", request, model=model)


def _structural(desk: Desk, request: similar.SearchStructure) -> similar.StructuralAnswer:
    candidates = structural_candidates(desk.index.view, desk.index.terms_of, request)
    return structural_search(desk.root, candidates, request)


def close_workers() -> None:
    """End the processes that questions have started."""
    _semantic.close()


def _with_structure(answer: Callable[[StructureReader, RequestT], Reply]) -> Answer:
    """A question that the structure alone answers."""

    def ask(desk: Desk, request: RequestT) -> Reply:
        with desk.structure() as reader:
            return answer(reader, request)

    return ask


def _tree(desk: Desk, request: insight.ShowTree) -> insight.TreeAnswer:
    return show_tree(desk.index.view, request)


FROM_INDEX: Final[Mapping[type[Request[Any]], Answer]] = {
    insight.ShowTree: _tree,
    refactoring.MeasureConventions: _conventions,
    findings.ListRules: _rules,
    gaps.ScanDependencies: _dependencies,
    similar.SearchStructure: _structural,
}
"""Questions that need no analysis."""

FROM_ANALYSIS: Final[Mapping[type[Request[Any]], Answer]] = {
    findings.ListFindings: _list,
    findings.ExplainFinding: _explain,
    findings.FixFindings: _fix,
    findings.WriteBaseline: _baseline,
    findings.SummariseFindings: _summary,
    findings.ExportSarif: _sarif,
    gaps.FindGaps: _gaps,
    refactoring.PlanRefactoring: _refactoring,
    refactoring.FindOpportunities: _opportunities,
    review.GatherReview: _review,
    insight.FindHotspots: _hotspots,
    insight.MapSymbols: _map,
    insight.PackContext: _context,
    insight.MakeReport: _report,
    similar.FindClones: _clones,
    similar.FindSimilar: _similar,
    similar.FindNeighbours: _neighbours,
    structure.FindReferences: _references,
    structure.FindCalls: _with_structure(calls),
    structure.FindHierarchy: _with_structure(hierarchy),
    structure.FindImports: _with_structure(imports),
    structure.AskImpact: _with_structure(impact),
    structure.FindTests: _with_structure(tests_for),
    structure.FindCycles: _with_structure(cycles),
    structure.FindDeadCode: _dead,
    structure.FindEntryPoints: _entries,
}
"""Questions that are answered from what the analysis found."""
