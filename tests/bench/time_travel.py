"""Figures of looking back: a page of a full journal, appends with its indexes, taking over a journal, log files.

usage: python tests/bench/time_travel.py [--events 200000] [--lines 400000]

The journal holds events of 1 KB, every second of them with a cause, 20 to each. A page is measured as the broker makes
it: from the request to the bytes of the answer. Nothing else happens in the broker meanwhile, so the longest one is how
long it can be away.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from aura_bus.history import look_back, with_events
from aura_bus.journal import Entry, Journal
from aura_shared.log_history import read_between
from aura_shared.messages.bus import BusJournal
from aura_shared.messages.core import Envelope, new_id, now_iso

TEXT = "x" * 800
GROUP = 256


def events(count: int) -> list[Entry]:
    """That many events, of 20 types and 5 projects."""
    found: list[Entry] = []
    for number in range(count):
        cause = None if number % 2 else f"cause-{number // 40}"
        kind, project = f"bench.{number % 20}", f"p{number % 5}"
        envelope = Envelope(
            type=kind, id=new_id(), ts=now_iso(), src="bench", cause=cause, project=project, data={"text": TEXT}
        )
        found.append(Entry(envelope.id, kind, envelope.model_dump_json().encode(), None, cause, None, project))
    return found


def timed(work: Callable[[], object], times: int = 20) -> tuple[float, float]:
    """Milliseconds at the median and at most."""
    taken: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken)[times // 2], max(taken)


def journal_figures(folder: Path, count: int) -> None:
    """Print what the journal takes."""
    entries = events(count)
    journal = Journal(folder / "journal.db")
    began = time.perf_counter()
    for at in range(0, count, GROUP):
        journal.append(entries[at : at + GROUP])
    print(f"{'append, groups of 256':<44}{(time.perf_counter() - began) / count * 1e6:8.1f} µs an event")
    middle = (journal.at(count // 2) or 0) + 1
    envelope = Envelope(type="bus.journal", id="q", ts="", src="bench")
    looks = {
        "500 events from an instant": BusJournal(after=middle),
        "the newest 500": BusJournal(backwards=True),
        "one type of 20": BusJournal(after=middle, types=["bench.3"]),
        "a project that is not there": BusJournal(backwards=True, project="none"),
        "related to a cause": BusJournal(related=f"cause-{count // 80}"),
        "related to an event": BusJournal(related=entries[count // 2].id),
    }
    for name, asked in looks.items():
        middle_ms, most = timed(lambda asked=asked: with_events(envelope, look_back(journal, asked)))
        found = len(look_back(journal, asked).rows)
        print(f"{name:<44}{middle_ms:8.2f} ms, at most {most:.2f} ms ({found} events)")
    journal.close()


def takeover_figure(folder: Path, count: int) -> None:
    """Print how long a journal of version 1 takes once."""
    path = folder / "old.db"
    db = sqlite3.connect(path)
    db.executescript(
        "PRAGMA page_size=8192; CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, "
        "type TEXT NOT NULL, at INTEGER NOT NULL, envelope BLOB NOT NULL) STRICT;"
        "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
        "INSERT INTO facts VALUES ('head', '0'); PRAGMA user_version=1;"
    )
    rows = ((seq, e.id, e.type, seq, e.envelope) for seq, e in enumerate(events(count), 1))
    db.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", rows)
    db.commit()
    db.close()
    began = time.perf_counter()
    Journal(path).close()
    print(f"{'taking over a journal of version 1':<44}{time.perf_counter() - began:8.2f} s, once")


def log_figures(folder: Path, count: int) -> None:
    """Print what a look into the log files takes."""
    per_file, stamp = count // 4, "2026-02-02T{:02}:{:02}:{:02}.{:06}+00:00"
    for number in range(4):
        lines: list[str] = []
        for index in range((3 - number) * per_file, (4 - number) * per_file):
            ms = index * 200
            ts = stamp.format(ms // 3_600_000, ms // 60_000 % 60, ms // 1000 % 60, ms % 1000 * 1000)
            lines.append(json.dumps({"ts": ts, "level": "info", "service": "code", "event": "e", "text": "x" * 100}))
        name = "code.jsonl" + (f".{number}" if number else "")
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    half = stamp.format(count * 200 // 2 // 3_600_000, 0, 0, 0)
    for name, newest in (("500 log lines from an instant", False), ("the newest 500 log lines before it", True)):
        after, before = ("", half) if newest else (half, "")
        middle_ms, most = timed(lambda a=after, b=before, n=newest: read_between(folder, a, b, newest_first=n))
        print(f"{name:<44}{middle_ms:8.2f} ms, at most {most:.2f} ms")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--lines", type=int, default=400_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aura-bench-") as name:
        folder = Path(name)
        journal_figures(folder, options.events)
        takeover_figure(folder, options.events)
        (folder / "logs").mkdir()
        log_figures(folder / "logs", options.lines)


if __name__ == "__main__":
    main()
