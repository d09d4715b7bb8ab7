"""A board as an answer, within a budget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from aura_planning.evidence.board import Board, Row
from aura_planning.evidence.collecting import Evidence
from aura_planning.evidence.unplanned import Group
from aura_planning.items.ledger import Ledger
from aura_planning.items.model import Item
from aura_planning.ordering.tree import Tree
from aura_shared.messages.core import Message
from aura_shared.messages.plan_progress import (
    AskProgress,
    PlanProgress,
    ProgressEvidence,
    ProgressRow,
    UnplannedWork,
)

__all__ = ["progress_answer"]

MessageT = TypeVar("MessageT", bound=Message)
_CHARACTERS: int = 4
"""Of a token, about."""


def progress_answer(project: str, ledger: Ledger, board: Board, request: AskProgress) -> PlanProgress:
    """Answer a question about progress.

    Raises:
        UnknownItem: There is no such item.
        UsageProblem: Several items are meant.
    """
    item = ledger.find(request.item) if request.item else None
    leaves = [row for row in board.rows.values() if row.leaf and row.item.status != "cancelled"]
    effort = sum(row.effort for row in leaves)
    answer = PlanProgress(
        project=project,
        head=board.head,
        states=dict(sorted(Counter(row.judged.state for row in leaves).items())),
        share=round(sum(row.effort * row.share for row in leaves) / effort, 3) if effort else 0.0,
        contradictions=sum(len(row.contradictions) for row in board.rows.values()),
        unplanned_commits=sum(len(one.commits) for one in board.groups),
        notices=board.notices,
    )
    if request.what == "unplanned":
        return _groups(answer, ledger, board, request)
    return _rows(answer, ledger, board, request, item)


def _groups(answer: PlanProgress, ledger: Ledger, board: Board, request: AskProgress) -> PlanProgress:
    page = [_group(ledger, one) for one in board.groups[request.start : request.start + request.limit]]
    shown = _within(page, request.budget)
    after = request.start + len(shown)
    total = len(board.groups)
    reason = "" if total else "No commit since the plan came into git touches code and belongs to no item."
    return answer.model_copy(
        update={"unplanned": shown, "total": total, "next": after if after < total else 0, "reason": reason}
    )


def _rows(answer: PlanProgress, ledger: Ledger, board: Board, request: AskProgress, item: Item | None) -> PlanProgress:
    rows = list(board.rows.values())
    own = board.rows.get(item.path) if item is not None else None
    if item is not None:
        tree = Tree(ledger)
        rows = [row for row in rows if row is own or item in tree.above(row.item)]
    if request.what == "contradictions":
        rows = [row for row in rows if row.contradictions]
    if request.state is not None:
        rows = [row for row in rows if row.judged.state == request.state]
    budget = request.budget
    evidence: list[ProgressEvidence] = []
    if own is not None and not request.start:
        evidence = _within(list(_evidence(own, board)), budget * 2 // 3)
        budget -= sum(_tokens(one) for one in evidence)
    shown = _within([_row(row) for row in rows[request.start : request.start + request.limit]], budget)
    after = request.start + len(shown)
    groups: list[UnplannedWork] = []
    if item is None and request.what == "items" and request.state is None and not request.start:
        groups = [_group(ledger, one).model_copy(update={"commits": []}) for one in board.groups[:3]]
    return answer.model_copy(
        update={
            "rows": shown,
            "evidence": evidence,
            "unplanned": groups,
            "total": len(rows),
            "next": after if after < len(rows) else 0,
            "share": own.share if own is not None else answer.share,
            "reason": _reason(board, request, rows, item),
        }
    )


def _reason(board: Board, request: AskProgress, rows: Sequence[Row], item: Item | None) -> str:
    if rows:
        return ""
    if item is not None and item.path not in board.rows:
        return f"{item.kind} {item.id or item.path}: progress is told of epics, stories and tasks."
    if not board.rows:
        return "The plan has no epic, story or task."
    return (
        "Nothing is claimed that evidence contradicts." if request.what == "contradictions" else "No item is like that."
    )


def _row(row: Row) -> ProgressRow:
    item = row.item
    return ProgressRow(
        id=item.id, kind=item.kind, alias=item.alias, title=item.title, path=item.path, status=item.status,
        state=row.judged.state, confidence=row.judged.confidence, share=row.share, effort=round(row.effort, 2),
        why=row.judged.why, commits=len(row.evidence.commits), tests=len(row.evidence.tests),
        contradictions=[f"{one.rule}: {one.message}" for one in row.contradictions],
    )  # fmt: skip


def _group(ledger: Ledger, group: Group) -> UnplannedWork:
    item = next((one for one in ledger.items if one.path == group.nearest), None) if group.nearest else None
    return UnplannedWork(
        name=group.name,
        total=len(group.commits),
        commits=[f"{one.hash[:8]} {one.subject[:100]}" for one in group.commits[:5]],
        nearest=(item.alias or item.id or item.path) if item is not None else "",
        title=item.title if item is not None else "",
        likeness=group.likeness,
    )


def _evidence(row: Row, board: Board) -> Iterator[ProgressEvidence]:
    found = row.evidence
    yield from _commits(found)
    for name in found.branches:
        yield ProgressEvidence(what="branch", how="branch", trust=0.9, text=name, note="not merged")
    if row.item.tests:
        yield ProgressEvidence(
            what="record", how=row.item.tests_by or "claimed", trust=0.9 if row.item.tests_by == "aura" else 0.6,
            path=row.item.path, line=row.item.line("tests"), text=", ".join(row.item.test_names)[:200],
            note=row.item.tests,
        )  # fmt: skip
    for link in sorted(found.tests, key=lambda one: -one.trust):
        result = board.results.get((link.case.path, link.case.line))
        yield ProgressEvidence(
            what="test", how=link.how, trust=link.trust, path=link.case.path, line=link.case.line,
            text=f"{link.case.group} {link.case.name}".strip()[:200] or "the whole file", criterion=link.criterion,
            at=_when(result.at_s) if result is not None else "",
            note=f"{result.outcome} ({result.source})" if result is not None else "no result",
        )  # fmt: skip
    for one in found.symbols:
        how = "missing" if not one.path else "there" if one.new is None else "new" if one.new else "old"
        yield ProgressEvidence(what="symbol", how=how, trust=0.5, path=one.path, line=one.line, text=one.name)


def _commits(found: Evidence) -> Iterator[ProgressEvidence]:
    for link in found.commits:
        notes = [
            *(["reverted"] if link.reverted else []),
            *([] if link.merged else ["not merged"]),
            *([] if link.code or len(link.commit.parents) > 1 else ["only the plan"]),
        ]
        yield ProgressEvidence(
            what="commit", how=link.how, trust=link.trust, commit=link.commit.hash, text=link.commit.subject[:200],
            at=_when(link.commit.at_s), note=", ".join(notes),
        )  # fmt: skip


def _when(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat().replace("+00:00", "Z")


def _tokens(one: Message) -> int:
    return len(one.model_dump_json()) // _CHARACTERS + 1


def _within(page: Sequence[MessageT], budget: int) -> list[MessageT]:
    """As many as the budget holds, and one at least."""
    shown: list[MessageT] = []
    for one in page:
        budget -= _tokens(one)
        if shown and budget < 0:
            break
        shown.append(one)
    return shown
