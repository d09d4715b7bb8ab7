"""Models that failed are left alone for a while, longer with each further failure."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aura_shared.errors import (
    AnswerCut,
    AuraError,
    ContextCut,
    ContextOverflow,
    ModelUnreachable,
    RateLimited,
    SchemaMismatch,
    UsageProblem,
)

__all__ = ["Cooling", "is_the_servers_fault", "split_name"]

MOST_DOUBLINGS: Final = 4  # 16 times the first pause.
_NOT_THE_MODEL: Final = (AnswerCut, ContextCut, ContextOverflow, RateLimited, SchemaMismatch, UsageProblem)
"""These say something of the question, of our own bounds, or of this task only."""


@dataclass(frozen=True, slots=True)
class _Rest:
    until: float
    failures: int


class Cooling:
    """Which models and servers rest. Times are in seconds of a monotonic clock."""

    def __init__(self, first_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._first_s = first_s
        self._clock = clock
        self._rests: dict[str, _Rest] = {}

    def failed(self, model: str, error: AuraError) -> None:
        """Let `model` (`server/model`) rest if the error is its own; its whole server when that does not answer."""
        if is_the_servers_fault(error):
            name = split_name(model)[0] if isinstance(error, ModelUnreachable) else model
            before = self._rests.get(name, _Rest(0.0, 0)).failures
            pause = self._first_s * 2 ** min(before, MOST_DOUBLINGS)
            self._rests[name] = _Rest(self._clock() + pause, before + 1)

    def worked(self, model: str) -> None:
        """Forget the failures of a model and of its server."""
        self._rests.pop(model, None)
        self._rests.pop(split_name(model)[0], None)

    def recovered(self, server: str) -> None:
        """Forget that a server did not answer; what its models did wrong stays."""
        self._rests.pop(server, None)

    def left_s(self, model: str) -> float:
        """Seconds that a model still rests; 0 when it does not."""
        names = (model, split_name(model)[0])
        now = self._clock()
        return max(0.0, *(self._rests[name].until - now for name in names if name in self._rests), 0.0)


def is_the_servers_fault(error: AuraError) -> bool:
    """Whether the next question to the same model is likely to fail as well."""
    return not isinstance(error, _NOT_THE_MODEL)


def split_name(name: str) -> tuple[str, str]:
    """Server and model of `server/model`; names of models may have slashes, those of servers have none."""
    server, _, model = name.partition("/")
    return server, model
