"""A document as lines of text for an agent: one an item, indented below what it belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from aura_planning.parsing.contract import Document, Item
from aura_shared.messages.planning import ParsedDocument

__all__ = ["outline_lines"]


def outline_lines(document: Document, answer: ParsedDocument) -> list[str]:
    """What an agent reads: what it is, its findings, its gaps, then its items."""
    counts = ", ".join(f"{count} {kind}" for kind, count in answer.counts.items()) or "no items"
    lines = [f"{document.path}: {document.title or 'no title'} ({document.family}; {counts})"]
    lines += [f"{one.severity} {one.code} line {one.line}: {one.message}" for one in document.findings]
    lines += [f"gap line {one.source.first} {one.kind}: {one.title[:120]} ({one.reason})" for one in answer.gaps]
    lines += [_line(document.items, at) for at in range(len(document.items))]
    return lines


def _line(items: Sequence[Item], at: int) -> str:
    item = items[at]
    depth, up = 0, item.parent
    while up is not None:
        depth, up = depth + 1, items[up].parent
    needs = [items[one.item].alias or f"line {items[one.item].source.first}" for one in item.depends_on]
    facts = (
        f"line {item.source.first}", item.status, item.priority,
        f"{len(item.criteria)} criteria" if item.criteria else "", f"needs {', '.join(needs)}" if needs else "",
    )  # fmt: skip
    name = f"{item.alias} " if item.alias else ""
    return f"{'  ' * depth}{item.kind} {name}{item.title[:120]} [{'; '.join(fact for fact in facts if fact)}]"
