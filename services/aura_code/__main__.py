"""Starts code intelligence: `python -P -m aura_code`."""

from __future__ import annotations

import sys

from aura_code.service import CodeService
from aura_shared.injection import containers, providers
from aura_shared.projects import ProjectRegistry
from aura_shared.service import Runtime, run


class CodeContainer(containers.DeclarativeContainer):
    """What the process is made of."""

    runtime: providers.Dependency[Runtime] = providers.Dependency(instance_of=Runtime)
    registry = providers.Singleton(ProjectRegistry, runtime.provided.paths.projects)
    service = providers.Singleton(
        CodeService,
        bus=runtime.provided.bus,
        paths=runtime.provided.paths,
        settings=runtime.provided.settings,
        registry=registry,
    )


def build(runtime: Runtime) -> CodeService:
    """The service of this process."""
    return CodeContainer(runtime=runtime).service()


if __name__ == "__main__":
    sys.exit(run("code", build))
