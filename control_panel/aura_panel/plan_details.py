"""All that is known of one row of the plan, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.text import Text

from aura_cli.screen import plural, safe
from aura_panel.plan_rows import Colours, drift_words, evidence_cell, one_line, status_cell, when
from aura_shared.messages.plan_drift import DriftedDocument
from aura_shared.messages.plan_items import ItemAnswer, ItemFinding, ItemRow, PlanOperation
from aura_shared.messages.plan_order import GraphNode, OrderRow, OrderTerms, PlanOrder
from aura_shared.messages.plan_progress import PlanProgress, ProgressEvidence, ProgressRow, UnplannedWork

__all__ = [
    "claim_details",
    "document_details",
    "finding_details",
    "group_details",
    "item_details",
    "node_details",
    "operation_details",
    "order_details",
    "row_details",
    "unplanned_details",
]

_MOST_EVIDENCE: Final = 12
_MOST_CHILDREN: Final = 12


def row_details(item: ItemRow, progress: ProgressRow | None, colours: Colours) -> Text:
    """What a list knows of an item, while the rest is asked for."""
    text = Text.assemble((item.kind, colours["muted"]), " · ", status_cell(item.status, colours))
    if progress is not None:
        text.append(" · by evidence ").append_text(evidence_cell(progress, colours))
    return text.append(f"\n{safe(item.path)}\n", colours["muted"])


def item_details(answer: ItemAnswer, known: PlanProgress | None, forecast: str, colours: Colours) -> Text:
    """An item: its place, what may be done, what is wrong, what shows that it was worked on."""
    item = answer.item
    own = known.rows[0] if known is not None and known.rows else None
    text = Text.assemble((" · ".join(_names(item)), colours["muted"]), " · ", status_cell(item.status, colours))
    if own is not None:
        text.append(" · by evidence ").append_text(evidence_cell(own, colours))
    text.append("\n")
    for label, value in _facts(answer):
        text.append(f"{label} ", colours["muted"]).append(f"{value}\n")
    if forecast:
        text.append("Likely done ", colours["muted"]).append(f"{forecast}\n")
    if own is not None:
        for line in own.contradictions:
            text.append(f"! {safe(line)}\n", colours["warning"])
    _append_steps(text, answer, colours)
    for finding in answer.findings:
        text.append(f"✗ line {finding.line}: {safe(finding.message)}\n", colours["error"])
    _append_parts(text, answer, colours)
    if known is not None and known.evidence:
        _append_evidence(text, known.evidence, colours)
    text.append(f"\n{safe(item.path)}\n", colours["muted"])
    return text


def _names(item: ItemRow) -> Iterator[str]:
    yield item.kind
    if item.alias:
        yield one_line(item.alias)
    if item.id:
        yield item.id


def _facts(answer: ItemAnswer) -> Iterator[tuple[str, str]]:
    item = answer.item
    if answer.parent is not None:
        yield "In", _short(answer.parent)
    for one in answer.waits_for:
        yield "Waits for", f"{_short(one)} ({safe(one.status)})"
    numbers = [
        f"{name} {value}"
        for name, value in (
            ("priority", safe(item.priority)),
            ("value", "" if item.value is None else f"{item.value:g}"),
            ("estimate", "" if item.estimate is None else f"{item.estimate:g}"),
        )
        if value
    ]
    if numbers:
        yield "Weight", " · ".join(numbers)
    if answer.approved_by:
        held = "" if item.approval == "valid" else ", for another text than it has now"
        yield "Approved", f"by {one_line(answer.approved_by)}, {when(answer.approved_at)}{held}"
    if item.tests:
        yield "Tests", f"{'✓' if item.tests == 'green' else '✗'} {item.tests} in the last run"
    if item.boxes:
        yield "Boxes", f"{item.boxes_done} of {item.boxes} ticked"


def _append_steps(text: Text, answer: ItemAnswer, colours: Colours) -> None:
    if answer.steps:
        text.append("May become ", colours["muted"]).append(f"{', '.join(answer.steps)}\n")
    for line in answer.refusals:
        text.append(f"Not {safe(line)}\n", colours["muted"])


def _append_parts(text: Text, answer: ItemAnswer, colours: Colours) -> None:
    for child in answer.children[:_MOST_CHILDREN]:
        text.append("  ").append_text(status_cell(child.status, colours)).append(f"  {_short(child)}\n")
    more = len(answer.children) - _MOST_CHILDREN
    if more > 0:
        text.append(f"  and {more} more\n", colours["muted"])


def _append_evidence(text: Text, evidence: Sequence[ProgressEvidence], colours: Colours) -> None:
    text.append("\nEvidence\n", f"bold {colours['primary']}")
    for one in evidence[:_MOST_EVIDENCE]:
        place = one.commit[:8] if one.commit else f"{one.path}:{one.line}" if one.line else one.path
        text.append(f"  {one.what:<7}", colours["muted"]).append(f"{safe(place)} ", colours["accent"])
        text.append(one_line(one.text))
        facts = [fact for fact in (one.how, f"{one.trust:.0%}", one.note) if fact]
        text.append(f"  {one_line(', '.join(facts))}\n", colours["muted"])
    more = len(evidence) - _MOST_EVIDENCE
    if more > 0:
        text.append(f"  and {more} more\n", colours["muted"])


def _short(item: ItemRow) -> str:
    return f"{item.kind} {one_line(item.alias or item.id)} {one_line(item.title)}".replace("  ", " ")


def group_details(status: str, items: Sequence[ItemRow], colours: Colours) -> Text:
    """A status of the board."""
    kinds = {kind: sum(item.kind == kind for item in items) for kind in dict.fromkeys(item.kind for item in items)}
    told = ", ".join(plural(count, kind) for kind, count in kinds.items())
    return Text.assemble(status_cell(status, colours), f": {told.replace('storys', 'stories')}\n")


# Order


def order_details(row: OrderRow, order: PlanOrder, colours: Colours) -> Text:
    """Why an item stands where it does, and what would change that."""
    text = Text.assemble(
        f"Place {row.position} of {order.open} · score {row.score:.3g} by {order.preset}"
        f" · {'critical' if row.critical else f'slack {row.slack:g}'}\n\n"
    )
    text.append("Why here\n", f"bold {colours['primary']}")
    text.append(f"{safe(row.reason) or 'No reason is given.'}\n")
    for line in row.blocked:
        text.append(f"· {safe(line)}\n", colours["warning"])
    if row.terms is not None:
        _append_terms(text, row.terms, colours)
    if row.changes:
        text.append("\nWhat would change it\n", f"bold {colours['primary']}")
        for line in row.changes:
            text.append(f"{safe(line)}\n")
    if order.circles_total:
        text.append(f"\n↻ {plural(order.circles_total, 'circle')} of work that waits for itself\n", colours["error"])
        for circle in order.circles:
            text.append(f"  take out: {safe(circle.cut.item)} waits for {safe(circle.cut.needs)}. {circle.reason}\n")
    for line in order.notices:
        text.append(f"\n{safe(line)}", colours["muted"])
    return text.append(f"\n{safe(row.path)}\n", colours["muted"])


def _append_terms(text: Text, terms: OrderTerms, colours: Colours) -> None:
    text.append("\nTerms\n", f"bold {colours['primary']}")
    unlocks = f"{terms.unlocked:g}" + (f" · {plural(terms.unlocks, 'item')} wait for it" if terms.unlocks else "")
    due = f"{terms.due}{f' of {terms.due_of}' if terms.due_of else ''}" if terms.due else ""
    for label, value, words in (
        ("Value", f"{terms.value:g}", terms.value_words),
        ("Unlocks", unlocks, ""),
        ("Risk", f"{terms.risk:g}" if terms.risk else "", ""),
        ("Factor", f"{terms.factor:g}" if terms.factor != 1 else "", ""),
        ("Due", due, "" if terms.spare is None else f"{terms.spare:g} points to spare"),
        ("Effort", f"{terms.effort:g}", terms.effort_words),
    ):
        if value:
            text.append(f"  {label:<8}", colours["muted"]).append(safe(value))
            text.append(f"  {safe(words)}\n" if words else "\n", colours["muted"])


def node_details(node: GraphNode, nodes: Sequence[GraphNode], colours: Colours) -> Text:
    """What an item waits for, and what waits for it."""
    number = list(nodes).index(node)
    text = Text.assemble((f"{node.kind} · {node.state}{' · on the critical path' * node.critical}\n", colours["muted"]))
    needs = [nodes[n] for n in node.needs if n < len(nodes)]
    after = [one for one in nodes if number in one.needs]
    for title, found in (("Waits for", needs), ("Waits for it", after)):
        if found:
            text.append(f"\n{title}\n", f"bold {colours['primary']}")
        for one in found:
            text.append(f"  {one_line(one.alias or one.id)} ", colours["accent"]).append(f"{one_line(one.title)}")
            text.append(f"  {one.state}\n", colours["muted"])
    if node.cut:
        text.append("\n✂ It waits in a circle: take one of these out (e edits what it waits for).\n", colours["error"])
    if not needs and not after:
        text.append("\nIt waits for nothing, and nothing waits for it.\n")
    return text


# Checks and history


def finding_details(finding: ItemFinding, colours: Colours) -> Text:
    """Something that is wrong with a file."""
    text = Text.assemble((f"{safe(finding.path)}:{finding.line}\n", colours["muted"]))
    text.append(f"\n{safe(finding.message)}\n")
    return text.append(f"\nRule {finding.rule}. E opens the file there.\n", colours["muted"])


def claim_details(row: ProgressRow, colours: Colours) -> Text:
    """Where the status of an item and evidence differ."""
    text = Text.assemble("Its file says ", status_cell(row.status, colours), ", evidence says ")
    text.append_text(evidence_cell(row, colours)).append(".\n\n")
    for line in row.contradictions:
        text.append(f"! {safe(line)}\n", colours["warning"])
    if row.why:
        text.append(f"\n{safe(row.why)}\n")
    return text.append(f"\ns sets the status.  {safe(row.path)}\n", colours["muted"])


def document_details(document: DriftedDocument, colours: Colours) -> Text:
    """A document that the plan was made of."""
    text = Text(f"{plural(document.items, 'item')} were made of it.\n\n")
    if document.gone:
        text.append("It cannot be read any more; the items stay as they are.\n", colours["warning"])
    else:
        text.append(f"{drift_words(document.counts).capitalize()}.\n")
        text.append(f"\nSee it, then merge:\n  aura plan merge {safe(document.path)} --dry-run\n")
    return text


def unplanned_details(group: UnplannedWork, colours: Colours) -> Text:
    """Commits that belong to no item."""
    text = Text(f"{plural(group.total, 'commit')} that touch code and name no item.\n\n")
    for line in group.commits:
        text.append(f"  {one_line(line)}\n")
    if group.nearest:
        text.append(f"\nNearest item: {one_line(group.title)} ({group.nearest}, {group.likeness:.0%} alike).\n")
    return text.append("\n+ adds an item for them.\n", colours["muted"])


def operation_details(operation: PlanOperation, colours: Colours) -> Text:
    """Something that was done to the plan."""
    text = Text.assemble(
        (f"{operation.command} · {operation.state} · {plural(operation.files, 'file')}", colours["muted"])
    )
    text.append(f" · {when(operation.at)} · {operation.id}\n", colours["muted"])
    if operation.problem:
        text.append(f"✗ {safe(operation.problem)}\n", colours["error"])
    if operation.undone_by:
        text.append(f"Taken back by {operation.undone_by}.\n")
    if operation.undoes:
        text.append(f"It took {operation.undoes} back.\n")
    if operation.state == "done":
        text.append("u takes it back, after showing what that changes.\n", colours["muted"])
    return text
