"""The plan of a project on disk: outside edits, two editors, undo, the cache, merges of branches."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from aura_planning.items import store as store_module
from aura_planning.items import writing
from aura_planning.items.changing import plan_change
from aura_planning.items.journal import FileChange
from aura_planning.items.store import Look, PlanStore
from aura_planning.items.writing import current, put, safe_place
from aura_shared.errors import (
    Conflict,
    EditRefused,
    FileMovedOn,
    NotFound,
    StorageError,
    UndoRefused,
    UnknownOperation,
    UnsafePath,
    UsageProblem,
)
from aura_shared.messages.plan_items import ChangePlan
from aura_shared.settings import PlanSettings
from plan_items_rig import item_text
from plan_items_rig import put as write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    write(root, "epics/e1aaaa-shop.md", item_text("e1aaaa", "epic", "Shop", alias="epic-1"))
    write(root, "stories/s1aaaa-pay.md", item_text("s1aaaa", "story", "Pay", epic="e1aaaa"))
    return root


@pytest.fixture
def store(root: Path, tmp_path: Path) -> Iterator[PlanStore]:
    found = PlanStore(root, tmp_path / "home" / "plan")
    found.look()
    yield found
    found.close()


def change(store: PlanStore, action: str, **fields: object) -> str:
    request = ChangePlan.model_validate({"project": "x", "action": action, **fields})
    planned = plan_change(store, request, PlanSettings())
    operation, _ = store.commit(planned.changes, command=action, title=planned.title, items=planned.items)
    return operation.id


def told(look: Look) -> list[tuple[str, str]]:
    return [(one.what, (one.new or one.old).path) for one in look.changes if (one.new or one.old)]  # pyright: ignore[reportOptionalMemberAccess]


@pytest.mark.requirement("A5")
def test_a_file_among_items_whose_name_is_none_is_said(root: Path, store: PlanStore) -> None:
    for path in ("stories/login.md", "stories/README.md", "tasks/notes/idea.md", "notes.md"):
        write(root, path, "# Words")
    assert store.look().changes == ()
    (one,) = store.findings()
    assert (one.rule, one.path, one.severity) == ("unread-file", ".ai/stories/login.md", "warning")
    (root / ".ai/stories/login.md").rename(root / ".ai/stories/k7m2qx-login.md")
    assert told(store.look()) == [("added", ".ai/stories/k7m2qx-login.md")]
    assert "unread-file" not in {one.rule for one in store.findings()}


@pytest.mark.requirement("A2", "A5")
def test_edits_from_outside_are_noticed_noted_and_taken_back(store: PlanStore, root: Path) -> None:
    assert store.look() == Look()
    place = root / ".ai/stories/s1aaaa-pay.md"
    before = place.read_bytes()
    place.write_bytes(before.replace(b"draft", b"complete"))
    write(root, "tasks/t1aaaa-new.md", item_text("t1aaaa", "task", "New", parent="s1aaaa"))
    write(root, "notes.md", "no item")
    look = store.look()
    assert told(look) == [("changed", ".ai/stories/s1aaaa-pay.md"), ("added", ".ai/tasks/t1aaaa-new.md")]
    assert look.operation is not None
    assert (look.operation.by, look.operation.title) == ("edit", "edited outside: 2 files")
    assert store.ledger.find("s1aaaa").status == "complete"
    (root / ".ai/tasks/t1aaaa-new.md").unlink()
    assert told(store.look()) == [("removed", ".ai/tasks/t1aaaa-new.md")]
    store.undo()
    store.undo(look.operation.id)
    assert place.read_bytes() == before
    assert not (root / ".ai/tasks").exists()
    place.write_bytes(b"---\nid: s1")
    assert told(store.look()) == [("unreadable", ".ai/stories/s1aaaa-pay.md")]
    assert [one.rule for one in store.findings()] == ["front-matter-open"]
    os.utime(place)
    assert store.look().changes == ()


@pytest.mark.requirement("A2")
def test_what_was_edited_while_nothing_ran_is_noticed_at_the_next_start(store: PlanStore, root: Path) -> None:
    store.close()
    place = root / ".ai/stories/s1aaaa-pay.md"
    before = place.read_bytes()
    place.write_bytes(before + b"more\n")
    assert told(store.look()) == [("changed", ".ai/stories/s1aaaa-pay.md")]
    store.undo()
    assert place.read_bytes() == before


@pytest.mark.requirement("A2")
def test_the_cache_can_be_deleted_or_damaged_at_any_time(store: PlanStore, root: Path, tmp_path: Path) -> None:
    operation = change(store, "set", item="s1aaaa", priority="must")
    wanted = [item.id for item in store.ledger.items]
    for damaged in (False, True):
        store.close()
        file = tmp_path / "home/plan/items.db"
        if damaged:
            file.write_bytes(b"no database")
        else:
            file.unlink()
        assert store.look() == Look()
        assert [item.id for item in store.ledger.items] == wanted
    assert store.journal.find(operation).state == "done"
    store.undo(operation)
    assert b"must" not in store.read(".ai/stories/s1aaaa-pay.md")


@pytest.mark.requirement("A2", "A5")
def test_two_editors_at_once_get_a_conflict_and_nothing_is_lost(store: PlanStore, root: Path) -> None:
    place = root / ".ai/stories/s1aaaa-pay.md"
    request = ChangePlan(project="x", action="set", item="s1aaaa", priority="must")
    planned = plan_change(store, request, PlanSettings())
    place.write_bytes(place.read_bytes() + b"words of an editor\n")
    with pytest.raises(FileMovedOn, match="changed by somebody else"):
        store.commit(planned.changes, command="set", title="x")
    assert place.read_bytes().endswith(b"words of an editor\n")
    assert b"must" not in place.read_bytes()


@pytest.mark.requirement("A2", "A5")
@pytest.mark.parametrize("exchange", [True, False])
def test_an_editor_that_saves_in_the_middle_of_a_write_wins(
    store: PlanStore, root: Path, monkeypatch: pytest.MonkeyPatch, exchange: bool
) -> None:
    if not exchange:
        monkeypatch.setattr(writing, "_exchange", lambda _one, _other: False)  # pyright: ignore[reportUnknownLambdaType]
    place = root / ".ai/stories/s1aaaa-pay.md"
    before = place.read_bytes()

    def at(name: str) -> None:
        if name == "take place":
            place.write_bytes(b"saved meanwhile\n")

    with pytest.raises(FileMovedOn):
        put(place, before, b"ours\n", new_mode=0o644, at=at)
    assert place.read_bytes() == b"saved meanwhile\n"
    with pytest.raises(FileMovedOn):
        put(place, b"saved meanwhile\n", None, new_mode=0o644, at=lambda name: _save(place, name))
    assert place.read_bytes() == b"and again\n"
    assert sorted(file.name for file in place.parent.iterdir()) == ["s1aaaa-pay.md"]


def _make(place: Path) -> None:
    place.write_bytes(b"theirs")


def _save(place: Path, name: str) -> None:
    if name == "set aside":
        place.write_bytes(b"and again\n")


@pytest.mark.requirement("A2")
def test_a_file_that_somebody_makes_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    place = tmp_path / "a.md"
    with pytest.raises(FileMovedOn):
        put(place, None, b"ours", new_mode=0o644, at=lambda _name: _make(place))
    assert place.read_bytes() == b"theirs"
    gone = tmp_path / "b.md"
    gone.write_bytes(b"x")
    with pytest.raises(FileMovedOn):
        put(gone, b"x", None, new_mode=0o644, at=lambda _name: gone.unlink(missing_ok=True))
    gone.write_bytes(b"x")
    with pytest.raises(FileMovedOn):
        put(gone, b"x", b"y", new_mode=0o644, at=lambda name: gone.unlink() if name == "take place" else None)
    assert [file.name for file in tmp_path.iterdir()] == ["a.md"]


@pytest.mark.requirement("A2")
def test_permissions_of_a_file_stay_and_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "deep" / "a.md"
    put(place, None, b"one", new_mode=0o640)
    assert place.stat().st_mode & 0o777 == 0o640
    place.chmod(0o604)
    put(place, b"one", b"two", new_mode=0o640)
    assert place.stat().st_mode & 0o777 == 0o604
    put(place, b"two", b"two", new_mode=0o640)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space"):
        put(place, b"two", b"three", new_mode=0o640)
    assert place.read_bytes() == b"two"
    assert len(list(place.parent.iterdir())) == 1


@pytest.mark.requirement("A2")
def test_a_change_of_several_files_that_fails_is_taken_back(
    store: PlanStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = root / ".ai/epics/e1aaaa-shop.md", root / ".ai/stories/s1aaaa-pay.md"
    before = first.read_bytes(), second.read_bytes()
    changes = [
        FileChange(file.relative_to(root).as_posix(), data, data + b"x")
        for file, data in zip((first, second), before, strict=True)
    ]
    real = store_module.put

    def fails(place: Path, expected: bytes | None, content: bytes | None, **rest: object) -> None:
        if place == second:
            raise FileMovedOn("no")
        real(place, expected, content, **rest)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(store_module, "put", fails)
    with pytest.raises(FileMovedOn):
        store.commit(changes, command="set", title="x")
    assert (first.read_bytes(), second.read_bytes()) == before
    assert store.journal.operations()[0].state == "failed"


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("path", ["../x.md", ".ai/../x.md", "src/x.md", ".ai/link/x.md", ".ai/stories/link.md"])
def test_nothing_outside_of_the_plan_is_written(store: PlanStore, root: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (root / ".ai/link").symlink_to(tmp_path / "elsewhere")
    (root / ".ai/stories/link.md").symlink_to(tmp_path / "elsewhere/x.md")
    with pytest.raises(UnsafePath):
        store.commit([FileChange(path, None, b"x")], command="set", title="x")
    with pytest.raises(UnsafePath):
        safe_place(root, path)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.requirement("A5")
def test_undo_is_refused_once_something_moved_and_can_be_undone(store: PlanStore, root: Path) -> None:
    with pytest.raises(UndoRefused, match="nothing to take back"):
        store.undo()
    place = root / ".ai/stories/s1aaaa-pay.md"
    before = place.read_bytes()
    first = change(store, "set", item="s1aaaa", priority="must")
    second = change(store, "set", item="s1aaaa", value=3)
    with pytest.raises(UndoRefused, match="changed since"):
        store.undo(first)
    operation, done, _ = store.undo()
    assert (operation.id, operation.state, operation.undone_by, done.undoes) == (second, "undone", done.id, second)
    with pytest.raises(UndoRefused, match="is undone"):
        store.undo(second)
    store.undo(done.id)
    assert store.journal.find(second).state == "done"
    assert b"value: 3" in place.read_bytes()
    store.undo(second[-6:])
    store.undo(first)
    assert place.read_bytes() == before
    with pytest.raises(UnknownOperation):
        store.journal.find("zzzzzz")
    with pytest.raises(UsageProblem):
        store.journal.find(first[:6])


@pytest.mark.requirement("A2")
def test_operations_keep_their_order_within_a_millisecond_and_when_the_clock_goes_back(
    store: PlanStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter([5_000, 5_000, 5_000, 4_000, 6_000, 6_000])
    clock = SimpleNamespace(time_ns=lambda: next(now) * 1_000_000)
    monkeypatch.setattr("aura_planning.items.journal.time", clock)
    made = [change(store, "set", item="s1aaaa", value=value) for value in range(1, 6)]
    assert [one.id for one in store.journal.operations()] == made[::-1]
    assert store.undo()[0].id == made[-1]


@pytest.mark.requirement("A2")
def test_old_operations_are_forgotten_and_damaged_ones_left_out(
    store: PlanStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aura_planning.items.journal.KEPT", 1)
    first = change(store, "set", item="s1aaaa", priority="must")
    change(store, "set", item="s1aaaa", priority="could")
    folder = tmp_path / "home/plan/operations"
    (folder / "orphan.data").write_bytes(b"x")
    (folder / "damaged.json").write_bytes(b"{")
    assert store.journal.prune(0) == 0
    assert not (folder / "orphan.data").exists()
    assert store.journal.prune(4e9) == 1
    assert [one.title for one in store.journal.operations()] == ["set s1aaaa: priority could"]
    (folder / f"{store.journal.operations()[0].id}.data").write_bytes(b"x")
    with pytest.raises(UnknownOperation):
        store.undo()
    with pytest.raises(UnknownOperation):
        store.journal.find(first)


def test_a_plan_that_another_process_holds_is_not_written(
    store: PlanStore, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "LOCK_WAIT_S", 0.05)
    other = PlanStore(root, tmp_path / "home/plan")
    with other.writing(), pytest.raises(Conflict, match="another process"), store.writing():
        pass
    other.close()


@pytest.mark.requirement("A2")
def test_what_a_killed_write_left_is_removed_unless_it_is_somebodys(
    store: PlanStore, root: Path, tmp_path: Path
) -> None:
    store.close()
    operation = store.journal.begin(
        [FileChange(".ai/epics/e1aaaa-shop.md", b"other", b"new")], by="command", command="set", title="x", items=[]
    )
    ours, theirs = (root / ".ai/epics" / f".aura-{name}-x.md" for name in ("1", "2"))
    ours.write_bytes(b"ne")
    theirs.write_bytes(b"words of somebody")
    store.look()
    assert not ours.exists()
    assert theirs.exists()
    assert [(one.rule, one.path) for one in store.findings()] == [("left-over", ".ai/epics/.aura-2-x.md")]
    settled = store.journal.find(operation.id)
    assert settled.state == "failed"
    assert "changed by somebody else" in settled.problem


def test_a_file_that_is_gone_or_cannot_be_read(store: PlanStore, root: Path) -> None:
    with pytest.raises(NotFound):
        store.read(".ai/stories/nothing.md")
    assert current(root / "nothing") is None
    write(root, "stories/s2aaaa-folder.md/x", "x")
    assert store.look().changes == ()


# -- branches ---------------------------------------------------------------------------------------------------


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=T", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"]
    ran = subprocess.run(["git", *identity, *arguments], cwd=root, capture_output=True, text=True, check=True)
    return ran.stdout


@pytest.mark.requirement("A2", "A5")
def test_two_branches_that_add_fifty_items_each_merge_without_conflict(store: PlanStore, root: Path) -> None:
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "plan")
    for branch in ("one", "two"):
        git(root, "checkout", "-q", "-b", branch, "main")
        store.look()
        for number in range(50):
            change(store, "add", kind="story", title=f"Story {number}", parent="e1aaaa", text=f"{branch} {number}")
        git(root, "add", ".")
        git(root, "commit", "-qm", branch)
    git(root, "merge", "-q", "--no-edit", "one")
    look = store.look()
    assert look.operation is not None
    items = store.ledger.of_kind("story")
    assert len(items) == len({item.id for item in items}) == 101
    assert store.findings() == []
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.requirement("A2", "A5")
def test_a_merge_conflict_inside_an_item_is_found_by_line_and_no_edit_touches_it(store: PlanStore, root: Path) -> None:
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "plan")
    place = root / ".ai/stories/s1aaaa-pay.md"
    for branch, status in (("one", "in-progress"), ("two", "complete")):
        git(root, "checkout", "-q", "-b", branch, "main")
        place.write_bytes(place.read_bytes().replace(b"draft", status.encode()))
        git(root, "commit", "-qam", branch)
    with pytest.raises(subprocess.CalledProcessError):
        git(root, "merge", "-q", "--no-edit", "one")
    store.look()
    (one,) = store.findings()
    assert (one.rule, one.path, one.line, one.item) == ("merge-conflict", ".ai/stories/s1aaaa-pay.md", 4, "s1aaaa")
    assert store.ledger.find("s1aaaa").broken
    before = place.read_bytes()
    for action, fields in (("set", {"status": "draft"}), ("note", {"text": "x"}), ("remove", {})):
        with pytest.raises(EditRefused, match="cannot be read"):
            change(store, action, item="s1aaaa", **fields)
    assert place.read_bytes() == before
