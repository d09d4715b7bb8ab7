"""The database of changes, and in it the bytes of files by their digest: each kept once, compressed."""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

from aura_factory.changes.places import MOST_FILE_BYTES, digest_of
from aura_shared.errors import Corrupt, TooLarge
from aura_shared.storage import migrations_of, open_database, storage_error, transaction

_COMPRESSION: Final = 1  # Level 6 makes source code a tenth smaller, and takes three times as long.


class BlobStore:
    """The database, and the bytes of files in it; it may be used from several threads."""

    def __init__(self, file: Path) -> None:
        """Open or make it.

        Raises:
            StorageError: It cannot be opened, or a newer Aura wrote it.
        """
        migrations = migrations_of("aura_factory.changes")
        self.connection = open_database(file, migrations, synchronous="FULL", check_same_thread=False)
        self.lock = threading.RLock()

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self.connection.close()

    @contextmanager
    def writing(self) -> Generator[None]:
        """Everything in the block is kept together, or not at all. Blocks may lie inside each other.

        Raises:
            StorageError: It cannot be written; `DiskFull` where that is the reason.
        """
        with self.lock:
            if self.connection.in_transaction:
                yield
                return
            with transaction(self.connection):
                yield

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """What a query finds."""
        with self.lock:
            try:
                return self.connection.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise storage_error(error, "the store of changes") from error

    def run(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement once for each row."""
        with self.writing():
            self.connection.executemany(sql, rows)

    def keep(self, data: bytes | None) -> str:
        """Keep the bytes of a file; returns their digest, empty for None.

        Raises:
            TooLarge: They are over 20 MB.
        """
        if data is None:
            return ""
        if len(data) > MOST_FILE_BYTES:
            raise TooLarge(f"a file of a change must not be over {MOST_FILE_BYTES // 1_000_000} MB")
        digest = digest_of(data)
        if not self.rows("SELECT 1 FROM blobs WHERE sha = ?", digest):
            packed = zlib.compress(data, _COMPRESSION)
            self.run("INSERT INTO blobs VALUES (?, ?, ?)", [(digest, len(packed), packed)])
        return digest

    def bytes_of(self, digest: str) -> bytes | None:
        """Kept bytes; None when there are none with this digest.

        Raises:
            Corrupt: They are not what was kept.
        """
        rows = self.rows("SELECT data FROM blobs WHERE sha = ?", digest)
        if not rows:
            return None
        try:
            data = zlib.decompress(cast("bytes", rows[0][0]))
        except zlib.error as error:
            raise Corrupt(f"the bytes kept as {digest[:12]} cannot be read: {error}") from error
        if digest_of(data) != digest:
            raise Corrupt(f"the bytes kept as {digest[:12]} have changed")
        return data

    def needed(self, digest: object) -> bytes | None:
        """Kept bytes by their digest; None for an empty one.

        Raises:
            Corrupt: They are gone, or not what was kept.
        """
        if not digest:
            return None
        data = self.bytes_of(str(digest))
        if data is None:
            raise Corrupt(f"the bytes kept as {str(digest)[:12]} are gone")
        return data

    def stored_bytes(self) -> int:
        """Room that kept bytes take, in bytes."""
        return cast("int", self.rows("SELECT coalesce(sum(size), 0) FROM blobs")[0][0])
