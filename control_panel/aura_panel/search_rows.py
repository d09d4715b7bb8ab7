"""Answers of the index as entries of one list: definitions, passages, uses, callers, what a change may break."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from rich.text import Text

from aura_cli.change_view import plain
from aura_cli.passages import pick_lines
from aura_panel.search_query import Query
from aura_shared.messages.code import Freshness, ProjectInfo, SearchAnswer, SearchHit, Symbol, SymbolAnswer
from aura_shared.messages.structure import CallsAnswer, Defined, ImpactAnswer, ReferencesAnswer

__all__ = [
    "Entry",
    "Group",
    "calls_groups",
    "found_groups",
    "freshness_words",
    "impact_groups",
    "not_ready_words",
    "nothing_found",
    "references_groups",
    "state_of_search",
]

_MOST_MARKED: Final = 400
_STEPS: Final = {1: "direct", 2: "2 steps"}
_SURE: Final = {"exact": "Used", "likely": "Probably used", "by name": "The same name only"}
Colours = Mapping[str, str]


class Entry(NamedTuple):
    """A place that can be looked at and opened."""

    key: str
    """Stays the same while the place does."""
    kind: str
    """What it is, in a word."""
    title: str
    """Name of the definition there; empty at the top of a file."""
    path: str
    """File."""
    line: int
    """Where it is opened."""
    first: int
    """First line of the place."""
    last: int
    """Last line of the place."""
    code: str = ""
    """Its best line."""
    marked: frozenset[int] = frozenset()
    """Numbers of the lines that answer the question."""
    symbol: str = ""
    """Qualified name that questions about its uses take; empty when there is none."""
    score: str = ""
    """What its score is made of, on request."""


class Group(NamedTuple):
    """Entries of one sort."""

    title: str
    """What they are."""
    entries: Sequence[Entry]
    """The best first."""


def found_groups(answer: SearchAnswer, symbols: SymbolAnswer | None, pattern: re.Pattern[str] | None) -> list[Group]:
    """Definitions, then passages."""
    definitions = [_of_symbol(symbol) for symbol in symbols.symbols] if symbols is not None else []
    passages = [_of_hit(hit, pattern) for hit in answer.hits]
    more = "more than " if symbols is not None and symbols.more else ""
    return _groups(
        (f"Definitions  {more}{len(definitions)}", definitions),
        (f"Code  {'the best ' if answer.more else ''}{len(passages)}", passages),
    )


def _groups(*found: tuple[str, Sequence[Entry]]) -> list[Group]:
    return [Group(title, _distinct(entries)) for title, entries in found if entries]


def _distinct(entries: Iterable[Entry]) -> list[Entry]:
    """The same entries, each with a key of its own."""
    seen: dict[str, int] = {}
    made: list[Entry] = []
    for entry in entries:
        seen[entry.key] = number = seen.get(entry.key, 0) + 1
        made.append(entry if number == 1 else entry._replace(key=f"{entry.key}#{number}"))
    return made


def _of_symbol(symbol: Symbol) -> Entry:
    name = f"{symbol.container}.{symbol.name}" if symbol.container else symbol.name
    return Entry(
        key=f"definition:{symbol.path}:{name}",
        kind=symbol.kind,
        title=plain(name),
        path=symbol.path,
        line=symbol.start_line,
        first=symbol.start_line,
        last=symbol.end_line,
        code=_one_line(symbol.signature).removeprefix(f"{symbol.kind} {symbol.name}"),
        marked=frozenset({symbol.start_line}),
        symbol=name,
    )


def _of_hit(hit: SearchHit, pattern: re.Pattern[str] | None) -> Entry:
    lines = hit.text.rstrip("\n").split("\n")
    fitting = [number for number, line in enumerate(lines[:_MOST_MARKED]) if pattern and pattern.search(line[:1000])]
    picked = pick_lines(lines, pattern, 2)
    best = next((number for number in reversed(picked) if number in fitting), fitting[0] if fitting else picked[0])
    whole = range(hit.start_line, min(hit.end_line, hit.start_line + _MOST_MARKED) + 1)
    return Entry(
        key=f"code:{hit.path}:{hit.start_line}",
        kind=hit.kind or hit.language or "text",
        title=plain(hit.symbol),
        path=hit.path,
        line=hit.start_line + best,
        first=hit.start_line,
        last=hit.end_line,
        code=_one_line(lines[best]),
        marked=frozenset(hit.start_line + number for number in fitting) or frozenset(whole),
        symbol=hit.symbol,
        score=_score(hit),
    )


def _score(hit: SearchHit) -> str:
    if not hit.parts:
        return ""
    terms = [f"{'×' if part.factor else '+'} {part.value:.3g} {part.name}" for part in hit.parts]  # noqa: RUF001 - the sign of a product
    return f"score {hit.score:.3g} = {' '.join(terms).removeprefix('+ ')}"


def _one_line(text: str) -> str:
    return plain(" ".join(text.split()))


def references_groups(answer: ReferencesAnswer) -> list[Group]:
    """Where it is defined, then where it is used, by how sure that is."""
    uses: dict[str, list[Entry]] = {}
    for use in answer.references:
        uses.setdefault(use.confidence, []).append(
            Entry(
                key=f"use:{use.path}:{use.line}:{use.column}",
                kind=use.kind,
                title=plain(use.enclosing),
                path=use.path,
                line=use.line,
                first=use.line,
                last=use.line,
                code=_one_line(use.text),
                marked=frozenset({use.line}),
                symbol=use.enclosing,
            )
        )
    return _groups(
        ("Defined", [_of_defined(one) for one in answer.definitions]),
        *((f"{_SURE[sure]}  {len(entries):,}", entries) for sure, entries in uses.items()),
    )


def calls_groups(answer: CallsAnswer) -> list[Group]:
    """Who calls it, the nearest first."""
    callers = [
        _of_defined(call.caller, line=call.line)._replace(
            key=f"call:{call.caller.path}:{call.line}:{call.depth}",
            code=f"{call.calls} calls, this is the first" if call.calls > 1 else "",
        )
        for call in answer.calls
    ]
    return _groups(("Defined", [_of_defined(one) for one in answer.definitions]), ("Callers", callers))


def impact_groups(answer: ImpactAnswer) -> list[Group]:
    """What may break, then the tests that reach it."""
    affected, tests = (
        [_of_defined(one.symbol, kind=_STEPS.get(one.distance, f"{one.distance} steps")) for one in found]
        for found in (answer.affected, answer.tests)
    )
    return _groups(
        ("Defined", [_of_defined(one) for one in answer.definitions]),
        (f"May break  {answer.affected_total:,}", affected),
        (f"Tests that reach it  {answer.tests_total:,}", tests),
    )


def _of_defined(found: Defined, *, line: int = 0, kind: str = "") -> Entry:
    at = line or found.line
    return Entry(
        key=f"definition:{found.path}:{found.name}",
        kind=kind or found.kind,
        title=plain(found.name) or "(top of the file)",
        path=found.path,
        line=at,
        first=at,
        last=at if line else max(at, found.end_line),
        marked=frozenset({at}),
        symbol=found.name,
    )


def state_of_search(query: Query, answer: SearchAnswer, symbols: SymbolAnswer | None, colours: Colours) -> Text:
    """How many were found, how the query was read, how long it took, and which state of the index was asked."""
    text = Text(no_wrap=True, overflow="ellipsis")
    count = len(answer.hits)
    text.append(f"{'the best ' if answer.more else ''}{count} {'passage' if count == 1 else 'passages'}", "bold")
    if symbols is not None and symbols.symbols:
        number = len(symbols.symbols)
        text.append(f", {number}{'+' if symbols.more else ''} {'definition' if number == 1 else 'definitions'}")
    muted = colours["muted"]
    text.append(f" · read as {answer.mode} · {answer.seconds * 1000:,.0f} ms", muted)
    filters = [*query.languages, *query.paths, *query.kinds]
    if filters:
        text.append(f" · only {', '.join(filters)}", muted)
    return text.append(" · ", muted).append_text(freshness_words(answer.freshness, colours))


def freshness_words(freshness: Freshness, colours: Colours) -> Text:
    """Which state of the files an answer saw."""
    text = Text(f"index {freshness.generation}", colours["muted"])
    if freshness.pending:
        files = "changed file is" if freshness.pending == 1 else "changed files are"
        text.append(f", ! {freshness.pending:,} {files} not in it yet", colours["warning"])
    elif not freshness.verified:
        text.append(", ! still being compared with the disk", colours["warning"])
    else:
        text.append(", current", colours["muted"])
    return text


def nothing_found(answer: SearchAnswer) -> str:
    """Why there is nothing, and what the index leaves out."""
    left_out = sum(entry.files for entry in answer.skipped)
    more = f"\n\n{left_out:,} files are not searched: " if left_out else ""
    kinds = ", ".join(f"{entry.files:,} {entry.reason}" for entry in answer.skipped)
    return f"{plain(answer.reason) or 'Nothing was found.'}{more}{kinds}"


def not_ready_words(info: ProjectInfo) -> str:
    """Why a project cannot be asked now; empty when it can."""
    if info.phase == "ready":
        return ""
    if info.phase in {"missing", "failed"}:
        return f"{info.name} cannot be read: {plain(info.problem) or info.phase}"
    of = f" of {info.files_total:,}" if info.files_total else ""
    return (
        f"The index of {info.name} is {'being built' if info.phase == 'building' else info.phase}: "
        f"{info.files_done:,}{of} files are read. What is found appears once it is ready."
    )
