"""What can be done from everywhere, by the command palette: views, services, projects, themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from aura_panel.catalogue import VIEWS
from aura_panel.themes import THEMES

if TYPE_CHECKING:
    from aura_panel.app import PanelApp

__all__ = ["commands_of"]


def commands_of(panel: PanelApp) -> Iterator[SystemCommand]:
    """The commands of the palette."""
    for number, entry in enumerate(VIEWS, 1):
        yield SystemCommand(
            f"Go to {entry.title}", f"{entry.about} Key {number}.", partial(panel.action_view, entry.name)
        )
    yield from _themes(panel)
    yield SystemCommand("Quit", "Leave the panel; Aura goes on. Key q.", panel.exit)


def _themes(panel: PanelApp) -> Iterator[SystemCommand]:
    for name in THEMES:
        yield SystemCommand(f"Theme: {name}", "Colours of the panel.", _setter(panel, name))


def _setter(panel: PanelApp, name: str) -> Callable[[], None]:
    def choose() -> None:
        panel.theme = name

    return choose
