"""The newest lines of the log in the order of their times, and filters over them.

A line is kept as the JSON that came; its parts are read when it is shown. So 100,000 lines take about 35 MB and the
garbage collector has nothing to walk through.
"""

from __future__ import annotations

import json
import re
import sys
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple, cast

from aura_panel.stories import Story

__all__ = [
    "LEVELS",
    "Arrival",
    "FilteredLines",
    "LogEntry",
    "LogFilter",
    "LogRing",
    "arrival_of_file_line",
    "arrival_of_line",
    "arrival_of_story",
    "read_entry",
]

LEVELS: Final = ("debug", "info", "warning", "error", "critical")
"""From the least on; a level is kept as its place here."""
_LEVEL_NUMBERS: Final = {name: number for number, name in enumerate(LEVELS)}
_WEIGHT_LEVELS: Final = {"quiet": 0, "info": 1, "good": 1, "warning": 2, "error": 3}
MOST_LATE: Final = 2_000
"""How many lines a late one may be sorted past; a later one stands where this bound ends."""
_ENVELOPE_FIELDS: Final = ("cause", "project", "corr", "origin")
_HEAD_FIELDS: Final = frozenset({"ts", "level", "service", "event", *_ENVELOPE_FIELDS})


class Arrival(NamedTuple):
    """A line on its way into the ring."""

    at: float
    """When it was written: seconds since 1970 UTC."""
    level: int
    """Place in `LEVELS`."""
    source: str
    """Service that wrote it."""
    raw: bytes
    """The line as JSON."""


class LogEntry(NamedTuple):
    """A line with its parts."""

    ts: str
    """When: ISO 8601."""
    level: int
    """Place in `LEVELS`."""
    source: str
    """Service that wrote it."""
    event: str
    """What happened: in snake_case for a log line, a sentence for an event of the bus."""
    facts: str
    """Its facts as `name=value`."""
    cause: str
    """Message that led to it; empty when none is known."""
    project: str
    """Identifier of its project."""
    id: str
    """Identifier of the event; empty for a log line."""
    kind: str
    """Name of the event; empty for a log line."""
    root: str = ""
    """Message or call that all of it began with; empty when none is known."""
    origin: str = ""
    """Who began it all; empty when nobody is named."""

    @property
    def text(self) -> str:
        """What a person reads and searches."""
        return f"{self.event}  {self.facts}" if self.facts else self.event


def seconds_of(ts: str) -> float:
    """Seconds since 1970 UTC of an ISO 8601 time; 0 for what is none."""
    try:
        return datetime.fromisoformat(ts).timestamp()
    except ValueError:
        return 0.0


_USUAL_HEAD: Final = b'"corr":null,"cause":null,"project":null,"origin":"","key":"","data":'
_USUAL_DATA: Final = re.compile(rb'\{"service":"([a-z_-]+)","level":"([a-z]+)","event":"[^"\\]*","ts":"([^"\\]+)"')


def arrival_of_line(raw: bytes) -> Arrival | None:
    """A `LogLine` event as it comes over the bus; None when it cannot be read.

    The usual form is read without parsing the JSON (1 µs instead of 6); any other form gives the same by parsing it.
    """
    place = raw.find(_USUAL_HEAD)
    if place >= 0:
        start = place + len(_USUAL_HEAD)
        found = _USUAL_DATA.match(raw, start)
        level = _LEVEL_NUMBERS.get(found[2].decode()) if found is not None else None
        if found is not None and level is not None:
            return Arrival(seconds_of(found[3].decode()), level, sys.intern(found[1].decode()), raw[start:-1])
    return _parsed_line(raw)


def _parsed_line(raw: bytes) -> Arrival | None:
    try:
        envelope = json.loads(raw)
        data = envelope["data"]
        level, source, ts = _LEVEL_NUMBERS[data["level"]], data["service"], data["ts"]
    except (ValueError, KeyError, TypeError):
        return None
    known = {name: envelope[name] for name in _ENVELOPE_FIELDS if envelope.get(name)}
    start = raw.find(b'"data":')
    if known or start < 0:
        kept = json.dumps({**known, **data}, ensure_ascii=False, separators=(",", ":")).encode()
    else:
        kept = raw[start + 7 : -1]  # The data alone: half as long.
    return Arrival(seconds_of(ts), level, source, kept)


def arrival_of_file_line(line: Mapping[str, object]) -> Arrival:
    """A line of a log file."""
    level = _LEVEL_NUMBERS.get(str(line.get("level", "info")), 1)
    raw = json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=str).encode()
    return Arrival(seconds_of(str(line.get("ts", ""))), level, str(line.get("service", "")), raw)


def arrival_of_story(story: Story) -> Arrival:
    """An event of the bus."""
    raw = json.dumps({"story": list(story)}, ensure_ascii=False, separators=(",", ":")).encode()
    return Arrival(seconds_of(story.ts), _WEIGHT_LEVELS[story.weight], story.source, raw)


