"""Messages of the work that a model helps with: explain, ask, generate, refactor, review.

Each works without a model as far as it can, says so, and says what a model would add. None writes to the project.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.changes import ChangeInfo, CheckResult
from aura_shared.messages.core import Message, Reply, Request
from aura_shared.messages.refactoring import Opportunity, RefactoringKind
from aura_shared.messages.review import ReviewFacts

UseModel = Literal["auto", "never", "always"]
"""`auto`: when one is there. `always`: fail without one."""


class Citation(Message):
    """A place that an answer rests on."""

    type: ClassVar[str] = "assist.citation"

    path: str
    """File."""
    start_line: int = Field(ge=1)
    """First line."""
    end_line: int = Field(ge=1)
    """Last line."""
    symbol: str = ""
    """Qualified name of the definition around it."""
    used: bool = True
    """Whether the text refers to it; otherwise it was only given to the model."""


class ModelUse(Message):
    """What a model had to do with an answer."""

    type: ClassVar[str] = "assist.model"

    model: str = ""
    """`server/model`; empty when none was used."""
    why_not: str = ""
    """Why none was used."""
    would_add: str = ""
    """What one would add."""
    calls: int = Field(default=0, ge=0)
    """How many calls there were."""
    tokens_in: int = Field(default=0, ge=0)
    """Tokens of prompts, in all."""
    tokens_out: int = Field(default=0, ge=0)
    """Tokens of answers, in all."""
    seconds: float = Field(default=0.0, ge=0)
    """Time spent waiting for models."""
    notes: list[str] = Field(default_factory=list)
    """What went wrong on the way: cut answers, repairs, models that failed."""


class ExplanationAnswer(Reply):
    """An explanation."""

    text: str
    """Markdown."""
    citations: list[Citation] = Field(default_factory=list[Citation])
    """What it rests on."""
    use: ModelUse = ModelUse()
    """The model's part."""


class ExplainCode(Request[ExplanationAnswer]):
    """Explain a place, a definition or a finding: what it does, why it is so, and who depends on it."""

    type: ClassVar[str] = "assist.explain"
    service: ClassVar[str] = "factory"

    project: str
    """Identifier, name or path of a registered project."""
    path: str = ""
    """File."""
    line: int = Field(default=0, ge=0)
    """Line of the place, from 1."""
    symbol: str = ""
    """Name of a definition."""
    finding: str = ""
    """Identifier of a finding."""
    question: str = Field(default="", max_length=2000)
    """What is wanted in particular."""
    model: UseModel = "auto"
    """Whether a model is asked."""


class AskAnswer(Reply):
    """An answer to a question about the code."""

    text: str
    """Markdown; places are cited as `[1]`, in the order of `citations`."""
    citations: list[Citation] = Field(default_factory=list[Citation])
    """What it rests on. Every one exists: citations that a model invents are taken out."""
    unsupported: list[str] = Field(default_factory=list)
    """Names in the text that occur nowhere in what the model was given."""
    use: ModelUse = ModelUse()
    """The model's part."""


class AskCode(Request[AskAnswer]):
    """Answer a question about the code, with the places that the answer rests on."""

    type: ClassVar[str] = "assist.ask"
    service: ClassVar[str] = "factory"

    project: str
    """Identifier, name or path of a registered project."""
    question: str = Field(min_length=1, max_length=4000)
    """The question."""
    budget: int = Field(default=4000, ge=200, le=100_000)
    """Tokens of code that the model is given at most."""
    model: UseModel = "auto"
    """Whether a model is asked; without one the places are the answer."""


class GenerateAnswer(Reply):
    """What was generated."""

    change: ChangeInfo | None = None
    """The proposal; absent when there is none."""
    text: str = ""
    """What a person should know: what was assumed, what was refused and why."""
    checks: list[CheckResult] = Field(default_factory=list[CheckResult])
    """What the proposal was held to."""
    rounds: int = Field(default=0, ge=0)
    """Answers that were asked for; more than one when an edit did not fit or a check failed."""
    use: ModelUse = ModelUse()
    """The model's part."""


class GenerateCode(Request[GenerateAnswer]):
    """Write code in the style of the project, as a change to review."""

    type: ClassVar[str] = "assist.generate"
    service: ClassVar[str] = "factory"

    project: str
    """Identifier, name or path of a registered project."""
    instruction: str = Field(min_length=1, max_length=20_000)
    """What is wanted."""
    path: str = ""
    """File to write or change; empty to have it chosen."""
    symbol: str = ""
    """Definition to change, in `path` or anywhere."""
    tests: bool = True
    """Whether the affected tests run in the sandbox before the change is offered."""
    edit_format: Literal["auto", "whole", "symbol", "search-replace"] = "auto"
    """How the model is asked to write."""
    compare: list[str] = Field(default_factory=list, max_length=4)
    """Models, as `server/model`, that all write it; the answer that passes most checks is offered."""
    model: UseModel = "auto"
    """Whether a model is asked; without one a skeleton in the style of the project is offered."""


