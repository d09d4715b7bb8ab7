"""A running gateway for every test that asks for one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from gateway_lab import Lab, running_gateway


@pytest.fixture
async def lab(aura_home: Path) -> AsyncIterator[Lab]:
    """A gateway on a real socket."""
    async with running_gateway() as running:
        yield running


@pytest.fixture
async def client(lab: Lab) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the token."""
    async with lab.client() as made:
        yield made
