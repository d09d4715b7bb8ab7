"""Messages about findings: what rules and tools report, why, how it is mended, and how it is silenced."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.code import Freshness
from aura_shared.messages.core import Durability, Event, Message, Reply, Request

FindingLevel = Literal["error", "warning", "hint"]
"""`error`: wrong or dangerous as it stands. `warning`: very probably a mistake. `hint`: an opinion, or worth a look."""
FindingCategory = Literal["correctness", "reliability", "security", "performance", "maintainability", "style", "gap"]


class FindingInfo(Message):
    """One finding."""

    type: ClassVar[str] = "code.finding"

    id: str
    """First digits of the fingerprint, at least eight; as many as tell it from all others of the project now."""
    fingerprint: str
    """32 hexadecimal digits that stay the same when lines shift or the file is renamed."""
    rule: str
    """Identifier of the rule; `tool:rule` for what another tool found."""
    level: FindingLevel
    """How bad it is."""
    category: FindingCategory
    """What it endangers."""
    path: str
    """File."""
    start_line: int = Field(ge=1)
    """First line of the place."""
    start_column: int = Field(default=0, ge=0)
    """Characters from 0."""
    end_line: int = Field(ge=1)
    """Last line of the place."""
    end_column: int = Field(default=0, ge=0)
    """Characters from 0, not included."""
    message: str
    """What was found, in one sentence."""
    symbol: str = ""
    """Qualified name of the definition around it; empty at the top of the file."""
    source: str = "aura"
    """The tool that found it."""
    fixable: bool = False
    """Whether there is a fix that is certain."""
    suppressed: str = ""
    """How it is silenced: `inline`, `baseline`, `noqa`, `eslint`, …; empty when it counts."""
    reason: str = ""
    """Why it is silenced, as the comment says."""


class NamedCount(Message):
    """How many findings something has."""

    type: ClassVar[str] = "code.findings.count"

    name: str
    """What is counted."""
    count: int = Field(ge=0)
    """How many."""


class FindingsAnswer(Reply):
    """Findings of a project."""

    findings: list[FindingInfo] = Field(default_factory=list[FindingInfo])
    """Errors first, then warnings, then hints; in the order of paths and lines."""
    total: int = Field(default=0, ge=0)
    """How many pass the filters."""
    levels: dict[str, int] = Field(default_factory=dict)
    """How many of them per level."""
    silenced: int = Field(default=0, ge=0)
    """How many more would pass if they were not silenced."""
    more: bool = False
    """Whether some were left out because of `limit`."""
    freshness: Freshness = Freshness(generation=0)
    """How current the answer is."""
    reason: str = ""
    """When there are none: why, and what to try."""


class ListFindings(Request[FindingsAnswer]):
    """List what rules and tools found in a project."""

    type: ClassVar[str] = "code.findings"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    paths: list[str] = Field(default_factory=list)
    """Only paths that match one of these globs (gitignore style; a leading `!` excludes)."""
    rules: list[str] = Field(default_factory=list)
    """Only these rules."""
    levels: list[FindingLevel] = Field(default_factory=list[FindingLevel])
    """Only these levels."""
    categories: list[FindingCategory] = Field(default_factory=list[FindingCategory])
    """Only these categories."""
    sources: list[str] = Field(default_factory=list)
    """Only what these tools found; `aura` for its own rules."""
    fixable: bool = False
    """Only those with a certain fix."""
    silenced: bool = False
    """Whether findings that are silenced are listed as well."""
    limit: int = Field(default=50, ge=1, le=1000)
    """Most findings."""
    offset: int = Field(default=0, ge=0)
    """How many to pass over, for the next page."""


class FileFix(Message):
    """What a fix changes in one file."""

    type: ClassVar[str] = "code.fix"

    path: str
    """File."""
    diff: str = ""
    """The change as a unified diff."""
    findings: list[str] = Field(default_factory=list)
    """Identifiers of the findings that it mends."""
    left: list[str] = Field(default_factory=list)
    """Identifiers of findings whose edits overlap with those of others; fix again for them."""
    refused: str = ""
    """Why it is not changed; empty when it can be."""


class FindingExplanation(Reply):
    """All about one finding."""

    finding: FindingInfo
    """The finding."""
    title: str = ""
    """What is wrong, in a few words."""
    what: str = ""
    """What the rule reports, and what not."""
    why: str = ""
    """Why that matters."""
    how: str = ""
    """How it is mended."""
    tags: list[str] = Field(default_factory=list)
    """Such as `cwe-89`."""
    code: str = ""
    """The lines around it as they are on disk now; hidden characters are made visible."""
    code_start_line: int = Field(default=1, ge=1)
    """Line number of the first of them."""
    fix: FileFix | None = None
    """The fix, when one is certain."""
    silence: list[str] = Field(default_factory=list)
    """Ways to silence it, each in one line."""
    siblings: list[FindingInfo] = Field(default_factory=list[FindingInfo])
    """Some findings of the same rule, those of the same file first."""
    siblings_total: int = Field(default=0, ge=0)
    """How many others of the same rule there are."""
    freshness: Freshness = Freshness(generation=0)
    """How current the answer is."""


class ExplainFinding(Request[FindingExplanation]):
    """Explain a finding: what, why, how to mend it, how to silence it."""

    type: ClassVar[str] = "code.finding.explain"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    id: str = Field(min_length=4, max_length=40)
    """Identifier of the finding, or as many of its first digits as are unambiguous."""
    siblings: int = Field(default=5, ge=0, le=50)
    """Most findings of the same rule."""


class FixAnswer(Reply):
    """What would be fixed."""

    files: list[FileFix] = Field(default_factory=list[FileFix])
    """In the order of the paths."""
    fixed: int = Field(default=0, ge=0)
    """How many findings the changes mend."""
    unfixable: int = Field(default=0, ge=0)
    """How many of the findings asked for have no certain fix."""
    more: bool = False
    """Whether more files could be changed."""
    freshness: Freshness = Freshness(generation=0)
    """How current the answer is."""
    reason: str = ""
    """When nothing is changed: why, and what to try."""


class FixFindings(Request[FixAnswer]):
    """Show the fixes of findings. Nothing is written: `RefactorCode` with `fix-findings` makes a change of them."""

    type: ClassVar[str] = "code.findings.fix"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    ids: list[str] = Field(default_factory=list, max_length=1000)
    """These findings; without any, all that the other fields choose."""
    rules: list[str] = Field(default_factory=list)
    """Only these rules."""
    paths: list[str] = Field(default_factory=list)
    """Only paths that match one of these globs."""
    all: bool = False
    """Fix everything that is certain; needed when nothing else chooses."""
    limit: int = Field(default=100, ge=1, le=1000)
    """Most files."""


class BaselineAnswer(Reply):
    """The baseline as it is now."""

    path: str
    """The file, relative to the project's root."""
    entries: int = Field(ge=0)
    """Findings that it silences."""
    added: int = Field(default=0, ge=0)
    """How many were added."""
    removed: int = Field(default=0, ge=0)
    """How many were taken out, since they are mended."""


