"""The way in: a message goes in, a message comes out. Safe to use from several threads; one process at a time."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from aura_factory.changes.answers import head_of, whole
from aura_factory.changes.applying import Plan, partial_problems, prepare_apply, recover, write
from aura_factory.changes.deciding import count_lines, decide, rewrite
from aura_factory.changes.journal import Step, no_step
from aura_factory.changes.proposing import take_in
from aura_factory.changes.records import StepKind, StoredChange, now_text
from aura_factory.changes.store import ChangeStore
from aura_factory.changes.undoing import prepare_undo
from aura_shared.errors import Conflict, StorageError, TooLarge, UnknownChange
from aura_shared.messages.changes import (
    ApplyChange,
    ChangeAnswer,
    ChangeList,
    DecideHunks,
    EditProposal,
    ListChanges,
    ProposeChange,
    ShowChange,
    UndoChange,
)
from aura_shared.paths import private_folder
from aura_shared.settings import ChangesSettings

DATABASE = "changes.db"


class ChangeDesk:
    """Keeps changes, and writes them to projects when a person says so."""

    def __init__(self, folder: Path, settings: ChangesSettings, *, at: Step = no_step) -> None:
        """Open the store, and finish or take back what was interrupted.

        Args:
            folder: Aura's own folder for changes; made when it is not there.
            settings: Protected files, how long and how much is kept.
            at: Called before each thing that is done to a project's files, with its name.

        Raises:
            Conflict: Another process uses the folder.
            StorageError: The store cannot be opened.
        """
        self._settings, self._at = settings, at
        self._held = _hold(private_folder(folder) / "lock")
        try:
            self._store = ChangeStore(folder / DATABASE)
        except BaseException:
            os.close(self._held)
            raise
        self._locks: dict[str, threading.RLock] = {}
        self._guard = threading.Lock()
        self.recovered = recover(self._store, at)
        """What was found interrupted, one sentence for each change."""
        self._forget_old()

    def close(self) -> None:
        """Close the store, and let another process have it."""
        self._store.close()
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def place_of(self, name: str) -> tuple[str, Path]:
        """Project and root of a change, by enough of its identifier.

        Raises:
            UnknownChange: There is none.
            UsageProblem: There are several.
        """
        change = self._store.head(name)
        return change.project, change.root

    def propose(self, root: Path, project: str, request: ProposeChange) -> ChangeAnswer:
        """Keep a proposal as a change; nothing is written to the project.

        Args:
            root: The project's folder.
            project: Its identifier.
            request: What is proposed.

        Raises:
            UsageProblem: An entry makes no sense, or changes nothing.
            NotAllowed: A file is ignored or protected; `UnsafePath` when it is a link or outside.
            Conflict: A new file exists; `FileMovedOn` when a file changed, `EditRefused` when it would not parse.
            UnknownFile: A file is not there.
            TooLarge: It does not fit into the store.
        """
        with self._alone(project):
            replaced = self._store.head(request.replaces).id if request.replaces else ""
            proposal = take_in(root, request.files, known=self._store.bytes_of, protected=self._settings.protected)
            now = now_text()
            checks = [*(check for check in request.checks if check.name != proposal.check.name), proposal.check]
            change = StoredChange(
                self._store.new_name(), project, root, request.title, request.why, request.source, "proposed", checks,
                replaced, now, now, files=proposal.files,
            )  # fmt: skip
            count_lines(change)
            notice = self._keep(change)
            if proposal.merged:
                names = ", ".join(proposal.merged[:10])
                notice = f"Merged with what changed since the proposal was made: {names}. {notice}".strip()
            return ChangeAnswer(change=whole(self._store, change), notice=notice)

    def _keep(self, change: StoredChange) -> str:
        """Keep a new change if there is room; returns what a person should know."""
        with self._store.writing():
            self._store.add(change)
            notice = self._make_room(change)
            if self._store.stored_bytes() > self._settings.store_bytes:
                raise TooLarge(
                    f"the change needs {self._store.stored_bytes():,} bytes, and changes.store_bytes allows "
                    f"{self._settings.store_bytes:,}",
                    hint="Propose less at once, or raise changes.store_bytes.",
                )
        return notice

    def list(self, project: str, request: ListChanges) -> ChangeList:
        """Changes of a project, or of all when `project` is empty; the newest first, without their files."""
        found = self._store.list(project, request.states, request.limit + 1)
        shown = found[: request.limit]
        reason = ""
        if not shown:
            reason = "There is no such change." if request.states else "Nothing was proposed yet."
        return ChangeList(
            changes=[head_of(self._store, change) for change in shown],
            more=len(found) > len(shown),
            stored_bytes=self._store.stored_bytes(),
            reason=reason,
        )

    def show(self, project: str, request: ShowChange) -> ChangeAnswer:
        """A change with its hunks, and how its files stand now.

        Raises:
            UnknownChange: There is none.
            UsageProblem: Several identifiers start so.
        """
        change = self._find(project, request.change)
        return ChangeAnswer(change=whole(self._store, change), notice=change.notice)

    def decide(self, project: str, request: DecideHunks) -> ChangeAnswer:
        """Accept, reject or open hunks, or comment on them; nothing is written to the project.

        Raises:
            UnknownChange: There is no such change; `NotFound` for a hunk or file.
            UsageProblem: Nothing is decided or said, or a name fits several.
            Conflict: A hunk is in the file already.
        """
        with self._of(project, request.change) as change:
            decide(change, request.hunks, request.decision, request.comment)
            change.changed_at = now_text()
            self._store.put_state(change)
            return ChangeAnswer(change=whole(self._store, change))

    def edit(self, project: str, request: EditProposal) -> ChangeAnswer:
        """Give a file of a proposal another text; decisions on hunks that stay the same are kept.

        Raises:
            UnknownChange: There is no such change; `NotFound` for a file.
            UsageProblem: The text changes nothing.
            Conflict: Hunks of the file are applied; `EditRefused` when the text would not parse.
        """
        with self._of(project, request.change) as change:
            number = rewrite(change, request.path, request.content)
            change.changed_at = now_text()
            with self._store.writing():
                self._store.put_file(change, number)
                self._store.put_checks(change)
                self._store.put_state(change)
            return ChangeAnswer(change=whole(self._store, change), notice=self._make_room(change))

    def apply(self, project: str, request: ApplyChange) -> ChangeAnswer:
        """Write the accepted hunks; all files or none. Where files changed since, the merge is only shown at first.

        Raises:
            UnknownChange: There is no such change.
            Conflict: No hunk is accepted, or all are applied; `FileMovedOn` when they do not fit any more.
            NotAllowed: A file is protected.
            StorageError: A file cannot be written; none was changed, or the message names those that were.
        """
        with self._of(project, request.change) as change:
            plan, chosen = prepare_apply(change, accept_open=request.accept_open, protected=self._settings.protected)
            notice = partial_problems(change, plan, chosen)
            return self._write(change, "apply", plan, chosen, merge=request.merge, notice=notice)

    def undo(self, project: str, request: UndoChange) -> ChangeAnswer:
        """Take a change back; where files changed since, the merge is only shown at first.

        Raises:
            UnknownChange: There is no such change.
            Conflict: It is not applied; `FileMovedOn` when files changed since in the same places.
            StorageError: A file cannot be written; none was changed, or the message names those that were.
        """
        with self._of(project, request.change) as change:
            plan = prepare_undo(self._store, change)
            return self._write(change, "undo", plan, [], merge=request.merge, notice="")

    def _write(
        self, change: StoredChange, what: StepKind, plan: Plan, chosen: list[str], *, merge: bool, notice: str
    ) -> ChangeAnswer:
        if plan.merged and not merge:
            names = ", ".join(plan.merged[:10])
            shown = f"Changed since: {names}. This is what would be written; nothing was. Confirm it with merge."
            return ChangeAnswer(
                change=whole(self._store, change), merge=plan.view.diff(), notice=f"{shown} {notice}".strip()
            )
        change.notice = ""
        self._store.put_state(change)
        written = write(self._store, change, what, plan, chosen, self._at)
        self._forget_old()
        notices = [notice, self._make_room(change)]
        return ChangeAnswer(
            change=whole(self._store, change), written=written, notice=" ".join(one for one in notices if one)
        )

    @contextmanager
    def _alone(self, project: str) -> Generator[None]:
        """One request of a project that changes something at a time."""
        with self._guard:
            lock = self._locks.setdefault(project, threading.RLock())
        with lock:
            recover(self._store, self._at, project)
            yield

    @contextmanager
    def _of(self, project: str, name: str) -> Generator[StoredChange]:
        """A change that nobody else changes while the block runs."""
        found = self._store.head(name)
        with self._alone(found.project):
            yield self._find(project, found.id)

    def _find(self, project: str, name: str) -> StoredChange:
        change = self._store.find(name)
        if project and change.project != project:
            raise UnknownChange(f"project {project} has no change {name!r}; it is one of {change.project}")
        return change

    def _forget_old(self) -> None:
        oldest = datetime.now(UTC) - timedelta(days=self._settings.keep_days)
        self._store.drop_before(oldest.isoformat(timespec="seconds"))

    def _make_room(self, change: StoredChange) -> str:
        """Forget what has to go; returns what a person should know."""
        dropped = self._store.shrink(self._settings.store_bytes, change.id)
        if not dropped:
            return ""
        lost = [one.id for one in dropped if one.state in {"applied", "partly-applied"}]
        undo = f"; these can no longer be undone: {', '.join(lost[:20])}" if lost else ""
        return f"{len(dropped)} older changes were forgotten to stay below changes.store_bytes{undo}."


def _hold(file: Path) -> int:
    """Take the lock of the store for as long as this process lives."""
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(f"cannot open {file}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise Conflict(f"another process of Aura uses {file.parent}", hint="Stop it first: aura down") from error
    return descriptor
