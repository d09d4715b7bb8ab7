"""Items over the bus: questions within budgets, events for every change, edits noticed while they happen."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from aura_planning.items.watching import SystemPlanWatches, plan_watches
from aura_planning.service import PlanningService
from aura_shared.errors import GateClosed, SettingsError, UnknownProject, UsageProblem
from aura_shared.messages.code import ProjectInfo, ProjectRemoved, ProjectStateChanged
from aura_shared.messages.plan_items import (
    ApproveItem,
    ChangePlan,
    ItemList,
    ListItems,
    ListPlanOperations,
    PlanItemsChanged,
    ResumePlan,
    ShowItem,
    UndoPlan,
)
from aura_shared.projects import ProjectRegistry
from plan_items_rig import ItemRig, item_text, put

BOUND_S = 20.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    put(root, "epics/e1aaaa-shop.md", item_text("e1aaaa", "epic", "Shop", alias="epic-1"))
    put(root, "stories/s1aaaa-pay.md", item_text("s1aaaa", "story", "Pay", epic="e1aaaa", body="## Context\n\nx\n"))
    put(root, "stories/s2aaaa-send.md", item_text("s2aaaa", "story", "Send", epic="e1aaaa", depends_on="[s1aaaa]"))
    put(root, "tasks/t1aaaa-form.md", item_text("t1aaaa", "task", "Form", status="cancelled", parent="s1aaaa"))
    return root


@pytest.fixture
async def rig(root: Path, aura_home: Path) -> AsyncIterator[ItemRig]:
    found = ItemRig(root)
    yield found
    await found.service.stop()


async def event_with(rig: ItemRig, wanted: Callable[[PlanItemsChanged], bool]) -> PlanItemsChanged:
    """The first event like this, waited for with a bound."""
    async with asyncio.timeout(BOUND_S):
        while True:
            for event in rig.events:
                if wanted(event):
                    return event
            await asyncio.sleep(0.005)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds; the caller has the bound."""
    while not holds():  # noqa: ASYNC110 - no event tells of it
        await asyncio.sleep(0.005)


async def ids(rig: ItemRig, **fields: object) -> list[str]:
    answer = await rig.ask(ListItems.model_validate({"project": rig.project.id, **fields}))
    return [item.id for item in answer.items]


@pytest.mark.requirement("A2", "P3")
async def test_items_are_listed_by_kind_status_parent_and_words(rig: ItemRig) -> None:
    assert await ids(rig) == ["e1aaaa", "s1aaaa", "s2aaaa", "t1aaaa"]
    assert await ids(rig, kind="story") == ["s1aaaa", "s2aaaa"]
    assert await ids(rig, status="open") == ["e1aaaa", "s1aaaa", "s2aaaa"]
    assert await ids(rig, status="Canceled", kind="task") == ["t1aaaa"]
    assert await ids(rig, parent="epic-1") == ["s1aaaa", "s2aaaa", "t1aaaa"]
    assert await ids(rig, text="SE send") == ["s2aaaa"]
    nothing = await rig.ask(ListItems(project=rig.project.id, text="nobody"))
    assert nothing.reason == "No item is like that."
    with pytest.raises(UnknownProject):
        await rig.ask(ListItems(project="nobody"))


@pytest.mark.requirement("A2", "M3")
async def test_two_thousand_items_come_in_pages_within_the_budget(root: Path, rig: ItemRig) -> None:
    for number in range(2000):
        put(
            root,
            f"tasks/t{number:05}a-x.md",
            item_text(f"t{number:05}a", "task", f"Task number {number}", parent="s2aaaa"),
        )
    start, seen = 0, list[str]()
    while True:
        page: ItemList = await rig.ask(ListItems(project=rig.project.id, kind="task", start=start, limit=500))
        assert len(page.model_dump_json()) / 4 <= 1200
        seen += [item.id for item in page.items]
        if not page.next:
            break
        assert page.next > start
        start = page.next
        if start == 50:
            start = 1950  # every page is made alike
            seen = seen[:50]
    assert page.total == 2001
    findings = await rig.ask(ListItems(project=rig.project.id, what="findings"))
    assert findings.findings == []
    assert findings.reason == "Nothing is wrong."


