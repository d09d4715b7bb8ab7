"""Servers, roles, vectors and self-tests over the bus."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from aura_models import selftest_runs
from aura_models.provider import LLMProvider, ServerAddress, ServerHealth
from aura_models.providers.scripted import Hold, ScriptedAnswer, ScriptedProvider
from aura_models.selftest_runs import Tell
from aura_models_served import Served
from aura_shared.errors import (
    AuraError,
    ModelTimeout,
    ModelUnreachable,
    NoModel,
    NotReady,
    StorageError,
    Unavailable,
    UnknownModel,
)
from aura_shared.messages.core import Progress
from aura_shared.messages.models import (
    EmbedTexts,
    ListModels,
    ModelAbilities,
    ModelInfo,
    ModelServer,
    ModelServersChanged,
    TestModel,
)
from aura_shared.paths import AuraPaths, find_paths

BOUND_S = 20.0
FOUND = ModelAbilities(tested_at="2026-01-01T00:00:00+00:00", context_tokens=4096, schema_ok=9, schema_tried=10)
SERVERS = {"mine": {"kind": "openai", "url": "http://127.0.0.1:9/v1", "secret": "mine_key"}}


@pytest.fixture
def paths(aura_home: Path) -> AuraPaths:
    return find_paths().prepare()


def news(served: Served) -> list[list[ModelServer]]:
    return [event.servers for event in served.bus.published if isinstance(event, ModelServersChanged)]


@pytest.mark.requirement("L4")
async def test_servers_models_and_roles_are_listed(paths: AuraPaths) -> None:
    models = ["coder:7b", ModelInfo(name="embed", embeds=True, digest="e")]
    up = ScriptedProvider(name="up", models=models)
    async with Served(paths, up, ScriptedProvider(name="other", models=["small:1b"])) as served:
        answer = await served.client.request(ListModels())
    assert [(server.name, server.up, server.discovered, len(server.models)) for server in answer.servers] == [
        ("up", True, True, 2),
        ("other", True, True, 1),
    ]
    roles = {choice.role: choice.models for choice in answer.roles}
    assert roles["code"] == ["up/coder:7b", "other/small:1b"]
    assert roles["small"] == ["other/small:1b", "up/coder:7b"]
    assert answer.servers[0].models[0].roles == ["plan", "code", "edit", "review"]
    assert answer.servers[0].models[1].roles == []
    assert answer.reason == ""


@pytest.mark.requirement("L5")
@pytest.mark.parametrize(
    ("providers", "settings", "reason"),
    [
        ([], {}, "Start Ollama, LM Studio or another server; looked at 127.0.0.1, ports 11434"),
        ([], {"discover": False}, "Name a server under models.servers in your settings"),
        ([ScriptedProvider(models=[])], {}, "The server runs but has no model: load one"),
        (
            [ScriptedProvider(models=[ModelInfo(name="embed", embeds=True)])],
            {},
            "Load a model that writes text, such as",
        ),
        (
            [ScriptedProvider(name="mine", health=ServerHealth(up=False, problem="refused"))],
            {"discover": False, "servers": {"mine": {"kind": "openai", "url": "http://127.0.0.1:9"}}},
            "Start the server. Looked at mine (http://127.0.0.1:9): refused.",
        ),
    ],
    ids=["none", "none wanted", "no model", "vectors only", "down"],
)
async def test_without_a_model_the_list_says_what_to_do(
    paths: AuraPaths, providers: list[LLMProvider], settings: dict[str, Any], reason: str
) -> None:
    async with Served(paths, *providers, **settings) as served:
        answer = await served.client.request(ListModels())
        assert answer.reason.startswith(reason)
        assert all(choice.models == [] and choice.reason for choice in answer.roles)
        with pytest.raises(NoModel) as none:
            await served.ask()
    assert none.value.hint == answer.reason


async def test_changes_of_the_servers_are_told_once_and_without_abilities(paths: AuraPaths) -> None:
    first = ScriptedProvider(name="first", models=["m"])
    async with Served(paths, first) as served:
        await served.service._store.write(
            lambda db: db.execute(
                "INSERT INTO abilities VALUES ('first/m', ?, ?)", (first._models[0].digest, FOUND.model_dump_json())
            )
        )
        answer = await served.client.request(ListModels())
        assert answer.servers[0].models[0].abilities == FOUND
        await served.client.request(ListModels())
        assert len(news(served)) == 1
        assert news(served)[0][0].models[0].abilities is None
        served.providers["second"] = ScriptedProvider(name="second")
        await served.client.request(ListModels())
    assert [[server.name for server in servers] for servers in news(served)] == [["first"], ["first", "second"]]


async def test_what_is_known_will_do_unless_servers_are_to_be_asked_anew(paths: AuraPaths) -> None:
    async with Served(paths, ScriptedProvider([ScriptedAnswer(["x"], times=None)])) as served:
        for _ in range(2):
            await served.client.request(ListModels(probe=False))
            await served.ask()
        assert served.looks == 1
        await asyncio.gather(*(served.client.request(ListModels()) for _ in range(5)))
        assert served.looks == 2


async def test_old_knowledge_is_renewed_without_making_anybody_wait(
    paths: AuraPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = ScriptedProvider([ScriptedAnswer(["x"], times=None)])
    async with Served(paths, provider) as served, asyncio.timeout(BOUND_S):
        await served.ask("one")
        monkeypatch.setattr("aura_models.catalog.FRESH_S", 0.0)
        await served.ask("two")
        looking = served.service._catalog._looking
        assert looking is not None
        await looking
        assert served.looks == 2


async def test_a_server_that_is_silent_for_once_stays_known_while_it_is_up(paths: AuraPaths) -> None:
    provider = ScriptedProvider([ScriptedAnswer(["x"], times=None)])
    async with Served(paths, provider) as served:
        await served.client.request(ListModels())

        async def finds_nothing() -> Sequence[ServerAddress]:
            return []

        served.service._catalog._known_servers._find = finds_nothing
        assert [server.up for server in (await served.client.request(ListModels())).servers] == [True]
        provider._health = ServerHealth(up=False, problem="gone")
        assert (await served.client.request(ListModels())).servers == []


async def test_what_a_server_tells_of_each_model_only_is_asked_once_for_the_same_weights(paths: AuraPaths) -> None:
    asked: list[str] = []

    class Terse(ScriptedProvider):
        """Like Ollama, whose list leaves out contexts; it cannot describe one of its models."""

        async def models(self) -> list[ModelInfo]:
            return [model.model_copy(update={"context_max": 0, "loaded": True}) for model in await super().models()]

        async def capabilities(self, model: str) -> ModelInfo:
            asked.append(model)
            if model == "odd":
                raise ModelTimeout("no answer")
            return await super().capabilities(model)

    models = [ModelInfo(name="a", digest="d1", context_max=4096), ModelInfo(name="odd", digest="d2", context_max=1)]
    async with Served(paths, Terse(models=models)) as served:
        await served.client.request(ListModels())
        answer = await served.client.request(ListModels())
    assert [(model.name, model.context_max, model.loaded) for model in answer.servers[0].models] == [
        ("scripted/a", 4096, True),
        ("scripted/odd", 0, True),
    ]
    assert sorted(asked) == ["a", "odd", "odd"]


async def test_a_server_that_describes_nothing_in_time_is_listed_all_the_same(
    paths: AuraPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aura_models.servers.DETAILS_S", 0.05)

    class Slow(ScriptedProvider):
        async def capabilities(self, model: str) -> ModelInfo:
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

    async with Served(paths, Slow(context_max=0)) as served:
        answer = await served.client.request(ListModels())
    assert [model.name for model in answer.servers[0].models] == ["scripted/model"]


async def test_a_server_that_hangs_does_not_hold_the_list_up(paths: AuraPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aura_models.servers.PROBE_S", 0.05)

    class Hangs(ScriptedProvider):
        async def health(self) -> ServerHealth:
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

    servers = {"hangs": {"kind": "ollama", "url": "http://127.0.0.1:9"}}
    async with Served(paths, Hangs(name="hangs"), ScriptedProvider(name="up"), servers=servers) as served:
        answer = await served.client.request(ListModels())
    assert {server.name: (server.up, server.problem) for server in answer.servers} == {
        "hangs": (False, "no answer within 0.05 s"),
        "up": (True, ""),
    }


async def test_a_server_that_came_back_is_asked_again_at_once(paths: AuraPaths) -> None:
    provider = ScriptedProvider([ModelUnreachable("refused"), "back"], name="mine")
    servers = {"mine": {"kind": "ollama", "url": "http://127.0.0.1:9"}}
    async with Served(paths, provider, servers=servers, discover=False) as served:
        with pytest.raises(ModelUnreachable):
            await served.ask()
        assert served.service._catalog.cooling.left_s("mine/model") > 0
        provider._health = ServerHealth(up=False, problem="refused")
        await served.client.request(ListModels())
        provider._health = ServerHealth(up=True)
        await served.client.request(ListModels())
        assert (await served.ask(priority="background")).text == "back"


async def test_resting_models_are_listed_with_the_time_that_remains(paths: AuraPaths) -> None:
    async with Served(paths, ScriptedProvider([ModelTimeout("late")])) as served:
        with pytest.raises(ModelTimeout):
            await served.ask()
        answer = await served.client.request(ListModels(probe=False))
    assert 50 < answer.roles[0].cooling["scripted/model"] <= 60


# -- credentials


@pytest.mark.requirement("L3")
async def test_a_server_is_given_its_credential_and_a_rotated_one_at_the_next_look(paths: AuraPaths) -> None:
    keys: list[str] = []

    async with Served(paths, servers=SERVERS, discover=False) as served:
        store = served.service._catalog._known_servers._secrets
        store._find = lambda: "none"

        def make(address: ServerAddress) -> LLMProvider:
            keys.append(address.key)
            return ScriptedProvider(name=address.name)

        served.service._catalog._known_servers._make = make
        answer = await served.client.request(ListModels())
        assert (answer.servers[0].up, keys) == (False, [])
        assert answer.servers[0].problem == (
            "its secret 'mine_key' is not set or cannot be read: `aura secrets set mine_key`"
        )
        store.set("mine_key", "first-value", file_consent=True)
        assert (await served.client.request(ListModels())).servers[0].up
        await served.client.request(ListModels())
        store.rotate("mine_key", "second-value")
        await served.client.request(ListModels())
    assert keys == ["first-value", "second-value"]


@pytest.mark.parametrize("problem", [Unavailable("locked"), StorageError("damaged")])
async def test_a_secret_that_cannot_be_read_leaves_the_other_servers_alone(
    paths: AuraPaths, problem: AuraError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_name: str) -> str | None:
        raise problem

    async with Served(paths, ScriptedProvider(["fine"], name="up"), servers=SERVERS) as served:
        monkeypatch.setattr(served.service._catalog._known_servers._secrets, "get", fail)
        assert (await served.ask()).model == "up/model"
        answer = await served.client.request(ListModels())
    assert [server.up for server in answer.servers] == [False, True]


# -- vectors


async def test_texts_become_vectors_with_the_model_of_the_settings(paths: AuraPaths) -> None:
    provider = ScriptedProvider(models=[ModelInfo(name="embed", embeds=True)])
    async with Served(paths, provider, embedding="scripted/embed") as served:
        answer = await served.client.request(EmbedTexts(texts=["one", "two"]))
    assert (len(answer.vectors), len(answer.vectors[0]), answer.model) == (2, 8, "scripted/embed")
    assert provider.embedded == ["one", "two"]


@pytest.mark.requirement("L5")
async def test_vectors_without_a_model_say_what_to_set(paths: AuraPaths) -> None:
    async with Served(paths) as served:
        with pytest.raises(NoModel, match="no model for vectors is set") as none:
            await served.client.request(EmbedTexts(texts=["one"]))
    assert "models.embedding" in none.value.hint
    async with Served(paths, embedding="ollama/nomic") as served:
        with pytest.raises(NoModel, match="there is no model 'ollama/nomic': no server with a model was found"):
            await served.client.request(EmbedTexts(texts=["one"]))
    async with Served(paths, ScriptedProvider(), embedding="scripted/nomic") as served:
        with pytest.raises(UnknownModel, match="no server has the model 'scripted/nomic'; there are: scripted/model"):
            await served.client.request(EmbedTexts(texts=["one"]))


async def test_a_model_for_vectors_that_fails_rests(paths: AuraPaths) -> None:
    class Broken(ScriptedProvider):
        async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
            raise ModelTimeout("late")

    async with Served(paths, Broken(), embedding="scripted/model") as served:
        with pytest.raises(ModelTimeout):
            await served.client.request(EmbedTexts(texts=["one"]))
        assert served.service._catalog.cooling.left_s("scripted/model") > 0


# -- self-tests


async def chats_once(provider: LLMProvider, model: str, progress: Tell) -> ModelAbilities:
    """A self-test of one question."""
    from aura_models.provider import ChatCall

    await progress(Progress(done=0, total=1, note="context"))
    call = ChatCall(model=model, turns=[], max_tokens=10, context_tokens=100, prompt_tokens=1)
    async for _ in provider.chat(call):
        pass
    return FOUND


async def test_what_a_self_test_shows_is_kept_and_bounds_the_context(paths: AuraPaths) -> None:
    provider = ScriptedProvider([ScriptedAnswer(["x"], times=None)], context_max=100_000)
    told: list[Progress] = []
    async with Served(paths, provider, test=chats_once) as served:
        answer = await served.client.request(TestModel(model="model"), on_progress=told.append)
        assert answer.model == "scripted/model"
        assert answer.abilities == FOUND.model_copy(update={"digest": provider._models[0].digest})
        listed = await served.client.request(ListModels(probe=False))
        assert listed.servers[0].models[0].abilities == answer.abilities
        await served.ask()
    assert provider.calls[-1].context_tokens == 4096
    assert [progress.note for progress in told] == ["context"]


async def test_a_long_self_test_goes_on_while_its_caller_asks_again(
    paths: AuraPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = asyncio.Event()
    provider = ScriptedProvider([ScriptedAnswer(["x", Hold(go_on)])])
    async with Served(paths, provider, test=chats_once) as served, asyncio.timeout(BOUND_S):
        monkeypatch.setattr(served.service._tests, "_wait_s", 0.05)
        for _ in range(2):
            with pytest.raises(NotReady, match=r"the self-test of scripted/model goes on \(0 of 1 done: context\)"):
                await served.client.request(TestModel(model="scripted/model"))
        monkeypatch.setattr(served.service._tests, "_wait_s", BOUND_S)
        asked = [asyncio.create_task(served.client.request(TestModel(model="scripted/model"))) for _ in range(2)]
        go_on.set()
        answers = await asyncio.gather(*asked)
    assert answers[0] == answers[1]
    assert len(provider.calls) == 1


async def test_a_self_test_is_ended_when_its_caller_takes_it_back(paths: AuraPaths) -> None:
    provider = ScriptedProvider([ScriptedAnswer(["x", Hold(asyncio.Event())])])
    async with Served(paths, provider, test=chats_once) as served, asyncio.timeout(BOUND_S):
        asked = asyncio.create_task(served.client.request(TestModel(model="model")))
        await provider.begun()
        asked.cancel()
        await asyncio.wait({asked})
        await provider.idle()
    assert len(provider.abandoned) == 1


async def test_a_self_test_that_nobody_asks_about_any_more_is_ended(
    paths: AuraPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = ScriptedProvider([ScriptedAnswer(["x", Hold(asyncio.Event())])])
    async with Served(paths, provider, test=chats_once) as served, asyncio.timeout(BOUND_S):
        monkeypatch.setattr(served.service._tests, "_wait_s", 0.01)
        monkeypatch.setattr(served.service._tests, "_abandoned_s", 0.05)
        with pytest.raises(NotReady):
            await served.client.request(TestModel(model="model"))
        await provider.begun()
        await provider.idle()
    assert len(provider.abandoned) == 1


async def test_a_self_test_that_fails_says_why_and_can_be_begun_again(paths: AuraPaths) -> None:
    provider = ScriptedProvider([ModelTimeout("late"), "x"])
    async with Served(paths, provider, test=chats_once) as served:
        with pytest.raises(ModelTimeout, match="late"):
            await served.client.request(TestModel(model="model"))
        assert (await served.client.request(TestModel(model="model"))).abilities.schema_ok == 9


async def test_stopping_the_service_ends_its_self_tests_and_closes_its_servers(paths: AuraPaths) -> None:
    provider = ScriptedProvider([ScriptedAnswer(["x", Hold(asyncio.Event())])])
    async with Served(paths, provider, test=chats_once) as served, asyncio.timeout(BOUND_S):
        asked = asyncio.create_task(served.client.request(TestModel(model="model")))
        await provider.begun()
        await served.service.stop()
        await asyncio.wait({asked})
    assert provider.closed
    assert provider.running == 0


async def test_calls_of_people_go_before_the_questions_of_a_self_test(paths: AuraPaths) -> None:
    async def chats_twice(provider: LLMProvider, model: str, progress: Tell) -> ModelAbilities:
        await chats_once(provider, model, progress)
        return await chats_once(provider, model, progress)

    go_on = asyncio.Event()
    provider = ScriptedProvider(
        [ScriptedAnswer(["first", Hold(go_on)], match=lambda call: not call.turns), ScriptedAnswer(["x"], times=None)]
    )
    async with Served(paths, provider, test=chats_twice) as served, asyncio.timeout(BOUND_S):
        tested = asyncio.create_task(served.client.request(TestModel(model="model")))
        await provider.begun()
        person = asyncio.create_task(served.ask("person"))
        queue = served.service._catalog.queue("scripted/model")
        while not queue.waiting:  # noqa: ASYNC110 - the queue tells nobody that somebody waits
            await asyncio.sleep(0.001)
        go_on.set()
        await asyncio.gather(tested, person)
    assert [bool(call.turns) for call in provider.calls] == [False, True, False]


async def test_what_stands_in_turn_for_a_server_passes_everything_on() -> None:
    from aura_models.waiting import ServerQueue

    inner = ScriptedProvider(["x"], counts_tokens=True)
    outer = selftest_runs.InTurn(inner, ServerQueue("s", at_once=1), "background")
    assert outer.address == inner.address
    assert (await outer.health()).up
    assert await outer.models() == await inner.models()
    assert await outer.capabilities("model") == await inner.capabilities("model")
    assert await outer.count_tokens("model", "12345678") == 2
    await outer.close()
    assert not inner.closed


async def test_the_service_is_well(paths: AuraPaths) -> None:
    async with Served(paths) as served:
        assert served.service.health().ok
