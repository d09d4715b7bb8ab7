"""What a person sees while hooks run, a model words a message, or tests of a split are at work."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from aura_cli.screen import ProgressLine, dim, note

__all__ = ["patiently"]

_SOON_S: Final = 1.0  # What ends before that needs no word.


@contextmanager
def patiently(doing: str, leaving: str = "") -> Generator[None]:
    """Say on a terminal what is waited for, and since when.

    Args:
        doing: Such as `hooks of the commit run`; empty to say nothing.
        leaving: What a person is told who leaves by Ctrl-C, since the work goes on.
    """
    ended = threading.Event()
    thread = threading.Thread(target=_tell, args=(doing, ended), daemon=True) if doing else None
    if thread is not None:
        thread.start()
    try:
        yield
    except KeyboardInterrupt:
        _end(ended, thread)
        if leaving:
            note(dim(f"\n{leaving}"))
        raise
    finally:
        _end(ended, thread)


def _end(ended: threading.Event, thread: threading.Thread | None) -> None:
    ended.set()
    if thread is not None:
        thread.join()


def _tell(doing: str, ended: threading.Event) -> None:
    began = time.monotonic()
    with ProgressLine() as line:
        while not ended.wait(_SOON_S):
            line.show(f"{doing} … {time.monotonic() - began:.0f} s")
