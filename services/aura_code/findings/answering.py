"""Answers questions about findings: functions of plain values that give the reply messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aura_code.answers import visible
from aura_code.filters import PathFilter, language_ids
from aura_code.findings.baseline import (
    BASELINE,
    Entry,
    changed_baseline,
    read_baseline,
    write_baseline_file,
)
from aura_code.findings.fixing import PlannedFix, propose
from aura_code.findings.loading import RuleSet
from aura_code.findings.model import Finding, Rule
from aura_code.findings.standards import Standards
from aura_code.findings.store import LEVELS, Changes, FindingReader, Row
from aura_shared.errors import AuraError, UsageProblem
from aura_shared.messages.findings import (
    BaselineAnswer,
    DayTotal,
    ExplainFinding,
    FileFix,
    FindingExplanation,
    FindingInfo,
    FindingsAnswer,
    FindingsSummary,
    FindingsUpdated,
    FixAnswer,
    FixFindings,
    ListFindings,
    ListRules,
    NamedCount,
    RuleInfo,
    RulesAnswer,
    SummariseFindings,
    WriteBaseline,
)
from aura_shared.security import open_inside
from aura_shared.text_files import as_utf8

_AROUND: Final = 4
"""Lines shown before and after a finding."""
_MOST_LINES: Final = 40
_MOST_BYTES: Final = 20_000_000
_FIRST_NEW: Final = 5
_NONE: Final[Mapping[str, Entry]] = {}


def finding_info(finding: Finding, identifier: str, *, in_baseline: bool = False) -> FindingInfo:
    """A finding as it is sent."""
    span = finding.span
    return FindingInfo(
        id=identifier,
        fingerprint=finding.fingerprint,
        rule=finding.rule,
        level=finding.level,
        category=finding.category,
        path=visible(finding.path),
        start_line=max(1, span.start_line),
        start_column=span.start_column,
        end_line=max(1, span.end_line),
        end_column=span.end_column,
        message=visible(finding.message),
        symbol=visible(finding.symbol),
        source=finding.source,
        fixable=bool(finding.edits),
        suppressed=finding.suppressed or ("baseline" if in_baseline else ""),
        reason=visible(finding.reason),
    )


def infos(store: FindingReader, findings: Iterable[Finding], baseline: Collection[str] = ()) -> list[FindingInfo]:
    """Findings as they are sent, with identifiers that are unambiguous in the store."""
    return [
        finding_info(item, store.short_id(item.fingerprint), in_baseline=item.fingerprint in baseline)
        for item in findings
    ]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which findings are asked for; empty fields choose all."""

    paths: Sequence[str] = ()
    rules: Sequence[str] = ()
    levels: Sequence[str] = ()
    categories: Sequence[str] = ()
    sources: Sequence[str] = ()
    fixable: bool = False

    def of(self, rows: Iterable[Row]) -> list[Row]:
        """The rows that pass."""
        paths = PathFilter(self.paths)
        return [
            row
            for row in rows
            if (not self.rules or row.rule in self.rules)
            and (not self.levels or row.level in self.levels)
            and (not self.categories or row.category in self.categories)
            and (not self.sources or row.source in self.sources)
            and (row.fixable or not self.fixable)
            and paths.passes(row.path)
        ]


def counts(row: Row, baseline: Collection[str]) -> bool:
    """Whether neither a comment nor the baseline silences a finding."""
    return not row.suppressed and row.fingerprint not in baseline


def list_findings(store: FindingReader, request: ListFindings, baseline: Mapping[str, Entry] = _NONE) -> FindingsAnswer:
    """The findings that pass the filters, errors first.

    Raises:
        UsageProblem: A path is no glob.
    """
    choice = Choice(request.paths, request.rules, request.levels, request.categories, request.sources, request.fixable)
    every = store.rows()
    passing = choice.of(every)
    heard = [row for row in passing if counts(row, baseline)]
    listed = passing if request.silenced else heard
    page = listed[request.offset : request.offset + request.limit]
    return FindingsAnswer(
        findings=infos(store, store.findings([row.id for row in page]), baseline),
        total=len(listed),
        levels=by_level(listed),
        silenced=len(passing) - len(heard),
        more=len(listed) > request.offset + len(page),
        reason="" if page else _why_none(store, every, passing, request),
    )


def by_level(rows: Iterable[Row]) -> dict[str, int]:
    """How many findings of each level, worst first; levels without any are left out."""
    counted = Counter(row.level for row in rows)
    return {level: counted[level] for level in LEVELS if counted[level]}


def _why_none(store: FindingReader, every: list[Row], passing: list[Row], request: ListFindings) -> str:
    if not store.files():
        return "No file of the project is analysed yet; try again in a moment."
    if request.offset and passing:
        return f"There are no more than {len(passing)} findings."
    if passing:
        return f"All {len(passing)} findings are silenced; ask with `silenced` to see them."
    if every:
        return f"The filters leave none of the {len(every)} findings."
    return f"Nothing was found in the {store.files()} analysed files."


