"""The end of the panel does not wait for answers that nobody will read.

A thread that waits for the daemon to become ready would keep the process, and the person from their prompt, for a
minute. Short work, such as writing a file, is finished.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Final, ParamSpec, TypeVar

__all__ = ["Threads", "leave"]

P = ParamSpec("P")
ResultT = TypeVar("ResultT")

PATIENCE_S: Final = 1.0
"""Writing settings or a draft takes milliseconds."""


class Threads(ThreadPoolExecutor):
    """Runs blocking work, and knows what of it is not done."""

    def __init__(self) -> None:
        super().__init__(thread_name_prefix="panel")
        self._open: set[Future[Any]] = set()

    def submit(self, fn: Callable[P, ResultT], /, *args: P.args, **kwargs: P.kwargs) -> Future[ResultT]:
        """Begin some work."""
        begun: Future[ResultT] = super().submit(fn, *args, **kwargs)
        self._open.add(begun)
        begun.add_done_callback(self._open.discard)
        return begun

    def finish(self, timeout_s: float = PATIENCE_S) -> bool:
        """Wait for what runs, and drop what has not begun; whether nothing is left."""
        self.shutdown(wait=False, cancel_futures=True)
        return not wait(list(self._open), timeout_s).not_done


def leave(threads: Threads, code: int, end: Callable[[int], object] = os._exit) -> int:
    """The exit code; a process that would wait for its threads is ended at once."""
    if not threads.finish():
        sys.stdout.flush()
        sys.stderr.flush()
        end(code)
    return code
