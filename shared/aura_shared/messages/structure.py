"""Messages about the structure of a project: who uses, calls, inherits and imports what, and what a change may break.

Every link has a confidence. `exact`: imports and scopes lead to this very definition. `likely`: the type of a value was
inferred, or a subclass may override what is meant. `by name`: only the name is the same.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.code import Freshness, SymbolKind
from aura_shared.messages.core import Message, Reply, Request

Confidence = Literal["exact", "likely", "by name"]
UseKind = Literal["call", "type", "inherit", "import", "name", "write"]
_NOT_YET = Freshness(generation=0)


class Defined(Message):
    """A definition, by its place."""

    type: ClassVar[str] = "code.structure.defined"

    name: str
    """Qualified name within its file; empty for the top of the file itself."""
    kind: SymbolKind
    """What it is; `module` for the top of a file."""
    path: str
    """File."""
    line: int = Field(ge=1)
    """Of its name."""
    end_line: int = Field(ge=1)
    """Last line."""
    public: bool = True
    """Whether others may use it by the conventions of its language."""
    test: bool = False
    """Whether it stands in a file of tests."""
    entry: str = ""
    """Why something outside the code may call it, when there is a reason."""


class Reference(Message):
    """A place where a definition is used."""

    type: ClassVar[str] = "code.structure.reference"

    path: str
    """File."""
    line: int = Field(ge=1)
    """Line."""
    column: int = Field(ge=0)
    """Characters from the start of the line."""
    kind: UseKind
    """How it is used."""
    enclosing: str = ""
    """Qualified name of the definition around it; empty at the top of the file."""
    confidence: Confidence
    """How sure it is that this very definition is meant."""
    text: str = ""
    """The line as it is on disk now, without indentation."""


class ReferencesAnswer(Reply):
    """Where something is used."""

    definitions: list[Defined] = Field(default_factory=list[Defined])
    """What the question was understood to mean."""
    references: list[Reference] = Field(default_factory=list[Reference])
    """The surest first, then by path and line."""
    total: int = Field(default=0, ge=0)
    """How many there are."""
    more: bool = False
    """Whether some were left out because of `limit`."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing, and what to try."""


class FindReferences(Request[ReferencesAnswer]):
    """Find where a symbol is used, resolved through imports, scopes and types."""

    type: ClassVar[str] = "code.references"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    symbol: str = Field(default="", max_length=1000)
    """`name`, `Container.name`, or `path:line`."""
    path: str = Field(default="", max_length=4096)
    """Only definitions of this file; together with `line`, the one that stands there."""
    line: int | None = Field(default=None, ge=1)
    """A line of `path`."""
    kinds: list[UseKind] = Field(default_factory=list[UseKind])
    """Only such uses."""
    confidence: Confidence = "by name"
    """Leave out what is less sure."""
    paths: list[str] = Field(default_factory=list)
    """Only uses in files that match one of these globs."""
    limit: int = Field(default=50, ge=1, le=1000)
    """Most references."""


class Call(Message):
    """One step between a caller and what it calls."""

    type: ClassVar[str] = "code.structure.call"

    caller: Defined
    """Who calls; `module` for the top of a file."""
    callee: Defined
    """What is called."""
    depth: int = Field(ge=1)
    """Steps from the symbol that was asked for."""
    line: int = Field(ge=1)
    """Of the first such call, in the caller's file."""
    calls: int = Field(default=1, ge=1)
    """How many such calls the caller has."""
    confidence: Confidence
    """How sure the step is."""


class CallsAnswer(Reply):
    """Callers or callees of something."""

    definitions: list[Defined] = Field(default_factory=list[Defined])
    """What the question was understood to mean."""
    calls: list[Call] = Field(default_factory=list[Call])
    """Nearest first, then the surest."""
    more: bool = False
    """Whether some were left out because of `limit`."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing, and what to try."""


class FindCalls(Request[CallsAnswer]):
    """Find who calls a function, or what it calls."""

    type: ClassVar[str] = "code.calls"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    symbol: str = Field(default="", max_length=1000)
    """`name`, `Container.name`, or `path:line`."""
    path: str = Field(default="", max_length=4096)
    """Only definitions of this file; together with `line`, the one that stands there."""
    line: int | None = Field(default=None, ge=1)
    """A line of `path`."""
    direction: Literal["callers", "callees"] = "callers"
    """Which way to look."""
    depth: int = Field(default=1, ge=1, le=5)
    """How many steps."""
    confidence: Confidence = "by name"
    """Leave out what is less sure."""
    limit: int = Field(default=50, ge=1, le=1000)
    """Most calls."""


