"""A safety core, and a short way to do something through it."""

from __future__ import annotations

import pytest

from aura_git.safety.contract import Gates
from aura_git.safety.core import SafetyCore
from aura_shared.settings import GitSettings
from git_crash_states import Operate, Work
from git_lab import GitLab


@pytest.fixture
def core() -> SafetyCore:
    return SafetyCore(GitSettings(lock_wait_s=0.2))


@pytest.fixture
def operate(core: SafetyCore, lab: GitLab) -> Operate:
    """Carry something out as an operation; returns its identifier."""

    def carry_out(work: Work) -> str:
        repository = lab.repository()
        with core.begin(repository, "test", "Do something", gates=Gates(born=False, at_rest=False)) as operation:
            operation.step("work")
            work(repository)
        return operation.id

    return carry_out
