"""The log of the past: times that people say, what a span held, and its replay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import Input

from aura_panel.log_past import SPEEDS, Replay, read_span, read_when
from aura_panel.log_ring import Arrival
from aura_panel.views.log import LogView
from aura_panel.widgets.dialogs import Prompt
from aura_shared.errors import UsageProblem
from aura_shared.messages.bus import BusJournal, BusJournalAnswer, JournalledEvent
from aura_shared.messages.changes import ChangeUpdated
from aura_shared.messages.core import wrap
from panel_lab import SHOP, PanelLab, app_of, panel_of, screen_text, until, write_lines

NOW = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2h ago", "2026-11-27T10:30:00"),
        ("90m", "2026-11-27T11:00:00"),
        ("1.5h", "2026-11-27T11:00:00"),
        ("9:05", "2026-11-27T09:05:00"),
        ("09:05:30", "2026-11-27T09:05:30"),
        ("23:00", "2026-11-26T23:00:00"),
        ("yesterday 14:00", "2026-11-26T14:00:00"),
        ("yesterday", "2026-11-26T00:00:00"),
        ("today 8:00", "2026-11-27T08:00:00"),
        ("2026-11-01", "2026-11-01T00:00:00"),
        ("2026-11-01 10:20", "2026-11-01T10:20:00"),
        ("2026-11-01T10:20:00+02:00", "2026-11-01T08:20:00"),
    ],
)
def test_times_as_people_say_them(said: str, meant: str) -> None:
    assert read_when(said, NOW) == datetime.fromisoformat(meant).replace(tzinfo=UTC)


@pytest.mark.parametrize("said", ["", "soon", "25:00", "2026-13-01", "h", "10:00..9:00", "2026-12-24"])
def test_what_is_no_time_or_span_is_told_with_examples(said: str) -> None:
    with pytest.raises(UsageProblem) as told:
        read_span(said, NOW)
    assert told.value.hint
    assert "yesterday 9:00" in told.value.hint


def test_a_span_is_an_hour_or_goes_to_its_end_and_never_beyond_now() -> None:
    assert read_span("10:00", NOW) == (NOW.replace(hour=10, minute=0), NOW.replace(hour=11, minute=0))
    assert read_span("10:00..10:05", NOW)[1] == NOW.replace(hour=10, minute=5)
    assert read_span("12:00", NOW)[1] == NOW


@given(st.lists(st.floats(0, 100), max_size=50).map(sorted), st.lists(st.floats(0, 5), max_size=60))
def test_a_replay_gives_each_line_once_and_in_order(times: list[float], steps: list[float]) -> None:
    lines = [Arrival(at, 1, "code", b"{}") for at in times]
    replay = Replay(lines, 0, 100)
    given_lines = [line for step in steps for line in replay.pass_time(step)]
    assert given_lines == [line for line in lines if steps and line.at <= replay.at]
    assert [*given_lines, *replay.skip_to_end()] == lines
    assert replay.ended


def test_speeds_are_bounded() -> None:
    replay = Replay([], 0, 1)
    for _ in range(10):
        replay.change_speed(1)
    assert replay.speed == SPEEDS[-1]
    for _ in range(10):
        replay.change_speed(-1)
    assert replay.speed == SPEEDS[0]


@pytest.mark.requirement("U1")
async def test_a_past_hour_is_shown_and_replayed(lab: PanelLab) -> None:
    write_lines()
    event = ChangeUpdated(change="5c1f22aa", project=SHOP.id, title="Rename it", what="applied", state="applied")
    envelope = wrap(event, src="factory").model_copy(update={"ts": "2026-11-20T09:00:02.500000+00:00"})
    journalled = JournalledEvent(seq=7, at_ms=1, envelope=envelope)

    def journal(asked: BusJournal) -> BusJournalAnswer:
        past = bool(asked.after)
        return BusJournalAnswer(from_seq=7, upto_seq=7, earlier=False, later=False, events=[journalled] if past else [])

    lab.answer(BusJournal, journal)
    async with panel_of(lab, view="log", known=False) as pilot:
        app = app_of(pilot)
        view = app.screen
        assert isinstance(view, LogView)
        await until(pilot, lambda: len(view.ring) == 4)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        app.screen.query_one(Input).value = "2026-11-20 09:00:02..2026-11-20 09:00:04"
        await pilot.press("enter")
        await until(pilot, lambda: "past 2026-11-20 09:00:02" in screen_text(pilot))
        shown = screen_text(pilot)
        assert "index_built" not in shown
        assert shown.index("server_missing") < shown.index("change 5c1f22aa applied") < shown.index("item_unreadable")
        await pilot.press("plus", "minus", "minus", "space")
        await until(pilot, lambda: "\N{MULTIPLICATION SIGN}1" in screen_text(pilot))
        assert "item_unreadable" not in screen_text(pilot)
        await pilot.press("plus", "plus", "plus")
        await until(pilot, lambda: "item_unreadable" in screen_text(pilot))
        await pilot.press("space")
        await pilot.press("escape")
        await until(pilot, lambda: "index_built" in screen_text(pilot))
        assert "following" in screen_text(pilot)


@pytest.mark.requirement("U1")
async def test_a_wrong_time_is_told(lab: PanelLab) -> None:
    async with panel_of(lab, view="log", known=False) as pilot:
        app = app_of(pilot)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press(*"never", "enter")
        await until(pilot, lambda: "'never' is no time" in screen_text(pilot))


def test_now_has_a_zone() -> None:
    assert read_when("1m", NOW) == NOW - timedelta(minutes=1)