class Relative(Message):
    """What a type or method is related to."""

    type: ClassVar[str] = "code.structure.relative"

    relation: Literal["supertype", "subtype", "implementation", "overrides", "overridden by"]
    """What it is to the symbol that was asked for."""
    name: str
    """Qualified name; for a type of another project as the source writes it."""
    symbol: Defined | None = None
    """Its definition; none for what other projects define."""
    depth: int = Field(default=1, ge=1)
    """Steps in the hierarchy."""
    confidence: Confidence
    """How sure it is."""


class HierarchyAnswer(Reply):
    """What a type inherits from and what inherits from it, or which methods override each other."""

    definitions: list[Defined] = Field(default_factory=list[Defined])
    """What the question was understood to mean."""
    relatives: list[Relative] = Field(default_factory=list[Relative])
    """By relation, nearest first."""
    more: bool = False
    """Whether some were left out because of `limit`."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing, and what to try."""


class FindHierarchy(Request[HierarchyAnswer]):
    """Find supertypes, subtypes, implementations and overrides."""

    type: ClassVar[str] = "code.hierarchy"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    symbol: str = Field(default="", max_length=1000)
    """`name`, `Container.name`, or `path:line`."""
    path: str = Field(default="", max_length=4096)
    """Only definitions of this file; together with `line`, the one that stands there."""
    line: int | None = Field(default=None, ge=1)
    """A line of `path`."""
    depth: int = Field(default=5, ge=1, le=20)
    """How many steps."""
    limit: int = Field(default=100, ge=1, le=1000)
    """Most relatives."""


class FileImport(Message):
    """An import between two files, or from outside the project."""

    type: ClassVar[str] = "code.structure.import"

    path: str
    """The file that imports."""
    line: int = Field(ge=1)
    """Where."""
    module: str
    """What is imported, as written."""
    name: str = ""
    """What is taken from it; empty for the module itself, `*` for everything."""
    target: str = ""
    """The file that is meant; empty for what lies outside the project."""
    typing_only: bool = False
    """Whether it counts for types only."""
    deferred: bool = False
    """Whether it happens inside a function."""


class ImportsAnswer(Reply):
    """What a file imports, and who imports it."""

    path: str
    """File."""
    imports: list[FileImport] = Field(default_factory=list[FileImport])
    """What it imports, in its own order."""
    imported_by: list[FileImport] = Field(default_factory=list[FileImport])
    """Who imports it, by path."""
    external: list[str] = Field(default_factory=list)
    """The modules among its imports that lie outside the project."""
    more: bool = False
    """Whether some were left out because of `limit`."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing."""


class FindImports(Request[ImportsAnswer]):
    """Find what a file imports and who imports it."""

    type: ClassVar[str] = "code.imports"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    path: str = Field(max_length=4096)
    """File, relative to the project's root."""
    limit: int = Field(default=200, ge=1, le=2000)
    """Most imports each way."""


class Affected(Message):
    """Something that a change may break."""

    type: ClassVar[str] = "code.structure.affected"

    symbol: Defined
    """What uses it, directly or through others."""
    distance: int = Field(ge=1)
    """Steps from what changes."""
    confidence: Confidence
    """The least sure step on the way."""
    via: str = ""
    """What it uses on the way: qualified name one step nearer to the change."""


class ImpactAnswer(Reply):
    """What may break when something changes."""

    definitions: list[Defined] = Field(default_factory=list[Defined])
    """What the question was understood to mean."""
    affected: list[Affected] = Field(default_factory=list[Affected])
    """Code that uses it, without tests: nearest and surest first."""
    tests: list[Affected] = Field(default_factory=list[Affected])
    """Tests that reach it, nearest first."""
    public_api: list[Defined] = Field(default_factory=list[Defined])
    """What others outside the project may see of it: public definitions and entry points among the affected."""
    files: list[str] = Field(default_factory=list)
    """Files with affected code, most affected first, tests last."""
    affected_total: int = Field(default=0, ge=0)
    """How many definitions outside of tests are affected."""
    tests_total: int = Field(default=0, ge=0)
    """How many tests reach it."""
    files_total: int = Field(default=0, ge=0)
    """How many files hold affected code."""
    summary: str = ""
    """The answer in one sentence."""
    more: bool = False
    """Whether the lists are cut, or the search ended at its bound."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing, and what to try."""


class AskImpact(Request[ImpactAnswer]):
    """Ask what may break when a symbol or a file changes."""

    type: ClassVar[str] = "code.impact"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    symbol: str = Field(default="", max_length=1000)
    """`name`, `Container.name`, `path:line`, or a file."""
    path: str = Field(default="", max_length=4096)
    """Only definitions of this file; alone, everything in the file."""
    line: int | None = Field(default=None, ge=1)
    """A line of `path`."""
    depth: int = Field(default=6, ge=1, le=20)
    """How many steps."""
    confidence: Confidence = "by name"
    """Leave out what is less sure."""
    limit: int = Field(default=50, ge=1, le=1000)
    """Most entries in each list."""


