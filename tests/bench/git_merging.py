"""Prints what simulating merges and rebases costs beside plain git, over real merges of given repositories.

usage: python tests/bench/git_merging.py [--merges N] [--rebases N] REPOSITORY...

Each repository is cloned without copying its objects. Merges: real two-parent merges from the whole history are merged
in memory (`trees.merge_trees`, with everything that git says parsed), simulated (`simulation.simulate`: the commits and
trees of both names, the branch, and the outcome besides), previewed (with `simulation.forecast`: where both part, what
changes, each conflict with its proposal, what is in the way), told as a whole (with who wrote what of each conflict,
and the check of meaning), and given to bare `git merge-tree --write-tree`, in turns, the best of five times of each;
the trees have to be the same. `ratio` is the merge against git, `all` the simulation, then the preview and the whole;
of medians. `calls` are processes of git for the simulation and the whole, medians.
Rebases: the branch behind a merge is replayed in memory onto the other parent, and by `git rebase` in a temporary work
tree; the trees at the end have to be the same.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from aura_git.merging.replay import plan_replay, replay
from aura_git.merging.settling import Accepted
from aura_git.merging.simulation import forecast, simulate
from aura_git.merging.trees import merge_trees
from aura_git.repository import Repository, open_repository
from aura_git.running import Git

MOST_COMMITS = 30
ROUNDS = 5
ENVIRONMENT = {**os.environ, "GIT_LFS_SKIP_SMUDGE": "1", "GIT_EDITOR": ":"}


@dataclass
class Times:
    """Seconds of both, pair by pair."""

    ours: list[float] = field(default_factory=list[float])
    plain: list[float] = field(default_factory=list[float])
    whole: list[float] = field(default_factory=list[float])
    """Of the whole simulation."""
    preview: list[float] = field(default_factory=list[float])
    told: list[float] = field(default_factory=list[float])
    calls: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Processes of git for a simulation, and for all that is told."""
    extra: list[float] = field(default_factory=list[float])
    """With what plain git needs besides, such as a work tree."""
    different: int = 0
    conflicts: int = 0

    def row(self, name: str) -> str:
        """Its line of the table."""
        ours, plain = statistics.median(self.ours), statistics.median(self.plain)
        ratio = ours / plain
        wholes = (self.whole, self.preview, self.told) if self.whole else ()
        extra = "".join(f"{statistics.median(one) / plain:9.2f}" for one in wholes)
        if self.calls:
            few, many = zip(*self.calls, strict=True)
            extra += f"{statistics.median(few):7.0f} {statistics.median(many):5.0f}"
        extra += f"{1000 * statistics.median(self.extra):11.1f}" if self.extra else ""
        return (
            f"{name:<16}{len(self.ours):>7}{self.conflicts:>11}{self.different:>11}"
            f"{1000 * ours:>11.1f}{1000 * plain:>11.1f}{ratio:>8.2f}{extra}"
        )


