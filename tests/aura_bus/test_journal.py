"""The journal: places, pages, last values, retention, dead letters, damage."""

from __future__ import annotations

import sqlite3
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aura_bus.journal import DEAD_LETTER_BYTES, DEAD_LETTERS, Entry, Journal, Placed, open_journal
from aura_shared.errors import Corrupt, DiskFull, StorageError

DAY_S = 86_400.0


def entry(number: int, kind: str = "a", key: str | None = None) -> Entry:
    return Entry(f"id-{number}", kind, f"{kind} {number}".encode(), key)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """An empty journal."""
    journal = Journal(tmp_path / "journal.db")
    yield journal
    journal.close()


def test_an_empty_journal_has_no_events(journal: Journal) -> None:
    assert (journal.head, journal.oldest) == (0, 1)
    assert (journal.page(0, ["a"]).events, journal.page(0, ["a"]).upto) == ([], 0)


def test_events_are_placed_one_after_the_other(journal: Journal) -> None:
    assert journal.append([entry(1), entry(2)]) == [Placed(1, fresh=True), Placed(2, fresh=True)]
    assert journal.append([entry(3)]) == [Placed(3, fresh=True)]
    assert journal.page(1, ["a"]).events == [(2, b"a 2"), (3, b"a 3")]


def test_an_event_that_comes_again_keeps_its_place(journal: Journal) -> None:
    journal.append([entry(1), entry(2)])
    assert journal.append([entry(2), entry(3), entry(3)]) == [
        Placed(2, fresh=False),
        Placed(3, fresh=True),
        Placed(3, fresh=False),
    ]
    assert journal.head == 3


def test_places_go_on_after_a_restart(tmp_path: Path) -> None:
    first = Journal(tmp_path / "journal.db")
    first.append([entry(1), entry(2, "s", "k")])
    first.close()
    second = Journal(tmp_path / "journal.db")
    assert second.append([entry(2, "s", "k"), entry(3)]) == [Placed(2, fresh=False), Placed(3, fresh=True)]
    assert second.last_values(["s"]) == [(2, b"s 2")]
    second.close()


