"""`aura plan merge`, `drift`, `coverage`, `impact` on the screen, against the real parts of the service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aura_cli.commands import plan_drift
from aura_cli_running import Aura, StandIn
from aura_planning.drifting.service import DriftService
from aura_planning.tracing.service import TracingService
from aura_shared.messages.plan_drift import AskPlanDrift, MergeDocument
from aura_shared.messages.plan_tracing import AskCoverage, AskPlanImpact
from plan_items_rig import ItemRig

pytestmark = pytest.mark.requirement("A2", "A4")

PLAN = """# Boats
## Epic 1: Boats
### Story 1.1: Hull
- [ ] T001 Saw `hull.py`
### Story 1.2: Mast
## Requirements
- FR-1: A boat floats
"""


@pytest.fixture
def boats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: StandIn) -> Path:
    """A folder with a plan in a document; the working directory."""
    root = tmp_path / "boats"
    root.mkdir()
    (root / "plan.md").write_text(PLAN)
    (root / "hull.py").write_text("FLOATS = True\n")
    monkeypatch.chdir(root)
    rig = ItemRig(root)
    DriftService(rig.desk, rig.service).register()
    TracingService(rig.desk, rig.service).register()
    routes = {"merge": MergeDocument, "drift": AskPlanDrift, "coverage": AskCoverage, "impact": AskPlanImpact}
    rig.serve(gateway, {f"/v1/plan/{name}": kind for name, kind in routes.items()})
    return root


def test_a_merge_asks_first_and_shows_each_line(aura: Aura, boats: Path) -> None:
    assert "only after a yes" in aura("plan", "merge", "plan.md").err
    shown = aura("plan", "merge", "plan.md", "--dry-run")
    assert shown.code == 1
    assert [line.split() for line in shown.out.splitlines()[:2]] == [
        ["2", "+", "epic", "Epic", "1", "Boats", "added"],
        ["3", "+", "story", "Story", "1.1", "Hull", "added"],
    ]
    assert "4 added · 1 requirement in the document" in shown.out
    done = aura("plan", "merge", "plan.md", "--yes")
    assert (done.code, "takes it back" in done.out) == (0, True)
    drift = aura("plan", "drift")
    assert (drift.code, drift.out.strip()) == (0, "plan.md: as it was merged  4 unchanged")
    (boats / "plan.md").write_text(PLAN.replace("Mast", "Tall mast"))
    again = aura("plan", "merge", "plan.md", "--dry-run")
    assert "~ story Story 1.2  Tall mast  renamed: title" in again.out
    assert "was 'Mast'" in again.out
    assert aura("plan", "drift").code == 1
    (boats / "plan.md").unlink()
    assert "it cannot be read any more; 4 items of it" in aura("plan", "drift").out


def test_a_no_at_the_terminal_merges_nothing_and_a_yes_does(
    aura: Aura, boats: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_drift, "asks", lambda: True)
    said = [False, True]

    def ask(_words: str, *, default: bool) -> bool:
        return default and said.pop(0)

    monkeypatch.setattr(plan_drift, "ask", ask)
    assert "nothing was merged" in aura("plan", "merge", "plan.md").err
    assert not (boats / ".ai").exists()
    assert aura("plan", "merge", "plan.md").code == 0
    assert (boats / ".ai/stories").is_dir()


def test_a_long_merge_is_looked_at_in_pages(aura: Aura, boats: Path) -> None:
    tasks = "".join(f"- [ ] T{number} Saw plank {number}\n" for number in range(1001, 1521))
    (boats / "plan.md").write_text(f"# Boats\n## Tasks\n{tasks}")
    answer = json.loads(aura("plan", "merge", "plan.md", "--dry-run", "--json").out)
    assert (len(answer["rows"]), answer["total"], answer["next"]) == (520, 520, 0)


def test_a_document_of_requirements_alone_is_told_what_it_lacks(aura: Aura, boats: Path) -> None:
    (boats / "prd.md").write_text(
        "# Boats\n\n## Requirements\n\n- FR-1: A boat floats\n\n## Epic list\n\n- Not known; see Q5.\n"
    )
    said = aura("plan", "merge", "prd.md", "--yes").out
    assert "it names no epic, story or task" in said
    assert "Name its epics, stories or tasks, such as `### Epic 1: Pay by card`, and merge it again." in said
    assert "nothing is an item · 1 requirement in the document" in said


def test_a_document_that_was_never_merged_is_said(aura: Aura, boats: Path) -> None:
    assert "no document was merged" in aura("plan", "drift").out
    assert json.loads(aura("plan", "drift", "--json").out)["documents"] == []
    assert json.loads(aura("plan", "merge", "plan.md", "--dry-run", "--json").out)["counts"] == {"added": 4}


def test_the_matrix_on_the_screen_and_in_a_page(aura: Aura, boats: Path) -> None:
    assert "the plan has no requirements and no story" in aura("plan", "coverage").out
    aura("plan", "merge", "plan.md", "--yes")
    shown = aura("plan", "coverage")
    assert shown.code == 1
    lines = shown.out.splitlines()
    assert lines[0].split() == ["REQUIREMENT", "STORIES", "TASKS", "CRITERIA", "TESTS", "CODE", "MISSING", "TITLE"]
    assert lines[1].startswith("FR-1")
    assert "0 of 1 requirement complete" in lines[-1]
    assert aura("plan", "coverage", "--html", "c.html").code == 1
    assert "FR-1" in (boats / "c.html").read_text()
    assert "is there already" in aura("plan", "coverage", "--html", "c.html").err
    assert "cannot write" in aura("plan", "coverage", "--html", "no/c.html").err
    assert json.loads(aura("plan", "coverage", "--json", "--gaps").out)["total"] == 3


def test_what_a_file_puts_at_risk(aura: Aura, boats: Path) -> None:
    aura("plan", "merge", "plan.md", "--yes")
    shown = aura("plan", "impact", "hull.py")
    assert "task T001" in shown.out
    assert "its text names hull.py" in shown.out
    item = aura("plan", "impact", "T001")
    assert "hull.py" in item.out
    assert json.loads(aura("plan", "impact", "T001", "--json").out)["subject"] == "task T001"
