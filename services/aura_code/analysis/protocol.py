"""What the code service and the process that analyses tell each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self


class Order(NamedTuple):
    """What a process that analyses is started for."""

    project: str
    """Identifier of the project."""
    root: str
    """Its folder."""
    folder: str
    """Where the results are kept."""
    workers: int
    """Processes that read files when there are many."""
    max_bytes: int
    """Larger files are not read."""


class RoundOutcome(NamedTuple):
    """What came of one round."""

    changed: int
    """Files that were analysed."""
    removed: int
    """Files that were forgotten."""
    event: str
    """What that did to the findings: a `FindingsUpdated` as JSON; empty when nothing that counts has changed."""
    seconds: float

    @classmethod
    def from_wire(cls, answer: Mapping[str, Any]) -> Self:
        """As the process sent it."""
        return cls(
            int(answer["changed"]),
            int(answer["removed"]),
            str(answer["event"]),
            float(answer["seconds"]),
        )
