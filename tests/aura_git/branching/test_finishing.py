"""Finishing: what is refused, what waits and goes on, what an undo brings back, and what a kill leaves."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import pytest

from aura_git.branching.finish_plan import FinishPlan, make_plan
from aura_git.branching.finishing import continue_finish, finish
from aura_git.branching.reading import read_branching
from aura_git.branching.starting import start
from aura_git.repository import open_repository
from aura_git.running import Git, Ran
from aura_git.safety.core import SafetyCore
from aura_shared.errors import (
    Conflict,
    ConflictsLeft,
    ForgeUnreachable,
    GateClosed,
    UnknownRef,
    UsageProblem,
)
from aura_shared.messages.branches import BranchFinished, FinishBranch, StartBranch
from aura_shared.settings import GitSettings
from git_lab import GitLab


def begin(lab: GitLab, safety: SafetyCore, kind: str, name: str, **more: str) -> str:
    repository = lab.repository()
    request = StartBranch.model_validate({"project": "p", "kind": kind, "name": name, **more})
    return start(repository, safety, read_branching(repository), request).branch


def end(lab: GitLab, safety: SafetyCore, branch: str = "", **more: object) -> BranchFinished:
    repository = lab.repository()
    request = FinishBranch.model_validate({"project": "p", "branch": branch, **more})
    return finish(repository, safety, read_branching(repository), request)


def go_on(lab: GitLab, safety: SafetyCore) -> BranchFinished:
    repository = lab.repository()
    record = safety.open_operation(repository)
    assert record is not None
    return continue_finish(safety, repository, record)


def strategy(lab: GitLab, text: str) -> None:
    (lab.root / ".aura").mkdir(exist_ok=True)
    (lab.root / ".aura" / "branching.toml").write_text(text)
    lab.commit("chore: strategy")


def conflicting(lab: GitLab, safety: SafetyCore) -> None:
    """A release that conflicts at main, and then at develop again."""
    begin(lab, safety, "release", "1.0")
    lab.commit("release", {"version": "1.0\n", "notes": "n\n"})
    lab.switch("main")
    lab.commit("on main", {"version": "0.9\n"})
    lab.switch("develop")
    lab.commit("on develop", {"version": "2.0\n"})


@pytest.mark.requirement("G2")
def test_a_dry_run_tells_the_steps_and_changes_nothing(flow: GitLab, safety: SafetyCore) -> None:
    conflicting(flow, safety)
    before = flow.refs()
    told = end(flow, safety, "release/1.0", dry_run=True)
    assert [step.name for step in told.steps] == ["merge", "tag", "merge-back", "delete-local"]
    assert told.steps[0].text == "merge release/1.0 into main (--no-ff)"
    assert told.steps[2].text == "merge v1.0 back into develop (--no-ff)"
    assert (told.state, told.tag, told.conflicts, told.operation) == ("planned", "v1.0", ["version"], "")
    assert flow.refs() == before


@pytest.mark.requirement("G2", "G5")
def test_a_finish_with_two_conflicts_waits_twice_and_an_undo_takes_all_of_it_back(
    flow: GitLab, safety: SafetyCore
) -> None:
    conflicting(flow, safety)
    before, head = flow.refs(), flow.git("symbolic-ref", "HEAD")
    first = end(flow, safety, "release/1.0", message="One")
    assert (first.state, first.conflicts) == ("waiting", ["version"])
    with pytest.raises(ConflictsLeft, match="version:1"):
        go_on(flow, safety)
    flow.write({"version": "1.0\n"})
    second = go_on(flow, safety)
    assert (second.state, second.conflicts) == ("waiting", ["version"])
    assert [step.done for step in second.steps] == [True, True, False, False]
    flow.write({"version": "2.0\n"})
    last = go_on(flow, safety)
    assert (last.state, [step.done for step in last.steps]) == ("done", [True] * 4)
    assert flow.git("tag", "--list", "--format=%(contents)", "v1.0").strip() == "One"
    assert "refs/heads/release/1.0" not in flow.refs()
    assert len([one for one in safety.operations(flow.repository(), 10) if one.command == "branch finish"]) == 1
    safety.undo(flow.repository())
    assert (flow.refs(), flow.git("symbolic-ref", "HEAD")) == (before, head)
    assert flow.git("status", "--porcelain") == ""


@pytest.mark.requirement("G2", "G5")
def test_a_finish_that_waits_can_be_taken_back(flow: GitLab, safety: SafetyCore) -> None:
    conflicting(flow, safety)
    before = flow.refs()
    operation = end(flow, safety, "1.0").operation
    safety.abandon(flow.repository(), operation)
    assert flow.refs() == before
    assert flow.repository().state().in_progress == ""
    assert flow.git("status", "--porcelain") == ""


def test_a_merge_that_was_concluded_with_git_is_gone_on_with(flow: GitLab, safety: SafetyCore) -> None:
    conflicting(flow, safety)
    end(flow, safety, "release/1.0")
    flow.write({"version": "1.0\n"})
    flow.git("commit", "--all", "--quiet", "--no-edit")
    assert go_on(flow, safety).state == "waiting"


def test_a_hook_that_refuses_the_merge_commit_makes_it_wait(flow: GitLab, safety: SafetyCore) -> None:
    begin(flow, safety, "feature", "cart")
    flow.commit("a", {"a": "a\n"})
    flow.commit("b", {"b": "b\n"})
    hook = flow.root / ".git" / "hooks" / "pre-merge-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no merges on fridays >&2\nexit 1\n")
    hook.chmod(0o755)
    answer = end(flow, safety)
    assert answer.state == "waiting"
    assert "no merges on fridays" in answer.notices[0]
    assert go_on(flow, safety).state == "waiting"
    hook.unlink()
    assert go_on(flow, safety).state == "done"
    assert flow.log("develop")[0] == "Merge branch 'feature/cart' into develop"


def test_an_untracked_file_in_the_way_makes_it_wait_and_is_kept(flow: GitLab, safety: SafetyCore) -> None:
    begin(flow, safety, "feature", "cart")
    flow.commit("a", {"a": "a\n"})
    flow.commit("b", {"b": "b\n"})
    flow.switch("develop")
    flow.write({"a": "precious\n"})
    answer = end(flow, safety, "cart")
    assert answer.state == "waiting"
    assert (flow.root / "a").read_text() == "precious\n"
    (flow.root / "a").rename(flow.root / "aside")
    assert go_on(flow, safety).state == "done"
    assert (flow.root / "aside").read_text() == "precious\n"


@pytest.mark.requirement("G2", "G5")
def test_what_is_not_ready_is_refused_before_anything_changes(shared: GitLab, safety: SafetyCore) -> None:
    flow = shared
    begin(flow, safety, "feature", "cart")
    flow.commit("a", {"a": "a\n"})
    flow.git("push", "--quiet", "--set-upstream", "origin", "feature/cart")
    flow.write({"a": "changed\n"})
    before = flow.refs()
    with pytest.raises(GateClosed, match="tracked files are changed"):
        end(flow, safety)
    flow.git("checkout", "--", "a")
    flow.git("switch", "--quiet", "--detach")
    with pytest.raises(GateClosed, match="no branch is checked out"):
        end(flow, safety)
    for name, error, why in (
        ("nothing", UnknownRef, "is no local branch"),
        ("main", UsageProblem, "is a base branch"),
    ):
        with pytest.raises(error, match=why):
            end(flow, safety, name)
    flow.git("branch", "odd")
    with pytest.raises(UsageProblem, match="fits no kind"):
        end(flow, safety, "odd")
    flow.git("branch", "support/1.x")
    with pytest.raises(UsageProblem, match="never merged back"):
        end(flow, safety, "support/1.x")
    assert {name: hash_ for name, hash_ in flow.refs().items() if name in before} == before


@pytest.mark.requirement("G2")
def test_a_branch_or_target_that_lacks_commits_of_the_remote_is_refused(
    shared: GitLab, safety: SafetyCore, tmp_path: Path
) -> None:
    flow = shared
    begin(flow, safety, "feature", "cart")
    flow.commit("a", {"a": "a\n"})
    flow.git("push", "--quiet", "--set-upstream", "origin", "feature/cart")
    flow.git("clone", "--quiet", f"file://{flow.root.parent}/origin.git", str(tmp_path / "other"))
    other = GitLab(tmp_path / "other")
    other.git("switch", "--quiet", "feature/cart")
    other.commit("theirs", {"b": "b\n"})
    other.git("push", "--quiet")
    with pytest.raises(GateClosed, match="has commits that are not here"):
        end(flow, safety)
    flow.git("pull", "--quiet", "--ff-only")
    flow.git("reset", "--quiet", "--keep", "HEAD~1")
    with pytest.raises(GateClosed, match="is ahead of, the one here"):
        end(flow, safety)
    flow.git("pull", "--quiet", "--ff-only")
    other.git("switch", "--quiet", "develop")
    other.commit("theirs", {"c": "c\n"})
    other.git("push", "--quiet")
    flow.git("fetch", "--quiet")
    with pytest.raises(GateClosed, match="'develop' lacks commits of origin/develop"):
        end(flow, safety)


def test_a_tag_that_exists_and_a_branch_checked_out_elsewhere_are_refused(flow: GitLab, safety: SafetyCore) -> None:
    begin(flow, safety, "release", "1.0")
    flow.git("tag", "v1.0", "main")
    with pytest.raises(Conflict, match=r"there is a tag 'v1\.0' already"):
        end(flow, safety)
    flow.git("tag", "--delete", "v1.0")
    flow.git("worktree", "add", "--quiet", str(flow.root.parent / "linked"), "main")
    with pytest.raises(GateClosed, match="'main' is checked out in another work tree"):
        end(flow, safety)


def test_a_remote_that_is_down_is_told_and_keep_does_without_it(shared: GitLab, safety: SafetyCore) -> None:
    flow = shared
    begin(flow, safety, "feature", "cart")
    flow.commit("a", {"a": "a\n"})
    flow.git("push", "--quiet", "--set-upstream", "origin", "feature/cart")
    (flow.root.parent / "origin.git").rename(flow.root.parent / "gone.git")
    with pytest.raises(ForgeUnreachable, match="the remote 'origin' does not answer"):
        end(flow, safety)
    answer = end(flow, safety, keep=True)
    assert answer.state == "done"
    assert "origin does not answer" in answer.notices[0]
    assert "refs/heads/feature/cart" in flow.refs()


@pytest.mark.requirement("G2", "G5")
def test_an_undo_brings_a_published_branch_back_here_and_says_that_the_remote_keeps_its_loss(
    shared: GitLab, safety: SafetyCore
) -> None:
    flow = shared
    begin(flow, safety, "feature", "cart")
    flow.commit("a", {"a": "a\n"})
    flow.git("push", "--quiet", "--set-upstream", "origin", "feature/cart")
    before = flow.refs()
    answer = end(flow, safety)
    assert "feature/cart was deleted at origin; an undo brings it back here, not there" in answer.notices
    assert any(notice.startswith("nothing was pushed: git push REMOTE develop") for notice in answer.notices)
    safety.undo(flow.repository())
    assert flow.refs() == {ref: commit for ref, commit in before.items() if ref != "refs/remotes/origin/feature/cart"}
    assert flow.git("config", "branch.feature/cart.remote").strip() == "origin"


@pytest.mark.requirement("G2")
@pytest.mark.parametrize("way", ["merge", "squash", "rebase"])
def test_another_strategy_merges_in_its_way(flow: GitLab, safety: SafetyCore, way: str) -> None:
    flow.switch("main")
    strategy(flow, f'strategy = "github-flow"\n[kinds.feature]\nway = "{way}"\n')
    begin(flow, safety, "feature", "cart")
    flow.commit("feat: a", {"a": "a\n"})
    flow.commit("feat: b", {"b": "b\n"})
    flow.switch("main")
    flow.commit("beside", {"c": "c\n"})
    assert end(flow, safety, "cart").state == "done"
    subjects = {"merge": ["Merge branch 'feature/cart'"], "squash": ["feat: a"], "rebase": ["feat: b", "feat: a"]}[way]
    assert flow.log("--first-parent", "main")[: len(subjects)] == subjects
    assert flow.git("symbolic-ref", "HEAD").strip() == "refs/heads/main"
    assert sorted(path.name for path in flow.root.iterdir() if path.is_file()) == ["a", "b", "c", "readme"]
    if way == "squash":
        assert flow.git("log", "-1", "--format=%B", "main").strip() == "feat: a\n\n* feat: a\n* feat: b"
    assert "refs/heads/feature/cart" not in flow.refs()


@pytest.mark.parametrize("way", ["squash", "rebase"])
def test_a_conflict_of_another_way_waits_and_goes_on(flow: GitLab, safety: SafetyCore, way: str) -> None:
    flow.switch("main")
    strategy(flow, f'strategy = "trunk"\n[kinds.feature]\nway = "{way}"\n')
    begin(flow, safety, "feature", "cart")
    flow.commit("feat: a", {"a": "mine\n"})
    flow.commit("feat: b", {"b": "b\n"})
    flow.switch("main")
    flow.commit("beside", {"a": "theirs\n"})
    before = flow.refs()
    assert end(flow, safety, "cart", message="feat: cart").state == "waiting"
    flow.write({"a": "both\n"})
    assert go_on(flow, safety).state == "done"
    assert flow.log("main")[:2] == (["feat: cart", "beside"] if way == "squash" else ["feat: b", "feat: a"])
    assert (flow.root / "a").read_text() == "both\n"
    safety.undo(flow.repository())
    assert flow.refs() == before


def test_where_pull_requests_are_the_way_nothing_is_done(flow: GitLab, safety: SafetyCore) -> None:
    flow.switch("main")
    strategy(flow, 'strategy = "github-flow"\n')
    branch = begin(flow, safety, "feature", "cart")
    before = flow.refs()
    answer = end(flow, safety)
    assert (answer.state, answer.steps) == ("open-pull-request", [])
    assert answer.notices == [
        f"feature branches go into main by a pull request: aura branch publish {branch}, then aura pr create"
    ]
    assert flow.refs() == before


def test_a_hotfix_goes_back_into_the_open_release_where_the_strategy_says_so(flow: GitLab, safety: SafetyCore) -> None:
    strategy(flow, 'strategy = "gitflow"\n')
    begin(flow, safety, "release", "1.0")
    flow.commit("release", {"version": "1.0\n"})
    begin(flow, safety, "hotfix", "0.9.1")
    flow.write({".aura/branching.toml": 'strategy = "gitflow"\n'})
    flow.commit("fix", {"fix": "fix\n"})
    assert end(flow, safety, message="Fix").state == "done"
    assert flow.log("--first-parent", "release/1.0")[0] == "Merge tag 'v0.9.1' into release/1.0"
    assert "Merge tag" not in flow.log("develop")[0]


def test_a_branch_with_the_name_of_a_tag_is_merged_and_not_the_tag(flow: GitLab, safety: SafetyCore) -> None:
    flow.git("tag", "feature/cart", "main")
    begin(flow, safety, "feature", "cart")
    flow.commit("a", {"a": "a\n"})
    flow.commit("b", {"b": "b\n"})
    assert end(flow, safety).state == "done"
    assert (flow.root / "b").exists()


def test_a_plan_survives_the_journal(flow: GitLab, safety: SafetyCore) -> None:
    branch = begin(flow, safety, "release", "1.0")
    plan = make_plan(flow.repository(), read_branching(flow.repository()), branch, message='Ünï "quotes"\nlines')
    assert FinishPlan.load(plan.dump()) == plan


def test_only_a_finish_can_be_gone_on_with(flow: GitLab, safety: SafetyCore) -> None:
    begin(flow, safety, "feature", "cart")
    repository = flow.repository()
    with pytest.raises(GateClosed, match="has no step to go on with"):
        continue_finish(safety, repository, safety.operations(repository, 1)[0])


WRITING = {"merge", "switch", "tag", "update-ref", "config", "push"}


def finish_until(root: Path, point: int) -> int:
    """Finish the release in a process of its own that kills itself before that many commands; its exit status."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    try:
        _die_before(point)
        repository, request = open_repository(root), FinishBranch(project="p", branch="release/1.0")
        finish(repository, SafetyCore(GitSettings()), read_branching(repository), request)
        code = 0
    finally:
        os._exit(code)


