"""A table of rows with keys that fits its width, and keeps cursor and scroll position while its rows change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, NamedTuple

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

__all__ = ["ListColumn", "Listing", "fitting", "shortened"]

_PADDING: Final = 2


class ListColumn(NamedTuple):
    """A column."""

    title: str
    """What stands above it."""
    most: int = 24
    """It takes no more columns of the screen than this, unless it stretches, or those that do leave some."""
    rank: int = 0
    """Where there is no room the column with the highest rank is left out first; 0 stays."""
    stretch: bool = False
    """Whether it takes what the others leave."""
    front: bool = False
    """Whether what does not fit is cut in front, as it should be for paths."""
    least: int = 16
    """Of a column that stretches: others are left out before it gets narrower than this."""


class Listing(DataTable[Text]):
    """Rows by key; Enter chooses one.

    Args:
        columns: Its columns; one should stretch.
        id: Its identifier.
    """

    DEFAULT_CSS = """
    Listing { height: 1fr; }
    Listing:focus { background-tint: transparent; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("home", "scroll_top", "First", show=False),
        Binding("end", "scroll_bottom", "Last", show=False),
    ]

    def __init__(self, columns: Sequence[ListColumn] = (), *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, cursor_type="row")
        self._wanted = tuple(columns)
        self._shown_rows: dict[str, Sequence[Text]] = {}
        self._laid_out: tuple[tuple[int, int], ...] = ()

    @property
    def keys(self) -> list[str]:
        """Keys of the rows, in their order."""
        return list(self._shown_rows)

    @property
    def key(self) -> str:
        """Key of the row under the cursor; empty without rows."""
        keys = self.keys
        return keys[self.cursor_row] if 0 <= self.cursor_row < len(keys) else ""

    def show(self, rows: Mapping[str, Sequence[Text]], columns: Sequence[ListColumn] = ()) -> None:
        """Show these rows; the row under the cursor stays under it while it is there."""
        at, before = self.key, self._shown_rows
        if columns and tuple(columns) != self._wanted:
            self._wanted, self._laid_out = tuple(columns), ()
        self._shown_rows = dict(rows)
        widths = fitting(self._wanted, list(rows.values()), self._room)
        if widths == self._laid_out and list(before) == list(rows):
            self._update(before)
        else:
            self._build(widths, at)

    def move_to(self, key: str) -> bool:
        """Put the cursor on a row; whether there is such a row."""
        if key not in self._shown_rows:
            return False
        self.move_cursor(row=list(self._shown_rows).index(key))
        return True

    def on_resize(self, _event: events.Resize) -> None:
        """Fit the new width."""
        widths = fitting(self._wanted, list(self._shown_rows.values()), self._room)
        if widths != self._laid_out:
            self._build(widths, self.key)

    @property
    def _room(self) -> int:
        return self.size.width - 1  # A scroll bar may take one.

    def _build(self, widths: tuple[tuple[int, int], ...], at: str) -> None:
        top = self.scroll_offset.y
        self.clear(columns=True)
        self._laid_out = widths
        for number, width in widths:
            self.add_column(self._wanted[number].title, width=width, key=str(number))
        for key, cells in self._shown_rows.items():
            self.add_row(*(self._cell(cells, number, width) for number, width in widths), key=key)
        if at in self._shown_rows:
            self.move_cursor(row=list(self._shown_rows).index(at), scroll=False)
        if top:
            self.call_after_refresh(self.scroll_to, y=top, animate=False, force=True)

    def _update(self, before: Mapping[str, Sequence[Text]]) -> None:
        for key, cells in self._shown_rows.items():
            for number, width in self._laid_out:
                if cells[number] != before[key][number]:
                    self.update_cell(key, str(number), self._cell(cells, number, width))

    def _cell(self, cells: Sequence[Text], number: int, width: int) -> Text:
        return shortened(cells[number], width, front=self._wanted[number].front)


def fitting(columns: Sequence[ListColumn], rows: Sequence[Sequence[Text]], room: int) -> tuple[tuple[int, int], ...]:
    """Number and width of each column that is shown in this room."""
    shown = list(range(len(columns)))
    longest = [max((row[number].cell_len for row in rows), default=0) for number in shown]
    usual = [max(cell_len(column.title), min(column.most, most)) for column, most in zip(columns, longest, strict=True)]
    while True:
        left = room - sum(usual[number] + _PADDING for number in shown if not columns[number].stretch)
        stretched = [number for number in shown if columns[number].stretch]
        needed = sum(min(columns[number].least, usual[number]) + _PADDING for number in stretched)
        droppable = [number for number in shown if columns[number].rank]
        if left >= needed or not droppable:
            break
        shown.remove(max(droppable, key=lambda number: columns[number].rank))
    widths = {number: usual[number] for number in shown}
    spare = left - sum(longest[number] + _PADDING for number in stretched)
    for number in [number for number in shown if number not in stretched]:  # Those that stretch need no more.
        more = max(0, min(spare, longest[number] - usual[number]))
        widths[number], spare, left = usual[number] + more, spare - more, left - more
    for place, number in enumerate(stretched):
        share = left // (len(stretched) - place) - _PADDING
        widths[number] = max(4, share)
        left -= share + _PADDING
    return tuple(sorted(widths.items()))


def shortened(text: Text, width: int, *, front: bool = False) -> Text:
    """The text cut to so many columns, with `…` where something is missing."""
    if text.cell_len <= width:
        return text
    if not front:
        text = text.copy()
        text.truncate(width, overflow="ellipsis")
        return text
    cut = text.cell_len - width + 1
    return Text.assemble("…", text[cut:] if cell_len(text.plain) == len(text.plain) else Text(text.plain[cut:]))
