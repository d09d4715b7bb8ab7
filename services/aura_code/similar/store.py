"""The fingerprints of a project, on disk: one process writes them, others read them.

The file can be thrown away at any time; the next analysis fills it again.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, cast

from aura_code.similar.clones import Fingerprints
from aura_shared.storage import open_database, reading, transaction

_TABLES: Final = """
CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    digest BLOB NOT NULL,
    language TEXT NOT NULL,
    aside INTEGER NOT NULL
) STRICT;
CREATE TABLE units (
    id INTEGER PRIMARY KEY,
    file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    symbol TEXT NOT NULL,
    start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    shape BLOB NOT NULL,
    marks BLOB NOT NULL
) STRICT;
CREATE INDEX units_by_file ON units (file);
CREATE TABLE bodies (
    unit INTEGER PRIMARY KEY REFERENCES units (id) ON DELETE CASCADE,
    body BLOB NOT NULL
) STRICT;
"""
_VERSION: Final = 1
_AT_ONCE: Final = 500


class StoredUnit(NamedTuple):
    """A function as it is kept, without its tokens."""

    id: int
    path: str
    language: str
    symbol: str
    start_line: int
    end_line: int
    tokens: int
    shape: bytes
    marks: bytes


class SimilarReader:
    """Reads the fingerprints of a project. Not for several threads at once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    @classmethod
    @contextlib.contextmanager
    def opened(cls, path: Path) -> Generator[SimilarReader]:
        """The fingerprints in a file, while the block runs.

        Raises:
            NotReady: Nothing was analysed yet, or another version of Aura wrote the file.
            StorageError: It cannot be read.
        """
        with reading(path, _VERSION) as connection:
            yield cls(connection)

    def units(self, *, aside: bool = False) -> list[StoredUnit]:
        """Every function, by file and line.

        Args:
            aside: Whether those of tests, documentation and examples count as well.
        """
        rows = self._db.execute(
            "SELECT units.id, path, language, symbol, start_line, end_line, tokens, shape, marks FROM units "
            "JOIN files ON files.id = units.file WHERE aside <= ? ORDER BY path, start_line, end_line DESC",
            (int(aside),),
        )
        return [StoredUnit._make(cast("Iterable[object]", row)) for row in rows]

    def bodies(self, units: Sequence[int]) -> dict[int, bytes]:
        """The tokens of some functions, as `aura_code.similar.clones.pack` made them."""
        found: dict[int, bytes] = {}
        for at in range(0, len(units), _AT_ONCE):
            some = units[at : at + _AT_ONCE]
            marks = ",".join("?" * len(some))
            found.update(self._db.execute(f"SELECT unit, body FROM bodies WHERE unit IN ({marks})", some).fetchall())  # noqa: S608 - only question marks
        return found

    def digests(self) -> dict[str, bytes]:
        """What is known of each file, by path."""
        return dict(self._db.execute("SELECT path, digest FROM files").fetchall())


class SimilarStore(SimilarReader):
    """Reads and writes the fingerprints of a project; only one process has it open."""

    @classmethod
    def open(cls, path: Path) -> SimilarStore:
        """The fingerprints in a file, which is made if need be.

        Raises:
            StorageError: It cannot be opened.
        """
        return cls(open_database(path, [_TABLES]))

    def put(self, path: str, digest: bytes, fingerprints: Fingerprints | None) -> None:
        """Keep the fingerprints of one file."""
        self.put_many([(path, digest, fingerprints)])

    def put_many(self, files: Iterable[tuple[str, bytes, Fingerprints | None]]) -> None:
        """Keep the fingerprints of some files, together or not at all.

        Args:
            files: Path, digest of the content, and fingerprints; None for a file that has none.

        Raises:
            StorageError: They cannot be written.
        """
        with transaction(self._db) as db:
            for path, digest, fingerprints in files:
                db.execute("DELETE FROM files WHERE path = ?", (path,))
                if fingerprints is not None:
                    _insert(db, path, digest, fingerprints)

    def forget(self, paths: Iterable[str]) -> None:
        """Let go of files.

        Raises:
            StorageError: They cannot be removed.
        """
        with transaction(self._db) as db:
            db.executemany("DELETE FROM files WHERE path = ?", [(path,) for path in paths])

    def close(self) -> None:
        """Release the file."""
        self._db.close()


def _insert(db: sqlite3.Connection, path: str, digest: bytes, fingerprints: Fingerprints) -> None:
    file = db.execute(
        "INSERT INTO files (path, digest, language, aside) VALUES (?, ?, ?, ?)",
        (path, digest, fingerprints.language, int(fingerprints.aside)),
    ).lastrowid
    for unit in fingerprints.units:
        number = db.execute(
            "INSERT INTO units (file, symbol, start_line, end_line, tokens, shape, marks) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (file, *unit[:-1]),
        ).lastrowid
        db.execute("INSERT INTO bodies (unit, body) VALUES (?, ?)", (number, unit.body))
