"""Questions about plans of other tools: import and export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_gateway.question import LONG_S, Question
from aura_shared.messages import plan_exchange

__all__ = ["PLAN_EXCHANGE_QUESTIONS"]

PLAN_EXCHANGE_QUESTIONS: Final[Sequence[Question]] = (
    Question(
        "plan/import", plan_exchange.ImportPlan, "plan-more", "import_plan", "Import a plan",
        "Read tasks of Task Master, spec-kit, OpenSpec, BMAD, Backlog.md, a CSV or an issue list into items. Call it "
        "with dry_run first: it says what becomes what. Nothing is doubled; one undo takes all of it back.",
        writes=True, shows=("path", "format", "prefer", "lenient", "dry_run", "limit"), timeout_s=LONG_S,
    ),
    Question(
        "plan/export", plan_exchange.ExportPlan, "plan-more", "export_plan", "Export the plan",
        "Write the plan in the format of another tool, merged into what is there; says what the format has no place "
        "for.",
        writes=True, hides=("content",), timeout_s=LONG_S,
    ),
    Question(
        "plan/links", plan_exchange.FindLinks, "plan-more", "plan_links", "Find items by their names",
        "Which items identifiers, aliases, or a branch's name mean.",
    ),
)  # fmt: skip
"""All of them."""