class WriteBaseline(Request[BaselineAnswer]):
    """Silence what is found today, so that only new findings count. Writes `.aura/baseline.json` of the project."""

    type: ClassVar[str] = "code.findings.baseline"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    action: Literal["write", "update", "prune"] = "update"
    """`write`: exactly what is found now. `update`: add the new, take out the mended. `prune`: only take out."""
    paths: list[str] = Field(default_factory=list)
    """Only what is found in paths that match one of these globs; the rest of the baseline stays."""


class SarifAnswer(Reply):
    """Findings as SARIF."""

    content: str
    """A SARIF 2.1.0 log as JSON text, one run a tool."""
    findings: int = Field(default=0, ge=0)
    """How many results it has, silenced ones included."""
    freshness: Freshness = Freshness(generation=0)
    """How current the answer is."""


class ExportSarif(Request[SarifAnswer]):
    """Export what was found as SARIF 2.1.0, for code hosts and editors."""

    type: ClassVar[str] = "code.findings.sarif"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    paths: list[str] = Field(default_factory=list)
    """Only what is found in paths that match one of these globs."""


class RuleInfo(Message):
    """One rule."""

    type: ClassVar[str] = "code.rule"

    id: str
    """Words in lower case with dashes."""
    title: str
    """What is wrong, in a few words."""
    level: FindingLevel
    """Level of its findings in this project."""
    category: FindingCategory
    """What it endangers."""
    languages: list[str] = Field(default_factory=list)
    """Languages that it looks at."""
    default: bool = True
    """Whether it is on unless a team says otherwise."""
    on: bool = True
    """Whether it is on in this project."""
    fixable: bool = False
    """Whether it can fix some of its findings."""
    tags: list[str] = Field(default_factory=list)
    """Such as `cwe-89`."""
    options: dict[str, int] = Field(default_factory=dict)
    """Limits as they hold in this project."""
    replaced_by: list[str] = Field(default_factory=list)
    """Rules of other tools that say the same."""
    what: str = ""
    """What is reported, and what is not; only when asked for."""
    why: str = ""
    """Why it matters; only when asked for."""
    how: str = ""
    """How it is mended; only when asked for."""


class RulesAnswer(Reply):
    """The installed rules."""

    rules: list[RuleInfo] = Field(default_factory=list[RuleInfo])
    """In alphabetical order."""
    problems: list[str] = Field(default_factory=list)
    """Rules that cannot be used, and settings that name no rule."""
    reason: str = ""
    """When there are none: why, and what to try."""


class ListRules(Request[RulesAnswer]):
    """List the installed rules and whether they are on in a project."""

    type: ClassVar[str] = "code.rules"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    rules: list[str] = Field(default_factory=list)
    """Only these, with their explanations."""
    languages: list[str] = Field(default_factory=list)
    """Only those that look at one of these languages."""
    categories: list[FindingCategory] = Field(default_factory=list[FindingCategory])
    """Only these categories."""
    on_only: bool = False
    """Only those that are on."""


