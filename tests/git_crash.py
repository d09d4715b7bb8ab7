"""Kills every writing operation at any step and at random moments, and judges what is left.

`python tests/git_crash.py` forks victims: for each line `ROOT<tab>NAME<tab>STEP` that it reads, a child carries out the
operation NAME in the repository ROOT, and dies before its write number STEP (0 lets it run). It answers with the number
of the child's process, and after another line with its exit status.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Final, Self

from aura_git.repository import open_repository
from aura_git.running import Git, Ran
from aura_git.safety import restoring
from aura_git.safety.core import SafetyCore
from aura_git.safety.journal import Journal
from aura_shared.settings import GitSettings
from git_crash_judging import Expected, Judge, Kill, expected_of
from git_crash_operations import OPERATIONS, Named, dated
from git_crash_states import blobs_at_hand, whole

__all__ = ["AT_RANDOM", "WITH_CHILDREN", "Kill", "Victims", "end", "kill_table"]

AT_RANDOM: Final = 0
"""Instead of a step: at a random moment; git goes on to the end of what it is at."""
WITH_CHILDREN: Final = -1
"""At a random moment, and every git that it started dies in the same moment."""
_AT_ONCE: Final = 2


class Victims:
    """Makes repositories, kills operations in them, and judges what is left; a context manager.

    Args:
        folder: Where repositories are made.
        operations: What can be killed, by name.
        every_way: Whether every way out that is offered is tried after each kill, instead of one.
    """

    def __init__(self, folder: Path, operations: Mapping[str, Named] = OPERATIONS, *, every_way: bool = False) -> None:
        self._folder = folder
        self._operations = operations
        self._every_way = every_way
        self._expected: dict[str, Expected] = {}
        self._numbers = itertools.count(1)
        self._forks: SimpleQueue[_Forks] = SimpleQueue()

    def __enter__(self) -> Self:
        for _ in range(_AT_ONCE):
            self._forks.put(_Forks())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while not self._forks.empty():
            self._forks.get().close()

    def kill_all(self, wanted: Sequence[tuple[str, int]], *, seed: int) -> list[Kill]:
        """Many kills, two at once.

        Args:
            wanted: Name, and before which write, or `AT_RANDOM` or `WITH_CHILDREN` for a random moment of its run.
            seed: Of the moments, and of the way out that is tried.
        """
        for name in dict.fromkeys(name for name, _ in wanted):
            self._prepare(name)

        def kill(one: tuple[int, tuple[str, int]]) -> Kill:
            number, (name, step) = one
            return self._kill(name, step, random.Random(seed + number))

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(kill, enumerate(wanted)))

    def steps_of(self, name: str) -> int:
        """How many writes an operation has, of git, the journal and files."""
        return self._prepare(name).steps

    def _kill(self, name: str, step: int, chance: random.Random) -> Kill:
        root, expected = self._fresh(name), self._prepare(name)
        at_hand = blobs_at_hand(root)
        forks = self._forks.get()
        try:
            moment_s = chance.uniform(0, expected.duration_s) if step <= 0 else 0
            code = forks.run(root, name, step, moment_s=moment_s, children=step == WITH_CHILDREN)
        finally:
            self._forks.put(forks)
        kill = Kill(name, step, reached=code == -signal.SIGKILL)
        wait_for_orphans(root)
        Judge(kill, self._operations[name], root, expected, at_hand).judge(chance, every_way=self._every_way)
        if not kill.broken:
            shutil.rmtree(root.parent)
        return kill

    def _prepare(self, name: str) -> Expected:
        """Make the repository, and find out what a run to the end makes of it."""
        if name not in self._expected:
            if not self._original(name).exists():
                self._operations[name].prepare(self._original(name))
            root = self._fresh(name)
            before = whole(root)
            forks = self._forks.get()
            try:
                began = time.perf_counter()
                code = forks.run(root, name, 0)
                duration_s = time.perf_counter() - began
                assert code == 0, f"{name} ended with {code}"
            finally:
                self._forks.put(forks)
            steps = int((root.parent / "steps").read_text())
            self._expected[name] = expected_of(self._fresh(name), before, whole(root), duration_s, steps)
        return self._expected[name]

    def _original(self, name: str) -> Path:
        same = [one.prepare for one in self._operations.values()].index(self._operations[name].prepare)
        folder = self._folder / f"original-{same}"
        folder.mkdir(exist_ok=True)
        return folder / "shop"

    def _fresh(self, name: str) -> Path:
        folder = self._folder / f"victim-{next(self._numbers)}"
        shutil.copytree(self._original(name).parent, folder, symlinks=True)
        _moved(folder / "shop")
        return folder / "shop"


def _moved(root: Path) -> None:
    """The journal names the git folder of its work tree, which is a copy here."""
    for file in (root / ".git/aura/operations").glob("*.json"):
        entry = Journal(open_repository(root)).read(file.stem)
        assert entry is not None
        file.write_text(file.read_text().replace(entry.work_tree, str(root / ".git")))


class _Forks:
    """The process that forks victims, so that Python starts once and not for each."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = subprocess.Popen(
            [sys.executable, __file__], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def run(self, root: Path, name: str, step: int, *, moment_s: float = 0, children: bool = False) -> int:
        """Carry an operation out; returns the exit status, negative for a signal.

        Args:
            root: The repository.
            name: Of the operation.
            step: Before which write it dies; 0 or less for none.
            moment_s: After how long it is killed; 0 for never.
            children: Whether all processes that it started are killed with it.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{root}\t{name}\t{max(0, step)}\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        if moment_s:
            time.sleep(moment_s)
            end(pid, children=children)
        self._process.stdin.write("\n")  # only now its end is looked at, and its number can be given anew
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=20)


def end(pid: int, *, children: bool) -> None:
    """kill -9, of a process alone or with all that it started: calls of git have groups of their own."""
    for one in (pid, *(_family(pid) if children else ())):
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def _family(pid: int) -> list[int]:
    """Processes that a process started, and theirs."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError):
            parents.setdefault(int(stat.read_bytes().rpartition(b")")[2].split()[1]), []).append(int(stat.parent.name))
    found, waiting = list[int](), [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def wait_for_orphans(root: Path) -> None:
    """A git that outlives its parent finishes what it was told."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        cwds = []
        for link in Path("/proc").glob("[0-9]*/cwd"):
            with suppress(OSError):
                cwds.append(str(link.readlink()))
        if not any(cwd.startswith(f"{root.parent}/") for cwd in cwds):
            return
        time.sleep(0.005)


def kill_table(kills: Sequence[Kill]) -> list[str]:
    """A line per operation: kills, how many died in the middle, how many are whole afterwards, and the ways tried."""
    names = list(dict.fromkeys(kill.operation for kill in kills))
    rows = [
        f"{'operation':<22} {'kills':>5} {'died in the middle':>18} {'whole afterwards':>16} {'broken':>6}  ways out"
    ]
    for name in (*names, ""):
        mine = [kill for kill in kills if name in {"", kill.operation}]
        ways = [way for kill in mine for way in kill.ways]
        told = ", ".join(f"{ways.count(way)} {way}" for way in dict.fromkeys(sorted(ways)))
        broken, reached = sum(bool(kill.broken) for kill in mine), sum(kill.reached for kill in mine)
        counts = f"{len(mine):>5} {reached:>18} {len(mine) - broken:>16} {broken:>6}"
        rows.append(f"{name or 'all':<22} {counts}  {told}".rstrip())
    return rows


def _count_steps(step: int) -> Callable[[], int]:
    """Die before the write number `step`: of git, of the journal, or of a file that is put in its place."""
    count = 0

    def tick() -> None:
        nonlocal count
        count += 1
        if count == step:
            os.kill(os.getpid(), signal.SIGKILL)

    write, journal_write = Git.write, Journal.write

    def killed_write(self: Git, *arguments: str, stdin: bytes | None = None, ok: Collection[int] = (0,)) -> Ran:
        tick()
        return write(self, *arguments, stdin=stdin, ok=ok)

    def killed_journal(self: Journal, entry: object) -> None:
        tick()
        journal_write(self, entry)  # pyright: ignore[reportArgumentType]

    def before(place: object, name: str) -> None:
        original = getattr(place, name)

        def killed(*arguments: object, **more: object) -> object:
            tick()
            return original(*arguments, **more)

        setattr(place, name, killed)

    Git.write, Journal.write = killed_write, killed_journal  # pyright: ignore[reportAttributeAccessIssue]
    for name in ("_put", "_replace_index", "_replace_state", "_remove_empty"):
        before(restoring, name)
    for name in ("replace", "rename", "link"):
        before(os, name)
    return lambda: count


def _victim(root: Path, name: str, step: int) -> None:
    """Carry the operation out and count its writes; never comes back."""
    code = 1
    try:
        counted = _count_steps(step)
        OPERATIONS[name].operate(SafetyCore(GitSettings()), dated(root))
        (root.parent / "steps").write_text(str(counted()))
        code = 0
    except BaseException as error:  # noqa: BLE001 - told, and the process ends
        print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    os._exit(code)


def main() -> None:
    """Fork victims until the input ends."""
    while line := sys.stdin.readline():
        root, name, step = line.rstrip("\n").split("\t")
        pid = os.fork()
        if not pid:
            os.dup2(2, 1)
            _victim(Path(root), name, int(step))
        print(pid, flush=True)
        sys.stdin.readline()
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
