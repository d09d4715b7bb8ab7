"""What questions about a project are answered from, and which function answers which question.

Everything here runs in threads of the code service and only reads, except fixes and baselines, which write the files
of the project that they name.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

from aura_code.analysis.process import findings_settings
from aura_code.analysis.rounds import FINDINGS
from aura_code.findings import answering
from aura_code.findings.baseline import Entry, read_baseline
from aura_code.findings.loading import RuleSet, load_rules
from aura_code.findings.standards import Standards, standards_of
from aura_code.findings.store import FindingReader
from aura_code.index import CodeIndex
from aura_code.insight.tree import show_tree
from aura_shared.messages import findings, insight
from aura_shared.messages.core import Reply, Request

ReplyT = TypeVar("ReplyT", bound=Reply)


@dataclass(frozen=True)
class Desk:
    """One project, for one question."""

    root: Path
    """Its folder."""
    index: CodeIndex
    """Its index."""
    analysis: Path
    """Where the analysis keeps what it found."""
    undo: Path
    """Where copies of files go before a fix changes them."""

    @contextlib.contextmanager
    def findings(self) -> Generator[FindingReader]:
        """The findings.

        Raises:
            NotReady: Nothing was analysed yet.
        """
        with FindingReader.opened(self.analysis / FINDINGS) as reader:
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


def _list(desk: Desk, request: findings.ListFindings) -> findings.FindingsAnswer:
    with desk.findings() as found:
        return answering.list_findings(found, request, desk.baseline)


def _explain(desk: Desk, request: findings.ExplainFinding) -> findings.FindingExplanation:
    with desk.findings() as found:
        return answering.explain_finding(found, desk.root, desk.rules, request, desk.baseline)


def _fix(desk: Desk, request: findings.FixFindings) -> findings.FixAnswer:
    with desk.findings() as found:
        return answering.fix_findings(
            found, desk.root, desk.undo, request, baseline=desk.baseline, ignored=desk.ignored
        )


def _baseline(desk: Desk, request: findings.WriteBaseline) -> findings.BaselineAnswer:
    with desk.findings() as found:
        return answering.write_baseline(found, desk.root, request)


def _summary(desk: Desk, request: findings.SummariseFindings) -> findings.FindingsSummary:
    with desk.findings() as found:
        return answering.summarise_findings(found, request, desk.baseline)


def _rules(desk: Desk, request: findings.ListRules) -> findings.RulesAnswer:
    return answering.list_rules(desk.rules, desk.standards, request)


def _tree(desk: Desk, request: insight.ShowTree) -> insight.TreeAnswer:
    return show_tree(desk.index.view, request)


Answer = Callable[[Desk, Any], Reply]
"""Answers one kind of question."""

FROM_INDEX: Final[Mapping[type[Request[Any]], Answer]] = {
    insight.ShowTree: _tree,
    findings.ListRules: _rules,
}
"""Questions that need no analysis."""

FROM_ANALYSIS: Final[Mapping[type[Request[Any]], Answer]] = {
    findings.ListFindings: _list,
    findings.ExplainFinding: _explain,
    findings.FixFindings: _fix,
    findings.WriteBaseline: _baseline,
    findings.SummariseFindings: _summary,
}
"""Questions that are answered from what the analysis found."""
