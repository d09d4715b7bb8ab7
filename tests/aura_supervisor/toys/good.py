"""Becomes ready, beats, and stops when asked to."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from aura_shared.lifeline import Lifeline


def serve(lifeline: Lifeline | None = None, *, obey: bool = True) -> None:
    """Live until SIGTERM, or for ever."""
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal if obey else signal.SIG_IGN)
    lifeline = lifeline or Lifeline.from_environment()
    lifeline.die_with_supervisor()
    note(f"start {Path(sys.argv[0]).stem} {os.getpid()}")
    lifeline.ready()
    while not stop.wait(0.2):
        lifeline.beat(os.environ.get("TOY_TROUBLE", ""))
    note(f"stop {Path(sys.argv[0]).stem} {os.getpid()}")


def note(line: str) -> None:
    """Append a line to the diary that the test reads."""
    diary = os.environ.get("TOY_DIARY")
    if diary:
        with Path(diary).open("a", encoding="utf-8") as file:
            file.write(line + "\n")


if __name__ == "__main__":
    print("good service speaking", flush=True)
    serve()
