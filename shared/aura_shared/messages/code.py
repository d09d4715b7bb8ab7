"""Messages of code intelligence: projects, the state of their indexes, and the questions that one may ask.

Paths are relative to the project's root with forward slashes. Lines count from 1, and spans include both ends.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Done, Durability, Event, Message, Reply, Request

IndexPhase = Literal["waiting", "scanning", "building", "ready", "missing", "failed"]
"""`missing`: the folder is gone. `failed`: see `problem`. Only `ready` answers searches."""

SymbolKind = Literal[
    "module", "namespace", "class", "interface", "trait", "struct", "enum", "type", "function", "method",
    "constructor", "property", "field", "variable", "constant", "macro",
]  # fmt: skip


class Skipped(Message):
    """How many files were left out of an index, and why."""

    type: ClassVar[str] = "code.skipped"

    reason: Literal["binary", "minified", "generated", "too-large", "unreadable", "not-utf8-name", "link", "submodule"]
    """Ignored files are not counted: nobody expects them."""
    files: int = Field(ge=1)
    """How many."""
    examples: list[str] = Field(default_factory=list)
    """Up to three paths."""


class Freshness(Message):
    """How current an answer is."""

    type: ClassVar[str] = "code.freshness"

    generation: int = Field(ge=0)
    """Counts the changes that were taken into the index; an answer with the same one saw the same files."""
    pending: int = Field(default=0, ge=0)
    """Files known to have changed that are not in the index yet."""
    verified: bool = True
    """False after a warm start until every file was compared with the disk."""


class ProjectInfo(Message):
    """A registered project and the state of its index."""

    type: ClassVar[str] = "code.project"

    id: str
    """Stable identifier: the folder's name and six hexadecimal digits."""
    name: str
    """The folder's name."""
    root: str
    """Absolute path of the folder."""
    phase: IndexPhase = "waiting"
    """What its index is doing."""
    files_done: int = Field(default=0, ge=0)
    """While scanning or building: files read so far."""
    files_total: int | None = Field(default=None, ge=0)
    """While building: files to read."""
    files: int = Field(default=0, ge=0)
    """Files in the index."""
    lines: int = Field(default=0, ge=0)
    """Lines in those files."""
    symbols: int = Field(default=0, ge=0)
    """Definitions in those files."""
    languages: dict[str, int] = Field(default_factory=dict)
    """Files per language."""
    skipped: list[Skipped] = Field(default_factory=list[Skipped])
    """What was left out."""
    freshness: Freshness = Freshness(generation=0)
    """How current it is."""
    problem: str = ""
    """Why it is `missing` or `failed`, and what to do."""


class ProjectStateChanged(Event):
    """The index of a project got another phase, or moved on. Topic: `code.project.state`. At most 5 a second each."""

    type: ClassVar[str] = "code.project.state"
    durability: ClassVar[Durability] = "state"

    project: ProjectInfo
    """Its state now."""

    def state_key(self) -> str:
        """One last value per project."""
        return self.project.id


class ProjectRemoved(Event):
    """A project is no longer registered. Topic: `code.project.removed`."""

    type: ClassVar[str] = "code.project.removed"

    project: str
    """Its identifier."""


class IndexUpdated(Event):
    """Changed files were taken into the index. Topic: `code.index.updated`. One per batch after the debounce."""

    type: ClassVar[str] = "code.index.updated"

    project: str
    """Its identifier."""
    generation: int = Field(ge=0)
    """The index's generation from now on."""
    changed: list[str] = Field(default_factory=list)
    """Written or new files, the first 100."""
    removed: list[str] = Field(default_factory=list)
    """Deleted files, the first 100."""
    changed_total: int = Field(default=0, ge=0)
    """How many were written or new."""
    removed_total: int = Field(default=0, ge=0)
    """How many were deleted."""
    seconds: float = Field(default=0.0, ge=0)
    """From the end of the debounce until the index answers with them."""


class Symbol(Message):
    """A definition."""

    type: ClassVar[str] = "code.symbol"

    name: str
    """Its own name."""
    kind: SymbolKind
    """What it is."""
    container: str = ""
    """Names of what surrounds it, joined by dots."""
    path: str
    """File."""
    start_line: int = Field(ge=1)
    """First line, decorators and attributes included."""
    end_line: int = Field(ge=1)
    """Last line."""
    signature: str = ""
    """Its declaration in one line, without the body."""
    doc: str = ""
    """First paragraph of its documentation."""
    language: str = ""
    """Identifier of the language."""