class DayTotal(Message):
    """How many findings counted at the end of a day."""

    type: ClassVar[str] = "code.findings.day"

    day: str
    """ISO 8601, UTC."""
    levels: dict[str, int] = Field(default_factory=dict)
    """Findings per level that were not silenced."""


class FindingsSummary(Reply):
    """Findings of a project, counted."""

    total: int = Field(default=0, ge=0)
    """Findings that count."""
    fixable: int = Field(default=0, ge=0)
    """How many of them have a certain fix."""
    files: int = Field(default=0, ge=0)
    """Files that were analysed."""
    levels: dict[str, int] = Field(default_factory=dict)
    """Per level."""
    categories: dict[str, int] = Field(default_factory=dict)
    """Per category."""
    sources: dict[str, int] = Field(default_factory=dict)
    """Per tool."""
    silenced: dict[str, int] = Field(default_factory=dict)
    """Those that do not count, by how they are silenced."""
    rules: list[NamedCount] = Field(default_factory=list[NamedCount])
    """The rules with most findings."""
    folders: list[NamedCount] = Field(default_factory=list[NamedCount])
    """The folders with most findings; each finding counts for its own folder only."""
    trend: list[DayTotal] = Field(default_factory=list[DayTotal])
    """The last days on which something was analysed, oldest first."""
    freshness: Freshness = Freshness(generation=0)
    """How current the answer is."""
    reason: str = ""
    """When there are none: why, and what to try."""


class SummariseFindings(Request[FindingsSummary]):
    """Count the findings of a project."""

    type: ClassVar[str] = "code.findings.summary"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    paths: list[str] = Field(default_factory=list)
    """Only paths that match one of these globs."""
    top: int = Field(default=10, ge=1, le=100)
    """Most rules and folders."""
    days: int = Field(default=14, ge=0, le=366)
    """Most days of the trend."""


class FindingsUpdated(Event):
    """Findings of a project appeared or went away. Topic: `code.findings.updated`. One per batch that changed any."""

    type: ClassVar[str] = "code.findings.updated"
    durability: ClassVar[Durability] = "durable"

    project: str
    """Its identifier."""
    new: int = Field(default=0, ge=0)
    """Findings that count and were not there before."""
    gone: int = Field(default=0, ge=0)
    """Findings that counted and are not there any more."""
    levels: dict[str, int] = Field(default_factory=dict)
    """What counts now, per level."""
    first: list[FindingInfo] = Field(default_factory=list[FindingInfo])
    """The worst of the new ones, at most five."""


class ToolRun(Message):
    """Whether one tool took part in an analysis."""

    type: ClassVar[str] = "code.analysis.tool"

    name: str
    """The tool."""
    ran: bool
    """Whether it ran to its end."""
    version: str = ""
    """Its version, when it told."""
    findings: int = Field(default=0, ge=0)
    """What it found."""
    seconds: float = Field(default=0.0, ge=0)
    """How long it took."""
    reason: str = ""
    """Why it did not run, and what to do."""


class AnalysisAnswer(Reply):
    """What an analysis found."""

    findings: list[FindingInfo] = Field(default_factory=list[FindingInfo])
    """Errors first, then warnings, then hints; in the order of paths and lines."""
    total: int = Field(default=0, ge=0)
    """How many there are."""
    levels: dict[str, int] = Field(default_factory=dict)
    """How many per level."""
    silenced: int = Field(default=0, ge=0)
    """How many more there are that are silenced."""
    files: int = Field(default=0, ge=0)
    """Files that were analysed."""
    lines: int = Field(default=0, ge=0)
    """Lines of those files."""
    seconds: float = Field(default=0.0, ge=0)
    """How long it took."""
    failed: bool = False
    """Whether something is as bad as `fail_on` says."""
    tools: list[ToolRun] = Field(default_factory=list[ToolRun])
    """Which tools took part, and which did not and why."""
    more: bool = False
    """Whether findings were left out because of `limit`."""
    freshness: Freshness = Freshness(generation=0)
    """How current the answer is."""
    reason: str = ""
    """When nothing was found or analysed: why, and what to try."""


class AnalyzeProject(Request[AnalysisAnswer]):
    """Analyse a project, or a part of it, now."""

    type: ClassVar[str] = "code.analyze"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    paths: list[str] = Field(default_factory=list)
    """Only paths that match one of these globs."""
    changed: bool = False
    """Only files that differ from the last commit."""
    since: str = Field(default="", max_length=500)
    """Only files that differ from this commit, branch or tag."""
    fail_on: FindingLevel | None = None
    """The level from which on the answer says that it failed."""
    tools: bool = True
    """Whether the project's own tools run as well."""
    limit: int = Field(default=200, ge=1, le=10_000)
    """Most findings in the answer."""
