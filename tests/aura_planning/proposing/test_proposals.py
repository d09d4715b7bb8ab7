"""Proposals over the bus: children, parts and estimates of items, written as one change that can be undone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aura_planning.proposing.service import ProposalService
from aura_shared.bus import Context
from aura_shared.errors import Conflict, EditRefused, FileMovedOn, GateClosed, UnknownItem, UsageProblem
from aura_shared.messages.insight import FindHotspots, Hotspot, HotspotsAnswer
from aura_shared.messages.plan_items import ListItems, ShowItem, UndoPlan
from aura_shared.messages.plan_proposals import ExpandPlanItem, ProposalAnswer
from plan_items_rig import ItemRig, item_text, put

STORY = """\
**As a** customer
**I want** to pay by card
**so that** I get my order at once

## Acceptance criteria

1. A valid card is charged when the order is placed
2. A declined card shows an error and keeps the basket
3. The payment is stored in a new table `payments`

## Tasks

- [ ] Build the card form in `src/pay/form.tsx` (AC: 1)
  - validate the number
- [x] Choose a provider
- [ ] Show the error of a declined card (AC: 2)

## Open questions

- Which currencies?
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    epic = "## Scope\n\n- Pay by card\n- Pay by invoice\n  - up to 500 euro\n- Refund an order\n"
    put(root, "epics/e1aaaa-shop.md", item_text("e1aaaa", "epic", "Shop", alias="epic-1", body=epic))
    put(root, "stories/s1aaaa-pay.md", item_text("s1aaaa", "story", "Pay by card", epic="e1aaaa", body=STORY))
    put(root, "stories/s2aaaa-send.md", item_text("s2aaaa", "story", "Send", epic="e1aaaa", depends_on="[s1aaaa]"))
    put(root, "tasks/t1aaaa-form.md", item_text("t1aaaa", "task", "Card number keypad", parent="s1aaaa"))
    return root


@pytest.fixture
async def rig(root: Path, aura_home: Path) -> AsyncIterator[ItemRig]:
    found = ItemRig(root)
    ProposalService(found.desk, found.service).register()
    yield found
    await found.service.stop()


def files_of(root: Path) -> dict[str, bytes]:
    """Every file of the plan."""
    return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*.md"))}


async def ask(rig: ItemRig, item: str, action: str = "expand", **fields: object) -> ProposalAnswer:
    body = {"project": rig.project.id, "item": item, "action": action, **fields}
    return await rig.ask(ExpandPlanItem.model_validate(body))


@pytest.mark.requirement("A2")
async def test_a_story_gets_tasks_for_its_steps_and_tests_for_its_criteria(rig: ItemRig, root: Path) -> None:
    before = files_of(root)
    answer = await ask(rig, "s1aaaa")
    assert [(one.number, one.role, one.title, one.depends_on) for one in answer.proposals] == [
        (1, "implement", "Build the card form in src/pay/form.tsx", []),
        (2, "implement", "Show the error of a declined card", []),
        (3, "test", "Test: A valid card is charged when the order is placed", []),
        (4, "test", "Test: A declined card shows an error and keeps the basket", []),
        (5, "test", "Test: The payment is stored in a new table payments", []),
        (6, "implement", "Implement: The payment is stored in a new table payments", ["#5"]),
        (7, "migrate", "Write the database migration: The payment is stored in a new table payments", []),
    ]
    assert [one.parent for one in answer.proposals] == ["s1aaaa"] * 7
    first = answer.proposals[0]
    assert first.criteria == ["A valid card is charged when the order is placed"]
    assert first.source is not None
    lines = (root / ".ai/stories/s1aaaa-pay.md").read_text().splitlines()
    assert lines[first.source.first - 1].startswith("- [ ] Build the card form")
    assert all(one.grounded and one.reasons for one in answer.proposals)
    assert (answer.style, answer.applied, answer.operation) == ("files", [], "")
    assert files_of(root) == before
    assert await ask(rig, "s1aaaa") == answer


