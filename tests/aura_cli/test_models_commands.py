"""`aura models` against a gateway that answers over HTTP."""

from __future__ import annotations

import pytest

from aura_cli import main
from aura_cli_running import Aura, JsonObject, StandIn
from aura_shared.messages.models import (
    AskModelStats,
    CacheCleared,
    ClearModelCache,
    ListModels,
    ModelAbilities,
    ModelFigures,
    ModelInfo,
    ModelsAnswer,
    ModelServer,
    ModelStatsAnswer,
    ModelTestAnswer,
    RoleChoice,
    TestModel,
    TrialFigures,
)

FOUND = ModelAbilities(
    tested_at="2026-01-01T00:00:00+00:00",
    context_tokens=8192,
    schema_ok=9,
    schema_tried=10,
    schema_dropped=["maximum"],
    edit_formats=["whole", "symbol"],
    tokens_per_s=21.4,
    first_token_s=0.3,
    notes=["answers in English"],
)
CODER = ModelInfo(
    name="ollama/qwen2.5-coder:7b",
    parameters="7.6B",
    quantization="Q4_K_M",
    context_max=32768,
    roles=["code", "edit"],
    abilities=FOUND,
)
SERVERS = [
    ModelServer(
        name="ollama",
        kind="ollama",
        url="http://127.0.0.1:11434",
        up=True,
        version="0.12.6",
        discovered=True,
        models=[CODER, ModelInfo(name="ollama/nomic", embeds=True)],
    ),
    ModelServer(name="mine", kind="openai", url="http://127.0.0.1:9/v1", up=False, problem="refused\x1b[31m"),
]
ROLES = [
    RoleChoice(
        role="code",
        models=["ollama/qwen2.5-coder:7b", "mine/big"],
        reason="models.roles.code names them; not served now: mine/big",
        cooling={"mine/big": 42.0},
    ),
    RoleChoice(role="small", models=["ollama/qwen2.5-coder:7b"], reason="models.roles.small names none"),
]


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(main._TABLE, "models", ("models", "List language models; test them."))
    monkeypatch.setenv("COLUMNS", "200")


def as_json(message: ModelsAnswer | ModelTestAnswer | ModelStatsAnswer | CacheCleared) -> JsonObject:
    return message.model_dump(mode="json")


@pytest.mark.requirement("L4")
def test_servers_models_and_roles_are_shown(aura: Aura, gateway: StandIn) -> None:
    gateway.reply("POST /v1/models", as_json(ModelsAnswer(servers=SERVERS, roles=ROLES)))
    ran = aura("models")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "SERVER  KIND    ADDRESS                 STATE",
        "ollama  ollama  http://127.0.0.1:11434  up     0.12.6",
        "mine    openai  http://127.0.0.1:9/v1   down   refused\\x1b[31m",
        "",
        "MODEL                    SIZE         CONTEXT  ROLES      SELF-TEST",
        "ollama/qwen2.5-coder:7b  7.6B Q4_K_M   32,768  code edit  "
        "9/10 schemas · whole, symbol · 8,192 tokens honoured · 21 tokens/s",
        "ollama/nomic                                   vectors",
        "",
        "ROLE   MODELS, IN THIS ORDER                                    WHY",
        "code   ollama/qwen2.5-coder:7b, mine/big (left alone for 42 s)  "
        "models.roles.code names them; not served now: mine/big",
        "small  ollama/qwen2.5-coder:7b                                  models.roles.small names none",
    ]
    assert gateway.asked == [("POST /v1/models", {"probe": True})]
    ListModels.model_validate(gateway.asked[0][1], extra="forbid")


@pytest.mark.requirement("L5")
def test_without_a_model_the_command_says_where_was_looked_and_what_to_start(aura: Aura, gateway: StandIn) -> None:
    reason = "Start Ollama, LM Studio or another server; looked at 127.0.0.1, ports 11434 (Ollama)."
    gateway.reply("POST /v1/models", as_json(ModelsAnswer(roles=[RoleChoice(role="code")], reason=reason)))
    ran = aura("models", "--no-probe")
    assert (ran.code, ran.out) == (0, f"No model can be asked.\n{reason}\n")
    assert gateway.asked[0][1] == {"probe": False}


def test_untested_models_come_with_the_command_that_tests_them(aura: Aura, gateway: StandIn) -> None:
    server = SERVERS[0].model_copy(update={"models": [CODER.model_copy(update={"abilities": None})]})
    gateway.reply("POST /v1/models", as_json(ModelsAnswer(servers=[server], roles=ROLES)))
    assert "`aura models test MODEL` shows what a model can do" in aura("models").err


@pytest.mark.parametrize(
    ("arguments", "route"),
    [
        (["models"], "POST /v1/models"),
        (["models", "test", "m"], "POST /v1/models/test"),
        (["models", "stats"], "POST /v1/models/stats"),
        (["models", "cache", "clear"], "POST /v1/models/cache/clear"),
    ],
)
def test_every_command_prints_the_answer_as_json(
    aura: Aura, gateway: StandIn, arguments: list[str], route: str
) -> None:
    answer: JsonObject = {"anything": [1, 2]}
    gateway.reply(route, answer)
    assert aura(*arguments, "--json").json() == answer


