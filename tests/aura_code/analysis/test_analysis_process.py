"""The process that analyses: started when there is work, replaced when it dies, ended when it is idle."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from hashlib import blake2b
from pathlib import Path

import psutil
import pytest

from aura_code.analysis import analyst as analyst_module
from aura_code.analysis import crew
from aura_code.analysis.analyst import Analyst
from aura_code.analysis.protocol import RoundOutcome
from aura_code.analysis.reading import Job
from aura_code.analysis.rounds import FINDINGS
from aura_code.content import ReadOptions
from aura_code.findings.store import FindingReader
from aura_shared.errors import NotReady
from aura_shared.messages.findings import FindingsUpdated
from aura_shared.settings import FindingsSettings
from deadly_root import DeadlyRoot

pytestmark = pytest.mark.requirement("C4", "P11")

BAD = "def load(items=[]):\n    items.append(1)\n    return items\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "bad.py").write_text(BAD)
    return folder


def digests(root: Path) -> dict[str, bytes]:
    return {path.name: blake2b(path.read_bytes(), digest_size=16).digest() for path in sorted(root.glob("*.py"))}


@asynccontextmanager
async def analysing(root: Path) -> AsyncGenerator[tuple[Analyst, list[RoundOutcome]]]:
    """An analyst at work, and the rounds that it told of."""
    outcomes: list[RoundOutcome] = []

    async def told(outcome: RoundOutcome) -> None:
        outcomes.append(outcome)

    analyst = Analyst("shop-1", root, root.parent / "analysis", workers=2, max_file_bytes=1_000_000)
    task = asyncio.create_task(analyst.run(lambda: digests(root), told))
    try:
        yield analyst, outcomes
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "aura_code.analysis.process" in " ".join(child.cmdline())]


async def settled(analyst: Analyst) -> None:
    async with asyncio.timeout(60):
        await analyst.settled()


async def test_everything_is_analysed_and_then_each_edit(root: Path) -> None:
    async with analysing(root) as (analyst, outcomes):
        analyst.look_at_everything()
        await settled(analyst)
        assert analyst.complete
        first = FindingsUpdated.model_validate_json(outcomes[0].event)
        assert [found.rule for found in first.first] == ["mutable-default"]
        (root / "bad.py").write_text("def load(items):\n    return items\n")
        analyst.look_at(["bad.py"], [])
        await settled(analyst)
        assert FindingsUpdated.model_validate_json(outcomes[1].event).gone == 1
        assert len(children()) == 1
    assert not children()


async def test_a_killed_process_is_replaced_and_nothing_is_missed(root: Path) -> None:
    async with analysing(root) as (analyst, outcomes):
        analyst.look_at_everything()
        await settled(analyst)
        children()[0].send_signal(signal.SIGKILL)
        (root / "bad.py").write_text(BAD + "\n\ndef other(seen={}):\n    seen[1] = 2\n    return seen\n")
        analyst.look_at(["bad.py"], [])
        await settled(analyst)
        assert sum(outcome.changed for outcome in outcomes) == 2
    with FindingReader.opened(root.parent / "analysis" / FINDINGS) as reader:
        assert [row.rule for row in reader.rows()] == ["mutable-default", "mutable-default"]


async def test_an_idle_process_ends_and_comes_back(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analyst_module, "IDLE_S", 0.05)
    async with analysing(root) as (analyst, outcomes):
        analyst.look_at_everything()
        await settled(analyst)
        async with asyncio.timeout(20):
            while children():  # noqa: ASYNC110 - no event tells of the end of a process
                await asyncio.sleep(0.01)
        (root / "new.py").write_text(BAD)
        analyst.look_at(["new.py"], [])
        await settled(analyst)
        assert [outcome.changed for outcome in outcomes] == [1, 1]


async def test_a_folder_that_cannot_be_written_is_told_to_whoever_waits(root: Path) -> None:
    (root.parent / "analysis").write_text("a file where the folder should be")
    async with analysing(root) as (analyst, outcomes):
        analyst.look_at_everything()
        with pytest.raises(NotReady, match="the analysis failed"):
            await settled(analyst)
        (root.parent / "analysis").unlink()
        analyst.look_at(["bad.py"], [])
        await settled(analyst)
        assert analyst.problem == ""
        assert outcomes[0].changed == 1


async def test_the_process_leaves_when_its_owner_is_gone(root: Path) -> None:
    """Its input ends, however that comes about."""
    async with analysing(root) as (analyst, _):
        analyst.look_at_everything()
        await settled(analyst)
        child = children()[0]
        assert child.nice() >= min(19, os.nice(0) + 1)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_that_kills_its_worker_costs_only_itself(
    workers: int, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "FEW_FILES", 0)
    for number in range(6):
        (root / f"f{number}.py").write_text(BAD)
    (root / "killer.py").write_text(BAD)
    job = Job(DeadlyRoot(root), ReadOptions(), FindingsSettings(), ())
    paths = sorted(path.name for path in root.glob("*.py"))
    found = {file.path: len(file.findings) for batch in crew.analyse_files(job, paths, workers) for file in batch}
    assert found == {**dict.fromkeys(paths, 1), "killer.py": 0}
