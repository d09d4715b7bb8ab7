"""Test runs of items: told ones, those that Aura makes on the tree of the work, and what completes a story."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aura_planning.items.reading import read_item
from aura_planning.workflow.service import WorkflowService
from aura_planning.workflow.testing import ItemRun, record_run
from aura_planning.workflow.trees import work_tree
from aura_shared.bus import Context
from aura_shared.errors import GateClosed, GitError, Unavailable, UsageProblem
from aura_shared.messages.plan_items import ApproveItem, ChangePlan, ListItems, RunItemTests
from aura_shared.messages.testing import STORES_FOLDER, RanTests, RunTests
from plan_items_rig import ItemRig, item_text, put

STORY = ".ai/stories/s1aaaa-pay.md"


def git(root: Path, *arguments: str) -> str:
    ran = subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    put(root, "stories/s1aaaa-pay.md", item_text("s1aaaa", "story", "Pay"))
    (root / "pay.py").write_text("x = 1\n")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "x")
    return root


@pytest.fixture
async def rig(root: Path) -> AsyncIterator[ItemRig]:
    found = ItemRig(root)
    WorkflowService(found.desk, found.service).register()
    yield found
    await found.service.stop()


class Factory:
    """Answers test runs, and looks at what they are about."""

    def __init__(self, rig: ItemRig) -> None:
        self.asked: list[RunTests] = []
        self.files: list[str] = []
        self.answer = RanTests(outcome="passed")
        self._rig = rig
        rig.hub.connect("factory").serve(RunTests, self._run)

    async def _run(self, request: RunTests, _context: Context) -> RanTests:
        self.asked.append(request)
        store = self._rig.paths.data / STORES_FOLDER / request.objects / "objects"
        ran = await asyncio.to_thread(
            subprocess.run,
            ["git", "ls-tree", "-r", "--name-only", request.tree],
            cwd=self._rig.root,
            env={"PATH": "/usr/bin:/bin", "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(store)},
            capture_output=True,
            text=True,
            check=True,
        )
        self.files = ran.stdout.split()
        return self.answer


@pytest.mark.requirement("A5")
async def test_aura_runs_the_tests_on_the_work_and_says_so(rig: ItemRig, root: Path) -> None:
    factory = Factory(rig)
    project = rig.project.id
    (root / "pay.py").write_text("x = 2\n")
    (root / "new.py").write_text("y = 1\n")
    index = (root / ".git/index").read_bytes()
    factory.answer = RanTests(
        outcome="failed", detail=f"E {root}/pay.py\nFAILED t.py::test_pay - no", seconds=1.25, tests=["t.py"]
    )
    red = await rig.ask(RunItemTests(project=project, item="s1aaaa"))
    assert (red.outcome, red.tests, red.done) == ("red", ["t.py"], True)
    assert factory.asked[0].paths == ["new.py", "pay.py"]
    assert {"new.py", "pay.py"} <= set(factory.files)
    assert str(root) not in red.detail
    assert (root / ".git/index").read_bytes() == index
    assert list((rig.paths.data / STORES_FOLDER).iterdir()) == []
    item = read_item(STORY, (root / STORY).read_bytes()).item
    assert item is not None
    assert (item.tests, item.tests_by, item.tests_tree, item.test_names) == ("red", "aura", red.tree, ("t.py",))
    assert item.red_at
    log = (root / STORY).read_text()
    assert f"tests red, run by Aura on tree {red.tree[:12]} in 1.2 s: t.py (FAILED t.py::test_pay - no)" in log
    factory.answer = RanTests(outcome="passed", detail="1 passed", tests=["t.py"])
    dry = await rig.ask(RunItemTests(project=project, item="s1aaaa", paths=["t.py"], dry_run=True))
    assert (dry.outcome, dry.done, factory.asked[1].paths) == ("green", False, ["t.py"])
    green = await rig.ask(RunItemTests(project=project, item="s1aaaa"))
    assert green.notices == []
    factory.answer = RanTests(outcome="skipped", detail="no test reaches what changes")
    with pytest.raises(Unavailable, match="nothing was run, so nothing is recorded: no test reaches"):
        await rig.ask(RunItemTests(project=project, item="s1aaaa"))
    listed = await rig.ask(ListItems(project=project))
    assert listed.items[0].tests == "green"


@pytest.mark.requirement("A5")
async def test_only_a_run_of_auras_completes_a_story_where_the_team_wants_that(rig: ItemRig, root: Path) -> None:
    factory = Factory(rig)
    project = rig.project.id
    (root / ".aura").mkdir()
    (root / ".aura/config.toml").write_text('[plan]\ntests = "ran"\nred_first = true\n')
    await rig.ask(ApproveItem(project=project, item="s1aaaa", by="Ada"))
    await rig.ask(ChangePlan(project=project, action="set", item="s1aaaa", status="in-progress"))
    told = await rig.ask(ChangePlan(project=project, action="test", item="s1aaaa", outcome="green", tests=["t"]))
    assert "no red run was recorded" in told.notices[0]
    complete = ChangePlan(project=project, action="set", item="s1aaaa", status="complete")
    with pytest.raises(GateClosed, match=r"only claimed.*no red run was recorded"):
        await rig.ask(complete)
    factory.answer = RanTests(outcome="failed", tests=["t.py"])
    await rig.ask(RunItemTests(project=project, item="s1aaaa", paths=["t.py"]))
    factory.answer = RanTests(outcome="passed", tests=["t.py"])
    await rig.ask(RunItemTests(project=project, item="s1aaaa", paths=["t.py"]))
    done = await rig.ask(complete)
    assert done.item is not None
    assert (done.item.status, done.item.findings) == ("complete", 0)


@pytest.mark.requirement("A5")
async def test_a_story_without_a_red_run_is_a_notice_and_a_finding(rig: ItemRig, root: Path) -> None:
    project = rig.project.id
    await rig.ask(ApproveItem(project=project, item="s1aaaa", by="Ada"))
    await rig.ask(ChangePlan(project=project, action="set", item="s1aaaa", status="in-progress"))
    await rig.ask(ChangePlan(project=project, action="test", item="s1aaaa", outcome="green", tests=["t"]))
    done = await rig.ask(ChangePlan(project=project, action="set", item="s1aaaa", status="complete"))
    assert "no red run was recorded" in done.notices[0]
    found = await rig.ask(ListItems(project=project, what="findings"))
    assert [(one.rule, one.severity) for one in found.findings] == [("no-red-run", "info")]


@pytest.mark.requirement("A5")
async def test_what_changed_is_found_with_and_without_commits(root: Path, tmp_path: Path) -> None:
    stores = tmp_path / "trees"
    with work_tree(root, stores) as clean:
        assert clean.changed == ("pay.py",)  # what the newest commit changed
        assert clean.tree == git(root, "rev-parse", "HEAD^{tree}")
    inner = root / "packages/web"
    inner.mkdir(parents=True)
    (inner / "a.py").write_text("")
    with work_tree(inner, stores) as part:
        assert part.changed == ("a.py",)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    with pytest.raises(UsageProblem, match="in no repository"), work_tree(fresh, stores):
        pass
    git(fresh, "init", "-q")
    (fresh / "b.py").write_text("")
    with work_tree(fresh, stores) as first:
        assert first.changed == ("b.py",)
    (fresh / ".git/index").write_bytes(b"no index")
    with pytest.raises(GitError, match="git add failed"), work_tree(fresh, stores):
        pass


@pytest.mark.requirement("A5")
async def test_without_a_change_files_are_named(rig: ItemRig, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "pay.py").unlink()
    git(root, "commit", "-aqm", "x")
    git(root, "commit", "-q", "--allow-empty", "-m", "nothing")
    with pytest.raises(UsageProblem, match="nothing changed"):
        await rig.ask(RunItemTests(project=rig.project.id, item="s1aaaa"))
    monkeypatch.setenv("PATH", str(root))
    with pytest.raises(Unavailable, match="git cannot be run"):
        await rig.ask(RunItemTests(project=rig.project.id, item="s1aaaa"))


def test_a_record_says_what_failed_in_a_line() -> None:
    text = item_text("s1aaaa", "story", "Pay").encode()
    many = tuple(f"t{number}" for number in range(25))
    after = record_run(text, ItemRun("red", many, detail="a\nlast words\n")).decode()
    assert "and 5 more (last words)" in after
    assert "tests_by: claimed" in after
    again = record_run(after.encode(), ItemRun("green", by="aura", tree="f" * 40, seconds=2)).decode()
    assert f"tests_tree: {'f' * 40}" in again
    assert "tests_s: 2" in again
