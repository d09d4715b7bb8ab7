"""Questions about progress: what evidence says beside what is claimed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_gateway.question import Question
from aura_shared.messages import plan_progress

__all__ = ["PLAN_PROGRESS_QUESTIONS"]

PLAN_PROGRESS_QUESTIONS: Final[Sequence[Question]] = (
    Question(
        "plan/progress", plan_progress.AskProgress, "plan", "plan_progress", "Show progress from evidence",
        "State of an item or all from commits, tests and symbols, with confidence; contradictions with its status; "
        "commits that belong to no item.",
        shows=("item", "what", "state", "start", "limit", "budget"),
    ),
)  # fmt: skip
"""All of them."""
