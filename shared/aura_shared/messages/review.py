"""Messages of the review of an incoming change: what can be said of it without a model."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.code import Freshness
from aura_shared.messages.core import Message, Reply, Request
from aura_shared.messages.findings import FindingLevel

_NOT_YET = Freshness(generation=0)


class ReviewedFile(Message):
    """One file of a change."""

    type: ClassVar[str] = "review.file"

    path: str
    """File, as it is called afterwards."""
    kind: Literal["added", "modified", "deleted", "renamed", "binary"]
    """What happens to it."""
    old_path: str = ""
    """As it was called before, when it was renamed."""
    language: str = ""
    """Identifier of its language."""
    is_test: bool = False
    """Whether it holds tests."""
    generated: bool = False
    """Whether it is generated, minified or vendored, so that nobody reads it."""
    added: int = Field(default=0, ge=0)
    """Lines that are added."""
    removed: int = Field(default=0, ge=0)
    """Lines that are removed."""
    symbols: list[str] = Field(default_factory=list)
    """Definitions whose lines change."""


class ReviewFinding(Message):
    """A finding on lines that the change adds or edits."""

    type: ClassVar[str] = "review.finding"

    rule: str
    """Identifier of the rule."""
    level: FindingLevel
    """How bad it is."""
    path: str
    """File."""
    line: int = Field(ge=1)
    """Line in the new file."""
    end_line: int = Field(ge=1)
    """Last line in the new file."""
    message: str
    """What was found."""
    why: str = ""
    """Why it matters."""
    fix: str = ""
    """The certain fix as a unified diff; empty when there is none."""
    symbol: str = ""
    """Definition around it."""
    fingerprint: str = ""
    """Stays the same when lines shift."""


class ApiChange(Message):
    """A change of what others may use."""

    type: ClassVar[str] = "review.api"

    symbol: str
    """Qualified name."""
    path: str
    """File."""
    line: int = Field(default=1, ge=1)
    """Where, in the new file; in the old one when it was removed."""
    kind: Literal["removed", "renamed", "signature", "type", "added", "visibility"]
    """What happened to it."""
    breaking: bool
    """Whether code that uses it stops working."""
    detail: str
    """Before and after, in one line."""
    users: int = Field(default=0, ge=0)
    """Places in the project that use it, as the analysis of the work tree knows them."""
    users_left: list[str] = Field(default_factory=list)
    """`path:line` of users that the change itself does not touch; at most ten."""


class UntestedChange(Message):
    """A definition that changes and that no test reaches, or whose tests were not touched."""

    type: ClassVar[str] = "review.untested"

    symbol: str
    """Qualified name."""
    path: str
    """File."""
    line: int = Field(ge=1)
    """Line in the new file."""
    reason: str
    """What was looked for and not found."""
    suggestion: str = ""
    """Where a test would go, and what it would check."""


class ReviewRisk(Message):
    """How much may go wrong, and what speaks for it."""

    type: ClassVar[str] = "review.risk"

    level: Literal["low", "medium", "high"]
    """In one word."""
    score: float = Field(ge=0, le=1)
    """The same as a number."""
    factors: list[str] = Field(default_factory=list)
    """What it was made of, the weightiest first, each with its figure."""


class ReviewFacts(Reply):
    """All that can be said of a change without a model."""

    base: str = ""
    """What it is compared with: a commit, or `index`."""
    head: str = ""
    """What is compared: a commit, `index`, `work tree` or `patch`."""
    title: str = ""
    """First line of the newest commit message, where there is one."""
    commits: list[str] = Field(default_factory=list)
    """First lines of the commit messages, the oldest first; at most 50."""
    files: list[ReviewedFile] = Field(default_factory=list[ReviewedFile])
    """In the order in which to read them: what others depend on first."""
    findings: list[ReviewFinding] = Field(default_factory=list[ReviewFinding])
    """On changed lines only, the worst first."""
    resolved: int = Field(default=0, ge=0)
    """Findings of the old files that are gone."""
    api: list[ApiChange] = Field(default_factory=list[ApiChange])
    """Breaking ones first."""
    untested: list[UntestedChange] = Field(default_factory=list[UntestedChange])
    """What should be tested."""
    tests: list[str] = Field(default_factory=list)
    """Tests that reach what changed, `path::name`, nearest first; at most 200."""
    impact_files: int = Field(default=0, ge=0)
    """Files that use something of what changed."""
    risk: ReviewRisk | None = None
    """How much may go wrong."""
    questions: list[str] = Field(default_factory=list)
    """What a reviewer would ask the author, each with its place."""
    diff: str = ""
    """The change as a unified diff, cut at `diff_bytes`."""
    cut: bool = False
    """Whether the diff was cut."""
    reason: str = ""
    """Why there is nothing."""
    freshness: Freshness = _NOT_YET
    """How current the analysis of the work tree is."""


class GatherReview(Request[ReviewFacts]):
    """Look at a change: a range of commits, what is staged, what is in the work tree, or a patch."""

    type: ClassVar[str] = "code.review"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    what: Literal["range", "staged", "work-tree", "patch"] = "work-tree"
    """Which change."""
    revision: str = Field(default="", max_length=500)
    """For `range`: `REF..REF`, `REF...REF`, or `REF` for what the current branch adds to it."""
    patch: str = Field(default="", max_length=4_000_000)
    """For `patch`: a unified diff, as git or `diff -u` write it; it has to fit the work tree."""
    paths: list[str] = Field(default_factory=list)
    """Only paths that match one of these globs."""
    diff_bytes: int = Field(default=200_000, ge=0, le=2_000_000)
    """Most of the diff that is answered."""
    only: list[Literal["api", "files", "diff"]] = Field(default_factory=list[Literal["api", "files", "diff"]])
    """Parts of the answer that are wanted, which is much quicker; empty for all of them."""
