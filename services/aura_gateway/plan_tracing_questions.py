"""Questions from requirements to code and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_gateway.question import LONG_S, Question
from aura_shared.messages import plan_tracing

__all__ = ["PLAN_TRACING_QUESTIONS"]

PLAN_TRACING_QUESTIONS: Final[Sequence[Question]] = (
    Question(
        "plan/coverage", plan_tracing.AskCoverage, "plan-more", "plan_coverage", "Ask what covers the requirements",
        "Each requirement with its stories, tasks, tests and code, and what is missing; a page at a time.",
        shows=("gaps_only", "start", "limit"), timeout_s=LONG_S,
    ),
    Question(
        "plan/impact", plan_tracing.AskPlanImpact, "plan-more", "plan_impact", "Ask what a change puts at risk",
        "Items and requirements that a change of a file or symbol may touch, with the reasons; of an item, the files "
        "that it will touch and open items that touch the same.", timeout_s=LONG_S,
    ),
)  # fmt: skip
"""All of them."""
