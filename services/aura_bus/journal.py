"""The journal: every durable event with its place, in one SQLite file that survives restarts.

One connection writes, in one thread. `synchronous=NORMAL` in WAL mode: a killed process loses nothing that was
committed; a power cut may take the last commits with it, and never damages the file.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aura_shared.errors import Corrupt, DiskFull, StorageError
from aura_shared.messages.core import new_id

PAGE_EVENTS: Final = 512
PAGE_BYTES: Final = 2 << 20
SCAN_EVENTS: Final = 8192
"""Most rows looked at for one page (2 to 8 ms), so that the broker is never away for long."""
TRIM_EVENTS: Final = 4096
"""Most rows deleted at once, for the same reason."""
DEAD_LETTERS: Final = 1000
DEAD_LETTER_BYTES: Final = 64 << 10

_SCHEMA: Final = """
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, at INTEGER NOT NULL,
    cause TEXT, corr TEXT, project TEXT, envelope BLOB NOT NULL
) STRICT;
CREATE INDEX events_by_cause ON events (cause) WHERE cause IS NOT NULL;
CREATE INDEX events_by_corr ON events (corr) WHERE corr IS NOT NULL;
CREATE TABLE last_values (
    type TEXT NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, envelope BLOB NOT NULL, PRIMARY KEY (type, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE dead_letters (
    number INTEGER PRIMARY KEY, at INTEGER NOT NULL, source TEXT NOT NULL, reason TEXT NOT NULL, message BLOB NOT NULL
) STRICT;
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
_VERSION: Final = 2
_FROM_1: Final = """
ALTER TABLE events RENAME TO events_1;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, at INTEGER NOT NULL,
    cause TEXT, corr TEXT, project TEXT, envelope BLOB NOT NULL
) STRICT;
INSERT INTO events
    SELECT seq, id, type, at, json ->> '$.cause', json ->> '$.corr', json ->> '$.project', envelope
    FROM (SELECT *, iif(json_valid(CAST(envelope AS TEXT)), CAST(envelope AS TEXT), '{}') AS json FROM events_1);
DROP TABLE events_1;
CREATE INDEX events_by_cause ON events (cause) WHERE cause IS NOT NULL;
CREATE INDEX events_by_corr ON events (corr) WHERE corr IS NOT NULL;
"""
"""Version 2 knows what an event belongs to. The columns lie before the envelope, so that looking at them does not read
it: hence a new table, once."""
LEVELLED_MS: Final = 3_600_000
"""The clock may be set back that far without an event being noted as older than the one before it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event on its way into the journal."""

    id: str
    """Of the message; one that is in the journal already is not taken again."""
    type: str
    """Name on the wire."""
    envelope: bytes
    """As it came."""
    key: str | None = None
    """For a `state` event: which earlier one it replaces."""
    cause: str | None = None
    """Id of the message that led to it."""
    corr: str | None = None
    """Id of the request that it belongs to."""
    project: str | None = None
    """Which project it is about."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an event is in the journal."""

    seq: int
    """Its place."""
    fresh: bool
    """False when it was there before."""


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Part of the journal, oldest first."""

    events: list[tuple[int, bytes]]
    """Seq and envelope."""
    upto: int
    """Everything up to here is covered."""
    lost: bool = False
    """Some of what was asked for is no longer there."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be read."""

    at_ms: int
    """When it came: milliseconds since 1970 UTC."""
    source: str
    """Which connection sent it."""
    reason: str
    """What is wrong with it."""
    message: bytes
    """Its first 64 KiB."""


class _Repeated(Exception):
    """Some of the events are in the journal already."""


class Journal:
    """An open journal.

    Args:
        path: The file; created when it is missing.
        retention_events: How many events are kept at least.
        retention_s: How long events are kept at most.
        first_seq: Where a new file starts to count.

    Raises:
        Corrupt: The file is not a journal, or damaged.
        StorageError: It cannot be opened.
    """

    def __init__(
        self, path: Path, *, retention_events: int = 200_000, retention_s: float = 30 * 86_400, first_seq: int = 1
    ) -> None:
        self._path = path
        self._retention_events = retention_events
        self._retention_s = retention_s
        with _storage_errors(path):
            # Private before anything is in it; SQLite gives the -wal and -shm files the same mode.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
        try:
            with _storage_errors(path):
                self._prepare(first_seq)
        except BaseException:
            self._db.close()
            raise

    def _prepare(self, first_seq: int) -> None:
        db = self._db
        checked: str = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if checked != "ok":
            raise Corrupt(f"{self._path} is damaged: {checked}")
        db.execute("PRAGMA page_size=8192")  # of a new file; events of 1 KB take half the time of 4,096
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("PRAGMA cache_size=-4096")
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and not db.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
            self._run(
                f"BEGIN IMMEDIATE; {_SCHEMA} INSERT INTO facts VALUES ('journal', '{new_id()}'), "  # noqa: S608 - ours
                f"('head', '{first_seq - 1}'); PRAGMA user_version={_VERSION}; COMMIT;"
            )
        elif version == 1:
            self._run(f"BEGIN IMMEDIATE; {_FROM_1} PRAGMA user_version={_VERSION}; COMMIT;")
        elif version != _VERSION:
            raise Corrupt(f"{self._path} must be a journal of version {_VERSION}, and has version {version}")
        floor = int(db.execute("SELECT value FROM facts WHERE name = 'head'").fetchone()[0])
        oldest, newest = db.execute("SELECT min(seq), max(seq) FROM events").fetchone()
        self._head = max(floor, newest or 0)
        self._oldest = self._head + 1 if oldest is None else int(oldest)
        self._last_at = self.at(self._head) or 0

    def _run(self, script: str) -> None:
        try:
            self._db.executescript(script)
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def at(self, seq: int) -> int | None:
        """When the event of this place was journalled, in milliseconds since 1970 UTC; None when it is not there.

        Raises:
            StorageError: The file cannot be read.
        """
        with _storage_errors(self._path):
            found = self._db.execute("SELECT at FROM events WHERE seq = ?", (seq,)).fetchone()
        return None if found is None else int(found[0])

    @property
    def head(self) -> int:
        """The newest seq."""
        return self._head

    @property
    def oldest(self) -> int:
        """The oldest seq that is still there; `head + 1` when there is none."""
        return self._oldest

    @property
    def size_bytes(self) -> int:
        """What the journal takes on disk."""
        names = (self._path, self._path.with_name(f"{self._path.name}-wal"))
        return sum(name.stat().st_size for name in names if name.exists())

    def append(self, entries: Sequence[Entry]) -> list[Placed]:
        """Take events in, in one transaction; all or none of them are on disk afterwards.

        An id that is in the journal already gets its old place.

        Raises:
            DiskFull: There is no room.
            Corrupt: The file is damaged.
            StorageError: They cannot be written for another reason.
        """
        known: dict[str, int] = {}
        try:
            return self._append(entries, known)
        except _Repeated:
            known = self._known([entry.id for entry in entries])
            return self._append(entries, known)

    def _append(self, entries: Sequence[Entry], known: dict[str, int]) -> list[Placed]:
        placed: list[Placed] = []
        fresh: list[tuple[int, Entry]] = []
        seq = self._head
        for entry in entries:
            if (old := known.get(entry.id)) is not None:
                placed.append(Placed(old, fresh=False))
                continue
            seq += 1
            known[entry.id] = seq
            fresh.append((seq, entry))
            placed.append(Placed(seq, fresh=True))
        if fresh:
            self._write(fresh)
            self._head = seq
        return placed

    def _known(self, ids: list[str]) -> dict[str, int]:
        with _storage_errors(self._path):
            found: dict[str, int] = {}
            for start in range(0, len(ids), 500):  # SQLite takes 999 parameters at least
                part = ids[start : start + 500]
                marks = ",".join("?" * len(part))
                found.update(self._db.execute(f"SELECT id, seq FROM events WHERE id IN ({marks})", part))  # noqa: S608
            return found

    def _write(self, fresh: list[tuple[int, Entry]]) -> None:
        at = time.time_ns() // 1_000_000
        if at < self._last_at < at + LEVELLED_MS:
            at = self._last_at
        with self._transaction() as db:
            rows = [(seq, e.id, e.type, at, e.cause, e.corr, e.project, e.envelope) for seq, e in fresh]
            try:
                db.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
            except sqlite3.IntegrityError as error:
                raise _Repeated from error
            states = [(e.type, e.key, seq, e.envelope) for seq, e in fresh if e.key is not None]
            if states:
                db.executemany("INSERT OR REPLACE INTO last_values VALUES (?, ?, ?, ?)", states)
        self._last_at = at

    def read(self, query: str, values: Sequence[object] = ()) -> Generator[Any]:
        """The rows of a query, one after the other; see `aura_bus.history`.

        Raises:
            StorageError: The file cannot be read.
        """
        with _storage_errors(self._path):
            yield from self._db.execute(query, tuple(values))

    def page(self, since: int, types: Sequence[str]) -> JournalPage:
        """Events of these types after `since`; some of them when there are many, so ask again from `upto`.

        A `since` that the journal does not reach back to, or that lies beyond its end, gives the last values that
        would be missing otherwise.

        Raises:
            StorageError: The file cannot be read.
        """
        lost = since > self._head or since < self._oldest - 1
        start = since
        events: list[tuple[int, bytes]] = []
        if lost:
            start = 0 if since > self._head else since
            events = [(seq, raw) for seq, raw in self.last_values(types) if start < seq < self._oldest]
            start = self._oldest - 1
        end = min(self._head, start + SCAN_EVENTS)
        marks = ",".join("?" * len(types))
        query = (
            f"SELECT seq, envelope FROM events WHERE seq > ? AND seq <= ? AND type IN ({marks}) ORDER BY seq LIMIT ?"  # noqa: S608 - marks only
        )
        size = 0
        with _storage_errors(self._path):
            rows = self._db.execute(query, (start, end, *types, PAGE_EVENTS))
            for count, (seq, raw) in enumerate(rows, 1):
                events.append((seq, raw))
                size += len(raw)
                if size >= PAGE_BYTES or count == PAGE_EVENTS:
                    end = seq
                    break
        return JournalPage(events, end, lost)

    def last_values(self, types: Sequence[str]) -> list[tuple[int, bytes]]:
        """The newest event per key of these types, oldest first.

        Raises:
            StorageError: The file cannot be read.
        """
        marks = ",".join("?" * len(types))
        query = f"SELECT seq, envelope FROM last_values WHERE type IN ({marks}) ORDER BY seq"  # noqa: S608 - marks only
        with _storage_errors(self._path):
            return self._db.execute(query, tuple(types)).fetchall()

    def bury(self, source: str, reason: str, message: bytes) -> None:
        """Keep a message that cannot be read among the newest 1,000 dead letters.

        Raises:
            StorageError: It cannot be written.
        """
        row = (time.time_ns() // 1_000_000, source[:200], reason[:500], message[:DEAD_LETTER_BYTES])
        with self._transaction() as db:
            cursor = db.execute("INSERT INTO dead_letters (at, source, reason, message) VALUES (?, ?, ?, ?)", row)
            db.execute("DELETE FROM dead_letters WHERE number <= ?", ((cursor.lastrowid or 0) - DEAD_LETTERS,))

    def dead_letters(self) -> list[DeadLetter]:
        """What could not be read, oldest first.

        Raises:
            StorageError: The file cannot be read.
        """
        query = "SELECT at, source, reason, message FROM dead_letters ORDER BY number"
        with _storage_errors(self._path):
            return [DeadLetter(*row) for row in self._db.execute(query)]

    def dead_letter_count(self) -> int:
        """How many dead letters are kept."""
        with _storage_errors(self._path):
            return int(self._db.execute("SELECT count(*) FROM dead_letters").fetchone()[0])

    def trim(self, *, now_s: float | None = None) -> int:
        """Drop a few thousand of the events that are too many or too old; returns how many. Last values stay.

        Raises:
            StorageError: The file cannot be written.
        """
        too_many = self._head - self._retention_events
        at = int(((time.time() if now_s is None else now_s) - self._retention_s) * 1000)
        upto = max(too_many, self._newest_before(at))
        upto = min(upto, self._head, self._oldest + TRIM_EVENTS - 1)
        if upto < self._oldest:
            return 0
        with self._transaction() as db:
            db.execute("UPDATE facts SET value = ? WHERE name = 'head'", (str(self._head),))
            gone = db.execute("DELETE FROM events WHERE seq <= ?", (upto,)).rowcount
        self._oldest = upto + 1
        return gone

    def _newest_before(self, at_ms: int) -> int:
        """The last of the leading events that are older, looking at one trim's worth of them."""
        query = "SELECT max(seq) FROM (SELECT seq, at FROM events ORDER BY seq LIMIT ?) WHERE at < ?"
        with _storage_errors(self._path):
            found: int | None = self._db.execute(query, (TRIM_EVENTS, at_ms)).fetchone()[0]
        return found or 0

    def close(self) -> None:
        """Write everything into the one file and give it back."""
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()

    @contextlib.contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with _storage_errors(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    with contextlib.suppress(sqlite3.Error):
                        self._db.execute("ROLLBACK")
                raise


@contextlib.contextmanager
def _storage_errors(path: Path) -> Generator[None]:
    """SQLite's errors as ours. A full disk comes as FULL, a file over a quota or limit as IOERR."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror or error}") from error
    except sqlite3.Error as error:
        name: str = getattr(error, "sqlite_errorname", "")
        if name == "SQLITE_FULL":
            raise DiskFull(f"no room for {path}: {error}") from error
        if name in {"SQLITE_CORRUPT", "SQLITE_NOTADB"} or name.startswith("SQLITE_CORRUPT_"):
            raise Corrupt(f"{path} is damaged: {error}") from error
        raise StorageError(f"{path}: {error} ({name})") from error


def open_journal(path: Path, *, retention_events: int, retention_s: float = 30 * 86_400) -> tuple[Journal, Path | None]:
    """The journal at `path`; one that cannot be trusted is set aside, and a new one takes its place.

    The new one counts from the time of day in milliseconds, far beyond any place of the old one, so that what
    consumers remember of it stays in the past.

    Returns:
        The journal, and where the damaged one is now, if there was one.

    Raises:
        StorageError: It can neither be opened nor set aside.
    """
    try:
        return Journal(path, retention_events=retention_events, retention_s=retention_s), None
    except Corrupt:
        aside = path.with_name(f"{path.name}.corrupt-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}")
        try:
            path.replace(aside)
            for end in ("-wal", "-shm"):
                path.with_name(path.name + end).unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"cannot set {path} aside: {error.strerror or error}") from error
        first_seq = time.time_ns() // 1_000_000
        return Journal(path, retention_events=retention_events, retention_s=retention_s, first_seq=first_seq), aside
