"""Boxes over a view: what all of them share, and the small ones: choose one, say yes, give a text, read the help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple, TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

__all__ = ["Choice", "Choose", "Confirm", "Dialog", "Help", "Prompt", "YesNo"]

AnswerT = TypeVar("AnswerT")


class Dialog(ModalScreen[AnswerT]):
    """A box with a title over a view: a container of the class `box`, with its buttons in one of the class `answers`.

    `AUTO_FOCUS` says what has the focus first. The class `-difference` makes it large, for a difference of files.
    """

    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > .box {
        width: 76; max-width: 96%; height: auto; max-height: 90%; padding: 0 1;
        background: $surface; border: round $primary; border-title-color: $primary; border-title-style: bold;
        border-subtitle-color: $muted; scrollbar-background: $surface;
    }
    Dialog > .box VerticalScroll { scrollbar-background: $surface; }
    Dialog.-difference > .box { width: 140; height: 90%; background: $background; }
    Dialog .answers { height: 1; margin: 1 0 0 0; }
    Dialog .answers Button { min-width: 0; padding: 0 1; margin-right: 2; background: $panel; }
    Dialog .answers Button:focus { background: $block-cursor-background; color: $block-cursor-foreground; }
    """

    def on_mount(self) -> None:
        """Give the first focus also while the terminal has none: nothing would get what is typed when it comes back."""
        if self.focused is None and self.AUTO_FOCUS:
            self.query(self.AUTO_FOCUS).first().focus()


class YesNo(Dialog[bool]):
    """A question to be answered yes or no, below what it is about.

    Args:
        title: What is asked.
        yes: The answer that does it.
        note: What is said at the lower edge.
        classes: Those of the dialog.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "dismiss(False)", "No"),
        Binding("y", "dismiss(True)", "Yes"),
    ]
    DEFAULT_CSS = """
    YesNo VerticalScroll { height: auto; max-height: 100%; }
    YesNo .answers { dock: bottom; }
    """

    def __init__(self, title: str, yes: str, note: str = "", classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._title = title
        self._yes = yes
        self._note = note

    def compose(self) -> ComposeResult:
        """What it is about, and the two answers."""
        with Vertical(classes="box") as box:
            box.border_title = self._title
            box.border_subtitle = self._note
            yield from self.compose_matter()
            with Horizontal(classes="answers"):
                yield Button(f"{self._yes} (y)", id="yes", compact=True)
                yield Button("No (n)", id="no", compact=True)

    def compose_matter(self) -> ComposeResult:
        """What it is about."""
        raise NotImplementedError

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """Answer."""
        self.dismiss(event.button.id == "yes")


class Choice(NamedTuple):
    """Something to choose."""

    id: str
    """What is answered."""
    title: str
    """Its name."""
    about: str = ""
    """What to know of it."""


class Choose(Dialog[str | None]):
    """Choose one of several; answers its identifier, None when nothing was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]
    AUTO_FOCUS = "OptionList"
    DEFAULT_CSS = """
    Choose OptionList { max-height: 24; }
    Choose OptionList, Choose OptionList:focus { background: $surface; background-tint: transparent; }
    """

    def __init__(self, title: str, choices: Sequence[Choice], chosen: str = "") -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._chosen = chosen

    def compose(self) -> ComposeResult:
        """The list."""
        with Vertical(classes="box") as box:
            box.border_title = self._title
            box.border_subtitle = "Enter chooses, Esc leaves it"
            longest = max((len(choice.title) for choice in self._choices), default=0)
            options = (Option(_line(choice, longest), id=choice.id) for choice in self._choices)
            yield OptionList(*options, compact=True)

    def on_mount(self) -> None:
        """Begin at what is chosen now."""
        options = self.query_one(OptionList)
        for number, choice in enumerate(self._choices):
            if choice.id == self._chosen:
                options.highlighted = number

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Answer."""
        self.dismiss(event.option_id)


def _line(choice: Choice, longest: int) -> Text:
    return Text.assemble(choice.title.ljust(longest), "  ", (choice.about, "dim"))


class Confirm(YesNo):
    """Ask before something is done; the careful answer has the focus."""

    AUTO_FOCUS = "#no"
    DEFAULT_CSS = """
    Confirm #text { padding: 1 0 0 0; }
    Confirm .answers { margin: 1 0; }
    """

    def __init__(self, title: str, text: str, yes: str = "Yes") -> None:
        super().__init__(title, yes)
        self._text = text

    def compose_matter(self) -> ComposeResult:
        """The question."""
        with VerticalScroll(can_focus=False):
            yield Static(Text(self._text), id="text")


class Prompt(Dialog[str | None]):
    """Ask for a line of text; None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]
    AUTO_FOCUS = "Input"
    DEFAULT_CSS = """
    Prompt Label { width: 100%; }
    Prompt Input { margin: 1 0; }
    """

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
            box.border_subtitle = "Enter takes it, Esc leaves it"
            if self._label:
                yield Label(Text(self._label))
            yield Input(self._value, placeholder=self._placeholder, compact=True)

    @on(Input.Submitted)
    def answer(self, event: Input.Submitted) -> None:
        """Answer."""
        self.dismiss(event.value)


class Help(Dialog[None]):
    """What a view is for, and its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark", "dismiss(None)", "Close")]
    AUTO_FOCUS = ".box"
    DEFAULT_CSS = "Help > .box { width: 84; }"

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
