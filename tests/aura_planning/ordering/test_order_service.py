"""The order over the bus, from real files: pages, edits, budgets, and what is kept between questions."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aura_planning.workflow.resuming import tokens_of
from aura_shared.errors import UnknownItem, UnknownProject, UsageProblem
from aura_shared.messages.plan_order import AskPlanGraph, NextTasks, OrderPlan
from plan_items_rig import item_text, put
from plan_order_rig import OrderRig

pytestmark = pytest.mark.requirement("A3")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    put(root, "tasks/t1aaaa-form.md", item_text("t1aaaa", "task", "Form", value=4, estimate="2h"))
    put(root, "tasks/t2aaaa-card.md", item_text("t2aaaa", "task", "Card", depends_on="\n  - t1aaaa", value=9))
    put(root, "tasks/t3aaaa-log.md", item_text("t3aaaa", "task", "Log", priority="low", estimate=1))
    return root


@pytest.fixture
async def rig(root: Path, aura_home: Path) -> AsyncIterator[OrderRig]:
    found = OrderRig(root)
    yield found
    await found.service.stop()


async def test_what_is_next_follows_the_files(rig: OrderRig, root: Path) -> None:
    project = rig.project.id
    found = await rig.ask(NextTasks(project=project))
    assert [one.id for one in found.rows] == ["t1aaaa", "t3aaaa"]
    assert [(one.id, one.blocked) for one in found.waiting] == [("t2aaaa", ["waits for task t1aaaa"])]
    assert found.rows[0].terms is None
    again = await rig.ask(NextTasks(project=project))
    assert again.model_dump_json() == found.model_dump_json()
    put(root, "tasks/t1aaaa-form.md", item_text("t1aaaa", "task", "Form", value=4, status="done"))
    found = await rig.ask(NextTasks(project=project))
    assert [one.id for one in found.rows] == ["t2aaaa", "t3aaaa"]
    assert (found.done, found.open, found.ready) == (1, 2, 2)


async def test_the_order_comes_in_pages_within_a_budget(rig: OrderRig, root: Path) -> None:
    for n in range(60):
        put(root, f"tasks/u{n:05}-x.md", item_text(f"u{n:05}", "task", f"Task {n}", depends_on="[t2aaaa]"))
    seen: list[str] = []
    start = 0
    for _ in range(100):
        page = await rig.ask(OrderPlan(project=rig.project.id, start=start, limit=25, explain=True, budget=2000))
        size = sum(tokens_of(one.model_dump_json(exclude_defaults=True)) for one in page.rows)
        assert size <= 2000
        seen += [one.id for one in page.rows]
        start = page.next
        if not start:
            break
    assert len(seen) == len(set(seen)) == 63
    usual = await rig.ask(NextTasks(project=rig.project.id))
    assert tokens_of(usual.model_dump_json(exclude_defaults=True)) <= 2000


async def test_what_is_kept_is_not_mixed_up_with_another_question(rig: OrderRig) -> None:
    project = rig.project.id
    orders = [
        (await rig.ask(OrderPlan(project=project, preset=preset, workers=workers))).model_dump_json()
        for preset in (None, "document", "wsjf")
        for workers in (0, 2)
    ]
    assert orders[0] == orders[4] != orders[1]
    assert len(set(orders)) == 4
    due = await rig.ask(OrderPlan(project=project, today="2027-01-04", what="next"))
    assert [one.id for one in due.rows] == ["t1aaaa", "t3aaaa"]


async def test_a_picture_is_made_of_the_files(rig: OrderRig) -> None:
    project = rig.project.id
    found = await rig.ask(AskPlanGraph(project=project))
    assert [(one.id, one.state, one.layer) for one in found.nodes] == [
        ("t1aaaa", "ready", 0), ("t2aaaa", "blocked", 1), ("t3aaaa", "ready", 0),
    ]  # fmt: skip
    picture = (await rig.ask(AskPlanGraph(project=project, form="svg"))).picture
    assert "What waits for what: shop" in picture
    part = await rig.ask(AskPlanGraph(project=project, form="html", parent="t2aaaa"))
    assert "What waits for what: task t2aaaa Card" in part.picture


async def test_wrong_questions_are_refused_with_the_reason(rig: OrderRig) -> None:
    with pytest.raises(UnknownItem, match="nobody"):
        await rig.ask(NextTasks(project=rig.project.id, parent="nobody"))
    with pytest.raises(UsageProblem, match="2027-02-31"):
        await rig.ask(NextTasks(project=rig.project.id, today="2027-02-31"))
    with pytest.raises(UnknownProject):
        await rig.ask(OrderPlan(project="nobody"))


def test_a_service_at_rest_has_not_loaded_what_calculates() -> None:
    code = (
        "import sys, aura_planning.service; "
        "print([name for name in sys.modules if name.startswith('aura_planning.ordering.')])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "['aura_planning.ordering.service']"
