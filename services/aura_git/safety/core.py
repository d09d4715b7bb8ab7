"""The safety core: begins operations behind gates, journals them, and takes them back."""

from __future__ import annotations

from collections.abc import Collection, Generator
from contextlib import contextmanager
from typing import Final

from aura_git.repository import Repository, read_state
from aura_git.safety.concerns import find_concerns
from aura_git.safety.contract import Concern, Gates, OperationRecord, UndoOutcome
from aura_git.safety.gates import check_gates
from aura_git.safety.journal import ABORT, Journal
from aura_git.safety.locking import WriterLock, wait_for_git
from aura_git.safety.operating import RunningOperation
from aura_git.safety.recovery import (
    UNDO,
    choices_of,
    clean_up,
    close_interrupted,
    forget_aside,
    look_at_interrupted,
)
from aura_git.safety.restoring import apply_plan
from aura_git.safety.snapshots import BACKUPS, keep, read_status, take_snapshot
from aura_git.safety.taking_back import (
    OPEN,
    end_of,
    newest_undoable,
    outcome,
    planned,
    refuse_open,
    refuse_other_place,
    refuse_other_states,
)
from aura_shared.errors import GateClosed
from aura_shared.logging import get_logger
from aura_shared.settings import GitSettings

__all__ = ["RunningOperation", "SafetyCore"]

log = get_logger(__name__)
_ANY: Final = Gates(work_tree=False, born=False, at_rest=False)


