"""Buses to test with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from aura_shared.bus import Bus
from aura_shared.bus.memory import MemoryHub
from aura_shared.paths import AuraPaths
from shared_bus.brokers import connected, running_broker, short_paths


@pytest.fixture
def bus_paths() -> Iterator[AuraPaths]:
    """Folders of one installation, with names short enough for sockets."""
    with short_paths() as paths:
        yield paths


@pytest.fixture(params=["memory", "zmq"])
async def pair(request: pytest.FixtureRequest, bus_paths: AuraPaths) -> AsyncIterator[tuple[Bus, Bus]]:
    """Two connections: `asks` and the service `answers`."""
    if request.param == "memory":
        hub = MemoryHub()
        asks, answers = hub.connect("asks"), hub.connect("answers")
        yield asks, answers
        await asks.close()
        await answers.close()
        return
    with running_broker(bus_paths):
        async with connected("asks", bus_paths) as asks, connected("answers", bus_paths) as answers:
            yield asks, answers
