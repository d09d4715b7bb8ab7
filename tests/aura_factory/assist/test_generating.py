"""Writing code as a change to review: prompt, exact edit, checks, again with what was wrong, proposal."""

from __future__ import annotations

from pathlib import Path

import pytest

from assist_rig import Rig
from aura_shared.errors import (
    EditRefused,
    FileMovedOn,
    ModelTimeout,
    NoModel,
    NotAllowed,
    NotFound,
    TooLarge,
    UnsafePath,
    UsageProblem,
)
from aura_shared.messages.assist import GenerateCode
from aura_shared.messages.changes import CheckResult
from aura_shared.messages.findings import FindingInfo, FindingsAnswer, ListFindings, ListRules, RuleInfo, RulesAnswer
from aura_shared.messages.models import Complete, Completion
from aura_shared.messages.refactoring import ConventionsAnswer, Habit, MeasureConventions
from aura_shared.messages.similar import FindSimilar, SimilarAnswer, SimilarPlace

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEW_PRICE = """\
```python
def parse_price(text: str) -> Price:
    whole, _, part = text.replace(',', '.').partition('.')
    return Price(int(whole) * 100 + int(part or 0))
```
"""
NEW_FILE = '''\
Here is the file:

```python
"""Discounts."""

from shop.prices import Price


def half(price: Price) -> Price:
    """Half of a price."""
    return Price(price.cents // 2)
```
'''
FAILED = CheckResult(name="tests", outcome="failed", detail="1 failed\nE   assert 150 == 1500")
PASSED = [CheckResult(name="parse", outcome="passed"), CheckResult(name="tests", outcome="passed")]


def wants(rig: Rig, **more: object) -> GenerateCode:
    fields = {"project": rig.id, "instruction": "Accept a comma as well.", "symbol": "parse_price"}
    return GenerateCode.model_validate({**fields, **more})


@pytest.mark.requirement("C7")
async def test_a_definition_is_changed_and_proposed_with_its_checks(rig: Rig, shop: Path) -> None:
    before = (shop / "shop/prices.py").read_bytes()
    rig.models.answers = [NEW_PRICE]
    answer = await rig.ask(wants(rig, edit_format="symbol"))
    assert answer.change is not None
    assert (answer.change.title, answer.change.source) == ("Accept a comma as well", "generate")
    assert answer.rounds == 1
    assert [check.outcome for check in answer.checks] == ["passed", "passed"]
    expected = before.decode().replace("text.partition('.')", "text.replace(',', '.').partition('.')")
    assert rig.proposals.text("shop/prices.py") == expected
    assert (shop / "shop/prices.py").read_bytes() == before
    (seen,) = rig.checks.seen
    assert seen[1:] == (["parse_price"], True)
    assert rig.models.gates == [(True, "tests")]
    assert rig.models.reported[0].score == 1.0
    request = rig.models.asked[0]
    assert (request.prompt, request.task, request.role, request.gated) == ("edit-symbol@1", "generate", "edit", True)
    assert "Place: shop/prices.py, parse_price\nWhat is wanted: Accept a comma as well." in rig.models.prompt()
    assert "Written by test/model with the prompt edit-symbol@1, 1 answer." in answer.change.why


@pytest.mark.requirement("C7")
async def test_habits_rules_and_neighbours_stand_in_the_prompt(rig: Rig, shop: Path) -> None:
    habit = Habit(topic="quotes", rule="Use double quotes.", share=0.97, seen=120)
    rig.answer_code(MeasureConventions, ConventionsAnswer(language="python", habits=[habit], files=4))
    (shop / "AGENTS.md").write_text("Raise ShopError, never ValueError.", encoding="utf-8")
    (shop / ".cursor/rules").mkdir(parents=True)
    (shop / ".cursor/rules/go.mdc").write_text("---\nglobs: *.go\n---\nOnly for Go.", encoding="utf-8")
    rig.models.answers = [NEW_FILE]
    answer = await rig.ask(
        wants(rig, symbol="", path="shop/discounts.py", instruction="A function `half` for prices in discounts")
    )
    prompt = rig.models.prompt()
    assert "- Use double quotes. (97% of 120 places)" in prompt
    assert "From AGENTS.md:\nRaise ShopError, never ValueError." in prompt
    assert "Only for Go." not in prompt
    assert "shop/cart.py:1-18 (beside it)" in prompt
    assert "Write the file shop/discounts.py." in prompt
    assert rig.models.asked[0].prompt == "generate.python@1"
    assert answer.change is not None
    assert rig.proposals.kept[0].files[0].base == ""
    assert rig.proposals.text("shop/discounts.py").startswith('"""Discounts."""')
    assert not (shop / "shop/discounts.py").exists()


