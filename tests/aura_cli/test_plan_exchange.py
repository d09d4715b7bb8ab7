"""`aura plan import` and `aura plan export` against the real service on real files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aura_cli_running import Aura, StandIn
from aura_planning.exchanging.service import ExchangeService
from aura_shared.messages.plan_exchange import ExportPlan, ImportPlan
from plan_exchange_samples import CSV, TASKMASTER
from plan_items_rig import ItemRig, item_text, put

PATH = ".taskmaster/tasks/tasks.json"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: StandIn) -> Path:
    """A project with tasks of Task Master and one item; the working directory."""
    root = tmp_path / "shop"
    put(root, "tasks/t1aaaa-x.md", item_text("t1aaaa", "task", "Ours", estimate=2))
    (root / PATH).parent.mkdir(parents=True)
    (root / PATH).write_text(TASKMASTER[PATH], encoding="utf-8")
    monkeypatch.chdir(root)
    rig = ItemRig(root)
    ExchangeService(rig.desk, rig.service).register()
    rig.serve(gateway, {"/v1/plan/import": ImportPlan, "/v1/plan/export": ExportPlan})
    return root


@pytest.mark.requirement("A2", "P10")
def test_an_import_shows_what_becomes_what(aura: Aura, shop: Path) -> None:
    ran = aura("plan", "import", PATH, "--dry-run")
    assert ran.code == 0
    assert "2 new epic · 6 new task" in ran.out
    assert "deferred -> todo" in ran.out
    assert "1  complexity -> taskmaster.complexity" in ran.out
    assert "Nothing was written" in ran.err
    done = aura("plan", "import")
    assert "`aura plan undo" in done.err
    again = aura("plan", "import", "--json")
    assert json.loads(again.out)["counts"] == {"same epic": 2, "same task": 6}
    assert "There was nothing to change." in aura("plan", "import").err
    limited = aura("plan", "import", PATH, "-n", "0")
    assert limited.code == 0


@pytest.mark.requirement("A2", "P10")
def test_a_source_that_is_refused_ends_with_one(aura: Aura, shop: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text('title\n"open\n', encoding="utf-8")
    ran = aura("plan", "import", str(bad))
    assert ran.code == 1
    assert "bad.csv:2" in ran.out
    assert "Nothing was written." in ran.err
    good = tmp_path / "good.csv"
    good.write_text(CSV["plan.csv"], encoding="utf-8", newline="")
    assert aura("plan", "import", str(good)).code == 0
    assert aura("plan", "import", str(tmp_path)).code == 2
    assert "cannot read" in aura("plan", "import", "nothing.csv").err
    huge = tmp_path / "huge.csv"
    huge.write_bytes(b"x" * 2_000_001)
    assert "more than" in aura("plan", "import", str(huge)).err


@pytest.mark.requirement("A2", "P10")
def test_an_export_is_printed_or_written(aura: Aura, shop: Path, tmp_path: Path) -> None:
    printed = aura("plan", "export", "task-list")
    assert printed.out == "- [ ] Ours <!-- aura: t1aaaa -->\n"
    assert "no place for estimate (1 item)" in printed.err
    shown = aura("plan", "export", "csv", "out/plan.csv", "--dry-run")
    assert "+t1aaaa,task,Ours,todo" in shown.out
    assert not (shop / "out").exists()
    written = aura("plan", "export", "taskmaster", "out/tasks.json")
    assert "new  out/tasks.json" in written.out
    assert "1 item · 1 file · written" in written.err
    assert "`aura plan undo` takes the ids out of the plan again" in written.err
    assert json.loads(aura("plan", "export", "csv", "--json").out)["items"] == 1
    outside = aura("plan", "export", "csv", str(tmp_path / "x.csv"))
    assert "outside of the project" in outside.err
