"""Answering a question about the code, with the places that the answer rests on."""

from __future__ import annotations

import pytest

from assist_rig import Rig
from aura_shared.errors import ModelDropped, UsageProblem
from aura_shared.messages.assist import AskCode

pytestmark = pytest.mark.asyncio(loop_scope="module")
QUESTION = "where is the total of a cart summed?"


@pytest.mark.requirement("L5")
async def test_without_a_model_the_places_are_the_answer(rig: Rig) -> None:
    answer = await rig.ask(AskCode(project=rig.id, question=QUESTION, model="never"))
    lines = answer.text.splitlines()
    assert "the best first" in lines[0]
    assert lines[2].startswith("[1] shop/cart.py:")
    assert len(lines) - 2 == len(answer.citations)
    first = answer.citations[0]
    assert (first.path, first.used) == ("shop/cart.py", True)
    assert answer.use.would_add == "A model would answer in words, from these places and with their numbers."


@pytest.mark.requirement("C4")
async def test_a_model_answers_from_numbered_places_and_only_those_it_cites_are_used(rig: Rig) -> None:
    rig.models.answers = ["`total` sums `price.cents` over the lines [1]."]
    answer = await rig.ask(AskCode(project=rig.id, question=QUESTION))
    assert answer.text == "`total` sums `price.cents` over the lines [1]."
    assert [one.used for one in answer.citations] == [True, *[False] * (len(answer.citations) - 1)]
    assert answer.unsupported == []
    prompt = rig.models.prompt()
    assert prompt.count(f"Question: {QUESTION}") == 1
    assert "\n[1] shop/cart.py:" in prompt
    assert rig.models.gates == [(True, "citations")]
    assert rig.streamed == answer.text


async def test_invented_citations_are_taken_out_and_invented_names_are_named(rig: Rig) -> None:
    rig.models.answers = ["It is `compute_grand_total` [1][97], see also [98, 1] and [99](http://x)."]
    answer = await rig.ask(AskCode(project=rig.id, question=QUESTION))
    assert answer.text == "It is `compute_grand_total` [1], see also [1] and."
    assert answer.unsupported == ["compute_grand_total"]
    assert rig.models.gates == [(False, "citations")]


async def test_places_that_do_not_fit_the_context_keep_no_number(rig: Rig) -> None:
    rig.models.context_tokens = 1250
    rig.models.answers = ["See [1], [2] and [12]."]
    answer = await rig.ask(AskCode(project=rig.id, question=QUESTION))
    shown = len(answer.citations)
    everything = (await rig.ask(AskCode(project=rig.id, question=QUESTION, model="never"))).citations
    assert 0 < shown < len(everything)
    assert any(note.startswith("left out of the prompt for its length: context: ") for note in answer.use.notes)
    assert f"[{shown}] " in rig.models.prompt()
    assert f"[{shown + 1}] " not in rig.models.prompt()


async def test_a_context_without_room_still_gets_the_best_place(rig: Rig) -> None:
    rig.models.context_tokens = 300
    rig.models.answers = ["It is there [1]."]
    answer = await rig.ask(AskCode(project=rig.id, question=QUESTION))
    assert [one.path for one in answer.citations] == ["shop/cart.py"]
    assert "the context of 300 tokens has no room for a single place" in answer.use.notes


@pytest.mark.requirement("L5")
async def test_a_model_that_fails_leaves_the_places(rig: Rig) -> None:
    rig.models.answers = [ModelDropped("the connection ended after 3 characters")]
    answer = await rig.ask(AskCode(project=rig.id, question=QUESTION))
    assert answer.text.splitlines()[2].startswith("[1] shop/cart.py:")
    assert answer.use.notes == ["model_dropped: the connection ended after 3 characters"]
    assert rig.notes[-1].endswith("going on without one.")


async def test_nothing_found_asks_no_model(rig: Rig) -> None:
    answer = await rig.ask(AskCode(project=rig.id, question='"zzz nowhere zzz"'))
    assert answer.citations == []
    assert answer.text
    assert "nothing that a model could rest on" in answer.use.why_not
    assert rig.models.asked == []


async def test_a_question_of_spaces_is_refused(rig: Rig) -> None:
    with pytest.raises(UsageProblem):
        await rig.ask(AskCode(project=rig.id, question="   "))


async def test_what_is_known_of_the_models_is_asked_once_for_many_requests(rig: Rig) -> None:
    rig.models.answers = ["It is [1].", "It is [1]."]
    for _ in range(2):
        await rig.ask(AskCode(project=rig.id, question=QUESTION))
    assert rig.models.listed == 1