def test_a_self_test_is_asked_for_until_it_is_done(aura: Aura, gateway: StandIn) -> None:
    waits: JsonObject = {
        "error": {
            "code": "not_ready",
            "message": "the self-test of ollama/m goes on (1 of 4 done)",
            "hint": "Ask again.",
        }
    }
    done = as_json(ModelTestAnswer(model="ollama/m", abilities=FOUND))
    gateway.reply("POST /v1/models/test", (503, waits), (503, waits), done)
    ran = aura("models", "test", "m")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "ollama/m",
        "  Context honoured  8,192 tokens",
        "  Schemas           9 of 10 answers satisfied theirs",
        "  Not enforced      maximum",
        "  Edit formats      whole, symbol",
        "  Thinks aloud      no",
        "  Speed             21.4 tokens/s",
        "  First token       300 ms",
        "  answers in English",
    ]
    assert ran.err == "Testing m, which takes minutes …\n"
    assert gateway.asked == [("POST /v1/models/test", {"model": "m"})] * 3
    TestModel.model_validate(gateway.asked[0][1], extra="forbid")


def test_an_unknown_model_is_an_error_with_its_exit_code(aura: Aura, gateway: StandIn) -> None:
    told: JsonObject = {"error": {"code": "unknown_model", "message": "no server has the model 'x'", "hint": "Look."}}
    gateway.reply("POST /v1/models/test", (404, told))
    ran = aura("models", "test", "x")
    assert (ran.code, ran.out) == (4, "")
    assert "no server has the model 'x'" in ran.err


@pytest.mark.requirement("L4")
def test_figures_and_trials_are_shown(aura: Aura, gateway: StandIn) -> None:
    figures = ModelFigures(
        model="ollama/a",
        role="code",
        task="explain",
        calls=1200,
        failed={"model_timeout": 2, "bad_model_answer": 1},
        passed=7,
        refused=1,
        cached=3,
        first_token_p50_s=0.25,
        p50_s=2.0,
        p95_s=90.0,
        tokens_in=5000,
        tokens_out=700,
    )
    trial = TrialFigures(
        trial="t1",
        task="refactor",
        at="2026-01-01T00:00:00+00:00",
        scores={"ollama/a": 0.9, "ollama/b": 0.4},
        seconds={"ollama/a": 2.0, "ollama/b": 1.0},
        winner="ollama/a",
    )
    opened = trial.model_copy(update={"trial": "t2", "scores": {"ollama/a": 1.0}, "winner": ""})
    answer = ModelStatsAnswer(
        figures=[figures],
        trials=[trial, opened],
        cache_entries=12,
        cache_bytes=34_000,
        since="2026-01-01T00:00:00+00:00",
    )
    gateway.reply("POST /v1/models/stats", as_json(answer))
    ran = aura("models", "stats", "--role", "code", "--days", "7")
    lines = ran.out.splitlines()
    expected = "code explain ollama/a 1,200 3 (bad_model_answer, model_timeout) 7 1 3 250 ms 2.0 s 1 min 5,000 → 700"
    assert " ".join(lines[1].split()) == expected
    assert lines[4:] == [
        "t1     refactor  ollama/a 0.90 in 2.0 s, ollama/b 0.40 in 1.0 s  ollama/a",
        "t2     refactor  ollama/a 1.00 in 2.0 s, ollama/b ? in 1.0 s     even or not judged yet",
    ]
    assert ran.err == "12 kept answers, 34 kB · figures since 2026-01-01\n"
    assert gateway.asked == [("POST /v1/models/stats", {"role": "code", "days": 7})]
    AskModelStats.model_validate(gateway.asked[0][1], extra="forbid")


def test_without_figures_that_is_said(aura: Aura, gateway: StandIn) -> None:
    gateway.reply("POST /v1/models/stats", as_json(ModelStatsAnswer()))
    ran = aura("models", "stats")
    assert (ran.out, ran.err) == ("No model was asked yet.\n", "0 kept answers, 0 B\n")
    assert gateway.asked == [("POST /v1/models/stats", {"role": None, "days": 30})]


def test_kept_answers_are_forgotten(aura: Aura, gateway: StandIn) -> None:
    gateway.reply("POST /v1/models/cache/clear", as_json(CacheCleared(entries=1)))
    assert aura("models", "cache", "clear", "--model", "ollama/a").out == "1 kept answer forgotten.\n"
    assert gateway.asked == [("POST /v1/models/cache/clear", {"model": "ollama/a"})]
    ClearModelCache.model_validate(gateway.asked[0][1], extra="forbid")


def test_without_the_daemon_the_next_step_is_named(aura: Aura) -> None:
    ran = aura("models")
    assert ran.code == 3
    assert "aura up" in ran.err