async def test_standards_that_the_file_breaks_and_code_like_it_stand_in_the_prompt(rig: Rig) -> None:
    found = FindingInfo(
        id="3f9a1c07", fingerprint="3f9a1c07" * 4, rule="bare-except", level="warning", category="reliability",
        path="shop/prices.py", start_line=1, end_line=1, message="m",
    )  # fmt: skip
    rule = RuleInfo(id="bare-except", title="Catches everything.", level="warning", category="reliability")
    rig.answer_code(ListFindings, FindingsAnswer(findings=[found]))
    rig.answer_code(ListRules, RulesAnswer(rules=[rule]))
    place = SimilarPlace(path="shop/cart.py", start_line=16, end_line=18, symbol="Cart.total", similarity=0.81)
    rig.answer_code(FindSimilar, SimilarAnswer(places=[place]))
    rig.models.answers = ["no", "no", "no"]
    await rig.ask(wants(rig, symbol="Cart", instruction="Say what it holds.", edit_format="symbol"))
    prompt = rig.models.prompt(0)
    assert "- Avoid: Catches everything." in prompt
    assert "shop/cart.py:16-18 (81% like it)\n```python\n    def total(self) -> int:" in prompt


async def test_habits_are_measured_once_for_many_requests(rig: Rig) -> None:
    asked = rig.answer_code(MeasureConventions, ConventionsAnswer(language="python", files=4))
    rig.models.answers = [NEW_PRICE, NEW_PRICE]
    for _ in range(2):
        await rig.ask(wants(rig, edit_format="symbol"))
    assert len(asked) == 1


async def test_an_answer_that_does_not_fit_is_asked_for_again_with_what_was_wrong(rig: Rig) -> None:
    rig.models.answers = ["I would use replace here.", NEW_PRICE]
    answer = await rig.ask(wants(rig, edit_format="symbol"))
    assert (answer.rounds, answer.change is not None) == (2, True)
    assert rig.models.gates == [(False, "parse"), (True, "tests")]
    turns = rig.models.asked[1].turns
    assert [turn.role for turn in turns] == ["system", "user", "assistant", "user"]
    assert turns[2].content == "I would use replace here."
    assert "Keep the form that was asked for at the beginning." in turns[3].content
    assert answer.change is not None
    assert "round 1: the answer did not fit" in answer.change.why


@pytest.mark.requirement("C7")
async def test_failing_checks_are_shown_to_the_model_once_more(rig: Rig) -> None:
    rig.checks.outcomes = [[FAILED], PASSED]
    rig.models.answers = [NEW_PRICE, NEW_PRICE.replace("','", "', '")]
    answer = await rig.ask(wants(rig, edit_format="symbol"))
    assert (answer.rounds, answer.change is not None) == (2, True)
    last = rig.models.asked[1].turns[-1].content
    assert "- tests: 1 failed" in last
    assert "E   assert 150 == 1500" in last
    assert "Do not weaken or skip a test." in last
    assert rig.models.gates == [(False, "tests"), (True, "tests")]
    assert [turn.role for turn in rig.models.asked[1].turns][-2:] == ["system", "user"]


