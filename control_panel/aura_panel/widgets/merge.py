"""A question about a merge: what would be written is shown in full before the answer."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button

from aura_panel.diff_document import DiffDocument
from aura_panel.widgets.diff import DiffView

__all__ = ["MergeQuestion"]


class MergeQuestion(ModalScreen[bool]):
    """Show what would be written to files that changed since, and ask.

    Args:
        title: What is asked.
        document: The merge.
        yes: The answer that does it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "dismiss(False)", "No"),
        Binding("y", "dismiss(True)", "Yes"),
    ]
    DEFAULT_CSS = """
    MergeQuestion { align: center middle; }
    MergeQuestion > .box {
        width: 96%; max-width: 140; height: 90%; padding: 0 1;
        background: $background; border: round $warning; border-title-color: $warning; border-title-style: bold;
    }
    MergeQuestion Horizontal { height: 1; margin-top: 1; }
    MergeQuestion Button { margin-right: 2; }
    """

    def __init__(self, title: str, document: DiffDocument, yes: str) -> None:
        super().__init__()
        self._title = title
        self._document = document
        self._yes = yes

    def compose(self) -> ComposeResult:
        """The merge and the two answers."""
        with Vertical(classes="box") as box:
            box.border_title = self._title
            box.border_subtitle = "nothing was written yet"
            yield DiffView()
            with Horizontal():
                yield Button(f"{self._yes} this (y)", id="yes", compact=True)
                yield Button("No (n)", id="no", compact=True)

    def on_mount(self) -> None:
        """Keys scroll the merge."""
        diff = self.query_one(DiffView)
        diff.show(self._document)
        diff.focus()

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """Answer."""
        self.dismiss(event.button.id == "yes")
