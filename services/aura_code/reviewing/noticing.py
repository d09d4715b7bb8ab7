"""Findings on the lines that a change adds or edits, and how many of the old ones are gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from aura_code.answers import visible
from aura_code.findings.analysis import analyse_source
from aura_code.findings.checking import apply_edits
from aura_code.findings.fingerprints import told_apart
from aura_code.findings.loading import RuleSet
from aura_code.findings.model import Finding
from aura_code.findings.standards import Standards
from aura_code.reviewing.changes import Change, FileChange, Side
from aura_code.reviewing.patches import hunks_between, written
from aura_shared.messages.review import ReviewFinding

MOST: Final = 500
_LEVELS: Final = {"error": 0, "warning": 1, "hint": 2}


@dataclass(frozen=True, slots=True)
class Noticed:
    """What the rules say of a change."""

    findings: list[ReviewFinding]
    """New ones on changed lines, the worst first."""
    resolved: int
    """Old ones that are gone."""


def notice(change: Change, rules: RuleSet, standards: Standards, baseline: Collection[str]) -> Noticed:
    """What the rules of the project's standards say of a change.

    Args:
        change: The change.
        rules: All installed rules, which know why something matters.
        standards: The rules that hold in the project.
        baseline: Fingerprints that the team silenced.
    """
    old: dict[str, list[Finding]] = {}
    new: dict[str, list[Finding]] = {}
    for file in change.files:
        if file.generated or not file.language:
            continue
        old[file.path] = _findings(file.old, standards)
        new[file.path] = _findings(file.new, standards)
    before = Counter(finding.fingerprint for found in old.values() for finding in found)
    after = Counter(finding.fingerprint for found in new.values() for finding in found)
    gone, fresh = before - after, after - before
    chosen = [
        (change.by_path[path], finding)
        for path, found in new.items()
        for finding in found
        if _counts(finding, baseline)
        and finding.fingerprint in fresh
        and change.by_path[path].touches(finding.span.start_line, finding.span.end_line)
        and not _was_there(finding, old[path])
    ]
    chosen.sort(key=lambda pair: (_LEVELS[pair[1].level], pair[1].path, pair[1].span))
    shown = [_message(file, finding, rules) for file, finding in chosen[:MOST]]
    return Noticed(shown, _resolved(old, new, gone, fresh, baseline))


def _findings(side: Side, standards: Standards) -> list[Finding]:
    source = side.source
    return [] if source is None else standards.apply(analyse_source(source, standards.rules))


def _counts(finding: Finding, baseline: Collection[str]) -> bool:
    if finding.suppressed:
        return False
    return not any(
        mark in baseline for mark in (finding.fingerprint, *told_apart(finding.fingerprint, ["", finding.path]))
    )


def _was_there(finding: Finding, old: list[Finding]) -> bool:
    """Whether the old file has it already; a shifted ordinal makes another fingerprint of the same line."""
    return any(other.fingerprint == finding.fingerprint for other in old)


def _resolved(
    old: dict[str, list[Finding]],
    new: dict[str, list[Finding]],
    gone: Counter[str],
    fresh: Counter[str],
    baseline: Collection[str],
) -> int:
    """Old findings without a successor: an edited line with the same fault has resolved nothing."""
    count = 0
    for path, found in old.items():
        left = Counter((one.rule, one.symbol) for one in new[path] if one.fingerprint in fresh)
        for finding in found:
            if finding.fingerprint not in gone or not _counts(finding, baseline):
                continue
            key = (finding.rule, finding.symbol)
            if left[key]:
                left[key] -= 1
            else:
                count += 1
    return count


def _message(file: FileChange, finding: Finding, rules: RuleSet) -> ReviewFinding:
    rule = rules.get(finding.rule)
    return ReviewFinding(
        rule=finding.rule,
        level=finding.level,
        path=visible(finding.path),
        line=max(1, finding.span.start_line),
        end_line=max(1, finding.span.end_line),
        message=visible(finding.message),
        why=" ".join(rule.why.split()) if rule is not None else "",
        fix=_fix(file, finding),
        symbol=visible(finding.symbol),
        fingerprint=finding.fingerprint,
    )


def _fix(file: FileChange, finding: Finding) -> str:
    text = file.new.text
    after = apply_edits(text, finding.edits) if finding.edits and text is not None else None
    if text is None or after is None or after == text:
        return ""
    diff = written(file.path, hunks_between(text, after), created=False)
    return visible(diff.decode("utf-8", "replace"))