async def test_after_three_answers_that_fail_nothing_is_offered_and_nothing_is_lost(rig: Rig) -> None:
    rig.checks.outcomes = [[FAILED], [FAILED], [FAILED]]
    rig.models.answers = [NEW_PRICE, NEW_PRICE, NEW_PRICE]
    answer = await rig.ask(wants(rig, edit_format="symbol"))
    assert answer.change is None
    assert (answer.rounds, rig.proposals.kept) == (3, [])
    assert "nothing is offered, since it fails its checks: tests (1 failed)" in answer.text
    assert "+    whole, _, part = text.replace(',', '.').partition('.')" in answer.text
    assert [check.outcome for check in answer.checks] == ["failed"]
    assert len(rig.models.asked) == 3


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "```python\ndef other():\n    pass\n```",
        "```python\ndef parse_price(text: str) -> Price:\n    return (\n```",
        "```python\ndef parse_price(text: str) -> Price:\n    # ... rest unchanged\n```",
        '{"code": "def parse_price(): pass"}',
        "<html><body>502 Bad Gateway</body></html>",
        "x" * 200_000,
    ],
    ids=["empty", "another name", "no syntax", "placeholder", "json", "html", "200 kB"],
)
async def test_bad_answers_change_nothing(rig: Rig, shop: Path, bad: str) -> None:
    before = (shop / "shop/prices.py").read_bytes()
    rig.models.answers = [bad, bad, bad]
    answer = await rig.ask(wants(rig, edit_format="symbol"))
    assert answer.change is None
    assert answer.text.startswith("No change is proposed.\n- round 1: ")
    assert rig.models.gates == [(False, "parse")] * 3
    assert (shop / "shop/prices.py").read_bytes() == before


async def test_an_answer_that_was_cut_is_never_applied(rig: Rig) -> None:
    cut = Completion(call="c", text=NEW_PRICE, model="test/model", finish="length")
    rig.models.answers = [cut, NEW_PRICE]
    answer = await rig.ask(wants(rig, edit_format="symbol"))
    assert (answer.rounds, answer.change is not None) == (2, True)
    assert "the answer was cut by the bound on its tokens" in answer.use.notes


async def test_an_answer_that_changes_nothing_is_no_change(rig: Rig, shop: Path) -> None:
    same = f"```python\n{(shop / 'shop/prices.py').read_text()}```"
    rig.models.answers = [same, same, same]
    answer = await rig.ask(wants(rig, edit_format="whole"))
    assert answer.change is None
    assert "the answer changes nothing" in answer.text


async def test_search_and_replace_is_used_where_it_is_asked_for(rig: Rig) -> None:
    rig.models.answers = [
        "<<<<<<< SEARCH\n    whole, _, part = text.partition('.')\n=======\n"
        "    whole, _, part = text.replace(',', '.').partition('.')\n>>>>>>> REPLACE\n"
    ]
    answer = await rig.ask(wants(rig, edit_format="search-replace"))
    assert answer.change is not None
    assert rig.models.asked[0].prompt == "edit-search-replace@1"
    assert "replace(',', '.')" in rig.proposals.text("shop/prices.py")


async def test_a_short_file_is_written_whole_and_room_for_it_is_asked_for(rig: Rig, shop: Path) -> None:
    text = (shop / "shop/prices.py").read_text().replace("partition('.')", "partition(',')")
    rig.models.answers = [f"```python\n{text}```"]
    answer = await rig.ask(wants(rig, symbol="", path="shop/prices.py"))
    assert answer.change is not None
    assert rig.models.asked[0].prompt == "edit-whole@1"
    assert rig.models.asked[0].max_tokens > 512


async def test_in_a_long_file_the_definition_that_is_meant_is_chosen(rig: Rig, shop: Path) -> None:
    padding = "\n".join(f"\n\ndef filler_{number}() -> int:\n    return {number}" for number in range(120))
    long = shop / "shop/prices.py"

    def grow() -> None:
        long.write_text(long.read_text() + padding, encoding="utf-8")

    rig.models.formats = ["whole", "symbol"]
    await rig.grow(grow)
    rig.models.answers = [NEW_PRICE]
    answer = await rig.ask(wants(rig, symbol="", path="shop/prices.py", instruction="parse_price accepts a comma"))
    assert rig.models.asked[0].prompt == "edit-symbol@1"
    assert answer.change is not None
    assert "filler_119" in rig.proposals.text("shop/prices.py")


async def test_a_context_that_a_whole_file_does_not_fit_gets_the_definition_alone(rig: Rig) -> None:
    rig.models.context_tokens = 700
    rig.models.answers = [NEW_PRICE]
    answer = await rig.ask(wants(rig))
    assert rig.models.asked[0].prompt == "edit-symbol@1"
    assert answer.change is not None
    assert any(note.startswith("left out of the prompt for its length") for note in answer.use.notes)


