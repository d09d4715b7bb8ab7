"""Questions to the planning service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_gateway.question import Question
from aura_shared.messages import planning

__all__ = ["PLANNING_QUESTIONS"]

PLANNING_QUESTIONS: Final[Sequence[Question]] = (
    Question(
        "plan/parse", planning.ParseDocument, "plan", "parse_plan", "Read a plan",
        "Epics, stories, tasks, requirements and dependencies of a PRD or plan, with lines; no model. Set outline for "
        "text, gaps for what no task covers.",
        shows=("project", "path", "gaps", "outline", "offset"),
    ),
)  # fmt: skip
"""All of them."""
