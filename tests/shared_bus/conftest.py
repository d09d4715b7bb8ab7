"""Buses to test with."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from aura_shared.bus import Bus
from aura_shared.bus.memory import MemoryHub
from aura_shared.paths import AuraPaths
from shared_bus.brokers import connected, running_broker


@pytest.fixture
def bus_paths() -> Iterator[AuraPaths]:
    """Folders of one installation, with names short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="aura-bus-") as folder:
        root = Path(folder)
        yield AuraPaths(root / "config", root / "data", root / "logs", root / "run").prepare()


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
