"""The questions of the search view, as plain awaitables, and the answers that are kept for a moment."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from aura_panel.search_query import Query
from aura_panel.search_rows import Entry, Group, calls_groups, impact_groups, references_groups
from aura_shared.errors import AuraError
from aura_shared.messages.code import Freshness, ReadSpan, SearchAnswer, SpanAnswer, SymbolAnswer
from aura_shared.messages.structure import AskImpact, FindCalls, FindReferences

if TYPE_CHECKING:
    from aura_panel.link import Link

__all__ = ["Related", "Relation", "Spans", "ask_related", "ask_search"]

Relation = Literal["references", "callers", "impact"]
MOST_RELATED: Final = 200
LINES_BEFORE: Final = 6
MOST_LINES: Final = 160
SPAN_BUDGET: Final = 6_000
KEPT_SPANS: Final = 40


async def ask_search(
    link: Link, project: str, query: Query, *, limit: int, explain: bool
) -> tuple[SearchAnswer, SymbolAnswer | None]:
    """Passages, and definitions when the query can be a name; both are asked for at once.

    Raises:
        AuraError: What the service reported, or that it does not answer.
    """
    passages = link.ask(query.search(project, limit=limit, explain=explain))
    if not query.names:
        return await passages, None
    return await asyncio.gather(passages, _symbols(link, project, query))


async def _symbols(link: Link, project: str, query: Query) -> SymbolAnswer | None:
    try:
        return await link.ask(query.symbols(project))
    except AuraError:
        return None  # The passages tell what is wrong, or are enough.


class Related(NamedTuple):
    """What has to do with a definition."""

    title: str
    """What was asked."""
    groups: list[Group]
    """The answer."""
    note: str
    """Why there is nothing, or the answer in a sentence."""
    more: bool
    """Whether some were left out."""
    freshness: Freshness
    """Which state of the files it saw."""


async def ask_related(link: Link, project: str, relation: Relation, entry: Entry) -> Related:
    """Uses, callers, or what a change may break, of the definition that an entry stands for.

    Raises:
        AuraError: What the service reported, or that it does not answer.
    """
    line = None if entry.symbol else entry.line
    name = entry.symbol or f"{entry.path}:{entry.line}"
    if relation == "references":
        uses = await link.ask(
            FindReferences(project=project, symbol=entry.symbol, path=entry.path, line=line, limit=MOST_RELATED)
        )
        return Related(f"Uses of {name}", references_groups(uses), uses.reason, uses.more, uses.freshness)
    if relation == "callers":
        calls = await link.ask(
            FindCalls(project=project, symbol=entry.symbol, path=entry.path, line=line, limit=MOST_RELATED)
        )
        return Related(f"Callers of {name}", calls_groups(calls), calls.reason, calls.more, calls.freshness)
    impact = await link.ask(
        AskImpact(project=project, symbol=entry.symbol, path=entry.path, line=line, limit=MOST_RELATED)
    )
    note = impact.reason or impact.summary
    return Related(f"Impact of {name}", impact_groups(impact), note, impact.more, impact.freshness)


class Spans:
    """Passages of files around entries; those that were read lately are kept until files change."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, int, int], SpanAnswer] = OrderedDict()

    def forget(self) -> None:
        """Files changed."""
        self._kept.clear()

    def known(self, project: str, entry: Entry) -> SpanAnswer | None:
        """The lines around an entry when they were read lately."""
        return self._kept.get((project, entry.path, entry.first, entry.last))

    async def read(self, link: Link, project: str, entry: Entry) -> SpanAnswer:
        """The lines around an entry.

        Raises:
            AuraError: What the service reported, or that it does not answer.
        """
        first = max(1, entry.first - LINES_BEFORE)
        if entry.line - first > MOST_LINES // 2:
            first = entry.line - LINES_BEFORE
        answer = await link.ask(
            ReadSpan(
                project=project, path=entry.path, start_line=first, end_line=first + MOST_LINES, budget=SPAN_BUDGET
            )
        )
        self._kept[project, entry.path, entry.first, entry.last] = answer
        while len(self._kept) > KEPT_SPANS:
            self._kept.popitem(last=False)
        return answer
