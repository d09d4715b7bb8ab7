"""The code around a place that is under the cursor of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer

from aura_cli.change_view import plain
from aura_panel.search_desk import Spans
from aura_panel.widgets.code import CodePane
from aura_shared.errors import AuraError

if TYPE_CHECKING:
    from aura_panel.link import Link
    from aura_panel.search_rows import Entry
    from aura_shared.messages.code import SpanAnswer

__all__ = ["CodeReader"]


class CodeReader(Vertical):
    """Reads the lines around an entry and shows them with those that are meant marked."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._spans = Spans()
        self._wanted: Entry | None = None
        self._shown = ""
        self._soon: Timer | None = None

    def compose(self) -> ComposeResult:
        """The code."""
        yield CodePane(can_focus=True)

    @property
    def code(self) -> CodePane:
        """What scrolls."""
        return self.query_one(CodePane)

    def on_mount(self) -> None:
        """Keys scroll to the sides; the row of a scroll bar is better used."""
        self.code.styles.scrollbar_size_horizontal = 0

    def forget(self) -> None:
        """Files changed: what was read may be old."""
        self._spans.forget()

    def read(self, link: Link, project: str, entry: Entry, *, pause_s: float = 0.0) -> None:
        """Show the code of an entry, after a pause in which a newer one may replace it."""
        self._wanted = entry
        if self._soon is not None:
            self._soon.stop()
        if pause_s:
            self._soon = self.set_timer(pause_s, lambda: self._read(link, project, entry))
        else:
            self._read(link, project, entry)

    def _read(self, link: Link, project: str, entry: Entry) -> None:
        known = self._spans.known(project, entry)
        if known is not None:
            self._show(entry, known)
        else:
            self._ask(link, project, entry)

    @work(exclusive=True, exit_on_error=False, group="code")
    async def _ask(self, link: Link, project: str, entry: Entry) -> None:
        try:
            span = await self._spans.read(link, project, entry)
        except AuraError as error:
            self._shown = ""
            self.border_title = Text(f"✗ {error.message}")
        else:
            if self._wanted == entry:
                self._show(entry, span)

    def _show(self, entry: Entry, span: SpanAnswer) -> None:
        shown = f"{entry.key} {entry.first} {hash(span.text)} {sorted(entry.marked)[:5]}"
        if shown == self._shown or not self.is_attached:
            return
        self._shown = shown
        first = max(1, span.start_line)
        self.code.show(span.text, entry.path, first=first, marked=entry.marked)
        above = entry.line - first - self.code.scrollable_content_region.height // 4
        self.code.scroll_to(y=above, animate=False, force=True)
        self.border_title = Text(f"{plain(entry.path)}:{entry.line}")
        self.border_subtitle = f"{span.lines:,} lines"
