"""What planning says in tests of the panel: a plan of two epics, its order, its evidence, its history."""

from __future__ import annotations

from aura_shared.errors import NotFound
from aura_shared.messages.plan_drift import AskPlanDrift, DriftedDocument, PlanDrift
from aura_shared.messages.plan_forecast import AskForecast, ForecastRow, PlanForecast
from aura_shared.messages.plan_items import (
    ApproveItem,
    ChangePlan,
    ItemAnswer,
    ItemFinding,
    ItemList,
    ItemRow,
    ListItems,
    ListPlanOperations,
    PlanDone,
    PlanOperation,
    PlanOperationList,
    PlanUndone,
    ShowItem,
    UndoPlan,
)
from aura_shared.messages.plan_order import (
    AskPlanGraph,
    GraphNode,
    NextTasks,
    OrderPlan,
    OrderRow,
    OrderTerms,
    PlanGraph,
    PlanOrder,
)
from aura_shared.messages.plan_progress import (
    AskProgress,
    PlanProgress,
    ProgressEvidence,
    ProgressRow,
    UnplannedWork,
)
from panel_lab import SHOP, PanelLab

FILE = """---
id: s2pay
kind: story
status: draft
epic: e1chk
---
# Pay by card [beta]

As a customer I want to pay by card.

## Acceptance

- Given a valid card, when I pay, then the order is confirmed.

## Tasks

- [x] Read the card
- [ ] Ask the bank
- [ ] Tell the customer
"""
ITEMS = [
    ItemRow(id="p0prd", kind="prd", title="The shop", status="approved", approval="valid", path=".ai/prd.md"),
    ItemRow(id="e1chk", kind="epic", title="Checkout", status="current", alias="E-1", path=".ai/epic-1/epic.md"),
    ItemRow(id="e2ret", kind="epic", title="Returns", status="future", alias="E-2", path=".ai/epic-2/epic.md"),
    ItemRow(
        id="s1cart", kind="story", title="Fill the cart", status="complete", alias="US-1", parent="e1chk",
        approval="valid", tests="green", boxes_done=4, boxes=4, path=".ai/epic-1/story-1.md",
    ),
    ItemRow(
        id="s2pay", kind="story", title="Pay by card [beta]", status="draft", alias="US-2", parent="E-1",
        depends_on=["s1cart"], priority="must", value=8, estimate=3, approval="outdated", tests="red", boxes_done=1,
        boxes=3, path=".ai/epic-1/story-2.md", findings=1,
    ),
    ItemRow(
        id="s3back", kind="story", title="Send something back", status="draft", alias="US-3", parent="E-2",
        path=".ai/epic-2/story-3.md",
    ),
    ItemRow(id="t1bank", kind="task", title="Talk to the bank", status="in-progress", parent="s2pay", path="t1.md"),
    ItemRow(id="t2slip", kind="task", title="Print a slip", status="cancelled", parent="s3back", path="t2.md"),
]  # fmt: skip
PAY = ITEMS[4]
STATES = {
    "e1chk": ("in-progress", 0.8), "e2ret": ("not-started", 1), "s1cart": ("done", 0.97),
    "s2pay": ("in-progress", 0.7), "s3back": ("not-started", 0.9), "t1bank": ("probably-done", 0.74),
    "t2slip": ("unknown", 0),
}  # fmt: skip
ROWS = [
    ProgressRow(
        id=item.id, kind=item.kind, alias=item.alias, title=item.title, path=item.path, status=item.status,
        state=STATES[item.id][0], confidence=STATES[item.id][1], share=0.5,  # pyright: ignore[reportArgumentType]
        contradictions=["not-claimed: evidence says that it is done"] if item.id == "t1bank" else [],
        why="2 commits name it",
    )
    for item in ITEMS
    if item.id in STATES
]  # fmt: skip
UNPLANNED = UnplannedWork(
    name="prices", total=7, commits=["1a2b3c4 fix(prices): round [half] up"], nearest="s2pay", title=PAY.title,
    likeness=0.31,
)  # fmt: skip
EVIDENCE = [
    ProgressEvidence(
        what="commit", how="trailer", trust=0.98, commit="4f5e6d7c8b9a", text="feat(pay): read the card",
        at="2026-11-20T10:00:00Z",
    ),
    ProgressEvidence(
        what="test", how="name", trust=0.8, path="tests/test_pay.py", line=12, text="test_pay_by_card", note="failed"
    ),
]  # fmt: skip
TERMS = OrderTerms(
    value=8, value_words="must of story US-2", unlocked=2.5, unlocks=2, effort=3, effort_words="its estimate",
    due="2026-12-24", spare=4,
)  # fmt: skip
ORDER = [
    OrderRow(
        position=1, id="t1bank", kind="task", title="Talk to the bank", status="in-progress", path="t1.md", ready=True,
        score=3.5, critical=True, reason="worth 8, unlocks 2 items, 3 points of effort", terms=TERMS,
        changes=["doing US-3 first would cost 2 points"],
    ),
    OrderRow(
        position=2, id="s3back", kind="story", alias="US-3", title="Send something back", path=".ai/epic-2/story-3.md",
        score=1.2, slack=4, blocked=["waits for US-2"], terms=OrderTerms(effort=5), reason="worth 6",
    ),
]  # fmt: skip
NODES = [
    GraphNode(id="s1cart", kind="story", alias="US-1", title="Fill the cart", state="done"),
    GraphNode(
        id="s2pay", kind="story", alias="US-2", title=PAY.title, state="ready", layer=1, needs=[0], critical=True
    ),
    GraphNode(id="s3back", kind="story", alias="US-3", title="Send it back", state="blocked", layer=2, needs=[1]),
]
FINDINGS = [ItemFinding(path=PAY.path, line=7, rule="unknown-field", message="what is [this]?", item="s2pay")]
OPERATIONS = [
    PlanOperation(
        id="op2", at="2026-11-26T09:12:00Z", command="set", title="set US-2: status draft", state="done",
        items=["s2pay"], files=1,
    ),
    PlanOperation(
        id="op1", at="2026-11-25T17:40:00Z", by="edit", command="edit", title="edit of 2 files", state="undone", files=2
    ),
]  # fmt: skip
DIFF = "--- a/story-2.md\n+++ b/story-2.md\n@@ -3 +3 @@\n-status: draft\n+status: in-progress\n"
DRIFT = PlanDrift(
    project=SHOP.id,
    documents=[DriftedDocument(path="docs/prd.md", items=6, counts={"added": 2, "changed": 1}, drifted=True)],
)
FORECAST = PlanForecast(
    project=SHOP.id,
    today="2026-11-27",
    whole=ForecastRow(p50="2026-12-11", p85="2026-12-19"),
    rows=[ForecastRow(id="s2pay", kind="story", p50="2026-12-02", p85="2026-12-05")],
)


