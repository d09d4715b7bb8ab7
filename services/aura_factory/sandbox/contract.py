"""What runs in a sandbox, within which bounds, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

__all__ = ["Ended", "Outcome", "Policy", "Probe", "Runner", "Tier"]

Tier = Literal["bwrap", "landlock", "none"]
Ended = Literal["exit", "signal", "time", "output", "cancelled", "not-started"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What a program may do. Nothing is allowed that is not named; there is never a network beyond its own loopback."""

    workspace: Path
    """The only folder that it may write, a copy; also where it starts."""
    read: Sequence[Path] = ()
    """Further folders and files that it may read: its interpreter, its environment."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Its whole environment, besides PATH, HOME, TMPDIR and LANG, which are set."""
    mounts: Mapping[Path, Path] = field(default_factory=dict[Path, Path])
    """Places in the workspace at which folders outside it can be read: place → folder."""
    seen_as: Path | None = None
    """Where the program sees the workspace, with its mounts, where the tier can move things: the place of the project
    that it is a copy of, so that absolute paths in environments and settings lead to the copy."""
    wall_s: float = 120.0
    """Seconds until everything is killed."""
    cpu_s: float = 120.0
    """Seconds of processor time for each process."""
    memory_bytes: int = 2_147_483_648
    """Address space of each process."""
    processes: int = 64
    """Processes and threads."""
    file_bytes: int = 536_870_912
    """Largest file that it may write."""
    disk_bytes: int = 2_147_483_648
    """All that it may fill on the disk; looked at twice a second."""
    output_bytes: int = 1_048_576
    """Bytes of standard output, and of standard error, that are kept; the rest is read and thrown away."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run."""

    ended: Ended
    """How it ended."""
    code: int
    """Exit code; the signal's number, negative, when one ended it; -1 when it did not start."""
    stdout: bytes
    stderr: bytes
    cut: bool
    """Whether output was thrown away."""
    seconds: float
    tier: Tier
    """What confined it."""
    detail: str = ""
    """Why it did not start, or which bound it met, in words."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What this machine can confine."""

    tier: Tier
    """The strongest that works."""
    lacks: tuple[str, ...] = ()
    """What that tier does not stop or cannot do, in words."""
    reasons: tuple[str, ...] = ()
    """Why better ones cannot be had, and what to do."""
    start_ms: float = 0.0
    """How long the tried start took."""


class Runner(Protocol):
    """Runs programs confined."""

    @property
    def probe(self) -> Probe:
        """What it confines with."""
        ...

    async def run(self, command: Sequence[str], policy: Policy) -> Outcome:
        """Run a program to its end; cancelling kills everything that it started.

        Raises:
            SandboxUnavailable: Nothing here can confine it.
        """
        ...
