"""Parts of the panel that need no daemon: stories, colours, bars, dialogs, help and commands."""

from __future__ import annotations

import pytest
from rich.text import Text
from textual import events
from textual.color import Color
from textual.containers import VerticalScroll
from textual.widgets import Input

from aura_panel.app import keys_of
from aura_panel.catalogue import VIEWS
from aura_panel.home_rows import duration, group_stories, sparkline
from aura_panel.stories import STORY_KINDS, Story, story_of_envelope
from aura_panel.themes import THEMES, theme_named
from aura_panel.views.log import LogView
from aura_panel.widgets.dialogs import Choice, Choose, Confirm, Help, Prompt
from aura_panel.widgets.review import Review
from aura_shared.messages.core import Envelope
from aura_shared.messages.registry import event_kinds
from panel_lab import ATLAS, SHOP, SIZES, PanelLab, app_of, panel_of, running_status, screen_text, until


@pytest.mark.requirement("U1")
def test_every_durable_event_has_a_story() -> None:
    told = {kind.type for kind in STORY_KINDS}
    assert [name for name, kind in event_kinds().items() if kind.durability != "ephemeral" and name not in told] == []


def test_an_event_of_another_version_is_told_by_its_name() -> None:
    for name in ("changes.updated", "of.tomorrow"):
        story = story_of_envelope(
            Envelope(type=name, id="1", ts="2026-11-20T09:00:00+00:00", src="x", data={"a": 1}), 7
        )
        assert (story.text, story.weight, story.seq) == (name, "quiet", 7)


@pytest.mark.requirement("U1")
@pytest.mark.parametrize("name", list(THEMES))
def test_texts_can_be_read_in_every_theme(name: str) -> None:
    """Contrast after WCAG 2.2, success criteria 1.4.3 (4.5) and 1.4.6 (7)."""
    colours = {**THEMES[name].to_color_system().generate(), **THEMES[name].variables}
    least = 7 if name.startswith("contrast") else 4.5
    for front in ("foreground", "muted", "primary", "secondary", "accent", "success", "warning", "error"):
        for back in ("background", "surface", "panel"):
            ratio = _contrast(Color.parse(colours[front]), Color.parse(colours[back]))
            assert ratio >= (least if back != "panel" else min(least, 4.5)), f"{front} on {back}: {ratio:.1f}"
    cursor = (colours["block-cursor-foreground"], colours["block-cursor-background"])
    assert _contrast(*map(Color.parse, cursor)) >= least
    if name.startswith("contrast"):
        assert _contrast(Color.parse(colours["scrollbar"]), Color.parse(colours["scrollbar-background"])) >= least
    for back in ("diff-added", "diff-removed"):
        assert _contrast(Color.parse(colours["foreground"]), Color.parse(colours[back])) >= least


def _contrast(front: Color, back: Color) -> float:
    lighter, darker = sorted((_luminance(front), _luminance(back)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Color) -> float:
    def linear(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour.r) + 0.7152 * linear(colour.g) + 0.0722 * linear(colour.b)


def test_an_unknown_theme_is_the_dark_one() -> None:
    assert theme_named("pink") is THEMES["dark"]


def test_figures_as_people_read_them() -> None:
    assert [duration(seconds) for seconds in (5, 65, 3_700, 90_000)] == ["<1m", "1m", "1h 01m", "1d 1h"]
    assert sparkline([1, 2, 3]) == "▁▄█"
    assert sparkline([2, 2]) == "▄▄"
    assert sparkline([]) == ""


def test_stories_with_one_cause_stand_together_and_lone_quiet_ones_are_left_out() -> None:
    def story(name: str, cause: str = "", weight: str = "info", root: str = "") -> Story:
        return Story(name, weight, name, "x", "git", "", name, cause, 0, root)  # type: ignore[arg-type]

    told = group_stories(
        [
            story("a"),
            story("q", weight="quiet"),
            story("b", "req"),
            story("c"),
            story("d", "b", root="req"),
            story("e", "a"),
        ]
    )
    assert [[one.id for one in group] for group in told] == [["a", "e"], ["b", "d"], ["c"]]


@pytest.mark.requirement("U1")
async def test_keys_and_clicks_go_to_views_and_absent_services_have_no_tab(lab: PanelLab) -> None:
    async with panel_of(lab, size=(140, 30)) as pilot:
        app = app_of(pilot)
        await pilot.press("2")
        await until(pilot, lambda: app.current_mode == "log")
        await pilot.click("NavBar", offset=(3, 0))
        await until(pilot, lambda: app.current_mode == "home")
        status = running_status()
        services = status["services"]
        assert isinstance(services, list)
        status["services"] = [service for service in services if service["name"] != "planning"]
        lab.status = status
        assert app.world is not None
        app.world.look_again()
        await until(pilot, lambda: "Plan " not in screen_text(pilot).splitlines()[0])
        await pilot.press("6")
        await until(pilot, lambda: "needs the service planning" in screen_text(pilot))
        assert app.current_mode == "home"


@pytest.mark.requirement("U1")
async def test_help_lists_the_keys_of_the_view(lab: PanelLab) -> None:
    async with panel_of(lab, view="log", size=(100, 45)) as pilot:
        app = app_of(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help))
        shown = screen_text(pilot)
        for words in ("Help: Log", "Follow/pause", "Same cause", "Quit"):
            assert words in shown
        keys = dict(keys_of(app, app.screen_stack[0]))
        assert [what for key, what in keys.items() if len(set(key.split())) < len(key.split())] == []
        assert next(iter(keys)) == "Space"
        assert keys["Tab"] == "Focus Next"
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LogView))


