"""Log lines: where they go, what they hide, and what is dropped."""

from __future__ import annotations

import asyncio
import json
import logging as standard_logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aura_shared.bus.memory import MemoryBus, MemoryHub
from aura_shared.causes import Cause, because
from aura_shared.errors import BusError, StorageError
from aura_shared.log_files import Follower, JsonLines, log_paths, read_last
from aura_shared.logging import QUEUED_LINES, LogOutput, bound, configure, get_logger, redact
from aura_shared.messages.core import Event
from aura_shared.messages.services import LogLine
from aura_shared.redaction import forget_secret, know_secret
from aura_shared.settings import LogSettings
from aura_supervisor.output import CapturedOutput

pytestmark = pytest.mark.requirement("P4")

log = get_logger("tests")


@pytest.fixture
def output(tmp_path: Path) -> Iterator[LogOutput]:
    """The lines of this process go to `tmp_path`."""
    output = configure("tea", LogSettings(), tmp_path, echo=False)
    yield output
    output.close()


def fail(words: str) -> None:
    raise ValueError(words)


def written(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "tea.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_line_has_time_level_service_and_facts(output: LogOutput, tmp_path: Path) -> None:
    with bound(project="p1", cause=None):
        log.info("tea_made", cups=2, kind=("green", "black"), path=Path("a/b"))
    (line,) = written(tmp_path)
    assert line.pop("ts").endswith("+00:00")
    assert line == {
        "level": "info",
        "service": "tea",
        "event": "tea_made",
        "module": "tests",
        "project": "p1",
        "cups": 2,
        "kind": ["green", "black"],
        "path": "a/b",
    }
    assert (tmp_path / "tea.jsonl").stat().st_mode & 0o777 == 0o600


def test_lines_below_the_level_are_not_written(output: LogOutput, tmp_path: Path) -> None:
    log.debug("too_much")
    log.warning("wrong")
    log.error("worse")
    assert [line["level"] for line in written(tmp_path)] == ["warning", "error"]


def test_tracebacks_go_to_the_file_only(output: LogOutput, tmp_path: Path) -> None:
    try:
        fail("Bearer abcdefgh12345678")
    except ValueError as error:
        log.exception("tea_spilled")
        log.warning("tea_cold", exc_info=error)
    first, second = written(tmp_path)
    assert first["level"] == "error"
    assert "Traceback" in first["exception"]
    assert "abcdefgh" not in first["exception"]
    assert "ValueError" in second["exception"]
    assert all("exception" not in line.fields for line, _ in output._queue)


@pytest.mark.requirement("P9")
def test_secrets_are_taken_out() -> None:
    secret: dict[str, object] = {
        "token": "abc",
        "API_KEY": "abc",
        "headers": {"Authorization": "abc", "x": ["Bearer abcdefgh12345678"]},
        "tokens": 812,
        "budget_tokens": 5,
        "tokenizer": "words",
        "password": None,
        "odd": object,
    }
    assert redact(secret) == {
        "token": "[redacted]",
        "API_KEY": "[redacted]",
        "headers": {"Authorization": "[redacted]", "x": ["Bearer [redacted]"]},
        "tokens": 812,
        "budget_tokens": 5,
        "tokenizer": "words",
        "password": None,
        "odd": "<class 'object'>",
    }


def test_long_texts_are_cut() -> None:
    assert redact("x" * 9000) == "x" * 8000 + "… (9000 characters)"


def test_libraries_that_log_the_standard_way_are_heard(output: LogOutput, tmp_path: Path) -> None:
    library = standard_logging.getLogger("library")
    library.info("started %s", "well")
    library.debug("details")
    try:
        fail("x")
    except ValueError:
        library.exception("failed")
    first, second = written(tmp_path)
    assert (first["event"], first["module"], first["message"]) == ("library_message", "library", "started well")
    assert (second["level"], "ValueError" in second["exception"]) == ("error", True)


async def test_lines_reach_the_bus_from_every_thread(output: LogOutput) -> None:
    hub = MemoryHub()
    events = hub.connect("panel").listen(LogLine)
    forwarding = asyncio.create_task(output.forward(hub.connect("tea")))
    log.info("first")
    line = await asyncio.wait_for(anext(events), 10)
    thread = threading.Thread(target=lambda: log.warning("second", token="abc"))
    thread.start()
    thread.join()
    second = await asyncio.wait_for(anext(events), 10)
    forwarding.cancel()
    assert isinstance(line.event, LogLine)
    assert isinstance(second.event, LogLine)
    assert (line.event.service, line.event.event, line.event.level) == ("tea", "first", "info")
    assert (second.event.event, second.event.fields["token"]) == ("second", "[redacted]")


async def test_what_the_bus_does_not_take_is_dropped_and_counted(output: LogOutput, tmp_path: Path) -> None:
    for number in range(QUEUED_LINES + 5):
        log.info("line", number=number)
    assert output.dropped == 5
    bus = RefusingBus()
    forwarding = asyncio.create_task(output.forward(bus))
    await asyncio.wait_for(bus.enough.wait(), 10)
    forwarding.cancel()
    assert [line.dropped for line in bus.taken] == [7]
    assert len(written(tmp_path)) == QUEUED_LINES + 5


class RefusingBus(MemoryBus):
    """Refuses two lines, then takes one."""

    def __init__(self) -> None:
        super().__init__("tea")
        self.enough = asyncio.Event()
        self.taken: list[LogLine] = []
        self._refused = 0

    async def publish(self, event: Event, *, project: str | None = None, cause: str | None = None) -> int:
        """Count, refuse, take."""
        if self._refused < 2:
            self._refused += 1
            raise BusError("no")
        assert isinstance(event, LogLine)
        if not self.enough.is_set():
            self.taken.append(event)
        self.enough.set()
        return 0


def test_a_developer_sees_lines_in_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = configure("tea", LogSettings(level="debug"), tmp_path, echo=True)
    try:
        fail("cold")
    except ValueError:
        log.exception("tea_spilled", cups=1)
    output.close()
    shown = capsys.readouterr().err
    assert 'error    tea_spilled {"module": "tests", "cups": 1}' in shown
    assert "ValueError: cold" in shown


def test_files_are_rotated_and_read_over_their_parts(tmp_path: Path) -> None:
    file = JsonLines(tmp_path / "a.jsonl", max_bytes=1000, backups=2)
    for number in range(100):
        file.write({"ts": f"{number:03}", "n": number})
    file.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "a.jsonl.1", "a.jsonl.2"]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    assert [line["n"] for line in read_last([tmp_path / "a.jsonl"], 60)] == list(range(40, 100))
    assert read_last([tmp_path / "a.jsonl"], 0) == []
    file.write({"ts": "late"})
    file.close()
    assert file.lost == 1


