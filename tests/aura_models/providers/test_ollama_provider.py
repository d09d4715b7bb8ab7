"""Ollama: its interface over real HTTP, and every way in which it cuts a prompt.

The tests that take `ollama` also run against a real server when `AURA_TEST_OLLAMA` (such as `http://127.0.0.1:11434`)
and `AURA_TEST_OLLAMA_MODEL` are set; the others need the stand-in, which can be told to be an earlier version.
"""

import asyncio
import json
import os
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing

import pytest

from aura_models.provider import ChatPiece
from aura_models.providers.ollama import OllamaProvider
from aura_models.schemas import check, read_json_answer
from aura_shared.errors import (
    AnswerCut,
    BadAnswer,
    ContextCut,
    ContextOverflow,
    HostNotAllowed,
    ModelError,
    Unavailable,
    UnknownModel,
)
from aura_shared.messages.models import ChatTurn
from model_calls import address, answer, call
from ollama_standin import OllamaStandIn, Reply, StandInModel, ollama_standin

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 20}, "count": {"type": "integer"}},
    "required": ["name", "count"],
    "additionalProperties": False,
}


@pytest.fixture
def standin() -> Generator[OllamaStandIn, None, None]:
    models = {
        "small:latest": StandInModel(),
        "thinker:latest": StandInModel(thinks=True),
        "embedder:latest": StandInModel(embeds=True, context=64, family="nomic-bert"),
    }
    with ollama_standin(OllamaStandIn(models=models)) as running:
        yield running


@pytest.fixture
async def provider(standin: OllamaStandIn) -> AsyncGenerator[OllamaProvider, None]:
    made = OllamaProvider(address(standin.url))
    yield made
    await made.close()


@pytest.fixture(params=["standin", "real"])
async def ollama(
    request: pytest.FixtureRequest, standin: OllamaStandIn
) -> AsyncGenerator[tuple[OllamaProvider, str], None]:
    """A provider and a model of it."""
    real = os.environ.get("AURA_TEST_OLLAMA", "")
    model = os.environ.get("AURA_TEST_OLLAMA_MODEL", "")
    if request.param == "real" and not (real and model):
        pytest.skip("set AURA_TEST_OLLAMA and AURA_TEST_OLLAMA_MODEL")
    url, model = (real, model) if request.param == "real" else (standin.url, "small:latest")
    made = OllamaProvider(address(url, first_token_s=120.0))
    yield made, model
    await made.close()


def filled(tokens: int, letter: str = "x") -> str:
    return (letter * 4) * tokens


async def test_it_lists_what_it_has_and_says_what_a_model_can(ollama: tuple[OllamaProvider, str]) -> None:
    provider, model = ollama
    health = await provider.health()
    assert health.up
    assert health.version
    assert f"local/{model}" in [info.name for info in await provider.models()]
    info = await provider.capabilities(model)
    assert info.context_max > 0
    assert info.digest
    assert info.parameters
    assert not info.embeds


async def test_an_answer_streams_and_ends_with_its_counts(ollama: tuple[OllamaProvider, str]) -> None:
    provider, model = ollama
    text, _, end = await answer(provider, call("Say: fine", model=model, temperature=0.0))
    assert text
    assert end.tokens_in > 0
    assert end.tokens_out > 0


async def test_an_answer_follows_its_schema(ollama: tuple[OllamaProvider, str]) -> None:
    provider, model = ollama
    text, _, _ = await answer(provider, call("Name a fruit and a number.", model=model, schema=SCHEMA, max_tokens=200))
    check(read_json_answer(text), SCHEMA)


async def test_an_unknown_model_is_named(ollama: tuple[OllamaProvider, str]) -> None:
    provider, _ = ollama
    with pytest.raises(UnknownModel, match="no model 'no-such-model:1b'"):
        await answer(provider, call(model="no-such-model:1b"))
    with pytest.raises(UnknownModel):
        await provider.capabilities("no-such-model:1b")


@pytest.mark.requirement("L1")
async def test_a_prompt_that_does_not_fit_is_never_answered(ollama: tuple[OllamaProvider, str]) -> None:
    provider, model = ollama
    long = "Remember the word heliotrope. " + "The sky is blue over the hills. " * 1200
    wrong_estimate = call(long, model=model, context_tokens=2048, prompt_tokens=1500)
    with pytest.raises((ContextOverflow, ContextCut)):
        await answer(provider, wrong_estimate)


