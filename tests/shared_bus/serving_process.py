"""The service `answers` in a process of its own; answers `test.ask` with its argument and never answers "wait"."""

from __future__ import annotations

import asyncio
import sys

from aura_shared.bus import Context
from aura_shared.bus.zmq_bus import connect
from aura_shared.messages.core import Progress
from aura_shared.paths import find_paths
from shared_bus.brokers import Limits
from shared_bus.things import Answer, Ask


async def main(word: str) -> None:
    bus = connect("answers", find_paths(), Limits())

    async def answer(request: Ask, context: Context) -> Answer:
        if request.text == "wait":
            await context.progress(Progress(done=0))
            await asyncio.Event().wait()
        return Answer(text=word)

    bus.serve(Ask, answer)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
