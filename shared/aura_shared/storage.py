"""Aura's own files: SQLite databases with numbered migrations, and whole files that are replaced atomically.

One process writes a database. Transactions start with `BEGIN IMMEDIATE`: with plain `BEGIN`, 223 of 800 concurrent
read-then-write transactions failed with "database is locked", with this none did.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import Final, Literal

from aura_shared.errors import AuraError, Corrupt, DiskFull, NotReady, StorageError

__all__ = ["atomic_write", "migrations_of", "open_database", "reading", "set_aside", "storage_error", "transaction"]

OLDEST_SQLITE: Final = (3, 37, 0)  # STRICT tables.
BUSY_TIMEOUT_S: Final = 5.0
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def open_database(
    path: Path,
    migrations: list[str],
    *,
    synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
    check_same_thread: bool = True,
) -> sqlite3.Connection:
    """An SQLite database in WAL mode, migrated to the newest version.

    A file that SQLite cannot trust is set aside as `NAME.corrupt-TIME` and an empty one is made.

    Args:
        path: The file; created with mode 0600.
        migrations: SQL scripts; the first one leads from version 0 to 1. See `migrations_of`.
        synchronous: `FULL` keeps every commit over a power failure (4.6 ms each); `NORMAL` may lose the last ones
            (0.01 ms each). Neither corrupts the file.
        check_same_thread: Whether only the opening thread may use it.

    Raises:
        StorageError: It was written by a newer version of Aura, or cannot be opened.
        DiskFull: There is no room.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StorageError(f"SQLite must be 3.37 or newer, and is {sqlite3.sqlite_version}")
    try:
        return _open(path, migrations, synchronous, check_same_thread)
    except Corrupt:
        set_aside(path)
        return _open(path, migrations, synchronous, check_same_thread)


@contextmanager
def reading(path: Path, version: int) -> Generator[sqlite3.Connection]:
    """A database that another process writes, opened for reading while the block runs.

    Args:
        path: The file.
        version: The `user_version` that the reader understands.

    Raises:
        NotReady: There is no such file yet, or another version of Aura wrote it.
        StorageError: It cannot be read.
    """
    if not path.exists():
        raise NotReady("The project is not analysed yet.")
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S)
    except sqlite3.Error as error:
        raise storage_error(error, str(path)) from error
    try:
        if connection.execute("PRAGMA user_version").fetchone() != (version,):
            raise NotReady("The analysis of the project is being made anew.")
        yield connection
    except sqlite3.Error as error:
        raise storage_error(error, str(path)) from error
    finally:
        connection.close()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[sqlite3.Connection]:
    """Everything in the block is committed together, or not at all.

    Raises:
        StorageError: SQLite refused; `DiskFull` and `Corrupt` where that is the reason.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            with suppress(sqlite3.Error):
                connection.rollback()
            raise
        connection.commit()
    except sqlite3.Error as error:
        with suppress(sqlite3.Error):
            connection.rollback()
        raise storage_error(error, "the database") from error


def migrations_of(package: str) -> list[str]:
    """The scripts `migrations/001.sql`, `002.sql` ... of a package, in order.

    Raises:
        StorageError: A number is missing.
    """
    folder = resources.files(package) / "migrations"
    found = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    wanted = [f"{number:03}.sql" for number in range(1, len(found) + 1)]
    if found != wanted:
        raise StorageError(f"the migrations of {package} must be {wanted}, and are {found}")
    return [(folder / name).read_text(encoding="utf-8") for name in wanted]


def atomic_write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace a file as a whole: a reader sees the old content or the new one, also after a power failure.

    Raises:
        DiskFull: There is no room; the old file is untouched.
        StorageError: It cannot be written.
    """
    try:
        fd, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(fd, "wb") as file:
                os.fchmod(file.fileno(), mode)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise storage_error(error, str(path)) from error


def set_aside(path: Path) -> Path:
    """Rename a file that cannot be trusted to `NAME.corrupt-TIME`; returns the new path.

    Raises:
        StorageError: It cannot be renamed.
    """
    aside = path.with_name(f"{path.name}.corrupt-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1_000_000:06}")
    try:
        path.replace(aside)
        for companion in ("-wal", "-shm"):
            path.with_name(path.name + companion).unlink(missing_ok=True)
    except OSError as error:
        raise storage_error(error, str(path)) from error
    return aside


def storage_error(error: Exception, what: str) -> AuraError:
    """An `OSError` or `sqlite3.Error` as one of ours."""
    if isinstance(error, OSError):
        kind = DiskFull if error.errno in _FULL else StorageError
        return kind(f"cannot write {what}: {error.strerror or error}")
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    if primary == sqlite3.SQLITE_FULL:
        return DiskFull(f"cannot write {what}: {error}")
    if primary in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return Corrupt(f"{what} cannot be trusted: {error}")
    return StorageError(f"cannot use {what}: {error}")


def _open(path: Path, migrations: list[str], synchronous: str, check_same_thread: bool) -> sqlite3.Connection:
    connection: sqlite3.Connection | None = None
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=check_same_thread
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA foreign_keys=ON")
        result = connection.execute("PRAGMA quick_check(1)").fetchone()
        if result != ("ok",):
            raise Corrupt(f"{path} cannot be trusted: {result[0]}")
        _migrate(connection, path, migrations)
    except (sqlite3.Error, OSError, AuraError) as error:
        if connection is not None:
            connection.close()
        if isinstance(error, AuraError):
            raise
        raise storage_error(error, str(path)) from error
    return connection


def _migrate(connection: sqlite3.Connection, path: Path, migrations: list[str]) -> None:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(migrations):
        raise StorageError(
            f"{path} has version {version}, and this Aura knows versions up to {len(migrations)}",
            hint="Update Aura: a newer version has written this file.",
        )
    for number in range(version, len(migrations)):
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{migrations[number]}\n;PRAGMA user_version = {number + 1};\nCOMMIT;"
            )
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                connection.rollback()
            raise


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # Some file systems cannot sync a folder.
            os.fsync(fd)
    finally:
        os.close(fd)
