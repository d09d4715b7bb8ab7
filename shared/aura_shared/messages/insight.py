"""Messages of what is drawn from a whole project: the map of its symbols, context for a model, hotspots, reports."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.code import Freshness, SymbolKind
from aura_shared.messages.core import Message, Reply, Request

_NOT_YET = Freshness(generation=0)


class MapEntry(Message):
    """A definition on the map."""

    type: ClassVar[str] = "code.map.entry"

    path: str
    """File."""
    line: int = Field(ge=1)
    """Where it is defined."""
    name: str
    """Qualified name."""
    kind: SymbolKind
    """What it is."""
    signature: str
    """Its declaration in one line, without the body."""
    weight: float = Field(ge=0)
    """Its share of the rank of the whole project, in [0, 1]."""


class SymbolMapAnswer(Reply):
    """The most important definitions of a project."""

    entries: list[MapEntry] = Field(default_factory=list[MapEntry])
    """By file, the most important file first; within a file by line."""
    text: str = ""
    """The same as a model reads it: paths, and below each the signatures."""
    tokens: int = Field(default=0, ge=0)
    """Estimated size of `text`, at 4 bytes a token; never over the budget."""
    definitions: int = Field(default=0, ge=0)
    """How many definitions were ranked."""
    more: bool = False
    """Whether some did not fit."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing to show."""


class MapSymbols(Request[SymbolMapAnswer]):
    """Draw the map of a project: signatures ranked by who refers to them, within a budget of tokens."""

    type: ClassVar[str] = "code.symbol_map"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    budget: int = Field(default=2000, ge=50, le=100_000)
    """Most tokens."""
    focus: list[str] = Field(default_factory=list)
    """Files or folders that one works on: what they refer to ranks higher."""
    query: str = Field(default="", max_length=2000)
    """A question: the files that answer it are in focus."""


class ContextPart(Message):
    """A piece of code that belongs to the context."""

    type: ClassVar[str] = "code.context.part"

    path: str
    """File."""
    start_line: int = Field(ge=1)
    """First line."""
    end_line: int = Field(ge=1)
    """Last line."""
    symbol: str = ""
    """Qualified name of what it shows."""
    why: str
    """Why it is here: `asked for`, `calls it`, `called by it`, `tests it`, `type used by it`, `answers the query`."""
    text: str
    """The lines; for neighbours only the signature."""


class ContextAnswer(Reply):
    """The best context for a model within a budget."""

    parts: list[ContextPart] = Field(default_factory=list[ContextPart])
    """Most important first."""
    text: str = ""
    """The same as one text."""
    tokens: int = Field(default=0, ge=0)
    """Estimated size of `text`, at 4 bytes a token; never over the budget."""
    more: bool = False
    """Whether something was left out or cut."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing."""


class PackContext(Request[ContextAnswer]):
    """Pack what a model needs to know about a file, a symbol or a question."""

    type: ClassVar[str] = "code.context"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    about: str = Field(max_length=4096)
    """A file, `file:line`, a symbol, or a question in words."""
    budget: int = Field(default=4000, ge=100, le=200_000)
    """Most tokens."""


class TreeAnswer(Reply):
    """The files of a project as a tree."""

    text: str = ""
    """One line a folder or file, indented."""
    files: int = Field(default=0, ge=0)
    """Files below the folder."""
    lines: int = Field(default=0, ge=0)
    """Lines of those files."""
    more: bool = False
    """Whether the depth or the budget left some out."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing."""


class ShowTree(Request[TreeAnswer]):
    """Show the files of a project as a tree with sizes and languages."""

    type: ClassVar[str] = "code.tree"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    path: str = Field(default="", max_length=4096)
    """Only below this folder."""
    depth: int = Field(default=3, ge=1, le=20)
    """Levels of folders."""
    files: bool = True
    """Whether single files are shown."""
    budget: int = Field(default=4000, ge=50, le=100_000)
    """Most tokens."""


class Hotspot(Message):
    """A file that is both complicated and often changed."""

    type: ClassVar[str] = "code.hotspot"

    path: str
    """File."""
    commits: int = Field(ge=0)
    """Commits that touched it within the window."""
    changed_lines: int = Field(ge=0)
    """Lines added and removed within the window."""
    authors: int = Field(ge=0)
    """People who changed it within the window."""
    complexity: int = Field(ge=0)
    """Sum over its functions (McCabe)."""
    lines: int = Field(ge=0)
    """Its length."""
    score: float = Field(ge=0)
    """Commits times complexity, relative to the highest, in [0, 1]."""


class HotspotsAnswer(Reply):
    """Where changes and complexity meet."""

    hotspots: list[Hotspot] = Field(default_factory=list[Hotspot])
    """Highest score first."""
    days: int = Field(ge=1)
    """The window."""
    more: bool = False
    """Whether some were left out because of `limit`."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing."""


class FindHotspots(Request[HotspotsAnswer]):
    """Find the files where frequent change and complexity meet."""

    type: ClassVar[str] = "code.hotspots"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    days: int = Field(default=365, ge=1, le=36_500)
    """How far back to look in git's history."""
    limit: int = Field(default=20, ge=1, le=200)
    """Most files."""


class ReportAnswer(Reply):
    """A report about a project."""

    content: str
    """The whole document."""
    format: Literal["markdown", "html"]
    """What it is."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""


class MakeReport(Request[ReportAnswer]):
    """Make a report about a project: architecture, entry points, hotspots, risks, gaps, conventions."""

    type: ClassVar[str] = "code.report"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    format: Literal["markdown", "html"] = "markdown"
    """Markdown for people and models, or one page with pictures that needs nothing from outside."""
