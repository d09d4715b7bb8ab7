"""The self-test of a model against servers and models that do well and that do badly."""

import asyncio
import json
import re
from collections.abc import Generator

import pytest

from aura_models.providers.ollama import OllamaProvider
from aura_models.providers.openai_compatible import OpenAIProvider
from aura_models.providers.scripted import Hold, ScriptedAnswer, ScriptedProvider
from aura_models.selftest import test_model as run_selftest
from aura_models.selftest_tasks import EDITS, PROBES, SCHEMAS, long_prompt
from aura_shared.errors import ModelTimeout, ModelUnreachable, UnknownModel
from aura_shared.messages.core import Progress
from aura_shared.messages.models import ModelInfo
from model_calls import address
from ollama_standin import Json, OllamaStandIn, Reply, StandInModel, instance_of, ollama_standin

FENCE = "```"


def good_edit(ask: str) -> str:
    """What a model that follows every format answers."""
    edit = next(edit for edit in EDITS if edit.ask == ask)
    if edit.format == "whole":
        return f"Here it is:\n\n{FENCE}python\n{edit.expected}{FENCE}\n"
    if edit.format == "symbol":
        name = "greet" if "`greet`" in ask else "area"
        found = re.search(rf"def {name}\(.*?\n    return [^\n]*\n", edit.expected, re.DOTALL)
        assert found is not None
        return f"{FENCE}python\n{found[0]}{FENCE}"
    changed = [
        pair for pair in zip(edit.before.splitlines(), edit.expected.splitlines(), strict=True) if pair[0] != pair[1]
    ]
    blocks = [f"<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE" for old, new in changed]
    return "\n".join(blocks)


def clever(body: Json, prompt: str) -> Reply:
    """A model that knows what it saw, keeps to its format and edits well; ranges of numbers it does not see."""
    ask = body["messages"][-1]["content"]
    if "code word" in ask:
        found = re.search(r"The code word is (\S+)\. Remember", prompt)
        return Reply([found[1] if found else "I do not know."])
    if isinstance(body.get("format"), dict):
        if ask == PROBES[0].ask:
            return Reply([json.dumps({"value": 150.5})])
        return Reply([json.dumps(instance_of(body["format"]))])
    if any(edit.ask == ask for edit in EDITS):
        return Reply([good_edit(ask)])
    return Reply(["one ", "two ", "three"])


@pytest.fixture
def standin() -> Generator[OllamaStandIn, None, None]:
    models = {"small:latest": StandInModel(context=8192), "vectors:latest": StandInModel(embeds=True)}
    with ollama_standin(OllamaStandIn(models=models, reply=clever)) as running:
        yield running


async def abilities(standin: OllamaStandIn, told: list[Progress] | None = None) -> dict[str, object]:
    provider = OllamaProvider(address(standin.url))

    async def tell(progress: Progress) -> None:
        if told is not None:
            told.append(progress)

    found = await run_selftest(provider, "small:latest", tell)
    await provider.close()
    return found.model_dump()


@pytest.mark.requirement("L1")
async def test_a_good_model_on_an_honest_server(standin: OllamaStandIn) -> None:
    told: list[Progress] = []
    found = await abilities(standin, told)
    assert found["context_tokens"] == 8192
    assert (found["schema_ok"], found["schema_tried"]) == (len(SCHEMAS), len(SCHEMAS))
    assert found["schema_dropped"] == ["maximum", "pattern", "uniqueItems", "not"]
    assert found["edit_formats"] == ["whole", "symbol", "search-replace"]
    assert found["thinks"] is False
    assert found["notes"] == []
    assert found["tested_at"]
    assert found["digest"]
    assert [progress.done for progress in told] == list(range(1, len(told) + 1))
    assert told[0].note == "speed"


@pytest.mark.requirement("L1")
@pytest.mark.parametrize("version", ["0.12.5", "0.34.1"])
async def test_a_context_that_is_not_honoured_is_found_out(standin: OllamaStandIn, version: str) -> None:
    standin.version, standin.ignores_num_ctx, standin.default_context = version, True, 3000
    found = await abilities(standin)
    assert isinstance(found["context_tokens"], int)
    assert 1900 < found["context_tokens"] <= 3000


async def test_a_beginning_that_is_lost_behind_good_counts_is_found_out(standin: OllamaStandIn) -> None:
    def forgetful(body: Json, prompt: str) -> Reply:
        return clever(body, prompt[-12_000:])

    standin.reply = forgetful
    found = await abilities(standin)
    assert isinstance(found["context_tokens"], int)
    assert 1900 < found["context_tokens"] < 3200
    assert "did not know the beginning" in str(found["notes"])


