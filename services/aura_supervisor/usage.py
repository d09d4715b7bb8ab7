"""Memory and CPU time of another process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Usage", "usage_of"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process uses."""

    rss_bytes: int = 0
    """Resident memory."""
    cpu_s: float = 0.0
    """User and system CPU seconds so far."""


def usage_of(pid: int) -> Usage:
    """What the process uses now; zeros when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(") ")[2].split()
    except OSError:
        return Usage() if Path("/proc/self/stat").exists() else _usage_by_psutil(pid)
    ticks = int(fields[11]) + int(fields[12])
    return Usage(int(fields[21]) * os.sysconf("SC_PAGE_SIZE"), ticks / os.sysconf("SC_CLK_TCK"))


def _usage_by_psutil(pid: int) -> Usage:
    import psutil  # noqa: PLC0415 - only where there is no /proc

    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        return Usage(process.memory_info().rss, times.user + times.system)
    except psutil.Error:
        return Usage()
