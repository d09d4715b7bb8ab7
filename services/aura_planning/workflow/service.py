"""Test runs of items over the bus: Aura runs the tests itself, in the sandbox of the factory, and writes that down."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aura_planning.desk import PlanDesk
from aura_planning.items.service import ItemService, Plan
from aura_shared.bus import Context
from aura_shared.errors import Unavailable, UsageProblem
from aura_shared.messages.plan_items import ItemTested, RunItemTests
from aura_shared.messages.testing import STORES_FOLDER, RanTests, RunTests

if TYPE_CHECKING:  # loaded with the first run
    from aura_planning.items.changing import Planned
    from aura_planning.workflow.trees import WorkTree

__all__ = ["WorkflowService"]

_RUN_S: Final = 1500.0
"""Below what the gateway waits."""
_MOST_PATHS: Final = 2000
_MOST_SAID: Final = 2000


class WorkflowService:
    """Serves `RunItemTests`."""

    def __init__(self, desk: PlanDesk, items: ItemService) -> None:
        self._desk = desk
        self._items = items

    def register(self) -> None:
        """Serve."""
        self._desk.bus.serve(RunItemTests, self._test)

    async def _test(self, request: RunItemTests, context: Context) -> ItemTested:
        from aura_planning.items.changing import editable, plan_record  # noqa: PLC0415 - see above
        from aura_planning.workflow.testing import ItemRun  # noqa: PLC0415

        project = await self._desk.project(request.project)
        item = await self._items.read(project.id, context, lambda plan: editable(plan.store, request.item)[0].path)
        tree, ran = await self._ran(Path(project.root), project.id, request, context)
        if ran.outcome == "skipped":
            raise Unavailable(f"nothing was run, so nothing is recorded: {ran.detail or 'no test was found'}")
        # What a run prints names folders of this machine, which a file for others has no use for.
        detail = ran.detail.replace(f"{project.root}/", "")
        run = ItemRun(
            "green" if ran.outcome == "passed" else "red", tuple(ran.tests), "aura", tree.tree, ran.seconds, detail
        )

        def planned(plan: Plan) -> Planned:
            now, data = editable(plan.store, item)
            return plan_record(plan.store, now, data, run, plan.settings)

        done = await self._items.carry_out(project.id, "test", context, planned, False, dry_run=request.dry_run)
        return ItemTested(
            **dict(done),
            outcome=run.outcome,
            tests=list(ran.tests),
            detail=detail[:_MOST_SAID],
            seconds=ran.seconds,
            tree=tree.tree,
            sandbox=ran.sandbox,
        )

    async def _ran(
        self, root: Path, project: str, request: RunItemTests, context: Context
    ) -> tuple[WorkTree, RanTests]:
        from aura_planning.workflow.trees import work_tree  # noqa: PLC0415 - see above

        stores = self._desk.paths.data / STORES_FOLDER
        async with AsyncExitStack() as stack:
            made = work_tree(root, stores)
            tree = await self._desk.write(made.__enter__)
            stack.push_async_callback(asyncio.to_thread, made.__exit__, None, None, None)
            paths = request.paths or list(tree.changed)
            if not paths:
                raise UsageProblem("nothing changed that tests could reach", hint="Name files or tests: --run PATH...")
            asked = RunTests(project=project, tree=tree.tree, objects=tree.store, paths=paths[:_MOST_PATHS])
            return tree, await self._desk.bus.request(
                asked, timeout_s=_RUN_S, project=project, cause=context.envelope.id
            )
