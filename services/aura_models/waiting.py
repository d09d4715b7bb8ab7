"""The queue before a model server: so many calls at once, interactive ones first, and so many in a minute."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from aura_shared.errors import RateLimited
from aura_shared.messages.models import Priority

__all__ = ["MOST_WAITING", "ServerQueue"]

MOST_WAITING: Final = 64
"""Calls that may wait for one server. At ten seconds a call the last one would wait ten minutes."""
_RANK: Final[dict[Priority, int]] = {"interactive": 0, "background": 1}
_MINUTE_S: Final = 60.0


class ServerQueue:
    """Who may ask a server now, and who has to wait.

    Args:
        server: Its name, for messages.
        at_once: Calls that it works on at once.
        per_minute: Most calls that begin within a minute; 0 for no bound.
        most_waiting: Calls that may wait; further ones are refused.
    """

    def __init__(self, server: str, *, at_once: int, per_minute: int = 0, most_waiting: int = MOST_WAITING) -> None:
        self._server = server
        self._free = at_once
        self._per_minute = per_minute
        self._most_waiting = most_waiting
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._begun: deque[float] = deque()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """Calls that wait."""
        return sum(not turn.done() for _, _, turn in self._waiting)

    @asynccontextmanager
    async def turn(self, priority: Priority) -> AsyncGenerator[float]:
        """Wait for a turn, which lasts until the end of the block; gives the seconds that were waited.

        An interactive call overtakes background ones that wait; one that has begun is not interrupted.

        Raises:
            RateLimited: Too many wait already.
        """
        began = time.monotonic()
        await self._enter(priority)
        try:
            yield time.monotonic() - began
        finally:
            self._free += 1
            self._admit()

    async def _enter(self, priority: Priority) -> None:
        if self.waiting >= self._most_waiting:
            raise RateLimited(
                f"{self._most_waiting} calls wait for the model server {self._server}, and no more are taken",
                hint="Wait until some are done; models.at_once lets the server work on several.",
            )
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (_RANK[priority], next(self._order), turn))
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # The turn came in the moment in which the call was taken back.
                self._free += 1
                self._admit()
            raise

    def _admit(self) -> None:
        """Give turns to those that wait, as far as there is room."""
        while self._waiting:
            if self._waiting[0][2].done():  # Taken back while it waited.
                heapq.heappop(self._waiting)
                continue
            if self._free <= 0 or not self._may_begin():
                return
            _, _, turn = heapq.heappop(self._waiting)
            self._free -= 1
            if self._per_minute:
                self._begun.append(time.monotonic())
            turn.set_result(None)

    def _may_begin(self) -> bool:
        """Whether the bound of a minute allows one more; if not, it is looked at again when it does."""
        now = time.monotonic()
        while self._begun and now - self._begun[0] >= _MINUTE_S:
            self._begun.popleft()
        if not self._per_minute or len(self._begun) < self._per_minute:
            return True
        if self._timer is None:
            left = _MINUTE_S - (now - self._begun[0])
            self._timer = asyncio.get_running_loop().call_later(left, self._again)
        return False

    def _again(self) -> None:
        self._timer = None
        self._admit()
