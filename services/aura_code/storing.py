"""How an index lies on disk: segment files, the journal of edits, and the pointer to what counts.

    INDEX          which folder counts; replaced in one step
    7/segment      the base segment
    7/journal      one record an edit: the paths it takes away and the segment it adds

Every file carries a magic number, the version of its format and checksums. A file that does not fit them is `Corrupt`;
nothing of it is used. Nothing is pickled, so a foreign file can do no more than be refused.
"""

from __future__ import annotations

import errno
import json
import mmap
import os
import shutil
import zlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple, cast

import numpy as np

from aura_code.segments import FORMAT, SCHEMA, Array, Segment
from aura_shared.errors import Corrupt, DiskFull, StorageError

SEGMENT_MAGIC: Final = b"AURASEG\n"
JOURNAL_MAGIC: Final = b"AURAJNL\n"
ALIGNED: Final = 64
HEAD: Final = len(SEGMENT_MAGIC) + 12
"""Magic, version (4 bytes), length (4) and checksum (4) of the directory of arrays that follows as JSON."""
RECORD_HEAD: Final = 16
"""Length (8) and checksums of length (4) and content (4) of a journal record."""
BLOCK: Final = 1 << 20
MOST_HEADER: Final = 1 << 20


@contextmanager
def storage_errors(path: Path) -> Generator[None]:
    """Turn what the system says about a file into Aura's own errors."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise DiskFull(f"No room to write {path.name}: {error.strerror}.") from error
        raise StorageError(f"{path.name} cannot be used: {error.strerror or error}.") from error


def _number(value: int) -> bytes:
    return value.to_bytes(4, "little")


def encode_segment(segment: Segment) -> Iterator[bytes | memoryview]:
    """The pieces of a segment's file, in order."""
    directory: list[tuple[str, int, int, int]] = []
    position = 0
    for name in SCHEMA:
        array = np.ascontiguousarray(segment.arrays[name])
        directory.append((name, position, array.nbytes, zlib.crc32(_bytes_of(array))))
        position += -(-array.nbytes // ALIGNED) * ALIGNED
    header = json.dumps(directory, separators=(",", ":")).encode()
    header += b" " * (-(HEAD + len(header)) % ALIGNED)
    yield SEGMENT_MAGIC + _number(FORMAT) + _number(len(header)) + _number(zlib.crc32(header)) + header
    for name in SCHEMA:
        array = np.ascontiguousarray(segment.arrays[name])
        yield _bytes_of(array)
        yield b"\0" * (-array.nbytes % ALIGNED)


def _bytes_of(array: Array) -> memoryview:
    return array.data.cast("B") if array.nbytes else memoryview(b"")


def decode_segment(data: memoryview, *, resident: bool, what: str, check: bool = True) -> Segment:
    """The segment in `data`; its arrays are views of it unless it is to be resident.

    Raises:
        Corrupt: Anything is not as it was written.
    """
    entries, begin = _read_directory(data[: HEAD + MOST_HEADER], what)
    arrays: dict[str, Array] = {}
    for name, position, size, checksum in entries:
        piece = data[begin + position : begin + position + size]
        kind = SCHEMA.get(name)
        if kind is None or len(piece) != size or size % np.dtype(kind).itemsize:
            raise Corrupt(f"{what} is cut off or garbled at {name}.")
        if check and zlib.crc32(piece) != checksum:
            raise Corrupt(f"{what} is garbled at {name}.")
        array = np.frombuffer(piece, dtype=kind)
        # A copy is aligned and lets go of the journal, of which only the last edits count.
        arrays[name] = array.copy() if resident else array
    if len(arrays) != len(SCHEMA):
        raise Corrupt(f"{what} lacks arrays.")
    return Segment(arrays, resident=resident)


def _read_directory(data: memoryview, what: str) -> tuple[list[tuple[str, int, int, int]], int]:
    if bytes(data[:8]) != SEGMENT_MAGIC:
        raise Corrupt(f"{what} is not a segment of an index.")
    version, length, checksum = (int.from_bytes(data[at : at + 4], "little") for at in (8, 12, 16))
    if version != FORMAT:
        raise Corrupt(f"{what} has format {version}; this version of Aura reads {FORMAT}.")
    header = bytes(data[HEAD : HEAD + length])
    if length > MOST_HEADER or len(header) != length or zlib.crc32(header) != checksum:
        raise Corrupt(f"{what} has a garbled directory.")
    entries = cast("list[tuple[str, int, int, int]]", json.loads(header))
    return entries, HEAD + length


def write_segment(path: Path, segment: Segment) -> None:
    """Write a segment's file and make sure that it is on the disk."""
    with storage_errors(path), path.open("wb") as file:
        for piece in encode_segment(segment):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def open_segment(path: Path) -> Segment:
    """A segment mapped from its file, after checking every byte.

    The check reads the file in blocks instead of through the mapping, so that its pages do not count as memory of this
    process.
    """
    what = f"{path.parent.name}/{path.name}"
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size < HEAD:
                raise Corrupt(f"{what} is cut off.")
            entries, begin = _read_directory(memoryview(file.read(HEAD + min(size, MOST_HEADER))), what)
            for name, position, length, checksum in entries:
                if _checksum(file.fileno(), begin + position, length) != checksum:
                    raise Corrupt(f"{what} is cut off or garbled at {name}.")
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise Corrupt(f"{what} cannot be read: {error.strerror or error}.") from error
    return decode_segment(memoryview(mapped), resident=False, what=what, check=False)


def _checksum(handle: int, position: int, length: int) -> int:
    checksum = 0
    while length > 0:
        block = os.pread(handle, min(length, BLOCK), position)
        if not block:
            return -1
        checksum = zlib.crc32(block, checksum)
        position += len(block)
        length -= len(block)
    return checksum


class Edit(NamedTuple):
    """One record of the journal."""

    generation: int
    removed: list[str]
    """Paths that do not count any more; those of the new files are among them implicitly."""
    segment: Segment
    """The new files."""


class Journal:
    """The edits since the base segment was written, one record each, appended and never changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0

    def start(self, records: bytes = b"") -> None:
        """Write the file anew, with records copied from another journal."""
        with storage_errors(self.path), self.path.open("wb") as file:
            file.write(JOURNAL_MAGIC + _number(FORMAT) + records)
            file.flush()
            os.fsync(file.fileno())
        self.size = len(JOURNAL_MAGIC) + 4 + len(records)

    def append(self, edit: Edit) -> None:
        """Add a record. When the disk is full the file is as before.

        Raises:
            DiskFull: No room.
        """
        head = json.dumps([edit.generation, edit.removed]).encode()
        content = b"".join([_number(len(head)), head, b" " * (-(4 + len(head)) % 8), *encode_segment(edit.segment)])
        length = len(content).to_bytes(8, "little")
        record = length + _number(zlib.crc32(length)) + _number(zlib.crc32(content)) + content
        try:
            with storage_errors(self.path), self.path.open("r+b", buffering=0) as file:
                file.seek(self.size)
                view = memoryview(record)
                while view:
                    view = view[file.write(view) :]
        except StorageError:
            self._cut_back()
            raise
        self.size += len(record)

    def _cut_back(self) -> None:
        """Take away what a failed append left; should that fail too, opening drops it as an unfinished record."""
        try:
            os.truncate(self.path, self.size)
        except OSError:
            return

    def read(self, begin: int) -> bytes:
        """The records from a position on."""
        with storage_errors(self.path), self.path.open("rb") as file:
            file.seek(begin)
            return file.read(self.size - begin)

    def sync(self) -> None:
        """Make sure that the records are on the disk."""
        with storage_errors(self.path), self.path.open("rb") as file:
            os.fsync(file.fileno())

    def replay(self) -> Iterator[Edit]:
        """The edits in order. A last record that is not finished, left by a crash, is taken away.

        Raises:
            Corrupt: A record is garbled.
        """
        what = f"{self.path.parent.name}/{self.path.name}"
        try:
            data = memoryview(self.path.read_bytes())
        except OSError as error:
            raise Corrupt(f"{what} cannot be read: {error.strerror or error}.") from error
        start = len(JOURNAL_MAGIC) + 4
        if bytes(data[:start]) != JOURNAL_MAGIC + _number(FORMAT):
            raise Corrupt(f"{what} is not a journal of format {FORMAT}.")
        self.size = start
        while self.size + RECORD_HEAD <= len(data):
            head = data[self.size : self.size + RECORD_HEAD]
            length = int.from_bytes(head[:8], "little")
            if zlib.crc32(head[:8]) != int.from_bytes(head[8:12], "little"):
                raise Corrupt(f"{what} is garbled.")
            content = data[self.size + RECORD_HEAD : self.size + RECORD_HEAD + length]
            if len(content) < length:
                break
            if zlib.crc32(content) != int.from_bytes(head[12:16], "little"):
                raise Corrupt(f"{what} is garbled.")
            yield _read_edit(content, what)
            self.size += RECORD_HEAD + length
        if self.size < len(data):
            self._cut_back()


def _read_edit(content: memoryview, what: str) -> Edit:
    length = int.from_bytes(content[:4], "little")
    generation, removed = cast("tuple[int, list[str]]", json.loads(bytes(content[4 : 4 + length])))
    begin = -(-(4 + length) // 8) * 8
    return Edit(generation, removed, decode_segment(content[begin:], resident=True, what=what))


class Pointer(NamedTuple):
    """What the file `INDEX` says."""

    folder: str
    generation: int
    """The index's generation when the base segment was written."""


POINTER: Final = "INDEX"


def write_pointer(directory: Path, pointer: Pointer) -> None:
    """Make another folder count, in one step."""
    body: Mapping[str, object] = {"format": FORMAT, "folder": pointer.folder, "generation": pointer.generation}
    text = json.dumps(body, sort_keys=True)
    temporary = directory / f"{POINTER}.new"
    with storage_errors(directory / POINTER):
        with temporary.open("wb") as file:
            file.write(f"{text}\n{zlib.crc32(text.encode())}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(directory / POINTER)
        sync_folder(directory)


def read_pointer(directory: Path) -> Pointer:
    """Which folder counts.

    Raises:
        Corrupt: There is none, or it is garbled.
    """
    try:
        text, checksum, _ = (directory / POINTER).read_text(encoding="utf-8").split("\n")
        if int(checksum) != zlib.crc32(text.encode()):
            raise Corrupt("The pointer of the index is garbled.")
        body = cast("dict[str, object]", json.loads(text))
        folder, generation = body["folder"], body["generation"]
        if body["format"] != FORMAT or not isinstance(folder, str) or not isinstance(generation, int):
            raise Corrupt("The index has another format.")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Corrupt(f"There is no index that can be read in {directory.name}: {error}.") from error
    return Pointer(folder, generation)


def sync_folder(folder: Path) -> None:
    """Make sure that the names in a folder are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def new_folder(directory: Path) -> Path:
    """A new folder for a base segment, with a number that no other has."""
    with storage_errors(directory):
        numbers = [int(entry.name) for entry in directory.iterdir() if entry.name.isdecimal()]
        folder = directory / str(max(numbers, default=0) + 1)
        folder.mkdir()
        return folder


def remove_folders(directory: Path, keep: str) -> None:
    """Delete what does not count any more; what cannot be deleted now is tried again next time."""
    for entry in directory.iterdir():
        if entry.name.isdecimal() and entry.name != keep:
            shutil.rmtree(entry, ignore_errors=True)
