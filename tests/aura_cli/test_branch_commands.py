"""`aura branch` against the real service on a real repository, behind a stand-in for the gateway."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aura_cli.commands import branch as command
from aura_cli.commands import pulls as pulls_command
from aura_cli_running import Aura, StandIn
from aura_git.branching.service import BranchService
from aura_git.pulls.service import PullService
from aura_shared.messages import branches
from aura_shared.messages.branches import BranchUpdated
from aura_shared.messages.pulls import CreatePull, DraftPull
from git_flow_scenarios import prepare
from git_lab import CONFIG, GitLab
from git_rig import GitRig

ROUTES = {
    "/v1/git/branches": branches.ListBranches,
    "/v1/git/branches/check": branches.CheckBranching,
    "/v1/git/branches/start": branches.StartBranch,
    "/v1/git/branches/finish": branches.FinishBranch,
    "/v1/git/branches/publish": branches.PublishBranch,
    "/v1/git/branches/cleanup": branches.CleanBranches,
    "/v1/git/branches/init": branches.InitBranching,
}


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitLab:
    """A repository with git-flow's configuration and a bare origin; the working directory."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "gitconfig").write_text(CONFIG)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    lab = prepare(tmp_path / "flow")
    monkeypatch.chdir(lab.root)
    return lab


@pytest.fixture
def rig(flow: GitLab, gateway: StandIn) -> GitRig:
    made = GitRig(flow.root, BranchService)
    made.serve(gateway, ROUTES)
    return made


def happened(rig: GitRig) -> list[tuple[str, str]]:
    return [(event.branch, event.what) for event in rig.bus.published if isinstance(event, BranchUpdated)]


@pytest.mark.requirement("G2")
def test_a_feature_from_start_to_finish(aura: Aura, rig: GitRig, flow: GitLab) -> None:
    begun = aura("branch", "start", "feature", "Cart totals", "--task", "12")
    assert (begun.code, begun.out) == (0, "feature/12-cart-totals begun at develop\n")
    flow.commit("a", {"a": "a\n"})
    flow.commit("b", {"b": "b\n"})
    listed = aura("branch", "list", "--explain")
    assert "*  feature/12-cart-totals  feature  develop  +2" in listed.out
    assert "gitflow on main, develop (the configuration of git-flow)" in listed.err
    assert "main: gitflow.branch.master in the configuration of git" in listed.err
    planned = aura("branch", "finish", "--dry-run")
    assert planned.out.splitlines() == [
        "  then  merge feature/12-cart-totals into develop (--no-ff)", "  then  delete feature/12-cart-totals here",
    ]  # fmt: skip
    finished = aura("branch", "finish", "--yes")
    assert finished.code == 0
    assert finished.out.splitlines()[-1] == "feature/12-cart-totals is finished"
    assert flow.log("develop")[0] == "Merge branch 'feature/12-cart-totals' into develop"
    assert happened(rig) == [("feature/12-cart-totals", "started"), ("feature/12-cart-totals", "finished")]


