"""Keys act one after the other, so that what is typed fast goes where it belongs.

Textual gives a key to what has the focus when the key arrives, even if a key before it, which is still on its way
through the widgets, moves the focus: of "/error" typed fast, some letters would be commands of the view. So would those
after a key whose work asks something, until its dialog is there.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, Final, TypeAlias, cast

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.screen import Screen
from textual.worker import Worker

__all__ = ["KeyOrder", "Typed"]

Typed: TypeAlias = "events.Key | events.Paste"

PATIENCE_S: Final = 1.0
"""A widget or a worker that takes longer for a key does not hold up those that follow."""
_LOOK_S: Final = 0.005
_ACTION: Final = "action_"
"""How the names of workers begin that a key waits for: they are an action and may ask something. What is read because
the cursor moved, and what takes long and asks nothing, has another name."""


class KeyOrder:
    """Holds what is typed back until everything that was typed before has acted.

    Args:
        app: The application.
        act: Lets it handle a key.
        target: What has the focus.
    """

    def __init__(self, app: App[Any], act: Callable[[Typed], Awaitable[None]], target: Callable[[], DOMNode]) -> None:
        self._app = app
        self._act = act
        self._target = target
        self._held: deque[Typed] = deque()
        self._busy_since: float | None = None
        self._screens: tuple[Screen[Any], ...] = ()
        self._workers: frozenset[Worker[Any]] = frozenset()

    async def take(self, typed: Typed) -> None:
        """Handle a key now, or after those before it."""
        self._held.append(typed)
        began = self._busy_since
        if began is None:
            await self._next()
        elif len(self._held) == 1:
            self._app.set_timer(max(0.001, began + PATIENCE_S - time.monotonic()), lambda: self._done(began))

    async def _next(self) -> None:
        if not self._app.screen_stack:  # The application is ending; what was typed after that goes nowhere.
            self._held.clear()
        if not self._held:
            self._busy_since = None
            return
        began = self._busy_since = time.monotonic()
        target = self._target()
        self._screens = tuple(self._app.screen_stack)
        self._workers = self._acting()
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
        if began != self._busy_since:
            return
        if self._acted() or time.monotonic() >= began + PATIENCE_S:
            await self._next()
        else:
            self._app.set_timer(_LOOK_S, partial(self._done, began))

    def _acted(self) -> bool:
        """Whether what the key began has come to a dialog that takes keys, or to its end."""
        now, before = self._app.screen_stack, self._screens
        if now and now[-1] not in before:
            return now[-1].is_mounted
        # Behind a dialog that was closed its worker goes on, maybe to the next one.
        waited_for = self._workers if len(now) >= len(before) else frozenset[Worker[Any]]()
        return self._acting() <= waited_for

    def _acting(self) -> frozenset[Worker[Any]]:
        workers = cast("Iterable[Worker[Any]]", self._app.workers)
        return frozenset(worker for worker in workers if worker.name.startswith(_ACTION) and not worker.is_finished)
