"""A consumer in a process of its own: `python reading_process.py NAME SINCE LAST [POSITION_FILE]`.

Prints `ready`, then `SEQ NUMBER` for every event up to the one with number LAST.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aura_shared.bus.zmq_bus import connect
from aura_shared.paths import find_paths
from shared_bus.brokers import Limits
from shared_bus.things import Happened


async def main(name: str, since: str, last: int, position: str = "") -> None:
    bus = connect(name, find_paths(), Limits(), stores_position=Path(position) if position else None)
    events = bus.listen(Happened, since=None if since == "-" else int(since))
    print("ready", flush=True)
    async for delivery in events:
        assert isinstance(delivery.event, Happened)
        print(delivery.seq, delivery.event.number, flush=True)
        if delivery.event.number == last:
            break
    await bus.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:]))
