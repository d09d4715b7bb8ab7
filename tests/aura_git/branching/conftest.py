"""Fixtures of branching: a repository with a strategy, and one with a remote."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_git.safety.core import SafetyCore
from aura_shared.settings import GitSettings
from git_flow_scenarios import prepare
from git_lab import GitLab


@pytest.fixture
def safety() -> SafetyCore:
    return SafetyCore(GitSettings())


@pytest.fixture
def flow(tmp_path: Path, git_settings: Path) -> GitLab:
    """A repository with git-flow's configuration, develop checked out, and a bare origin that is still empty."""
    assert git_settings
    return prepare(tmp_path / "flow")


@pytest.fixture
def shared(flow: GitLab) -> GitLab:
    """The same with both base branches pushed."""
    flow.git("push", "--quiet", "--set-upstream", "origin", "main", "develop")
    return flow
