"""Lines of the log that are painted straight onto the terminal."""

from __future__ import annotations

import re

import pytest
from textual._compositor import CompositorUpdate
from textual.pilot import Pilot

from aura_panel.app import PanelApp
from aura_panel.log_ring import Arrival, seconds_of
from aura_panel.views.log import LogView
from aura_panel.widgets.straight import _Rows
from panel_lab import PanelLab, app_of, panel_of, screen_text, until

TS = "2026-11-20T09:00:00+00:00"


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the terminal is given."""
    shown: list[object] = []

    def keep(_app: PanelApp, _screen: object, renderable: object) -> None:
        shown.append(renderable)

    monkeypatch.setattr(PanelApp, "_display", keep)
    return shown


def view_of(pilot: Pilot[None]) -> LogView:
    screen = app_of(pilot).screen_stack[0]
    assert isinstance(screen, LogView)
    return screen


def lines(first: int, count: int) -> list[Arrival]:
    raw = '{{"ts":"' + TS + '","level":"warning","service":"code","event":"event_{}","fields":{{"rows":7}}}}'
    return [Arrival(seconds_of(TS) + n, 2, "code", raw.format(n).encode()) for n in range(first, first + count)]


def take(pilot: Pilot[None], painted: list[object], first: int) -> list[_Rows]:
    """Let lines arrive; gives what was painted straight of them."""
    painted.clear()
    view_of(pilot)._take(lines(first, 40))
    return [update for update in painted if isinstance(update, _Rows)]


async def test_new_lines_are_painted_as_the_whole_picture_would_show_them(lab: PanelLab, painted: list[object]) -> None:
    async with panel_of(lab, view="log", known=False) as pilot:
        take(pilot, painted, 0)
        await pilot.pause()
        (update,) = take(pilot, painted, 40)
        console = app_of(pilot).console
        straight = terminal_rows(update.render_segments(console))
        await pilot.pause()
        view = view_of(pilot)
        view.refresh()
        await until(pilot, lambda: "event_79" in screen_text(pilot))
        whole = [update for update in painted if isinstance(update, CompositorUpdate)][-1]
        rows = terminal_rows(whole.render_segments(console))
        area = view.shown.scrollable_content_region
        assert sorted(straight) == list(range(area.y + 1, area.bottom + 1))
        for number, row in straight.items():
            assert rows[number].startswith(row), f"row {number}"
        assert "event_79" in straight[area.bottom]


def terminal_rows(sequences: str) -> dict[int, str]:
    """What a terminal gets, by row; pieces of a row that follow one another are one."""
    rows: dict[int, str] = {}
    pieces = re.split(r"\x1b\[(\d+);(\d+)H", sequences)
    for row, _column, text in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        rows[int(row)] = rows.get(int(row), "") + text.rstrip("\n")
    return rows


async def test_they_are_not_while_something_lies_over_them(lab: PanelLab, painted: list[object]) -> None:
    async with panel_of(lab, view="log", known=False) as pilot:
        take(pilot, painted, 0)
        await pilot.pause()
        app_of(pilot).notify("A notice over the lines", timeout=60)
        await until(pilot, lambda: "A notice over the lines" in screen_text(pilot))
        assert not take(pilot, painted, 40)
        await until(pilot, lambda: "event_79" in screen_text(pilot))
        app_of(pilot).clear_notifications()
        await until(pilot, lambda: "A notice over the lines" not in screen_text(pilot))
        assert take(pilot, painted, 80)
        await pilot.press("question_mark")
        await until(pilot, lambda: len(app_of(pilot).screen_stack) > 1)
        assert not take(pilot, painted, 120)
        view = view_of(pilot)
        await pilot.press("escape", "1")
        await until(pilot, lambda: not view.is_current)
        painted.clear()
        view._take(lines(160, 40))
        assert not painted


async def test_they_are_not_without_colours(
    lab: PanelLab, painted: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with panel_of(lab, view="log", known=False) as pilot:
        assert not take(pilot, painted, 0)
        await until(pilot, lambda: "event_39" in screen_text(pilot))


async def test_what_arrives_below_the_screen_while_it_stands_still_paints_nothing(
    lab: PanelLab, painted: list[object]
) -> None:
    async with panel_of(lab, view="log", known=False) as pilot:
        take(pilot, painted, 0)
        await pilot.pause()
        await pilot.press("up")
        await pilot.pause()
        assert not take(pilot, painted, 40)
        await pilot.pause()
        assert "event_79" not in screen_text(pilot)
        late = lines(39, 1)[0]._replace(at=seconds_of(TS) + 38.5)
        painted.clear()
        view_of(pilot)._take([late])
        assert painted, "a late line that belongs among those on the screen"
