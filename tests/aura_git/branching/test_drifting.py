"""Drift: each rule with what brings it about, what it says, and that its fix puts it right."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from aura_git.branching.drifting import check_drift
from aura_git.branching.reading import read_branching
from aura_shared.messages.branches import Drift
from git_lab import GitLab


def drifts(lab: GitLab, *, days: int = 0) -> list[Drift]:
    repository = lab.repository()
    now = datetime.fromtimestamp(lab.clock, UTC) + timedelta(days=days)
    return check_drift(repository, read_branching(repository), now=now).drifts


def rules(lab: GitLab, *, days: int = 0) -> list[tuple[str, str]]:
    return [(one.rule, one.branch) for one in drifts(lab, days=days)]


def mend(lab: GitLab, rule: str) -> None:
    """Carry out the command that a finding names."""
    fix = next(one.fix for one in drifts(lab) if one.rule == rule)
    subprocess.run(fix, shell=True, cwd=lab.root, check=True, capture_output=True, env=None)


@pytest.mark.requirement("G2")
def test_a_healthy_repository_has_none(shared: GitLab) -> None:
    shared.branch("feature/cart", "develop")
    shared.commit("a", {"a": "a\n"})
    assert rules(shared) == []


@pytest.mark.requirement("G2")
def test_a_name_that_fits_no_kind(flow: GitLab) -> None:
    flow.git("branch", "it's")
    assert rules(flow) == [("unknown-kind", "it's")]
    mend(flow, "unknown-kind")
    assert rules(flow) == []


@pytest.mark.requirement("G2")
def test_a_feature_that_is_based_on_main(flow: GitLab) -> None:
    flow.commit("develop", {"d": "d\n"})
    flow.switch("main")
    flow.git("tag", "v0.1")
    flow.commit("only main", {"m": "m\n"})
    flow.branch("feature/cart", "main")
    flow.commit("a", {"a": "a\n"})
    assert ("wrong-parent", "feature/cart") in rules(flow)
    mend(flow, "wrong-parent")
    assert "wrong-parent" not in dict(rules(flow))
    assert flow.log("develop..feature/cart") == ["a"]


@pytest.mark.requirement("G2")
def test_a_hotfix_that_is_based_on_develop(flow: GitLab) -> None:
    flow.commit("develop", {"d": "d\n"})
    flow.branch("hotfix/1.0.1", "develop")
    flow.commit("fix", {"f": "f\n"})
    assert rules(flow) == [("wrong-parent", "hotfix/1.0.1")]
    assert drifts(flow)[0].message == "it is based on develop, and a hotfix branch begins at main"


@pytest.mark.requirement("G2")
@pytest.mark.parametrize("kept", [True, False])
def test_a_hotfix_that_never_came_into_develop(flow: GitLab, kept: bool) -> None:
    flow.branch("hotfix/1.0.1", "main")
    flow.commit("fix", {"f": "f\n"})
    flow.switch("main")
    flow.git("merge", "--quiet", "--no-ff", "--no-edit", "hotfix/1.0.1")
    if not kept:
        flow.git("branch", "--quiet", "--delete", "hotfix/1.0.1")
    assert rules(flow) == [("hotfix-not-in-develop", "hotfix/1.0.1")]
    mend(flow, "hotfix-not-in-develop")
    assert rules(flow) == []


@pytest.mark.requirement("G2")
def test_commits_made_on_main_itself(flow: GitLab) -> None:
    flow.git("tag", "v0.1", "main")
    flow.switch("main")
    flow.commit("direct", {"m": "m\n"})
    assert rules(flow) == [("develop-behind-main", "develop"), ("direct-commit", "main")]
    assert drifts(flow)[1].message == "main has 1 commits of its own since v0.1: they came by no branch"
    mend(flow, "develop-behind-main")
    assert rules(flow) == [("direct-commit", "main")]


def test_unpushed_commits_on_main_where_branches_are_the_rule(shared: GitLab) -> None:
    shared.write({".aura/branching.toml": 'strategy = "github-flow"\n'})
    shared.switch("main")
    assert ("direct-commit", "main") not in rules(shared)
    shared.commit("direct", {"m": "m\n"})
    assert ("direct-commit", "main") in rules(shared)
    shared.write({".aura/branching.toml": 'strategy = "trunk"\n'})
    assert ("direct-commit", "main") not in rules(shared)


@pytest.mark.requirement("G2")
def test_a_release_that_is_open_for_too_long(flow: GitLab) -> None:
    flow.branch("release/1.0", "develop")
    flow.commit("r", {"r": "r\n"})
    assert rules(flow, days=14) == []
    assert rules(flow, days=20) == [("release-open-too-long", "release/1.0")]
    flow.git("branch", "hotfix/1", "main")
    assert rules(flow, days=20) == [("release-open-too-long", "release/1.0")]


@pytest.mark.requirement("G2")
def test_a_branch_that_parted_from_its_upstream(shared: GitLab) -> None:
    shared.branch("feature/cart", "develop")
    shared.commit("a", {"a": "a\n"})
    shared.git("push", "--quiet", "--set-upstream", "origin", "feature/cart")
    shared.git("commit", "--quiet", "--amend", "-m", "b")
    assert rules(shared) == [("diverged", "feature/cart")]


@pytest.mark.requirement("G2")
def test_a_base_branch_that_is_missing(shared: GitLab) -> None:
    shared.switch("main")
    shared.git("branch", "--quiet", "--delete", "develop")
    assert rules(shared) == [("missing-base", "develop")]
    assert drifts(shared)[0].message == "there is no local branch develop; it is at origin"
    mend(shared, "missing-base")
    assert rules(shared) == []
    shared.git("remote", "remove", "origin")
    shared.git("branch", "--quiet", "--delete", "--force", "develop")
    assert drifts(shared)[0].fix == "git branch develop START"
