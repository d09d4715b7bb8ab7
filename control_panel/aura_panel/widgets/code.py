"""Code with colours and line numbers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from textual.app import ComposeResult
from textual.containers import ScrollableContainer
from textual.content import Content
from textual.highlight import highlight
from textual.widgets import Static

__all__ = ["CodePane", "highlighted_lines", "numbered_lines"]

MOST_HIGHLIGHTED_CHARS: Final = 60_000
"""Longer texts are shown without colours: finding the colours takes about 15 ms for 20,000 characters."""


def highlighted_lines(text: str, path: str) -> list[Content]:
    """The lines of a text with the colours of the language that its path names; colours follow the theme."""
    text = text.expandtabs(4)
    if len(text) > MOST_HIGHLIGHTED_CHARS:
        return [Content(line) for line in text.split("\n")]
    return highlight(text, path=path).split("\n", allow_blank=True)[: text.count("\n") + 1]


def numbered_lines(text: str, path: str, *, first: int = 1, marked: Collection[int] = ()) -> Content:
    """Lines with their numbers and a bar beside those that are marked.

    Args:
        text: The lines.
        path: Their file; tells the language.
        first: Number of the first line.
        marked: Numbers of lines that are marked.
    """
    lines = highlighted_lines(text.rstrip("\n"), path) if text else []
    columns = len(str(first + len(lines)))
    numbered = [
        Content.assemble(
            (
                f"{'▌' if number in marked else ' '}{number:>{columns}} ",
                "$accent" if number in marked else "$muted",
            ),
            line,
        )
        for number, line in enumerate(lines, first)
    ]
    return Content("\n").join(numbered)


class CodePane(ScrollableContainer):
    """A passage of code; it scrolls both ways and keeps its lines whole."""

    DEFAULT_CSS = """
    CodePane { height: 1fr; }
    CodePane > Static { width: auto; }
    """

    def compose(self) -> ComposeResult:
        """The text."""
        yield Static()

    def show(self, text: str, path: str, *, first: int = 1, marked: Collection[int] = ()) -> None:
        """Show a passage.

        Args:
            text: Its lines.
            path: Its file; tells the language.
            first: Number of its first line.
            marked: Numbers of lines that are marked.
        """
        self.query_one(Static).update(numbered_lines(text, path, first=first, marked=marked))
        self.scroll_home(animate=False)

    def clear(self, text: str = "") -> None:
        """Show nothing but a text."""
        self.query_one(Static).update(Content.styled(text, "$muted") if text else Content(""))
