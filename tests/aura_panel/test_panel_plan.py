"""The plan view: tree, board, order, graph, checks, history, and edits of items."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from aura_panel.plan_book import PlanBook
from aura_panel.plan_details import document_details, item_details, operation_details, order_details
from aura_panel.plan_reading import details
from aura_panel.plan_rows import graph_rows, order_rows
from aura_panel.plan_tree import boxes_of, chosen_of, section_with, tree_of
from aura_panel.views import plan as plan_view
from aura_panel.views.plan import PlanView
from aura_panel.widgets.listing import Listing
from aura_panel.widgets.sections import SectionBar
from aura_shared.errors import GateClosed, ServiceDown
from aura_shared.messages.code import ProjectStateChanged
from aura_shared.messages.plan_drift import AskPlanDrift, DriftedDocument
from aura_shared.messages.plan_forecast import AskForecast, PlanForecastChanged
from aura_shared.messages.plan_items import (
    ApproveItem,
    ChangePlan,
    ItemAnswer,
    ItemList,
    ItemRow,
    ListItems,
    ListPlanOperations,
    PlanDone,
    PlanItemsChanged,
    PlanOperation,
    PlanOperationList,
    ShowItem,
    UndoPlan,
)
from aura_shared.messages.plan_order import (
    AskPlanGraph,
    GraphNode,
    NextTasks,
    OrderCircle,
    OrderPlan,
    OrderWait,
    PlanGraph,
    PlanOrder,
)
from aura_shared.messages.plan_progress import PlanProgress, PlanProgressChanged
from panel_lab import (
    SHOP,
    SIZES,
    PanelLab,
    app_of,
    asked_over,
    assert_looks,
    panel_of,
    running_status,
    screen_text,
    told,
    until,
)
from panel_lab_plan import EVIDENCE, FILE, ITEMS, NODES, ORDER, PAY, ROWS, items, operations, shown, with_plan

THEME = ("muted", "primary", "error", "warning", "success", "accent", "foreground")


def view_of(pilot: Pilot[None]) -> PlanView:
    screen = app_of(pilot).screen
    assert isinstance(screen, PlanView), screen
    return screen


def rows_of(pilot: Pilot[None]) -> Listing:
    return view_of(pilot).query_one(Listing)


async def filled(pilot: Pilot[None]) -> Listing:
    known = ("Check 3", "Check 4")  # Findings are asked for with that list.
    await until(pilot, lambda: rows_of(pilot).row_count >= 4 and any(text in screen_text(pilot) for text in known))
    return rows_of(pilot)


async def at_pay(pilot: Pilot[None]) -> Listing:
    """The cursor on the story, with its text."""
    rows = await filled(pilot)
    rows.move_to("s2pay")
    await until(pilot, lambda: "Waits for task t1bank" in screen_text(pilot))
    return rows


def changes(lab: PanelLab) -> list[ChangePlan]:
    return lab.asked_for(ChangePlan)


@pytest.mark.requirement("U1")
async def test_items_are_a_tree_with_status_evidence_and_what_contradicts_it(lab: PanelLab) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan", size=(100, 40)) as pilot:
        rows = await filled(pilot)
        assert rows.keys == ["p0prd", "e1chk", "s1cart", "s2pay", "t1bank", "e2ret", "s3back", "t2slip"]
        text = screen_text(pilot)
        assert "probably done 74% !" in text
        assert "1 contradicted, 1 drifted, 7 unplanned" in text
        assert "Pay by card [beta]" in text
        await at_pay(pilot)
        text = screen_text(pilot)
        assert "Not in-progress: the story changed since it was approved" in text
        assert "Likely done 2026-12-02 (P50)" in text
        assert "what is [this]?" in text
        await pilot.press("enter")
        assert app_of(pilot).focused is view_of(pilot).query_one("#details")
        await pilot.press("end")
        await told(pilot, "- [ ] Tell the customer")
        await pilot.press("escape")
        assert app_of(pilot).focused is rows


async def test_what_belongs_to_an_item_is_folded(lab: PanelLab) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan") as pilot:
        rows = await filled(pilot)
        rows.move_to("e1chk")
        await pilot.press("space")
        assert rows.keys == ["p0prd", "e1chk", "e2ret", "s3back", "t2slip"]
        assert rows.key == "e1chk"
        await told(pilot, "▸ E-1 Checkout  (2)")
        view_of(pilot).goto("t1bank")
        assert rows.key == "t1bank"


async def test_the_board_groups_by_status(lab: PanelLab) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan") as pilot:
        rows = await filled(pilot)
        await pilot.press("b", "home")
        assert rows.keys[:4] == ["status:in-progress", "t1bank", "status:current", "e1chk"]
        await told(pilot, "◐ in-progress: 1 task")
        await pilot.press("s")
        await told(pilot, "Choose an item first")


@pytest.mark.requirement("U1")
async def test_a_filter_takes_words_kinds_statuses_and_what_does_not_fit(lab: PanelLab) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan") as pilot:
        rows = await filled(pilot)
        await pilot.press("n", "slash")
        assert view_of(pilot).section == "tree"
        await pilot.press(*"story")
        await until(pilot, lambda: "t1bank" not in rows.keys and "s1cart" in rows.keys)
        await pilot.press("space", *"nonsense")
        await told(pilot, "No item is like that")
        filter_input = view_of(pilot).query_one("#filter", Input)
        filter_input.value = "!"
        await until(pilot, lambda: rows.keys == ["e1chk", "s2pay", "t1bank"])
        await pilot.press("enter")
        assert app_of(pilot).focused is rows
        await pilot.press("escape")
        assert len(rows.keys) == len(ITEMS)
        assert not filter_input.display


def test_a_filter_word_may_be_a_kind_a_status_or_an_outcome() -> None:
    def found(words: str) -> list[str]:
        return [item.id for item in chosen_of(ITEMS, {}, words)]

    assert found("open task") == ["e1chk", "s2pay", "t1bank"]
    assert found("red") == ["e1chk", "s2pay"]
    assert found("green") == ["e1chk", "s1cart"]
    assert found("cancelled") == ["e2ret", "s3back", "t2slip"]
    assert found("US-3") == ["e2ret", "s3back"]


def test_items_that_lie_in_one_another_are_all_shown() -> None:
    one = ItemRow(id="a", kind="story", parent="b", path="a.md")
    two = ItemRow(id="b", kind="story", parent="a", path="b.md")
    own = ItemRow(id="c", kind="story", parent="c", path="c.md")
    assert [(branch.item.id, branch.depth) for branch in tree_of([one, two, own])] == [("c", 0), ("a", 0), ("b", 1)]
    assert [branch.item.id for branch in tree_of([one, two], {"a"})] == ["a"]


@pytest.mark.requirement("U1")
async def test_what_is_next_says_why_and_the_order_goes_on_page_by_page(lab: PanelLab) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan", size=(100, 50)) as pilot:
        rows = await filled(pilot)
        await pilot.press("n")
        await told(pilot, "worth 8, unlocks 2 items")
        assert app_of(pilot).focused is rows
        text = screen_text(pilot)
        assert "must of story US-2" in text
        assert "doing US-3 first would cost 2 points" in text
        await pilot.press("down")
        await told(pilot, "waits for US-2")
        await pilot.press("o")
        await told(pilot, "1 of 2. Enter on the last one shows more.")
        await pilot.press("enter")
        await until(pilot, lambda: rows.keys == ["order:t1bank", "order:s3back"])
        await pilot.press("s")
        await until(pilot, lambda: bool(lab.asked_for(ShowItem)))
        assert lab.asked_for(ShowItem)[-1].item == "t1bank"
        await pilot.press("escape")


async def test_what_waits_for_what(lab: PanelLab) -> None:
    with_plan(lab)
    circle = [*NODES, NODES[0].model_copy(update={"id": "x", "state": "circle", "needs": [1], "cut": [1], "parts": 3})]
    lab.answer(AskPlanGraph, PlanGraph(project=SHOP.id, nodes=circle, total=4))
    async with panel_of(lab, view="plan") as pilot:
        rows = await filled(pilot)
        await pilot.press("g")
        await until(pilot, lambda: len(rows.keys) == 4)
        await pilot.press("down")
        await told(pilot, "Waits for it")
        assert view_of(pilot).item == "s2pay"
        await pilot.press("end")
        await told(pilot, "take one of these out")
        lab.answer(AskPlanGraph, PlanGraph(project=SHOP.id, nodes=[NODES[0]], total=1))
        await pilot.press("r")
        await told(pilot, "nothing waits for it")


@pytest.mark.requirement("U1")
async def test_checks_tell_findings_contradictions_drift_and_unplanned_work(lab: PanelLab) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan", size=(120, 40)) as pilot:
        rows = await filled(pilot)
        await pilot.press("c")
        await until(pilot, lambda: rows.keys == ["claim:t1bank", "finding:0", "drift:docs/prd.md", "unplanned:prices"])
        await told(pilot, "s sets the status")
        assert view_of(pilot).item == "t1bank"
        await pilot.press("down")
        await told(pilot, "Rule unknown-field")
        assert view_of(pilot).item == PAY.path
        await pilot.press("down")
        await told(pilot, "aura plan merge docs/prd.md")
        await pilot.press("down")
        await told(pilot, "round [half] up")


@pytest.mark.requirement("U1")
async def test_the_status_is_set_and_a_gate_that_refuses_is_told_with_its_hint(lab: PanelLab) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan") as pilot:
        await at_pay(pilot)
        await asked_over(pilot, "s")
        assert "the story changed since it was approved" in screen_text(pilot)
        await pilot.press("down", "enter")
        await told(pilot, "u takes it back")
        assert changes(lab) == [ChangePlan(project=SHOP.id, action="set", item="s2pay", status="cancelled")]
        lab.answer(ChangePlan, GateClosed("the story is not approved", hint="A person approves it."))
        await asked_over(pilot, "s")
        await pilot.press("enter")
        await told(pilot, "A person approves it.")
        assert changes(lab)[-1].status == "in-progress"


async def test_a_status_that_leads_nowhere_is_told(lab: PanelLab) -> None:
    with_plan(lab)
    lab.answer(ShowItem, lambda asked: shown(asked).model_copy(update={"steps": [], "refusals": []}))
    async with panel_of(lab, view="plan") as pilot:
        await filled(pilot)
        await pilot.press("s")
        await told(pilot, "its status leads nowhere")


@pytest.mark.requirement("U1", "P7")
async def test_an_approval_names_the_text_and_the_person_first(lab: PanelLab) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan", size=(110, 40)) as pilot:
        rows = await at_pay(pilot)
        await asked_over(pilot, "a")
        text = screen_text(pilot)
        assert "abababababababab" in text
        assert "+status: in-progress" in text
        await pilot.press("n")
        assert [asked.dry_run for asked in lab.asked_for(ApproveItem)] == [True]
        await until(pilot, lambda: isinstance(app_of(pilot).screen, PlanView))
        await asked_over(pilot, "a")
        await pilot.press("y")
        await until(pilot, lambda: not lab.asked_for(ApproveItem)[-1].dry_run)
        assert lab.asked_for(ApproveItem)[-1].hash == "ab" * 32
        await until(pilot, lambda: isinstance(app_of(pilot).screen, PlanView))
        rows.move_to("s1cart")
        await asked_over(pilot, "a")
        assert "It was approved by Mia." in screen_text(pilot)
        assert lab.asked_for(ApproveItem)[-1].revoke is True


@pytest.mark.parametrize(
    ("downs", "typed", "field", "value"),
    [
        (0, "Pay [now]", "title", "Pay [now]"),
        (1, "should", "priority", "should"),
        (2, "0,5", "value", 0.5),
        (4, "US-1, t1bank", "depends_on", ["US-1", "t1bank"]),
        (5, "e2ret", "parent", "e2ret"),
        (6, "", "alias", ""),
    ],
)
async def test_fields_are_edited(lab: PanelLab, downs: int, typed: str, field: str, value: object) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan") as pilot:
        await at_pay(pilot)
        await asked_over(pilot, "e")
        await pilot.press(*["down"] * downs, "enter")
        await until(pilot, lambda: bool(app_of(pilot).screen.query(Input)))
        app_of(pilot).screen.query_one(Input).value = typed
        await pilot.press("enter")
        await told(pilot, "Saved:")
        asked = changes(lab)[0]
        assert getattr(asked, field) == value
        assert (asked.action, asked.hash) == ("move" if field == "parent" else "set", "ab" * 32)


@pytest.mark.parametrize(
    ("downs", "typed", "said"), [(3, "many", "Estimate is a number"), (0, "x" * 501, "Title cannot be that")]
)
async def test_a_value_that_cannot_be_is_told(lab: PanelLab, downs: int, typed: str, said: str) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan") as pilot:
        await at_pay(pilot)
        await asked_over(pilot, "e")
        await pilot.press(*["down"] * downs, "enter")
        await until(pilot, lambda: bool(app_of(pilot).screen.query(Input)))
        app_of(pilot).screen.query_one(Input).value = typed
        await pilot.press("enter")
        await told(pilot, said)
        assert not changes(lab)


@pytest.mark.requirement("U1")
async def test_an_item_is_added_where_the_cursor_is(lab: PanelLab) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan") as pilot:
        rows = await at_pay(pilot)
        for key, kind, parent in (("s2pay", "task", "s2pay"), ("t1bank", "task", "s2pay"), ("p0prd", "epic", None)):
            rows.move_to(key)
            lab.answer(ShowItem, lambda asked: shown(asked).model_copy(update={"parent": PAY}))
            await asked_over(pilot, "plus")
            await pilot.press("enter")
            await until(pilot, lambda: bool(app_of(pilot).screen.query(Input)))
            await pilot.press(*"New", "enter")
            await until(pilot, lambda: bool(changes(lab)) and isinstance(app_of(pilot).screen, PlanView))
            asked = changes(lab).pop()
            lab.asked.clear()
            assert (asked.action, asked.kind, asked.title, asked.parent) == ("add", kind, "New", parent)


async def test_a_box_is_ticked_and_more_than_that_is_shown_first(lab: PanelLab) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan") as pilot:
        rows = await at_pay(pilot)
        await asked_over(pilot, "x")
        assert "☐ Ask the bank" in screen_text(pilot)
        await pilot.press("enter")
        await told(pilot, "Saved:")
        assert [asked.dry_run for asked in changes(lab)] == [True, False]
        assert changes(lab)[1].section == "Tasks"
        assert "- [x] Ask the bank" in (changes(lab)[1].text or "")
        lab.answer(ChangePlan, PlanDone(project=SHOP.id, diff="+a\n+b\n"))
        await asked_over(pilot, "x")
        await pilot.press("enter")
        await told(pilot, "More than the box changes")
        await pilot.press("y")
        await told(pilot, "Nothing to change")
        rows.move_to("p0prd")
        await pilot.press("x")
        await told(pilot, "It has no boxes")


def test_boxes_are_found_below_headings_and_ticked_one_at_a_time() -> None:
    boxes = boxes_of(FILE + "\n## More\n\n```\n## no heading\n- [ ] code\n```\n* [X] Last\n")
    assert [(box.section, box.text, box.ticked) for box in boxes][1:3] == [
        ("Tasks", "Ask the bank", False),
        ("Tasks", "Tell the customer", False),
    ]
    assert boxes[-1].text == "Last"
    assert section_with(FILE, boxes[0]).strip().splitlines()[0] == "- [ ] Read the card"


@pytest.mark.requirement("U1")
async def test_undo_shows_what_changes_first(lab: PanelLab) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan", size=(100, 40)) as pilot:
        await filled(pilot)
        await pilot.press("h")
        await told(pilot, "+status: in-progress")
        await asked_over(pilot, "u")
        await told(pilot, "Take back: set US-2")
        await pilot.press("y")
        await told(pilot, "Taken back: set US-2")
        assert [(asked.operation, asked.dry_run) for asked in lab.asked_for(UndoPlan)] == [
            ("op2", True),
            ("op2", False),
        ]
        await pilot.press("t")
        await asked_over(pilot, "u")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app_of(pilot).screen, PlanView))
        lab.answer(ListPlanOperations, PlanOperationList(project=SHOP.id))
        await pilot.press("u")
        await told(pilot, "Nothing was done to the plan")
        await pilot.press("h", "r")
        await told(pilot, "What is done is listed here")


@pytest.mark.requirement("U1")
async def test_without_a_plan_it_says_how_to_begin(lab: PanelLab) -> None:
    with_plan(lab)
    lab.answer(ListItems, ItemList(project=SHOP.id, reason="There is no plan below .ai/ yet."))
    async with panel_of(lab, view="plan", size=(80, 24)) as pilot:
        await told(pilot, "There is no plan below .ai/ yet.")
        assert "aura prd new" in screen_text(pilot)
        assert "aura plan merge FILE" in screen_text(pilot)
        lab.answer(ListItems, items)
        await lab.tell(PlanItemsChanged(project=SHOP.id, by="edit", total=8), service="planning")
        await filled(pilot)
        lab.answer(NextTasks, PlanOrder(project=SHOP.id))
        await pilot.press("n")
        await told(pilot, "Nothing may begin now")


@pytest.mark.requirement("U1", "P4")
async def test_events_update_in_place_and_leave_cursor_and_focus(lab: PanelLab) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan") as pilot:
        rows = await at_pay(pilot)
        more = ItemRow(id="a0new", kind="epic", title="Brand new", path="new.md")
        lab.answer(ListItems, lambda asked: ItemList(project=SHOP.id, items=[more, *ITEMS], total=9))
        await lab.tell(
            PlanProgressChanged(project=SHOP.id, because="commit"), PlanForecastChanged(project=SHOP.id),
            PlanItemsChanged(project="other", by="edit"), service="planning",
        )  # fmt: skip
        await until(pilot, lambda: rows.keys[0] == "a0new")
        assert rows.key == "s2pay"
        assert app_of(pilot).focused is rows
        await pilot.press("1")
        await until(pilot, lambda: not isinstance(app_of(pilot).screen, PlanView))
        lab.answer(ListItems, items)
        await lab.tell(PlanItemsChanged(project=SHOP.id, by="edit"), service="planning")
        await pilot.press("6")
        await until(pilot, lambda: rows.keys[0] == "p0prd")


@pytest.mark.requirement("U1", "P7")
async def test_it_keeps_what_it_showed_while_the_daemon_is_away(lab: PanelLab) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan") as pilot:
        rows = await filled(pilot)
        lab.status = None
        await told(pilot, "not running")
        await pilot.press("r")
        await told(pilot, "✗ Aura is not running")
        assert len(rows.keys) == len(ITEMS)
        await pilot.press("n", "o", "t")
        lab.status = running_status()
        await filled(pilot)


async def test_a_service_that_does_not_answer_is_told_in_the_view(lab: PanelLab) -> None:
    with_plan(lab)
    lab.answer(ListItems, ServiceDown("planning does not answer"))
    async with panel_of(lab, view="plan") as pilot:
        await told(pilot, "✗ planning does not answer")
        assert "r asks again" in screen_text(pilot)


async def test_a_forecast_that_fails_hides_nothing_and_the_index_is_named(lab: PanelLab) -> None:
    with_plan(lab)
    for kind in (AskForecast, AskPlanDrift):
        lab.answer(kind, ServiceDown("not now"))
    async with panel_of(lab, view="plan") as pilot:
        await told(pilot, "42% evident")
        await lab.tell(ProjectStateChanged(project=SHOP.model_copy(update={"phase": "building"})))
        await told(pilot, "index building")


async def test_lists_are_chosen_by_click_and_arrows(lab: PanelLab) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan") as pilot:
        await filled(pilot)
        await pilot.press("left")
        assert view_of(pilot).section == "history"
        await pilot.press("right", "right")
        assert view_of(pilot).section == "board"
        await pilot.click(SectionBar, offset=(2, 0))
        assert view_of(pilot).section == "tree"
        view_of(pilot).goto("check")
        assert view_of(pilot).section == "check"


async def test_the_file_opens_in_the_editor(lab: PanelLab, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[Path, int]] = []

    async def open_in_editor(_app: object, path: Path, line: int) -> bool:
        opened.append((path, line))
        return True

    monkeypatch.setattr(plan_view, "open_in_editor", open_in_editor)
    with_plan(lab)
    async with panel_of(lab, view="plan") as pilot:
        await at_pay(pilot)
        await pilot.press("E", "c")
        rows = rows_of(pilot)
        await until(pilot, lambda: len(rows.keys) == 4)
        await pilot.press("down", "E", "down", "E", "down", "E")
        await told(pilot, "Choose an item first")
        assert opened == [
            (Path(SHOP.root) / PAY.path, 1),
            (Path(SHOP.root) / PAY.path, 7),
            (Path("/src/shop/docs/prd.md"), 1),
        ]


async def test_a_large_plan_is_cut_and_says_so(lab: PanelLab) -> None:
    with_plan(lab)
    many = [ItemRow(id=f"t{n:04}", kind="task", title=f"Task {n}", path=f"{n}.md") for n in range(1200)]

    def page(asked: ListItems) -> ItemList:
        end = asked.start + asked.limit
        return ItemList(project=SHOP.id, items=many[asked.start : end], total=1200, next=end if end < len(many) else 0)

    lab.answer(ListItems, page)
    async with panel_of(lab, view="plan") as pilot:
        await told(pilot, "The first 1,000 rows of 1,200 items")
        assert len(rows_of(pilot).keys) == 1000


async def test_a_question_that_is_left_changes_nothing(lab: PanelLab) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan") as pilot:
        await at_pay(pilot)
        for keys in (("s",), ("e",), ("e", "enter"), ("plus",), ("plus", "enter"), ("x",)):
            for key in keys:
                before = app_of(pilot).screen
                await pilot.press(key)
                await until(pilot, lambda before=before: app_of(pilot).screen is not before)
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app_of(pilot).screen, PlanView))
        assert not changes(lab)


async def test_what_the_service_refuses_is_told(lab: PanelLab) -> None:
    with_plan(lab)
    for kind in (ApproveItem, ChangePlan, UndoPlan, ListPlanOperations):
        lab.answer(kind, ServiceDown(f"no {kind.__name__}"))
    async with panel_of(lab, view="plan") as pilot:
        await at_pay(pilot)
        for keys, said in (("a", "ApproveItem"), ("u", "ListPlanOperations"), ("x", "ChangePlan"), ("h", "✗ no List")):
            await pilot.press(keys)
            if keys == "x":
                await told(pilot, "☐ Ask the bank")
                await pilot.press("enter")
            await told(pilot, said)
        lab.answer(ListPlanOperations, operations)
        await pilot.press("r")
        await until(pilot, lambda: len(rows_of(pilot).keys) == 2)
        await pilot.press("u")
        await told(pilot, "no UndoPlan")
        lab.answer(ShowItem, ServiceDown("no ShowItem"))
        await pilot.press("t")
        for key in ("s", "a", "e", "plus", "x"):
            await pilot.press(key)
        await until(pilot, lambda: len(lab.asked_for(ShowItem)) >= 5)
        await told(pilot, "no ShowItem")


async def test_an_order_that_fails_is_told_and_what_was_there_stays(lab: PanelLab) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan") as pilot:
        rows = await filled(pilot)
        await pilot.press("o")
        await told(pilot, "1 of 2")
        lab.answer(OrderPlan, ServiceDown("no order now"))
        await pilot.press("enter")
        await told(pilot, "✗ no order now")
        assert rows.keys == ["order:t1bank"]


def test_details_say_all_that_is_known() -> None:
    circle = OrderCircle(number=1, cut=OrderWait(item="a", needs="b", path="a.md", line=1), reason="Least is lost.")
    order = PlanOrder(project="p", circles=[circle], circles_total=1, notices=["no value was said"])
    row = ORDER[0].model_copy(update={"circle": 1, "terms": None, "score": 1234.0, "reason": ""})
    colours: dict[str, str] = dict.fromkeys(THEME, "#888888")
    text = order_details(row, order, colours).plain
    assert "take out: a waits for b" in text
    assert "no value was said" in text
    assert "No reason is given." in text
    assert "1,234" in order_rows(PlanOrder(project="p", rows=[row]), colours)["order:t1bank"][2].plain
    alone = GraphNode(kind="task", title="Alone", state="ready", parts=4, parts_done=1)
    assert "1/4" in graph_rows(PlanGraph(project="p", nodes=[alone]), colours)["node:0"][0].plain
    gone = document_details(DriftedDocument(path="a.md", gone=True), colours).plain
    assert "cannot be read any more" in gone
    failed = PlanOperation(
        id="x", at="", command="set", title="t", state="failed", problem="why", undoes="a", undone_by="b"
    )
    told_of_it = operation_details(failed, colours).plain
    assert "✗ why" in told_of_it
    assert "Taken back by b." in told_of_it
    many = [PAY] * 14
    answer = ItemAnswer(project="p", item=PAY, children=many)
    proof = PlanProgress(project="p", rows=ROWS[6:], evidence=[EVIDENCE[0]] * 14)
    text = item_details(answer, proof, "", colours).plain
    assert text.count("and 2 more") == 2
    for section, key in (
        ("tree", "x"), ("board", "status:x"), ("next", "order:x"), ("graph", "node:x"), ("check", "claim:x"),
        ("check", "finding:7"), ("check", "drift:x"), ("check", "unplanned:x"), ("history", "operation:x"),
    ):  # fmt: skip
        assert "x" in details(PlanBook("p"), section, key, colours)[0] or key == "finding:7"
        assert PlanBook("p").place_of(section, key) in {("", 1), ("x", 1)}


def test_what_is_not_known_is_nothing() -> None:
    book = PlanBook("p")
    unknown: list[Any] = [book.item("a"), book.order_row("next", "a"), book.node("0"), book.operation("a")]
    assert unknown == [None] * 4
    assert book.forecast_of("a") == ""


@pytest.mark.requirement("U1")
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_it_looks_as_it_should(lab: PanelLab, width: int, height: int, theme: str) -> None:
    with_plan(lab)
    async with panel_of(lab, view="plan", size=(width, height), theme=theme) as pilot:
        await filled(pilot)
        await at_pay(pilot)
        await assert_looks(pilot, f"plan-{theme}-{width}x{height}")
