"""A question about a difference: it is shown in full before the answer."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from aura_panel.widgets.dialogs import YesNo

__all__ = ["Review"]


class Review(YesNo):
    """Show what would change, and ask; arrows scroll.

    Args:
        title: What is asked.
        text: The difference.
        yes: The answer that does it.
    """

    AUTO_FOCUS = "VerticalScroll"
    DEFAULT_CSS = "Review > .box { width: 110; }"

    def __init__(self, title: str, text: Text, yes: str = "Save") -> None:
        super().__init__(title, yes)
        self._text = text

    def compose_matter(self) -> ComposeResult:
        """The difference."""
        with VerticalScroll():
            yield Static(self._text)
