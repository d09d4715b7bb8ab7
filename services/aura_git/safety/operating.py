"""An operation under way: its steps are on disk before they are done."""

from __future__ import annotations

from dataclasses import replace
from types import TracebackType
from typing import Self

from aura_git.repository import Repository
from aura_git.running import Ran
from aura_git.safety.contract import OperationRecord, Snapshot
from aura_git.safety.journal import Entry, Journal
from aura_git.safety.locking import WriterLock
from aura_git.safety.snapshots import BACKUPS, keep, take_snapshot
from aura_shared.errors import AuraError
from aura_shared.logging import get_logger
from aura_shared.messages.core import now_iso

__all__ = ["RunningOperation"]

log = get_logger(__name__)


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

    def take_before(self, status: Ran | None) -> None:
        """Take the snapshot of its beginning.

        Args:
            status: What `read_status` gave just now.
        """
        self._change(before=take_snapshot(self._repository, self.id, "before", status=status))

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

    def fail(self, error: BaseException) -> None:
        """Journal that it failed; everything is left as it is."""
        self._change(state="failed", problem=_told(error), waiting_for="", ended_at=now_iso())

    def _end(self, error: BaseException | None) -> None:
        if error is not None:
            self.fail(error)
            try:
                self._change(after=self._look("after"))
            except (AuraError, OSError):
                log.warning("git_snapshot_missed", operation=self.id, exc_info=True)
            return
        try:
            if self._entry.record.waiting_for:
                self._entry = replace(self._entry, found=self._look("found"))
                self._change(state="waiting")
            else:
                self._change(state="done", after=self._look("after"), ended_at=now_iso())
        except BaseException as problem:
            self.fail(problem)
            raise

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
