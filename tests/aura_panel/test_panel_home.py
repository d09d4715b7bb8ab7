"""The first view: projects, services, what waits, what happened, and what can be done from there."""

from __future__ import annotations

import math
import threading

import pytest
from textual.widgets import DataTable, Input

from aura_cli.answers import JsonObject
from aura_panel.home_rows import PROJECT_COLUMNS, SERVICE_COLUMNS
from aura_panel.stories import Story
from aura_panel.views.home import HomeView
from aura_panel.views.log import LogView
from aura_panel.widgets.dialogs import Choose, Confirm, Prompt
from aura_panel.widgets.stories import StoryList
from aura_panel.world import World
from aura_shared.errors import NotFound
from aura_shared.messages.approvals import Approval, ApprovalChanged
from aura_shared.messages.changes import ChangeList, ChangeUpdated, ListChanges
from aura_shared.messages.code import AddProject, ProjectAnswer, ProjectRemoved, RemoveProject
from aura_shared.messages.core import Done
from aura_shared.messages.findings import AnalysisAnswer, AnalyzeProject
from aura_shared.messages.git import GitOperation, GitStatus, ShowGitStatus
from aura_shared.messages.services import PauseWork, ResumeWork, WorkAnswer, WorkPaused
from panel_lab import (
    ATLAS,
    BOUND_S,
    SHOP,
    SIZES,
    LabGateway,
    PanelLab,
    app_of,
    assert_looks,
    panel_of,
    proposed,
    running_status,
    screen_text,
    told,
    until,
)

APPROVAL = Approval(
    id="3f2a91c0", tool="apply_change", summary="Apply “Rename SessionStore”", project=SHOP.id, client="claude-code",
    asked_at="2026-11-27T09:10:00+00:00",
)  # fmt: skip


def stories() -> list[Story]:
    def story(second: int, weight: str, text: str, cause: str = "") -> Story:
        ts = f"2026-11-27T09:{second // 60:02}:{second % 60:02}+00:00"
        return Story(ts, weight, text, "x", "git", SHOP.id, f"id-{second}", cause, second)  # type: ignore[arg-type]

    return [
        story(1, "quiet", "shop is scanning"),
        story(10, "info", "Aura switched from main to feature/sessions"),
        story(62, "warning", "change 5c1f22aa proposed: Rename SessionStore to Sessions", "req-1"),
        story(63, "good", "change 5c1f22aa applied: Rename SessionStore to Sessions (2 files written)", "req-1"),
        story(64, "quiet", "indexed shop/sessions.py and 1 more file in 12 ms", "id-63"),
        story(80, "error", "2 new findings: shop/sessions.py:12 name 'SessionStore' is not defined"),
    ]


@pytest.mark.requirement("U1", "P4")
async def test_projects_and_services_are_there_with_their_health(lab: PanelLab) -> None:
    async with panel_of(lab, size=(200, 50)) as pilot:
        await until(pilot, lambda: "✗2" in screen_text(pilot) and "42%" in screen_text(pilot))
        shown = screen_text(pilot)
        for word in ("● 812 files", "◐ building 25%", "!14", "main ↑1 ~2", "● ready", "2h 03m", "30 MB"):
            assert word in shown, word
        assert "shop" in shown
        assert "atlas" in shown


async def test_figures_of_services_wait_for_their_turn_and_states_do_not(lab: PanelLab) -> None:
    async with panel_of(lab, size=(200, 50)) as pilot:
        view, world = app_of(pilot).screen, app_of(pilot).world
        assert isinstance(view, HomeView)
        assert world is not None
        world.cpu.clear()
        view.world_changed(frozenset({"services"}))
        assert shown_after(view, world, cpu=0.5) == ["● ready", "50%"], "a figure that was not known before"
        assert shown_after(view, world, cpu=0.37) == ["● ready", "50%"]
        assert shown_after(view, world, cpu=0.37, state="stopped") == ["■ stopped", "37%"]
        view._figures_at = -math.inf
        assert shown_after(view, world, cpu=0.73, state="stopped") == ["■ stopped", "73%"]


def shown_after(view: HomeView, world: World, *, cpu: float, state: str = "ready") -> list[str]:
    """State and CPU of a service as the table has them once the world changed."""
    world.cpu["code"] = cpu
    world.services["code"]["state"] = state
    view.world_changed(frozenset({"services"}))
    row = view._services.get_row("code")
    return [row[SERVICE_COLUMNS.index(column)].plain for column in ("State", "CPU")]


