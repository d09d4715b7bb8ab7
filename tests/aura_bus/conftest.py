"""A broker, and a socket that may send it anything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import zmq

from aura_bus.broker import Broker
from aura_shared.paths import AuraPaths
from shared_bus.brokers import dealer, running_broker, short_paths


@pytest.fixture
def bus_paths() -> Iterator[AuraPaths]:
    """Folders of one installation, with names short enough for sockets."""
    with short_paths() as paths:
        yield paths


@pytest.fixture
def broker(bus_paths: AuraPaths) -> Iterator[Broker]:
    """A broker in a thread."""
    with running_broker(bus_paths) as broker:
        yield broker


@pytest.fixture
def raw(broker: Broker, bus_paths: AuraPaths) -> Iterator[zmq.Socket[bytes]]:
    """A bare connection to the broker of this test."""
    with dealer(bus_paths) as socket:
        yield socket
