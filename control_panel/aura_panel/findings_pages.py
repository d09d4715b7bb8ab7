"""Which findings are shown: filters as they are typed, the order, and pages of one or all projects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast, get_args

from aura_panel.search_rows import not_ready_words
from aura_shared.messages.code import Freshness
from aura_shared.messages.findings import FindingCategory, FindingInfo, FindingLevel, FindingsAnswer, ListFindings

if TYPE_CHECKING:
    from aura_panel.link import Link
    from aura_panel.world import World

__all__ = [
    "LEVELS",
    "ORDERS",
    "PAGE",
    "Filter",
    "Found",
    "Order",
    "Page",
    "Wanted",
    "ask_page",
    "asked_projects",
    "parse_filter",
    "why_nothing",
]

PAGE: Final = 200
GATHERED_AT_ONCE: Final = 1000
MOST_GATHERED: Final = 5_000
"""Words, other orders and several projects are looked through here; beyond this many findings it is said so."""
LEVELS: Final = get_args(FindingLevel)
Order = Literal["level", "file", "rule", "source"]
ORDERS: Final[tuple[Order, ...]] = get_args(Order)
_TOKEN: Final = re.compile(r"(rule|path|source|category):(\S+)")


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What was typed to narrow the list."""

    words: tuple[str, ...] = ()
    """All of them stand in message, rule, path or symbol."""
    rules: tuple[str, ...] = ()
    """Only these rules."""
    paths: tuple[str, ...] = ()
    """Only paths that match one of these globs."""
    sources: tuple[str, ...] = ()
    """Only what these tools found."""
    categories: tuple[FindingCategory, ...] = ()
    """Only these categories."""
    fixable: bool = False
    """Only those with a certain fix."""
    problem: str = ""
    """What is wrong with it, and what is expected."""


