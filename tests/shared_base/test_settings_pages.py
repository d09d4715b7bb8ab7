"""The page and the sample file of the settings say what the code says."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from aura_shared.layers import flatten
from aura_shared.settings import Settings

pytestmark = pytest.mark.requirement("P7")

ROOT = Path(__file__).parents[2]


def export(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "export_settings.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_sample_file_is_every_default() -> None:
    values = tomllib.loads((ROOT / "configs" / "aura.toml").read_text(encoding="utf-8"))
    assert Settings.model_validate(values) == Settings()
    assert [key for key, _ in flatten(values)] == [key for key, _ in flatten(Settings().model_dump())]


def test_every_setting_is_on_the_page() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    missing = [key for key, _ in flatten(Settings().model_dump()) if f"| `{key}` |" not in page]
    assert missing == []


def test_page_and_sample_are_current() -> None:
    done = export("--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_stale_page_is_noticed(tmp_path: Path) -> None:
    assert export("--folder", str(tmp_path)).returncode == 0
    assert export("--check", "--folder", str(tmp_path)).returncode == 0
    with (tmp_path / "docs" / "settings.md").open("a", encoding="utf-8") as page:
        page.write("stale\n")
    done = export("--check", "--folder", str(tmp_path))
    assert done.returncode == 1
    assert "settings.md is out of date" in done.stderr
