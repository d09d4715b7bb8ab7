"""The tests of a branch at its newest commit, run by the factory in the sandbox, so that a text may quote them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aura_git.pulls.gathering import Branch
from aura_git.repository import Repository
from aura_shared.bus import Bus
from aura_shared.errors import AuraError
from aura_shared.messages.testing import RanTests, RunTests

__all__ = ["Tried", "Trier"]

_RUN_S: Final = 780.0
"""Below what the terminal waits for a text."""
_MOST_PATHS: Final = 2000
_MOST_KEPT: Final = 50


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a wish to run tests."""

    commit: str
    """At which the tests were run, or would have been."""
    ran: RanTests | None = None
    """None when nothing could be run."""
    problem: str = ""
    """Why not."""


class Trier:
    """Has tests run, and remembers what they said of a tree as long as the service lives.

    Args:
        bus: Where the factory is asked.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._known: dict[tuple[str, str, str], RanTests] = {}

    async def tried(self, repository: Repository, branch: Branch, *, run: bool) -> Tried | None:
        """What the tests say of the newest commit of a branch; failures that its start has too do not count.

        Args:
            repository: Which.
            branch: Whose tests.
            run: Whether they may be run; otherwise only what is known already of the same files is told.

        Returns:
            None when they were not to be run, and nothing is known.
        """
        tree = repository.git.text("rev-parse", "--verify", f"{branch.tip}^{{tree}}")
        place = (repository.project, tree, branch.start)
        known = self._known.get(place)
        if known is not None:
            return Tried(branch.tip, known)
        if not run:
            return None
        found = [file.path for file in branch.files] + [file.old_path for file in branch.files if file.old_path]
        prefix = repository.prefix
        paths = [path.removeprefix(prefix) for path in dict.fromkeys(found) if path.startswith(prefix)]
        if not paths:
            return Tried(branch.tip, problem="it touches no file of the project")
        request = RunTests(project=repository.project, tree=tree, base=branch.start, paths=paths[:_MOST_PATHS])
        try:
            ran = await self._bus.request(request, timeout_s=_RUN_S, project=repository.project)
        except AuraError as error:
            return Tried(branch.tip, problem=error.message)
        # What a run prints names folders of this machine, which a text for others has no use for.
        ran = ran.model_copy(update={"detail": ran.detail.replace(f"{repository.root}/{prefix}", "")})
        if ran.outcome != "skipped":
            while len(self._known) >= _MOST_KEPT:
                self._known.pop(next(iter(self._known)))
            self._known[place] = ran
        return Tried(branch.tip, ran)