def _die_before(point: int) -> None:
    write, left = Git.write, point

    def dying(self: Git, *arguments: str, stdin: bytes | None = None, ok: Collection[int] = (0,)) -> Ran:
        nonlocal left
        left -= arguments[0] in WRITING
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return write(self, *arguments, stdin=stdin, ok=ok)

    Git.write = dying  # only in the child


def take_back(safety: SafetyCore, lab: GitLab, operation: str) -> None:
    """Take an interrupted operation back; one that had changed nothing yet has ended by itself."""
    with suppress(GateClosed):
        safety.abandon(lab.repository(), operation)
    assert safety.open_operation(lab.repository()) is None


@pytest.mark.requirement("G5")
@pytest.mark.parametrize("what", ["continue", "abandon"])
def test_killed_before_any_command_of_git_it_goes_on_or_is_taken_back(
    shared: GitLab, safety: SafetyCore, what: str
) -> None:
    """Points between two commands that write, from the first to the last; the bench tries every one."""
    flow = shared
    begin(flow, safety, "release", "1.0")
    flow.commit("release", {"version": "1.0\n"})
    flow.git("push", "--quiet", "--set-upstream", "origin", "release/1.0")
    flow.git("config", "core.logAllRefUpdates", "true")
    before = flow.refs()
    origin = GitLab(flow.root.parent / "origin.git")
    deaths = 0
    for point in (3, 6, 8, 10, 12, 99) if what == "continue" else (6, 9, 11, 99):
        code = finish_until(flow.root, point)
        died = code == -signal.SIGKILL
        assert died or code == 0
        repository = flow.repository()
        assert flow.git("fsck", "--no-dangling") == ""
        record = safety.open_operation(repository)
        if died and record is not None and record.before is not None:
            deaths += 1
            if what == "continue" and "finish_plan" in record.facts:
                assert continue_finish(safety, repository, record).notices[-1].startswith("nothing was pushed")
                assert flow.log("develop")[0] == "Merge tag 'v1.0' into develop"
                assert "refs/heads/release/1.0" not in flow.refs()
            else:
                take_back(safety, flow, record.id)
        if not died or "refs/heads/release/1.0" not in flow.refs():
            safety.undo(repository)
        origin.git("update-ref", "refs/heads/release/1.0", before["refs/heads/release/1.0"])
        flow.git("fetch", "--quiet")
        assert flow.refs() == before
        assert flow.git("status", "--porcelain") == ""
        if not died:
            break
    assert deaths >= 3


