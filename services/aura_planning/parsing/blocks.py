"""Lines to blocks: headings, list items, text, tables and fences, each with its lines.

A scanner of its own rather than a Markdown parser: a plan needs the column of each marker, the boxes in headings and
numbered lists, the labels inside an item, and outlines that have no Markdown at all, and each of them by line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from aura_planning.parsing.contract import Finding
from aura_planning.parsing.labels import starts_label

__all__ = ["Block", "Scan", "scan"]

_HEADING: Final = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*\Z")
_FENCE: Final = re.compile(r"([ \t]*(?:[-*+] |\d+[.)] )?[ \t]*)(`{3,}|~{3,})([^`]*)\Z")
_ITEM: Final = re.compile(
    r"([ \t]*)([-*+\u2022\u25cf\u25aa\u2023\u00b7\u25e6\u2013]|\d{1,4}[.)\uff0e\u3001]|[(\uff08]\d{1,3}[)\uff09]|"
    r"\d{1,3}(?:\.\d{1,3}){1,4}[.):]?|[a-zA-Z][.)])"
    r"(?:[ \t]+(.*)|)\Z"
)
_BOX: Final = re.compile(r"(?:\\?\[([ xXvV\-~/>\u2713\u2714\u2705*!?])?\\?\]|([\u2610\u2611\u2612]))(\*)?(?:[ \t]+|\Z)")
_WORDED: Final = re.compile(r"\s*(?:epic|user story|story|sub-?task|task)\s*(?:\d[\d.]*)?\s*:\s*\S", re.IGNORECASE)
"""A line of an outline without Markdown that names what it is: `Story: Pay by card`."""
_RULE: Final = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,}|={3,}|\u2500{3,}|\u2014{3,})\Z")
_TABLE_LINE: Final = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*\Z")
_SETEXT: Final = re.compile(r" {0,3}(=+|-+)[ \t]*\Z")
_COMMENT: Final = re.compile(r"[ \t]*<!--")
_REFERENCE: Final = re.compile(r" {0,3}\[[^\]]+\]:\s")
_PIPE: Final = re.compile(r"(?<!\\)\|")
_FIELDS_IN: Final = frozenset(("yaml", "yml"))
_BOXES: Final = {
    "\u2610": " ",
    "\u2611": "x",
    "\u2612": "x",
    "\u2713": "x",
    "\u2714": "x",
    "\u2705": "x",
    "X": "x",
    "v": "x",
    "V": "x",
}


@dataclass(slots=True)
class Block:
    """A heading, an item of a list, some lines of text, a table or a fence."""

    kind: Literal["heading", "item", "text", "table", "fence", "html"]
    first: int
    last: int
    text: str = ""
    """Without marker and box."""
    indent: int = 0
    """Column of the marker, or of the text."""
    level: int = 0
    """Of a heading, from 1."""
    number: str = ""
    """Of a numbered item or heading, such as `1.2`."""
    box: str | None = None
    """What stands in the box: a space, `x`, `-`, `~`; None without a box."""
    starred: bool = False
    """Whether the box has a star: the item is optional."""
    rows: list[tuple[int, list[str]]] = field(default_factory=list[tuple[int, list[str]]])
    """Of a table: line and cells, the header first."""
    lines: list[str] = field(default_factory=list[str])
    """Lines of text, each without its indent."""
    spaced: bool = False
    """Whether a blank line stands before it."""


@dataclass(slots=True)
class Scan:
    """The blocks of a document."""

    blocks: list[Block]
    front: dict[str, tuple[str, int]]
    """Front matter: value and line of each plain key."""
    findings: list[Finding]
    markdown: bool
    """Whether it has headings of Markdown; without, its numbered lines are read as an outline."""


class _Scanner:
    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.at = 0
        self.blank = True
        self.blocks: list[Block] = []
        self.findings: list[Finding] = []
        self.markdown = _has_headings(lines)

    def run(self) -> dict[str, tuple[str, int]]:
        front = self._front_matter()
        while self.at < len(self.lines):
            self._step()
        return front

    def _front_matter(self) -> dict[str, tuple[str, int]]:
        if not self.lines or self.lines[0].strip() != "---":
            return {}
        found: dict[str, tuple[str, int]] = {}
        for number, line in enumerate(self.lines[1:200], 2):
            if line.strip() in ("---", "..."):
                self.at = number
                return found
            key, colon, value = line.partition(":")
            if colon and key.strip() == key and value.strip():
                found[key.lower()] = (value.strip().strip("\"'"), number)
        return {}

    def _step(self) -> None:
        line = self.lines[self.at]
        if not line.strip():
            self.blank = True
            self.at += 1
            return
        for take in (self._fence, self._comment, self._heading, self._rule, self._table, self._html, self._item):
            if take(line):
                break
        else:
            self._text(line)
        self.blank = False

    def _add(self, block: Block) -> None:
        block.spaced = self.blank
        self.blocks.append(block)

    def _fence(self, line: str) -> bool:
        found = _FENCE.match(line)
        if found is None or (found[2][0] == "`" and "`" in found[3]):
            return False
        start, mark = self.at, found[2]
        closing = re.compile(rf"[ \t]*{re.escape(mark[0])}{{{len(mark)},}}[ \t]*\Z")
        end = next((n for n in range(start + 1, len(self.lines)) if closing.match(self.lines[n])), None)
        if end is None:
            self.findings.append(
                Finding("unclosed-fence", "error", start + 1, "a code fence begins here and is never closed; "
                        "everything after it is code", f"Close it with {mark}.")
            )  # fmt: skip
            end = len(self.lines) - 1
        block = Block("fence", start + 1, end + 1, found[3].strip().lower(), indent=_column(found[1]))
        if block.text in _FIELDS_IN:
            block.lines = list(self.lines[start + 1 : end])
        self._add(block)
        self.at = end + 1
        return True

    def _comment(self, line: str) -> bool:
        if not _COMMENT.match(line):
            return False
        while self.at < len(self.lines) and "-->" not in self.lines[self.at]:
            self.at += 1
        self.at += 1
        return True

    def _heading(self, line: str) -> bool:
        if found := _HEADING.match(line):
            text = found[2] or ""
            if text.strip():
                self._add(_boxed(Block("heading", self.at + 1, self.at + 1, text.strip(), level=len(found[1]))))
            self.at += 1
            return True
        if not self._is_setext():
            return False
        level = 1 if self.lines[self.at + 1].lstrip().startswith("=") else 2
        self._add(_boxed(Block("heading", self.at + 1, self.at + 2, line.strip(), level=level)))
        self.at += 2
        return True

    def _is_setext(self) -> bool:
        """Whether the next line underlines this one, which stands alone."""
        if not self.blank or self.at + 1 >= len(self.lines):
            return False
        under = _SETEXT.match(self.lines[self.at + 1])
        return under is not None and len(under[1]) > 2 and not _ITEM.match(self.lines[self.at]) and (
            "|" not in self.lines[self.at]
        )  # fmt: skip

    def _rule(self, line: str) -> bool:
        if not _RULE.match(line):
            return False
        self.at += 1
        self.blank = True
        return True

    def _table(self, line: str) -> bool:
        if "|" not in line or self.at + 1 >= len(self.lines):
            return False
        under = self.lines[self.at + 1]
        if "-" not in under or "|" not in under or not _TABLE_LINE.match(under):
            return False
        block = Block("table", self.at + 1, self.at + 2, indent=_indent(line))
        block.rows.append((self.at + 1, _cells(line)))
        self.at += 2
        while self.at < len(self.lines) and "|" in self.lines[self.at]:
            block.rows.append((self.at + 1, _cells(self.lines[self.at])))
            block.last = self.at + 1
            self.at += 1
        self._add(block)
        return True

    def _html(self, line: str) -> bool:
        if not line.lstrip().lower().startswith(("<table", "<tr", "<td", "<th", "</t")):
            return False
        self._add(Block("html", self.at + 1, self.at + 1, line.strip()))
        self.at += 1
        return True

    def _item(self, line: str) -> bool:
        found = _ITEM.match(line)
        if found is None or not self._counts(found):
            return False
        marker, text = found[2], found[3] or ""
        number = marker.strip(".):(\u3001\uff0e\uff08\uff09") if marker[-1:] not in "-*+" else ""
        number = number if number[:1].isdigit() else ""
        block = Block("item", self.at + 1, self.at + 1, text.strip(), _column(found[1]), number=number)
        block.lines.append(block.text)
        self._nest(block)
        self._add(_boxed(block))
        self.at += 1
        self._continue(block)
        return True

    def _counts(self, found: re.Match[str]) -> bool:
        """Whether a marker begins an item; `1.2 Words` does so only where the document has no headings."""
        marker = found[2]
        if marker in "-*+\u2022\u25cf\u25aa\u2023\u00b7\u25e6":
            return True
        if found[3] is None:
            return False
        if marker == "\u2013" or marker[0].isalpha():
            return marker == "\u2013" or marker[-1] == ")"
        return "." not in marker[:-1] or not self.markdown or bool(found[1]) or marker.endswith(":")

    def _nest(self, block: Block) -> None:
        """A dash right below a numbered item, at its column, belongs to it."""
        before = self.blocks[-1] if self.blocks and not self.blank else None
        if before is None or before.kind != "item" or block.number:
            return
        if (before.number and block.indent == before.indent) or (
            not before.number and block.indent + 1 == before.indent and self._nested_before()
        ):
            block.indent += 1

    def _nested_before(self) -> bool:
        before = self.blocks[-1]
        return self.lines[before.first - 1][: before.indent].strip() != ""

    def _continue(self, block: Block) -> None:
        """Take the lines that go on with an item; a label in them begins a block of its own."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.strip() or self._begins(line) or starts_label(line):
                return
            if not self.markdown and _indent(line) <= block.indent:
                return
            block.lines.append(line.strip())
            block.text = f"{block.text} {line.strip()}".strip()
            block.last = self.at + 1
            self.at += 1

    def _begins(self, line: str) -> bool:
        """Whether a line begins something else."""
        if _HEADING.match(line) or _FENCE.match(line) or _RULE.match(line):
            return True
        found = _ITEM.match(line)
        if found is not None and self._counts(found):
            return True
        if not self.markdown and _WORDED.match(line):
            return True
        return line.lstrip().startswith("|") or line.lstrip().lower().startswith(("<table", "<tr", "<td", "<!--"))

    def _text(self, line: str) -> None:
        if _REFERENCE.match(line):
            self.at += 1
            return
        stripped = line.strip()
        quoted = stripped.startswith(">")
        stripped = stripped.lstrip("> ") if quoted else stripped
        block = Block("text", self.at + 1, self.at + 1, stripped, _indent(line), lines=[stripped])
        self._add(block)
        self.at += 1
        if self.markdown or block.indent:
            self._continue(block)


