"""The scripted provider does what its script says, so that tests of others can rely on it."""

import asyncio
import json

import pytest

from aura_models.provider import ChatCall, ChatEnd, ChatPiece
from aura_models.providers.scripted import Hold, ScriptedAnswer, ScriptedProvider
from aura_shared.errors import ContextOverflow, ModelDropped, ModelError, UnknownModel
from aura_shared.messages.models import ChatTurn, ModelInfo


def call(text: str = "hello", model: str = "model", **options: int) -> ChatCall:
    return ChatCall(
        model=model,
        turns=[ChatTurn(role="user", content=text)],
        max_tokens=options.get("max_tokens", 64),
        context_tokens=1024,
        prompt_tokens=10,
    )


async def text_of(provider: ScriptedProvider, asked: ChatCall) -> str:
    return "".join([piece.text async for piece in provider.chat(asked) if isinstance(piece, ChatPiece)])


async def test_answers_come_in_their_order_and_calls_are_kept() -> None:
    provider = ScriptedProvider(["one", {"two": 2}])
    assert await text_of(provider, call("a")) == "one"
    assert json.loads(await text_of(provider, call("b"))) == {"two": 2}
    assert [asked.turns[0].content for asked in provider.calls] == ["a", "b"]


async def test_an_answer_waits_for_its_question() -> None:
    provider = ScriptedProvider([ScriptedAnswer(["green"], match="grass", times=None), "anything"])
    assert await text_of(provider, call("the sky")) == "anything"
    assert await text_of(provider, call("the grass")) == "green"
    assert await text_of(provider, call("more grass")) == "green"


async def test_a_function_answers_every_call_that_is_left() -> None:
    provider = ScriptedProvider(["first", lambda asked: asked.turns[-1].content.upper()])
    assert [await text_of(provider, call(word)) for word in ("a", "b", "c")] == ["first", "B", "C"]


async def test_a_script_that_is_over_says_so() -> None:
    provider = ScriptedProvider()
    with pytest.raises(ModelError, match="no answer to call 1: 'hello'"):
        await text_of(provider, call())


async def test_an_error_comes_after_the_pieces_before_it() -> None:
    provider = ScriptedProvider([ScriptedAnswer(["half ", ModelDropped("gone")])])
    stream = provider.chat(call())
    assert await anext(stream) == ChatPiece(text="half ")
    with pytest.raises(ModelDropped, match="gone"):
        await anext(stream)
    assert provider.abandoned == []


async def test_an_answer_that_is_held_goes_on_when_it_is_let() -> None:
    go_on = asyncio.Event()
    provider = ScriptedProvider([ScriptedAnswer(["a", Hold(go_on), "b"])])
    asking = asyncio.create_task(text_of(provider, call()))
    await provider.begun()
    assert provider.running == 1
    go_on.set()
    assert await asking == "ab"
    await provider.idle()


async def test_an_answer_that_is_given_up_is_noticed() -> None:
    provider = ScriptedProvider([ScriptedAnswer(["a", Hold(asyncio.Event())])])
    asking = asyncio.create_task(text_of(provider, call()))
    await provider.begun()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await provider.idle()
    assert len(provider.abandoned) == 1


async def test_the_end_tells_what_was_counted() -> None:
    provider = ScriptedProvider([ScriptedAnswer(["12345678"], finish="length", tokens_in=3)])
    pieces = [piece async for piece in provider.chat(call())]
    assert pieces[-1] == ChatEnd("length", 3, 2)


async def test_it_refuses_what_a_server_would() -> None:
    provider = ScriptedProvider(["never"])
    with pytest.raises(UnknownModel, match="no model 'other'"):
        await text_of(provider, call(model="other"))
    with pytest.raises(ContextOverflow, match=r"10 tokens .* 2000; the context has 1024"):
        await text_of(provider, call(max_tokens=2000))


async def test_models_vectors_and_tokens() -> None:
    provider = ScriptedProvider(models=["a", ModelInfo(name="b", embeds=True)], counts_tokens=True, vector_size=4)
    assert [model.name for model in await provider.models()] == ["scripted/a", "scripted/b"]
    assert (await provider.capabilities("b")).embeds
    first, second, again = await provider.embed("b", ["x", "y", "x"])
    assert first == again != second
    assert len(first) == 4
    assert await provider.count_tokens("a", "12345") == 2
    assert (await provider.health()).up
    await provider.close()
    assert provider.closed