@lru_cache(maxsize=4096)
def read_entry(raw: bytes) -> LogEntry:
    """The parts of a line that is in the ring."""
    found = cast("dict[str, object]", json.loads(raw))
    told = found.get("story")
    if isinstance(told, list):
        story = Story(*cast("list[str]", told))  # pyright: ignore[reportArgumentType] - as arrival_of_story wrote it
        return LogEntry(
            ts=story.ts,
            level=_WEIGHT_LEVELS[story.weight],
            source=story.source,
            event=story.text,
            facts="",
            cause=story.cause,
            project=story.project,
            id=story.id,
            kind=story.kind,
            root=story.root,
            origin=story.origin,
        )
    fields = found.get("fields")
    facts = cast("dict[str, object]", fields) if isinstance(fields, dict) else found
    shown = "  ".join(
        f"{name}={_fact(value)}" for name, value in facts.items() if facts is fields or name not in _HEAD_FIELDS
    )
    event = str(found.get("event", ""))
    if event == "output":  # What a service printed without its logger: the text itself is the event.
        event, shown = f"│ {_safe(str(found.get('line', '')))}", ""
    level = _LEVEL_NUMBERS.get(str(found.get("level")), 1)
    cause, project, root, origin = (str(found.get(name) or "") for name in _ENVELOPE_FIELDS)
    ts, service = str(found.get("ts", "")), str(found.get("service", ""))
    return LogEntry(ts, level, service, event, shown, cause, project, "", "", root, origin)


def _fact(value: object) -> str:
    if isinstance(value, str):
        text = _safe(value)
        return _ENCODER.encode(text) if " " in text or not text else text
    return _safe(_ENCODER.encode(value))


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, default=str)
"""Made once: `json.dumps` with these options makes one for each value."""
_UNSAFE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def _safe(text: str) -> str:
    """Without characters that a terminal obeys or that hide others."""
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text).replace("\n", "⏎").replace("\t", " ")


class LogRing:
    """The newest lines, oldest first. Each has a number that it keeps; numbers count up from 0.

    Args:
        capacity: How many lines are kept at least; up to a tenth more are there before the oldest are let go.
    """

    def __init__(self, capacity: int = 100_000) -> None:
        self.capacity = capacity
        self.first = 0
        """Number of the oldest line that is kept."""
        self._raw: list[bytes] = []
        self._at = array("d")
        self._levels = bytearray()
        self._sources = array("H")
        self.sources: list[str] = []
        """Names of all sources that wrote a line, in the order of their first one."""
        self._source_numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._raw)

    @property
    def end(self) -> int:
        """Number after that of the newest line."""
        return self.first + len(self._raw)

    def extend(self, arrivals: Iterable[Arrival]) -> int:
        """Take lines in, each at the place of its time; returns the number from which on lines are new ones."""
        batch = sorted(arrivals, key=lambda arrival: arrival.at)
        changed = self.end
        for arrival in batch:
            source = self._number_of(arrival.source)
            if not self._at or arrival.at >= self._at[-1]:
                self._raw.append(arrival.raw)
                self._at.append(arrival.at)
                self._levels.append(arrival.level)
                self._sources.append(source)
                continue
            place = bisect_right(self._at, arrival.at, max(0, len(self._at) - MOST_LATE))
            self._raw.insert(place, arrival.raw)
            self._at.insert(place, arrival.at)
            self._levels.insert(place, arrival.level)
            self._sources.insert(place, source)
            changed = min(changed, self.first + place)
        self._let_go()
        return max(changed, self.first)

    def _let_go(self) -> None:
        surplus = len(self._raw) - self.capacity
        if surplus > self.capacity // 10:
            del self._raw[:surplus]
            del self._at[:surplus]
            del self._levels[:surplus]
            del self._sources[:surplus]
            self.first += surplus

    def _number_of(self, source: str) -> int:
        number = self._source_numbers.get(source)
        if number is None:
            number = self._source_numbers[source] = len(self.sources)
            self.sources.append(source)
        return number

    def raw(self, number: int) -> bytes:
        """The JSON of a line."""
        return self._raw[number - self.first]

    def at(self, number: int) -> float:
        """When a line was written: seconds since 1970 UTC."""
        return self._at[number - self.first]

    def entry(self, number: int) -> LogEntry:
        """A line with its parts."""
        return read_entry(self._raw[number - self.first])

    def place_of_time(self, at: float) -> int:
        """Number of the first line that was written later than `at`."""
        return self.first + bisect_right(self._at, at)

    def level(self, number: int) -> int:
        """Level of a line, as a place in `LEVELS`."""
        return self._levels[number - self.first]

    def source(self, number: int) -> str:
        """Who wrote a line."""
        return self.sources[self._sources[number - self.first]]

    def numbers_of(self, start: int, end: int, level: int, sources: frozenset[str] = frozenset()) -> Sequence[int]:
        """Numbers from `start` to before `end` of lines of at least this level and of these sources, or of any."""
        first, last = start - self.first, end - self.first
        if sources:
            wanted = {self._source_numbers.get(name) for name in sources}
            pairs = zip(range(start, end), self._levels[first:last], self._sources[first:last], strict=True)
            return [number for number, its_level, source in pairs if its_level >= level and source in wanted]
        if level:
            leveled = zip(range(start, end), self._levels[first:last], strict=True)
            return [number for number, its_level in leveled if its_level >= level]
        return range(start, end)


