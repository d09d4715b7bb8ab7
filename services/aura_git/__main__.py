"""Starts the git service: `python -P -m aura_git`."""

from __future__ import annotations

import os
import sys

from aura_git.service import GitService
from aura_shared.injection import containers, providers
from aura_shared.processes import UMASK_VARIABLE
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


def take_umask() -> None:
    """Have git write files as the person's own git would; the daemon itself keeps its files from others."""
    value = os.environ.get(UMASK_VARIABLE, "")
    if value and set(value) <= set("01234567") and int(value, 8) <= 0o777:
        os.umask(int(value, 8))


if __name__ == "__main__":
    take_umask()
    sys.exit(run("git", build))
