"""When a service that ended is started again: a pure function of how it ended before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Exit", "Policy", "pause_before_restart"]


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings of the supervisor as plain values; `aura_shared.settings` documents them."""

    backoff_first_s: float = 0.25
    backoff_max_s: float = 30.0
    reset_after_s: float = 30.0
    crash_loop_exits: int = 5
    crash_loop_window_s: float = 60.0
    heartbeat_timeout_s: float = 10.0
    kept_lines: int = 50


@dataclass(frozen=True, slots=True)
class Exit:
    """One end of a service."""

    at_s: float
    """When, on a clock that only grows."""
    up_s: float
    """How long it was up."""


def pause_before_restart(exits: Sequence[Exit], policy: Policy, chance: float) -> float | None:
    """Seconds to wait before the next start; None to give up.

    The upper bound doubles with each further exit of a service that did not stay up; the pause is a random part of it,
    so that services which fail together do not come back together.

    Args:
        exits: All so far, oldest first; at least one.
        policy: The settings.
        chance: A random number in [0, 1).

    Source:
        Brooker (2015), "Exponential Backoff And Jitter", full jitter.
    """
    recent = [exit_ for exit_ in exits if exits[-1].at_s - exit_.at_s <= policy.crash_loop_window_s]
    if len(recent) >= policy.crash_loop_exits:
        return None
    in_a_row = 0
    for exit_ in reversed(exits):
        if exit_.up_s >= policy.reset_after_s:
            break
        in_a_row += 1
    doublings = min(max(in_a_row - 1, 0), 30)
    return chance * min(policy.backoff_max_s, policy.backoff_first_s * 2**doublings)
