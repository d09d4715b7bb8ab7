"""The log files: JSON lines, rotated by size, one writing process per file; and how to read them again.

Only the standard library: the supervisor and `aura logs` use it. Each service writes `NAME.jsonl`; what it prints is
written by the supervisor to `NAME.out.jsonl`.
"""

from __future__ import annotations

import heapq
import json
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias, cast

from aura_shared.errors import StorageError

__all__ = [
    "Follower",
    "JsonLines",
    "Line",
    "backwards",
    "log_paths",
    "numbered",
    "parse",
    "read_last",
    "timestamp",
]

Line: TypeAlias = "dict[str, object]"

READ_BLOCK_BYTES: Final = 65_536
MAX_LINE_BYTES: Final = 262_144  # A longer line is not one of ours; it is skipped instead of filling the memory.


def timestamp() -> str:
    """Now, as the lines write it: ISO 8601 in UTC with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


class JsonLines:
    """A file of JSON lines that sets itself aside when it is full. Never raises after it was opened."""

    def __init__(self, path: Path, *, max_bytes: int, backups: int) -> None:
        """Open for appending.

        Raises:
            StorageError: The file cannot be opened.
        """
        self._path = path
        self._max_bytes = max_bytes
        self._backups = backups
        self._lock = threading.Lock()
        self._lost = 0
        try:
            self._fd, self._size = self._open()
        except OSError as error:
            raise StorageError(f"cannot write {path}: {error.strerror or error}") from error

    @property
    def lost(self) -> int:
        """Lines that could not be written, for example because the disk is full."""
        return self._lost

    def write(self, line: Line) -> None:
        """Append one line; it is lost, and counted, when the disk takes no more."""
        data = json.dumps(line, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace") + b"\n"
        with self._lock:
            try:
                if self._size and self._size + len(data) > self._max_bytes:
                    self._rotate()
                written = os.write(self._fd, data)
                self._size += written
                if written < len(data):  # The disk is full: close the line, so that the next one can be read.
                    self._lost += 1
                    self._size += os.write(self._fd, b"\n")
            except OSError:
                self._lost += 1

    def close(self) -> None:
        """Give the file back; later lines are counted as lost."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def _open(self) -> tuple[int, int]:
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        size = os.fstat(fd).st_size
        if size and not _ends_with_newline(self._path):
            size += os.write(fd, b"\n")
        return fd, size

    def _rotate(self) -> None:
        for number in range(self._backups, 0, -1):
            older = numbered(self._path, number - 1)
            if older.exists():
                older.replace(numbered(self._path, number))
        if not self._backups:
            self._path.unlink(missing_ok=True)
        fd, self._size = self._open()
        os.close(self._fd)
        self._fd = fd


def log_paths(folder: Path, service: str | None = None) -> list[Path]:
    """The current log files of one service, or of all."""
    if service is not None:
        return [path for path in (folder / f"{service}.jsonl", folder / f"{service}.out.jsonl") if path.exists()]
    return sorted(folder.glob("*.jsonl"))


def read_last(paths: Iterable[Path], count: int) -> list[Line]:
    """The newest `count` lines over these files and what was set aside of them, oldest first."""
    if count <= 0:
        return []
    newest = [line for path in paths for line in _last_of(path, count)]
    return heapq.nlargest(count, newest, key=_when)[::-1]


class Follower:
    """New lines of a folder's log files, asked for again and again; a rotated or new file is noticed."""

    def __init__(self, folder: Path, service: str | None = None) -> None:
        self._folder = folder
        self._service = service
        self._open: dict[Path, _Place] = {path: _Place(path, at_end=True) for path in log_paths(folder, service)}

    def new_lines(self) -> list[Line]:
        """What was written since the last call, oldest first."""
        for path in log_paths(self._folder, self._service):
            if path not in self._open:
                self._open[path] = _Place(path, at_end=False)
        return sorted((line for place in self._open.values() for line in place.new_lines()), key=_when)


class _Place:
    """How far one file was read."""

    def __init__(self, path: Path, *, at_end: bool) -> None:
        self._path = path
        self._inode = 0
        self._offset = 0
        self._rest = b""
        if at_end and path.exists():
            found = path.stat()
            self._inode, self._offset = found.st_ino, found.st_size

    def new_lines(self) -> list[Line]:
        try:
            found = self._path.stat()
        except OSError:
            return []
        if found.st_ino == self._inode and found.st_size == self._offset:
            return []
        if found.st_ino != self._inode:
            lines = self._rest_of_rotated() if self._inode else []
            self._inode, self._offset, self._rest = found.st_ino, 0, b""
            return lines + self._read(self._path)
        if found.st_size < self._offset:
            self._offset, self._rest = 0, b""
        return self._read(self._path)

    def _rest_of_rotated(self) -> list[Line]:
        aside = numbered(self._path, 1)
        try:
            return self._read(aside) if aside.stat().st_ino == self._inode else []
        except OSError:
            return []

    def _read(self, path: Path) -> list[Line]:
        try:
            with path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except OSError:
            return []
        self._offset += len(data)
        *whole, self._rest = (self._rest + data).split(b"\n")
        return [line for raw in whole if (line := parse(raw)) is not None]


def _last_of(path: Path, count: int) -> list[Line]:
    """The newest lines of one file and of what was set aside of it; newest first."""
    found: list[Line] = []
    number = 0
    while len(found) < count:
        place = numbered(path, number)
        if not place.exists():
            break
        for raw in _backwards(place):
            line = parse(raw)
            if line is not None:
                found.append(line)
            if len(found) == count:
                break
        number += 1
    return found


def _backwards(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from backwards(file, file.seek(0, os.SEEK_END))
    except OSError:
        return


def backwards(file: BinaryIO, position: int) -> Iterator[bytes]:
    """The lines of a file before `position`, last one first, without reading more of it than is asked for."""
    pieces: deque[bytes] = deque()
    while position > 0:
        size = min(READ_BLOCK_BYTES, position)
        position -= size
        file.seek(position)
        first, *others = file.read(size).split(b"\n")
        if others:
            pieces.appendleft(others.pop())
            yield b"".join(pieces)
            pieces.clear()
            yield from reversed(others)
        pieces.appendleft(first)
    yield b"".join(pieces)


def parse(raw: bytes) -> Line | None:
    """A line as it was written; None when it is damaged or none of ours."""
    if not raw or len(raw) > MAX_LINE_BYTES:
        return None
    try:
        line: object = json.loads(raw)
    except ValueError:
        return None
    return cast("Line", line) if isinstance(line, dict) else None


def _when(line: Line) -> str:
    return str(line.get("ts", ""))


def numbered(path: Path, number: int) -> Path:
    """The name of a log file once it was set aside `number` times; itself for 0."""
    return path if number == 0 else path.with_name(f"{path.name}.{number}")


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
