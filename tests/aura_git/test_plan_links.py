"""Commits, pull requests and branches name the items of the plan that they belong to, on real repositories."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aura_git.branching.service import BranchService
from aura_git.commits.contract import CommitMessage, Footer
from aura_git.commits.service import CommitService
from aura_git.plan_items import named_in, with_item_footers
from aura_git.pulls.service import PullService
from aura_planning.desk import PlanDesk
from aura_planning.exchanging.service import ExchangeService
from aura_planning.items.service import ItemService
from aura_shared.bus.memory import MemoryBus
from aura_shared.errors import UnknownItem
from aura_shared.messages.branches import StartBranch
from aura_shared.messages.commits import CommitDraft, DraftCommit, MakeCommit
from aura_shared.messages.plan_exchange import LinkedItem
from aura_shared.messages.pulls import DraftPull
from aura_shared.projects import ProjectRegistry
from aura_shared.settings import GitSettings, Settings
from git_lab import GitLab, make_lab
from git_rig import GitRig
from plan_items_rig import item_text, put


@pytest.fixture
def root(tmp_path: Path, git_settings: Path) -> Path:
    """A repository with a plan of one story and one task."""
    root = tmp_path / "shop"
    put(root, "stories/s1aaaa-pay.md", item_text("s1aaaa", "story", "Pay by card", alias="US-004"))
    put(root, "tasks/t1aaaa-form.md", item_text("t1aaaa", "task", "Card form", parent="s1aaaa", alias="T012"))
    lab = make_lab(root)
    lab.git("config", "user.name", "Ada")
    lab.git("config", "user.email", "ada@example.org")
    lab.commit("feat: begin", {"app.py": "A = 1\n"})
    return root


def rig_of(root: Path, settings: Settings | None = None) -> GitRig:
    return GitRig(root, CommitService, PullService, BranchService, settings=settings)


@pytest.fixture
async def rig(root: Path, aura_home: Path) -> AsyncIterator[GitRig]:
    """Git and planning on one bus."""
    found = rig_of(root)
    items = planning_beside(found)
    yield found
    await items.stop()


def planning_beside(rig: GitRig) -> ItemService:
    desk = PlanDesk(MemoryBus("planning", hub=rig.hub), rig.paths, Settings(), ProjectRegistry(rig.paths.projects))
    items = ItemService(desk)
    items.register()
    ExchangeService(desk, items).register()
    return items


async def draft(rig: GitRig, root: Path, branch: str, task: str = "") -> CommitDraft:
    """A draft of all that is changed, on a new branch."""
    if branch:
        GitLab(root).branch(branch)
    GitLab(root).write({"app.py": "A = 2\n"})
    return await rig.ask(DraftCommit(project=rig.project.id, what="all", model=False, task=task))


def footers_of(answer: CommitDraft) -> list[str]:
    assert answer.message is not None
    return answer.message.footers


@pytest.mark.requirement("A4")
@pytest.mark.parametrize(
    ("branch", "footers"),
    [
        ("feature/t1aaaa-card-form", ["Task: t1aaaa"]),
        ("feature/US-004-pay", ["Story: s1aaaa"]),
        ("fix/t012_and_us-004", ["Task: t1aaaa", "Story: s1aaaa"]),
        ("feature/us-0045-other", []),
        ("feature/nothing", []),
    ],
    ids=["id", "alias", "two aliases", "a longer number", "no item"],
)
async def test_the_branch_says_which_trailers_a_draft_gets(
    rig: GitRig, root: Path, branch: str, footers: list[str]
) -> None:
    assert sorted(footers_of(await draft(rig, root, branch))) == sorted(footers)


@pytest.mark.requirement("A4")
async def test_changed_files_of_the_plan_name_items_unless_there_are_many(rig: GitRig, root: Path) -> None:
    story = root / ".ai/stories/s1aaaa-pay.md"
    story.write_text(f"{story.read_text(encoding='utf-8')}\nMore.\n", encoding="utf-8")
    assert footers_of(await draft(rig, root, "")) == ["Story: s1aaaa"]
    for number in range(4):
        put(root, f"tasks/t{number}bbbb-x.md", item_text(f"t{number}bbbb", "task", "X"))
    GitLab(root).git("add", "--all")
    assert footers_of(await draft(rig, root, "")) == []


@pytest.mark.requirement("A4")
async def test_a_persons_own_trailers_stay_and_are_not_doubled(rig: GitRig, root: Path) -> None:
    said = await draft(rig, root, "feature/t1aaaa-form", task="T012")
    assert footers_of(said) == ["Refs: T012"]
    message = "feat: pay\n\nReviewed-by: Ada"
    await rig.ask(MakeCommit(project=rig.project.id, draft=said.id, message=message))
    assert GitLab(root).git("log", "-1", "--format=%B").strip() == message


@pytest.mark.requirement("A4")
async def test_links_are_switched_off_by_a_setting(root: Path, aura_home: Path) -> None:
    rig = rig_of(root, Settings(git=GitSettings(link_items=False)))
    items = planning_beside(rig)
    assert footers_of(await draft(rig, root, "feature/t1aaaa-form")) == []
    await items.stop()


@pytest.mark.requirement("A4", "P2")
async def test_without_the_planning_service_a_draft_is_made_all_the_same(root: Path, aura_home: Path) -> None:
    rig = rig_of(root)
    assert footers_of(await draft(rig, root, "feature/t1aaaa-form")) == []
    with pytest.raises(UnknownItem) as caught:
        await rig.ask(StartBranch(project=rig.project.id, kind="feature", item="t1aaaa"))
    assert caught.value.hint == "The planning service does not answer."


@pytest.mark.requirement("A4")
async def test_a_pull_request_lists_the_items_of_its_commits_with_their_state(rig: GitRig, root: Path) -> None:
    lab = GitLab(root)
    lab.branch("feature/card")
    lab.commit("feat: card form\n\nTask: t1aaaa\nStory: US-004", {"app.py": "A = 3\n"})
    drafted = await rig.ask(DraftPull(project=rig.project.id, model=False, tests=False))
    assert "## Plan\n" in drafted.text.body
    assert "- Card form (task T012): todo\n- Pay by card (story US-004): draft" in drafted.text.body


@pytest.mark.requirement("A4")
async def test_a_branch_is_named_after_an_item(rig: GitRig, root: Path) -> None:
    told = await rig.ask(StartBranch(project=rig.project.id, kind="feature", item="T012", dry_run=True))
    assert "t1aaaa" in told.branch
    assert "card-form" in told.branch
    with pytest.raises(UnknownItem):
        await rig.ask(StartBranch(project=rig.project.id, kind="feature", item="--nobody"))


@pytest.mark.requirement("A4")
def test_footers_of_a_message_are_read_and_added_once() -> None:
    message = CommitMessage("feat", "", "x", footers=(Footer("Task", ": ", "T012, US-004"), Footer("Co", ": ", "z")))
    assert named_in([message]) == ["T012, US-004", "T012", "US-004"]
    story = LinkedItem(reference="x", id="s1aaaa", kind="story", alias="US-004")
    epic = LinkedItem(reference="x", id="e1aaaa", kind="epic")
    once = with_item_footers(CommitMessage("feat", "", "x"), [story, epic])
    assert [f"{one.token}: {one.value}" for one in once.footers] == ["Story: s1aaaa"]
    assert with_item_footers(once, [story]) is once
