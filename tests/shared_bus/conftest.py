"""Buses to test with."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aura_shared.bus import Bus
from aura_shared.bus.memory import MemoryHub


@pytest.fixture(params=["memory"])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Bus, Bus]]:
    """Two connections: `asks` and the service `answers`."""
    hub = MemoryHub()
    asks, answers = hub.connect("asks"), hub.connect("answers")
    yield asks, answers
    await asks.close()
    await answers.close()
