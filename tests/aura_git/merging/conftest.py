"""A repository with the safety core."""

from __future__ import annotations

import pytest

from aura_git.safety.core import SafetyCore
from aura_shared.settings import GitSettings
from git_lab import GitLab
from merge_lab import MergeLab


@pytest.fixture
def two(lab: GitLab) -> MergeLab:
    """A repository to merge in."""
    settings = GitSettings(lock_wait_s=1.0)
    return MergeLab(lab, SafetyCore(settings), settings)
