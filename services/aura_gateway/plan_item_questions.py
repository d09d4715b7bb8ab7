"""Questions about the items of a plan. One tool changes one item at a time; nothing deletes many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aura_gateway.question import LONG_S, Question
from aura_shared.messages import plan_items

__all__ = ["PLAN_ITEM_QUESTIONS"]

PLAN_ITEM_QUESTIONS: Final[Sequence[Question]] = (
    Question(
        "plan/items", plan_items.ListItems, "plan", "plan_items", "List the plan",
        "Documents, epics, stories and tasks with status, a page at a time; with what=findings, what is wrong with "
        "them by file and line.",
    ),
    Question(
        "plan/item", plan_items.ShowItem, "plan", "plan_item", "Show an item of the plan",
        "An item's file, what belongs to it, what it waits for, which statuses it may get and why not others.",
    ),
    Question(
        "plan/resume", plan_items.ResumePlan, "plan", "resume_plan", "Resume work",
        "Where the plan stands and what is next, within a budget. Use at the start of a session.",
    ),
    Question(
        "plan/change", plan_items.ChangePlan, "plan", "change_plan", "Change an item of the plan",
        "Add, set, move or remove one item, note something in its log, record a test run, or migrate. Gates of the "
        "workflow hold; every change can be undone.", writes=True,
        shows=(
            "action", "item", "kind", "title", "status", "parent", "depends_on", "priority", "value", "estimate",
            "section", "text", "outcome", "tests", "hash", "dry_run",
        ),
    ),
    Question(
        "plan/approve", plan_items.ApproveItem, "plan-more", "approve_plan_item", "Approve an item of the plan",
        "Approve the PRD, the architecture or a story as its text is now; a person has to say yes.", writes=True,
        approval=True,
    ),
    Question(
        "plan/test", plan_items.RunItemTests, "plan-more", "test_plan_item", "Run the tests of an item",
        "Aura runs the tests itself in its sandbox, on the files as they are, and records red or green in the item.",
        writes=True, timeout_s=LONG_S,
    ),
    Question(
        "plan/operations", plan_items.ListPlanOperations, "plan-more", "plan_operations", "List changes of the plan",
        "What was done to the plan by commands and by edits of files, newest first; each can be undone.",
    ),
    Question(
        "plan/undo", plan_items.UndoPlan, "plan", "undo_plan", "Undo a change of the plan",
        "Take one change of the plan back; refused when one of its files changed since.", writes=True,
    ),
)  # fmt: skip
"""All of them."""
