"""Starting: names, bases, and everything that speaks against it."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_git.branching.reading import read_branching
from aura_git.branching.starting import start
from aura_git.safety.core import SafetyCore
from aura_shared.errors import Conflict, GateClosed, UnknownRef, UsageProblem
from aura_shared.messages.branches import BranchStarted, StartBranch
from git_lab import GitLab, make_lab


def begin(lab: GitLab, safety: SafetyCore, kind: str, name: str, **more: object) -> BranchStarted:
    repository = lab.repository()
    request = StartBranch.model_validate({"project": "p", "kind": kind, "name": name, **more})
    return start(repository, safety, read_branching(repository), request)


@pytest.mark.requirement("G2")
def test_a_feature_begins_at_develop_with_the_name_of_its_task(flow: GitLab, safety: SafetyCore) -> None:
    answer = begin(flow, safety, "feature", "Cart totals", task="12")
    assert (answer.branch, answer.kind, answer.base) == ("feature/12-cart-totals", "feature", "develop")
    assert answer.commit == flow.head("develop") == flow.head()
    assert flow.git("symbolic-ref", "--short", "HEAD").strip() == "feature/12-cart-totals"
    assert safety.operations(flow.repository(), 1)[0].title == "begin feature/12-cart-totals at develop"
    safety.undo(flow.repository())
    assert flow.git("symbolic-ref", "--short", "HEAD").strip() == "develop"
    assert "refs/heads/feature/12-cart-totals" not in flow.refs()


def test_a_dry_run_only_names_it(flow: GitLab, safety: SafetyCore) -> None:
    answer = begin(flow, safety, "hotfix", "1.0.1", dry_run=True)
    assert (answer.branch, answer.base, answer.operation) == ("hotfix/1.0.1", "main", "")
    assert "refs/heads/hotfix/1.0.1" not in flow.refs()


@pytest.mark.requirement("G2")
def test_what_exists_already_is_refused(shared: GitLab, safety: SafetyCore) -> None:
    flow = shared
    begin(flow, safety, "release", "1.0")
    with pytest.raises(Conflict, match=r"there is a branch 'release/1\.0' already"):
        begin(flow, safety, "release", "1.0")
    with pytest.raises(Conflict, match=r"there is a release branch 'release/1\.0' already"):
        begin(flow, safety, "release", "1.1")
    flow.git("tag", "v1.0.1")
    with pytest.raises(Conflict, match=r"there is a tag 'v1\.0\.1' already"):
        begin(flow, safety, "hotfix", "1.0.1")
    begin(flow, safety, "feature", "cart")
    with pytest.raises(Conflict, match="cannot be there beside the branch 'feature/cart'"):
        begin(flow, safety, "feature", "cart/totals")
    flow.git("push", "--quiet", "origin", "feature/cart:feature/theirs")
    flow.git("fetch", "--quiet")
    with pytest.raises(Conflict, match="the remote 'origin' has a branch 'feature/theirs' already"):
        begin(flow, safety, "feature", "theirs")


def test_a_base_has_to_be_there_and_up_to_date(shared: GitLab, safety: SafetyCore, tmp_path: Path) -> None:
    flow = shared
    with pytest.raises(UnknownRef, match="there is no local branch 'nowhere'"):
        begin(flow, safety, "feature", "a", base="nowhere")
    flow.commit("more", {"more": "more\n"})
    assert begin(flow, safety, "feature", "b").notices == ["develop has commits that origin does not have yet"]
    flow.switch("develop")
    flow.git("push", "--quiet")
    flow.git("reset", "--quiet", "--keep", "HEAD~1")
    with pytest.raises(GateClosed, match="'develop' lacks commits of origin/develop"):
        begin(flow, safety, "feature", "c")
    flow.commit("other", {"other": "other\n"})
    with pytest.raises(GateClosed, match="'develop' has parted from origin/develop"):
        begin(flow, safety, "feature", "d")
    flow.git("push", "--quiet", "origin", "main:side")
    flow.git("fetch", "--quiet")
    with pytest.raises(UnknownRef, match="there is no local branch 'side'") as caught:
        begin(flow, safety, "feature", "e", base="side")
    assert caught.value.hint == "It is at the remote: git branch --track side origin/side"


def test_changed_files_come_along_or_are_refused_and_are_never_lost(flow: GitLab, safety: SafetyCore) -> None:
    flow.write({"readme": "changed\n"})
    answer = begin(flow, safety, "feature", "cart")
    assert answer.notices == ["1 changed files come along, as they are"]
    assert (flow.root / "readme").read_text() == "changed\n"
    with pytest.raises(GateClosed, match="tracked files are changed"):
        begin(flow, safety, "release", "1.0")
    flow.commit("mine", {})
    flow.write({"readme": "again\n"})
    with pytest.raises(GateClosed, match="changed files are in the way"):
        begin(flow, safety, "feature", "other")
    assert (flow.root / "readme").read_text() == "again\n"
    assert flow.git("symbolic-ref", "--short", "HEAD").strip() == "feature/cart"


def test_a_base_of_ones_own_is_remembered(flow: GitLab, safety: SafetyCore) -> None:
    begin(flow, safety, "feature", "cart")
    begin(flow, safety, "feature", "sum", base="feature/cart")
    assert flow.git("config", "branch.feature/sum.aurabase").strip() == "feature/cart"
    assert flow.git("config", "branch.feature/cart.aurabase", ok=1) == ""


def test_support_begins_at_a_commit_of_main(flow: GitLab, safety: SafetyCore) -> None:
    with pytest.raises(UsageProblem, match="a support branch needs a base"):
        begin(flow, safety, "support", "1.x")
    flow.git("tag", "v1.0", "main")
    flow.commit("ahead", {"a": "a\n"})
    with pytest.raises(GateClosed, match="is not on main"):
        begin(flow, safety, "support", "1.x", base="develop")
    with pytest.raises(UnknownRef):
        begin(flow, safety, "support", "1.x", base="--all")
    assert begin(flow, safety, "support", "1.x", base="v1.0").commit == flow.head("main")


def test_an_unknown_kind_names_those_that_there_are(flow: GitLab, safety: SafetyCore) -> None:
    with pytest.raises(UsageProblem, match="it has feature, bugfix, release, hotfix, support"):
        begin(flow, safety, "topic", "a")


def test_nothing_begins_without_a_commit(lab: GitLab, safety: SafetyCore) -> None:
    with pytest.raises(GateClosed, match="no commit yet"):
        begin(lab, safety, "feature", "a")


def test_a_linked_work_tree_has_branches_of_its_own(flow: GitLab, safety: SafetyCore) -> None:
    folder = flow.root.parent / "linked"
    flow.git("worktree", "add", "--quiet", "--detach", str(folder))
    linked = GitLab(folder)
    begin(linked, safety, "feature", "cart")
    assert linked.git("symbolic-ref", "--short", "HEAD").strip() == "feature/cart"
    assert flow.git("symbolic-ref", "--short", "HEAD").strip() == "develop"


def test_a_bare_repository_is_refused(tmp_path: Path, git_settings: Path, safety: SafetyCore) -> None:
    assert git_settings
    bare = make_lab(tmp_path / "bare.git", bare=True)
    with pytest.raises(GateClosed):
        begin(bare, safety, "feature", "a")
