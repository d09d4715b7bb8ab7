"""A question about a difference: it is shown in full before the answer."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

__all__ = ["Review"]


class Review(ModalScreen[bool]):
    """Show what would change, and ask; arrows scroll.

    Args:
        title: What is asked.
        text: The difference.
        yes: The answer that does it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "dismiss(False)", "No"),
        Binding("y", "dismiss(True)", "Yes"),
    ]
    DEFAULT_CSS = """
    Review { align: center middle; }
    Review > .box {
        width: 110; max-width: 96%; height: auto; max-height: 90%; padding: 0 1;
        background: $surface; border: round $primary; border-title-color: $primary; border-title-style: bold;
    }
    Review VerticalScroll { height: auto; max-height: 70vh; }
    Review Horizontal { height: 1; margin: 1 0; }
    Review Button { margin-right: 2; }
    """

    def __init__(self, title: str, text: Text, yes: str = "Save") -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._yes = yes

    def compose(self) -> ComposeResult:
        """The difference and the two answers."""
        with Vertical(classes="box") as box:
            box.border_title = self._title
            with VerticalScroll():
                yield Static(self._text)
            with Horizontal():
                yield Button(f"{self._yes} (y)", id="yes", compact=True)
                yield Button("No (n)", id="no", compact=True)

    def on_mount(self) -> None:
        """Keys scroll the difference."""
        self.query_one(VerticalScroll).focus()

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """Answer."""
        self.dismiss(event.button.id == "yes")
