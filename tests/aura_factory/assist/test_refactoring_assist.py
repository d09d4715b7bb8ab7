"""Refactoring as checked proposals: by name, towards a goal, or what would pay."""

from __future__ import annotations

from pathlib import Path

import pytest

from assist_rig import Rig
from aura_shared.errors import NoModel, NotFound, UsageProblem
from aura_shared.messages.assist import RefactorCode
from aura_shared.messages.changes import CheckResult, ProposedFile, TextEdit
from aura_shared.messages.refactoring import (
    FindOpportunities,
    OpportunitiesAnswer,
    Opportunity,
    PlanRefactoring,
    RefactoringPlan,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

PLAN = RefactoringPlan(
    title="Rename parse_price to read_price", why="It reads.", certainty="likely", symbols=["parse_price"],
    notes=["shop/cart.py:9 may mean it as well"],
    files=[ProposedFile(path="shop/prices.py", base="0" * 64, edits=[TextEdit(start=1, end=2, text="x")])],
)  # fmt: skip
LOOP = '''\
```python
    def total(self) -> int:
        """Sum of all lines in cents."""
        result = 0
        for price in self.lines:
            result += price.cents
        return result
```
'''


@pytest.mark.requirement("C5", "L5")
async def test_a_named_refactoring_is_planned_checked_and_proposed_without_a_model(rig: Rig) -> None:
    asked = rig.answer_code(PlanRefactoring, PLAN)
    answer = await rig.ask(
        RefactorCode(project=rig.id, kind="rename", symbol="parse_price", new_name="read_price", tests=False)
    )
    assert asked == [PlanRefactoring(project=rig.id, kind="rename", symbol="parse_price", new_name="read_price")]
    assert rig.checks.seen == [(PLAN.files, ["parse_price"], False)]
    assert answer.change is not None
    assert (answer.change.title, answer.change.source) == ("Rename parse_price to read_price", "refactor")
    assert "It reads.\n\nSome places could not be resolved for certain" in answer.change.why
    assert answer.text == "Look at:\n- shop/cart.py:9 may mean it as well"
    assert rig.proposals.kept[0].files == PLAN.files
    assert answer.use.why_not == "a refactoring with a name needs none"
    assert rig.models.asked == []
    assert rig.notes == ["Working out the edits …", "Checking 1 changed files …", "running the tests"]


@pytest.mark.requirement("C5")
async def test_a_refactoring_that_breaks_a_check_is_not_offered(rig: Rig) -> None:
    rig.answer_code(PlanRefactoring, PLAN)
    rig.checks.outcomes = [[CheckResult(name="tests", outcome="failed", detail="1 failed")]]
    answer = await rig.ask(RefactorCode(project=rig.id, kind="rename", symbol="parse_price", new_name="read_price"))
    assert answer.change is None
    assert rig.proposals.kept == []
    assert answer.text.startswith(
        "Rename parse_price to read_price is not offered, since it fails its checks:\n- tests"
    )
    assert "look at shop/cart.py:9" in answer.text


async def test_nothing_to_do_is_said(rig: Rig) -> None:
    rig.answer_code(PlanRefactoring, RefactoringPlan(reason="Every import is used."))
    answer = await rig.ask(RefactorCode(project=rig.id, kind="clean-imports"))
    assert (answer.change, answer.text) == (None, "Every import is used.")
    assert rig.checks.seen == []


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"kind": "rename", "symbol": "x"}, "rename needs the new name"),
        ({"kind": "extract-variable", "path": "a.py", "line": 1}, "extract-variable needs the new name"),
        ({"kind": "inline-variable", "symbol": "x"}, "needs a place"),
        ({"kind": "rename", "goal": "better"}, "either a kind or a goal"),
        ({"goal": "better"}, "needs something that it is about"),
        ({"goal": "better", "path": "shop/new.py"}, "there is no file shop/new.py"),
    ],
)
async def test_requests_that_make_no_sense_are_refused(rig: Rig, fields: dict[str, object], text: str) -> None:
    with pytest.raises(UsageProblem, match=text):
        await rig.ask(RefactorCode.model_validate({"project": rig.id, **fields}))


async def test_what_the_code_service_refuses_is_passed_on(rig: Rig) -> None:
    rig.answer_code(PlanRefactoring, NotFound("no definition is called 'nowhere'"))
    with pytest.raises(NotFound, match="nowhere"):
        await rig.ask(RefactorCode(project=rig.id, kind="rename", symbol="nowhere", new_name="x"))


@pytest.mark.requirement("C5")
async def test_a_goal_is_reached_by_a_model_and_behaviour_is_to_stay(rig: Rig, shop: Path) -> None:
    rig.models.answers = [LOOP]
    rig.models.formats = ["symbol"]
    answer = await rig.ask(RefactorCode(project=rig.id, goal="Use a plain loop.", symbol="Cart.total"))
    assert answer.change is not None, answer.text
    assert (answer.change.source, answer.change.title) == ("refactor", "Use a plain loop")
    assert "result += price.cents" in rig.proposals.text("shop/cart.py")
    assert "This is a refactoring: what the code does, its public names" in rig.models.prompt()
    assert rig.models.asked[0].task == "refactor"
    assert rig.checks.seen[0][1] == ["Cart.total"]


async def test_a_goal_for_a_place_is_about_the_definition_around_it(rig: Rig) -> None:
    rig.models.answers = [LOOP]
    rig.models.formats = ["symbol"]
    answer = await rig.ask(RefactorCode(project=rig.id, goal="Use a plain loop.", path="shop/cart.py", line=18))
    assert answer.change is not None, answer.text
    assert "Place: shop/cart.py, Cart.total" in rig.models.prompt()


@pytest.mark.requirement("L5")
async def test_a_goal_without_a_model_says_what_one_would_do(rig: Rig) -> None:
    rig.models.known = False
    answer = await rig.ask(RefactorCode(project=rig.id, goal="Use a loop.", symbol="Cart.total"))
    assert answer.change is None
    assert answer.text.startswith("No model takes part (no model server answers), and a goal in words needs one.")
    with pytest.raises(NoModel):
        await rig.ask(RefactorCode(project=rig.id, goal="Use a loop.", symbol="Cart.total", model="always"))


async def test_a_goal_that_no_answer_reaches_says_what_was_refused(rig: Rig) -> None:
    rig.models.answers = ["no", "no", "no"]
    answer = await rig.ask(RefactorCode(project=rig.id, goal="Use a loop.", symbol="Cart.total"))
    assert answer.change is None
    assert answer.text.startswith("No change is proposed.\n- round 1: the answer did not fit")


@pytest.mark.requirement("C5")
async def test_without_anything_to_do_it_lists_what_would_pay(rig: Rig) -> None:
    one = Opportunity(kind="remove-dead", title="Remove _never", why="Nothing calls it.", path="shop/cart.py",
                      weight=0.4, deterministic=True, request={"path": "shop/cart.py"})  # fmt: skip
    asked = rig.answer_code(FindOpportunities, OpportunitiesAnswer(opportunities=[one]))
    answer = await rig.ask(RefactorCode(project=rig.id, path="shop/cart.py", paths=["web/**"]))
    assert answer.opportunities == [one]
    assert answer.text == "1 things would pay, the most rewarding first."
    assert asked == [FindOpportunities(project=rig.id, paths=["web/**", "/shop/cart.py"])]
    rig.answer_code(FindOpportunities, OpportunitiesAnswer(reason="Nothing stands out."))
    assert (await rig.ask(RefactorCode(project=rig.id))).text == "Nothing stands out."
