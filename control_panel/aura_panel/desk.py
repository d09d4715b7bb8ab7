"""What the desks of views share: whom they ask, and how they say what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from aura_panel.widgets.dialogs import Choice, Choose
from aura_panel.widgets.review import Review

if TYPE_CHECKING:
    from aura_panel.link import Link
    from aura_panel.views.view import View

__all__ = ["Desk"]


class Desk:
    """Carries out what a key asks for.

    Args:
        view: The view; its questions are shown over it.
        project: Tells the project.
    """

    def __init__(self, view: View, project: Callable[[], str]) -> None:
        self._view = view
        self._project = project

    @property
    def _link(self) -> Link:
        return self._view.world.link

    @property
    def _colours(self) -> dict[str, str]:
        return self._view.panel.theme_variables

    async def _sure(self, title: str, text: Text, yes: str) -> bool:
        """Show what would happen; whether the person wants it."""
        return bool(await self._view.panel.push_screen_wait(Review(title, text, yes)))

    async def _choose(self, title: str, choices: Sequence[Choice], chosen: str = "") -> str:
        """What the person chose; empty for nothing."""
        return await self._view.panel.push_screen_wait(Choose(Text(title).markup, choices, chosen)) or ""

    def _say(self, text: str) -> None:
        self._view.notify(text, markup=False)
