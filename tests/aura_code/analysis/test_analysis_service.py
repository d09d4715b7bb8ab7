"""The code service keeps projects analysed: rounds after edits, events, questions while it is at work, tools."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from aura_code.analysis import demand, upkeep
from aura_code.analysis.demand import ToolRuns
from aura_code.tools.calling import ToolsOutcome
from aura_code_served import BOUND_S, Served
from aura_shared.errors import AuraError, IndexBuilding, NotReady, UnknownProject
from aura_shared.messages.code import RemoveProject, SearchCode
from aura_shared.messages.findings import AnalysisAnswer, AnalyzeProject, FindingsUpdated, FixFindings, ListFindings
from aura_shared.messages.gaps import ScanDependencies
from aura_shared.messages.insight import MapSymbols, ShowTree
from aura_shared.messages.services import WorkPaused
from aura_shared.messages.structure import FindReferences
from aura_shared.settings import CodeSettings, Settings
from gateway_lab import until

BAD = "def load(items=[]):\n    items.append(1)\n    return items == None\n"


@pytest_asyncio.fixture
async def analysed(aura_home: Path) -> AsyncGenerator[Served]:
    """A code service that analyses what it indexes."""
    served = Served(Settings(code=CodeSettings(debounce_ms=20)))
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "bad.py").write_text(BAD)
    (folder / "main.py").write_text("from bad import load\n\n\ndef main():\n    return load([])\n")
    return folder


async def analyse(served: Served, project: str, **more: object) -> AnalysisAnswer:
    """An analysis, asked for again while it is under way, as the command does."""
    question = AnalyzeProject.model_validate({"project": project, "tools": False, **more})
    async with asyncio.timeout(3 * BOUND_S):
        while True:
            try:
                return await served.client.request(question)
            except IndexBuilding:
                continue


@pytest.mark.requirement("C4", "C2")
async def test_a_project_is_analysed_by_itself_and_after_each_edit(analysed: Served, root: Path) -> None:
    events = analysed.client.listen(FindingsUpdated)
    info = await analysed.add(root)
    found = await analyse(analysed, info.id)
    assert {one.rule for one in found.findings} == {"mutable-default", "none-comparison"}
    assert found.files == 2
    assert found.freshness.generation == info.freshness.generation
    uses = await analysed.client.request(FindReferences(project=info.id, symbol="load"))
    assert {(one.path, one.line, one.kind) for one in uses.references} == {
        ("main.py", 5, "call"),
        ("main.py", 1, "import"),
    }
    (root / "bad.py").write_text("def load(items):\n    return items\n")
    async with asyncio.timeout(3 * BOUND_S):
        gone = 0
        async for delivery in events:
            assert isinstance(delivery.event, FindingsUpdated)
            gone += delivery.event.gone
            if gone:
                break
    assert gone == 2
    events.close()
    left = await analysed.client.request(ListFindings(project=info.id))
    assert left.findings == []


@pytest.mark.requirement("C4")
async def test_a_finding_that_is_mended_goes_away(analysed: Served, root: Path) -> None:
    info = await analysed.add(root)
    await analyse(analysed, info.id)
    shown = await analysed.client.request(FixFindings(project=info.id, rules=["none-comparison"]))
    assert "is None" in shown.files[0].diff
    assert "is None" not in (root / "bad.py").read_text()
    (root / "bad.py").write_text((root / "bad.py").read_text().replace("== None", "is None"))
    async with asyncio.timeout(3 * BOUND_S):
        while any(one.rule == "none-comparison" for one in (await analyse(analysed, info.id)).findings):
            pass


@pytest.mark.requirement("C4")
async def test_the_tools_of_a_project_take_part(analysed: Served, root: Path) -> None:
    (root / "ruff.toml").write_text("[lint]\nselect = ['F']\n")
    info = await analysed.add(root)
    answer = await analyse(analysed, info.id, tools=True)
    assert [tool.name for tool in answer.tools] == ["ruff"]
    (root / ".aura").mkdir()
    (root / ".aura" / "config.toml").write_text("[findings]\ntools_off = ['ruff']\n")
    (root / "main.py").write_text("x = 1\n")
    again = await analyse(analysed, info.id, tools=True)
    assert not any(tool.ran for tool in again.tools)


@pytest.mark.requirement("C9", "W3")
async def test_questions_without_analysis_and_with_it(analysed: Served, root: Path) -> None:
    info = await analysed.add(root)
    assert (await analysed.client.request(ShowTree(project=info.id))).files == 2
    assert (await analysed.client.request(ScanDependencies(project=info.id))).reason
    await analyse(analysed, info.id)
    drawn = await analysed.client.request(MapSymbols(project=info.id))
    assert "def load" in drawn.text
    with pytest.raises(UnknownProject):
        await analysed.client.request(MapSymbols(project="nobody"))


async def test_a_removed_project_takes_its_analysis_along(analysed: Served, root: Path) -> None:
    info = await analysed.add(root)
    await analyse(analysed, info.id)
    assert analysed.paths.analysis(info.id).is_dir()
    await analysed.client.request(RemoveProject(project=info.id))
    assert not analysed.paths.analysis(info.id).exists()


async def test_a_question_says_how_far_a_long_analysis_is(
    analysed: Served, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "PATIENCE_S", 0.0)
    info = await analysed.add(root)
    with pytest.raises(IndexBuilding, match="the analysis is under way"):
        await analysed.client.request(ListFindings(project=info.id))


async def test_where_analysis_is_off_nothing_is_started(aura_home: Path, root: Path) -> None:
    served = Served(Settings(code=CodeSettings(analysis=False)))
    await served.start()
    try:
        info = await served.add(root)
        assert not served.paths.analysis(info.id).exists()
        with pytest.raises(NotReady, match="not analysed"):
            await served.client.request(ListFindings(project=info.id))
    finally:
        await served.stop()


def commit_all(root: Path) -> None:
    """A first commit of everything."""
    for arguments in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=T", "-c", "user.email=t@h", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)


async def test_only_what_changed_is_listed_when_asked(analysed: Served, root: Path) -> None:
    await asyncio.to_thread(commit_all, root)
    (root / "new.py").write_text("def other(seen={}):\n    seen[1] = 2\n    return seen\n")
    info = await analysed.add(root)
    answer = await analyse(analysed, info.id, changed=True)
    assert [one.path for one in answer.findings] == ["new.py"]


async def test_one_run_of_tools_serves_everybody_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = ToolRuns()
    done = asyncio.Event()
    count = 0

    def run() -> ToolsOutcome:
        nonlocal count
        count += 1
        asyncio.run_coroutine_threadsafe(done.wait(), loop).result(BOUND_S)
        return ToolsOutcome(seconds=float(count))

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(demand, "PATIENCE_S", 0.01)
    with pytest.raises(IndexBuilding, match="tools are running"):
        await runs.outcome("shop", (1, None), run)
    with pytest.raises(IndexBuilding):
        await runs.outcome("shop", (2, None), run)
    done.set()
    monkeypatch.setattr(demand, "PATIENCE_S", BOUND_S)
    assert (await runs.outcome("shop", (1, None), run)).seconds == 1.0
    assert (await runs.outcome("shop", (2, None), run)).seconds == 2.0
    await runs.stop()


async def test_tools_that_fail_are_run_again_next_time() -> None:
    runs = ToolRuns()
    outcomes: list[ToolsOutcome | AuraError] = [AuraError("the disk is full"), ToolsOutcome(seconds=3.0)]

    def run() -> ToolsOutcome:
        outcome = outcomes.pop(0)
        if isinstance(outcome, AuraError):
            raise outcome
        return outcome

    with pytest.raises(AuraError, match="full"):
        await runs.outcome("shop", (1, None), run)
    assert (await runs.outcome("shop", (1, None), run)).seconds == 3.0


@pytest.mark.requirement("U1", "C4")
async def test_while_work_is_paused_search_is_fresh_and_the_analysis_waits_until_it_is_asked_for(
    aura_home: Path, root: Path
) -> None:
    served = Served(Settings(code=CodeSettings(debounce_ms=20)))
    await served.client.publish(WorkPaused(paused=True))
    await served.start()
    background = served.service._background
    info = await served.add(root)
    await until(lambda: background.waiting == 1)
    update = await served.after(lambda: (root / "new.py").write_text("def brandnew():\n    return 1\n"))
    assert update.changed == ["new.py"]
    assert (await served.client.request(SearchCode(project=info.id, query="brandnew"))).hits[0].path == "new.py"
    analyst = served.service._upkeep.analyst(info.id)
    assert analyst is not None
    assert (analyst.complete, background.waiting) == (False, 1)
    assert (await analyse(served, info.id)).files == 3
    events = served.client.listen(FindingsUpdated)
    await served.after(lambda: (root / "bad.py").write_text("def load(items):\n    return items\n"))
    await served.after(lambda: (root / "main.py").write_text("def main(rows=[]):\n    return rows\n"))
    await until(lambda: background.waiting == 1)
    await served.client.publish(WorkPaused(paused=False))
    async with asyncio.timeout(3 * BOUND_S):
        told = (await anext(events)).event
    assert isinstance(told, FindingsUpdated)
    assert (told.gone, told.new) == (2, 1)  # both edits at once
    await served.stop()