def test_the_file_is_private_from_the_start(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    journal.append([entry(1)])
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert journal.size_bytes > 0
    journal.close()


def test_a_page_ends_where_its_events_end_when_there_are_too_many(journal: Journal) -> None:
    journal.append([entry(number) for number in range(1, 1001)])
    page = journal.page(0, ["a"])
    assert (len(page.events), page.upto, page.lost) == (512, 512, False)
    rest = journal.page(page.upto, ["a"])
    assert (len(rest.events), rest.upto) == (488, 1000)


def test_a_page_ends_after_two_megabytes(journal: Journal) -> None:
    journal.append([Entry(f"id-{n}", "a", bytes(900_000)) for n in range(5)])
    assert journal.page(0, ["a"]).upto == 3


def test_a_page_covers_what_it_leaves_out(journal: Journal) -> None:
    journal.append([entry(1, "b"), entry(2, "a"), entry(3, "b")])
    page = journal.page(0, ["a"])
    assert (page.events, page.upto) == ([(2, b"a 2")], 3)


def test_last_values_are_the_newest_per_key_oldest_first(journal: Journal) -> None:
    journal.append([entry(1, "s", "x"), entry(2, "s", "y"), entry(3, "s", "x"), entry(4, "t", "x"), entry(5)])
    assert journal.last_values(["s"]) == [(2, b"s 2"), (3, b"s 3")]


def test_what_is_too_much_or_too_old_is_dropped_and_last_values_stay(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", retention_events=10, retention_s=DAY_S)
    journal.append([entry(1, "s", "x"), *(entry(number) for number in range(2, 21))])
    assert journal.trim() == 10
    assert (journal.oldest, journal.head) == (11, 20)
    page = journal.page(0, ["a", "s"])
    assert page.events[0] == (1, b"s 1")
    assert page.events[1:] == [(seq, f"a {seq}".encode()) for seq in range(11, 21)]
    assert (page.lost, page.upto) == (True, 20)
    assert journal.trim() == 0
    assert journal.trim(now_s=time.time() + 2 * DAY_S) == 10
    journal.close()
    again = Journal(tmp_path / "journal.db", retention_events=10)
    assert (again.head, again.oldest) == (20, 21)
    assert again.append([entry(21)]) == [Placed(21, fresh=True)]
    again.close()


def test_a_place_beyond_the_end_gives_everything_from_the_start(journal: Journal) -> None:
    journal.append([entry(1), entry(2)])
    page = journal.page(99, ["a"])
    assert (page.lost, page.upto, [seq for seq, _ in page.events]) == (True, 2, [1, 2])


def test_dead_letters_are_cut_and_only_the_newest_are_kept(journal: Journal) -> None:
    for number in range(DEAD_LETTERS + 5):
        journal.bury("somebody", f"reason {number}", bytes(DEAD_LETTER_BYTES + 1) if number > DEAD_LETTERS else b"")
    letters = journal.dead_letters()
    assert (len(letters), journal.dead_letter_count()) == (DEAD_LETTERS, DEAD_LETTERS)
    assert (letters[0].reason, letters[-1].reason) == ("reason 5", f"reason {DEAD_LETTERS + 4}")
    assert len(letters[-1].message) == DEAD_LETTER_BYTES


def test_a_full_file_takes_nothing_and_goes_on_later(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    journal.append([entry(1)])
    journal._db.execute("PRAGMA max_page_count=12")
    with pytest.raises(DiskFull):
        journal.append([Entry("big", "a", bytes(200_000)), entry(2)])
    assert journal.head == 1
    journal._db.execute("PRAGMA max_page_count=1073741823")
    assert journal.append([Entry("big", "a", bytes(200_000)), entry(2)])[1] == Placed(3, fresh=True)
    journal.close()


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\x00" + bytes(5000)])
def test_a_damaged_file_is_set_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(content)
    with pytest.raises(Corrupt):
        Journal(path)
    journal, aside = open_journal(path, retention_events=1000)
    assert aside is not None
    assert aside.name.startswith("journal.db.corrupt-")
    assert aside.read_bytes() == content
    assert journal.head > 1_000_000_000_000  # beyond any place that a consumer may remember
    page = journal.page(5000, ["a"])
    assert (page.lost, page.upto) == (True, journal.head)
    journal.close()


def test_a_page_damaged_in_the_middle_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = Journal(path)
    journal.append([Entry(f"id-{number}", "a", bytes(500)) for number in range(200)])
    journal.close()
    content = bytearray(path.read_bytes())
    content[8192 * 6 : 8192 * 9] = b"\xff" * 8192 * 3
    path.write_bytes(content)
    with pytest.raises(Corrupt):
        Journal(path)


def test_a_journal_of_another_version_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(Corrupt, match="version 99"):
        Journal(path)


def test_a_folder_in_the_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(StorageError):
        Journal(tmp_path / "journal.db")


@pytest.mark.requirement("P2")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    groups=st.lists(
        st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abs")), min_size=1, max_size=8), min_size=1, max_size=12
    ),
    retention=st.integers(1, 30),
    since=st.integers(0, 60),
)
def test_whatever_is_appended_keeps_one_place_and_its_order(
    tmp_path_factory: pytest.TempPathFactory, groups: list[list[tuple[int, str]]], retention: int, since: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.db"
    journal = Journal(path, retention_events=retention)
    kept: dict[str, tuple[int, Entry]] = {}  # what a plain list would hold
    last: dict[str, tuple[int, bytes]] = {}
    head = 0
    for group in groups:
        entries = [entry(number, kind, str(number % 3) if kind == "s" else None) for number, kind in group]
        for one, place in zip(entries, journal.append(entries), strict=True):
            assert place.fresh == (one.id not in kept)
            if place.fresh:
                head += 1
                kept[one.id] = (head, one)
                if one.key is not None:
                    last[one.key] = (head, one.envelope)
            assert place.seq == kept[one.id][0]
        journal.trim()
        kept = {name: (seq, one) for name, (seq, one) in kept.items() if seq > head - retention}
    assert (journal.head, journal.oldest) == (head, max(1, head - retention + 1))
    assert journal.last_values(["s"]) == sorted(last.values())
    page = journal.page(min(since, head), ["a", "b", "s"])
    expected = [(seq, one.envelope) for seq, one in kept.values() if seq > since]
    assert [pair for pair in page.events if pair[0] >= journal.oldest] == expected
    assert page.upto == head
    journal.close()
