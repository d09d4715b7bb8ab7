"""Branches against git-flow-avh: the same graph, how long each takes, and what a kill at any point leaves.

usage: python tests/bench/git_branches.py [--kills] [--branches 200] [--only WORD]

Each scenario of `tests/git_flow_scenarios.py` is carried out by Debian's `git-flow` and by Aura's functions through the
safety core (locks, snapshots and journal included), in repositories of their own. *same*: commits, parents, messages,
trees, refs of both repositories, tags with their messages, and HEAD are equal. Without git-flow its recorded graphs are
compared, and no time of it is shown.

`--kills` ends a finish of a published release with SIGKILL before each of its writing commands, then goes on with it,
and once more takes it back; `fsck` and the refs are checked each time. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from shutil import which

sys.path.insert(0, str(Path(__file__).parents[1]))

from aura_git.branching.cleaning import propose
from aura_git.branching.drifting import check_drift
from aura_git.branching.finishing import continue_finish
from aura_git.branching.listing import list_branches
from aura_git.branching.reading import read_branching
from aura_git.safety.core import SafetyCore
from aura_shared.errors import GateClosed
from git_flow_scenarios import SCENARIOS, Aura, GitFlow, Graph, graph_of, prepare
from git_lab import CONFIG, GitLab

GOLDEN = Path(__file__).parents[1] / "aura_git" / "branching" / "golden"
KILLED = """\
import os, signal, sys
from pathlib import Path
from aura_git.branching.finishing import finish
from aura_git.branching.reading import read_branching
from aura_git.repository import open_repository
from aura_git.running import Git
from aura_git.safety.core import SafetyCore
from aura_shared.messages.branches import FinishBranch
from aura_shared.settings import GitSettings

repository = open_repository(Path(sys.argv[1]))
left = int(sys.argv[2])
write = Git.write

def dying(self, *arguments, **more):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return write(self, *arguments, **more)

Git.write = dying
request = FinishBranch(project="p", branch="release/1.0")
finish(repository, SafetyCore(GitSettings()), read_branching(repository), request)
"""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", action="store_true")
    parser.add_argument("--branches", type=int, default=200)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _isolate(folder)
        _compare(folder, options.only)
        _reading(folder, options.branches)
        if options.kills:
            for what in ("continue", "abort"):
                _kills(folder / f"kills-{what}", what)


def _isolate(folder: Path) -> None:
    (folder / "gitconfig").write_text(CONFIG)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    os.environ.update(HOME=str(folder), GIT_CONFIG_GLOBAL=str(folder / "gitconfig"), GIT_CONFIG_NOSYSTEM="1")


def _compare(folder: Path, only: str) -> None:
    there = which("git-flow") is not None
    print(f"{'scenario':40} {'same':5} {'git-flow s':>10} {'aura s':>8}")
    totals = [0.0, 0.0]
    same = shown = 0
    for name, scenario in SCENARIOS.items():
        if only not in name:
            continue
        slug = re.sub(r"[^a-z0-9]+", "-", name)
        by_aura, aura_s = _timed(lambda scenario=scenario, slug=slug: _aura(folder / f"aura-{slug}", scenario))
        if there:
            theirs, flow_s = _timed(lambda scenario=scenario, slug=slug: _flow(folder / f"flow-{slug}", scenario))
        else:
            theirs, flow_s = json.loads((GOLDEN / f"{slug}.json").read_text()), 0.0
        totals = [totals[0] + flow_s, totals[1] + aura_s]
        shown += 1
        same += by_aura == theirs
        print(f"{name:40} {'yes' if by_aura == theirs else 'NO':5} {flow_s:10.2f} {aura_s:8.2f}")
    ratio = f", ratio {totals[1] / totals[0]:.2f}" if totals[0] else ""
    print(f"{same} of {shown} the same; git-flow {totals[0]:.1f} s, Aura {totals[1]:.1f} s{ratio}\n")


def _timed(work: Callable[[], Graph]) -> tuple[Graph, float]:
    started = time.perf_counter()
    graph = work()
    return graph, time.perf_counter() - started


def _flow(folder: Path, scenario: Callable[[GitFlow], None]) -> Graph:
    worker = GitFlow(prepare(folder))
    scenario(worker)
    return graph_of(worker.lab)


def _aura(folder: Path, scenario: Callable[[Aura], None]) -> Graph:
    worker = Aura(prepare(folder))
    scenario(worker)
    return graph_of(worker.lab)


def _reading(folder: Path, count: int) -> None:
    """List, drift and clean-up with many branches, beside what git itself says of them."""
    lab = prepare(folder / "many")
    lab.commit("work", {"work": "w\n"})
    stream = "".join(
        f"commit refs/heads/feature/{number}\ncommitter A <a@b> {lab.clock} +0000\ndata 1\nx\nfrom {lab.head()}\n"
        f"M 100644 inline f{number}\ndata 2\nx\n\n"
        for number in range(count)
    )
    lab.git("fast-import", "--quiet", stdin=stream)
    repository = lab.repository()
    branching = read_branching(repository)
    calls: dict[str, Callable[[], object]] = {
        "git branch -vv --merged develop": lambda: lab.git("branch", "-vv", "--merged", "develop"),
        "list": lambda: list_branches(repository, branching),
        "drift": lambda: check_drift(repository, branching),
        "cleanup (proposals)": lambda: propose(repository, branching),
    }
    print(f"{count} branches, none merged")
    for name, call in calls.items():
        started = time.perf_counter()
        call()
        print(f"  {name:34} {time.perf_counter() - started:7.2f} s")
    print()


def _kills(folder: Path, what: str) -> None:
    lab = prepare(folder)
    worker = Aura(lab)
    lab.git("push", "--quiet", "--set-upstream", "origin", "main", "develop")
    worker.start("release", "1.0")
    lab.commit("release", {"version": "1.0\n"})
    lab.git("push", "--quiet", "--set-upstream", "origin", "release/1.0")
    before = lab.refs()
    origin = GitLab(folder / "origin.git")
    points = good = 0
    died = True
    while died:
        points += 1
        command = [sys.executable, "-c", KILLED, str(lab.root), str(points)]
        done = subprocess.run(command, check=False, capture_output=True)
        died = done.returncode == -signal.SIGKILL
        settled = _settle(lab, worker.safety, what)
        if "refs/heads/release/1.0" not in lab.refs():
            worker.safety.undo(lab.repository())
        origin.git("update-ref", "refs/heads/release/1.0", before["refs/heads/release/1.0"])
        lab.git("fetch", "--quiet")
        whole = lab.git("fsck", "--no-dangling") == "" and lab.git("status", "--porcelain") == ""
        good += settled and whole and lab.refs() == before
    print(f"killed at {points - 1} points, then {what}: {good} of {points} whole, with every ref where it was")


def _settle(lab: GitLab, safety: SafetyCore, what: str) -> bool:
    repository = lab.repository()
    record = safety.open_operation(repository)
    if record is None:
        return True
    if what == "continue" and "finish_plan" in record.facts:
        try:
            return continue_finish(safety, repository, record).state == "done"
        except GateClosed:  # nothing had moved yet, so it has ended by itself
            return safety.open_operation(repository) is None
    with suppress(GateClosed):
        safety.abandon(repository, record.id)
    return safety.open_operation(repository) is None


if __name__ == "__main__":
    main()
