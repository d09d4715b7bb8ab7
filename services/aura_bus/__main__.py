"""Starts the broker: `python -P -m aura_bus`."""

from __future__ import annotations

import os
import sys

from aura_bus.broker import NAME, Broker
from aura_bus.service import BrokerService
from aura_shared.injection import containers, providers
from aura_shared.service import PlainRuntime, run_plain


class BusContainer(containers.DeclarativeContainer):
    """What the process is made of."""

    runtime: providers.Dependency[PlainRuntime] = providers.Dependency(instance_of=PlainRuntime)
    broker = providers.Singleton(Broker, runtime.provided.paths, runtime.provided.settings.bus)
    service = providers.Singleton(BrokerService, broker, runtime.provided.metrics)


def build(runtime: PlainRuntime) -> BrokerService:
    """The service of this process."""
    return BusContainer(runtime=runtime).service()


def main() -> int:
    """Live until SIGTERM or SIGINT; returns the exit code."""
    os.umask(0o077)
    return run_plain(NAME, build)


if __name__ == "__main__":
    sys.exit(main())
