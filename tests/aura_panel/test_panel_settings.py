"""The settings view: what holds and why, edits checked while typing, saved after their difference was shown."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from aura_cli.answers import JsonObject
from aura_panel.settings_reload import reload_sentence
from aura_panel.views.settings import SettingsView
from aura_panel.widgets.listing import Listing
from aura_panel.widgets.review import Review
from aura_shared.errors import UsageProblem
from aura_shared.messages.code import ProjectStateChanged
from aura_shared.settings import load_settings
from aura_shared.settings_catalog import describe
from panel_lab import SHOP, SIZES, PanelLab, app_of, assert_looks, panel_of, running_status, screen_text, until
from panel_lab_settings import USER_FILE, user_file

ALL = len(describe())


@pytest.fixture
def reloads(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, object]]:
    """What the supervisor was asked; it restarts the service models each time."""
    asked: list[Mapping[str, object]] = []

    def control(_paths: object, request: Mapping[str, object], *, timeout_s: float) -> JsonObject:
        del timeout_s
        asked.append(request)
        later: list[object] = [{"key": "bus.out_hwm", "why": "the bus [is] never restarted alone"}]
        return {"changed": ["log.backups"], "restarted": ["models"], "later": later}

    monkeypatch.setattr("aura_shared.control.call", control)
    return asked


def view_of(pilot: Pilot[None]) -> SettingsView:
    view = next(view for view in app_of(pilot)._views() if isinstance(view, SettingsView))
    assert isinstance(view, SettingsView)
    return view


def rows_of(pilot: Pilot[None]) -> Listing:
    return view_of(pilot).query_one(Listing)


@asynccontextmanager
async def settings_of(lab: PanelLab, *, known: bool = False, **how: Any) -> AsyncGenerator[Pilot[None]]:  # noqa: ANN401
    """The panel with this view, once the settings are shown."""
    async with panel_of(lab, view="settings", known=known, **how) as pilot:
        await until(pilot, lambda: rows_of(pilot).row_count > 0)
        yield pilot


def notes(pilot: Pilot[None]) -> str:
    """What notices say."""
    return "\n".join(note.message for note in app_of(pilot)._notifications)


async def type_value(pilot: Pilot[None], key: str, value: str) -> None:
    """Edit a setting that is typed."""
    view_of(pilot).goto(key)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(app_of(pilot).focused, Input))
    view_of(pilot).query_one("#value", Input).value = value
    await pilot.press("enter")


async def in_review(pilot: Pilot[None]) -> str:
    await until(pilot, lambda: isinstance(app_of(pilot).screen, Review))
    return screen_text(pilot)


async def back(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: app_of(pilot).screen is view_of(pilot))


@pytest.mark.requirement("U1", "P7")
async def test_each_setting_says_what_holds_and_which_layer_says_so(
    lab: PanelLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AURA_LOG__LEVEL", "error")
    file = user_file()
    async with settings_of(lab, known=True, size=(200, 50)) as pilot:
        shown = screen_text(pilot)
        assert f"{ALL} of {ALL} settings  ·  3 not at their default" in shown
        assert "Lines below this level are not written." in shown
        assert "AURA_LOG__LEVEL" in shown
        assert f"debug  your file, {file}:3" in shown
        view_of(pilot).goto("code.exclude")
        await until(pilot, lambda: "dist,[gen]" in screen_text(pilot))


@pytest.mark.requirement("U1")
async def test_it_works_without_a_daemon(lab: PanelLab) -> None:
    lab.status = None
    user_file()
    async with settings_of(lab) as pilot:
        await type_value(pilot, "log.backups", "9")
        await pilot.press("s")
        assert "+backups = 9" in await in_review(pilot)
        await pilot.press("y")
        await until(pilot, lambda: "it reads its settings when it starts" in notes(pilot))
        assert load_settings().log.backups == 9
        assert "not saved" not in screen_text(pilot)


@pytest.mark.requirement("U1")
async def test_what_is_typed_is_checked_and_typing_is_never_blocked(lab: PanelLab) -> None:
    async with settings_of(lab, known=True) as pilot:
        view = view_of(pilot)
        view.goto("log.backups")
        await pilot.press("enter")
        await until(pilot, lambda: "Enter takes it" in screen_text(pilot))
        await pilot.press(*"999")
        await until(pilot, lambda: "✗ must be less than or equal to 100; found '999'" in screen_text(pilot))
        await pilot.press("enter")
        assert isinstance(app_of(pilot).focused, Input)
        await pilot.press("backspace", "enter")
        await until(pilot, lambda: "* 1 edit not saved" in screen_text(pilot))
        assert "3 → 99" in screen_text(pilot)
        assert app_of(pilot).focused is rows_of(pilot)
        await pilot.press("enter", "escape")
        assert app_of(pilot).focused is rows_of(pilot)
        await pilot.press("d")
        assert "not saved" not in screen_text(pilot)


@pytest.mark.requirement("U1", "P7")
async def test_choices_are_chosen_and_a_save_is_taken_in_by_the_services(
    lab: PanelLab, reloads: list[Mapping[str, object]]
) -> None:
    file = user_file()
    async with settings_of(lab) as pilot:
        view_of(pilot).goto("log.level")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app_of(pilot).focused, OptionList))
        await pilot.press("enter")
        await back(pilot)
        assert "debug → " not in screen_text(pilot), "what is chosen already is no edit"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app_of(pilot).focused, OptionList))
        await pilot.press("down", "enter")
        await back(pilot)
        await until(pilot, lambda: "debug → info" in screen_text(pilot))
        await pilot.press("s")
        shown = await in_review(pilot)
        assert '-level = "debug"' in shown
        assert '+level = "info"' in shown
        await pilot.press("n")
        await back(pilot)
        assert "1 edit not saved" in screen_text(pilot)
        assert file.read_text(encoding="utf-8") == USER_FILE
        await pilot.press("s")
        await in_review(pilot)
        await pilot.press("y")
        await until(pilot, lambda: "Saved; restarted: models; later: bus.out_hwm" in notes(pilot))
        assert reloads == [{"do": "reload"}]
        await pilot.press("u")
        assert '+level = "debug"' in await in_review(pilot)
        await pilot.press("y")
        await until(pilot, lambda: "Taken back; restarted" in notes(pilot))
        assert file.read_text(encoding="utf-8") == USER_FILE
        await pilot.press("u")
        await until(pilot, lambda: "Nothing was saved since" in notes(pilot))


async def test_services_that_cannot_take_it_in_are_told(lab: PanelLab, monkeypatch: pytest.MonkeyPatch) -> None:
    def control(*_: object, **__: object) -> JsonObject:
        raise UsageProblem("there is no command [reload]")

    monkeypatch.setattr("aura_shared.control.call", control)
    async with settings_of(lab) as pilot:
        await type_value(pilot, "log.backups", "9")
        await pilot.press("s")
        await in_review(pilot)
        await pilot.press("y")
        await until(pilot, lambda: "there is no command [reload]" in notes(pilot))
        assert load_settings().log.backups == 9


@pytest.mark.requirement("U1")
async def test_a_reset_takes_a_setting_out_of_its_file(lab: PanelLab, reloads: list[Mapping[str, object]]) -> None:
    del reloads
    file = user_file()
    async with settings_of(lab) as pilot:
        view_of(pilot).goto("log.level")
        await pilot.press("r")
        await until(pilot, lambda: "debug → info (default)" in screen_text(pilot))
        await pilot.press("s")
        await in_review(pilot)
        await pilot.press("y")
        await until(pilot, lambda: "Saved" in notes(pilot))
        assert "level" not in file.read_text(encoding="utf-8")
        view_of(pilot).goto("log.backups")
        await pilot.press("r")
        await until(pilot, lambda: "log.backups is at its default" in notes(pilot))


@pytest.mark.requirement("U1")
async def test_it_is_saved_to_the_projects_file_when_that_is_chosen(
    lab: PanelLab, tmp_path: Path, reloads: list[Mapping[str, object]]
) -> None:
    async with settings_of(lab) as pilot:
        await lab.tell(ProjectStateChanged(project=SHOP.model_copy(update={"root": str(tmp_path)})))
        await until(pilot, lambda: app_of(pilot).project == SHOP.id)
        await type_value(pilot, "network.allow", "example.org")
        await type_value(pilot, "code.workers", "4")
        for key in ("project", "user"):
            await pilot.press("s")
            await until(pilot, lambda: isinstance(app_of(pilot).focused, OptionList))
            assert "Has no effect there: network.allow" in screen_text(pilot)
            if key == "project":
                await pilot.press("down", "enter")
                await until(pilot, lambda: "network.allow cannot be set by a project" in notes(pilot))
                await back(pilot)
            else:
                await pilot.press("escape")
                await back(pilot)
        view_of(pilot).goto("network.allow")
        await pilot.press("d", "s")
        await until(pilot, lambda: isinstance(app_of(pilot).focused, OptionList))
        await pilot.press("down", "enter")
        assert "+workers = 4" in await in_review(pilot)
        await pilot.press("y")
        await until(pilot, lambda: "Saved; " in notes(pilot))
        assert reloads == [{"do": "reload", "project_keys": ["code.workers"]}]
        assert load_settings(tmp_path).code.workers == 4
        assert load_settings().code.workers == 2


@pytest.mark.requirement("U1")
async def test_a_file_that_somebody_else_changed_is_read_again_and_edits_stay(lab: PanelLab) -> None:
    file = user_file()
    async with settings_of(lab) as pilot:
        await type_value(pilot, "log.backups", "9")
        await pilot.press("s")
        await in_review(pilot)
        file.write_text('[log]\nlevel = "warning"\n', encoding="utf-8")
        await pilot.press("y")
        await until(pilot, lambda: "was changed in the meantime" in notes(pilot))
        view_of(pilot).goto("log.level")
        await until(pilot, lambda: "1 edit not saved" in screen_text(pilot))
        assert "warning" in screen_text(pilot)
        assert file.read_text(encoding="utf-8") == '[log]\nlevel = "warning"\n'


async def test_what_a_stronger_layer_keeps_is_told_before_a_save(
    lab: PanelLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AURA_LOG__BACKUPS", "7")
    async with settings_of(lab) as pilot:
        await type_value(pilot, "log.backups", "9")
        await pilot.press("s")
        assert "log.backups stays as it is: environment wins (AURA_LOG__BACKUPS)" in await in_review(pilot)


async def test_settings_that_are_wrong_are_said_and_can_be_mended_here(
    lab: PanelLab, reloads: list[Mapping[str, object]]
) -> None:
    del reloads
    user_file("[log]\nbackups = 500\n")
    async with settings_of(lab, size=(200, 50)) as pilot:
        await until(pilot, lambda: "config.toml:2: log.backups" in screen_text(pilot))
        await type_value(pilot, "log.backups", "5")
        await pilot.press("s")
        await in_review(pilot)
        await pilot.press("y")
        await until(pilot, lambda: f"{ALL} of {ALL} settings" in screen_text(pilot))


@pytest.mark.requirement("U1")
async def test_words_and_what_differs_narrow_the_list(lab: PanelLab) -> None:
    user_file()
    async with settings_of(lab, known=True) as pilot:
        await pilot.press("slash", *"colours")
        assert rows_of(pilot).key == "panel.theme"
        assert rows_of(pilot).row_count == 1
        await pilot.press("enter")
        assert app_of(pilot).focused is rows_of(pilot)
        await pilot.press("slash", *"zzz")
        assert "No setting matches" in screen_text(pilot)
        await pilot.press("escape")
        assert rows_of(pilot).row_count == ALL
        await pilot.press("c")
        assert rows_of(pilot).keys == ["log.level", "code.exclude", "models.roles"]
        await pilot.press("escape")
        assert rows_of(pilot).row_count == ALL


async def test_nothing_edited_and_nothing_different_is_said(lab: PanelLab) -> None:
    async with settings_of(lab, known=True) as pilot:
        await pilot.press("s")
        await until(pilot, lambda: "Nothing was edited" in notes(pilot))
        await pilot.press("c")
        assert "Every setting is at its default." in screen_text(pilot)
        await pilot.press("enter", "r", "d")
        assert app_of(pilot).screen is view_of(pilot)


async def test_a_saved_theme_is_shown_at_once(lab: PanelLab, reloads: list[Mapping[str, object]]) -> None:
    del reloads
    async with settings_of(lab) as pilot:
        view_of(pilot).goto("panel.theme")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app_of(pilot).focused, OptionList))
        await pilot.press("down", "enter")
        await back(pilot)
        assert app_of(pilot).theme == "dark"
        await pilot.press("s")
        await in_review(pilot)
        await pilot.press("y")
        await until(pilot, lambda: app_of(pilot).theme == "light")


async def test_it_is_reached_from_models_and_reads_files_again_when_shown(lab: PanelLab) -> None:
    async with panel_of(lab, view="models") as pilot:
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app_of(pilot).screen, SettingsView))
        await until(pilot, lambda: rows_of(pilot).key == "models.discover")
        await pilot.press("8")
        user_file()
        await pilot.press("9")
        await until(pilot, lambda: "3 not at their default" in screen_text(pilot))
        lab.status = None
        await until(pilot, lambda: "not running" in screen_text(pilot))
        user_file("")
        lab.status = running_status()
        await until(pilot, lambda: "0 not at their default" in screen_text(pilot))
        assert rows_of(pilot).key == "models.discover"


def test_what_the_supervisor_did_is_a_sentence() -> None:
    shown_here: JsonObject = {"key": "panel.theme", "why": "when it is opened again"}
    assert reload_sentence({"changed": [], "restarted": [], "later": [shown_here]}) == "no service had to be restarted"


@pytest.mark.requirement("U1")
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_it_looks_as_it_should(
    lab: PanelLab, width: int, height: int, theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AURA_MODELS__SAMPLING", "true")
    monkeypatch.setenv("AURA_CODE__EXCLUDE", "dist,*.min.js")
    async with settings_of(lab, known=True, size=(width, height), theme=theme) as pilot:
        view_of(pilot).goto("code.exclude")
        await pilot.press("up")
        await pilot.press("enter", *"64")
        await pilot.press("enter", "down", "enter", "escape")
        await until(pilot, lambda: rows_of(pilot).key == "code.exclude")
        await assert_looks(pilot, f"settings-{theme}-{width}x{height}")
