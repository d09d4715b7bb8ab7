"""The log of the past: what a span of time held, and a replay of it at a chosen speed."""

from __future__ import annotations

import asyncio
import re
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from aura_panel.link import Link
from aura_panel.log_ring import Arrival, arrival_of_file_line, arrival_of_story
from aura_panel.stories import story_of_envelope
from aura_shared.errors import AuraError, UsageProblem
from aura_shared.log_history import read_between
from aura_shared.messages.bus import BusJournal

__all__ = ["MOST_LINES", "SPEEDS", "Replay", "read_past", "read_span", "read_when"]

MOST_LINES: Final = 100_000
SPAN: Final = timedelta(hours=1)
"""How much of the past is shown when no end is named."""
SPEEDS: Final = (1, 10, 60, 600)
"""How many seconds of the past pass in one of now; 600 shows an hour in six seconds."""
_AGO: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d)(?:\s+ago)?")
_UNITS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_EXPECTED: Final = "Such as 14:30, 90m, 2h ago, yesterday 9:00, 2026-11-26 14:30, or two of them with .. between."


def read_when(text: str, now: datetime) -> datetime:
    """The instant that a person means; `now` has a time zone, which is theirs.

    Raises:
        UsageProblem: It is none.
    """
    said = text.strip().lower()
    if ago := _AGO.fullmatch(said):
        return now - timedelta(seconds=float(ago[1]) * _UNITS[ago[2]])
    day = now.date()
    for word, days in (("today", 0), ("yesterday", 1)):
        if said.startswith(word):
            day, said = day - timedelta(days=days), said.removeprefix(word).strip() or "0:00"
            break
    try:
        if clock := re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", said):
            found = datetime(
                day.year, day.month, day.day, int(clock[1]), int(clock[2]), int(clock[3] or 0), tzinfo=now.tzinfo
            )
            later = found > now and day == now.date()
            return found - timedelta(days=1) if later else found  # 23:00 said in the morning was yesterday's.
        found = datetime.fromisoformat(said.upper() if "t" in said else said)
    except ValueError as error:
        raise UsageProblem(f"{text!r} is no time", hint=_EXPECTED) from error
    return found if found.tzinfo else found.replace(tzinfo=now.tzinfo)


def read_span(text: str, now: datetime) -> tuple[datetime, datetime]:
    """Beginning and end of the span that a person means; an hour where no end is named, and never beyond now.

    Raises:
        UsageProblem: It is none.
    """
    first, mark, last = text.partition("..")
    begin = read_when(first, now)
    end = read_when(last, now) if mark else begin + SPAN
    if begin >= min(end, now):
        raise UsageProblem(f"{text!r} lies in the future or ends before it begins", hint=_EXPECTED)
    return begin, min(end, now)


async def read_past(link: Link, begin: datetime, end: datetime) -> list[Arrival]:
    """Log lines and events between two instants, in the order of time; the newest 100,000 of them.

    Lines come from the log files, also while the daemon is down; events from its journal, when it runs.
    """
    lines = await asyncio.to_thread(_lines_between, link.paths.logs, begin, end)
    try:
        events = await _events_between(link, begin, end)
    except AuraError:
        events = []
    return sorted([*lines, *events], key=lambda arrival: arrival.at)[-MOST_LINES:]


def _lines_between(folder: Path, begin: datetime, end: datetime) -> list[Arrival]:
    found = read_between(folder, begin.isoformat(), end.isoformat(), MOST_LINES, newest_first=True)
    return [arrival_of_file_line(line) for line in found]


async def _events_between(link: Link, begin: datetime, end: datetime) -> list[Arrival]:
    arrivals: list[Arrival] = []
    before: int | None = None
    while len(arrivals) < MOST_LINES:
        asked = BusJournal(after=begin.isoformat(), before=end.isoformat(), before_seq=before, backwards=True)
        answer = await link.ask(asked)
        arrivals += [arrival_of_story(story_of_envelope(event.envelope, event.seq)) for event in answer.events]
        if not answer.earlier:
            break
        before = answer.from_seq
    return arrivals


class Replay:
    """Gives lines of the past as if they were written now.

    Args:
        lines: In the order of their times.
        begin: Where the past begins: seconds since 1970 UTC.
        end: Where it ends.
    """

    def __init__(self, lines: Sequence[Arrival], begin: float, end: float) -> None:
        self._lines = lines
        self._times = [line.at for line in lines]
        self._given = 0
        self.begin = begin
        self.end = end
        self.at = begin
        """Where the replay is: seconds since 1970 UTC."""
        self.speed = SPEEDS[1]
        """How many seconds of the past pass in one of now."""
        self.playing = False
        """Whether time passes."""

    @property
    def ended(self) -> bool:
        """Whether all of it was given."""
        return self.at >= self.end

    def pass_time(self, seconds: float) -> Sequence[Arrival]:
        """Lines of the next `seconds` of now."""
        return self._up_to(min(self.end, self.at + seconds * self.speed))

    def skip_to_end(self) -> Sequence[Arrival]:
        """All lines that were not given yet."""
        return self._up_to(self.end)

    def begin_again(self) -> None:
        """Go back to the beginning."""
        self.at, self._given = self.begin, 0

    def change_speed(self, by: int) -> None:
        """Take the next faster or slower speed."""
        place = SPEEDS.index(self.speed) + by
        self.speed = SPEEDS[max(0, min(place, len(SPEEDS) - 1))]

    def _up_to(self, at: float) -> Sequence[Arrival]:
        self.at = at
        end = bisect_right(self._times, at)
        given = self._lines[self._given : end]
        self._given = max(self._given, end)
        return given
