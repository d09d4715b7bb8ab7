"""Kept answers, and figures that survive a restart."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aura_models import answers as answers_module
from aura_models.answers import Answers, KeptAnswer, key_of
from aura_models.providers.scripted import ScriptedAnswer, ScriptedProvider
from aura_models.storing import Store
from aura_models_served import NUMBER_SCHEMA, Served, question
from aura_shared.errors import ContextCut, ModelTimeout, NotFound, StorageError
from aura_shared.messages.models import AskModelStats, ClearModelCache, ListModels, ModelInfo, ReportOutcome
from aura_shared.paths import AuraPaths, find_paths

MODEL = ModelInfo(name="s/m", digest="d1")


@pytest.fixture
def paths(aura_home: Path) -> AuraPaths:
    return find_paths().prepare()


@pytest.fixture
async def store(paths: AuraPaths) -> AsyncIterator[Store]:
    store = Store(paths.models)
    await store.open()
    yield store
    await store.close()


def kept(text: str) -> KeptAnswer:
    return KeptAnswer(text, {"a": [1]}, "s/m", 10, 2)


def anything(*texts: str) -> ScriptedProvider:
    """Answers with these texts in order, the last one again and again."""
    return ScriptedProvider([*texts[:-1], ScriptedAnswer([texts[-1]], times=None)])


@pytest.mark.parametrize(
    "other",
    [
        question("Other words."),
        question(temperature=0.3),
        question(seed=1),
        question(max_tokens=99),
        question(answer_schema=NUMBER_SCHEMA),
        question(prompt="explain@2"),
        question(turns=[{"role": "system", "content": "Say something."}]),
    ],
)
def test_whatever_shapes_an_answer_changes_its_key(other: object) -> None:
    assert key_of(other, MODEL, 4096) != key_of(question(), MODEL, 4096)  # type: ignore[arg-type]


def test_what_does_not_shape_an_answer_leaves_its_key_alone() -> None:
    same = question(priority="background", stream=True, gated=True, task="other")
    assert key_of(same, MODEL, 4096) == key_of(question(), MODEL, 4096)
    assert key_of(same, MODEL, 8192) != key_of(question(), MODEL, 4096)
    assert key_of(same, MODEL.model_copy(update={"digest": "d2"}), 4096) != key_of(question(), MODEL, 4096)


async def test_those_that_were_not_used_for_longest_go_first(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000_000_000

    def tick() -> int:
        nonlocal now
        now += 61_000
        return now

    monkeypatch.setattr(answers_module, "_now_ms", tick)
    answers = Answers(store, most_bytes=3 * 320)
    for key in ("a", "b", "c"):
        await answers.keep(key, "d", kept(key * 100))
    assert await answers.find(["a"]) == ("a", kept("a" * 100))
    await answers.keep("d", "d", kept("d" * 100))
    assert [await answers.find([key]) is not None for key in ("a", "b", "c", "d")] == [True, False, True, True]
    entries, size = await answers.size()
    assert entries == 3
    assert size <= 3 * 320


async def test_an_answer_larger_than_the_room_and_any_answer_without_room_are_not_kept(store: Store) -> None:
    answers = Answers(store, most_bytes=300)
    await answers.keep("a", "d", kept("x" * 400))
    await answers.hold("call", "a", "d", kept("x" * 400))
    await answers.judge("call", "a", passed=True)
    assert await answers.size() == (0, 0)
    nothing = Answers(store, most_bytes=0)
    await nothing.keep("a", "d", kept("x"))
    assert await nothing.find(["a"]) is None


async def test_an_answer_of_a_model_without_a_digest_is_kept_for_a_day(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000_000_000_000
    monkeypatch.setattr(answers_module, "_now_ms", lambda: now)
    answers = Answers(store, most_bytes=10_000)
    await answers.keep("none", "", kept("x"))
    await answers.keep("some", "d", kept("x"))
    now += 23 * 3600 * 1000
    assert await answers.find(["none"]) is not None
    now += 2 * 3600 * 1000
    assert await answers.find(["none"]) is None
    assert await answers.find(["none", "some"]) == ("some", kept("x"))


@pytest.mark.requirement("L2")
async def test_the_very_same_question_is_answered_from_the_cache_also_after_a_restart(paths: AuraPaths) -> None:
    provider = anything("first", "second")
    async with Served(paths, provider) as served:
        first = await served.ask()
        again = await served.ask()
    assert (again.text, again.cached, again.model) == ("first", True, "scripted/model")
    assert first.call != again.call
    async with Served(paths, provider) as served:
        assert (await served.ask()).text == "first"
        assert (await served.ask(cache=False)).text == "second"
    assert len(provider.calls) == 2


async def test_kept_data_comes_back_as_data(paths: AuraPaths) -> None:
    async with Served(paths, ScriptedProvider([{"number": 3}])) as served:
        await served.ask(answer_schema=NUMBER_SCHEMA)
        again = await served.ask(answer_schema=NUMBER_SCHEMA)
    assert (again.data, again.cached) == ({"number": 3}, True)


async def test_cut_answers_and_those_of_trials_are_not_kept(paths: AuraPaths) -> None:
    provider = ScriptedProvider([ScriptedAnswer(["cut"], finish="length"), "whole", "tried", "tried again"])
    async with Served(paths, provider) as served:
        await served.ask()
        assert (await served.ask()).text == "whole"
        assert [(await served.ask(trial="t")).text for _ in range(2)] == ["tried", "tried again"]


@pytest.mark.requirement("L2", "L4")
async def test_a_gated_answer_is_kept_only_once_it_passed(paths: AuraPaths) -> None:
    provider = anything("one", "two", "three")
    async with Served(paths, provider) as served:
        first = await served.ask(gated=True)
        second = await served.ask(gated=True)
        assert (second.text, second.cached) == ("two", False)
        await served.client.request(ReportOutcome(call=first.call, passed=False, gate="tests"))
        await served.client.request(ReportOutcome(call=second.call, passed=True, gate="tests"))
        third = await served.ask(gated=True)
        assert (third.text, third.cached) == ("two", True)


async def test_a_kept_answer_that_is_refused_later_is_forgotten(paths: AuraPaths) -> None:
    async with Served(paths, anything("one", "two")) as served:
        await served.ask()
        again = await served.ask()
        assert again.cached
        await served.client.request(ReportOutcome(call=again.call, passed=False, gate="person"))
        assert (await served.ask()).text == "two"


@pytest.mark.requirement("L2")
async def test_answers_of_other_weights_are_forgotten(paths: AuraPaths) -> None:
    old = ScriptedProvider(["old"], models=[ModelInfo(name="m", digest="d1")])
    async with Served(paths, old) as served:
        await served.ask()
        new = ScriptedProvider(["new"], models=[ModelInfo(name="m", digest="d2")])
        served.providers["scripted"] = new
        served.service._catalog._known_servers._providers.clear()
        await served.client.request(ListModels())
        assert (await served.client.request(AskModelStats())).cache_entries == 0
        assert (await served.ask()).text == "new"


async def test_the_cache_is_cleared_as_a_whole_or_for_one_model(paths: AuraPaths) -> None:
    provider = ScriptedProvider([ScriptedAnswer(["x"], times=None)], models=["a", "b"])
    async with Served(paths, provider) as served:
        for model in ("scripted/a", "scripted/b"):
            await served.ask(model=model)
            await served.ask("another", model=model)
        stats = await served.client.request(AskModelStats())
        assert stats.cache_entries == 4
        assert stats.cache_bytes > 4 * 200
        assert (await served.client.request(ClearModelCache(model="scripted/a"))).entries == 2
        assert (await served.client.request(ClearModelCache())).entries == 2
        assert not (await served.ask(model="scripted/b")).cached


async def test_an_outcome_of_an_unknown_or_failed_call_is_refused(paths: AuraPaths) -> None:
    async with Served(paths) as served:
        with pytest.raises(NotFound, match="no answered call 'nobody' is known"):
            await served.client.request(ReportOutcome(call="nobody", passed=True))


async def test_the_preferred_model_is_asked_though_the_next_one_has_a_kept_answer(paths: AuraPaths) -> None:
    first = ScriptedProvider([ContextCut("cut"), "from first"], name="first", context_max=4096)
    second = ScriptedProvider(["from second"], name="second")
    async with Served(paths, first, second, roles={"code": ["first/model", "second/model"]}) as served:
        assert [(await served.ask()).text for _ in range(3)] == ["from second", "from first", "from first"]


async def test_a_kept_answer_serves_while_its_model_rests_and_after_others_failed(paths: AuraPaths) -> None:
    first = ScriptedProvider(["from first", ModelTimeout("late"), ModelTimeout("late")], name="first")
    second = ScriptedProvider(["from second"], name="second")
    roles = {"code": ["first/model", "second/model"], "plan": ["second/model", "first/model"]}
    async with Served(paths, first, second, roles=roles) as served:
        await served.ask("kept")
        assert (await served.ask("other")).text == "from second"
        assert served.service._catalog.cooling.left_s("first/model") > 0
        answer = await served.ask("kept")
        assert (answer.text, answer.cached) == ("from first", True)
        late = await served.ask("kept", role="plan")
    assert (late.text, late.cached) == ("from first", True)


async def test_a_streamed_answer_from_the_cache_is_streamed_too(paths: AuraPaths) -> None:
    texts: list[str] = []
    async with Served(paths, anything("hello")) as served:
        await served.ask()
        await served.client.request(question(stream=True), on_progress=lambda progress: texts.append(progress.text))
    assert texts == ["hello"]


async def test_a_database_that_cannot_be_written_costs_nobody_the_answer(paths: AuraPaths) -> None:
    async with Served(paths, anything("fine")) as served:
        served.service._store._connection().execute("PRAGMA query_only = 1")
        assert (await served.ask()).text == "fine"
        with pytest.raises(StorageError):
            await served.client.request(ClearModelCache())


async def test_a_damaged_database_is_set_aside(paths: AuraPaths) -> None:
    paths.models.mkdir(mode=0o700)
    (paths.models / "models.db").write_bytes(b"not a database, by any means" * 100)
    async with Served(paths, anything("fine")) as served:
        assert (await served.ask()).text == "fine"
    assert len(list(paths.models.glob("models.db.corrupt-*"))) == 1


async def test_the_database_is_private(paths: AuraPaths) -> None:
    async with Served(paths, anything("fine")) as served:
        await served.ask()
        modes = {stat.S_IMODE(file.stat().st_mode) for file in paths.models.iterdir()}
        assert modes == {0o600}
        assert stat.S_IMODE(paths.models.stat().st_mode) == 0o700


async def test_a_store_that_is_not_open_says_so_and_names_errors_of_sqlite(paths: AuraPaths) -> None:
    closed = Store(paths.models)
    with pytest.raises(StorageError, match="is not open"):
        await closed.read(lambda db: db.total_changes)
    await closed.close()
    opened = Store(paths.models)
    await opened.open()

    def nonsense(db: sqlite3.Connection) -> None:
        db.execute("SELECT 1 FROM nowhere")

    with pytest.raises(StorageError, match="no such table: nowhere"):
        await opened.read(nonsense)
    await opened.close()
