"""Changes as they are told: the messages."""

from __future__ import annotations

from aura_factory.changes.applying import Plan, plan_apply
from aura_factory.changes.content import texts_between
from aura_factory.changes.diffs import hunk_diff, start_line
from aura_factory.changes.hunks import StoredHunk
from aura_factory.changes.records import StoredChange, StoredFile
from aura_factory.changes.store import ChangeStore
from aura_factory.changes.targets import applied
from aura_factory.changes.transitions import Fit
from aura_factory.changes.undoing import plan_undo
from aura_shared.messages.changes import ChangedFile, ChangeInfo, Hunk


def head_of(store: ChangeStore, change: StoredChange) -> ChangeInfo:
    """A change without its files, as in lists."""
    return ChangeInfo(
        id=change.id, project=change.project, title=change.title, why=change.why, source=change.source,
        state=change.state, file_count=change.file_count, added=change.added, removed=change.removed,
        checks=change.checks, created_at=change.created_at, changed_at=change.changed_at, replaces=change.replaces,
        can_undo=store.is_applied(change.id),
    )  # fmt: skip


def whole(store: ChangeStore, change: StoredChange) -> ChangeInfo:
    """A change with everything that a person needs to decide, and how its files stand now."""
    fits = {fit.path: fit for fit in _outlook(store, change).fits}
    files = [_file(file, fits.get(file.path) or fits.get(file.moved_from) or Fit(file.path)) for file in change.files]
    return head_of(store, change).model_copy(update={"files": files})


def _outlook(store: ChangeStore, change: StoredChange) -> Plan:
    """What comes next: hunks that are not in the files yet, or else the undo."""
    wanted = [hunk.id for hunk in change.hunks if hunk.decision != "rejected"]
    if set(wanted) <= set(applied(change)) and change.state in {"applied", "partly-applied"}:
        return plan_undo(store, change)
    return plan_apply(change, [*wanted, *applied(change)])


def _file(file: StoredFile, fit: Fit) -> ChangedFile:
    before, after, _ = texts_between(file.before, file.after)
    return ChangedFile(
        path=file.path,
        kind=file.kind,
        moved_from=file.moved_from,
        hunks=[_hunk(file, hunk, before, after) for hunk in file.hunks],
        standing=fit.standing,
        problem=fit.problem,
    )


def _hunk(file: StoredFile, hunk: StoredHunk, before: bytes, after: bytes) -> Hunk:
    block = hunk.block
    old_lines, new_lines = block.old_end - block.old_start, block.new_end - block.new_start
    return Hunk(
        id=hunk.id,
        path=file.path,
        old_start=start_line(block.old_start, old_lines),
        old_lines=old_lines,
        new_start=start_line(block.new_start, new_lines),
        new_lines=new_lines,
        diff=hunk_diff(file.path, file.moved_from, before, after, hunk),
        symbol=hunk.symbol,
        decision=hunk.decision,
        comment=hunk.comment,
        applied=hunk.applied,
    )
