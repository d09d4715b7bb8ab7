"""A draft that is under way: kept in the data folder, so that nothing a model wrote is lost and paid for twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aura_planning.documents.drafting import Statement
from aura_shared.errors import StorageError
from aura_shared.messages.core import new_id
from aura_shared.storage import atomic_write

__all__ = ["Draft", "KeptSection", "drop_draft", "keep_draft", "load_draft"]

_NAME: Final = "prd-draft.json"


class KeptStatement(BaseModel):
    """A sentence of a section."""

    model_config = ConfigDict(frozen=True)

    text: str
    source: str = ""
    kind: str = "fact"
    id: str = ""
    below: list[KeptStatement] = Field(default_factory=list["KeptStatement"])

    @classmethod
    def of(cls, one: Statement) -> KeptStatement:
        """As it is kept."""
        return cls(text=one.text, source=one.source, kind=one.kind, id=one.id, below=[cls.of(two) for two in one.below])

    def statement(self) -> Statement:
        """As it is written."""
        kind = self.kind if self.kind in {"fact", "assumption", "question", "plain"} else "assumption"
        return Statement(self.text, self.source, kind, self.id, tuple(one.statement() for one in self.below))  # pyright: ignore[reportArgumentType] - one of the four


class KeptSection(BaseModel):
    """What a model's answer about a section came to."""

    statements: list[KeptStatement] = Field(default_factory=list[KeptStatement])
    problem: str = ""
    """Why nothing of it was taken."""
    notes: list[str] = Field(default_factory=list)
    """What was changed or left out."""


class Draft(BaseModel):
    """What is known of a draft so far."""

    version: int = 1
    id: str = Field(default_factory=lambda: new_id()[-8:])
    idea: str
    asked: bool = False
    """Whether the model was asked for questions."""
    questions: list[tuple[str, str]] = Field(default_factory=list[tuple[str, str]])
    """Each with its reason."""
    answers: dict[str, str] = Field(default_factory=dict)
    """By the id of the question; empty for one that nobody knows."""
    agreed: bool = False
    model: str = ""
    sections: dict[str, KeptSection] = Field(default_factory=dict[str, KeptSection])
    """By title."""

    @property
    def answered(self) -> list[tuple[str, str]]:
        """Questions with the answers that were given."""
        pairs = [(question, self.answers.get(f"Q{n}", "")) for n, (question, _) in enumerate(self.questions, 1)]
        return [(question, answer) for question, answer in pairs if answer.strip()]


def load_draft(folder: Path) -> Draft | None:
    """The draft of a project; None without one, and when what is there cannot be read."""
    try:
        return Draft.model_validate_json((folder / _NAME).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
    except OSError as error:
        raise StorageError(f"cannot read {folder / _NAME}: {error.strerror or error}") from error


def keep_draft(folder: Path, draft: Draft) -> None:
    """Write it.

    Raises:
        StorageError: It cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StorageError(f"cannot make {folder}: {error.strerror or error}") from error
    atomic_write(folder / _NAME, json.dumps(draft.model_dump(mode="json"), ensure_ascii=False, indent=1).encode())


def drop_draft(folder: Path) -> None:
    """Forget it."""
    (folder / _NAME).unlink(missing_ok=True)
