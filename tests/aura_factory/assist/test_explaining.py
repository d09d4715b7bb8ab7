"""Explaining a place, a definition or a finding, with a model and without."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from assist_rig import Rig
from aura_shared.errors import (
    BadAnswer,
    ContextOverflow,
    IndexBuilding,
    ModelDropped,
    ModelTimeout,
    NoModel,
    NotFound,
    UnknownProject,
    UsageProblem,
)
from aura_shared.messages.assist import Citation, ExplainCode
from aura_shared.messages.findings import ExplainFinding, FileFix, FindingExplanation, FindingInfo
from aura_shared.messages.models import Attempt, Completion
from aura_shared.messages.structure import FindCalls

pytestmark = pytest.mark.asyncio(loop_scope="module")
TOTAL = Citation(path="shop/cart.py", start_line=16, end_line=18, symbol="Cart.total")
FINDING = FindingInfo(
    id="3f9a1c07", fingerprint="3f9a1c07" * 4, rule="unchecked-parse", level="warning", category="correctness",
    path="shop/prices.py", start_line=13, end_line=13, message="`int` may fail.", symbol="parse_price",
)  # fmt: skip


@pytest.mark.requirement("C4", "L5")
async def test_a_definition_is_explained_without_a_model(rig: Rig) -> None:
    answer = await rig.ask(ExplainCode(project=rig.id, symbol="Cart.total", model="never"))
    assert answer.text == (
        "**Method Cart.total in shop/cart.py:16-18**\n\n```python\ndef total(self) -> int\n```\n\n"
        "Sum of all lines in cents.\n\n"
        "**Called by**\n- `test_total` tests/test_cart.py:5, line 8\n\n"
        "**Tests that reach it (1)**\n- `test_total` tests/test_cart.py:5\n\n"
        "**If it changes**: 0 places in 0 files use Cart.total, 0 of them directly; 1 test reaches it.\n\n"
        "**History**: the file changed in 1 commit by 1 person within 365 days; complexity 3."
    )
    assert answer.citations[0] == TOTAL
    assert answer.citations[1].symbol == "test_total"
    assert (answer.use.model, answer.use.why_not) == ("", "it was asked for without a model")
    assert answer.use.would_add.startswith("A model would say in words")
    assert rig.models.asked == []


@pytest.mark.requirement("L5")
async def test_without_any_model_it_says_why_and_what_one_would_add(rig: Rig) -> None:
    rig.models.known = False
    answer = await rig.ask(ExplainCode(project=rig.id, symbol="parse_price"))
    assert "Function parse_price in shop/prices.py:11-13" in answer.text
    assert answer.use.why_not == "no model server answers"
    assert answer.use.would_add


async def test_a_model_that_is_insisted_on_and_not_there_is_an_error(rig: Rig) -> None:
    rig.models.known = False
    with pytest.raises(NoModel, match="no model server answers"):
        await rig.ask(ExplainCode(project=rig.id, symbol="parse_price", model="always"))


@pytest.mark.requirement("C4")
async def test_a_model_gets_the_code_and_the_facts_and_its_words_come_first(rig: Rig) -> None:
    rig.models.answers = ["It sums what `price.cents` says of every line of the cart."]
    answer = await rig.ask(ExplainCode(project=rig.id, symbol="Cart.total", question="Why cents?"))
    words, _, facts = answer.text.partition("\n\n---\n\n")
    assert words == "It sums what `price.cents` says of every line of the cart."
    assert facts.startswith("**Method Cart.total")
    prompt = rig.models.prompt()
    assert "Explain the method Cart.total in shop/cart.py:16-18." in prompt
    assert "The developer asks in particular: Why cents?" in prompt
    assert "return sum(price.cents for price in self.lines)" in prompt
    assert "- called by: `test_total` tests/test_cart.py:5, line 8" in prompt
    assert "(tests it)" in prompt
    request = rig.models.asked[0]
    assert (request.task, request.role, request.prompt, request.stream) == ("explain", "code", "explain@1", True)
    assert any(part.name.startswith("context: tests/test_cart.py") for part in request.parts)
    assert (answer.use.model, answer.use.calls, answer.use.tokens_in) == ("test/model", 1, 100)
    assert answer.use.would_add == ""
    assert rig.models.gates == [(True, "names")]


async def test_text_streams_as_it_arrives_and_notes_say_what_is_done(rig: Rig) -> None:
    rig.models.answers = ["It adds `price` to the lines."]
    await rig.ask(ExplainCode(project=rig.id, symbol="Cart.add_line"))
    assert rig.streamed == "It adds `price` to the lines."
    assert rig.notes == ["Looking at the code …", "Asking the model …"]


async def test_names_that_the_model_made_up_are_said_to_be_so(rig: Rig) -> None:
    rig.models.answers = ["It calls `apply_discount` before it sums the `lines`."]
    answer = await rig.ask(ExplainCode(project=rig.id, symbol="Cart.total"))
    assert "perhaps made up: `apply_discount`.*" in answer.text
    assert rig.models.gates == [(False, "names")]


@pytest.mark.parametrize(
    "error",
    [
        ModelTimeout("no token within 120 s"),
        ModelDropped("the connection ended after 12 characters"),
        BadAnswer("HTML came instead of JSON"),
        ContextOverflow("the prompt has 9000 tokens and the answer 700, the context 4096; leave out context: a.py"),
    ],
    ids=["hangs", "drops", "answers HTML", "does not fit"],
)
async def test_a_model_that_fails_leaves_the_facts(rig: Rig, error: Exception) -> None:
    assert isinstance(error, (ModelTimeout, ModelDropped, BadAnswer, ContextOverflow))
    rig.models.answers = [error]
    answer = await rig.ask(ExplainCode(project=rig.id, symbol="Cart.total"))
    assert answer.text.startswith("**Method Cart.total")
    assert answer.use.notes == [f"{error.code}: {error.message}"]
    assert answer.use.why_not == error.message
    rig.models.answers = [error]
    with pytest.raises(type(error), match=error.message[:20]):
        await rig.ask(ExplainCode(project=rig.id, symbol="Cart.total", model="always"))


async def test_an_empty_answer_counts_as_none(rig: Rig) -> None:
    rig.models.answers = ["  \n"]
    answer = await rig.ask(ExplainCode(project=rig.id, symbol="Cart.total"))
    assert answer.text.startswith("**Method Cart.total")


async def test_models_that_were_tried_before_and_cut_answers_are_noted(rig: Rig) -> None:
    tried = [Attempt(model="a/b", outcome="model_timeout", seconds=1, detail="slow"),
             Attempt(model="test/model", outcome="ok", seconds=1)]  # fmt: skip
    rig.models.answers = [Completion(call="c", text="It sums.", model="test/model", finish="length", attempts=tried)]
    answer = await rig.ask(ExplainCode(project=rig.id, symbol="Cart.total"))
    assert answer.use.notes == ["a/b model_timeout: slow", "the answer was cut by the bound on its tokens"]


async def test_a_place_is_explained_by_the_definition_around_it(rig: Rig) -> None:
    answer = await rig.ask(ExplainCode(project=rig.id, path="shop/cart.py", line=18, model="never"))
    assert answer.text.startswith("**Line 18 of the method Cart.total in shop/cart.py:16-18**")
    answer = await rig.ask(ExplainCode(project=rig.id, path="shop/cart.py", line=3, model="never"))
    assert (
        "**Line 3 of shop/cart.py**\n\nIt lies in no definition; `shop/cart.py:1-15` is what stands around it."
        in answer.text
    )


async def test_a_class_is_explained_by_who_uses_it(rig: Rig) -> None:
    answer = await rig.ask(ExplainCode(project=rig.id, symbol="Price", model="never"))
    assert "**Class Price in shop/prices.py:6-8**" in answer.text
    assert "**Used in " in answer.text
    assert "`self.lines: list[Price] = []` shop/cart.py:10" in answer.text


async def test_a_file_is_explained_by_what_it_defines_and_imports(rig: Rig) -> None:
    answer = await rig.ask(ExplainCode(project=rig.id, path="shop/cart.py", model="never"))
    assert answer.text.startswith(
        "**File shop/cart.py**\n\n18 lines of python.\n\n**It defines**\n- `Cart` (class, line 6)"
    )
    assert "**It imports** `shop.prices`" in answer.text


@pytest.mark.requirement("C4")
async def test_a_finding_is_explained_with_why_how_and_its_fix(rig: Rig) -> None:
    found = FindingExplanation(
        finding=FINDING, title="A number is read without a check", what="It reports int().", why="It ends the request.",
        how="Catch ValueError.", code="def parse_price(text):\n    whole = 1\n    return Price(int(whole))",
        code_start_line=11, fix=FileFix(path="shop/prices.py", diff="-a\n+b"), silence=["# aura: ignore"],
        siblings_total=2,
    )  # fmt: skip
    asked = rig.answer_code(ExplainFinding, found)
    answer = await rig.ask(ExplainCode(project=rig.id, finding="3f9a1c07", model="never"))
    assert answer.text.startswith("**shop/prices.py:13** warning: `int` may fail. (`unchecked-parse`)\n\n**What**")
    for part in ("**Why it matters**\n\nIt ends the request.", "**How to mend it**", "```diff\n-a\n+b\n```",
                 "- # aura: ignore", "2 other places"):  # fmt: skip
        assert part in answer.text
    assert answer.citations == [Citation(path="shop/prices.py", start_line=13, end_line=13, symbol="parse_price")]
    rig.models.answers = ["`int` fails on an empty `whole`."]
    answer = await rig.ask(ExplainCode(project=rig.id, finding="3f9a1c07"))
    assert answer.text.startswith("`int` fails on an empty `whole`.\n\n---\n\n**shop/prices.py:13**")
    assert rig.models.asked[0].prompt == "explain-finding@1"
    assert "It ends the request." in rig.models.prompt()
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("request_fields", "error", "text"),
    [
        ({"symbol": "Crat"}, NotFound, "no definition is called 'Crat'"),
        ({"symbol": "total", "path": "shop/prices.py"}, NotFound, "'total' in shop/prices.py"),
        ({"path": "shop/gone.py"}, NotFound, "gone.py"),
        ({"path": "shop/cart.py", "line": 400}, UsageProblem, "has 18 lines, and no line 400"),
        ({}, UsageProblem, "nothing is named"),
        ({"finding": "deadbeef"}, NotFound, "deadbeef"),
        ({"project": "elsewhere", "symbol": "x"}, UnknownProject, "elsewhere"),
        ({"project": "/no/such/folder", "symbol": "x"}, UnknownProject, "/no/such/folder"),
    ],
)
async def test_what_is_not_there_is_named(
    rig: Rig, request_fields: dict[str, object], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        await rig.ask(ExplainCode.model_validate({"project": rig.id, "model": "never", **request_fields}))


async def test_a_near_name_is_offered(rig: Rig) -> None:
    with pytest.raises(NotFound) as raised:
        await rig.ask(ExplainCode(project=rig.id, symbol="parse", model="never"))
    assert "parse_price (shop/prices.py:11)" in raised.value.hint


async def test_a_project_is_found_by_name_and_by_a_path_inside_it(rig: Rig, shop: Path) -> None:
    for named in ("shop", str(shop / "web")):
        answer = await rig.ask(ExplainCode(project=named, symbol="Cart", model="never"))
        assert "Class Cart" in answer.text


async def test_a_side_question_that_fails_takes_nothing_else_away(rig: Rig) -> None:
    rig.answer_code(FindCalls, NotFound("no structure yet"))
    answer = await rig.ask(ExplainCode(project=rig.id, symbol="Cart.total", model="never"))
    assert "Called by" not in answer.text
    assert "**Tests that reach it (1)**" in answer.text


async def test_taking_the_request_back_ends_the_work_at_the_model(rig: Rig) -> None:
    rig.models.hang = asyncio.Event()
    asking = asyncio.create_task(rig.ask(ExplainCode(project=rig.id, symbol="Cart.total")))
    async with asyncio.timeout(20):
        await rig.models.hanging.wait()
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
        await rig.models.cancelled.wait()


async def test_a_file_without_definitions_and_one_that_is_broken_are_explained(rig: Rig, shop: Path) -> None:
    answer = await rig.ask(ExplainCode(project=rig.id, path="README.md", model="never"))
    assert answer.text.startswith("**File README.md**\n\n3 lines")
    assert "**It defines**" not in answer.text
    await rig.grow(lambda: (shop / "shop/broken.py").write_text("def f(:\n    pass\n", encoding="utf-8"))
    answer = await rig.ask(ExplainCode(project=rig.id, path="shop/broken.py", model="never"))
    assert "It has syntax errors." in answer.text


async def test_other_definitions_of_the_name_are_named(rig: Rig, shop: Path) -> None:
    await rig.grow(lambda: (shop / "shop/second.py").write_text("class Cart:\n    pass\n", encoding="utf-8"))
    answer = await rig.ask(ExplainCode(project=rig.id, symbol="Cart", model="never"))
    assert "**Other definitions of this name**\n- `Cart` shop/" in answer.text


async def test_what_does_not_fit_the_prompt_is_named(rig: Rig) -> None:
    rig.models.context_tokens = 1100
    rig.models.answers = ["It sums the `lines`."]
    answer = await rig.ask(ExplainCode(project=rig.id, symbol="Cart.total"))
    assert answer.use.notes == ["left out of the prompt for its length: the code around it"]
    assert "return sum(price.cents for price in self.lines)" in rig.models.prompt()


async def test_an_index_that_is_being_built_is_said_so_rather_than_done_without(rig: Rig) -> None:
    rig.answer_code(FindCalls, IndexBuilding("the analysis is under way: 3 of 9 files"))
    with pytest.raises(IndexBuilding, match="3 of 9 files"):
        await rig.ask(ExplainCode(project=rig.id, symbol="Cart.total", model="never"))
