"""A document as statements: which sentences demand something, where they stand, and the sections around them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from aura_planning.documents.vocabulary import Language, language_of, plain_text, section_role
from aura_planning.parsing.blocks import Block, Scan, scan
from aura_planning.parsing.contract import Document, Item
from aura_planning.parsing.outline import as_outline
from aura_planning.parsing.parsing import parse_document
from aura_planning.parsing.source import read_source, shorten
from aura_planning.parsing.tasksjson import is_tasks_json

__all__ = ["Part", "Section", "Statement", "Written", "read_written"]

Part: TypeAlias = Literal["requirement", "detail", "criterion", "story", "scope", "out", "other"]
"""`detail`: a line below a requirement; `scope` and `out`: an entry of a list of what is in or out of scope."""

_IN: Final = re.compile(
    r"^(?:what is |features? |items? )?(?:in[- ]scope|within scope|im (?:scope|umfang)|"
    r"dentro d[eo]l? (?:alcance|escopo))\b|^scope$|^mvp scope$",
    re.IGNORECASE,
)
_OFF: Final = re.compile(r"<!--\s*aura-prd:\s*(?P<what>off|ignore)\s+(?P<rules>[a-z][a-z0-9 ,-]*?)\s*-->")
_LABEL: Final = re.compile(r"^(?P<label>[^.!?:|]{2,60}):$")


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence or entry."""

    part: Part
    text: str
    """Without the signs of Markdown; code in backticks."""
    line: int
    name: str = ""
    """What the document calls the requirement or story that it belongs to."""
    item: int | None = None
    """Index of that item."""


@dataclass(slots=True)
class Section:
    """A heading and what stands below it."""

    title: str
    role: str
    line: int
    level: int
    filled: bool = False
    """Whether anything stands below it, in sections of its own as well."""
    only_table_head: bool = False


@dataclass(slots=True)
class Written:
    """A document, read for its wording."""

    document: Document
    lines: Sequence[str]
    """As they are written."""
    statements: list[Statement] = field(default_factory=list[Statement])
    sections: list[Section] = field(default_factory=list[Section])
    blocks: Sequence[Block] = ()
    language: Language = ""
    off: frozenset[str] = frozenset()
    """Rules that a comment switches off for the whole file."""
    ignored: dict[int, frozenset[str]] = field(default_factory=dict[int, frozenset[str]])
    """The same for single lines."""
    json: bool = False


def read_written(data: bytes, path: str) -> Written:
    """Read a document: its items by the parser, and every sentence with its place. Never an exception."""
    document = parse_document(data, path)
    source = read_source(data)
    written = Written(document, source.lines)
    if source.broken:
        return written
    if is_tasks_json(source.read):
        written.json = True
        return written
    lines, _ = shorten(source)
    scanned: Scan = scan(lines)
    if not scanned.markdown:
        as_outline(scanned.blocks)
    written.blocks = scanned.blocks
    _read_comments(written)
    _read_sections(written)
    _read_statements(written)
    written.language = language_of([text for _, text in _texts(scanned.blocks)])
    return written


def _read_comments(written: Written) -> None:
    off: set[str] = set()
    for number, line in enumerate(written.lines, 1):
        for found in _OFF.finditer(line):
            rules = frozenset(re.split(r"[ ,]+", found["rules"]))
            if found["what"] == "off":
                off |= rules
            else:
                alone = not _OFF.sub("", line).strip()
                at = number + 1 if alone else number
                written.ignored[at] = written.ignored.get(at, frozenset()) | rules
    written.off = frozenset(off)


def _read_sections(written: Written) -> None:
    open_: list[Section] = []
    for block in written.blocks:
        if block.kind == "heading":
            section = Section(plain_text(block.text), section_role(block.text), block.first, block.level)
            while open_ and open_[-1].level >= block.level:
                open_.pop()
            open_.append(section)
            written.sections.append(section)
        elif not (block.kind == "table" and not any(any(cells) for _, cells in block.rows[1:])):
            for one in open_:
                one.filled = True
        elif open_:
            open_[-1].only_table_head = True


def _texts(blocks: Sequence[Block]) -> Iterator[tuple[int, str]]:
    """Every sentence or cell with its line."""
    for block in blocks:
        if block.kind == "table":
            for line, cells in block.rows[1:]:
                for cell in cells:
                    if cell:
                        yield line, cell
        elif block.kind in {"item", "text", "heading"} and block.text:
            yield block.first, block.text


def _read_statements(written: Written) -> None:
    items = written.document.items
    criteria = {
        line: at
        for at, one in enumerate(items)
        for crit in one.criteria
        for line in _span(crit.source.first, crit.source.last)
    }
    narrow = sorted(range(len(items)), key=lambda at: items[at].source.last - items[at].source.first, reverse=True)
    owner: dict[int, int] = {}
    for at in narrow:  # the widest first, so that the narrowest stays
        for line in _span(items[at].source.first, items[at].source.last):
            owner[line] = at
    out = {
        line
        for one in written.document.out_of_scope
        if one.why == "out of scope"
        for line in _span(one.source.first, one.source.last)
    }
    scope = _scope_lines(written)
    for line, text in _texts(written.blocks):
        words = plain_text(text)
        if not words:
            continue
        part, at = _part(line, items, criteria, owner, out, scope)
        written.statements.append(Statement(part, words, line, items[at].alias if at is not None else "", at))


def _span(first: int, last: int) -> range:
    return range(first, last + 1)


def _part(
    line: int, items: Sequence[Item], criteria: dict[int, int], owner: dict[int, int], out: set[int], scope: set[int]
) -> tuple[Part, int | None]:
    if line in out:
        return "out", None
    if line in criteria:
        return "criterion", criteria[line]
    at = owner.get(line)
    if at is None:
        return ("scope", None) if line in scope else ("other", None)
    one = items[at]
    if one.kind == "requirement":
        return ("requirement" if line == one.source.first else "detail"), at
    return ("story" if one.kind == "story" else "other"), at


def _scope_lines(written: Written) -> set[int]:
    """Lines of lists that say what is in scope."""
    found: set[int] = set()
    inside, level = False, 0
    for block in written.blocks:
        if block.kind == "heading":
            if block.level <= level or not inside:
                inside, level = bool(_IN.search(plain_text(block.text))), block.level
        elif block.kind == "text" and (label := _LABEL.match(plain_text(block.text))):
            if _IN.search(label["label"]):
                inside, level = True, 7
            elif level == 7:
                inside = False
        elif block.kind == "item" and inside:
            found.add(block.first)
    return found
