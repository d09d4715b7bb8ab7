"""The log view: lines of services and events of the bus, filters, causes, details, export."""

from __future__ import annotations

import asyncio
import json
import math
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from aura_panel.log_feed import TOPIC
from aura_panel.log_ring import Arrival, arrival_of_file_line, seconds_of
from aura_panel.views.log import LogView
from aura_shared.bus import wire
from aura_shared.messages.changes import ChangeUpdated
from aura_shared.messages.core import wrap
from aura_shared.messages.services import LogLine
from panel_lab import (
    LINES,
    SHOP,
    SIZES,
    PanelLab,
    app_of,
    assert_looks,
    panel_of,
    screen_text,
    until,
    write_lines,
)


def view_of(pilot: Pilot[None]) -> LogView:
    screen = app_of(pilot).screen
    assert isinstance(screen, LogView)
    return screen


async def filled(pilot: Pilot[None]) -> LogView:
    await until(pilot, lambda: len(view_of(pilot).ring) >= len(LINES))
    return view_of(pilot)


@pytest.mark.requirement("U1")
async def test_lines_of_all_services_are_merged_by_time_also_without_a_daemon(lab: PanelLab) -> None:
    write_lines()
    lab.status = None
    async with panel_of(lab, view="log", known=False) as pilot:
        await filled(pilot)
        shown = screen_text(pilot)
        events = ["index_built", "status_read", "server_missing", "item_unreadable"]
        assert [shown.index(event) for event in events] == sorted(shown.index(event) for event in events)
        assert "start [bold]it[/bold]" in shown, "what a line says is no markup"


@pytest.mark.requirement("U1")
async def test_a_line_that_the_feed_reads_in_its_thread_is_shown(lab: PanelLab) -> None:
    line = LogLine(service="git", level="warning", event="just_now", ts="2026-11-20T09:00:00+00:00")
    raw = wrap(line, src="git").model_dump_json().encode()
    async with panel_of(lab, view="log", known=False) as pilot:
        feed = view_of(pilot)._feed
        assert feed is not None
        for number in (1, 5):
            message = [TOPIC, wire.pack_number(number), b"git/1", raw]
            await asyncio.to_thread(feed._take_in, [message, [TOPIC + b".more", b"", b"", b""]])
        await until(pilot, lambda: screen_text(pilot).count("just_now") == 2)
        assert "! 3 lost" in screen_text(pilot)


async def test_a_late_line_goes_to_its_place(lab: PanelLab) -> None:
    write_lines()
    async with panel_of(lab, view="log", known=False) as pilot:
        view = await filled(pilot)
        view._take([arrival_of_file_line({**LINES[0], "ts": "2026-11-20T09:00:00.900000+00:00", "event": "came_late"})])
        await pilot.pause()
        assert [view.ring.entry(number).event for number in range(view.ring.end)][1] == "came_late"


@pytest.mark.requirement("U1")
async def test_filters_narrow_and_escape_widens(lab: PanelLab) -> None:
    write_lines()
    async with panel_of(lab, view="log", known=False) as pilot:
        view = await filled(pilot)
        await pilot.press("l", "l")
        assert len(view.shown.lines) == 2
        await pilot.press("slash", *"MISSING")
        assert len(view.shown.lines) == 1
        await pilot.press("enter", "escape")
        assert len(view.shown.lines) == 4
        await pilot.press("slash", *"/item_(un|x)/")
        assert len(view.shown.lines) == 1
        view.query_one("#filter", Input).value = "/item_(un/"
        await pilot.pause()
        assert "not a regular expression" in screen_text(pilot)
        assert len(view.shown.lines) == 1, "a half-typed expression leaves what is shown"


async def test_one_source_one_project_and_events_only(lab: PanelLab) -> None:
    write_lines()
    async with panel_of(lab, view="log") as pilot:
        view = await filled(pilot)
        await pilot.press("s")
        await until(pilot, lambda: not isinstance(app_of(pilot).screen, LogView))
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: app_of(pilot).screen is view)
        assert view.shown.lines.filter.sources == {"git"}
        await pilot.press("escape", "o")
        assert {view.ring.entry(view.shown.lines.number(0)).event} == {"item_unreadable"}
        await pilot.press("escape", "m")
        assert len(view.shown.lines) == 0
        await lab.tell(change("5c1f22aa"), service="factory")
        await until(pilot, lambda: len(view.shown.lines) == 1)
        assert "change 5c1f22aa proposed: Rename it" in screen_text(pilot)


def change(name: str) -> ChangeUpdated:
    return ChangeUpdated(change=name, project=SHOP.id, title="Rename it", what="proposed", state="proposed")