class ScorePart(Message):
    """One term of a hit's score."""

    type: ClassVar[str] = "code.score"

    name: str
    """Which part of the ranking."""
    value: float
    """What it added to the score, or the factor when `factor` is set."""
    factor: bool = False
    """Whether the score was multiplied by `value`."""


class SearchHit(Message):
    """A place that answers a search."""

    type: ClassVar[str] = "code.hit"

    path: str
    """File."""
    start_line: int = Field(ge=1)
    """First line of the passage."""
    end_line: int = Field(ge=1)
    """Last line of the passage."""
    language: str = ""
    """Identifier of the language."""
    symbol: str = ""
    """Qualified name of the definition that the passage belongs to."""
    kind: SymbolKind | None = None
    """Kind of that definition."""
    score: float
    """Higher is better; comparable within one answer only."""
    text: str = ""
    """The passage, cut to the budget."""
    truncated: bool = False
    """Whether `text` is shorter than the passage."""
    parts: list[ScorePart] = Field(default_factory=list[ScorePart])
    """The terms of the score, on request."""


QueryMode = Literal["auto", "words", "identifier", "path", "exact", "regex"]


class SearchAnswer(Reply):
    """What a search found."""

    hits: list[SearchHit] = Field(default_factory=list[SearchHit])
    """Best first."""
    mode: QueryMode = "words"
    """How the query was understood."""
    freshness: Freshness
    """How current the answer is."""
    skipped: list[Skipped] = Field(default_factory=list[Skipped])
    """What the index leaves out."""
    tokens: int = Field(default=0, ge=0)
    """Estimated size of the passages, at 4 bytes a token."""
    more: bool = False
    """Whether hits were left out because of `limit` or `budget`."""
    reason: str = ""
    """When nothing was found: why, and what to try."""
    seconds: float = Field(default=0.0, ge=0)
    """Time spent searching."""


class SearchCode(Request[SearchAnswer]):
    """Find code by words, names, paths, quoted exact strings or /regular expressions/."""

    type: ClassVar[str] = "code.search"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    query: str = Field(max_length=200_000)
    """Words, an identifier, a path, "an exact string", or /a regular expression/. Over 2,000 characters only the
    first 2,000 count for ranking; over 100,000 bytes it is refused."""
    mode: QueryMode = "auto"
    """How to read the query; `auto` decides by its form."""
    limit: int = Field(default=10, ge=1, le=100)
    """Most hits."""
    budget: int = Field(default=4000, ge=0, le=100_000)
    """Most tokens of passages over all hits; 0 leaves the text out."""
    languages: list[str] = Field(default_factory=list)
    """Only these languages."""
    paths: list[str] = Field(default_factory=list)
    """Only paths that match one of these globs (gitignore style; a leading `!` excludes)."""
    kinds: list[SymbolKind] = Field(default_factory=list[SymbolKind])
    """Only passages that belong to definitions of these kinds."""
    explain: bool = False
    """Whether hits carry the parts of their score."""


class SymbolAnswer(Reply):
    """Definitions by name."""

    symbols: list[Symbol] = Field(default_factory=list[Symbol])
    """Exact names first, then the same letters in another case, then prefixes, then parts."""
    more: bool = False
    """Whether some were left out because of `limit`."""
    freshness: Freshness
    """How current the answer is."""
    reason: str = ""
    """When nothing was found: why, and the nearest names."""


class FindSymbols(Request[SymbolAnswer]):
    """Find definitions by name; `Container.name` and `Container::name` narrow it."""

    type: ClassVar[str] = "code.symbols"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    name: str = Field(max_length=1000)
    """The name, or part of it."""
    kinds: list[SymbolKind] = Field(default_factory=list[SymbolKind])
    """Only these kinds."""
    languages: list[str] = Field(default_factory=list)
    """Only these languages."""
    paths: list[str] = Field(default_factory=list)
    """Only paths that match one of these globs."""
    exact: bool = False
    """Whether only the very name counts."""
    limit: int = Field(default=20, ge=1, le=500)
    """Most symbols."""


class ImportedName(Message):
    """One import of a file."""

    type: ClassVar[str] = "code.import"

    module: str
    """What is imported from, as written."""
    names: list[str] = Field(default_factory=list)
    """The names taken from it; empty for the module itself."""
    line: int = Field(ge=1)
    """Where."""