@pytest.mark.requirement("A2", "P3")
async def test_chosen_proposals_are_written_as_one_change_and_taken_back(rig: ItemRig, root: Path) -> None:
    before = files_of(root)
    shown = await ask(rig, "s1aaaa")
    done = await ask(rig, "s1aaaa", only=[1, 5, 6], apply=True, diff=True, version=shown.version)
    assert done.applied == [1, 5, 6]
    assert len(done.files) == 3
    items = (await rig.ask(ListItems(project=rig.project.id, kind="task"))).items
    made = {one.title: one for one in items if one.id != "t1aaaa"}
    test = made["Test: The payment is stored in a new table payments"]
    task = made["Implement: The payment is stored in a new table payments"]
    assert task.depends_on == [test.id]
    assert {one.parent for one in made.values()} == {"s1aaaa"}
    text = (root / made["Build the card form in src/pay/form.tsx"].path).read_text()
    assert "proposed_by: text\nsource: .ai/stories/s1aaaa-pay.md:21-22\n" in text
    assert "- validate the number" in text
    assert "- A valid card is charged when the order is placed" in text
    assert "+proposed_by: text" in done.diff
    found = await rig.ask(ListItems(project=rig.project.id, what="findings"))
    assert [one.rule for one in found.findings] == []
    with pytest.raises(FileMovedOn, match="another one now"):
        await ask(rig, "s1aaaa", only=[1], apply=True, version=shown.version)
    again = await ask(rig, "s1aaaa")
    assert len(again.proposals) == 4
    assert any("is there already" in one for one in again.notices)
    await rig.ask(UndoPlan(project=rig.project.id, operation=done.operation))
    assert files_of(root) == before


@pytest.mark.requirement("A2")
async def test_an_epic_gets_stories_and_those_that_are_there_are_not_doubled(rig: ItemRig) -> None:
    answer = await ask(rig, "epic-1", apply=True)
    assert [(one.kind, one.title) for one in answer.proposals] == [
        ("story", "Pay by invoice"),
        ("story", "Refund an order"),
    ]
    assert answer.proposals[0].criteria == ["up to 500 euro"]
    stories = (await rig.ask(ListItems(project=rig.project.id, kind="story", parent="epic-1"))).items
    assert len(stories) == 4
    assert (await ask(rig, "epic-1")).reason == "all that it asks for is there already"


@pytest.mark.requirement("A2")
async def test_tasks_are_boxes_where_the_plan_keeps_them_so(rig: ItemRig, root: Path) -> None:
    (root / ".ai/tasks/t1aaaa-form.md").unlink()
    shown = await ask(rig, "s1aaaa")
    assert shown.style == "boxes"
    assert [one.role for one in shown.proposals] == ["test", "test", "test", "implement", "migrate"]
    await ask(rig, "s1aaaa", only=[1], apply=True)
    file = (root / ".ai/stories/s1aaaa-pay.md").read_text()
    mark = "<!-- proposed by text: .ai/stories/s1aaaa-pay.md:15 -->"
    assert f"- [ ] Test: A valid card is charged when the order is placed {mark}\n" in file
    shown_item = await rig.ask(ShowItem(project=rig.project.id, item="s1aaaa"))
    assert (shown_item.item.boxes_done, shown_item.item.boxes) == (1, 4)
    assert [one.role for one in (await ask(rig, "s1aaaa")).proposals] == ["test", "test", "implement", "migrate"]


@pytest.mark.requirement("A2")
async def test_a_split_keeps_every_criterion_and_what_waited_for_the_story(rig: ItemRig, root: Path) -> None:
    answer = await ask(rig, "s1aaaa", "split")
    assert answer.pattern == "errors"
    assert [(one.title, one.depends_on, len(one.criteria)) for one in answer.proposals] == [
        ("Pay by card: what works", [], 2),
        ("Pay by card: errors and limits", ["#1"], 1),
    ]
    done = await ask(rig, "s1aaaa", "split", apply=True)
    old = await rig.ask(ShowItem(project=rig.project.id, item="s1aaaa"))
    assert old.item.status == "cancelled"
    rows = (await rig.ask(ListItems(project=rig.project.id, kind="story", status="open"))).items
    parts = {one.title: one for one in rows}
    good, bad = parts["Pay by card: what works"], parts["Pay by card: errors and limits"]
    assert f"split_into: [{good.id}, {bad.id}]" in old.file
    assert bad.depends_on == [good.id]
    assert parts["Send"].depends_on == [good.id, bad.id]
    assert {good.parent, bad.parent} == {"e1aaaa"}
    assert "**I want** to pay by card" in old.file
    text = (root / bad.path).read_text()
    assert "I want to pay by card" in text
    assert "- [ ] Show the error of a declined card (AC: 2)" in text
    child = await rig.ask(ShowItem(project=rig.project.id, item="t1aaaa"))
    assert child.item.parent in {good.id, bad.id}
    assert (await rig.ask(ListItems(project=rig.project.id, what="findings"))).findings == []
    with pytest.raises(Conflict, match="is cancelled"):
        await ask(rig, "s1aaaa", "split", apply=True)
    await rig.ask(UndoPlan(project=rig.project.id, operation=done.operation))
    assert (await rig.ask(ShowItem(project=rig.project.id, item="s1aaaa"))).item.status == "draft"


