"""Words for commits and pull requests: what a model says is held to the diff, to the bound and to the manner."""

from __future__ import annotations

import json

import pytest

from assist_rig import Rig
from aura_factory.assist.grounding import words_of
from aura_factory.assist.sifting import Sieve, one_phrase, paragraph
from aura_shared.errors import BadAnswer, ModelDropped, ModelUnreachable, NoModel
from aura_shared.messages.models import Completion
from aura_shared.messages.wording import WordCommit, WordPull

pytestmark = pytest.mark.asyncio(loop_scope="module")

DIFF = """\
diff --git a/shop/cart.py b/shop/cart.py
--- a/shop/cart.py
+++ b/shop/cart.py
@@ -1,3 +1,6 @@ class Cart:
 def total(self) -> int:
-    return 0
+    return sum(item.price_cents for item in self.items)
"""
KNOWN = words_of([DIFF])


def said(**data: object) -> Completion:
    return Completion.model_validate(
        {"call": "c", "text": json.dumps(data), "data": data, "model": "test/model", "tokens_in": 9, "tokens_out": 3}
    )


def commit(rig: Rig, **more: object) -> WordCommit:
    given = {"project": rig.id, "diff": DIFF, "files": ["M shop/cart.py"], "kind": "feat", "scope": "cart"}
    return WordCommit.model_validate({**given, **more})


@pytest.mark.requirement("G1")
async def test_a_grounded_answer_is_taken_as_it_is(rig: Rig) -> None:
    rig.models.answers = [said(description="sum the prices of all items", body=["`Cart.total` was always 0."])]
    answer = await rig.ask(commit(rig, task="Totals are wrong."))
    assert (answer.description, answer.body) == ("sum the prices of all items", "`Cart.total` was always 0.")
    assert (answer.model, answer.calls, answer.dropped) == ("test/model", 1, [])
    asked = rig.models.asked[0]
    assert (asked.prompt, asked.role, asked.gated) == ("word-commit@1", "review", True)
    assert asked.answer_schema is not None
    assert "Header so far: feat(cart):" in rig.models.prompt()
    assert "at most 60 characters" in rig.models.prompt()
    assert "Totals are wrong." in rig.models.prompt()
    assert rig.models.gates == [(True, "wording")]


@pytest.mark.requirement("G1")
async def test_a_fault_is_named_and_a_second_answer_asked_for(rig: Rig) -> None:
    rig.models.answers = [
        said(description="use CartCalculator for the total", body=[]),
        said(description="sum the prices", body=["It calls `resetCart` first.", "The total was 0."]),
    ]
    answer = await rig.ask(commit(rig))
    assert (answer.description, answer.body, answer.calls) == ("sum the prices", "The total was 0.", 2)
    assert [one.text for one in answer.dropped] == ["It calls `resetCart` first."]
    assert answer.dropped[0].reason == "names `resetCart`, which the change does not show"
    turns = rig.models.asked[1].turns
    assert [turn.role for turn in turns] == ["system", "user", "assistant", "user"]
    assert "names `CartCalculator`, which the change does not show" in turns[-1].content
    assert rig.models.gates == [(False, "wording"), (False, "wording")]


@pytest.mark.requirement("G1")
async def test_the_header_keeps_its_bound_even_when_the_model_does_not(rig: Rig) -> None:
    long = "sum the prices of all items in the cart because the total has always been zero"
    rig.models.answers = [said(description=long, body=[]), said(description=long, body=[])]
    answer = await rig.ask(commit(rig, max_header=50))
    assert answer.description == "sum the prices of all items in the cart"[:38].rsplit(" in ")[0]
    assert len(f"feat(cart): {answer.description}") <= 50
    assert answer.dropped[0].text == long


@pytest.mark.parametrize("prefix", ["fix(cart):", "fix(cart): "])
async def test_a_prefix_of_the_caller_counts_with_its_space(rig: Rig, prefix: str) -> None:
    rig.models.answers = [said(description="fix(cart): sum the prices", body=[])]
    answer = await rig.ask(commit(rig, prefix=prefix))
    assert answer.description == "sum the prices"
    assert "at most 61 characters" in rig.models.prompt()


async def test_a_name_that_stays_unknown_is_cut_from_the_header(rig: Rig) -> None:
    rig.models.answers = [said(description="sum the prices with CartCalculator", body=[])] * 2
    assert (await rig.ask(commit(rig))).description == "sum the prices"


async def test_a_header_without_anything_known_is_no_answer(rig: Rig) -> None:
    rig.models.answers = [said(description="CartCalculator rewritten", body=[])] * 2
    with pytest.raises(BadAnswer, match="no first line that can be used: The first line names `CartCalculator`"):
        await rig.ask(commit(rig))


@pytest.mark.requirement("G1")
async def test_without_a_model_the_caller_is_told_at_once(rig: Rig) -> None:
    rig.models.known = False
    with pytest.raises(NoModel, match="no model"):
        await rig.ask(commit(rig))
    assert rig.models.asked == []


