"""What is kept of changes, as plain values."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from aura_factory.changes.hunks import StoredHunk
from aura_factory.changes.transitions import Side, Write
from aura_shared.messages.changes import ChangeState, CheckResult, FileChangeKind

StepKind = Literal["apply", "undo"]
StepState = Literal["writing", "done", "undone", "back"]


@dataclass(slots=True)
class StoredFile:
    """A file of a change."""

    path: str
    kind: FileChangeKind
    before: bytes = b""
    """The file when the change was made; empty when it is added."""
    after: bytes = b""
    """The file as proposed; empty when it is deleted."""
    moved_from: str = ""
    hunks: list[StoredHunk] = field(default_factory=list[StoredHunk])
    parses: str = ""
    """What the check of its syntax found, while it is being proposed; not kept."""


@dataclass(slots=True)
class StoredChange:
    """A change as it is kept."""

    id: str
    project: str
    root: Path
    title: str
    why: str
    source: str
    state: ChangeState
    checks: list[CheckResult]
    replaces: str
    created_at: str
    changed_at: str
    file_count: int = 0
    added: int = 0
    removed: int = 0
    notice: str = ""
    """What went wrong with it while nobody looked; told with the next answer."""
    files: list[StoredFile] = field(default_factory=list[StoredFile])

    @property
    def hunks(self) -> Generator[StoredHunk]:
        """All hunks of all files."""
        return (hunk for file in self.files for hunk in file.hunks)


@dataclass(frozen=True, slots=True)
class StoredStep:
    """An application or undo: what it does to the files."""

    id: int
    change: str
    root: Path
    what: StepKind
    applied: list[str]
    """Hunks that are in the files once it is done."""
    folders: list[str]
    """Folders that it makes, outermost first."""
    writes: list[Write]
    moves: list[tuple[Side, Side]]
    """For each file of the change, what it was and what it became."""


def now_text() -> str:
    """The time, as changes carry it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
