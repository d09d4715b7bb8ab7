"""What a service prints: the last lines in memory, and all of them in a file while they come at a bearable rate."""

from __future__ import annotations

import time
from collections import deque
from typing import Final

from aura_shared.log_files import JsonLines, timestamp
from aura_shared.redaction import mask

__all__ = ["CapturedOutput"]

MAX_LINE: Final = 8192  # Bytes; a longer line is cut into pieces.
LINES_PER_SECOND: Final = 1000  # More would wear the disk and push everything else out of the rotated files.


class CapturedOutput:
    """Standard output and error of one service, over all its starts."""

    def __init__(self, service: str, file: JsonLines, *, kept_lines: int) -> None:
        self._service = service
        self._file = file
        self._kept: deque[str] = deque(maxlen=kept_lines)
        self._rest = b""
        self._second = 0
        self._in_second = 0
        self._left_out = 0

    def last_lines(self) -> list[str]:
        """The newest lines, oldest first."""
        return list(self._kept)

    def keep(self, lines: int) -> None:
        """Keep this many lines from now on."""
        if lines != self._kept.maxlen:
            self._kept = deque(self._kept, maxlen=lines)

    def feed(self, data: bytes) -> None:
        """Take in what was printed."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            self._add(line)
        while len(self._rest) > MAX_LINE:
            self._add(self._rest[:MAX_LINE])
            self._rest = self._rest[MAX_LINE:]

    def end(self) -> None:
        """The process is gone: what has no line end yet is a line."""
        if self._rest:
            self._add(self._rest)
            self._rest = b""

    def close(self) -> None:
        """Give the file back."""
        self._say_what_was_left_out()
        self._file.close()

    def _add(self, raw: bytes) -> None:
        text = mask(raw[:MAX_LINE].decode("utf-8", "backslashreplace").rstrip("\r"))
        if not text:
            return
        self._kept.append(text)
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._in_second = second, 0
            self._say_what_was_left_out()
        self._in_second += 1
        if self._in_second > LINES_PER_SECOND:
            self._left_out += 1
            return
        self._write("output", line=text)

    def _say_what_was_left_out(self) -> None:
        if self._left_out:
            self._write("output_left_out", lines=self._left_out)
            self._left_out = 0

    def _write(self, event: str, **facts: object) -> None:
        self._file.write({"ts": timestamp(), "level": "info", "service": self._service, "event": event, **facts})
