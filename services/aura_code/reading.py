"""Reads files: `read_file` one in this process, `read_files` and `read_packed` many in worker processes.

A worker that dies costs one file, not the index.

Each worker is a fresh interpreter with two pipes: it imports nothing but what reading needs, inherits no socket of
the bus, and ends when its input ends, so that it never outlives the process that started it.
"""

from __future__ import annotations

import contextlib
import logging
import marshal
import os
import selectors
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import IO, NamedTuple, cast

from aura_code.content import DEFAULT_OPTIONS, ReadOptions, read_file, skipped
from aura_code.facts import FileFacts, Stamp
from aura_code.packing import PackedFile, pack_file, unpack_file

__all__ = ["ReadOptions", "read_file", "read_files", "read_packed"]

BATCH_FILES = 32
LEAST_BATCH_FILES = 4
FEW_FILES = 200
"""Up to so many files are read in this process: starting workers takes longer."""
IN_PROCESS_BATCH = 50
_FRAME = struct.Struct("!I")
_WAITING_BATCHES = 2  # One at work and one in the pipe, so that a worker never waits for its next.
_STARTS = 3
_START_S = 60.0  # Importing takes 0.3 s, on a busy machine ten times as long.
_LOOK_S = 1.0
_DROPPED_VARIABLES = ("AURA_READY_FD", "AURA_DEATH_FD")

_log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """What a worker sends back, several times for one batch."""

    done: int
    """How many paths of the batch this covers, in their order."""
    files: list[PackedFile]
    """Fewer when files have vanished."""


def read_files(
    root: Path, paths: Sequence[str], options: ReadOptions = DEFAULT_OPTIONS, workers: int = 2
) -> Generator[list[FileFacts]]:
    """As `read_packed`, with the facts as they are easy to use."""
    with contextlib.closing(read_packed(root, paths, options, workers)) as batches:
        for batch in batches:
            yield [unpack_file(packed) for packed in batch]


def read_packed(
    root: Path, paths: Sequence[str], options: ReadOptions = DEFAULT_OPTIONS, workers: int = 2
) -> Generator[list[PackedFile]]:
    """Read files and give their facts in batches, in no particular order; files that have vanished are left out.

    Closing the generator stops the workers.

    Args:
        root: The project's folder.
        paths: Files, relative to it.
        options: Limits.
        workers: How many processes; with 0, or for 200 files and fewer, they are read in this one.
    """
    if workers < 1 or len(paths) <= FEW_FILES:
        yield from _read_here(root, paths, options)
        return
    with contextlib.closing(_Crew(root, options, workers)) as crew:
        yield from crew.read(paths)


def _read_here(root: Path, paths: Sequence[str], options: ReadOptions) -> Generator[list[PackedFile]]:
    for at in range(0, len(paths), IN_PROCESS_BATCH):
        files = read_present(root, paths[at : at + IN_PROCESS_BATCH], options)
        if files:
            yield files


def read_present(root: Path, paths: Sequence[str], options: ReadOptions) -> list[PackedFile]:
    """The facts of those files that still exist."""
    files: list[PackedFile] = []
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            files.append(pack_file(read_file(root, path, options)))
    return files


def in_batches(paths: Sequence[str], workers: int) -> Generator[list[str]]:
    """Batches that get smaller towards the end, so that the workers end together."""
    at = 0
    while at < len(paths):
        size = max(LEAST_BATCH_FILES, min(BATCH_FILES, (len(paths) - at) // (4 * workers)))
        yield list(paths[at : at + size])
        at += size


class _Worker:
    """A process that reads files."""

    def __init__(self, root: Path, options: ReadOptions) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in _DROPPED_VARIABLES}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "aura_code.reading_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # An answer waiting in a buffer of ours would not wake the selector.
            env=environment,
        )
        self.batches: deque[list[str]] = deque()
        """Paths that were sent and not yet answered."""
        self.proved = False
        """Whether it ever answered."""
        self.silent_after = time.monotonic() + _START_S
        """When it counts as hung unless it answers before."""
        self._most_silence_s = options.parse_cpu_s + options.answer_s
        self.send((os.fspath(root), options.max_file_bytes, options.parse_cpu_s))

    @property
    def input(self) -> IO[bytes]:
        """Its standard input."""
        return cast("IO[bytes]", self.process.stdin)

    @property
    def output(self) -> IO[bytes]:
        """Its standard output."""
        return cast("IO[bytes]", self.process.stdout)

    def send(self, message: object) -> None:
        """Send a message; a dead worker is noticed when its output ends."""
        with contextlib.suppress(OSError):
            send(self.input, message)

    def give(self, batch: list[str]) -> None:
        """Have it read a batch."""
        if self.proved and not self.batches:
            self.silent_after = time.monotonic() + self._most_silence_s
        self.batches.append(batch)
        self.send(batch)

    def receive(self) -> Answer | None:
        """Its next answer; None when it is dead."""
        answer = receive(self.output)
        if not isinstance(answer, tuple):
            return None
        done, files = cast("tuple[int, list[tuple[object, ...]]]", answer)
        self.proved = True
        self.silent_after = time.monotonic() + self._most_silence_s
        batch = self.batches[0] if self.batches else []
        del batch[:done]
        if self.batches and not batch:
            self.batches.popleft()
        return Answer(done, [PackedFile._make(file) for file in files])

    def stop(self) -> None:
        """End it and wait for that."""
        self.process.kill()
        for stream in (self.input, self.output):
            with contextlib.suppress(OSError):
                stream.close()
        self.process.wait()


