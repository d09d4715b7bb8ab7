"""A row of names of which one is chosen: the parts of a view that are shown one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

from rich.text import Text
from textual import events
from textual.app import App
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

__all__ = ["Section", "SectionBar"]


class Section(NamedTuple):
    """A part of a view."""

    name: str
    """Its identifier."""
    key: str
    """What one presses."""
    title: str
    """What it is called."""


class SectionBar(Widget):
    """The parts and their keys; a click shows one."""

    DEFAULT_CSS = "SectionBar { height: 1; background: $surface; }"

    active: reactive[str] = reactive("")
    counts: reactive[Mapping[str, int]] = reactive[Mapping[str, int]](dict)
    """How many things each part has; none is shown for a part that is not here."""

    class Chosen(Message):
        """A part was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, sections: Sequence[Section], *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._sections = tuple(sections)

    def render(self) -> Text:
        """The parts as one line."""
        return self._line()[0]

    def _line(self) -> tuple[Text, list[tuple[int, int, str]]]:
        colours = cast("App[None]", self.app).theme_variables
        line, spans = Text(no_wrap=True), list[tuple[int, int, str]]()
        for section in self._sections:
            start = line.cell_len
            count = self.counts.get(section.name)
            label = f"{section.title} {count:,}" if count is not None else section.title
            chosen = section.name == self.active
            mark, style = ("▸", f"bold {colours['primary']}") if chosen else (" ", colours["foreground"])
            line.append(mark, style).append(f"{section.key} ", colours["accent"]).append(f"{label}  ", style)
            spans.append((start, line.cell_len, section.name))
        return line, spans

    def on_click(self, event: events.Click) -> None:
        """Show the part under the pointer."""
        for start, end, name in self._line()[1]:
            if start <= event.x < end:
                self.post_message(self.Chosen(name))
