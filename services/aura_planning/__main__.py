"""Starts the planning service: `python -P -m aura_planning`."""

from __future__ import annotations

import sys

from aura_planning.service import PlanningService
from aura_shared.injection import containers, providers
from aura_shared.projects import ProjectRegistry
from aura_shared.service import Runtime, run


class PlanningContainer(containers.DeclarativeContainer):
    """What the process is made of."""

    runtime: providers.Dependency[Runtime] = providers.Dependency(instance_of=Runtime)
    registry = providers.Singleton(ProjectRegistry, runtime.provided.paths.projects)
    service = providers.Singleton(
        PlanningService,
        bus=runtime.provided.bus,
        paths=runtime.provided.paths,
        settings=runtime.provided.settings,
        registry=registry,
    )


def build(runtime: Runtime) -> PlanningService:
    """The service of this process."""
    return PlanningContainer(runtime=runtime).service()


if __name__ == "__main__":
    sys.exit(run("planning", build))
