"""The safety core: begins operations behind gates, journals them, and takes them back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from aura_git.repository import Repository, read_state
from aura_git.safety.concerns import find_concerns
from aura_git.safety.contract import Concern, Gates, OperationRecord, Snapshot, UndoOutcome
from aura_git.safety.gates import check_gates, named
from aura_git.safety.journal import ABORT, Entry, Journal
from aura_git.safety.locking import WriterLock, wait_for_git
from aura_git.safety.planning import Plan, plan_restore
from aura_git.safety.restoring import apply_plan
from aura_git.safety.snapshots import BACKUPS, keep, read_status, take_snapshot
from aura_shared.errors import AuraError, GateClosed, UndoRefused, UnknownOperation
from aura_shared.logging import get_logger
from aura_shared.messages.core import now_iso
from aura_shared.settings import GitSettings

__all__ = ["RunningOperation", "SafetyCore"]

log = get_logger(__name__)
_OPEN: Final = frozenset({"waiting", "interrupted"})
_UNDO: Final = "undo"


class RunningOperation:
    """An operation under way, as `contract.Operation` says."""

    def __init__(self, repository: Repository, journal: Journal, lock: WriterLock, entry: Entry) -> None:
        self._repository = repository
        self._journal = journal
        self._lock = lock
        self._entry = entry
        self._depth = 0

    @property
    def id(self) -> str:
        """Its identifier."""
        return self._entry.record.id

    @property
    def record(self) -> OperationRecord:
        """Its entry in the journal."""
        return self._entry.record

    def step(self, name: str) -> None:
        """Journal what is done next; on disk when this returns."""
        self._change(steps=(*self._entry.record.steps, name))

    def remember(self, **facts: str) -> None:
        """Journal facts that `continue` or `abort` need."""
        self._change(facts={**self._entry.record.facts, **facts})

    def wait(self, waiting_for: str) -> None:
        """Leave it open at the end of the block: a person has to do something first."""
        self._change(waiting_for=waiting_for)

    def _change(self, **changes: object) -> None:
        self._entry = replace(self._entry, record=replace(self._entry.record, **changes))  # pyright: ignore[reportArgumentType]
        self._journal.write(self._entry)

    def __enter__(self) -> Self:
        self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._depth == 0:
            try:
                self._end(error)
            finally:
                self._lock.release()

    def _end(self, error: BaseException | None) -> None:
        if error is not None:
            self._change(state="failed", problem=_told(error), waiting_for="", ended_at=now_iso())
            try:
                self._change(after=self._look("after"))
            except (AuraError, OSError):
                log.warning("git_snapshot_missed", operation=self.id, exc_info=True)
        elif self._entry.record.waiting_for:
            self._entry = replace(self._entry, found=self._look("found"))
            self._change(state="waiting")
        else:
            self._change(state="done", after=self._look("after"), ended_at=now_iso())

    def _look(self, which: str) -> Snapshot:
        snapshot = take_snapshot(self._repository, self.id, which)
        before = self._entry.record.before
        if before is not None:
            _keep_tags(self._repository, self.id, before, snapshot)
        return snapshot


def _told(error: BaseException) -> str:
    return error.message if isinstance(error, AuraError) else f"{type(error).__name__}: {error}"


def _keep_tags(repository: Repository, operation: str, before: Snapshot, after: Snapshot) -> None:
    """Keep what refs that moved pointed at: the tag objects among them are in no commit."""
    moved = {value for name, value in before.refs.items() if after.refs.get(name) != value}
    if moved:
        keep(repository.git, {f"{BACKUPS}{operation}/moved/{value}": value for value in sorted(moved)})


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
        lock = self._locked(repository, command)
        try:
            return self._begin(repository, lock, command, title, gates)
        except BaseException:
            lock.release()
            raise

    def _locked(self, repository: Repository, purpose: str) -> WriterLock:
        lock = WriterLock(repository, self._settings.lock_wait_s)
        lock.acquire(purpose)
        return lock

    def _begin(
        self, repository: Repository, lock: WriterLock, command: str, title: str, gates: Gates, undoes: str = ""
    ) -> RunningOperation:
        wait_for_git(repository, self._settings.lock_wait_s)
        journal = Journal(repository)
        if gates.at_rest:
            _refuse_open(journal)
        status = None if repository.bare else read_status(repository)
        check_gates(repository, read_state(repository, status=status), gates, self._settings.protected)
        self._expire(repository, journal)
        entry = journal.new_entry(command, title, undoes=undoes)
        journal.write(entry)
        entry = replace(
            entry,
            record=replace(entry.record, before=take_snapshot(repository, entry.record.id, "before", status=status)),
        )
        journal.write(entry)
        return RunningOperation(repository, journal, lock, entry)

    def _expire(self, repository: Repository, journal: Journal) -> None:
        gone = journal.expired(self._settings.keep_operations, self._settings.keep_days)
        for identifier in gone:
            names = repository.git.read("for-each-ref", "--format=%(refname)", f"{BACKUPS}{identifier}").lines
            keep(repository.git, {name: "" for name in names if name})
            journal.forget(identifier)
        if gone:
            log.info("git_operations_expired", count=len(gone), oldest=gone[-1], newest=gone[0])

    def resume(self, repository: Repository, operation: str) -> RunningOperation:
        """Go on with a waiting or interrupted operation; the snapshot of its start stays.

        Raises:
            UnknownOperation: There is none.
            GateClosed: It is neither waiting nor interrupted.
        """
        lock = self._locked(repository, "continue")
        try:
            wait_for_git(repository, self._settings.lock_wait_s)
            journal = Journal(repository)
            entry = journal.find(operation)
            _refuse_other_states(entry, _OPEN)
            entry = journal.taken_over(entry)
            journal.write(entry)
            return RunningOperation(repository, journal, lock, entry)
        except BaseException:
            lock.release()
            raise

    def open_operation(self, repository: Repository) -> OperationRecord | None:
        """The operation that waits or was interrupted, if there is one."""
        return _open_of(Journal(repository))

    def operations(self, repository: Repository, limit: int) -> list[OperationRecord]:
        """The journal, newest first."""
        return [entry.record for entry in Journal(repository).entries(limit)]

    def undo(self, repository: Repository, operation: str = "", *, dry_run: bool = False) -> UndoOutcome:
        """Take an operation back, the newest by default; itself an operation, which can be undone.

        Raises:
            UnknownOperation: There is none.
            UndoRefused: Refs or files moved since; the message names them.
        """
        lock = self._locked(repository, _UNDO)
        try:
            journal = Journal(repository)
            entry = journal.find(operation) if operation else _newest_undoable(journal)
            base = _end_of(entry)
            if dry_run:
                now = take_snapshot(repository, "", "now")
                return _outcome(entry, _planned(repository, entry, base, now), done=False)
            running = self._begin(repository, lock, _UNDO, f"Take back: {entry.record.title}", _ANY, entry.record.id)
            with running:
                assert running.record.before is not None
                plan = _planned(repository, entry, base, running.record.before)
                apply_plan(repository, running, plan)
            return _outcome(entry, plan, done=True)
        finally:
            lock.release()

    def abandon(self, repository: Repository, operation: str) -> UndoOutcome:
        """Take back an operation that waits, was interrupted or failed.

        git's own state of a merge or rebase ends, and refs, index and work tree become what they were.
        """
        lock = self._locked(repository, ABORT)
        try:
            journal = Journal(repository)
            entry = journal.find(operation)
            _refuse_other_states(entry, _OPEN | {"failed"})
            running = self._begin(repository, lock, ABORT, f"Abort: {entry.record.title}", _ANY, entry.record.id)
            with running:
                now = running.record.before
                assert now is not None
                assert entry.record.before is not None
                base = entry.found or entry.record.after or now
                plan = plan_restore(repository, entry.record.before, base, now, edited_ok=True)
                _refuse_blocked(entry, plan)
                apply_plan(repository, running, plan)
            return _outcome(entry, plan, done=True)
        finally:
            lock.release()

    def concerns(self, repository: Repository, *, allow: Collection[str] = ()) -> list[Concern]:
        """What speaks against committing what is staged; those of `allow` (`RULE:PATH`) do not block."""
        return find_concerns(repository, largest_bytes=self._settings.largest_file_bytes, allow=allow)


_ANY: Final = Gates(work_tree=False, born=False, at_rest=False)


def _refuse_open(journal: Journal) -> None:
    found = _open_of(journal)
    if found is not None and found.state == "waiting":
        raise GateClosed(
            f"`{found.command}` ({found.id}) waits: {found.waiting_for}",
            hint="Go on with `aura continue`, or take it back with `aura abort`.",
        )


def _open_of(journal: Journal) -> OperationRecord | None:
    return next((entry.record for entry in journal.entries() if entry.record.state in _OPEN), None)


def _newest_undoable(journal: Journal) -> Entry:
    for entry in journal.entries():
        if entry.record.state in {"done", "failed"} and entry.record.command not in {_UNDO, ABORT}:
            return entry
    raise UnknownOperation("there is nothing to take back: Aura did nothing here yet, or all of it is taken back")


def _end_of(entry: Entry) -> Snapshot:
    record = entry.record
    if record.state in _OPEN:
        raise GateClosed(
            f"operation {record.id} ({record.title}) is {record.state}", hint="Take it back with `aura abort`."
        )
    if record.before is None or record.after is None or record.state in {"undone", "aborted"}:
        raise UndoRefused(f"operation {record.id} ({record.title}) is {record.state}: there is nothing to take back")
    return record.after


def _planned(repository: Repository, entry: Entry, base: Snapshot, now: Snapshot) -> Plan:
    assert entry.record.before is not None
    plan = plan_restore(repository, entry.record.before, base, now)
    _refuse_blocked(entry, plan)
    return plan


def _refuse_blocked(entry: Entry, plan: Plan) -> None:
    if plan.blocked:
        record = entry.record
        raise UndoRefused(
            f"taking back {record.id} ({record.title}) would lose what changed since: {named(plan.blocked)}"
        )


def _refuse_other_states(entry: Entry, states: Collection[str]) -> None:
    record = entry.record
    if record.state not in states:
        raise GateClosed(
            f"operation {record.id} ({record.title}) is {record.state}, and can neither go on nor be aborted",
            hint="`aura git ops` lists the operations; `aura git undo` takes back what is done.",
        )


def _outcome(entry: Entry, plan: Plan, *, done: bool) -> UndoOutcome:
    return UndoOutcome(entry.record, plan.moves, plan.paths, done)
