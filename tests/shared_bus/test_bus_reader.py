"""A listener's place in the journal, whatever is lost on the way; and the frames that carry it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_shared.bus import reader as module
from aura_shared.bus import wire
from aura_shared.bus.positions import Positions
from aura_shared.bus.reader import Reader


def page(journal: list[str], since: int, size: int) -> tuple[wire.Page, list[bytes]]:
    """What the broker answers: the wanted events of `size` entries after `since`."""
    upto = min(len(journal), since + size)
    seqs = [seq for seq in range(since + 1, upto + 1) if journal[seq - 1] == "wanted"]
    return wire.Page(seqs=seqs, upto=upto, head=len(journal)), [str(seq).encode() for seq in seqs]


@pytest.mark.requirement("P2")
@given(
    journal=st.lists(st.sampled_from(["wanted", "other"]), max_size=60),
    lost=st.sets(st.integers(1, 60)),
    page_size=st.integers(1, 20),
    taken_after=st.integers(1, 10),
    most=st.integers(1, 8),
)
def test_every_wanted_event_comes_once_and_in_order_whatever_is_lost(
    journal: list[str], lost: set[int], page_size: int, taken_after: int, most: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_EVENTS", most)
        reader = Reader({"wanted"}, (), since=0)
        found: list[int] = []

        def take() -> None:
            while (taken := reader.take()) is not None:
                found.append(taken[0])

        for seq, kind in enumerate(journal, 1):
            if seq not in lost:
                reader.live(seq, kind, str(seq).encode())
            if seq % taken_after == 0:
                take()
        take()
        while reader.position != len(journal):
            before = reader.position
            reader.take_page(*page(journal, reader.position or 0, page_size))
            take()
            assert reader.position is not None
            assert before is not None
            assert reader.position > before
        assert found == [seq for seq, kind in enumerate(journal, 1) if kind == "wanted"]
        assert reader.lag(len(journal)) == 0


def test_a_page_that_comes_late_does_not_bring_anything_twice() -> None:
    reader = Reader({"wanted"}, (), since=0)
    late = page(["wanted"] * 3, 0, 2)
    for seq in (1, 2, 3):
        assert reader.live(seq, "wanted", b"")
    reader.take_page(*late)
    assert (len(reader), reader.position) == (3, 3)


def test_a_journal_that_begins_anew_takes_the_reader_back() -> None:
    reader = Reader({"wanted"}, (), since=500)
    reader.take_page(wire.Page(seqs=[1, 2], upto=2, head=2, lost=True), [b"a", b"b"])
    assert (len(reader), reader.position) == (2, 2)


def test_the_queue_is_bounded_by_bytes_too() -> None:
    reader = Reader({"wanted"}, (), since=0)
    assert reader.live(1, "wanted", bytes(module.MOST_BYTES))
    assert not reader.live(2, "wanted", b"")
    taken = reader.take()
    assert taken is not None
    assert taken[2]  # there is room again, and the socket thread has to know


@given(
    st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 7), st.binary(max_size=50))),
    st.lists(st.tuples(st.text(min_size=1, max_size=20), st.binary(max_size=50)), min_size=1),
    st.data(),
)
def test_groups_survive_the_wire_and_a_cut_is_noticed(
    posted: list[tuple[int, int, bytes]], placed: list[tuple[str, bytes]], data: st.DataObject
) -> None:
    out = [wire.Posted(*event) for event in posted]
    assert wire.read_posted(wire.pack_posted(out)) == out
    events = [wire.Placed(seq, kind, raw) for seq, (kind, raw) in enumerate(placed, 7)]
    frame = wire.pack_placed(events)
    assert wire.read_placed(frame) == events
    cut = frame[: data.draw(st.integers(1, len(frame) - 1))]
    with suppress(ValueError):  # unless the cut lies between two events, it is noticed
        found = wire.read_placed(cut)
        assert found == events[: len(found)]


def test_acknowledgements_that_are_cut_off_are_an_error() -> None:
    assert wire.read_acks(wire.pack_acks([(1, 2), (3, 4)])) == [(1, 2), (3, 4)]
    with pytest.raises(ValueError, match="16 bytes"):
        wire.read_acks(bytes(8))


def test_a_position_is_kept_and_a_damaged_file_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "state" / "position.json"
    positions = Positions(path)
    positions.put("a", 5)
    positions.save()
    positions.save()
    assert Positions(path).get("a") == 5
    path.write_text("not json", encoding="utf-8")
    assert Positions(path).get("a") is None


def test_a_position_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "position.json").mkdir()
    positions = Positions(tmp_path / "position.json")
    positions.put("a", 5)
    positions.save()
    assert positions.get("a") == 5
    assert [path.name for path in tmp_path.iterdir()] == ["position.json"]
