"""Whether work that nobody asked for may go on now.

A person can pause it (`aura pause`); `docs/background-work.md` tells what waits then and what does not. The parts that
do such work ask `may_go_on` before each piece of it, and note what they would have done, so that it is done once later.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from aura_shared.bus import Bus
from aura_shared.errors import BusError, UsageProblem
from aura_shared.instants import read_instant
from aura_shared.logging import get_logger
from aura_shared.messages.services import WorkPaused

__all__ = ["BackgroundWork", "pause_left"]

log = get_logger(__name__)
_LOOK_S: Final = 30.0
"""How often the clock is looked at while a pause has an end: it may be set, and the machine may sleep."""


def pause_left(state: WorkPaused, now_s: float) -> float:
    """Seconds until work may go on; 0 when it may, infinity for a pause without an end.

    Args:
        state: What was said last.
        now_s: Seconds since 1970 UTC.
    """
    if not state.paused:
        return 0.0
    try:
        until = read_instant(state.until, "until")
    except UsageProblem:
        until = None  # Better a pause that a person ends than none.
    return float("inf") if until is None else max(0.0, (until - datetime.fromtimestamp(now_s, UTC)).total_seconds())


class BackgroundWork:
    """Follows what is said about pauses. One per process.

    Args:
        bus: Where it is said.
        clock: Seconds since 1970 UTC.
    """

    def __init__(self, bus: Bus, *, clock: Callable[[], float] = time.time) -> None:
        self._bus = bus
        self._clock = clock
        self._state = WorkPaused(paused=False)
        self._moved = asyncio.Event()
        self._follower: asyncio.Task[None] | None = None
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many pieces of work wait for the end of the pause."""
        return self._waiting

    @property
    def state(self) -> WorkPaused:
        """What was said last."""
        return self._state

    @property
    def paused(self) -> bool:
        """Whether background work has to wait now."""
        return pause_left(self._state, self._clock()) > 0

    async def start(self) -> None:
        """Follow from now on; a pause that was begun before is known when this returns."""
        if self._follower is None:
            events = self._bus.listen(WorkPaused)

            async def follow() -> None:
                with suppress(BusError):
                    async for delivery in events:
                        if isinstance(delivery.event, WorkPaused):
                            self.take(delivery.event)

            self._follower = asyncio.create_task(follow(), name="pauses")
            await asyncio.sleep(0)  # It takes what lies there already.

    async def stop(self) -> None:
        """Follow no more."""
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)

    def take(self, state: WorkPaused) -> None:
        """Something was said."""
        if state.paused != self._state.paused:
            log.info("background_work_paused" if state.paused else "background_work_goes_on", by=state.by)
        self._state = state
        self._moved.set()
        self._moved = asyncio.Event()

    async def may_go_on(self) -> None:
        """Returns at once, or when the pause is over."""
        if not self.paused:
            return
        self._waiting += 1
        try:
            while (left := pause_left(self._state, self._clock())) > 0:
                moved = self._moved
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left, _LOOK_S) if left != float("inf") else None):
                        await moved.wait()
        finally:
            self._waiting -= 1
