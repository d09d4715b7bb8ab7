"""How models did: figures, gates, trials, abilities."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aura_models import figures as figures_module
from aura_models.figures import Asked, Figures, percentile
from aura_models.providers.scripted import ScriptedAnswer, ScriptedProvider
from aura_models.storing import Store
from aura_models_served import NUMBER_SCHEMA, Served, question
from aura_shared.errors import ModelTimeout
from aura_shared.messages.models import AskModelStats, ModelAbilities, ModelInfo, ReportOutcome
from aura_shared.paths import AuraPaths, find_paths

DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def paths(aura_home: Path) -> AuraPaths:
    return find_paths().prepare()


@pytest.fixture
async def store(paths: AuraPaths) -> AsyncIterator[Store]:
    store = Store(paths.models)
    await store.open()
    yield store
    await store.close()


def always(name: str, text: str = "x") -> ScriptedProvider:
    return ScriptedProvider([ScriptedAnswer([text], times=None, tokens_in=10, tokens_out=4)], name=name)


async def judge(served: Served, call: str, passed: bool, score: float | None = None) -> None:
    await served.client.request(ReportOutcome(call=call, passed=passed, gate="tests", score=score))


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, 0.0), ([3.0], 0.95, 3.0), ([1, 2, 3, 4], 0.5, 2), ([4, 1, 3, 2, 5], 0.95, 5), (range(1, 101), 0.95, 95)],
)
def test_percentiles_are_values_that_were_seen(values: list[float], share: float, expected: float) -> None:
    assert percentile(list(values), share) == expected


@pytest.mark.requirement("L4")
async def test_figures_are_kept_by_role_task_and_model(store: Store) -> None:
    figures = Figures(store)
    for number in range(1, 101):
        asked = Asked("s/a", "ok", seconds=number / 10, first_token_s=number / 100, tokens_in=10, tokens_out=2)
        await figures.add(f"a{number}", question(), [asked])
    await figures.add("b", question(), [Asked("s/a", "model_timeout", seconds=9), Asked("s/b", "ok", seconds=2)])
    await figures.add("c", question(), [Asked("s/a", "cached")])
    await figures.add("d", question(role="plan"), [Asked("s/a", "ok", seconds=1)])
    await figures.judge(ReportOutcome(call="a1", passed=True))
    await figures.judge(ReportOutcome(call="a2", passed=False))
    found = await figures.summary(None, 30)
    assert [(one.role, one.task, one.model, one.calls) for one in found] == [
        ("code", "explain", "s/a", 101),
        ("code", "explain", "s/b", 1),
        ("plan", "explain", "s/a", 1),
    ]
    first = found[0]
    assert (first.p50_s, first.p95_s, first.first_token_p50_s) == (5.0, 9.5, 0.5)
    assert (first.tokens_in, first.tokens_out, first.cached) == (1000, 200, 1)
    assert (first.failed, first.passed, first.refused) == ({"model_timeout": 1}, 1, 1)
    assert [one.role for one in await figures.summary("plan", 30)] == ["plan"]


async def test_figures_are_kept_for_ninety_days(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000_000
    monkeypatch.setattr(figures_module, "_now_ms", lambda: now)
    figures = Figures(store)
    assert await figures.since() == ""
    await figures.add("old", question(), [Asked("s/a", "ok")])
    assert await figures.since() == "2027-01-15T08:00:00+00:00"
    now += 80 * DAY_MS
    assert await figures.summary(None, 30) == []
    assert len(await figures.summary(None, 90)) == 1
    now += 11 * DAY_MS
    await Figures(store).add("new", question(), [Asked("s/b", "ok")])
    assert [one.model for one in await figures.summary(None, 3650)] == ["s/b"]


@pytest.mark.requirement("L4")
async def test_a_model_that_failed_its_gate_twice_is_lowered_for_that_task_only(paths: AuraPaths) -> None:
    roles = {"code": ["first/model", "second/model"]}
    async with Served(paths, always("first"), always("second"), roles=roles) as served:
        for number in range(2):
            await judge(served, (await served.ask(f"try {number}")).call, passed=False)
        assert (await served.ask("third")).model == "second/model"
        assert (await served.ask("third", task="other")).model == "first/model"
        assert (await served.ask("third", role="code", model="first/model")).model == "first/model"
    async with Served(paths, always("first"), always("second"), roles=roles) as served:
        assert (await served.ask("fourth")).model == "second/model"
        call = (await served.ask("fifth", model="first/model")).call
        await judge(served, call, passed=True)
        assert (await served.ask("sixth")).model == "first/model"


async def test_a_lowered_model_is_still_asked_when_the_others_fail(paths: AuraPaths) -> None:
    first, second = always("first"), ScriptedProvider([ModelTimeout("late")], name="second")
    async with Served(paths, first, second, roles={"code": ["first/model", "second/model"]}) as served:
        for number in range(2):
            await judge(served, (await served.ask(f"try {number}")).call, passed=False)
        answer = await served.ask("third")
    assert [attempt.model for attempt in answer.attempts] == ["second/model", "first/model"]


async def test_one_good_answer_among_the_last_two_keeps_a_model_in_its_place(store: Store) -> None:
    figures = Figures(store)
    for call, passed in [("1", False), ("2", True), ("3", False)]:
        await figures.add(call, question(), [Asked("s/a", "ok")])
        await figures.judge(ReportOutcome(call=call, passed=passed))
    assert await figures.lowered("code", "explain") == set()
    await figures.add("4", question(), [Asked("s/a", "schema_mismatch", malformed=True), Asked("s/b", "ok")])
    assert await figures.lowered("code", "explain") == {"s/a"}


async def test_a_lowered_model_gets_another_chance_after_a_day(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000_000
    monkeypatch.setattr(figures_module, "_now_ms", lambda: now)
    figures = Figures(store)
    for call in ("1", "2"):
        await figures.add(call, question(), [Asked("s/a", "ok")])
        await figures.judge(ReportOutcome(call=call, passed=False))
    assert await figures.lowered("code", "explain") == {"s/a"}
    now += DAY_MS + 1
    assert await figures.lowered("code", "explain") == set()


async def test_a_model_that_is_malformed_in_two_calls_is_lowered(paths: AuraPaths) -> None:
    roles = {"code": ["first/model", "second/model"]}
    second = ScriptedProvider([ScriptedAnswer(['{"number": 1}'], times=None)], name="second")
    async with Served(paths, always("first", "no JSON"), second, roles=roles) as served:
        for number in range(2):
            answer = await served.ask(f"try {number}", answer_schema=NUMBER_SCHEMA)
            assert [attempt.outcome for attempt in answer.attempts] == ["schema_mismatch", "ok"]
        answer = await served.ask("third", answer_schema=NUMBER_SCHEMA)
    assert [attempt.model for attempt in answer.attempts] == ["second/model"]


@pytest.mark.requirement("L4")
async def test_a_trial_compares_two_models_by_their_gates(paths: AuraPaths) -> None:
    async with Served(paths, always("first"), always("second")) as served:
        for model, score in [("first/model", 0.4), ("second/model", 0.9)]:
            answer = await served.ask(model=model, trial="t1", task="refactor")
            assert not answer.cached
            await judge(served, answer.call, passed=True, score=score)
        even = [await served.ask(model=model, trial="t2") for model in ("first/model", "second/model")]
        for answer in even:
            await judge(served, answer.call, passed=True)
        open_one = await served.ask(model="first/model", trial="t3")
        await served.ask(model="second/model", trial="t3")
        await judge(served, open_one.call, passed=True)
        stats = await served.client.request(AskModelStats())
    trials = {trial.trial: trial for trial in stats.trials}
    assert (trials["t1"].task, trials["t1"].winner) == ("refactor", "second/model")
    assert trials["t1"].scores == {"first/model": 0.4, "second/model": 0.9}
    assert trials["t1"].seconds.keys() == {"first/model", "second/model"}
    assert (trials["t2"].scores, trials["t2"].winner) == ({"first/model": 1.0, "second/model": 1.0}, "")
    assert (trials["t3"].scores, trials["t3"].winner) == ({"first/model": 1.0}, "")
    assert stats.since != ""


async def test_what_a_self_test_showed_holds_until_the_weights_change(store: Store) -> None:
    figures = Figures(store)
    found = ModelAbilities(tested_at="2026-01-01T00:00:00+00:00", digest="d1", context_tokens=4096)
    await figures.keep_abilities("s/a", found)
    same, other = ModelInfo(name="s/a", digest="d1"), ModelInfo(name="s/a", digest="d2")
    with_them = await figures.with_abilities([same, other, ModelInfo(name="s/b", digest="d1")])
    assert [model.abilities for model in with_them] == [found, None, None]


async def test_abilities_in_a_form_of_another_version_are_as_good_as_none(store: Store) -> None:
    await store.write(lambda db: db.execute("INSERT INTO abilities VALUES ('s/a', 'd', '{\"odd\": 1}')"))
    assert (await Figures(store).with_abilities([ModelInfo(name="s/a", digest="d")]))[0].abilities is None
