"""Calls over the bus: the order of models, fallback, retries, schemas, streaming, cancelling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from aura_models import asking
from aura_models.provider import ChatCall, ChatEnd, ChatPiece, ServerHealth
from aura_models.providers.scripted import Hold, ScriptedAnswer, ScriptedProvider
from aura_models_served import NUMBER_SCHEMA, Served, question
from aura_shared.bus import Context
from aura_shared.errors import (
    AnswerCut,
    AuraError,
    BadAnswer,
    Cancelled,
    ContextCut,
    ContextOverflow,
    HostNotAllowed,
    ModelDropped,
    ModelError,
    ModelTimeout,
    ModelUnreachable,
    NoModel,
    RequestTimeout,
    SchemaMismatch,
    UnknownModel,
    UsageProblem,
)
from aura_shared.messages.core import Progress
from aura_shared.messages.models import (
    AskModelStats,
    Attempt,
    ModelCallFinished,
    ModelInfo,
    PromptPart,
    SampledText,
    SampleFromClient,
)
from aura_shared.paths import AuraPaths, find_paths

BOUND_S = 20.0


@pytest.fixture
def paths(aura_home: Path) -> AuraPaths:
    return find_paths().prepare()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "FIRST_PAUSE_S", 0.0)


def outcomes(attempts: list[Attempt]) -> list[tuple[str, str]]:
    return [(attempt.model, attempt.outcome) for attempt in attempts]


async def test_an_answer_comes_with_its_model_its_tokens_and_its_times(paths: AuraPaths) -> None:
    provider = ScriptedProvider(
        [ScriptedAnswer([ChatPiece(thinking="hm"), "It ", "works."], tokens_in=12, tokens_out=3)]
    )
    async with Served(paths, provider) as served:
        answer = await served.ask("Does it work?")
    assert (answer.text, answer.model, answer.finish) == ("It works.", "scripted/model", "stop")
    assert (answer.tokens_in, answer.tokens_out, answer.thinking_chars) == (12, 3, 2)
    assert 0 < answer.first_token_s <= answer.total_s < BOUND_S
    assert outcomes(answer.attempts) == [("scripted/model", "ok")]
    assert not answer.cached
    assert [turn.content for turn in provider.calls[0].turns] == ["Does it work?"]


@pytest.mark.requirement("L2", "L4")
@pytest.mark.parametrize(
    "error",
    [
        ModelUnreachable("refused"),
        ModelTimeout("no token"),
        ModelDropped("connection lost"),
        BadAnswer("HTML"),
        ContextCut("the prompt was cut"),
        HostNotAllowed("elsewhere"),
        UnknownModel("gone"),
        ModelError("HTTP 500"),
    ],
    ids=lambda error: error.code,
)
async def test_the_next_model_is_asked_when_one_fails(paths: AuraPaths, error: AuraError) -> None:
    first = ScriptedProvider([error], name="first", context_max=4096)
    second = ScriptedProvider(["fine"], name="second")
    roles = {"code": ["first/model", "second/model"]}
    async with Served(paths, first, second, roles=roles) as served:
        answer = await served.ask()
    assert (answer.text, answer.model) == ("fine", "second/model")
    assert outcomes(answer.attempts) == [("first/model", error.code), ("second/model", "ok")]
    assert answer.attempts[0].detail == error.message


async def test_an_empty_answer_counts_as_a_failure(paths: AuraPaths) -> None:
    first = ScriptedProvider(["  \n"], name="first")
    second = ScriptedProvider(["fine"], name="second")
    async with Served(paths, first, second, roles={"code": ["first/model", "second/model"]}) as served:
        answer = await served.ask()
    assert outcomes(answer.attempts) == [("first/model", "bad_model_answer"), ("second/model", "ok")]


async def test_a_bound_that_was_spent_on_thinking_is_told_as_such(paths: AuraPaths) -> None:
    provider = ScriptedProvider([ScriptedAnswer([ChatPiece(thinking="so many thoughts")], finish="length")])
    async with Served(paths, provider) as served:
        with pytest.raises(AnswerCut, match="before any text: 16 characters of thought"):
            await served.ask()


async def test_a_stream_without_an_end_was_dropped(paths: AuraPaths) -> None:
    class Endless(ScriptedProvider):
        async def chat(self, call: ChatCall) -> AsyncIterator[ChatPiece | ChatEnd]:
            yield ChatPiece("half of an")

    async with Served(paths, Endless()) as served:
        with pytest.raises(ModelDropped, match="the answer of model stopped without an end"):
            await served.ask()


@pytest.mark.requirement("L2")
async def test_an_answer_that_never_ends_is_given_up_and_the_next_model_is_asked(paths: AuraPaths) -> None:
    hangs = ScriptedProvider([ScriptedAnswer(["I think ", Hold(asyncio.Event())])], name="hangs")
    other = ScriptedProvider(["fine"], name="other")
    async with Served(paths, hangs, other, roles={"code": ["hangs/model", "other/model"]}, total_s=0.05) as served:
        answer = await served.ask()
        await hangs.idle()
    assert outcomes(answer.attempts) == [("hangs/model", "model_timeout"), ("other/model", "ok")]
    assert "not complete within 0.05 s" in answer.attempts[0].detail
    assert len(hangs.abandoned) == 1


@pytest.mark.requirement("L4")
async def test_when_all_fail_the_error_lists_every_attempt(paths: AuraPaths) -> None:
    first = ScriptedProvider([ModelTimeout("no token within 120 s")], name="first")
    second = ScriptedProvider([BadAnswer("it sent HTML")], name="second")
    async with Served(paths, first, second, roles={"code": ["first/model", "second/model"]}) as served:
        with pytest.raises(ModelError) as failed:
            await served.ask()
    assert failed.value.code == "model_failed"
    assert failed.value.message == (
        "no model answered for code (2 tried): first/model: model_timeout: no token within 120 s; "
        "second/model: bad_model_answer: it sent HTML"
    )


async def test_the_only_models_error_keeps_its_kind(paths: AuraPaths) -> None:
    async with Served(paths, ScriptedProvider([ModelTimeout("no token within 120 s")])) as served:
        with pytest.raises(ModelTimeout, match=r"scripted/model: no token within 120 s"):
            await served.ask()


@pytest.mark.requirement("L2")
async def test_the_same_model_is_asked_again_after_a_failure_that_may_pass(paths: AuraPaths) -> None:
    provider = ScriptedProvider([ModelDropped("lost"), ModelUnreachable("refused"), "third time"])
    async with Served(paths, provider, retries=2) as served:
        answer = await served.ask()
    assert answer.text == "third time"
    assert len(provider.calls) == 3
    assert outcomes(answer.attempts) == [("scripted/model", "ok")]


@pytest.mark.parametrize("error", [ModelTimeout("late"), BadAnswer("HTML"), ContextCut("cut")], ids=lambda e: e.code)
async def test_a_failure_that_will_not_pass_is_not_tried_again(paths: AuraPaths, error: AuraError) -> None:
    provider = ScriptedProvider([error, "too late"])
    async with Served(paths, provider, retries=3) as served:
        with pytest.raises(type(error)):
            await served.ask()
    assert len(provider.calls) == 1


# -- schemas


@pytest.mark.requirement("L2")
async def test_an_answer_with_a_schema_comes_as_data(paths: AuraPaths) -> None:
    provider = ScriptedProvider([{"number": 7}])
    async with Served(paths, provider) as served:
        answer = await served.ask(answer_schema=NUMBER_SCHEMA)
    assert answer.data == {"number": 7}
    assert provider.calls[0].schema is not None


@pytest.mark.requirement("L2")
async def test_a_malformed_answer_is_asked_for_again_with_the_place_and_the_value(paths: AuraPaths) -> None:
    provider = ScriptedProvider(['{"number": 99}', {"number": 9}])
    async with Served(paths, provider) as served:
        answer = await served.ask(answer_schema=NUMBER_SCHEMA)
    assert answer.data == {"number": 9}
    again = [turn.content for turn in provider.calls[1].turns]
    assert again[:2] == ["Say something.", '{"number": 99}']
    assert "$.number" in again[2]
    assert "99" in again[2]
    assert "maximum 10" in again[2]


async def test_after_the_re_ask_another_seed_is_tried(paths: AuraPaths) -> None:
    provider = ScriptedProvider(["no JSON", "still none", {"number": 1}])
    async with Served(paths, provider) as served:
        answer = await served.ask(answer_schema=NUMBER_SCHEMA, seed=41, temperature=0)
    assert answer.data == {"number": 1}
    assert [call.seed for call in provider.calls] == [41, 41, 42]
    assert [call.temperature for call in provider.calls] == [0, 0, 0.3]
    assert [len(call.turns) for call in provider.calls] == [1, 3, 1]


@pytest.mark.requirement("L4")
async def test_a_model_that_stays_malformed_gives_way_to_the_next(paths: AuraPaths) -> None:
    bad = ScriptedProvider([ScriptedAnswer(['{"number": 99}'], times=None)], name="bad")
    good = ScriptedProvider([{"number": 3}], name="good")
    async with Served(paths, bad, good, roles={"code": ["bad/model", "good/model"]}) as served:
        answer = await served.ask(answer_schema=NUMBER_SCHEMA)
    assert outcomes(answer.attempts) == [("bad/model", "schema_mismatch"), ("good/model", "ok")]
    assert "asked three times" in answer.attempts[0].detail
    assert len(bad.calls) == 3


@pytest.mark.requirement("L2")
async def test_a_cut_answer_is_never_parsed_even_if_it_would_do(paths: AuraPaths) -> None:
    provider = ScriptedProvider([ScriptedAnswer(['{"number": 7}'], finish="length", times=None)])
    async with Served(paths, provider) as served:
        with pytest.raises(AnswerCut, match="cut after 64 tokens"):
            await served.ask(answer_schema=NUMBER_SCHEMA, max_tokens=64)
    assert len(provider.calls) == 1


async def test_cut_text_without_a_schema_says_so(paths: AuraPaths) -> None:
    async with Served(paths, ScriptedProvider([ScriptedAnswer(["Once upon a"], finish="length")])) as served:
        answer = await served.ask()
    assert (answer.text, answer.finish) == ("Once upon a", "length")


async def test_a_schema_that_is_none_is_refused_before_any_model_is_asked(paths: AuraPaths) -> None:
    provider = ScriptedProvider(["never"])
    async with Served(paths, provider) as served:
        with pytest.raises(UsageProblem, match="schema"):
            await served.ask(answer_schema={"type": "nonsense"})
    assert not provider.calls


async def test_the_re_ask_is_left_out_where_it_would_not_fit(paths: AuraPaths) -> None:
    long = "[" + "x " * 1500
    provider = ScriptedProvider([long, {"number": 2}], context_max=1500)
    async with Served(paths, provider) as served:
        answer = await served.ask(answer_schema=NUMBER_SCHEMA, max_tokens=1024)
    assert answer.data == {"number": 2}
    assert [len(call.turns) for call in provider.calls] == [1, 1]


# -- contexts


@pytest.mark.requirement("L2")
async def test_a_prompt_that_does_not_fit_is_refused_with_both_numbers_and_what_to_drop(paths: AuraPaths) -> None:
    provider = ScriptedProvider(["never"], context_max=2048)
    parts = [
        PromptPart(name="context: src/app.py:10-400", tokens=1900),
        PromptPart(name="context: src/small.py", tokens=20),
        PromptPart(name="rules", tokens=300),
    ]
    async with Served(paths, provider) as served:
        with pytest.raises(ContextOverflow) as refused:
            await served.ask("word " * 2000, parts=parts, max_tokens=500)
    assert "2,0" in refused.value.message
    assert "500" in refused.value.message
    assert "the context holds 2,048" in refused.value.message
    assert "context: src/app.py:10-400 (1,900), rules (300), context: src/small.py (20)" in refused.value.message
    assert refused.value.hint.startswith("Leave out context: src/app.py:10-400, or")
    assert not provider.calls


@pytest.mark.requirement("L4")
async def test_only_a_model_with_a_longer_context_is_asked_after_an_overflow(paths: AuraPaths) -> None:
    short = ScriptedProvider(["never"], name="short", context_max=2048)
    alike = ScriptedProvider(["never"], name="alike", context_max=2048)
    long = ScriptedProvider(["fine"], name="long", context_max=8192)
    roles = {"code": ["short/model", "alike/model", "long/model"]}
    async with Served(paths, short, alike, long, roles=roles) as served:
        answer = await served.ask("word " * 2000)
    assert outcomes(answer.attempts) == [("short/model", "context_overflow"), ("long/model", "ok")]
    assert long.calls[0].context_tokens == 8192


async def test_a_server_that_counts_can_show_that_a_prompt_fits_after_all(paths: AuraPaths) -> None:
    provider = ScriptedProvider(["fine"], context_max=1500, counts_tokens=True)
    async with Served(paths, provider) as served:
        answer = await served.ask("x;" * 1000, max_tokens=800)  # Estimated as 2,000 tokens, counted as 500.
    assert answer.text == "fine"
    assert provider.calls[0].prompt_tokens == 500 + 16


async def test_the_settings_bound_the_context(paths: AuraPaths) -> None:
    provider = ScriptedProvider(["fine"], context_max=100_000)
    async with Served(paths, provider, max_context=4096) as served:
        await served.ask()
    assert provider.calls[0].context_tokens == 4096


# -- no model


@pytest.mark.requirement("L5")
async def test_without_any_server_the_error_says_what_to_start(paths: AuraPaths) -> None:
    async with Served(paths) as served:
        with pytest.raises(NoModel, match="no model plays the role code: no server with a model was found") as none:
            await served.ask()
    assert none.value.hint.startswith(
        "Start Ollama, LM Studio or another server; looked at 127.0.0.1, ports 11434 (Ollama)"
    )


async def test_a_server_that_is_started_later_is_found(paths: AuraPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aura_models.catalog.AGAIN_S", 0.0)
    async with Served(paths) as served:
        with pytest.raises(NoModel):
            await served.ask()
        served.providers["late"] = ScriptedProvider(["here I am"], name="late")
        assert (await served.ask()).text == "here I am"


async def test_a_named_model_is_the_only_one_that_is_asked(paths: AuraPaths) -> None:
    first = ScriptedProvider(["from first"], name="first")
    second = ScriptedProvider([ModelTimeout("late")], name="second")
    async with Served(paths, first, second, roles={"code": ["first/model"]}, sampling=True) as served:
        with pytest.raises(ModelTimeout):
            await served.ask(model="second/model")
        with pytest.raises(ModelUnreachable, match="the model server 'nobody' cannot be asked: it was not found"):
            await served.ask(model="nobody/model")
        with pytest.raises(UnknownModel, match="second has no model 'other'"):
            await served.ask(model="second/other")
    assert not first.calls


async def test_a_configured_model_on_a_server_that_is_down_gives_way(paths: AuraPaths) -> None:
    down = ScriptedProvider(name="down", health=ServerHealth(up=False, problem="connection refused"))
    up = ScriptedProvider(["fine"], name="up")
    async with Served(paths, down, up, roles={"code": ["gone/model", "up/model"]}) as served:
        answer = await served.ask()
    assert outcomes(answer.attempts) == [("gone/model", "model_unreachable"), ("up/model", "ok")]


# -- cooling and gates


@pytest.mark.requirement("L4")
async def test_a_model_that_failed_is_left_alone_and_comes_back_after_a_success(paths: AuraPaths) -> None:
    flaky = ScriptedProvider([ModelTimeout("late"), "back"], name="flaky")
    steady = ScriptedProvider([ScriptedAnswer(["steady"], times=None)], name="steady")
    async with Served(paths, flaky, steady, roles={"code": ["flaky/model", "steady/model"]}) as served:
        await served.ask("one")
        answer = await served.ask("two")
        assert outcomes(answer.attempts) == [("steady/model", "ok")]
        assert (await served.ask("three", model="flaky/model")).text == "back"
    assert len(flaky.calls) == 2


async def test_where_all_rest_a_person_is_served_and_background_work_is_not(paths: AuraPaths) -> None:
    provider = ScriptedProvider([ModelTimeout("late"), "back"])
    async with Served(paths, provider) as served:
        with pytest.raises(ModelTimeout):
            await served.ask("one")
        with pytest.raises(NoModel, match=r"failed a short time ago and is left alone for \d+ s more: scripted/model"):
            await served.ask("two", priority="background")
        assert (await served.ask("two")).text == "back"
        provider.add("and again")
        assert (await served.ask("three", priority="background")).text == "and again"


# -- streaming


@pytest.mark.requirement("L2")
async def test_text_is_sent_on_as_it_arrives(paths: AuraPaths) -> None:
    go_on = asyncio.Event()
    provider = ScriptedProvider([ScriptedAnswer(["Hello", Hold(go_on), ", world"])])
    seen: list[Progress] = []
    first = asyncio.Event()

    def take(progress: Progress) -> None:
        seen.append(progress)
        first.set()

    async with Served(paths, provider) as served:
        asked = asyncio.create_task(served.client.request(question(stream=True), on_progress=take))
        async with asyncio.timeout(BOUND_S):
            await first.wait()
            assert [progress.text for progress in seen] == ["Hello"]
            go_on.set()
            answer = await asked
    assert answer.text == "Hello, world"
    assert [(progress.done, progress.text) for progress in seen] == [(5, "Hello"), (12, ", world")]


async def test_text_of_a_model_that_fails_in_the_middle_is_called_void(paths: AuraPaths) -> None:
    first = ScriptedProvider([ScriptedAnswer(["Half", ModelDropped("lost")])], name="first")
    second = ScriptedProvider(["Whole"], name="second")
    seen: list[Progress] = []
    roles = {"code": ["first/model", "second/model"]}
    async with Served(paths, first, second, roles=roles) as served:
        await served.client.request(question(stream=True), on_progress=seen.append)
    assert [(progress.done, progress.text) for progress in seen] == [(4, "Half"), (0, ""), (5, "Whole")]
    assert seen[1].note == "first/model failed (model_dropped), another one is asked"


async def test_text_that_is_asked_for_again_is_called_void(paths: AuraPaths) -> None:
    provider = ScriptedProvider(["none", {"number": 1}])
    seen: list[Progress] = []
    async with Served(paths, provider) as served:
        await served.client.request(question(stream=True, answer_schema=NUMBER_SCHEMA), on_progress=seen.append)
    assert [progress.text for progress in seen] == ["none", "", '{"number": 1}']


async def test_nothing_is_sent_on_unless_asked_for(paths: AuraPaths) -> None:
    seen: list[Progress] = []
    async with Served(paths, ScriptedProvider(["text"])) as served:
        await served.client.request(question(), on_progress=seen.append)
    assert not seen


# -- cancelling and queueing


@pytest.mark.requirement("L2")
async def test_taking_a_question_back_ends_the_work_at_the_server(paths: AuraPaths) -> None:
    provider = ScriptedProvider([ScriptedAnswer(["never ends", Hold(asyncio.Event())]), "next"])
    async with Served(paths, provider) as served, asyncio.timeout(BOUND_S):
        asked = asyncio.create_task(served.ask())
        await provider.begun()
        asked.cancel()
        await asyncio.wait({asked})
        await provider.idle()
        assert len(provider.abandoned) == 1
        assert (await served.ask("and now?")).text == "next"
        figures = await served.client.request(AskModelStats())
    assert figures.figures[0].calls == 1
    assert [event.outcome for event in served.bus.published if isinstance(event, ModelCallFinished)] == [
        "cancelled",
        "ok",
    ]


async def test_a_question_that_waits_is_taken_back_without_being_asked(paths: AuraPaths) -> None:
    go_on = asyncio.Event()
    provider = ScriptedProvider([ScriptedAnswer(["one", Hold(go_on)]), "two"])
    async with Served(paths, provider) as served, asyncio.timeout(BOUND_S):
        running = asyncio.create_task(served.ask("first"))
        await provider.begun()
        with pytest.raises(RequestTimeout):
            await served.client.request(question("second"), timeout_s=0.05)
        go_on.set()
        await running
        await served.ask("third")
    assert [call.turns[0].content for call in provider.calls] == ["first", "third"]
    assert provider.most_running == 1


async def test_interactive_questions_go_before_background_ones(paths: AuraPaths) -> None:
    go_on = asyncio.Event()
    provider = ScriptedProvider([ScriptedAnswer(["one", Hold(go_on)]), ScriptedAnswer(["x"], times=None)])
    async with Served(paths, provider) as served, asyncio.timeout(BOUND_S):
        asked = [asyncio.create_task(served.ask("running", priority="background"))]
        await provider.begun()
        queue = served.service._catalog.queue("scripted/model")
        for waiting, (text, priority) in enumerate([("later", "background"), ("person", "interactive")], 1):
            asked.append(asyncio.create_task(served.ask(text, priority=priority)))
            while queue.waiting < waiting:  # noqa: ASYNC110 - the queue tells nobody that somebody waits
                await asyncio.sleep(0.001)
        go_on.set()
        answers = await asyncio.gather(*asked)
    assert [call.turns[0].content for call in provider.calls] == ["running", "person", "later"]
    assert answers[1].queue_s >= answers[2].queue_s > 0


# -- the client's model


def client_model(served: Served, answer: Callable[[SampleFromClient], SampledText]) -> None:
    async def sample(request: SampleFromClient, _context: Context) -> SampledText:
        return answer(request)

    served.hub.connect("gateway").serve(SampleFromClient, sample)


@pytest.mark.requirement("L4")
async def test_the_clients_model_is_the_last_resort_where_the_settings_allow_it(paths: AuraPaths) -> None:
    asked: list[SampleFromClient] = []

    def answer(request: SampleFromClient) -> SampledText:
        asked.append(request)
        return SampledText(text="from afar", model="big")

    broken = ScriptedProvider([ModelTimeout("late")])
    async with Served(paths, broken, sampling=True) as served:
        client_model(served, answer)
        got = await served.client.request(question(max_tokens=77), cause="mcp-call-1")
    assert (got.text, got.model) == ("from afar", "client/sampling")
    assert outcomes(got.attempts) == [("scripted/model", "model_timeout"), ("client/sampling", "ok")]
    assert (asked[0].call, asked[0].max_tokens) == ("mcp-call-1", 77)
    assert asked[0].turns == question().turns


@pytest.mark.requirement("P9")
async def test_nothing_is_sent_to_the_client_unless_the_settings_allow_it(paths: AuraPaths) -> None:
    asked: list[SampleFromClient] = []

    def answer(request: SampleFromClient) -> SampledText:
        asked.append(request)
        return SampledText(text="from afar")

    async with Served(paths, ScriptedProvider([ModelTimeout("late")])) as served:
        client_model(served, answer)
        with pytest.raises(ModelTimeout):
            await served.ask()
    assert not asked


async def test_the_clients_model_serves_where_there_is_no_local_one(paths: AuraPaths) -> None:
    async with Served(paths, sampling=True) as served:
        client_model(served, lambda _request: SampledText(text='{"number": 4}'))
        answer = await served.ask(answer_schema=NUMBER_SCHEMA)
    assert (answer.data, answer.model) == ({"number": 4}, "client/sampling")


@pytest.mark.parametrize(
    ("sampled", "problem"),
    [
        (SampledText(text="words"), "expected JSON"),
        (SampledText(text='{"number": 11}'), "maximum 10"),
        (SampledText(text='{"number": 1}', finish="length"), "was cut before its JSON was complete"),
        (SampledText(text=" "), "is empty"),
    ],
)
async def test_the_clients_model_is_held_to_the_same_rules(
    paths: AuraPaths, sampled: SampledText, problem: str
) -> None:
    async with Served(paths, sampling=True) as served:
        client_model(served, lambda _request: sampled)
        with pytest.raises(NoModel, match=problem) as none:
            await served.ask(answer_schema=NUMBER_SCHEMA)
    assert none.value.hint.startswith("Start Ollama")


async def test_a_client_that_cannot_be_asked_is_one_more_failed_attempt(paths: AuraPaths) -> None:
    async with Served(paths, ScriptedProvider([SchemaMismatch("odd")]), sampling=True) as served:
        with pytest.raises(ModelError, match="scripted/model: schema_mismatch: odd; client/sampling: service_down"):
            await served.ask()


async def test_each_call_is_announced_once(paths: AuraPaths) -> None:
    async with Served(paths, ScriptedProvider([ScriptedAnswer(["fine"], tokens_in=9, tokens_out=2)])) as served:
        answer = await served.ask()
        await served.ask()
        with pytest.raises(ModelError):
            await served.ask("no script for this")
    calls = [event for event in served.bus.published if isinstance(event, ModelCallFinished)]
    assert [(call.outcome, call.model, call.tokens_in, call.tokens_out) for call in calls] == [
        ("ok", "scripted/model", 9, 2),
        ("cached", "scripted/model", 0, 0),
        ("model_failed", "", 0, 0),
    ]
    assert calls[0].call == answer.call
    assert (calls[0].task, calls[0].role) == ("explain", "code")


async def test_calls_are_measured_for_prometheus(paths: AuraPaths) -> None:
    async with Served(paths, ScriptedProvider([ScriptedAnswer(["fine"], tokens_in=9, tokens_out=2)])) as served:
        await served.ask()
        await served.ask()
        text = served.metrics.exposition()
    assert 'aura_model_call_seconds_count{outcome="ok",role="code",service="models"} 1.0' in text
    assert 'aura_model_call_seconds_count{outcome="cached",role="code",service="models"} 1.0' in text
    assert 'aura_model_tokens_total{direction="in",role="code",service="models"} 9.0' in text
    assert 'aura_model_queue_seconds_count{priority="interactive",service="models"} 1.0' in text
    assert 'aura_model_cache_total{result="hit",service="models"} 1.0' in text


async def test_models_that_make_vectors_are_not_asked_for_text(paths: AuraPaths) -> None:
    provider = ScriptedProvider(
        [ScriptedAnswer(["fine"], times=None)], models=[ModelInfo(name="nomic", embeds=True), "text"]
    )
    async with Served(paths, provider) as served:
        assert (await served.ask()).model == "scripted/text"


async def test_a_lost_gateway_cannot_be_mistaken_for_a_cancelled_call(paths: AuraPaths) -> None:
    async with Served(paths, ScriptedProvider([Cancelled("the server said so")])) as served:
        with pytest.raises(Cancelled, match="scripted/model: the server said so"):
            await served.ask()
