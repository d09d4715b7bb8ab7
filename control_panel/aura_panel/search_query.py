"""What a person types into the search: the query itself, filters among its words, and what was searched before."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, cast, get_args

from aura_shared.messages.code import FindSymbols, QueryMode, SearchCode, SymbolKind

__all__ = ["History", "Query", "parse_query"]

MOST_DEFINITIONS: Final = 8
TOKENS_PER_HIT: Final = 300
"""Enough of a passage to choose its best line."""
TOKENS_PER_MATCH: Final = 1_000
"""Of an exact text or a pattern the very line is wanted, which may stand far down in its passage."""
MOST_REMEMBERED: Final = 100
_FILTER: Final = re.compile(r"(?:(?<=\s)|^)(lang|path|kind|mode):(\S+)")
_NAME: Final = re.compile(r"[^\W\d]\w*(?:(?:\.|::|->|#)\w+)*(?:\(\))?")


@dataclass(frozen=True, kw_only=True)
class Query:
    """A query and its filters."""

    text: str = ""
    """Words, a name, a path, "an exact text" or /a pattern/."""
    languages: tuple[str, ...] = ()
    """Only these languages."""
    paths: tuple[str, ...] = ()
    """Only paths that match one of these globs."""
    kinds: tuple[SymbolKind, ...] = ()
    """Only definitions of these kinds."""
    mode: QueryMode = "auto"
    """How to read the text."""
    problem: str = ""
    """What is wrong with a filter, and what is expected."""

    @property
    def names(self) -> bool:
        """Whether definitions can have such a name."""
        return self.mode in {"auto", "identifier"} and _NAME.fullmatch(self.text) is not None

    def search(self, project: str, *, limit: int, explain: bool) -> SearchCode:
        """The question for passages."""
        exact = self.text.startswith(('"', "/")) or self.mode in {"exact", "regex"}
        budget = limit * (TOKENS_PER_MATCH if exact else TOKENS_PER_HIT)
        return SearchCode(
            project=project, query=self.text, mode=self.mode, limit=limit, budget=budget, explain=explain,
            languages=list(self.languages), paths=list(self.paths), kinds=list(self.kinds),
        )  # fmt: skip

    def symbols(self, project: str) -> FindSymbols:
        """The question for definitions."""
        return FindSymbols(
            project=project, name=self.text, limit=MOST_DEFINITIONS, languages=list(self.languages),
            paths=list(self.paths), kinds=list(self.kinds),
        )  # fmt: skip


def parse_query(written: str) -> Query:
    """What was typed, with filters such as `lang:python`, `path:tests/**`, `kind:class`, `mode:words` taken out.

    A query that begins with a quote or a slash keeps everything up to its last quote or slash as it is.
    """
    written = written.strip()
    closed = _closed(written)
    kept, rest = written[:closed], written[closed:]
    found: dict[str, list[str]] = {}
    for name, value in _FILTER.findall(rest):
        found.setdefault(name, []).append(value)
    text = " ".join(f"{kept}{_FILTER.sub(' ', rest)}".split()) if not closed else kept + _FILTER.sub("", rest).rstrip()
    kinds, modes = found.get("kind", []), found.get("mode", ["auto"])
    problem = _unknown("kind", kinds, get_args(SymbolKind)) or _unknown("mode", modes, get_args(QueryMode))
    if problem:
        return Query(text=text, problem=problem)
    return Query(
        text=text,
        languages=tuple(found.get("lang", [])),
        paths=tuple(found.get("path", [])),
        kinds=tuple(cast("list[SymbolKind]", kinds)),
        mode=cast("QueryMode", modes[-1]),
    )


def _closed(written: str) -> int:
    """Where an exact text or a pattern at the beginning ends; 0 when there is none."""
    for mark in ('"', "/"):
        if written.startswith(mark):
            return written.rfind(mark) + 1 if written.rfind(mark) > 0 else 0
    return 0


def _unknown(name: str, values: list[str], known: tuple[str, ...]) -> str:
    wrong = next((value for value in values if value not in known), "")
    return f"{name}:{wrong} is none of {', '.join(known)}" if wrong else ""


@dataclass
class History:
    """What was searched while the panel runs, the oldest first."""

    past: list[str] = field(default_factory=list[str])
    """Queries as they were typed."""
    at: int = -1
    """Number of the query that is shown again; -1 for what is being typed."""
    _typed: str = ""

    @property
    def browsing(self) -> bool:
        """Whether an older query than the typed one is shown."""
        return self.at >= 0

    def remember(self, written: str) -> None:
        """Keep a query that led to something."""
        self.at = -1
        if written.strip():
            self.past = [*(one for one in self.past if one != written), written][-MOST_REMEMBERED:]

    def older(self, typed: str) -> str | None:
        """The query before; None when there is none."""
        if not self.browsing:
            self._typed = typed
            older = [number for number, one in enumerate(self.past) if one != typed]
        else:
            older = list(range(self.at))
        if not older:
            return None
        self.at = older[-1]
        return self.past[self.at]

    def newer(self) -> str:
        """The query after the one that is shown; at last what was typed."""
        self.at = self.at + 1 if self.at + 1 < len(self.past) else -1
        return self.past[self.at] if self.browsing else self._typed

    def typed(self) -> None:
        """The person typed on: the next step back begins at the newest."""
        self.at = -1
