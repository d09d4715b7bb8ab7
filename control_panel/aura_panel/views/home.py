"""Home."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Static

from aura_panel.views.view import View


class HomeView(View):
    """A placeholder."""

    NAME = "home"

    def compose_body(self) -> ComposeResult:
        """Text."""
        yield Static("home")
