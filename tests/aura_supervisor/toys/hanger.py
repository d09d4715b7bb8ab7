"""Becomes ready, then gives no more signs of life; after its first restart it behaves."""

import os
import signal
from pathlib import Path

from aura_shared.lifeline import Lifeline
from toys.good import note, serve

if __name__ == "__main__":
    once = Path(os.environ["TOY_DIARY"] + ".hung")
    if once.exists():
        serve()
    else:
        once.touch()
        lifeline = Lifeline.from_environment()
        lifeline.die_with_supervisor()
        note(f"start hanger {os.getpid()}")
        lifeline.ready()
        while True:
            signal.pause()