async def test_a_file_without_a_definition_that_fits_is_asked_for_as_a_whole(rig: Rig, shop: Path) -> None:
    text = "\n".join(f"VALUE_{number} = {number}" for number in range(400)) + "\n"
    await rig.grow(lambda: (shop / "notes.py").write_text(text, encoding="utf-8"))
    rig.models.formats = ["whole", "symbol"]
    rig.models.answers = ["", "", ""]
    answer = await rig.ask(wants(rig, symbol="", path="notes.py", instruction="zzz"))
    assert answer.change is None
    assert rig.models.asked[0].prompt == "edit-whole@1"


async def test_files_that_cannot_be_written_again_exactly_are_refused(rig: Rig, shop: Path) -> None:
    (shop / "binary.py").write_bytes(b"\0\1\2" * 100)
    (shop / "huge.py").write_bytes(b"x = 1\n" * 200_000)
    with pytest.raises(UsageProblem, match="is not text"):
        await rig.ask(wants(rig, symbol="", path="binary.py"))
    with pytest.raises(TooLarge, match="1,000,000 bytes"):
        await rig.ask(wants(rig, symbol="", path="huge.py"))


async def test_a_file_in_the_middle_of_a_merge_is_not_given_to_a_model(rig: Rig, shop: Path) -> None:
    conflict = "a = 0\n<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> other\n"
    (shop / "merge.py").write_text(conflict, encoding="utf-8")
    with pytest.raises(EditRefused, match=r"merge.py:2 holds a conflict of a merge"):
        await rig.ask(wants(rig, symbol="", path="merge.py"))
    assert rig.models.asked == []
    assert (shop / "merge.py").read_text() == conflict


async def test_a_file_that_does_not_parse_is_no_excuse_to_break_it_further(rig: Rig, shop: Path) -> None:
    (shop / "broken.py").write_text("def f(:\n    return 1\n\n\ndef g():\n    return 2\n", encoding="utf-8")
    worse = "```python\ndef f(:\n    return (1\n\n\ndef g(:\n    return (2\n```"
    rig.models.answers = [worse, worse, worse]
    answer = await rig.ask(wants(rig, symbol="", path="broken.py"))
    assert answer.change is None
    assert rig.models.gates == [(False, "parse")] * 3


async def test_a_file_that_changes_while_the_model_writes_is_merged(rig: Rig, shop: Path) -> None:
    file = shop / "shop/prices.py"

    def meanwhile(request: Complete) -> str:
        file.write_text(file.read_text().replace('"""Prices in cents."""', '"""Prices."""'), encoding="utf-8")
        return NEW_PRICE

    rig.models.answers = [meanwhile]
    answer = await rig.ask(wants(rig, edit_format="symbol"))
    assert answer.change is not None
    text = rig.proposals.text("shop/prices.py")
    assert text.startswith('"""Prices."""')
    assert "replace(',', '.')" in text


async def test_a_file_that_is_deleted_or_made_meanwhile_ends_it(rig: Rig, shop: Path) -> None:
    def remove(request: Complete) -> str:
        (shop / "shop/prices.py").unlink()
        return NEW_PRICE

    rig.models.answers = [remove]
    with pytest.raises(FileMovedOn, match="deleted meanwhile"):
        await rig.ask(wants(rig, edit_format="symbol"))

    def make(request: Complete) -> str:
        (shop / "shop/discounts.py").write_text("mine = 1\n", encoding="utf-8")
        return NEW_FILE

    rig.models.answers = [make]
    with pytest.raises(FileMovedOn, match="made by somebody else meanwhile"):
        await rig.ask(wants(rig, symbol="", path="shop/discounts.py"))
    assert (shop / "shop/discounts.py").read_text() == "mine = 1\n"


async def test_windows_line_ends_do_not_trouble_the_model(rig: Rig, shop: Path) -> None:
    file = shop / "shop/prices.py"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    rig.models.answers = [NEW_PRICE]
    answer = await rig.ask(wants(rig, edit_format="symbol"))
    assert answer.change is not None
    assert "\\u000d" not in rig.models.prompt()
    assert "\r" not in rig.proposals.text("shop/prices.py")


async def test_code_with_hidden_characters_is_not_given_to_a_model(rig: Rig, shop: Path) -> None:
    file = shop / "shop/prices.py"
    file.write_text(file.read_text() + "LIMIT = 'a\u202eb'\n", encoding="utf-8")
    with pytest.raises(EditRefused, match=r"shop/prices.py:14 holds hidden characters"):
        await rig.ask(wants(rig, edit_format="symbol"))
    assert rig.models.asked == []


