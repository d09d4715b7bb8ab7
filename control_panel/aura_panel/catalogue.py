"""The views of the panel: their keys, their names, and the service that each needs."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple, cast

if TYPE_CHECKING:
    from aura_panel.views.view import View

__all__ = ["VIEWS", "ViewEntry"]


class ViewEntry(NamedTuple):
    """One view."""

    name: str
    """Its name, also of its mode and its module."""
    title: str
    """What it is called on the screen."""
    place: str
    """Module and class; imported when it is shown first, so that the first picture is there early."""
    service: str = ""
    """The service that it shows; the view is there once that service is."""
    about: str = ""
    """What one does there, in a sentence."""

    def make(self) -> View:
        """A new view; its module is imported."""
        module, _, name = self.place.partition(":")
        return cast("Callable[[], View]", getattr(import_module(f"aura_panel.views.{module}"), name))()


VIEWS: Final = (
    ViewEntry("home", "Home", "home:HomeView", about="How everything is, what needs you, and what happened."),
    ViewEntry("log", "Log", "log:LogView", about="What the services write and do, live or from the past."),
    ViewEntry("search", "Search", "search:SearchView", "code", "Find code and definitions as you type."),
    ViewEntry("findings", "Findings", "findings:FindingsView", "code", "What rules and tools found, why, and fixes."),
    ViewEntry("changes", "Changes", "changes:ChangesView", "factory", "Review, edit, apply and undo changes."),
    ViewEntry("plan", "Plan", "plan:PlanView", "planning", "Epics, stories and tasks, their order and progress."),
    ViewEntry("git", "Git", "git:GitView", "git", "The state of the repository, operations and their undo."),
    ViewEntry("models", "Models", "models:ModelsView", "models", "Model servers, roles, figures and prompts."),
    ViewEntry("settings", "Settings", "settings:SettingsView", about="Every setting, where it comes from, and edits."),
)
"""In the order of their keys, 1 to 9."""