@pytest.mark.requirement("A2", "A5")
async def test_findings_are_listed_by_file_and_line(root: Path, rig: ItemRig) -> None:
    put(root, "stories/s3aaaa-x.md", item_text("s3aaaa", "story", "X", status="nearly", epic="nobody"))
    page = await rig.ask(ListItems(project=rig.project.id, what="findings", limit=1))
    assert [(one.rule, one.line, one.item) for one in page.findings] == [("unknown-status", 4, "s3aaaa")]
    rest = await rig.ask(ListItems(project=rig.project.id, what="findings", start=page.next))
    assert [(one.rule, one.line) for one in rest.findings] == [("dangling-parent", 5)]
    narrow = await rig.ask(ListItems(project=rig.project.id, what="findings", kind="epic"))
    assert narrow.findings == []
    assert narrow.problems == 2


@pytest.mark.requirement("A5", "P3")
async def test_an_item_is_shown_with_its_place_and_its_steps(rig: ItemRig) -> None:
    shown = await rig.ask(ShowItem(project=rig.project.id, item="s1aaaa", budget=10))
    assert (shown.cut, len(shown.file)) == (True, 40)
    assert shown.parent is not None
    assert (shown.parent.id, [one.id for one in shown.children]) == ("e1aaaa", ["t1aaaa"])
    assert shown.steps == ["cancelled"]
    assert shown.refusals == ["in-progress: the story is not approved"]
    waiting = await rig.ask(ShowItem(project=rig.project.id, item="s2aaaa"))
    assert [one.id for one in waiting.waits_for] == ["s1aaaa"]
    assert not waiting.cut


@pytest.mark.requirement("A2", "A5", "P2")
async def test_every_change_is_told_and_can_be_taken_back(root: Path, rig: ItemRig) -> None:
    project = rig.project.id
    done = await rig.ask(ChangePlan(project=project, action="add", kind="task", title="Mail", parent="s2aaaa"))
    assert done.item is not None
    (event,) = rig.events
    assert [(one.what, one.id, one.status) for one in event.changes] == [("added", done.item.id, "todo")]
    assert (event.by, event.operation, event.total) == ("command", done.operation, 1)
    dry = await rig.ask(ChangePlan(project=project, action="set", item=done.item.id, value=3, dry_run=True))
    assert (dry.done, "+value: 3" in dry.diff) == (False, True)
    same = await rig.ask(ChangePlan(project=project, action="set", item=done.item.id, title="Mail"))
    assert (same.done, same.files) == (False, [])
    with pytest.raises(GateClosed, match="not approved"):
        await rig.ask(ChangePlan(project=project, action="set", item=done.item.id, status="in-progress"))
    await rig.ask(ApproveItem(project=project, item="s2aaaa", by="Ada"))
    step = await rig.ask(ChangePlan(project=project, action="set", item=done.item.id, status="in-progress"))
    assert [(one.old_status, one.status) for one in rig.events[-1].changes] == [("todo", "in-progress")]
    planned = await rig.ask(UndoPlan(project=project, dry_run=True))
    assert (planned.done, planned.operation.id, "-status: in-progress" in planned.diff) == (False, step.operation, True)
    undone = await rig.ask(UndoPlan(project=project))
    assert rig.events[-1].operation == undone.undo
    listed = await rig.ask(ListPlanOperations(project=project, limit=2))
    assert ([one.command for one in listed.operations], listed.more) == (["undo", "set"], True)
    one = await rig.ask(ListPlanOperations(project=project, operation=step.operation))
    assert "+status: in-progress" in one.diff
    about = await rig.ask(ListPlanOperations(project=project, item="s2aaaa"))
    assert [found.command for found in about.operations] == ["approve"]
    with pytest.raises(UsageProblem, match="no operation was about"):
        await rig.ask(ListPlanOperations(project=project, item="nobody"))
    page = await rig.ask(ResumePlan(project=project, item="s2aaaa"))
    assert page.text.startswith("# Where the plan stands")
    assert page.item == "s2aaaa"


