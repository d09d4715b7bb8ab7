"""Walks through the blocks of a document, and says what each of them is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from aura_planning.parsing.blocks import Block, Scan
from aura_planning.parsing.contract import Kind
from aura_planning.parsing.drafts import Reading
from aura_planning.parsing.fences import fence_fields, fence_id
from aura_planning.parsing.fields import set_field
from aura_planning.parsing.headings import Headings
from aura_planning.parsing.lexicon import field_name
from aura_planning.parsing.marks import clean
from aura_planning.parsing.names import Name, key_of, read_name
from aura_planning.parsing.tables import level_columns, read_table
from aura_planning.parsing.walk import KINDS, LABEL, LIST

__all__ = ["read_blocks"]


_ROW: Final = LABEL - 1
"""Frames of rows of a table in HTML hold the labels inside them."""


class Reader(Headings):
    """Reads a whole document."""

    def read(self) -> Reading:
        """Walk through all blocks."""
        steps: Mapping[str, Callable[[Block], None]] = {
            "heading": self.heading, "item": self.item, "text": self.text, "table": self.table, "html": self.html,
            "fence": self.fence,
        }  # fmt: skip
        for at, block in enumerate(self.scan.blocks):
            self.at = at
            steps[block.kind](block)
            self.grow(block.last)
        return self.reading

    def fence(self, block: Block) -> None:
        """Code is never an item; only fields that an item has in a fence of its own count."""
        self.pop(LIST + block.indent if block.indent else LIST)
        owner = self.owner()
        named = fence_id(block.lines)
        if owner is None or not named or key_of(named) != key_of(owner.alias):
            return
        for name, value, line in fence_fields(block.lines, block.first + 1):
            set_field(self.reading, owner, name, value, line)

    def table(self, block: Block) -> None:
        self.pop(LIST + block.indent if block.indent else LIST)
        if steps := level_columns(block, self.top.role):
            self._levels(block, steps)
            return
        for row in read_table(block, self.top.role, self.reading):
            made = self.draft(
                row.kind,
                Name(row.kind, row.alias, row.title),
                Block("text", row.line, row.line, row.title),
                "listed",
                reason="table",
                soft=row.soft,
            )
            for name, value in row.fields:
                set_field(self.reading, self.reading.drafts[made], name, value, row.line)

    def _levels(self, block: Block, steps: Sequence[tuple[int, Kind]]) -> None:
        """A table with a column for epics, one for stories, one for tasks: a name that stands again is the same."""
        known: dict[tuple[Kind, str], int] = {}
        for line, cells in block.rows[1:]:
            up = self.top.owner
            for column, kind in steps:
                words = clean(cells[column]) if column < len(cells) else ""
                if not any(one.isalpha() for one in words):
                    continue
                at = known.get((kind, words.lower()))
                if at is None:
                    name = read_name(words)
                    named = name if name is not None and name.kind == kind else Name(kind, "", words)
                    at = self.draft(
                        kind, named, Block("text", line, line, named.title or words), "listed", reason="table"
                    )
                    self.reading.drafts[at].up = up
                    known[kind, words.lower()] = at
                    self._other_cells(at, block, cells, line, {one for one, _ in steps}, last=kind == steps[-1][1])
                up = at

    def _other_cells(
        self, at: int, block: Block, cells: Sequence[str], line: int, steps: set[int], *, last: bool
    ) -> None:
        """Fields of the item that a row is about: the innermost one."""
        header = block.rows[0][1]
        for column, cell in enumerate(cells[: len(header)]):
            name = field_name(clean(header[column]))
            if last and column not in steps and name and cell.strip():
                set_field(self.reading, self.reading.drafts[at], name, cell, line)

    def html(self, block: Block) -> None:
        """A row of a table in HTML: its first cell is the title, the identifier of the row its alias."""
        low = block.text.lower()
        kind = KINDS.get(self.section().role)
        if low.startswith("<tr"):
            self.pop(_ROW)
            self.row = block.first if "<th" not in low else None
            found = re.search(r'id="([^"]+)"', block.text)
            self.row_alias = found[1] if found else ""
        elif low.startswith("<td") and self.row is not None and kind is not None:
            title = clean(block.text)
            if title:
                line, self.row = self.row, None
                made = self.draft(
                    kind, Name(kind, self.row_alias, title), Block("text", line, block.last, title), "listed"
                )
                self.push(_ROW, "", block, title, owner=made, own=True, detail=True, label=True)
        elif low.startswith("</table"):
            self.pop(_ROW)


def read_blocks(scan: Scan, name: str = "") -> Reading:
    """What the blocks of a document are, before items are chosen and joined.

    Args:
        scan: The blocks.
        name: Of the file; `TODO.md` lists tasks whatever its headings say.
    """
    return Reader(scan, name).read()
