"""The audit trail: one line per call, each bound to the one before by a hash, written by a thread of its own.

A line says who called what when, for which project, and how it ended. It never holds a query, a path inside a project,
a token or any text of a repository: those would make the trail itself worth stealing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from aura_gateway.calls import Call
from aura_shared.errors import Corrupt, StorageError
from aura_shared.logging import get_logger
from aura_shared.storage import open_database, set_aside, transaction

__all__ = ["AuditTrail", "check_chain"]

BATCH_S: Final = 0.25  # One disk sync per batch: at most this much of the trail is lost by a power cut.
_FIRST_HASH: Final = "0" * 64
_MAX_WAITING: Final = 100_000  # Lines kept in memory while the disk is full.
_KEEP_LINES: Final = 1_000_000
_MIGRATIONS: Final = ["CREATE TABLE calls (seq INTEGER PRIMARY KEY, line TEXT NOT NULL, hash TEXT NOT NULL) STRICT"]
log = get_logger("audit")


@dataclass(frozen=True, slots=True)
class _Stop:
    """Asks the writer to finish."""


class AuditTrail:
    """Takes lines at once and writes them soon; close it to have them all on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: queue.SimpleQueue[Call | _Stop] = queue.SimpleQueue()
        self._dropped = 0
        self.failures = 0
        """How often lines could not be written; they wait then."""
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def note(self, call: Call) -> None:
        """Add the line of a finished call."""
        if self._waiting.qsize() < _MAX_WAITING:
            self._waiting.put(call)
        else:
            self._dropped += 1

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what waits, within `timeout_s`."""
        self._waiting.put(_Stop())
        self._thread.join(timeout_s)

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        batch: list[Call] = []
        stopping = False
        while not stopping:
            stopping = self._gather(batch)
            try:
                if connection is None:
                    connection = open_database(self._path, _MIGRATIONS, synchronous="FULL", check_same_thread=False)
                _append(connection, batch)
                batch.clear()
            except StorageError as error:
                self.failures += 1
                log.exception("audit_not_written", waiting=len(batch), dropped=self._dropped)
                self._after_failure(connection, error)
                connection = None
        if connection is not None:
            connection.close()

    def _gather(self, batch: list[Call]) -> bool:
        """Wait for a line, then for what follows it closely; returns whether to finish."""
        item = self._waiting.get()
        if not isinstance(item, _Stop):
            batch.append(item)
            time.sleep(BATCH_S if self._waiting.qsize() < 1000 else 0)
        else:
            return True
        while not self._waiting.empty():
            item = self._waiting.get()
            if isinstance(item, _Stop):
                return True
            batch.append(item)
        del batch[:-_MAX_WAITING]
        return False

    def _after_failure(self, connection: sqlite3.Connection | None, error: StorageError) -> None:
        """Let go of a file that failed; the next batch opens it again. A damaged one is set aside first."""
        if connection is not None:
            connection.close()
            if isinstance(error, Corrupt):
                with contextlib.suppress(StorageError):
                    set_aside(self._path)


def check_chain(path: Path) -> int:
    """How many lines the trail has, when each one is bound to the one before.

    Raises:
        ValueError: A line was changed, removed or put in between; the message says where.
    """
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT seq, line, hash FROM calls ORDER BY seq").fetchall()
    expected_seq: int | None = None
    before = ""
    for seq, line, found in rows:
        if expected_seq is None:
            before = str(json.loads(line)["before"])  # The oldest kept line; what it follows may be retired.
        elif seq != expected_seq:
            raise ValueError(f"line {expected_seq} of the audit trail is missing")
        if json.loads(line)["before"] != before or _hash(line) != found:
            raise ValueError(f"line {seq} of the audit trail was changed")
        before, expected_seq = found, seq + 1
    return len(rows)


def _append(connection: sqlite3.Connection, batch: Sequence[Call]) -> None:
    with transaction(connection):
        last = connection.execute("SELECT seq, hash FROM calls ORDER BY seq DESC LIMIT 1").fetchone()
        seq, before = (int(last[0]), str(last[1])) if last else (0, _FIRST_HASH)
        rows: list[tuple[int, str, str]] = []
        for call in batch:
            seq += 1
            line = _line(call, before)
            before = _hash(line)
            rows.append((seq, line, before))
        connection.executemany("INSERT INTO calls (seq, line, hash) VALUES (?, ?, ?)", rows)
        connection.execute("DELETE FROM calls WHERE seq <= ?", (seq - _KEEP_LINES,))


def _line(call: Call, before: str) -> str:
    return json.dumps(
        {
            "before": before,
            "at": datetime.fromtimestamp(call.started_ns / 1e9, UTC).isoformat(timespec="milliseconds"),
            "request": call.request_id,
            "command": call.command,
            "client": call.client,
            "project": call.project,
            "outcome": call.outcome,
            "status": call.status,
            "ms": call.took_ms,
            "in": call.bytes_in,
            "out": call.bytes_out,
            "pid": os.getpid(),
        },
        separators=(",", ":"),
    )


def _hash(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()
