"""The plan of one project: what its files say, every change of them, and taking changes back.

The files are the truth. Each look compares them with the last one, so an edit from anywhere counts; what was edited
outside is noted in the journal with what was there before, and can be taken back like a command.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from aura_planning.items.cache import Entry, ItemCache
from aura_planning.items.journal import FileChange, Journal, Operation
from aura_planning.items.layout import FOLDER, Listed, list_plan, place_of
from aura_planning.items.ledger import Ledger
from aura_planning.items.model import Finding, Item, Parsed
from aura_planning.items.reading import MOST_BYTES, file_hash, read_item
from aura_planning.items.writing import LEFTOVER, At, current, put, safe_place
from aura_shared.errors import AuraError, Conflict, FileMovedOn, NotFound, StorageError, UndoRefused
from aura_shared.locks import take_lock
from aura_shared.logging import get_logger
from aura_shared.storage import set_aside

__all__ = ["ItemChange", "Look", "PlanStore"]

log = get_logger(__name__)

LOCK_WAIT_S: Final = 10.0
_RACY_NS: Final = 50_000_000
"""A file that changed so shortly before a look may change again without another time stamp; it is read once more."""


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What happened to an item."""

    what: Literal["added", "changed", "removed", "unreadable"]
    old: Item | None
    new: Item | None


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the files found new."""

    changes: Sequence[ItemChange] = ()
    operation: Operation | None = None
    """What was noted in the journal about it; None for the first look."""


class PlanStore:
    """One plan; every method may be called from any thread.

    Args:
        root: Folder of the project.
        folder: Where journal and cache are.
        keep_days: How long operations can be undone.
        new_mode: Permissions of new files.
        at: Called before each step of a write.
    """

    def __init__(
        self, root: Path, folder: Path, *, keep_days: int = 180, new_mode: int = 0o644, at: At = lambda _name: None
    ) -> None:
        self.root = root
        self.journal = Journal(folder / "operations", keep_days=keep_days, at=at)
        self._folder = folder
        self._new_mode = new_mode
        self._at = at
        self._lock = threading.RLock()
        self._depth = 0
        self._cache: ItemCache | None = None
        self._entries: dict[str, Entry] | None = None
        self._ledger: Ledger | None = None
        self._left: list[Finding] = []
        self._unread: list[str] = []

    # -- reading ---------------------------------------------------------------------------------------

    @property
    def ledger(self) -> Ledger:
        """The items of the last look."""
        if self._ledger is None:
            self._ledger = Ledger(entry.parsed.item for entry in (self._entries or {}).values() if entry.parsed.item)
        return self._ledger

    def findings(self) -> list[Finding]:
        """What is wrong with files and between them, as of the last look."""
        own = [one for _, entry in sorted((self._entries or {}).items()) for one in entry.parsed.findings]
        return [*self._left, *map(_unread, self._unread), *own, *self.ledger.findings()]

    def read(self, path: str) -> bytes:
        """What a file of the plan holds now.

        Raises:
            NotFound: It is gone.
            UnsafePath: It is no file of the plan.
        """
        data = current(safe_place(self.root, path))
        if data is None:
            raise NotFound(f"{path} is gone")
        return data

    def look(self) -> Look:
        """Compare the files with the last look, and note what was done to them outside.

        Raises:
            StorageError: Journal or cache cannot be written.
        """
        with self.writing():
            known = self._entries
            unread: list[str] = []
            try:
                listed = {one.path: one for one in list_plan(self.root, unread)}
            except OSError as error:  # a folder that cannot be read now is not one that is gone
                raise StorageError(f"the plan cannot be listed: {error.strerror}: {error.filename}") from error
            self._unread = sorted(unread)
            touched: dict[str, str] = {}
            fresh: dict[str, tuple[Entry, bytes]] = {}
            for path, one in listed.items():
                entry = None if known is None else known.get(path)
                if entry is not None and entry.stamp == one.stamp:
                    continue
                self._take_in(one, entry, touched, fresh)
            gone = [path for path in known or {} if path not in listed]
            return self._noted(known, touched, fresh, gone)

    def _take_in(
        self, one: Listed, entry: Entry | None, touched: dict[str, str], fresh: dict[str, tuple[Entry, bytes]]
    ) -> None:
        try:
            with open(self.root / one.path, "rb", opener=_no_link) as file:
                data = file.read(MOST_BYTES + 1)
        except OSError as error:
            problem = Finding("unreadable", f"it cannot be read: {error.strerror or error}", one.path, 1)
            fresh[one.path] = Entry("unreadable", "", Parsed(None, (problem,))), b""
            return
        digest, stamp = file_hash(data), one.stamp
        if time.time_ns() - one.changed_ns < _RACY_NS:
            stamp = f"racy-{stamp}"
        if entry is not None and entry.hash == digest:
            touched[one.path] = stamp
        else:
            fresh[one.path] = Entry(stamp, digest, read_item(one.path, data)), data

    def _noted(
        self,
        known: dict[str, Entry] | None,
        touched: dict[str, str],
        fresh: dict[str, tuple[Entry, bytes]],
        gone: list[str],
    ) -> Look:
        cache = self._opened()
        first = known is None
        entries = {} if known is None else known
        if touched:
            cache.restamp(touched)
            for path, stamp in touched.items():
                entries[path] = replace(entries[path], stamp=stamp)
        look = Look() if first else self._outside(entries, fresh, gone)
        if fresh or gone or first:
            cache.keep(fresh, gone, anew=first)
            self._replace_entries(entries, {path: entry for path, (entry, _) in fresh.items()}, gone)
        return look

    def _outside(self, entries: dict[str, Entry], fresh: dict[str, tuple[Entry, bytes]], gone: list[str]) -> Look:
        """Note in the journal what was edited outside."""
        cache = self._opened()
        files: list[FileChange] = []
        changes: list[ItemChange] = []
        for path in [*fresh, *gone]:
            old = entries.get(path)
            new, data = fresh.get(path, (None, None))
            change = _change_of(old, new)
            if change is None:
                continue
            changes.append(change)
            if data is None or (len(data) <= MOST_BYTES and (new is None or new.hash)):
                files.append(FileChange(path, cache.content(path) if old is not None and old.hash else None, data))
        if not files:
            return Look(tuple(changes))
        operation = self.journal.begin(
            files, by="edit", command="edit", title=_edited(files), items=[_id_of(change) for change in changes]
        )
        return Look(tuple(changes), self.journal.changed(operation, "done"))

    def _replace_entries(self, entries: dict[str, Entry], fresh: dict[str, Entry], gone: Sequence[str]) -> None:
        entries = {path: entry for path, entry in entries.items() if path not in gone}
        entries.update(fresh)
        self._entries = entries
        self._ledger = None

    # -- writing ---------------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Generator[None]:
        """Hold the plan, against other threads and other processes.

        Raises:
            Conflict: Another process holds it too long.
            StorageError: The folder of the plan cannot be used.
        """
        with self._lock:
            if self._depth:
                yield
                return
            descriptor = _lock_file(self._folder)
            self._depth += 1
            try:
                if not take_lock(descriptor, LOCK_WAIT_S):
                    raise Conflict(f"another process holds the plan for more than {LOCK_WAIT_S:.0f} s")
                self._begin()
                yield
            finally:
                self._depth -= 1
                os.close(descriptor)

    def _begin(self) -> None:
        if self._cache is not None:
            return
        settled = self._settle()
        self.journal.prune(time.time())
        self._entries = self._opened().load()
        self._ledger = None
        if settled and self._entries is not None:
            self._own(settled)

    def _opened(self) -> ItemCache:
        if self._cache is None:
            file = self._folder / "items.db"
            try:
                self._cache = ItemCache(file)
            except AuraError:
                if file.exists():
                    set_aside(file)
                self._cache = ItemCache(file)
        return self._cache

    def commit(
        self, changes: Sequence[FileChange], *, command: str, title: str, items: Sequence[str] = (), undoes: str = ""
    ) -> tuple[Operation, list[ItemChange]]:
        """Carry out changes of files as one operation that can be taken back.

        Raises:
            FileMovedOn: A file holds something else than the change was made from; nothing is changed.
            UnsafePath: A path leads out of the plan.
            StorageError: Something cannot be written; what was done so far is taken back.
        """
        with self.writing():
            if self._entries is None:
                self.look()
            places = {change.path: safe_place(self.root, change.path) for change in changes}
            for change in changes:
                if current(places[change.path]) != change.before:
                    raise FileMovedOn(
                        f"{change.path} was changed by somebody else meanwhile",
                        hint="Nothing was written. Look at it, then try again.",
                    )
            operation = self.journal.begin(
                changes, by="command", command=command, title=title, items=items, undoes=undoes
            )
            done: list[FileChange] = []
            try:
                for number, change in enumerate(changes, 1):
                    self._at(f"file {number}")
                    put(places[change.path], change.before, change.after, new_mode=self._new_mode, at=self._at)
                    done.append(change)
            except AuraError as error:
                self._take_back(done)
                self.journal.changed(operation, "failed", problem=error.message)
                raise
            self._tidy(changes)
            told = self._own(changes)
            return self.journal.changed(operation, "done"), told

    def _take_back(self, done: Sequence[FileChange]) -> None:
        for change in reversed(done):
            with suppress(AuraError):
                put(self.root / change.path, change.after, change.before, new_mode=self._new_mode)

    def _own(self, changes: Sequence[FileChange]) -> list[ItemChange]:
        """Take in what was just written, without noting it again."""
        entries = dict(self._entries or {})
        listed = {one.path: one for one in list_plan(self.root)}
        fresh: dict[str, tuple[Entry, bytes]] = {}
        gone: list[str] = []
        told: list[ItemChange] = []
        for change in changes:
            if place_of(change.path) is None:
                continue
            old, new = entries.get(change.path), None
            if change.after is None:
                gone.append(change.path)
            else:
                one = listed.get(change.path)
                new = Entry(one.stamp if one else "", file_hash(change.after), read_item(change.path, change.after))
                fresh[change.path] = new, change.after
            found = _change_of(old, new)
            if found is not None:
                told.append(found)
        try:
            self._opened().keep(fresh, gone)
        except AuraError:  # it can be deleted at any time, so it may fail
            log.warning("plan_cache_not_kept", exc_info=True)
        self._replace_entries(entries, {path: entry for path, (entry, _) in fresh.items()}, gone)
        return told

    def _tidy(self, changes: Sequence[FileChange]) -> None:
        """Remove folders that removed files leave empty."""
        for change in changes:
            if change.after is None:
                folder = (self.root / change.path).parent
                while folder != self.root / FOLDER and folder.is_relative_to(self.root / FOLDER):
                    try:
                        folder.rmdir()
                    except OSError:
                        break
                    folder = folder.parent

    # -- taking back -----------------------------------------------------------------------------------

    def plan_undo(self, reference: str = "") -> tuple[Operation, list[FileChange]]:
        """The operation that would be taken back, and how.

        Args:
            reference: Its identifier; empty for the newest that can be.

        Raises:
            UnknownOperation: There is none.
            UndoRefused: It was taken back already, or a file changed since.
        """
        with self.writing():
            self.look()
            operation = self.journal.find(reference) if reference else self._newest()
            if operation.state != "done":
                text = f"operation {operation.id} is {operation.state}, so nothing is taken back"
                raise UndoRefused(text, hint="`aura plan log` shows every operation.")
            changes = [FileChange(one.path, one.after, one.before) for one in self.journal.contents(operation)]
            for change in changes:
                if current(safe_place(self.root, change.path)) != change.before:
                    raise UndoRefused(
                        f"{change.path} changed since operation {operation.id}",
                        hint="Nothing was changed. Take the newer operations back first: `aura plan log` lists them.",
                    )
            return operation, changes

    def undo(self, reference: str = "") -> tuple[Operation, Operation, list[ItemChange]]:
        """Take an operation back: it, the one that did so, what happened to items. Raises like `plan_undo`."""
        with self.writing():
            operation, changes = self.plan_undo(reference)
            done, told = self.commit(
                changes,
                command="undo",
                title=f"undo: {operation.title}"[:200],
                items=operation.items,
                undoes=operation.id,
            )
            if operation.undoes:
                first = next((one for one in self.journal.operations() if one.id == operation.undoes), None)
                if first is not None:
                    self.journal.changed(first, "done")
            return self.journal.changed(operation, "undone", undone_by=done.id), done, told

    def _newest(self) -> Operation:
        for operation in self.journal.operations():
            if operation.state == "done" and not operation.undoes:
                return operation
        raise UndoRefused("there is nothing to take back", hint="`aura plan log` shows every operation.")

    # -- after a kill ----------------------------------------------------------------------------------

    def _settle(self) -> list[FileChange]:
        """Carry out what was interrupted: its contents are in the journal. A file that was edited since is left."""
        contents: list[bytes] = []
        settled: list[FileChange] = []
        for operation in self.journal.running():
            problems: list[str] = []
            for change in self.journal.contents(operation):
                contents += [one for one in (change.before, change.after) if one is not None]
                try:
                    place = safe_place(self.root, change.path)
                    if current(place) != change.after:
                        put(place, change.before, change.after, new_mode=self._new_mode)
                    settled.append(change)
                except AuraError as error:
                    problems.append(error.message)
            state: Literal["failed", "done"] = "failed" if problems else "done"
            self.journal.changed(operation, state, problem="; ".join(problems)[:500])
            log.warning("plan_operation_settled", operation=operation.id, state=state)
        self._left = list(self._clear_leftovers(contents))
        return settled

    def _clear_leftovers(self, contents: Sequence[bytes]) -> Generator[Finding]:
        """Remove what a killed write left beside files; what is in no journal is somebody's, and stays."""
        for file in (self.root / FOLDER).rglob(f"{LEFTOVER}*"):
            data = current(file) if file.is_file() and not file.is_symlink() else None
            if data is None:
                continue
            if any(one == data or one.startswith(data) for one in contents):
                file.unlink(missing_ok=True)
            else:
                path = file.relative_to(self.root).as_posix()
                yield Finding("left-over", "a write was killed here; this is the text that it met", path, 1, "warning")

    def close(self) -> None:
        """Close the cache."""
        with self._lock:
            if self._cache is not None:
                self._cache.close()
            self._cache = self._entries = self._ledger = None


def _unread(path: str) -> Finding:
    name = path.rpartition("/")[2]
    told = f"it is not read: names here begin with an identifier that holds a digit, such as `k7m2qx-{name}`"
    return Finding("unread-file", told, path, 1, "warning")


def _change_of(old: Entry | None, new: Entry | None) -> ItemChange | None:
    before = old.parsed.item if old is not None else None
    after = new.parsed.item if new is not None else None
    if before is None and after is None:
        return None
    if after is None:
        return ItemChange("removed", before, None)
    if after.broken:
        return ItemChange("unreadable", before, after)
    return ItemChange("changed" if before is not None else "added", before, after)


def _id_of(change: ItemChange) -> str:
    item = change.new or change.old
    return item.id if item is not None else ""


def _edited(files: Sequence[FileChange]) -> str:
    what = files[0].path if len(files) == 1 else f"{len(files)} files"
    return f"edited outside: {what}"


def _no_link(path: str, flags: int) -> int:
    """Open a file that may have become a link since it was listed: then it is refused."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC)


def _lock_file(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        text = f"what Aura keeps of the plan: its folder cannot be used: {error.strerror}: {error.filename}"
        raise StorageError(text, hint="Look at its owner, its mode and the space that is left.") from error
