"""The journal of a repository: one file per operation, replaced as a whole, on disk before anything is done."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, cast

from aura_git.repository import Repository
from aura_git.safety.contract import OperationRecord, Snapshot
from aura_git.safety.locking import aura_folder
from aura_shared.discovery import process_started_at
from aura_shared.errors import UnknownOperation
from aura_shared.logging import get_logger
from aura_shared.messages.core import now_iso
from aura_shared.storage import atomic_write

__all__ = ["ABORT", "ALWAYS_KEPT", "Entry", "Journal"]

log = get_logger(__name__)

ABORT: Final = "abort"
"""Command of the operation that takes an unfinished one back."""
ALWAYS_KEPT: Final = 10
_DIGITS: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: none looks like another
_LENGTH: Final = 11
_SHOWN: Final = frozenset(part.name for part in fields(OperationRecord))


@dataclass(frozen=True, slots=True)
class Entry:
    """What a file of the journal holds."""

    record: OperationRecord
    pid: int
    """Process that carries it out."""
    pid_started_at: str
    """When that process started, in the system's own terms."""
    work_tree: str = ""
    """git folder of the work tree that it is about."""
    found: Snapshot | None = None
    """What the repository was like when it stopped for a person, or was found interrupted."""
    extra: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def alive(self) -> bool:
        """Whether its process still runs."""
        return process_started_at(self.pid) == self.pid_started_at


