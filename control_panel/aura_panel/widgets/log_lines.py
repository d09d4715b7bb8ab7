"""The lines of a log on the screen: drawn one by one from the ring, so that only what is seen costs anything."""

from __future__ import annotations

import time
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Final, cast

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from aura_panel.log_ring import FilteredLines, LogEntry, LogFilter, LogRing
from aura_panel.widgets.straight import paint_rows, resize

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LogLines"]

SIGNS: Final = ("·", " ", "!", "✗", "‼")
"""One per level; the sign alone tells a level without colour."""
STORY_SIGN: Final = "▸"
CLOCK_COLUMNS: Final = 12
SOURCE_COLUMNS: Final = 10
_SOURCE_COLOURS: Final = ("primary", "secondary", "success", "accent")
SCROLL_BAR_S: Final = 1.0
"""How often the scroll bar is brought up to date while lines arrive."""
_LEAST_FACTS: Final = 8
"""Facts that would be cut to that many cells are left out."""
_SLICE: Final = 2_000
_SLICE_S: Final = 0.01
"""So long lines are filtered before keys are looked at again."""


class LogLines(ScrollView, can_focus=True):
    """The lines of a ring that pass a filter. It follows the newest line, or stands still while more arrive."""

    DEFAULT_CSS = """
    LogLines { height: 1fr; background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "first", "Oldest", show=False),
        Binding("end,G", "last", "Newest, and follow", show=False),
    ]

    following: reactive[bool] = reactive(default=True, repaint=False)
    """Whether the newest line stays in sight."""

    class Moved(Message):
        """The cursor is on another line, or on none."""

    def __init__(self, ring: LogRing, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.ring = ring
        self.lines = FilteredLines(ring)
        self.cursor: int | None = None
        """Number of the line under the cursor; None while it follows."""
        self._styles: dict[str, Style] = {}
        self._bar_at = 0.0
        self._bar_due = False
        self._top = 0
        """Number of the line at the top; kept so that the view stands still when lines are let go."""

    # What is shown

    def show_ring(self, ring: LogRing) -> None:
        """Show another ring from its newest line on, with the same filter."""
        self.ring = ring
        self.lines = FilteredLines(ring, self.lines.filter)
        self.cursor = None
        self.following = True
        self.lines_changed(ring.first)

    def set_filter(self, chosen: LogFilter) -> None:
        """Show only lines that pass; the line under the cursor stays in sight when it is among them.

        Raises:
            re.error: Its text is not a regular expression.
        """
        kept = self.cursor if self.cursor is not None else None
        self.lines = FilteredLines(self.ring, chosen)
        self.look_on()
        resize(self, len(self.lines))
        if kept is not None and len(self.lines):
            self._go_to(self.lines.index_of(kept))
        else:
            self._follow()
        self._paint()

    def lines_changed(self, changed_from: int) -> None:
        """Take in that the ring got lines from this number on, or let old ones go."""
        self.lines.renew(changed_from)
        if not self.lines.filter.empty:
            self.look_on()
        if self.following:
            self._note_top()
        else:
            self._stand_still()
        self._bar_soon()
        if self.following or changed_from <= self._bottom:
            self._paint()

    def look_on(self) -> None:
        """Filter some more lines, and the rest soon."""
        until = time.monotonic() + _SLICE_S
        while not self.lines.complete and time.monotonic() < until:
            self.lines.look_on(_SLICE)
        if not self.lines.complete:
            self.call_later(self._look_further)

    def _look_further(self) -> None:
        if self.lines.complete:
            return
        self.look_on()
        self._bar_soon()
        self._paint()

    @property
    def top_index(self) -> int:
        """Place of the line at the top, among those that pass.

        While it follows, that is not the scroll offset, which is brought up to date a few times a second only.
        """
        return self._last_top if self.following else self.scroll_offset.y

    @property
    def _last_top(self) -> int:
        return max(0, len(self.lines) - self.scrollable_content_region.height)

    def _follow(self) -> None:
        """Bring size and offset up to date."""
        self._bar_at = time.monotonic()
        resize(self, len(self.lines))
        self.scroll_to(y=self._last_top, animate=False, immediate=True, force=True)
        self._note_top()

    def _bar_soon(self) -> None:
        """The same, but not with each picture: lines are drawn from the newest one on without it."""
        late = time.monotonic() - self._bar_at
        if late >= SCROLL_BAR_S or not self.show_vertical_scrollbar:
            self._bar_late()
        elif not self._bar_due:
            self._bar_due = True
            self.set_timer(SCROLL_BAR_S - late, self._bar_late)

    def _bar_late(self) -> None:
        self._bar_due = False
        if self.following:
            self._follow()
        else:
            self._bar_at = time.monotonic()
            resize(self, len(self.lines))

    def _stand_still(self) -> None:
        """Keep the line at the top where it is, though older ones were let go."""
        if len(self.lines):
            index = self.lines.index_of(max(self._top, self.ring.first))
            if index != self.scroll_offset.y:
                resize(self, len(self.lines))
                self.scroll_to(y=index, animate=False, immediate=True, force=True)
        if self.cursor is not None and self.cursor < self.ring.first:
            self.cursor = self.ring.first
            self.post_message(self.Moved())

    @property
    def _bottom(self) -> int:
        """Number of the line in the last row; past all lines while there are fewer."""
        last = self.top_index + self.scrollable_content_region.height - 1
        return self.lines.number(last) if last < len(self.lines) else self.ring.end

    def _note_top(self) -> None:
        index = self.top_index
        self._top = self.lines.number(index) if index < len(self.lines) else self.ring.end

    # The cursor

    @property
    def entry(self) -> LogEntry | None:
        """The line under the cursor."""
        number = self.cursor
        return self.ring.entry(number) if number is not None and self.ring.first <= number < self.ring.end else None

    def go_to_number(self, number: int) -> None:
        """Put the cursor on a line, or the last one before it that passes the filter."""
        if len(self.lines):
            self._go_to(self.lines.index_of(number))

    def _go_to(self, index: int) -> None:
        index = max(0, min(index, len(self.lines) - 1))
        if self.following:
            self._follow()
            self.following = False
        self.cursor = self.lines.number(index)
        height = self.scrollable_content_region.height
        top = self.scroll_offset.y
        if index < top or index >= top + height:
            target = index if index < top else index - height + 1
            self.scroll_to(y=max(0, target), animate=False, immediate=True, force=True)
        self._note_top()
        self._paint()
        self.post_message(self.Moved())

    def action_move(self, by: int) -> None:
        """Move the cursor; from following, it begins at the newest line."""
        if not len(self.lines):
            return
        if self.cursor is None:
            self._go_to(len(self.lines) - 1 + min(0, by + 1))
        else:
            self._go_to(self.lines.index_of(self.cursor) + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by a screen."""
        self.action_move(by * max(1, self.scrollable_content_region.height - 1))

    def action_first(self) -> None:
        """Go to the oldest line."""
        if len(self.lines):
            self._go_to(0)

    def action_last(self) -> None:
        """Go to the newest line and follow."""
        self.cursor = None
        self.following = True
        self._follow()
        self._paint()
        self.post_message(self.Moved())

    def on_mouse_scroll_up(self, _event: events.MouseScrollUp) -> None:
        """Looking back stops following."""
        if self.following:
            self._follow()
            self.following = False
        self.call_after_refresh(self._note_top)

    def on_mouse_scroll_down(self, _event: events.MouseScrollDown) -> None:
        """Scrolling stands where it ends."""
        self.call_after_refresh(self._note_top)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the line under the pointer."""
        index = self.top_index + event.y
        if index < len(self.lines):
            self._go_to(index)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other lines are in sight."""
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = new_value
        if round(old_value) != round(new_value):
            self._paint()

    def on_resize(self) -> None:
        """Keep the newest line in sight while following."""
        resize(self, len(self.lines))
        if self.following:
            self._follow()

    # Drawing

    def notify_style_update(self) -> None:
        """Colours of another theme."""
        super().notify_style_update()
        self._styles.clear()

    def _style(self, name: str, *, bold: bool = False) -> Style:
        key = f"{name}{'!' if bold else ''}"
        found = self._styles.get(key)
        if found is None:
            colours = cast("Mapping[str, str]", cast("App[None]", self.app).theme_variables)
            found = self._styles[key] = Style(color=colours[name], bgcolor=colours["background"], bold=bold or None)
        return found

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        width = self.scrollable_content_region.width
        return Strip(self._row(self.top_index + y, width), width)

    def _paint(self) -> None:
        """Show the lines: at once when nothing lies over them, else with the next picture."""
        area = self.scrollable_content_region
        if not paint_rows(self, area, lambda: self._rows(area.width, area.height)):
            self.refresh()

    def _rows(self, width: int, height: int) -> list[list[Segment]]:
        top = self.top_index
        return [self._row(index, width) for index in range(top, top + height)]

    def _row(self, index: int, width: int) -> list[Segment]:
        if index >= len(self.lines):
            said = self._empty_words() if not index else ""
            return [Segment(_filled(f" {said}", width), self._style("muted"))]
        number = self.lines.number(index)
        row = self._segments(self.ring.entry(number), width)
        if number == self.cursor:
            colours = cast("Mapping[str, str]", cast("App[None]", self.app).theme_variables)
            chosen = Style(color=colours["block-cursor-foreground"], bgcolor=colours["block-cursor-background"])
            return [Segment(text, chosen) for text, _, _ in row]
        return row

    def _empty_words(self) -> str:
        if not self.lines.complete:
            return "Looking …"
        return "Nothing was written yet." if self.lines.filter.empty else "No line passes the filter; Esc shows all."

    def _segments(self, entry: LogEntry, width: int) -> list[Segment]:
        muted, plain = self._style("muted"), self._style("foreground")
        sign = STORY_SIGN if entry.kind and entry.level < 2 else SIGNS[entry.level]
        tone = {2: "warning", 3: "error", 4: "error"}.get(entry.level)
        said = self._style(tone, bold=entry.level > 2) if tone else muted if entry.level == 0 else plain
        source = self._style(_SOURCE_COLOURS[sum(map(ord, entry.source)) % len(_SOURCE_COLOURS)])
        room = max(0, width - CLOCK_COLUMNS - SOURCE_COLUMNS - 4)
        event, cells = _fitted(entry.event, room)
        facts, facts_cells = _facts_in(entry.facts, room - cells - 2)
        row = [
            Segment(f"{_clock(entry.ts)} ", muted),
            Segment(_filled(entry.source, SOURCE_COLUMNS), source),
            Segment("⤷" if entry.cause else " ", muted),
            Segment(f"{sign} ", said),
            Segment(event, said),
        ]
        if facts:
            row.append(Segment(f"  {facts}", muted))
            cells += facts_cells + 2
        if cells < room:
            row.append(Segment(" " * (room - cells), plain))
        return row

    def cursor_region(self) -> Region:
        """Where the line under the cursor is on the screen; for tests and the pointer."""
        index = self.lines.index_of(self.cursor) if self.cursor is not None else 0
        return Region(0, index - self.top_index, self.size.width, 1)


def _cells(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def _filled(text: str, room: int) -> str:
    """Cut or filled up to a number of cells."""
    return text[:room].ljust(room) if text.isascii() else set_cell_size(text, room)


def _fitted(text: str, room: int) -> tuple[str, int]:
    """Cut to at most a number of cells, and how many it takes."""
    cells = _cells(text)
    return (text, cells) if cells <= room else (_filled(text, room - 1) + "…", room) if room > 0 else ("", 0)


def _facts_in(facts: str, room: int) -> tuple[str, int]:
    cells = _cells(facts)
    return (facts, cells) if cells <= room else _fitted(facts, room) if room > _LEAST_FACTS else ("", 0)


def _clock(ts: str) -> str:
    """The time of day here, to the millisecond."""
    rest = ts[19:]
    zone = rest.lstrip(".0123456789")
    fraction = rest[1:4] if rest.startswith(".") and len(rest) - len(zone) > 3 else "000"
    return f"{_second(ts[:19] + zone)}.{fraction}"


@lru_cache(maxsize=64)
def _second(ts: str) -> str:
    """The time of day here, to the second."""
    try:
        return datetime.fromisoformat(ts).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return "--:--:--"
