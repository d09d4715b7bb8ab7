"""Merging documents over the bus: gates, undo, what drifted, and the event when a document of the plan changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from aura_planning.drifting.service import DriftService
from aura_shared.errors import GateClosed, UnknownFile
from aura_shared.messages.plan_drift import AskPlanDrift, MergeDocument, PlanDriftChanged
from aura_shared.messages.plan_items import ListItems, UndoPlan
from aura_shared.messages.services import WorkPaused
from gateway_lab import until
from plan_items_rig import ItemRig, item_text, put

pytestmark = pytest.mark.requirement("A2", "A5")
PLAN = "# Plan\n## Epic 1: Boats\n### Story 1.1: Hull\n- [ ] 1.1.1 Saw\n"


class DriftRig(ItemRig):
    """One project, its items, and its documents."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.drift = DriftService(self.desk, self.service)
        self.drift.register()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a plan in a document."""
    place = tmp_path / "boats"
    (place / "docs").mkdir(parents=True)
    (place / "docs" / "plan.md").write_text(PLAN)
    return place


@pytest_asyncio.fixture
async def rig(root: Path) -> AsyncIterator[DriftRig]:
    """The service."""
    rig = DriftRig(root)
    yield rig
    await rig.drift.stop()
    await rig.service.stop()


async def test_a_document_is_looked_at_merged_and_taken_back(rig: DriftRig) -> None:
    asked = MergeDocument(project=rig.project.id, path="docs/plan.md", dry_run=True, limit=2)
    shown = await rig.ask(asked)
    assert (shown.done, shown.drifted, shown.counts, shown.total, shown.next) == (False, True, {"added": 3}, 3, 2)
    assert "+# Hull" in shown.diff
    rest = await rig.ask(asked.model_copy(update={"start": 2}))
    assert ([row.title for row in rest.rows], rest.next) == (["Saw"], 0)
    assert (await rig.ask(AskPlanDrift(project=rig.project.id))).reason.startswith("no document was merged")
    done = await rig.ask(MergeDocument(project=rig.project.id, path="docs/plan.md"))
    assert (done.done, len(rig.events), rig.events[-1].total) == (True, 1, 3)
    drift = await rig.ask(AskPlanDrift(project=rig.project.id))
    assert [(one.path, one.items, one.drifted) for one in drift.documents] == [("docs/plan.md", 3, False)]
    (rig.root / "docs" / "plan.md").write_text(PLAN + "- [ ] 1.1.2 Nail\n")
    drift = await rig.ask(AskPlanDrift(project=rig.project.id))
    assert [(one.counts, one.drifted) for one in drift.documents] == [({"added": 1, "same": 3}, True)]
    (rig.root / "docs" / "plan.md").unlink()
    assert (await rig.ask(AskPlanDrift(project=rig.project.id))).documents[0].gone
    await rig.ask(UndoPlan(project=rig.project.id, operation=done.operation))
    assert (await rig.ask(ListItems(project=rig.project.id))).items == []


async def test_new_stories_wait_for_the_documents_of_the_workflow(rig: DriftRig) -> None:
    put(rig.root, "prd.md", item_text("p1aaaa", "prd"))
    asked = MergeDocument(project=rig.project.id, path="docs/plan.md")
    shown = await rig.ask(asked.model_copy(update={"dry_run": True}))
    assert any("new stories are not allowed yet" in one for one in shown.notices)
    with pytest.raises(GateClosed, match="the document has new stories, and the PRD"):
        await rig.ask(asked)
    assert len((await rig.ask(ListItems(project=rig.project.id))).items) == 1


async def test_a_file_that_is_not_there_is_said(rig: DriftRig) -> None:
    with pytest.raises(UnknownFile):
        await rig.ask(MergeDocument(project=rig.project.id, path="docs/none.md"))


async def test_a_document_of_the_plan_that_changes_is_told_once(rig: DriftRig) -> None:
    text = item_text("p1aaaa", "prd", "Boats", body="## Epic 1: Boats\n\n## Epic 2: Quays\n")
    place = put(rig.root, "prd.md", text)
    await rig.service.start()
    await rig.drift.start()
    await rig.ask(MergeDocument(project=rig.project.id, path=".ai/prd.md"))
    place.write_text(text + "\n## Epic 3: Ropes\n")

    def told() -> list[PlanDriftChanged]:
        return [one for one in rig.bus.published if isinstance(one, PlanDriftChanged)]

    await until(lambda: bool(told()), 20)
    assert told()[0].document.counts == {"added": 1, "same": 2}
    assert (told()[0].document.path, told()[0].document.items) == (".ai/prd.md", 2)


@pytest.mark.requirement("U1")
async def test_while_work_is_paused_a_document_waits_and_is_looked_at_once(rig: DriftRig) -> None:
    text = item_text("p1aaaa", "prd", "Boats", body="## Epic 1: Boats\n\n## Epic 2: Quays\n")
    place = put(rig.root, "prd.md", text)
    await rig.service.start()
    await rig.drift.start()
    await rig.ask(MergeDocument(project=rig.project.id, path=".ai/prd.md"))
    rig.desk.background.take(WorkPaused(paused=True))
    place.write_text(text + "\n## Epic 3: Ropes\n")
    await until(lambda: rig.desk.background.waiting == 1, 20)
    heard = len(rig.events)
    place.write_text(text + "\n## Epic 3: Ropes\n\n## Epic 4: Sails\n")
    await until(lambda: len(rig.events) > heard, 20)

    def told() -> list[PlanDriftChanged]:
        return [one for one in rig.bus.published if isinstance(one, PlanDriftChanged)]

    assert told() == []
    rig.desk.background.take(WorkPaused(paused=False))
    await until(lambda: bool(told()), 20)
    assert [one.document.counts for one in told()] == [{"added": 2, "same": 2}]
    await rig.drift.stop()