async def test_a_proposal_that_may_not_be_kept_is_said_so(rig: Rig) -> None:
    rig.proposals.refuse = NotAllowed("shop/prices.py is protected")
    rig.models.answers = [NEW_PRICE]
    with pytest.raises(NotAllowed, match="is protected"):
        await rig.ask(wants(rig, edit_format="symbol"))


@pytest.mark.parametrize(
    ("fields", "error", "text"),
    [
        ({"symbol": "", "path": "../outside.py"}, UnsafePath, "must not contain"),
        ({"symbol": "", "path": "/etc/passwd"}, UnsafePath, "relative to the project"),
        ({"symbol": "", "path": "shop"}, UsageProblem, "is a folder"),
        ({"symbol": "nowhere"}, NotFound, "no definition is called 'nowhere'"),
        ({"symbol": "", "path": "shop/prices.py", "edit_format": "symbol"}, UsageProblem, "needs a definition"),
    ],
)
async def test_places_that_make_no_sense_are_refused(
    rig: Rig, fields: dict[str, object], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        await rig.ask(wants(rig, **fields))
    assert rig.models.asked == []


async def test_a_name_that_several_definitions_have_is_asked_about(rig: Rig, shop: Path) -> None:
    def copy() -> None:
        (shop / "shop/other.py").write_text("def parse_price(text):\n    return 1\n", encoding="utf-8")

    await rig.grow(copy)
    with pytest.raises(UsageProblem, match=r"2 definitions are called 'parse_price': .*shop/other.py:1"):
        await rig.ask(wants(rig))
    rig.models.answers = [NEW_PRICE]
    answer = await rig.ask(wants(rig, path="shop/prices.py", edit_format="symbol"))
    assert answer.change is not None


async def test_the_file_is_chosen_by_the_model_among_what_the_search_finds(rig: Rig, shop: Path) -> None:
    def choose(request: Complete) -> Completion:
        assert request.prompt == "choose-file@1"
        line = next(line for line in request.turns[-1].content.split("\n") if line.endswith(": shop/prices.py"))
        number = int(line.removeprefix("- ").split(":")[0])
        return Completion(call="c", text="", data={"choice": number, "new_path": ""}, model="test/model")

    whole = (shop / "shop/prices.py").read_text().replace("partition('.')", "partition(',')")
    rig.models.answers = [choose, f"```python\n{whole}```"]
    answer = await rig.ask(wants(rig, symbol="", instruction="parse_price should accept a comma"))
    assert answer.text == "shop/prices.py was chosen by the model"
    assert answer.change is not None
    assert rig.models.gates == [(True, "choice"), (True, "tests")]


@pytest.mark.parametrize(
    "data",
    [{"choice": 99, "new_path": ""}, {"choice": 0, "new_path": "../x.py"}, {"choice": 0, "new_path": "no/such/x.py"},
     {"choice": 0, "new_path": "shop/prices.py"}, {"choice": 0, "new_path": "shop/notes"}],
    ids=["no such number", "outside", "no such folder", "exists", "no language"],
)  # fmt: skip
async def test_a_choice_that_makes_no_sense_falls_back_to_the_search(rig: Rig, data: dict[str, object]) -> None:
    chosen = Completion.model_validate({"call": "choice", "text": "", "data": data, "model": "test/model"})
    rig.models.answers = [chosen, "", "", ""]
    answer = await rig.ask(wants(rig, symbol="", instruction="parse_price should accept a comma"))
    assert "shop/prices.py was chosen as what the search ranks first" in answer.text
    assert rig.models.gates[0] == (False, "choice")


async def test_a_new_file_may_be_chosen(rig: Rig) -> None:
    chosen = Completion(call="c", text="", data={"choice": 0, "new_path": "./shop/discounts.py"}, model="test/model")
    rig.models.answers = [chosen, NEW_FILE]
    answer = await rig.ask(wants(rig, symbol="", instruction="discounts for prices"))
    assert answer.change is not None
    assert answer.change.files[0].path == "shop/discounts.py"
    assert "was chosen by the model" in answer.text


async def test_nothing_that_answers_to_the_instruction_is_an_error(rig: Rig) -> None:
    rig.models.answers = [ModelTimeout("no token within 1 s")]
    with pytest.raises(NotFound, match="no file was named"):
        await rig.ask(wants(rig, symbol="", instruction='"zzz nowhere zzz"'))


@pytest.mark.requirement("C7", "L5")
async def test_without_a_model_a_skeleton_is_offered_where_a_signature_is_named(rig: Rig) -> None:
    rig.models.known = False
    habit = Habit(topic="quotes", rule="Use single quotes.", share=0.97, seen=120)
    rig.answer_code(MeasureConventions, ConventionsAnswer(language="python", habits=[habit], files=4))
    answer = await rig.ask(
        wants(rig, symbol="", path="shop/prices.py", instruction="Add a function `format_price(price: Price) -> str`.")
    )
    assert answer.change is not None
    assert rig.proposals.text("shop/prices.py").endswith(
        "def format_price(price: Price) -> str:\n"
        '    """Add a function format_price(price: Price) -> str."""\n'
        "    raise NotImplementedError('format_price')\n"
    )
    assert answer.text.startswith("This is a skeleton: the body of `format_price` is missing and says so.")
    assert answer.use.why_not == "no model server answers"
    assert rig.checks.seen[0][1] == ["format_price"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "changing a definition needs one"),
        ({"symbol": "", "path": "shop/prices.py"}, "names no single signature"),
        ({"symbol": "", "instruction": "Add `f(x)`."}, "no file is named"),
        (
            {"symbol": "", "path": "shop/prices.py", "instruction": "Add `parse_price(text)`."},
            "already defines parse_price",
        ),
        ({"symbol": "", "path": "README.md", "instruction": "Add `f(x)`."}, "no skeleton is known"),
    ],
)
async def test_where_no_skeleton_would_be_honest_it_says_so(rig: Rig, fields: dict[str, object], why: str) -> None:
    answer = await rig.ask(wants(rig, model="never", **fields))
    assert answer.change is None
    assert why in answer.text
    assert "A model would write the code itself" in answer.text
    assert rig.proposals.kept == []


