"""What happened to the items of a plan, by day: added, begun, finished, dropped. Days are ordinals in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

__all__ = ["History", "Life"]


@dataclass(frozen=True, slots=True)
class Life:
    """One item."""

    key: str
    added: int
    """The day on which it came into the plan."""
    begun: int | None = None
    """The day on which somebody got to work on it; None when nobody did, or it was never written."""
    finished: int | None = None
    dropped: int | None = None
    """The day on which it was cancelled or taken out of the plan."""
    points: float | None = None
    """Its estimate."""

    def open_on(self, day: int) -> bool:
        """Whether it was in the plan and not done at the end of a day."""
        ended = min((one for one in (self.finished, self.dropped) if one is not None), default=None)
        return self.added <= day and (ended is None or ended > day)


@dataclass(frozen=True, slots=True)
class History:
    """The past of a plan up to a day."""

    lives: Sequence[Life]
    """By the day on which they were added, then by key."""
    last: int
    """The last day that is known."""
    arrived: Sequence[int] = ()
    """When items came that were done already: nobody knows when, so they say nothing about the pace."""
    first: int = field(init=False)
    """The first day that is known."""

    def __post_init__(self) -> None:
        """Put the lives in order."""
        object.__setattr__(self, "lives", sorted(self.lives, key=lambda one: (one.added, one.key)))
        object.__setattr__(self, "first", self.lives[0].added if self.lives else self.last)

    def as_of(self, day: int) -> History:
        """What was known at the end of a day."""
        known = (one for one in self.lives if one.added <= day)
        return History(
            [
                replace(
                    one,
                    begun=_until(one.begun, day),
                    finished=_until(one.finished, day),
                    dropped=_until(one.dropped, day),
                )
                for one in known
            ],
            day,
            [one for one in self.arrived if one <= day],
        )

    @property
    def finished(self) -> list[int]:
        """The days on which items were finished, in order."""
        return sorted(one.finished for one in self.lives if one.finished is not None)

    @property
    def open(self) -> list[Life]:
        """What is in the plan and not done."""
        return [one for one in self.lives if one.open_on(self.last)]

    def cycles(self) -> list[tuple[int, bool]]:
        """Days from the beginning of work to its end, in order; False for what was not finished, up to its last day."""
        found: list[tuple[int, bool]] = []
        for one in self.lives:
            if one.begun is not None:
                end = (
                    one.finished if one.finished is not None else one.dropped if one.dropped is not None else self.last
                )
                found.append((max(0, end - one.begun), one.finished is not None))
        return sorted(found)


def _until(day: int | None, last: int) -> int | None:
    return day if day is not None and day <= last else None