@pytest.mark.requirement("U1")
async def test_everything_is_in_the_command_palette(lab: PanelLab) -> None:
    async with panel_of(lab, size=(120, 50)) as pilot:
        app = app_of(pilot)
        names = [command.title for command in app.get_system_commands(app.screen)]
        assert {f"Go to {entry.title}" for entry in VIEWS} <= set(names)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "Go to Home" in screen_text(pilot))
        await pilot.press(*"light", "enter", "enter")
        await until(pilot, lambda: app.theme.endswith("light"))


async def test_the_project_is_chosen_by_key_and_by_folder(lab: PanelLab) -> None:
    async with panel_of(lab) as pilot:
        app = app_of(pilot)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("up", "enter")
        await until(pilot, lambda: app.project == ATLAS.id)
        app._chosen_by_hand = False
        app._wanted_project = f"{SHOP.root}/deep/down"
        app._choose_first_project()
        assert app.project == SHOP.id


@pytest.mark.requirement("U1", "P8")
async def test_a_daemon_that_goes_and_comes_back_loses_nothing_on_the_screen(lab: PanelLab) -> None:
    async with panel_of(lab) as pilot:
        app = app_of(pilot)
        world = app.world
        assert world is not None
        focused = app.focused
        lab.status = None
        world.look_again()
        await until(pilot, lambda: "Aura is not running" in screen_text(pilot))
        assert "812 files" in screen_text(pilot), "what was known stays"
        lab.status = running_status(models="backing-off")
        world.look_again()
        await until(pilot, lambda: "Not ready: models (backing-off)" in screen_text(pilot))
        lab.status = running_status()
        asked = len(lab.asked)
        world.look_again()
        await until(pilot, lambda: world.presence == "up" and len(lab.asked) > asked)
        assert "Not ready" not in screen_text(pilot)
        assert app.focused is focused


async def test_a_key_typed_into_a_field_is_text(lab: PanelLab) -> None:
    async with panel_of(lab, view="log") as pilot:
        app = app_of(pilot)
        await pilot.press("slash", "2", "q", "p")
        assert app.screen.query_one("#filter", Input).value == "2qp"
        assert app.current_mode == "log"


async def test_keys_at_the_bottom_can_be_clicked(lab: PanelLab) -> None:
    async with panel_of(lab, view="log") as pilot:
        app = app_of(pilot)
        view = app.screen
        assert isinstance(view, LogView)
        await pilot.click("KeyBar", offset=(2, 0))
        assert not view.shown.following or len(view.ring) == 0
        await pilot.click("KeyBar", offset=(98 - 14, 0))
        await until(pilot, lambda: isinstance(app.screen, Help) or app.screen is not view)


async def test_an_empty_list_of_events_says_so(lab: PanelLab) -> None:
    async with panel_of(lab) as pilot:
        assert "Nothing has happened yet." in screen_text(pilot)


async def test_a_text_that_a_dialog_shows_is_not_cut(lab: PanelLab) -> None:
    long = "word " * 40
    async with panel_of(lab, size=(80, 24)) as pilot:
        app = app_of(pilot)
        for dialog in (Prompt("Ask", long + "end."), Choose("Choose", [Choice("a", "one", long + "end.")])):
            app.push_screen(dialog)
            await until(pilot, lambda: "end." in screen_text(pilot))
            await pilot.press("escape")


@pytest.mark.parametrize("size", SIZES)
async def test_the_answers_stand_below_a_question_however_long_it_is(lab: PanelLab, size: tuple[int, int]) -> None:
    async with panel_of(lab, size=size) as pilot:
        app = app_of(pilot)
        for lines in (1, 200):
            for dialog in (Confirm("Ask", "line\n" * lines), Review("Ask", Text("line\n" * lines))):
                app.push_screen(dialog)
                await until(pilot, lambda dialog=dialog: dialog.is_mounted)
                box, answers = (dialog.query_one(name).region for name in (".box", ".answers"))
                matter = dialog.query_one(VerticalScroll).region
                assert answers.y - matter.bottom == 1
                assert box.bottom - answers.bottom <= 2
                await pilot.press("escape")


async def test_a_dialog_that_opens_while_the_terminal_has_no_focus_gets_what_is_typed_later(lab: PanelLab) -> None:
    async with panel_of(lab) as pilot:
        app = app_of(pilot)
        app.post_message(events.AppBlur())
        await until(pilot, lambda: not app.app_focus)
        app.push_screen(Prompt("Register a project"))
        await until(pilot, lambda: app.screen.is_mounted)
        app.post_message(events.AppFocus())
        await until(pilot, lambda: app.app_focus)
        await pilot.press("q", "2")
        assert app.screen.query_one(Input).value == "q2"