def test_without_backups_the_old_part_is_gone(tmp_path: Path) -> None:
    file = JsonLines(tmp_path / "a.jsonl", max_bytes=100, backups=0)
    for number in range(20):
        file.write({"ts": f"{number:03}", "n": number})
    file.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_line_cut_by_a_crash_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"ts": "1"}\nnot json\n[1]\n{"ts": "2", "cut')
    file = JsonLines(path, max_bytes=10_000, backups=1)
    file.write({"ts": "3"})
    file.close()
    assert read_last([path], 10) == [{"ts": "1"}, {"ts": "3"}]


def test_a_full_disk_loses_lines_and_counts_them() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    file = JsonLines(Path("/dev/full"), max_bytes=1000, backups=1)
    file.write({"ts": "1"})
    file.close()
    assert file.lost == 1


def test_a_log_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file or directory"):
        JsonLines(tmp_path / "gone" / "a.jsonl", max_bytes=1000, backups=1)


def test_a_large_file_is_read_from_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        "".join(f'{{"ts": "{n:06}", "text": "{"x" * (n % 700)}"}}\n' for n in range(2000)), encoding="utf-8"
    )
    assert [line["ts"] for line in read_last([path], 500)] == [f"{n:06}" for n in range(1500, 2000)]


def test_several_files_are_merged_by_time(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"ts": "1"}\n{"ts": "4"}\n', encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('{"ts": "2"}\n{"ts": "3"}\n', encoding="utf-8")
    assert [line["ts"] for line in read_last(log_paths(tmp_path), 3)] == ["2", "3", "4"]
    assert log_paths(tmp_path, "a") == [tmp_path / "a.jsonl"]
    assert log_paths(tmp_path, "c") == []


