"""Looking back: spans of time, pages in both directions, filters, what has to do with an id; journals of version 1."""

from __future__ import annotations

import itertools
import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_bus import history
from aura_bus import journal as journal_module
from aura_bus.history import Look, look_back
from aura_bus.journal import Entry, Journal
from aura_shared.errors import UsageProblem
from aura_shared.messages.bus import BusJournal
from aura_shared.messages.core import Envelope
from aura_shared.paths import AuraPaths
from shared_bus.brokers import connected, running_broker
from shared_bus.things import Happened

START_MS = 1_770_000_000_000


def entry(
    number: int, kind: str = "a", *, cause: str | None = None, corr: str | None = None, project: str | None = None
) -> Entry:
    envelope = Envelope(
        type=kind, id=f"id-{number}", ts="2026-02-02T00:00:00Z", src="x", corr=corr, cause=cause, project=project
    )
    return Entry(envelope.id, kind, envelope.model_dump_json().encode(), None, cause, corr, project)


class Clock:
    """Stands in for the module `time`."""

    def __init__(self) -> None:
        self.ms = START_MS

    def time_ns(self) -> int:
        return self.ms * 1_000_000

    def time(self) -> float:
        return self.ms / 1000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of the journal, set by hand."""
    clock = Clock()
    monkeypatch.setattr(journal_module, "time", clock)
    return clock


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """An empty journal."""
    journal = Journal(tmp_path / "journal.db")
    yield journal
    journal.close()


def seqs(found: Look) -> list[int]:
    return [row.seq for row in found.rows]


@pytest.fixture
def hours(journal: Journal, clock: Clock) -> Journal:
    """Ten events, one each hour."""
    for number in range(1, 11):
        journal.append([entry(number, "ab"[number % 2], project=f"p{number % 3}")])
        clock.ms += 3_600_000
    return journal


def test_an_empty_journal_has_no_past(journal: Journal) -> None:
    found = look_back(journal, BusJournal(related="x", after=0))
    assert (found.rows, found.earlier, found.later, found.oldest, found.newest) == ([], False, False, None, None)


def test_a_span_of_time_begins_with_its_first_instant_and_ends_before_its_last(hours: Journal) -> None:
    found = look_back(hours, BusJournal(after=START_MS + 7_200_000, before="2026-02-02T07:40:00+01:00"))
    assert seqs(found) == [3, 4]
    assert (found.start, found.end, found.earlier, found.later) == (3, 4, False, False)
    assert (found.oldest, found.newest) == (START_MS, START_MS + 9 * 3_600_000)
    assert seqs(look_back(hours, BusJournal(after="2026-02-02T10:30:00"))) == [9, 10]
    assert seqs(look_back(hours, BusJournal(before=START_MS))) == []
    assert seqs(look_back(hours, BusJournal(after="2030-01-01"))) == []


@pytest.mark.parametrize("given", ["yesterday", "2026-13-01", "12:00"])
def test_an_instant_that_cannot_be_read_is_told(hours: Journal, given: str) -> None:
    with pytest.raises(UsageProblem, match=f"before: expected an instant like .*found '{given}'"):
        look_back(hours, BusJournal(before=given))


def test_pages_lead_through_a_span_in_both_directions(hours: Journal) -> None:
    first = look_back(hours, BusJournal(limit=4, after=START_MS + 1))
    assert (seqs(first), first.earlier, first.later) == ([2, 3, 4, 5], False, True)
    second = look_back(hours, BusJournal(limit=4, after=START_MS + 1, after_seq=first.end))
    assert (seqs(second), second.earlier, second.later) == ([6, 7, 8, 9], True, True)
    back = look_back(hours, BusJournal(limit=4, after=START_MS + 1, before_seq=second.start, backwards=True))
    assert (seqs(back), back.earlier, back.later) == ([2, 3, 4, 5], False, True)
    newest = look_back(hours, BusJournal(limit=3, backwards=True))
    assert (seqs(newest), newest.earlier, newest.later) == ([8, 9, 10], True, False)


@pytest.mark.parametrize(
    ("asked", "covers", "more"),
    [
        (BusJournal(after_seq=10), (11, 10), (True, False)),
        (BusJournal(after_seq=99), (11, 10), (True, False)),
        (BusJournal(before_seq=1, backwards=True), (1, 0), (False, True)),
        (BusJournal(before_seq=0, backwards=True), (1, 0), (False, True)),
        (BusJournal(after_seq=7, before_seq=3), (8, 7), (True, True)),
    ],
    ids=["behind the end", "far behind the end", "before the beginning", "far before", "crossed"],
)
def test_beyond_the_ends_there_is_nothing(
    hours: Journal, asked: BusJournal, covers: tuple[int, int], more: tuple[bool, bool]
) -> None:
    found = look_back(hours, asked)
    assert (found.rows, (found.start, found.end), (found.earlier, found.later)) == ([], covers, more)


def test_types_and_projects_are_picked_out(hours: Journal) -> None:
    assert seqs(look_back(hours, BusJournal(types=["a"]))) == [2, 4, 6, 8, 10]
    assert seqs(look_back(hours, BusJournal(types=["a", "zz"], project="p1"))) == [4, 10]


def test_one_look_covers_a_bounded_part(hours: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "SCAN_EVENTS", 4)
    found = look_back(hours, BusJournal(types=["zz"]))
    assert (found.rows, found.start, found.end, found.later) == ([], 1, 4, True)
    found = look_back(hours, BusJournal(types=["a"], backwards=True))
    assert (seqs(found), found.start, found.end, found.earlier) == ([8, 10], 7, 10, True)


def test_a_page_has_a_bounded_size_and_at_least_one_event(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.append([entry(number) for number in range(1, 6)])
    monkeypatch.setattr(history, "LOOK_BYTES", len(entry(1).envelope) * 2)
    assert seqs(look_back(journal, BusJournal())) == [1, 2]
    monkeypatch.setattr(history, "LOOK_BYTES", 1)
    assert seqs(look_back(journal, BusJournal(backwards=True))) == [5]


@pytest.fixture
def story(journal: Journal) -> Journal:
    """What a request did, and what came of that, among other events."""
    journal.append(
        [
            entry(1, cause="request"),
            entry(2),
            entry(3, cause="id-1", corr="request"),
            entry(4, "b", cause="id-3", corr="request"),
            entry(5, cause="id-3"),
            entry(6, cause="id-6"),
        ]
    )
    return journal


def test_what_has_to_do_with_an_event_is_what_led_to_it_and_what_it_led_to(story: Journal) -> None:
    assert seqs(look_back(story, BusJournal(related="id-3"))) == [1, 3, 4, 5]
    assert seqs(look_back(story, BusJournal(related="id-4"))) == [1, 3, 4]
    assert seqs(look_back(story, BusJournal(related="request"))) == [1, 3, 4]
    assert seqs(look_back(story, BusJournal(related="id-3", types=["b"]))) == [4]
    assert seqs(look_back(story, BusJournal(related="nobody"))) == []
    assert seqs(look_back(story, BusJournal(related="id-6"))) == [6]  # a circle, which nobody should make


def test_what_has_to_do_with_an_event_comes_in_pages_too(story: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    first = look_back(story, BusJournal(related="id-3", limit=2))
    assert (seqs(first), first.end, first.later) == ([1, 3], 3, True)
    assert seqs(look_back(story, BusJournal(related="id-3", after_seq=first.end))) == [4, 5]
    newest = look_back(story, BusJournal(related="id-3", limit=2, backwards=True))
    assert (seqs(newest), newest.start, newest.earlier) == ([4, 5], 4, True)
    monkeypatch.setattr(history, "SCAN_EVENTS", 1)
    assert (seqs(look_back(story, BusJournal(related="id-3"))), first.later) == ([1, 3, 4], True)
    assert seqs(look_back(story, BusJournal(related="id-3", backwards=True))) == [5]


def test_a_chain_of_causes_goes_on_behind_a_request_with_what_it_began_with(journal: Journal) -> None:
    journal.append([entry(1), entry(2, cause="request", corr="id-1"), entry(3), entry(4, cause="id-2", corr="id-1")])
    assert seqs(look_back(journal, BusJournal(related="id-4"))) == [1, 2, 4]
    assert seqs(look_back(journal, BusJournal(related="id-1"))) == [1, 2, 4]


def test_a_long_chain_of_causes_is_followed_a_bounded_way(journal: Journal) -> None:
    journal.append([entry(1), *(entry(number, cause=f"id-{number - 1}") for number in range(2, 201))])
    found = seqs(look_back(journal, BusJournal(related="id-200")))
    assert found == list(range(200 - history.MOST_CAUSES, 201))


def test_a_clock_that_is_set_back_a_little_keeps_the_order_of_time(journal: Journal, clock: Clock) -> None:
    for step in (0, -60_000, 120_000, -7_200_000):
        clock.ms += step
        journal.append([entry(clock.ms)])
    times = [journal.at(seq) for seq in range(1, 5)]
    assert times == [START_MS, START_MS, START_MS + 60_000, START_MS + 60_000 - 7_200_000]


@settings(max_examples=60, deadline=None)
@given(
    events=st.lists(st.tuples(st.integers(0, 5), st.sampled_from("ab"), st.sampled_from(["p", "q"])), max_size=25),
    retention=st.integers(1, 30),
    window=st.tuples(st.integers(0, 60), st.integers(0, 60)),
    types=st.sampled_from([[], ["a"], ["a", "b"]]),
    project=st.sampled_from(["", "p"]),
    limit=st.integers(1, 6),
    backwards=st.booleans(),
    scan=st.integers(1, 8),
)
def test_page_by_page_a_span_comes_out_whole(
    tmp_path_factory: pytest.TempPathFactory,
    events: list[tuple[int, str, str]],
    retention: int,
    window: tuple[int, int],
    types: list[str],
    project: str,
    limit: int,
    backwards: bool,
    scan: int,
) -> None:
    clock, journal = Clock(), Journal(tmp_path_factory.mktemp("j") / "j.db", retention_events=retention)
    kept: list[tuple[int, int, str, str]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_module, "time", clock)
        patch.setattr(history, "SCAN_EVENTS", scan)
        for number, (step, kind, of) in enumerate(events, 1):
            clock.ms += step
            journal.append([entry(number, kind, project=of)])
            kept.append((number, clock.ms, kind, of))
        journal.trim(now_s=clock.time())
        low, high = START_MS + window[0], START_MS + window[1]
        expected = [
            seq
            for seq, at, kind, of in kept[-retention:]
            if low <= at < high and (not types or kind in types) and project in {"", of}
        ]
        asked = BusJournal(after=low, before=high, types=types, project=project, limit=limit, backwards=backwards)
        pages: list[list[int]] = []
        for _ in range(60):
            found = look_back(journal, asked)
            pages.append(seqs(found))
            if not (found.earlier if backwards else found.later):
                break
            asked = asked.model_copy(update={"before_seq": found.start} if backwards else {"after_seq": found.end})
    journal.close()
    assert all(len(page) <= limit for page in pages)
    assert list(itertools.chain.from_iterable(reversed(pages) if backwards else pages)) == expected


def test_a_journal_of_version_1_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    db = sqlite3.connect(path)
    db.executescript(
        "CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, "
        "at INTEGER NOT NULL, envelope BLOB NOT NULL) STRICT;"
        + journal_module._SCHEMA[journal_module._SCHEMA.index("CREATE TABLE last_values") :]
        + "INSERT INTO facts VALUES ('head', '0'); PRAGMA user_version=1;"
    )
    told = entry(1, cause="c", corr="r", project="p").envelope
    rows = [(1, "id-1", "a", START_MS, told), (2, "id-2", "a", START_MS, b"{}"), (3, "id-3", "a", START_MS, b"\xff")]
    db.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", rows)
    db.commit()
    db.close()
    journal = Journal(path)
    assert journal.page(0, ["a"]).events == [(seq, raw) for seq, _, _, _, raw in rows]
    assert seqs(look_back(journal, BusJournal(related="c"))) == [1]
    assert seqs(look_back(journal, BusJournal(related="r", project="p"))) == [1]
    assert journal.append([entry(2), entry(4)])[0].seq == 2
    journal.close()
    assert Journal(path).head == 4


async def test_the_broker_tells_what_it_journalled(bus_paths: AuraPaths) -> None:
    with running_broker(bus_paths):
        async with connected("tester", bus_paths) as bus:
            before = time.time_ns() // 1_000_000
            await bus.publish(Happened(number=1), project="p", cause="c")
            await bus.publish(Happened(number=2))
            found = await bus.request(BusJournal(related="c", after=before))
            assert [event.envelope.data["number"] for event in found.events] == [1]
            assert (found.events[0].seq, found.events[0].envelope.project) == (1, "p")
            assert before <= found.events[0].at_ms <= time.time_ns() // 1_000_000
            assert (found.from_seq, found.upto_seq, found.earlier, found.later) == (1, 2, False, False)
            assert found.oldest <= found.newest
            assert len((await bus.request(BusJournal())).events) == 2
            assert (await bus.request(BusJournal(types=["nothing"]))).events == []
            with pytest.raises(UsageProblem, match="after: expected an instant"):
                await bus.request(BusJournal(after="noon"))
            with pytest.raises(UsageProblem, match=r"bus\.journal: limit"):
                await bus.request(BusJournal.model_construct(limit=501))


def test_the_answer_holds_the_events_as_they_were_sent(journal: Journal) -> None:
    journal.append([entry(1), entry(2)])
    asked = Envelope(type="bus.journal", id="q", ts="", src="x")
    answer = json.loads(history.with_events(asked, look_back(journal, BusJournal())))
    assert answer["corr"] == "q"
    assert [one["envelope"] for one in answer["data"]["events"]] == [
        json.loads(entry(number).envelope) for number in (1, 2)
    ]