@pytest.mark.requirement("U1")
async def test_one_key_goes_to_what_needs_the_person(lab: PanelLab) -> None:
    lab.answer(ListChanges, lambda asked: ChangeList(changes=[proposed()] if asked.project == SHOP.id else []))
    waiting = GitOperation(
        id="op1", command="merge", title="merge topic", state="waiting", started_at="", waiting_for="2 conflicts",
        choices=["continue", "abort"],
    )  # fmt: skip
    lab.answer(
        ShowGitStatus, lambda asked: GitStatus(root="/x", operation=waiting if asked.project == ATLAS.id else None)
    )
    async with panel_of(lab) as pilot:
        app = app_of(pilot)
        await until(pilot, lambda: len(app.needs()) == 2)
        await lab.tell(ApprovalChanged(approval=APPROVAL), service="gateway")
        await until(pilot, lambda: len(app.needs()) == 3)
        assert "claude-code waits to run apply_change" in screen_text(pilot)
        focused = app.focused
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: app.current_mode == "changes")
        assert focused is not None


async def test_what_happened_is_told_as_stories_and_leads_to_the_log(lab: PanelLab) -> None:
    async with panel_of(lab) as pilot:
        app = app_of(pilot)
        assert app.world is not None
        await lab.tell(
            ChangeUpdated(change="5c1f22aa", project=SHOP.id, title="Rename it", what="applied", state="applied"),
            service="factory",
        )
        await until(pilot, lambda: "change 5c1f22aa applied: Rename it" in screen_text(pilot))
        app.screen.query_one(StoryList).focus()
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, LogView))


@pytest.mark.requirement("U1", "P4")
async def test_services_can_be_restarted_stopped_and_started(lab: PanelLab, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def control(_paths: object, request: object, *, timeout_s: float) -> dict[str, object]:
        asked.append(request)
        assert timeout_s > 0
        return {"ok": True}

    monkeypatch.setattr("aura_shared.control.call", control)
    async with panel_of(lab, size=(160, 40)) as pilot:
        app = app_of(pilot)
        table = app.screen.query_one("#services", DataTable)
        table.focus()
        await pilot.press("down", "r")
        await until(pilot, lambda: "code: restart done" in screen_text(pilot))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("n")
        await until(pilot, lambda: not isinstance(app.screen, Confirm))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: len(asked) == 2)
        lab.status = running_status(code="stopped")
        assert app.world is not None
        app.world.look_again()
        await until(pilot, lambda: "■ stopped" in screen_text(pilot))
        await pilot.press("x")
        await until(pilot, lambda: len(asked) == 3)
    assert asked == [{"do": do, "service": "code"} for do in ("restart", "stop", "start")]


@pytest.mark.requirement("U1")
async def test_projects_can_be_registered_analysed_and_removed(lab: PanelLab) -> None:
    lab.answer(AddProject, ProjectAnswer(project=SHOP))
    lab.answer(AnalyzeProject, AnalysisAnswer(files=812, seconds=1.5, levels={"warning": 3}))
    lab.answer(RemoveProject, Done())
    async with panel_of(lab) as pilot:
        app = app_of(pilot)
        await pilot.press("plus")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        app.screen.query_one(Input).value = "/src/new"
        await pilot.press("enter")
        await until(pilot, lambda: "/src/new is registered" in screen_text(pilot))
        assert [asked.path for asked in lab.asked_for(AddProject)] == ["/src/new"]
        await pilot.press("a")
        await until(pilot, lambda: "shop: 3 warning in 812 files" in screen_text(pilot))
        await pilot.press("minus")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: bool(lab.asked_for(RemoveProject)))
        await lab.tell(ProjectRemoved(project=SHOP.id))
        await until(pilot, lambda: app.project == ATLAS.id)
        lab.answer(AddProject, NotFound("there is no folder /src/new", hint="Check the spelling."))
        await pilot.press("plus")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press("enter")
        await until(pilot, lambda: "Check the spelling." in screen_text(pilot))


@pytest.mark.requirement("U1", "P4")
async def test_background_work_is_paused_and_resumed_by_the_palette(lab: PanelLab) -> None:
    pause = WorkPaused(paused=True, by="panel")
    lab.answer(PauseWork, WorkAnswer(work=pause))
    lab.answer(ResumeWork, WorkAnswer(work=WorkPaused(paused=False)))
    async with panel_of(lab, size=(120, 40)) as pilot:
        await pilot.press("ctrl+p", *"pause background work for", "enter", "enter")
        await until(pilot, lambda: "Background work waits." in screen_text(pilot))
        assert [asked.for_s for asked in lab.asked_for(PauseWork)] == [3600.0]
        await lab.tell(pause, service="gateway")
        await until(pilot, lambda: "background work paused" in screen_text(pilot).splitlines()[0])
        await pilot.press("ctrl+p", *"resume", "enter", "enter")
        await until(pilot, lambda: bool(lab.asked_for(ResumeWork)))