async def test_a_model_that_fails_is_an_error_and_a_second_failure_leaves_the_first_answer(rig: Rig) -> None:
    rig.models.answers = [ModelUnreachable("nobody listens")]
    with pytest.raises(ModelUnreachable):
        await rig.ask(commit(rig))
    rig.models.answers = [said(description="sum prices", body=["See `Basket`."]), ModelDropped("gone")]
    answer = await rig.ask(commit(rig))
    assert (answer.description, answer.body) == ("sum prices", "")
    assert "the second answer failed: gone" in answer.notes


async def test_the_manner_of_the_repository_is_kept(rig: Rig) -> None:
    rig.models.answers = [said(description="feat(cart): sum prices.", body=[])]
    answer = await rig.ask(commit(rig, capitalised=True, full_stop=True))
    assert answer.description == "Sum prices."
    assert "beginning with a capital letter, with a full stop" in rig.models.prompt()


async def test_a_diff_without_room_leaves_files_and_definitions(rig: Rig) -> None:
    rig.models.context_tokens = 1600
    long = DIFF + "".join(f"+line_{number} = {number}\n" for number in range(4000))
    rig.models.answers = [said(description="sum prices", body=[])]
    answer = await rig.ask(commit(rig, diff=long, symbols=["changed Cart.total"]))
    assert answer.notes[0].startswith("left out of the prompt for its length: diff: shop/cart.py")
    assert "changed Cart.total" in rig.models.prompt()
    assert len(rig.models.prompt()) < 6000


@pytest.mark.requirement("G4")
async def test_a_pull_request_is_worded_by_type_and_template(rig: Rig) -> None:
    rig.models.answers = [
        said(
            title="Totals of carts", why=["Totals were 0."],
            summary=[
                {"type": "feat", "items": ["`Cart.total` sums prices", "adds `Basket.total`"]},
                {"type": "perf", "items": ["is faster"]},
            ],
            headings=[{"heading": "what", "text": "Sums."}, {"heading": "Other", "text": "x"}],
        )
    ] * 2  # fmt: skip
    request = WordPull(
        project=rig.id, commits=["feat(cart): total", "fix: prices\n\nBody"], diffstat=["shop/cart.py +1 -1"],
        diff=DIFF, headings=["What", "Screenshots"], title="feat(cart): total", task="Totals",
    )  # fmt: skip
    answer = await rig.ask(request)
    assert (answer.title, answer.why) == ("Totals of carts", "Totals were 0.")
    assert answer.summary == {"feat": ["`Cart.total` sums prices"]}
    assert answer.headings == {"What": "Sums."}
    assert [one.text for one in answer.dropped] == ["adds `Basket.total`"]
    assert "for the types feat, fix;" in rig.models.prompt(0)


async def test_a_pull_request_needs_no_diff(rig: Rig) -> None:
    rig.models.answers = [said(title="Carts", why=["All tests pass."], summary=[], headings=[])] * 2
    answer = await rig.ask(WordPull(project=rig.id, commits=["total of carts"]))
    assert (answer.title, answer.why) == ("Carts", "")
    assert answer.dropped[0].reason == "claims what a model cannot know"


@pytest.mark.parametrize(
    "sentence",
    ["Signed-off-by: Eve <e@x>", "BREAKING CHANGE: all", "Fixes: #1", "Refs #12", "Tests pass now.", "It was tested."],
)
async def test_what_would_read_as_a_footer_or_claims_too_much_is_dropped(sentence: str) -> None:
    sieve = Sieve(KNOWN)
    assert sieve.sentences([f"Sums prices.\n{sentence}"]) == ["Sums prices."]
    assert [one.text for one in sieve.dropped] == [sentence]


@pytest.mark.parametrize(
    ("text", "prefix", "capitalised", "phrase"),
    [
        ("Add  a\ntotal.", "feat: ", False, "add a total"),
        ("feat(x)!: add", "feat: ", False, "add"),
        ("cart: add", "", False, "cart: add"),
        ("HTTP is there", "feat: ", False, "HTTP is there"),
        ("`total` sums", "feat: ", True, "`total` sums"),
        ("add", "feat: ", True, "Add"),
        ("# add", "", None, "add"),
        ("", "", True, ""),
    ],
)
async def test_a_phrase_is_one_line_in_the_manner_of_the_repository(
    text: str, prefix: str, capitalised: bool | None, phrase: str
) -> None:
    assert one_phrase(text, prefix, capitalised=capitalised) == phrase


async def test_a_cut_leaves_neither_half_a_name_nor_a_word_that_leads_nowhere() -> None:
    sieve = Sieve(KNOWN)
    assert sieve.header("sum the prices with `total items` now", 30, cut=True) == "sum the prices"
    assert sieve.header("", 30, cut=True) == ""
    assert Sieve(KNOWN).header("internationalisation", 8, cut=True) == ""


async def test_a_body_is_wrapped_and_never_breaks_a_word() -> None:
    lines = paragraph(["word " * 30, "x" * 90], width=72).splitlines()
    assert all(len(line) <= 72 for line in lines[:-1])
    assert lines[-1] == "x" * 90