@pytest.mark.requirement("A2")
async def test_what_cannot_be_done_says_why(rig: ItemRig, root: Path) -> None:
    put(root, "prd.md", item_text("p1aaaa", "prd", "Shop"))
    with pytest.raises(UsageProblem, match="is a document"):
        await ask(rig, "p1aaaa")
    with pytest.raises(UnknownItem):
        await ask(rig, "nobody")
    with pytest.raises(UsageProblem, match="needs an item"):
        await ask(rig, "")
    with pytest.raises(UsageProblem, match="taken whole"):
        await ask(rig, "s1aaaa", "split", only=[1])
    with pytest.raises(UsageProblem, match="its stories are"):
        await ask(rig, "epic-1", "split")
    with pytest.raises(UsageProblem, match="no proposal 99: there are 7"):
        await ask(rig, "s1aaaa", only=[99], apply=True)
    with pytest.raises(GateClosed, match="not approved"):
        await ask(rig, "epic-1", apply=True)
    assert (await ask(rig, "s2aaaa", "split")).reason == "it has no criteria: each part needs one of its own"
    assert "write some" in (await ask(rig, "s2aaaa")).reason


@pytest.mark.requirement("A2", "M3")
async def test_many_proposals_come_in_pages_within_the_budget(rig: ItemRig, root: Path) -> None:
    body = "## Acceptance criteria\n\n" + "".join(f"- Rule w{n}aa w{n}bb w{n}cc {'word ' * 8}\n" for n in range(60))
    put(root, "stories/s3aaaa-many.md", item_text("s3aaaa", "story", "Many", epic="e1aaaa", body=body))
    start, seen = 0, list[int]()
    while True:
        page = await ask(rig, "s3aaaa", start=start)
        assert len(page.model_dump_json()) / 4 < 2600
        seen += [one.number for one in page.proposals]
        if not page.next:
            break
        start = page.next
    assert seen == list(range(1, page.total + 1))


@pytest.mark.requirement("A2")
async def test_an_estimate_comes_from_finished_items_that_are_alike(rig: ItemRig, root: Path) -> None:
    for number, points in enumerate((2, 3, 3, 8)):
        put(
            root, f"stories/d{number}aaaa-x.md",
            item_text(f"d{number}aaaa", "story", f"Pay by card with wallet {number}", status="complete", epic="e1aaaa",
                      estimate=points, body="## Context\n\nA card is charged.\n"),
        )  # fmt: skip
    answer = await ask(rig, "s1aaaa", "estimate")
    (one,) = answer.proposals
    assert (one.by, one.estimate, one.low, one.high) == ("history", 3, 2, 8)
    assert "4 finished items speak of the same" in one.reasons[0]
    assert any("without complexity" in notice for notice in answer.notices)
    done = await ask(rig, "s1aaaa", "estimate", apply=True)
    assert done.applied == [1]
    file = (root / ".ai/stories/s1aaaa-pay.md").read_text()
    assert "estimate: 3\n" in file
    assert "estimate_from: history 2/3/8\n" in file
    everything = await ask(rig, "", "estimate")
    assert {one.title for one in everything.proposals} == {"Pay by card", "Send", "Card number keypad"}


