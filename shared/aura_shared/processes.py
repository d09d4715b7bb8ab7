"""The process table: which services Aura consists of, and in which order they start. `Procfile` says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["PROCESSES", "UMASK_VARIABLE", "ProcessSpec", "procfile", "start_levels"]

UMASK_VARIABLE: Final = "AURA_UMASK"
"""Environment variable with the umask of the person's shell, octal: what Aura writes for itself is private, but what it
has git write is as the person's own git would write it."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One service."""

    name: str
    """What it is called everywhere."""
    module: str
    """Started as `python -P -m MODULE`."""
    after: tuple[str, ...] = ()
    """Services that have to be ready before it is started."""
    ready_timeout_s: float = 30.0
    """Time from its start to READY."""
    stop_timeout_s: float = 5.0
    """Time from SIGTERM until its process group is killed."""


PROCESSES: Final = (
    ProcessSpec("bus", "aura_bus"),
    ProcessSpec("code", "aura_code", after=("bus",)),
    ProcessSpec("models", "aura_models", after=("bus",)),
    ProcessSpec("factory", "aura_factory", after=("bus",)),
    ProcessSpec("git", "aura_git", after=("bus",)),
    ProcessSpec("planning", "aura_planning", after=("bus",)),
    ProcessSpec("gateway", "aura_gateway", after=("bus",)),
)


def start_levels(table: Sequence[ProcessSpec]) -> list[list[ProcessSpec]]:
    """The services in groups: those of a group need only services of earlier groups.

    Raises:
        ValueError: A service waits for one that does not exist, or for itself through others.
    """
    waiting = list(table)
    placed: set[str] = set()
    levels: list[list[ProcessSpec]] = []
    while waiting:
        level = [spec for spec in waiting if placed.issuperset(spec.after)]
        if not level:
            raise ValueError(f"nothing can start among: {', '.join(spec.name for spec in waiting)}")
        levels.append(level)
        placed.update(spec.name for spec in level)
        waiting = [spec for spec in waiting if spec.name not in placed]
    return levels


def procfile(table: Sequence[ProcessSpec] = PROCESSES) -> str:
    """The table as a `Procfile`."""
    return "".join(f"{spec.name}: python -P -m {spec.module}\n" for spec in table)
