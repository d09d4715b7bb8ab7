"""Items of the plan that commits and branches name; the planning service is asked, and nothing waits for it long."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from aura_git.commits.contract import CommitMessage, Footer
from aura_git.repository import Repository
from aura_shared.bus import Bus
from aura_shared.errors import AuraError
from aura_shared.messages.plan_exchange import FindLinks, LinkedItem

__all__ = ["PlanLinks", "linked_items", "named_in", "with_item_footers"]

_FOLDER: Final = ".ai/"
_BOUND_S: Final = 1.0
"""A commit does not wait longer for its trailer."""
_MOST_FILES: Final = 3
"""A commit that changes more items than this is about the plan, and not about one of them."""
_MOST_ASKED: Final = 200
_TOKENS: Final = {"task": "Task", "story": "Story"}
_NAMING: Final = frozenset({"task", "story", "epic", "refs", "ref", "references", "part-of", "issue"})
_VALUE: Final = re.compile(r"[,\s]+")


@dataclass(frozen=True, slots=True)
class PlanLinks:
    """What was found."""

    items: tuple[LinkedItem, ...] = ()
    asked: bool = False
    """Whether the planning service answered."""


async def linked_items(
    bus: Bus, repository: Repository, *, branch: str = "", paths: Iterable[str] = (), names: Iterable[str] = ()
) -> PlanLinks:
    """Items that the name of a branch, changed files of the plan, or trailers mean; none without a plan.

    Args:
        bus: For the question.
        repository: Which.
        branch: Name of the branch.
        paths: Changed files, relative to the repository; those of the plan count unless there are many.
        names: Identifiers and aliases.
    """
    if repository.bare or not (repository.root / repository.prefix / _FOLDER).is_dir():
        return PlanLinks()
    inside = [path.removeprefix(repository.prefix) for path in paths if path.startswith(repository.prefix + _FOLDER)]
    files = inside if len(inside) <= _MOST_FILES else []
    asked = list(dict.fromkeys([*files, *(name[:200] for name in names)]))[:_MOST_ASKED]
    if not asked and not branch:
        return PlanLinks()
    request = FindLinks(project=repository.project, references=asked, branch=branch[:500])
    try:
        found = await bus.request(request, timeout_s=_BOUND_S, project=repository.project)
    except AuraError:
        return PlanLinks()
    return PlanLinks(tuple({one.id or one.path: one for one in found.items}.values()), asked=True)


def with_item_footers(message: CommitMessage, items: Sequence[LinkedItem], task: str = "") -> CommitMessage:
    """The message with `Task: ID` or `Story: ID` for what it names in no footer yet; other footers stay.

    Args:
        message: The message.
        items: What the commit belongs to.
        task: What a person linked already.
    """
    said = {task.casefold(), *(one.value.casefold() for one in message.footers)}
    new = [
        Footer(_TOKENS[one.kind], ": ", one.id)
        for one in items
        if one.kind in _TOKENS and one.id and not said & {one.id.casefold(), one.alias.casefold() or one.id.casefold()}
    ]
    return replace(message, footers=(*message.footers, *new)) if new else message


def named_in(messages: Iterable[CommitMessage]) -> list[str]:
    """What the trailers of messages name, in their order."""
    values = (
        value
        for message in messages
        for one in message.footers
        if one.token.lower() in _NAMING
        for value in [one.value.strip(), *_VALUE.split(one.value)]
    )
    return [one for one in dict.fromkeys(values) if one]
