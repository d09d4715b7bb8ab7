"""Processes that die in the middle: nothing is lost, nothing temporary stays, and it goes on or back afterwards."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from aura_git.merging.leftovers import apart_folder, prune, work_apart
from aura_shared.errors import GateClosed
from git_crash import end
from merge_lab import LINES, MergeLab, line

WORK = """
import sys
from pathlib import Path
from aura_git.repository import open_repository
from aura_git.safety.core import SafetyCore
from aura_git.merging.merging import do_merge
from aura_shared.messages.merges import DoMerge
from aura_shared.settings import GitSettings

repository, safety = open_repository(Path(sys.argv[1])), SafetyCore(GitSettings())
do_merge(repository, safety, DoMerge(project="p", ref="topic"))
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


@pytest.mark.requirement("G3")
def test_what_was_interrupted_before_anything_moved_is_ended_by_continue(two: MergeLab) -> None:
    two.part({"a": LINES}, {"a": line(1, "ours")}, {"a": line(20, "theirs")})
    flag = two.lab.root.parent / "reached"
    two.hook("commit-msg", f"touch {flag}; sleep 60")
    with subprocess.Popen([sys.executable, "-P", "-c", WORK, str(two.lab.root)], stdout=subprocess.DEVNULL) as process:
        while not flag.exists():
            assert process.poll() is None
            os.sched_yield()
        end(process.pid, children=True)
    assert two.worktrees() == 2
    (two.lab.root / ".git" / "hooks" / "commit-msg").unlink()
    answer = two.go_on()
    assert answer.standing == "nothing"
    assert "before anything moved" in answer.summary
    two.sound()
    assert two.merge().standing == "done"
    with pytest.raises(GateClosed, match="nothing waits"):
        two.go_on()