class OutlineAnswer(Reply):
    """What a file defines."""

    path: str
    """File."""
    language: str = ""
    """Identifier of the language; empty for plain text."""
    lines: int = Field(default=0, ge=0)
    """Lines of the file."""
    symbols: list[Symbol] = Field(default_factory=list[Symbol])
    """In the order of the file."""
    imports: list[ImportedName] = Field(default_factory=list[ImportedName])
    """In the order of the file."""
    broken: bool = False
    """Whether the file has syntax errors; the rest was read all the same."""
    freshness: Freshness
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing to show."""


class OutlineFile(Request[OutlineAnswer]):
    """List what a file defines and imports."""

    type: ClassVar[str] = "code.outline"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    path: str = Field(max_length=4096)
    """File, relative to the project's root."""


class SpanAnswer(Reply):
    """Lines of a file as they are on disk now."""

    path: str
    """File."""
    start_line: int = Field(ge=0)
    """First line returned; 0 for an empty file."""
    end_line: int = Field(ge=0)
    """Last line returned."""
    lines: int = Field(default=0, ge=0)
    """Lines that the file has."""
    text: str = ""
    """The lines; control, bidirectional and tag characters are made visible."""
    truncated: bool = False
    """Whether the budget cut it."""


class ReadSpan(Request[SpanAnswer]):
    """Read some lines of a file inside a project."""

    type: ClassVar[str] = "code.span"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    path: str = Field(max_length=4096)
    """File, relative to the project's root."""
    start_line: int = Field(default=1, ge=1)
    """First line."""
    end_line: int | None = Field(default=None, ge=1)
    """Last line; without it, as far as the budget reaches."""
    budget: int = Field(default=4000, ge=1, le=100_000)
    """Most tokens, at 4 bytes a token."""


class FolderInfo(Message):
    """A folder of a project, its own files and all below counted together."""

    type: ClassVar[str] = "code.folder"

    path: str
    """Folder; empty for the root."""
    files: int = Field(ge=0)
    """Indexed files below it."""
    lines: int = Field(ge=0)
    """Lines of those files."""
    languages: list[str] = Field(default_factory=list)
    """Most used first."""
    symbols: list[str] = Field(default_factory=list)
    """The best known names defined in it, most referenced first."""


class MapAnswer(Reply):
    """A project by folder."""

    folders: list[FolderInfo] = Field(default_factory=list[FolderInfo])
    """In the order of the paths."""
    files: int = Field(default=0, ge=0)
    """Files of the whole project."""
    lines: int = Field(default=0, ge=0)
    """Lines of the whole project."""
    freshness: Freshness
    """How current the answer is."""
    more: bool = False
    """Whether folders were left out because of the budget."""


class MapProject(Request[MapAnswer]):
    """What lies where in a project."""

    type: ClassVar[str] = "code.map"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    path: str = Field(default="", max_length=4096)
    """Only below this folder."""
    depth: int = Field(default=2, ge=1, le=10)
    """How many levels of folders."""
    budget: int = Field(default=2000, ge=100, le=50_000)
    """Most tokens."""


class ProjectList(Reply):
    """The registered projects."""

    projects: list[ProjectInfo] = Field(default_factory=list[ProjectInfo])
    """In the order of their registration."""


class ListProjects(Request[ProjectList]):
    """List the registered projects with the state of their indexes."""

    type: ClassVar[str] = "code.projects"
    service: ClassVar[str] = "code"


class ProjectAnswer(Reply):
    """One project."""

    project: ProjectInfo
    """Its state now."""
    added: bool = False
    """Whether it was not registered before."""


class AddProject(Request[ProjectAnswer]):
    """Register a folder and index it. A folder that is registered already is simply returned."""

    type: ClassVar[str] = "code.project.add"
    service: ClassVar[str] = "code"

    path: str = Field(max_length=4096)
    """Absolute path of the folder."""


class RemoveProject(Request[Done]):
    """Forget a project and delete its index; the project's own files are not touched."""

    type: ClassVar[str] = "code.project.remove"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path."""


class ReindexProject(Request[ProjectAnswer]):
    """Throw a project's index away and build it again."""

    type: ClassVar[str] = "code.project.reindex"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path."""
