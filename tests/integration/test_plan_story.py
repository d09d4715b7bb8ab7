"""A sentence becomes a PRD, an approved plan and finished work, and the plan follows when the PRD is edited."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from git_lab import CONFIG, GitLab

JOB = Path(__file__).parent / "plan_job.py"
BOUND_S = 300
FILES = {
    "app.py": '"""A shop."""\n\n\ndef total(prices: list[float]) -> float:\n    return sum(prices)\n',
    "pyproject.toml": '[project]\nname = "shop"\nversion = "0.1.0"\ndescription = "A little shop"\n',
    "tests/test_app.py": "from app import total\n\n\ndef test_total() -> None:\n    assert total([1, 2]) == 3\n",
}


@pytest.fixture
def shop(tmp_path: Path, aura_home: Path, monkeypatch: pytest.MonkeyPatch) -> GitLab:
    """A small repository."""
    settings = aura_home / "gitconfig"
    settings.write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    lab = GitLab(tmp_path / "shop")
    lab.root.mkdir()
    lab.git("init", "--quiet")
    lab.commit("feat: a shop", FILES)
    return lab


@pytest.mark.requirement("A1", "A2", "A3", "A4", "A5", "P2", "P9")
@pytest.mark.timeout(BOUND_S)
def test_a_sentence_becomes_a_plan_that_follows_its_document(shop: GitLab) -> None:
    command = [sys.executable, str(JOB), str(shop.root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=BOUND_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    # The document, without a model.
    assert "FR-001" in (shop.root / ".ai" / "prd.md").read_text(encoding="utf-8")
    assert {one["rule"] for one in seen["check"]["findings"]} <= {"unconfirmed-assumption"}
    # The gates.
    assert "the PRD" in seen["too_early"]
    assert "not approved" in seen["not_approved"]
    assert "T00" in seen["open_tasks"] or "task" in seen["open_tasks"]
    # The plan and its order.
    assert seen["merged"]["counts"] == {"added": 5}
    assert [row["alias"] for row in seen["order"]["rows"]] == ["T001", "T002", "Story 1.2"]
    assert seen["next"]["rows"][0]["alias"] == "T001"
    # Evidence.
    states = {row["alias"]: row for row in seen["progress"]["rows"]}
    assert (states["T001"]["state"], states["T001"]["commits"]) == ("probably-done", 1)
    assert (states["T002"]["status"], states["T002"]["state"]) != ("done", "done")
    assert "Add pay" in seen["proved"]["rows"][0]["title"]
    assert any("pay by card" in json.dumps(one) for one in seen["proved"]["evidence"])
    covered = {row["name"]: row for row in seen["coverage"]["rows"]}
    assert covered["FR-001"]["gaps"] == ["no-story", "no-test", "no-code"]
    assert {one["path"] for one in covered["Story 1.1"]["tests"]} == {"tests/test_pay.py"}
    assert covered["Story 1.1"]["code"][0]["path"] == "app.py"
    # Drift: what is put between gets its own item, and what was there keeps its identifier and its state.
    assert seen["drift"]["documents"][0]["drifted"]
    assert seen["drifted"]["counts"]["added"] == 1
    assert seen["kept"]
    assert seen["states"]["Story 1.1"] == "complete"
    assert seen["states"]["Story 1.2"] == "draft"
    assert seen["forecast"]["reason"]
    assert seen["resume"]["item"]
    assert seen["undone"]["added"] == 1
    assert [one for one in seen["findings"] if one["severity"] == "error"] == []
