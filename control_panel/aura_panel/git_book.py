"""What the panel knows of one repository, and how it asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from aura_panel.link import Link
from aura_shared.errors import AuraError
from aura_shared.messages.branches import BranchInfo, BranchList, ListBranches
from aura_shared.messages.bus import BusJournal
from aura_shared.messages.git import (
    GitOperation,
    GitOperationAnswer,
    GitStatus,
    ListOperations,
    ShowGitStatus,
    ShowOperation,
)
from aura_shared.messages.git_health import CheckHealth, GitProposal, HealthFinding, HealthReport, SetWatch, WatchState
from aura_shared.messages.merges import MergeForecast, SimulateMerge

__all__ = ["GitBook", "Proposed"]

MOST_OPERATIONS: Final = 200
MOST_PROPOSALS: Final = 50
LONG_S: Final = 300.0
"""Looking through a large history takes a while."""


class Proposed(NamedTuple):
    """A proposal of the watch, or what it did."""

    at: str
    """When: ISO 8601 in UTC."""
    id: str
    """Of the event."""
    proposal: GitProposal
    """What."""


@dataclass(slots=True)
class GitBook:
    """One repository; lists are empty until they were asked for."""

    project: str
    """Identifier of its project."""
    status: GitStatus | None = None
    """Its state; None while that is not known."""
    operations: list[GitOperation] = field(default_factory=list[GitOperation])
    """What Aura did in it, newest first."""
    shown: dict[str, GitOperationAnswer] = field(default_factory=dict[str, GitOperationAnswer])
    """Operations with what they moved, by identifier."""
    branches: BranchList | None = None
    """Its branches."""
    forecasts: dict[str, MergeForecast] = field(default_factory=dict[str, MergeForecast])
    """What merging each of them would do, as far as it was asked."""
    health: HealthReport | None = None
    """What is wrong with it."""
    watch: WatchState | None = None
    """What the watch may do."""
    proposals: list[Proposed] = field(default_factory=list[Proposed])
    """What the watch proposed or did, newest first."""
    fresh: set[str] = field(default_factory=set[str])
    """Lists that were asked for since something changed last."""

    # What is known

    @property
    def waiting(self) -> GitOperation | None:
        """The operation that waits for a person or was interrupted."""
        operation = self.status.operation if self.status is not None else None
        return operation if operation is not None and operation.choices else None

    def operation(self, name: str) -> GitOperation | None:
        """An operation by its identifier."""
        return next((one for one in self.operations if one.id == name), None)

    def branch(self, name: str) -> BranchInfo | None:
        """A branch by its name."""
        found = self.branches.branches if self.branches is not None else []
        return next((one for one in found if one.name == name), None)

    def finding(self, rule: str) -> HealthFinding | None:
        """A finding of the check by its rule."""
        found = self.health.findings if self.health is not None else []
        return next((one for one in found if one.rule == rule), None)

    def take_proposal(self, found: Proposed) -> None:
        """Note a proposal that arrived."""
        known = [one for one in self.proposals if one.id != found.id]
        self.proposals = sorted([found, *known], key=lambda one: one.at, reverse=True)[:MOST_PROPOSALS]

    def outdated(self) -> None:
        """Something changed: what is kept is asked for again when it is shown."""
        self.fresh.clear()
        self.forecasts.clear()

    def forget(self) -> None:
        """The person wants everything to be asked for again."""
        self.outdated()
        self.shown.clear()

    # Questions

    async def ask_status(self, link: Link) -> None:
        """Ask for the state.

        Raises:
            AuraError: The service does not answer, or the project is in no repository.
        """
        self.status = await link.ask(ShowGitStatus(project=self.project))

    async def ask_section(self, link: Link, section: str) -> None:
        """Ask for one of the lists.

        Raises:
            AuraError: The service does not answer.
        """
        if section == "operations":
            listed = await link.ask(ListOperations(project=self.project, limit=MOST_OPERATIONS))
            self.operations = listed.operations
        elif section == "branches":
            self.branches = await link.ask(ListBranches(project=self.project))
        elif section == "health":
            self.health = await link.ask(CheckHealth(project=self.project), timeout_s=LONG_S)
        elif section == "watch":
            self.watch = await link.ask(SetWatch(project=self.project))
            await self._ask_proposals(link)
        self.fresh.add(section)

    async def _ask_proposals(self, link: Link) -> None:
        """What was proposed before the panel was there; the journal may have forgotten it."""
        asked = BusJournal(types=[GitProposal.type], project=self.project, backwards=True, limit=MOST_PROPOSALS)
        try:
            found = await link.ask(asked)
        except AuraError:
            return  # What arrives from now on is shown.
        for event in found.events:
            envelope = event.envelope
            self.take_proposal(Proposed(envelope.ts, envelope.id, GitProposal.model_validate(envelope.data)))

    async def ask_operation(self, link: Link, name: str) -> None:
        """Ask for what an operation moved.

        Raises:
            AuraError: The service does not answer, or there is no such operation.
        """
        self.shown[name] = await link.ask(ShowOperation(project=self.project, operation=name))

    async def ask_forecast(self, link: Link, ref: str) -> None:
        """Ask what merging a branch would do.

        Raises:
            AuraError: The service does not answer, or there is no such branch.
        """
        self.forecasts[ref] = await link.ask(SimulateMerge(project=self.project, ref=ref), timeout_s=LONG_S)
