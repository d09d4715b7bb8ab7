"""The watch: off until the owner switches it on, proposes once, and commits or pushes only where it may."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from aura_git.commits.service import CommitService
from aura_git.desk import GitDesk
from aura_git.health.service import HealthService
from aura_git.health.watching_mode import decide, read_watch
from aura_git.repository import RepositoryState
from aura_git.safety.core import SafetyCore
from aura_git.safety.service import SafetyService
from aura_shared.bus import Bus
from aura_shared.messages.git import GitChanged, UndoOperation
from aura_shared.messages.git_health import GitProposal, SetWatch, WatchMode
from aura_shared.messages.services import WorkPaused
from aura_shared.paths import AuraPaths, find_paths
from aura_shared.projects import ProjectRegistry
from aura_shared.settings import Settings
from git_lab import GitLab, make_lab
from git_rig import GitRig
from shared_bus.brokers import connected, running_broker, short_paths, until

STRATEGY = 'strategy = "github-flow"\nmain = "live"\nprotected = ["stable/*"]\n'


class Watched:
    """A repository with the service, whose time is a number."""

    def __init__(self, lab: GitLab) -> None:
        self.lab = lab
        self.service: HealthService | None = None
        self.rig = GitRig(lab.root, self._made, CommitService, SafetyService)
        self.now = 1000.0

    def _made(self, desk: GitDesk) -> HealthService:
        self.service = HealthService(desk)
        return self.service

    async def mode(self, mode: WatchMode) -> None:
        """Switch it."""
        await self.rig.ask(SetWatch(project=self.rig.project.id, mode=mode))

    async def rest(self) -> list[GitProposal]:
        """What it says once something happened and then nothing for longer than it waits."""
        assert self.service is not None
        self.rig.bus.published.clear()
        self.service.touch(self.rig.project.id, self.now)
        self.now += 700
        await self.service.look(self.now)
        return [event for event in self.rig.bus.published if isinstance(event, GitProposal)]

    async def kinds(self) -> list[str]:
        """Kinds of what it says."""
        return [one.kind for one in await self.rest()]


@pytest.fixture
def watched(lab: GitLab, tmp_path: Path) -> Watched:
    """A repository on `feature/x`, which follows a branch of its own name at `origin`."""
    lab.commit("feat: begin", {"a.py": "a = 1\n"})
    make_lab(tmp_path / "origin.git", bare=True)
    lab.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    lab.git("push", "--quiet", "-u", "origin", "main")
    lab.branch("feature/x")
    lab.git("push", "--quiet", "-u", "origin", "feature/x")
    return Watched(lab)


@asynccontextmanager
async def served(paths: AuraPaths, lab: GitLab) -> AsyncGenerator[tuple[Bus, str]]:
    """The running service on a real bus, whose time leaps; another connection, and the project."""
    registry = ProjectRegistry(find_paths().prepare().projects)
    project = registry.add(lab.root)[0].id
    settings = Settings()
    clock = itertools.count(0, 10_000)
    with running_broker(paths):
        async with connected("git", paths) as bus, connected("client", paths) as client:
            desk = GitDesk(bus, find_paths(), settings, registry, SafetyCore(settings.git))
            service = HealthService(desk, look_s=0.01, clock=lambda: float(next(clock)))
            await service.start()
            try:
                yield client, project
            finally:
                await service.stop()


@pytest.mark.requirement("G2")
async def test_the_watch_hears_every_event_of_the_bus(lab: GitLab) -> None:
    lab.commit("feat: begin", {"a.py": "a = 1\n"})
    lab.branch("feature/x")
    lab.git("config", "aura.watch", "propose")
    with short_paths() as paths:
        async with served(paths, lab) as (client, project), asyncio.timeout(20):
            heard = client.listen(GitProposal, since=0)
            said: list[str] = []
            for number in range(3):
                lab.write({f"new{number}.py": "b = 1\n"})
                told = asyncio.ensure_future(anext(heard))
                while not told.done():  # Again, since the service may not listen yet; the same is proposed once.
                    await client.publish(GitChanged(project=project, what="refs"), project=project)
                    await asyncio.wait([told], timeout=0.05)
                proposal = told.result().event
                assert isinstance(proposal, GitProposal)
                said.append(proposal.what)
    assert said == [f"commit your work (0 staged, 0 changed, {number} new)" for number in (1, 2, 3)]


def test_a_cloned_repository_cannot_switch_the_watch_on(watched: Watched, git_settings: Path) -> None:
    git_settings.write_text(git_settings.read_text() + "[aura]\n\twatch = push\n")
    assert read_watch(watched.lab.repository()).mode == "off"
    watched.lab.git("config", "aura.watch", "always")
    assert "no mode" in read_watch(watched.lab.repository()).notice
    watched.lab.git("config", "aura.watchQuiet", "soon")
    assert read_watch(watched.lab.repository()).quiet_s == 600


@pytest.mark.parametrize(
    ("state", "kinds"),
    [(RepositoryState(head="a", branch="main", unstaged=1), [("commit", None)]),
     (RepositoryState(head="a", branch="x", unstaged=1), [("commit", "commit")]),
     (RepositoryState(head="a", branch="x", unstaged=1, staged=1), [("commit", None)]),
     (RepositoryState(head="a", branch="x", unstaged=1, in_progress="merge"), []),
     (RepositoryState(head="a", branch="x", unstaged=1, unmerged=("a",)), []),
     (RepositoryState(head="a", detached=True, unstaged=1), [("commit", None)]),
     (RepositoryState(head="a", branch="x", upstream="o/x", ahead=1), [("push", "push")]),
     (RepositoryState(head="a", branch="x", upstream="o/main", ahead=1), [("push", None)]),
     (RepositoryState(head="a", branch="main", upstream="o/main", ahead=1), [("push", None)]),
     (RepositoryState(head="a", branch="x", upstream="o/x", ahead=1, behind=1), [("sync", None)]),
     (RepositoryState(head="a", branch="x", upstream="o/x", upstream_gone=True), [("cleanup", None)])],
)  # fmt: skip
def test_what_the_watch_may_do_depends_on_the_state(
    state: RepositoryState, kinds: list[tuple[str, str | None]]
) -> None:
    assert [(one.proposal.kind, one.act) for one in decide("p", state, "push", ("main",))] == kinds
    assert all(one.act is None for one in decide("p", state, "propose", ("main",)))
    assert all(one.act != "push" for one in decide("p", state, "commit", ("main",)))
    assert decide("p", state, "off", ("main",)) == []


@pytest.mark.requirement("G2")
async def test_it_is_off_by_default_and_does_nothing_then(watched: Watched) -> None:
    watched.lab.write({"a.py": "a = 2\n"})
    head = watched.lab.head()
    assert await watched.kinds() == []
    assert watched.lab.head() == head


@pytest.mark.requirement("G2")
async def test_the_same_is_proposed_once_and_nothing_is_touched(watched: Watched) -> None:
    await watched.mode("propose")
    watched.lab.write({"a.py": "a = 2\n"})
    head = watched.lab.head()
    assert await watched.kinds() == ["commit"]
    watched.lab.write({"a.py": "a = 3\n"})
    assert [await watched.kinds() for _ in range(3)] == [[], [], []]
    watched.lab.write({"b.py": "b = 1\n"})
    assert await watched.kinds() == ["commit"]
    assert (watched.lab.head(), watched.lab.git("diff", "--cached", "--name-only")) == (head, "")


async def test_it_waits_until_files_are_at_rest(watched: Watched) -> None:
    assert watched.service is not None
    await watched.mode("propose")
    watched.lab.write({"a.py": "a = 2\n"})
    watched.service.touch(watched.rig.project.id, watched.now)
    await watched.service.look(watched.now + 1)
    assert not [event for event in watched.rig.bus.published if isinstance(event, GitProposal)]
    assert await watched.kinds() == ["commit"]


@pytest.mark.requirement("G2")
async def test_with_commit_it_commits_and_never_pushes(watched: Watched) -> None:
    await watched.mode("commit")
    watched.lab.write({"b.py": "b = 1\n"})
    there = watched.lab.head("refs/remotes/origin/feature/x")
    (made,) = await watched.rest()
    assert made.kind == "committed", made.why
    assert watched.lab.head("HEAD~1") == there
    assert watched.lab.git("status", "--porcelain") == ""
    assert [(one.kind, one.operation) for one in await watched.rest()] == [("push", "")]
    assert watched.lab.git("ls-remote", "origin", "feature/x").split()[0] == there
    await watched.rig.ask(UndoOperation(project=watched.rig.project.id, operation=made.operation))
    assert (watched.lab.head(), watched.lab.git("status", "--porcelain")) == (there, "?? b.py\n")


@pytest.mark.requirement("G2")
async def test_with_push_it_pushes_to_the_branch_of_its_own_name_only(watched: Watched) -> None:
    await watched.mode("push")
    watched.lab.write({"b.py": "b = 1\n"})
    assert await watched.kinds() == ["committed"]
    (pushed,) = await watched.rest()
    assert (pushed.kind, pushed.what) == ("pushed", "pushed 1 commit of feature/x")
    assert watched.lab.git("ls-remote", "origin", "feature/x").split()[0] == watched.lab.head()
    watched.lab.git("switch", "--quiet", "--create", "feature/y", "--track", "origin/main")
    main = watched.lab.git("ls-remote", "origin", "main")
    watched.lab.commit("feat: y", {"y.py": "y = 1\n"})
    (proposal,) = await watched.rest()
    assert proposal.kind == "push"
    assert "a branch of another name" in proposal.why
    assert watched.lab.git("ls-remote", "origin", "main") == main


@pytest.mark.requirement("G2")
@pytest.mark.parametrize("branch", ["main", "release/1.0", "live", "stable/2"])
async def test_protected_branches_get_neither_commit_nor_push(watched: Watched, branch: str) -> None:
    lab = watched.lab
    lab.commit("build: strategy", {".aura/branching.toml": STRATEGY})
    lab.git("branch", "--force", branch) if branch == "main" else lab.git("branch", branch)
    lab.switch(branch)
    lab.git("push", "--quiet", "-u", "origin", branch)
    there = lab.git("ls-remote", "origin", branch)
    lab.commit("feat: here", {"c.py": "c = 1\n"})
    lab.write({"d.py": "d = 1\n"})
    await watched.mode("push")
    head = lab.head()
    said = await watched.rest()
    assert [(one.kind, f"{branch} is protected" in one.why) for one in said] == [("commit", True), ("push", True)]
    assert (lab.head(), lab.git("ls-remote", "origin", branch)) == (head, there)
    assert await watched.kinds() == []


async def test_what_is_held_back_or_refused_is_proposed_and_tried_again_once_it_is_other(watched: Watched) -> None:
    await watched.mode("commit")
    hook = watched.lab.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\n! grep -q bad a.py\n")
    hook.chmod(0o755)
    watched.lab.write({"a.py": "a = 'bad'\n"})
    (refused,) = await watched.rest()
    assert refused.kind == "commit"
    assert "not done by itself" in refused.why
    assert await watched.kinds() == []
    watched.lab.write({"a.py": "a = 'good one'\n"})
    assert await watched.kinds() == ["committed"]
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq8RmJ9vQwYkzP2hN4sT6uXcV1eLfGdHaKjMoQpRsUtWvXy\n"
    watched.lab.write({"id.txt": key})
    held = (await watched.rest())[0]
    assert held.kind == "commit"
    assert "private key" in held.why


async def test_a_push_that_is_refused_is_proposed(watched: Watched, tmp_path: Path) -> None:
    await watched.mode("push")
    watched.lab.commit("feat: more", {"b.py": "b = 1\n"})
    (tmp_path / "origin.git").rename(tmp_path / "gone.git")
    (refused,) = await watched.rest()
    assert refused.kind == "push"
    assert "not done by itself" in refused.why


async def test_a_project_that_is_gone_stops_no_other(watched: Watched) -> None:
    assert watched.service is not None
    await watched.mode("propose")
    watched.lab.write({"a.py": "a = 2\n"})
    watched.service.touch("nothing", watched.now)
    assert await watched.kinds() == ["commit"]


@pytest.mark.requirement("U1", "G2")
async def test_while_work_is_paused_the_watch_waits(watched: Watched) -> None:
    await watched.mode("propose")
    service = HealthService(watched.rig.desk, look_s=0.005, clock=lambda: watched.now)
    background = watched.rig.desk.background
    watched.lab.write({"a.py": "a = 2\n"})
    background.take(WorkPaused(paused=True))
    await service.start()
    service.touch(watched.rig.project.id, watched.now)
    watched.now += 700

    def proposals() -> list[GitProposal]:
        return [event for event in watched.rig.bus.published if isinstance(event, GitProposal)]

    await until(lambda: background.waiting == 1)
    assert proposals() == []
    background.take(WorkPaused(paused=False))
    await until(lambda: bool(proposals()))
    await service.stop()
    assert [one.kind for one in proposals()] == ["commit"]
