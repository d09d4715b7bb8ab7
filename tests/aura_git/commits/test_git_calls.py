"""No request starts more processes of git than it needs."""

from __future__ import annotations

import pytest

from aura_git.commits.service import CommitService
from aura_git.merging.service import MergeService
from aura_git.safety.service import SafetyService
from git_calls import MOST, calls_of_requests
from git_lab import GitLab
from git_rig import GitRig


@pytest.mark.requirement("G1")
async def test_requests_start_no_more_processes_of_git_than_they_need(shop: GitLab) -> None:
    found = await calls_of_requests(GitRig(shop.root, CommitService, SafetyService, MergeService), shop)
    counts = {name: len(calls) for name, calls in found.items()}
    assert {name: count for name, count in counts.items() if count > MOST[name]} == {}
    for name, calls in found.items():
        where = [call for call in calls if "--git-path" in call and "hooks" not in call]
        assert where == [], f"{name} asks git where its own files are"
