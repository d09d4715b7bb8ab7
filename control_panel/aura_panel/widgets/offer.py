"""A question about a difference with more answers than yes and no: it is shown in full before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button

from aura_panel.diff_document import DiffDocument
from aura_panel.widgets.diff import DiffView

__all__ = ["Offer", "OfferAnswer"]


class OfferAnswer(NamedTuple):
    """Something that can be done with a difference."""

    key: str
    """What one presses."""
    id: str
    """What is answered."""
    title: str
    """What it does, in a few words."""


class Offer(ModalScreen[str]):
    """Show a difference and what can be done with it; answers with an identifier, empty for nothing.

    Args:
        title: What is offered.
        document: The difference.
        answers: What can be done beside leaving it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,n", "dismiss('')", "No")]
    DEFAULT_CSS = """
    Offer { align: center middle; }
    Offer > .box {
        width: 96%; max-width: 140; height: 90%; padding: 0 1;
        background: $background; border: round $primary; border-title-color: $primary; border-title-style: bold;
        border-subtitle-color: $muted;
    }
    Offer Horizontal { height: 1; margin-top: 1; }
    Offer Button { margin-right: 2; }
    """

    def __init__(self, title: str, document: DiffDocument, answers: Sequence[OfferAnswer]) -> None:
        super().__init__()
        self._title = title
        self._document = document
        self._answers = answers
        for answer in answers:
            self._bindings.bind(answer.key, f"dismiss('{answer.id}')", answer.title)

    def compose(self) -> ComposeResult:
        """The difference and the answers."""
        with Vertical(classes="box") as box:
            box.border_title = self._title
            box.border_subtitle = "nothing was written yet"
            yield DiffView()
            with Horizontal():
                for answer in self._answers:
                    yield Button(f"{answer.title} ({answer.key})", id=answer.id, compact=True)
                yield Button("No (n)", id="nothing", compact=True)

    def on_mount(self) -> None:
        """Keys scroll the difference."""
        diff = self.query_one(DiffView)
        diff.show(self._document)
        diff.focus()

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """Answer."""
        chosen = event.button.id or ""
        self.dismiss("" if chosen == "nothing" else chosen)
