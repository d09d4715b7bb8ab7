"""What the parts of commit messages hand to one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "ChangedPath",
    "CommitMessage",
    "Footer",
    "Guess",
    "Habits",
    "LintProblem",
    "LintRule",
    "StagedChange",
    "Style",
    "Suggestion",
]

Style = Literal["conventional", "area", "tag", "plain"]
"""How headers look: `fix(cart): text`, `cart: text`, `[cart] text`, or the text alone."""


@dataclass(frozen=True, slots=True)
class ChangedPath:
    """A file in a change."""

    path: str
    """As it is called afterwards."""
    status: Literal["A", "M", "D", "R", "C", "T"]
    """As git says: added, modified, deleted, renamed, copied, another type."""
    old_path: str = ""
    added: int = 0
    removed: int = 0
    binary: bool = False
    mode: str = ""
    """New mode, six digits: `120000` is a link, `160000` a sub-module."""


@dataclass(frozen=True, slots=True)
class StagedChange:
    """What a commit would hold: the index against HEAD, or one commit against its first parent."""

    paths: tuple[ChangedPath, ...]
    diff: str
    """Unified, with 3 lines of context and renames found; long ones are cut between files."""
    tree: str
    """Hash of the tree that would be committed; what a draft stands for."""
    cut: bool = False
    author: str = ""
    """E-mail address of who commits, lower case; empty when unknown."""


@dataclass(frozen=True, slots=True)
class Footer:
    """A line such as `Refs: #12`."""

    token: str
    separator: Literal[": ", " #"]
    value: str


@dataclass(frozen=True, slots=True)
class CommitMessage:
    """A message by Conventional Commits 1.0, or in another style: then the type is empty."""

    type: str
    scope: str
    description: str
    breaking: bool = False
    """Whether it says so, by `!` or by a footer."""
    body: str = ""
    footers: tuple[Footer, ...] = ()
    emoji: str = ""
    """What stands before the type or the description, where the repository writes one."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One way a field may be filled."""

    value: str
    confidence: float
    """From 0 to 1."""


@dataclass(frozen=True, slots=True)
class LintRule:
    """A rule as commitlint is configured: `"header-max-length": [2, "always", 72]`."""

    level: Literal["off", "warning", "error"]
    always: bool = True
    """False for `never`."""
    value: object = None
    """A number, a text or a list; None for rules without one."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How this repository writes its messages, learned from its newest commits and its configuration."""

    commits: int = 0
    """How many were read; merges, reverts, bots and releases left out."""
    conventional: float = 0.0
    """Share that follows Conventional Commits."""
    types: Mapping[str, int] = field(default_factory=dict[str, int])
    """How often each was used."""
    allowed_types: tuple[str, ...] = ()
    """Those that the configuration allows; empty for any."""
    scopes: Mapping[str, int] = field(default_factory=dict[str, int])
    allowed_scopes: tuple[str, ...] = ()
    max_header: int = 72
    capitalised: bool = False
    """Whether descriptions begin with a capital letter."""
    full_stop: bool = False
    with_body: float = 0.0
    """Share of messages with a body."""
    emoji: bool = False
    footers: Mapping[str, int] = field(default_factory=dict[str, int])
    """Tokens and how often; `Refs`, `Closes`, `Signed-off-by`."""
    issue_form: str = ""
    """How tasks are named, such as `#12` or `PROJ-12`; empty when they are not."""
    source: str = "history"
    """Where it comes from, such as `history; types from commitlint.config.js`."""
    style: Style = "conventional"
    """How headers look; `conventional` too while there is no history."""
    scoped: float = 0.0
    """Share of conventional messages with a scope."""
    signed_off: bool = False
    """Whether messages end with `Signed-off-by`, which `git commit --signoff` writes."""
    emojis: Mapping[str, str] = field(default_factory=dict[str, str])
    """The emoji that is written for each type, where the repository writes one."""
    emoji_first: bool = False
    """Whether the emoji stands before the type instead of before the description."""
    rules: Mapping[str, LintRule] = field(default_factory=dict[str, LintRule])
    """Rules that the configuration sets, over those of config-conventional."""
    ignores: tuple[str, ...] = ()
    """Expressions of messages that the configuration leaves unchecked."""
    template: str = ""
    """Text of `commit.template`, or of a `.gitmessage` in the repository."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A message made without a model."""

    types: tuple[Guess, ...]
    """Best first; never empty."""
    scopes: tuple[Guess, ...]
    """Best first; the empty scope is one of them."""
    message: CommitMessage
    reasons: tuple[str, ...]
    """Why this type, scope and subject, for a person."""
    learned_from: int
    """Commits that the classifier was trained on; 0 when rules decided."""


@dataclass(frozen=True, slots=True)
class LintProblem:
    """What is wrong with a message."""

    rule: str
    """As commitlint calls it: `type-empty`, `header-max-length`."""
    level: Literal["error", "warning"]
    line: int
    """From 1."""
    message: str
