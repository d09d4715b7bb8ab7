"""The statuses of each kind, and the spellings of them that people use. What is not listed here is not guessed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from aura_planning.items.model import Kind

__all__ = ["CLOSED", "INITIAL", "STATUSES", "WORKING", "status_of", "written_status"]

STATUSES: Final[Mapping[Kind, tuple[str, ...]]] = {
    "prd": ("draft", "approved"),
    "architecture": ("draft", "approved"),
    "epic": ("future", "current", "complete", "cancelled"),
    "story": ("draft", "in-progress", "complete", "cancelled"),
    "task": ("todo", "in-progress", "done", "cancelled"),
}
INITIAL: Final[Mapping[Kind, str]] = {kind: names[0] for kind, names in STATUSES.items()}
WORKING: Final[Mapping[Kind, str]] = {"epic": "current", "story": "in-progress", "task": "in-progress"}
"""The status of what is being worked on."""
CLOSED: Final = frozenset({"complete", "done", "cancelled"})
"""Statuses of what needs no more work."""

_CANCELLED: Final = (
    "cancelled",
    "canceled",
    "wontdo",
    "willnotdo",
    "closedwillnotdo",
    "dropped",
    "abandoned",
    "skipped",
)
_DONE: Final = ("complete", "completed", "done", "finished", "closed")
_WORKING: Final = ("inprogress", "current", "active", "wip", "doing", "started")
_OPEN: Final = ("todo", "open", "pending", "backlog", "notstarted", "planned")
_SPELLINGS: Final[Mapping[Kind, Mapping[str, str]]] = {
    "prd": {"draft": "draft", "approved": "approved"},
    "architecture": {"draft": "draft", "approved": "approved"},
    "epic": {
        **dict.fromkeys((*_OPEN, "future"), "future"),
        **dict.fromkeys(_WORKING, "current"),
        **dict.fromkeys(_DONE, "complete"),
        **dict.fromkeys(_CANCELLED, "cancelled"),
    },
    "story": {
        **dict.fromkeys((*_OPEN, "draft"), "draft"),
        **dict.fromkeys(_WORKING, "in-progress"),
        **dict.fromkeys(_DONE, "complete"),
        **dict.fromkeys(_CANCELLED, "cancelled"),
    },
    "task": {
        **dict.fromkeys((*_OPEN, "draft"), "todo"),
        **dict.fromkeys(_WORKING, "in-progress"),
        **dict.fromkeys(_DONE, "done"),
        **dict.fromkeys(_CANCELLED, "cancelled"),
    },
}
_MARKUP: Final = re.compile(r"[*_`~\[\]{}<>()\s.:;,!-]+")


def status_of(kind: Kind, written: str) -> str:
    """The status that a text means; empty when it is none that is known."""
    return _SPELLINGS[kind].get(_bare(written), "")


def _bare(written: str) -> str:
    """Letters only: without case, markup, spaces, and pictures such as a check mark."""
    letters = "".join(one for one in written if unicodedata.category(one) not in {"So", "Mn", "Cf", "Sk", "Sm"})
    return _MARKUP.sub("", letters).lower()


def written_status(kind: Kind) -> str:
    """The statuses of a kind, for a message."""
    return ", ".join(STATUSES[kind])
