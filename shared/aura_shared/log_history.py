"""What the log files hold of a span of time, without reading all of them.

The lines of a file are in order of time, but for a few that threads wrote at the same moment; so a place is found by
bisection over the bytes, and the lines around it are sorted. Files that were set aside count too.
"""

from __future__ import annotations

import heapq
import os
import re
from bisect import insort
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Final

from aura_shared.instants import read_instant, written
from aura_shared.log_files import MAX_LINE_BYTES, READ_BLOCK_BYTES, Line, backwards, log_paths, numbered, parse

__all__ = ["oldest", "read_between"]

SLACK: Final = timedelta(seconds=2)
"""How far before its place by time a line is looked for."""
NEIGHBOURS: Final = 64
"""So many lines may be out of order, and so many lines behind the end of the span end the search."""
_ALWAYS: Final = "9999"
_TIMED: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)")

_Timed = tuple[str, int, Line]
"""When a line was written, its number among those read (so that lines themselves are never compared), and the line."""


def read_between(
    places: Path | Iterable[Path],
    after: str | int = "",
    before: str | int = "",
    limit: int = 500,
    *,
    newest_first: bool = False,
) -> list[Line]:
    """Lines from `after` on and before `before`, in order of time; the newest of them, last one first, if so wished.

    Memory and time are bounded by `limit`, not by the size of the files. What is damaged or has no time is left out.

    Args:
        places: The log folder, or current log files, see `log_paths`.
        after: ISO 8601 (UTC when it names no zone) or milliseconds since 1970; empty for the beginning.
        before: The same; empty for the end.
        limit: How many lines at most.
        newest_first: Begin with the newest line of the span.

    Raises:
        UsageProblem: An instant cannot be read.
    """
    first, last = read_instant(after, "after"), read_instant(before, "before")
    span = ("" if first is None else written(first), _ALWAYS if last is None else written(last))
    starts = ("" if first is None else written(first - SLACK), _ALWAYS if last is None else written(last + SLACK))
    paths = log_paths(places) if isinstance(places, Path) else list(places)
    with ExitStack() as stack:
        streams = [_lines(_opened(path, stack), span, starts, newest_first=newest_first) for path in paths]
        merged = heapq.merge(*streams, key=lambda timed: timed[0], reverse=newest_first)
        return [line for _, _, line in islice(merged, max(0, limit))]


def oldest(folder: Path) -> str:
    """When the oldest line of a log folder was written; empty when there is none."""
    found: list[str] = []
    for path in folder.glob("*.jsonl*"):
        with ExitStack() as stack:
            try:
                file = stack.enter_context(path.open("rb"))
            except OSError:
                continue
            found += [ts for ts, _ in islice(_timed_from(file, 0), 1)]
    return min(found, default="")


def _opened(path: Path, stack: ExitStack) -> list[BinaryIO]:
    """A log file and what was set aside of it, oldest first.

    Opened from the newest on: a file that is set aside meanwhile comes twice instead of not at all.
    """
    files: list[BinaryIO] = []
    known: set[int] = set()
    number = 0
    while True:
        try:
            file = stack.enter_context(numbered(path, number).open("rb"))
        except OSError:
            return files[::-1]
        inode = os.fstat(file.fileno()).st_ino
        if inode not in known:
            known.add(inode)
            files.append(file)
        number += 1


def _lines(
    files: list[BinaryIO], span: tuple[str, str], starts: tuple[str, str], *, newest_first: bool
) -> Iterator[_Timed]:
    """The lines of one log in a span."""
    if newest_first:
        found = chain.from_iterable(_timed_before(file, _place(file, starts[1])[1]) for file in reversed(files))
        return _sorted(_inside(found, span, newest_first=True), newest_first=True)
    found = chain.from_iterable(_timed_from(file, _place(file, starts[0])[0]) for file in files)
    return _sorted(_inside(found, span, newest_first=False), newest_first=False)


def _inside(
    lines: Iterator[tuple[str, Line]], span: tuple[str, str], *, newest_first: bool
) -> Iterator[tuple[str, Line]]:
    """Those in the span, until a row of lines lies behind its end."""
    beyond = 0
    for ts, line in lines:
        if span[0] <= ts < span[1]:
            beyond = 0
            yield ts, line
        elif (ts < span[0]) == newest_first:
            beyond += 1
            if beyond == NEIGHBOURS:
                return


def _sorted(lines: Iterator[tuple[str, Line]], *, newest_first: bool) -> Iterator[_Timed]:
    """The same lines in order, when none is more than `NEIGHBOURS` lines away from its place."""
    waiting: list[_Timed] = []
    for number, (ts, line) in enumerate(lines):
        insort(waiting, (ts, -number if newest_first else number, line), key=_order)
        if len(waiting) > NEIGHBOURS:
            yield waiting.pop(-1 if newest_first else 0)
    yield from reversed(waiting) if newest_first else waiting


def _order(timed: _Timed) -> tuple[str, int]:
    return timed[:2]


def _timed_from(file: BinaryIO, position: int) -> Iterator[tuple[str, Line]]:
    file.seek(position)
    while raw := file.readline(MAX_LINE_BYTES + 1):
        timed = _timed(raw)
        if timed is not None:
            yield timed


def _timed_before(file: BinaryIO, position: int) -> Iterator[tuple[str, Line]]:
    for raw in backwards(file, position):
        timed = _timed(raw)
        if timed is not None:
            yield timed


def _timed(raw: bytes) -> tuple[str, Line] | None:
    line = parse(raw)
    ts = None if line is None else line.get("ts")
    return (ts, line) if line is not None and isinstance(ts, str) and _TIMED.fullmatch(ts) else None


def _place(file: BinaryIO, ts: str) -> tuple[int, int]:
    """Two beginnings of lines, little more than a block apart: the first line of this time or later lies between."""
    low, high = 0, file.seek(0, os.SEEK_END)
    while high - low > READ_BLOCK_BYTES:
        middle = (low + high) // 2
        start, found = _next_timed(file, middle, high)
        if found is not None and found < ts:
            low = start
        else:
            high = middle
    _skip_line(file, high)
    return low, file.tell()


def _next_timed(file: BinaryIO, position: int, end: int) -> tuple[int, str | None]:
    """Where the first whole line after `position` begins that tells its time, and what it tells."""
    _skip_line(file, position)
    while (start := file.tell()) < end and (raw := file.readline(MAX_LINE_BYTES + 1)):
        timed = _timed(raw)
        if timed is not None:
            return start, timed[0]
    return end, None


def _skip_line(file: BinaryIO, position: int) -> None:
    """Go to the beginning of the next line."""
    file.seek(position)
    while (part := file.readline(READ_BLOCK_BYTES)) and not part.endswith(b"\n"):
        pass
