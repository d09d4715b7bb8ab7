"""Killed at any moment, no writing operation loses anything, and every way out that is offered works."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Final

import pytest

from git_crash import AT_RANDOM, WITH_CHILDREN, Victims, kill_table
from git_crash_operations import OPERATIONS
from printed_tables import PRINTED, RecordProperty

_SEED: Final = 5
_HALF_WAY: Final = "hooks install"
"""Between the move of the person's hook and the writing of Aura's, neither runs: tested by itself."""


@pytest.mark.requirement("G1", "G3", "G5", "P9")
@pytest.mark.timeout(240)
def test_killed_at_any_moment_nothing_is_lost(
    tmp_path: Path, aura_home: Path, git_settings: Path, record_property: RecordProperty
) -> None:
    """One kill of each operation, in the later half of its writes, and some at any moment; the bench has many more."""
    assert aura_home
    assert git_settings
    chance = random.Random(_SEED)
    names = [name for name in OPERATIONS if name != _HALF_WAY]
    with Victims(tmp_path) as victims:
        steps = {name: victims.steps_of(name) for name in names}
        wanted = [(name, chance.randint(steps[name] // 2 + 1, steps[name])) for name in names]
        wanted += [(name, how) for how in (AT_RANDOM, WITH_CHILDREN) for name in chance.sample(names, 4)]
        kills = victims.kill_all(wanted, seed=_SEED)
    record_property(f"{PRINTED}Kills (-9) of git operations", "\n".join(kill_table(kills)))
    assert [kill for kill in kills if kill.broken] == []
    assert sum(kill.reached for kill in kills) >= len(names)
    assert len({kill.operation for kill in kills if kill.state == "interrupted"}) >= 20
    assert {way for kill in kills for way in kill.ways} == {"continue", "abort", "undo", "again"}


@pytest.mark.requirement("G1")
@pytest.mark.xfail(strict=True, reason="killed between two renames, neither the person's hook nor Aura's is in place")
def test_killed_while_the_hook_is_put_in_place_the_hook_of_the_person_still_runs(
    tmp_path: Path, aura_home: Path, git_settings: Path
) -> None:
    assert aura_home
    assert git_settings
    with Victims(tmp_path) as victims:
        wanted = [(_HALF_WAY, step) for step in range(1, victims.steps_of(_HALF_WAY) + 1)]
        kills = victims.kill_all(wanted, seed=_SEED)
    assert [kill for kill in kills if kill.broken] == []
