"""Prints what simulating merges and rebases costs beside plain git, over real merges of given repositories.

usage: python tests/bench/git_merging.py [--merges N] [--rebases N] REPOSITORY...

Each repository is cloned without copying its objects. Merges: real two-parent merges from the whole history are merged
in memory (`trees.merge_trees`, with everything that git says parsed), simulated (`simulation.simulate`: names, where
both part, and the outcome besides), and given to bare `git merge-tree --write-tree`, in turns, the best of three
times of each; the trees have to be the same. `ratio` is the merge against git, `all` the whole simulation; of medians.
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
from dataclasses import dataclass, field
from pathlib import Path

from aura_git.merging.replay import plan_replay, replay
from aura_git.merging.simulation import simulate
from aura_git.merging.trees import merge_trees
from aura_git.repository import Repository, open_repository

MOST_COMMITS = 30
ROUNDS = 3
ENVIRONMENT = {**os.environ, "GIT_LFS_SKIP_SMUDGE": "1", "GIT_EDITOR": ":"}


@dataclass
class Times:
    """Seconds of both, pair by pair."""

    ours: list[float] = field(default_factory=list[float])
    plain: list[float] = field(default_factory=list[float])
    whole: list[float] = field(default_factory=list[float])
    """Of the whole simulation."""
    extra: list[float] = field(default_factory=list[float])
    """With what plain git needs besides, such as a work tree."""
    different: int = 0
    conflicts: int = 0

    def row(self, name: str) -> str:
        """Its line of the table."""
        ours, plain = statistics.median(self.ours), statistics.median(self.plain)
        ratio = ours / plain
        extra = f"{statistics.median(self.whole) / plain:8.2f}" if self.whole else ""
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
        best = {"ours": 9.0, "whole": 9.0, "plain": 9.0}
        plain = ""
        for number in range(ROUNDS):
            for who in ("ours", "plain", "whole") if number % 2 else ("whole", "plain", "ours"):
                began = time.perf_counter()
                if who == "ours":
                    merge_trees(repository.git, "HEAD", theirs)
                elif who == "whole":
                    simulate(repository, theirs)
                else:
                    plain = git(folder, "merge-tree", "--write-tree", "HEAD", theirs, ok=False)
                best[who] = min(best[who], time.perf_counter() - began)
        times.ours.append(best["ours"])
        times.plain.append(best["plain"])
        times.whole.append(best["whole"])
        times.different += plain.partition("\n")[0] != seen.merged.tree
        times.conflicts += seen.outcome == "conflicts"
    return times


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
    print("Merge simulation against `git merge-tree --write-tree`\n" + HEADERS + f"{'all':>8}")
    for source in wanted.repositories:
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / "clone.git"
            git(Path(parent), "clone", "--quiet", "--bare", "--shared", str(source.resolve()), str(folder))
            pairs = merges_of(folder, wanted.merges)
            print(time_merges(folder, pairs).row(source.name), flush=True)
            times = time_rebases(folder, pairs, wanted.rebases)
            if times.ours:
                rebases.append(times.row(source.name))
    print("\nRebase in memory against `git rebase` in a work tree (last column: with making and removing it)")
    print(HEADERS + "    tree ms")
    print("\n".join(rebases))


if __name__ == "__main__":
    sys.exit(main())
