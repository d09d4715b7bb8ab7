"""Clean-up: what is proposed and why, what never is, and that an undo brings everything back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aura_git.branching.cleaning import clean, propose
from aura_git.branching.reading import read_branching
from aura_git.safety.core import SafetyCore
from aura_shared.errors import GateClosed, ProtectedBranch, UnknownRef
from aura_shared.messages.branches import BranchesCleaned, CleanBranches
from git_lab import GitLab

PROTECTED = ("main", "develop", "release/*")


def look(lab: GitLab, *, days: int = 0) -> BranchesCleaned:
    repository = lab.repository()
    now = datetime.fromtimestamp(lab.clock, UTC) + timedelta(days=days)
    return propose(repository, read_branching(repository), protected=PROTECTED, now=now)


def found(lab: GitLab, *, days: int = 0) -> dict[str, tuple[str, bool, int]]:
    return {one.branch: (one.reason, one.deletable, one.unpushed) for one in look(lab, days=days).proposals}


def delete(lab: GitLab, safety: SafetyCore, *branches: str, days: int = 0) -> BranchesCleaned:
    repository = lab.repository()
    request = CleanBranches(project="p", branches=list(branches), dry_run=False)
    now = datetime.fromtimestamp(lab.clock, UTC) + timedelta(days=days)
    return clean(repository, safety, read_branching(repository), request, PROTECTED, now)


def feature(lab: GitLab, name: str, *files: str) -> None:
    lab.branch(name, "develop")
    for file in files:
        lab.commit(f"feat: {file}", {file: f"{file}\n"})
    lab.switch("develop")


@pytest.mark.requirement("G2")
def test_a_merged_branch_is_proposed_and_one_just_begun_is_not(flow: GitLab) -> None:
    feature(flow, "feature/new")
    feature(flow, "feature/done", "a", "b")
    flow.git("merge", "--quiet", "--no-ff", "--no-edit", "feature/done")
    answer = look(flow)
    assert [(one.branch, one.reason, one.detail) for one in answer.proposals] == [
        ("feature/done", "merged", "every commit of it is in develop")
    ]
    assert (answer.proposals[0].author, answer.proposals[0].unpushed) == ("Ada Tester", 0)


@pytest.mark.requirement("G2")
def test_a_branch_that_came_in_as_other_commits_is_found(flow: GitLab) -> None:
    for name in ("rebased", "squashed", "edited-since"):
        feature(flow, f"feature/{name}", f"{name}-1", f"{name}-2")
    flow.commit("beside", {"beside": "x\n"})
    flow.git("cherry-pick", "develop..feature/rebased")
    for name in ("squashed", "edited-since"):
        flow.git("merge", "--quiet", "--squash", f"feature/{name}")
        flow.git("commit", "--quiet", "-m", f"feat: {name}")
    flow.commit("later", {"edited-since-1": "rewritten\n"})
    details = {one.branch: one.detail for one in look(flow).proposals}
    assert details == {
        "feature/rebased": "each of its commits is, rebased, in develop",
        "feature/squashed": "its changes are all in develop",
        "feature/edited-since": "it was squashed into one commit of develop",
    }
    assert found(flow)["feature/squashed"] == ("squashed", True, 2)


@pytest.mark.requirement("G2", "G5")
def test_work_that_is_nowhere_else_is_said_and_only_goes_when_it_is_named(shared: GitLab, safety: SafetyCore) -> None:
    feature(shared, "feature/lost", "a")
    feature(shared, "feature/pushed", "b")
    for name in ("feature/lost", "feature/pushed"):
        shared.git("push", "--quiet", "--set-upstream", "origin", name)
    shared.switch("feature/lost")
    shared.commit("not pushed", {"c": "c\n"})
    shared.switch("develop")
    shared.git("push", "--quiet", "origin", "--delete", "feature/lost")
    assert found(shared) == {"feature/lost": ("upstream-gone", False, 2)}
    assert found(shared, days=100) == {
        "feature/pushed": ("stale", True, 0), "feature/lost": ("upstream-gone", False, 2),
    }  # fmt: skip
    details = {one.branch: one.detail for one in look(shared, days=100).proposals}
    assert details["feature/lost"] == "origin/feature/lost is gone; 2 commits are nowhere else"
    before = shared.refs()
    first = delete(shared, safety, days=100)
    assert [one.branch for one in first.proposals if one.deleted] == ["feature/pushed"]
    assert "refs/heads/feature/lost" in shared.refs()
    second = delete(shared, safety, "feature/lost", days=100)
    assert [one.branch for one in second.proposals if one.deleted] == ["feature/lost"]
    safety.undo(shared.repository(), second.operation)
    safety.undo(shared.repository(), first.operation)
    assert shared.refs() == before
    assert shared.git("config", "branch.feature/pushed.remote").strip() == "origin"


@pytest.mark.requirement("G2", "G5")
def test_protected_and_checked_out_branches_stay(flow: GitLab, safety: SafetyCore) -> None:
    for name in ("release/1.0", "feature/here", "feature/there"):
        feature(flow, name, name.rpartition("/")[2])
        flow.git("merge", "--quiet", "--no-ff", "--no-edit", name)
    flow.switch("feature/here")
    there = flow.root.parent / "there"
    flow.git("worktree", "add", "--quiet", str(there), "feature/there")
    answer = look(flow)
    assert answer.proposals == []
    assert {one.branch: one.why for one in answer.kept} == {
        "release/1.0": "it is protected",
        "feature/here": "it is checked out",
        "feature/there": f"it is checked out in {there}",
    }
    before = flow.refs()
    assert delete(flow, safety).operation == ""
    with pytest.raises(ProtectedBranch, match=r"'release/1\.0' is not deleted"):
        delete(flow, safety, "release/1.0")
    with pytest.raises(GateClosed, match="it is checked out"):
        delete(flow, safety, "feature/here")
    assert flow.refs() == before


def test_what_is_not_proposed_is_not_deleted_even_when_named(flow: GitLab, safety: SafetyCore) -> None:
    feature(flow, "feature/busy", "a")
    with pytest.raises(GateClosed, match="neither merged nor stale"):
        delete(flow, safety, "feature/busy")
    with pytest.raises(UnknownRef):
        delete(flow, safety, "feature/none")


def test_a_branch_that_moved_meanwhile_is_kept(
    flow: GitLab, safety: SafetyCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    feature(flow, "feature/done", "a", "b")
    flow.git("merge", "--quiet", "--no-ff", "--no-edit", "feature/done")
    begin = SafetyCore.begin

    def slowly(self: SafetyCore, *arguments: object, **more: object) -> object:
        flow.git("branch", "--force", "feature/done", "main")
        return begin(self, *arguments, **more)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(SafetyCore, "begin", slowly)
    with pytest.raises(Exception, match="feature/done"):
        delete(flow, safety)
    assert flow.head("feature/done") == flow.head("main")


def test_work_merged_at_the_forge_counts_before_it_is_pulled(shared: GitLab) -> None:
    feature(shared, "feature/done", "a", "b")
    shared.git("merge", "--quiet", "--no-ff", "--no-edit", "feature/done")
    shared.git("push", "--quiet")
    shared.git("reset", "--quiet", "--keep", "HEAD~1")
    assert found(shared) == {"feature/done": ("merged", True, 0)}
    assert look(shared).proposals[0].detail == "every commit of it is in origin/develop"
