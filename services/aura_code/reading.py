"""Reads files: `read_file` one in this process, `read_files` many in worker processes.

A worker that dies costs one file, not the index.

Each worker is a fresh interpreter with two pipes: it imports nothing but what reading needs, inherits no socket of
the bus, and ends when its input ends, so that it never outlives the process that started it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import selectors
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import IO, NamedTuple, cast

from aura_code.content import DEFAULT_OPTIONS, ReadOptions, read_file
from aura_code.facts import FileFacts, Stamp

__all__ = ["ReadOptions", "read_file", "read_files"]

BATCH_FILES = 32
FEW_FILES = 200
"""Up to so many files are read in this process: starting workers takes longer."""
IN_PROCESS_BATCH = 50
_FRAME = struct.Struct("!I")
_WAITING_BATCHES = 2  # One at work and one in the pipe, so that a worker never waits for its next.
_STARTS = 3
_DROPPED_VARIABLES = ("AURA_READY_FD", "AURA_DEATH_FD")

_log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """What a worker sends back, several times for one batch."""

    done: int
    """How many paths of the batch this covers, in their order."""
    facts: list[FileFacts]
    """Fewer when files have vanished."""


def read_files(
    root: Path, paths: Sequence[str], options: ReadOptions = DEFAULT_OPTIONS, workers: int = 2
) -> Generator[list[FileFacts]]:
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


def _read_here(root: Path, paths: Sequence[str], options: ReadOptions) -> Generator[list[FileFacts]]:
    for at in range(0, len(paths), IN_PROCESS_BATCH):
        facts = read_present(root, paths[at : at + IN_PROCESS_BATCH], options)
        if facts:
            yield facts


def read_present(root: Path, paths: Sequence[str], options: ReadOptions) -> list[FileFacts]:
    """The facts of those files that still exist."""
    facts: list[FileFacts] = []
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            facts.append(read_file(root, path, options))
    return facts


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
        self.send((os.fspath(root), options))

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
        self.batches.append(batch)
        self.send(batch)

    def receive(self) -> Answer | None:
        """Its next answer; None when it is dead."""
        answer = receive(self.output)
        if not isinstance(answer, Answer):
            return None
        self.proved = True
        batch = self.batches[0] if self.batches else []
        del batch[: answer.done]
        if self.batches and not batch:
            self.batches.popleft()
        return answer

    def stop(self) -> None:
        """End it and wait for that."""
        self.process.kill()
        for stream in (self.input, self.output):
            with contextlib.suppress(OSError):
                stream.close()
        self.process.wait()


def send(stream: IO[bytes], message: object) -> None:
    """Write one message, with its length before it."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
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
    return None if data is None else cast("object", pickle.loads(data))  # noqa: S301 - from our own child


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

    def read(self, paths: Sequence[str]) -> Generator[list[FileFacts]]:
        """Read files and give their facts as they come."""
        self._waiting.extend([list(paths[at : at + BATCH_FILES]) for at in range(0, len(paths), BATCH_FILES)])
        for _ in range(min(self._wanted, len(self._waiting))):
            self._start()
        while self._waiting or any(worker.batches for worker in self._workers):
            if not self._workers:
                yield from self._read_the_rest_here()
                return
            for key, _ in self._selector.select():
                facts = self._take_from(cast("_Worker", key.data))
                if facts:
                    yield facts

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

    def _take_from(self, worker: _Worker) -> list[FileFacts]:
        answer = worker.receive()
        if answer is not None:
            self._feed(worker)
            return answer.facts
        return self._bury(worker)

    def _bury(self, worker: _Worker) -> list[FileFacts]:
        """Give back what a dead worker had; gives the facts of a file that killed it all by itself."""
        self._selector.unregister(worker.output)
        self._workers.remove(worker)
        worker.stop()
        lost: list[FileFacts] = []
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

    def _split(self, batch: list[str]) -> list[FileFacts]:
        if len(batch) == 1:
            return [
                FileFacts(batch[0], Stamp(0, 0, bytes(16)), "", 0, (), (), (), (), broken=False, skipped="unreadable")
            ]
        half = len(batch) // 2
        self._waiting.extendleft([batch[half:], batch[:half]])
        return []

    def _read_the_rest_here(self) -> Generator[list[FileFacts]]:
        _log.warning("no_worker_starts files=%d", sum(map(len, self._waiting)))
        while self._waiting:
            facts = read_present(self._root, self._waiting.popleft(), self._options)
            if facts:
                yield facts