@pytest.mark.requirement("A5")
async def test_a_migration_shows_its_difference_and_is_one_operation(root: Path, rig: ItemRig) -> None:
    put(root, "epic-1/story-9.story.md", "# Story 9: Old\n\nStatus: Draft\n")
    dry = await rig.ask(ChangePlan(project=rig.project.id, action="migrate", dry_run=True))
    assert [one.split(" -> ")[0] for one in dry.files] == [".ai/epic-1/story-9.story.md"]
    assert dry.diff.startswith("--- a/.ai/epic-1/story-9.story.md\n+++ b/.ai/stories/")
    done = await rig.ask(ChangePlan(project=rig.project.id, action="migrate"))
    assert (done.diff, done.files) == (dry.diff, dry.files)
    assert sorted(one.what for one in done.changes) == ["added", "removed"]
    await rig.ask(UndoPlan(project=rig.project.id, operation=done.operation))
    assert (root / ".ai/epic-1/story-9.story.md").exists()


@pytest.mark.requirement("A2", "A5", "P2")
async def test_edits_on_disk_are_told_with_the_gates_that_they_passed(root: Path, rig: ItemRig) -> None:
    await rig.service.start()
    place = root / ".ai/stories/s1aaaa-pay.md"
    before = place.read_bytes()
    place.write_bytes(before.replace(b"draft", b"complete"))
    event = await event_with(rig, lambda one: any(change.id == "s1aaaa" for change in one.changes))
    assert (event.by, event.changes[0].old_status, event.changes[0].status) == ("edit", "draft", "complete")
    assert "gate-no-such-step" in {one.rule for one in event.findings}
    listed = await rig.ask(ListPlanOperations(project=rig.project.id, operation=event.operation))
    assert "past a gate" in listed.operations[0].problem
    await rig.ask(UndoPlan(project=rig.project.id, operation=event.operation))
    assert place.read_bytes() == before
    beside = root / ".ai/stories/new.tmp"
    beside.write_text(item_text("s7aaaa", "story", "New", epic="e1aaaa"))
    beside.rename(root / ".ai/stories/s7aaaa-new.md")
    await event_with(rig, lambda one: any(change.id == "s7aaaa" for change in one.changes))
    (root / ".ai/deep/er").mkdir(parents=True)
    put(root, "deep/er/story-3.story.md", "# Story 3: Deep\n\nStatus: Draft\n")
    await event_with(rig, lambda one: any(change.path.endswith("story-3.story.md") for change in one.changes))
    shutil.rmtree(root / ".ai")
    await event_with(rig, lambda one: any(change.what == "removed" and change.id == "e1aaaa" for change in one.changes))
    put(root, "tasks/t9aaaa-x.md", item_text("t9aaaa", "task"))
    await event_with(rig, lambda one: any(change.id == "t9aaaa" and change.what == "added" for change in one.changes))


@pytest.mark.requirement("A2")
async def test_projects_come_and_go(root: Path, rig: ItemRig, tmp_path: Path) -> None:
    await rig.service.start()
    other = tmp_path / "other"
    put(other, "tasks/t1aaaa-x.md", item_text("t1aaaa", "task"))
    project, _ = ProjectRegistry(rig.paths.projects).add(other)
    info = ProjectInfo(id=project.id, name=project.name, root=project.root)
    for _ in range(2):
        await rig.client.publish(ProjectStateChanged(project=info))
    async with asyncio.timeout(BOUND_S):
        await until(lambda: project.id in rig.service._plans)  # seen nowhere else
    await rig.ask(ListItems(project=project.id))
    put(other, "tasks/t2aaaa-x.md", item_text("t2aaaa", "task"))
    await event_with(rig, lambda one: any(change.id == "t2aaaa" for change in one.changes))
    await rig.client.publish(ProjectRemoved(project=project.id))
    async with asyncio.timeout(BOUND_S):
        await until(lambda: project.id not in rig.service._plans)


