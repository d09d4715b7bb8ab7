"""Has a child of its own, which knows nothing of the supervisor and ignores SIGTERM."""

import subprocess
import sys

from aura_shared.lifeline import Lifeline
from toys.good import note, serve

CHILD = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"

if __name__ == "__main__":
    lifeline = Lifeline.from_environment()
    child = subprocess.Popen([sys.executable, "-S", "-c", CHILD], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    note(f"grandchild {child.pid}")
    serve(lifeline)
