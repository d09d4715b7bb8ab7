"""A diff with line numbers, the colours of its language and the words that changed, drawn row by row."""

from __future__ import annotations

from typing import ClassVar, Final, cast

from rich.segment import Segment
from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from aura_panel.diff_document import DiffDocument, DiffHunk, DiffRow, Layout, lay_out
from aura_panel.widgets.diff_drawing import DiffPainter

__all__ = ["LEAST_FOR_TWO", "DiffView"]

LEAST_FOR_TWO: Final = 100
"""Columns that a diff needs to show old and new lines beside each other."""
_KEPT_STRIPS: Final = 2_000


class DiffView(ScrollView, can_focus=True):
    """A document of hunks. The cursor is a row; the hunk that it is in has a bar at its left."""

    DEFAULT_CSS = """
    DiffView { height: 1fr; background: $background; overflow-x: hidden; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Line up", show=False),
        Binding("down", "move(1)", "Line down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown,space", "page(1)", "Page down", show=False),
        Binding("home,g", "end(-1)", "Beginning", show=False),
        Binding("end,G", "end(1)", "End", show=False),
        Binding("enter,j", "step(1)", "Next hunk", key_display="j"),
        Binding("k", "step(-1)", "Hunk before", show=False),
        Binding("right_square_bracket", "file(1)", "Next file", show=False),
        Binding("left_square_bracket", "file(-1)", "File before", show=False),
    ]

    class Moved(Message):
        """The cursor came to another hunk, or the person moved it."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.document = DiffDocument()
        self.beside = False
        """Whether old and new lines stand beside each other."""
        self.cursor = 0
        """Number of the row under the cursor."""
        self._layout_of_rows = Layout([], [], 0)
        self._laid_out_for = 0
        self._painter: DiffPainter | None = None
        self._strips: dict[int, Strip] = {}

    # What is shown

    def show(self, document: DiffDocument) -> None:
        """Show a document; the place is kept when it is the one that is shown already, else it begins at its top."""
        same = document.name == self.document.name
        top, cursor = self.scroll_offset.y, self.cursor
        kept = self._row_key(cursor), self._row_key(top)
        self.document = document
        self._lay_out()
        if same:
            self.cursor = self._found(kept[0], cursor)
            self.scroll_to(y=self._found(kept[1], top), animate=False, immediate=True)
        else:
            self.scroll_to(y=0, animate=False, immediate=True)
            self._begin()
        self.refresh()
        self.post_message(self.Moved())

    def decided(self) -> None:
        """Decisions or comments of the shown document changed."""
        top, cursor = self.scroll_offset.y, self.cursor
        kept = self._row_key(cursor), self._row_key(top)
        self._lay_out()
        self.cursor = self._found(kept[0], cursor)
        self.scroll_to(y=self._found(kept[1], top), animate=False, immediate=True)
        self.refresh()
        self.post_message(self.Moved())

    def set_beside(self, beside: bool) -> None:
        """Show old and new lines beside each other, or one below the other; the row under the cursor stays in sight."""
        if beside != self.beside:
            self.beside = beside
            self._lay_out_anew()

    def _begin(self) -> None:
        """The cursor begins at the first hunk where that is in sight, else at the top."""
        first = next((number for number, row in enumerate(self.rows) if row.kind == "hunk"), 0)
        self.cursor = first if first < max(1, self.scrollable_content_region.height) else 0

    def _row_key(self, number: int) -> tuple[str, DiffRow] | None:
        if not 0 <= number < len(self.rows):
            return None
        row = self.rows[number]
        return (self.document.hunks[row.hunk].id if row.hunk >= 0 else "", row)

    def _found(self, key: tuple[str, DiffRow] | None, usual: int) -> int:
        """Where a row is now; hunks are told by their identifier."""
        most = max(0, len(self.rows) - 1)
        if key is None:
            return min(usual, most)
        name, row = key
        if not name:
            return min(usual, most)
        hunk = next((number for number, hunk in enumerate(self.document.hunks) if hunk.id == name), -1)
        return self._layout_of_rows.place_of(row._replace(hunk=hunk, file=-1)) if hunk >= 0 else min(usual, most)

    @property
    def rows(self) -> list[DiffRow]:
        """The rows that are shown, for the width that there is."""
        return self._layout_of_rows.rows

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        beside = self.beside and width >= LEAST_FOR_TWO
        self._laid_out_for = width
        self._layout_of_rows = lay_out(self.document, width, beside=beside)
        self._painter = None
        self._strips.clear()
        self.virtual_size = Size(width, len(self.rows))

    def _lay_out_anew(self) -> None:
        """For another width or another manner."""
        before = self._laid_out_for
        cursor = self.rows[self.cursor] if self.cursor < len(self.rows) else None
        above = self.cursor - self.scroll_offset.y
        in_sight = 0 <= above < self.scrollable_content_region.height
        top = self.rows[self.scroll_offset.y] if self.scroll_offset.y < len(self.rows) else None
        self._lay_out()
        if cursor is None or top is None or not before:
            self._begin()
            return
        self.cursor = self._layout_of_rows.place_of(cursor)
        place = self.cursor - above if in_sight else self._layout_of_rows.place_of(top)
        self.scroll_to(y=max(0, place), animate=False, immediate=True)
        self.refresh()

    def on_resize(self, _event: events.Resize) -> None:
        """Fit the new width."""
        if self.scrollable_content_region.width != self._laid_out_for:
            self._lay_out_anew()

    # The cursor

    @property
    def hunk(self) -> DiffHunk | None:
        """The hunk under the cursor."""
        if not 0 <= self.cursor < len(self.rows):
            return None
        row = self.rows[self.cursor]
        return self.document.hunks[row.hunk] if row.hunk >= 0 and row.kind not in {"file", "note"} else None

    @property
    def path(self) -> str:
        """The file under the cursor; empty above the first."""
        if not 0 <= self.cursor < len(self.rows):
            return ""
        row = self.rows[self.cursor]
        return self.document.files[row.file].path if row.file >= 0 else ""

    @property
    def line(self) -> int:
        """Number of the line under the cursor in the new file; that of the hunk's first change where it has none."""
        hunk = self.hunk
        if hunk is None:
            return 1
        row = self.rows[self.cursor]
        sides = [hunk.lines[place].new for place in (row.right, row.left) if row.kind == "line" and place >= 0]
        return next((number for number in sides if number), hunk.first_changed)

    def go_to(self, row: int) -> None:
        """Put the cursor on a row and bring it into sight."""
        if not self.rows:
            return
        self.cursor = max(0, min(row, len(self.rows) - 1))
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if self.cursor < top or self.cursor >= top + height:
            place = self.cursor if self.cursor < top else self.cursor - height + 1
            self.scroll_to(y=place, animate=False, immediate=True)
        self.refresh()
        self.post_message(self.Moved())

    def go_to_hunk(self, number: int) -> None:
        """Put the cursor on a hunk and bring as much of it into sight as fits."""
        first = next((n for n, row in enumerate(self.rows) if row.kind == "hunk" and row.hunk == number), None)
        if first is None:
            return
        last = first
        while last + 1 < len(self.rows) and self.rows[last + 1].hunk == number:
            last += 1
        self.cursor = first
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if first < top or last >= top + height:
            begins_file = first > 0 and self.rows[first - 1].kind in {"file", "note"}
            self.scroll_to(y=max(0, first - begins_file), animate=False, immediate=True)
        self.refresh()
        self.post_message(self.Moved())

    @property
    def number(self) -> int:
        """Number of the hunk under the cursor, from 0; -1 when there is none."""
        return self.rows[self.cursor].hunk if self.hunk is not None else -1

    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""
        self.go_to(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by a screen."""
        self.go_to(self.cursor + by * max(1, self.scrollable_content_region.height - 1))

    def action_end(self, by: int) -> None:
        """Go to the first or the last row."""
        self.go_to(0 if by < 0 else len(self.rows) - 1)

    def action_step(self, by: int) -> None:
        """Go to the next hunk or the one before."""
        here = self.cursor
        places = [number for number, row in enumerate(self.rows) if row.kind == "hunk"]
        wanted = [place for place in places if (place > here if by > 0 else place < here)]
        if by < 0 and self.hunk is not None:
            wanted = [place for place in wanted if self.rows[place].hunk != self.number] or wanted
        if wanted:
            self.go_to_hunk(self.rows[wanted[0] if by > 0 else wanted[-1]].hunk)

    def action_file(self, by: int) -> None:
        """Go to the next file or the one before."""
        places = [number for number, row in enumerate(self.rows) if row.kind == "file"]
        wanted = [place for place in places if (place > self.cursor if by > 0 else place < self.cursor)]
        if wanted:
            place = wanted[0] if by > 0 else wanted[-1]
            self.scroll_to(y=place, animate=False, immediate=True)
            self.go_to(place)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row under the pointer."""
        row = self.scroll_offset.y + event.y
        if row < len(self.rows):
            self.go_to(row)

    # Drawing

    def notify_style_update(self) -> None:
        """Colours of another theme."""
        super().notify_style_update()
        self._painter = None
        self._strips.clear()

    def _paint(self) -> DiffPainter:
        if self._painter is None:
            beside = self.beside and self._laid_out_for >= LEAST_FOR_TWO
            app = cast("App[None]", self.app)
            self._painter = DiffPainter(app, self.document, self._layout_of_rows, self._laid_out_for, beside=beside)
        return self._painter

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        width = self.scrollable_content_region.width
        number = self.scroll_offset.y + y
        painter = self._paint()
        if number >= len(self.rows):
            return Strip.blank(width, painter.style("foreground"))
        strip = self._strips.get(number)
        if strip is None:
            if len(self._strips) > _KEPT_STRIPS:
                self._strips.clear()
            drawn = Strip(painter.segments(self.rows[number]))
            strip = self._strips[number] = drawn.adjust_cell_length(width, painter.style("foreground"))
        return self._marked(strip, number, width)

    def _marked(self, strip: Strip, number: int, width: int) -> Strip:
        """The row with the bar of the hunk under the cursor, or in the colours of the cursor."""
        painter = self._paint()
        if number == self.cursor and self.has_focus:
            chosen = painter.style("block-cursor-foreground", "block-cursor-background")
            return Strip([Segment(segment.text, chosen) for segment in strip], width)
        hunk = self.number
        if hunk >= 0 and self.rows[number].hunk == hunk and self.rows[number].kind in {"hunk", "comment", "line"}:
            return Strip([Segment("▌", painter.style("primary")), *strip.crop(1, width)], width)
        return strip
