"""`aura plan next`, `order` and `graph` against the real service on real files, behind a stand-in for the gateway."""

from __future__ import annotations

from pathlib import Path

import pytest

from aura_cli_running import Aura, StandIn
from aura_shared.messages.plan_order import AskPlanGraph, NextTasks, OrderPlan
from plan_items_rig import item_text, put
from plan_order_rig import OrderRig

pytestmark = pytest.mark.requirement("A3")

ROUTES = {"/v1/plan/next": NextTasks, "/v1/plan/order": OrderPlan, "/v1/plan/graph": AskPlanGraph}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gateway: StandIn) -> Path:
    """A plan of five tasks; the working directory."""
    root = tmp_path / "shop"
    put(root, "epics/e1aaaa-shop.md", item_text("e1aaaa", "epic", "Shop", alias="epic-1", priority="must"))
    put(root, "tasks/t1aaaa-form.md", item_text("t1aaaa", "task", "Form", parent="e1aaaa", estimate=2))
    put(root, "tasks/t2aaaa-card.md", item_text("t2aaaa", "task", "Card", depends_on="[t1aaaa]", due="2027-01-05"))
    put(root, "tasks/t3aaaa-log.md", item_text("t3aaaa", "task", "Log \x1b[31m", priority="low", estimate=1))
    put(root, "tasks/t4aaaa-done.md", item_text("t4aaaa", "task", "Done", status="done"))
    put(root, "tasks/t5aaaa-run.md", item_text("t5aaaa", "task", "Run", status="in-progress", depends_on="[t4aaaa]"))
    monkeypatch.chdir(root)
    OrderRig(root).serve(gateway, ROUTES)
    return root


def test_what_is_next_is_shown_with_its_reason(aura: Aura, shop: Path) -> None:
    ran = aura("plan", "next", "--today", "2027-01-04", "--workers", "2")
    assert ran.code == 0
    assert ran.out.splitlines()[:3] == [
        "  1. ▶ t5aaaa Run worker 1",
        "     in progress; value 5 (assumed), slack 2 of 3.5 x1.21, 1.5 to do (assumed): score 4.05",
        "     from 0 to 1.5, slack 2",
    ]
    assert "  2. ● t1aaaa Form worker 2" in ran.out
    assert (
        "The highest scores among what may not begin yet:\n    4. ○ t2aaaa Card\n      waits for task t1aaaa" in ran.out
    )
    assert "\x1b[31m" not in ran.out
    assert "Log \\x1b[31m" in ran.out
    assert "critical path (3.5): t1aaaa → t2aaaa" in ran.err
    assert "4 open, 3 ready, 1 done · 6 to do · done at 3.5 with 2 workers · by wsjf" in ran.err
    found = aura("plan", "next", "-n", "1", "--json").json()
    assert [one["id"] for one in found["rows"]] == ["t5aaaa"]  # pyright: ignore[reportGeneralTypeIssues, reportIndexIssue]
    assert "2 more items: -n" in aura("plan", "next", "-n", "1").err