class Journal:
    """The operations of a repository.

    Args:
        repository: Which; its linked work trees share one journal.
    """

    _slim: ClassVar[dict[str, tuple[int, Entry]]] = {}
    """Entries without their snapshots, by file and the time of its writing: a journal is read at every operation."""

    def __init__(self, repository: Repository) -> None:
        self._work_tree = str(repository.git_dir)
        self._folder = aura_folder(repository) / "operations"
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def new_entry(self, command: str, title: str, *, undoes: str = "") -> Entry:
        """An entry for a new operation of this process, not written yet."""
        record = OperationRecord(self._new_id(), command, title, "running", now_iso(), undoes=undoes)
        pid = os.getpid()
        return Entry(record, pid, process_started_at(pid) or "", self._work_tree)

    def taken_over(self, entry: Entry) -> Entry:
        """The same operation, carried on by this process; what it was like when it stopped counts no more."""
        pid = os.getpid()
        record = replace(entry.record, state="running", waiting_for="", ended_at="", problem="")
        return replace(entry, record=record, pid=pid, pid_started_at=process_started_at(pid) or "", found=None)

    def _new_id(self) -> str:
        """Microseconds since 1970, so that identifiers sort; later than all others."""
        number = time.time_ns() // 1000
        newest = max(self.ids(), default="")
        while (new := _encoded(number)) <= newest:
            number = max(number, _decoded(newest)) + 1
        return new

    def ids(self) -> list[str]:
        """Identifiers, oldest first."""
        names = (path.name for path in self._folder.glob("[!.]*.json"))
        return sorted(name.removesuffix(".json") for name in names)

    def write(self, entry: Entry) -> None:
        """Put an entry on disk.

        Raises:
            StorageError: It cannot be written.
        """
        atomic_write(self._file(entry.record.id), json.dumps(asdict(entry), indent=1).encode())

    def clean_up(self) -> None:
        """Remove what a process left that died while it wrote an entry; only while the writer's lock is held."""
        for left in self._folder.glob(".*.json.*"):
            left.unlink(missing_ok=True)

    def forget(self, identifier: str) -> None:
        """Remove an entry."""
        self._file(identifier).unlink(missing_ok=True)
        self._slim.pop(str(self._file(identifier)), None)

    def _file(self, identifier: str) -> Path:
        return self._folder / f"{identifier}.json"

    def read(self, identifier: str) -> Entry | None:
        """An entry as it was written; None when it is not there or damaged."""
        try:
            data = json.loads(self._file(identifier).read_bytes())
            return _entry(cast("dict[str, Any]", data))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError):
            log.warning("journal_entry_damaged", operation=identifier, exc_info=True)
            return None

    def entries(self, limit: int | None = None) -> list[Entry]:
        """Entries with their states as they are now, newest first, without their snapshots."""
        undone: dict[str, Literal["undone", "aborted"]] = {}
        found: list[Entry] = []
        for entry in self._newest_first():
            current = replace(entry, record=replace(entry.record, state=_state(entry, undone)))
            record = current.record
            if record.undoes and record.state == "done":
                undone[record.undoes] = "aborted" if record.command == ABORT else "undone"
            found.append(current)
            if limit is not None and len(found) >= limit:
                break
        return found

    def _newest_first(self) -> Iterator[Entry]:
        for identifier in reversed(self.ids()):
            entry = self._slim_entry(identifier)
            if entry is not None:
                yield entry

    def _slim_entry(self, identifier: str) -> Entry | None:
        file = self._file(identifier)
        try:
            written = file.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        known = self._slim.get(str(file))
        if known is not None and known[0] == written:
            return known[1]
        entry = self.read(identifier)
        if entry is None:
            return None
        slim = replace(entry, record=replace(entry.record, before=None, after=None), found=None)
        self._slim[str(file)] = written, slim
        return slim

    def full(self, entry: Entry) -> Entry:
        """The same with its snapshots.

        Raises:
            UnknownOperation: It went away meanwhile.
        """
        read = self.read(entry.record.id)
        if read is None:
            raise UnknownOperation(f"the journal has no operation {entry.record.id!r}")
        return replace(read, record=replace(read.record, state=entry.record.state))

    def open_entries(self) -> list[Entry]:
        """Operations of this work tree that wait or were interrupted, newest first, without their snapshots."""
        return [
            entry
            for entry in self.entries()
            if entry.record.state in {"waiting", "interrupted"} and entry.work_tree == self._work_tree
        ]

    def find(self, name: str) -> Entry:
        """An operation with its snapshots, by its identifier, or enough of its first or last characters.

        Raises:
            UnknownOperation: There is none, or several.
        """
        found = [
            entry for entry in self.entries() if entry.record.id.startswith(name) or entry.record.id.endswith(name)
        ]
        exact = [entry for entry in found if entry.record.id == name]
        if not name or not found:
            raise UnknownOperation(f"the journal has no operation {name!r}")
        if len(found) > 1 and not exact:
            raise UnknownOperation(f"{len(found)} operations begin or end with {name!r}; give more of it")
        return self.full((exact or found)[0])

    def expired(self, keep: int, days: int) -> list[str]:
        """Identifiers that can go: too many, or too old; the newest ten and those that are open stay."""
        oldest = _encoded(time.time_ns() // 1000 - days * 86_400_000_000)
        entries = self.entries()
        return [
            entry.record.id
            for place, entry in enumerate(entries)
            if place >= ALWAYS_KEPT
            and (place >= keep or entry.record.id < oldest)
            and entry.record.state not in {"running", "waiting", "interrupted"}
        ]


def _state(entry: Entry, undone: Mapping[str, Literal["undone", "aborted"]]) -> Any:  # noqa: ANN401 - a literal
    """The state of an operation, seen from now: its process may have died, a later one may have taken it back."""
    record = entry.record
    if record.id in undone:
        return undone[record.id]
    if record.state == "running" and not entry.alive:
        return "interrupted"
    return record.state


def _entry(data: dict[str, Any]) -> Entry:
    record = data["record"]
    known = {key: value for key, value in record.items() if key in _SHOWN}
    known["steps"] = tuple(known.get("steps", ()))
    for which in ("before", "after"):
        known[which] = _snapshot(known.get(which))
    return Entry(
        OperationRecord(**known),
        int(data["pid"]),
        str(data["pid_started_at"]),
        str(data.get("work_tree", "")),
        _snapshot(data.get("found")),
        dict(data.get("extra") or {}),
    )


def _snapshot(data: dict[str, Any] | None) -> Snapshot | None:
    return None if data is None else Snapshot(**data)


def _encoded(number: int) -> str:
    digits = ""
    for _ in range(_LENGTH):
        number, digit = divmod(number, 32)
        digits = _DIGITS[digit] + digits
    return digits


def _decoded(text: str) -> int:
    number = 0
    for digit in text:
        number = number * 32 + _DIGITS.index(digit)
    return number


def time_of(identifier: str) -> datetime:
    """When an operation began."""
    return datetime.fromtimestamp(_decoded(identifier) / 1_000_000, UTC)