@pytest.mark.requirement("U1")
async def test_refreshing_moves_neither_focus_nor_cursor(lab: PanelLab) -> None:
    async with panel_of(lab, size=(160, 40)) as pilot:
        app = app_of(pilot)
        table = app.screen.query_one("#projects", DataTable)
        await until(pilot, lambda: table.row_count == 2)
        await pilot.press("down")
        row = table.cursor_row
        lab.gateway.waiting.append(APPROVAL)
        await lab.tell(ApprovalChanged(approval=APPROVAL), service="gateway")
        await until(pilot, lambda: "Needs you" in screen_text(pilot))
        assert (app.focused, table.cursor_row) == (table, row)


@pytest.mark.requirement("U1")
async def test_what_an_agent_waits_for_is_not_lost_to_an_older_answer(lab: PanelLab) -> None:
    gateway = lab.gateway = HeldGateway()
    async with panel_of(lab, known=False) as pilot:
        world = app_of(pilot).world
        assert world is not None
        await until(pilot, lambda: gateway.asked == 1)
        gateway.waiting.append(APPROVAL)
        await lab.tell(ApprovalChanged(approval=APPROVAL), service="gateway")
        await told(pilot, "Needs you")
        gateway.go.set()
        await until(pilot, lambda: gateway.asked == 2)
        assert world.approvals == [APPROVAL]
        assert "Needs you" in screen_text(pilot)


class HeldGateway(LabGateway):
    """A gateway whose first answer is on its way for long."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.go = threading.Event()

    def get(self, path: str) -> JsonObject:
        """What waits when it is asked."""
        found = super().get(path)
        self.asked += 1
        assert self.go.wait(BOUND_S)
        return found


@pytest.mark.requirement("U1")
async def test_columns_of_projects_are_left_out_where_not_all_fit(lab: PanelLab) -> None:
    branch = "feature/sessions-of-the-shop"
    lab.answer(ShowGitStatus, GitStatus(root=SHOP.root, head="1" * 40, branch=branch, unstaged=2, ahead=1, untracked=7))
    async with panel_of(lab, size=(200, 50)) as pilot:
        app = app_of(pilot)
        table = app.screen.query_one("#projects", DataTable)
        await until(pilot, lambda: "✗2" in screen_text(pilot) and "42%" in screen_text(pilot))
        await until(pilot, lambda: screen_text(pilot).count("feature/sessions-of-the… ↑1 ~2 ?7") == 2)
        await pilot.press("down")
        await until(pilot, lambda: table.cursor_row == 1)

        shown: dict[int, list[str]] = {}
        for width in (200, 140, 100, 80, 200):
            await pilot.resize_terminal(width, 40)
            await until(pilot, lambda width=width: app.screen.region.width == width and not table.max_scroll_x)
            assert screen_text(pilot).count(" ?7") == 2
            shown[width] = [str(column.label) for column in table.ordered_columns]
            assert table.cursor_row == 1
        assert shown[200] == list(PROJECT_COLUMNS)
        assert shown[100] == [name for name in PROJECT_COLUMNS if name not in {"Trend", "Tests"}]
        assert set(shown[80]) >= {"Project", "Index", "Findings", "Git"}
        assert shown[140] == shown[80], "services are shown beside them"


async def test_without_projects_it_says_how_to_begin(lab: PanelLab) -> None:
    async with panel_of(lab, known=False) as pilot:
        await until(pilot, lambda: "aura init" in screen_text(pilot))


@pytest.mark.requirement("U1")
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_home_looks_as_it_should(lab: PanelLab, width: int, height: int, theme: str) -> None:
    lab.answer(ListChanges, lambda asked: ChangeList(changes=[proposed()] if asked.project == SHOP.id else []))
    lab.gateway.waiting.append(APPROVAL)
    async with panel_of(lab, size=(width, height), theme=theme) as pilot:
        app = app_of(pilot)
        world = app.world
        assert world is not None
        await until(pilot, lambda: all(world.facts_of(known.id).tests is not None for known in (SHOP, ATLAS)))
        await until(pilot, lambda: len(app.needs()) == 2 and bool(world.metrics))
        world.activity.clear()
        world.activity.extend(stories())
        world._tell({"activity"})
        await until(pilot, lambda: "2 new findings" in screen_text(pilot))
        await assert_looks(pilot, f"home-{theme}-{width}x{height}")
