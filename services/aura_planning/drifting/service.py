"""Merging documents over the bus, and telling when a document and what was made of it come apart."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aura_planning.desk import PlanDesk
from aura_planning.items.service import ItemService, Plan
from aura_shared.bus import Context
from aura_shared.causes import because
from aura_shared.errors import AuraError, GateClosed
from aura_shared.logging import get_logger
from aura_shared.messages.core import Envelope
from aura_shared.messages.plan_drift import (
    AskPlanDrift,
    DocumentMerged,
    DriftedDocument,
    MergeDocument,
    PlanDrift,
    PlanDriftChanged,
)
from aura_shared.messages.plan_items import PlanItemsChanged
from aura_shared.security import open_inside

if TYPE_CHECKING:
    from aura_planning.drifting.merging import Merge
    from aura_planning.items.changing import Planned
    from aura_planning.items.store import PlanStore

__all__ = ["DriftService"]

log = get_logger(__name__)
_MOST_BYTES: Final = 2_000_000
_MOST_FINDINGS: Final = 50
_MOST_DIFF: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Documents of one project that changed and were not looked at yet."""

    envelope: Envelope
    """What said so last."""
    paths: set[str]


class DriftService:
    """Serves the requests of `aura_shared.messages.plan_drift`. What reads and merges is loaded with the first."""

    def __init__(self, desk: PlanDesk, items: ItemService) -> None:
        self._desk = desk
        self._items = items
        self._follower: asyncio.Task[None] | None = None
        self._waiting: dict[str, _Waiting] = {}
        self._looking: asyncio.Task[None] | None = None
        self._told: dict[tuple[str, str], DriftedDocument] = {}

    def register(self) -> None:
        """Serve."""
        self._desk.bus.serve(MergeDocument, self._merge)
        self._desk.bus.serve(AskPlanDrift, self._drift)

    async def start(self) -> None:
        """Look at a document of a plan again when it changes."""
        self._follower = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Look no more."""
        tasks = [task for task in (self._follower, self._looking) if task is not None]
        self._follower = self._looking = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._waiting.clear()

    async def _merge(self, request: MergeDocument, context: Context) -> DocumentMerged:
        from aura_planning.items.changing import Planned  # noqa: PLC0415 - see the class
        from aura_planning.items.migrating import diff_of  # noqa: PLC0415
        from aura_planning.items.rows import finding_of  # noqa: PLC0415

        found: list[Merge] = []

        def planned(plan: Plan) -> Planned:
            one = _merged(plan, request)
            found.append(one)
            if any(row.what == "added" and row.kind == "story" for row in one.rows):
                one.notices += _gates(plan, dry_run=request.dry_run)
            return Planned(
                f"merge {request.path}"[:200], changes=one.changes, items=one.items, notices=one.notices,
            )  # fmt: skip

        done = await self._items.carry_out(
            request.project, "merge", context, planned, show=False, dry_run=request.dry_run
        )
        one = found[-1]
        rows = [row for row in one.rows if row.what != "same"]
        page = rows[request.start : request.start + request.limit]
        end = request.start + len(page)
        return DocumentMerged(
            project=done.project, path=request.path, done=done.done, operation=done.operation, drifted=one.drifted,
            counts=one.counts, requirements=one.requirements, rows=page, total=len(rows),
            next=end if end < len(rows) else 0, findings=[finding_of(x) for x in one.findings[:_MOST_FINDINGS]],
            notices=done.notices, diff=diff_of(one.changes, most=_MOST_DIFF) if request.dry_run else "",
        )  # fmt: skip

    async def _drift(self, request: AskPlanDrift, context: Context) -> PlanDrift:
        def work(plan: Plan) -> PlanDrift:
            from aura_planning.drifting.merging import documents_in  # noqa: PLC0415 - see above

            found = documents_in(plan.store.ledger, plan.store.read)
            documents = [_document(plan, path, len(items)) for path, items in found.items()]
            reason = "" if documents else "no document was merged into the plan: aura plan merge FILE"
            return PlanDrift(project=plan.project.id, documents=documents, reason=reason)

        return await self._items.read(request.project, context, work)

    # -- events ----------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        async for delivery in self._desk.bus.listen(PlanItemsChanged):
            event = delivery.event
            if not isinstance(event, PlanItemsChanged):
                continue
            paths = {one.path for one in event.changes if one.kind in {"prd", "architecture"} and one.what == "changed"}
            if not paths:
                continue
            known = self._waiting.get(event.project)
            self._waiting[event.project] = _Waiting(delivery.envelope, paths | (known.paths if known else set()))
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look_at_waiting())

    async def _look_at_waiting(self) -> None:
        await self._desk.background.may_go_on()
        while self._waiting:
            project = next(iter(self._waiting))
            waiting = self._waiting.pop(project)
            try:
                with because(waiting.envelope):
                    await self._look(project, waiting.paths)
            except (AuraError, OSError):
                log.warning("plan_drift_not_seen", project=project, exc_info=True)

    async def _look(self, project: str, paths: set[str]) -> None:
        def work(plan: Plan) -> list[DriftedDocument]:
            from aura_planning.drifting.merging import documents_in  # noqa: PLC0415 - see above

            found = documents_in(plan.store.ledger, plan.store.read)
            return [_document(plan, path, len(found[path])) for path in sorted(paths) if path in found]

        for document in await self._items.look_at(project, work):
            if self._told.get((project, document.path)) != document:
                self._told[project, document.path] = document
                await self._desk.tell(PlanDriftChanged(project=project, document=document), project=project)


def _merged(plan: Plan, request: MergeDocument) -> Merge:
    """What a merge of a file of the project would do.

    Raises:
        UnknownFile: There is no such file.
        UsageProblem: A pair names nothing.
    """
    from aura_planning.drifting.merging import merge  # noqa: PLC0415 - see above
    from aura_planning.parsing.parsing import parse_document  # noqa: PLC0415 - see above

    document = parse_document(_bytes(plan.store, request.path), request.path)
    return merge(document, plan.store.ledger, plan.store.read, request, claims=plan.settings.gates == "report")


def _bytes(store: PlanStore, path: str) -> bytes:
    with open_inside(store.root, path) as file:
        return file.read(_MOST_BYTES + 1)


def _document(plan: Plan, path: str, items: int) -> DriftedDocument:
    try:
        one = _merged(plan, MergeDocument(project=plan.project.id, path=path, dry_run=True))
    except AuraError:
        return DriftedDocument(path=path, items=items, gone=True, drifted=True)
    return DriftedDocument(path=path, items=items, counts=one.counts, drifted=one.drifted)


def _gates(plan: Plan, *, dry_run: bool) -> list[str]:
    """New stories need what every new story needs.

    Raises:
        GateClosed: The workflow does not allow new stories now.
    """
    from aura_planning.workflow.gates import HINTS, refusals_to_add  # noqa: PLC0415 - see the class

    refusals = refusals_to_add(plan.store.ledger, "story")
    if not refusals:
        return []
    text = "; ".join(one.reason for one in refusals)
    if dry_run or plan.settings.gates == "report":
        return [f"new stories are not allowed yet: {text}"]
    raise GateClosed(
        f"the document has new stories, and {text}",
        hint=f"{HINTS[refusals[0].gate]} Or set plan.gates to report.",
    )
