"""A shop with a branch to bring in, and a server over TLS that is its remote and its forge."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aura_git.pulls.service import PullService
from forge_standins import TOKEN, Gitea, GitHub, GitLab
from git_https import HttpsServer, serve_https
from git_lab import GitLab as _Lab
from git_lab import make_lab
from git_rig import GitRig
from pull_lab import Served

PATH = "ada/shop"
OWNERS = "# who looks\n* @everyone\n/src/ @ada/cart\n"


@pytest.fixture
def shop(tmp_path: Path, aura_home: Path, git_settings: Path, monkeypatch: pytest.MonkeyPatch) -> _Lab:
    """`main`, and `feature/12-cart` with two commits."""
    for name in [name for name in os.environ if name.startswith(("GH_", "GITHUB_", "GITLAB_", "GITEA_", "FORGEJO_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(git_settings))
    lab = make_lab(tmp_path / "shop")
    lab.environment = {"GIT_AUTHOR_NAME": "Bea", "GIT_AUTHOR_EMAIL": "bea@localhost"}
    lab.commit(
        "feat: begin",
        {"src/cart.py": "def total():\n    return 1\n", ".github/CODEOWNERS": OWNERS, "CODEOWNERS": OWNERS},
    )
    lab.environment = {}
    lab.branch("feature/12-cart")
    lab.commit(
        "feat(cart): count prices\n\nPrices were ignored.\n\nRefs: #12",
        {"src/cart.py": "def total(prices):\n    return sum(prices)\n"},
    )
    lab.commit("test(cart): cover prices", {"tests/test_cart.py": "def test_total():\n    assert True\n"})
    return lab


def no_program(_forge: object) -> str:
    """As if neither `gh` nor `glab` were installed."""
    return ""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpsServer]:
    """A server over TLS that git trusts."""
    root = tmp_path / "served"
    root.mkdir()
    with serve_https(tmp_path, root) as server:
        monkeypatch.setenv("GIT_SSL_CAINFO", str(server.certificate))
        yield server


@pytest.fixture
def served(
    shop: _Lab, server: HttpsServer, aura_home: Path, git_settings: Path, request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Served:  # fmt: skip
    """A forge of the kind that the test is parametrised with, GitHub by default."""
    kind: str = getattr(request, "param", "github")
    bare = server.root / "ada" / "shop.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(bare)], check=True)
    subprocess.run(["git", "-C", str(bare), "config", "http.receivepack", "true"], check=True)
    shop.git("remote", "add", "origin", f"https://{server.host}/{PATH}.git")
    shop.git("push", "--quiet", "origin", "main")
    shop.git("config", f"aura.{server.host}.forge", kind)
    makers = {"github": GitHub, "gitlab": GitLab, "gitea": Gitea}
    forge = makers[kind](bare, PATH, server.host)
    server.answers = forge
    # The program's own login is tested by itself.
    monkeypatch.setattr("aura_git.pulls.sending.program_for", no_program)
    variable, host = {"github": ("GH_ENTERPRISE_TOKEN", "GH_HOST"), "gitlab": ("GITLAB_TOKEN", "GITLAB_HOST"),
                      "gitea": ("GITEA_TOKEN", "GITEA_HOST")}[kind]  # fmt: skip
    monkeypatch.setenv(variable, TOKEN)
    monkeypatch.setenv(host, server.host)
    return Served(shop, server, forge, GitRig(shop.root, PullService), bare)
