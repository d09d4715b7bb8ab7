"""What comes of a model's answer: new texts of files, or the reasons why nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Applied", "EditFormat", "Refusal", "RefusalKind", "Refused", "RefusedError"]

EditFormat = Literal["whole", "symbol", "search-replace"]
"""How a model is asked to write a change, as `aura_shared.messages.models` names it."""
RefusalKind = Literal[
    "empty",
    "truncated",
    "no-edit",
    "several",
    "malformed",
    "path",
    "not-found",
    "ambiguous",
    "conflict",
    "overlap",
    "placeholder",
    "lost",
    "syntax",
    "symbol",
    "stale",
]
"""Why an answer is refused; `docs/edit-application.md` explains each."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason."""

    kind: RefusalKind
    """What is wrong."""
    path: str = ""
    """File that it is about; empty when the whole answer is meant."""
    detail: str = ""
    """What was expected and what was found, in a sentence or two."""
    closest: tuple[tuple[int, str], ...] = ()
    """Lines of the file that come closest to what was sought, each with its number from 1."""
    sought: str = ""
    """What was sought, as the model wrote it; empty when nothing was."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing is changed."""

    reasons: tuple[Refusal, ...]
    """At least one, in the order of the answer."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What the answer makes of the files."""

    files: dict[str, str | None]
    """New text of each file that changes, with line feeds between lines; None where it is to be deleted. Empty when all
    of it was there already."""
    notes: tuple[str, ...] = ()
    """What was put right on the way, for a person."""


class RefusedError(Exception):
    """Raised while an answer is worked on; `apply_answer` turns it into a `Refused`."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal
