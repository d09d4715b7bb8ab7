"""The structure of a project on disk: definitions, uses, imports, and what each use means.

One process writes it, others read it. The file can be thrown away at any time; the next analysis fills it again.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import Final, cast

from aura_code.places import read_place
from aura_code.structure.facts import Binding, Definition, FileStructure
from aura_shared.errors import StorageError
from aura_shared.storage import open_database, reading, storage_error, transaction

USE_KINDS: Final = ("call", "type", "inherit", "import", "name", "write")
"""Kinds of uses by number."""
EXACT: Final = 3
LIKELY: Final = 2
BY_NAME: Final = 1
OUTSIDE: Final = 0
UNLINKED: Final = -1

_USE_NUMBERS: Final = {kind: number for number, kind in enumerate(USE_KINDS)}
_TABLES: Final = """
CREATE TABLE files (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, language TEXT NOT NULL, digest BLOB NOT NULL,
    package TEXT NOT NULL, is_test INTEGER NOT NULL, linked INTEGER NOT NULL
) STRICT;
CREATE TABLE symbols (
    id INTEGER PRIMARY KEY, file INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
    qualified TEXT NOT NULL, kind TEXT NOT NULL, parent INTEGER, receiver TEXT NOT NULL, line INTEGER NOT NULL,
    column INTEGER NOT NULL, start_line INTEGER NOT NULL, end_line INTEGER NOT NULL, public INTEGER NOT NULL,
    entry TEXT NOT NULL, parameters INTEGER NOT NULL, complexity INTEGER NOT NULL, nesting INTEGER NOT NULL,
    documented INTEGER NOT NULL, typed INTEGER NOT NULL, type INTEGER
) STRICT;
CREATE INDEX symbols_by_file ON symbols (file);
CREATE INDEX symbols_by_name ON symbols (name);
CREATE INDEX symbols_by_parent ON symbols (parent) WHERE parent IS NOT NULL;
CREATE TABLE bases (
    symbol INTEGER NOT NULL, file INTEGER NOT NULL, position INTEGER NOT NULL, binding INTEGER NOT NULL,
    target INTEGER, confidence INTEGER NOT NULL
) STRICT;
CREATE INDEX bases_by_file ON bases (file);
CREATE INDEX bases_by_symbol ON bases (symbol);
CREATE INDEX bases_by_target ON bases (target) WHERE target IS NOT NULL;
CREATE TABLE bindings (id INTEGER PRIMARY KEY, file INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
CREATE INDEX bindings_by_file ON bindings (file);
CREATE TABLE uses (
    id INTEGER PRIMARY KEY, file INTEGER NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL, line INTEGER NOT NULL,
    column INTEGER NOT NULL, scope INTEGER, binding INTEGER, target INTEGER, confidence INTEGER NOT NULL
) STRICT;
CREATE INDEX uses_by_file ON uses (file);
CREATE INDEX uses_unlinked ON uses (file) WHERE confidence = -1;
CREATE INDEX uses_by_target ON uses (target, file) WHERE target IS NOT NULL;
CREATE INDEX uses_by_name ON uses (name);
CREATE INDEX uses_by_scope ON uses (scope) WHERE scope IS NOT NULL;
CREATE TABLE imports (
    id INTEGER PRIMARY KEY, file INTEGER NOT NULL, module TEXT NOT NULL, name TEXT NOT NULL, alias TEXT NOT NULL,
    line INTEGER NOT NULL, typing_only INTEGER NOT NULL, exported INTEGER NOT NULL, deferred INTEGER NOT NULL,
    target_file INTEGER, target_symbol INTEGER
) STRICT;
CREATE INDEX imports_by_file ON imports (file);
CREATE INDEX imports_by_target ON imports (target_file) WHERE target_file IS NOT NULL;
CREATE TABLE stale_names (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
"""
_VERSION: Final = 1

Key = tuple[str, str, int]
"""Qualified name, kind, and the how-manieth of these in the file: what a definition is known by over edits."""


class StructureReader:
    """Reads the structure of a project. Not for several threads at once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    @classmethod
    @contextlib.contextmanager
    def opened(cls, path: Path) -> Generator[StructureReader]:
        """The structure in a file, while the block runs.

        Raises:
            NotReady: Nothing was analysed yet, or another version of Aura wrote the file.
            StorageError: It cannot be read.
        """
        with reading(path, _VERSION) as connection:
            yield cls(connection)

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """What a query finds.

        Raises:
            StorageError: SQLite refuses it.
        """
        try:
            return cast("list[tuple[object, ...]]", self._db.execute(query, values).fetchall())
        except sqlite3.Error as error:
            raise storage_error(error, "the structure") from error

    def digests(self) -> dict[str, bytes]:
        """The content of each file when it was read."""
        return dict(cast("list[tuple[str, bytes]]", self.rows("SELECT path, digest FROM files")))

    def complexities(self) -> dict[str, int]:
        """The complexity of each file: the sum over its functions."""
        query = (
            "SELECT f.path, coalesce(sum(s.complexity), 0) FROM files f LEFT JOIN symbols s ON s.file = f.id "
            "GROUP BY f.id"
        )
        return dict(cast("list[tuple[str, int]]", self.rows(query)))


class StructureStore(StructureReader):
    """Reads and writes the structure of a project."""

    def __init__(self, connection: sqlite3.Connection, root: Path) -> None:
        super().__init__(connection)
        from aura_code.structure.linking import Linker  # noqa: PLC0415 - the linker reads through this class

        self._linker = Linker(self, root)

    @classmethod
    def open(cls, path: Path, root: Path) -> StructureStore:
        """The structure in a file; a file of another version is begun anew.

        Args:
            path: The file.
            root: The project's folder, whose manifests say what packages are called.

        Raises:
            StorageError: It cannot be written.
        """
        try:
            return cls(open_database(path, [_TABLES], check_same_thread=False), root)
        except StorageError:
            if not path.exists():
                raise
            for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                path.with_name(name).unlink(missing_ok=True)
            return cls(open_database(path, [_TABLES], check_same_thread=False), root)

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def put(self, digest: bytes, structure: FileStructure) -> None:
        """Take in what was read of a file."""
        self.put_many([(digest, structure)])

    def put_many(self, files: Iterable[tuple[bytes, FileStructure]]) -> None:
        """Take in what was read of some files, in one transaction; `link` then says what their uses mean."""
        with transaction(self._db) as db:
            writing = _Writing(db)
            for digest, structure in files:
                writing.put(digest, structure)
                self._linker.forget(structure.path)
            writing.done()

    def forget(self, paths: Iterable[str]) -> None:
        """Files that are gone, or have no structure any more."""
        with transaction(self._db) as db:
            writing = _Writing(db)
            for path in paths:
                writing.remove(path)
                self._linker.forget(path)
            writing.done()

    def link(self) -> None:
        """Find out what the uses mean that are new, or that an edit elsewhere may have changed."""
        with transaction(self._db) as db:
            self._linker.link(db)


class _Writing:
    """One transaction: rows of files go, others come, and the names that this touches are noted."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._next = {name: self._last(name) + 1 for name in ("symbols", "bindings", "files")}
        self._stale: set[str] = set()

    def _last(self, table: str) -> int:
        return cast("int", self._db.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0])  # noqa: S608 - ours

    def _new(self, table: str) -> int:
        number = self._next[table]
        self._next[table] = number + 1
        return number

    def remove(self, path: str) -> None:
        """Take out everything of a file."""
        found = self._db.execute("SELECT id FROM files WHERE path = ?", (path,)).fetchone()
        if found is None:
            return
        file = cast("int", found[0])
        known = self._symbols_of(file)
        self._clear(file)
        self._drop(known)
        self._db.execute("UPDATE imports SET target_file = NULL, target_symbol = NULL WHERE target_file = ?", (file,))
        self._db.execute("DELETE FROM files WHERE id = ?", (file,))
        self._stale.add(_module_name(path))

    def put(self, digest: bytes, structure: FileStructure) -> None:
        """Replace everything of a file."""
        found = self._db.execute("SELECT id FROM files WHERE path = ?", (structure.path,)).fetchone()
        known: dict[Key, int] = {}
        if found is None:
            file = self._new("files")
            self._stale.add(_module_name(structure.path))
        else:
            file = cast("int", found[0])
            known = self._symbols_of(file)
            self._clear(file)
        self._db.execute(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, 0)",
            (
                file,
                structure.path,
                structure.language,
                digest,
                structure.package,
                "tests" in read_place(structure.path).kinds,
            ),
        )
        bindings = _Bindings(self._new)
        ids = self._put_symbols(file, structure.definitions, known, bindings)
        self._put_uses(file, structure, ids, bindings)
        self._db.executemany(
            "INSERT INTO bindings VALUES (?, ?, ?)",
            [(number, file, json.dumps(binding, separators=(",", ":"))) for binding, number in bindings.items()],
        )

    def _symbols_of(self, file: int) -> dict[Key, int]:
        known: dict[Key, int] = {}
        rows = self._db.execute("SELECT id, qualified, kind FROM symbols WHERE file = ? ORDER BY position", (file,))
        for number, qualified, kind in rows.fetchall():
            ordinal = 0
            while (qualified, kind, ordinal) in known:
                ordinal += 1
            known[qualified, kind, ordinal] = number
        return known

    def _clear(self, file: int) -> None:
        for table in ("symbols", "bases", "bindings", "uses", "imports"):
            self._db.execute(f"DELETE FROM {table} WHERE file = ?", (file,))  # noqa: S608 - ours

    def _drop(self, gone: dict[Key, int]) -> None:
        """Definitions that are no longer there: what meant them is looked up again."""
        for (qualified, _, _), number in gone.items():
            self._stale.add(qualified.rpartition(".")[2])
            self._db.execute("UPDATE uses SET target = NULL, confidence = -1 WHERE target = ?", (number,))
            self._db.execute("UPDATE bases SET target = NULL, confidence = -1 WHERE target = ?", (number,))

    def _put_symbols(
        self, file: int, definitions: Sequence[Definition], known: dict[Key, int], bindings: _Bindings
    ) -> list[int]:
        names: list[str] = []
        ids: list[int] = []
        used: set[Key] = set()
        rows: list[tuple[object, ...]] = []
        bases: list[tuple[object, ...]] = []
        for position, one in enumerate(definitions):
            around = names[one.parent] if 0 <= one.parent < position else one.receiver
            qualified = f"{around}.{one.name}" if around else one.name
            names.append(qualified)
            ordinal = 0
            while (qualified, one.kind, ordinal) in used:
                ordinal += 1
            key = (qualified, one.kind, ordinal)
            used.add(key)
            number = known.pop(key, None)
            if number is None:
                number = self._new("symbols")
                self._stale.add(one.name)
            ids.append(number)
            parent = ids[one.parent] if 0 <= one.parent < position else None
            rows.append(
                (
                    number, file, position, one.name, qualified, one.kind, parent, one.receiver, one.line, one.column,
                    one.start_line, one.end_line, one.public, one.entry, one.parameters, one.complexity, one.nesting,
                    one.documented, one.typed, bindings.number(one.type),
                )
            )  # fmt: skip
            bases += [
                (number, file, place, bindings.number(base), None, UNLINKED)
                for place, base in enumerate(one.bases)
                if base
            ]
        marks = ",".join("?" * 20)
        self._db.executemany(f"INSERT INTO symbols VALUES ({marks})", rows)  # noqa: S608 - marks only
        self._db.executemany("INSERT INTO bases VALUES (?, ?, ?, ?, ?, ?)", bases)
        self._drop(known)
        return ids

    def _put_uses(self, file: int, structure: FileStructure, ids: Sequence[int], bindings: _Bindings) -> None:
        self._db.executemany(
            "INSERT INTO uses (file, name, kind, line, column, scope, binding, confidence) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, -1)",
            [
                (
                    file,
                    use.name,
                    _USE_NUMBERS[use.kind],
                    use.line,
                    use.column,
                    ids[use.scope] if use.scope >= 0 else None,
                    bindings.number(use.binding),
                )
                for use in structure.occurrences
            ],
        )
        self._db.executemany(
            "INSERT INTO imports (file, module, name, alias, line, typing_only, exported, deferred) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (file, one.module, one.name, one.alias, one.line, one.typing_only, one.exported, one.deferred)
                for one in structure.imports
            ],
        )

    def done(self) -> None:
        """Note the names whose meaning may have changed elsewhere."""
        self._db.executemany("INSERT OR IGNORE INTO stale_names VALUES (?)", [(name,) for name in self._stale])


class _Bindings(dict[Binding, int]):
    """The distinct bindings of a file with their numbers."""

    def __init__(self, new: Callable[[str], int]) -> None:
        super().__init__()
        self._new = new

    def number(self, binding: Binding) -> int | None:
        """The number of a binding; None for an unknown one."""
        if not binding:
            return None
        number = self.get(binding)
        if number is None:
            number = self[binding] = self._new("bindings")
        return number


def _module_name(path: str) -> str:
    """What an import may call a file: its stem, or its folder's name for what stands for a folder."""
    *folders, name = path.split("/")
    stem = name.partition(".")[0]
    return folders[-1] if folders and stem in {"__init__", "index", "mod", "lib", "main"} else stem
