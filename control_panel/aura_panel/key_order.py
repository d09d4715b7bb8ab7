"""Keys act one after the other, so that what is typed fast goes where it belongs.

Textual gives a key to what has the focus when the key arrives, even if a key before it, which is still on its way
through the widgets, moves the focus: of "/error" typed fast, some letters would be commands of the view.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from textual import events
from textual.dom import DOMNode
from textual.message_pump import MessagePump

__all__ = ["KeyOrder", "Typed"]

Typed: TypeAlias = "events.Key | events.Paste"

PATIENCE_S: Final = 1.0
"""A widget that takes longer for a key does not hold up those that follow."""


class KeyOrder:
    """Holds what is typed back until everything that was typed before has acted.

    Args:
        app: The application.
        act: Lets it handle a key.
        target: What has the focus.
    """

    def __init__(
        self, app: MessagePump, act: Callable[[Typed], Awaitable[None]], target: Callable[[], DOMNode]
    ) -> None:
        self._app = app
        self._act = act
        self._target = target
        self._held: deque[Typed] = deque()
        self._busy_since: float | None = None

    async def take(self, typed: Typed) -> None:
        """Handle a key now, or after those before it."""
        self._held.append(typed)
        began = self._busy_since
        if began is None:
            await self._next()
        elif len(self._held) == 1:
            self._app.set_timer(max(0.001, began + PATIENCE_S - time.monotonic()), lambda: self._done(began))

    async def _next(self) -> None:
        if not self._held:
            self._busy_since = None
            return
        began = self._busy_since = time.monotonic()
        target = self._target()
        await self._act(self._held.popleft())
        # Twice: first behind the key to the application, which acts on it; then behind what the target tells of that,
        # such as that its text was entered.
        self._follow(target, lambda: self._follow(target, lambda: self._app.call_later(self._done, began)))

    def _follow(self, node: DOMNode, then: Callable[[], object]) -> None:
        """Go the way of a message, behind it: through the queue of each widget up to the application."""
        parent = node.parent
        if parent is None or not node.call_later(self._follow, parent, then):
            self._app.call_later(then)

    async def _done(self, began: float) -> None:
        if began == self._busy_since:
            await self._next()
