"""The rules about a requirements document: their names, how bad a breach is, and why it matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

__all__ = ["RULES", "Fault", "Rule", "Severity"]

Severity: TypeAlias = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    severity: Severity
    why: str
    """Why a breach matters, in one sentence."""
    words: bool = False
    """Whether it needs the word lists of a language."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A breach of a rule."""

    rule: str
    line: int
    """Counted from 1."""
    message: str
    suggestion: str = ""
    """How it could read instead, or what to do."""
    item: str = ""
    """What the document calls the requirement or story; empty for none."""
    quote: str = ""
    severity: Severity | None = None
    """Where it differs from that of the rule."""
    other: int = 0
    """Line of the other place, where two stand against each other."""


RULES: Final[Mapping[str, Rule]] = {
    "missing-section": Rule(
        "warning", "Whoever builds it has to guess what the section would have said, and everybody guesses differently."
    ),
    "empty-section": Rule(
        "warning", "An empty heading looks as if the matter were settled, and nobody notices that it is not."
    ),
    "vague-word": Rule(
        "warning", "Two people read the word differently, so no test can tell whether it is done.", words=True
    ),
    "open-ended": Rule(
        "warning",
        "A list without an end can never be finished or tested; what is not named is not estimated.",
        words=True,
    ),
    "escape-clause": Rule(
        "warning", "Nobody can say whether it has to be done, so it is the first thing that falls away.", words=True
    ),
    "and-or": Rule("warning", "`and/or` means three different things; each needs another test."),
    "undecided": Rule("warning", "Work that starts before this is decided may have to be thrown away."),
    "untestable": Rule(
        "warning", "Without something to observe or measure, done is an opinion and not a test.", words=True
    ),
    "compound": Rule(
        "info", "Two demands under one id cannot be estimated, tested or ticked off one at a time.", words=True
    ),
    "passive-without-actor": Rule(
        "info", "It does not say who or what does it, so two parts may each wait for the other.", words=True
    ),
    "contradiction": Rule(
        "error", "Both cannot be built; whoever meets the second one first decides for everybody.", words=True
    ),
    "different-numbers": Rule("warning", "One of the numbers is wrong, and a test of the other one fails.", words=True),
    "in-and-out-of-scope": Rule(
        "warning", "The document asks for it and rules it out, so either answer breaks a promise.", words=True
    ),
    "duplicate": Rule("warning", "When one of the copies changes, the other one stays and contradicts it.", words=True),
    "duplicate-id": Rule("error", "A reference to the id means two things, so tests and tasks point to the wrong one."),
    "requirement-without-story": Rule(
        "warning", "Nobody plans what no story covers, and it is missed until somebody asks for it."
    ),
    "story-without-criteria": Rule("warning", "Without acceptance criteria nobody can tell when the story is done."),
    "criterion-without-test": Rule("info", "Nothing notices when the criterion stops to hold."),
    "dangling-reference": Rule("warning", "The reader looks for what is not there, or takes something else for it."),
    "unconfirmed-assumption": Rule(
        "warning", "It was assumed and nobody said yes; if it is wrong, what rests on it is wrong."
    ),
    "unreadable": Rule("error", "What cannot be read cannot be built."),
}
