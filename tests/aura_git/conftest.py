"""Fixtures that every test of git uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from git_lab import CONFIG, GitLab, make_lab


@pytest.fixture
def git_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """git's settings of the user, as a file of the test; those of the machine are out of reach."""
    home = tmp_path_factory.mktemp("home")
    file = home / "gitconfig"
    file.write_text(CONFIG)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(file))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return file


@pytest.fixture
def lab(tmp_path: Path, git_settings: Path) -> GitLab:
    """A repository without a commit, on `main`."""
    return make_lab(tmp_path / "shop")
