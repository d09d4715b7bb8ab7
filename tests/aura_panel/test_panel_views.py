"""What all views share: when they are told of the world, and that they are told once."""

from __future__ import annotations

import threading

from textual.app import ComposeResult
from textual.widgets import Static

from aura_panel.app import PanelApp
from aura_panel.link import Link
from aura_panel.views.view import View
from aura_panel.widgets.dialogs import Confirm
from aura_panel.widgets.keys import KeyBar
from panel_lab import PanelLab, app_of, panel_of, until


class Told(View):
    """A view that counts what it is told."""

    NAME = "told"

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def compose_body(self) -> ComposeResult:
        """Nothing to see."""
        yield Static()

    def on_mount(self) -> None:
        """As views do that were written for plain classes: Textual calls that of the base once more."""
        super().on_mount()

    def began(self) -> None:
        """Count."""
        self.told.append("began")

    def project_chosen(self) -> None:
        """Count."""
        self.told.append(self.project)


async def test_a_view_that_is_made_later_begins_once(lab: PanelLab) -> None:
    view = Told()
    async with panel_of(lab) as pilot:
        app = app_of(pilot)
        app.add_mode("told", lambda: view)
        for name in ("told", "home", "told"):
            await app.switch_mode(name)
        await until(pilot, lambda: app.screen is view and view.is_mounted)
        assert view.told == ["began", app.project]


async def test_a_view_that_is_mounted_while_the_world_is_made_begins_once(lab: PanelLab) -> None:
    view = Told()

    def link() -> Link:
        app.switch_mode("told")  # The world is there before this view has its widgets.
        return lab.link()

    app = PanelApp(link)
    app.add_mode("told", lambda: view)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.world is not None and app.screen is view and view.is_mounted)
        assert view.told == ["began"]
    await lab.close()


async def test_the_log_that_is_opened_by_its_key_reads_lines_once(lab: PanelLab) -> None:
    async with panel_of(lab) as pilot:
        await pilot.press("2")
        await until(pilot, lambda: app_of(pilot).current_mode == "log")
        assert [thread.name for thread in threading.enumerate()].count("log feed") == 1
    assert "log feed" not in [thread.name for thread in threading.enumerate()]


async def test_a_view_follows_the_size_of_the_terminal(lab: PanelLab) -> None:
    async with panel_of(lab, size=(100, 30)) as pilot:
        app = app_of(pilot)
        view = app.screen
        keys = view.query_one(KeyBar)

        async def sized(width: int, height: int) -> None:
            await pilot.resize_terminal(width, height)
            await until(pilot, lambda: (keys.region.right, keys.region.bottom) == (width, height))

        await sized(160, 40)
        await sized(80, 24)
        await app.push_screen(Confirm("Stop a service", "Stop models?", "Stop"))
        await sized(120, 50)  # It is seen behind the dialog.
        await pilot.press("escape")
        await sized(90, 26)

        await pilot.press("2")
        await until(pilot, lambda: app.current_mode == "log")
        await pilot.resize_terminal(200, 50)
        await pilot.press("1")
        await until(pilot, lambda: app.screen is view and keys.region.right == 200)
        assert keys.region.bottom == 50
