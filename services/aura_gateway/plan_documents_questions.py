"""Questions about requirements documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_gateway.question import LONG_S, Question
from aura_shared.messages import plan_documents

__all__ = ["PLAN_DOCUMENTS_QUESTIONS"]

PLAN_DOCUMENTS_QUESTIONS: Final[Sequence[Question]] = (
    Question(
        "plan/prd-check", plan_documents.CheckDocument, "plan-more", "check_prd", "Check a PRD",
        "What is wrong with a PRD or requirements file, by line: sections, vague or compound demands, contradictions, "
        "duplicates, coverage, assumptions; each with a rewrite. No model.",
        shows=("project", "path", "rules", "severity", "start", "limit", "budget"),
    ),
    Question(
        "plan/prd-new", plan_documents.DraftDocument, "plan-more", "draft_prd", "Draft a PRD",
        "A PRD from one sentence and the repository's facts. May answer with questions or a budget first: call again "
        "with answers, or agreed. Can be undone.", writes=True, timeout_s=LONG_S,
    ),
)  # fmt: skip
"""All of them."""