class SafetyCore:
    """The safety core; one for the process.

    Args:
        settings: Protected branches, and how long to wait and to keep.
    """

    def __init__(self, settings: GitSettings) -> None:
        self._settings = settings

    def begin(self, repository: Repository, command: str, title: str, *, gates: Gates) -> RunningOperation:
        """Check the gates, take the lock, take a snapshot, and journal the operation.

        Raises:
            GateClosed, ProtectedBranch: A gate is closed; the message says which and why.
            RepositoryBusy: Another writer is at work.
        """
        with self._locked(repository, command) as lock:
            return self._begin(repository, lock, Journal(repository), (command, title), gates)

    @contextmanager
    def _locked(self, repository: Repository, purpose: str) -> Generator[WriterLock]:
        """The writer's lock; kept after the block only by an operation that was begun in it."""
        lock = WriterLock(repository, self._settings.lock_wait_s)
        lock.acquire(purpose)
        try:
            yield lock
        finally:
            if not lock.kept:
                lock.release()

    def _begin(
        self,
        repository: Repository,
        lock: WriterLock,
        journal: Journal,
        what: tuple[str, str],
        gates: Gates,
        undoes: str = "",
    ) -> RunningOperation:
        clean_up(repository, journal)
        wait_for_git(repository, self._settings.lock_wait_s)
        if gates.at_rest:
            refuse_open(journal)
        status = None if repository.bare else read_status(repository)
        check_gates(repository, read_state(repository, status=status), gates, self._settings.protected)
        if not undoes:
            close_interrupted(repository, journal)
        self._expire(repository, journal)
        entry = journal.new_entry(*what, undoes=undoes)
        journal.write(entry)
        running = RunningOperation(repository, journal, lock, entry)
        try:
            running.take_before(status)
        except BaseException as error:
            running.fail(error)
            raise
        lock.kept = True
        return running

    def _expire(self, repository: Repository, journal: Journal) -> None:
        gone = journal.expired(self._settings.keep_operations, self._settings.keep_days)
        for identifier in gone:
            names = repository.git.read("for-each-ref", "--format=%(refname)", f"{BACKUPS}{identifier}/").lines
            keep(repository.git, {name: "" for name in names if name})
            forget_aside(repository, identifier)
            journal.forget(identifier)
        if gone:
            log.info("git_operations_expired", count=len(gone), oldest=gone[-1], newest=gone[0])

    def resume(self, repository: Repository, operation: str) -> RunningOperation:
        """Go on with a waiting or interrupted operation; the snapshot of its start stays, and one of now is taken.

        Raises:
            UnknownOperation: There is none.
            GateClosed: It is neither waiting nor interrupted, or an undo: that is begun anew.
        """
        with self._locked(repository, "continue") as lock:
            journal = Journal(repository)
            clean_up(repository, journal)
            wait_for_git(repository, self._settings.lock_wait_s)
            entry = journal.find(operation)
            refuse_other_states(entry, OPEN)
            refuse_other_place(repository, entry)
            if "continue" not in choices_of(entry.record):
                raise GateClosed(f"an interrupted `{entry.record.command}` does not go on", hint="aura abort")
            # What a person has written meanwhile is in no snapshot yet.
            take_snapshot(repository, entry.record.id, f"resumed-{len(entry.record.steps)}")
            entry = journal.taken_over(entry)
            journal.write(entry)
            lock.kept = True
            return RunningOperation(repository, journal, lock, entry)

    def open_operation(self, repository: Repository) -> OperationRecord | None:
        """The operation that waits or was interrupted, if there is one."""
        journal = Journal(repository)
        found = journal.open_entries()
        return journal.full(found[0]).record if found else None

    def operations(self, repository: Repository, limit: int) -> list[OperationRecord]:
        """The journal, newest first."""
        journal = Journal(repository)
        return [journal.full(entry).record for entry in journal.entries(limit)]

    def operation(self, repository: Repository, name: str) -> OperationRecord:
        """An operation by its identifier, or enough of its first or last characters.

        Raises:
            UnknownOperation: There is none, or several.
        """
        return Journal(repository).find(name).record

    def recover(self, repository: Repository) -> list[OperationRecord]:
        """Look after what a process left that died; to be called when the service starts.

        Returns:
            Operations that were interrupted or wait, newest first, for a person to decide about.

        Raises:
            RepositoryBusy: Another writer is at work, who looks after it as well.
        """
        with self._locked(repository, "recover"):
            journal = Journal(repository)
            clean_up(repository, journal)
            look_at_interrupted(repository, journal)
            return [journal.full(entry).record for entry in journal.open_entries()]

    def undo(self, repository: Repository, operation: str = "", *, dry_run: bool = False) -> UndoOutcome:
        """Take an operation back, the newest by default; itself an operation, which can be undone.

        Raises:
            UnknownOperation: There is none.
            UndoRefused: Refs or files moved since; the message names them.
            GateClosed: It waits for a person, or was made in another work tree.
        """
        with self._locked(repository, UNDO) as lock:
            journal = Journal(repository)
            look_at_interrupted(repository, journal)
            entry = journal.find(operation) if operation else newest_undoable(journal)
            base = end_of(entry)
            refuse_other_place(repository, entry)
            if dry_run:
                now = take_snapshot(repository, "", "now")
                return outcome(repository, entry, planned(repository, entry, base, now), done=False)
            title = f"Take back: {entry.record.title}"
            with self._begin(repository, lock, journal, (UNDO, title), _ANY, entry.record.id) as running:
                plan = planned(repository, entry, base, running.record.before)
                apply_plan(repository, running, plan)
            return outcome(repository, entry, plan, done=True, by=running.id)

    def abandon(self, repository: Repository, operation: str) -> UndoOutcome:
        """Take back an operation that waits, was interrupted or failed.

        git's own state of a merge or rebase ends, and refs, index and work tree become what they were. Edits made since
        are replaced too; the outcome's facts name them (`edited`) and the operation whose undo brings them back
        (`undone_by`).

        Raises:
            UnknownOperation: There is none.
            UndoRefused: Refs moved since; the message names them.
            GateClosed: It is done already, or was made in another work tree.
        """
        with self._locked(repository, ABORT) as lock:
            journal = Journal(repository)
            look_at_interrupted(repository, journal)
            entry = journal.find(operation)
            refuse_other_states(entry, OPEN | {"failed"})
            refuse_other_place(repository, entry)
            title = f"Abort: {entry.record.title}"
            with self._begin(repository, lock, journal, (ABORT, title), _ANY, entry.record.id) as running:
                plan = planned(
                    repository, entry, entry.found or entry.record.after, running.record.before, edited_ok=True
                )
                apply_plan(repository, running, plan)
            return outcome(repository, entry, plan, done=True, by=running.id)

    def concerns(self, repository: Repository, *, allow: Collection[str] = ()) -> list[Concern]:
        """What speaks against committing what is staged; those of `allow` (`RULE:PATH`) do not block."""
        return find_concerns(repository, largest_bytes=self._settings.largest_file_bytes, allow=allow)
