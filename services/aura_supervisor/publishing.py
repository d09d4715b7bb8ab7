"""The supervisor's connection to the bus. Imported late: it brings pydantic and zmq."""

from __future__ import annotations

from aura_shared.bus import Bus
from aura_shared.bus.zmq_bus import connect
from aura_shared.errors import AuraError
from aura_shared.messages.services import ServiceStateChanged
from aura_shared.paths import AuraPaths
from aura_shared.settings import settings_of_this_process
from aura_supervisor.keeping import StateChange

__all__ = ["BusPublisher"]


class BusPublisher:
    """Publishes `ServiceStateChanged`."""

    def __init__(self, paths: AuraPaths) -> None:
        self._paths = paths
        self._bus: Bus | None = None

    async def publish(self, change: StateChange) -> str:
        """Empty when the broker has it, otherwise why not."""
        try:
            if self._bus is None:
                self._bus = connect("supervisor", self._paths, settings_of_this_process().bus)
            await self._bus.publish(
                ServiceStateChanged(
                    service=change.service,
                    state=change.state,
                    pid=change.pid,
                    restarts=change.restarts,
                    reason=change.reason,
                )
            )
        except AuraError as error:
            return error.message
        return ""

    async def close(self) -> None:
        """Give the connection back."""
        if self._bus is not None:
            await self._bus.close()
