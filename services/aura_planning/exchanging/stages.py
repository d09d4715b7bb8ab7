"""Statuses of other tools and of Aura, both ways, in one table for each. What is not in it is not guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from aura_planning.items.model import Kind
from aura_planning.items.statuses import STATUSES, status_of

__all__ = ["TABLES", "Stage", "foreign_status", "stage_of", "status_at", "status_from"]

Stage: TypeAlias = Literal["todo", "working", "done", "cancelled"]
_STAGES: Final[tuple[Stage, ...]] = ("todo", "working", "done", "cancelled")
TABLES: Final[Mapping[str, tuple[tuple[str, Stage], ...]]] = {
    "taskmaster": (
        ("pending", "todo"), ("in-progress", "working"), ("done", "done"), ("cancelled", "cancelled"),
        ("review", "working"), ("completed", "done"), ("deferred", "todo"), ("blocked", "todo"),
    ),
    "speckit": ((" ", "todo"), ("x", "done"), ("-", "cancelled"), ("~", "cancelled")),
    "openspec": ((" ", "todo"), ("x", "done"), ("-", "cancelled"), ("~", "cancelled")),
    "task-list": ((" ", "todo"), ("x", "done"), ("-", "cancelled"), ("~", "cancelled")),
    "bmad": (
        ("backlog", "todo"), ("in-progress", "working"), ("done", "done"), ("ready-for-dev", "todo"),
        ("drafted", "todo"), ("review", "working"), ("contexted", "working"),
    ),
    "backlog": (
        ("To Do", "todo"), ("In Progress", "working"), ("Done", "done"), ("Won't Do", "cancelled"), ("Draft", "todo"),
    ),
    "gh-json": (("OPEN", "todo"), ("CLOSED", "done"), ("NOT_PLANNED", "cancelled"), ("DUPLICATE", "cancelled")),
    "csv": (
        ("todo", "todo"), ("in-progress", "working"), ("done", "done"), ("cancelled", "cancelled"),
        ("draft", "todo"), ("future", "todo"), ("current", "working"), ("complete", "done"),
        ("To Do", "todo"), ("Open", "todo"), ("Reopened", "todo"), ("Backlog", "todo"), ("Triage", "todo"),
        ("Selected for Development", "todo"), ("In Progress", "working"), ("In Review", "working"),
        ("Resolved", "done"), ("Closed", "done"), ("Completed", "done"), ("Canceled", "cancelled"),
        ("Won't Do", "cancelled"), ("Won't Fix", "cancelled"), ("Duplicate", "cancelled"),
    ),
}  # fmt: skip
"""Words of each format and what they mean; the first one of a meaning is the one that is written."""


def status_at(kind: Kind, stage: Stage) -> str:
    """The status of a kind at a stage; documents are drafts until they are approved here."""
    names = STATUSES[kind]
    return names[_STAGES.index(stage)] if len(names) == len(_STAGES) else names[0]


def stage_of(kind: Kind, status: str) -> Stage | None:
    """The stage that a status of a kind stands for; None for an unknown one and for documents."""
    names = STATUSES[kind]
    return _STAGES[names.index(status)] if status in names and len(names) == len(_STAGES) else None


def status_from(form: str, kind: Kind, written: str) -> str:
    """The status that a word of a format means; empty for a word that is not known."""
    folded = written.casefold()
    stage: Stage | None = next((found for word, found in TABLES[form] if word.casefold() == folded), None)
    return status_at(kind, stage) if stage is not None else status_of(kind, written)


def foreign_status(form: str, kind: Kind, status: str, kept: str = "") -> str:
    """The word of a format for a status.

    Args:
        form: The format.
        kind: Of the item.
        status: Its status here.
        kept: The word that stood in the source; it is written again while it means the same.

    Returns:
        The word; empty when the format has none.
    """
    if kept and status_from(form, kind, kept) == status:
        return kept
    stage = stage_of(kind, status)
    return next((word for word, found in TABLES[form] if found == stage), "")
