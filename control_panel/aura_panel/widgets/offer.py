"""A question about a difference with more answers than yes and no: it is shown in full before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button

from aura_panel.diff_document import DiffDocument
from aura_panel.widgets.dialogs import Dialog
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


class Offer(Dialog[str]):
    """Show a difference and what can be done with it; answers with an identifier, empty for nothing.

    Args:
        title: What is offered.
        document: The difference.
        answers: What can be done beside leaving it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,n", "dismiss('')", "No")]
    AUTO_FOCUS = "DiffView"

    def __init__(self, title: str, document: DiffDocument, answers: Sequence[OfferAnswer]) -> None:
        super().__init__(classes="-difference")
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
            with Horizontal(classes="answers"):
                for answer in self._answers:
                    yield Button(f"{answer.title} ({answer.key})", id=answer.id, compact=True)
                yield Button("No (n)", id="nothing", compact=True)

    def on_mount(self) -> None:
        """Show the difference."""
        self.query_one(DiffView).show(self._document)

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """Answer."""
        chosen = event.button.id or ""
        self.dismiss("" if chosen == "nothing" else chosen)
