"""Findings as rows and as an explanation with the code that they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rich.text import Text
from textual.content import Content

from aura_cli.change_view import plain
from aura_panel.findings_pages import Found, Order, Page, Wanted
from aura_panel.home_rows import sparkline
from aura_panel.search_rows import freshness_words
from aura_panel.widgets.code import numbered_lines
from aura_panel.widgets.listing import ListColumn
from aura_shared.messages.findings import (
    AnalysisAnswer,
    BaselineAnswer,
    FindingExplanation,
    FindingInfo,
    FindingsSummary,
)

__all__ = [
    "COLUMNS",
    "SIGNS",
    "about_finding",
    "analysis_words",
    "baseline_words",
    "code_of",
    "count_words",
    "empty_words",
    "finding_rows",
    "state_of_findings",
    "why_of",
]

Colours = Mapping[str, str]
SIGNS: Final[Mapping[str, tuple[str, str]]] = {
    "error": ("✗", "error"), "warning": ("!", "warning"), "hint": ("·", "muted"),
}  # fmt: skip
"""Sign and colour of a level."""
COLUMNS: Final = (
    ListColumn("Level", 9),
    ListColumn("Message", stretch=True),
    ListColumn("Fix", 3, 3),
    ListColumn("Rule", 24, 2),
    ListColumn("Place", 32, front=True),
    ListColumn("Project", 16, 1),
)
_MOST_TOLD: Final = 3


def finding_rows(
    found: Sequence[Found], order: Order, names: Mapping[str, str], colours: Colours
) -> dict[str, list[Text]]:
    """The rows of a page; in an order by file or rule each is named in the first of its rows only."""
    rows: dict[str, list[Text]] = {}
    before: Found | None = None
    for one in found:
        key, number = one.key, 1
        while key in rows:
            number += 1
            key = f"{one.key}#{number}"
        rows[key] = _row(one, before, order, names, colours)
        before = one
    return rows


def _row(one: Found, before: Found | None, order: Order, names: Mapping[str, str], colours: Colours) -> list[Text]:
    finding, last = one.finding, before.finding if before is not None else None
    muted = colours["muted"]
    sign, colour = SIGNS[finding.level]
    path, rule = plain(finding.path), plain(finding.rule)
    if order == "file" and last is not None and last.path == finding.path and before and before.project == one.project:
        path = ""
    if order == "rule" and last is not None and last.rule == finding.rule and last.level == finding.level:
        rule = "″"
    message = Text(plain(finding.message))
    if finding.suppressed:
        message = Text.assemble((f"({finding.suppressed}) ", muted), (message.plain, muted))
    return [
        Text(f"{sign} {finding.level}", muted if finding.suppressed else colours[colour]),
        message,
        Text("fix" if finding.fixable else "", colours["success"]),
        Text(rule, muted),
        Text(f"{path}:{finding.start_line}", colours["secondary"] if path else muted),
        Text(names.get(one.project, "") if names else "", muted),
    ]


def about_finding(finding: FindingInfo, project: str, colours: Colours) -> Text:
    """What was found, in three lines: the sentence, its rule, its place."""
    sign, colour = SIGNS[finding.level]
    muted = colours["muted"]
    text = Text.assemble((f"{sign} ", f"bold {colours[colour]}"), (plain(finding.message), "bold"), "\n")
    source = "" if finding.source == "aura" else f" · by {plain(finding.source)}"
    text.append(f"{finding.level} · {finding.category} · {plain(finding.rule)}{source} · {finding.id}\n", muted)
    text.append(f"{plain(finding.path)}:{finding.start_line}", colours["secondary"])
    text.append(f" in {plain(finding.symbol)}" if finding.symbol else "", muted)
    text.append(f" · {project}" if project else "", muted)
    if finding.suppressed:
        reason = f": {plain(finding.reason)}" if finding.reason else ""
        text.append(f"\nsilenced by {finding.suppressed}{reason}", colours["warning"])
    return text


def code_of(told: FindingExplanation) -> Content:
    """The lines around the finding, its own marked."""
    finding = told.finding
    marked = range(finding.start_line, min(finding.end_line, finding.start_line + 500) + 1)
    return (
        numbered_lines(told.code, finding.path, first=told.code_start_line, marked=marked) if told.code else Content()
    )


def why_of(told: FindingExplanation, colours: Colours) -> Text:
    """Why it matters, how it is mended, what the rule reports, how it is silenced, and others of the same rule."""
    text = Text()
    fix = told.fix
    mended = told.how
    if fix is not None:
        mended = f"{told.how}\n\n{'f shows a fix that is certain.' if not fix.refused else f'No fix: {fix.refused}.'}"
    for title, words in (("Why", told.why), ("How it is mended", mended), ("What is reported", told.what)):
        if words.strip():
            _section(text, title, _paragraphs(words), colours)
    if told.silence:
        _section(text, "Ways to silence it (i)", "\n".join(f"- {plain(way)}" for way in told.silence), colours)
    if told.siblings_total:
        places = [f"- {plain(one.path)}:{one.start_line}" for one in told.siblings]
        left = told.siblings_total - len(places)
        more = [f"  and {left:,} more; t shows them"] if left else []
        _section(text, f"{told.siblings_total:,} others of this rule", "\n".join([*places, *more]), colours)
    if told.tags:
        text.append(f"\n{', '.join(told.tags)}", colours["muted"])
    return text


def _section(text: Text, title: str, words: str, colours: Colours) -> None:
    text.append(f"{'' if not text else chr(10)}{title}\n", f"bold {colours['primary']}").append(f"{words}\n")


def _paragraphs(words: str) -> str:
    return "\n\n".join(" ".join(plain(part).split()) for part in words.strip().split("\n\n"))


def state_of_findings(page: Page, summaries: Sequence[FindingsSummary], colours: Colours) -> Text:
    """How many there are, how that changed over the last days, and which state of the files was asked."""
    muted = colours["muted"]
    text = Text(count_words(page.levels) or "no findings", "bold", no_wrap=True, overflow="ellipsis")
    if page.silenced:
        text.append(f", {page.silenced:,} silenced", muted)
    text.append_text(_trend(summaries, colours))
    if page.offset or page.more:
        text.append(f" · {page.offset + 1:,}-{page.offset + len(page.found):,} of {page.total:,}", colours["accent"])
    if page.cut:
        text.append(" · ! too many to look through all: narrow the filter", colours["warning"])
    if page.freshness is not None:
        text.append(" · ", muted).append_text(freshness_words(page.freshness, colours))
    return text


def count_words(levels: Mapping[str, int]) -> str:
    """`2 errors, 1 hint`; empty without any."""
    counted = [(levels.get(level, 0), level) for level in SIGNS]
    return ", ".join(f"{number:,} {level if number == 1 else level + 's'}" for number, level in counted if number)


def _trend(summaries: Sequence[FindingsSummary], colours: Colours) -> Text:
    """The totals of the last days, all projects together."""
    days: dict[str, int] = {}
    for summary in summaries:
        for day in summary.trend:
            days[day.day] = days.get(day.day, 0) + sum(day.levels.values())
    totals = [days[day] for day in sorted(days)]
    if len(totals) < 2:
        return Text()
    step = totals[-1] - totals[0]
    word, colour = (f"↓{-step:,}", "success") if step < 0 else (f"↑{step:,}", "warning") if step else ("=", "muted")
    return Text.assemble(" · ", (sparkline(totals, 14), colours["secondary"]), " ", (word, colours[colour]),
                         (f" in {len(totals)} days", colours["muted"]))  # fmt: skip


def empty_words(page: Page, wanted: Wanted) -> str:
    """Why the list is empty, and what to do next."""
    if wanted.filter.words and any(page.levels.values()) is False and not page.reason:
        return f"Nothing has the words “{' '.join(wanted.filter.words)}”. Esc takes the filter away."
    if wanted.level is not None and any(page.levels.values()):
        return f"There is no {wanted.level}; the arrows to the sides show other levels."
    tail = f" {page.silenced:,} are silenced; s shows them." if page.silenced else ""
    return f"{plain(page.reason) or 'Nothing was found.'}{tail}\n\na analyses now, with the tools of the project."


def analysis_words(name: str, found: AnalysisAnswer) -> str:
    """What an analysis came to, and which tools did not run."""
    missing = [f"{tool.name} did not run: {tool.reason}" for tool in found.tools if not tool.ran]
    lines = [
        f"{name}: {count_words(found.levels) or 'no findings'} in {found.files:,} files, {found.seconds:.1f} s.",
        *missing[:_MOST_TOLD],
        *([f"… and {len(missing) - _MOST_TOLD} more tools"] if len(missing) > _MOST_TOLD else []),
    ]
    return "\n".join(plain(line) for line in lines)


def baseline_words(answer: BaselineAnswer) -> str:
    """What a baseline is now."""
    many = "finding" if answer.entries == 1 else "findings"
    return (
        f"{plain(answer.path)} silences {answer.entries:,} {many}: {answer.added:,} added, {answer.removed:,} "
        "taken out. Commit it, so that it holds for everybody."
    )
