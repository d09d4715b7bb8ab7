"""Writes that fail for real: full disks, files that cannot be read, links, races. Nobody's words are lost."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from aura_planning.items import writing
from aura_planning.items.changing import plan_change
from aura_planning.items.journal import FileChange
from aura_planning.items.layout import list_plan
from aura_planning.items.store import PlanStore
from aura_planning.items.writing import LEFTOVER, current, put
from aura_shared.errors import DiskFull, FileMovedOn, StorageError
from aura_shared.messages.plan_items import ChangePlan
from aura_shared.settings import PlanSettings
from plan_items_rig import item_text
from plan_items_rig import put as put_item


@contextmanager
def files_of_at_most(size: int) -> Generator[None]:
    """Let the kernel refuse larger files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def as_nobody() -> Generator[None]:
    """Without the rights of root, for whom no permission holds."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


@pytest.mark.requirement("A2")
def test_a_write_that_the_kernel_cuts_leaves_the_old_file(tmp_path: Path) -> None:
    place = tmp_path / "a.md"
    place.write_bytes(b"old")
    with files_of_at_most(4096), pytest.raises(DiskFull, match="File too large"):
        put(place, b"old", b"x" * 10_000, new_mode=0o644)
    with files_of_at_most(4096), pytest.raises(DiskFull):
        put(tmp_path / "b.md", None, b"x" * 10_000, new_mode=0o644)
    assert place.read_bytes() == b"old"
    assert names(tmp_path) == ["a.md"]


@pytest.mark.requirement("A2")
def test_a_plan_on_a_full_disk_stays_as_it_is(tmp_path: Path) -> None:
    root = tmp_path / "disk"
    root.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(root)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        put_item(root, "stories/s1aaaa-x.md", item_text("s1aaaa", "story", body="a" * 8000))
        put_item(root, "stories/s2aaaa-x.md", item_text("s2aaaa", "story", body="a" * 8000))
        (root / "fill").write_bytes(b"x" * 24_000)
        store = PlanStore(root, tmp_path / "home")
        store.look()
        before = {one.path: (root / one.path).read_bytes() for one in list_plan(root)}
        changes = [FileChange(path, data, data + b"b" * 9000) for path, data in before.items()]
        with pytest.raises(DiskFull, match="No space left"):
            store.commit(changes, command="set", title="x")
        assert {one.path: (root / one.path).read_bytes() for one in list_plan(root)} == before
        assert store.journal.operations()[0].state == "failed"
        assert not list(root.rglob(f"{LEFTOVER}*"))
        store.close()
    finally:
        subprocess.run(["umount", str(root)], check=True)


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that everybody may enter; those of pytest are for their user alone."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.requirement("A2")
def test_a_folder_that_may_not_be_written_or_read(open_path: Path) -> None:
    folder = open_path / "shop/.ai/stories"
    put_item(open_path / "shop", "stories/s1aaaa-x.md", item_text("s1aaaa", "story"))
    folder.chmod(0o555)
    place = folder / "s1aaaa-x.md"
    data = place.read_bytes()
    with as_nobody(), pytest.raises(StorageError, match="Permission denied"):
        put(place, data, b"new", new_mode=0o644)
    with as_nobody(), pytest.raises(StorageError, match="Permission denied"):
        put(place, data, None, new_mode=0o644)
    assert place.read_bytes() == data
    assert names(folder) == ["s1aaaa-x.md"]
    place.chmod(0)
    with as_nobody(), pytest.raises(StorageError, match="cannot read"):
        current(place)
    store = PlanStore(open_path / "shop", open_path / "home")
    store.look()
    folder.chmod(0)
    (open_path / "home").chmod(0o777)
    for file in (open_path / "home").rglob("*"):
        file.chmod(0o777)
    with as_nobody(), pytest.raises(StorageError, match="the plan cannot be listed: Permission denied"):
        store.look()
    folder.chmod(0o755)
    (open_path / "home").chmod(0)
    with as_nobody(), pytest.raises(StorageError, match="its folder cannot be used: Permission denied"):
        store.look()
    (open_path / "home").chmod(0o755)
    assert store.look().changes == ()  # nothing was taken for removed
    store.close()


@pytest.mark.requirement("A2")
def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.md").mkdir()
    with pytest.raises(StorageError, match="Is a directory"):
        put(tmp_path / "a.md", b"x", b"y", new_mode=0o644)
    (tmp_path / "b").write_bytes(b"")
    assert current(tmp_path / "b/c.md") is None
    with pytest.raises(StorageError, match="cannot write"):
        put(tmp_path / "b/c.md", None, b"y", new_mode=0o644)


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("name", ["ä" * 120 + ".md", "計" * 82 + ".md", "a" * 250 + ".md"])
def test_long_names_can_be_written(tmp_path: Path, name: str) -> None:
    put(tmp_path / name, None, b"one", new_mode=0o644)
    put(tmp_path / name, b"one", b"two", new_mode=0o644)
    put(tmp_path / name, b"two", None, new_mode=0o644)
    assert names(tmp_path) == []


@pytest.mark.requirement("A2")
def test_what_an_editor_saved_stays_where_files_cannot_go_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "a.md"
    place.write_bytes(b"old")
    real, calls = writing._exchange, 0

    def once(one: Path, other: Path) -> bool:
        nonlocal calls
        calls += 1
        return real(one, other) if calls == 1 else False

    def at(name: str) -> None:
        if name == "take place":
            place.write_bytes(b"saved meanwhile")

    monkeypatch.setattr(writing, "_exchange", once)
    with pytest.raises(FileMovedOn, match=r"their text is in \.aura-"):
        put(place, b"old", b"ours", new_mode=0o644, at=at)
    (beside,) = tmp_path.glob(f"{LEFTOVER}*")
    assert (place.read_bytes(), beside.read_bytes()) == (b"ours", b"saved meanwhile")


@pytest.mark.requirement("A2")
def test_an_end_in_the_middle_removes_no_words_of_others(tmp_path: Path) -> None:
    place = tmp_path / "a.md"
    place.write_bytes(b"old")

    def at(name: str) -> None:
        if name == "take place":
            place.write_bytes(b"saved meanwhile")
        if name == "look at the old one":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        put(place, b"old", b"ours", new_mode=0o644, at=at)
    assert sorted(one.read_bytes() for one in tmp_path.iterdir()) == [b"ours", b"saved meanwhile"]


def without_call(*_args: object, **_more: object) -> object:
    """A C library that does not know the call."""
    return object()


class Library:
    """The C library of a system that answers `renameat2` so."""

    def __init__(self, number: int) -> None:
        self._number = number

    def renameat2(self, *_: object) -> int:
        ctypes.set_errno(self._number)
        return -1


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EINVAL, errno.EIO, errno.ENOENT])
def test_systems_that_cannot_exchange_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    place = tmp_path / "a.md"
    place.write_bytes(b"old")

    def library(*_args: object, **_more: object) -> Library:
        return Library(number)

    monkeypatch.setattr(ctypes, "CDLL", library)
    if number == errno.EIO:
        with pytest.raises(StorageError, match="Input/output error"):
            put(place, b"old", b"new", new_mode=0o644)
    elif number == errno.ENOENT:
        with pytest.raises(FileMovedOn):
            put(place, b"old", b"new", new_mode=0o644)
    else:
        put(place, b"old", b"new", new_mode=0o644)
    assert place.read_bytes() == (b"old" if number in {errno.EIO, errno.ENOENT} else b"new")
    assert names(tmp_path) == ["a.md"]
    monkeypatch.setattr(ctypes, "CDLL", without_call)
    put(place, place.read_bytes(), b"newer", new_mode=0o644)
    monkeypatch.setattr("sys.platform", "darwin")
    put(place, b"newer", b"newest", new_mode=0o644)
    assert place.read_bytes() == b"newest"


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("number", [errno.EPERM, errno.EIO])
def test_file_systems_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    place = tmp_path / "a.md"
    if number == errno.EIO:
        with pytest.raises(StorageError, match="Input/output"):
            put(place, None, b"x", new_mode=0o644)
        assert names(tmp_path) == []
        return
    put(place, None, b"x", new_mode=0o644)

    def at(name: str) -> None:
        if name == "take place":
            (tmp_path / "b.md").write_bytes(b"theirs")

    with pytest.raises(FileMovedOn):
        put(tmp_path / "b.md", None, b"ours", new_mode=0o644, at=at)
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"a.md": b"x", "b.md": b"theirs"}


@pytest.mark.requirement("A2")
def test_a_plan_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    put_item(tmp_path / "elsewhere", "tasks/t1aaaa-x.md", item_text("t1aaaa", "task"))
    root = tmp_path / "shop"
    root.mkdir()
    (root / ".ai").symlink_to(tmp_path / "elsewhere/.ai")
    assert list(list_plan(root)) == []


@pytest.mark.requirement("A2", "A5")
def test_bad_bytes_are_findings_by_line_and_are_kept(tmp_path: Path) -> None:
    mixed = item_text("t1aaaa", "task").encode() + "naïve\n".encode() + "caf\xe9\n".encode("latin-1")
    put_item(tmp_path, "tasks/t1aaaa-x.md", mixed)
    put_item(tmp_path, "tasks/t2aaaa-x.md", item_text("t2aaaa", "task").encode("utf-16"))
    put_item(tmp_path, "tasks/t3aaaa-x.md", b"x" * 10_000_000)
    put_item(tmp_path, "tasks/t4aaaa-x.md", item_text("t4aaaa", "task", "Größe ✅".encode().decode("latin-1")))
    put_item(tmp_path, "tasks/t5aaaa-x.md", item_text("t5aaaa", "task", status="ship it"))
    put_item(
        tmp_path, "tasks/t6aaaa-x.md", "---\nid: t6aaaa\nkind: task\n<<<<<<< a\nstatus: todo\n=======\n>>>>>>> b\n"
    )
    put_item(tmp_path, "tasks/t7aaaa-x.md", "---\nid: t7aaaa\nkind: ta")
    store = PlanStore(tmp_path, tmp_path / "home")
    store.look()
    found = {(Path(one.path).name[:6], one.rule, one.line) for one in store.findings() if one.severity != "info"}
    assert {
        ("t1aaaa", "not-utf8", 9), ("t2aaaa", "not-text", 1), ("t3aaaa", "too-large", 1),
        ("t4aaaa", "mojibake", 6), ("t5aaaa", "unknown-status", 4), ("t6aaaa", "merge-conflict", 4),
        ("t7aaaa", "front-matter-open", 1),
    } <= found  # fmt: skip
    planned = plan_change(store, ChangePlan(project="x", action="set", item="t1aaaa", status="done"), PlanSettings())
    store.commit(planned.changes, command="set", title="x")
    assert (tmp_path / ".ai/tasks/t1aaaa-x.md").read_bytes() == mixed.replace(b"status: todo", b"status: done")
    store.close()
