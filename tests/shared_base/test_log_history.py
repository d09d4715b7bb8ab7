"""Log lines of a span of time: over rotated files, with damage and a little disorder, without reading everything."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_shared import log_history
from aura_shared.errors import UsageProblem
from aura_shared.instants import read_instant, written
from aura_shared.log_files import Line, log_paths
from aura_shared.log_history import oldest, read_between

START = datetime(2026, 2, 2, tzinfo=UTC)


def at(second: float) -> str:
    """An instant of these tests."""
    return written(START + timedelta(seconds=second))


def line(second: float, **facts: object) -> Line:
    return {"ts": at(second), "level": "info", "event": "e", **facts}


def raw(lines: list[Line]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in lines)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """One service whose log was set aside twice, and another one: a line each second, 0 to 29."""
    (tmp_path / "code.jsonl.2").write_bytes(raw([line(second) for second in range(0, 20, 2)]))
    (tmp_path / "code.jsonl.1").write_bytes(raw([line(second) for second in range(20, 26, 2)]))
    (tmp_path / "code.jsonl").write_bytes(raw([line(second) for second in range(26, 30, 2)]))
    (tmp_path / "git.jsonl").write_bytes(raw([line(second) for second in range(1, 30, 2)]))
    return tmp_path


def seconds(found: list[Line]) -> list[float]:
    return [(datetime.fromisoformat(str(one["ts"])) - START).total_seconds() for one in found]


def test_a_span_goes_over_services_and_files_that_were_set_aside(logs: Path) -> None:
    assert seconds(read_between(logs, at(17), at(28))) == list(range(17, 28))
    assert seconds(read_between(logs)) == list(range(30))
    assert seconds(read_between(log_paths(logs, "git"), at(17), at(22))) == [17, 19, 21]


def test_the_first_or_the_newest_of_a_span(logs: Path) -> None:
    assert seconds(read_between(logs, at(5), at(28), 3)) == [5, 6, 7]
    assert seconds(read_between(logs, at(5), at(28), 3, newest_first=True)) == [27, 26, 25]
    assert seconds(read_between(logs, limit=100, newest_first=True)) == list(reversed(range(30)))
    assert read_between(logs, limit=0) == read_between(logs, limit=-1) == []


def test_instants_may_be_written_in_several_ways(logs: Path) -> None:
    ms = int(START.timestamp() * 1000)
    assert seconds(read_between(logs, ms + 3000, "2026-02-02T01:00:05+01:00")) == [3, 4]
    assert seconds(read_between(logs, "2026-02-02 00:00:28Z")) == [28, 29]
    with pytest.raises(UsageProblem, match=r"after: expected an instant like .*found 'noon'"):
        read_between(logs, "noon")
    with pytest.raises(UsageProblem, match="x: expected"):
        read_instant(1 << 70, "x")


def test_the_oldest_instant_is_that_of_the_oldest_file(logs: Path) -> None:
    assert oldest(logs) == at(0)


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert (read_between(tmp_path), oldest(tmp_path), oldest(tmp_path / "none")) == ([], "", "")
    (tmp_path / "code.jsonl").touch()
    assert (read_between(tmp_path), oldest(tmp_path)) == ([], "")


def test_something_else_in_the_place_of_a_file_is_passed_over(logs: Path) -> None:
    (logs / "odd.jsonl").mkdir()
    assert len(read_between(logs)) == 30
    assert oldest(logs) == at(0)


def test_damaged_lines_and_lines_without_a_time_are_left_out(tmp_path: Path) -> None:
    bad = [b"{half", b"\xff\xfe", b"[1]", b'{"ts": 5}', b'{"ts": "later"}', b'{"event": "e"}', b"", b"x" * 300_000]
    good = raw([line(1), line(2)])
    (tmp_path / "code.jsonl").write_bytes(b"\n".join(bad) + b"\n" + good + b"\n".join(bad))
    assert seconds(read_between(tmp_path)) == [1, 2]
    assert seconds(read_between(tmp_path, at(0), at(9), newest_first=True)) == [2, 1]
    assert oldest(tmp_path) == at(1)


def test_a_file_that_is_set_aside_while_it_is_opened_is_read_once(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = log_history.numbered

    def rotating(path: Path, number: int) -> Path:
        if number == 1 and path.name == "code.jsonl" and not names(path, 3).exists():
            for old in (2, 1, 0):
                names(path, old).rename(names(path, old + 1))
        return names(path, number)

    monkeypatch.setattr(log_history, "numbered", rotating)
    assert seconds(read_between(logs)) == list(range(30))


def test_a_row_of_lines_from_another_time_does_not_end_the_search_too_soon(tmp_path: Path) -> None:
    lines = [line(1), *[line(500)] * (log_history.NEIGHBOURS - 1), line(2)]
    (tmp_path / "code.jsonl").write_bytes(raw(lines))
    assert seconds(read_between(tmp_path, at(0), at(10))) == [1, 2]


def counted(look: Callable[[], list[Line]], monkeypatch: pytest.MonkeyPatch) -> tuple[list[Line], int]:
    """What `look` found, and how many lines were parsed for it."""
    parsed = 0
    real = log_history.parse

    def count(data: bytes) -> Line | None:
        nonlocal parsed
        parsed += 1
        return real(data)

    with monkeypatch.context() as patch:
        patch.setattr(log_history, "parse", count)
        return look(), parsed


@pytest.mark.requirement("P7")
@pytest.mark.parametrize("newest_first", [False, True])
def test_a_large_file_is_not_read_from_its_end_or_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newest_first: bool
) -> None:
    (tmp_path / "code.jsonl").write_bytes(raw([line(second, text="x" * 50) for second in range(40_000)]))
    found, parsed = counted(
        lambda: read_between(tmp_path, at(20_000), at(30_000), 10, newest_first=newest_first),
        monkeypatch,
    )
    expected = range(29_999, 29_989, -1) if newest_first else range(20_000, 20_010)
    assert seconds(found) == list(expected)
    assert parsed < 1500  # a block holds 480 of them


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.sampled_from([0.0, 0.001, 0.3, 5.0]), max_size=400),
    files=st.integers(1, 4),
    pad=st.integers(0, 400),
    span=st.tuples(st.floats(-1, 300), st.floats(-1, 300)),
    limit=st.integers(1, 500),
    newest_first=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_nothing_of_a_span_is_missing_whatever_the_disorder(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[float],
    files: int,
    pad: int,
    span: tuple[float, float],
    limit: int,
    newest_first: bool,
    seed: int,
) -> None:
    folder, chance = tmp_path_factory.mktemp("logs"), random.Random(seed)
    moments: list[float] = []
    for step in steps:
        moments.append((moments[-1] if moments else 0.0) + step)
    late = [moment - chance.choice([0, 0, 0.5]) for moment in moments]  # written half a second late
    size = max(1, -(-len(late) // files))
    for number in range(files):
        part = late[number * size : (number + 1) * size]
        path = log_history.numbered(folder / "code.jsonl", files - 1 - number)
        path.write_bytes(raw([line(moment, n=index, pad="p" * pad) for index, moment in enumerate(part)]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_history, "READ_BLOCK_BYTES", 512)
        found = read_between(folder, at(span[0]), at(span[1]), limit, newest_first=newest_first)
    inside = sorted((at(moment) for moment in late if at(span[0]) <= at(moment) < at(span[1])), reverse=newest_first)
    assert [one["ts"] for one in found] == inside[:limit]
