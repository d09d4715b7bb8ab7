"""Fixtures of code intelligence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aura_code_served import Served
from aura_shared.settings import CodeSettings, Settings


@pytest.fixture
async def served(aura_home: Path) -> AsyncIterator[Served]:
    """A running code service with nothing registered."""
    assert aura_home
    served = Served(Settings(code=CodeSettings(debounce_ms=50, analysis=False)))
    await served.start()
    yield served
    await served.stop()
