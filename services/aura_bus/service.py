"""The broker as a service of the process table: its loop in a thread, its health, its figures."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Final

from aura_bus.broker import NAME, Broker
from aura_shared.bus.handlers import report
from aura_shared.errors import AuraError
from aura_shared.messages.core import wrap
from aura_shared.messages.services import ServiceMetrics
from aura_shared.metrics import ServiceMetricsRegistry, cpu_seconds, rss_bytes
from aura_shared.service import Health

METRICS_EVERY_S: Final = 10.0


class BrokerService:
    """Runs a broker.

    Args:
        broker: The one of this installation; nothing else runs it.
        metrics: Where its figures are noted.
    """

    def __init__(self, broker: Broker, metrics: ServiceMetricsRegistry) -> None:
        self.broker = broker
        """What it runs."""
        self._metrics = metrics
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._telling: asyncio.Task[None] | None = None
        for name, description in (
            ("durable", "Events journalled."),
            ("repeated", "Events that were sent again although they were in the journal."),
            ("ephemeral", "Ephemeral events passed on."),
            ("requests", "Requests routed."),
            ("undelivered", "Answers and acknowledgements whose receiver had gone or did not read."),
        ):
            metrics.measure(f"broker_{name}", description, lambda name=name: broker.counts[name])

    async def start(self) -> None:
        """Returns when clients can connect.

        Raises:
            AuraError: The journal or the sockets are not to be had.
        """
        self._thread.start()
        await asyncio.to_thread(self._ready.wait)
        if self._failure is not None:
            raise AuraError(f"the broker cannot start: {self._failure}") from self._failure
        self._telling = asyncio.create_task(self._tell_often())

    async def stop(self) -> None:
        """Store what waits, and close the journal."""
        if self._telling is not None:
            self._telling.cancel()
        self.broker.stop()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join)

    def health(self) -> Health:
        """Not well while the journal cannot be written; not alive once its loop has ended."""
        if self._failure is not None:
            return Health(ok=False, detail=f"the broker broke down: {self._failure}", alive=False)
        return Health(ok=True) if self.broker.storing else Health(ok=False, detail="the journal cannot be written")

    def _run(self) -> None:
        try:
            self.broker.run(self._ready.set)
        except BaseException as error:  # noqa: BLE001 - the outermost loop of the thread; `health` tells it on
            report("broker_failed")
            self._failure = error
        finally:
            self._ready.set()

    def tell(self) -> None:
        """Publish the broker's figures; it has no connection to itself, so they go straight out."""
        metrics = ServiceMetrics(
            service=NAME,
            pid=os.getpid(),
            uptime_s=self._metrics.uptime_s,
            cpu_s=cpu_seconds(),
            rss_bytes=rss_bytes(),
            exposition=self._metrics.exposition(),
        )
        self.broker.say(wrap(metrics, src=NAME))

    async def _tell_often(self) -> None:
        while True:
            self.tell()
            await asyncio.sleep(METRICS_EVERY_S)
