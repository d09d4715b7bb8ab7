"""Starts the factory: `python -P -m aura_factory`."""

from __future__ import annotations

import sys

from aura_factory.service import FactoryService
from aura_shared.injection import containers, providers
from aura_shared.projects import ProjectRegistry
from aura_shared.service import Runtime, run


class FactoryContainer(containers.DeclarativeContainer):
    """What the process is made of."""

    runtime: providers.Dependency[Runtime] = providers.Dependency(instance_of=Runtime)
    registry = providers.Singleton(ProjectRegistry, runtime.provided.paths.projects)
    service = providers.Singleton(
        FactoryService,
        bus=runtime.provided.bus,
        paths=runtime.provided.paths,
        settings=runtime.provided.settings,
        registry=registry,
    )


def build(runtime: Runtime) -> FactoryService:
    """The service of this process."""
    return FactoryContainer(runtime=runtime).service()


if __name__ == "__main__":
    sys.exit(run("factory", build))
