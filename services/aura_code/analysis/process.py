"""The process that analyses one project: rounds come in over a pipe, what came of them goes out, until the input ends.

Started as `python -P -m aura_code.analysis.process` by `aura_code.analysis.analyst`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final, cast

from aura_code.analysis.protocol import Order
from aura_code.analysis.reading import Job, reader_for
from aura_code.analysis.rounds import Stores, carry_out, what_to_do
from aura_code.content import ReadOptions
from aura_code.reading import receive, send
from aura_shared.errors import AuraError, SettingsError
from aura_shared.settings import FindingsSettings, load_settings

NICENESS: Final = 10

Tell = Callable[[dict[str, Any]], None]


def main() -> None:
    """Serve rounds until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one.
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    source, sink = _own_streams()
    begun = receive(source)
    if not isinstance(begun, dict):
        return
    given = cast("dict[str, Any]", begun)
    order = Order(*(given[name] for name in Order._fields))
    stores: Stores | None = None
    with contextlib.suppress(BrokenPipeError):
        while isinstance(asked := receive(source), dict):
            try:
                stores = stores or Stores.open(Path(order.folder), Path(order.root))
                _round(order, stores, cast("dict[str, Any]", asked), lambda told: send(sink, told))
            except AuraError as error:
                send(sink, {"is": "failed", "code": error.code, "message": error.message})
    if stores is not None:
        stores.close()


def _round(order: Order, stores: Stores, asked: dict[str, Any], tell: Tell) -> None:
    root = Path(order.root)
    settings = findings_settings(root)
    # Rules of other tools replace ours only where those tools run, which this process does not know to be the case.
    job = Job(root, ReadOptions(max_file_bytes=order.max_bytes), settings, ())
    key = reader_for(job).standards.key
    todo = what_to_do(stores, key, asked["changed"], asked["removed"], asked["digests"])

    def progress(done: int, total: int) -> None:
        tell({"is": "progress", "done": done, "total": total})

    outcome = carry_out(
        stores,
        job,
        todo,
        project=order.project,
        key=key,
        workers=order.workers,
        progress=progress,
    )
    tell({"is": "done", **outcome._asdict()})


def findings_settings(root: Path) -> FindingsSettings:
    """The standards that the project and the user set; a file that does not parse counts as none."""
    try:
        return load_settings(root).findings
    except SettingsError:  # The keeper says so.
        return FindingsSettings()


def _own_streams() -> tuple[IO[bytes], IO[bytes]]:
    """The two pipes, out of reach of anything that prints."""
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return source, sink


if __name__ == "__main__":
    main()
    sys.stdout.flush()
