"""Fixtures of the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aura_factory.sandbox.running import ConfinedRunner
from aura_factory.sandbox.trees import remove_tree
from sandbox_needs import open_folder, runner_of


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder that the user whom confined programs run as can pass."""
    folder = open_folder()
    yield folder
    remove_tree(folder)


@pytest.fixture
def workspace(scratch: Path) -> Path:
    """An empty workspace."""
    folder = scratch / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture(params=["bwrap", "landlock"])
def runner(request: pytest.FixtureRequest) -> ConfinedRunner:
    """A runner of each tier that this machine can have."""
    return runner_of(request.param)
