"""What waits for a person, the most urgent first: the panel's `!` key and the list on its first view."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from aura_cli.answers import text_of

if TYPE_CHECKING:
    from aura_panel.world import World

__all__ = ["Need", "needs_of"]


class Need(NamedTuple):
    """Something that waits for a person."""

    urgency: int
    """0 is the most urgent."""
    text: str
    """What, in one line."""
    view: str
    """Where it is dealt with."""
    target: str = ""
    """Identifier of the thing there."""
    project: str = ""
    """Identifier of its project."""


def needs_of(world: World) -> list[Need]:
    """What waits for a person now."""
    return sorted([*_approvals(world), *_services(world), *_projects(world)], key=lambda need: need.urgency)


def _approvals(world: World) -> Iterator[Need]:
    for asked in world.approvals:
        who = asked.client or "An agent"
        yield Need(
            0, f"{who} waits to run {asked.tool}: {asked.summary}", "changes", f"approval:{asked.id}", asked.project
        )


def _services(world: World) -> Iterator[Need]:
    for name, service in world.services.items():
        if service.get("state") == "crash-loop":
            yield Need(1, f"The service {name} keeps crashing: {text_of(service, 'reason')}", "home", f"service:{name}")


def _projects(world: World) -> Iterator[Need]:
    for project in world.projects.values():
        if project.phase in {"missing", "failed"}:
            yield Need(
                2, f"{project.name}: {project.problem or project.phase}", "home", f"project:{project.id}", project.id
            )
        facts = world.facts_of(project.id)
        git = facts.git
        if git is not None and git.operation is not None and git.operation.choices:
            what = git.operation.waiting_for or git.operation.title
            yield Need(2, f"{project.name}: git waits for you: {what}", "git", git.operation.id, project.id)
        for change in facts.changes:
            yield Need(3, f"{project.name}: change to review: {change.title}", "changes", change.id, project.id)
