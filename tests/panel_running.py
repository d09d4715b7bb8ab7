"""The real daemon with a small project, for stories of the panel."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from aura_cli.daemon import start_daemon, wait_ready
from aura_cli.gateway import Gateway
from aura_shared import control
from aura_shared.paths import AuraPaths, find_paths
from sample_repository import SOURCES

START_S = 90.0  # Ten times what it takes on a quiet machine.


@dataclass(frozen=True)
class Running:
    """A daemon that runs, and its project."""

    paths: AuraPaths
    """Of its installation."""
    repository: Path
    """A git repository with one commit, which is registered."""


def running_daemon() -> Iterator[Running]:
    """Start it in an installation of its own; stop it at the end."""
    home = Path(tempfile.mkdtemp(prefix="aura-"))  # Short, because socket paths below it are bounded.
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AURA_", "CODEGEN_LAB_CONFIG_", "XDG_"))]:
            patch.delenv(name)
        (home / "user").mkdir()
        patch.setenv("AURA_HOME", str(home))
        patch.setenv("HOME", str(home / "user"))
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        paths = find_paths().prepare()
        paths.user_settings.parent.mkdir(parents=True, exist_ok=True)
        paths.user_settings.write_text("# Mine.\n[models]\ndiscover = false\n", encoding="utf-8")
        root = _repository(home / "shop")
        start_daemon(paths)
        try:
            wait_ready(paths, START_S)
            Gateway(paths).post("/v1/projects", {"path": str(root)})
            yield Running(paths, root)
        finally:
            control.call(paths, {"do": "down"}, timeout_s=START_S)
    shutil.rmtree(home, ignore_errors=True)


def _repository(root: Path) -> Path:
    for path, text in SOURCES.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    identity = ["-c", "user.name=Tester", "-c", "user.email=tester@localhost", "-c", "commit.gpgsign=false"]
    for arguments in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "."],
        [*identity, "commit", "-qm", "feat: shop"],
    ):
        subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)
    return root
