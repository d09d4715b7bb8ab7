"""Looking back: the events of a span of time, and what has to do with one of them.

All of it runs in the broker's thread, so every request is bounded: `SCAN_EVENTS` rows, a page of events. An instant is
found by bisection over the places, since the journal notes them in order of time; an index on the time would cost every
event a write.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple

from aura_bus.journal import SCAN_EVENTS, Journal
from aura_shared.bus.handlers import reply_to
from aura_shared.instants import read_instant
from aura_shared.messages.bus import BusJournal, BusJournalAnswer
from aura_shared.messages.core import Envelope

LOOK_BYTES: Final = 1 << 20
"""A page ends before the event that would take it over this; one event always fits."""
MOST_CAUSES: Final = 64
"""How far a chain of causes is followed."""


class Row(NamedTuple):
    """An event as the journal holds it."""

    seq: int
    """Its place."""
    at: int
    """When it was journalled, in milliseconds since 1970 UTC."""
    envelope: bytes
    """As it came."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one request found."""

    start: int
    """First place that was looked at."""
    end: int
    """Last place that was looked at."""
    earlier: bool
    """The span goes on before it."""
    later: bool
    """The span goes on behind it."""
    oldest: int | None
    """When the oldest event was journalled."""
    newest: int | None
    """When the newest event was journalled."""
    rows: list[Row] = field(default_factory=list[Row])
    """Oldest first."""


def look_back(journal: Journal, asked: BusJournal) -> Look:
    """Part of what was asked for.

    Raises:
        UsageProblem: An instant cannot be read.
        StorageError: The journal cannot be read.
    """
    low, high = _span(journal, asked)
    start = low if asked.after_seq is None else max(low, asked.after_seq + 1)
    end = high if asked.before_seq is None else min(high, asked.before_seq - 1)
    start, end = min(start, high + 1), max(end, low - 1)
    rows: list[Row] = []
    if start > end:
        end = start - 1
    elif asked.related:
        start, end, rows = _related(journal, asked, start, end)
    else:
        start, end, rows = _scanned(journal, asked, start, end)
    oldest, newest = journal.at(journal.oldest), journal.at(journal.head)
    return Look(start, end, start > low, end < high, oldest, newest, sorted(rows))


def with_events(asked: Envelope, found: Look) -> bytes:
    """The answer to `asked`.

    The envelopes go in as they are: reading and writing 500 of them again would hold the broker for 15 ms.
    """
    answer = BusJournalAnswer(
        from_seq=found.start,
        upto_seq=found.end,
        earlier=found.earlier,
        later=found.later,
        oldest=_iso(found.oldest),
        newest=_iso(found.newest),
    )
    empty = b"[]}}"  # `events` comes last in the answer, and `data` in the envelope
    head = reply_to(asked, "bus", answer).model_dump_json().encode()
    assert head.endswith(b'"events":' + empty)
    events = b",".join(b'{"seq":%d,"at_ms":%d,"envelope":%b}' % row for row in found.rows)
    return head.removesuffix(empty) + b"[" + events + b"]}}"


def _span(journal: Journal, asked: BusJournal) -> tuple[int, int]:
    """The first and the last place between the instants."""
    after, before = _instant(asked.after, "after"), _instant(asked.before, "before")
    low = journal.oldest if after is None else _first_at(journal, after)
    high = journal.head if before is None else _first_at(journal, before) - 1
    return low, max(high, low - 1)


def _instant(given: str | int, name: str) -> int | None:
    found = read_instant(given, name)
    return None if found is None else int(found.timestamp() * 1000)


def _iso(at: int | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")


def _first_at(journal: Journal, at: int) -> int:
    """The first place that was given at this instant or later; `head` + 1 when there is none."""
    low, high = journal.oldest, journal.head + 1
    while low < high:
        middle = (low + high) // 2
        if (journal.at(middle) or 0) < at:
            low = middle + 1
        else:
            high = middle
    return low


def _scanned(journal: Journal, asked: BusJournal, start: int, end: int) -> tuple[int, int, list[Row]]:
    """Look at the places one after the other."""
    if asked.backwards:
        start = max(start, end - SCAN_EVENTS + 1)
    else:
        end = min(end, start + SCAN_EVENTS - 1)
    condition, values = _filter(asked)
    order = "DESC" if asked.backwards else "ASC"
    query = f"SELECT seq, at, envelope FROM events WHERE seq BETWEEN ? AND ?{condition} ORDER BY seq {order}"  # noqa: S608 - ours
    rows, last = _some(map(Row._make, journal.read(query, (start, end, *values))), asked.limit)
    if last is not None:
        start, end = (last, end) if asked.backwards else (start, last)
    return start, end, rows


def _related(journal: Journal, asked: BusJournal, start: int, end: int) -> tuple[int, int, list[Row]]:
    """Look at what the indexes give for an id."""
    places = {seq for seq in _chain(journal, asked.related) if start <= seq <= end}
    order = "DESC" if asked.backwards else "ASC"
    for column in ("cause", "corr"):
        query = f"SELECT seq FROM events WHERE {column} = ? AND seq BETWEEN ? AND ? ORDER BY seq {order} LIMIT ?"  # noqa: S608 - ours
        found = [seq for (seq,) in journal.read(query, (asked.related, start, end, SCAN_EVENTS))]
        if len(found) == SCAN_EVENTS:
            start, end = (found[-1], end) if asked.backwards else (start, found[-1])
        places.update(found)
    ordered = sorted((seq for seq in places if start <= seq <= end), reverse=asked.backwards)
    rows, last = _some(_each(journal, asked, ordered), asked.limit)
    if last is not None:
        start, end = (last, end) if asked.backwards else (start, last)
    return start, end, rows


def _each(journal: Journal, asked: BusJournal, places: list[int]) -> Generator[Row]:
    condition, values = _filter(asked)
    order = "DESC" if asked.backwards else "ASC"
    for at in range(0, len(places), 500):
        part = places[at : at + 500]
        among = ",".join("?" * len(part))
        query = f"SELECT seq, at, envelope FROM events WHERE seq IN ({among}){condition} ORDER BY seq {order}"  # noqa: S608 - ours
        yield from map(Row._make, journal.read(query, (*part, *values)))


def _chain(journal: Journal, id: str) -> list[int]:  # noqa: A002 - the field's name on the wire
    """The places of an event, of its cause, of the cause of that, and so on."""
    places: list[int] = []
    wanted: list[str] = [id]
    while wanted and len(places) <= MOST_CAUSES:
        rows = (next(journal.read("SELECT seq, cause, corr FROM events WHERE id = ?", (one,)), None) for one in wanted)
        found = next((row for row in rows if row is not None), None)
        if found is None or found[0] in places:
            break
        places.append(found[0])
        wanted = [one for one in found[1:] if one]  # Requests are not journalled: then where it all began, if that is.
    return places


def _filter(asked: BusJournal) -> tuple[str, list[str]]:
    condition = ""
    if asked.types:
        condition += f" AND type IN ({','.join('?' * len(asked.types))})"
    if asked.project:
        condition += " AND project = ?"
    return condition, [*asked.types, *([asked.project] if asked.project else [])]


def _some(rows: Iterable[Row], limit: int) -> tuple[list[Row], int | None]:
    """As many as fit into a page, and where it ends when others follow."""
    taken: list[Row] = []
    size = 0
    for row in rows:
        size += len(row.envelope)
        if taken and (len(taken) == limit or size > LOOK_BYTES):
            return taken, taken[-1].seq
        taken.append(row)
    return taken, None