@pytest.mark.requirement("G2", "G4")
def test_a_finish_by_pull_request_opens_it_after_a_yes(
    aura: Aura, flow: GitLab, gateway: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = GitRig(flow.root, BranchService, PullService)
    pulls = {"/v1/git/pulls": CreatePull, "/v1/git/pulls/draft": DraftPull}
    rig.serve(gateway, {**ROUTES, **pulls})
    flow.switch("main")
    flow.commit("build: strategy", {".aura/branching.toml": 'strategy = "github-flow"\n'})
    flow.git("push", "--quiet", "origin", "main")
    assert aura("branch", "start", "feature", "cart").code == 0
    flow.commit("feat: cart", {"a": "a\n"})
    told = "feature branches go into main by a pull request"
    assert told in aura("branch", "finish", "--dry-run", "--yes").err
    assert told in aura("branch", "finish").err  # nobody to ask: nothing is sent
    assert flow.git("ls-remote", "origin", "feature/cart") == ""
    given = [False, True]
    for module in (command, pulls_command):
        monkeypatch.setattr(module, "asks", lambda: True)
        monkeypatch.setattr(module, "ask", lambda question, **_: given.pop(0))  # pyright: ignore[reportUnknownLambdaType]
    assert "feat: cart\nfeature/cart → main" in aura("branch", "finish").out
    assert flow.git("ls-remote", "origin", "feature/cart") == ""
    ran = aura("branch", "finish")
    assert "Pushed feature/cart." in ran.err
    assert "The text is in .git/aura/pull-requests/feature/cart.md" in ran.out
    assert flow.git("ls-remote", "origin", "feature/cart").split()[0] == flow.head()
    assert given == []
    asked = [body for route, body in gateway.asked if route == "POST /v1/git/pulls"]
    assert [one["draft"] for one in asked] == [False] * 3
    assert aura("branch", "finish", "--yes").code == 0


@pytest.mark.requirement("G2")
def test_a_finish_that_waits_says_so_and_ends_with_its_code(aura: Aura, rig: GitRig, flow: GitLab) -> None:
    aura("branch", "start", "feature", "cart")
    flow.commit("a", {"a": "mine\n"})
    flow.commit("b", {"b": "b\n"})
    flow.switch("develop")
    flow.commit("c", {"a": "theirs\n"})
    assert "would stop at conflicts in a" in aura("branch", "finish", "cart", "--dry-run").out
    waiting = aura("branch", "finish", "cart")
    assert waiting.code == 5
    assert "stopped at conflicts in a" in waiting.out
    assert "resolve the conflicts in a, then `aura continue`; `aura abort` takes everything back" in waiting.err
    assert happened(rig)[-1] == ("feature/cart", "waiting")
    refused = aura("branch", "start", "feature", "other")
    assert refused.code == 5
    assert "waits" in refused.err


@pytest.mark.requirement("G2")
def test_publish_cleanup_and_undo_of_nothing_lost(aura: Aura, rig: GitRig, flow: GitLab) -> None:
    flow.git("push", "--quiet", "--set-upstream", "origin", "main", "develop")
    aura("branch", "start", "feature", "cart")
    flow.commit("a", {"a": "a\n"})
    published = aura("branch", "publish")
    assert published.out == "feature/cart is published at origin/feature/cart\n"
    assert aura("branch", "publish").out == "feature/cart is at the remote already: origin/feature/cart\n"
    flow.switch("develop")
    flow.git("merge", "--quiet", "--no-ff", "--no-edit", "feature/cart")
    shown = aura("branch", "cleanup")
    assert "feature/cart  merged  every commit of it is in develop" in shown.out
    assert "Nothing was deleted: add --yes." in shown.err
    assert aura("branch", "cleanup", "--yes").out.endswith("1 branch deleted; `aura git undo` brings them back\n")
    assert "refs/heads/feature/cart" not in flow.refs()
    assert "No branch is merged" in aura("branch", "cleanup").out
    assert happened(rig)[-1] == ("feature/cart", "deleted")


@pytest.mark.requirement("G2")
def test_drift_is_for_people_and_programs(aura: Aura, rig: GitRig, flow: GitLab) -> None:
    assert rig
    assert aura("branch", "drift").out == "2 branches checked: nothing strays from gitflow.\n"
    flow.git("branch", "odd")
    found = aura("branch", "drift")
    assert found.code == 5
    assert found.out.splitlines() == [
        "unknown-kind  odd",
        "  its name fits no kind: names begin with feature/, bugfix/, release/, hotfix/, support/",
        "  git branch -m odd feature/odd",
    ]
    as_json = aura("branch", "drift", "--json")
    assert as_json.code == 5
    assert as_json.json()["checked"] == 3


def test_init_shows_then_writes(aura: Aura, rig: GitRig, flow: GitLab) -> None:
    assert aura("branch", "init", "gitflow", "--dry-run").out.startswith("# How branches of this repository are named")
    assert not (flow.root / ".aura").exists()
    written = aura("branch", "init", "gitflow")
    assert written.out == ".aura/branching.toml is written: gitflow\n"
    assert 'strategy = "gitflow"' in (flow.root / ".aura" / "branching.toml").read_text()
    again = aura("branch", "init", "trunk")
    assert again.code == 5
    assert "there is a file .aura/branching.toml already" in again.err
    assert happened(rig) == [("main", "initialised")]


@pytest.mark.parametrize(
    "command",
    [
        ("start", "feature", "x", "--dry-run"),
        ("finish", "--dry-run"),
        ("publish",),
        ("cleanup",),
        ("init", "trunk", "--dry-run"),
        (),
        ("list",),
    ],
    ids=str,
)
def test_json_is_the_answer_of_the_gateway(
    aura: Aura, rig: GitRig, flow: GitLab, gateway: StandIn, command: tuple[str, ...]
) -> None:
    assert rig
    flow.branch("feature/cart", "develop")
    answer = aura("branch", *command, "--json").json()
    assert gateway.asked[-1][0].startswith("POST /v1/git/branches")
    assert answer


def test_nothing_to_list_says_what_to_do(aura: Aura, rig: GitRig) -> None:
    assert rig
    assert aura("branch", "list", "--kind", "hotfix").out == (
        "There are no branches of this kind. Begin one: aura branch start KIND NAME\n"
    )


def test_refusals_explain_themselves(aura: Aura, rig: GitRig, flow: GitLab) -> None:
    assert rig
    refused = aura("branch", "finish", "main")
    assert refused.code != 0
    assert "'main' is a base branch: it is never finished" in refused.err
    flow.git("remote", "remove", "origin")
    assert "there is no remote to publish to" in aura("branch", "publish").err


def test_a_pull_request_is_the_way_where_the_strategy_says_so(aura: Aura, rig: GitRig, flow: GitLab) -> None:
    assert rig
    flow.write({".aura/branching.toml": 'strategy = "github-flow"\n'})
    flow.commit("strategy")
    aura("branch", "start", "feature", "cart", "--base", "develop")
    finished = aura("branch", "finish")
    assert finished.code == 0
    assert "go into main by a pull request: aura branch publish feature/cart, then aura pr create" in finished.err
