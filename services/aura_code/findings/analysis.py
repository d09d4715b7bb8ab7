"""From a parsed file to its findings: rules, fingerprints, and what comments silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aura_code.findings.checking import RawFinding, check_source
from aura_code.findings.enclosing import symbol_at
from aura_code.findings.fingerprints import Ordinals
from aura_code.findings.loading import RuleSet, load_rules
from aura_code.findings.model import Edit, Finding, Rule
from aura_code.findings.own_rules import UNUSED_IGNORE
from aura_code.findings.suppressions import Suppression, read_suppressions, unused
from aura_code.syntax import SourceFile


class Silenced(NamedTuple):
    """Why a finding does not count."""

    how: str
    reason: str


def analyse_source(file: SourceFile, rules: RuleSet) -> list[Finding]:
    """The findings of a file, in its order; those that a comment silences say so.

    Fingerprints are unique within the file; `FindingStore` makes them so within the project.
    """
    raw = check_source(file, rules)
    silencing = read_suppressions(file)
    ordinals = Ordinals()
    found = [_finding(file, item, _silenced(file, item, silencing), ordinals) for item in raw]
    if UNUSED_IGNORE.id in rules:
        found += _unused(file, rules, silencing, ordinals)
        found.sort(key=lambda finding: finding.span)
    return found


def _silenced(file: SourceFile, item: RawFinding, silencing: Sequence[Suppression]) -> Silenced | None:
    first, last = file.line_of(item.start), file.line_of(max(item.start, item.end - 1))
    # All are asked, so that each that fits counts as used.
    fitting = [suppression for suppression in silencing if suppression.covers(item.rule, first, last)]
    if not fitting:
        return None
    best = next((suppression for suppression in fitting if suppression.how == "aura"), fitting[0])
    return Silenced("inline" if best.how == "aura" else best.how, best.reason)


def _finding(file: SourceFile, item: RawFinding, silenced: Silenced | None, ordinals: Ordinals) -> Finding:
    return make_finding(
        file, item.rule, item.start, item.end, message=item.message, edits=item.edits, silenced=silenced, count=ordinals
    )


def make_finding(
    file: SourceFile,
    rule: Rule,
    start: int,
    end: int,
    *,
    message: str,
    count: Ordinals,
    edits: tuple[Edit, ...] = (),
    silenced: Silenced | None = None,
) -> Finding:
    """A finding of a rule at a place of a file."""
    span = file.span(start, end)
    symbol = symbol_at(file, start, end)
    return Finding(
        rule=rule.id,
        level=rule.level,
        category=rule.category,
        path=file.path,
        span=span,
        message=message,
        symbol=symbol,
        fingerprint=count.fingerprint(rule.id, file.line(span.start_line), symbol),
        edits=edits,
        suppressed=silenced.how if silenced else "",
        reason=silenced.reason if silenced else "",
    )


def _unused(file: SourceFile, rules: RuleSet, silencing: Sequence[Suppression], ordinals: Ordinals) -> list[Finding]:
    found: list[Finding] = []
    for item, message, edits in unused(file, silencing):
        idle = item.codes - item.used
        wrong = sorted(code for code in idle if ":" not in code and code not in rules and code not in load_rules())
        if idle and not wrong and not any(code in rules for code in idle):
            continue  # They are off here.
        told = f"There is no rule {', '.join(wrong)}." if wrong else message
        found.append(make_finding(file, UNUSED_IGNORE, item.start, item.end, message=told, edits=edits, count=ordinals))
    return found
