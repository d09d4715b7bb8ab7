"""What the assistant needs of others: a place for proposals, checks of them, and the bus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from aura_shared.messages.changes import ChangeAnswer, CheckResult, ProposeChange, ProposedFile
from aura_shared.messages.code import ProjectInfo

__all__ = ["Changes", "Checker", "Tell"]

Tell = Callable[[str], Awaitable[None]]
"""Takes a line for a person who waits."""


class Changes(Protocol):
    """Keeps proposals. Nothing is written to the project."""

    async def propose(self, root: Path, project_id: str, request: ProposeChange) -> ChangeAnswer:
        """Keep a proposal; returns it with its hunks.

        Raises:
            AuraError: A path may not be changed, or a file is not what the proposal was made from.
        """
        ...


class Checker(Protocol):
    """Tries a proposal on a copy of the project."""

    async def check(
        self,
        project: ProjectInfo,
        files: Sequence[ProposedFile],
        *,
        symbols: Sequence[str],
        tests: bool,
        progress: Tell,
    ) -> list[CheckResult]:
        """What the checks say. Only what the proposal breaks is `failed`; what failed before it too is no fault of it.

        Args:
            project: Where it is about.
            files: The proposal.
            symbols: Qualified names of the definitions that change, to choose the tests by.
            tests: Whether tests run; what parses and what the project's linters say is always looked at.
            progress: Told what is being tried.
        """
        ...
