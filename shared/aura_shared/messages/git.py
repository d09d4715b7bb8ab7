"""Messages of the safety core of git: the state of a repository, the journal of operations, and taking them back."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from aura_shared.messages.core import Durability, Event, Message, Reply, Request

GitOperationState = Literal["running", "waiting", "done", "failed", "interrupted", "aborted", "undone"]
"""`waiting`: stopped at a conflict; `interrupted`: its process died in the middle."""
GitChoice = Literal["continue", "abort", "undo"]
"""What a person can do about an operation: `aura continue`, `aura abort`, `aura git undo`."""
GitProgress = Literal["", "merge", "rebase", "am", "cherry-pick", "revert", "bisect"]
GitHappening = Literal["switched", "committed", "reset", "merged", "rebased", "started", "ended", "refs"]
"""`started` and `ended`: a merge, rebase and the like; `refs`: branches or tags moved, HEAD did not."""


class GitOperation(Message):
    """An operation of the journal."""

    type: ClassVar[str] = "git.operation"

    id: str
    """Identifier; sorts by time."""
    command: str
    """Such as `commit` or `branch finish`."""
    title: str
    """What it does, in one line."""
    state: GitOperationState
    """Where it stands."""
    started_at: str
    """ISO 8601 in UTC."""
    ended_at: str = ""
    """When it ended; empty while it has not."""
    steps: list[str] = Field(default_factory=list)
    """What was begun, in order."""
    undoes: str = ""
    """The operation that this one took back."""
    waiting_for: str = ""
    """What a person has to do."""
    problem: str = ""
    """Why it failed."""
    facts: dict[str, str] = Field(default_factory=dict)
    """What it noted, such as `pushed`: what cannot be taken back."""
    choices: list[GitChoice] = Field(default_factory=list[GitChoice])
    """What can be done about it now."""


class RefMove(Message):
    """A ref that moved, or would move."""

    type: ClassVar[str] = "git.ref-move"

    name: str
    """Full name, or `HEAD`."""
    old: str = ""
    """Hash before; empty when it was not there. For HEAD, `ref: NAME` or a hash."""
    new: str = ""
    """Hash after; empty when it is deleted."""


class GitConcern(Message):
    """Something staged that should not be committed, or that a person should know of."""

    type: ClassVar[str] = "git.concern"

    rule: str
    """Such as `private-key`, `large-file`, `conflict-marker`."""
    path: str
    """File."""
    line: int = Field(default=0, ge=0)
    """In the new file; 0 for the file as a whole."""
    message: str
    """What it is, without the secret itself."""
    blocks: bool
    """Whether it holds a commit back until `RULE:PATH` is allowed."""


class GitStatus(Reply):
    """The state of a repository."""

    root: str
    """Its work tree."""
    head: str = ""
    """Hash of the commit that is checked out; empty while there is none."""
    branch: str = ""
    """Branch that is checked out; empty when HEAD is detached."""
    protected: bool = False
    """Whether that branch is protected."""
    detached: bool = False
    """Whether no branch is checked out."""
    unborn: bool = False
    """Whether the branch has no commit yet."""
    bare: bool = False
    """Whether it has no work tree."""
    shallow: bool = False
    """Whether a part of the history is missing here."""
    sparse: bool = False
    """Whether only a part of the files is checked out."""
    linked: bool = False
    """Whether this is a further work tree (`git worktree`)."""
    in_progress: GitProgress = ""
    """What git is in the middle of."""
    unmerged: list[str] = Field(default_factory=list)
    """Paths with conflicts; at most 200."""
    staged: int = 0
    """Paths whose index differs from HEAD."""
    unstaged: int = 0
    """Tracked paths whose file differs from the index."""
    untracked: int = 0
    """Files and folders that git does not know and does not ignore."""
    upstream: str = ""
    """Branch that it follows."""
    ahead: int = 0
    """Commits that the upstream does not have."""
    behind: int = 0
    """Commits that only the upstream has."""
    upstream_gone: bool = False
    """Whether it follows a branch that is not there any more."""
    operation: GitOperation | None = None
    """The operation that waits for a person or was interrupted, with what can be done about it."""
    last: list[GitOperation] = Field(default_factory=list[GitOperation])
    """The last three operations."""
    concerns: int = 0
    """How much of what is staged would hold a commit back."""
    locks: list[str] = Field(default_factory=list)
    """git's own lock files that are held now."""


