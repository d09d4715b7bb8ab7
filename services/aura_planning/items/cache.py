"""What was read of each file, so that a start reads only what changed. A cache: it can be deleted at any time."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, cast

from aura_planning.items.model import Finding, Item, Parsed
from aura_shared.storage import open_database, transaction

__all__ = ["Entry", "ItemCache"]

FORM: Final = 4
"""Of the rows; with another one everything is read again."""
_MIGRATIONS: Final = [
    """
    CREATE TABLE files (
        path TEXT PRIMARY KEY, stamp TEXT NOT NULL, hash TEXT NOT NULL, parsed TEXT NOT NULL, content BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    """
]
_ITEM: Final = tuple(field.name for field in fields(Item))
_LISTS: Final = tuple(_ITEM.index(name) for name in ("depends_on", "test_names", "proposed", "split_into"))
_FINDING: Final = tuple(field.name for field in fields(Finding))


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as it was read last."""

    stamp: str
    hash: str
    parsed: Parsed


class ItemCache:
    """The rows of one plan; used by one thread at a time."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._connection = open_database(file, _MIGRATIONS, check_same_thread=False)

    def load(self) -> dict[str, Entry] | None:
        """Every row; None when nothing was ever kept, so nothing is known of what was there before."""
        with closing(self._connection.execute("SELECT value FROM facts WHERE name = 'form'")) as found:
            if found.fetchone() != (str(FORM),):
                return None
        rows = self._connection.execute("SELECT path, stamp, hash, parsed FROM files")
        try:
            return {path: Entry(stamp, digest, _parsed(text)) for path, stamp, digest, text in rows}
        except (ValueError, TypeError):
            return None

    def content(self, path: str) -> bytes | None:
        """What a file held when it was read last."""
        found = self._connection.execute("SELECT content FROM files WHERE path = ?", (path,)).fetchone()
        return None if found is None else zlib.decompress(found[0])

    def keep(self, entries: Mapping[str, tuple[Entry, bytes]], gone: Iterable[str] = (), *, anew: bool = False) -> None:
        """Keep what was read, and forget files that are gone.

        Args:
            entries: By path, with the content.
            gone: Paths to forget.
            anew: Whether all other rows are forgotten.
        """
        rows = [
            (path, entry.stamp, entry.hash, _packed(entry.parsed), zlib.compress(content, 1))
            for path, (entry, content) in entries.items()
        ]
        with transaction(self._connection) as database:
            if anew:
                database.execute("DELETE FROM files")
            database.executemany("DELETE FROM files WHERE path = ?", [(path,) for path in gone])
            database.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", rows)
            database.execute("INSERT OR REPLACE INTO facts VALUES ('form', ?)", (str(FORM),))

    def restamp(self, stamps: Mapping[str, str]) -> None:
        """Files that were touched and hold the same."""
        with transaction(self._connection) as database:
            database.executemany("UPDATE files SET stamp = ? WHERE path = ?", [(v, k) for k, v in stamps.items()])

    def close(self) -> None:
        """Close the database."""
        with closing(self._connection):
            pass


def _packed(parsed: Parsed) -> str:
    item = None if parsed.item is None else [getattr(parsed.item, name) for name in _ITEM]
    return json.dumps([item, [[getattr(one, name) for name in _FINDING] for one in parsed.findings]])


def _parsed(text: str) -> Parsed:
    item, findings = cast("tuple[list[Any] | None, list[list[Any]]]", json.loads(text))
    if item is not None:
        for place in _LISTS:
            item[place] = tuple(item[place])
    return Parsed(None if item is None else Item(*item), tuple(Finding(*one) for one in findings))
