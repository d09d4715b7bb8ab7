"""What the safety core offers to everything that writes to a repository."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Protocol, Self

from aura_git.repository import Repository

__all__ = ["Concern", "Gates", "Operation", "OperationRecord", "OperationState", "Safety", "Snapshot", "UndoOutcome"]

OperationState = Literal["running", "waiting", "done", "failed", "interrupted", "aborted", "undone"]
"""`waiting`: stopped at a conflict, to be continued or aborted; `interrupted`: its process died in the middle."""


@dataclass(frozen=True, slots=True)
class Gates:
    """What has to hold before an operation begins; what does not is refused with the reason, and nothing is changed.

    Always: no other writer, no lock of git's held, git trusts the repository.
    """

    work_tree: bool = True
    """Refuse a bare repository."""
    born: bool = True
    """Refuse a branch without a commit."""
    attached: bool = False
    """Refuse a detached HEAD."""
    clean: bool = False
    """Refuse changed tracked files and a changed index; untracked files are left where they are."""
    at_rest: bool = True
    """Refuse while git is in the middle of a merge, rebase, bisect and the like, or conflicts are left."""
    complete: bool = False
    """Refuse a shallow clone: what is behind its border cannot be compared or moved."""
    dense: bool = False
    """Refuse a sparse checkout."""
    deletes: tuple[str, ...] = ()
    """Branches that are deleted: refused when protected."""
    rewrites: tuple[str, ...] = ()
    """Branches whose commits are replaced: refused when protected, and when the commits are on a remote.

    `BASE..BRANCH` says which commits are replaced; a name alone means all that only this branch has.
    """
    commits_to: str = ""
    """Branch that gets a commit by hand: refused when protected, unless `protected_ok`."""
    protected_ok: bool = False
    """Whether the person said yes to a commit on a protected branch."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that an undo needs."""

    head: str
    """`ref: refs/heads/NAME`, or a hash."""
    refs: Mapping[str, str]
    """Every branch, tag and remote-tracking ref with its hash; none of Aura's own."""
    index: str
    """Hash of a blob with the bytes of the index file; empty when there is none."""
    tree: str
    """Hash of a commit with the work tree, untracked files included, ignored ones not; empty when it is bare."""
    kept: str = ""
    """Hash of the commit that keeps all of it: `refs/aura/backup/OPERATION/WHICH` points at it."""


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """An entry of the journal."""

    id: str
    """Sorts by time."""
    command: str
    """Such as `commit` or `branch finish`."""
    title: str
    """What it does, in one line."""
    state: OperationState
    started_at: str
    """ISO 8601 in UTC."""
    ended_at: str = ""
    steps: tuple[str, ...] = ()
    """What was begun, in order."""
    before: Snapshot | None = None
    after: Snapshot | None = None
    """None until it has ended."""
    undoes: str = ""
    """The operation that this one took back."""
    waiting_for: str = ""
    """What a person has to do."""
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    """What `continue` and `abort` need, such as the branch to merge next."""
    problem: str = ""
    """Why it failed."""


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that should not be committed, or that a person should know of first."""

    rule: str
    """Such as `private-key`, `large-file`, `conflict-marker`."""
    path: str
    line: int
    """In the new file; 0 for the file as a whole."""
    message: str
    """What it is, without the secret itself."""
    blocks: bool
    """Whether it holds the commit back until `RULE:PATH` is allowed."""


@dataclass(frozen=True, slots=True)
class UndoOutcome:
    """What an undo did, or would do."""

    operation: OperationRecord
    """The one that was taken back."""
    refs: Mapping[str, tuple[str, str]]
    """Refs that move: from, to; empty for one that is not there."""
    paths: Sequence[str]
    """Files of the work tree that are written or deleted."""
    done: bool
    """False for a dry run."""


class Operation(Protocol):
    """An operation under way; a context manager.

    Leaving the block records what the repository is like then: `done`; after an exception `failed`, with everything
    left as it is, so that `undo` can take it back; after `wait`, `waiting`.
    """

    @property
    def id(self) -> str:
        """Its identifier."""
        ...

    def step(self, name: str) -> None:
        """Journal what is done next; on disk when this returns."""
        ...

    def remember(self, **facts: str) -> None:
        """Journal facts that `continue` or `abort` need."""
        ...

    def wait(self, waiting_for: str) -> None:
        """Leave it open at the end of the block: a person has to do something first."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Safety(Protocol):
    """The safety core; one for the process."""

    def begin(self, repository: Repository, command: str, title: str, *, gates: Gates) -> Operation:
        """Check the gates, take the lock, take a snapshot, and journal the operation.

        Raises:
            GateClosed, ProtectedBranch: A gate is closed; the message says which and why.
            RepositoryBusy: Another writer is at work.
        """
        ...

    def resume(self, repository: Repository, operation: str) -> Operation:
        """Go on with a waiting or interrupted operation; the snapshot of its start stays.

        Raises:
            UnknownOperation: There is none.
            GateClosed: It is neither waiting nor interrupted.
        """
        ...

    def open_operation(self, repository: Repository) -> OperationRecord | None:
        """The operation that waits or was interrupted, if there is one."""
        ...

    def operations(self, repository: Repository, limit: int) -> list[OperationRecord]:
        """The journal, newest first."""
        ...

    def operation(self, repository: Repository, name: str) -> OperationRecord:
        """An operation by its identifier, or enough of its first or last characters.

        Raises:
            UnknownOperation: There is none, or several.
        """
        ...

    def recover(self, repository: Repository) -> list[OperationRecord]:
        """Look after what a process left that died; returns what waits or was interrupted, newest first.

        Raises:
            RepositoryBusy: Another writer is at work.
        """
        ...

    def undo(self, repository: Repository, operation: str = "", *, dry_run: bool = False) -> UndoOutcome:
        """Take an operation back, the newest by default; itself an operation, which can be undone.

        Raises:
            UnknownOperation: There is none.
            UndoRefused: Refs or files moved since; the message names them.
        """
        ...

    def abandon(self, repository: Repository, operation: str) -> UndoOutcome:
        """Take back an operation that waits, was interrupted or failed.

        git's own state of a merge or rebase ends, and refs, index and work tree become what they were.
        """
        ...

    def concerns(self, repository: Repository, *, allow: Collection[str] = ()) -> list[Concern]:
        """What speaks against committing what is staged; those of `allow` (`RULE:PATH`) do not block."""
        ...
