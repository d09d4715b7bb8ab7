"""Merging over the bus: the answers, and what everybody is told."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection
from pathlib import Path

import pytest

from aura_git.branching.finishing import finish
from aura_git.branching.reading import read_branching
from aura_git.branching.service import BranchService
from aura_git.merging import reached
from aura_git.merging.service import MergeService
from aura_git.running import Git, Ran
from aura_git.safety.core import SafetyCore
from aura_shared.bus import Context
from aura_shared.errors import ConflictsLeft, UnknownFile
from aura_shared.messages import structure
from aura_shared.messages.branches import BranchUpdated, FinishBranch
from aura_shared.messages.merges import (
    AbortOperation,
    ContinueOperation,
    DoMerge,
    DoRebase,
    MergeUpdated,
    ResolveConflicts,
    SimulateMerge,
    SimulateRebase,
    SkipCommit,
    SyncBranches,
)
from aura_shared.messages.structure import FindTests
from aura_shared.settings import GitSettings
from git_flow_scenarios import prepare
from git_lab import GitLab
from git_rig import GitRig
from merge_lab import LINES, MergeLab, line


@pytest.fixture
def rig(aura_home: object, two: MergeLab) -> GitRig:
    two.part({"a": LINES, "k": "k\n"}, {"a": line(5, "alpha")}, {"a": line(5, "beta"), "new": "n\n"})
    return GitRig(two.lab.root, MergeService)


def told(rig: GitRig) -> list[tuple[str, str, list[str]]]:
    return [(one.what, one.command, one.left) for one in rig.bus.published if isinstance(one, MergeUpdated)]


@pytest.mark.requirement("G3", "M3")
async def test_a_merge_is_simulated_begun_and_ended_over_the_bus(rig: GitRig, two: MergeLab) -> None:
    project = rig.project.id
    seen = await rig.ask(SimulateMerge(project=project, ref="topic"))
    assert (seen.outcome, seen.conflicts[0].hunks[0].ours_by[0].subject) == ("conflicts", "ours")
    assert seen.tests == []
    assert "code" in seen.tests_unknown
    with pytest.raises(ConflictsLeft):
        await rig.ask(DoMerge(project=project, ref="topic"))
    assert (await rig.ask(DoMerge(project=project, ref="topic", dry_run=True))).left == ["a"]
    waits = await rig.ask(DoMerge(project=project, ref="topic", where="in-place"))
    assert waits.standing == "waiting"
    assert (await rig.ask(ResolveConflicts(project=project, dry_run=True))).left == ["a"]
    two.lab.write({"a": line(5, "both")})
    assert (await rig.ask(ContinueOperation(project=project))).standing == "done"
    assert told(rig) == [
        ("started", "merge", []),
        ("started", "merge", []),
        ("waiting", "merge", ["a"]),
        ("finished", "merge", []),
    ]


@pytest.mark.requirement("G3", "M3")
async def test_a_rebase_is_simulated_skipped_and_aborted_over_the_bus(rig: GitRig, two: MergeLab) -> None:
    project = rig.project.id
    two.lab.branch("mine", "main")
    two.lab.commit("more", {"c": "c\n"})
    seen = await rig.ask(SimulateRebase(project=project, onto="topic"))
    assert [step.outcome for step in seen.steps] == ["conflicts", "unknown"]
    before = two.whole()
    await rig.ask(DoRebase(project=project, onto="topic", where="in-place"))
    assert (await rig.ask(AbortOperation(project=project))).standing == "aborted"
    assert two.whole() == before
    await rig.ask(DoRebase(project=project, onto="topic", where="in-place"))
    assert (await rig.ask(SkipCommit(project=project))).standing == "done"
    assert two.lab.log("-n2") == ["more", "theirs"]
    assert [what for what, _, _ in told(rig)] == ["started", "waiting", "aborted", "started", "waiting", "finished"]


@pytest.mark.requirement("G3", "M3")
async def test_a_sync_is_told_once_it_has_been_done(rig: GitRig) -> None:
    await rig.ask(SyncBranches(project=rig.project.id, dry_run=True))
    assert told(rig) == []
    answer = await rig.ask(SyncBranches(project=rig.project.id))
    assert [branch.branch for branch in answer.branches] == ["main"]
    assert told(rig) == [("finished", "sync", [])]


@pytest.mark.requirement("G3")
async def test_tests_that_reach_a_change_come_from_the_code_service(rig: GitRig) -> None:
    asked: list[str] = []

    async def answer(request: FindTests, _context: Context) -> structure.TestsAnswer:
        asked.append(request.path)
        if request.path == "k":
            raise UnknownFile("nothing is defined there")
        return structure.TestsAnswer(files=["tests/test_a.py"])

    code = rig.hub.connect("code")
    code.serve(FindTests, answer)
    assert await reached.tests_reached(rig.bus, rig.project.id, ["a", "k"]) == (["tests/test_a.py"], "")
    assert asked == ["a", "k"]
    many, reason = await reached.tests_reached(rig.bus, rig.project.id, [f"f{number}" for number in range(20)])
    assert many == ["tests/test_a.py"]
    assert "of 20 changed files" in reason


@pytest.mark.requirement("G3", "G2")
async def test_the_finish_of_a_branch_goes_on_with_the_same_word(
    aura_home: object, two: MergeLab, tmp_path: Path
) -> None:
    flow = prepare(tmp_path / "flow")
    flow.branch("feature/x", "develop")
    flow.commit("theirs", {"a.txt": "theirs\n"})
    flow.switch("develop")
    flow.commit("ours", {"a.txt": "ours\n"})
    flow.switch("feature/x")
    rig = GitRig(flow.root, MergeService, BranchService)
    project = rig.project.id
    assert (await rig.ask(FinishBranch(project=project, branch="feature/x"))).state == "waiting"
    with pytest.raises(ConflictsLeft):
        await rig.ask(ContinueOperation(project=project))
    flow.write({"a.txt": "both\n"})
    done = await rig.ask(ContinueOperation(project=project))
    assert (done.standing, done.command) == ("done", "branch finish")
    assert "merge feature/x into develop" in done.summary
    assert flow.git("show", "develop:a.txt") == "both\n"
    assert ("finished", "branch finish", []) in told(rig)
    assert finishes(rig) == [("feature/x", "feature", "waiting"), ("feature/x", "feature", "finished")]


@pytest.mark.requirement("G2", "M3")
async def test_everybody_is_told_when_an_interrupted_finish_has_gone_on(
    aura_home: object, git_settings: Path, tmp_path: Path
) -> None:
    flow = prepare(tmp_path / "flow")
    flow.branch("feature/x", "develop")
    flow.commit("mine", {"x.txt": "mine\n"})
    rig = GitRig(flow.root, MergeService, BranchService)
    request = FinishBranch(project=rig.project.id, branch="feature/x")
    assert killed_before("-d", flow, request) == -signal.SIGKILL
    assert "refs/heads/feature/x" in flow.refs()
    done = await rig.ask(ContinueOperation(project=rig.project.id))
    assert (done.standing, "refs/heads/feature/x" in flow.refs()) == ("done", False)
    assert finishes(rig) == [("feature/x", "feature", "finished")]
    assert told(rig) == [("finished", "branch finish", [])]


def finishes(rig: GitRig) -> list[tuple[str, str, str]]:
    return [(one.branch, one.kind, one.what) for one in rig.bus.published if isinstance(one, BranchUpdated)]


def killed_before(word: str, flow: GitLab, request: FinishBranch) -> int:
    """Finish a branch in a process of its own that dies before git is told a word; returns its exit status."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    write = Git.write

    def dying(self: Git, *arguments: str, stdin: bytes | None = None, ok: Collection[int] = (0,)) -> Ran:
        if word in arguments:
            os.kill(os.getpid(), signal.SIGKILL)
        return write(self, *arguments, stdin=stdin, ok=ok)

    Git.write = dying  # only in the child
    try:
        repository = flow.repository()
        finish(repository, SafetyCore(GitSettings()), read_branching(repository), request)
    finally:
        os._exit(1)
