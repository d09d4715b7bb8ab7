"""The factory service: changes, the sandbox, and the work that a model helps with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aura_factory.changes.desk import ChangeDesk
from aura_factory.changes_service import ChangesService
from aura_factory.sandbox.contract import Probe
from aura_factory.sandbox.probing import probe
from aura_factory.sandbox.running import make_runner
from aura_factory.sandbox.workspace import sweep
from aura_shared.bus import Bus, Context
from aura_shared.logging import get_logger
from aura_shared.messages.assist import (
    AskCode,
    AskSandbox,
    ExplainCode,
    GenerateCode,
    ListPrompts,
    RefactorCode,
    ReviewChange,
    SandboxAnswer,
)
from aura_shared.messages.core import Progress, Reply, Request
from aura_shared.messages.testing import STORES_FOLDER, RanTests, RunTests
from aura_shared.messages.wording import WordCommit, WordPull
from aura_shared.paths import AuraPaths
from aura_shared.projects import ProjectRegistry
from aura_shared.service import Health
from aura_shared.settings import Settings

if TYPE_CHECKING:
    from aura_factory.assist.assistant import Assistant
    from aura_factory.checks.checking import SandboxChecker
    from aura_factory.checks.tree_tests import TreeTester

__all__ = ["FactoryService"]

log = get_logger(__name__)


class FactoryService:
    """Serves until stopped."""

    def __init__(self, bus: Bus, paths: AuraPaths, settings: Settings, registry: ProjectRegistry) -> None:
        self._bus = bus
        self._paths = paths
        self._settings = settings
        self._registry = registry
        self._desk: ChangeDesk | None = None
        self._changes: ChangesService | None = None
        self._assistant: Assistant | None = None
        self._checker: SandboxChecker | None = None
        self._tester: TreeTester | None = None
        self._making = asyncio.Lock()

    async def start(self) -> None:
        """Finish or take back what was interrupted, sweep up after killed runs, try the sandbox, and serve."""
        self._desk = await asyncio.to_thread(ChangeDesk, self._paths.changes, self._settings.changes)
        for told in self._desk.recovered:
            log.warning("change_recovered", told=told)
        await asyncio.to_thread(sweep, self._paths.scratch)
        await self._probe()
        changes = ChangesService(self._bus, self._desk, self._registry)
        changes.register()
        self._changes = changes
        serve = self._bus.serve
        serve(AskSandbox, self.sandbox)
        serve(ExplainCode, lambda request, context: self._assisted("explain", request, context))
        serve(AskCode, lambda request, context: self._assisted("ask", request, context))
        serve(GenerateCode, lambda request, context: self._assisted("generate", request, context))
        serve(RefactorCode, lambda request, context: self._assisted("refactor", request, context))
        serve(ReviewChange, lambda request, context: self._assisted("review", request, context))
        serve(WordCommit, lambda request, context: self._assisted("word_commit", request, context))
        serve(WordPull, lambda request, context: self._assisted("word_pull", request, context))
        serve(RunTests, self.run_tests)
        serve(ListPrompts, lambda request, context: self._assisted("list_prompts", request, context))

    async def stop(self) -> None:
        """Close the store."""
        if self._desk is not None:
            await asyncio.to_thread(self._desk.close)

    def health(self) -> Health:
        """Always well once it has started."""
        return Health(ok=True)

    async def sandbox(self, request: AskSandbox, _context: Context) -> SandboxAnswer:
        """How code of others is confined here."""
        found = await self._probe(again=request.again)
        return SandboxAnswer(
            tier=found.tier, lacks=list(found.lacks), reasons=list(found.reasons), start_ms=found.start_ms
        )

    async def run_tests(self, request: RunTests, context: Context) -> RanTests:
        """Run tests on a tree of git; raises like `TreeTester.run`."""
        async with self._making:
            if self._tester is None:
                self._tester = await asyncio.to_thread(self._make_tester)
        project = await asyncio.to_thread(self._registry.find, request.project)

        async def tell(note: str) -> None:
            await context.progress(Progress(done=0, note=note))

        return await self._tester.run(project, request, tell)

    def _make_tester(self) -> TreeTester:
        from aura_factory.checks.tree_tests import TreeTester  # noqa: PLC0415 - loads the grammars; see `_assisted`

        return TreeTester(self._checks(), self._paths.data / STORES_FOLDER)

    def _checks(self) -> SandboxChecker:
        """The one checker, whose runs take turns; only with `_making` held."""
        from aura_factory.checks.checking import SandboxChecker  # noqa: PLC0415 - likewise

        if self._checker is None:
            bounds = self._settings.sandbox
            self._checker = SandboxChecker(self._bus, make_runner(bounds), bounds, self._paths.scratch)
        return self._checker

    async def _assisted(self, name: str, request: Request[Any], context: Context) -> Reply:
        """Have the assistant answer; it is loaded when it is first asked, since it knows the whole contract."""
        async with self._making:
            if self._assistant is None:
                self._assistant = await asyncio.to_thread(self._make_assistant)
        handler: Callable[[Request[Any], Context], Awaitable[Reply]] = getattr(self._assistant, name)
        return await handler(request, context)

    def _make_assistant(self) -> Assistant:
        from aura_factory.assist.assistant import Assistant  # noqa: PLC0415 - 0.3 CPU-s and 10 MB; see `_assisted`

        assert self._changes is not None
        models = self._settings.models
        return Assistant(
            self._bus, self._changes, self._checks(), max_context=models.max_context, model_timeout_s=models.total_s
        )

    async def _probe(self, *, again: bool = False) -> Probe:
        found = await asyncio.to_thread(probe, self._settings.sandbox.tier, again=again)
        log.info("sandbox_probed", tier=found.tier, reasons=list(found.reasons))
        return found
