"""From requirements to code and back, in a real repository."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from aura_planning.tracing.service import TracingService
from aura_shared.bus import Context
from aura_shared.errors import UsageProblem
from aura_shared.messages.plan_tracing import AskCoverage, AskPlanImpact, CoverageRow
from aura_shared.messages.structure import Affected, AskImpact, Defined, ImpactAnswer
from plan_items_rig import ItemRig, item_text, put

pytestmark = pytest.mark.requirement("A2", "A4")

PRD = """## Requirements

- FR-001: A customer can pay by card
- FR-002: A customer gets a receipt
- FR-003: An owner sees the turnover
"""
PAY = """Pays with `pay`.

## Acceptance criteria

- A payment with a valid card is accepted
- A refused card tells why
"""


def git(root: Path, *arguments: str) -> None:
    """Plain git, with an identity."""
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def commit(root: Path, message: str, files: dict[str, str]) -> None:
    """Write files and commit them."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", message)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A shop with a PRD, two stories that carry requirements, one that carries none, commits and a test."""
    place = tmp_path / "shop"
    place.mkdir()
    git(place, "init", "--quiet", "-b", "main")
    put(place, "prd.md", item_text("p1aaaa", "prd", "Shop", body=PRD))
    put(place, "epics/e1aaaa-x.md", item_text("e1aaaa", "epic", "Payments"))
    put(
        place,
        "stories/s1aaaa-x.md",
        item_text("s1aaaa", "story", "Pay", alias="US-1", epic="e1aaaa", covers="[FR-001]", body=PAY),
    )
    put(
        place,
        "stories/s2aaaa-x.md",
        item_text("s2aaaa", "story", "Receipt", alias="US-2", epic="e1aaaa", body="For FR-002."),
    )
    put(place, "stories/s3aaaa-x.md", item_text("s3aaaa", "story", "Polish", alias="US-3", epic="e1aaaa"))
    put(place, "tasks/t1aaaa-x.md", item_text("t1aaaa", "task", "Add pay", parent="s1aaaa", status="done"))
    put(
        place,
        "tasks/t2aaaa-x.md",
        item_text("t2aaaa", "task", "Refuse cards in `shop/pay.py`", parent="s1aaaa", body="Change `shop/pay.py`."),
    )
    commit(place, "chore: plan", {"README.md": "shop\n"})
    commit(
        place, "feat: pay\n\nTask: t1aaaa", {"shop/pay.py": "def pay(card: str) -> bool:\n    return card.isdigit()\n"}
    )
    test = "def test_us_1_a_payment_with_a_valid_card_is_accepted() -> None:\n    assert True\n"
    commit(place, "test: pay\n\nStory: US-1", {"tests/test_pay.py": test})
    return place


class TracingRig(ItemRig):
    """One project, its items, and its traces."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        TracingService(self.desk, self.service).register()


@pytest_asyncio.fixture
async def rig(root: Path) -> AsyncIterator[TracingRig]:
    """The service."""
    rig = TracingRig(root)
    yield rig
    await rig.service.stop()


async def rows(rig: TracingRig, **fields: object) -> dict[str, CoverageRow]:
    """Rows by name."""
    answer = await rig.ask(AskCoverage.model_validate({"project": rig.project.id, "limit": 100, **fields}))
    return {row.name: row for row in answer.rows}


async def test_each_requirement_with_what_there_is_of_it(rig: TracingRig) -> None:
    found = await rows(rig)
    assert list(found) == ["FR-001", "FR-002", "FR-003", "US-3"]
    paid = found["FR-001"]
    assert (paid.stories, paid.tasks, paid.done) == (["s1aaaa"], ["t1aaaa", "t2aaaa"], False)
    assert (paid.tested, paid.criteria, paid.tests_total) == (1, 2, 1)
    assert [(one.path, one.line) for one in paid.tests] == [("tests/test_pay.py", 1)]
    assert paid.code[0].path == "shop/pay.py"
    assert paid.gaps == ["criterion-without-test"]
    assert found["FR-002"].gaps == ["no-task", "no-criteria", "no-test", "no-code"]
    assert found["FR-003"].gaps == ["no-story", "no-test", "no-code"]
    assert found["FR-003"].line == 12
    assert found["US-3"].gaps == ["no-requirement", "no-task", "no-criteria", "no-test", "no-code"]


async def test_the_matrix_comes_in_pages_and_as_a_page_of_its_own(rig: TracingRig) -> None:
    first = await rig.ask(AskCoverage(project=rig.project.id, limit=3, form="html"))
    assert (len(first.rows), first.total, first.next, first.requirements, first.covered) == (3, 4, 3, 3, 0)
    assert first.gaps["no-test"] == 3
    last = await rig.ask(AskCoverage(project=rig.project.id, limit=3, start=3))
    assert ([row.name for row in last.rows], last.next, last.picture) == (["US-3"], 0, "")
    assert first.picture.startswith("<!doctype html>")
    assert "FR-003" in first.picture
    assert "<script" not in first.picture
    assert "http" not in first.picture


