"""`python -P -m aura_bus`: the broker as a process of its own."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from aura_bus.broker import Broker
from aura_shared.paths import find_paths
from aura_shared.settings import settings_of_this_process


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    os.umask(0o077)
    broker = Broker(find_paths(), settings_of_this_process().bus)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        broker.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    broker.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
