"""The models process as it really runs: with the broker, over the bus, and a model server on loopback."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aura_shared.bus.zmq_bus import ZmqBus
from aura_shared.errors import ServiceDown
from aura_shared.messages.models import AskModelStats
from aura_shared.paths import AuraPaths
from shared_bus.brokers import connected, start_broker

BOUND_S = 60.0


class Running:
    """The processes, and a client of theirs."""

    def __init__(self, paths: AuraPaths, bus: ZmqBus, environment: dict[str, str]) -> None:
        self.bus = bus
        self._environment = {**os.environ, "AURA_HOME": str(paths.run.parent), **environment}
        self.process = self._start()

    @property
    def pid(self) -> int:
        """Of the models process."""
        return self.process.pid

    async def ready(self) -> None:
        """Return once the process answers."""
        async with asyncio.timeout(BOUND_S):
            while True:
                assert self.process.poll() is None, "the models process ended"
                try:
                    await self.bus.request(AskModelStats())
                    return
                except ServiceDown:
                    await asyncio.sleep(0.02)

    async def kill_and_restart(self) -> None:
        """End it as a crash would, and start another one."""
        self.process.kill()
        self.process.wait()
        self.process = self._start()
        await self.ready()

    def stop(self) -> int:
        """End it as the supervisor does; returns its exit code."""
        self.process.terminate()
        return self.process.wait(BOUND_S)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-P", "-m", "aura_models"], env=self._environment)


@asynccontextmanager
async def running(paths: AuraPaths, **environment: str) -> AsyncGenerator[Running]:
    """Broker and models process until the end of the block."""
    broker = start_broker(paths)
    try:
        async with connected("client", paths) as bus:
            models = Running(paths, bus, environment)
            try:
                await models.ready()
                yield models
            finally:
                models.process.kill()
                models.process.wait()
    finally:
        broker.terminate()
        broker.wait(BOUND_S)


def settings_for(url: str, kind: str = "ollama", **more: str) -> dict[str, str]:
    """The environment that names one server `local`, and nothing else."""
    return {
        "AURA_MODELS__DISCOVER": "false",
        "AURA_MODELS__SERVERS__LOCAL__KIND": kind,
        "AURA_MODELS__SERVERS__LOCAL__URL": url,
        **more,
    }
