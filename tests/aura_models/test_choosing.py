"""Which models play a role."""

from __future__ import annotations

import pytest

from aura_models.choosing import choose, find_model, roles_of, size_b
from aura_shared.errors import UnknownModel
from aura_shared.messages.models import ModelAbilities, ModelInfo, ModelRole


def model(name: str, **more: object) -> ModelInfo:
    return ModelInfo.model_validate({"name": f"ollama/{name}", **more})


def abilities_of(**more: object) -> ModelAbilities:
    return ModelAbilities.model_validate({"tested_at": "2026-01-01T00:00:00+00:00", **more})


GOOD = abilities_of(schema_ok=9, schema_tried=10, edit_formats=["whole"], tokens_per_s=20)


@pytest.mark.requirement("L4")
@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("plan", ["big:30b", "coder:7b", "plain:7b"]),
        ("review", ["big:30b", "coder:7b", "plain:7b"]),
        ("code", ["coder:7b", "big:30b", "plain:7b"]),
        ("edit", ["coder:7b", "big:30b", "plain:7b"]),
        ("small", ["small:1.5b", "coder:7b", "plain:7b"]),
    ],
)
def test_without_settings_name_and_size_decide(role: ModelRole, expected: list[str]) -> None:
    names = ["tiny:135m", "plain:7b", "big:30b", "small:1.5b", "coder:7b"]
    models = [model(name) for name in names] + [model("embed:300m", embeds=True)]
    choice = choose(role, (), models, {})
    assert choice.models == [f"ollama/{name}" for name in expected]
    assert f"models.roles.{role} names none: of 5 found" in choice.reason


def test_a_model_that_passed_its_self_test_goes_before_larger_ones_and_one_that_failed_goes_last() -> None:
    models = [
        model("a:30b"),
        model("b:7b", abilities=GOOD),
        model("c:70b", abilities=GOOD.model_copy(update={"schema_ok": 2})),
        model("d:70b", abilities=GOOD.model_copy(update={"tokens_per_s": 0.4})),
    ]
    assert choose("plan", (), models, {}).models == ["ollama/b:7b", "ollama/a:30b", "ollama/c:70b"]


def test_a_model_that_follows_no_edit_format_plans_but_edits_last() -> None:
    models = [model("a:7b"), model("b:30b", abilities=GOOD.model_copy(update={"edit_formats": []}))]
    assert choose("edit", (), models, {}).models[0] == "ollama/a:7b"
    assert choose("plan", (), models, {}).models[0] == "ollama/b:30b"


def test_a_loaded_model_goes_before_its_equals() -> None:
    assert choose("plan", (), [model("a:7b"), model("b:7b", loaded=True)], {}).models[0] == "ollama/b:7b"


def test_the_settings_win_and_what_is_not_served_is_named() -> None:
    choice = choose("code", ("coder:7b", "lmstudio/gone"), [model("big:30b"), model("coder:7b")], {})
    assert choice.models == ["ollama/coder:7b", "lmstudio/gone"]
    assert choice.reason == "models.roles.code names them; not served now: lmstudio/gone"


def test_models_that_rest_are_told_with_the_seconds_that_remain() -> None:
    choice = choose("plan", (), [model("a:7b"), model("b:3b")], {"ollama/a:7b": 12.34, "ollama/other": 3.0})
    assert choice.cooling == {"ollama/a:7b": 12.3}


@pytest.mark.parametrize(
    ("models", "reason"),
    [
        ([], "no server with a model was found"),
        ([model("nomic", embeds=True)], "the models that are there make vectors, not text"),
    ],
)
def test_without_a_model_the_reason_says_so(models: list[ModelInfo], reason: str) -> None:
    choice = choose("plan", (), models, {})
    assert (choice.models, choice.reason) == ([], reason)


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [
        ("x", "7.6B", 7.6),
        ("qwen2.5-coder:7b", "", 7.0),
        ("smollm:135m-instruct", "", 0.135),
        ("mixtral-8x7b-instruct", "", 56.0),
        ("qwen3-30b-a3b", "", 30.0),
        ("qwen2.5-coder", "", None),
        ("phi-4", "", None),
    ],
)
def test_the_size_is_read_from_the_server_or_the_name(name: str, parameters: str, expected: float | None) -> None:
    assert size_b(model(name, parameters=parameters)) == expected


def test_a_model_is_found_by_its_name_alone_where_one_server_has_it() -> None:
    models = [model("a"), model("b"), ModelInfo(name="lmstudio/b"), ModelInfo(name="lmstudio/org/c")]
    assert find_model("ollama/b", models).name == "ollama/b"
    assert find_model("a", models).name == "ollama/a"
    assert find_model("org/c", models).name == "lmstudio/org/c"
    with pytest.raises(UnknownModel, match="several servers have the model 'b': ollama/b, lmstudio/b"):
        find_model("b", models)
    with pytest.raises(UnknownModel, match="no server has the model 'z'; there are: ollama/a"):
        find_model("z", models)


def test_a_model_plays_the_roles_in_which_it_is_first() -> None:
    models = [model("small:1b"), model("coder:7b")]
    choices = [choose("small", (), models, {}), choose("code", (), models, {}), choose("plan", (), models, {})]
    assert roles_of("ollama/coder:7b", choices) == ["code", "plan"]
    assert roles_of("ollama/small:1b", choices) == ["small"]
