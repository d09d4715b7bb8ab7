"""What is painted in pieces is what the whole picture would show: rows, views that come back, lines of the log."""

from __future__ import annotations

import pytest
from textual._compositor import CompositorUpdate
from textual.events import AppBlur, AppFocus
from textual.pilot import Pilot

from aura_panel.app import PanelApp
from aura_panel.compositor import RowCompositor
from aura_panel.log_ring import Arrival, seconds_of
from aura_panel.views.log import LogView
from panel_lab import PanelLab, app_of, panel_of, two_projects, until, write_lines
from panel_painting import Cells, whole_picture

TS = "2026-11-20T09:00:00+00:00"


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> list[CompositorUpdate]:
    """What the terminal is given, in order."""
    given: list[CompositorUpdate] = []

    def keep(_app: PanelApp, _screen: object, update: object) -> None:
        if isinstance(update, CompositorUpdate):
            given.append(update)

    monkeypatch.setattr(PanelApp, "_display", keep)
    return given


class Terminal:
    """What a terminal shows that got all updates, and what it should show."""

    def __init__(self, pilot: Pilot[None], updates: list[CompositorUpdate]) -> None:
        self._pilot = pilot
        self._updates = updates
        self._cells = Cells(*pilot.app.size)

    async def check(self, after: str) -> None:
        app = app_of(self._pilot)
        await self._pilot.pause()
        await until(self._pilot, lambda: not is_owed(app))
        for update in self._updates:
            self._cells.paint(update, app.console)
        self._updates.clear()
        whole = app.screen._compositor.render_full_update()
        wanted = whole_picture(whole, app.console, app.size)
        for number, (found, row) in enumerate(zip(self._cells.rows(), wanted, strict=True)):
            assert found == row, f"row {number} after {after}"


def is_owed(app: PanelApp) -> bool:
    """Whether something changed that Textual has not painted yet; it paints at most every 60th of a second."""
    screen = app.screen
    waits = screen._repaint_required or screen._layout_required or screen._scroll_required
    return bool(app._batch_count or waits or screen._dirty_widgets)


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_views_that_come_and_go(lab: PanelLab, updates: list[CompositorUpdate], theme: str) -> None:
    write_lines()
    async with panel_of(lab, theme=theme) as pilot:
        terminal = Terminal(pilot, updates)
        assert isinstance(app_of(pilot).screen._compositor, RowCompositor)
        await terminal.check("the start")
        for key in "123456789192837465":
            await pilot.press(key)
            await terminal.check(f"view {key}")
            await two_projects(lab)
            await pilot.press("down", "tab")
            await terminal.check(f"keys in view {key}")


async def test_notices_dialogs_themes_and_a_terminal_without_focus(
    lab: PanelLab, updates: list[CompositorUpdate]
) -> None:
    write_lines()
    async with panel_of(lab) as pilot:
        app, terminal = app_of(pilot), Terminal(pilot, updates)
        await pilot.press("2", "1", "4")
        app.notify("A notice", timeout=60)
        await terminal.check("a notice")
        await pilot.press("2")
        await terminal.check("another view below the notice")
        app.clear_notifications()
        await terminal.check("no notice")
        await pilot.press("question_mark")
        await terminal.check("the help")
        await pilot.press("down", "down", "escape")
        await terminal.check("the end of the help")
        app.theme = "light"
        await terminal.check("another theme")
        await pilot.press("1")
        await terminal.check("a view that was drawn in the theme before")
        app.post_message(AppBlur())
        await terminal.check("another window in front")
        await pilot.press("2")
        await terminal.check("a view that was drawn with the focus")
        app.post_message(AppFocus())
        await terminal.check("the focus again")
        await pilot.press("1")
        await terminal.check("a view that was drawn without it")


async def test_lines_that_run_through_the_log(lab: PanelLab, updates: list[CompositorUpdate]) -> None:
    async with panel_of(lab, view="log") as pilot:
        app, terminal = app_of(pilot), Terminal(pilot, updates)
        view = app.screen
        assert isinstance(view, LogView)
        for step in range(6):
            view._take(lines(step * 25, 25))
            await terminal.check(f"{step * 25 + 25} lines")
        await pilot.press("up", "up")
        view._take(lines(150, 25))
        await terminal.check("lines below the cursor")
        app.notify("A notice", timeout=60)
        view._take(lines(175, 25))
        await terminal.check("lines below a notice")
        await pilot.press("end")
        view._take(lines(200, 25))
        await terminal.check("lines below a notice that follow")
        app.clear_notifications()
        view._take(lines(225, 25))
        await terminal.check("lines without a notice")


def lines(first: int, count: int) -> list[Arrival]:
    raw = '{{"ts":"' + TS + '","level":"warning","service":"code","event":"event_{}","fields":{{"rows":7}}}}'
    return [Arrival(seconds_of(TS) + n, 2, "code", raw.format(n).encode()) for n in range(first, first + count)]
