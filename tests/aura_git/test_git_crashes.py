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


@pytest.mark.requirement("G1", "G3", "G5", "P9")
@pytest.mark.timeout(240)
def test_killed_at_any_moment_nothing_is_lost(
    tmp_path: Path, aura_home: Path, git_settings: Path, record_property: RecordProperty
) -> None:
    """One kill of each operation, in the later half of its writes, and some at any moment; the bench has many more."""
    assert aura_home
    assert git_settings
    chance = random.Random(_SEED)
    names = list(OPERATIONS)
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
@pytest.mark.parametrize("name", ["hooks install", "hooks uninstall", "resolve"])
def test_killed_before_each_write_of_a_file_nothing_is_left_beside_it(
    tmp_path: Path, aura_home: Path, git_settings: Path, name: str
) -> None:
    """The hook of a person is in place at every moment; in the work tree there is nothing of Aura's."""
    assert aura_home
    assert git_settings
    with Victims(tmp_path) as victims:
        last = victims.steps_of(name)
        first = last // 2 if name == "resolve" else 1  # before that, it only looks and takes a snapshot
        kills = victims.kill_all([(name, step) for step in range(first, last + 1)], seed=_SEED)
    assert [kill for kill in kills if kill.broken] == []
