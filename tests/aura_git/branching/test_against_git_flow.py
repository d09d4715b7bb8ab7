"""Aura's branches come out as git-flow-avh's: the same commits, parents, messages, tags, refs and HEAD.

What git-flow did is recorded in `golden/`; where it is installed, it is run beside. `AURA_GOLDEN=update` records anew.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from git_flow_scenarios import SCENARIOS, Aura, GitFlow, Graph, graph_of, prepare

GOLDEN = Path(__file__).parent / "golden"
UPDATE = os.environ.get("AURA_GOLDEN") == "update"


def installed() -> bool:
    """Whether the edition that was recorded is here; the original git-flow has another manner."""
    if shutil.which("git-flow") is None:
        return False
    return "AVH" in subprocess.run(["git", "flow", "version"], capture_output=True, text=True, check=False).stdout


def golden(name: str) -> Path:
    return GOLDEN / f"{re.sub(r'[^a-z0-9]+', '-', name)}.json"


def by_git_flow(name: str, folder: Path) -> Graph:
    worker = GitFlow(prepare(folder))
    SCENARIOS[name](worker)
    return graph_of(worker.lab)


@pytest.mark.requirement("G2")
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_graph_is_that_of_git_flow(name: str, tmp_path: Path, git_settings: Path) -> None:
    assert git_settings
    if UPDATE:
        golden(name).write_text(json.dumps(by_git_flow(name, tmp_path / "recorded"), indent=1) + "\n")
    expected = json.loads(golden(name).read_text())
    worker = Aura(prepare(tmp_path / "aura"))
    SCENARIOS[name](worker)
    assert graph_of(worker.lab) == expected


@pytest.mark.skipif(not installed(), reason="git-flow-avh is not installed: its recorded graphs are compared")
@pytest.mark.parametrize(
    "name", ["feature with a conflict", "release, develop moved", "hotfix while a release is open"]
)
def test_the_recorded_graph_is_what_git_flow_does_here(name: str, tmp_path: Path, git_settings: Path) -> None:
    assert git_settings
    assert by_git_flow(name, tmp_path) == json.loads(golden(name).read_text())


def test_every_recording_belongs_to_a_scenario() -> None:
    assert {file.name for file in GOLDEN.iterdir()} == {golden(name).name for name in SCENARIOS}
    assert len(SCENARIOS) >= 12
