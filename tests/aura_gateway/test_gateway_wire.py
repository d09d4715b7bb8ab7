"""What is written in one turn of the loop goes out together."""

from __future__ import annotations

import asyncio
from typing import cast

from aura_gateway.wire import MAX_WAITING_BYTES, GatheringTransport


class Sink:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.events: list[object] = []

    def write(self, data: bytes) -> None:
        self.events.append(data)

    def close(self) -> None:
        self.events.append("closed")

    def is_closing(self) -> bool:
        return "closed" in self.events


async def test_writes_are_joined_in_order_and_before_the_close() -> None:
    sink = Sink()
    transport = GatheringTransport(cast("asyncio.Transport", sink), asyncio.get_running_loop())
    transport.write(b"head ")
    transport.write(b"body")
    assert sink.events == []
    await asyncio.sleep(0)
    assert sink.events == [b"head body"]
    transport.write(b"last")
    transport.close()
    assert sink.events[1:] == [b"last", "closed"]
    assert getattr(transport, "is_closing")()  # noqa: B009 - what it does not have itself is the inner one's
    await asyncio.sleep(0)
    assert len(sink.events) == 3


async def test_much_at_once_does_not_wait() -> None:
    sink = Sink()
    transport = GatheringTransport(cast("asyncio.Transport", sink), asyncio.get_running_loop())
    transport.write(b"x" * (MAX_WAITING_BYTES + 1))
    assert [len(cast("bytes", data)) for data in sink.events] == [MAX_WAITING_BYTES + 1]