def test_filters_run_in_the_work_tree_as_with_plain_git(flow: GitLab, safety: SafetyCore) -> None:
    """Large files come out whole: the variable that keeps git-lfs from that is not set here."""
    flow.write({".gitattributes": "*.big filter=big\n", "a.big": "pointer\n"})
    flow.git("config", "filter.big.clean", "echo pointer")
    flow.git("config", "filter.big.smudge", 'test "$GIT_LFS_SKIP_SMUDGE" = 1 && cat || echo whole')
    flow.switch("develop")
    begin(flow, safety, "feature", "cart")
    flow.commit("big", {})
    flow.commit("more", {"b": "b\n"})
    assert end(flow, safety).state == "done"
    flow.switch("main")
    begin(flow, safety, "feature", "other")
    assert (flow.root / "a.big").read_text() == "whole\n"


def test_a_conflict_shows_what_both_came_from_and_its_resolution_is_remembered(
    flow: GitLab, safety: SafetyCore
) -> None:
    begin(flow, safety, "feature", "cart")
    flow.commit("mine", {"a": "mine\n"})
    flow.commit("more", {"b": "b\n"})
    flow.switch("develop")
    flow.commit("theirs", {"a": "theirs\n"})
    assert end(flow, safety, "cart").state == "waiting"
    assert "|||||||" in (flow.root / "a").read_text()
    flow.write({"a": "both\n"})
    safety.undo(flow.repository(), go_on(flow, safety).operation)
    assert end(flow, safety, "cart").state == "waiting"
    assert (flow.root / "a").read_text() == "both\n"
    assert go_on(flow, safety).state == "done"
