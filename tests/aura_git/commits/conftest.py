"""Fixtures of commits: a repository with a history, and the service of commits over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_git.commits.service import CommitService
from commits_lab import CART, TESTS
from git_lab import GitLab, copy_of, make_lab
from git_rig import GitRig


@pytest.fixture
def shop(aura_home: Path, git_settings: Path, tmp_path: Path) -> GitLab:
    """A repository with conventional commits, on the branch `work`."""
    assert aura_home
    assert git_settings
    return copy_of("commits", _shop, tmp_path)


def _shop(folder: Path) -> GitLab:
    lab = make_lab(folder / "shop")
    lab.commit("feat(cart): add the cart", {"src/cart.py": CART, "README.md": "# Shop\n\nSell things.\n"})
    lab.commit("docs: say how to run it", {"README.md": "# Shop\n\nSell things.\n\nRun it.\n"})
    lab.commit("test(cart): cover the total", {"tests/test_cart.py": TESTS})
    lab.branch("work")
    return lab


@pytest.fixture
def rig(shop: GitLab) -> GitRig:
    """The service of commits for that repository."""
    return GitRig(shop.root, CommitService)