@pytest.mark.requirement("L1")
async def test_the_context_is_set_on_every_call(provider: OllamaProvider, standin: OllamaStandIn) -> None:
    await answer(provider, call(context_tokens=6000, seed=5, temperature=0.5, max_tokens=7))
    (sent,) = standin.chats()
    assert sent["options"] == {"num_ctx": 6000, "num_predict": 7, "temperature": 0.5, "seed": 5}
    assert (sent["think"], sent["truncate"], sent["shift"]) == (False, False, False)
    assert standin.loaded == {"small:latest": 6000}
    assert [info.name for info in await provider.models() if info.loaded] == ["local/small:latest"]


async def test_what_cannot_fit_is_refused_before_the_server_is_asked(
    provider: OllamaProvider, standin: OllamaStandIn
) -> None:
    with pytest.raises(ContextOverflow, match=r"prompt has 4,000 tokens .* may have 200; the context has 4,096"):
        await answer(provider, call(prompt_tokens=4000, max_tokens=200))
    assert standin.requests == []


@pytest.mark.parametrize(("version", "numbers"), [("0.34.1", r"3,00\d .* 2,048"), ("0.12.6", "1,500 .* 2,048")])
async def test_a_refusal_of_the_server_names_both_numbers(
    provider: OllamaProvider, standin: OllamaStandIn, version: str, numbers: str
) -> None:
    standin.version = version
    with pytest.raises(ContextOverflow, match=numbers):
        await answer(provider, call(filled(3000), context_tokens=2048, prompt_tokens=1500))


@pytest.mark.requirement("L1")
async def test_a_cut_prompt_is_an_error_and_not_an_answer(provider: OllamaProvider, standin: OllamaStandIn) -> None:
    standin.version = "0.12.5"
    with pytest.raises(ContextCut, match="1,500 tokens were sent by estimate, 2,048 fill its context of 2,048"):
        await answer(
            provider, call("Read this first: heliotrope. " + filled(3000), context_tokens=2048, prompt_tokens=1500)
        )
    assert "heliotrope" not in standin.prompts[0]


@pytest.mark.requirement("L1")
async def test_a_server_that_ignores_the_length_is_noticed(provider: OllamaProvider, standin: OllamaStandIn) -> None:
    standin.version, standin.ignores_num_ctx = "0.12.5", True
    turns = [
        ChatTurn(role="user", content=filled(2500)),
        ChatTurn(role="assistant", content=filled(2500)),
        ChatTurn(role="user", content="and now?"),
    ]
    with pytest.raises(ContextCut, match=r"5,0\d\d tokens were sent by estimate, 2,5\d\d were taken in"):
        await answer(provider, call(turns, context_tokens=8000))


async def test_an_answer_that_pushes_the_prompt_out_is_noticed(
    provider: OllamaProvider, standin: OllamaStandIn
) -> None:
    standin.version = "0.12.5"
    standin.reply = lambda _body, _prompt: Reply([filled(60)])
    with pytest.raises(ContextCut, match="pushed the prompt out"):
        await answer(provider, call(filled(480), context_tokens=512, prompt_tokens=400, max_tokens=100))


@pytest.mark.parametrize("counts", ["all", "absent when cached"])
async def test_a_prompt_from_the_cache_is_not_taken_for_a_cut_one(
    provider: OllamaProvider, standin: OllamaStandIn, counts: str
) -> None:
    standin.version, standin.counts = "0.12.5", counts  # type: ignore[assignment]
    for _ in range(2):
        text, _, _ = await answer(provider, call(filled(1000)))
        assert text == "fine."


async def test_a_version_that_leaves_cached_tokens_out_is_believed(
    provider: OllamaProvider, standin: OllamaStandIn
) -> None:
    standin.version, standin.counts = "0.30.1", "without cached"
    for _ in range(2):
        assert (await answer(provider, call(filled(1000))))[0] == "fine."
    assert (await answer(provider, call(filled(1000))))[2].tokens_in < 10


async def test_thoughts_stay_apart_and_are_asked_for_only_where_a_model_thinks(
    provider: OllamaProvider, standin: OllamaStandIn
) -> None:
    standin.reply = lambda _body, _prompt: Reply(["yes"], thinking=["let me ", "see"])
    assert (await answer(provider, call(model="thinker:latest", think=True)))[:2] == ("yes", "let me see")
    assert (await answer(provider, call(model="thinker:latest", think=False)))[:2] == ("yes", "")
    assert (await answer(provider, call(think=True)))[:2] == ("yes", "")
    assert [sent["think"] for sent in standin.chats()] == [True, False, False]