async def test_a_skeleton_that_fails_its_checks_is_not_offered(rig: Rig) -> None:
    rig.checks.outcomes = [[FAILED]]
    answer = await rig.ask(wants(rig, model="never", symbol="", path="shop/prices.py", instruction="Add `f(x)`."))
    assert answer.change is None
    assert "fails its checks (tests)" in answer.text


async def test_a_model_that_fails_at_once_leaves_the_skeleton(rig: Rig) -> None:
    rig.models.answers = [ModelTimeout("no token within 120 s")]
    answer = await rig.ask(wants(rig, symbol="", path="shop/prices.py", instruction="Add `f(x)`."))
    assert answer.change is not None
    assert "This is a skeleton" in answer.text
    assert answer.use.notes[0] == "model_timeout: no token within 120 s"
    rig.models.known = False
    rig.assistant.forget()
    with pytest.raises(NoModel):
        await rig.ask(wants(rig, model="always"))


async def test_a_model_that_fails_later_leaves_nothing_half_done(rig: Rig) -> None:
    rig.models.answers = ["nonsense", ModelTimeout("no token within 120 s")]
    answer = await rig.ask(wants(rig, edit_format="symbol"))
    assert answer.change is None
    assert rig.proposals.kept == []
    assert "round 1: the answer did not fit" in answer.text


@pytest.mark.requirement("L5")
async def test_two_models_are_compared_by_their_checks_and_the_better_one_is_offered(rig: Rig) -> None:
    rig.checks.outcomes = [[FAILED], [FAILED], [FAILED], PASSED]
    rig.models.answers = [NEW_PRICE, NEW_PRICE, NEW_PRICE, NEW_PRICE.replace("','", "', '")]
    answer = await rig.ask(wants(rig, edit_format="symbol", compare=["a/one", "b/two"]))
    assert answer.change is not None
    assert "b/two" in answer.change.why
    assert "| a/one | no | 0.00 | 3 |" in answer.text
    assert "| b/two | yes | 1.00 | 1 |" in answer.text
    assert [request.model for request in rig.models.asked] == ["a/one"] * 3 + ["b/two"]
    assert len({request.trial for request in rig.models.asked}) == 1
    assert rig.models.asked[0].trial
    assert (answer.use.model, answer.use.calls) == ("b/two", 4)
    assert [one.score for one in rig.models.reported] == [0.0, 0.0, 0.0, 1.0]
