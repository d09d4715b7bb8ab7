"""The provider against a real llama.cpp with a model of half a megabyte."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import httpx
import pytest

from aura_models.provider import ChatCall, ChatEnd, ChatPiece
from aura_models.providers.openai_compatible import OpenAIProvider
from aura_models.schemas import check, read_json_answer, server_schema
from aura_shared.errors import ContextOverflow, ModelError, UnknownModel
from model_calls import address, answer, call

PLAN = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "kind": {"enum": ["task", "story"]},
        "points": {"type": "integer", "minimum": 1, "maximum": 13},
        "when": {"type": "string", "format": "date"},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 8}, "maxItems": 4, "uniqueItems": True},
        "parent": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/name"}]},
        "steps": {"type": "array", "items": {"$ref": "#/$defs/step"}, "minItems": 1, "maxItems": 2},
    },
    "required": ["title", "kind", "points", "when", "tags", "parent", "steps"],
    "$defs": {
        "name": {"type": "string", "pattern": "^[A-Z]+$", "maxLength": 12},
        "step": {
            "type": "object",
            "properties": {
                "text": {"type": "string", "maxLength": 20},
                "then": {"type": "array", "items": {"$ref": "#/$defs/step"}, "maxItems": 1},
            },
            "required": ["text"],
        },
    },
}


@pytest.fixture
async def provider(llamacpp: str) -> AsyncGenerator[OpenAIProvider, None]:
    made = OpenAIProvider(address(llamacpp, "llamacpp"))
    yield made
    await made.close()


def tiny(text: str = "hello", **options: object) -> ChatCall:
    usual: dict[str, object] = {"model": "tiny", "seed": 1, "context_tokens": 8192, "prompt_tokens": 30}
    return call(text, **(usual | options))


async def slots(url: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(trust_env=False) as client:
        found: list[dict[str, Any]] = (await client.get(f"{url}/slots")).json()
        return found


async def until(url: str, *, busy: bool) -> None:
    """Return once a slot is at work, or none is."""
    async with asyncio.timeout(10):
        while any(slot["is_processing"] for slot in await slots(url)) is not busy:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0)


async def test_it_tells_what_it_serves(provider: OpenAIProvider) -> None:
    assert (await provider.health()).up
    (info,) = await provider.models()
    assert (info.name, info.context_max, info.parameters, info.loaded) == ("local/tiny", 8192, "127.6K", True)
    assert await provider.capabilities("tiny") == info
    with pytest.raises(UnknownModel, match="no model 'other'"):
        await provider.capabilities("other")


async def test_slots_share_the_context_and_the_model_says_what_one_gets(llamacpp_vectors: str) -> None:
    made = OpenAIProvider(address(llamacpp_vectors, "llamacpp"))
    info = await made.capabilities("tiny")
    assert info.context_max == (await slots(llamacpp_vectors))[0]["n_ctx"]
    vectors = await made.embed("tiny", ["one", "another", "one"])
    assert len(vectors) == 3
    assert {len(vector) for vector in vectors} == {64}
    assert vectors[0] == pytest.approx(vectors[2], abs=1e-4)
    assert vectors[0] != pytest.approx(vectors[1], abs=1e-4)
    with pytest.raises(ContextOverflow, match=r"the prompt has 9,0\d\d tokens; the context has 512"):
        await made.embed("tiny", ["x" * 9000])
    await made.close()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.requirement("L2")
async def test_a_schema_binds_the_answer(provider: OpenAIProvider, seed: int) -> None:
    reduced = server_schema(PLAN)
    text, thinking, end = await answer(provider, tiny(schema=reduced, seed=seed, max_tokens=4000, temperature=1.0))
    assert (thinking, end.finish) == ("", "stop")
    check(read_json_answer(text), reduced)


TREE = {"type": "object", "properties": {"left": {"$ref": "#/$defs/tree"}}}
EITHER = [{"properties": {"a": {"type": "boolean"}}, "required": ["a"]}, {"required": ["b"]}]
SCHEMAS: dict[str, dict[str, Any] | bool] = {
    "no bound": {"type": "string"},
    "a bound that is too high": {"type": "string", "maxLength": 100_000},
    "a lower bound that is too high": {"type": "string", "minLength": 3000, "maxLength": 4000},
    "many items": {"type": "array", "items": {"type": "string", "maxLength": 3}, "maxItems": 9000},
    "one of": {"oneOf": [{"const": 1}, {"type": "object", "properties": {"a": {"not": {"type": "null"}}}}]},
    "all of": {"allOf": EITHER, "properties": {"b": {"type": "null"}}},
    "a pattern": {"type": ["string", "null"], "minLength": 2, "pattern": "(?=x)\\d\\w+"},
    "a tuple": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "boolean"}]},
    "any name": {"type": "object", "additionalProperties": {"type": "integer", "exclusiveMinimum": 3}},
    "recursion": {"$ref": "#/$defs/tree", "$defs": {"tree": TREE}},
    "a condition": {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "properties": {"a": {"type": "integer"}}},
    "a format": {"type": "string", "format": "date-time"},
    "an unknown format": {"type": "string", "format": "made-up"},
    "values": {"enum": ["a", 1, None]},
    "anything": True,
    "nothing": False,
}


@pytest.mark.parametrize("name", SCHEMAS)
async def test_the_server_takes_every_reduced_schema(provider: OpenAIProvider, name: str) -> None:
    schema = SCHEMAS[name]
    whole = {"type": "object", "properties": {"value": schema}, "required": ["value"], "$defs": {}}
    if isinstance(schema, dict) and "$defs" in schema:
        whole["$defs"] = schema["$defs"]
    said, _, end = await answer(provider, tiny(schema=server_schema(whole), max_tokens=300, seed=4))
    if end.finish == "stop" and name not in {"anything", "nothing", "one of"}:
        check(read_json_answer(said), server_schema(whole))


async def test_the_same_seed_gives_the_same_answer(provider: OpenAIProvider) -> None:
    schema = {"type": "string", "minLength": 30, "maxLength": 40}
    asked = [tiny(seed=seed, temperature=1.0, schema=schema) for seed in (1, 1, 2)]
    first, again, other = [(await answer(provider, one))[0] for one in asked]
    assert first == again != other


async def test_text_arrives_piece_by_piece_and_is_counted(provider: OpenAIProvider) -> None:
    pieces = [piece async for piece in provider.chat(tiny(schema={"type": "string", "minLength": 40, "maxLength": 40}))]
    assert len(pieces) > 20
    end = pieces[-1]
    assert isinstance(end, ChatEnd)
    assert end.tokens_in == await provider.count_tokens("tiny", "user: hello\nassistant: ") + 1  # type: ignore[operator]
    assert end.tokens_out > 20


async def test_an_answer_that_is_cut_says_so(provider: OpenAIProvider) -> None:
    text, _, end = await answer(provider, tiny(max_tokens=10, schema={"type": "string", "minLength": 40}))
    assert (end.finish, end.tokens_out) == ("length", 10)
    with pytest.raises(ModelError, match="expected JSON"):
        read_json_answer(text)


@pytest.mark.requirement("L1")
async def test_a_prompt_that_does_not_fit_names_both_numbers(provider: OpenAIProvider) -> None:
    with pytest.raises(ContextOverflow, match=r"the prompt has 9,0\d\d tokens and the answer may have 64; .* 8,192"):
        await answer(provider, tiny("x" * 9000))


async def test_another_name_than_that_of_the_model_is_refused(provider: OpenAIProvider) -> None:
    with pytest.raises(UnknownModel, match="local has no model 'other'; it serves tiny"):
        await answer(provider, tiny(model="other"))


async def test_a_server_without_vectors_says_so(provider: OpenAIProvider) -> None:
    with pytest.raises(ModelError, match="does not support embeddings"):
        await provider.embed("tiny", ["text"])


@pytest.mark.requirement("L2")
async def test_closing_an_answer_frees_the_slot(provider: OpenAIProvider, llamacpp: str) -> None:
    endless = tiny(max_tokens=8000, schema={"type": "string", "minLength": 1990, "maxLength": 2000})
    async with aclosing(provider.chat(endless)) as pieces:
        assert isinstance(await anext(pieces), ChatPiece)
        await until(llamacpp, busy=True)
    await until(llamacpp, busy=False)
    asking = asyncio.create_task(answer(provider, endless))
    await until(llamacpp, busy=True)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await until(llamacpp, busy=False)
    assert (await answer(provider, tiny(schema={"type": "boolean"})))[0].strip() in {"true", "false"}


async def test_a_v1_at_the_end_of_the_address_is_taken_as_well(llamacpp: str) -> None:
    made = OpenAIProvider(address(f"{llamacpp}/v1/", "openai"))
    text, _, _ = await answer(made, tiny(schema={"type": "boolean"}))
    assert json.loads(text) in {True, False}
    assert await made.count_tokens("tiny", "text") is None
    assert [info.name for info in await made.models()] == ["local/tiny"]
    await made.close()


async def test_tokens_are_counted_by_the_server(provider: OpenAIProvider) -> None:
    assert await provider.count_tokens("tiny", "hello") == 6
    assert await provider.count_tokens("tiny", "") in {0, 1}