def explain_finding(
    store: FindingReader, root: Path, rules: RuleSet, request: ExplainFinding, baseline: Mapping[str, Entry] = _NONE
) -> FindingExplanation:
    """All about one finding.

    Raises:
        NotFound: There is none with such an identifier.
        UsageProblem: Several have it.
    """
    finding = store.find(request.id)
    rule = rules.get(finding.rule)
    code, first = _code_around(root, finding)
    others = [row for row in store.rows() if row.rule == finding.rule and row.fingerprint != finding.fingerprint]
    others = [row for row in others if counts(row, baseline)]
    others.sort(key=lambda row: (row.path != finding.path, row.path, row.line))
    plans = propose(root, [finding], store.digest)
    short = store.short_id(finding.fingerprint)
    return FindingExplanation(
        finding=finding_info(finding, short, in_baseline=finding.fingerprint in baseline),
        title=rule.title if rule else finding.message,
        what=rule.what if rule else f"{finding.source} reports this.",
        why=rule.why if rule else "",
        how=rule.how if rule else "",
        tags=list(rule.tags) if rule else [],
        code=code,
        code_start_line=first,
        fix=_file_fix(plans[0], store.short_id) if plans else None,
        silence=_ways_to_silence(finding),
        siblings=infos(store, store.findings([row.id for row in others[: request.siblings]]), baseline),
        siblings_total=len(others),
    )


def _code_around(root: Path, finding: Finding) -> tuple[str, int]:
    try:
        with open_inside(root, finding.path) as file:
            lines = as_utf8(file.read(_MOST_BYTES)).decode().split("\n")
    except AuraError:
        return "", max(1, finding.span.start_line)
    first = max(1, finding.span.start_line - _AROUND)
    last = min(finding.span.end_line + _AROUND, first + _MOST_LINES - 1, len(lines))
    return visible("\n".join(line.removesuffix("\r") for line in lines[first - 1 : last])), first


def _ways_to_silence(finding: Finding) -> list[str]:
    mark = "#" if finding.path.endswith((".py", ".pyi", ".pyw")) else "//"
    ways = [
        f"On its line, or alone on the line before: {mark} aura: ignore[{finding.rule}] the reason",
        f"For the whole file: {mark} aura: ignore-file[{finding.rule}] the reason",
        f'For the project, in .aura/config.toml: [findings] off = ["{finding.rule}"]',
        "With all others that are there today: aura baseline",
    ]
    if finding.source != "aura":
        return [f"With the means of {finding.source}: its comments or its configuration.", *ways[2:]]
    return ways


def fix_findings(
    store: FindingReader,
    root: Path,
    request: FixFindings,
    *,
    baseline: Mapping[str, Entry] = _NONE,
    ignored: Callable[[str], bool] = lambda _path: False,
) -> FixAnswer:
    """Show the fixes of findings; silenced ones only when they are named.

    Args:
        store: The findings.
        root: The project's folder.
        request: Which findings.
        baseline: What counts no more.
        ignored: Whether a path is none of Aura's business.

    Raises:
        UsageProblem: Nothing chooses findings, or an identifier is ambiguous.
        NotFound: A finding named does not exist.
    """
    chosen = _chosen(store, request, baseline)
    fixable = [finding for finding in chosen if finding.edits]
    plans = propose(root, fixable, store.digest, ignored=ignored)
    more = len(plans) > request.limit
    plans = plans[: request.limit]
    good = [plan for plan in plans if not plan.refused]
    return FixAnswer(
        files=[_file_fix(plan, store.short_id) for plan in plans],
        fixed=sum(len(plan.findings) for plan in good),
        unfixable=len(chosen) - len(fixable),
        more=more or any(plan.left for plan in good),
        reason="" if good else _why_no_fix(chosen, fixable, plans),
    )


def _chosen(store: FindingReader, request: FixFindings, baseline: Mapping[str, Entry]) -> list[Finding]:
    if request.ids:
        return list({item.fingerprint: item for item in map(store.find, request.ids)}.values())
    if not (request.all or request.rules or request.paths):
        raise UsageProblem(
            "a fix needs identifiers, rules, paths, or `all`; found none of them",
            hint="aura analyze lists the findings; aura fix --all --dry-run shows what could be fixed.",
        )
    rows = Choice(request.paths, request.rules).of(store.rows())
    return store.findings([row.id for row in rows if counts(row, baseline)])


def _why_no_fix(chosen: list[Finding], fixable: list[Finding], plans: list[PlannedFix]) -> str:
    if not chosen:
        return "No finding is chosen by this."
    if not fixable:
        return f"None of the {len(chosen)} findings has a fix that is certain; `explain` says how to mend them by hand."
    return f"No file can be changed: {plans[0].path}: {plans[0].refused}."