async def test_an_answer_that_is_cut_says_so(provider: OllamaProvider, standin: OllamaStandIn) -> None:
    standin.reply = lambda _body, _prompt: Reply([filled(50)])
    text, _, end = await answer(provider, call(max_tokens=10))
    assert (len(text), end.finish, end.tokens_out) == (40, "length", 10)


async def test_a_model_that_spends_its_tokens_on_thinking_is_reported(
    provider: OllamaProvider, standin: OllamaStandIn
) -> None:
    standin.reply = lambda _body, _prompt: Reply(["yes"], thinking=[filled(12)])
    with pytest.raises(AnswerCut, match="all of its 10 tokens on thinking"):
        await answer(provider, call(model="thinker:latest", think=True, max_tokens=10))


@pytest.mark.requirement("L2")
async def test_closing_an_answer_ends_the_work_at_the_server(provider: OllamaProvider, standin: OllamaStandIn) -> None:
    go_on = threading.Event()
    more: list[str | threading.Event] = [go_on, *(["more "] * 2000)]
    standin.reply = lambda _body, _prompt: Reply(["first ", *more])
    async with aclosing(provider.chat(call(max_tokens=4000, context_tokens=8192))) as pieces:
        assert await anext(pieces) == ChatPiece(text="first ")
    go_on.set()
    assert await asyncio.to_thread(standin.broken_off.wait, 10)


async def test_an_error_in_the_middle_is_no_answer(provider: OllamaProvider, standin: OllamaStandIn) -> None:
    standin.reply = lambda _body, _prompt: Reply(["half"], error="an error was encountered while running the model")
    with pytest.raises(ModelError, match="encountered while running the model"):
        await answer(provider, call())


async def test_vectors_come_in_order_and_long_texts_are_refused(
    provider: OllamaProvider, standin: OllamaStandIn
) -> None:
    first, second, again = await provider.embed("embedder:latest", ["a", "b", "a"])
    assert first == again != second
    assert (await provider.capabilities("embedder:latest")).embeds
    assert [info.name for info in await provider.models() if info.embeds] == ["local/embedder:latest"]
    with pytest.raises(ContextOverflow):
        await provider.embed("embedder:latest", [filled(100)])
    with pytest.raises(UnknownModel):
        await provider.embed("other", ["a"])
    assert await provider.count_tokens("small:latest", "text") is None
    assert all(body["truncate"] is False for path, body in standin.requests if path == "/api/embed")


@pytest.mark.requirement("P9")
async def test_nothing_of_the_environment_is_used(standin: OllamaStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("OLLAMA_API_KEY", "sk-of-someone-else")
    provider = OllamaProvider(address(standin.url))
    assert (await answer(provider, call()))[0] == "fine."
    await provider.close()
    with pytest.raises(HostNotAllowed, match=r"ollama\.example"):
        OllamaProvider(address("https://ollama.example"))


async def test_a_server_without_memory_says_what_helps(provider: OllamaProvider, standin: OllamaStandIn) -> None:
    standin.reply = lambda _body, _prompt: Reply(
        [], error="model requires more system memory (9 GiB) than is available"
    )
    with pytest.raises(ModelError, match="not enough memory") as caught:
        await answer(provider, call())
    assert "smaller model" in caught.value.hint
    assert not isinstance(caught.value, Unavailable)


async def test_an_answer_without_words_is_refused(provider: OllamaProvider, standin: OllamaStandIn) -> None:
    standin.reply = lambda _body, _prompt: Reply([])
    with pytest.raises(BadAnswer, match="answered nothing"):
        await answer(provider, call())


async def test_the_stand_in_refuses_what_the_description_does_not_have(standin: OllamaStandIn) -> None:
    import httpx

    async with httpx.AsyncClient(base_url=standin.url, trust_env=False) as client:
        body = {"model": "small:latest", "messages": [{"role": "user", "content": "x"}]}
        assert (await client.post("/api/chat", json={**body, "max_tokens": 5})).status_code == 400
        assert (await client.post("/api/chat", json={**body, "options": {"n_ctx": 5}})).status_code == 400
        assert (await client.post("/api/chat", content=b"{")).status_code == 400
        assert (await client.post("/v1/chat/completions", json=body)).status_code == 404
        lines = (await client.post("/api/chat", json=body)).text.splitlines()
        assert json.loads(lines[-1])["done_reason"] == "stop"
