"""The rows of a diff as segments: signs, numbers, code in the colours of its language, words that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from pygments.lexers import find_lexer_class_for_filename
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style as RichStyle
from rich.text import Text
from textual.color import Color
from textual.content import Content
from textual.style import Style

from aura_panel.diff_document import DiffDocument, DiffHunk, DiffRow, Layout, comment_lines, remark_part
from aura_panel.diff_lines import DiffLine, wrapped_at
from aura_panel.widgets.code import highlighted_lines
from aura_shared.security import make_visible

if TYPE_CHECKING:
    from textual.app import App

__all__ = ["DiffPainter", "coloured_lines"]

_KEPT_COLOURS: Final = 400
"""Hunks whose coloured lines are kept."""
_DECISIONS: Final = {
    "open": ("?", "open", "warning"), "accepted": ("✓", "accepted", "success"), "rejected": ("✗", "rejected", "error"),
}  # fmt: skip
_BACKGROUNDS: Final = {"+": "diff-added", "-": "diff-removed"}
_WORDS: Final = {"+": "success", "-": "error"}
_WORD_STRENGTH: Final = 0.28
"""How much of its colour the background of a changed word has; more makes some text hard to read."""


class DiffPainter:
    """Draws rows of one layout of a document.

    Args:
        app: For its theme.
        document: What is shown.
        layout: Its rows.
        width: Columns of the screen.
        beside: Whether old and new lines stand beside each other.
    """

    def __init__(self, app: App[None], document: DiffDocument, layout: Layout, width: int, *, beside: bool) -> None:
        self._app = app
        self._theme: Mapping[str, str] = app.theme_variables
        self._document = document
        self._layout = layout
        self._width = width
        self._beside = beside
        self._colours: dict[tuple[int, bool], list[Content]] = {}
        self._styles: dict[tuple[str, str, bool], RichStyle] = {}

    def style(self, colour: str, background: str = "background", *, bold: bool = False) -> RichStyle:
        """A style of the theme, by the names of its colours."""
        key = (colour, background, bold)
        found = self._styles.get(key)
        if found is None:
            theme = self._theme
            found = self._styles[key] = RichStyle(color=theme[colour], bgcolor=theme[background], bold=bold or None)
        return found

    def segments(self, row: DiffRow) -> list[Segment]:
        """What a row shows; it may be shorter or longer than the screen."""
        match row.kind:
            case "head":
                found = self._text(self._layout.head[row.left])
            case "file":
                found = self._file_row(row)
            case "note":
                text, colour = self._document.files[row.file].notes[row.left]
                found = [Segment(f"   {remark_part(text, row.part, self._width)}", self.style(colour))]
            case "hunk":
                found = self._hunk_row(self._document.hunks[row.hunk])
            case "comment":
                said = comment_lines(self._document.hunks[row.hunk])[row.left]
                found = [Segment(f"   » {remark_part(said, row.part, self._width)}", self.style("accent"))]
            case "line":
                found = self._line_row(row, self._document.hunks[row.hunk])
            case _:
                found = []
        return found

    def _text(self, text: Text) -> list[Segment]:
        base = self.style("foreground")
        console = self._app.console
        whole = console.get_style(text.style)
        return [
            Segment(segment.text, base + whole + (segment.style or RichStyle.null()))
            for segment in text.render(console)
        ]

    def _file_row(self, row: DiffRow) -> list[Segment]:
        file = self._document.files[row.file]
        facts = f"  {file.title} "
        path = make_visible(file.path)
        room = max(8, self._width - cell_len(facts) - 3)
        while cell_len(path) > room:
            path = f"…{path.removeprefix('…')[max(1, cell_len(path) - room) :]}"
        rest = max(0, self._width - 3 - cell_len(path) - cell_len(facts))
        return [
            Segment("── ", self.style("border")),
            Segment(path, self.style("primary", bold=True)),
            Segment(facts, self.style("muted")),
            Segment("─" * rest, self.style("border")),
        ]

    def _hunk_row(self, hunk: DiffHunk) -> list[Segment]:
        surface = Segment(" " * self._width, self.style("muted", "surface"))
        if hunk.decision is None:
            return [Segment(f"   {hunk.title}", self.style("muted", "surface")), surface]
        sign, word, colour = ("●", "applied", "success") if hunk.applied else _DECISIONS[hunk.decision]
        return [
            Segment(" ", self.style("foreground")),
            Segment(f"{sign} {word:<8}", self.style(colour, "surface", bold=True)),
            Segment(f"  {hunk.title}", self.style("muted", "surface")),
            surface,
        ]

    # Lines of code

    def _line_row(self, row: DiffRow, hunk: DiffHunk) -> list[Segment]:
        if row.left < 0 and row.right < 0:
            return [Segment("   no lines to show: the file is empty or no text", self.style("muted"))]
        digits, blank = self._document.digits, Segment(" ", self.style("foreground"))
        if self._beside:
            left = self._half(row, hunk, row.left, new=False)
            right = self._half(row, hunk, row.right, new=True)
            return [blank, *left, Segment("│", self.style("border")), *right]
        line = hunk.lines[row.left]
        numbers = " " * (2 * digits + 2) if row.part else f"{line.old or '':>{digits}} {line.new or '':>{digits}} "
        return [blank, Segment(numbers, self.style("muted")), *self._code(row, hunk, row.left, new=line.mark != "-")]

    def _half(self, row: DiffRow, hunk: DiffHunk, place: int, *, new: bool) -> list[Segment]:
        digits = self._document.digits
        if place < 0:
            return [Segment(" " * (digits + 1 + self._layout.room + 2), self.style("muted"))]
        line = hunk.lines[place]
        number = (line.new if new else line.old) or ""
        numbers = " " * (digits + 1) if row.part else f"{number:>{digits}} "
        return [Segment(numbers, self.style("muted")), *self._code(row, hunk, place, new=new)]

    def _code(self, row: DiffRow, hunk: DiffHunk, place: int, *, new: bool) -> list[Segment]:
        """Sign and text of a line, two columns wider than the room for text."""
        line, room = hunk.lines[place], self._layout.room
        starts = [*wrapped_at(line.text, room), len(line.text)]
        ended = row.part >= len(starts) - 1
        if line.mark == "\\":
            shown = "" if ended else line.text[starts[row.part] : starts[row.part + 1]]
            return [Segment(set_cell_size(f"  {shown}", room + 2), self.style("muted"))]
        background = _BACKGROUNDS.get(line.mark, "background")
        sign = line.mark if row.part == 0 else " " if ended else "↪"
        first = Segment(f"{sign} ", self.style(_WORDS.get(line.mark, "muted"), background, bold=True))
        if ended:
            return [first, Segment(" " * room, self.style("foreground", background))]
        text = self._coloured(row.hunk, new=new)[place]
        for start, end in hunk.words.get(place, ()):
            text = text.stylize(self._word_style(line.mark), start, end)
        return [first, *self._drawn(text[starts[row.part] : starts[row.part + 1]], room, background)]

    def _word_style(self, mark: str) -> Style:
        base = Color.parse(self._theme[_BACKGROUNDS[mark]])
        return Style(background=base.blend(Color.parse(self._theme[_WORDS[mark]]), _WORD_STRENGTH), bold=True)

    def _drawn(self, text: Content, room: int, background: str) -> list[Segment]:
        theme = self._theme
        base = Style(background=Color.parse(theme[background]), foreground=Color.parse(theme["foreground"]))
        parse = self._app.stylesheet.parse_style
        segments = [Segment(part, style.rich_style) for part, style in text.render(base, end="", parse_style=parse)]
        return [*segments, Segment(" " * max(0, room - text.cell_length), base.rich_style)]

    def _coloured(self, number: int, *, new: bool) -> Sequence[Content]:
        """The lines of a hunk with colours; those of the other side are plain."""
        key = (number, new)
        found = self._colours.get(key)
        if found is None:
            if len(self._colours) > _KEPT_COLOURS:
                self._colours.clear()
            hunk = self._document.hunks[number]
            found = self._colours[key] = coloured_lines(hunk.lines, hunk.path, new=new)
        return found


def coloured_lines(lines: Sequence[DiffLine], path: str, *, new: bool) -> list[Content]:
    """All lines of a hunk; those of its new or its old version in the colours of its language."""
    found = [Content(line.text) for line in lines]
    if find_lexer_class_for_filename(path) is None:  # Guessing by the text alone takes a second.
        return found
    places = [number for number, line in enumerate(lines) if line.mark in {" ", "+" if new else "-"}]
    coloured = highlighted_lines("\n".join(lines[place].text for place in places), path)
    coloured += [Content("")] * (len(places) - len(coloured))  # Empty lines at the end are not given back.
    if [line.plain for line in coloured] != [lines[place].text for place in places]:
        return found  # A lexer that sees other lines: rather no colours than wrong ones.
    for place, line in zip(places, coloured, strict=True):
        found[place] = line
    return found
