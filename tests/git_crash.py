"""Kills operations at every step and at random moments, and looks at what is left.

`python tests/git_crash.py ROOT NAME KILL_AT` is the victim: it carries out the operation NAME in the repository ROOT
and kills itself before the write number KILL_AT of git or the journal; 0 lets it run to its end.

An operation is a function of the core and the repository: `OPERATIONS["NAME"] = (prepare, operate)`.
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
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from aura_git.repository import Repository, open_repository
from aura_git.running import Git, Ran
from aura_git.safety import restoring
from aura_git.safety.contract import Gates
from aura_git.safety.core import SafetyCore
from aura_git.safety.journal import Journal
from aura_shared.errors import GateClosed, GitError
from aura_shared.settings import GitSettings
from git_crash_states import Whole, blobs_at_hand, blobs_within_reach, problems, run, staged_alike, whole

TESTS: Final = Path(__file__).parent
ANY: Final = Gates(born=False, at_rest=False)
Prepare = Callable[[Path], None]
Operate = Callable[[SafetyCore, Repository], None]


AT_RANDOM: Final = 0
WITH_CHILDREN: Final = -1
_AT_ONCE: Final = 3


class Named(NamedTuple):
    """An operation that can be killed."""

    prepare: Prepare
    operate: Operate


def _shop(root: Path) -> None:
    """Two branches that conflict, a tag, and changes of every kind."""
    root.mkdir(parents=True)
    run(root, "init", "-q", "-b", "main")
    _put(root, {"a.txt": "a\n" * 40, "b/c.txt": "c\n", "old.txt": "old\n", ".gitignore": "*.log\n"})
    _commit(root, "feat: first")
    run(root, "switch", "-q", "-c", "side")
    _put(root, {"a.txt": "a\n" * 39 + "side\n", "side.txt": "s\n"})
    _commit(root, "feat: side")
    run(root, "switch", "-q", "main")
    _put(root, {"b/c.txt": "main\n"})
    _commit(root, "feat: main")


def _dirty(root: Path) -> None:
    _shop(root)
    _put(root, {"a.txt": "staged\n", "staged.txt": "1\n"})
    run(root, "add", "a.txt", "staged.txt")
    _put(root, {"a.txt": "not staged\n", "new.txt": "new\n", "kept.log": "ignored\n"})
    (root / "old.txt").unlink()


def _conflicting(root: Path) -> None:
    _shop(root)
    _put(root, {"a.txt": "a\n" * 39 + "main\n"})
    _commit(root, "feat: conflicting")
    _put(root, {"new.txt": "new\n"})


def _put(root: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def _commit(root: Path, message: str) -> None:
    run(root, "add", "--all")
    run(root, "commit", "-qF", "-", stdin=message)


def _written(command: str, *calls: tuple[str, ...]) -> Operate:
    """An operation of some calls of git."""

    def operate(core: SafetyCore, repository: Repository) -> None:
        with core.begin(repository, command, command, gates=ANY) as operation:
            for call in calls:
                operation.step(call[0])
                repository.git.write(*call)

    return operate


def _merge(core: SafetyCore, repository: Repository) -> None:
    with core.begin(repository, "merge", "Merge side", gates=ANY) as operation:
        operation.step("merge")
        if repository.git.write("merge", "-q", "--no-edit", "side", ok=(0, 1)).code:
            operation.wait("resolve the conflicts")


def _rebase(core: SafetyCore, repository: Repository) -> None:
    with core.begin(repository, "rebase", "Rebase onto side", gates=ANY) as operation:
        operation.step("rebase")
        if repository.git.write("rebase", "-q", "side", ok=(0, 1)).code:
            operation.wait("resolve the conflicts")


def _after(first: Operate) -> Prepare:
    """A repository in which something was done already."""

    def prepare(root: Path) -> None:
        (_conflicting if first in {_merge, _rebase} else _dirty)(root)
        first(SafetyCore(GitSettings()), open_repository(root))

    return prepare


def _undo(core: SafetyCore, repository: Repository) -> None:
    core.undo(repository)


def _abandon(core: SafetyCore, repository: Repository) -> None:
    core.abandon(repository, core.operations(repository, 1)[0].id)


_COMMIT = _written("commit", ("add", "--all"), ("commit", "-qm", "feat: all of it"))
_BRANCH = _written(
    "branch", ("add", "--all"), ("commit", "-qm", "feat: all"), ("switch", "-q", "side"), ("branch", "-D", "main")
)
OPERATIONS: dict[str, Named] = {
    "commit": Named(_dirty, _COMMIT),
    "branch": Named(_dirty, _BRANCH),
    "merge": Named(_conflicting, _merge),
    "rebase": Named(_conflicting, _rebase),
    "undo of a commit": Named(_after(_COMMIT), _undo),
    "undo of a branch": Named(_after(_BRANCH), _undo),
    "abort of a merge": Named(_after(_merge), _abandon),
    "abort of a rebase": Named(_after(_rebase), _abandon),
}
"""What is killed; others can be added by name."""


@dataclass
class Kill:
    """What one kill left."""

    operation: str
    step: int
    reached: bool
    """Whether the victim died in the middle."""
    state: str = ""
    """Of the operation in the journal, after recovery."""
    broken: str = ""
    """What is wrong; empty when nothing is."""


class Victims:
    """Makes repositories, kills operations in them, and judges what is left.

    Args:
        folder: Where repositories are made.
        operations: What can be killed, by name.
    """

    def __init__(self, folder: Path, operations: Mapping[str, Named] = OPERATIONS) -> None:
        self._folder = folder
        self._operations = operations
        self._made: dict[str, Path] = {}
        self._numbers = itertools.count(1)

    def kill_at(self, name: str, step: int) -> Kill:
        """Kill before the write number `step`; `reached` is false when there are not so many."""
        root, before, at_hand = self._fresh(name)
        with self._started(root, name, step) as victim:
            code = victim.wait(60)
        return self._judged(Kill(name, step, code == -signal.SIGKILL), root, before, at_hand)

    def kill_within(self, name: str, most_s: float, chance: random.Random, *, children: bool = False) -> Kill:
        """Kill at a random moment; with `children`, every git that it started dies in the same moment."""
        root, before, at_hand = self._fresh(name)
        with self._started(root, name, 0) as victim:
            assert victim.stdout is not None
            victim.stdout.readline()
            time.sleep(chance.uniform(0, most_s))
            family = _family(victim.pid) if children else []
            for pid in (victim.pid, *family):
                _end(pid)
            code = victim.wait(60)
        return self._judged(Kill(name, -1, code == -signal.SIGKILL), root, before, at_hand)

    def kill_all(self, wanted: Sequence[tuple[str, int]], *, most_s: float, seed: int) -> list[Kill]:
        """Many kills, some at once: at a step, or `AT_RANDOM` or `WITH_CHILDREN` within `most_s` seconds."""
        for name in dict.fromkeys(name for name, _ in wanted):
            self._original(name)

        def kill(one: tuple[int, tuple[str, int]]) -> Kill:
            number, (name, step) = one
            if step > 0:
                return self.kill_at(name, step)
            return self.kill_within(name, most_s, random.Random(seed + number), children=step == WITH_CHILDREN)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(kill, enumerate(wanted)))

    def duration_s(self, name: str) -> float:
        """How long an operation takes from its begin to its end."""
        root, _, _ = self._fresh(name)
        with self._started(root, name, 0) as victim:
            assert victim.stdout is not None
            victim.stdout.readline()
            began = time.monotonic()
            assert victim.wait(60) == 0
        shutil.rmtree(root)
        return time.monotonic() - began

    def _fresh(self, name: str) -> tuple[Path, Whole, set[str]]:
        root = self._folder / f"victim-{next(self._numbers)}"
        shutil.copytree(self._original(name), root, symlinks=True)
        _moved(root)
        return root, whole(root), blobs_at_hand(root)

    def _original(self, name: str) -> Path:
        if name not in self._made:
            self._made[name] = self._folder / f"original-{len(self._made)}"
            self._operations[name].prepare(self._made[name])
        return self._made[name]

    def _started(self, root: Path, name: str, step: int) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        arguments = [sys.executable, str(TESTS / "git_crash.py"), str(root), name, str(step)]
        return subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE)

    def _judged(self, kill: Kill, root: Path, before: Whole, at_hand: set[str]) -> Kill:
        _wait_for_orphans(root)
        at_hand |= blobs_at_hand(root)
        found = problems(root)
        lost = at_hand - within_reach(root)
        if found or lost:
            kill.broken = "; ".join([*found, *(f"lost {blob}" for blob in sorted(lost))])
            return kill
        kill.broken = self._recovered(kill, root, before, at_hand)
        if not kill.broken:
            shutil.rmtree(root)
        return kill

    def _recovered(self, kill: Kill, root: Path, before: Whole, at_hand: set[str]) -> str:
        """What is wrong after recovery and, where the operation is open, after taking it back."""
        for lock in (*root.glob(".git/*.lock"), *root.glob(".git/refs/**/*.lock")):
            lock.unlink()  # what a person does once told that its owner is dead
        core, repository = SafetyCore(GitSettings(lock_wait_s=5)), open_repository(root)
        known = {record.id for record in core.operations(repository, 50)}
        core.recover(repository)
        records = core.operations(repository, 50)
        kill.state = records[0].state if records else "not begun"
        if kill.state == "interrupted":
            core.abandon(repository, records[0].id)
            if not staged_alike(whole(root), before):
                return "abort does not bring back what was there"
        elif kill.reached and kill.state in {"aborted", "not begun"} and not staged_alike(whole(root), before):
            return f"{kill.state}, and something changed"
        lost = at_hand - within_reach(root)
        left = [path.name for path in (root / ".git/aura/scratch").glob("*")] if known else []
        return "; ".join(
            [*problems(root), *(f"lost {blob}" for blob in sorted(lost)), *(f"left {name}" for name in left)]
        )


def kill_table(kills: Sequence[Kill]) -> list[str]:
    """A line per operation: kills, how many died in the middle, states found in the journal, and what is broken."""
    rows = [f"{'operation':<20} {'kills':>5} {'reached':>7} {'broken':>6}  states after recovery"]
    for name in dict.fromkeys(kill.operation for kill in kills):
        mine = [kill for kill in kills if kill.operation == name]
        states = Counter(kill.state for kill in mine)
        told = ", ".join(f"{count} {state}" for state, count in states.most_common())
        broken, reached = sum(bool(kill.broken) for kill in mine), sum(kill.reached for kill in mine)
        rows.append(f"{name:<20} {len(mine):>5} {reached:>7} {broken:>6}  {told}")
    reached, broken = sum(kill.reached for kill in kills), sum(bool(kill.broken) for kill in kills)
    return [*rows, f"{'all':<20} {len(kills):>5} {reached:>7} {broken:>6}"]


def within_reach(root: Path) -> set[str]:
    """Blobs that can still be had: by git, or as files."""
    return blobs_within_reach(root) | blobs_at_hand(root)


def _moved(root: Path) -> None:
    """The journal names the git folder of its work tree, which is a copy here."""
    for file in (root / ".git/aura/operations").glob("*.json"):
        entry = Journal(open_repository(root)).read(file.stem)
        assert entry is not None
        text = file.read_text().replace(entry.work_tree, str(root / ".git"))
        file.write_text(text)


def _family(pid: int) -> list[int]:
    """Processes that a process started, and theirs."""
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_bytes().rpartition(b")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            child = int(stat.parent.name)
            found += [child, *_family(child)]
    return found


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _wait_for_orphans(root: Path) -> None:
    """A git that outlives its parent finishes what it was told."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        cwds = []
        for link in Path("/proc").glob("[0-9]*/cwd"):
            try:
                cwds.append(str(link.readlink()))
            except OSError:
                continue
        if not any(cwd == str(root) or cwd.startswith(f"{root}/") for cwd in cwds):
            return
        time.sleep(0.005)


