"""Search engines in processes of their own, and what they cost there."""

import contextlib
import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from bench.scoring import Hit

ENGINES = ("aura", "semble", "bm25s", "ripgrep")
CHILD = Path(__file__).with_name("peer_child.py")
SAMPLE_S = 0.02  # a small repository is indexed in a third of a second
SAMPLE_SHARE = 0.05  # of the time may go into sampling: the figures of a large process take milliseconds to read


class EngineError(Exception):
    """The engine is missing, failed, or did not answer in time."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a cold index took."""

    chunks: int
    wall_s: float
    cpu_s: float
    """User and system time of the whole process tree."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer."""

    hits: tuple[Hit, ...]
    ms: tuple[float, ...]
    """One figure per repetition, the first one cold."""


class PeakMemory:
    """The most memory a process and its descendants held together, sampled from a thread.

    Proportional set size where the system tells it (pages that processes share count once), else resident set size.
    """

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._process = psutil.Process(pid)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no further samples."""
        self._stop.set()
        self._thread.join()

    def sample(self) -> int:
        """Look once more; returns the most bytes so far."""
        self.bytes = max(self.bytes, sum(held(process) for process in tree(self._process)))
        return self.bytes

    def _run(self) -> None:
        pause = SAMPLE_S
        while not self._stop.wait(pause):
            before = time.perf_counter()
            self.sample()
            pause = max(SAMPLE_S, (time.perf_counter() - before) / SAMPLE_SHARE)


def tree(process: psutil.Process) -> list[psutil.Process]:
    """The process and its descendants; nothing once it is gone."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def held(process: psutil.Process) -> int:
    """Bytes of memory that a process holds; 0 once it is gone."""
    try:
        pss = getattr(process.memory_full_info(), "pss", None)
        return int(process.memory_info().rss if pss is None else pss)
    except (psutil.Error, OSError):
        return 0


def cpu_seconds(pid: int) -> float:
    """Processor time of a process tree so far, with the children that already ended."""
    total = 0.0
    for process in tree(psutil.Process(pid)):
        with contextlib.suppress(psutil.Error):
            times: Any = process.cpu_times()
            total += times.user + times.system
            total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return total


class EngineProcess:
    """One engine over one folder; used as a context, ends with it."""

    def __init__(self, name: str, interpreter: str, environment: Mapping[str, str], timeout_s: float) -> None:
        self.name = name
        self._timeout_s = timeout_s
        self._child = subprocess.Popen(
            [interpreter, str(CHILD), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, **environment},
        )
        self._complaints: list[str] = []
        self._reader = threading.Thread(target=self._keep_complaints, name=f"{name}-stderr", daemon=True)
        self._reader.start()
        self._memory = PeakMemory(self._child.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._memory.stop()
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        with contextlib.suppress(OSError):
            self._child.stdin.close()
        try:
            self._child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._kill()
            self._child.wait()
        self._child.stdout.close()
        self._reader.join(timeout=10)

    @property
    def peak_bytes(self) -> int:
        """The most memory that the engine's process tree held so far."""
        return self._memory.sample()

    def build(self, root: Path, directory: Path, workers: int) -> Built:
        """Index a folder from nothing."""
        before = cpu_seconds(self._child.pid)
        reply = self._ask({"op": "build", "root": str(root), "directory": str(directory), "workers": workers})
        cpu = cpu_seconds(self._child.pid) - before
        return Built(chunks=int(reply["chunks"]), wall_s=float(reply["seconds"]), cpu_s=cpu)

    def search(
        self, query: str, *, limit: int, without: Sequence[str] = (), repeats: int = 1, below: str = ""
    ) -> Answered:
        """The best spans for a question.

        Args:
            query: The question.
            limit: How many spans at most.
            without: Parts of the ranking to leave out.
            repeats: How often to ask, for the timing.
            below: The folder of the checkout that was indexed; paths come back relative to the checkout.
        """
        request = {"op": "search", "query": query, "limit": limit, "without": list(without), "repeats": repeats}
        reply = self._ask(request)
        prefix = f"{below}/" if below else ""
        found = reply["hits"]
        hits = tuple(Hit(prefix + str(path), int(start), int(end), float(score)) for path, start, end, score in found)
        return Answered(hits=hits, ms=tuple(float(value) for value in reply["ms"]))

    def ranking_parts(self) -> tuple[str, ...]:
        """The parts of the ranking that `search` can leave out."""
        return tuple(str(part) for part in self._ask({"op": "parts"})["parts"])

    def _ask(self, request: Mapping[str, object]) -> dict[str, Any]:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        alarm = threading.Timer(self._timeout_s, self._kill)
        alarm.start()
        try:
            self._child.stdin.write(json.dumps(dict(request)) + "\n")
            self._child.stdin.flush()
            line = self._child.stdout.readline()
        except OSError:
            line = ""
        finally:
            alarm.cancel()
        if not line:
            last = self._complaints[-1] if self._complaints else "no complaint"
            raise EngineError(f"{self.name} ended or took over {self._timeout_s:.0f} s: {last}")
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise EngineError(f"{self.name}: {reply['error']}")
        return reply

    def _kill(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in tree(psutil.Process(self._child.pid)):
                process.kill()

    def _keep_complaints(self) -> None:
        assert self._child.stderr is not None
        for line in self._child.stderr:
            self._complaints.append(line.rstrip())
        self._child.stderr.close()


@contextlib.contextmanager
def started(
    name: str, interpreter: str, *, environment: Mapping[str, str] | None = None, timeout_s: float = 600
) -> Generator[tuple[EngineProcess, Path]]:
    """A running engine and an empty folder for its index, both gone afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="search-quality-", ignore_cleanup_errors=True) as directory,
        EngineProcess(name, interpreter, environment or {}, timeout_s) as engine,
    ):
        yield engine, Path(directory)