class GitOperations(Reply):
    """The journal of a repository."""

    operations: list[GitOperation] = Field(default_factory=list[GitOperation])
    """The newest first."""
    more: bool = False
    """Whether there are more."""


class GitOperationAnswer(Reply):
    """An operation, and what it moved."""

    operation: GitOperation
    """The operation."""
    refs: list[RefMove] = Field(default_factory=list[RefMove])
    """Refs that it moved."""


class UndoAnswer(Reply):
    """What an undo or abort did, or would do."""

    operation: GitOperation
    """The one that is taken back."""
    refs: list[RefMove] = Field(default_factory=list[RefMove])
    """Refs that move."""
    paths: list[str] = Field(default_factory=list)
    """Files that are written or deleted; at most 1,000."""
    path_count: int = Field(default=0, ge=0)
    """How many there are."""
    done: bool
    """False for a dry run."""
    notice: str = ""
    """What a person should know: what was pushed, and where edits are that were made since."""


class ShowGitStatus(Request[GitStatus]):
    """Show the state of a repository: branch, changes, what git is in the middle of, and what Aura did last."""

    type: ClassVar[str] = "git.status"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""


class ListOperations(Request[GitOperations]):
    """List what Aura did in a repository, newest first."""

    type: ClassVar[str] = "git.operations"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    limit: int = Field(default=20, ge=1, le=200)
    """Most operations."""


class ShowOperation(Request[GitOperationAnswer]):
    """Show an operation with its steps and the refs that it moved."""

    type: ClassVar[str] = "git.operation.show"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    operation: str = Field(min_length=1, max_length=64)
    """Identifier, or enough of its first or last characters."""


class UndoOperation(Request[UndoAnswer]):
    """Take an operation back: refs, index and files become what they were. Refused when they moved since."""

    type: ClassVar[str] = "git.undo"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    operation: str = Field(default="", max_length=64)
    """Identifier, or enough of its first or last characters; empty for the newest that is not taken back yet."""
    dry_run: bool = False
    """Only tell what would happen."""


class AbandonOperation(Request[UndoAnswer]):
    """Take back an operation that waits, was interrupted or failed. Edits made since are kept in a snapshot."""

    type: ClassVar[str] = "git.abandon"
    service: ClassVar[str] = "git"

    project: str
    """Identifier, name or path of a registered project."""
    operation: str = Field(default="", max_length=64)
    """Identifier; empty for the one that waits or was interrupted."""


class GitOperationUpdated(Event):
    """An operation waits, was found interrupted, or was taken back. Topic: `git.operation.updated`. Sent by git."""

    type: ClassVar[str] = "git.operation.updated"
    durability: ClassVar[Durability] = "durable"

    project: str
    """Identifier of the project."""
    operation: GitOperation
    """The operation as it is now, with what can be done about it."""


class GitChanged(Event):
    """A repository changed: a branch switch, a commit, a rebase. Topic: `git.changed`. Sent by git.

    Changes by others are noticed from the file system within about a fifth of a second; a burst becomes one event.
    """

    type: ClassVar[str] = "git.changed"
    durability: ClassVar[Durability] = "durable"

    project: str
    """Identifier of the project."""
    what: GitHappening
    """What happened."""
    branch: str = ""
    """Branch that is checked out now; empty when HEAD is detached."""
    old_branch: str = ""
    """Branch that was checked out before."""
    old_head: str = ""
    """Commit that was checked out before; empty when there was none."""
    new_head: str = ""
    """Commit that is checked out now."""
    refs: list[str] = Field(default_factory=list)
    """Other refs that moved, full names; at most 50."""
    in_progress: GitProgress = ""
    """What git is in the middle of now."""
    by_aura: bool = False
    """Whether an operation of Aura's did it."""
    operation: str = ""
    """That operation."""
