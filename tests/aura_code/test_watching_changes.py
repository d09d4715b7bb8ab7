"""Changes of files come as batches, and nothing is lost or made up."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from aura_code import inotify_watches
from aura_code.folder_watches import Changes, SystemWatches
from aura_code.ignores import IgnoreRules
from aura_code.inotify_watches import InotifyWatches
from aura_code.polling_watches import is_remote
from aura_code.watching import MOST_PATHS, ChangeBatch, watch

BOUND_S = 20.0


@asynccontextmanager
async def watching(
    root: Path, *, polling: bool = False, said: list[str] | None = None, debounce_ms: int = 40
) -> AsyncGenerator[Batches]:
    note = None if said is None else said.append
    batches = Batches(watch(root, IgnoreRules.load(root), debounce_ms, poll_s=0.05, polling=polling, said=note))
    assert await batches.next() == ChangeBatch(set(), rescan=True)
    yield batches
    await batches.generator.aclose()


class Batches:
    def __init__(self, generator: AsyncGenerator[ChangeBatch]) -> None:
        self.generator = generator

    async def next(self) -> ChangeBatch:
        return await asyncio.wait_for(anext(self.generator), BOUND_S)

    async def until(self, *paths: str) -> set[str]:
        """Changed paths, as soon as these are among them."""
        seen: set[str] = set()
        while not set(paths) <= seen:
            seen |= (await self.next()).changed
        return seen

    async def rescan(self) -> None:
        while not (await self.next()).rescan:
            pass


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.py").write_text("x = 1\n")
    return folder


@pytest.mark.requirement("C1")
@pytest.mark.parametrize("polling", [False, True])
async def test_written_atomically_saved_and_deleted_files_are_told(root: Path, polling: bool) -> None:
    async with watching(root, polling=polling) as batches:
        (root / "a.py").write_text("x = 22\n")
        assert await batches.until("a.py") == {"a.py"}
        (root / "sub/.tmp").write_text("x = 333\n")
        (root / "sub/.tmp").replace(root / "a.py")
        assert "a.py" in await batches.until("a.py")
        (root / "a.py").unlink()
        await batches.until("a.py")


@pytest.mark.requirement("C1")
async def test_a_burst_is_one_batch(root: Path) -> None:
    async with watching(root, debounce_ms=1_000) as batches:  # A busy machine holds up a thread for some 100 ms.
        for number in range(50):
            (root / f"f{number}.py").write_text("x\n")
        assert (await batches.next()).changed == {f"f{number}.py" for number in range(50)}


async def test_new_folders_are_watched_with_what_they_hold(root: Path) -> None:
    async with watching(root) as batches:
        (root / "n/e/w").mkdir(parents=True)
        (root / "n/e/w/a.py").write_text("x\n")
        await batches.until("n/e/w/a.py")
        (root / "n/e/w/b.py").write_text("x\n")
        assert await batches.until("n/e/w/b.py") == {"n/e/w/b.py"}


async def test_a_moved_folder_makes_a_rescan_and_is_followed(root: Path) -> None:
    async with watching(root) as batches:
        (root / "sub").rename(root / "moved")
        await batches.rescan()
        (root / "moved/b.py").write_text("x\n")
        assert await batches.until("moved/b.py") == {"moved/b.py"}
        shutil.rmtree(root / "moved")
        await batches.until("moved/b.py")


@pytest.mark.requirement("C1")
async def test_ignored_files_are_silent_and_new_rules_make_a_rescan(root: Path) -> None:
    (root / "node_modules/x").mkdir(parents=True)
    (root / ".gitignore").write_text("*.log\n")
    async with watching(root) as batches:
        (root / "node_modules/x/a.js").write_text("x\n")
        (root / "a.log").write_text("x\n")
        (root / "b.py").write_text("x\n")
        assert (await batches.next()).changed == {"b.py"}
        (root / ".gitignore").write_text("sub/\n")
        await batches.rescan()
        (root / "sub/c.py").write_text("x\n")
        (root / "a.log").write_text("y\n")
        assert (await batches.next()).changed == {"a.log"}
        (root / ".gitignore").unlink()
        await batches.rescan()
        (root / "sub/c.py").write_text("y\n")
        assert (await batches.next()).changed == {"sub/c.py"}


@pytest.mark.requirement("C1")
async def test_a_branch_switch_of_thousands_of_files_is_one_rescan(root: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=T", "-c", "user.email=t@localhost", "-c", "core.fsync=none")
        subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, timeout=60)

    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "feat: x")
    git("switch", "-qc", "other")
    for number in range(5000):
        folder = root / f"d{number % 50}"
        folder.mkdir(exist_ok=True)
        (folder / f"f{number}.py").write_text("x\n")
    git("add", ".")
    git("commit", "-qm", "feat: y")
    async with watching(root, debounce_ms=1_000) as batches:  # As for a burst.
        await asyncio.to_thread(git, "switch", "-q", "main")
        assert await batches.next() == ChangeBatch(set(), rescan=True)
        (root / "a.py").write_text("x = 22\n")
        assert await batches.until("a.py") == {"a.py"}


async def test_very_many_changes_are_a_rescan(root: Path) -> None:
    async with watching(root) as batches:
        for number in range(MOST_PATHS + 1):
            (root / f"f{number}").touch()
        await batches.rescan()


@pytest.mark.requirement("P8")
@pytest.mark.parametrize("polling", [False, True])
async def test_a_folder_that_goes_and_comes_back_is_told_both_times(root: Path, polling: bool) -> None:
    async with watching(root, polling=polling) as batches:
        await asyncio.to_thread(root.rename, root.with_name("away"))
        while not (batch := await batches.next()).root_gone:
            pass
        assert batch == ChangeBatch(set(), root_gone=True)
        await asyncio.to_thread(root.with_name("away").rename, root)
        await batches.rescan()
        (root / "a.py").write_text("x = 333\n")
        await batches.until("a.py")


async def test_a_missing_folder_is_told_at_once(tmp_path: Path) -> None:
    batches = Batches(watch(tmp_path / "none", IgnoreRules.load(tmp_path), 40))
    assert await batches.next() == ChangeBatch(set(), root_gone=True)
    await batches.generator.aclose()


async def test_with_an_event_the_first_batch_is_the_first_change(root: Path) -> None:
    armed = asyncio.Event()
    batches = Batches(watch(root, IgnoreRules.load(root), 40, armed=armed))
    first = asyncio.create_task(batches.next())
    await asyncio.wait_for(armed.wait(), BOUND_S)
    (root / "a.py").write_text("x = 2\n")
    assert (await first).changed == {"a.py"}
    await batches.generator.aclose()


@pytest.mark.requirement("P8")
@pytest.mark.skipif(sys.platform != "linux", reason="the limit is inotify's")
async def test_when_the_kernel_has_no_watches_left_files_are_looked_at(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    said: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(inotify_watches.InotifyFD, "add_callback", full)
        async with watching(root, said=said) as batches:
            (root / "a.py").write_text("x = 4444\n")
            assert await batches.until("a.py") == {"a.py"}
    assert "inotify watch limit reached" in said[0]


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is inotify's")
async def test_when_the_limit_is_reached_later_files_are_looked_at_from_then_on(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    said: list[str] = []
    async with watching(root, said=said) as batches:
        monkeypatch.setattr(inotify_watches.InotifyFD, "add_callback", full)
        (root / "new").mkdir()
        await batches.rescan()
        assert said
        (root / "a.py").write_text("x = 4444\n")
        await batches.until("a.py")


async def test_lost_events_make_a_rescan(root: Path) -> None:
    woken = threading.Event()
    changes = Changes(woken.set)
    watches = InotifyWatches(root, IgnoreRules.load(root), changes)
    watches.open()
    assert len(watches) == 2
    watches.on_queue_overflow()
    watches.close()
    assert changes.take() == (set(), True, True)
    assert woken.is_set()


async def test_cancelling_leaves_no_thread(root: Path) -> None:
    async def follow() -> None:
        async for _ in watch(root, IgnoreRules.load(root), 40):
            started.set()

    started = asyncio.Event()
    before = set(threading.enumerate())
    task = asyncio.create_task(follow())
    await asyncio.wait_for(started.wait(), BOUND_S)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    left = {thread for thread in set(threading.enumerate()) - before if not thread.name.startswith("asyncio")}
    assert left == set()


def test_the_systems_recursive_watch_tells_the_same(root: Path) -> None:
    woken = threading.Event()
    changes = Changes(woken.set)
    (root / "node_modules").mkdir()
    (root / ".git").mkdir()
    watches = SystemWatches(root, IgnoreRules.load(root), changes)
    watches.open()
    watches.refresh()
    (root / "node_modules/a.js").write_text("x")
    (root / "a.py").write_text("y")
    assert woken.wait(BOUND_S)
    (root / ".git/HEAD").write_text("z")
    (root / "sub").rename(root / "other")
    (root / "last.py").write_text("z")
    seen: set[str] = set()
    rescan = False
    for _ in range(200):
        paths, again, _ = changes.take()
        seen |= paths
        rescan = rescan or again
        if rescan and "last.py" in seen:
            break
        woken.clear()
        woken.wait(0.1)
    watches.close()
    assert rescan
    assert {"a.py", "last.py"} <= seen
    assert not any(path.startswith("node_modules/") for path in seen)


@pytest.mark.parametrize(
    ("kind", "remote"), [("nfs4", True), ("9p", True), ("ext4", False), ("overlay", False), ("fuse.sshfs", True)]
)
def test_network_file_systems_are_told_by_their_mount(tmp_path: Path, kind: str, remote: bool) -> None:
    mounts = (
        "22 1 0:21 / / rw shared:1 - ext4 /dev/x rw\nshort line\n"
        f"30 22 0:30 / {tmp_path} rw - {kind} server:/x rw\n"
        "31 22 0:31 / /elsewhere rw - nfs server:/y rw\n"
    )
    assert is_remote(tmp_path / "project", mounts) == remote
    assert is_remote(Path(os.sep)) in {True, False}
