"""The changes view: what waits, decisions hunk by hunk, edits, apply and undo, approvals."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, TextArea

from aura_panel.changes_book import ChangesBook
from aura_panel.changes_rows import approval_head, change_head, files_line
from aura_panel.views.changes import ChangesView
from aura_panel.widgets.dialogs import Choose, Confirm, Prompt
from aura_panel.widgets.editor import TextEditor
from aura_panel.widgets.listing import Listing
from aura_panel.widgets.merge import MergeQuestion
from aura_panel.widgets.sections import SectionBar
from aura_shared.errors import Conflict, ServiceDown, UnknownChange
from aura_shared.messages.approvals import Approval, ApprovalChanged
from aura_shared.messages.changes import (
    ApplyChange,
    ChangeList,
    ChangeUpdated,
    CheckResult,
    DecideHunks,
    ListChanges,
    ShowChange,
    UndoChange,
)
from panel_lab import (
    ATLAS,
    SHOP,
    SIZES,
    PanelLab,
    app_of,
    assert_looks,
    panel_of,
    proposed,
    running_status,
    screen_text,
    until,
)
from panel_lab_changes import APPROVAL, OTHER_APPROVAL, Factory, odd_change, sessions_change

FIRST, SECOND, THIRD = "aaaa00000001", "aaaa00000002", "aaaa00000003"
MERGE = """--- a/shop/app.py
+++ b/shop/app.py
@@ -1,2 +1,2 @@
-from shop import [red]old[/red]
+from shop import new
 a
