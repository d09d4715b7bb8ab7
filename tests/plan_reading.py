"""What the tests of the parser of plans share: reading a text, and its items as short rows."""

from __future__ import annotations

from textwrap import dedent

from aura_planning.parsing.contract import Document, Item
from aura_planning.parsing.parsing import parse_document

Row = tuple[str, str, str, int]


def read(text: str, path: str = "docs/prd.md") -> Document:
    """A document of this text, without the margin that the test gives it."""
    return parse_document(dedent(text).lstrip("\n").encode(), path)


def rows(document: Document) -> list[Row]:
    """Kind, id, title and line of each item."""
    return [(item.kind, item.alias, item.title, item.source.first) for item in document.items]


def needs(document: Document) -> dict[str, list[str]]:
    """Explicit dependencies, by id or title."""
    return {
        name(item): [name(document.items[one.item]) for one in item.depends_on]
        for item in document.items
        if item.depends_on
    }


def name(item: Item) -> str:
    """What an item is called in these tests."""
    return item.alias or item.title


def parents(document: Document) -> dict[str, str]:
    """What each item belongs to, by id or title."""
    return {name(item): name(document.items[item.parent]) for item in document.items if item.parent is not None}


def codes(document: Document) -> list[tuple[str, int]]:
    """Findings as code and line."""
    return [(one.code, one.line) for one in document.findings]
