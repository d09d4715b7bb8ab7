"""Leaves a process behind that escaped from its group."""

import subprocess
import sys

from aura_shared.lifeline import Lifeline
from toys.good import note, serve

CHILD = "import signal; print('up', flush=True); signal.pause()"

if __name__ == "__main__":
    lifeline = Lifeline.from_environment()
    command = [sys.executable, "-S", "-c", CHILD]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    assert child.stdout is not None
    child.stdout.readline()
    note(f"grandchild {child.pid}")
    serve(lifeline)