def parse_filter(written: str) -> Filter:
    """A filter as it was typed: words, and `rule:`, `path:`, `source:`, `category:`, `fixable` among them."""
    found: dict[str, list[str]] = {}
    words: list[str] = []
    for part in written.split():
        token = _TOKEN.fullmatch(part)
        if token is None:
            words.append(part.casefold())
        else:
            found.setdefault(token[1], []).append(token[2])
    known = get_args(FindingCategory)
    wrong = next((name for name in found.get("category", []) if name not in known), "")
    if wrong:
        return Filter(problem=f"category:{wrong} is none of {', '.join(known)}")
    return Filter(
        words=tuple(word for word in words if word != "fixable"),
        rules=tuple(found.get("rule", [])),
        paths=tuple(found.get("path", [])),
        sources=tuple(found.get("source", [])),
        categories=tuple(cast("list[FindingCategory]", found.get("category", []))),
        fixable="fixable" in words,
    )


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which page of which findings."""

    projects: tuple[str, ...]
    """Identifiers of the projects."""
    filter: Filter = Filter()
    level: FindingLevel | None = None
    order: Order = "level"
    silenced: bool = False
    """Whether silenced ones are shown as well."""
    offset: int = 0

    @property
    def gathered(self) -> bool:
        """Whether the service cannot give the page by itself."""
        return bool(self.filter.words) or self.order != "level" or len(self.projects) != 1

    def request(self, project: str, *, limit: int, offset: int, level: FindingLevel | None) -> ListFindings:
        """The question to the service."""
        wanted = self.filter
        return ListFindings(
            project=project, paths=list(wanted.paths), rules=list(wanted.rules), sources=list(wanted.sources),
            categories=list(wanted.categories), fixable=wanted.fixable, silenced=self.silenced, limit=limit,
            offset=offset, levels=[level] if level else [],
        )  # fmt: skip


class Found(NamedTuple):
    """A finding and its project."""

    project: str
    """Identifier."""
    finding: FindingInfo
    """What was found."""

    @property
    def key(self) -> str:
        """Stays the same while the finding is there."""
        return f"{self.project}:{self.finding.fingerprint}"


@dataclass(kw_only=True)
class Page:
    """Findings that are shown at once."""

    found: list[Found] = field(default_factory=list[Found])
    """Those of the page."""
    total: int = 0
    """How many pass the filters."""
    levels: dict[str, int] = field(default_factory=dict[str, int])
    """How many pass them per level, the level itself left aside."""
    silenced: int = 0
    """How many more would pass were they not silenced."""
    offset: int = 0
    """How many come before."""
    cut: bool = False
    """Whether there are so many that not all were looked through."""
    freshness: Freshness | None = None
    """Which state of the files the answer saw; None for several projects."""
    reason: str = ""
    """When there are none: why, and what to try."""

    @property
    def more(self) -> bool:
        """Whether there is a page after this one."""
        return self.offset + len(self.found) < self.total


def asked_projects(world: World, project: str, *, everywhere: bool) -> tuple[str, ...]:
    """The projects whose findings are shown: all that are ready, or the chosen one."""
    if everywhere:
        return tuple(info.id for info in world.projects.values() if info.phase == "ready")
    return (project,) if project in world.projects else ()


def why_nothing(world: World | None, project: str, *, everywhere: bool) -> str:
    """Why no findings can be listed now, and what to do; empty when they can."""
    if world is None:
        return "Connecting …"
    if not world.projects:
        unknown = world.presence in {"down", "unknown", "starting"}
        return "" if unknown else "No project is registered. In the command palette (Ctrl-P): Register project."
    info = world.projects.get(project)
    return not_ready_words(info) if info is not None and not everywhere else ""


async def ask_page(link: Link, wanted: Wanted) -> Page:
    """A page of findings.

    Raises:
        AuraError: What the service reported, or that it does not answer.
    """
    page = await (_gathered(link, wanted) if wanted.gathered else _given(link, wanted))
    last = max(0, (page.total - 1) // PAGE * PAGE)
    if not page.found and last < page.offset:  # Findings went away meanwhile.
        return await ask_page(link, replace(wanted, offset=last))
    return page


async def _given(link: Link, wanted: Wanted) -> Page:
    """A page as the service gives it."""
    project = wanted.projects[0]
    answer = await link.ask(wanted.request(project, limit=PAGE, offset=wanted.offset, level=wanted.level))
    every = answer
    if wanted.level is not None:
        every = await link.ask(wanted.request(project, limit=1, offset=0, level=None))
    return Page(
        found=[Found(project, one) for one in answer.findings],
        total=answer.total,
        levels=every.levels,
        silenced=answer.silenced,
        offset=wanted.offset,
        freshness=answer.freshness,
        reason=answer.reason,
    )


async def _gathered(link: Link, wanted: Wanted) -> Page:
    """A page of everything that passes, looked through and put in order here."""
    every: list[Found] = []
    answers: list[FindingsAnswer] = []
    cut = False
    for project in wanted.projects:
        while True:
            taken = sum(one.project == project for one in every)
            answer = await link.ask(wanted.request(project, limit=GATHERED_AT_ONCE, offset=taken, level=None))
            every += [Found(project, one) for one in answer.findings]
            if not answer.more or not answer.findings or len(every) >= MOST_GATHERED:
                answers.append(answer)
                cut = cut or answer.more
                break
    fitting = [found for found in every if _has_words(found.finding, wanted.filter.words)]
    levels = {level: sum(found.finding.level == level for found in fitting) for level in LEVELS}
    shown = [found for found in fitting if wanted.level in {None, found.finding.level}]
    shown.sort(key=lambda found: _place_in(wanted.order, found))
    return Page(
        found=shown[wanted.offset : wanted.offset + PAGE],
        total=len(shown),
        levels=levels,
        silenced=sum(answer.silenced for answer in answers),
        offset=wanted.offset,
        cut=cut,
        freshness=answers[0].freshness if len(answers) == 1 else None,
        reason=next((answer.reason for answer in answers if answer.reason), ""),
    )


def _has_words(finding: FindingInfo, words: Sequence[str]) -> bool:
    if not words:
        return True
    text = f"{finding.message} {finding.rule} {finding.path} {finding.symbol} {finding.source}".casefold()
    return all(word in text for word in words)


def _place_in(order: Order, found: Found) -> tuple[object, ...]:
    finding = found.finding
    level, place = LEVELS.index(finding.level), (found.project, finding.path, finding.start_line)
    if order == "file":
        return (*place[:2], finding.start_line, level)
    if order == "rule":
        return (level, finding.rule, *place)
    if order == "source":
        return (finding.source, level, *place)
    return (level, *place)