def items(asked: ListItems) -> ItemList:
    """The items, in pages of five; or what is wrong."""
    if asked.what == "findings":
        return ItemList(project=SHOP.id, findings=FINDINGS, total=1, problems=1)
    end = asked.start + 5
    page = ITEMS[asked.start : end]
    return ItemList(project=SHOP.id, items=page, total=len(ITEMS), problems=1, next=end if end < len(ITEMS) else 0)


def progress(asked: AskProgress) -> PlanProgress:
    """How far all items are, or one with its evidence."""
    if asked.what == "unplanned":
        return PlanProgress(project=SHOP.id, unplanned=[UNPLANNED], total=1)
    if asked.item:
        rows = [row for row in ROWS if row.id == asked.item]
        return PlanProgress(project=SHOP.id, rows=rows, evidence=EVIDENCE if asked.item == "s2pay" else [])
    return PlanProgress(
        project=SHOP.id, rows=ROWS, total=len(ROWS), share=0.42, contradictions=1, unplanned_commits=7,
        unplanned=[UNPLANNED], states={"done": 1},
    )  # fmt: skip


def shown(asked: ShowItem) -> ItemAnswer:
    """One item with its text."""
    found = [item for item in ITEMS if asked.item in {item.id, item.path}]
    if not found:
        raise NotFound(f"the plan has no item {asked.item!r}")
    item = found[0]
    answer = ItemAnswer(project=SHOP.id, item=item, file=f"# {item.title}\n", hash="ab" * 32, steps=["cancelled"])
    if item is not PAY:
        return answer.model_copy(update={"approved_by": "Mia" if item.approval == "valid" else ""})
    more = {
        "file": FILE, "parent": ITEMS[1], "children": [ITEMS[6]], "waits_for": [ITEMS[6]], "findings": FINDINGS,
        "steps": ["cancelled"], "refusals": ["in-progress: the story changed since it was approved"],
        "approved_by": "Mia", "approved_at": "2026-11-20T08:00:00Z",
    }  # fmt: skip
    return answer.model_copy(update=more)


def changed(asked: ChangePlan | ApproveItem) -> PlanDone:
    """Every change is done."""
    return PlanDone(
        project=SHOP.id, done=not asked.dry_run, operation="op3", files=[PAY.path], diff=DIFF if asked.dry_run else ""
    )


def order(asked: NextTasks) -> PlanOrder:
    """The order, a page at a time; or what is next."""
    facts = {"project": SHOP.id, "open": 5, "ready": 1, "total": 2}
    if asked.what == "next":
        return PlanOrder.model_validate({**facts, "total": 1, "rows": ORDER[:1], "waiting": ORDER[1:]})
    page = ORDER[asked.start : asked.start + 1]
    return PlanOrder.model_validate({**facts, "rows": page, "next": 0 if asked.start else 1})


def operations(asked: ListPlanOperations) -> PlanOperationList:
    """What was done."""
    if asked.operation:
        found = [one for one in OPERATIONS if one.id == asked.operation]
        return PlanOperationList(project=SHOP.id, operations=found, diff=DIFF)
    return PlanOperationList(project=SHOP.id, operations=OPERATIONS)


def with_plan(lab: PanelLab) -> None:
    """Answer for a plan from now on."""
    lab.answer(ListItems, items)
    lab.answer(AskProgress, progress)
    lab.answer(ShowItem, shown)
    lab.answer(AskForecast, FORECAST)
    lab.answer(AskPlanDrift, DRIFT)
    lab.answer(NextTasks, order)
    lab.answer(OrderPlan, order)
    lab.answer(AskPlanGraph, PlanGraph(project=SHOP.id, nodes=NODES, total=3))
    lab.answer(ListPlanOperations, operations)
    lab.answer(ChangePlan, changed)
    lab.answer(ApproveItem, changed)
    lab.answer(
        UndoPlan,
        lambda asked: PlanUndone(
            project=SHOP.id, done=not asked.dry_run, operation=OPERATIONS[0], diff=DIFF, undo="op4"
        ),
    )
