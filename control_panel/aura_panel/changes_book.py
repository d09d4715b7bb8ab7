"""Which changes and questions the list shows: those that the services named, and the one under the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from aura_panel.changes_rows import COLUMNS, FILTERS, Colours, approval_row, change_row, without_project
from aura_panel.widgets.listing import ListColumn
from aura_panel.world import World
from aura_shared.messages.approvals import Approval
from aura_shared.messages.changes import ChangeInfo, ChangeList, ChangeState, ListChanges

__all__ = ["APPROVAL", "MOST_CHANGES", "ChangesBook"]

APPROVAL: Final = "approval:"
"""What the key of a question begins with."""
MOST_CHANGES: Final = 200


class ChangesBook:
    """What is known of changes and of questions of agents, by the keys of their rows."""

    def __init__(self) -> None:
        self.changes: dict[str, ChangeInfo] = {}
        self.approvals: dict[str, Approval] = {}
        self.filter = "review"
        """Which states are shown."""
        self.everywhere = False
        """Whether all projects are shown."""
        self.key = ""
        """The row under the cursor."""
        self.wanted = ""
        """A row that the cursor goes to once it is there."""
        self.more = False
        """Whether there are more than are shown."""

    @property
    def states(self) -> list[ChangeState]:
        """The states that are shown; none means all."""
        return FILTERS[self.filter][1]

    def question(self, project: str) -> ListChanges:
        """What the service is asked."""
        return ListChanges(project="" if self.everywhere else project, states=self.states, limit=MOST_CHANGES)

    def take_list(self, found: ChangeList) -> None:
        """Take in a list; what is under the cursor stays until the cursor leaves it."""
        kept = [self.changes[name] for name in (self.key, self.wanted) if name in self.changes]
        self.changes = {change.id: change for change in found.changes}
        for change in kept:
            self.changes.setdefault(change.id, change)
        self.more = found.more

    def take_approvals(self, waiting: Sequence[Approval]) -> None:
        """Take in what waits."""
        for approval in waiting:
            self.approvals[approval.id] = approval

    def start_anew(self) -> None:
        """The person wants another list: nothing of the old one stays."""
        self.changes, self.key = {}, ""

    def step_filter(self, by: int) -> None:
        """Show other states."""
        names = list(FILTERS)
        self.filter = names[(names.index(self.filter) + by) % len(names)]

    def rows(self, world: World | None, colours: Colours) -> dict[str, list[Text]]:
        """The rows of the list: questions, the oldest first, then changes, the newest first."""
        waiting = {approval.id for approval in world.approvals} if world is not None else set[str]()
        rows: dict[str, list[Text]] = {}
        for approval in sorted(self.approvals.values(), key=lambda one: one.asked_at):
            key = f"{APPROVAL}{approval.id}"
            if approval.id in waiting or key in (self.key, self.wanted):
                name = name_of(world, approval.project)
                rows[key] = approval_row(approval, name, colours, waits=approval.id in waiting)
        for change in sorted(self.changes.values(), key=lambda one: one.created_at, reverse=True):
            rows[change.id] = change_row(change, name_of(world, change.project), colours)
        return rows if self.everywhere else {key: without_project(cells) for key, cells in rows.items()}

    @property
    def columns(self) -> Sequence[ListColumn]:
        """The columns of the rows."""
        return COLUMNS if self.everywhere else without_project(COLUMNS)


def name_of(world: World | None, project: str) -> str:
    """What a project is called."""
    info = world.projects.get(project) if world is not None else None
    return info.name if info is not None else project
