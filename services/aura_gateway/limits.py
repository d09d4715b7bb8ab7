"""How often a command may be called: a token bucket each."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from aura_shared.errors import RateLimited

__all__ = ["RateLimits"]

_MAX_BUCKETS: Final = 1024  # Commands are route and tool names; made-up paths must not grow the table for ever.


class RateLimits:
    """Buckets by command; each holds one second's worth of calls, so that a burst of that size passes."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._size = max(1.0, per_second)
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, command: str, *, times: float = 1.0) -> None:
        """Count one call; the command may be called `times` as often as others.

        Raises:
            RateLimited: The bucket is empty; `retry_after_s` says for how long.
        """
        now = self._clock()
        size, per_second = self._size * times, self._per_second * times
        left, seen_at = self._buckets.get(command, (size, now))
        left = min(size, left + (now - seen_at) * per_second)
        if left < 1:
            self._buckets[command] = (left, now)
            raise TooOften(command, (1 - left) / per_second)
        if command not in self._buckets and len(self._buckets) >= _MAX_BUCKETS:
            self._buckets.pop(next(iter(self._buckets)))
        self._buckets[command] = (left - 1, now)


class TooOften(RateLimited):
    """A command was called too often; knows when it may be called again."""

    def __init__(self, command: str, retry_after_s: float) -> None:
        super().__init__(
            f"{command} was called too often",
            hint=f"Try again in {retry_after_s:.2f} s, or raise gateway.rate_per_second.",
        )
        self.retry_after_s = retry_after_s
        """Seconds until the next call passes."""
