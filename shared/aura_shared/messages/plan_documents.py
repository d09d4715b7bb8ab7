"""Messages of requirements documents: a PRD from a sentence, and what is wrong with one.

Paths are relative to the project's root with forward slashes; lines count from 1.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Message, Reply, Request

FindingSeverity = Literal["error", "warning", "info"]


class DocumentFinding(Message):
    """Something that is wrong with a requirements document."""

    type: ClassVar[str] = "plan.documents.finding"

    rule: str
    """Its name, such as `vague-word`; a comment `<!-- aura-prd: ignore vague-word -->` in the line silences it."""
    severity: FindingSeverity
    """How bad it is."""
    path: str
    """The document."""
    line: int = Field(ge=1)
    """Where."""
    message: str
    """What was found."""
    why: str = ""
    """Why it matters, in one sentence."""
    suggestion: str = ""
    """How it could read instead, or what to do."""
    item: str = ""
    """What the document calls the requirement or story."""
    quote: str = ""
    """The sentence, shortened."""
    other: int = Field(default=0, ge=0)
    """Line of the other place, where two stand against each other; 0 without one."""


class CheckedDocument(Reply):
    """What is wrong with a requirements document; a page of it."""

    path: str
    """The document."""
    family: str = ""
    """In which manner it is written, as `plan.parse` tells."""
    language: str = ""
    """Language of its words; rules about words need a list of them."""
    items: int = Field(default=0, ge=0)
    """Epics, stories, tasks and requirements in it."""
    findings: list[DocumentFinding] = Field(default_factory=list[DocumentFinding])
    """By line."""
    counts: dict[str, int] = Field(default_factory=dict)
    """How many findings each rule has, on all pages."""
    errors: int = Field(default=0, ge=0)
    """How many are errors, on all pages."""
    total: int = Field(default=0, ge=0)
    """How many there are, on all pages."""
    skipped: list[str] = Field(default_factory=list)
    """Rules that were not applied, and why."""
    next: int = Field(default=0, ge=0)
    """`start` of the next page; 0 after the last."""


class CheckDocument(Request[CheckedDocument]):
    """Check a PRD or any other requirements document: sections, wording, contradictions, coverage. No model."""

    type: ClassVar[str] = "plan.documents.check"
    service: ClassVar[str] = "planning"

    project: str = ""
    """Identifier, name or path of a registered project; empty when the content comes along."""
    path: str = Field(default="", max_length=1000)
    """The document, relative to the project; empty for the PRD of the plan."""
    content: str = Field(default="", max_length=2_800_000, pattern=r"^[A-Za-z0-9+/]*={0,2}$")
    """Its bytes in Base64; empty to read the file of the project."""
    rules: list[str] = Field(default_factory=list, max_length=40)
    """Only findings of these rules."""
    off: list[str] = Field(default_factory=list, max_length=40)
    """Rules to leave out, besides those that the settings and the file switch off."""
    severity: FindingSeverity = "info"
    """Leave out what is less bad."""
    start: int = Field(default=0, ge=0)
    """Where the page begins."""
    limit: int = Field(default=50, ge=1, le=1000)
    """Most findings on a page."""
    budget: int = Field(default=2000, ge=100, le=100_000)
    """Most tokens of a page, estimated; a page ends before its limit when they are used up."""


class DraftQuestion(Message):
    """Something that has to be known before a PRD can be written."""

    type: ClassVar[str] = "plan.documents.question"

    id: str
    """Such as `Q1`; an answer names it."""
    question: str
    """What is asked."""
    why: str = ""
    """What depends on it."""


class DraftAnswer(Message):
    """What a person answers."""

    type: ClassVar[str] = "plan.documents.answer"

    id: str = Field(min_length=1, max_length=10)
    """Of the question."""
    answer: str = Field(max_length=2000)
    """The answer; empty when it is not known."""


class DraftBudget(Message):
    """What a draft with a model costs."""

    type: ClassVar[str] = "plan.documents.budget"

    calls: int = Field(default=0, ge=0)
    """Calls to the model that are left, without those that a malformed answer costs."""
    tokens: int = Field(default=0, ge=0)
    """Most tokens of their prompts and answers, estimated."""
    agreed: bool = True
    """False when it is above the bound of the settings, so that a person has to agree first."""


class DraftSection(Message):
    """One section of a drafted PRD."""

    type: ClassVar[str] = "plan.documents.section"

    title: str
    """Its heading."""
    by: Literal["facts", "model"] = "facts"
    """`facts`: made without a model."""
    facts: int = Field(default=0, ge=0)
    """Statements with a source."""
    assumptions: int = Field(default=0, ge=0)
    """Statements to confirm."""
    problem: str = ""
    """Why the model's words were not taken."""


class DraftedDocument(Reply):
    """A PRD, or what is needed before there is one."""

    project: str
    """Identifier of the project."""
    state: Literal["written", "shown", "questions", "budget", "stopped"]
    """`shown`: a dry run. `questions`: answer them and ask again, or ask with `questions` off. `budget`: ask again
    with `agreed`. `stopped`: the model failed on the way; what it wrote is kept, ask again with `resume`."""
    draft: str = ""
    """Identifier of a draft that is under way."""
    path: str = ""
    """The file of the PRD."""
    item: str = ""
    """Identifier of the PRD in the plan."""
    operation: str = ""
    """For `aura plan undo`."""
    title: str = ""
    """Title of the PRD."""
    questions: list[DraftQuestion] = Field(default_factory=list[DraftQuestion])
    """What has to be known first; at most five."""
    budget: DraftBudget = DraftBudget()
    """What the calls to the model cost."""
    model: str = ""
    """`server/model` that wrote; empty without one."""
    sections: list[DraftSection] = Field(default_factory=list[DraftSection])
    """Sections in their order."""
    facts: int = Field(default=0, ge=0)
    """Statements with a source, in all."""
    assumptions: int = Field(default=0, ge=0)
    """Statements to confirm, in all."""
    findings: list[DocumentFinding] = Field(default_factory=list[DocumentFinding])
    """What went wrong with the model, and errors that a check of the result found."""
    notices: list[str] = Field(default_factory=list)
    """What a person should know."""
    text: str = ""
    """The document, cut at the budget."""
    cut: bool = False
    """Whether it was cut."""


class DraftDocument(Request[DraftedDocument]):
    """Make a PRD from a sentence: from the repository's own facts, and with a model section by section.

    Errors: `invalid_request` without an idea or a draft to go on with, `gate_closed` when the workflow forbids a PRD.
    """

    type: ClassVar[str] = "plan.documents.draft"
    service: ClassVar[str] = "planning"

    project: str
    """Identifier, name or path of a registered project."""
    idea: str = Field(default="", max_length=2000)
    """One sentence that says what is wanted; empty only with `resume`."""
    use_model: bool = True
    """Whether a model may be asked; without one, or where none answers, facts and questions alone make the PRD."""
    model: str = Field(default="", max_length=200)
    """`server/model` instead of the role's."""
    questions: bool = True
    """Whether the model may ask up to five questions first."""
    answers: list[DraftAnswer] = Field(default_factory=list[DraftAnswer], max_length=20)
    """Answers to them."""
    estimate: bool = False
    """Only say what the calls to a model would cost; state `budget`."""
    agreed: bool = False
    """Whether a person agreed to the budget."""
    resume: bool = False
    """Go on with the draft of this project that was left unfinished."""
    dry_run: bool = False
    """Only show the document."""
    budget: int = Field(default=2000, ge=0, le=100_000)
    """Most tokens of the text in the answer, estimated."""