def test_a_follower_sees_new_lines_files_and_rotations(tmp_path: Path) -> None:
    first = JsonLines(tmp_path / "a.jsonl", max_bytes=100, backups=1)
    first.write({"ts": "0", "n": 0})
    follower = Follower(tmp_path)
    assert follower.new_lines() == []
    for number in range(1, 5):
        first.write({"ts": str(number), "n": number})
    second = JsonLines(tmp_path / "b.jsonl", max_bytes=100, backups=1)
    second.write({"ts": "5", "n": 5})
    assert [line["n"] for line in follower.new_lines()] == [1, 2, 3, 4, 5]
    assert (tmp_path / "a.jsonl.1").exists() is False
    for number in range(6, 9):
        first.write({"ts": str(number), "n": number})
    assert (tmp_path / "a.jsonl.1").exists()
    assert [line["n"] for line in follower.new_lines()] == [6, 7, 8]
    os.truncate(tmp_path / "b.jsonl", 0)
    second.write({"ts": "9", "n": 9})
    assert follower.new_lines() == []  # The same size as before: nothing tells it from the old line.
    (tmp_path / "b.jsonl").unlink()
    assert follower.new_lines() == []
    first.close()
    second.close()


def test_a_follower_survives_a_truncated_file(tmp_path: Path) -> None:
    file = JsonLines(tmp_path / "a.jsonl", max_bytes=1000, backups=1)
    file.write({"ts": "0", "text": "long enough"})
    follower = Follower(tmp_path, "a")
    os.truncate(tmp_path / "a.jsonl", 0)
    file.write({"ts": "1"})
    assert follower.new_lines() == [{"ts": "1"}]
    file.close()


@pytest.mark.requirement("L3")
def test_a_known_secret_and_what_looks_like_one_reach_no_file(output: LogOutput, tmp_path: Path) -> None:
    know_secret("correct-horse-battery")
    try:
        log.info("asked", url="http://me:correct-horse-battery@localhost", note=f"key sk-{'a' * 30}")
        try:
            fail("refused correct-horse-battery")
        except ValueError:
            log.exception("failed")
    finally:
        forget_secret("correct-horse-battery")
    text = "".join(file.read_text(encoding="utf-8") for file in tmp_path.rglob("*.jsonl"))
    assert "asked" in text
    assert "refused [redacted]" in text
    assert "correct-horse" not in text
    assert "sk-aaa" not in text


@pytest.mark.requirement("L3")
def test_what_a_service_prints_is_masked_too(tmp_path: Path) -> None:
    captured = CapturedOutput(
        "models", JsonLines(tmp_path / "models.out.jsonl", max_bytes=10_000, backups=1), kept_lines=5
    )
    captured.feed(b"Authorization: Bearer abcdefghijklmnop\n")
    captured.close()
    assert captured.last_lines() == ["Authorization: Bearer [redacted]"]
    assert "abcdefgh" not in (tmp_path / "models.out.jsonl").read_text(encoding="utf-8")


@pytest.mark.requirement("P7")
async def test_a_line_names_its_cause_in_the_file_and_in_the_envelope_on_the_bus(
    output: LogOutput, tmp_path: Path
) -> None:
    hub = MemoryHub()
    events = hub.connect("panel").listen(LogLine)
    with because(Cause("request", "call", "cli", "p1")):
        log.info("known", cups=2)
        standard_logging.getLogger("library").info("heard")
        log.info("told", project="p2", cause="other")
        log.info("odd", project=7)
    log.info("free")
    forwarding = asyncio.create_task(output.forward(hub.connect("tea")))
    async with asyncio.timeout(10):
        found = [await anext(events) for _ in range(5)]
    forwarding.cancel()
    links = ("cause", "corr", "origin", "project")
    expected: list[dict[str, Any]] = [
        {"cause": "request", "corr": "call", "origin": "cli", "project": "p1"},
        {"cause": "request", "corr": "call", "origin": "cli", "project": "p1"},
        {"cause": "other", "corr": "call", "origin": "cli", "project": "p2"},
        {"cause": "request", "corr": "call", "origin": "cli", "project": "p1"},
        {},
    ]
    assert [{name: line[name] for name in links if name in line} for line in written(tmp_path)] == expected
    envelopes = [delivery.envelope for delivery in found]
    assert [{name: part for name in links if (part := getattr(one, name))} for one in envelopes] == expected
    facts = [delivery.event.fields for delivery in found if isinstance(delivery.event, LogLine)]
    assert [{name for name in links if name in one} for one in facts] == [set(), set(), set(), {"project"}, set()]
    assert facts[0]["cups"] == 2
