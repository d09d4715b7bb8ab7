"""What others do in a repository is noticed, named, and told apart from what Aura does."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from aura_git.ref_watches import SystemRefWatches, tells
from aura_git.repository import open_repository
from aura_git.safety.contract import Gates
from aura_git.safety.core import SafetyCore
from aura_git.safety.service import SafetyService
from aura_git.watching import RefWatcher
from aura_shared.messages.code import ProjectInfo, ProjectRemoved, ProjectStateChanged
from aura_shared.messages.git import GitChanged, GitOperationUpdated
from aura_shared.projects import ProjectRegistry
from git_lab import GitLab
from git_rig import GitRig

pytestmark = pytest.mark.requirement("G3")


class Heard:
    """Events, as they come."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[GitChanged] = asyncio.Queue()

    async def tell(self, event: GitChanged) -> None:
        self.events.put_nowait(event)

    async def next(self) -> GitChanged:
        async with asyncio.timeout(20):
            return await self.events.get()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def shop(lab: GitLab) -> GitLab:
    lab.commit("feat: first", {"a.txt": "a\n"})
    lab.branch("side")
    lab.commit("feat: side", {"a.txt": "side\n"})
    lab.switch("main")
    lab.commit("feat: second", {"a.txt": "second\n"})
    return lab


@pytest.fixture
async def watcher(shop: GitLab, heard: Heard) -> AsyncIterator[RefWatcher]:
    watcher = RefWatcher(heard.tell)
    await watcher.add(open_repository(shop.root, project="shop"))
    yield watcher
    await watcher.stop()


def _switch(lab: GitLab) -> None:
    lab.switch("side")


def _commit(lab: GitLab) -> None:
    lab.commit("feat: third", {"b.txt": "b\n"})


def _amend(lab: GitLab) -> None:
    lab.git("commit", "-q", "--amend", "-m", "feat: other words")


def _reset(lab: GitLab) -> None:
    lab.git("reset", "-q", "--soft", "HEAD~1")


def _merge(lab: GitLab) -> None:
    lab.git("merge", "-q", "-s", "ours", "-m", "merge", "side")


def _conflict(lab: GitLab) -> None:
    lab.git("merge", "side", ok=1)


def _rebase(lab: GitLab) -> None:
    lab.git("rebase", "-q", "-X", "theirs", "side")


def _branch(lab: GitLab) -> None:
    lab.git("branch", "topic/deep/name")


def _delete(lab: GitLab) -> None:
    lab.git("branch", "-D", "side")


def _tag(lab: GitLab) -> None:
    lab.git("tag", "v1")


def _detach(lab: GitLab) -> None:
    lab.git("switch", "-q", "--detach")


DONE: dict[str, tuple[Callable[[GitLab], None], str, list[str]]] = {
    "switch": (_switch, "switched", []),
    "commit": (_commit, "committed", []),
    "amend": (_amend, "committed", []),
    "reset": (_reset, "reset", []),
    "merge": (_merge, "merged", []),
    "conflict": (_conflict, "started", []),
    "rebase": (_rebase, "rebased", []),
    "branch": (_branch, "refs", ["refs/heads/topic/deep/name"]),
    "branch deleted": (_delete, "refs", ["refs/heads/side"]),
    "tag": (_tag, "refs", ["refs/tags/v1"]),
    "detach": (_detach, "switched", []),
}


@pytest.mark.parametrize("name", DONE)
async def test_what_others_do_is_named(name: str, shop: GitLab, watcher: RefWatcher, heard: Heard) -> None:
    do, what, refs = DONE[name]
    head = shop.head()
    await asyncio.to_thread(do, shop)
    events = [await heard.next()]
    while events[-1].what == "started" and what != "started":
        events.append(await heard.next())  # a slow machine sees a rebase in two looks
    event = events[-1]
    assert (event.project, event.what, event.refs, event.by_aura) == ("shop", what, refs, False)
    assert (events[0].old_head, event.new_head) == (head, shop.head())
    assert event.branch == shop.git("branch", "--show-current").strip()


async def test_the_end_of_a_merge_is_told(shop: GitLab, watcher: RefWatcher, heard: Heard) -> None:
    await asyncio.to_thread(_conflict, shop)
    assert (await heard.next()).in_progress == "merge"
    await asyncio.to_thread(shop.git, "merge", "--abort")
    event = await heard.next()
    assert (event.what, event.in_progress) == ("ended", "")
    await asyncio.to_thread(_conflict, shop)
    assert (await heard.next()).what == "started"
    await asyncio.to_thread(shop.git, "commit", "-qam", "merged")
    assert (await heard.next()).what == "merged"


