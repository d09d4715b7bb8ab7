"""The status machine, its gates, approvals, and the first page of a session."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aura_planning.items.changing import Planned, plan_change
from aura_planning.items.model import Item
from aura_planning.items.statuses import STATUSES
from aura_planning.items.store import PlanStore
from aura_planning.workflow.approving import approval_diff, plan_approval
from aura_planning.workflow.gates import STEPS, approved, audit, passed_by, refusals_to_add, refusals_to_step
from aura_planning.workflow.resuming import resume, tokens_of
from aura_shared.errors import FileMovedOn, GateClosed, UsageProblem
from aura_shared.messages.plan_items import ApproveItem, ChangePlan
from aura_shared.settings import PlanSettings
from plan_items_rig import item_text, put

SETTINGS = PlanSettings()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    put(root, "prd.md", item_text("p1aaaa", "prd", "Shop", body="## Goals\n\nSell.\n"))
    put(root, "epics/e1aaaa-shop.md", item_text("e1aaaa", "epic", "Shop", alias="epic-1"))
    return root


@pytest.fixture
def store(root: Path, tmp_path: Path) -> Iterator[PlanStore]:
    found = PlanStore(root, tmp_path / "home")
    found.look()
    yield found
    found.close()


def planned(store: PlanStore, action: str, settings: PlanSettings = SETTINGS, **fields: object) -> Planned:
    store.look()
    return plan_change(store, ChangePlan.model_validate({"project": "x", "action": action, **fields}), settings)


def done(store: PlanStore, action: str, settings: PlanSettings = SETTINGS, **fields: object) -> Item:
    found = planned(store, action, settings, **fields)
    store.commit(found.changes, command=action, title=found.title, items=found.items)
    return store.ledger.find(found.path)


def approve(store: PlanStore, item: str, **fields: object) -> Planned:
    store.look()
    found = plan_approval(store, ApproveItem.model_validate({"project": "x", "item": item, "by": "Ada", **fields}))
    store.commit(found.changes, command="approve", title=found.title, items=found.items)
    return found


def add_agreed(store: PlanStore, *titles: str) -> list[Item]:
    """An approved PRD and architecture, and approved stories."""
    approve(store, "prd")
    if not store.ledger.of_kind("architecture"):
        done(store, "add", kind="architecture", title="Shop")
    approve(store, "arch")
    stories = [done(store, "add", kind="story", title=title, parent="epic-1") for title in titles]
    for story in stories:
        approve(store, story.id)
    return [store.ledger.find(story.id) for story in stories]


@pytest.mark.requirement("A5")
def test_every_step_leads_to_a_status_of_the_kind_and_every_other_is_refused(store: PlanStore) -> None:
    for kind, statuses in STATUSES.items():
        assert set(STEPS[kind]) == set(statuses)
        for old in statuses:
            for new in statuses:
                item = Item("x1aaaa", kind, ".ai/x.md", status=old)
                gates = {one.gate for one in refusals_to_step(store.ledger, item, new, SETTINGS)}
                assert ("no-such-step" in gates) == (new != old and new not in STEPS[kind][old])


@pytest.mark.requirement("A5")
def test_documents_come_one_after_the_other_and_then_the_stories(store: PlanStore) -> None:
    for kind in ("architecture", "story"):
        with pytest.raises(GateClosed, match="the PRD p1aaaa is not approved"):
            planned(store, "add", kind=kind, title="x")
    with pytest.raises(GateClosed, match="nobody approved it"):
        planned(store, "set", item="p1aaaa", status="approved")
    approve(store, "prd")
    assert store.ledger.find("p1aaaa").status == "approved"
    with pytest.raises(GateClosed, match="there is no architecture yet"):
        planned(store, "add", kind="story", title="x")
    design = done(store, "add", kind="architecture", title="Shop")
    with pytest.raises(GateClosed, match=f"the architecture {design.id} is not approved"):
        planned(store, "add", kind="story", title="x")
    approve(store, "arch")
    story = done(store, "add", kind="story", title="Pay", parent="epic-1")
    with pytest.raises(GateClosed, match="the story is not approved"):
        planned(store, "set", item=story.id, status="in-progress")
    approve(store, story.id)
    assert done(store, "set", item=story.id, status="In Progress").status == "in-progress"
    assert audit(store.ledger, SETTINGS) == []


@pytest.mark.requirement("A5")
def test_an_edit_after_the_approval_reopens_it_with_the_difference(store: PlanStore, root: Path) -> None:
    (story,) = add_agreed(store, "Pay")
    place = root / story.path
    place.write_text(place.read_text().replace("## Context\n", "## Context\n\nBy card only.\n"))
    store.look()
    item = store.ledger.find(story.id)
    assert not approved(item)
    assert [one.rule for one in audit(store.ledger, SETTINGS)] == ["approval-outdated"]
    assert "+By card only." in approval_diff(store, item)
    with pytest.raises(GateClosed, match="changed since it was approved"):
        planned(store, "set", item=story.id, status="in-progress")
    approve(store, story.id)
    assert approved(store.ledger.find(story.id))
    assert approval_diff(store, store.ledger.find(story.id)) == ""
    done(store, "note", item=story.id, text="began")
    done(store, "set", item=story.id, priority="must", status="in-progress")
    assert approved(store.ledger.find(story.id))
    done(store, "set", item="p1aaaa", section="Goals", text="Sell more.")
    rules = [(one.rule, one.path) for one in audit(store.ledger, SETTINGS)]
    assert ("approval-outdated", ".ai/prd.md") in rules
    assert ("gate-approval", ".ai/prd.md") in rules
    assert approval_diff(store, Item("x1aaaa", "story", ".ai/x.md", approved_hash="gone", content="now")) == ""


@pytest.mark.requirement("A5")
def test_a_story_is_complete_only_with_its_tasks_done_and_its_tests_green(store: PlanStore) -> None:
    (story,) = add_agreed(store, "Pay")
    done(store, "set", item=story.id, section="Tasks", text="- [ ] one\n- [ ] ~~two~~")
    approve(store, story.id)
    done(store, "set", item=story.id, status="in-progress")
    task = done(store, "add", kind="task", title="Form", parent=story.id)
    refused = refusals_to_step(store.ledger, store.ledger.find(story.id), "complete", SETTINGS)
    assert [one.gate for one in refused] == ["open-tasks", "open-tasks", "tests-not-green"]
    done(store, "set", item=task.id, status="done")
    done(store, "set", item=story.id, section="Tasks", text="- [x] one\n- [ ] ~~two~~")
    done(store, "test", item=story.id, outcome="red", tests=["test_pay"])
    with pytest.raises(GateClosed, match="the last recorded run was red"):
        planned(store, "set", item=story.id, status="complete")
    done(store, "test", item=story.id, outcome="green", tests=["test_pay"])
    with pytest.raises(GateClosed, match="becomes current"):
        planned(store, "set", item="epic-1", status="complete")
    done(store, "set", item="epic-1", status="current")
    with pytest.raises(GateClosed, match="1 is open"):
        planned(store, "set", item="epic-1", status="complete")
    assert done(store, "set", item=story.id, status="complete").status == "complete"
    assert done(store, "set", item="epic-1", status="complete").status == "complete"
    assert audit(store.ledger, SETTINGS) == []


@pytest.mark.requirement("A5")
def test_no_more_is_in_progress_than_the_team_wants(store: PlanStore, root: Path) -> None:
    first, second = add_agreed(store, "Pay", "Send")
    done(store, "set", item=first.id, status="in-progress")
    with pytest.raises(GateClosed, match="1 may be in progress"):
        planned(store, "set", item=second.id, status="in-progress")
    assert planned(store, "set", PlanSettings(stories_at_once=2), item=second.id, status="in-progress").changes
    assert planned(store, "set", PlanSettings(stories_at_once=0), item=second.id, status="in-progress").changes
    noted = planned(store, "set", PlanSettings(gates="report"), item=second.id, status="in-progress")
    assert "only reported here: 1 may be in progress" in noted.notices[0]
    store.commit(noted.changes, command="set", title="x")
    assert [one.rule for one in audit(store.ledger, SETTINGS)] == ["gate-work-in-progress"] * 2
    task = done(store, "add", kind="task", title="x", parent=second.id)
    place = root / second.path
    place.write_text(place.read_text().replace("## Context", "## Another context"))
    with pytest.raises(GateClosed, match=f"its story {second.id} is not approved"):
        planned(store, "set", item=task.id, status="in-progress")


@pytest.mark.requirement("A5")
def test_steps_by_hand_in_the_file_are_found(store: PlanStore, root: Path) -> None:
    put(root, "stories/s1aaaa-pay.md", item_text("s1aaaa", "story", "Pay", status="in-progress", epic="e1aaaa"))
    put(root, "tasks/t1aaaa-do.md", item_text("t1aaaa", "task", "Do", status="done", parent="s1aaaa"))
    put(root, "arch.md", item_text("a1aaaa", "architecture", "Shop", status="approved"))
    put(root, "story-7.story.md", "# Story 7: Old\n\nStatus: Complete\n")
    look = store.look()
    found = [(one.rule, one.path, one.line, one.severity) for one in audit(store.ledger, SETTINGS)]
    assert found == [
        ("gate-approval", ".ai/arch.md", 4, "error"),
        ("gate-story-not-approved", ".ai/stories/s1aaaa-pay.md", 4, "error"),
        ("gate-story-not-approved", ".ai/tasks/t1aaaa-do.md", 4, "warning"),
    ]
    passed = {
        one.rule for change in look.changes if change.new for one in passed_by(store.ledger, None, change.new, SETTINGS)
    }
    assert passed == {"gate-prd-not-approved"}
    story = store.ledger.find("s1aaaa")
    was = Item("s1aaaa", "story", story.path, status="complete")
    now = Item("s1aaaa", "story", story.path, status="draft")
    assert [one.rule for one in passed_by(store.ledger, was, now, SETTINGS)] == ["gate-no-such-step"]
    assert passed_by(store.ledger, Item("s1aaaa", "story", "x"), now, SETTINGS) == []


@pytest.mark.requirement("A5")
def test_a_plan_without_documents_is_a_plain_list(tmp_path: Path) -> None:
    put(tmp_path, "epics/e1aaaa-x.md", item_text("e1aaaa", "epic"))
    store = PlanStore(tmp_path, tmp_path / "home")
    store.look()
    assert refusals_to_add(store.ledger, "story") == []
    story = done(store, "add", kind="story", title="x", parent="e1aaaa")
    approve(store, story.id)
    assert done(store, "set", item=story.id, status="in-progress").status == "in-progress"
    store.close()


@pytest.mark.requirement("A5")
def test_who_approves_what(store: PlanStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "config", "user.name", "Grace  Hopper"], cwd=root, check=True)
    done(store, "add", kind="task", title="x")
    for item, match in (("e1aaaa", "an? epic is not approved"), (store.ledger.of_kind("task")[0].id, "a task")):
        with pytest.raises(UsageProblem, match=match):
            approve(store, item)
    put(root, "arch.md", item_text("a1aaaa", "architecture", "Shop"))
    put(root, "stories/s1aaaa-pay.md", item_text("s1aaaa", "story", "Pay", epic="e1aaaa"))
    for item in ("architecture", "s1aaaa"):
        with pytest.raises(GateClosed, match="the PRD is not approved"):
            approve(store, item)
    with pytest.raises(FileMovedOn):
        approve(store, "prd", hash="0")
    approve(store, "prd", by="")
    assert store.ledger.find("p1aaaa").approved_by == "Grace Hopper"
    assert approve(store, "prd").notices == ["Grace Hopper approved this text already"]
    with pytest.raises(GateClosed, match="the architecture is not approved"):
        approve(store, "s1aaaa")
    approve(store, "prd", revoke=True)
    item = store.ledger.find("p1aaaa")
    assert (item.status, item.approved_by, item.approved_hash) == ("draft", "", "")
    monkeypatch.setenv("PATH", str(root))
    monkeypatch.setenv("LOGNAME", "ada")
    approve(store, "prd", by="")
    assert store.ledger.find("p1aaaa").approved_by == "ada"


@pytest.mark.requirement("A5")
def test_a_new_session_reads_one_page(store: PlanStore, root: Path) -> None:
    empty = PlanStore(root / "empty", root / "home2")
    empty.look()
    assert "There is no item yet." in resume(empty, None, SETTINGS, 500, 0).text
    empty.close()
    first, second = add_agreed(store, "Pay", "Send")
    done(store, "set", item=first.id, section="Tasks", text="- [x] form\n- [ ] card service")
    done(store, "set", item=first.id, section="Acceptance criteria", text="- pays")
    done(store, "set", item=first.id, section="Open questions", text="Which bank?")
    done(store, "set", item=second.id, depends_on=[first.id])
    page = resume(store, None, SETTINGS, 2000, 3)
    assert page.item == second.id or page.item == first.id
    assert "changed since it was approved" in resume(store, store.ledger.find(first.id), SETTINGS, 2000, 0).text
    approve(store, first.id)
    assert "it may begin: `aura plan set" in resume(store, None, SETTINGS, 2000, 0).text
    done(store, "set", item=first.id, status="in-progress")
    done(store, "test", item=first.id, outcome="red", tests=["test_pay"])
    page = resume(store, None, SETTINGS, 2000, 3)
    assert page.item == first.id
    assert "- PRD: Shop (approved, approved by Ada), .ai/prd.md" in page.text
    assert "- 3 findings: `aura plan check`" in page.text
    assert "- Next step: card service (line " in page.text
    assert "- Tests: red: test_pay" in page.text
    assert "- Last log: 20" in page.text
    assert "## Open questions\n\nWhich bank?" in page.text
    assert "## Newest log" in page.text
    assert page.left_out == ()
    assert tokens_of(page.text) <= 2000
    small = resume(store, None, SETTINGS, 120, 3)
    assert tokens_of(small.text) <= 120
    assert small.left_out
    assert resume(store, None, SETTINGS, 20, 3).text
    waiting = resume(store, store.ledger.find(second.id), SETTINGS, 2000, 0).text
    assert f"- Waits for: {first.id} Pay" in waiting
    task = done(store, "add", kind="task", title="Form", parent=first.id)
    assert f"- Next step: task {task.id} Form" in resume(store, None, SETTINGS, 2000, 0).text
    done(store, "set", item=task.id, status="done")
    assert "it is done" in resume(store, store.ledger.find(task.id), SETTINGS, 2000, 0).text
    done(store, "set", item=first.id, section="Tasks", text="- [x] form")
    approve(store, first.id)
    assert "the last recorded run was red: test_pay" in resume(store, None, SETTINGS, 2000, 0).text
    done(store, "test", item=first.id, outcome="green")
    assert "everything is ticked: complete it" in resume(store, None, SETTINGS, 2000, 0).text


@pytest.mark.requirement("A5")
def test_stories_of_an_epic_begin_in_their_order(store: PlanStore, root: Path) -> None:
    first, second = add_agreed(store, "Pay", "Send")
    done(store, "set", item=second.id, alias="US-10")
    done(store, "set", item=first.id, alias="US-9")
    with pytest.raises(GateClosed, match="1 before it in epic-1 is open: US-9"):
        planned(store, "set", item="US-10", status="in-progress")
    assert planned(store, "set", PlanSettings(story_order=False), item="US-10", status="in-progress").changes
    done(store, "set", item="US-9", status="in-progress")
    assert planned(store, "set", PlanSettings(stories_at_once=2), item="US-10", status="in-progress").changes
    done(store, "set", item="US-9", status="cancelled")
    assert done(store, "set", item="US-10", status="in-progress").status == "in-progress"
    place = root / first.path
    place.write_text(place.read_text().replace("status: cancelled", "status: draft"))
    store.look()
    assert [(one.rule, one.item) for one in audit(store.ledger, SETTINGS)] == [("gate-story-order", second.id)]
    done(store, "set", item="US-9", alias="")
    assert audit(store.ledger, SETTINGS) == []


@pytest.mark.requirement("A5")
def test_a_record_of_auras_that_is_written_by_hand_is_told(store: PlanStore, root: Path) -> None:
    (story,) = add_agreed(store, "Pay")
    place = root / story.path
    place.write_text(place.read_text().replace("---\n# ", "tests: green\ntests_by: aura\n---\n# "))
    (change,) = store.look().changes
    assert change.new is not None
    assert [one.rule for one in passed_by(store.ledger, change.old, change.new, SETTINGS)] == ["gate-tests-by-hand"]


@pytest.mark.requirement("A5")
def test_the_first_page_of_a_big_plan_stays_in_its_budget(store: PlanStore, root: Path) -> None:
    for number in range(400):
        text = item_text(f"t{number:05d}", "task", f"Task {number} {'word ' * 20}", status="in-progress")
        put(root, f"tasks/t{number:05d}-x.md", text)
    (story,) = add_agreed(store, "Pay")
    done(store, "set", item=story.id, section="Decisions", text="- cards only\n" * 50)
    done(store, "set", item=story.id, section="Open questions", text="Which bank?")
    done(store, "set", item=story.id, section="Structure", text="src/pay.py\n" * 300)
    approve(store, story.id)
    done(store, "set", item=story.id, status="in-progress")
    page = resume(store, None, SETTINGS, 600, 0)
    assert tokens_of(page.text) <= 600
    assert page.item == story.id
    assert "## Open questions" in page.text
    assert "Files" in page.left_out