def send(stream: IO[bytes], message: object) -> None:
    """Write one message of plain values, with its length before it."""
    # Twice as fast as pickle. The type of what it takes has no public name.
    data = marshal.dumps(cast("bytes", message))
    rest = memoryview(_FRAME.pack(len(data)) + data)
    while rest:
        rest = rest[stream.write(rest) :]  # A pipe may take only a part.
    stream.flush()


def receive(stream: IO[bytes]) -> object:
    """Read one message; None at the end, and when the other side died in the middle of it."""
    header = _read_exactly(stream, _FRAME.size)
    if header is None:
        return None
    (size,) = cast("tuple[int]", _FRAME.unpack(header))
    data = _read_exactly(stream, size)
    return None if data is None else cast("object", marshal.loads(data))  # noqa: S302 - from our own child


def _read_exactly(stream: IO[bytes], size: int) -> bytes | None:
    parts: list[bytes] = []
    while size:
        part = stream.read(size)
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class _Crew:
    """The workers of one reading, and the batches that wait for them."""

    def __init__(self, root: Path, options: ReadOptions, workers: int) -> None:
        self._root = root
        self._options = options
        self._wanted = workers
        self._starts_left = workers + _STARTS
        self._workers: list[_Worker] = []
        self._waiting: deque[list[str]] = deque()
        self._selector = selectors.DefaultSelector()

    def read(self, paths: Sequence[str]) -> Generator[list[PackedFile]]:
        """Read files and give their facts as they come."""
        self._waiting.extend(in_batches(paths, self._wanted))
        for _ in range(min(self._wanted, len(self._waiting))):
            self._start()
        while self._waiting or any(worker.batches for worker in self._workers):
            if not self._workers:
                yield from self._read_the_rest_here()
                return
            for key, _ in self._selector.select(_LOOK_S):
                files = self._take_from(cast("_Worker", key.data))
                if files:
                    yield files
            self._kill_silent()

    def close(self) -> None:
        """Stop every worker."""
        for worker in self._workers:
            worker.stop()
        self._workers.clear()
        self._selector.close()

    def _start(self) -> None:
        if self._starts_left <= 0:
            return
        self._starts_left -= 1
        try:
            worker = _Worker(self._root, self._options)
        except OSError:
            _log.warning("worker_not_started", exc_info=True)
            return
        self._workers.append(worker)
        self._selector.register(worker.output, selectors.EVENT_READ, worker)
        self._feed(worker)

    def _feed(self, worker: _Worker) -> None:
        while self._waiting and len(worker.batches) < _WAITING_BATCHES:
            worker.give(self._waiting.popleft())

    def _take_from(self, worker: _Worker) -> list[PackedFile]:
        answer = worker.receive()
        if answer is not None:
            self._feed(worker)
            return answer.files
        return self._bury(worker)

    def _kill_silent(self) -> None:
        """End the workers that hang; they are buried when their output ends."""
        now = time.monotonic()
        for worker in self._workers:
            if worker.batches and now > worker.silent_after:
                _log.warning("worker_hangs files=%d", len(worker.batches[0]))
                worker.process.kill()

    def _bury(self, worker: _Worker) -> list[PackedFile]:
        """Give back what a dead worker had; gives the facts of a file that killed it all by itself."""
        self._selector.unregister(worker.output)
        self._workers.remove(worker)
        worker.stop()
        lost: list[PackedFile] = []
        for position, batch in enumerate(worker.batches):
            if position == 0 and worker.proved:
                lost = self._split(batch)
            else:
                self._waiting.append(batch)
        _log.warning("worker_died code=%s files=%d", worker.process.returncode, sum(map(len, worker.batches)))
        if worker.proved:
            self._starts_left += 1  # Only a worker that cannot even start counts.
        self._start()
        return lost

    def _split(self, batch: list[str]) -> list[PackedFile]:
        """Have the files of a batch read one by one, so that the one that killed its worker is found at once."""
        if len(batch) > 1:
            self._waiting.extendleft([path] for path in reversed(batch))
            return []
        return [pack_file(skipped(path, Stamp(0, 0, bytes(16)), "unreadable")) for path in batch]

    def _read_the_rest_here(self) -> Generator[list[PackedFile]]:
        _log.warning("no_worker_starts files=%d", sum(map(len, self._waiting)))
        while self._waiting:
            files = read_present(self._root, self._waiting.popleft(), self._options)
            if files:
                yield files