@pytest.mark.requirement("U1")
async def test_it_goes_to_the_cause_and_shows_everything_with_it(lab: PanelLab) -> None:
    async with panel_of(lab, view="log") as pilot:
        view = view_of(pilot)
        await lab.tell(change("aaaaaaaa"), service="factory")
        await until(pilot, lambda: len(view.ring) == 1)
        first = view.ring.entry(0).id
        await lab.tell(change("bbbbbbbb"), service="factory", cause=first)
        await lab.tell(change("cccccccc"), service="factory")
        await until(pilot, lambda: len(view.ring) == 3)
        await pilot.press("up", "up")
        assert view.shown.cursor == 1
        await pilot.press("c")
        assert view.shown.cursor == 0
        await pilot.press("C")
        assert [view.ring.entry(view.shown.lines.number(i)).id == first for i in range(2)] == [True, False]
        await pilot.press("enter")
        assert first in screen_text(pilot)


async def test_the_view_stands_still_while_lines_arrive_and_old_ones_go(lab: PanelLab) -> None:
    async with panel_of(lab, view="log", known=False) as pilot:
        view = view_of(pilot)
        view.ring.capacity = 1_000
        view._take(many(0, 900))
        await pilot.pause()
        await pilot.press("up", "up", "up")
        cursor = view.shown.cursor
        assert cursor is not None
        row = view.shown.cursor_region().y
        view._take(many(900, 600))
        await pilot.pause()
        assert view.ring.first == 500
        assert (view.shown.cursor, view.shown.cursor_region().y) == (cursor, row)
        assert app_of(pilot).focused is view.shown
        await pilot.press("end")
        view._take(many(1_500, 10))
        await pilot.pause()
        assert "event_1509" in screen_text(pilot)


async def test_before_the_scroll_bar_moves_the_newest_line_is_drawn_and_the_cursor_begins_at_it(lab: PanelLab) -> None:
    async with panel_of(lab, view="log", known=False) as pilot:
        view = view_of(pilot)
        view._take(many(0, 200))
        await pilot.pause()
        view.shown._bar_at = math.inf  # It was brought up to date just now.
        view._take(many(200, 100))
        await pilot.pause()
        assert "event_299" in screen_text(pilot)
        assert view.shown.scroll_offset.y < view.shown.top_index
        await pilot.press("up")
        assert view.shown.cursor == 299
        assert not view.shown.show_horizontal_scrollbar
        assert "event_299" in screen_text(pilot)


def many(first: int, count: int) -> list[Arrival]:
    raw = '{{"ts":"2026-11-20T09:00:00+00:00","level":"info","service":"code","event":"event_{}"}}'
    start = seconds_of("2026-11-20T09:00:00+00:00")
    return [Arrival(start + n, 1, "code", raw.format(n).encode()) for n in range(first, first + count)]


@pytest.mark.requirement("U1")
async def test_what_is_shown_can_be_exported_and_nothing_is_overwritten(lab: PanelLab, tmp_path: Path) -> None:
    write_lines()
    async with panel_of(lab, view="log", known=False) as pilot:
        view = await filled(pilot)
        await pilot.press("l", "l")
        for name, first in (("log.jsonl", '"event": "server_missing"'), ("log.txt", "server_missing  url=")):
            await pilot.press("e")
            await until(pilot, lambda: app_of(pilot).screen is not view)
            app_of(pilot).screen.query_one(Input).value = str(tmp_path / name)
            await pilot.press("enter")
            await until(pilot, lambda: app_of(pilot).screen is view)
            await until(pilot, lambda name=name: (tmp_path / name).exists() and "2 lines in" in screen_text(pilot))
            lines = (tmp_path / name).read_text(encoding="utf-8").splitlines()
            assert first in lines[0]
            assert len(lines) == 2
        assert json.loads((tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()[1])["cause"] == "0193-cause"
        before = (tmp_path / "log.jsonl").read_bytes()
        await pilot.press("e")
        await until(pilot, lambda: app_of(pilot).screen is not view)
        app_of(pilot).screen.query_one(Input).value = str(tmp_path / "log.jsonl")
        await pilot.press("enter")
        await until(pilot, lambda: "cannot write" in screen_text(pilot))
        assert (tmp_path / "log.jsonl").read_bytes() == before


@pytest.mark.requirement("U1")
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_it_looks_as_it_should(lab: PanelLab, width: int, height: int, theme: str) -> None:
    write_lines()
    async with panel_of(lab, view="log", size=(width, height), theme=theme) as pilot:
        await filled(pilot)
        await pilot.press("up", "enter")
        await assert_looks(pilot, f"log-{theme}-{width}x{height}")
