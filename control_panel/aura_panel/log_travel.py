"""Spans of the past in the log view: they are shown whole, or replayed as if they happened now."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Final

from aura_panel.log_past import MOST_LINES, Replay, read_past, read_span
from aura_panel.log_ring import LogRing

if TYPE_CHECKING:
    from aura_panel.views.log import LogView

__all__ = ["LogTravel"]

STEP_S: Final = 0.05
"""Pause between two pictures of a replay."""


class LogTravel:
    """Where in the past the log view is.

    Args:
        view: The view; its lines show the past.
    """

    def __init__(self, view: LogView) -> None:
        self._view = view
        self._replay: Replay | None = None
        self._replayed_at = 0.0

    @property
    def away(self) -> bool:
        """Whether the past is shown."""
        return self._replay is not None

    def come_back(self) -> None:
        """Show what happens now."""
        if self._replay is not None:
            self._replay = None
            self._view.shown.show_ring(self._view.ring)

    async def go(self, when: str) -> None:
        """Show a span, from its first line on.

        Raises:
            UsageProblem: It names no span of the past.
        """
        begin, end = read_span(when, datetime.now().astimezone())
        lines = await read_past(self._view.world.link, begin, end)
        replay = self._replay = Replay(lines, begin.timestamp(), end.timestamp())
        ring = LogRing(MOST_LINES)
        ring.extend(replay.skip_to_end())
        self._view.shown.show_ring(ring)
        self._view.shown.action_first()
        self._view.show_state()
        if not lines:
            self._view.notify("Nothing was written or happened then, or it is too long ago.")

    def play_or_halt(self) -> None:
        """Replay, or halt; at the end, from the beginning."""
        replay = self._replay
        if replay is None:
            return
        if replay.playing:
            replay.playing = False
        else:
            if replay.ended:
                replay.begin_again()
                self._view.shown.show_ring(LogRing(MOST_LINES))
            replay.playing = True
            self._replayed_at = time.monotonic()
            self._view.set_timer(STEP_S, lambda: self._play_on(replay))
        self._view.show_state()

    def _play_on(self, replay: Replay) -> None:
        if self._replay is not replay or not replay.playing:
            return
        now = time.monotonic()
        passed, self._replayed_at = now - self._replayed_at, now
        lines = self._view.shown
        lines.lines_changed(lines.ring.extend(replay.pass_time(passed)))
        replay.playing = not replay.ended
        if replay.playing:
            self._view.set_timer(STEP_S, lambda: self._play_on(replay))
        self._view.show_state()

    def change_speed(self, by: int) -> None:
        """Replay faster or slower."""
        if self._replay is not None:
            self._replay.change_speed(by)
            self._view.show_state()

    def words(self) -> str:
        """Which span is shown, and how; empty for none."""
        replay = self._replay
        if replay is None:
            return ""
        begin, end, at = (datetime.fromtimestamp(t).astimezone() for t in (replay.begin, replay.end, replay.at))
        span = f"past {begin:%Y-%m-%d %H:%M:%S}–{end:%H:%M:%S}"  # noqa: RUF001 - from one to the other
        if replay.ended:
            return f"◀ {span}"
        return f"{'▶' if replay.playing else '‖'} {span} at {at:%H:%M:%S} ×{replay.speed}"  # noqa: RUF001 - times
