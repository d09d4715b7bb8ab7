"""The factory beside a real code service: from a refactoring to files that are written and taken back."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aura_code_served import Served
from aura_factory.__main__ import FactoryContainer
from aura_factory.service import FactoryService
from aura_shared.errors import FileMovedOn, UnknownChange, UnknownProject
from aura_shared.messages.assist import (
    AskSandbox,
    ExplainCode,
    ListPrompts,
    RefactorCode,
)
from aura_shared.messages.changes import (
    ApplyChange,
    ChangeUpdated,
    DecideHunks,
    EditProposal,
    ListChanges,
    ProposeChange,
    ProposedFile,
    ShowChange,
    UndoChange,
)
from aura_shared.messages.findings import AnalyzeProject
from aura_shared.metrics import ServiceMetricsRegistry
from aura_shared.projects import ProjectRegistry
from aura_shared.service import Runtime
from aura_shared.settings import CodeSettings, Settings

SHOP = {
    "prices.py": (
        "def rounded(amount):\n    return round(amount, 2)\n\n\n"
        "def total(amounts):\n    return rounded(sum(amounts))\n"
    ),
    "cart.py": "from prices import rounded, total\n\n\ndef shown(cart):\n    return str(rounded(total(cart)))\n",
    "tests/test_prices.py": (
        "import sys, pathlib\nsys.path.insert(0, str(pathlib.Path(__file__).parents[1]))\n"
        "from prices import rounded\n\n\ndef test_rounded():\n    assert rounded(1.234) == 1.23\n"
    ),
}  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    for path, text in SHOP.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    (root / ".aura").mkdir()
    (root / ".aura" / "config.toml").write_text(f'[checks]\npython = "{sys.executable}"\n', encoding="utf-8")
    return root


class Lab:
    """A code service and a factory on one bus."""

    def __init__(self, served: Served, factory: FactoryService, project: str) -> None:
        self.served = served
        self.factory = factory
        self.project = project
        self.client = served.client


@pytest.fixture
async def lab(aura_home: Path, shop: Path) -> AsyncIterator[Lab]:
    assert aura_home
    settings = Settings(code=CodeSettings(debounce_ms=50))
    served = Served(settings)
    await served.start()
    registry = ProjectRegistry(served.paths.projects)
    factory = FactoryService(served.hub.connect("factory"), served.paths, settings, registry)
    await factory.start()
    project = await served.add(shop)
    await served.client.request(AnalyzeProject(project=project.id, tools=False))
    yield Lab(served, factory, project.id)
    await factory.stop()
    await served.stop()


@pytest.mark.requirement("C5", "L5", "F7")
async def test_a_refactoring_is_checked_reviewed_by_hunk_applied_and_undone(lab: Lab, shop: Path) -> None:
    events = lab.client.listen(ChangeUpdated)
    request = RefactorCode(project=lab.project, kind="rename", symbol="rounded", new_name="cents", model="never")
    answer = await lab.client.request(request, timeout_s=60)
    change = answer.change
    assert change is not None, answer.text
    assert {check.name: check.outcome for check in change.checks} == {"parse": "passed", "tests": "passed"}
    assert {file.path: len(file.hunks) for file in change.files}["prices.py"] == 2
    assert (shop / "prices.py").read_text(encoding="utf-8") == SHOP["prices.py"]

    hunk = change.files[0].hunks[0]
    decided = await lab.client.request(DecideHunks(change=change.id, hunks=[hunk.id], comment="sure?"))
    assert decided.change.files[0].hunks[0].comment == "sure?"
    applied = await lab.client.request(ApplyChange(change=change.id, accept_open=True))
    assert applied.change.state == "applied"
    assert "def cents(amount)" in (shop / "prices.py").read_text(encoding="utf-8")

    undone = await lab.client.request(UndoChange(change=change.id[:6]))
    assert undone.change.state == "undone"
    assert {path: (shop / path).read_text(encoding="utf-8") for path in SHOP} == SHOP
    async with asyncio.timeout(20):
        told = [(await anext(events)).event for _ in range(4)]
    assert [event.what for event in told if isinstance(event, ChangeUpdated)] == [
        "proposed", "decided", "applied", "undone",
    ]  # fmt: skip


async def test_a_file_that_moved_on_is_merged_only_when_that_was_seen(lab: Lab, shop: Path) -> None:
    text = SHOP["prices.py"]
    base = hashlib.sha256(text.encode()).hexdigest()
    new = text.replace("round(amount, 2)", "round(amount, 3)")
    file = ProposedFile(path="prices.py", base=base, content=new)
    change = (await lab.client.request(ProposeChange(project="shop", title="Three digits", files=[file]))).change
    (shop / "prices.py").write_text(text + "\n\nRATE = 2\n", encoding="utf-8")

    shown = await lab.client.request(ApplyChange(change=change.id, accept_open=True))
    assert shown.written == []
    assert "RATE = 2" in (shop / "prices.py").read_text(encoding="utf-8")
    merged = await lab.client.request(ApplyChange(change=change.id, accept_open=True, merge=True))
    assert merged.written == ["prices.py"]
    both = (shop / "prices.py").read_text(encoding="utf-8")
    assert "round(amount, 3)" in both
    assert "RATE = 2" in both
    stale = file.model_copy(update={"base": "0" * 64})
    with pytest.raises(FileMovedOn):
        await lab.client.request(ProposeChange(project="shop", title="Again", files=[stale]))


async def test_proposals_are_listed_edited_and_rejected(lab: Lab) -> None:
    assert (await lab.client.request(ListChanges(project="shop"))).reason
    file = ProposedFile(path="new.py", content="a = 1\n")
    change = (await lab.client.request(ProposeChange(project="shop", title="New", files=[file]))).change
    edited = await lab.client.request(EditProposal(change=change.id, path="new.py", content="a = 2\n"))
    assert "+a = 2" in edited.change.files[0].hunks[0].diff
    rejected = await lab.client.request(DecideHunks(change=change.id, decision="rejected"))
    assert rejected.change.state == "rejected"
    [listed] = (await lab.client.request(ListChanges(project=""))).changes
    assert (listed.id, listed.title) == (change.id, "New")
    with pytest.raises(UnknownChange):
        await lab.client.request(ShowChange(change="zzzzzzzz"))
    with pytest.raises(UnknownProject):
        await lab.client.request(ListChanges(project="nowhere"))


@pytest.mark.requirement("L5", "C4")
async def test_the_assistant_answers_without_a_model(lab: Lab) -> None:
    answer = await lab.client.request(ExplainCode(project=lab.project, symbol="total", model="never"), timeout_s=60)
    assert "prices.py" in answer.text
    assert answer.use.model == ""
    prompts = await lab.client.request(ListPrompts())
    assert {prompt.task for prompt in prompts.prompts} >= {"explain", "ask", "generate"}


@pytest.mark.requirement("F7")
async def test_the_sandbox_says_what_it_is(lab: Lab) -> None:
    answer = await lab.client.request(AskSandbox())
    again = await lab.client.request(AskSandbox(again=True))
    assert answer.tier == again.tier
    assert answer.lacks or answer.reasons
    assert lab.factory.health().ok


@pytest.mark.requirement("P5")
def test_the_container_builds_its_service(aura_home: Path) -> None:
    from aura_shared.bus.memory import MemoryBus
    from aura_shared.paths import find_paths

    assert aura_home
    runtime = Runtime("factory", Settings(), find_paths(), MemoryBus("factory"), ServiceMetricsRegistry("factory"))
    assert isinstance(FactoryContainer(runtime=runtime).service(), FactoryService)
