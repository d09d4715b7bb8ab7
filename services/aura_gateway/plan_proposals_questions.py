"""Questions about proposals for a plan: nothing is written without `apply`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_gateway.question import LONG_S, Question
from aura_shared.messages import plan_proposals

__all__ = ["PLAN_PROPOSAL_QUESTIONS"]

PLAN_PROPOSAL_QUESTIONS: Final[Sequence[Question]] = (
    Question(
        "plan/expand", plan_proposals.ExpandPlanItem, "plan-more", "expand_plan_item", "Expand, split or estimate",
        "Proposals for an item of the plan with reasons and lines: expand gives tasks, one test a criterion; split "
        "gives parts; estimate a range. Writes the chosen ones only with apply; can be undone.", writes=True,
        shows=("action", "item", "by", "only", "version", "apply", "replace", "start", "limit", "budget"),
        timeout_s=LONG_S,
    ),
    Question(
        "plan/propose", plan_proposals.ProposePlan, "plan-more", "propose_plan", "Ask what a document lacks",
        "Let a model say which stories, criteria, dependencies and estimates a requirements document lacks; each is "
        "checked against its lines. Writes the chosen ones only with apply.", writes=True,
        shows=("path", "model", "sections", "again", "only", "version", "apply", "start", "limit", "budget"),
        timeout_s=LONG_S,
    ),
)  # fmt: skip
"""All of them."""
