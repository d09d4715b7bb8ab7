"""`aura plan progress` against the real service on a real repository, behind a stand-in for the gateway."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from aura_cli_running import Aura, StandIn
from aura_shared.messages.plan_progress import AskProgress
from plan_forecast_rig import commit
from plan_progress_rig import DAY, ProgressRig, source, worked_plan

pytestmark = pytest.mark.requirement("A4")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: StandIn) -> Path:
    root = worked_plan(tmp_path / "shop")
    monkeypatch.chdir(root)
    ProgressRig(root).serve(gateway, {"/v1/plan/progress": AskProgress})
    return root


def test_claims_stand_beside_evidence(aura: Aura, shop: Path) -> None:
    ran = aura("plan", "progress")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0].split() == ["ITEM", "CLAIM", "EVIDENCE", "SURE", "DONE", "TITLE"]
    assert any("SHOP-3" in line and "done" in line and "○ not-started" in line for line in lines)
    assert "    ! done, and no commit or test belongs to it" in lines
    assert "67% of the effort has evidence of done" in ran.err
    assert "4 contradictions: aura plan progress --contradictions" in ran.err
    found = aura("plan", "progress", "--state", "not-started", "--json").json()
    assert {one["alias"] for one in found["rows"]} == {"US-005", "SHOP-3", "SHOP-4"}  # pyright: ignore[reportGeneralTypeIssues, reportIndexIssue]


def test_one_item_is_shown_with_its_evidence(aura: Aura, shop: Path) -> None:
    ran = aura("plan", "progress", "SHOP-1")
    assert "claims todo; evidence says ◐ probably-done" in ran.out
    assert "commit trailer 0.98" in ran.out
    assert "tests/test_cart.py:4 test_shop_1_adds_up  (no result)" in ran.out
    assert "SHOP-2" in aura("plan", "progress", "US-004").out


def test_contradictions_have_their_exit_code_and_unplanned_work_its_groups(aura: Aura, shop: Path) -> None:
    assert aura("plan", "progress", "--contradictions").code == 1
    assert aura("plan", "progress", "--contradictions", "-n", "1").err.splitlines()[-1] == "3 more rows: -n"
    assert "No commit since the plan" in aura("plan", "progress", "--unplanned").out
    source(shop, "shop/p.py", "X = 1\n")
    commit(shop, DAY + timedelta(5), "feat(post): post parcels by the post")
    ran = aura("plan", "progress", "--unplanned")
    assert ran.out.splitlines()[0] == "post  1 commit"
    assert "1 commit without an item" in aura("plan", "progress").err
    both = aura("plan", "progress", "--unplanned", "--contradictions")
    assert (both.code, "exclude each other" in both.err) == (2, True)
