"""The tests at each commit of a split: run by the factory, on trees that lie beside the repository."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from aura_git.commits.splitting import Planned, SplitDraft, write_trees
from aura_git.commits.staging import Taken, index_aside, take_in
from aura_git.desk import GitDesk
from aura_git.repository import Repository
from aura_shared.bus import Context
from aura_shared.errors import AuraError, DraftOutdated
from aura_shared.messages.core import Progress
from aura_shared.messages.testing import STORES_FOLDER, RunTests
from aura_shared.paths import private_folder

__all__ = ["SplitTests"]

_ONE_S: Final = 900.0
_ALL_S: Final = 1500.0
"""Below what the gateway waits for a plan."""
_MOST_PATHS: Final = 2000


class SplitTests:
    """Has the tests of plans run, one commit after the other."""

    def __init__(self, desk: GitDesk) -> None:
        self._desk = desk
        self._stores = desk.paths.data / STORES_FOLDER

    def sweep(self) -> None:
        """Remove stores that a killed process left; for the start only."""
        for left in self._stores.glob("*"):
            shutil.rmtree(left, ignore_errors=True)

    async def run(
        self,
        repository: Repository,
        plan: SplitDraft,
        taken: Taken,
        context: Context,
        *,
        known: SplitDraft | None = None,
    ) -> None:
        """Give each commit of a plan its `tests` and `tests_detail`; what cannot be run says why.

        Cancelling ends the run that is at work.

        Args:
            repository: Which.
            plan: Whose commits are tested.
            taken: What it splits.
            context: Told how far it is.
            known: A plan of the same change, whose outcomes hold for commits with the same tree and files.

        Raises:
            DraftOutdated: The change is not what it was when the split was planned.
        """
        _take_over(plan, known)
        waiting = [one for one in plan.commits if not one.tests_detail]
        if len(plan.commits) < 2 or not waiting:
            return
        began = time.monotonic()
        async with self._store(repository, plan, taken) as name:
            for number, one in enumerate(waiting):
                await context.progress(Progress(done=number, total=len(waiting), note=f"testing commit {one.id}"))
                left = _ALL_S - (time.monotonic() - began)
                await self._test(repository, plan, one, name, left)

    async def _test(self, repository: Repository, plan: SplitDraft, one: Planned, store: str, left_s: float) -> None:
        paths = [path.removeprefix(repository.prefix) for path in one.files if path.startswith(repository.prefix)]
        if not paths:
            one.tests_detail = "it touches no file of the project"
            return
        if left_s <= 0:
            one.tests_detail = f"the commits before it took all of {_ALL_S:g} s"
            return
        request = RunTests(
            project=repository.project, tree=one.tree, base=plan.base, objects=store, paths=paths[:_MOST_PATHS]
        )
        try:
            ran = await self._desk.bus.request(request, timeout_s=min(_ONE_S, left_s), project=repository.project)
        except AuraError as error:
            one.tests_detail = error.message
            return
        one.tests = "not run" if ran.outcome == "skipped" else ran.outcome
        one.tests_detail = ran.detail or ran.outcome

    @asynccontextmanager
    async def _store(self, repository: Repository, plan: SplitDraft, taken: Taken) -> AsyncGenerator[str]:
        store = self._handed_over(repository, plan, taken)
        making = asyncio.ensure_future(asyncio.to_thread(store.__enter__))
        try:
            yield await asyncio.shield(making)
        finally:  # Also when the caller leaves while it is made: nothing is left.
            await asyncio.wait([making])
            if making.exception() is None:
                await asyncio.to_thread(store.__exit__, None, None, None)

    @contextmanager
    def _handed_over(self, repository: Repository, plan: SplitDraft, taken: Taken) -> Generator[str]:
        """Write the trees of a plan into a store that the factory finds; yields its name."""
        private_folder(self._stores)
        with index_aside(repository, self._stores) as aside:
            if take_in(aside, taken) != plan.tree:
                raise DraftOutdated("the change is not what it was when the split was planned")
            write_trees(aside, plan)
            objects = aside.git.text("rev-parse", "--path-format=absolute", "--git-path", "objects")
            yield Path(objects).parent.name


def _take_over(plan: SplitDraft, known: SplitDraft | None) -> None:
    """Take outcomes over that hold still: nothing depends on the order once tree and files are the same."""
    old = {(one.tree, frozenset(one.files)): one for one in (known.commits if known else ()) if one.tests != "not run"}
    for one in plan.commits:
        before = old.get((one.tree, frozenset(one.files)))
        if before is not None:
            one.tests, one.tests_detail = before.tests, before.tests_detail
