"""What checks and drafts come to, as the messages say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from aura_planning.documents.checking import Checked, severity_of
from aura_planning.documents.drafting import Part
from aura_planning.documents.findings import RULES, Fault
from aura_planning.documents.vocabulary import NAMES
from aura_shared.messages.plan_documents import CheckDocument, CheckedDocument, DocumentFinding, DraftSection

__all__ = ["checked_page", "finding_of", "section_of"]

_RANK: Final = {"error": 0, "warning": 1, "info": 2}
_TOKEN: Final = 4


def finding_of(path: str, one: Fault) -> DocumentFinding:
    """A fault as a message."""
    return DocumentFinding(
        rule=one.rule,
        severity=severity_of(one),
        path=path,
        line=max(1, one.line),
        message=one.message,
        why=RULES[one.rule].why,
        suggestion=one.suggestion,
        item=one.item,
        quote=one.quote,
        other=one.other,
    )


def checked_page(checked: Checked, request: CheckDocument) -> CheckedDocument:
    """A page of findings within its budget."""
    least = _RANK[request.severity]
    faults = [
        one
        for one in checked.faults
        if _RANK[severity_of(one)] <= least and (not request.rules or one.rule in request.rules)
    ]
    shown: list[DocumentFinding] = []
    left = request.budget * _TOKEN
    for one in faults[request.start : request.start + request.limit]:
        found = finding_of(checked.path, one)
        left -= len(found.model_dump_json())
        if left < 0 and shown:
            break
        shown.append(found)
    after = request.start + len(shown)
    counts = Counter(one.rule for one in faults)
    return CheckedDocument(
        path=checked.path,
        family=checked.family,
        language=NAMES[checked.language],
        items=checked.items,
        findings=shown,
        counts=dict(sorted(counts.items())),
        errors=sum(severity_of(one) == "error" for one in faults),
        total=len(faults),
        skipped=list(checked.skipped),
        next=after if after < len(faults) else 0,
    )


def section_of(part: Part) -> DraftSection:
    """How a section came about."""
    every: Sequence[str] = [one.kind for one in part.all()]
    return DraftSection(
        title=part.title,
        by=part.by,
        facts=every.count("fact"),
        assumptions=every.count("assumption"),
        problem=part.problem,
    )