@pytest.mark.requirement("A5", "P7")
async def test_settings_of_a_project_count(root: Path, rig: ItemRig) -> None:
    (root / ".aura").mkdir()
    (root / ".aura/config.toml").write_text('[plan]\ngates = "report"\n')
    done = await rig.ask(ChangePlan(project=rig.project.id, action="set", item="s1aaaa", status="in-progress"))
    assert done.notices == ["a gate is closed, and only reported here: the story is not approved"]
    assert done.item is not None
    assert done.item.findings == 1


@pytest.mark.requirement("P9")
async def test_new_files_have_the_modes_of_the_persons_umask(
    root: Path, rig: ItemRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AURA_UMASK", "27")
    done = await rig.ask(ChangePlan(project=rig.project.id, action="add", kind="task", title="x"))
    assert (root / done.files[0]).stat().st_mode & 0o777 == 0o640


async def test_the_service_serves_what_its_parts_do(root: Path, rig: ItemRig) -> None:
    bus = rig.hub.connect("planning-2")
    service = PlanningService(bus, rig.paths, rig.desk.settings, ProjectRegistry(rig.paths.projects))
    await service.start()
    assert service.health().ok
    await service.stop()


@pytest.mark.parametrize("make", [plan_watches, SystemPlanWatches])
def test_both_kinds_of_watches_tell_of_an_edit(root: Path, make: Callable[[], object]) -> None:
    import threading

    watches = make()
    told = threading.Event()
    watches.add("a", root, told.set)  # pyright: ignore[reportAttributeAccessIssue] - the protocol has it
    watches.add("a", root, told.set)  # pyright: ignore[reportAttributeAccessIssue]
    put(root, "tasks/t2aaaa-x.md", "x")
    assert told.wait(BOUND_S)
    watches.remove("a")  # pyright: ignore[reportAttributeAccessIssue]
    watches.remove("a")  # pyright: ignore[reportAttributeAccessIssue]
    watches.close()  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.requirement("A2", "P2")
async def test_the_first_plan_of_a_project_is_found_and_nothing_is_loaded_before(
    tmp_path: Path, aura_home: Path
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    rig = ItemRig(bare)
    other = tmp_path / "other"
    other.mkdir()
    gone, _ = ProjectRegistry(rig.paths.projects).add(other)
    await rig.service.start()
    assert rig.service._plans == {}  # seen nowhere else
    put(bare, "tasks/t1aaaa-x.md", item_text("t1aaaa", "task"))
    async with asyncio.timeout(BOUND_S):
        await until(lambda: rig.project.id in rig.service._plans)
        await rig.client.publish(ProjectRemoved(project=gone.id))
        await until(lambda: not rig.service._without)
    listed = await rig.ask(ListItems(project=rig.project.id))
    assert [one.id for one in listed.items] == ["t1aaaa"]
    await rig.service.stop()


@pytest.mark.requirement("A2")
async def test_a_project_whose_settings_are_wrong_stops_no_other(root: Path, rig: ItemRig) -> None:
    (root / ".aura").mkdir()
    (root / ".aura/config.toml").write_text("[plan]\nstories_at_once = -1\n")
    await rig.service.start()
    assert rig.service._plans == {}  # seen nowhere else
    with pytest.raises(SettingsError):
        await rig.ask(ListItems(project=rig.project.id))
    (root / ".aura/config.toml").unlink()
    assert (await rig.ask(ListItems(project=rig.project.id))).total == 4
