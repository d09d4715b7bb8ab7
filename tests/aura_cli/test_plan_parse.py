"""`aura plan parse` against the real parser."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from aura_cli_running import Aura, StandIn
from aura_shared.messages.planning import ParseDocument
from plan_rig import ParseRig

pytestmark = pytest.mark.requirement("A2")

PLAN = """# Plan for a harbour

## ✅ Phase 1: Quays (Week 1)

### Epic 1: Boats (MVP)

#### Story 1.1: Hull
As a sailor, I want a hull.
**Priority:** High

**Acceptance Criteria:**
- It floats

#### Story 1.2: Mast
**Prerequisites:** Story 1.1

**Tasks:**
- [x] T001 Cut a tree
- [ ] T002 Trim it as T001 says (optional)
- [ ] T003 Trim it (depends on T001, T002)

## Requirements
- FR-001: A bell SHALL ring
- FR-002: A boat SHALL float

## Out of scope
- Sails
"""


@pytest.fixture
def harbour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: StandIn) -> Path:
    """A folder with a plan; the working directory."""
    root = tmp_path / "harbour"
    root.mkdir()
    (root / "plan.md").write_text(PLAN)
    monkeypatch.chdir(root)
    ParseRig(root).serve(gateway, {"/v1/plan/parse": ParseDocument})
    return root


def test_the_tree_shows_lines_states_ids_and_what_is_written_at_each_item(aura: Aura, harbour: Path) -> None:
    ran = aura("plan", "parse", "plan.md")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "Plan for a harbour",
        "1 epic · 2 stories · 3 tasks · 2 requirements · written as bmad",
        " 5   epic Epic 1 Boats  #MVP",
        " 7     story Story 1.1 Hull  High  1 criterion",
        "14     story Story 1.2 Mast  needs Story 1.1",
        "18     ✓ task T001 Cut a tree",
        "19     ○ task T002 Trim it as T001 says  optional",
        "20     ○ task T003 Trim it (depends on T001, T002)  needs T001, T002",
        "23   req FR-001 A bell SHALL ring",
        "24   req FR-002 A boat SHALL float",
        "",
        "Not now",
        "    27 out of scope: Sails",
        "",
        "Implied dependencies  proposals: they count only when you accept them",
        "    19 T002 after T001: its words mention T001",
    ]
    assert ran.err == "nothing in it is unclear or wrong\n"


@pytest.mark.parametrize("columns", [80, 120])
def test_no_line_is_wider_than_the_terminal(
    aura: Aura, harbour: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    (harbour / "plan.md").write_text(
        PLAN + "- [ ] T9 x\n" + "## Epic 2: " + "long words " * 30 + "\n- [ ] 1.1 A\n- [ ] 1.1 B\n"
    )
    monkeypatch.setenv("COLUMNS", str(columns))
    ran = aura("plan", "parse", "plan.md", "--gaps")
    assert ran.code == 1
    assert max(map(len, ran.out.splitlines())) <= columns
    assert "long words" in ran.out


def test_gaps_name_what_no_task_covers(aura: Aura, harbour: Path) -> None:
    ran = aura("plan", "parse", "plan.md", "--gaps", "--findings")
    assert "    23 requirement A bell SHALL ring  no task names it or speaks of it" in ran.out.splitlines()
    (harbour / "done.md").write_text("## Epic 1: A (DONE)\n- [x] 1.1 All of it\n")
    assert "Gaps  everything that it asks for has a task" in aura("plan", "parse", "done.md", "--gaps").out
    (harbour / "open.md").write_text("## Epic 1: A\n### Story 1.1: B\n")
    assert "all of it is open: 1 epic, 1 story." in aura("plan", "parse", "open.md", "--gaps").out


def test_errors_are_shown_with_their_place_and_end_with_code_1(aura: Aura, harbour: Path) -> None:
    (harbour / "bad.md").write_text("- [ ] 1.1 A\n- [ ] 1.1 B\n- [ ] 1.2 C (depends on task 9.9)\n")
    ran = aura("plan", "parse", "bad.md", "-k", "epic")
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "bad.md",
        "3 tasks · written as openspec-tasks",
        "",
        "Findings",
        "  error   bad.md:2  duplicate-id",
        "          1.1 is the task 'A' in line 1 and 'B' in line 2",
        "          → Give one of them another id.",
    ]


def test_json_standard_input_and_what_cannot_be_read(
    aura: Aura, harbour: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"- [ ] 1.1 A\n")))
    items = aura("plan", "parse", "-", "--json").json()["items"]
    assert isinstance(items, list)
    assert len(items) == 1
    (harbour / "empty.md").write_bytes(b"")
    ran = aura("plan", "parse", "empty.md")
    assert ran.code == 1
    assert "empty.md:1  empty" in ran.out
    assert aura("plan", "parse", "none.md").err.startswith("error: cannot read none.md")
    (harbour / "huge.md").write_bytes(b"x" * 10_000_000)
    ran = aura("plan", "parse", "huge.md")
    assert ran.code == 2
    assert "huge.md: the file has 10,000,000 bytes; at most 2,000,000 are read" in ran.err
