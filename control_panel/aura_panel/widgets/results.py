"""A list of places in code, in groups: what each is, where, and its best line with the words of the query marked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, cast

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from aura_cli.change_view import plain
from aura_panel.search_rows import Entry, Group
from aura_panel.widgets.listing import shortened
from aura_panel.widgets.straight import paint_lines, resize

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ResultList"]

_KIND: Final = 12
_LEAST_PLACE: Final = 18


class _Line(NamedTuple):
    entry: int
    """Number of its entry; -1 for the heading of a group."""
    part: str
    """`head`, `code`, `score`, or the heading itself."""


class ResultList(ScrollView, can_focus=True):
    """Entries under the headings of their groups. The entry under the cursor is known by its key."""

    DEFAULT_CSS = "ResultList { height: 1fr; overflow-x: hidden; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Open in editor"),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown,space", "page(1)", "Page down", show=False),
        Binding("home,g", "end(0)", "First", show=False),
        Binding("end,G", "end(-1)", "Last", show=False),
    ]

    class Moved(Message):
        """Another entry is under the cursor."""

    class Chosen(Message):
        """Enter on an entry."""

    class Above(Message):
        """Up, from the first entry."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._entries: list[Entry] = []
        self._lines: list[_Line] = []
        self._tops: list[int] = []
        self._cursor = 0
        self._pattern: re.Pattern[str] | None = None
        self._styles: dict[tuple[str, bool, bool], Style] = {}

    @property
    def entry(self) -> Entry | None:
        """What is under the cursor."""
        return self._entries[self._cursor] if self._cursor < len(self._entries) else None

    @property
    def entries(self) -> Sequence[Entry]:
        """All entries, in their order."""
        return self._entries

    def show(self, groups: Sequence[Group], pattern: re.Pattern[str] | None = None, *, at: str = "") -> None:
        """Show these groups.

        Args:
            groups: What is shown.
            pattern: What is marked in their lines.
            at: Key of the entry that the cursor goes to; the first one when it is not there.
        """
        self._pattern = pattern
        self._entries = [entry for group in groups for entry in group.entries]
        self._lines, self._tops = [], []
        for line in _lines_of(groups):
            if line.part == "head":
                self._tops.append(len(self._lines))
            self._lines.append(line)
        self._cursor = next((number for number, entry in enumerate(self._entries) if entry.key == at), 0)
        resize(self, len(self._lines))
        if self._cursor == 0:
            self.scroll_to(y=0, animate=False, immediate=True, force=True)
        paint_lines(self)
        self.post_message(self.Moved())

    def move_to(self, key: str) -> None:
        """Put the cursor on an entry."""
        self._go_to(next((number for number, entry in enumerate(self._entries) if entry.key == key), self._cursor))

    def action_move(self, by: int) -> None:
        """Move the cursor; up from the first entry leaves the list."""
        if self._cursor + by < 0 or not self._entries:
            self.post_message(self.Above())
        else:
            self._go_to(self._cursor + by)

    def action_page(self, by: int) -> None:
        """Move by as many entries as fit."""
        lines = max(1, self.scrollable_content_region.height - 2)
        per_entry = max(1, len(self._lines) // max(1, len(self._entries)))
        self._go_to(self._cursor + by * max(1, lines // per_entry))

    def action_end(self, number: int) -> None:
        """Go to the first or the last entry."""
        self._go_to(number if number >= 0 else len(self._entries) - 1)

    def action_choose(self) -> None:
        """Tell that the entry was chosen."""
        if self.entry is not None:
            self.post_message(self.Chosen())

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there; a second click chooses."""
        at = self.scroll_offset.y + event.y
        if at < len(self._lines) and self._lines[at].entry >= 0:
            again = self._lines[at].entry == self._cursor and event.chain > 1
            self._go_to(self._lines[at].entry)
            if again:
                self.action_choose()

    def _go_to(self, number: int) -> None:
        if not self._entries:
            return
        before, self._cursor = self._cursor, max(0, min(number, len(self._entries) - 1))
        first = self._tops[self._cursor]
        last = self._tops[self._cursor + 1] - 1 if self._cursor + 1 < len(self._tops) else len(self._lines) - 1
        while last > first and self._lines[last].entry != self._cursor:
            last -= 1  # The heading of the next group.
        if self._cursor == 0:
            first = 0
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if first < top or last >= top + height:
            self.scroll_to(y=first if first < top else last - height + 1, animate=False, immediate=True, force=True)
        self.refresh()
        if before != self._cursor:
            self.post_message(self.Moved())

    def on_focus(self) -> None:
        """The cursor looks otherwise."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor looks otherwise."""
        self.refresh()

    def notify_style_update(self) -> None:
        """Colours of another theme."""
        super().notify_style_update()
        self._styles.clear()

    # Drawing

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        width = self.scrollable_content_region.width
        number = self.scroll_offset.y + y
        if number >= len(self._lines):
            return Strip.blank(width, self._style("foreground"))
        line = self._lines[number]
        if line.entry < 0:
            return self._strip([(line.part, "heading")], width, chosen=False)
        chosen = line.entry == self._cursor
        return self._strip(list(self._parts(self._entries[line.entry], line.part, width)), width, chosen=chosen)

    def _parts(self, entry: Entry, part: str, width: int) -> Iterator[tuple[str, str]]:
        if part == "head":
            yield from self._head(entry, width)
        elif part == "score":
            yield " " * _KIND, "muted"
            yield entry.score, "muted"
        else:
            yield " " * _KIND, "muted"
            yield from self._marked(entry.code)

    def _head(self, entry: Entry, width: int) -> Iterator[tuple[str, str]]:
        place = Text(f"{plain(entry.path)}:{entry.line}")
        title = Text(entry.title)
        room = width - _KIND - 3
        kept = min(place.cell_len, max(_LEAST_PLACE, room - title.cell_len))
        title = shortened(title, max(0, room - kept))
        place = shortened(place, kept, front=True)
        yield f" {entry.kind[: _KIND - 2]:<{_KIND - 1}}", "muted"
        yield title.plain, "title"
        yield " " * max(2, room + 2 - title.cell_len - place.cell_len), "muted"
        yield place.plain, "place"

    def _marked(self, text: str) -> Iterator[tuple[str, str]]:
        at = 0
        for found in self._pattern.finditer(text) if self._pattern is not None else ():
            if found.end() > found.start():
                yield text[at : found.start()], "foreground"
                yield found.group(), "mark"
                at = found.end()
        yield text[at:], "foreground"

    def _strip(self, parts: Sequence[tuple[str, str]], width: int, *, chosen: bool) -> Strip:
        segments = [Segment(text, self._style(name, chosen=chosen)) for text, name in parts if text]
        used = sum(cell_len(segment.text) for segment in segments)
        segments.append(Segment(" " * max(0, width - used), self._style("foreground", chosen=chosen)))
        return Strip(segments).crop(0, width)

    def _style(self, name: str, *, chosen: bool = False) -> Style:
        focus = self.has_focus
        found = self._styles.get((name, chosen, focus))
        if found is None:
            found = self._styles[name, chosen, focus] = self._made_style(name, chosen=chosen, focus=focus)
        return found

    def _made_style(self, name: str, *, chosen: bool, focus: bool) -> Style:
        colours = cast("Mapping[str, str]", cast("App[None]", self.app).theme_variables)
        colour = {"heading": "primary", "title": "foreground", "place": "muted", "mark": "accent"}.get(name, name)
        bold = name in {"heading", "title"}
        mark = name == "mark"
        if chosen and focus:
            background, foreground = colours["block-cursor-background"], colours["block-cursor-foreground"]
            return Style(color=foreground, bgcolor=background, bold=bold or mark, underline=mark)
        background = colours["panel" if chosen else "background"]
        return Style(color=colours[colour], bgcolor=background, bold=bold or mark, underline=mark)


def _lines_of(groups: Sequence[Group]) -> Iterator[_Line]:
    number = 0
    for group in groups:
        yield _Line(-1, f" {group.title}")
        for entry in group.entries:
            yield _Line(number, "head")
            if entry.code:
                yield _Line(number, "code")
            if entry.score:
                yield _Line(number, "score")
            number += 1
