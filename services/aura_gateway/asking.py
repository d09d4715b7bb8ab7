"""Questions to the services: bounded in time and size, and taken back when the client leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from aura_gateway.calls import Call
from aura_shared.bus import Bus, ProgressHandler
from aura_shared.causes import Cause, because
from aura_shared.errors import AuraError, Cancelled, TooLarge
from aura_shared.logging import get_logger
from aura_shared.messages.core import Event, ReplyT, Request

__all__ = ["MAX_ANSWER_BYTES", "Asking", "bounded", "until_gone"]

MAX_ANSWER_BYTES: Final = 8_388_608
"""Larger answers are refused; the budgets of the requests keep usual ones far below."""

AnswerT = TypeVar("AnswerT")

log = get_logger("asking")


class Asking:
    """Asks over the bus with the gateway's time bound."""

    def __init__(self, bus: Bus, timeout_s: float) -> None:
        self._bus = bus
        self.timeout_s = timeout_s
        """Bound of one call."""

    async def ask(
        self,
        request: Request[ReplyT],
        *,
        cause: str,
        origin: str = "",
        timeout_s: float | None = None,
        on_progress: ProgressHandler | None = None,
    ) -> ReplyT:
        """What the service answers.

        Args:
            request: The question.
            cause: Id of the client's call.
            origin: What kind of client it is; empty for the gateway itself.
            timeout_s: Another bound than usual.
            on_progress: Hears how far the work is.

        Raises:
            AuraError: What the service reports, or that it does not answer in time.
        """
        limit = self.timeout_s if timeout_s is None else timeout_s
        with because(Cause(id=cause, origin=origin)):
            return await self._bus.request(request, timeout_s=limit, on_progress=on_progress)

    async def publish(self, event: Event, call: Call, project: str = "") -> None:
        """Tell everybody what a call led to; what cannot be told is logged, and the call goes on."""
        try:
            with because(Cause(id=call.request_id, origin=call.origin)):
                await self._bus.publish(event, project=project or None)
        except AuraError:
            log.warning("event_not_published", type=type(event).type, exc_info=True)


def bounded(answer: bytes) -> bytes:
    """`answer` itself.

    Raises:
        TooLarge: It is over the bound of answers.
    """
    if len(answer) > MAX_ANSWER_BYTES:
        raise TooLarge(
            f"the answer has {len(answer)} bytes, and {MAX_ANSWER_BYTES} is the most",
            hint="Ask for less: a lower limit, a lower budget, or a narrower path.",
        )
    return answer


async def until_gone(work: Awaitable[AnswerT], gone: Callable[[], Awaitable[object]]) -> AnswerT:
    """The result of `work`, which is cancelled when `gone` returns first: the client has left.

    Raises:
        Cancelled: The client left.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(gone())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Cancelled("the client left before the answer")
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)
