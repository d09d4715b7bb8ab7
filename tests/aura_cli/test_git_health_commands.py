"""`aura git health` and `aura git watch` against the real service on a real repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aura_cli.commands import git_health as command
from aura_cli_running import Aura, StandIn
from aura_git.health.service import HealthService
from aura_shared.messages.git_health import CheckHealth, MendGit, SetWatch
from git_lab import CONFIG, GitLab, make_lab
from git_rig import GitRig

ROUTES = {"/v1/git/health": CheckHealth, "/v1/git/health/mend": MendGit, "/v1/git/watch": SetWatch}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: StandIn) -> GitLab:
    """A repository with one commit; the working directory."""
    (tmp_path / "gitconfig").write_text(CONFIG)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    lab = make_lab(tmp_path / "shop")
    lab.commit("feat: begin", {"a.py": "a = 1\n"})
    monkeypatch.chdir(lab.root)
    GitRig(lab.root, HealthService).serve(gateway, ROUTES)
    return lab


def test_health_says_what_is_wrong_why_and_what_mends_it(aura: Aura, shop: GitLab) -> None:
    assert aura("git", "health").out == "Nothing is wrong.\n"
    shop.write({f"node_modules/{name}/a.js": "x" for name in "ab"})
    ran = aura("git", "health")
    assert ran.out.splitlines() == [
        "warning  build output is not ignored  missing-ignore",
        "         one `git add --all` would commit it",
        "           node_modules/  covers 1 untracked",
        "         → aura git health --fix missing-ignore",
    ]
    assert ran.err.startswith("1 finding, ")
    findings = aura("git", "health", "--json").json()["findings"]
    assert isinstance(findings, list)
    assert len(findings) == 1


@pytest.mark.requirement("G2")
def test_a_finding_is_mended_only_after_a_yes(aura: Aura, shop: GitLab, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.write({"node_modules/a.js": "x"})
    assert aura("git", "health", "--fix", "missing-ignore").code == 5
    shown = aura("git", "health", "--fix", "missing-ignore", "--dry-run").out
    assert "would mend node_modules/" in shown
    assert "+node_modules/" in shown
    given = [False, True]
    monkeypatch.setattr(command, "asks", lambda: True)
    monkeypatch.setattr(command, "ask", lambda question, **_: given.pop(0))  # pyright: ignore[reportUnknownLambdaType]
    assert aura("git", "health", "--fix", "missing-ignore").code == 130
    assert not (shop.root / ".gitignore").exists()
    ran = aura("git", "health", "--fix", "missing-ignore")
    assert "mended node_modules/" in ran.out.splitlines()
    assert "takes it back" in ran.err
    assert (shop.root / ".gitignore").read_text() == "node_modules/\n"
    assert aura("git", "health", "--fix", "missing-ignore", "--yes").err == "There is nothing to mend.\n"
    assert aura("git", "health", "--fix", "stashes", "--yes", "--json").code == 2


def test_the_watch_is_off_until_it_is_switched_on(aura: Aura, shop: GitLab) -> None:
    ran = aura("git", "watch")
    assert ran.out == "watch: off, after 10 min at rest\n"
    assert "aura git watch propose" in ran.err
    assert aura("git", "watch", "commit", "--quiet", "60").out == "watch: commit, after 1 min at rest\n"
    assert shop.git("config", "--local", "aura.watch") == "commit\n"
    assert aura("git", "watch", "off", "--json").json()["mode"] == "off"
    assert aura("git", "watch", "always").code == 2
