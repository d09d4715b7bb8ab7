"""Databases and files of our own."""

from __future__ import annotations

import errno
import resource
import sqlite3
import sys
import threading
from pathlib import Path

import pytest

from aura_shared.errors import Corrupt, DiskFull, StorageError
from aura_shared.storage import atomic_write, migrations_of, open_database, storage_error, transaction

pytestmark = pytest.mark.requirement("P8")

FIRST = "CREATE TABLE tea (name TEXT NOT NULL) STRICT;"
SECOND = "ALTER TABLE tea ADD COLUMN grams INTEGER NOT NULL DEFAULT 0; INSERT INTO tea VALUES ('assam', 5);"


def rows(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    return connection.execute("SELECT * FROM tea").fetchall()


def put_two(connection: sqlite3.Connection, first: str, second: str | None, surplus: int = 0) -> None:
    with transaction(connection):
        connection.execute("INSERT INTO tea VALUES (?)", (first,))
        connection.execute("INSERT INTO tea VALUES (?)", (second,))
        if surplus:
            raise TypeError


def test_a_database_is_migrated_step_by_step(tmp_path: Path) -> None:
    path = tmp_path / "tea.db"
    open_database(path, [FIRST]).close()
    connection = open_database(path, [FIRST, SECOND])
    assert rows(connection) == [("assam", 5)]
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert path.stat().st_mode & 0o777 == 0o600
    connection.close()


def test_a_failed_migration_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "tea.db"
    with pytest.raises(StorageError):
        open_database(path, [FIRST, "INSERT INTO tea VALUES ('assam'); INSERT INTO nowhere VALUES (1);"])
    connection = open_database(path, [FIRST])
    assert rows(connection) == []
    connection.close()


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tea.db"
    open_database(path, [FIRST, SECOND]).close()
    with pytest.raises(StorageError, match="has version 2, and this Aura knows versions up to 1") as caught:
        open_database(path, [FIRST])
    assert "Update Aura" in caught.value.hint


@pytest.mark.parametrize("damage", ["header", "middle"])
def test_a_damaged_database_is_set_aside(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "tea.db"
    connection = open_database(path, [FIRST])
    with transaction(connection):
        connection.executemany("INSERT INTO tea VALUES (?)", [("x" * 500,)] * 200)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(path.read_bytes())
    place = 0 if damage == "header" else 4096
    data[place : place + 2048] = b"\xff" * 2048
    path.write_bytes(data)
    connection = open_database(path, [FIRST])
    assert rows(connection) == []
    connection.close()
    assert [found.read_bytes() == bytes(data) for found in tmp_path.glob("tea.db.corrupt-*")] == [True]


def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    connection = open_database(tmp_path / "tea.db", [FIRST], synchronous="FULL")
    with transaction(connection):
        connection.execute("INSERT INTO tea VALUES ('assam')")
    with pytest.raises(TypeError):
        put_two(connection, "ceylon", "darjeeling", 3)
    with pytest.raises(StorageError, match="cannot use the database"):
        put_two(connection, "ceylon", None)
    assert rows(connection) == [("assam",)]
    connection.close()


def test_writers_that_read_first_wait_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "tea.db"
    open_database(path, ["CREATE TABLE n (n INTEGER) STRICT; INSERT INTO n VALUES (0);"]).close()
    problems: list[Exception] = []

    def count_up() -> None:
        connection = open_database(path, [""])
        try:
            for _ in range(40):
                with transaction(connection):
                    (number,) = connection.execute("SELECT n FROM n").fetchone()
                    connection.execute("UPDATE n SET n = ?", (number + 1,))
        except StorageError as error:
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    connection = open_database(path, [""])
    assert connection.execute("SELECT n FROM n").fetchone() == (160,)
    connection.close()


def test_a_folder_cannot_be_a_database(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="Is a directory"):
        open_database(tmp_path, [FIRST])


def test_an_old_sqlite_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    with pytest.raises(StorageError, match=r"must be 3\.37 or newer"):
        open_database(tmp_path / "tea.db", [FIRST])


def test_migrations_come_from_the_package_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "teapot" / "migrations"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "002.sql").write_text(SECOND, encoding="utf-8")
    (folder / "001.sql").write_text(FIRST, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert migrations_of("teapot") == [FIRST, SECOND]
    (folder / "004.sql").touch()
    with pytest.raises(StorageError, match=r"must be \['001\.sql', '002\.sql', '003\.sql'\]"):
        migrations_of("teapot")
    sys.modules.pop("teapot", None)


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    atomic_write(path, b"old", mode=0o644)
    atomic_write(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    atomic_write(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)  # The kernel's own "file too large".
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(DiskFull, match="File too large"):
            atomic_write(path, b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_database_is_told_as_such(tmp_path: Path) -> None:
    connection = open_database(tmp_path / "tea.db", [FIRST])
    connection.execute("PRAGMA max_page_count=3")
    with pytest.raises(DiskFull), transaction(connection):
        connection.executemany("INSERT INTO tea VALUES (?)", [("x" * 500,)] * 200)
    connection.close()


def test_a_missing_folder_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file or directory"):
        atomic_write(tmp_path / "gone" / "state.json", b"")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, "no space"), DiskFull),
        (OSError(errno.EDQUOT, "quota"), DiskFull),
        (OSError(errno.EACCES, "no"), StorageError),
        (sqlite3.DatabaseError("no code"), StorageError),
    ],
)
def test_errors_of_the_system_get_our_names(error: Exception, kind: type[StorageError]) -> None:
    assert type(storage_error(error, "it")) is kind


def test_a_file_that_is_no_database_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "tea.db"
    path.write_bytes(b"tea" * 1000)
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        connection.execute("SELECT * FROM sqlite_schema")
    connection.close()
    assert type(storage_error(caught.value, "it")) is Corrupt