async def test_words_of_a_document_are_only_ever_words_in_the_page(rig: TracingRig) -> None:
    put(
        rig.root,
        "prd.md",
        item_text("p1aaaa", "prd", "S", body="## Requirements\n\n- FR-9: <script>alert(1)</script> & more\n"),
    )
    answer = await rig.ask(AskCoverage(project=rig.project.id, form="html"))
    assert "<script" not in answer.picture


async def test_a_plan_without_requirements_says_so(tmp_path: Path, rig: TracingRig) -> None:
    for file in (rig.root / ".ai").rglob("*.md"):
        file.unlink()
    answer = await rig.ask(AskCoverage(project=rig.project.id))
    assert (answer.rows, answer.requirements) == ([], 0)
    assert answer.reason.startswith("the plan has no requirements")


async def test_a_changed_file_puts_its_items_and_requirements_at_risk_also_without_the_index(rig: TracingRig) -> None:
    answer = await rig.ask(AskPlanImpact(project=rig.project.id, subject="shop/pay.py"))
    assert answer.notices[0].startswith("the code index does not answer")
    found = {one.name or one.id: one for one in answer.risks}
    assert found["t1aaaa"].path == ["shop/pay.py: it is what changes", found["t1aaaa"].path[1]]
    assert "changed it (trailer)" in found["t1aaaa"].path[1]
    assert found["t2aaaa"].path[1] == "its text names shop/pay.py"
    assert found["t1aaaa"].certain > found["t2aaaa"].certain
    nothing = await rig.ask(AskPlanImpact(project=rig.project.id, subject="other.py"))
    assert (nothing.risks, nothing.reason) == ([], "nothing in the plan is linked to it")


async def test_the_index_carries_a_change_to_what_uses_it_and_to_its_tests(rig: TracingRig) -> None:
    def defined(name: str, path: str) -> Defined:
        return Defined(name=name, kind="function", path=path, line=1, end_line=2)

    async def impact(request: AskImpact, context: Context) -> ImpactAnswer:
        assert request.symbol == "digits"
        test = defined("test_us_1_a_payment_with_a_valid_card_is_accepted", "tests/test_pay.py")
        return ImpactAnswer(
            definitions=[defined("digits", "shop/words.py")],
            affected=[Affected(symbol=defined("pay", "shop/pay.py"), distance=1, confidence="by name")],
            tests=[Affected(symbol=test, distance=2, confidence="by name")],
        )

    rig.hub.connect("code").serve(AskImpact, impact)
    answer = await rig.ask(AskPlanImpact(project=rig.project.id, subject="digits"))
    found = {one.name or one.id: one for one in answer.risks}
    assert found["t1aaaa"].path[0] == "shop/pay.py: 1 step away"
    assert "US-1" in found
    assert found["FR-001"].path[-1] == "US-1 carries it"
    assert [(one.path, one.why) for one in answer.files] == [
        ("shop/words.py", "it is what changes"), ("shop/pay.py", "1 step away"),
    ]  # fmt: skip


async def test_an_item_says_which_files_it_will_touch_and_with_whom(rig: TracingRig) -> None:
    put(rig.root, "tasks/t3aaaa-x.md", item_text("t3aaaa", "task", "Round", parent="s2aaaa", body="In `shop/pay.py`."))
    answer = await rig.ask(AskPlanImpact(project=rig.project.id, subject="t2aaaa"))
    assert (answer.subject, [one.path for one in answer.files]) == ("task t2aaaa", ["shop/pay.py"])
    assert [(one.id, one.files) for one in answer.risks] == [("s2aaaa", ["shop/pay.py"]), ("t3aaaa", ["shop/pay.py"])]
    assert answer.risks[0].path == ["both touch shop/pay.py"]
    put(rig.root, "tasks/t4aaaa-x.md", item_text("t4aaaa", "task", "Later", parent="s1aaaa"))
    like = await rig.ask(AskPlanImpact(project=rig.project.id, subject="t4aaaa"))
    assert like.files[0].why == "t1aaaa, done before it, touched it"
    lonely = await rig.ask(AskPlanImpact(project=rig.project.id, subject="US-3"))
    assert lonely.reason.startswith("it names no file or symbol")
    put(rig.root, "tasks/t5aaaa-x.md", item_text("t5aaaa", "task", "Twice", alias="US-3"))
    with pytest.raises(UsageProblem, match="may be one of"):
        await rig.ask(AskPlanImpact(project=rig.project.id, subject="US-3"))
