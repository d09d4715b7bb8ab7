"""The task that a commit belongs to, as the name of its branch says; linked only where commits here link tasks so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from aura_git.commits.contract import Footer, Habits

__all__ = ["TaskLink", "task_footer", "task_of"]

_KEY: Final = re.compile(r"(?<![A-Za-z0-9])([A-Z][A-Z0-9]{1,9}-[1-9]\d{0,6})(?!\d)(?!\.\d)")
_NUMBER: Final = re.compile(
    r"(?:^|/)(?:(?:gh|issues?|task|ticket|bug|fix)[-_/#]?)?#?([1-9]\d{0,6})(?=[-_/]|$)", re.IGNORECASE
)
_NO_KEYS: Final = frozenset({"UTF", "SHA", "RFC", "ISO", "CVE", "HTTP", "MD", "AES", "TLS", "X", "PY", "V"})
"""What looks like a key of a tracker and is the name of a standard."""
_NEUTRAL: Final = ("Refs", "Ref", "References", "Related", "Relates-to", "See", "Issue", "Jira", "Task", "Part-of")
"""Footers that link a task without closing it, the usual first."""
_CLOSING: Final = frozenset({"closes", "close", "fixes", "fix", "resolves", "resolve", "closed", "fixed"})
_HABIT: Final = 3
"""How often messages have to link tasks by a footer, so that it is a habit."""


@dataclass(frozen=True, slots=True)
class TaskLink:
    """A task, and whether the message names it."""

    task: str = ""
    """Such as `#12`; empty when none is certain."""
    source: str = ""
    """Where it was read from, or why it is not linked."""


def task_of(branch: str, habits: Habits, wanted: str = "") -> TaskLink:
    """The task of a commit.

    Args:
        branch: Name of the branch, such as `feature/PROJ-12-cart`.
        habits: Of the repository: only the form of tasks that its messages have is linked.
        wanted: What the person said; it is always linked.
    """
    if wanted.strip():
        return TaskLink(wanted.strip(), "as you said")
    form = habits.issue_form if _links(habits) else ""
    keys = [key for key in _KEY.findall(branch) if key.split("-")[0] not in _NO_KEYS]
    if len(set(keys)) == 1:
        if form and not form.startswith(("#", "GH-")):
            return TaskLink(keys[0], f"the branch {branch}")
        return TaskLink("", f"the branch names {keys[0]}; messages here name no such tasks, so it is not linked")
    numbers = [] if keys else _NUMBER.findall(branch)
    if len(set(numbers)) == 1:
        if form.startswith(("#", "GH-")):
            return TaskLink(f"{re.sub(r'[0-9]+$', '', form)}{numbers[0]}", f"the branch {branch}")
        return TaskLink("", f"the branch may name task {numbers[0]}; messages here name no such tasks")
    return TaskLink()


def _links(habits: Habits) -> bool:
    """Whether messages here link tasks by footers."""
    tokens = {token.lower() for token in _NEUTRAL} | _CLOSING
    return sum(count for token, count in habits.footers.items() if token.lower() in tokens) >= _HABIT


def task_footer(task: str, habits: Habits) -> Footer:
    """The footer that links a task: the one that messages here use, and never one that closes it."""
    used = {token.lower(): token for token, count in habits.footers.items() if count >= _HABIT}
    token = next((used[name.lower()] for name in _NEUTRAL if name.lower() in used), _NEUTRAL[0])
    return Footer(token, ": ", task)