_WORD: Final = re.compile(r"[a-zA-Z]{2,}")
"""Letters stand in JSON as they are; a single one may come from how a number is written."""


class LogFilter(NamedTuple):
    """Which lines are shown; an empty one shows all."""

    level: int = 0
    """Only lines of this level and above, as a place in `LEVELS`."""
    sources: frozenset[str] = frozenset()
    """Only these; empty for all."""
    project: str = ""
    """Only what is about this project."""
    text: str = ""
    """Only lines with this text in them, in any case; between slashes it is a regular expression."""
    related: frozenset[str] = frozenset()
    """Only lines whose own identifier, cause or beginning is among these."""
    stories: bool = False
    """Only events of the bus, no log lines."""

    @property
    def empty(self) -> bool:
        """Whether every line passes."""
        return self == LogFilter()

    def problem(self) -> str:
        """What is wrong with the text; empty when nothing is."""
        try:
            self._pattern()
        except re.error as error:
            place = f" at character {error.pos + 1}" if error.pos is not None else ""
            return f"not a regular expression: {error.msg}{place}"
        return ""

    def _pattern(self) -> re.Pattern[str] | None:
        text = self.text
        if self._is_expression:
            return re.compile(text[1:-1], re.IGNORECASE)
        return re.compile(re.escape(text), re.IGNORECASE) if text else None

    @property
    def _is_expression(self) -> bool:
        return len(self.text) > 2 and self.text.startswith("/") and self.text.endswith("/")

    def _raw_pattern(self) -> re.Pattern[bytes] | None:
        """What the JSON of a line has in it when the text is in the line: its longest word, which no escape changes."""
        words = [] if self._is_expression else _WORD.findall(self.text)
        return re.compile(max(words, key=len).encode(), re.IGNORECASE) if words else None

    def matcher(self, ring: LogRing) -> Callable[[int, int], Sequence[int]]:
        """Gives the numbers of the lines that pass, of those from one number to before another.

        Level and source are looked at first, 0.1 µs a line; the JSON of what is left is searched for a word (0.5 µs)
        before it is parsed (6 µs).

        Raises:
            re.error: The text is not a regular expression.
        """
        pattern, raw_pattern = self._pattern(), self._raw_pattern()
        needs_parts = bool(pattern or self.project or self.related or self.stories)

        def passing(start: int, end: int) -> Sequence[int]:
            numbers = ring.numbers_of(start, end, self.level, self.sources)
            if raw_pattern is not None:
                numbers = [number for number in numbers if raw_pattern.search(ring.raw(number))]
            if needs_parts:
                numbers = [number for number in numbers if self._parts_pass(ring.entry(number), pattern)]
            return numbers

        return passing

    def _parts_pass(self, entry: LogEntry, pattern: re.Pattern[str] | None) -> bool:
        if self.stories and not entry.kind:
            return False
        if self.project and entry.project != self.project:
            return False
        if self.related and self.related.isdisjoint((entry.cause, entry.id, entry.root)):
            return False
        return pattern is None or pattern.search(entry.text) is not None or pattern.search(entry.source) is not None


class FilteredLines:
    """Numbers of the lines of a ring that pass a filter, kept current as lines arrive."""

    def __init__(self, ring: LogRing, chosen: LogFilter | None = None) -> None:
        self.ring = ring
        self.filter = chosen or LogFilter()
        self._passing = self.filter.matcher(ring)
        self._numbers = array("Q")
        self.looked_at = ring.first
        """Lines before this number were looked at."""

    def __len__(self) -> int:
        return self.ring.end - self.ring.first if self.filter.empty else len(self._numbers)

    @property
    def complete(self) -> bool:
        """Whether all lines were looked at."""
        return self.filter.empty or self.looked_at >= self.ring.end

    def number(self, index: int) -> int:
        """Number of the line at a place among those that pass."""
        return self.ring.first + index if self.filter.empty else self._numbers[index]

    def index_of(self, number: int) -> int:
        """Place of the last line that is not behind `number`, at least 0."""
        if self.filter.empty:
            return max(0, min(number, self.ring.end - 1) - self.ring.first)
        return max(0, bisect_right(self._numbers, number) - 1)

    def renew(self, changed_from: int) -> None:
        """Forget what is known of lines from this number on, and of lines that were let go."""
        if self.filter.empty:
            return
        if changed_from < self.looked_at:
            del self._numbers[bisect_right(self._numbers, changed_from - 1) if changed_from else 0 :]
            self.looked_at = changed_from
        if self._numbers and self._numbers[0] < self.ring.first:
            del self._numbers[: bisect_right(self._numbers, self.ring.first - 1)]
        self.looked_at = max(self.looked_at, self.ring.first)

    def look_on(self, most: int = 5_000) -> int:
        """Look at some more lines; returns how many."""
        if self.filter.empty:
            return 0
        start = max(self.looked_at, self.ring.first)
        end = min(self.ring.end, start + most)
        self._numbers.extend(self._passing(start, end))
        self.looked_at = end
        return end - start
