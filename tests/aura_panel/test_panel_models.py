"""The models view: servers and models, roles, figures, prompts; tests of models and their cache."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from rich.text import Text
from textual.pilot import Pilot

from aura_panel import models_testing
from aura_panel.views.models import ModelsView
from aura_panel.widgets.listing import ListColumn, Listing, fitting, shortened
from aura_panel.widgets.sections import SectionBar
from aura_shared.bus import Context
from aura_shared.errors import ModelUnreachable, NotReady, ServiceDown
from aura_shared.messages.core import Progress
from aura_shared.messages.models import (
    AskModelStats,
    CacheCleared,
    ClearModelCache,
    ListModels,
    ModelsAnswer,
    ModelServersChanged,
    ModelTestAnswer,
)
from aura_shared.messages.models import TestModel as SelfTest
from panel_lab import SIZES, PanelLab, app_of, assert_looks, panel_of, running_status, screen_text, until
from panel_lab_models import CODER, MODELS, NO_MODELS, OLLAMA, SMALL, with_models


def view_of(pilot: Pilot[None]) -> ModelsView:
    screen = app_of(pilot).screen
    assert isinstance(screen, ModelsView)
    return screen


def rows_of(pilot: Pilot[None]) -> Listing:
    return view_of(pilot).query_one(Listing)


async def filled(pilot: Pilot[None]) -> Listing:
    await until(pilot, lambda: rows_of(pilot).row_count > 0 and "46 kept" in screen_text(pilot))
    return rows_of(pilot)


@pytest.mark.requirement("U1")
async def test_servers_and_models_are_listed_and_what_they_say_is_no_markup(lab: PanelLab) -> None:
    with_models(lab)
    async with panel_of(lab, view="models") as pilot:
        rows = await filled(pilot)
        assert rows.key == "server:ollama"
        shown = screen_text(pilot)
        assert "1 of 2 servers up" in shown
        assert "connection refused [bold]no" in shown
        await pilot.press("down")
        await until(pilot, lambda: "Tried first as" in screen_text(pilot))
        await pilot.press("end")
        await until(pilot, lambda: "connection refused [bold]now[/bold]" in screen_text(pilot))
        assert "Start it, then press r" in screen_text(pilot)


@pytest.mark.requirement("U1")
async def test_roles_say_which_models_and_why_and_lead_to_their_setting(lab: PanelLab) -> None:
    with_models(lab)
    async with panel_of(lab, view="models") as pilot:
        rows = await filled(pilot)
        await pilot.press("o")
        await pilot.press("down")
        assert rows.key == "code"
        await until(pilot, lambda: "1. ollama/qwen2.5-coder:7b" in screen_text(pilot))
        assert "names none" in screen_text(pilot)
        assert "left alone for 42 s" in screen_text(pilot)


async def test_figures_and_prompts_in_full(lab: PanelLab) -> None:
    with_models(lab)
    async with panel_of(lab, view="models", size=(100, 40)) as pilot:
        rows = await filled(pilot)
        await pilot.press("f")
        await until(pilot, lambda: "101 passed their gate, 7 did not" in screen_text(pilot))
        assert "Trial t-1" in screen_text(pilot)
        await pilot.press("right")
        assert rows.key == "explain"
        await until(pilot, lambda: "Explain {{subject}}." in screen_text(pilot))
        await pilot.press("down", "left", "right")
        assert rows.key == "generate", "each list keeps its place"


async def test_reading_takes_the_screen_where_there_is_little_room(lab: PanelLab) -> None:
    with_models(lab)
    async with panel_of(lab, view="models", size=(80, 24)) as pilot:
        rows = await filled(pilot)
        await pilot.press("w", "enter")
        await until(pilot, lambda: "The developer asks in particular" in screen_text(pilot))
        assert not rows.display or rows.region.height == 0
        await pilot.press("escape")
        await until(pilot, lambda: rows.has_focus)


async def test_a_click_shows_a_list(lab: PanelLab) -> None:
    with_models(lab)
    async with panel_of(lab, view="models") as pilot:
        rows = await filled(pilot)
        await pilot.click(SectionBar, offset=(16, 0))
        assert rows.key == "plan"
        await pilot.click(SectionBar, offset=(90, 0))
        assert rows.key == "plan"


@pytest.mark.requirement("U1")
async def test_without_a_model_it_says_why_what_works_and_what_to_do(lab: PanelLab) -> None:
    with_models(lab, NO_MODELS)
    async with panel_of(lab, view="models", size=(80, 24)) as pilot:
        await until(pilot, lambda: "No model can be asked." in screen_text(pilot))
        shown = screen_text(pilot)
        assert "Start Ollama, LM Studio" in shown
        assert "What works now" in shown
        await pilot.press("f")
        await until(pilot, lambda: "No model was asked" in screen_text(pilot))
        await pilot.press("o")
        await until(pilot, lambda: "No model plays this role" in screen_text(pilot))
        await pilot.press("m", "t")
        await until(pilot, lambda: "Choose a model" in screen_text(pilot))
        with_models(lab)
        await pilot.press("r")
        await filled(pilot)
        assert lab.asked_for(ListModels)[-1].probe is True


@pytest.mark.requirement("U1")
async def test_a_model_is_tested_with_progress_until_it_is_done(lab: PanelLab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models_testing, "ASK_AGAIN_S", 0)
    with_models(lab)
    go_on = asyncio.Event()

    async def test(request: SelfTest, context: Context) -> ModelTestAnswer:
        lab.asked.append(request)
        if len(lab.asked_for(SelfTest)) == 1:
            raise NotReady("the self-test goes on")
        await context.progress(Progress(done=3, note="schemas [b]"))
        await go_on.wait()
        return ModelTestAnswer(model=CODER.name, abilities=CODER.abilities or pytest.fail("no abilities"))

    lab.bus("models").serve(SelfTest, test)
    async with panel_of(lab, view="models") as pilot:
        await filled(pilot)
        await pilot.press("down", "down", "t")
        await until(pilot, lambda: "3 questions asked; now schemas [b]" in screen_text(pilot))
        assert "testing" in screen_text(pilot)
        await pilot.press("t")
        await until(pilot, lambda: "is being tested" in screen_text(pilot))
        go_on.set()
        await until(pilot, lambda: f"{SMALL.name} was tested" in screen_text(pilot))
        assert [request.model for request in lab.asked_for(SelfTest)] == [SMALL.name] * 2


async def test_escape_ends_a_test_and_a_failed_one_is_told(lab: PanelLab) -> None:
    with_models(lab)
    ended = asyncio.Event()

    async def test(_request: SelfTest, context: Context) -> ModelTestAnswer:
        await context.progress(Progress(done=1, total=9))
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    lab.bus("models").serve(SelfTest, test)
    async with panel_of(lab, view="models") as pilot:
        await filled(pilot)
        await pilot.press("down", "t")
        await until(pilot, lambda: "1 of 9 questions" in screen_text(pilot))
        await pilot.press("escape")
        await until(pilot, ended.is_set)
        await until(pilot, lambda: "testing" not in screen_text(pilot))


async def test_a_test_that_fails_is_told(lab: PanelLab) -> None:
    with_models(lab)
    lab.answer(SelfTest, ModelUnreachable("ollama does not answer [x]"))
    async with panel_of(lab, view="models") as pilot:
        await filled(pilot)
        await pilot.press("down", "t")
        await until(pilot, lambda: "ollama does not answer [x]" in screen_text(pilot))


@pytest.mark.requirement("U1")
async def test_the_cache_is_cleared_after_a_yes(lab: PanelLab) -> None:
    with_models(lab)
    lab.answer(ClearModelCache, CacheCleared(entries=46))
    async with panel_of(lab, view="models") as pilot:
        await filled(pilot)
        view = view_of(pilot)
        for keys, model in ((("x",), ""), (("down", "x"), CODER.name)):
            await pilot.press(*keys)
            await until(pilot, lambda: app_of(pilot).screen is not view)
            await pilot.press("y")
            await until(
                pilot, lambda model=model: [asked.model for asked in lab.asked_for(ClearModelCache)][-1:] == [model]
            )
            await until(pilot, lambda: app_of(pilot).screen is view)
        await pilot.press("x")
        await until(pilot, lambda: app_of(pilot).screen is not view)
        await pilot.press("n")
        await until(pilot, lambda: app_of(pilot).screen is view)
        assert len(cleared(lab)) == 2


def cleared(lab: PanelLab) -> list[ClearModelCache]:
    return lab.asked_for(ClearModelCache)


async def test_servers_that_come_are_shown_and_the_cursor_stays(lab: PanelLab) -> None:
    with_models(lab)
    async with panel_of(lab, view="models") as pilot:
        rows = await filled(pilot)
        await pilot.press("down", "down")
        more = OLLAMA.model_copy(update={"name": "a-server", "models": []})
        lab.answer(ListModels, MODELS.model_copy(update={"servers": [more, *MODELS.servers]}))
        await lab.tell(ModelServersChanged(servers=[more]), service="models")
        await until(pilot, lambda: "a-server" in screen_text(pilot))
        assert rows.key == f"model:{SMALL.name}"
        assert app_of(pilot).focused is rows


@pytest.mark.requirement("U1")
async def test_it_keeps_what_it_showed_while_the_daemon_is_away(lab: PanelLab) -> None:
    with_models(lab)
    async with panel_of(lab, view="models") as pilot:
        rows = await filled(pilot)
        lab.status = None
        await until(pilot, lambda: "not running" in screen_text(pilot))
        await pilot.press("r")
        await until(pilot, lambda: "✗ Aura is not running" in screen_text(pilot))
        assert rows.row_count == 5
        asked = len(lab.asked_for(AskModelStats))
        lab.status = running_status()
        await until(pilot, lambda: len(lab.asked_for(AskModelStats)) > asked)
        await filled(pilot)


async def test_a_service_that_does_not_answer_is_told_in_the_view(lab: PanelLab) -> None:
    lab.answer(ListModels, ServiceDown("models does not answer"))
    async with panel_of(lab, view="models") as pilot:
        await until(pilot, lambda: "✗ models does not answer" in screen_text(pilot))
        assert "Nothing is known of models" in screen_text(pilot)


async def test_it_goes_to_a_list_or_a_model(lab: PanelLab) -> None:
    with_models(lab)
    async with panel_of(lab, view="models") as pilot:
        rows = await filled(pilot)
        view_of(pilot).goto("figures")
        assert rows.key.startswith("code|explain")
        view_of(pilot).goto(f"model:{SMALL.name}")
        assert rows.key == f"model:{SMALL.name}"


async def test_the_client_of_the_sampling_setting_is_listed(lab: PanelLab) -> None:
    client: dict[str, Any] = {"name": "client", "kind": "sampling", "url": "the MCP client that calls", "up": True}
    servers = [*MODELS.servers, OLLAMA.model_copy(update={**client, "models": []})]
    with_models(lab)
    lab.answer(ListModels, ModelsAnswer(servers=servers, roles=MODELS.roles))
    async with panel_of(lab, view="models") as pilot:
        await filled(pilot)
        assert "MCP client's model: may be asked" in screen_text(pilot)
        await pilot.press("end")
        await until(pilot, lambda: "models.sampling" in screen_text(pilot))


@pytest.mark.requirement("U1")
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_it_looks_as_it_should(lab: PanelLab, width: int, height: int, theme: str) -> None:
    with_models(lab)
    async with panel_of(lab, view="models", size=(width, height), theme=theme) as pilot:
        await filled(pilot)
        await pilot.press("down")
        await until(pilot, lambda: view_of(pilot).query_one("#details").border_title == CODER.name)
        await assert_looks(pilot, f"models-{theme}-{width}x{height}")


COLUMNS = (ListColumn("Path", stretch=True, front=True), ListColumn("Size", most=6), ListColumn("About", rank=1))


def test_columns_fit_and_the_least_wanted_go_first() -> None:
    rows = [[Text("a/long/path.py"), Text("12345678"), Text("some words")]]
    assert fitting(COLUMNS, rows, 36) == ((0, 14), (1, 6), (2, 10))
    assert fitting(COLUMNS, rows, 60) == ((0, 36), (1, 8), (2, 10)), "nothing is cut while there is room"
    assert fitting(COLUMNS, rows, 24) == ((0, 14), (1, 6))
    assert fitting(COLUMNS, [], 4)[0] == (0, 4)


def test_what_does_not_fit_is_cut_at_its_end_or_in_front() -> None:
    assert shortened(Text("abcdef"), 6).plain == "abcdef"
    assert shortened(Text("abcdef"), 4).plain == "abc…"
    assert shortened(Text("abcdef"), 4, front=True).plain == "…def"
    assert shortened(Text("名abcdef"), 4, front=True).plain.startswith("…")
