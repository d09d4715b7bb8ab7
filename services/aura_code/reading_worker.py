"""A process that reads files for another one: batches of paths come in, facts go out, until the input ends.

Started as `python -P -m aura_code.reading_worker` by `aura_code.reading`.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import time
from pathlib import Path
from typing import IO, cast

from aura_code.content import ReadOptions, read_file
from aura_code.packing import pack_file
from aura_code.reading import receive, send

_ANSWER_BYTES = 512_000
"""Source read before facts are sent back; bounds the memory of both sides."""
_ANSWER_S = 0.5
"""Also after so long, so that silence means that one file takes too long."""


def main() -> None:
    """Serve batches until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one.
    gc.disable()  # Nothing here makes cycles, and looking for them costs a tenth of the time.
    source, sink = _own_streams()
    started = receive(source)
    if not isinstance(started, tuple):
        return
    root, max_file_bytes, parse_cpu_s = cast("tuple[str, int, float]", started)
    options = ReadOptions(max_file_bytes, parse_cpu_s)
    send(sink, (0, list[tuple[object, ...]]()))
    with contextlib.suppress(BrokenPipeError):
        while (batch := receive(source)) is not None:
            _serve(Path(root), cast("list[str]", batch), options, sink)


def _own_streams() -> tuple[IO[bytes], IO[bytes]]:
    """The two pipes, out of reach of anything that prints."""
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return source, sink


def _serve(root: Path, batch: list[str], options: ReadOptions, sink: IO[bytes]) -> None:
    files: list[tuple[object, ...]] = []
    done = 0
    size = 0
    answered = time.monotonic()
    for path in batch:
        done += 1
        with contextlib.suppress(FileNotFoundError):
            facts = read_file(root, path, options)
            files.append(tuple(pack_file(facts)))
            size += facts.stamp.size
        if size >= _ANSWER_BYTES or time.monotonic() > answered + _ANSWER_S:
            send(sink, (done, files))
            files, done, size, answered = [], 0, 0, time.monotonic()
    if done:
        send(sink, (done, files))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
