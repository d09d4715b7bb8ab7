"""The lists of the plan as rows: tree, board, order, what waits for what, checks, history; and the line above them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.text import Text

from aura_cli.screen import plural, safe
from aura_panel.plan_tree import MOST_ROWS, Branch, board_of, key_of
from aura_panel.widgets.listing import ListColumn
from aura_shared.messages.plan_drift import PlanDrift
from aura_shared.messages.plan_forecast import PlanForecast
from aura_shared.messages.plan_items import ItemFinding, ItemRow, PlanOperation
from aura_shared.messages.plan_order import GraphNode, OrderRow, PlanGraph, PlanOrder
from aura_shared.messages.plan_progress import PlanProgress, ProgressRow, UnplannedWork

__all__ = [
    "COLUMNS",
    "STATUS_SIGNS",
    "Colours",
    "board_rows",
    "check_rows",
    "coloured_diff",
    "drift_words",
    "evidence_cell",
    "graph_rows",
    "history_rows",
    "one_line",
    "order_rows",
    "state_line",
    "status_cell",
    "tree_rows",
    "when",
]

Colours = Mapping[str, str]
DASH: Final = "–"  # noqa: RUF001 - what stands for nothing
STATUS_SIGNS: Final[Mapping[str, tuple[str, str]]] = {
    "in-progress": ("◐", "warning"),
    "current": ("◐", "warning"),
    "approved": ("✓", "success"),
    "complete": ("✓", "success"),
    "done": ("✓", "success"),
    "cancelled": ("✗", "muted"),
    "": ("?", "error"),
}
_EVIDENCE: Final = {
    "unknown": ("?", "muted"),
    "not-started": ("○", "muted"),
    "in-progress": ("◐", "warning"),
    "probably-done": ("◕", "success"),
    "done": ("●", "success"),
    "regressed": ("↓", "error"),
}
_SEVERITIES: Final = {"error": ("✗", "error"), "warning": ("!", "warning"), "info": ("·", "muted")}
_NODES: Final = {
    "done": ("✓", "success"), "working": ("◐", "warning"), "ready": ("○", "primary"), "blocked": ("·", "muted"),
    "circle": ("↻", "error"),
}  # fmt: skip
_ITEM_COLUMNS: Final = (
    ListColumn("Item", stretch=True, least=28),
    ListColumn("Status", most=14),
    ListColumn("By evidence", most=24, rank=1),
    ListColumn("Tests", most=7, rank=3),
    ListColumn("Approval", most=10, rank=4),
    ListColumn("Boxes", most=7, rank=2),
)
_ORDER_COLUMNS: Final = (
    ListColumn("#", most=5),
    ListColumn("Item", stretch=True, least=28),
    ListColumn("Score", most=7),
    ListColumn("Effort", most=7, rank=3),
    ListColumn("May begin", most=12, rank=1),
    ListColumn("Slack", most=8, rank=4),
)
COLUMNS: Final[Mapping[str, tuple[ListColumn, ...]]] = {
    "tree": _ITEM_COLUMNS,
    "board": _ITEM_COLUMNS,
    "next": _ORDER_COLUMNS,
    "order": _ORDER_COLUMNS,
    "graph": (
        ListColumn("Item", stretch=True),
        ListColumn("State", most=10),
        ListColumn("Waits for", most=40, rank=1),
    ),
    "check": (
        ListColumn("What", most=15),
        ListColumn("Where", most=30, rank=1, front=True),
        ListColumn("Why", stretch=True),
    ),
    "history": (
        ListColumn("When", most=16),
        ListColumn("What", stretch=True),
        ListColumn("State", most=8),
        ListColumn("By", most=8, rank=1),
    ),
}
"""Columns of each list."""


def one_line(text: str) -> str:
    """Text from outside in one line, without what a terminal would obey."""
    return safe(" ".join(text.split()))


def when(at: str) -> str:
    """A moment as a person reads it."""
    return at[:16].replace("T", " ")


# Items


def tree_rows(
    branches: Sequence[Branch], progress: Mapping[str, ProgressRow], colours: Colours
) -> dict[str, list[Text]]:
    """Items below what they belong to; the first thousand."""
    return {
        key_of(branch.item): [
            _item_cell(branch.item, colours, branch),
            *_item_cells(branch.item, progress.get(key_of(branch.item)), colours),
        ]
        for branch in branches[:MOST_ROWS]
    }


def board_rows(
    items: Sequence[ItemRow], progress: Mapping[str, ProgressRow], colours: Colours
) -> dict[str, list[Text]]:
    """Items by status, each status with a heading; the first thousand."""
    rows: dict[str, list[Text]] = {}
    for status, found in board_of(items):
        sign, tone = STATUS_SIGNS.get(status, ("○", "foreground"))
        heading = Text.assemble((f"{sign} {safe(status) or 'no status'}", f"bold {colours[tone]}"), f"  {len(found):,}")
        rows[f"status:{status}"] = [heading, *(Text() for _ in range(5))]
        for item in found[: max(0, MOST_ROWS - len(rows))]:
            rows[key_of(item)] = [
                Text.assemble("  ", _item_cell(item, colours)),
                *_item_cells(item, progress.get(key_of(item)), colours),
            ]
    return rows


def _item_cell(item: ItemRow, colours: Colours, branch: Branch | None = None) -> Text:
    fold = ""
    if branch is not None:
        fold = "  " * branch.depth + ("▸ " if branch.folded else "▾ " if branch.parts else "  ")
    name = item.alias or item.id or item.kind
    text = Text.assemble((fold, colours["muted"]), (one_line(name), colours["accent"]), " ")
    closed = item.status == "cancelled"
    text.append(one_line(item.title) or safe(item.path), f"strike {colours['muted']}" if closed else "")
    if branch is not None and branch.folded:
        text.append(f"  ({branch.parts})", colours["muted"])
    return text


def _item_cells(item: ItemRow, progress: ProgressRow | None, colours: Colours) -> list[Text]:
    tests = {"green": ("✓ green", "success"), "red": ("✗ red", "error")}.get(item.tests, ("", "muted"))
    approval = {"valid": ("✓ valid", "success"), "outdated": ("! outdated", "warning")}.get(item.approval, ("", ""))
    return [
        status_cell(item.status, colours),
        evidence_cell(progress, colours),
        Text(tests[0], colours[tests[1]]),
        Text(approval[0], colours[approval[1]] if approval[1] else ""),
        Text(f"{item.boxes_done}/{item.boxes}" if item.boxes else "", colours["muted"]),
    ]


def status_cell(status: str, colours: Colours) -> Text:
    """A status with its sign."""
    sign, tone = STATUS_SIGNS.get(status, ("○", "foreground"))
    return Text(f"{sign} {safe(status) or 'none'}", colours[tone])


def evidence_cell(progress: ProgressRow | None, colours: Colours) -> Text:
    """What evidence says, how sure that is, and a sign where it contradicts the status."""
    if progress is None:
        return Text()
    sign, tone = _EVIDENCE[progress.state]
    text = Text.assemble((f"{sign} {progress.state.replace('-', ' ')}", colours[tone]))
    if progress.state not in {"unknown", "not-started"}:
        text.append(f" {progress.confidence:.0%}", colours["muted"])
    if progress.contradictions:
        text.append(" !", f"bold {colours['warning']}")
    return text


# Order


def order_rows(order: PlanOrder, colours: Colours) -> dict[str, list[Text]]:
    """Work in its order; with what may begin, the highest scores of what may not."""
    rows = {f"order:{row.id or row.path}": _order_row(row, colours) for row in order.rows[:MOST_ROWS]}
    for row in order.waiting:
        rows.setdefault(f"order:{row.id or row.path}", _order_row(row, colours))
    return rows


def _order_row(row: OrderRow, colours: Colours) -> list[Text]:
    may = ("✓ now", "success") if row.ready else ("· not yet", "muted")
    if row.status in {"in-progress", "current"}:
        may = ("◐ begun", "warning")
    if row.circle:
        may = ("↻ circle", "error")
    name = row.alias or row.id or row.kind
    title = Text.assemble((one_line(name), colours["accent"]), f" {one_line(row.title)}")
    if row.critical:
        title.append("  critical", colours["warning"])
    return [
        Text(str(row.position), colours["muted"]),
        title,
        Text(f"{row.score:.2g}" if row.score < 100 else f"{row.score:,.0f}"),
        Text(f"{row.terms.effort:g}" if row.terms is not None else "", colours["muted"]),
        Text(may[0], colours[may[1]]),
        Text(f"{row.slack:g}", colours["muted"]),
    ]


# What waits for what


def graph_rows(graph: PlanGraph, colours: Colours) -> dict[str, list[Text]]:
    """Each item behind what it waits for."""
    return {
        f"node:{node.id or number}": _node_row(node, graph.nodes, colours)
        for number, node in enumerate(graph.nodes[:MOST_ROWS])
        if not node.stop
    }


def _node_row(node: GraphNode, nodes: Sequence[GraphNode], colours: Colours) -> list[Text]:
    sign, tone = _NODES[node.state]
    title = Text.assemble(
        ("  " * min(node.layer, 12), ""), (one_line(_called(node)), colours["accent"]), f" {one_line(node.title)}"
    )
    if node.parts:
        title.append(f"  {node.parts_done}/{node.parts}", colours["muted"])
    if node.critical:
        title.append("  critical", colours["warning"])
    needs = ", ".join(f"{_called(nodes[n])}{' ✂' * (n in node.cut)}" for n in node.needs if n < len(nodes))
    return [title, Text(f"{sign} {node.state}", colours[tone]), Text(one_line(needs), colours["muted"])]


def _called(node: GraphNode) -> str:
    return node.alias or node.id or node.kind


# What is wrong or stands beside the plan


def check_rows(
    findings: Sequence[ItemFinding],
    contradictions: Sequence[ProgressRow],
    drift: PlanDrift,
    unplanned: Sequence[UnplannedWork],
    colours: Colours,
) -> dict[str, list[Text]]:
    """Findings, contradictions, documents that differ, commits without an item."""
    rows: dict[str, list[Text]] = {}
    for row in contradictions:
        name = one_line(row.alias or row.id or row.path)
        rows[f"claim:{key_of(row)}"] = [
            Text("! contradiction", colours["warning"]),
            Text.assemble((name, colours["accent"]), f" {one_line(row.title)}"),
            Text(one_line("; ".join(row.contradictions))),
        ]
    for number, finding in enumerate(findings[:MOST_ROWS]):
        sign, tone = _SEVERITIES[finding.severity]
        where = Text(f"{safe(finding.path)}:{finding.line}", colours["muted"])
        rows[f"finding:{number}"] = [
            Text(f"{sign} {finding.severity}", colours[tone]),
            where,
            Text(one_line(finding.message)),
        ]
    rows |= dict(_beside(drift, unplanned, colours))
    return rows


def _beside(drift: PlanDrift, unplanned: Sequence[UnplannedWork], colours: Colours) -> Iterator[tuple[str, list[Text]]]:
    for document in drift.documents:
        if document.drifted or document.gone:
            why = "cannot be read any more" if document.gone else drift_words(document.counts)
            what = Text("≠ document", colours["warning"])
            yield f"drift:{document.path}", [what, Text(safe(document.path), colours["muted"]), Text(why)]
    for group in unplanned:
        what = Text("+ unplanned", colours["primary"])
        why = plural(group.total, "commit") + " without an item"
        yield f"unplanned:{group.name}", [what, Text(one_line(group.name), colours["muted"]), Text(why)]


def drift_words(counts: Mapping[str, int]) -> str:
    """How far a document and the plan have come apart."""
    return "since the last merge: " + ", ".join(f"{count} {name}" for name, count in counts.items() if name != "same")


# What was done


def history_rows(operations: Sequence[PlanOperation], colours: Colours) -> dict[str, list[Text]]:
    """Operations, newest first."""
    tones = {"done": ("✓", "success"), "undone": ("↶", "muted"), "failed": ("✗", "error"), "running": ("◐", "warning")}
    rows: dict[str, list[Text]] = {}
    for one in operations:
        sign, tone = tones[one.state]
        by = "edit" if one.by == "edit" else "command"
        rows[f"operation:{one.id}"] = [
            Text(when(one.at), colours["muted"]),
            Text(one_line(one.title)),
            Text(f"{sign} {one.state}", colours[tone]),
            Text(by, colours["muted"]),
        ]
    return rows


# The line above


def state_line(
    items: Sequence[ItemRow], progress: PlanProgress, forecast: PlanForecast | None, drift: PlanDrift, colours: Colours
) -> Text:
    """How far the plan is, when it is likely to be done, and what does not fit."""
    parts = [item for item in items if item.kind in {"epic", "story", "task"} and item.status != "cancelled"]
    done = sum(item.status in {"complete", "done"} for item in parts)
    line = Text(f"{done}/{len(parts)} done")
    if progress.total:
        line.append(f" · {progress.share:.0%} evident")
    if forecast is not None:
        line.append(_forecast_words(forecast), colours["primary"])
    drifted = sum(document.drifted or document.gone for document in drift.documents)
    told = [
        f"{progress.contradictions:,} contradicted" if progress.contradictions else "",
        f"{drifted} drifted" if drifted else "",
        f"{progress.unplanned_commits:,} unplanned" if progress.unplanned_commits else "",
    ]
    if any(told):
        line.append(f" · ! {', '.join(filter(None, told))}", colours["warning"])
    return line


def _forecast_words(forecast: PlanForecast) -> str:
    if forecast.whole is None or not forecast.whole.p50:
        return " · no forecast yet"
    late = f", P85 {forecast.whole.p85}" if forecast.whole.p85 else ""
    return f" · P50 {forecast.whole.p50}{late}"


def coloured_diff(diff: str, colours: Colours) -> Text:
    """A unified diff, its lines in the colours of what they do."""
    text = Text()
    for line in diff.splitlines():
        tone = {"+": colours["success"], "-": colours["error"], "@": colours["muted"]}.get(line[:1], "")
        text.append(f"{safe(line)}\n", tone)
    return text
