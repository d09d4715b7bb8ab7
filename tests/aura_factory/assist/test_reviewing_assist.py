"""Reviews: the measured facts in three forms, and a model's summary that is held to the change."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fluidattacks_core.sarif import SarifLog

from assist_review_facts import FACTS
from assist_rig import Rig
from aura_factory.assist.review_texts import Review, as_json, as_markdown, plain_summary
from aura_factory.assist.sarif import as_sarif
from aura_shared.errors import ModelDropped, NotFound, SchemaMismatch, UsageProblem
from aura_shared.messages.assist import ReviewChange
from aura_shared.messages.models import Completion
from aura_shared.messages.review import GatherReview, ReviewFacts

pytestmark = pytest.mark.asyncio(loop_scope="module")


def said(summary: list[str], questions: list[str] | None = None) -> Completion:
    data = {"summary": [*summary], "questions": [*(questions or [])]}
    return Completion.model_validate({"call": "c", "text": json.dumps(data), "data": data, "model": "test/model"})


def wants(rig: Rig, **more: object) -> ReviewChange:
    return ReviewChange.model_validate({"project": rig.id, "what": "range", "revision": "main..feature", **more})


@pytest.mark.requirement("C8", "L5")
async def test_a_review_needs_no_model(rig: Rig) -> None:
    asked = rig.answer_code(GatherReview, FACTS)
    answer = await rig.ask(wants(rig, model="never", paths=["shop/**"]))
    assert asked == [GatherReview(project=rig.id, what="range", revision="main..feature", paths=["shop/**"])]
    assert answer.facts == FACTS
    assert answer.summary == (
        "Changes 3 files (2 modified, 1 renamed): 2 lines added, 2 removed. It touches `read_price`. "
        "2 files use what it changes. It changes 1 file of tests."
    )
    assert answer.content == as_markdown(Review(FACTS, answer.summary))
    assert answer.use.would_add.startswith("A model would say in a few sentences")


@pytest.mark.requirement("C8")
async def test_markdown_has_everything_in_the_order_of_its_weight(rig: Rig) -> None:
    text = as_markdown(Review(FACTS, "It does it.", ("And the sign?",)))
    order = (
        "# Review: feat: prices with a sign", "main..feature", "It does it.", "## Risk: medium (0.51)",
        "## Changes of what others use (1 breaking)", "## Findings on changed lines (1, 2 mended)", "## Not tested (1)",
        "## Questions to the author", "## Files, in the order", "## Tests that reach it (20)",
    )  # fmt: skip
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    for line in (
        "- **breaking** removed `parse_price` shop/prices.py:11: parse_price(text) is gone; 3 places use it",
        "  - not changed with it: shop/cart.py:9",
        "- warning shop/prices.py:13: `int` may fail. (`unchecked-parse`) It ends the request.",
        "  -a",
        "- `read_price` shop/prices.py:11: No test reaches it. tests/test_prices.py, with a comma.",
        "- shop/prices.py:11: what about its 3 users?",
        "- And the sign? *(asked by a model)*",
        "- modified generated dist/app.min.js +1 -1",
        "- renamed test tests/test_new.py (was tests/test_old.py) +0 -0",
        "- and 5 more",
    ):
        assert line in text.split("\n")


async def test_an_empty_change_has_a_short_review(rig: Rig) -> None:
    rig.answer_code(GatherReview, ReviewFacts(head="work tree", reason="Nothing is changed."))
    answer = await rig.ask(ReviewChange(project=rig.id))
    assert answer.content == "# Review: work tree\n\nNothing is changed.\n"
    assert answer.use.why_not == "there is nothing to review"
    assert rig.models.asked == []


@pytest.mark.requirement("C8")
async def test_a_model_summarises_and_asks_and_what_it_makes_up_is_dropped(rig: Rig) -> None:
    rig.answer_code(GatherReview, FACTS)
    rig.models.answers = [
        said(
            ["Renames `parse_price` to `read_price`. It also rewrites `DatabasePool`.", "The sign is new."],
            ["What is `sign` for?", "Why is `retry_loop` unbounded?", "a?", "b?", "c?", "d?"],
        )
    ]
    answer = await rig.ask(wants(rig))
    assert answer.summary == "Renames `parse_price` to `read_price`. The sign is new."
    for kept in ("- What is `sign` for? *(asked by a model)*", "- d? *(asked by a model)*"):
        assert kept in answer.content
    assert "retry_loop" not in answer.content
    assert "DatabasePool" not in answer.content
    assert answer.facts == FACTS
    assert answer.use.notes[0] == "2 statements of the model name what the change does not show: dropped"
    assert rig.models.gates == [(True, "names")]
    request = rig.models.asked[0]
    assert (request.role, request.task, request.prompt) == ("review", "review", "review-summary@1")
    assert request.answer_schema is not None
    assert "- breaking: removed parse_price: parse_price(text) is gone" in rig.models.prompt()


async def test_what_nobody_reads_is_left_out_first(rig: Rig) -> None:
    long = FACTS.diff.replace("+minified_thing", "+minified_thing" * 500)
    rig.answer_code(GatherReview, FACTS.model_copy(update={"diff": long}))
    rig.models.context_tokens = 2400
    rig.models.answers = [said(["It renames `read_price`."])]
    answer = await rig.ask(wants(rig))
    assert "minified_thing" not in rig.models.prompt()
    assert "+def read_price" in rig.models.prompt()
    assert any("dist/app.min.js" in note for note in answer.use.notes)


async def test_a_context_without_room_for_the_change_asks_no_model(rig: Rig) -> None:
    rig.answer_code(GatherReview, FACTS)
    rig.models.context_tokens = 400
    answer = await rig.ask(wants(rig))
    assert rig.models.asked == []
    assert answer.summary.startswith("Changes 3 files")
    assert answer.use.notes == ["the context of 400 tokens has no room for the change"]


@pytest.mark.requirement("L5")
@pytest.mark.parametrize("error", [ModelDropped("gone"), SchemaMismatch("summary: expected an array, found a text")])
async def test_a_model_that_fails_leaves_the_measured_review(rig: Rig, error: ModelDropped | SchemaMismatch) -> None:
    rig.answer_code(GatherReview, FACTS)
    rig.models.answers = [error]
    answer = await rig.ask(wants(rig))
    assert answer.summary == plain_summary(FACTS)
    assert answer.use.notes == [f"{error.code}: {error.message}"]


async def test_a_summary_of_which_nothing_is_left_is_replaced_by_the_counted_one(rig: Rig) -> None:
    rig.answer_code(GatherReview, FACTS)
    rig.models.answers = [said(["Adds `DatabasePool`."])]
    answer = await rig.ask(wants(rig))
    assert answer.summary == plain_summary(FACTS)
    assert rig.models.gates == [(False, "names")]


@pytest.mark.parametrize(
    ("fields", "text"),
    [({"revision": " "}, "no range is named"), ({"what": "patch", "revision": "", "patch": "\n"}, "patch is empty")],
)
async def test_a_request_without_its_change_is_refused(rig: Rig, fields: dict[str, object], text: str) -> None:
    with pytest.raises(UsageProblem, match=text):
        await rig.ask(wants(rig, **fields))


async def test_what_the_code_service_says_of_a_bad_range_is_passed_on(rig: Rig) -> None:
    rig.answer_code(GatherReview, NotFound("there is no commit 'nowhere'"))
    with pytest.raises(NotFound, match="nowhere"):
        await rig.ask(wants(rig, revision="nowhere..main"))


@pytest.mark.requirement("C8")
async def test_json_holds_all_but_the_diff(rig: Rig) -> None:
    rig.answer_code(GatherReview, FACTS)
    content: dict[str, Any] = json.loads((await rig.ask(wants(rig, model="never", format="json"))).content)
    assert content["format"] == "aura-review/1"
    assert content["summary"] == plain_summary(FACTS)
    assert content["findings"][0]["rule"] == "unchecked-parse"
    assert "diff" not in content
    assert json.loads(as_json(Review(FACTS, "x", ("y?",))))["model_questions"] == ["y?"]


@pytest.mark.requirement("C8")
async def test_sarif_holds_to_the_standard_and_nothing_in_it_comes_from_a_model(rig: Rig) -> None:
    rig.answer_code(GatherReview, FACTS)
    rig.models.answers = [said(["It renames `read_price`."], ["What is `sign` for?"])]
    content = (await rig.ask(wants(rig, format="sarif"))).content
    assert "What is" not in content
    assert content == as_sarif(Review(FACTS, "anything"))
    log: dict[str, Any] = json.loads(content)
    SarifLog.model_validate(log)
    (run,) = log["runs"]
    assert [(one["ruleId"], one["level"]) for one in run["results"]] == [
        ("unchecked-parse", "warning"), ("breaking-api-change", "warning"), ("untested-change", "note"),
    ]  # fmt: skip
    for one in run["results"]:
        assert run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == one["ruleId"]
    assert run["results"][0]["partialFingerprints"] == {"aura/v1": "f" * 32}
    assert "Not changed with it: shop/cart.py:9." in run["results"][1]["message"]["text"]
