"""Questions about documents that a plan is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_gateway.question import Question
from aura_shared.messages import plan_drift

__all__ = ["PLAN_DRIFT_QUESTIONS"]

PLAN_DRIFT_QUESTIONS: Final[Sequence[Question]] = (
    Question(
        "plan/merge", plan_drift.MergeDocument, "plan-more", "merge_document", "Merge a document into the plan",
        "Make items of a PRD or plan, or merge what changed in it; what was edited in the plan stays. Set dry_run to "
        "look first. Can be undone.", writes=True,
    ),
    Question(
        "plan/drift", plan_drift.AskPlanDrift, "plan-more", "plan_drift", "Ask how far documents drifted",
        "The documents that the plan was made of, and how much in each would have to be merged.",
    ),
)  # fmt: skip
"""All of them."""
