"""Fixtures that every part uses."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from printed_tables import print_tables
from sample_repository import SOURCES
from sandbox_needs import print_table


@pytest.fixture
def aura_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A private, short-named installation of its own; the real home folder is out of reach."""
    home = Path(tempfile.mkdtemp(prefix="aura-"))  # Short, because socket paths below it are bounded; 0700 by mkdtemp.
    user = home / "user"
    user.mkdir()
    for name in [name for name in os.environ if name.startswith(("AURA_", "CODEGEN_LAB_CONFIG_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AURA_HOME", str(home))
    monkeypatch.setenv("HOME", str(user))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with one commit of real source files in several languages."""
    root = tmp_path / "shop"
    for path, text in SOURCES.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ["-c", "user.name=Tester", "-c", "user.email=tester@localhost", "-c", "commit.gpgsign=false"]
    for arguments in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "."],
        [*identity, "commit", "-qm", "feat: shop"],
    ):
        subprocess.run(["git", *arguments], cwd=root, env=environment, check=True, capture_output=True)
    return root


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables of the suites: edits, kills while writing, attempts to leave the sandbox."""
    print_tables(terminalreporter)
    print_table(terminalreporter)
