"""The database of this process: one file, used by one thread, so that the event loop never waits for the disk."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from aura_shared.errors import StorageError
from aura_shared.paths import private_folder
from aura_shared.storage import migrations_of, open_database, storage_error, transaction

__all__ = ["Store"]

FILE: Final = "models.db"

T = TypeVar("T")


class Store:
    """An open database. Losing it costs kept answers and figures, never a person's work.

    Args:
        folder: Where the file is; created when it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FILE
        self._db: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="models-db")

    async def open(self) -> None:
        """Open the file, migrated to the newest version; one that cannot be trusted is set aside.

        Raises:
            StorageError: It cannot be opened.
        """
        self._db = await asyncio.get_running_loop().run_in_executor(self._thread, self._opened)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` finds.

        Raises:
            StorageError: The file cannot be read.
        """
        return await self._run(self._guarded, work)

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Carry out `work` in one transaction; it is done as a whole or not at all, also when the caller is cancelled.

        Raises:
            DiskFull: There is no room.
            StorageError: The file cannot be written.
        """
        return await self._run(self._in_transaction, work)

    async def close(self) -> None:
        """Finish what was begun and give the file back."""
        await asyncio.to_thread(self._thread.shutdown)
        if self._db is not None:
            self._db.close()

    async def _run(self, how: Callable[[Callable[[sqlite3.Connection], T]], T], work: Callable[..., T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, how, work)

    def _opened(self) -> sqlite3.Connection:
        private_folder(self._folder)
        return open_database(self._path, migrations_of("aura_models"), check_same_thread=False)

    def _guarded(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with _named_errors(self._path):
            return work(self._connection())

    def _in_transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with transaction(self._connection()) as db:
            return work(db)

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise StorageError(f"{self._path} is not open")
        return self._db


@contextmanager
def _named_errors(path: Path) -> Generator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise storage_error(error, str(path)) from error
