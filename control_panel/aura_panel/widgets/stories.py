"""What happened, the newest first, grouped by what led to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, cast

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from aura_panel.home_rows import clock, group_stories
from aura_panel.widgets.straight import resize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aura_panel.stories import Story

__all__ = ["StoryList"]

_SIGNS: Final = {"quiet": ("·", "muted"), "info": ("▸", "foreground"), "good": ("✓", "success"),
                 "warning": ("!", "warning"), "error": ("✗", "error")}  # fmt: skip
_NOTHING: Final = "Nothing has happened yet."


class _Row(NamedTuple):
    story: Story
    follows: bool
    """Whether it belongs to the group of the row above."""


class StoryList(ScrollView, can_focus=True):
    """A list of stories; the one under the cursor stays there while newer ones arrive."""

    DEFAULT_CSS = "StoryList { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "move(-10)", "Page up", show=False),
        Binding("pagedown", "move(10)", "Page down", show=False),
        Binding("home", "top", "Newest", show=False),
        Binding("enter", "choose", "Show in the log"),
    ]

    class Chosen(Message):
        """Enter on a story."""

        def __init__(self, story: Story) -> None:
            super().__init__()
            self.story = story

    def __init__(self, project_name: Callable[[str], str], *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._project_name = project_name
        self._rows: list[_Row] = []
        self._cursor = ""
        self._styles: dict[str, Style] = {}

    def show(self, stories: Iterable[Story]) -> None:
        """Show these; the story at the top stays there unless it is the newest."""
        top = self.scroll_offset.y
        kept = self._rows[top].story.id if 0 < top < len(self._rows) else ""
        groups = group_stories(stories)
        self._rows = [_Row(story, number > 0) for group in groups for number, story in enumerate(group)]
        resize(self, len(self._rows))
        if kept:
            place = next((n for n, row in enumerate(self._rows) if row.story.id == kept), top)
            self.scroll_to(y=place, animate=False, immediate=True, force=True)
        self.refresh()

    @property
    def _index(self) -> int:
        return next((n for n, row in enumerate(self._rows) if row.story.id == self._cursor), -1)

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        if self._rows:
            self._go_to(self._index + by if self._index >= 0 else 0)

    def action_top(self) -> None:
        """Go to the newest."""
        self._cursor = ""
        self.scroll_home(animate=False)
        self.refresh()

    def action_choose(self) -> None:
        """Tell which story was chosen."""
        if self._index >= 0:
            self.post_message(self.Chosen(self._rows[self._index].story))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there; a second click chooses."""
        index = self.scroll_offset.y + event.y
        if index < len(self._rows):
            again = index == self._index
            self._go_to(index)
            if again:
                self.action_choose()

    def _go_to(self, index: int) -> None:
        index = max(0, min(index, len(self._rows) - 1))
        self._cursor = self._rows[index].story.id
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if index < top or index >= top + height:
            self.scroll_to(y=index if index < top else index - height + 1, animate=False, immediate=True, force=True)
        self.refresh()

    def notify_style_update(self) -> None:
        """Colours of another theme."""
        super().notify_style_update()
        self._styles.clear()

    def _style(self, name: str) -> Style:
        found = self._styles.get(name)
        if found is None:
            colours = cast("Mapping[str, str]", cast("App[None]", self.app).theme_variables)
            found = self._styles[name] = Style(color=colours[name], bgcolor=colours["background"])
        return found

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        width = self.scrollable_content_region.width
        index = self.scroll_offset.y + y
        if not self._rows and y == 0:
            return Strip([Segment(_NOTHING[:width].ljust(width), self._style("muted"))], width)
        if index >= len(self._rows):
            return Strip.blank(width, self._style("foreground"))
        segments = self._segments(self._rows[index], width)
        if self._rows[index].story.id == self._cursor and self.has_focus:
            colours = cast("Mapping[str, str]", cast("App[None]", self.app).theme_variables)
            chosen = Style(color=colours["block-cursor-foreground"], bgcolor=colours["block-cursor-background"])
            segments = [Segment(text, chosen) for text, _, _ in segments]
        return Strip(segments, width)

    def _segments(self, row: _Row, width: int) -> list[Segment]:
        story = row.story
        sign, colour = _SIGNS[story.weight]
        head = "           └ " if row.follows else f"{clock(story.ts)}  "
        project = self._project_name(story.project)
        who = f"  by {story.origin}" if story.origin and not row.follows and width >= 100 else ""
        tail = f"{who}  {project}" if project and width >= 60 else who
        room = max(4, width - cell_len(head) - 2 - cell_len(tail))
        text = story.text if cell_len(story.text) <= room else set_cell_size(story.text, room - 1) + "…"
        gap = " " * (room - cell_len(text))
        tone = self._style(colour if story.weight in {"warning", "error", "quiet"} else "foreground")
        return [
            Segment(head, self._style("muted")),
            Segment(f"{sign} ", self._style(colour)),
            Segment(text + gap, tone),
            Segment(tail, self._style("muted")),
        ]
