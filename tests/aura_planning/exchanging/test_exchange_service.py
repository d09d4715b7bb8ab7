"""Import and export over the bus: one operation that is taken back, files of the project, and what is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aura_planning.exchanging.service import ExchangeService
from aura_shared.errors import EditRefused, FileMovedOn, UnsafePath, UsageProblem
from aura_shared.messages.plan_exchange import ExchangeFormat, ExportPlan, FindLinks, ImportPlan, PlanExported
from aura_shared.messages.plan_items import ListItems, UndoPlan
from plan_exchange_samples import BACKLOG, GH, SAMPLES, TASKMASTER
from plan_items_rig import ItemRig, item_text, put

PATH = ".taskmaster/tasks/tasks.json"


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8", newline="")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    write(root, TASKMASTER)
    return root


@pytest.fixture
async def rig(root: Path, aura_home: Path) -> AsyncIterator[ItemRig]:
    found = ItemRig(root)
    ExchangeService(found.desk, found.service).register()
    yield found
    await found.service.stop()


async def count(rig: ItemRig) -> int:
    return (await rig.ask(ListItems(project=rig.project.id))).total


async def export(
    rig: ItemRig, form: ExchangeFormat, path: str = "", *, dry_run: bool = False, force: bool = False
) -> PlanExported:
    asked = ExportPlan(project=rig.project.id, format=form, path=path, dry_run=dry_run, force=force)
    return await rig.ask(asked)


@pytest.mark.requirement("A2", "P3")
async def test_an_import_is_one_operation_that_is_told_and_taken_back(rig: ItemRig, root: Path) -> None:
    shown = await rig.ask(ImportPlan(project=rig.project.id, dry_run=True))
    assert (shown.format, shown.source, shown.done, shown.total) == ("taskmaster", PATH, False, 8)
    assert shown.counts == {"new epic": 2, "new task": 6}
    assert [(one.what, one.key, one.status, one.was, one.line) for one in shown.items][:2] == [
        ("new", "master", "future", "", 1), ("new", "master/1", "done", "done", 5),
    ]  # fmt: skip
    assert {one.what: one.count for one in shown.kept}["complexity -> taskmaster.complexity"] == 1
    assert not (root / ".ai").exists()
    done = await rig.ask(ImportPlan(project=rig.project.id, path="./.taskmaster/"))
    assert done.done
    assert await count(rig) == 8
    assert [(event.by, event.total, event.operation) for event in rig.events] == [("command", 8, done.operation)]
    again = await rig.ask(ImportPlan(project=rig.project.id))
    assert (again.done, again.counts) == (False, {"same epic": 2, "same task": 6})
    await rig.ask(UndoPlan(project=rig.project.id))
    assert await count(rig) == 0


@pytest.mark.requirement("A2", "M3")
async def test_an_answer_has_as_many_items_as_the_limit(rig: ItemRig) -> None:
    shown = await rig.ask(ImportPlan(project=rig.project.id, dry_run=True, limit=1))
    assert (len(shown.items), shown.total) == (1, 8)
    default = await rig.ask(ImportPlan(project=rig.project.id, dry_run=True))
    assert len(default.model_dump_json()) / 4 < 2000


@pytest.mark.requirement("A2")
async def test_a_source_that_is_wrong_is_refused_and_nothing_is_written(rig: ItemRig, root: Path) -> None:
    (root / PATH).write_text('{"tasks": [', encoding="utf-8")
    answer = await rig.ask(ImportPlan(project=rig.project.id, path=PATH))
    assert (answer.refused, answer.done, answer.problems) == (True, False, 1)
    assert [(one.path, one.line, one.rule) for one in answer.findings] == [(PATH, 1, "broken-json")]
    assert not (root / ".ai").exists()


@pytest.mark.requirement("A2")
async def test_what_is_meant_has_to_be_clear_and_inside(rig: ItemRig, root: Path) -> None:
    with pytest.raises(UsageProblem, match="no plan that is recognised"):
        await rig.ask(ImportPlan(project=rig.project.id, path="src"))
    write(root, BACKLOG)
    with pytest.raises(UsageProblem, match="there are 2 plans"):
        await rig.ask(ImportPlan(project=rig.project.id))
    named = await rig.ask(ImportPlan(project=rig.project.id, format="backlog", dry_run=True))
    assert named.source == "backlog"
    for path in ("../x.csv", "/etc/passwd"):
        with pytest.raises(UnsafePath):
            await rig.ask(ImportPlan(project=rig.project.id, path=path))
        with pytest.raises(UnsafePath):
            await export(rig, "csv", path)
    for path in (".ai/x.csv", ".git/x.csv"):
        with pytest.raises(UnsafePath, match="belongs to the plan"):
            await export(rig, "csv", path)
    (root / "link.csv").symlink_to(root.parent / "elsewhere.csv")
    with pytest.raises(UnsafePath):
        await export(rig, "csv", "link.csv")
    with pytest.raises(UsageProblem, match="folder of files"):
        await export(rig, "backlog")


@pytest.mark.requirement("A2")
async def test_a_file_from_outside_comes_with_its_content(rig: ItemRig) -> None:
    content = base64.b64encode(GH["issues.json"].encode()).decode()
    done = await rig.ask(ImportPlan(project=rig.project.id, path="/tmp/issues.json", content=content))
    assert (done.format, done.source, done.done) == ("gh-json", "issues.json", True)
    with pytest.raises(UsageProblem, match="Base64"):
        await rig.ask(ImportPlan(project=rig.project.id, path="x", content="???"))


@pytest.mark.requirement("A2")
async def test_an_export_merges_and_refuses_a_target_that_was_changed_since(rig: ItemRig, root: Path) -> None:
    await rig.ask(ImportPlan(project=rig.project.id, path=PATH))
    path = next((root / ".ai/tasks").glob("*-ship.md"))
    path.write_text(path.read_text(encoding="utf-8").replace("status: todo", "status: done"), encoding="utf-8")
    shown = await export(rig, "taskmaster", PATH, dry_run=True)
    assert (shown.done, shown.total) == (False, 1)
    assert '-        "status": "deferred",\n+        "status": "done",' in shown.diff
    theirs = (root / PATH).read_text(encoding="utf-8").replace('"title": "Log in"', '"title": "Log in now"')
    (root / PATH).write_text(theirs, encoding="utf-8")
    with pytest.raises(FileMovedOn, match="changed since it was last imported"):
        await export(rig, "taskmaster", PATH)
    assert (root / PATH).read_text(encoding="utf-8") == theirs
    taken = await rig.ask(ImportPlan(project=rig.project.id, path=PATH))
    assert taken.counts["changed task"] == 1
    done = await export(rig, "taskmaster", PATH)
    assert (done.done, [(one.path, one.what) for one in done.files]) == (True, [(PATH, "changed")])
    tasks = json.loads((root / PATH).read_text(encoding="utf-8"))["master"]["tasks"]
    assert [(one["title"], one["status"]) for one in tasks[1:]] == [("Log in now", "pending"), ("Ship", "done")]
    assert (await export(rig, "taskmaster", PATH)).total == 0
    (root / PATH).write_text(theirs, encoding="utf-8")
    forced = await export(rig, "taskmaster", PATH, force=True)
    assert forced.done


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("form", sorted(SAMPLES))
async def test_a_plan_is_exported_twice_and_read_back(rig: ItemRig, root: Path, form: ExchangeFormat) -> None:
    put(root, "epics/e1aaaa-x.md", item_text("e1aaaa", "epic", "Shop", alias="epic-1"))
    put(root, "stories/s1aaaa-x.md", item_text("s1aaaa", "story", "Pay", epic="e1aaaa"))
    put(root, "tasks/t1aaaa-x.md", item_text("t1aaaa", "task", "Form", parent="s1aaaa", body="Words.\n"))
    target = f"out/{SAMPLES[form][1].rpartition('/')[2]}"
    first = await export(rig, form, target)
    assert first.done
    assert {one.what for one in first.files} == {"new"}
    second = await export(rig, form, target)
    assert (second.done, second.total, second.operation) == (False, 0, "")
    back = await rig.ask(ImportPlan(project=rig.project.id, path=target, format=form))
    assert (back.refused, back.done) == (False, False)
    assert await count(rig) == 3


@pytest.mark.requirement("A2")
async def test_a_format_of_one_file_is_the_answer_without_a_target(rig: ItemRig, root: Path) -> None:
    put(root, "tasks/t1aaaa-x.md", item_text("t1aaaa", "task", "Form", estimate=2))
    answer = await export(rig, "task-list")
    assert answer.content == "- [ ] Form <!-- aura: t1aaaa -->\n"
    assert [(one.what, one.count) for one in answer.lost] == [("estimate", 1)]
    assert (answer.files, answer.done, answer.operation) == ([], False, "")


@pytest.mark.requirement("A2")
async def test_a_target_that_cannot_be_merged_with_is_left(rig: ItemRig, root: Path) -> None:
    put(root, "tasks/t1aaaa-x.md", item_text("t1aaaa", "task", "Form"))
    texts: dict[ExchangeFormat, str] = {
        "taskmaster": '{"a": 1}', "csv": "a,b\n", "gh-json": "{", "bmad": "a: b\n", "task-list": "\0",
    }  # fmt: skip
    for form, text in texts.items():
        (root / "target").write_text(text, encoding="utf-8")
        with pytest.raises(EditRefused):
            await export(rig, form, "target")
        assert (root / "target").read_text(encoding="utf-8") == text


@pytest.mark.requirement("A4", "P2")
async def test_items_are_found_by_branch_alias_and_path(rig: ItemRig, root: Path) -> None:
    put(root, "stories/s1aaaa-x.md", item_text("s1aaaa", "story", "Pay", alias="US-4"))
    put(root, "tasks/t1aaaa-x.md", item_text("t1aaaa", "task", "Form", alias="3"))
    asked = FindLinks(
        project=rig.project.id, branch="fix/us_4/t1aaaa-3", references=["US-4", ".ai/tasks/t1aaaa-x.md", "nobody"]
    )
    found = await rig.ask(asked)
    assert [(one.reference, one.id) for one in found.items] == [
        ("fix/us_4/t1aaaa-3", "t1aaaa"), ("fix/us_4/t1aaaa-3", "s1aaaa"), ("US-4", "s1aaaa"),
        (".ai/tasks/t1aaaa-x.md", "t1aaaa"),
    ]  # fmt: skip
