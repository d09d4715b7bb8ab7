"""Each rule has a page with the same parts, made from its file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aura_code.findings.loading import load_rules

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "export_rules.py"
PARTS = ["## What it does", "## Why it matters", "## Example", "## Instead", "## Options", "## Silencing"]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--folder", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.requirement("C4")
def test_every_rule_has_a_page_with_the_same_parts(tmp_path: Path) -> None:
    assert run(tmp_path).returncode == 0
    pages = tmp_path / "docs" / "rules"
    assert {file.stem for file in pages.glob("*.md")} == {"index", *(rule.id for rule in load_rules())}
    for rule in load_rules():
        text = (pages / f"{rule.id}.md").read_text(encoding="utf-8")
        assert [line for line in text.splitlines() if line.startswith("## ")] == PARTS, rule.id
        assert f"[{rule.id}]({rule.id}.md)" in (pages / "index.md").read_text(encoding="utf-8")


def test_a_stale_page_is_reported(tmp_path: Path) -> None:
    run(tmp_path)
    assert run(tmp_path, "--check").returncode == 0
    pages = tmp_path / "docs" / "rules"
    (pages / "unused-ignore.md").write_text("old", encoding="utf-8")
    (pages / "no-such-rule.md").write_text("old", encoding="utf-8")
    checked = run(tmp_path, "--check")
    assert checked.returncode == 1
    assert [line.split(" ")[0] for line in checked.stderr.splitlines()] == [
        "docs/rules/no-such-rule.md",
        "docs/rules/unused-ignore.md",
    ]
    run(tmp_path)
    assert not (pages / "no-such-rule.md").exists()
