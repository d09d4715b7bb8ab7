"""Painting rows of a list straight onto the terminal, past Textual's compositor, and sizing it without a new layout.

The compositor cuts each row of each picture at the edges of every widget, which costs 0.2 ms a row; a log of 5,000
lines a second has 40 new rows twenty times a second. The rows go the way of a whole picture otherwise: in one
synchronised update, and as the widget would draw them itself, so that a picture of the compositor before or after it
shows the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, cast

from rich.console import COLOR_SYSTEMS, Console
from rich.segment import Segment
from textual._compositor import CompositorUpdate
from textual.filter import ANSIToTruecolor
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.app import App

__all__ = ["paint_lines", "paint_now", "paint_rows", "resize"]

Row = Sequence[Segment]
"""Segments of a row; together as wide as it is, each with a style of its own."""
_FULL_COLOUR: Final = COLOR_SYSTEMS["truecolor"]


class _Rows(CompositorUpdate):
    """Rows below one another."""

    def __init__(self, region: Region, rows: Sequence[Row]) -> None:
        self._region = region
        self._rows = rows

    def render_segments(self, console: Console) -> str:
        """What the terminal is sent."""
        colours = COLOR_SYSTEMS.get(console.color_system or "", _FULL_COLOUR)
        column, top, style_of = self._region.x + 1, self._region.y + 1, Strip.render_style
        parts: list[str] = []
        for number, row in enumerate(self._rows, top):
            parts.append(f"\x1b[{number};{column}H")
            parts += [text if style is None else style_of(style, text, colours) for text, style, _ in row]
        return "".join(parts)


def paint_rows(widget: Widget, area: Region, draw: Callable[[], Sequence[Row]]) -> bool:
    """Paint rows now, when nothing can lie over them.

    Args:
        widget: Whose rows they are.
        area: Where on the screen.
        draw: Gives a row for each of the area; called only when they are painted.

    Returns:
        Whether it was done. It is not while another screen is in front, something lies over the area, a part of it is
        out of sight, or colours are changed on their way to the terminal (such as under NO_COLOR).
    """
    app = cast("App[None]", widget.app)
    screen = widget.screen
    waits = app._batch_count  # pyright: ignore[reportPrivateUsage] - while it is not 0 Textual drops what it is given.
    if screen is not app.screen or waits or not _is_free(widget, area):
        return False
    if any(type(line_filter) is not ANSIToTruecolor for line_filter in widget.get_line_filters()):
        return False  # That one changes the sixteen colours of terminals only, and themes have none of them.
    app._display(  # pyright: ignore[reportPrivateUsage, reportUnknownMemberType] - the one way to its synchronised update
        screen,
        _Rows(area, draw()),  # pyright: ignore[reportArgumentType] - as Textual hands its own updates over
    )
    widget._styles_cache.clear()  # pyright: ignore[reportPrivateUsage] - it holds the rows of the last whole picture.
    return True


def paint_lines(lines: ScrollView) -> None:
    """Show what a list draws now: straight where that can be, else with the next picture."""
    area = lines.scrollable_content_region
    if not paint_rows(lines, area, lambda: [list(lines.render_line(y)) for y in range(area.height)]):
        lines.refresh()


def paint_now(widget: Widget) -> None:
    """Show a small widget that changed at once, where that can be; Textual paints it again a 60th of a second later."""
    area = widget.region
    paint_rows(widget, area, lambda: [list(strip) for strip in widget.render_lines(area.reset_offset)])


def resize(lines: ScrollView, height: int) -> None:
    """Tell a list how many rows it has, which are cut to its width.

    The screen is laid out anew for it only when the scroll bar comes or goes: that takes the time of some pictures.
    """
    size = Size(1, height)
    if size == lines.virtual_size:
        return
    if lines.show_vertical_scrollbar and height > lines.container_size.height:
        lines.set_reactive(Widget.virtual_size, size)  # pyright: ignore[reportArgumentType] - Textual calls it so itself.
        lines.vertical_scrollbar.window_virtual_size = height
    else:
        lines.virtual_size = size


def _is_free(widget: Widget, area: Region) -> bool:
    """Whether all of an area of a widget is seen."""
    compositor = widget.screen._compositor  # pyright: ignore[reportPrivateUsage] - it alone knows what lies in front.
    for other, (region, clip) in compositor.visible_widgets.items():  # From front to back.
        if other is widget:
            return area in region and area in clip
        if area.overlaps(region.intersection(clip)):
            return False
    return False
