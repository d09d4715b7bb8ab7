"""Proposals as messages, a page at a time within a budget."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from aura_planning.items.model import Finding
from aura_planning.items.rows import finding_of
from aura_planning.proposing.contract import Proposal, Source
from aura_planning.workflow.resuming import tokens_of
from aura_shared.messages.plan_items import ItemFinding
from aura_shared.messages.plan_proposals import ProposedItem, ProposedSource

__all__ = ["findings_for", "page", "version_of"]

_MOST_CRITERIA: Final = 40
_MOST_WORDS: Final = 300
_MOST_FINDINGS: Final = 50


def version_of(proposals: Iterable[Proposal]) -> str:
    """Tells a list of proposals from another one."""
    digest = hashlib.sha256()
    for one in proposals:
        digest.update(
            f"{one.what}\0{one.kind}\0{one.role}\0{one.title}\0{one.criteria}\0{one.estimate}\n".encode(
                "utf-8", "replace"
            )
        )
    return digest.hexdigest()[:8]


def page(proposals: Sequence[Proposal], start: int, limit: int, budget: int) -> tuple[list[ProposedItem], int]:
    """A page, and where the next begins; at least one is on it."""
    shown: list[ProposedItem] = []
    spent = 0
    for number, one in enumerate(proposals[start : start + limit], start=start + 1):
        row = _item(number, one)
        spent += tokens_of(row.model_dump_json(exclude_defaults=True))
        if shown and spent > budget:
            break
        shown.append(row)
    following = start + len(shown)
    return shown, following if following < len(proposals) else 0


def findings_for(findings: Sequence[Finding]) -> list[ItemFinding]:
    """Findings as messages, the first 50."""
    return [finding_of(one) for one in findings[:_MOST_FINDINGS]]


def _item(number: int, one: Proposal) -> ProposedItem:
    return ProposedItem(
        number=number, what=one.what, kind=one.kind, title=_plain(one.title), role=one.role, item=one.item,
        parent=one.parent, depends_on=list(one.depends_on),
        criteria=[_plain(text)[:_MOST_WORDS] for text in one.criteria[:_MOST_CRITERIA]], estimate=one.estimate,
        low=one.low, high=one.high, by=one.by, reasons=[_plain(text)[:400] for text in one.reasons],
        source=_source(one.source), grounded=one.grounded, duplicate_of=one.duplicate_of,
    )  # fmt: skip


def _source(source: Source | None) -> ProposedSource | None:
    if source is None:
        return None
    return ProposedSource(path=source.path, first=source.first, last=source.last, quote=_plain(source.quote)[:200])


def _plain(text: str) -> str:
    """Text that can be sent: bytes that are no UTF-8 are marked as such."""
    return text.encode("utf-8", "replace").decode()
