"""`aura release` against the real service on a real repository, behind a stand-in for the gateway."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aura_cli.commands import releases as command
from aura_cli_running import Aura, StandIn
from aura_git.releases.service import ReleaseService
from aura_shared.messages.releases import CutRelease, PlanRelease
from git_lab import CONFIG, GitLab, make_lab
from git_rig import GitRig

ROUTES = {"/v1/git/releases": PlanRelease, "/v1/git/releases/cut": CutRelease}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: StandIn) -> GitLab:
    """A repository at 1.2.0 with a feature since then; the working directory."""
    (tmp_path / "gitconfig").write_text(CONFIG)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    lab = make_lab(tmp_path / "shop")
    lab.commit("chore(release): 1.2.0", {"VERSION": "1.2.0\n", "a": "1"})
    lab.git("tag", "-a", "v1.2.0", "-m", "v1.2.0")
    lab.commit("feat(cart): count items (#7)", {"a": "2"})
    monkeypatch.chdir(lab.root)
    GitRig(lab.root, ReleaseService).serve(gateway, ROUTES)
    return lab


@pytest.mark.requirement("G5")
def test_a_plan_is_shown_and_nothing_written(aura: Aura, shop: GitLab) -> None:
    ran = aura("release", "plan")
    lines = ran.out.splitlines()
    assert lines[:2] == ["1.3.0  after 1.2.0, 1 commit", "a feature came since 1.2.0: 1.3.0"]
    assert lines[2] == f"  {shop.head()[:9]} feat(cart): count items (#7)  type feat"
    assert "- **cart:** Count items (#7)" in lines
    assert "VERSION  version 1.2.0 -> 1.3.0" in lines
    assert ran.err == "aura release cut makes it; nothing was changed\n"
    assert aura("release", "plan", "--pre", "rc", "--json").json()["tag"] == "v1.3.0-rc.1"
    assert shop.git("status", "--porcelain") == ""


@pytest.mark.requirement("G5")
def test_a_release_is_cut_only_after_a_yes(aura: Aura, shop: GitLab, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = aura("release", "cut")
    assert (ran.code, "only after a yes" in ran.err) == (5, True)
    given = [False, True]
    monkeypatch.setattr(command, "asks", lambda: True)
    monkeypatch.setattr(command, "ask", lambda question, **_: given.pop(0))  # pyright: ignore[reportUnknownLambdaType]
    assert aura("release", "cut").code == 130
    assert shop.git("tag") == "v1.2.0\n"
    ran = aura("release", "cut")
    assert ran.out.endswith(f"v1.3.0 at {shop.head()[:9]}\n")
    assert "takes it back" in ran.err
    assert shop.git("tag") == "v1.2.0\nv1.3.0\n"
    assert given == []


def test_what_is_refused_says_why(aura: Aura, shop: GitLab) -> None:
    shop.write({"a": "3"})
    assert "refused: there are uncommitted changes" in aura("release", "plan").err
    ran = aura("release", "cut", "--yes")
    assert (ran.code, "uncommitted changes" in ran.err) == (5, True)
    shop.git("checkout", "--quiet", "a")
    ran = aura("release", "cut", "1.4.0", "--dry-run")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "1.4.0  after 1.2.0, 1 commit")
    assert shop.git("tag") == "v1.2.0\n"
    assert aura("release", "cut", "1.4.0", "--yes", "--json").json()["tag"] == "v1.4.0"


def test_json_alone_is_no_yes(aura: Aura, shop: GitLab) -> None:
    assert aura("release", "cut", "--json").code == 5
    assert shop.git("tag") == "v1.2.0\n"
