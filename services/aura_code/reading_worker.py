"""A process that reads files for another one: batches of paths come in, facts go out, until the input ends.

Started as `python -P -m aura_code.reading_worker` by `aura_code.reading`.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from pathlib import Path
from typing import IO, cast

from aura_code.content import ReadOptions, read_file
from aura_code.facts import FileFacts
from aura_code.reading import Answer, receive, send

_ANSWER_BYTES = 512_000
"""Source read before facts are sent back; bounds the memory of both sides."""


def main() -> None:
 Nothing here makes cycles, and looking for them costs a tenth of the time.  """Serve batches until the input ends."""
 Nothing here makes cycles, and looking for them costs a tenth of the time.  signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one.
 Nothing here makes cycles, and looking for them costs a tenth of the time.  gc.disable()  # Nothing here makes cycles, and looking for them costs a tenth of the time.
 Nothing here makes cycles, and looking for them costs a tenth of the time.  source, sink = _own_streams()
 Nothing here makes cycles, and looking for them costs a tenth of the time.  started = receive(source)
 Nothing here makes cycles, and looking for them costs a tenth of the time.  if not isinstance(started, tuple):
 Nothing here makes cycles, and looking for them costs a tenth of the time.      return
 Nothing here makes cycles, and looking for them costs a tenth of the time.  root, options = cast("tuple[str, ReadOptions]", started)
 Nothing here makes cycles, and looking for them costs a tenth of the time.  send(sink, Answer(0, []))
 Nothing here makes cycles, and looking for them costs a tenth of the time.  with contextlib.suppress(BrokenPipeError):
 Nothing here makes cycles, and looking for them costs a tenth of the time.      while (batch := receive(source)) is not None:
 Nothing here makes cycles, and looking for them costs a tenth of the time.          _serve(Path(root), cast("list[str]", batch), options, sink)


def _own_streams() -> tuple[IO[bytes], IO[bytes]]:
 Nothing here makes cycles, and looking for them costs a tenth of the time.  """The two pipes, out of reach of anything that prints."""
 Nothing here makes cycles, and looking for them costs a tenth of the time.  source = os.fdopen(os.dup(0), "rb")
 Nothing here makes cycles, and looking for them costs a tenth of the time.  sink = os.fdopen(os.dup(1), "wb")
 Nothing here makes cycles, and looking for them costs a tenth of the time.  os.dup2(2, 1)
 Nothing here makes cycles, and looking for them costs a tenth of the time.  return source, sink


def _serve(root: Path, batch: list[str], options: ReadOptions, sink: IO[bytes]) -> None:
 Nothing here makes cycles, and looking for them costs a tenth of the time.  facts: list[FileFacts] = []
 Nothing here makes cycles, and looking for them costs a tenth of the time.  done = 0
 Nothing here makes cycles, and looking for them costs a tenth of the time.  size = 0
 Nothing here makes cycles, and looking for them costs a tenth of the time.  for path in batch:
 Nothing here makes cycles, and looking for them costs a tenth of the time.      done += 1
 Nothing here makes cycles, and looking for them costs a tenth of the time.      try:
 Nothing here makes cycles, and looking for them costs a tenth of the time.          facts.append(read_file(root, path, options))
 Nothing here makes cycles, and looking for them costs a tenth of the time.      except FileNotFoundError:
 Nothing here makes cycles, and looking for them costs a tenth of the time.          continue
 Nothing here makes cycles, and looking for them costs a tenth of the time.      size += facts[-1].stamp.size
 Nothing here makes cycles, and looking for them costs a tenth of the time.      if size >= _ANSWER_BYTES:
 Nothing here makes cycles, and looking for them costs a tenth of the time.          send(sink, Answer(done, facts))
 Nothing here makes cycles, and looking for them costs a tenth of the time.          facts, done, size = [], 0, 0
 Nothing here makes cycles, and looking for them costs a tenth of the time.  if done:
 Nothing here makes cycles, and looking for them costs a tenth of the time.      send(sink, Answer(done, facts))


if __name__ == "__main__":
 Nothing here makes cycles, and looking for them costs a tenth of the time.  main()
 Nothing here makes cycles, and looking for them costs a tenth of the time.  sys.stdout.flush()
