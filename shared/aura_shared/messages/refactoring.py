"""Messages of refactoring without a model: what could be better, and the exact edits that make it so."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.changes import ProposedFile
from aura_shared.messages.code import Freshness
from aura_shared.messages.core import Message, Reply, Request

RefactoringKind = Literal[
    "rename", "extract-variable", "inline-variable", "clean-imports", "modernise", "remove-dead", "fix-findings"
]
Certainty = Literal["certain", "likely"]
"""`certain`: what the program does stays the same. `likely`: a place could not be resolved; the notes say which."""
_NOT_YET = Freshness(generation=0)


class RefactoringPlan(Reply):
    """The edits of a refactoring. Nothing is written."""

    title: str = ""
    """What it does, in one line, as the title of a change."""
    why: str = ""
    """Why it is better, for somebody who wants to learn it; Markdown."""
    files: list[ProposedFile] = Field(default_factory=list[ProposedFile])
    """What changes; empty when there is nothing to do."""
    certainty: Certainty = "certain"
    """How sure it is that the program does the same afterwards."""
    notes: list[str] = Field(default_factory=list)
    """What a person should look at: places that may also be meant, with `path:line`."""
    symbols: list[str] = Field(default_factory=list)
    """Qualified names of the definitions that change, to choose the tests by."""
    reason: str = ""
    """Why there is nothing to do."""
    freshness: Freshness = _NOT_YET
    """How current the analysis is that it was made from."""


class PlanRefactoring(Request[RefactoringPlan]):
    """Work out the edits of a refactoring."""

    type: ClassVar[str] = "code.refactoring"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    kind: RefactoringKind
    """Which."""
    symbol: str = ""
    """Name of a definition, where the kind is about one; a qualified one tells it from others."""
    path: str = ""
    """File, for kinds that are about a place or a file."""
    line: int = Field(default=0, ge=0)
    """Line of the place, from 1."""
    column: int = Field(default=0, ge=0)
    """Column of the place, in characters from 0."""
    end_line: int = Field(default=0, ge=0)
    """Last line of a selection."""
    end_column: int = Field(default=0, ge=0)
    """End of the selection, in characters from 0, not included."""
    new_name: str = Field(default="", max_length=200)
    """The new name, for `rename` and `extract-variable`."""
    paths: list[str] = Field(default_factory=list)
    """Globs of the files that may be changed by `clean-imports`, `modernise`, `remove-dead` and `fix-findings`."""
    rules: list[str] = Field(default_factory=list)
    """For `fix-findings`: only these rules."""
    findings: list[str] = Field(default_factory=list)
    """For `fix-findings`: only these identifiers."""
    limit: int = Field(default=200, ge=1, le=2000)
    """Most places that are changed at once."""


class Opportunity(Message):
    """Something that could be better, and how."""

    type: ClassVar[str] = "code.opportunity"

    kind: Literal[
        "clean-imports", "modernise", "remove-dead", "fix-findings", "extract-clone", "split-function", "split-file"
    ]
    """What would be done; the last three need a model or a person."""
    title: str
    """What would be done, in one line."""
    why: str
    """What speaks for it, with the figures that it was found by."""
    path: str
    """File."""
    line: int = Field(default=1, ge=1)
    """Where."""
    symbol: str = ""
    """Qualified name of the definition meant."""
    weight: float = Field(ge=0, le=1)
    """How much it would pay: changes often, is complex, many depend on it, many findings."""
    deterministic: bool
    """Whether `PlanRefactoring` makes the edits; otherwise a model is needed."""
    request: dict[str, str | int | list[str]] = Field(default_factory=dict)
    """Fields of the `PlanRefactoring` that does it."""


class OpportunitiesAnswer(Reply):
    """What could be better."""

    opportunities: list[Opportunity] = Field(default_factory=list[Opportunity])
    """What pays most first."""
    more: bool = False
    """Whether there are more."""
    reason: str = ""
    """Why there are none."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""


class FindOpportunities(Request[OpportunitiesAnswer]):
    """Find what is worth refactoring, from findings, hotspots, clones and dead code, to the team's standards."""

    type: ClassVar[str] = "code.opportunities"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    paths: list[str] = Field(default_factory=list)
    """Only paths that match one of these globs."""
    limit: int = Field(default=20, ge=1, le=200)
    """Most opportunities."""


class Habit(Message):
    """One habit of a code base."""

    type: ClassVar[str] = "code.habit"

    topic: Literal[
        "naming", "quotes", "indent", "line-length", "typing", "errors", "tests", "imports", "docstrings", "comments",
        "semicolons", "exports", "async", "logging", "header",
    ]  # fmt: skip
    """What it is about."""
    rule: str
    """The habit as an instruction, such as `Name functions in snake_case.`."""
    share: float = Field(ge=0, le=1)
    """Share of the places that follow it."""
    seen: int = Field(ge=0)
    """Places that were counted."""
    example: str = ""
    """One real place, `path:line`."""


class ConventionsAnswer(Reply):
    """How code is written here."""

    language: str = ""
    """Identifier of the language."""
    habits: list[Habit] = Field(default_factory=list[Habit])
    """Those that most places follow; what is mixed is left out."""
    test_command: list[str] = Field(default_factory=list)
    """How the project's tests are run, as its files say; empty when that is not clear."""
    test_framework: str = ""
    """Such as `pytest`."""
    files: int = Field(default=0, ge=0)
    """Files that were looked at."""
    reason: str = ""
    """Why there is nothing."""
    freshness: Freshness = _NOT_YET
    """How current the answer is."""


class MeasureConventions(Request[ConventionsAnswer]):
    """Measure how code is written in a project: names, quotes, types, errors, tests, imports, documentation."""

    type: ClassVar[str] = "code.conventions"
    service: ClassVar[str] = "code"

    project: str
    """Identifier, name or path of a registered project."""
    language: str = ""
    """Identifier of a language; empty for that of `path`, or the project's main one."""
    path: str = ""
    """File that code will be written for: its folder's habits count more."""
