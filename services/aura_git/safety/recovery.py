"""Looks after what a process left that died in the middle of an operation."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from aura_git.repository import Repository, read_state
from aura_git.running import Git
from aura_git.safety.contract import OperationRecord, Snapshot
from aura_git.safety.journal import Entry, Journal
from aura_git.safety.locking import aura_folder
from aura_git.safety.replacing import remove_beside
from aura_git.safety.restoring import INDEX_LOCK
from aura_git.safety.snapshots import take_snapshot
from aura_git.safety.storing import parts_of
from aura_shared.logging import get_logger
from aura_shared.messages.core import now_iso

__all__ = ["UNDO", "choices_of", "clean_up", "close_interrupted", "forget_aside", "look_at_interrupted", "same"]

log = get_logger(__name__)
UNDO: Final = "undo"
"""Command of the operation that takes another one back."""
_GO_ON: Final = frozenset({"merge", "rebase", "branch finish", "resolve", "continue", "skip"})
"""Commands that can go on from where their process died; others begin anew, once they are taken back."""
_HALF_WAY: Final = "half_way"
"""Fact of an interrupted operation: it was found half-way, so that it can only be taken back."""
_NEEDED: Final = {"branch finish": "finish_plan"}
"""What an operation of a command has to have journalled before it can go on."""


def choices_of(record: OperationRecord) -> list[Literal["continue", "abort", "undo"]]:
    """What a person can do about an operation now."""
    if record.state == "waiting":
        return ["continue", "abort"]
    if record.state == "interrupted":
        return ["continue", "abort", "undo"] if _goes_on(record) else ["abort", "undo"]
    return ["undo"] if record.state in {"done", "failed"} else []


def _goes_on(record: OperationRecord) -> bool:
    needed = _NEEDED.get(record.command)
    return record.command in _GO_ON and _HALF_WAY not in record.facts and (not needed or needed in record.facts)


def clean_up(repository: Repository, journal: Journal) -> None:
    """Remove Aura's own leftovers; only while the writer's lock is held, so that nobody needs them.

    git's locks stay, but for an `index.lock` that Aura itself made: the journal knows which file that is.
    """
    shutil.rmtree(aura_folder(repository) / "scratch", ignore_errors=True)
    remove_beside(repository)
    journal.clean_up()
    for left in repository.git_dir.glob("aura-*"):  # indexes that a commit was made from
        left.unlink(missing_ok=True)
    lock = repository.git_dir / "index.lock"
    for entry in _interrupted(journal):
        ours = entry.record.facts.get(INDEX_LOCK)
        with suppress(FileNotFoundError):
            if ours and str(lock.stat().st_ino) == ours:
                lock.unlink()
                log.info("git_own_lock_removed", operation=entry.record.id)


def _interrupted(journal: Journal) -> Iterator[Entry]:
    return (entry for entry in journal.open_entries() if entry.record.state == "interrupted")


def look_at_interrupted(repository: Repository, journal: Journal) -> None:
    """Note what interrupted operations left, so that what others do from now on is not taken for theirs.

    One that had changed nothing yet is closed.
    """
    for slim in list(_interrupted(journal)):
        entry = journal.full(slim)
        if entry.record.before is None:
            _close(journal, entry, "aborted", "Its process ended before anything was changed.")
        elif entry.found is None:
            found = take_snapshot(repository, entry.record.id, "found")
            if same(repository.git, found, entry.record.before):
                _close(journal, entry, "aborted", "Its process ended before anything was changed.")
            else:
                journal.write(_told_half_way(repository, replace(entry, found=found)))


def _told_half_way(repository: Repository, entry: Entry) -> Entry:
    """The same, with the fact that it cannot go on where that is so."""
    if repository.bare or not _half_way(repository):
        return entry
    return replace(entry, record=replace(entry.record, facts={**entry.record.facts, _HALF_WAY: "yes"}))


def _half_way(repository: Repository) -> bool:
    """Whether going on would fail or lose something."""
    state = read_state(repository, untracked=False)
    if state.in_progress == "rebase":
        return not _at_a_stop(repository)
    if state.in_progress == "merge":
        # git died between the commit and the end of its own notes: going on would merge the same again.
        return repository.git.read("merge-base", "--is-ancestor", "MERGE_HEAD", "HEAD", ok=(0, 1, 128)).code == 0
    return not (state.clean or state.in_progress or state.unmerged)


def _at_a_stop(repository: Repository) -> bool:
    """Whether a rebase stopped by itself.

    One that died in the middle of a commit would leave that commit out when it went on, one whose branch has moved
    already refuses, and one that died while it began or ended has not all of its files.
    """
    folder = repository.git_dir / "rebase-merge"
    if not all((folder / name).is_file() for name in ("stopped-sha", "message", "head-name", "orig-head")):
        return False
    branch, old = ((folder / name).read_text().strip() for name in ("head-name", "orig-head"))
    return not branch.startswith("refs/") or repository.git.find_commit(branch) == old


def same(git: Git, one: Snapshot, other: Snapshot) -> bool:
    """Whether two snapshots say the same, a merge or rebase under way included."""
    return replace(one, kept="") == replace(other, kept="") and parts_of(git, one.kept) == parts_of(git, other.kept)


def close_interrupted(repository: Repository, journal: Journal) -> None:
    """Another operation begins: what was interrupted counts as failed from now on, and can still be undone."""
    look_at_interrupted(repository, journal)
    for slim in list(_interrupted(journal)):
        entry = journal.full(slim)
        record = replace(entry.record, after=entry.found)
        _close(journal, replace(entry, record=record), "failed", "Its process died in the middle of it.")


def _close(journal: Journal, entry: Entry, state: Literal["aborted", "failed"], problem: str) -> None:
    record = replace(entry.record, state=state, problem=problem, ended_at=now_iso())
    journal.write(replace(entry, record=record))


def forget_aside(repository: Repository, identifier: str) -> None:
    """Remove what was moved aside by an operation that is forgotten."""
    shutil.rmtree(Path(aura_folder(repository)) / "aside" / identifier, ignore_errors=True)
