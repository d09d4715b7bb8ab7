"""Tests at each commit of a split: asked of the factory, marked in the plan, and held against the commits."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from aura_factory.service import FactoryService
from aura_git.commits.service import CommitService
from aura_shared.bus import Context
from aura_shared.errors import DraftOutdated, GateClosed, Unavailable
from aura_shared.messages import structure, testing
from aura_shared.messages.commits import ChangeSplit, CommitSplit, PlanSplit, SplitPart, SplitPlan
from aura_shared.messages.structure import FindTests
from aura_shared.projects import ProjectRegistry
from aura_shared.settings import Settings
from git_lab import GitLab
from git_rig import GitRig

pytestmark = pytest.mark.requirement("G1")

PRICE = '"""Prices."""\n\n\ndef price(amount: int) -> int:\n    """Of some."""\n    return amount * 2\n'
STOCK = '"""Stock."""\n\n\ndef left(amount: int) -> int:\n    """What is left."""\n    return 10 - amount\n'
HEAD = "import pathlib\nimport sys\n\nsys.path.insert(0, str(pathlib.Path(__file__).parents[1]))\n"
PRICE_TEST = f"{HEAD}from price import price\n\n\ndef test_price():\n    assert price(2) == 4\n"
STOCK_TEST = f"{HEAD}from stock import left\n\n\ndef test_left():\n    assert left(4) == 6\n"
FILES = {"price.py": PRICE, "stock.py": STOCK, "tests/test_price.py": PRICE_TEST, "tests/test_stock.py": STOCK_TEST}
REACHING = {"price.py": ["tests/test_price.py"], "stock.py": ["tests/test_stock.py"]}
Answer = Callable[[testing.RunTests], testing.RanTests]


@pytest.fixture
def store(aura_home: Path, lab: GitLab) -> GitLab:
    """Two modules with their tests, on the branch `work`; then one is changed well and the other badly, unstaged."""
    (lab.root / ".aura").mkdir()
    (lab.root / ".aura/config.toml").write_text(f'[checks]\npython = "{sys.executable}"\n', encoding="utf-8")
    lab.commit("feat: add the shop", FILES)
    lab.branch("work")
    lab.write({"price.py": PRICE.replace("amount * 2", "amount + amount"), "stock.py": STOCK.replace("10", "11")})
    return lab


@pytest.fixture
def rig(store: GitLab) -> GitRig:
    """The service of commits."""
    return GitRig(store.root, CommitService)


class Factory:
    """Answers as the factory would; what it was asked is kept, with what it could read of each tree."""

    def __init__(self, rig: GitRig, answer: Answer) -> None:
        self.asked: list[testing.RunTests] = []
        self.texts: list[str] = []
        self._rig = rig
        self._answer = answer
        self._stores = rig.paths.data / testing.STORES_FOLDER
        rig.hub.connect("factory").serve(testing.RunTests, self._run)

    async def _run(self, request: testing.RunTests, _context: Context) -> testing.RanTests:
        self.asked.append(request)
        store = self._stores / request.objects / "objects"
        shown = await asyncio.to_thread(
            subprocess.run,
            ["git", "show", f"{request.tree}:stock.py"], cwd=self._rig.project.root, capture_output=True, check=True,
            env={"PATH": "/usr/bin:/bin", "GIT_OBJECT_DIRECTORY": str(store)},
        )  # fmt: skip
        self.texts.append(shown.stdout.decode())
        return self._answer(request)

    def nothing_left(self) -> bool:
        """Whether every store is gone."""
        return not list(self._stores.glob("*"))


def judge(request: testing.RunTests) -> testing.RanTests:
    """Fails what touches the stock."""
    failed = "stock.py" in request.paths
    return testing.RanTests(
        outcome="failed" if failed else "passed", detail="pytest: 1 failed\nleft" if failed else "pytest: 1 passed"
    )


async def plan(rig: GitRig, *, tests: bool = True) -> SplitPlan:
    """A plan of everything."""
    return await rig.ask(PlanSplit(project=rig.project.id, what="all", tests=tests))


def by_file(planned: SplitPlan) -> dict[str, tuple[str, str]]:
    """What was told at the commit of each file."""
    return {one.files[0]: (one.tests, one.tests_detail) for one in planned.commits}


async def test_each_commit_is_tested_at_its_own_tree(rig: GitRig, store: GitLab) -> None:
    factory = Factory(rig, judge)
    before = store.git("count-objects"), store.git("status", "--porcelain"), store.refs()
    planned = await plan(rig)
    assert by_file(planned) == {
        "price.py": ("passed", "pytest: 1 passed"),
        "stock.py": ("failed", "pytest: 1 failed\nleft"),
    }
    assert [one.tree for one in factory.asked] == [one.tree for one in planned.commits]
    assert [one.paths for one in factory.asked] == [one.files for one in planned.commits]
    assert {one.base for one in factory.asked} == {store.head()}
    # The tree of a commit holds what comes before it and nothing of what comes after.
    changed = [one.files[0] for one in planned.commits].index("stock.py")
    assert ["11 -" in text for text in factory.texts] == [number >= changed for number in range(2)]
    assert (store.git("count-objects"), store.git("status", "--porcelain"), store.refs()) == before
    assert factory.nothing_left()


async def test_nothing_is_asked_without_being_wanted(rig: GitRig, store: GitLab) -> None:
    factory = Factory(rig, judge)
    assert set(by_file(await plan(rig, tests=False)).values()) == {("not run", "")}
    store.write({"stock.py": STOCK})
    assert (await plan(rig)).id == ""
    assert factory.asked == []


async def test_commits_that_fail_are_held_back_until_somebody_says_yes(rig: GitRig, store: GitLab) -> None:
    Factory(rig, judge)
    planned = await plan(rig)
    head = store.head()
    for dry_run in (True, False):
        with pytest.raises(GateClosed, match=r"tests fail at commits of this plan:\n\w: pytest: 1 failed"):
            await rig.ask(CommitSplit(project=rig.project.id, plan=planned.id, dry_run=dry_run))
    assert store.head() == head
    made = await rig.ask(CommitSplit(project=rig.project.id, plan=planned.id, failing_ok=True))
    assert len(made.commits) == 2


async def test_only_what_changes_in_a_plan_is_tested_again(rig: GitRig, store: GitLab) -> None:
    factory = Factory(rig, judge)
    planned = await plan(rig)
    first, second = planned.commits
    worded = await rig.ask(
        ChangeSplit(
            project=rig.project.id, plan=planned.id, tests=True,
            commits=[SplitPart(id=first.id, message="fix: mine"), SplitPart(id=second.id)],
        )
    )  # fmt: skip
    assert by_file(worded) == by_file(planned)
    assert len(factory.asked) == 2
    swapped = await rig.ask(
        ChangeSplit(
            project=rig.project.id, plan=worded.id, tests=True,
            commits=[SplitPart(id=second.id), SplitPart(id=first.id)],
        )
    )  # fmt: skip
    assert [one.tests for one in swapped.commits] == [second.tests, first.tests]
    assert [one.tree for one in factory.asked[2:]] == [one.tree for one in swapped.commits]


async def test_tests_that_cannot_be_run_say_why_and_hold_nothing_back(rig: GitRig, store: GitLab) -> None:
    planned = await plan(rig)
    assert {one.tests for one in planned.commits} == {"not run"}
    assert all("factory" in one.tests_detail for one in planned.commits)

    def refuse(_request: testing.RunTests) -> testing.RanTests:
        raise Unavailable("no room")

    factory = Factory(rig, refuse)
    planned = await plan(rig)
    assert set(by_file(planned).values()) == {("not run", "no room")}
    assert factory.nothing_left()
    assert len((await rig.ask(CommitSplit(project=rig.project.id, plan=planned.id))).commits) == 2


async def test_a_change_that_goes_on_while_its_tests_are_asked_for_is_told(rig: GitRig, store: GitLab) -> None:
    planned = await plan(rig, tests=False)
    store.write({"stock.py": STOCK})
    wanted = [SplitPart(id=one.id) for one in planned.commits]
    with pytest.raises(DraftOutdated, match="not what it was"):
        await rig.ask(ChangeSplit(project=rig.project.id, plan=planned.id, tests=True, commits=wanted))


async def test_cancelling_a_plan_cancels_its_tests_and_leaves_nothing(rig: GitRig, store: GitLab) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def hang(_request: testing.RunTests, _context: Context) -> testing.RanTests:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    rig.hub.connect("factory").serve(testing.RunTests, hang)
    asking = asyncio.ensure_future(plan(rig))
    async with asyncio.timeout(30):
        await started.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await ended.wait()
        stores = rig.paths.data / testing.STORES_FOLDER
        while list(stores.glob("*")):  # noqa: ASYNC110 - the service removes it on its own
            await asyncio.sleep(0.01)


async def test_a_project_in_a_part_of_the_repository_names_paths_as_it_sees_them(aura_home: Path, lab: GitLab) -> None:
    lab.commit("feat: add", {f"shop/{path}": text for path, text in FILES.items()} | {"stock.py": STOCK, "n.md": "a\n"})
    lab.branch("work")
    lab.write({"shop/stock.py": STOCK.replace("10", "11"), "n.md": "b\n"})
    rig = GitRig(lab.root / "shop", CommitService)
    factory = Factory(rig, judge)
    planned = await plan(rig)
    assert [one.paths for one in factory.asked] == [["stock.py"]]
    assert by_file(planned)["n.md"] == ("not run", "it touches no file of the project")


def test_stores_of_a_killed_process_are_swept_up(rig: GitRig, store: GitLab) -> None:
    left = rig.paths.data / testing.STORES_FOLDER / "aura-index-old"
    (left / "objects").mkdir(parents=True)
    CommitService(rig.desk).register()
    assert not left.exists()


@pytest.fixture
async def factory(rig: GitRig) -> AsyncIterator[FactoryService]:
    """The real factory on the same bus, beside a code service that knows which tests reach what."""

    async def find(request: FindTests, _context: Context) -> structure.TestsAnswer:
        return structure.TestsAnswer(files=REACHING.get(request.path, []))

    rig.hub.connect("code").serve(FindTests, find)
    service = FactoryService(rig.hub.connect("factory"), rig.paths, Settings(), ProjectRegistry(rig.paths.projects))
    await service.start()
    yield service
    await service.stop()


@pytest.mark.requirement("F7")
async def test_the_real_factory_runs_the_tests_of_each_commit(
    rig: GitRig, store: GitLab, factory: FactoryService
) -> None:
    assert factory.health().ok
    before = store.git("status", "--porcelain"), store.git("count-objects")
    planned = await plan(rig)
    told = by_file(planned)
    assert told["price.py"][0] == "passed", told
    assert "1 passed" in told["price.py"][1]
    assert told["stock.py"][0] == "failed", told
    assert "test_left" in told["stock.py"][1]
    assert (store.git("status", "--porcelain"), store.git("count-objects")) == before
    assert not list((rig.paths.data / testing.STORES_FOLDER).glob("*"))
    assert not list(rig.paths.scratch.glob("*"))