def _has_headings(lines: Sequence[str]) -> bool:
    fenced = False
    for line in lines:
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and (found := _HEADING.match(line)) and found[2]:
            return True
    return False


def _column(space: str) -> int:
    return len(space.expandtabs(4))


def _indent(line: str) -> int:
    return _column(line[: len(line) - len(line.lstrip())])


def _boxed(block: Block) -> Block:
    """Take number and box off the text of a heading or item: `1. - [x] Words`, `- [ ]* 1.2 Words`."""
    if block.kind == "heading" and (found := re.match(r"(\d+(?:\.\d+)*)[.)]?\s+[-*+]\s+(?=\\?\[)", block.text)):
        block.number, block.text = found[1], block.text[found.end() :]
    if block.kind == "item" and (dash := re.match(r"[-*+]\s+(?=\\?\[)", block.text)):
        block.text = block.text[dash.end() :]
    if found := _BOX.match(block.text):
        mark = found[1] or found[2] or " "
        block.box = _BOXES.get(mark, mark)
        block.starred = bool(found[3])
        block.text = block.text[found.end() :].strip()
        if block.lines:
            block.lines[0] = block.text
    return block


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in _PIPE.split(line.strip().removeprefix("|").removesuffix("|"))]


def scan(lines: Sequence[str]) -> Scan:
    """The blocks of a document, in order."""
    scanner = _Scanner(lines)
    front = scanner.run()
    return Scan(scanner.blocks, front, scanner.findings, scanner.markdown)