def git(folder: Path, *arguments: str, ok: bool = True) -> str:
    """What plain git prints."""
    command = ["git", "-c", "user.name=Bench", "-c", "user.email=bench@localhost", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, env=ENVIRONMENT)
    if ok and done.returncode not in {0, 1}:
        raise SystemExit(f"git {arguments}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode(errors="replace").strip()


def merges_of(folder: Path, count: int) -> list[tuple[str, str]]:
    """Parents of merges with two parents, newest first."""
    lines = git(folder, "rev-list", "--merges", "--min-parents=2", "--max-parents=2", "--parents", "--all").splitlines()
    step = max(1, len(lines) // count)
    return [(line.split()[1], line.split()[2]) for line in lines[::step][:count]]


def at(folder: Path, commit: str) -> Repository:
    """The bare clone with a commit checked out, as far as that goes."""
    git(folder, "update-ref", "--no-deref", "HEAD", commit)
    return open_repository(folder)


def time_merges(folder: Path, pairs: list[tuple[str, str]]) -> Times:
    """Simulate each merge, and give it to `git merge-tree`; the best of three rounds counts, in changing order."""
    times = Times()
    for ours, theirs in pairs:
        repository = at(folder, ours)
        seen = simulate(repository, theirs)
        if seen.merged is None:
            continue
        ways = ways_of(folder, repository, theirs)
        best = dict.fromkeys(ways, 99.0)
        for number in range(ROUNDS):
            for who in sorted(ways, reverse=bool(number % 2)):
                began = time.perf_counter()
                ways[who]()
                best[who] = min(best[who], time.perf_counter() - began)
        for who, seconds in best.items():
            getattr(times, who).append(seconds)
        times.calls.append((calls_of(ways["whole"]), calls_of(ways["told"])))
        times.different += str(ways["plain"]()).partition("\n")[0] != seen.merged.tree
        times.conflicts += seen.outcome == "conflicts"
    return times


def ways_of(folder: Path, repository: Repository, theirs: str) -> dict[str, Callable[[], object]]:
    """What is compared, by the names of `Times`."""
    return {
        "ours": lambda: merge_trees(repository.git, "HEAD", theirs),
        "plain": lambda: git(folder, "merge-tree", "--write-tree", "HEAD", theirs, ok=False),
        "whole": lambda: simulate(repository, theirs),
        "preview": lambda: forecast(repository, simulate(repository, theirs), Accepted(), explained=False),
        "told": lambda: forecast(repository, simulate(repository, theirs), Accepted()),
    }


def calls_of(work: Callable[[], object]) -> int:
    """Processes of git that some work starts."""
    with patch.object(Git, "_call", autospec=True, side_effect=Git._call) as called:
        work()
    return called.call_count


def time_rebases(folder: Path, pairs: list[tuple[str, str]], count: int) -> Times:
    """Replay the branch behind each merge, in memory and by `git rebase`."""
    times = Times()
    for onto, branch in pairs:
        if len(times.ours) == count:
            break
        repository = at(folder, branch)
        plan = plan_replay(repository, onto)
        if not 0 < len(plan.picks) <= MOST_COMMITS or plan.flattened:
            continue
        began = time.perf_counter()
        done, _ = replay(repository, plan_replay(repository, onto))
        ours = time.perf_counter() - began
        if any(one.outcome == "conflicts" for one in done):
            times.conflicts += 1
            continue
        tree, seconds, extra = plain_rebase(folder, branch, onto)
        times.ours.append(ours)
        times.plain.append(seconds)
        times.extra.append(extra)
        times.different += tree != git(folder, "rev-parse", f"{done[-1].new}^{{tree}}")
    return times


def plain_rebase(folder: Path, branch: str, onto: str) -> tuple[str, float, float]:
    """The tree that `git rebase` ends with, its seconds, and those with the temporary work tree."""
    with tempfile.TemporaryDirectory() as parent:
        tree = Path(parent) / "work"
        began = time.perf_counter()
        git(folder, "worktree", "add", "--quiet", "--detach", str(tree), branch)
        started = time.perf_counter()
        git(tree, "rebase", "--quiet", onto)
        seconds = time.perf_counter() - started
        found = git(tree, "rev-parse", "HEAD^{tree}")
        git(folder, "worktree", "remove", "--force", str(tree))
        return found, seconds, time.perf_counter() - began


HEADERS = f"{'repository':<16}{'count':>7}{'conflicts':>11}{'different':>11}{'Aura ms':>11}{'git ms':>11}{'ratio':>8}"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", type=Path, metavar="REPOSITORY")
    parser.add_argument("--merges", type=int, default=100, help="most merges of each")
    parser.add_argument("--rebases", type=int, default=15, help="most rebases of each")
    wanted = parser.parse_args()
    rebases: list[str] = []
    print("Merge simulation against `git merge-tree --write-tree`\n" + HEADERS + "      all  preview    whole  calls")
    for source in wanted.repositories:
        name = source.parent.name[:15] if source.name == "repo" else source.name
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / "clone.git"
            git(Path(parent), "clone", "--quiet", "--bare", "--shared", str(source.resolve()), str(folder))
            pairs = merges_of(folder, wanted.merges)
            print(time_merges(folder, pairs).row(name), flush=True)
            times = time_rebases(folder, pairs, wanted.rebases)
            if times.ours:
                rebases.append(times.row(name))
    print("\nRebase in memory against `git rebase` in a work tree (last column: with making and removing it)")
    print(HEADERS + "    tree ms")
    print("\n".join(rebases))


if __name__ == "__main__":
    sys.exit(main())