@pytest.mark.requirement("A2")
async def test_an_estimate_of_a_person_stays_unless_it_is_to_be_replaced(rig: ItemRig, root: Path) -> None:
    put(root, "stories/s2aaaa-send.md", item_text("s2aaaa", "story", "Send", epic="e1aaaa", estimate=13))
    answer = await ask(rig, "s2aaaa", "estimate", apply=True)
    assert (answer.applied, answer.operation) == ([], "")
    assert "a person estimated 13; --replace puts another in its place" in answer.notices[0]
    assert "s2aaaa" not in {one.item for one in (await ask(rig, "", "estimate")).proposals}
    done = await ask(rig, "s2aaaa", "estimate", apply=True, replace=True)
    assert done.applied == [1]
    (one,) = done.proposals
    assert one.by == "size"
    assert f"estimate: {one.estimate:g}\n" in (root / ".ai/stories/s2aaaa-send.md").read_text()


@pytest.mark.requirement("A2")
async def test_complexity_and_changes_of_named_files_count(rig: ItemRig) -> None:
    async def hotspots(_: FindHotspots, __: Context) -> HotspotsAnswer:
        row = {
            "path": "web/src/pay/form.tsx",
            "commits": 9,
            "changed_lines": 90,
            "authors": 1,
            "complexity": 40,
            "lines": 9,
        }
        return HotspotsAnswer(hotspots=[Hotspot.model_validate({**row, "score": 1.0})], days=365)

    plain = (await ask(rig, "s1aaaa", "estimate")).proposals[0]
    rig.hub.connect("code").serve(FindHotspots, hotspots)
    rated = (await ask(rig, "s1aaaa", "estimate")).proposals[0]
    assert "1 complexity 0.6" in rated.reasons[0]
    assert "1 churn 0.4" in rated.reasons[0]
    assert "complexity" not in plain.reasons[0]


@pytest.mark.requirement("A2")
async def test_how_long_finished_items_took_counts_where_nobody_estimated(rig: ItemRig, root: Path) -> None:
    for number in range(3):
        name, title = f"stories/d{number}aaaa-x.md", f"Pay by card with wallet {number}"
        for status in ("draft", "in-progress", "complete"):
            put(root, name, item_text(f"d{number}aaaa", "story", title, status=status, epic="e1aaaa"))
            await rig.ask(ListItems(project=rig.project.id))
    answer = await ask(rig, "s1aaaa", "estimate")
    (one,) = answer.proposals
    assert one.by == "history"
    assert "they took 0 to 0 days from start to end" in one.reasons[1]


@pytest.mark.requirement("A2")
async def test_a_repository_with_docs_and_numbered_tasks_is_followed(rig: ItemRig, root: Path) -> None:
    (root / "docs").mkdir()
    (root / "backend/migrations").mkdir(parents=True)
    put(root, "tasks/t1aaaa-form.md", item_text("t1aaaa", "task", "Card keypad", parent="s1aaaa", alias="T009"))
    body = "## Acceptance criteria\n\n- A new endpoint lists invoices\n- The migration adds a table `invoices`\n"
    put(root, "stories/s3aaaa-inv.md", item_text("s3aaaa", "story", "Invoices", epic="e1aaaa", body=body))
    answer = await ask(rig, "s3aaaa", apply=True)
    roles = {one.role: one for one in answer.proposals}
    assert roles["migrate"].reasons[1] == "the repository has backend/migrations"
    assert roles["document"].reasons[1] == "the repository has docs"
    items = (await rig.ask(ListItems(project=rig.project.id, parent="s3aaaa"))).items
    assert [one.alias for one in items] == [f"T{number:03}" for number in range(10, 10 + len(items))]


@pytest.mark.requirement("A2")
async def test_a_gate_that_only_reports_lets_stories_be_added(rig: ItemRig, root: Path) -> None:
    put(root, "prd.md", item_text("p1aaaa", "prd", "Shop"))
    (root / ".aura").mkdir()
    (root / ".aura/config.toml").write_text('[plan]\ngates = "report"\n', encoding="utf-8")
    answer = await ask(rig, "epic-1", apply=True)
    assert answer.applied == [1, 2]
    assert any("a gate is closed, and only reported here" in one for one in answer.notices)


@pytest.mark.requirement("A2")
async def test_a_file_that_cannot_be_read_is_not_expanded(rig: ItemRig, root: Path) -> None:
    put(root, "stories/s4aaaa-half.md", "---\nid: s4aaaa\nkind: story\n")
    with pytest.raises(EditRefused, match="cannot be read"):
        await ask(rig, "s4aaaa")
