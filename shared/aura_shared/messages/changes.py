"""Messages of changes: what is proposed for files of a project, reviewed hunk by hunk, applied and undone."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Durability, Event, Message, Reply, Request

ChangeState = Literal["proposed", "applied", "partly-applied", "undone", "rejected"]
"""`partly-applied`: some hunks were rejected or left open, the accepted ones are in the files."""
FileChangeKind = Literal["modified", "added", "deleted", "moved"]
Decision = Literal["open", "accepted", "rejected"]
CheckOutcome = Literal["passed", "failed", "skipped"]


class TextEdit(Message):
    """A replacement in a text. Offsets are bytes of the file's text in UTF-8, as `aura_shared.text_files` reads it."""

    type: ClassVar[str] = "change.edit"

    start: int = Field(ge=0)
    """First byte that is replaced."""
    end: int = Field(ge=0)
    """First byte after it; the same as `start` to insert."""
    text: str
    """What comes there, with line feeds between lines."""


class ProposedFile(Message):
    """What is proposed for one file: its whole new text, or edits; neither to delete it."""

    type: ClassVar[str] = "change.proposed-file"

    path: str
    """Where the text belongs, relative to the project."""
    base: str = ""
    """SHA-256 of the bytes that the proposal was made from, in hexadecimal; empty for a file that is new."""
    content: str | None = None
    """The whole new text, with line feeds between lines; line ends and encoding of the file are kept."""
    edits: list[TextEdit] | None = None
    """Edits of the text of `base`, which do not overlap."""
    moved_from: str = ""
    """The path that it had before."""


class CheckResult(Message):
    """What a check said of a change."""

    type: ClassVar[str] = "change.check"

    name: str
    """Which check: `parse`, `ruff`, `tests`."""
    outcome: CheckOutcome
    """What it said."""
    detail: str = ""
    """What was run, what failed, or why it was skipped."""
    seconds: float = Field(default=0.0, ge=0)
    """How long it took."""
    sandbox: str = ""
    """The kind of sandbox that it ran in; empty when it runs no code."""


class Hunk(Message):
    """A run of lines that change together; what a person decides on."""

    type: ClassVar[str] = "change.hunk"

    id: str
    """Stable while path, base and text stay the same."""
    path: str
    """File."""
    old_start: int = Field(ge=0)
    """First line in the old file, from 1; 0 for a new file."""
    old_lines: int = Field(ge=0)
    """Lines of the old file."""
    new_start: int = Field(ge=0)
    """First line in the new file, from 1; 0 for a deleted file."""
    new_lines: int = Field(ge=0)
    """Lines of the new file."""
    diff: str
    """The lines as in a unified diff, its `@@` line first."""
    symbol: str = ""
    """Name of the definition around it, where known."""
    decision: Decision = "open"
    """What was decided."""
    comment: str = ""
    """What a person said about it."""
    applied: bool = False
    """Whether it is in the file now."""


class ChangedFile(Message):
    """What a change does to one file."""

    type: ClassVar[str] = "change.file"

    path: str
    """File."""
    kind: FileChangeKind
    """What happens to it."""
    moved_from: str = ""
    """The path that it had before."""
    hunks: list[Hunk] = Field(default_factory=list[Hunk])
    """In the order of the file."""
    standing: Literal["current", "moved-on", "conflict", "gone"] = "current"
    """Of the file: as it was when the change was made; changed since, and the change still fits by a three-way merge;
    or it does not fit."""
    problem: str = ""
    """Why it cannot be applied as it is."""


class ChangeInfo(Message):
    """A change with everything that a person needs to decide."""

    type: ClassVar[str] = "change"

    id: str
    """Eight characters."""
    project: str
    """Identifier of the project."""
    title: str
    """What it does, in one line."""
    why: str = ""
    """Why, for somebody who has to decide; Markdown."""
    source: str
    """What made it: `refactor`, `generate`, `fix`, `agent:NAME`."""
    state: ChangeState
    """Where it stands."""
    files: list[ChangedFile] = Field(default_factory=list[ChangedFile])
    """What it changes; empty in lists."""
    file_count: int = Field(default=0, ge=0)
    """How many files it changes."""
    added: int = Field(default=0, ge=0)
    """Lines that are added."""
    removed: int = Field(default=0, ge=0)
    """Lines that are removed."""
    checks: list[CheckResult] = Field(default_factory=list[CheckResult])
    """What was checked before it was offered."""
    created_at: str
    """When it was proposed: ISO 8601 in UTC."""
    changed_at: str = ""
    """When something about it last changed."""
    replaces: str = ""
    """The change that this one is a new version of."""
    can_undo: bool = False
    """Whether it can be undone."""


