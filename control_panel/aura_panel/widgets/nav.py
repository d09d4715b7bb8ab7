"""The first row: the views with their keys, what needs the person, and how the daemon is."""

from __future__ import annotations

from typing import Final, NamedTuple, cast

from rich.text import Text
from textual import events
from textual.app import App
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

__all__ = ["NavBar", "Tab"]

_PRESENCE: Final[dict[str, tuple[str, str, str]]] = {
    "unknown": ("○", "connecting", "muted"),
    "down": ("■", "not running", "error"),
    "starting": ("◐", "starting", "warning"),
    "up": ("●", "running", "success"),
    "paused": ("‖", "background work paused", "warning"),
    "stopping": ("◑", "stopping", "warning"),
}
"""Sign, word and colour; the sign alone tells them apart without colour."""


class Tab(NamedTuple):
    """A view on the bar."""

    name: str
    """Of the view."""
    key: str
    """What one presses."""
    title: str
    """What it is called."""
    waiting: int = 0
    """How many things wait for the person there."""


class NavBar(Widget):
    """The bar; a click on a view goes there."""

    DEFAULT_CSS = """
    NavBar { height: 1; dock: top; background: $panel; }
    """

    tabs: reactive[tuple[Tab, ...]] = reactive((), layout=False)
    active: reactive[str] = reactive("")
    presence: reactive[str] = reactive("unknown")
    project: reactive[str] = reactive("")

    class Chosen(Message):
        """A view was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def render(self) -> Text:
        """The bar as one line."""
        width = self.size.width
        right = self._right(width)
        left, _ = self._left(width - right.cell_len - 1)
        left.append(" " * max(1, width - left.cell_len - right.cell_len))
        return left.append_text(right)

    def _left(self, room: int) -> tuple[Text, list[tuple[int, int, str]]]:
        """The views, and where each begins and ends."""
        for roomy in (True, False):
            line, spans = Text(no_wrap=True), list[tuple[int, int, str]]()
            for tab in self.tabs:
                start = line.cell_len
                self._append(line, tab, roomy=roomy)
                spans.append((start, line.cell_len, tab.name))
            if line.cell_len <= room:
                break
        return line, spans

    def _append(self, line: Text, tab: Tab, *, roomy: bool) -> None:
        colours = cast("App[None]", self.app).theme_variables
        waiting = f" ({tab.waiting})" if tab.waiting and roomy else "!" if tab.waiting else ""
        gap = " " if roomy else ""
        if tab.name == self.active:
            style = f"bold {colours['background']} on {colours['primary']}"
            line.append(" ", style if roomy else "")
            line.append(f"{tab.key}{gap}{tab.title}{waiting}{gap}", style)
        else:
            line.append(f" {tab.key}{gap}", colours["muted"])
            line.append(f"{tab.title}", colours["foreground"])
            line.append(f"{waiting}{gap}", f"bold {colours['accent']}")

    def _right(self, width: int) -> Text:
        colours = cast("App[None]", self.app).theme_variables
        sign, word, colour = _PRESENCE[self.presence]
        text = Text(no_wrap=True)
        if width >= 110 and self.project:
            text.append(f"{self.project}  ", colours["muted"])
        text.append(sign, colours[colour])
        if width >= 100:
            text.append(f" {word} ", colours["muted"])
        return text

    def on_click(self, event: events.Click) -> None:
        """Go to the view under the pointer."""
        _, spans = self._left(self.size.width - self._right(self.size.width).cell_len - 1)
        for start, end, name in spans:
            if start <= event.x < end:
                self.post_message(self.Chosen(name))
