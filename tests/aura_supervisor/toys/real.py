"""Uses the real service base, on a bus without sockets."""

import sys

from aura_shared.bus.memory import MemoryBus
from aura_shared.service import Health, Runtime, run


class Quiet:
    """Does nothing, well."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    async def start(self) -> None:
        """Nothing to do."""

    async def stop(self) -> None:
        """Nothing to do."""

    def health(self) -> Health:
        """Always a little unwell."""
        return Health(ok=False, detail="a little tired")


if __name__ == "__main__":
    sys.exit(run("real", Quiet, connect=lambda name, paths, settings: MemoryBus(name)))