def test_the_order_is_a_table_or_is_explained(aura: Aura, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = aura("plan", "order", "--today", "2027-01-04")
    assert ran.code == 0
    assert [line.split()[:2] for line in ran.out.splitlines()] == [
        ["#", "ITEM"], ["1", "t5aaaa"], ["2", "t1aaaa"], ["3", "t2aaaa"], ["4", "t3aaaa"],
    ]  # fmt: skip
    explained = aura("plan", "order", "--explain", "--today", "2027-01-04").out
    assert "due 2027-01-05" in explained
    assert "from 3.5 to 5, earliest 2, latest 2, on the critical path" in explained
    assert "change: waits for t1aaaa, which ends at 3.5, as .ai/tasks/t2aaaa-card.md:5 says" in explained
    assert "not yet: waits for task t1aaaa" in explained
    assert aura("plan", "order", "--preset", "document", "--in", "epic-1").out.splitlines()[1].split()[1] == "t1aaaa"
    assert aura("plan", "order", "-w", "2").out.splitlines()[0].split()[2] == "WHO"
    assert aura("plan", "order", "--in", "nobody").code == 4
    assert aura("plan", "order", "--json").json()["total"] == 4
    for columns in ("80", "120"):
        monkeypatch.setenv("COLUMNS", columns)
        for arguments in (("order",), ("order", "--explain"), ("next",), ("graph",)):
            assert all(len(line) <= int(columns) for line in aura("plan", *arguments).out.splitlines())


def test_circles_are_told_with_the_edge_to_cut_and_an_exit_code(aura: Aura, shop: Path) -> None:
    put(shop, "tasks/t1aaaa-form.md", item_text("t1aaaa", "task", "Form", depends_on="[t2aaaa]"))
    ran = aura("plan", "order")
    assert ran.code == 1
    assert "circle 1: t1aaaa, t2aaaa wait for one another" in ran.err
    assert "  cut: t1aaaa waits for t2aaaa  .ai/tasks/t1aaaa-form.md:5" in ran.err
    assert aura("plan", "order", "--json").code == 1
    assert "↻ t1aaaa" in aura("plan", "graph").out
    assert "(circle: to cut is t2aaaa)" in aura("plan", "graph").out


def test_what_waits_for_what_is_a_tree_in_the_terminal(aura: Aura, shop: Path) -> None:
    ran = aura("plan", "graph")
    assert ran.out.splitlines() == [
        "● t1aaaa ◆ Form",
        "└─ ○ t2aaaa ◆ Card",
        "● t3aaaa Log \\x1b[31m",
        "✓ t4aaaa Done",
        "└─ ▶ t5aaaa Run",
    ]
    assert aura("plan", "graph", "--critical").out.splitlines() == ["● t1aaaa ◆ Form", "└─ ○ t2aaaa ◆ Card"]
    assert len(aura("plan", "graph", "--json").json()["nodes"]) == 5  # pyright: ignore[reportArgumentType]


def test_pictures_are_written_to_files_and_over_none(aura: Aura, shop: Path) -> None:
    ran = aura("plan", "graph", "--html", "plan.html", "--svg", "plan.svg", "--in", "t2aaaa", "--json")
    assert ran.code == 0
    assert "picture" not in ran.json()
    assert (shop / "plan.html").read_text().startswith("<!DOCTYPE html>")
    assert (shop / "plan.svg").read_text().startswith("<?xml")
    assert aura("plan", "graph", "--svg", "plan.svg").code == 5
    ran = aura("plan", "graph", "--svg", "plan.svg", "--force")
    assert ran.err == "written: plan.svg\n"
    assert aura("plan", "graph", "--svg", "nowhere/plan.svg").code == 2


def test_an_empty_plan_says_so(aura: Aura, shop: Path) -> None:
    for file in (shop / ".ai").rglob("*.md"):
        file.unlink()
    for command in ("next", "order", "graph"):
        assert aura("plan", command).out == "There is no plan below .ai/ yet: `aura plan add epic TITLE` begins one.\n"


def test_what_a_large_plan_assumes_and_draws_together_is_noted(aura: Aura, shop: Path) -> None:
    for n in range(130):
        needs = "[t1aaaa, t3aaaa, t5aaaa]" if n < 60 else f"[u{n - 1:05}]"
        put(shop, f"tasks/u{n:05}-x.md", item_text(f"u{n:05}", "task", f"Task {n}", depends_on=needs))
    ran = aura("plan", "order", "-n", "120")
    assert "effort 1.5 is assumed where none is said" in ran.err
    assert "14 more items: -n" in ran.err
    ran = aura("plan", "graph")
    assert "items that are done are not drawn" in ran.err
    assert "(also after " in ran.out
    assert all(len(line) <= 100 for line in ran.out.splitlines())
    wide = aura("plan", "graph", "--by", "epic").out
    assert "● epic-1 0/1 ◆ Shop" in wide
