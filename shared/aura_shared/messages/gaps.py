"""Messages of what a project lacks, each with an offer of what Aura would add, and of its dependencies."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.code import Freshness
from aura_shared.messages.core import Message, Reply, Request

_NOT_YET = Freshness(generation=0)

GapKind = Literal["error-handling", "logging", "tests", "docs", "types", "debt", "project-files", "tooling"]


class GapPlace(Message):
    """Where something is missing."""

    type: ClassVar[str] = "code.gap.place"

    path: str
    """File; for a file that is missing the name that it would have."""
    line: int = Field(default=1, ge=1)
    """Where."""
    symbol: str = ""
    """Name of the definition meant."""
    note: str = ""
    """What stands there, such as the text of a TODO."""
    author: str = ""
    """Who wrote the line, as git says; only for debt."""
    since: str = ""
    """Day since when the line stands, as git says; only for debt."""


class Gap(Message):
    """Something that a project lacks."""

    type: ClassVar[str] = "code.gap"

    kind: GapKind
    """What sort it is."""
    title: str
    """What is missing, in one sentence."""
    why: str
    """Why it matters, for somebody who wants to learn it."""
    offer: str
    """What Aura would add."""
    places: list[GapPlace] = Field(default_factory=list[GapPlace])
    """Where, the most important first."""
    count: int = Field(default=1, ge=1)
    """How many places there are, those left out included."""
    weight: float = Field(ge=0, le=1)
    """How much it matters; gaps come by falling weight."""
    evidence: str = ""
    """What it was found by, where that limits what it says: which coverage data, or the graph of calls."""


class GapsAnswer(Reply):
    """What a project lacks."""

    gaps: list[Gap] = Field(default_factory=list[Gap])
    """The most important first."""
    counts: dict[str, int] = Field(default_factory=dict)
    """Places by kind, those left out included."""
    files: int = Field(default=0, ge=0)
    """Files that were looked at."""
    unread: int = Field(default=0, ge=0)
    """Files that were left out because time ran out."""
    more: bool = False
    """Whether gaps were left out because of `limit`."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing."""
    seconds: float = Field(default=0.0, ge=0)
    """Time spent."""


class FindGaps(Request[GapsAnswer]):
    """Find what a project lacks: error handling, logging, tests, documentation, types, files; and its debt."""

    type: ClassVar[str] = "code.gaps"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    kinds: list[GapKind] = Field(default_factory=list[GapKind])
    """Only these kinds."""
    paths: list[str] = Field(default_factory=list)
    """Only paths that match one of these globs; gaps of the whole project are left out then."""
    limit: int = Field(default=20, ge=1, le=200)
    """Most gaps."""
    places: int = Field(default=5, ge=1, le=100)
    """Most places of each gap."""


Ecosystem = Literal["PyPI", "npm", "Go", "crates.io", "Maven"]


class Dependency(Message):
    """Something that a project depends on."""

    type: ClassVar[str] = "code.dependency"

    ecosystem: Ecosystem
    """Where it comes from, as in the OSV format."""
    name: str
    """Its name there."""
    version: str = ""
    """The version that is used; empty when no lock file or pin says one."""
    wanted: str = ""
    """What the manifest asks for, as written."""
    path: str
    """Manifest or lock file."""
    line: int = Field(default=1, ge=1)
    """Where in it."""
    direct: bool = True
    """Whether the project asks for it itself."""


class Vulnerability(Message):
    """A known weakness of a version that is used."""

    type: ClassVar[str] = "code.vulnerability"

    id: str
    """Identifier of the advisory."""
    aliases: list[str] = Field(default_factory=list)
    """Other identifiers, such as a CVE number."""
    summary: str = ""
    """What it is about."""
    severity: str = ""
    """As the advisory says it: a word or a CVSS vector."""
    fixed: list[str] = Field(default_factory=list)
    """Versions that are no longer affected."""
    dependency: Dependency
    """What is affected."""
    source: str
    """Which database or tool says so."""


class DependenciesAnswer(Reply):
    """What a project depends on, and what is known against it."""

    dependencies: list[Dependency] = Field(default_factory=list[Dependency])
    """By file and name, direct ones first."""
    total: int = Field(default=0, ge=0)
    """How many there are, those left out included."""
    vulnerabilities: list[Vulnerability] = Field(default_factory=list[Vulnerability])
    """What was found."""
    missing_locks: list[str] = Field(default_factory=list)
    """Manifests without a lock file beside or above them."""
    checked: int = Field(default=0, ge=0)
    """Dependencies whose version was compared."""
    unknown: int = Field(default=0, ge=0)
    """Dependencies without a version that could be compared."""
    database: str = ""
    """What was asked: the advisory database with its age, or tools; empty when nothing was checked."""
    notes: list[str] = Field(default_factory=list)
    """What was not checked and why, and what to do about it."""
    more: bool = False
    """Whether dependencies were left out because of `limit`."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""
    reason: str = ""
    """Why there is nothing."""
    seconds: float = Field(default=0.0, ge=0)
    """Time spent."""


class ScanDependencies(Request[DependenciesAnswer]):
    """List what a project depends on, and compare it with known vulnerabilities as far as the settings allow."""

    type: ClassVar[str] = "code.dependencies"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    vulnerabilities: bool = True
    """Whether to compare with advisories."""
    own: bool = False
    """Whether Aura's own environment is looked at instead of the project."""
    limit: int = Field(default=500, ge=1, le=10_000)
    """Most dependencies listed."""
