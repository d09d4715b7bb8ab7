"""Small questions over a view: choose one, say yes, give a text, read the help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

__all__ = ["Choice", "Choose", "Confirm", "Help", "Prompt"]

_BOX = """
{0} {{ align: center middle; }}
{0} > .box {{
    width: 76; max-width: 96%; height: auto; max-height: 90%; padding: 0 1;
    background: $surface; border: round $primary; border-title-color: $primary; border-title-style: bold;
}}
"""


class Choice(NamedTuple):
    """Something to choose."""

    id: str
    """What is answered."""
    title: str
    """Its name."""
    about: str = ""
    """What to know of it."""


class Choose(ModalScreen[str | None]):
    """Choose one of several; answers its identifier, None when nothing was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]
    DEFAULT_CSS = _BOX.format("Choose") + "Choose OptionList { height: auto; max-height: 24; border: none; }"

    def __init__(self, title: str, choices: Sequence[Choice], chosen: str = "") -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        """The list."""
        with Vertical(classes="box") as box:
            box.border_title = self._title
            longest = max((len(choice.title) for choice in self._choices), default=0)
            yield OptionList(*(Option(_line(choice, longest), id=choice.id) for choice in self._choices))

    def on_mount(self) -> None:
        """Begin at what is chosen now."""
        options = self.query_one(OptionList)
        for number, choice in enumerate(self._choices):
            if choice.id == self._chosen:
                options.highlighted = number
        options.focus()

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Answer."""
        self.dismiss(event.option_id)


def _line(choice: Choice, longest: int) -> Text:
    return Text.assemble(choice.title.ljust(longest), "  ", (choice.about, "dim"), no_wrap=True, overflow="ellipsis")


class Confirm(ModalScreen[bool]):
    """Ask before something is done."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "dismiss(False)", "No"),
        Binding("y", "dismiss(True)", "Yes"),
    ]
    DEFAULT_CSS = (
        _BOX.format("Confirm")
        + """
    Confirm #text { padding: 1 0; }
    Confirm VerticalScroll { height: auto; max-height: 70vh; }
    Confirm Horizontal { height: 1; margin-bottom: 1; }
    Confirm Button { margin-right: 2; }
    """
    )

    def __init__(self, title: str, text: str, yes: str = "Yes") -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._yes = yes

    def compose(self) -> ComposeResult:
        """The question and its two answers."""
        with Vertical(classes="box") as box:
            box.border_title = self._title
            with VerticalScroll(can_focus=False):
                yield Static(Text(self._text), id="text")
            with Horizontal():
                yield Button(f"{self._yes} (y)", id="yes", compact=True)
                yield Button("No (n)", id="no", compact=True)

    def on_mount(self) -> None:
        """The careful answer has the focus."""
        self.query_one("#no", Button).focus()

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """Answer."""
        self.dismiss(event.button.id == "yes")


class Prompt(ModalScreen[str | None]):
    """Ask for a line of text; None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]
    DEFAULT_CSS = _BOX.format("Prompt") + "Prompt Input { margin: 1 0; }"

    def __init__(self, title: str, label: str = "", value: str = "", placeholder: str = "") -> None:
        super().__init__()
        self._title = title
        self._label = label
        self._value = value
        self._placeholder = placeholder

    def compose(self) -> ComposeResult:
        """The label and the input."""
        with Vertical(classes="box") as box:
            box.border_title = self._title
            if self._label:
                yield Label(Text(self._label))
            yield Input(self._value, placeholder=self._placeholder, compact=True)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def answer(self, event: Input.Submitted) -> None:
        """Answer."""
        self.dismiss(event.value)


class Help(ModalScreen[None]):
    """What a view is for, and its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark", "dismiss(None)", "Close")]
    DEFAULT_CSS = _BOX.format("Help") + "Help .box { width: 84; }"

    def __init__(self, title: str, about: str, keys: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._title = title
        self._about = about
        self._keys = keys

    def compose(self) -> ComposeResult:
        """Text, then keys."""
        with VerticalScroll(classes="box") as box:
            box.border_title = f"Help: {self._title}"
            box.border_subtitle = "Esc closes"
            longest = max((len(key) for key, _ in self._keys), default=0)
            lines = Text(f"{self._about.strip()}\n\n")
            for key, what in self._keys:
                lines.append(f"{key.rjust(longest)}  ", "bold").append(f"{what}\n")
            yield Static(lines)

    def on_mount(self) -> None:
        """Keys scroll at once."""
        self.query_one(VerticalScroll).focus()