async def test_what_aura_does_is_told_apart(shop: GitLab, watcher: RefWatcher, heard: Heard, core: SafetyCore) -> None:
    def commit() -> str:
        with core.begin(shop.repository(), "commit", "Commit", gates=Gates()) as operation:
            _commit(shop)
        return operation.id

    operation = await asyncio.to_thread(commit)
    event = await heard.next()
    assert (event.what, event.by_aura, event.operation) == ("committed", True, operation)
    await asyncio.to_thread(_amend, shop)
    event = await heard.next()
    assert (event.what, event.by_aura, event.operation) == ("committed", False, "")


async def test_packing_refs_moves_nothing(shop: GitLab, watcher: RefWatcher, heard: Heard) -> None:
    await asyncio.to_thread(shop.git, "pack-refs", "--all")
    await asyncio.to_thread(_tag, shop)
    assert (await heard.next()).refs == ["refs/tags/v1"]
    assert heard.events.empty()


async def test_a_linked_work_tree_has_its_own_head(shop: GitLab, heard: Heard, tmp_path: Path) -> None:
    shop.git("worktree", "add", "-q", str(tmp_path / "linked"), "side")
    linked = GitLab(tmp_path / "linked")
    watcher = RefWatcher(heard.tell)
    await watcher.add(open_repository(linked.root, project="linked"))
    await watcher.add(open_repository(shop.root, project="shop"))
    await asyncio.to_thread(_detach, linked)
    event = await heard.next()
    assert (event.project, event.what, event.old_branch, event.branch) == ("linked", "switched", "side", "")
    await asyncio.to_thread(_commit, shop)
    events = {(event.project, event.what) for event in (await heard.next(), await heard.next())}
    assert events == {("shop", "committed"), ("linked", "refs")}
    watcher.remove("linked")
    assert "linked" not in watcher
    await asyncio.to_thread(_tag, shop)
    assert (await heard.next()).project == "shop"
    await watcher.stop()
    assert heard.events.empty()


async def test_idle_it_needs_one_thread_and_no_time(shop: GitLab, heard: Heard) -> None:
    threads = threading.active_count()
    watcher = RefWatcher(heard.tell)
    for number in range(5):
        await watcher.add(open_repository(shop.root, project=f"project-{number}"))
    pools = sum("ThreadPool" in thread.name or "asyncio" in thread.name for thread in threading.enumerate())
    assert threading.active_count() - threads - pools <= 1
    used = time.process_time()
    loops = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(0.5, loops.set_result, None)
    await loops
    assert time.process_time() - used < 0.1
    await watcher.stop()


async def test_the_watch_of_other_systems_works_alike(shop: GitLab) -> None:
    moved = threading.Event()
    watches = SystemRefWatches()
    repository = shop.repository()
    watches.add("shop", repository.git_dir, repository.common_dir, moved.set)
    await asyncio.to_thread(_tag, shop)
    assert await asyncio.to_thread(moved.wait, 20)
    watches.remove("shop")
    watches.close()


def test_only_what_can_move_a_ref_counts() -> None:
    assert tells("HEAD")
    assert tells("refs/heads/deep/name")
    assert not any(
        map(tells, ("index", "HEAD.lock", "refs/heads/x.lock", "objects/ab", "refs/aura/backup/x", "logs/HEAD"))
    )


async def test_the_service_watches_projects_and_tells_of_what_waits(
    shop: GitLab, aura_home: Path, core: SafetyCore, git_settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(git_settings))
    with core.begin(shop.repository(), "merge", "Merge side", gates=Gates()) as operation:
        _conflict(shop)
        operation.wait("resolve a.txt")
    rig = GitRig(shop.root)
    service = SafetyService(rig.desk)
    service.register()
    await service.start()
    (waiting,) = [event for event in rig.bus.published if isinstance(event, GitOperationUpdated)]
    assert (waiting.operation.id, waiting.operation.choices) == (operation.id, ["continue", "abort"])
    events = rig.client.listen(GitChanged)
    await asyncio.to_thread(shop.git, "merge", "--abort")
    async with asyncio.timeout(20):
        changed = (await anext(events)).event
    assert isinstance(changed, GitChanged)
    assert (changed.project, changed.what) == (rig.project.id, "ended")
    await service.stop()


async def test_projects_that_come_and_go_are_followed(
    shop: GitLab, tmp_path: Path, aura_home: Path, git_settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(git_settings))
    (tmp_path / "plain").mkdir()
    rig = GitRig(tmp_path / "plain")
    service = SafetyService(rig.desk)
    await service.start()
    assert rig.project.id not in service.watcher
    added, _ = ProjectRegistry(rig.paths.projects).add(shop.root)
    info = ProjectInfo(id=added.id, name="shop", root=str(shop.root), phase="ready")
    code = rig.hub.connect("code")
    async with asyncio.timeout(20):
        await code.publish(ProjectStateChanged(project=info), project=added.id)
        while added.id not in service.watcher:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
        await code.publish(ProjectRemoved(project=added.id), project=added.id)
        while added.id in service.watcher:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    await service.stop()
