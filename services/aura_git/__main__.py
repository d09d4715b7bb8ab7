"""Starts the factory: `python -P -m aura_git`."""

from __future__ import annotations

import sys

from aura_git.service import GitService
from aura_shared.injection import containers, providers
from aura_shared.projects import ProjectRegistry
from aura_shared.service import Runtime, run


class GitContainer(containers.DeclarativeContainer):
    """What the process is made of."""

    runtime: providers.Dependency[Runtime] = providers.Dependency(instance_of=Runtime)
    registry = providers.Singleton(ProjectRegistry, runtime.provided.paths.projects)
    service = providers.Singleton(
        GitService,
        bus=runtime.provided.bus,
        paths=runtime.provided.paths,
        settings=runtime.provided.settings,
        registry=registry,
    )


def build(runtime: Runtime) -> GitService:
    """The service of this process."""
    return GitContainer(runtime=runtime).service()


if __name__ == "__main__":
    sys.exit(run("git", build))
