"""A document in the words of the bus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from aura_planning.parsing.contract import Document, Gap, Item, Source
from aura_shared.messages.planning import (
    ParsedDocument,
    PlanCriterion,
    PlanDependency,
    PlanExclusion,
    PlanFinding,
    PlanGap,
    PlanGroup,
    PlanItem,
    PlanProposal,
    PlanReference,
    PlanSource,
)  # fmt: skip

__all__ = ["reply_of"]


def reply_of(document: Document, gaps: Sequence[Gap]) -> ParsedDocument:
    """The reply that stands for a document, with the gaps that were found in it."""
    return ParsedDocument(
        path=document.path, family=document.family, title=document.title,
        items=[_item(at, item) for at, item in enumerate(document.items)],
        counts=dict(Counter(item.kind for item in document.items)),
        proposals=[
            PlanProposal(item=one.item, needs=one.needs, reason=one.reason, source=_source(one.source))
            for one in document.proposals
        ],
        findings=[
            PlanFinding(
                code=one.code, severity=one.severity, path=document.path, line=one.line, message=one.message,
                advice=one.advice,
            )
            for one in document.findings
        ],
        out_of_scope=[
            PlanExclusion(text=one.text, why=one.why, source=_source(one.source)) for one in document.out_of_scope
        ],
        groups=[
            PlanGroup(kind=one.kind, title=one.title, source=_source(one.source), items=list(one.items))
            for one in document.groups
        ],
        gaps=[
            PlanGap(
                kind=one.kind, title=one.title, item=one.item, source=_source(one.source), reason=one.reason,
                nearest=list(one.nearest),
            )
            for one in gaps
        ],
    )  # fmt: skip


def _source(source: Source) -> PlanSource:
    return PlanSource(first=source.first, last=source.last, quote=source.quote)


def _item(at: int, item: Item) -> PlanItem:
    return PlanItem(
        index=at, kind=item.kind, alias=item.alias, title=item.title, text=item.text, source=_source(item.source),
        parent=item.parent, status=item.status, status_text=item.status_text, priority=item.priority,
        estimate=item.estimate, optional=item.optional, labels=list(item.labels),
        criteria=[PlanCriterion(text=one.text, source=_source(one.source), ticked=one.ticked) for one in item.criteria],
        depends_on=[PlanDependency(item=one.item, source=_source(one.source)) for one in item.depends_on],
        requirements=[PlanReference(written=one.written, item=one.item, line=one.line) for one in item.requirements],
    )  # fmt: skip