"""


def view_of(pilot: Pilot[None]) -> ChangesView:
    view = app_of(pilot).screen_stack[0]
    assert isinstance(view, ChangesView)
    return view


def rows_of(pilot: Pilot[None]) -> Listing:
    return view_of(pilot).query_one(Listing)


def asks(pilot: Pilot[None], kind: type[Any]) -> Callable[[], bool]:
    return lambda: isinstance(app_of(pilot).screen, kind)


async def filled(pilot: Pilot[None]) -> ChangesView:
    await until(pilot, lambda: view_of(pilot).shown is not None and rows_of(pilot).row_count > 0)
    return view_of(pilot)


async def asked_by_agents(pilot: Pilot[None], lab: PanelLab, *approvals: Approval) -> None:
    """Have agents ask for leave once the changes are listed, so that a change is under the cursor."""
    lab.gateway.waiting = list(approvals)
    view_of(pilot).world.refresh("approvals")
    await until(pilot, lambda: len(view_of(pilot).world.approvals) == len(approvals))


def decisions(factory: Factory, name: str = "5c1f22aa") -> list[str]:
    return [hunk.decision for file in factory.changes[name].files for hunk in file.hunks]


@pytest.fixture
def factory(lab: PanelLab) -> Factory:
    """Two proposed changes."""
    return Factory(lab, [sessions_change(), odd_change()])


# What is listed


@pytest.mark.requirement("U1")
async def test_changes_are_listed_the_newest_first_with_what_and_why(lab: PanelLab, factory: Factory) -> None:
    assert factory.changes
    async with panel_of(lab, view="changes", size=(100, 50)) as pilot:
        await filled(pilot)
        shown = screen_text(pilot)
        assert shown.index("Rename SessionStore to Sessions") < shown.index("Everything at once")
        await until(pilot, lambda: "says nothing that its module does not say" in screen_text(pilot))
        for text in ("✓ passed  parse", "✗ failed  tests 3.4 s in bwrap", "test_oldest [no markup]", "skipped types",
                     "3 hunks: 3 open", "── shop/sessions.py  modified  +6 -3",
                     "hunk 2 of 3 in SessionStore.add"):  # fmt: skip
            assert text in screen_text(pilot), text


@pytest.mark.requirement("U1")
@pytest.mark.parametrize("size", [(80, 60), (160, 60)])
async def test_files_of_every_kind_and_odd_text_are_shown_as_they_are(
    lab: PanelLab, factory: Factory, size: tuple[int, int]
) -> None:
    assert factory.changes
    async with panel_of(lab, view="changes", size=size) as pilot:
        view = await filled(pilot)
        await pilot.press("down")
        await until(pilot, lambda: view.shown is not None and view.shown.id == "0dd0dd00")
        await pilot.press("enter")
        shown = screen_text(pilot)
        for text in ("notes/[red]odd[/red].txt", "» [b]second[/b]", "plain line^M", "\\u202e and escape \\u001b[31m",
                     "changed since this was proposed", "added  +3 -0", "deleted  +0 -2", "limits.py changed since",
                     "moved from shop/clock.py", "rename to shop/time/clock.py", "not there any more",
                     "no lines to show", "No newline at end of file"):  # fmt: skip
            assert text in shown, text
        await pilot.press("d")
        assert view.diff.beside == (size[0] >= 120)
        assert ("Side by side needs 120 columns" in screen_text(pilot)) == (size[0] < 120)


async def test_filters_and_all_projects(lab: PanelLab) -> None:
    other = odd_change(project=ATLAS.id, state="applied")
    Factory(lab, [sessions_change(), other])
    async with panel_of(lab, view="changes") as pilot:
        view = await filled(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "All projects" in screen_text(pilot) and "shop" in screen_text(pilot))
        await pilot.press("f")
        await until(pilot, lambda: rows_of(pilot).key == other.id)
        assert lab.asked_for(ListChanges)[-1].states == ["applied", "partly-applied"]
        await pilot.press("l")
        await until(pilot, lambda: "No changes here: applied in shop" in screen_text(pilot))
        await pilot.press("F")
        await until(pilot, lambda: rows_of(pilot).key == "5c1f22aa")
        await pilot.click(SectionBar, offset=(16, 0))
        assert view.book.filter == "applied"
        await pilot.click(SectionBar, offset=(90, 0))
        assert view.book.filter == "applied"
        assert app_of(pilot).focused is rows_of(pilot), "an empty list keeps the focus"


async def test_the_list_says_when_there_are_more(lab: PanelLab, factory: Factory) -> None:
    assert factory.changes
    lab.answer(ListChanges, ChangeList(changes=[proposed()], more=True))
    async with panel_of(lab, view="changes") as pilot:
        await until(pilot, lambda: "the newest 200" in screen_text(pilot))


async def test_an_empty_list_says_why_and_what_to_do(lab: PanelLab) -> None:
    async with panel_of(lab, view="changes") as pilot:
        await until(pilot, lambda: "Nothing waits for you in shop" in screen_text(pilot))
        assert "`aura refactor`" in screen_text(pilot)
        for key in ("enter", "a", "x", "c", "w", "u", "e", "d", "y", "n", "A", "X", "R", "E", "o", "z", "j"):
            await pilot.press(key)
        app_of(pilot).choose_project(ATLAS.id)
        await until(pilot, lambda: "atlas is building; its index is not ready yet" in screen_text(pilot))


async def test_without_a_project_it_says_so(lab: PanelLab) -> None:
    async with panel_of(lab, view="changes", known=False) as pilot:
        await until(pilot, lambda: "No project is registered" in screen_text(pilot))


# Decisions


@pytest.mark.requirement("U1")
async def test_hunks_are_accepted_rejected_and_opened_again(lab: PanelLab, factory: Factory) -> None:
    async with panel_of(lab, view="changes", size=(100, 40)) as pilot:
        view = await filled(pilot)
        await pilot.press("enter")
        view.diff.go_to_hunk(0)
        await pilot.press("a")
        assert view.diff.number == 1, "the next open hunk is next"
        await pilot.press("x")
        assert view.diff.number == 2
        await until(pilot, lambda: decisions(factory) == ["accepted", "rejected", "open"])
        assert [(request.hunks, request.decision) for request in lab.asked_for(DecideHunks)] == [
            ([FIRST], "accepted"), ([SECOND], "rejected"),
        ]  # fmt: skip
        await until(pilot, lambda: "1 accepted, 1 rejected, 1 open" in screen_text(pilot))
        await pilot.press("k", "k", "a")
        await until(pilot, lambda: decisions(factory) == ["open", "rejected", "open"])
        assert view.diff.number == 0, "taking back does not move on"
        await pilot.press("A")
        await until(pilot, lambda: decisions(factory) == ["accepted", "accepted", "open"])
        await pilot.press("right_square_bracket", "X")
        await until(pilot, lambda: decisions(factory)[2] == "rejected")
        await pilot.press("R")
        await until(pilot, lambda: set(decisions(factory)) == {"rejected"})
        await until(pilot, lambda: view.shown is not None and view.shown.state == "rejected")
        assert rows_of(pilot).key == "5c1f22aa", "what is under the cursor stays"


async def test_deciding_above_the_hunks_goes_to_one_first(lab: PanelLab, factory: Factory) -> None:
    async with panel_of(lab, view="changes", size=(80, 24)) as pilot:
        view = await filled(pilot)
        await pilot.press("enter", "home")
        assert view.diff.hunk is None
        await pilot.press("c")
        await until(pilot, lambda: "Go to a hunk first" in screen_text(pilot))
        await pilot.press("a")
        assert view.diff.number == 0
        await pilot.press("home", "A")
        await until(pilot, lambda: "Go to a file first" in screen_text(pilot))
        assert decisions(factory) == ["open"] * 3


async def test_every_hunk_decided_is_said_and_applied_ones_stay(lab: PanelLab) -> None:
    change = sessions_change()
    factory = Factory(lab, [change.model_copy(update={"files": change.files[1:]})])
    async with panel_of(lab, view="changes", size=(100, 40)) as pilot:
        view = await filled(pilot)
        view.diff.go_to_hunk(0)
        await pilot.press("a")
        await until(pilot, lambda: "Every hunk is decided" in screen_text(pilot))
        await until(pilot, lambda: decisions(factory) == ["accepted"])
        await pilot.press("w")
        await until(pilot, asks(pilot, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: "● applied" in screen_text(pilot))
        for key in ("x", "X", "R"):
            await pilot.press(key)
        await until(pilot, lambda: "in the file already" in screen_text(pilot))
        await pilot.press("w")
        await until(pilot, lambda: "nothing to apply" in screen_text(pilot))
        assert decisions(factory) == ["accepted"]


async def test_a_decision_that_is_refused_is_told_and_taken_back(lab: PanelLab, factory: Factory) -> None:
    lab.answer(DecideHunks, Conflict("1 of these hunks are in the files already"))
    async with panel_of(lab, view="changes", size=(100, 40)) as pilot:
        view = await filled(pilot)
        view.diff.go_to_hunk(0)
        await pilot.press("a")
        await until(pilot, lambda: "in the files already" in screen_text(pilot))
        await until(pilot, lambda: [hunk.decision for hunk in view.diff.document.hunks] == ["open"] * 3)
        assert decisions(factory) == ["open"] * 3


async def test_comments_of_one_line_and_of_several(lab: PanelLab, factory: Factory) -> None:
    async with panel_of(lab, view="changes", size=(100, 40)) as pilot:
        view = await filled(pilot)
        view.diff.go_to_hunk(1)
        await pilot.press("c")
        await until(pilot, asks(pilot, Prompt))
        app_of(pilot).screen.query_one(Input).value = "why not [b]heapq[/b]?"
        await pilot.press("enter")
        await until(pilot, lambda: "» why not [b]heapq[/b]?" in screen_text(pilot))
        assert lab.asked_for(DecideHunks)[-1].hunks == [SECOND]
        await pilot.press("c")
        await until(pilot, asks(pilot, Prompt))
        await pilot.press("escape")
        factory.changes["5c1f22aa"] = sessions_change(
            files=factory.each_hunk(sessions_change(), [SECOND], comment="one\ntwo")
        )
        await pilot.press("r")
        await until(pilot, lambda: "» two" in screen_text(pilot))
        await pilot.press("c")
        await until(pilot, asks(pilot, TextEditor))
        app_of(pilot).screen.query_one(TextArea).text = "one\nthree\n"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "» three" in screen_text(pilot))
        assert lab.asked_for(DecideHunks)[-1].comment == "one\nthree"


# Applying and undoing


@pytest.mark.requirement("U1")
async def test_it_is_applied_after_a_question_and_undone(lab: PanelLab, factory: Factory) -> None:
    async with panel_of(lab, view="changes", size=(100, 40)) as pilot:
        view = await filled(pilot)
        await pilot.press("u")
        await until(pilot, lambda: "nothing to undo" in screen_text(pilot))
        await pilot.press("w")
        await until(pilot, asks(pilot, Confirm))
        shown = screen_text(pilot)
        assert "Write 3 hunks to 2 files of shop?" in shown
        assert "3 hunks of them are open" in shown
        assert "shop/app.py" in shown
        await pilot.press("n")
        assert not lab.asked_for(ApplyChange)
        await pilot.press("w")
        await until(pilot, asks(pilot, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: "2 files written: the change is applied. u takes it back." in screen_text(pilot))
        assert factory.changes["5c1f22aa"].state == "applied"
        assert (rows_of(pilot).key, view.shown is not None) == ("5c1f22aa", True)
        await pilot.press("u")
        await until(pilot, asks(pilot, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: "the change is undone" in screen_text(pilot))
        assert lab.asked_for(UndoChange)


@pytest.mark.parametrize(("choice", "accept_open"), [(0, False), (1, True), (None, None)])
async def test_open_hunks_are_asked_about(
    lab: PanelLab, factory: Factory, choice: int | None, accept_open: bool | None
) -> None:
    async with panel_of(lab, view="changes", size=(100, 40)) as pilot:
        view = await filled(pilot)
        view.diff.go_to_hunk(0)
        await pilot.press("a")
        await until(pilot, lambda: decisions(factory)[0] == "accepted" and view.shown is not None)
        await until(pilot, lambda: "1 accepted" in screen_text(pilot))
        await pilot.press("w")
        await until(pilot, asks(pilot, Choose))
        if choice is None:
            await pilot.press("escape")
            await until(pilot, lambda: app_of(pilot).screen is view)
            assert not lab.asked_for(ApplyChange)
            return
        app_of(pilot).screen.query_one(OptionList).highlighted = choice
        await pilot.press("enter")
        await until(pilot, asks(pilot, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: bool(lab.asked_for(ApplyChange)))
        assert lab.asked_for(ApplyChange)[-1].accept_open is accept_open


@pytest.mark.requirement("U1")
@pytest.mark.parametrize("yes", [True, False])
async def test_a_merge_is_shown_before_it_is_written(lab: PanelLab, factory: Factory, *, yes: bool) -> None:
    factory.merge = MERGE
    async with panel_of(lab, view="changes", size=(100, 40)) as pilot:
        await filled(pilot)
        await pilot.press("w")
        await until(pilot, asks(pilot, Confirm))
        await pilot.press("y")
        await until(pilot, asks(pilot, MergeQuestion))
        assert "from shop import [red]old[/red]" in screen_text(pilot)
        assert "Changed since: shop/app.py" in screen_text(pilot)
        await pilot.press("down", "j", *(["y"] if yes else ["n"]))
        await until(pilot, lambda: ("2 files written" if yes else "Nothing was written") in screen_text(pilot))
        assert [request.merge for request in lab.asked_for(ApplyChange)] == ([False, True] if yes else [False])


async def test_what_cannot_be_applied_is_told_and_asked_again(lab: PanelLab, factory: Factory) -> None:
    assert factory.changes
    lab.answer(ApplyChange, Conflict("1 of 2 files changed since in the same places", hint="Have it made anew."))
    async with panel_of(lab, view="changes", size=(100, 40)) as pilot:
        await filled(pilot)
        before = len(lab.asked_for(ShowChange))
        await pilot.press("w")
        await until(pilot, asks(pilot, Confirm))
        await pilot.click("#yes")
        await until(pilot, lambda: "changed since in the same places" in screen_text(pilot))
        await until(pilot, lambda: len(lab.asked_for(ShowChange)) > before)


async def test_nothing_is_written_while_decisions_are_on_their_way(lab: PanelLab, factory: Factory) -> None:
    assert factory.changes
    arrive = asyncio.Event()

    async def late(request: DecideHunks, _context: Any) -> Any:  # noqa: ANN401 - an answer of the factory
        await arrive.wait()
        return factory.decide(request)

    lab.bus("factory").serve(DecideHunks, late)
    async with panel_of(lab, view="changes", size=(100, 40)) as pilot:
        view = await filled(pilot)
        view.diff.go_to_hunk(0)
        await pilot.press("a", "w")
        await until(pilot, lambda: "still on their way" in screen_text(pilot))
        await lab.tell(
            ChangeUpdated(change="5c1f22aa", project=SHOP.id, title="x", what="decided", state="proposed"),
            service="factory",
        )
        await pilot.pause()
        assert view.diff.document.hunks[0].decision == "accepted", "older news does not take it back"
        arrive.set()
        await until(pilot, lambda: decisions(factory)[0] == "accepted")


# Approvals


@pytest.mark.requirement("U1")
@pytest.mark.parametrize(("key", "approve"), [("y", True), ("n", False)])
async def test_an_agent_gets_its_answer(lab: PanelLab, factory: Factory, key: str, *, approve: bool) -> None:
    assert factory.changes
    async with panel_of(lab, view="changes", size=(100, 40)) as pilot:
        await filled(pilot)
        await asked_by_agents(pilot, lab, APPROVAL, OTHER_APPROVAL)
        app_of(pilot).open_view("changes", f"approval:{OTHER_APPROVAL.id}")
        await until(pilot, lambda: rows_of(pilot).key == f"approval:{OTHER_APPROVAL.id}")
        await until(pilot, lambda: "lapses at 09:21" in screen_text(pilot))
        assert "Undo [bold]a change[/bold]" in screen_text(pilot)
        await pilot.press(key)
        await until(pilot, lambda: lab.gateway.decided == [(OTHER_APPROVAL.id, approve)])
        await until(pilot, lambda: ("✓ approved" if approve else "✗ denied") in screen_text(pilot))
        assert rows_of(pilot).key == f"approval:{OTHER_APPROVAL.id}", "no other question comes under the cursor"
        await pilot.press(key)
        await pilot.pause()
        assert len(lab.gateway.decided) == 1
        await pilot.press("up")
        await until(pilot, lambda: rows_of(pilot).row_count == 3)


async def test_a_question_that_lapsed_is_told_and_stays_under_the_cursor(lab: PanelLab, factory: Factory) -> None:
    assert factory.changes
    async with panel_of(lab, view="changes", size=(100, 40)) as pilot:
        await filled(pilot)
        await lab.tell(ApprovalChanged(approval=APPROVAL), service="gateway")
        await until(pilot, lambda: "claude-code asks" in screen_text(pilot))
        assert rows_of(pilot).key == "5c1f22aa", "the cursor stays where it was"
        await pilot.press("up", "y")
        await until(pilot, lambda: "nothing waits for approval" in screen_text(pilot))
        await until(pilot, lambda: "It does not wait any more" in screen_text(pilot))
        assert rows_of(pilot).key == f"approval:{APPROVAL.id}"
        await lab.tell(ApprovalChanged(approval=APPROVAL.model_copy(update={"decision": "denied"})), service="gateway")
        await until(pilot, lambda: "✗ denied" in screen_text(pilot))


async def test_a_gateway_that_does_not_answer_is_told(lab: PanelLab, factory: Factory) -> None:
    assert factory.changes
    async with panel_of(lab, view="changes") as pilot:
        await filled(pilot)
        await asked_by_agents(pilot, lab, APPROVAL)
        await until(pilot, lambda: rows_of(pilot).row_count == 3)
        await pilot.press("up")

        def down(path: str, body: object) -> Any:  # noqa: ANN401 - never returns
            raise ServiceDown(f"the gateway does not answer {path} {body is None}")

        lab.gateway.post = down  # type: ignore[method-assign, assignment]
        await pilot.press("y")
        await until(pilot, lambda: "the gateway does not answer" in screen_text(pilot))


# News, places, and the daemon


async def test_news_never_moves_the_cursor(lab: PanelLab, factory: Factory) -> None:
    async with panel_of(lab, view="changes", size=(100, 40)) as pilot:
        view = await filled(pilot)
        await pilot.press("enter")
        view.diff.go_to_hunk(1)
        await pilot.press("down", "down")
        place = (view.diff.cursor, view.diff.scroll_offset, app_of(pilot).focused)
        newer = proposed(id="77777777", title="A newer one", created_at="2026-11-27T10:00:00+00:00")
        factory.changes["77777777"] = newer
        factory.changes["5c1f22aa"] = sessions_change(files=factory.each_hunk(sessions_change(), [FIRST], comment="hm"))
        for name in ("77777777", "5c1f22aa"):
            await lab.tell(
                ChangeUpdated(change=name, project=SHOP.id, title="x", what="proposed", state="proposed"),
                service="factory",
            )
        await until(pilot, lambda: "» hm" in screen_text(pilot) and "77777777" in view.book.changes)
        assert (rows_of(pilot).key, app_of(pilot).focused) == ("5c1f22aa", place[2])
        assert (view.diff.number, view.diff.cursor) == (1, place[0] + 1), "the comment above takes a row"
        await pilot.press("escape")
        assert app_of(pilot).focused is rows_of(pilot)


async def test_it_goes_to_a_change_that_is_not_listed_and_tells_of_one_that_is_gone(lab: PanelLab) -> None:
    Factory(lab, [sessions_change(), odd_change(state="undone")])
    async with panel_of(lab, view="changes") as pilot:
        view = await filled(pilot)
        app_of(pilot).open_view("changes", "0dd0dd00")
        await until(pilot, lambda: rows_of(pilot).key == "0dd0dd00" and view.shown is not None)
        app_of(pilot).open_view("changes", "5c1f22aa")
        await until(pilot, lambda: rows_of(pilot).key == "5c1f22aa")
        app_of(pilot).open_view("changes", "ffffffff")
        await until(pilot, lambda: "there is no change 'ffffffff'" in screen_text(pilot))
        assert rows_of(pilot).key == "5c1f22aa"


async def test_a_change_that_is_gone_is_told_where_it_was(lab: PanelLab, factory: Factory) -> None:
    async with panel_of(lab, view="changes") as pilot:
        view = await filled(pilot)
        del factory.changes["5c1f22aa"]
        await pilot.press("r")
        await until(pilot, lambda: "✗ there is no change '5c1f22aa'" in screen_text(pilot))
        assert view.shown is None
        lab.answer(ShowChange, UnknownChange("there is none"))
        await pilot.press("a", "w")


@pytest.mark.requirement("U1")
async def test_it_keeps_what_it_showed_without_a_daemon_and_asks_again_when_it_is_back(
    lab: PanelLab, factory: Factory
) -> None:
    async with panel_of(lab, view="changes", size=(100, 40)) as pilot:
        view = await filled(pilot)
        await asked_by_agents(pilot, lab, APPROVAL)
        await until(pilot, lambda: rows_of(pilot).row_count == 3)
        view.diff.go_to_hunk(0)
        lab.status = None
        view.world.look_again()
        await until(pilot, lambda: "Aura is not running" in screen_text(pilot))
        assert "hunk 1 of 3" in screen_text(pilot)
        await pilot.press("a")
        await until(pilot, lambda: [hunk.decision for hunk in view.diff.document.hunks] == ["accepted", "open", "open"])
        await pilot.press("r")
        await until(pilot, lambda: "Press Ctrl-S" in screen_text(pilot))
        factory.changes["5c1f22aa"] = sessions_change(title="Renamed meanwhile")
        lab.status = running_status()
        view.world.look_again()
        await until(pilot, lambda: "Renamed meanwhile" in screen_text(pilot))
        await until(pilot, lambda: view.diff.document.hunks[0].decision == "open")


async def test_a_daemon_that_never_ran(lab: PanelLab) -> None:
    lab.status = None
    async with panel_of(lab, view="changes", known=False) as pilot:
        await until(pilot, lambda: "Ctrl-S" in screen_text(pilot))


async def test_an_error_of_the_list_is_shown_above_it(lab: PanelLab, factory: Factory) -> None:
    assert factory.changes
    lab.answer(ListChanges, ServiceDown("the factory does not answer"))
    async with panel_of(lab, view="changes") as pilot:
        await until(pilot, lambda: "✗ the factory does not answer" in screen_text(pilot))


# Looks


async def test_side_by_side_takes_the_list_away_where_there_is_no_room(lab: PanelLab, factory: Factory) -> None:
    assert factory.changes
    async with panel_of(lab, view="changes", size=(130, 40)) as pilot:
        view = await filled(pilot)
        await pilot.press("d")
        await until(pilot, lambda: view.diff.size.width > 120)
        assert view.has_class("-full")
        await until(pilot, lambda: "│ 9   from shop.clock import Clock" in screen_text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: view.diff.size.width < 100)
        await pilot.press("enter")
        await until(pilot, lambda: view.diff.size.width > 120)
        await pilot.press("d")
        await until(pilot, lambda: not view.has_class("-full"))
        await pilot.press("z")
        await until(pilot, lambda: view.diff.size.width > 120)
        await pilot.press("z")
        await until(pilot, lambda: view.diff.size.width < 100)


async def test_the_mouse_and_the_keys_n_and_enter_step_through_hunks(lab: PanelLab, factory: Factory) -> None:
    assert factory.changes
    async with panel_of(lab, view="changes", size=(200, 50)) as pilot:
        view = await filled(pilot)
        await pilot.press("n")
        assert view.diff.number == 1
        await pilot.press("N", "n", "enter", "n", "n")
        assert view.diff.number == 2
        await pilot.press("N", "k", "k", "k")
        assert view.diff.number == 0
        await pilot.click(view.diff, offset=Offset(20, 22))
        assert view.diff.cursor == view.diff.scroll_offset.y + 22
        await pilot.press("end", "pageup", "pagedown", "space", "home", "up", "left_square_bracket")
        assert (view.diff.cursor, view.diff.path, view.diff.line) == (0, "", 1)


async def test_what_arrives_first_is_under_the_cursor_and_stays(lab: PanelLab, factory: Factory) -> None:
    lab.answer(ListChanges, ServiceDown("not yet"))
    lab.gateway.waiting = [APPROVAL]
    async with panel_of(lab, view="changes") as pilot:
        await until(pilot, lambda: rows_of(pilot).key == f"approval:{APPROVAL.id}")
        lab.answer(ListChanges, factory.listed)
        await pilot.press("r")
        await until(pilot, lambda: rows_of(pilot).row_count == 3)
        assert rows_of(pilot).key == f"approval:{APPROVAL.id}"


def test_what_is_said_of_a_change_and_of_a_question() -> None:
    colours = {"warning": "red", "success": "green", "error": "red", "muted": "grey"}
    change = sessions_change(replaces="11111111", changed_at="2026-11-27T09:20:00+00:00", checks=[], why="")
    lines = [line.plain for line in change_head(change, "shop", "Merged [b]already[/b].", 70, colours)]
    assert lines == [
        "Rename SessionStore to Sessions",
        "? proposed  2 files +7 -4  3 hunks: 3 open",
        "5c1f22aa · refactor · shop · 27 Nov 09:12 · changed 27 Nov 09:20 · a",
        "new version of 11111111",
        "! Merged [b]already[/b].",
    ]
    odd = APPROVAL.model_copy(update={"asked_at": "once", "client": "", "summary": ""})
    said = " ".join(line.plain for line in approval_head(odd, "", 60, colours, waits=True))
    assert said.startswith("apply_change ! waits for you; lapses at  ")
    assert "an agent that gave no name" in said
    long = sessions_change(checks=[CheckResult(name="ruff", outcome="failed", detail="word " * 40)], why="# Why\n\n`x`")
    assert all(len(line.plain) <= 60 for line in change_head(long, "", "", 60, colours))
    assert change_head(long, "", "", 60, colours)[-1].plain.startswith("          word")
    many = [f"file_{number}.py" for number in range(11)]
    assert files_line(change, many).endswith("and 3 more")
    gone = sessions_change(files=[change.files[0].model_copy(update={"standing": "gone"}), change.files[1]])
    assert (
        files_line(gone, ["shop/sessions.py", "shop/app.py"])
        == "  shop/sessions.py  (not there any more)\n  shop/app.py"
    )


def test_the_book_keeps_what_is_under_the_cursor() -> None:
    book = ChangesBook()
    book.take_list(ChangeList(changes=[proposed(), proposed(id="22222222")]))
    book.key = "22222222"
    book.take_list(ChangeList(changes=[proposed()]))
    assert list(book.rows(None, {"warning": "red", "success": "green", "error": "red", "muted": "grey"})) == [
        "5c1f22aa", "22222222",
    ]  # fmt: skip
    book.start_anew()
    assert not book.changes


@pytest.mark.requirement("U1")
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_it_looks_as_it_should(lab: PanelLab, width: int, height: int, theme: str) -> None:
    Factory(lab, [sessions_change(), odd_change()])
    async with panel_of(lab, view="changes", size=(width, height), theme=theme) as pilot:
        view = await filled(pilot)
        await asked_by_agents(pilot, lab, APPROVAL)
        await until(pilot, lambda: rows_of(pilot).row_count == 3 and rows_of(pilot).key == "5c1f22aa")
        await until(pilot, lambda: "(3)" in screen_text(pilot) or "Changes!" in screen_text(pilot))
        place = "hunk 1 of 3 · 3 open" if width >= 200 else "3 open"
        await until(pilot, lambda: "refactor · shop-" not in screen_text(pilot) and place in screen_text(pilot))
        await assert_looks(pilot, f"changes-list-{theme}-{width}x{height}")
        await pilot.press("enter")
        if width >= 120:
            await pilot.press("d")
        view.diff.go_to_hunk(0)
        await pilot.press("a")
        await until(pilot, lambda: "1 accepted, 2 open" in screen_text(pilot))
        await assert_looks(pilot, f"changes-{theme}-{width}x{height}")
