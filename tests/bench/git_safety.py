"""What the safety core costs at 40,000 files.

Prints: snapshot and status against `git status` in the same run; and false alarms of the look at commits on real
repositories (folders given as arguments). `git_crashes.py` has the kills.

    python tests/bench/git_safety.py [--files 40000] [REPOSITORY ...]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from aura_git.repository import Repository, open_repository, read_state
from aura_git.safety.concerns import find_concerns_between
from aura_git.safety.contract import Gates
from aura_git.safety.core import SafetyCore
from aura_git.safety.remembered import forget
from aura_git.safety.snapshots import take_snapshot
from aura_shared.errors import GitError
from aura_shared.settings import GitSettings
from git_crash_states import run
from git_lab import CONFIG

REPEATS: Final = 9
COMMITS: Final = 300
LARGEST: Final = 5_000_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=40_000)
    parser.add_argument("repositories", nargs="*", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aura-git-") as name:
        folder = Path(name)
        (folder / "gitconfig").write_text(CONFIG)
        os.environ.update(GIT_CONFIG_GLOBAL=str(folder / "gitconfig"), GIT_CONFIG_NOSYSTEM="1")
        print_costs(folder / "large", chosen.files)
        for repository in chosen.repositories:
            print_alarms(repository)


def print_costs(root: Path, files: int) -> None:
    """Median seconds of each, and how often `git status` would fit in."""
    make(root, files)
    repository, core = open_repository(root), SafetyCore(GitSettings())
    numbers = iter(range(10_000))
    rows: dict[str, Callable[[], object]] = {
        "git status (every untracked file)": lambda: run(root, "status", "--porcelain=v2", "--branch", "-z", "-uall"),
        "git status": lambda: run(root, "status", "--porcelain=v2", "--branch", "-z"),
        "state of the repository": lambda: read_state(repository),
        "snapshot, the first of a process": lambda: first(repository, f"op{next(numbers)}"),
        "snapshot": lambda: take_snapshot(repository, f"op{next(numbers)}", "before"),
        "snapshot + gates + journal": lambda: begin(core, repository),
    }
    states = {
        "clean": lambda: None,
        "20 files changed, 5 untracked": lambda: change(root, 20),
        "2,000 files changed, 5 untracked": lambda: change(root, 2000),
    }
    for title, arrange in states.items():
        arrange()
        times: dict[str, list[float]] = {name: [] for name in rows}
        for _ in range(REPEATS):
            for name, work in rows.items():
                began = time.perf_counter()
                work()
                times[name].append(time.perf_counter() - began)
        peer = statistics.median(times["git status"])
        print(f"\n{files:,} files, {title}: median of {REPEATS}")
        for name, taken in times.items():
            median = statistics.median(taken)
            print(f"  {name:<36} {median:6.3f} s  {median / peer:5.2f} x git status  (least {min(taken):.3f} s)")


def first(repository: Repository, operation: str) -> None:
    """A snapshot that knows nothing of an earlier one."""
    forget(repository.git_dir)
    take_snapshot(repository, operation, "before")


def begin(core: SafetyCore, repository: Repository) -> None:
    """An operation's begin and end, without what it would do: two snapshots."""
    with core.begin(repository, "test", "Nothing", gates=Gates()):
        pass


def make(root: Path, files: int) -> None:
    """A repository with many small files."""
    root.mkdir(parents=True)
    run(root, "init", "-q")
    for number in range(files):
        folder = root / f"{number % 40:02}" / f"{number // 40 % 25:02}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"module_{number}.py").write_text(f"value_{number} = {number}\n" * 5)
    run(root, "add", "--all")
    run(root, "commit", "-qm", "feat: many files")


def change(root: Path, files: int) -> None:
    """Change some files and make some."""
    for number in range(files):
        folder = root / f"{number % 40:02}" / f"{number // 40 % 25:02}"
        (folder / f"module_{number}.py").write_text(f"changed {number}\n")
    for number in range(5):
        (root / f"untracked-{number}.txt").write_text("new\n")


def print_alarms(root: Path) -> None:
    """How many of the last commits would have been held back, and by which rules."""
    repository = open_repository(root)
    listed = repository.git.read("rev-list", "--no-merges", "--parents", f"--max-count={COMMITS}", "HEAD").lines
    rules: Counter[str] = Counter()
    looked, held, began = 0, 0, time.perf_counter()
    for commit, *parents in (line.split() for line in listed):
        if not parents:
            continue
        try:
            found = find_concerns_between(repository, parents[0], commit, largest_bytes=LARGEST)
        except GitError:
            continue  # a partial clone has not everything
        blocking = {concern.rule for concern in found if concern.blocks}
        looked, held = looked + 1, held + bool(blocking)
        rules.update(blocking)
    each_ms = (time.perf_counter() - began) / max(1, looked) * 1000
    print(f"  {root.name:<14} {held:>3} of {looked} commits held back  {dict(rules)}  {each_ms:.0f} ms each")


if __name__ == "__main__":
    main()
