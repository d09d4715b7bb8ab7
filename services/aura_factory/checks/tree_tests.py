"""Runs the tests that reach some files on a tree of git, in the sandbox, and compares failures with another tree."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aura_factory.checks import suites
from aura_factory.checks.checking import SandboxChecker, Tell, is_failure, judge_tests, settings_of
from aura_factory.checks.choosing import choose_tests
from aura_factory.checks.copies import Copy
from aura_factory.checks.git_trees import TreeFile, list_tree, to_the_end, unpack_tree
from aura_factory.checks.suites import Suite
from aura_factory.sandbox.contract import Outcome
from aura_factory.sandbox.trees import remove_tree
from aura_factory.sandbox.workspace import copy_workspace, run_folder
from aura_shared.errors import NotFound, StorageError
from aura_shared.messages.changes import CheckOutcome
from aura_shared.messages.testing import RanTests, RunTests
from aura_shared.projects import Project
from aura_shared.settings import ChecksSettings, SandboxSettings

__all__ = ["TreeTester"]

_MOST_SAID: Final = 4000
_Judged = tuple[CheckOutcome, str]


class TreeTester:
    """Takes turns with the checker of proposals: one run at a time.

    Args:
        checker: Whose bus, sandbox, scratch folder and turns are used.
        stores: The folder with stores of objects that are in no repository.
    """

    def __init__(self, checker: SandboxChecker, stores: Path) -> None:
        self._checker = checker
        self._stores = stores

    async def run(self, project: Project, request: RunTests, tell: Tell) -> RanTests:
        """What the tests say.

        Raises:
            UnknownRef: There is no such tree.
            NotFound: There is no such store.
            GitError, StorageError, TooLarge, Unavailable: The tree cannot be had, or not be copied.
        """
        root = Path(project.root)
        store = self._store(request.objects)
        files = await asyncio.to_thread(list_tree, root, request.tree, store)
        probe = self._checker.runner.probe
        if probe.tier == "none":
            why = "; ".join(probe.reasons) or "code cannot be confined on this machine"
            return RanTests(outcome="skipped", detail=f"nothing was run: {why}")
        there = {file.path for file in files}
        changed = [path for path in request.paths if path in there]
        chosen = await choose_tests(self._checker.bus, project.id, changed, request.paths)
        chosen = [path for path in chosen if path in there]
        if not chosen:
            return RanTests(outcome="skipped", detail="no test reaches what changes, as far as the analysis knows")
        async with self._checker.turn:
            return await _Trial(self._checker, root, store, request, tell).run(files, chosen)

    def _store(self, name: str) -> Path | None:
        if not name:
            return None
        store = self._stores / name / "objects"
        if (self._stores / name).is_symlink() or not store.is_dir():
            raise NotFound(f"there is no store of objects {name!r} any more")
        return store


class _Trial:
    """One question at work."""

    def __init__(self, checker: SandboxChecker, root: Path, store: Path | None, request: RunTests, tell: Tell) -> None:
        self._checker = checker
        self._root = root
        self._store = store
        self._request = request
        self._tell = tell
        self._copies = 0

    async def run(self, files: Sequence[TreeFile], chosen: Sequence[str]) -> RanTests:
        began = time.monotonic()
        settings = await asyncio.to_thread(settings_of, self._root)
        with run_folder(self._checker.scratch) as folder:
            copy = await self._copy(files, folder, settings)
            judged: list[_Judged] = []
            ran: list[str] = []
            for suite in self._suites(copy, chosen, settings):
                judged.append(await self._judged(suite, copy, folder, settings))
                ran += suite.files
        if not judged:
            return RanTests(outcome="skipped", detail="no runner is known for these tests", tests=list(chosen))
        return RanTests(
            outcome=_together([outcome for outcome, _ in judged]),
            detail="\n".join(detail for _, detail in judged)[:_MOST_SAID],
            seconds=round(time.monotonic() - began, 3),
            sandbox=self._checker.runner.probe.tier,
            tests=ran,
        )

    async def _copy(self, files: Sequence[TreeFile], folder: Path, settings: ChecksSettings) -> Copy:
        """A workspace with the files of a tree, as the sandbox takes it: links that lead out are not in it."""
        self._copies += 1
        plain, into = folder / f"tree-{self._copies}", folder / f"copy-{self._copies}"
        await self._tell("copying the tree")
        try:
            await unpack_tree(self._root, files, plain, self._store)
            names = [file.path for file in files]
            workspace = await to_the_end(lambda: copy_workspace(plain, names, into, environments=self._root))
        except OSError as error:
            raise StorageError(f"the tree cannot be written: {error.strerror or error}") from error
        finally:
            await to_the_end(lambda: remove_tree(plain))
        return Copy(self._root, workspace, self._checker.runner, self._bounds(), settings.python)

    def _bounds(self) -> SandboxSettings:
        bounds, most = self._checker.bounds, self._request.seconds
        return bounds.model_copy(update={"wall_s": min(bounds.wall_s, most)}) if most else bounds

    def _suites(self, copy: Copy, chosen: Sequence[str], settings: ChecksSettings) -> list[Suite]:
        return suites.suites(copy.root, chosen, interpreter=settings.python, command=settings.test_command)

    async def _judged(self, suite: Suite, copy: Copy, folder: Path, settings: ChecksSettings) -> _Judged:
        if suite.program is None:
            return "skipped", f"{suite.name}: {suite.missing}"
        count = len(suite.files)
        await self._tell(f"running {suite.name} on {count} test file{'s' if count != 1 else ''}")
        after = await copy.run(suite.program, suite.arguments)
        before = await self._before(suite, folder, settings) if is_failure(after, suite) else None
        return judge_tests(suite, before, after)

    async def _before(self, suite: Suite, folder: Path, settings: ChecksSettings) -> Outcome | None:
        """The same in a copy of what the tree is compared with, with those of its tests that are there.

        A copy of its own, since tests that ran may have put anything in the place of a file.
        """
        if not self._request.base:
            return None
        files = await asyncio.to_thread(list_tree, self._root, self._request.base, self._store)
        there = {file.path for file in files}
        kept = [path for path in suite.files if path in there]
        if not kept:
            return None
        copy = await self._copy(files, folder, settings)
        await self._tell(f"running {suite.name} without the change, to compare")
        for old in self._suites(copy, kept, settings):
            if old.program is not None:
                return await copy.run(old.program, old.arguments)
        return None


def _together(outcomes: Sequence[CheckOutcome]) -> CheckOutcome:
    if "failed" in outcomes:
        return "failed"
    return "passed" if "passed" in outcomes else "skipped"