class ChangeAnswer(Reply):
    """A change as it is now."""

    change: ChangeInfo
    """The change."""
    written: list[str] = Field(default_factory=list)
    """Files that this request wrote or deleted."""
    merge: str = ""
    """Files that changed since, as a unified diff of what an undo or an application would do to them; to be confirmed
    with `merge`."""
    notice: str = ""
    """What a person should know."""


class ChangeList(Reply):
    """Changes of a project."""

    changes: list[ChangeInfo] = Field(default_factory=list[ChangeInfo])
    """The newest first, without their files."""
    more: bool = False
    """Whether there are more."""
    stored_bytes: int = Field(default=0, ge=0)
    """Room that they take."""
    reason: str = ""
    """Why there are none."""


class ProposeChange(Request[ChangeAnswer]):
    """Propose a change. Nothing is written to the project."""

    type: ClassVar[str] = "changes.propose"
    service: ClassVar[str] = "factory"

    project: str
    """Identifier, name or path of a registered project."""
    title: str = Field(min_length=1, max_length=200)
    """What it does, in one line."""
    why: str = Field(default="", max_length=20_000)
    """Why; Markdown."""
    source: str = Field(default="agent", min_length=1, max_length=64)
    """What made it."""
    files: list[ProposedFile] = Field(min_length=1, max_length=1000)
    """What changes."""
    checks: list[CheckResult] = Field(default_factory=list[CheckResult])
    """What was checked."""
    replaces: str = ""
    """The change that this one is a new version of."""


class ListChanges(Request[ChangeList]):
    """List proposed, applied and undone changes of a project."""

    type: ClassVar[str] = "changes.list"
    service: ClassVar[str] = "factory"

    project: str
    """Identifier, name or path of a registered project; empty for all."""
    states: list[ChangeState] = Field(default_factory=list[ChangeState])
    """Only these states."""
    limit: int = Field(default=20, ge=1, le=200)
    """Most changes."""


class ShowChange(Request[ChangeAnswer]):
    """Show a change with its hunks."""

    type: ClassVar[str] = "changes.show"
    service: ClassVar[str] = "factory"

    project: str = ""
    """Project; empty when the identifier alone will do."""
    change: str
    """Identifier, or enough of its first characters."""


class DecideHunks(Request[ChangeAnswer]):
    """Accept or reject hunks of a change, or comment on them. Nothing is written to the project."""

    type: ClassVar[str] = "changes.decide"
    service: ClassVar[str] = "factory"

    project: str = ""
    """Project; empty when the identifier alone will do."""
    change: str
    """Identifier of the change."""
    hunks: list[str] = Field(default_factory=list)
    """Identifiers of hunks, or paths for all hunks of a file; empty for all."""
    decision: Decision | None = None
    """What is decided; absent to leave it."""
    comment: str | None = Field(default=None, max_length=4000)
    """What is said about them; absent to leave it."""


class EditProposal(Request[ChangeAnswer]):
    """Give a file of a proposal another text before it is applied; its hunks are made anew and open again."""

    type: ClassVar[str] = "changes.edit"
    service: ClassVar[str] = "factory"

    project: str = ""
    """Project; empty when the identifier alone will do."""
    change: str
    """Identifier of the change."""
    path: str
    """File of the change."""
    content: str
    """The whole text that is proposed now."""


class ApplyChange(Request[ChangeAnswer]):
    """Write the accepted hunks of a change to the project; all files or none."""

    type: ClassVar[str] = "changes.apply"
    service: ClassVar[str] = "factory"

    project: str = ""
    """Project; empty when the identifier alone will do."""
    change: str
    """Identifier of the change."""
    accept_open: bool = False
    """Whether hunks that nobody decided on count as accepted."""
    merge: bool = False
    """Whether files that changed since are merged three ways; without it the merge is only shown."""


class UndoChange(Request[ChangeAnswer]):
    """Take an applied change back; where a file changed since, the merge is shown first."""

    type: ClassVar[str] = "changes.undo"
    service: ClassVar[str] = "factory"

    project: str = ""
    """Project; empty when the identifier alone will do."""
    change: str
    """Identifier of the change."""
    merge: bool = False
    """Whether files that changed since are merged; without it the merge is only shown."""


class ChangeUpdated(Event):
    """A change was proposed, decided on, applied or undone. Topic: `changes.updated`. Sent by the factory."""

    type: ClassVar[str] = "changes.updated"
    durability: ClassVar[Durability] = "durable"

    change: str
    """Its identifier."""
    project: str
    """Identifier of the project."""
    title: str
    """What it does."""
    what: Literal["proposed", "decided", "edited", "applied", "undone", "rejected"]
    """What happened."""
    state: ChangeState
    """Where it stands now."""
    paths: list[str] = Field(default_factory=list)
    """Files that were written; at most 200."""
