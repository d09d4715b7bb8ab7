"""A terminal of cells that takes in what the panel paints, to compare pieces of pictures with whole ones."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from rich.cells import cell_len
from rich.console import Console
from textual._compositor import CompositorUpdate

__all__ = ["Cells", "whole_picture"]

Cell: TypeAlias = tuple[str, str]
"""A character and how it looks."""
_PIECE: Final = re.compile(r"\x1b\[(\d+);(\d+)H|\x1b\[([\d;]*)m|\x1b\][^\x1b]*\x1b\\|([^\x1b]+)")


class Cells:
    """The cells of a screen.

    Args:
        width: Columns.
        height: Rows.
    """

    def __init__(self, width: int, height: int) -> None:
        self._rows: list[list[Cell]] = [[(" ", "")] * width for _ in range(height)]

    def paint(self, update: CompositorUpdate, console: Console) -> None:
        """Take in what would be sent to the terminal."""
        row = column = 0
        looks = ""
        for found in _PIECE.finditer(update.render_segments(console)):
            if found[1]:
                row, column = int(found[1]) - 1, int(found[2]) - 1
            elif found[3] is not None:
                looks = "" if found[3] == "0" else found[3]
            elif found[4]:
                column = self._write(row, column, found[4].rstrip("\n"), looks)

    def _write(self, row: int, column: int, text: str, looks: str) -> int:
        for character in text:
            width = cell_len(character)
            for place in range(column, column + width):
                self._rows[row][place] = (character if place == column else "", looks)
            column += width
        return column

    def rows(self) -> list[list[Cell]]:
        """The rows from top to bottom."""
        return self._rows


def whole_picture(update: CompositorUpdate, console: Console, size: tuple[int, int]) -> list[list[Cell]]:
    """The rows of a picture that is painted at once."""
    cells = Cells(*size)
    cells.paint(update, console)
    return cells.rows()