class TestsAnswer(Reply):
    """The tests that reach something."""

    definitions: list[Defined] = Field(default_factory=list[Defined])
    """What the question was understood to mean."""
    tests: list[Affected] = Field(default_factory=list[Affected])
    """Nearest and surest first."""
    files: list[str] = Field(default_factory=list)
    """Their files, the one with the nearest tests first."""
    total: int = Field(default=0, ge=0)
    """How many tests reach it."""
    more: bool = False
    """Whether some were left out."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing, and what to try."""


class FindTests(Request[TestsAnswer]):
    """Find the tests that reach a symbol or a file."""

    type: ClassVar[str] = "code.tests_for"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    symbol: str = Field(default="", max_length=1000)
    """`name`, `Container.name`, `path:line`, or a file."""
    path: str = Field(default="", max_length=4096)
    """Only definitions of this file; alone, everything in the file."""
    line: int | None = Field(default=None, ge=1)
    """A line of `path`."""
    depth: int = Field(default=6, ge=1, le=20)
    """How many steps."""
    limit: int = Field(default=50, ge=1, le=1000)
    """Most tests."""


class DeadSymbol(Message):
    """A definition that nothing seems to reach."""

    type: ClassVar[str] = "code.structure.dead"

    symbol: Defined
    """What it is."""
    confidence: Literal["high", "medium"]
    """`high`: private, and its name stands nowhere else. `medium`: public, or used only by other dead code."""
    reason: str
    """Why nothing reaches it."""
    lines: int = Field(ge=1)
    """Lines that would go."""


class DeadCodeAnswer(Reply):
    """Definitions that nothing seems to reach."""

    dead: list[DeadSymbol] = Field(default_factory=list[DeadSymbol])
    """The surest first, then the longest."""
    total: int = Field(default=0, ge=0)
    """How many there are."""
    looked_at: int = Field(default=0, ge=0)
    """How many definitions were judged."""
    more: bool = False
    """Whether some were left out because of `limit`."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing."""


class FindDeadCode(Request[DeadCodeAnswer]):
    """Find definitions that nothing reaches. Entry points, overrides and names in texts count as uses."""

    type: ClassVar[str] = "code.dead"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    paths: list[str] = Field(default_factory=list)
    """Only definitions in files that match one of these globs."""
    public: bool = False
    """Whether public definitions count as well, as they should in an application that nobody imports."""
    limit: int = Field(default=50, ge=1, le=1000)
    """Most definitions."""


class ImportCycle(Message):
    """Files that import one another in a circle."""

    type: ClassVar[str] = "code.structure.cycle"

    files: list[str]
    """The shortest circle among them, from its first file by name; each imports the next, the last one the first."""
    imports: list[FileImport]
    """The import behind each step."""
    size: int = Field(ge=1)
    """How many files hang together this way."""
    members: list[str] = Field(default_factory=list)
    """Those files, the first 50 by name."""
    severity: Literal["at import", "deferred", "types only"]
    """`at import`: all steps happen while modules load. `deferred`: it closes only through imports in functions.
    `types only`: it closes only through imports for types."""


class CyclesAnswer(Reply):
    """Import cycles by file."""

    cycles: list[ImportCycle] = Field(default_factory=list[ImportCycle])
    """Those at import first, the largest first."""
    total: int = Field(default=0, ge=0)
    """How many there are."""
    more: bool = False
    """Whether some were left out because of `limit`."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing."""


class FindCycles(Request[CyclesAnswer]):
    """Find files that import one another in circles."""

    type: ClassVar[str] = "code.cycles"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    severity: Literal["at import", "deferred", "types only"] = "deferred"
    """The mildest kind that is listed."""
    paths: list[str] = Field(default_factory=list)
    """Only circles that touch a file that matches one of these globs."""
    limit: int = Field(default=20, ge=1, le=200)
    """Most cycles."""


class EntryPoint(Message):
    """Where something outside the code enters it."""

    type: ClassVar[str] = "code.structure.entry"

    symbol: Defined
    """What is called."""
    reason: str
    """Why: `main`, `decorated by app.get`, …"""
    reaches: int = Field(default=0, ge=0)
    """How many definitions it calls or uses directly."""


class EntryPointsAnswer(Reply):
    """Where something outside the code enters it."""

    entries: list[EntryPoint] = Field(default_factory=list[EntryPoint])
    """Programs first, then handlers, then the rest; by path."""
    total: int = Field(default=0, ge=0)
    """How many there are."""
    more: bool = False
    """Whether some were left out because of `limit`."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing."""


class FindEntryPoints(Request[EntryPointsAnswer]):
    """Find where something outside the code enters it: programs, handlers, commands."""

    type: ClassVar[str] = "code.entries"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    tests: bool = False
    """Whether tests count."""
    paths: list[str] = Field(default_factory=list)
    """Only those in files that match one of these globs."""
    limit: int = Field(default=50, ge=1, le=1000)
    """Most entry points."""
