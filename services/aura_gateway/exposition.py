"""Metrics of several processes as one Prometheus text: the samples of a family together, its header once."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["join_expositions"]


def join_expositions(texts: Iterable[str]) -> str:
    """One exposition of several; every sample carries its `service`, so that none collide."""
    headers: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    for text in texts:
        family = ""
        for line in text.splitlines():
            if line.startswith("#"):
                family = line.split(" ", 3)[2]
                known = headers.setdefault(family, [])
                if line.split(" ", 2)[1] not in {old.split(" ", 2)[1] for old in known}:
                    known.append(line)
            elif line:
                samples.setdefault(family, []).append(line)
    lines = [line for family, found in samples.items() for line in (*headers.get(family, ()), *found)]
    return "\n".join(lines) + "\n"
