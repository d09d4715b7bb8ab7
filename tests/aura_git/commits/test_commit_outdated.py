"""Who shows a draft or a planned split is told once it stands for something else: over the real bus and watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from aura_git.commits.service_memory import Kept
from aura_git.service import GitService
from aura_shared.bus import Bus, Events
from aura_shared.errors import AuraError, DraftOutdated, HookRefused
from aura_shared.messages.code import IndexUpdated, ProjectRemoved
from aura_shared.messages.commits import (
    CommitDraft,
    CommitDraftOutdated,
    CommitSplit,
    DraftCommit,
    MakeCommit,
    PlanSplit,
)
from aura_shared.paths import find_paths
from aura_shared.projects import ProjectRegistry
from aura_shared.settings import Settings
from commits_lab import CART
from git_lab import GitLab
from shared_bus.brokers import connected, running_broker

pytestmark = pytest.mark.requirement("G1")

ROUNDED = CART.replace("return math.fsum(self.prices)", "return round(math.fsum(self.prices), 2)")
MAIL = "def send_mail(to):\n    return to\n"


class Desk:
    """An editor's view: a connection to the bus, and what it is told."""

    def __init__(self, bus: Bus, project: str) -> None:
        self.bus = bus
        self.project = project
        self._events: Events = bus.listen(CommitDraftOutdated, since=0)

    async def draft(self, **fields: object) -> CommitDraft:
        return await self.bus.request(DraftCommit.model_validate({"project": self.project, "model": False, **fields}))

    async def commit(self, draft: str) -> None:
        await self.bus.request(MakeCommit(project=self.project, draft=draft))

    async def told(self) -> CommitDraftOutdated:
        async with asyncio.timeout(20):
            event = (await anext(self._events)).event
        assert isinstance(event, CommitDraftOutdated)
        assert event.project == self.project
        return event

    async def files_changed(self) -> None:
        """What the code service says after a file was saved."""
        await self.bus.publish(IndexUpdated(project=self.project, generation=1), project=self.project)


@pytest.fixture
async def desk(shop: GitLab) -> AsyncIterator[Desk]:
    """The whole git service behind a broker."""
    paths = find_paths().prepare()
    registry = ProjectRegistry(paths.projects)
    project, _ = registry.add(shop.root)
    with running_broker(paths):
        async with connected("git", paths) as bus, connected("editor", paths) as client:
            service = GitService(bus, paths, Settings(), registry)
            await service.start()
            try:
                yield Desk(client, project.id)
            finally:
                await service.stop()


def _stage_more(shop: GitLab) -> None:
    shop.write({"new.py": "A = 1\n"})
    shop.git("add", "new.py")


def _unstage(shop: GitLab) -> None:
    shop.git("restore", "--staged", "src/cart.py")


def _commit_it(shop: GitLab) -> None:
    shop.git("commit", "-q", "-m", "fix: by hand")


def _conflict(shop: GitLab) -> None:
    blob = shop.git("hash-object", "-w", "--stdin", stdin="x\n").strip()
    entries = "".join(f"100644 {blob} {stage}\tsrc/mail.py\n" for stage in (1, 2, 3))
    shop.git("update-index", "--index-info", stdin=entries)


@pytest.mark.parametrize(
    ("act", "reason"),
    [(_stage_more, "index"), (_unstage, "index"), (_commit_it, "commit"), (_conflict, "index")],
    ids=["staged more", "unstaged", "committed by hand", "conflict"],
)
async def test_what_others_do_to_the_index_outdates_a_draft(
    desk: Desk, shop: GitLab, act: Callable[[GitLab], None], reason: str
) -> None:
    shop.write({"src/cart.py": ROUNDED})
    shop.git("add", "src/cart.py")
    draft = await desk.draft()
    await asyncio.to_thread(act, shop)
    told = await desk.told()
    assert (told.draft, told.plan, told.reason) == (draft.id, "", reason)
    with pytest.raises(AuraError) as refused:
        await desk.commit(draft.id)
    assert refused.value.code in {DraftOutdated.code, "conflicts_left"}


async def test_only_what_changed_is_told_and_each_once(desk: Desk, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED, "src/mail.py": MAIL})
    shop.git("add", "src/cart.py")
    staged, everything = await desk.draft(), await desk.draft(what="all")
    one = await desk.draft(what="all", paths=["src/cart.py"])
    shop.write({"src/mail.py": MAIL + "\n\nB = 2\n"})
    await desk.files_changed()
    told = await desk.told()
    assert (told.draft, told.reason) == (everything.id, "files")
    await asyncio.to_thread(shop.git, "status")  # Refreshes the index, and changes nothing in it.
    await asyncio.to_thread(_stage_more, shop)
    told = await desk.told()
    assert (told.draft, told.reason) == (staged.id, "index")
    await desk.commit(one.id)
    again = await desk.draft(what="all")
    await asyncio.to_thread(_commit_it, shop)
    told = await desk.told()
    assert (told.draft, told.reason) == (again.id, "commit")


async def test_a_split_and_drafts_beside_it_are_outdated_by_its_commits(desk: Desk, shop: GitLab) -> None:
    shop.write({"src/cart.py": ROUNDED, "src/mail.py": MAIL})
    plan = await desk.bus.request(PlanSplit(project=desk.project, what="all"))
    old = await desk.bus.request(PlanSplit(project=desk.project, what="all"))
    draft = await desk.draft(what="all")
    assert len(plan.commits) == 2
    await desk.bus.request(CommitSplit(project=desk.project, plan=plan.id))
    told = [await desk.told(), await desk.told()]
    assert {(one.draft, one.plan, one.reason) for one in told} == {("", old.id, "commit"), (draft.id, "", "commit")}


async def test_a_draft_that_a_hook_refused_is_looked_after_again(desk: Desk, shop: GitLab) -> None:
    hook = shop.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho later >> later.py\ngit add later.py\nexit 1\n")
    hook.chmod(0o755)
    shop.write({"src/cart.py": ROUNDED})
    shop.git("add", "src/cart.py")
    draft = await desk.draft()
    with pytest.raises(HookRefused):
        await desk.commit(draft.id)
    told = await desk.told()
    assert (told.draft, told.reason) == (draft.id, "index")


async def test_drafts_of_a_project_that_is_gone_are_forgotten(desk: Desk, shop: GitLab, tmp_path: Path) -> None:
    shop.write({"src/cart.py": ROUNDED})
    shop.git("add", "src/cart.py")
    await desk.draft()
    await desk.bus.publish(ProjectRemoved(project=desk.project), project=desk.project)
    await desk.bus.publish(IndexUpdated(project=desk.project, generation=2), project=desk.project)
    later = await desk.draft()
    await asyncio.to_thread(_commit_it, shop)
    await desk.files_changed()
    assert (await desk.told()).draft == later.id


def test_only_the_newest_drafts_are_kept(shop: GitLab) -> None:
    kept: Kept[str] = Kept(2)
    repository = shop.repository()
    for name in ("a", "b", "c"):
        kept.put(repository, name, name.upper())
    assert [kept.find(repository, name) for name in ("a", "b", "c")] == [None, "B", "C"]
    kept.drop(repository, "c")
    kept.drop(repository, "never there")
    assert kept.find(repository, "c") is None