class RefactorAnswer(Reply):
    """A refactoring as a change to review."""

    change: ChangeInfo | None = None
    """The proposal; absent when there is none."""
    opportunities: list[Opportunity] = Field(default_factory=list[Opportunity])
    """What could be done, when nothing in particular was asked for."""
    text: str = ""
    """Why there is no proposal, or what a person should look at."""
    checks: list[CheckResult] = Field(default_factory=list[CheckResult])
    """What the proposal was held to."""
    use: ModelUse = ModelUse()
    """The model's part."""


class RefactorCode(Request[RefactorAnswer]):
    """Refactor: a named refactoring, or a goal in words, as a change that is checked before it is offered."""

    type: ClassVar[str] = "assist.refactor"
    service: ClassVar[str] = "factory"

    project: str
    """Identifier, name or path of a registered project."""
    kind: RefactoringKind | None = None
    """A refactoring that needs no model; absent to list what could be done, or for a goal."""
    goal: str = Field(default="", max_length=4000)
    """What should be better, in words; needs a model."""
    symbol: str = ""
    """Definition that it is about."""
    path: str = ""
    """File that it is about."""
    line: int = Field(default=0, ge=0)
    """Line of the place, from 1."""
    column: int = Field(default=0, ge=0)
    """Column of the place, from 0."""
    end_line: int = Field(default=0, ge=0)
    """Last line of a selection."""
    end_column: int = Field(default=0, ge=0)
    """End of the selection, not included."""
    new_name: str = Field(default="", max_length=200)
    """The new name, for `rename` and `extract-variable`."""
    paths: list[str] = Field(default_factory=list)
    """Globs of the files that may be changed."""
    rules: list[str] = Field(default_factory=list)
    """For `fix-findings`: only these rules."""
    findings: list[str] = Field(default_factory=list)
    """For `fix-findings`: only these identifiers."""
    tests: bool = True
    """Whether the affected tests run in the sandbox before the change is offered."""
    model: UseModel = "auto"
    """Whether a model is asked."""


class ReviewAnswer(Reply):
    """A review."""

    facts: ReviewFacts
    """What was found without a model."""
    summary: str = ""
    """What the change does, in a few sentences; by a model when there is one."""
    content: str = ""
    """The whole review in the format that was asked for."""
    use: ModelUse = ModelUse()
    """The model's part."""


class ReviewChange(Request[ReviewAnswer]):
    """Review an incoming change: what it does, what may go wrong, what is missing, what to ask its author."""

    type: ClassVar[str] = "assist.review"
    service: ClassVar[str] = "factory"

    project: str
    """Identifier, name or path of a registered project."""
    what: Literal["range", "staged", "work-tree", "patch"] = "work-tree"
    """Which change."""
    revision: str = Field(default="", max_length=500)
    """For `range`: `REF..REF`, `REF...REF`, or `REF` for what the current branch adds to it."""
    patch: str = Field(default="", max_length=4_000_000)
    """For `patch`: a unified diff."""
    paths: list[str] = Field(default_factory=list)
    """Only paths that match one of these globs."""
    format: Literal["markdown", "json", "sarif"] = "markdown"
    """Form of `content`."""
    model: UseModel = "auto"
    """Whether a model writes the summary."""


class PromptInfo(Message):
    """A prompt that Aura uses."""

    type: ClassVar[str] = "assist.prompt"

    name: str
    """`task` or `task.language`."""
    version: int = Field(ge=1)
    """Raised with every change of its text."""
    task: str
    """What it is for."""
    role: str
    """The role whose model answers it."""
    inputs: list[str] = Field(default_factory=list)
    """Names of what is put into it."""
    text: str = ""
    """The prompt itself, when one was asked for by name."""


class PromptList(Reply):
    """Prompts."""

    prompts: list[PromptInfo] = Field(default_factory=list[PromptInfo])
    """By name."""


class ListPrompts(Request[PromptList]):
    """List the prompts, or show one."""

    type: ClassVar[str] = "assist.prompts"
    service: ClassVar[str] = "factory"

    name: str = ""
    """Only this one, with its text."""


class SandboxAnswer(Reply):
    """How code of others is run here."""

    tier: Literal["bwrap", "landlock", "none"]
    """What confines it: its own namespaces, Landlock with seccomp, or nothing, so that nothing is run."""
    lacks: list[str] = Field(default_factory=list)
    """What this tier does not stop or cannot do, in words."""
    reasons: list[str] = Field(default_factory=list)
    """Why better tiers cannot be had, and what to do."""
    start_ms: float = Field(default=0.0, ge=0)
    """How long a start took when it was tried."""


class AskSandbox(Request[SandboxAnswer]):
    """Say how code of others is run here; tried when the factory started."""

    type: ClassVar[str] = "factory.sandbox"
    service: ClassVar[str] = "factory"

    again: bool = False
    """Whether it is tried anew."""
