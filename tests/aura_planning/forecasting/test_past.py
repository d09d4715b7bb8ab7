"""The past of a plan: from the versions of its files and from its journal, whatever people did to them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from aura_planning.forecasting.lives import Life
from aura_planning.forecasting.tracing import journalled, trace
from aura_planning.forecasting.versions import read_versions, tip_of
from aura_planning.items.ledger import Ledger
from aura_planning.items.model import Item
from aura_planning.items.reading import read_item
from aura_planning.items.store import PlanStore
from aura_shared.errors import Cancelled, Unavailable
from plan_forecast_rig import commit, git
from plan_items_rig import item_text, put

FIRST = date(2027, 3, 1)


def day(number: int) -> int:
    return (FIRST + timedelta(number)).toordinal()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    return root


def write(root: Path, name: str, status: str, estimate: int | None = None, parent: str | None = None) -> None:
    put(
        root,
        f"tasks/{name}-x.md",
        item_text(name, "task", f"Title {name}", status=status, estimate=estimate, parent=parent),
    )


def at(root: Path, number: int, message: str = "work") -> None:
    commit(root, FIRST + timedelta(number), message)


def items_of(root: Path) -> list[Item]:
    found = [
        read_item(file.relative_to(root).as_posix(), file.read_bytes()).item for file in sorted(root.rglob("*.md"))
    ]
    return [one for one in found if one is not None]


def lives(root: Path, today: int = 30, *, all_leaves: bool = True) -> dict[str, Life]:
    items = items_of(root) if all_leaves else None
    found = trace(root, tip_of(root), [], items, day(today))
    return {one.key: one for one in found.lives}


@pytest.mark.requirement("A4")
def test_each_step_of_an_item_has_its_day(root: Path) -> None:
    write(root, "t1aaaa", "todo", estimate=3)
    at(root, 0)
    write(root, "t1aaaa", "in-progress", estimate=3)
    at(root, 2)
    write(root, "t1aaaa", "done", estimate=5)
    write(root, "t2aaaa", "todo")
    at(root, 6)
    assert lives(root) == {
        "t1aaaa": Life("t1aaaa", day(0), day(2), day(6), None, 5.0),
        "t2aaaa": Life("t2aaaa", day(6)),
    }


@pytest.mark.requirement("A4")
def test_what_was_done_when_it_came_says_nothing_about_the_pace(root: Path) -> None:
    write(root, "t1aaaa", "done")
    write(root, "t2aaaa", "cancelled")
    write(root, "t3aaaa", "todo")
    at(root, 0)
    found = trace(root, tip_of(root), [], items_of(root), day(3))
    assert [one.key for one in found.lives] == ["t3aaaa"]
    assert found.arrived == [day(0)]
    assert found.finished == []


@pytest.mark.requirement("A4")
def test_what_was_taken_back_was_not_finished_and_what_left_was_dropped(root: Path) -> None:
    for name in ("t1aaaa", "t2aaaa", "t3aaaa"):
        write(root, name, "todo")
    at(root, 0)
    write(root, "t1aaaa", "done")
    write(root, "t2aaaa", "cancelled")
    (root / ".ai/tasks/t3aaaa-x.md").unlink()
    at(root, 1)
    write(root, "t1aaaa", "in-progress")
    at(root, 2)
    found = lives(root)
    assert (found["t1aaaa"].finished, found["t1aaaa"].dropped) == (None, None)
    assert found["t2aaaa"].dropped == day(1)
    assert found["t3aaaa"].dropped == day(1)
    write(root, "t2aaaa", "todo")
    at(root, 3)
    assert lives(root)["t2aaaa"].dropped is None


@pytest.mark.requirement("A4")
def test_an_item_that_moves_to_the_canonical_layout_stays_the_same(root: Path) -> None:
    old = put(root, "epic-1/story-1.story.md", "# Story 1: Pay\n\n## Status: Draft\n")
    at(root, 0)
    old.write_text("# Story 1: Pay\n\n## Status: In Progress\n", encoding="utf-8")
    at(root, 1)
    old.unlink()
    put(root, "stories/s1aaaa-pay.md", item_text("s1aaaa", "story", "Pay", status="in-progress"))
    at(root, 2, "migrate")
    put(root, "stories/s1aaaa-pay.md", item_text("s1aaaa", "story", "Pay", status="complete"))
    at(root, 4)
    assert lives(root) == {"s1aaaa": Life("s1aaaa", day(0), day(1), day(4))}


@pytest.mark.requirement("A4")
def test_a_file_that_only_moves_stays_the_same(root: Path) -> None:
    write(root, "t1aaaa", "todo")
    at(root, 0)
    (root / ".ai/tasks/t1aaaa-x.md").rename(root / ".ai/tasks/t1aaaa-renamed.md")
    at(root, 1)
    assert lives(root) == {"t1aaaa": Life("t1aaaa", day(0))}


@pytest.mark.requirement("A4")
def test_only_leaves_and_what_is_gone_count(root: Path) -> None:
    put(root, "epics/e1aaaa-x.md", item_text("e1aaaa", "epic", "E", status="current"))
    write(root, "t1aaaa", "todo", parent="e1aaaa")
    at(root, 0)
    leaves = [one for one in items_of(root) if one.kind == "task"]
    found = trace(root, tip_of(root), [], leaves, day(3))
    assert [one.key for one in found.lives] == ["t1aaaa"]
    assert len(lives(root, all_leaves=False)) == 2
    uncommitted = Item("t9aaaa", "task", ".ai/tasks/t9aaaa-x.md", status="todo")
    found = trace(root, tip_of(root), [], [*leaves, uncommitted], day(3))
    assert found.lives[-1] == Life("t9aaaa", day(3))


@pytest.mark.requirement("A4")
def test_work_on_a_branch_counts_on_its_own_day(root: Path) -> None:
    write(root, "t1aaaa", "todo")
    at(root, 0)
    git(root, "checkout", "-q", "-b", "side")
    write(root, "t1aaaa", "in-progress")
    at(root, 1)
    write(root, "t1aaaa", "done")
    at(root, 2)
    git(root, "checkout", "-q", "main")
    write(root, "t2aaaa", "todo")
    at(root, 3)
    git(root, "merge", "-q", "--no-ff", "-m", "merge", "side", at=FIRST + timedelta(9))
    assert lives(root)["t1aaaa"] == Life("t1aaaa", day(0), day(1), day(2))


@pytest.mark.requirement("A4")
def test_the_journal_tells_what_is_not_committed_without_what_was_taken_back(root: Path, tmp_path: Path) -> None:
    write(root, "t1aaaa", "todo")
    write(root, "t2aaaa", "todo")
    store = PlanStore(root, tmp_path / "data")
    store.look()
    write(root, "t1aaaa", "done")
    store.look()
    write(root, "t2aaaa", "done")
    store.look()
    store.undo()
    groups = list(journalled(store.journal))
    assert [[one.path for one in group] for group in groups] == [[".ai/tasks/t1aaaa-x.md"]]
    today = datetime.fromtimestamp(groups[0][0].at_s, UTC).toordinal() + 1
    found = trace(root, "", groups, list(store.ledger.items), today)
    assert [(one.key, one.finished) for one in found.lives if one.key == "t2aaaa"] == [("t2aaaa", None)]
    store.close()


@pytest.mark.requirement("A4")
def test_a_folder_without_repository_or_commit_has_no_past(tmp_path: Path, root: Path) -> None:
    (tmp_path / "bare").mkdir()
    assert tip_of(tmp_path / "bare") == ""
    assert tip_of(root) == ""
    assert tip_of(tmp_path / "gone") == ""
    nothing = trace(root, "", [], [])
    assert (nothing.lives, nothing.arrived, nothing.last) == ([], [], 0)
    assert Ledger([]).items == []


@pytest.mark.requirement("A4")
def test_reading_runs_nothing_that_the_repository_names(root: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {ran}\n", encoding="utf-8")
    program.chmod(0o755)
    for key in ("gpg.program", "diff.external", "core.pager", "diff.x.textconv", "core.fsmonitor"):
        git(root, "config", key, str(program))
    git(root, "config", "log.showSignature", "true")
    git(root, "config", "diff.orderFile", "no-such-file")
    git(root, "config", "log.follow", "true")
    (root / ".gitattributes").write_text("* diff=x\n", encoding="utf-8")
    write(root, "t1aaaa", "todo")
    commit(root, FIRST)
    ran.unlink(missing_ok=True)  # the commit itself may have run it
    assert set(lives(root)) == {"t1aaaa"}
    assert not ran.exists()


@pytest.mark.requirement("A4")
def test_links_and_contents_that_are_too_large_are_not_read(root: Path) -> None:
    write(root, "t1aaaa", "todo")
    (root / ".ai/tasks/t2aaaa-x.md").symlink_to("/etc/hostname")
    put(root, "tasks/t3aaaa-x.md", item_text("t3aaaa", "task", body="x" * 3_000_000))
    at(root, 0)
    versions = list(read_versions(root, tip_of(root), ".ai", wanted=lambda _: True))
    assert [(one.path, bool(one.data)) for one in versions] == [
        (".ai/tasks/t1aaaa-x.md", True),
        (".ai/tasks/t3aaaa-x.md", False),
    ]
    assert set(lives(root, all_leaves=False)) == {"t1aaaa"}


@pytest.mark.requirement("A4")
def test_names_with_line_ends_and_options_are_only_names(root: Path) -> None:
    for name in ("a\nb.md", "--output=x.md", "12345"):
        put(root, f"notes/{name}", "text")
    at(root, 0)
    found = [one.path for one in read_versions(root, tip_of(root), ".ai", wanted=lambda _: True)]
    assert sorted(found) == [".ai/notes/--output=x.md", ".ai/notes/12345", ".ai/notes/a\nb.md"]
    assert not (root / "x.md").exists()


@pytest.mark.requirement("A4", "P11")
def test_reading_can_be_stopped_and_fails_with_a_reason(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, "t1aaaa", "todo")
    at(root, 0)
    with pytest.raises(Cancelled):
        trace(root, tip_of(root), [], [], stopped=lambda: True)
    with pytest.raises(Unavailable, match="git log"):
        list(read_versions(root, "0" * 40, ".ai", wanted=lambda _: True))
    tip = tip_of(root)
    monkeypatch.setenv("PATH", str(root))
    assert tip_of(root) == ""
    with pytest.raises(Unavailable, match="git is not there"):
        list(read_versions(root, tip, ".ai", wanted=lambda _: True))
