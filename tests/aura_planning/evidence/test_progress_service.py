"""Progress over the bus: states, contradictions, unplanned work, and events when evidence moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from aura_shared.errors import UnknownItem
from aura_shared.messages.git import GitChanged
from aura_shared.messages.plan_items import ChangePlan
from aura_shared.messages.plan_progress import PlanProgressChanged
from aura_shared.messages.services import WorkPaused
from gateway_lab import until
from plan_forecast_rig import commit, git
from plan_items_rig import item_text, put
from plan_progress_rig import DAY, ProgressRig, source, worked_plan

pytestmark = pytest.mark.requirement("A4")
BOUND_S = 20.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return worked_plan(tmp_path / "shop")


@pytest.fixture
async def rig(root: Path, aura_home: Path) -> AsyncIterator[ProgressRig]:
    found = ProgressRig(root)
    yield found
    await found.progress.stop()
    await found.service.stop()


async def event_with(rig: ProgressRig, wanted: Callable[[PlanProgressChanged], bool]) -> PlanProgressChanged:
    async with asyncio.timeout(BOUND_S):
        while True:
            for event in rig.told:
                if wanted(event):
                    return event
            await asyncio.sleep(0.005)


def report(root: Path, *, red: bool) -> None:
    nodes = '["tests/test_cart.py::test_shop_1_adds_up", "tests/test_cart.py::test_an_empty_basket_costs_nothing"]'
    source(root, ".pytest_cache/v/cache/nodeids", nodes)
    failed = '{"tests/test_cart.py::test_shop_1_adds_up": true}' if red else "{}"
    source(root, ".pytest_cache/v/cache/lastfailed", failed)


def claim(root: Path, name: str) -> None:
    """Say in its file that a task is done."""
    file = root / f".ai/tasks/{name}.md"
    file.write_text(file.read_text(encoding="utf-8").replace("status: todo", "status: done"), encoding="utf-8")


async def test_states_come_from_evidence_and_roll_up_by_effort(rig: ProgressRig) -> None:
    found = await rig.look()
    rows = {one.alias: one for one in found.rows}
    assert {name: one.state for name, one in rows.items()} == {
        "epic-1": "in-progress", "US-004": "probably-done", "US-005": "not-started", "SHOP-1": "probably-done",
        "SHOP-2": "probably-done", "SHOP-3": "not-started", "SHOP-4": "not-started",
    }  # fmt: skip
    assert rows["US-004"].share == 1
    assert (rows["epic-1"].effort, rows["epic-1"].share) == (6, 0.667)
    assert found.share == 0.667
    assert found.states == {"not-started": 2, "probably-done": 2}
    assert all(0 < one.confidence <= 1 for one in found.rows)
    assert (await rig.look()).model_dump_json() == found.model_dump_json()


async def test_contradictions_are_told_both_ways(rig: ProgressRig) -> None:
    found = await rig.look(what="contradictions")
    rules = {one.alias: [text.partition(":")[0] for text in one.contradictions] for one in found.rows}
    assert rules == {
        "US-004": ["not-claimed"], "SHOP-1": ["not-claimed"], "SHOP-2": ["not-claimed"], "SHOP-3": ["no-evidence"],
    }  # fmt: skip
    assert found.contradictions == 4


async def test_an_item_is_shown_with_commits_tests_and_symbols(rig: ProgressRig, root: Path) -> None:
    report(root, red=False)
    found = await rig.look(item="SHOP-1")
    assert [(one.what, one.how, one.text) for one in found.evidence] == [
        ("commit", "trailer", "feat: the cart adds up"),
        ("test", "name", "test_shop_1_adds_up"),
        ("test", "words", "test_an_empty_basket_costs_nothing"),
        ("symbol", "new", "cart_total"),
        ("symbol", "old", "old_total"),
        ("symbol", "new", "shop/cart.py"),
        ("symbol", "missing", "ship_it"),
    ]
    assert found.evidence[1].note == "passed (.pytest_cache/v/cache/nodeids)"
    assert found.rows[0].state == "done"
    with pytest.raises(UnknownItem):
        await rig.look(item="nobody")
    small = await rig.look(item="SHOP-1", budget=200)
    assert len(small.evidence) < 3


async def test_red_tests_and_reverts_make_done_work_go_back(rig: ProgressRig, root: Path) -> None:
    report(root, red=True)
    assert (await rig.row("SHOP-1")).state == "in-progress"
    claim(root, "t1aaaa-total")
    row = await rig.row("SHOP-1")
    assert (row.state, [one.partition(":")[0] for one in row.contradictions]) == ("regressed", ["red"])
    claim(root, "t2aaaa-tax")
    hash_ = git(root, "rev-parse", "HEAD")
    (root / "shop/tax.py").unlink()
    commit(root, DAY + timedelta(4), f'Revert "feat: tax (SHOP-2)"\n\nThis reverts commit {hash_}.')
    row = await rig.row("SHOP-2")
    assert (row.state, [one.partition(":")[0] for one in row.contradictions]) == ("regressed", ["reverted"])
    assert row.why == "1 commit reverted"


async def test_work_on_a_branch_is_in_progress_and_a_closing_word_is_done(rig: ProgressRig, root: Path) -> None:
    git(root, "checkout", "-q", "-b", "shop-4-parcels")
    source(root, "shop/parcel.py", "P = 1\n")
    commit(root, DAY + timedelta(5), "parcels")
    row = await rig.row("SHOP-4")
    assert (row.state, row.why) == ("in-progress", "1 commit on no main branch")
    git(root, "checkout", "-q", "main")
    source(root, "shop/stamp.py", "S = 1\n")
    commit(root, DAY + timedelta(6), "feat: stamps\n\nCloses SHOP-3")
    assert (await rig.row("SHOP-3")).state == "done"
    assert (await rig.row("US-005")).state == "in-progress"


async def test_commits_without_an_item_are_grouped_with_the_nearest_item(rig: ProgressRig, root: Path) -> None:
    for number in range(3):
        source(root, f"shop/p{number}.py", "X = 1\n")
        commit(root, DAY + timedelta(5 + number), f"feat(post): parcels by post {number}")
    source(root, "shop/version.py", "V = 1\n")
    commit(root, DAY + timedelta(9), "chore(release): 1.2.0")
    source(root, "README.md", "x")
    commit(root, DAY + timedelta(10), "docs: words")
    found = await rig.look(what="unplanned")
    assert [(one.name, one.total) for one in found.unplanned] == [("post", 3)]
    assert found.unplanned_commits == 3
    assert found.unplanned[0].commits[0].endswith("feat(post): parcels by post 2")
    assert [one.total for one in (await rig.look()).unplanned] == [3]


async def test_without_a_repository_nothing_is_claimed_from_absence(aura_home: Path, tmp_path: Path) -> None:
    root = tmp_path / "bare"
    put(root, "tasks/t1aaaa-x.md", item_text("t1aaaa", "task", "X", status="done"))
    rig = ProgressRig(root)
    found = await rig.look()
    assert [(one.state, one.confidence, one.contradictions) for one in found.rows] == [("unknown", 0, [])]
    assert "nothing can be concluded" in found.notices[0]
    assert (await rig.look(what="contradictions")).reason == "Nothing is claimed that evidence contradicts."
    assert (await rig.look(state="done")).reason == "No item is like that."
    await rig.service.stop()


async def test_a_changed_status_a_commit_and_a_report_are_told(rig: ProgressRig, root: Path) -> None:
    await rig.service.start()
    await rig.progress.start()
    await rig.look()
    text = item_text("t4aaaa", "task", "Parcels", parent="s2aaaa", alias="SHOP-4", status="in-progress")
    put(root, "tasks/t4aaaa-parcels.md", text)
    event = await event_with(rig, lambda one: one.because == "edit")
    (change,) = event.changes
    assert (change.id, change.old_status, change.status) == ("t4aaaa", "todo", "in-progress")
    assert change.state == "not-started"
    source(root, "shop/parcel.py", "P = 1\n")
    commit(root, DAY + timedelta(5), "feat: parcels\n\nTask: SHOP-4")
    await rig.client.publish(GitChanged(project=rig.project.id, what="committed"), project=rig.project.id)
    event = await event_with(rig, lambda one: one.because == "commit")
    moved = {one.id: (one.old_state, one.state) for one in event.changes}
    assert moved["t4aaaa"] == ("not-started", "probably-done")
    report(root, red=False)
    event = await event_with(rig, lambda one: one.because == "tests")
    assert ("t1aaaa", "done") in [(one.id, one.state) for one in event.changes]


async def test_the_first_edit_is_told_although_nothing_was_known(rig: ProgressRig, root: Path) -> None:
    await rig.service.start()
    await rig.progress.start()
    text = item_text("t4aaaa", "task", "Parcels", parent="s2aaaa", alias="SHOP-4", status="in-progress")
    put(root, "tasks/t4aaaa-parcels.md", text)
    event = await event_with(rig, lambda one: bool(one.changes))
    assert [(one.id, one.old_state, one.old_status) for one in event.changes] == [("t4aaaa", "", "todo")]


@pytest.mark.requirement("U1")
async def test_while_work_is_paused_evidence_waits(rig: ProgressRig) -> None:
    await rig.service.start()
    await rig.progress.start()
    rig.desk.background.take(WorkPaused(paused=True))
    change = ChangePlan(project=rig.project.id, action="add", kind="task", title="One more")
    await rig.ask(change)
    await until(lambda: rig.desk.background.waiting == 1)
    await rig.ask(change.model_copy(update={"title": "And one more"}))
    assert rig.told == []
    rig.desk.background.take(WorkPaused(paused=False))
    event = await event_with(rig, lambda event: event.because == "edit")
    assert {one.title for one in event.changes} == {"One more", "And one more"}
