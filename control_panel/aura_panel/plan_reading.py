"""What the panel shows beside the lists of a plan: title, facts and text of the row under the cursor."""

from __future__ import annotations

from rich.text import Text
from textual.content import Content

from aura_panel.plan_book import ITEM_LISTS, PlanBook
from aura_panel.plan_details import (
    claim_details,
    document_details,
    finding_details,
    group_details,
    item_details,
    node_details,
    operation_details,
    order_details,
    row_details,
    unplanned_details,
)
from aura_panel.plan_rows import Colours, coloured_diff, one_line
from aura_panel.widgets.code import highlighted_lines

__all__ = ["details"]

Shown = tuple[str, Text]


def details(book: PlanBook, section: str, key: str, colours: Colours) -> tuple[str, Text, Content]:
    """Title, facts and text of a row."""
    kind, _, name = key.partition(":")
    if section in ITEM_LISTS and kind != "status":
        return _item(book, key, colours)
    if section in ITEM_LISTS:
        found = [item for item in book.items if item.status == name]
        return one_line(name) or "no status", group_details(name, found, colours), Content("")
    tell = {"order": _ordered, "node": _node, "operation": _operation}.get(kind)
    title, text = tell(book, section, name, colours) if tell is not None else _check(book, kind, name, colours)
    return title, text, Content("")


def _item(book: PlanBook, key: str, colours: Colours) -> tuple[str, Text, Content]:
    shown, item = book.shown.get(key), book.item(key)
    if item is None:
        return one_line(key), Text(), Content("")
    title = one_line(item.title) or one_line(key)
    if shown is None:
        return title, row_details(item, book.progress.get(key), colours), Content("")
    text = item_details(shown, book.evidence.get(key), book.forecast_of(key), colours)
    lines = highlighted_lines(shown.file.rstrip(), shown.item.path)
    if shown.cut:
        lines.append(Content.styled("… cut here; E opens the whole file", "$muted"))
    return title, text, Content("\n").join(lines)


def _ordered(book: PlanBook, section: str, name: str, colours: Colours) -> Shown:
    row, order = book.order_row(section, name), book.orders.get(section)
    if row is None or order is None:
        return one_line(name), Text()
    return one_line(row.title), order_details(row, order, colours)


def _node(book: PlanBook, _section: str, name: str, colours: Colours) -> Shown:
    node = book.node(name)
    if node is None:
        return one_line(name), Text()
    return one_line(node.title), node_details(node, book.graph.nodes, colours)


def _operation(book: PlanBook, _section: str, name: str, colours: Colours) -> Shown:
    operation = book.operation(name)
    if operation is None:
        return one_line(name), Text()
    text = operation_details(operation, colours)
    if name in book.diffs:
        text.append("\n").append_text(coloured_diff(book.diffs[name], colours))
    return one_line(operation.title), text


def _check(book: PlanBook, kind: str, name: str, colours: Colours) -> Shown:
    if kind == "claim":
        row = book.progress.get(name)
        return (one_line(row.title), claim_details(row, colours)) if row is not None else (one_line(name), Text())
    if kind == "finding":
        finding = book.finding(name)
        return (finding.rule, finding_details(finding, colours)) if finding is not None else (name, Text())
    if kind == "drift":
        found = [document_details(one, colours) for one in book.drift.documents if one.path == name]
    else:
        found = [unplanned_details(one, colours) for one in book.unplanned if one.name == name]
    return one_line(name), found[0] if found else Text()
