"""Messages of wording: a model says what a commit or a pull request does, in words that its diff holds.

What is decided without a model, such as type and scope, is given. Without a model the answer is the error `no_model`,
and the caller keeps what it made itself.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from aura_shared.messages.core import Message, Reply, Request


class DroppedWords(Message):
    """Something that a model wrote and that was taken out."""

    type: ClassVar[str] = "wording.dropped"

    text: str
    """What it was."""
    reason: str
    """Why: `names `resetCart`, which the diff does not show`."""


class WordedCommit(Reply):
    """The words of a commit message."""

    description: str
    """What stands after `type(scope): `; the header with it keeps to the bound."""
    body: str = ""
    """Why, and what is worth knowing; lines of at most 72 characters, empty when there is nothing to add."""
    model: str
    """`server/model` that wrote it."""
    seconds: float = Field(ge=0)
    """Time spent waiting for it."""
    calls: int = Field(default=1, ge=1)
    """How often it was asked; 2 when the first answer had a fault."""
    dropped: list[DroppedWords] = Field(default_factory=list[DroppedWords])
    """What was taken out, and why."""
    notes: list[str] = Field(default_factory=list)
    """What a person should know, such as files that the prompt had no room for."""


class WordCommit(Request[WordedCommit]):
    """Have a model word a commit whose type and scope are chosen.

    Errors: `no_model` without one, `bad_model_answer` when two answers in a row have no usable description.
    """

    type: ClassVar[str] = "wording.commit"
    service: ClassVar[str] = "factory"

    project: str
    """Identifier of the project."""
    diff: str = Field(min_length=1, max_length=400_000)
    """Unified diff of the commit, secrets masked."""
    files: list[str] = Field(default_factory=list, max_length=2000)
    """Changed paths, those that matter most first, each with its status: `M src/cart.py`."""
    symbols: list[str] = Field(default_factory=list, max_length=500)
    """Definitions that changed, such as `added Cart.total`."""
    kind: str = Field(default="", max_length=64)
    """Type that is chosen, such as `feat`; empty where the repository writes none."""
    scope: str = Field(default="", max_length=100)
    """Scope that is chosen; empty for none."""
    alternatives: list[str] = Field(default_factory=list, max_length=10)
    """Other types that came close."""
    breaking: list[str] = Field(default_factory=list, max_length=100)
    """What breaks callers: `Cart.total: a parameter was removed`."""
    task: str = Field(default="", max_length=20_000)
    """Text of the linked task; what says why."""
    prefix: str = Field(default="", max_length=120)
    """What stands before the description in the header; by default made of type and scope."""
    max_header: int = Field(default=72, ge=20, le=500)
    """Most characters of the header."""
    capitalised: bool = False
    """Whether descriptions begin with a capital letter."""
    full_stop: bool = False
    """Whether descriptions end with a full stop."""
    examples: list[str] = Field(default_factory=list, max_length=8)
    """Recent headers of the repository, to follow in manner."""


class WordedPull(Reply):
    """The words of a pull request."""

    title: str
    """At most 72 characters."""
    why: str = ""
    """Why; Markdown, empty when neither task nor commits say."""
    summary: dict[str, list[str]] = Field(default_factory=dict[str, list[str]])
    """What changed, by type of commit; only types that the commits have."""
    headings: dict[str, str] = Field(default_factory=dict[str, str])
    """Text for headings of the template that the model could answer from what it was given."""
    model: str
    """`server/model` that wrote it."""
    seconds: float = Field(ge=0)
    """Time spent waiting for it."""
    calls: int = Field(default=1, ge=1)
    """How often it was asked."""
    dropped: list[DroppedWords] = Field(default_factory=list[DroppedWords])
    """What was taken out, and why."""
    notes: list[str] = Field(default_factory=list)
    """What a person should know."""


class WordPull(Request[WordedPull]):
    """Have a model word a pull request. Errors as for `wording.commit`."""

    type: ClassVar[str] = "wording.pull"
    service: ClassVar[str] = "factory"

    project: str
    """Identifier of the project."""
    commits: list[str] = Field(min_length=1, max_length=300)
    """Messages of its commits, oldest first; the header alone, or with the body."""
    diffstat: list[str] = Field(default_factory=list, max_length=2000)
    """Changed files with their counts: `src/cart.py +12 -3`."""
    diff: str = Field(default="", max_length=400_000)
    """Unified diff, secrets masked; empty to leave it to commits and counts."""
    task: str = Field(default="", max_length=20_000)
    """Text of the linked task."""
    title: str = Field(default="", max_length=300)
    """Title that was made without a model."""
    headings: list[str] = Field(default_factory=list, max_length=40)
    """Headings of the repository's template."""
    examples: list[str] = Field(default_factory=list, max_length=8)
    """Recent titles of the repository, to follow in manner."""
