"""Talking to models: whether one is asked, how long a prompt may be, and what happens when the process is not there."""

from __future__ import annotations

import pytest

from assist_rig import ROLES, Models
from aura_factory.assist.code_desk import Remembered, choose_project
from aura_factory.assist.talking import ModelDesk
from aura_shared.bus import Context
from aura_shared.bus.memory import MemoryHub
from aura_shared.errors import RateLimited, UnknownProject, UsageProblem
from aura_shared.messages.code import ProjectInfo
from aura_shared.messages.models import ListModels, ModelInfo, ModelsAnswer, ModelServer, RoleChoice


async def desk_of(answer: ModelsAnswer | None, *, max_context: int = 16_384) -> ModelDesk:
    """What is known when the models process says this; None when it does not run."""
    hub = MemoryHub()
    if answer is not None:

        async def handler(request: ListModels, context: Context) -> ModelsAnswer:
            return answer

        hub.connect("models").serve(ListModels, handler)
    return ModelDesk(hub.connect("factory"), max_context=max_context)


def server(model: ModelInfo | None = None, **more: object) -> ModelServer:
    fields = {
        "name": "s",
        "kind": "ollama",
        "url": "http://127.0.0.1:1",
        "up": True,
        "models": [model] if model else [],
    }
    return ModelServer.model_validate({**fields, **more})


@pytest.mark.requirement("L5")
async def test_a_models_process_that_is_down_is_the_same_as_no_model() -> None:
    desk = await desk_of(None)
    assert await desk.why_none("code") == "the service models is not connected"
    assert await desk.context_tokens("code") == 4096


async def test_what_was_learnt_while_it_was_down_is_not_kept() -> None:
    hub = MemoryHub()
    desk = ModelDesk(hub.connect("factory"))
    assert await desk.why_none("code")
    models = Models()
    hub.connect("models").serve(ListModels, models.list)
    assert await desk.why_none("code") == ""


async def test_why_there_is_none_is_what_the_role_says_or_else_what_all_say() -> None:
    choices = [RoleChoice(role="code", reason="no model is larger than 1B"), RoleChoice(role="edit")]
    desk = await desk_of(ModelsAnswer(roles=choices, reason="nothing runs here"))
    assert await desk.why_none("code") == "no model is larger than 1B"
    assert await desk.why_none("edit") == "nothing runs here"
    assert await (await desk_of(ModelsAnswer())).why_none("review") == "no model plays the role review"


async def test_the_model_of_an_mcp_client_counts_as_one() -> None:
    choices = [RoleChoice(role=role) for role in ROLES]
    up = await desk_of(ModelsAnswer(roles=choices, servers=[server(kind="sampling")]))
    assert await up.why_none("code") == ""
    down = await desk_of(ModelsAnswer(roles=choices, servers=[server(kind="sampling", up=False)]))
    assert await down.why_none("code")


@pytest.mark.parametrize(
    ("model", "most", "expected"),
    [
        ({"context_max": 32_768}, 16_384, 16_384),
        ({"context_max": 8192}, 16_384, 8192),
        ({}, 16_384, 4096),
        ({"context_max": 32_768, "abilities": {"tested_at": "x", "context_tokens": 2048}}, 16_384, 2048),
        ({"context_max": 32_768, "abilities": {"tested_at": "x"}}, 65_536, 32_768),
        ({}, 1024, 1024),
    ],
    ids=["the setting", "the model", "nothing known", "as tested", "tested without it", "a small setting"],
)
async def test_a_context_is_what_was_tested_or_said_and_never_more_than_the_setting(
    model: dict[str, object], most: int, expected: int
) -> None:
    info = ModelInfo.model_validate({"name": "s/m", **model})
    answer = ModelsAnswer(servers=[server(info)], roles=[RoleChoice(role="code", models=["gone/x", "s/m"])])
    desk = await desk_of(answer, max_context=most)
    assert await desk.context_tokens("code") == expected
    assert await desk.context_tokens("review", "s/m") == expected


async def test_a_refusal_to_list_is_a_reason() -> None:
    hub = MemoryHub()

    async def refuse(request: ListModels, context: Context) -> ModelsAnswer:
        raise RateLimited("too many calls")

    hub.connect("models").serve(ListModels, refuse)
    assert await ModelDesk(hub.connect("factory")).why_none("code") == "too many calls"


async def test_what_is_known_is_asked_anew_after_ten_seconds() -> None:
    hub, models, now = MemoryHub(), Models(), [0.0]
    hub.connect("models").serve(ListModels, models.list)
    desk = ModelDesk(hub.connect("factory"), clock=lambda: now[0])
    for now[0] in (0.0, 9.9, 10.1, 12.0):
        await desk.listed()
    assert models.listed == 2


def project(name: str, root: str) -> ProjectInfo:
    return ProjectInfo(id=f"{name}-{len(root)}", name=name, root=root)


def test_a_project_is_found_by_identifier_name_or_the_innermost_folder_around_a_path() -> None:
    known = [project("shop", "/a/shop"), project("web", "/a/shop/web"), project("shop", "/other/shop")]
    assert choose_project(known, "web").root == "/a/shop/web"
    assert choose_project(known, "shop-7").root == "/a/shop"
    assert choose_project(known, "/a/shop/web/x/y.ts").root == "/a/shop/web"
    assert choose_project(known, "/a/shop/src").root == "/a/shop"
    with pytest.raises(UsageProblem, match="2 projects are called 'shop': shop-7, shop-11"):
        choose_project(known, "shop")
    for wanted in ("nothing", "/a/shopping", ""):
        with pytest.raises(UnknownProject):
            choose_project(known, wanted)


def test_costly_answers_are_remembered_for_a_while_and_the_oldest_goes_first() -> None:
    now = [0.0]
    remembered = Remembered(seconds=10, clock=lambda: now[0])
    remembered.put(("a",), ModelsAnswer(reason="a"))
    assert remembered.get(("a",)) == ModelsAnswer(reason="a")
    assert remembered.get(("b",)) is None
    now[0] = 10.0
    assert remembered.get(("a",)) is None
    for number in range(65):
        remembered.put((str(number),), ModelsAnswer())
    assert remembered.get(("0",)) is None
    assert remembered.get(("64",)) is not None
    remembered.clear()
    assert remembered.get(("64",)) is None
