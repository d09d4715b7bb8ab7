"""Killed at any step, a commit or a split leaves everything where it can be had."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from commits_crash import COMMITS, CommitVictims
from git_crash import WITH_CHILDREN, kill_table
from printed_tables import PRINTED


@pytest.mark.requirement("G1", "P9")
@pytest.mark.timeout(240)
def test_commits_and_splits_killed_at_any_step_lose_nothing(
    tmp_path: Path, aura_home: Path, git_settings: Path, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(11)
    last = {"commit staged": 29, "commit all": 35, "commit a path": 41, "split": 66}
    wanted = [(name, step) for name in COMMITS for step in sorted(chance.sample(range(last[name] // 2, last[name]), 3))]
    wanted += [(name, WITH_CHILDREN) for name in COMMITS]
    kills = CommitVictims(tmp_path).kill_all(wanted, most_s=1.0, seed=3)
    record_property(f"{PRINTED}Kills of commits and splits", "\n".join(kill_table(kills)))
    assert [kill for kill in kills if kill.broken] == []
    assert sum(kill.reached for kill in kills) >= 10
    assert {kill.operation for kill in kills if kill.state == "interrupted"} >= {"commit all", "split"}
