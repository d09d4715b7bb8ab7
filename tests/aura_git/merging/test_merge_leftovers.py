"""Processes that die in the middle: nothing is lost, nothing temporary stays, and it goes on or back afterwards."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aura_git.merging.leftovers import apart_folder, prune, work_apart
from aura_shared.errors import GateClosed
from merge_lab import LINES, MergeLab, line

WORK = """
import sys
from pathlib import Path
from aura_git.repository import open_repository
from aura_git.safety.core import SafetyCore
from aura_git.merging.concluding import continue_
from aura_git.merging.merging import do_merge
from aura_git.merging.rebasing import do_rebase
from aura_shared.messages.merges import DoMerge, DoRebase
from aura_shared.settings import GitSettings

repository, safety = open_repository(Path(sys.argv[1])), SafetyCore(GitSettings())
print("begun", flush=True)
what = sys.argv[2]
if what == "merge":
    do_merge(repository, safety, DoMerge(project="p", ref="topic", where=sys.argv[3]))
elif what == "rebase":
    do_rebase(repository, safety, DoRebase(project="p", onto="topic", update_refs=True, where=sys.argv[3]))
else:
    continue_(repository, safety)
print("done", flush=True)
"""


def test_a_temporary_work_tree_is_gone_afterwards_also_when_it_fails(two: MergeLab) -> None:
    two.lab.commit("base", {"a": LINES, "b/c": "c\n"})
    with work_apart(two.repository, two.lab.head(), full=True) as apart:
        assert (apart.root / "b" / "c").read_text() == "c\n"
        assert apart.git.text("status", "--porcelain") == ""
        assert two.worktrees() == 2
    two.sound()
    with pytest.raises(ZeroDivisionError):
        fail_apart(two)
    two.sound()
    assert two.lab.git("config", "--list", "--local").count("sparse") == 0


def fail_apart(two: MergeLab) -> None:
    with work_apart(two.repository, two.lab.head(), full=False) as apart:
        assert not (apart.root / "b").exists()
        assert apart.git.text("status", "--porcelain") == ""
        raise ZeroDivisionError


@pytest.mark.requirement("G3")
def test_work_trees_of_dead_processes_are_taken_away_and_no_others(two: MergeLab) -> None:
    two.lab.commit("base", {"a": LINES})
    two.lab.git("worktree", "add", "--quiet", "--detach", "../mine")
    dead = apart_folder(two.repository) / "999999999-abc-1"
    two.lab.git("worktree", "add", "--quiet", "--detach", str(dead))
    half = apart_folder(two.repository) / "999999999-abc-2"
    (half.with_name(f"{half.name}.hooks")).mkdir()
    with work_apart(two.repository, two.lab.head(), full=True) as apart:
        assert sorted(prune(two.repository)) == [dead.name, half.name]
        assert apart.root.exists()
        assert not dead.exists()
        listed = two.lab.git("worktree", "list")
        assert (str(apart.root) in listed, "mine" in listed, dead.name in listed) == (True, True, False)
    assert prune(two.repository) == []


def run_and_kill(root: Path, what: str, where: str, after_s: float) -> None:
    """Run it in a process of its own, and kill that with all that it started."""
    with subprocess.Popen(
        [sys.executable, "-P", "-c", WORK, str(root), what, where],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            kill_with_children(process.pid)
        process.wait()


def kill_with_children(pid: int) -> None:
    """kill -9 for a process and everything below it; calls of git have groups of their own."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        waiting += children.get(one, [])
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            continue


@pytest.mark.requirement("G1", "G3")
@pytest.mark.parametrize(
    ("what", "where"),
    [("merge", "apart"), ("merge", "in-place"), ("rebase", "apart"), ("rebase", "in-place")],
)
def test_killed_anywhere_it_can_be_taken_back_or_is_done(two: MergeLab, what: str, where: str) -> None:
    conflict = where == "in-place"
    two.part(
        {"a": LINES, "b": LINES},
        {"a": line(1, "ours"), "b": line(5, "alpha") if conflict else LINES},
        {"a": line(20, "theirs"), "b": line(5, "beta") if conflict else LINES},
    )
    two.lab.branch("mine", "main")
    two.lab.commit("mine", {"c": "c\n"})
    two.lab.write({"untracked": "left\n"})
    before = two.whole()
    rng = random.Random(f"{what}{where}")
    for _ in range(4):
        run_and_kill(two.lab.root, what, where, rng.uniform(0.05, 0.6))
        for lock in (two.lab.root / ".git").rglob("*.lock"):
            lock.unlink()  # git is dead; the safety core's own tests are about locks
        two.lab.git("status")
        prune(two.repository)
        record = two.safety.open_operation(two.repository)
        if record is not None:
            two.abort()
        elif two.lab.refs() != before[0]:
            two.safety.undo(two.repository)
        assert two.whole() == before
        two.sound()


@pytest.mark.requirement("G3")
def test_what_was_interrupted_before_anything_moved_is_ended_by_continue(two: MergeLab) -> None:
    two.part({"a": LINES}, {"a": line(1, "ours")}, {"a": line(20, "theirs")})
    flag = two.lab.root.parent / "reached"
    two.hook("commit-msg", f"touch {flag}; sleep 60")
    with subprocess.Popen(
        [sys.executable, "-P", "-c", WORK, str(two.lab.root), "merge", "apart"], stdout=subprocess.DEVNULL
    ) as process:
        while not flag.exists():
            assert process.poll() is None
            os.sched_yield()
        kill_with_children(process.pid)
    assert two.worktrees() == 2
    (two.lab.root / ".git" / "hooks" / "commit-msg").unlink()
    answer = two.go_on()
    assert answer.standing == "nothing"
    assert "before anything moved" in answer.summary
    two.sound()
    assert two.merge().standing == "done"
    with pytest.raises(GateClosed, match="nothing waits"):
        two.go_on()
