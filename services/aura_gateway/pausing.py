"""Pausing background work: the one place that says so, to every service, now and after its next start."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from aura_shared.background import BackgroundWork, pause_left
from aura_shared.bus import Bus, Context
from aura_shared.instants import written
from aura_shared.messages.services import PauseWork, ResumeWork, ShowWork, WorkAnswer, WorkPaused

__all__ = ["Pausing"]


class Pausing:
    """Answers `PauseWork`, `ResumeWork` and `ShowWork`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._work = BackgroundWork(bus)

    def register(self) -> None:
        """Serve."""
        self._bus.serve(PauseWork, self._pause)
        self._bus.serve(ResumeWork, self._resume)
        self._bus.serve(ShowWork, self._show)

    async def start(self) -> None:
        """Know what was said before."""
        await self._work.start()

    async def stop(self) -> None:
        """Follow no more."""
        await self._work.stop()

    def now(self) -> WorkPaused:
        """What holds now; a pause whose end has passed is none."""
        state = self._work.state
        return state if pause_left(state, time.time()) > 0 else WorkPaused(paused=False)

    async def _pause(self, request: PauseWork, context: Context) -> WorkAnswer:
        until = ""
        if request.for_s is not None:
            until = written(datetime.fromtimestamp(time.time() + request.for_s, UTC))
        return await self._say(WorkPaused(paused=True, until=until, by=_who(context)))

    async def _resume(self, _request: ResumeWork, context: Context) -> WorkAnswer:
        return await self._say(WorkPaused(paused=False, by=_who(context)))

    async def _show(self, _request: ShowWork, _context: Context) -> WorkAnswer:
        return WorkAnswer(work=self.now())

    async def _say(self, state: WorkPaused) -> WorkAnswer:
        await self._bus.publish(state)
        self._work.take(state)
        return WorkAnswer(work=state)


def _who(context: Context) -> str:
    return context.envelope.origin or context.envelope.src