async def test_a_model_that_follows_nothing_is_not_called_good(standin: OllamaStandIn) -> None:
    standin.reply = lambda _body, _prompt: Reply(["Certainly! I would be glad to help."], thinking=["hm"])
    found = await abilities(standin)
    assert (found["schema_ok"], found["edit_formats"]) == (0, [])
    assert "does not repeat the code word" in str(found["notes"])
    assert found["context_tokens"] == 8192
    assert found["thinks"] is False


async def test_a_model_that_thinks_though_it_was_told_not_to_is_found_out(standin: OllamaStandIn) -> None:
    standin.reply = lambda _body, _prompt: Reply(["<think>hm</think>", "fine"])
    assert (await abilities(standin))["thinks"] is True


async def test_an_edit_counts_only_if_it_is_exact(standin: OllamaStandIn) -> None:
    def careless(body: Json, prompt: str) -> Reply:
        ask = body["messages"][-1]["content"]
        if "SEARCH" in ask:
            return Reply([good_edit(ask).replace("<<<<<<< SEARCH\n", "<<<<<<< SEARCH\n\n")])
        if "whole changed file" in ask:
            return Reply([good_edit(ask).replace("def shout", "def scream")])
        return clever(body, prompt)

    standin.reply = careless
    assert (await abilities(standin))["edit_formats"] == ["symbol"]


async def test_a_model_for_vectors_is_not_asked_anything(standin: OllamaStandIn) -> None:
    provider = OllamaProvider(address(standin.url))
    found = await run_selftest(provider, "vectors:latest")
    assert found.notes == ["makes vectors rather than text"]
    assert standin.chats() == []
    with pytest.raises(UnknownModel):
        await run_selftest(provider, "other")
    await provider.close()


async def test_failures_of_single_questions_are_noted_and_a_server_that_is_gone_ends_the_test() -> None:
    slow = ScriptedAnswer([ModelTimeout("too slow")], match="code word")
    provider = ScriptedProvider(["one two", slow, lambda _call: "no"])
    found = await run_selftest(provider, "model")
    assert found.context_tokens == 0
    assert "context of 1,024 tokens: too slow" in found.notes
    gone = ScriptedProvider(["one two", lambda _call: ModelUnreachable("gone")])
    with pytest.raises(ModelUnreachable, match="gone"):
        await run_selftest(gone, "model")


async def test_the_test_has_a_bound_and_says_what_it_did_not_reach() -> None:
    stuck = ScriptedAnswer([Hold(asyncio.Event())], match="code word", times=None)
    provider = ScriptedProvider(["one two", stuck])
    found = await run_selftest(provider, "model", most_s=0.1)
    assert found.notes == ["the test was ended after 0.1 s; what was not reached counts as not possible"]
    assert provider.running == 0


@pytest.mark.requirement("L2")
async def test_the_test_can_be_cancelled() -> None:
    provider = ScriptedProvider(["one two", ScriptedAnswer([Hold(asyncio.Event())], times=None)])
    running = asyncio.create_task(run_selftest(provider, "model"))
    await provider.begun(2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await provider.idle()
    assert len(provider.abandoned) == 1


async def test_a_short_context_is_tried_as_it_is() -> None:
    provider = ScriptedProvider([lambda _call: "heliotrope-700"], models=[ModelInfo(name="model", context_max=700)])
    found = await run_selftest(provider, "model")
    assert 550 < found.context_tokens <= 700
    assert all(call.context_tokens <= 700 for call in provider.calls)


@pytest.mark.requirement("L1")
async def test_a_real_llamacpp_with_a_model_of_random_weights(llamacpp: str) -> None:
    provider = OpenAIProvider(address(llamacpp, "llamacpp", first_token_s=60.0, idle_s=60.0))
    found = await run_selftest(provider, "tiny", most_s=100)
    await provider.close()
    assert found.context_tokens == 8192
    assert found.schema_tried == len(SCHEMAS)
    assert found.schema_ok >= 1
    assert found.edit_formats == []
    assert set(found.schema_dropped) <= {"maximum", "pattern", "uniqueItems", "not"}
    assert found.tokens_per_s >= 0


def test_a_long_prompt_has_its_marker_first_and_its_question_last() -> None:
    prompt = long_prompt("marker", 5000)
    assert 5000 <= len(prompt) < 5200
    assert prompt.index("marker") < 30
    assert prompt.endswith("Answer with the code word only.")
