"""The ring of log lines and its filters, and the feed from a real broker."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aura_panel.log_feed import LogFeed
from aura_panel.log_ring import (
    LEVELS,
    Arrival,
    FilteredLines,
    LogFilter,
    LogRing,
    _parsed_line,
    arrival_of_file_line,
    arrival_of_line,
    read_entry,
)
from aura_shared.bus.zmq_bus import connect
from aura_shared.messages.core import wrap
from aura_shared.messages.services import LogLine
from aura_shared.paths import find_paths
from aura_shared.settings import BusSettings

TS = "2026-11-20T09:00:00+00:00"
SOURCES = ("code", "git", "models")
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12))
JSON = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.text(max_size=4), SCALARS, max_size=2))


def arrival(at: float, level: int, source: str, word: str) -> Arrival:
    raw = {"ts": "2026-11-20T09:00:00+00:00", "level": LEVELS[level], "service": source, "event": word}
    return Arrival(at, level, source, json.dumps(raw).encode())


ARRIVALS = st.builds(
    arrival,
    st.floats(0, 1000),
    st.integers(0, 4),
    st.sampled_from(SOURCES),
    st.sampled_from(["alpha", "beta", "gamma [red]"]),
)


@given(st.lists(st.lists(ARRIVALS, max_size=30), max_size=12), st.integers(20, 60))
def test_lines_are_in_order_of_time_and_the_newest_are_kept(batches: list[list[Arrival]], capacity: int) -> None:
    ring = LogRing(capacity)
    for batch in batches:
        ring.extend(batch)
    times = [ring.at(number) for number in range(ring.first, ring.end)]
    everything = sorted(line.at for batch in batches for line in batch)
    assert times == sorted(times)
    assert len(ring) == min(len(everything), len(ring))
    assert len(everything) - len(ring) == ring.first
    assert len(ring) >= min(len(everything), capacity)
    assert len(ring) <= capacity + capacity // 10


@given(
    st.lists(st.lists(ARRIVALS, max_size=20), max_size=12),
    st.builds(
        LogFilter,
        level=st.integers(0, 4),
        sources=st.sets(st.sampled_from(SOURCES), max_size=2).map(frozenset),
        text=st.sampled_from(["", "ALPHA", "/^(beta|gamma)/", "[red]"]),
        project=st.just(""),
        related=st.just(frozenset()),
        stories=st.just(False),
    ),
)
def test_a_filter_kept_current_equals_one_that_looks_at_everything(
    batches: list[list[Arrival]], chosen: LogFilter
) -> None:
    ring = LogRing(40)
    lines = FilteredLines(ring, chosen)
    for batch in batches:
        lines.renew(ring.extend(batch))
        lines.look_on(7)
    while not lines.complete:
        lines.look_on(7)
    wanted = [number for number in range(ring.first, ring.end) if passes(chosen, ring, number)]
    assert [lines.number(index) for index in range(len(lines))] == wanted
    assert all(lines.index_of(number) == index for index, number in enumerate(wanted))


def passes(chosen: LogFilter, ring: LogRing, number: int) -> bool:
    """What a filter means, one line at a time."""
    entry, text = ring.entry(number), chosen.text
    pattern = re.compile(text[1:-1] if text.startswith("/") else re.escape(text), re.IGNORECASE)
    return (
        entry.level >= chosen.level
        and (not chosen.sources or entry.source in chosen.sources)
        and (pattern.search(entry.text) is not None or pattern.search(entry.source) is not None)
    )


@given(
    st.text(max_size=20),
    st.dictionaries(st.text(max_size=6), JSON, max_size=3),
    st.tuples(st.integers(0, 40), st.integers(1, 12)),
)
def test_every_part_of_what_is_shown_finds_its_line(
    event: str, fields: dict[str, object], part: tuple[int, int]
) -> None:
    ring = LogRing(10)
    ring.extend([arrival_of_file_line({"ts": TS, "level": "info", "service": "git", "event": event, "fields": fields})])
    shown = ring.entry(ring.first).text
    sought = shown[part[0] : part[0] + part[1]].replace("/", "")
    assume(sought in shown)
    assert list(LogFilter(text=sought).matcher(ring)(ring.first, ring.end)) == [ring.first]


@given(
    st.sampled_from(LEVELS),
    st.text(max_size=12),
    st.dictionaries(st.text(max_size=6), st.one_of(st.integers(), st.text(max_size=12), st.none()), max_size=3),
    st.none() | st.just("0193"),
)
def test_the_short_way_to_read_a_line_equals_the_long_one(
    level: Literal["debug", "info", "warning", "error", "critical"],
    event: str,
    fields: dict[str, int | str | None],
    cause: str | None,
) -> None:
    line = LogLine(service="git", level=level, event=event, ts=TS, fields=dict(fields))
    raw = wrap(line, src="git", cause=cause).model_dump_json().encode()
    found, parsed = arrival_of_line(raw), _parsed_line(raw)
    assert found is not None
    assert parsed is not None
    assert found[:3] == parsed[:3]
    assert read_entry(found.raw) == read_entry(parsed.raw)


def test_a_line_of_the_bus_keeps_its_facts_and_its_cause() -> None:
    line = LogLine(
        service="git", level="warning", event="slow", ts="2026-11-20T09:00:00+00:00", fields={"ms": 12, "a b": "ü x"}
    )
    for cause in (None, "0193"):
        found = arrival_of_line(wrap(line, src="git", cause=cause).model_dump_json().encode())
        assert found is not None
        assert (found.level, found.source) == (2, "git")
        entry = read_entry(found.raw)
        assert (entry.event, entry.facts, entry.cause) == ("slow", 'ms=12  a b="ü x"', cause or "")


@pytest.mark.parametrize("raw", [b"", b"no json", b"{}", b"[]", b'{"data":{"level":"loud","service":"x","ts":""}}'])
def test_what_is_no_line_is_left_out(raw: bytes) -> None:
    assert arrival_of_line(raw) is None


def test_control_characters_of_a_line_are_made_harmless() -> None:
    raw = json.dumps({"ts": "", "level": "info", "service": "x", "event": "output", "line": "\x1b[31mred\x07\u202e\n"})
    assert (
        read_entry(raw.encode()).event
        == "│ \N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}⏎"
    )


@pytest.mark.requirement("U1")
async def test_the_feed_reads_lines_from_the_broker_and_counts_what_is_lost(aura_home: Path) -> None:

    del aura_home
    paths = find_paths().prepare()
    arrived = threading.Event()
    feed = LogFeed(paths, arrived.set)
    feed.start()
    broker = await asyncio.create_subprocess_exec(sys.executable, "-P", "-m", "aura_bus", stderr=subprocess.DEVNULL)
    bus = connect("code", paths, BusSettings())
    try:
        found: list[Arrival] = []
        number = 0
        async with asyncio.timeout(30):
            while len(found) < 50:
                await bus.publish(LogLine(service="code", level="info", event=f"line_{number}", ts=TS))
                number += 1
                await asyncio.to_thread(arrived.wait, 0.01)
                arrived.clear()
                found += feed.take()
        events = [read_entry(line.raw).event for line in found]
        numbers = [int(event.removeprefix("line_")) for event in events]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert feed.lost == 0
        feed._count(b"code/1", 10)
        feed._count(b"code/1", 14)
        assert feed.lost == 3
    finally:
        await bus.close()
        broker.terminate()
        await broker.wait()
        feed.stop()