def _die_at(step: int) -> None:
    """Die before the write number `step`: of git, of the journal, or of a file that is put in its place."""
    count = 0

    def tick() -> None:
        nonlocal count
        count += 1
        if count == step:
            os.kill(os.getpid(), signal.SIGKILL)

    write, journal_write = Git.write, Journal.write

    def killed_write(self: Git, *arguments: str, stdin: bytes | None = None, ok: tuple[int, ...] = (0,)) -> Ran:
        tick()
        return write(self, *arguments, stdin=stdin, ok=ok)

    def killed_journal(self: Journal, entry: object) -> None:
        tick()
        journal_write(self, entry)  # pyright: ignore[reportArgumentType]

    def before(name: str) -> None:
        original = getattr(restoring, name)

        def killed(*arguments: object) -> object:
            tick()
            return original(*arguments)

        setattr(restoring, name, killed)

    Git.write, Journal.write = killed_write, killed_journal  # pyright: ignore[reportAttributeAccessIssue]
    for name in ("_put", "_replace_index", "_replace_state", "_remove_empty", "_write_whole"):
        before(name)
    replace = os.replace

    def killed_replace(*arguments: object) -> None:
        tick()
        replace(*arguments)  # pyright: ignore[reportArgumentType, reportCallIssue]

    os.replace = killed_replace  # pyright: ignore[reportAttributeAccessIssue]


def main() -> None:
    """The victim."""
    root, name, step = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    repository = open_repository(root)
    if step:
        _die_at(step)
    print("ready", flush=True)
    try:
        OPERATIONS[name].operate(SafetyCore(GitSettings()), repository)
    except (GateClosed, GitError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