def _file_fix(plan: PlannedFix, identify: Callable[[str], str]) -> FileFix:
    return FileFix(
        path=visible(plan.path),
        diff=visible(plan.diff),
        findings=[identify(finding.fingerprint) for finding in plan.findings],
        left=[identify(finding.fingerprint) for finding in plan.left],
        refused=plan.refused,
    )


def write_baseline(store: FindingReader, root: Path, request: WriteBaseline) -> BaselineAnswer:
    """Write the baseline of a project.

    Raises:
        SettingsError: The file that is there does not have its form.
        StorageError: It cannot be read or written.
    """
    known = read_baseline(root)
    paths = PathFilter(request.paths)
    found = {
        row.fingerprint: Entry(row.rule, row.path)
        for row in store.rows()
        if not row.suppressed and paths.passes(row.path)
    }
    within = [mark for mark, entry in known.items() if paths.passes(entry.path)]
    wanted = changed_baseline(known, found, request.action, within=within)
    written = write_baseline_file(root, known, wanted)
    return BaselineAnswer(path=BASELINE, entries=written.entries, added=written.added, removed=written.removed)


def list_rules(rules: RuleSet, standards: Standards, request: ListRules) -> RulesAnswer:
    """The installed rules, and how they hold in a project."""
    languages = language_ids(request.languages)
    listed: list[RuleInfo] = []
    for rule in rules:
        held = standards.rules.get(rule.id)
        if request.rules and rule.id not in request.rules:
            continue
        if request.categories and rule.category not in request.categories:
            continue
        if (request.on_only and held is None) or (languages and languages.isdisjoint(languages_of(rule))):
            continue
        listed.append(_rule_info(held or rule, on=held is not None, explained=bool(request.rules)))
    return RulesAnswer(
        rules=listed,
        problems=[problem.reason for problem in rules.problems] + list(standards.problems),
        reason="" if listed else f"None of the {len(rules)} rules is chosen by this.",
    )


def languages_of(rule: Rule) -> list[str]:
    """The languages that a rule looks at, in alphabetical order."""
    return sorted({language for part in rule.parts for language in part.languages})


def is_fixable(rule: Rule) -> bool:
    """Whether one of its examples shows a fix."""
    return any(example.fixed is not None for part in rule.parts for example in part.bad)


def _rule_info(rule: Rule, *, on: bool, explained: bool) -> RuleInfo:
    return RuleInfo(
        id=rule.id,
        title=rule.title,
        level=rule.level,
        category=rule.category,
        languages=languages_of(rule),
        default=rule.default,
        on=on,
        fixable=is_fixable(rule),
        tags=list(rule.tags),
        options=dict(rule.options),
        replaced_by=list(rule.replaced_by),
        what=rule.what if explained else "",
        why=rule.why if explained else "",
        how=rule.how if explained else "",
    )


def summarise_findings(
    store: FindingReader, request: SummariseFindings, baseline: Mapping[str, Entry] = _NONE
) -> FindingsSummary:
    """The findings of a project, counted.

    Raises:
        UsageProblem: A path is no glob.
    """
    every = store.rows()
    passing = Choice(request.paths).of(every)
    heard = [row for row in passing if counts(row, baseline)]
    silenced = Counter(row.suppressed or "baseline" for row in passing if not counts(row, baseline))
    return FindingsSummary(
        total=len(heard),
        fixable=sum(1 for row in heard if row.fixable),
        files=store.files(),
        levels=by_level(heard),
        categories=_counted(row.category for row in heard),
        sources=_counted(row.source for row in heard),
        silenced=dict(silenced.most_common()),
        rules=_top((row.rule for row in heard), request.top),
        folders=_top((row.path.rpartition("/")[0] for row in heard), request.top),
        trend=[DayTotal(day=day, levels=levels) for day, levels in store.trend(request.days)],
        reason="" if heard else _why_none(store, every, passing, ListFindings(project=request.project)),
    )


def _counted(names: Iterable[str]) -> dict[str, int]:
    return {item.name: item.count for item in _top(names, None)}


def _top(names: Iterable[str], most: int | None) -> list[NamedCount]:
    ordered = sorted(Counter(names).items(), key=lambda item: (-item[1], item[0]))
    return [NamedCount(name=visible(name), count=count) for name, count in ordered[:most]]


def findings_updated(
    store: FindingReader, project: str, changes: Changes, baseline: Mapping[str, Entry] = _NONE
) -> FindingsUpdated | None:
    """The event about a change; None when it changed nothing that counts."""
    new = [finding for mark, finding in changes.new.items() if mark not in baseline]
    gone = sum(1 for mark in changes.gone if mark not in baseline)
    if not new and not gone:
        return None
    new.sort(key=lambda finding: (LEVELS.index(finding.level), finding.path, finding.span))
    return FindingsUpdated(
        project=project,
        new=len(new),
        gone=gone,
        levels=by_level(row for row in store.rows() if counts(row, baseline)),
        first=infos(store, new[:_FIRST_NEW]),
    )
