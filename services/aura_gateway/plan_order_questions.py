"""Questions about the order of a plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_gateway.question import Question
from aura_shared.messages import plan_order

__all__ = ["PLAN_ORDER_QUESTIONS"]

PLAN_ORDER_QUESTIONS: Final[Sequence[Question]] = (
    Question(
        "plan/next", plan_order.NextTasks, "plan", "next_tasks", "Ask what is next",
        "What may begin now, best first, each with its reason and who does it; with what=order everything that is "
        "open, with circles and the critical path; with explain the terms and what would change the place.",
        shows=("what", "preset", "workers", "parent", "explain", "proposed", "start", "limit", "budget"),
    ),
    Question(
        "plan/order", plan_order.OrderPlan, "plan-more", "plan_order", "Order the plan",
        "Everything that is open in its order, a page at a time; next_tasks with what=order gives the same.",
    ),
    Question(
        "plan/graph", plan_order.AskPlanGraph, "plan-more", "plan_graph", "Show what waits for what",
        "Items with what they wait for, by layers; or the same as an SVG or HTML picture.",
        shows=("parent", "critical", "by", "form"),
    ),
)  # fmt: skip
"""All of them."""
