"""The findings view: the list, filters, pages, explanations, fixes, silence, analysis; nothing is written unseen."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from aura_panel.findings_pages import PAGE
from aura_panel.views.findings import FindingsView
from aura_panel.widgets.dialogs import Choose, Confirm, Prompt
from aura_panel.widgets.diff import DiffView
from aura_panel.widgets.listing import Listing
from aura_panel.widgets.offer import Offer
from aura_panel.widgets.sections import SectionBar
from aura_shared.bus import Context
from aura_shared.errors import NotReady, ServiceDown
from aura_shared.messages.assist import RefactorAnswer, RefactorCode
from aura_shared.messages.changes import ApplyChange, ChangeAnswer, ProposeChange
from aura_shared.messages.code import ProjectStateChanged
from aura_shared.messages.core import Progress
from aura_shared.messages.findings import (
    AnalysisAnswer,
    AnalyzeProject,
    ExplainFinding,
    FindingsAnswer,
    FindingsUpdated,
    FixFindings,
    ListFindings,
    WriteBaseline,
)
from panel_lab import ATLAS, SHOP, SIZES, PanelLab, app_of, assert_looks, panel_of, running_status, screen_text, until
from panel_lab_findings import ANALYSIS, FINDINGS, FIX_DIFF, LONG, NONE, NOW, SQL, change_of, finding, with_findings


def view_of(pilot: Pilot[None]) -> FindingsView:
    screen = app_of(pilot).screen
    assert isinstance(screen, FindingsView)
    return screen


def rows_of(pilot: Pilot[None]) -> Listing:
    view = app_of(pilot).get_screen_stack("findings")[0]
    return view.query_one(Listing)


async def filled(pilot: Pilot[None]) -> Listing:
    await until(pilot, lambda: rows_of(pilot).row_count > 0 and "About sql-injection" in screen_text(pilot))
    return rows_of(pilot)


async def at_fixable(pilot: Pilot[None]) -> Listing:
    rows = await filled(pilot)
    await pilot.press("down", "down")
    await until(pilot, lambda: "About none-comparison" in screen_text(pilot))
    return rows


async def dialog(pilot: Pilot[None], kind: type, *keys: str) -> None:
    """Press keys, and wait for what they put in front."""
    await pilot.press(*keys)
    await until(pilot, lambda: isinstance(app_of(pilot).screen, kind))


@pytest.mark.requirement("U1")
async def test_findings_are_listed_worst_first_and_explained_and_nothing_is_markup(lab: PanelLab) -> None:
    with_findings(lab)
    async with panel_of(lab, view="findings", size=(130, 60)) as pilot:
        await at_fixable(pilot)
        shown = screen_text(pilot)
        assert "1 error, 3 warnings, 1 hint, 1 silenced" in shown
        assert "index 48, current" in shown
        assert "↓13 in 14 days" in shown
        assert shown.index("✗ error") < shown.index("! warning") < shown.index("· hint")
        assert "shop/[red]/prices.py:12" in shown
        assert "[bold]than it seems[/bold]" in " ".join(shown.split())
        assert "▌12     if part == None:" in shown
        assert "7 others of this rule" in shown


@pytest.mark.requirement("U1")
async def test_levels_are_chosen_with_arrows_and_clicks_and_counts_stay(lab: PanelLab) -> None:
    with_findings(lab)
    async with panel_of(lab, view="findings") as pilot:
        rows = await filled(pilot)
        await pilot.press("right")
        await until(pilot, lambda: rows.row_count == 1)
        assert "Warnings 3" in screen_text(pilot)
        await pilot.press("left", "left")
        await until(pilot, lambda: rows.key == f"{SHOP.id}:{LONG.fingerprint}" and rows.row_count == 1)
        await pilot.click(SectionBar, offset=(3, 0))
        await until(pilot, lambda: rows.row_count == len(FINDINGS))


async def test_a_filter_narrows_by_words_rule_and_path_and_escape_takes_it_away(lab: PanelLab) -> None:
    with_findings(lab)
    async with panel_of(lab, view="findings") as pilot:
        rows = await filled(pilot)
        await pilot.press("slash", *"None prices")
        await until(pilot, lambda: rows.row_count == 1)
        assert view_of(pilot).query_one("#filter", Input).has_focus
        await pilot.press("enter")
        assert rows.has_focus
        await pilot.press("escape")
        await until(pilot, lambda: rows.row_count == len(FINDINGS))
        view = view_of(pilot)
        view.goto("rule:long-function")
        await until(pilot, lambda: rows.row_count == 1 and lab.asked_for(ListFindings)[-1].rules == ["long-function"])
        await pilot.press("t")
        await until(pilot, lambda: rows.row_count == len(FINDINGS))
        await pilot.press("t")
        await until(pilot, lambda: "rule:" in screen_text(pilot) and rows.row_count < len(FINDINGS))
        view.query_one("#filter", Input).value = "category:bad"
        await until(pilot, lambda: "category:bad is none of correctness" in screen_text(pilot))


async def test_words_that_nothing_has_are_told(lab: PanelLab) -> None:
    with_findings(lab)
    async with panel_of(lab, view="findings") as pilot:
        await filled(pilot)
        await pilot.press("slash", *"zebra", "enter")
        await until(pilot, lambda: "Nothing has the words “zebra”" in screen_text(pilot))
        assert rows_of(pilot).has_focus


async def test_another_order_and_silenced_ones(lab: PanelLab) -> None:
    with_findings(lab)
    async with panel_of(lab, view="findings") as pilot:
        rows = await filled(pilot)
        await pilot.press("g")
        await until(pilot, lambda: "Findings, by file" in screen_text(pilot))
        assert [key.partition(":")[2] for key in rows.keys][-1] == SQL.fingerprint
        assert rows.key == f"{SHOP.id}:{SQL.fingerprint}", "the cursor stays on its finding"
        await pilot.press("g", "g", "g", "s")
        await until(pilot, lambda: "(inline) Every error" in screen_text(pilot))
        assert "silenced ones too" in screen_text(pilot)


@pytest.mark.requirement("U1")
async def test_pages_of_200(lab: PanelLab) -> None:
    with_findings(lab)
    many = [finding("long-line", "a.py", number, f"finding {number}") for number in range(1, 451)]

    def answer(asked: ListFindings) -> FindingsAnswer:
        page = many[asked.offset : asked.offset + asked.limit]
        return FindingsAnswer(findings=page, total=len(many), levels={"warning": len(many)}, freshness=NOW)

    lab.answer(ListFindings, answer)
    async with panel_of(lab, view="findings", size=(130, 30)) as pilot:
        await until(pilot, lambda: rows_of(pilot).row_count == PAGE)
        assert "1-200 of 450" in screen_text(pilot)
        await pilot.press("end", "n")
        await until(pilot, lambda: "201-400 of 450" in screen_text(pilot))
        assert rows_of(pilot).cursor_row == 0
        await pilot.press("n")
        await until(pilot, lambda: "401-450 of 450" in screen_text(pilot))
        await pilot.press("n")
        del many[300:]
        await lab.tell(FindingsUpdated(project=SHOP.id, gone=150))
        await until(pilot, lambda: "201-300 of 300" in screen_text(pilot))
        await pilot.press("N")
        await until(pilot, lambda: "1-200 of 300" in screen_text(pilot))


@pytest.mark.requirement("U1")
async def test_new_findings_arrive_and_the_place_stays(lab: PanelLab) -> None:
    with_findings(lab)
    async with panel_of(lab, view="findings") as pilot:
        rows = await at_fixable(pilot)
        newer = finding("a-new-rule", "a.py", 1, "A new finding.", level="error")

        def answer(asked: ListFindings) -> FindingsAnswer:
            del asked
            return FindingsAnswer(findings=[newer, *FINDINGS], total=6, levels={"error": 2}, freshness=NOW)

        lab.answer(ListFindings, answer)
        await lab.tell(FindingsUpdated(project=SHOP.id, new=1))
        await until(pilot, lambda: "A new finding." in screen_text(pilot))
        assert rows.key == f"{SHOP.id}:{NONE.fingerprint}"
        assert rows.has_focus
        lab.answer(ListFindings, FindingsAnswer(findings=[SQL, LONG], total=2, levels={"error": 1}, freshness=NOW))
        await lab.tell(FindingsUpdated(project=SHOP.id, gone=4))
        await until(pilot, lambda: rows.row_count == 2)
        assert rows.key == f"{SHOP.id}:{LONG.fingerprint}", "a finding that is gone leaves the cursor where it was"


@pytest.mark.requirement("U1")
async def test_a_fix_is_shown_then_applied_and_can_be_taken_back(lab: PanelLab) -> None:
    with_findings(lab)
    async with panel_of(lab, view="findings") as pilot:
        await at_fixable(pilot)
        await dialog(pilot, Offer, "f")
        assert "if part is None:" in screen_text(pilot)
        assert not lab.asked_for(RefactorCode), "nothing is made before the answer"
        await pilot.press("y")
        await until(pilot, lambda: "1 file written. u in Changes takes it back." in screen_text(pilot))
        made = lab.asked_for(RefactorCode)[-1]
        assert (made.kind, made.findings, made.model) == ("fix-findings", [NONE.id], "never")
        assert lab.asked_for(ApplyChange)[-1].accept_open


async def test_a_fix_is_left_or_only_proposed(lab: PanelLab) -> None:
    with_findings(lab)
    async with panel_of(lab, view="findings") as pilot:
        await at_fixable(pilot)
        await dialog(pilot, Offer, "f")
        await dialog(pilot, FindingsView, "escape")
        assert not lab.asked_for(RefactorCode)
        await dialog(pilot, Offer, "F")
        assert lab.asked_for(FixFindings)[-1].rules == ["none-comparison"]
        assert "shop/cart.py is left as it is: it changed since" in screen_text(pilot)
        await pilot.click("#nothing")
        await dialog(pilot, FindingsView)
        await dialog(pilot, Offer, "f")
        await pilot.click("#propose")
        await until(pilot, lambda: app_of(pilot).current_mode == "changes")
        assert not lab.asked_for(ApplyChange)


@pytest.mark.requirement("U1")
async def test_a_change_that_is_not_what_was_seen_is_not_applied(lab: PanelLab) -> None:
    with_findings(lab)
    other = change_of(FIX_DIFF.replace("part is None", "part is not None"))
    lab.answer(RefactorCode, RefactorAnswer(change=other))
    async with panel_of(lab, view="findings") as pilot:
        await at_fixable(pilot)
        await dialog(pilot, Offer, "f")
        await pilot.press("y")
        await until(pilot, lambda: app_of(pilot).current_mode == "changes")
        assert not lab.asked_for(ApplyChange)


async def test_files_that_changed_meanwhile_lead_to_the_change(lab: PanelLab) -> None:
    with_findings(lab)
    lab.answer(ApplyChange, ChangeAnswer(change=change_of(FIX_DIFF), merge="--- a/x\n"))
    async with panel_of(lab, view="findings") as pilot:
        await at_fixable(pilot)
        await dialog(pilot, Offer, "f")
        await pilot.press("y")
        await until(pilot, lambda: app_of(pilot).current_mode == "changes")


async def test_why_there_is_no_fix(lab: PanelLab) -> None:
    with_findings(lab)
    async with panel_of(lab, view="findings") as pilot:
        rows = await at_fixable(pilot)
        await pilot.press("down")
        await until(pilot, lambda: "shop/cart.py:7" in screen_text(pilot))
        await pilot.press("f")
        await until(pilot, lambda: "No fix of these findings is certain [x]." in screen_text(pilot))
        lab.answer(FixFindings, ServiceDown("code does not answer"))
        await pilot.press("f")
        await until(pilot, lambda: "code does not answer" in screen_text(pilot))
        lab.answer(RefactorCode, RefactorAnswer(text="Mended already."))
        with_fix(lab)
        await dialog(pilot, Offer, "up", "f")
        await pilot.press("y")
        await until(pilot, lambda: "Mended already." in screen_text(pilot))
        assert rows.row_count


def with_fix(lab: PanelLab) -> None:
    from panel_lab_findings import fixed

    lab.answer(FixFindings, fixed)


@pytest.mark.requirement("U1")
async def test_one_finding_is_ignored_by_a_comment_with_a_reason_that_is_shown_first(
    lab: PanelLab, tmp_path: Path
) -> None:
    with_findings(lab)
    file = tmp_path / "shop" / "[red]" / "prices.py"
    file.parent.mkdir(parents=True)
    file.write_text("\n" * 11 + "    if part == None:\n", encoding="utf-8")
    expected = FIX_DIFF.splitlines()[0] + "\n+++ \n@@ -9,4 +9,5 @@\n \n \n \n"
    expected += "+    # aura: ignore[none-comparison] it is a stub\n     if part == None:\n"
    change = change_of(expected)
    lab.answer(ProposeChange, ChangeAnswer(change=change))
    async with panel_of(lab, view="findings") as pilot:
        await lab.tell(ProjectStateChanged(project=SHOP.model_copy(update={"root": str(tmp_path)})))
        rows = await at_fixable(pilot)
        await dialog(pilot, Choose, "i")
        await dialog(pilot, Prompt, "enter")
        await pilot.press(*"it is a stub", "enter")
        await dialog(pilot, Offer)
        assert "# aura: ignore[none-comparison] it is a stub" in screen_text(pilot)
        assert app_of(pilot).screen.query_one(DiffView).has_focus
        await pilot.press("y")
        await until(pilot, lambda: bool(lab.asked_for(ApplyChange)))
        made = lab.asked_for(ProposeChange)[-1]
        assert made.files[0].edits[0].text == "    # aura: ignore[none-comparison] it is a stub\n"
        assert file.read_text(encoding="utf-8").count("aura") == 0, "the panel itself writes nothing"
        await dialog(pilot, Choose, "i")
        await dialog(pilot, Prompt, "enter")
        await pilot.press("escape")
        await until(pilot, lambda: rows.has_focus)


@pytest.mark.requirement("U1")
async def test_what_another_tool_found_is_ignored_by_the_baseline_of_its_file(lab: PanelLab) -> None:
    with_findings(lab)
    async with panel_of(lab, view="findings") as pilot:
        await filled(pilot)
        await pilot.press("down")
        await until(pilot, lambda: "About ruff:F401" in screen_text(pilot))
        await dialog(pilot, Choose, "i")
        assert "A comment on its line" not in screen_text(pilot)
        await dialog(pilot, Confirm, "enter")
        assert "1 warning. Only what is new counts" in " ".join(screen_text(pilot).replace("│", " ").split())
        await pilot.press("y")
        await until(pilot, lambda: "silences 5 findings: 5 added" in screen_text(pilot))
        written = lab.asked_for(WriteBaseline)[-1]
        assert written.paths == ["/services/checkout/very/deep/folders/with/long/names/session_handling.py"]


@pytest.mark.requirement("U1")
async def test_a_baseline_says_what_it_silences_before_it_is_written(lab: PanelLab) -> None:
    with_findings(lab)
    async with panel_of(lab, view="findings") as pilot:
        await filled(pilot)
        await dialog(pilot, Choose, "b")
        await dialog(pilot, FindingsView, "escape")
        await dialog(pilot, Choose, "b")
        await dialog(pilot, Confirm, "enter")
        assert "1 error, 3 warnings, 1 hint" in screen_text(pilot)
        await dialog(pilot, FindingsView, "n")
        assert not lab.asked_for(WriteBaseline)
        await dialog(pilot, Choose, "b")
        await dialog(pilot, Confirm, "down", "enter")
        assert "what is mended" in screen_text(pilot)
        lab.answer(WriteBaseline, NotReady("the analysis goes on"))
        await pilot.press("y")
        await until(pilot, lambda: "the analysis goes on" in screen_text(pilot))
        assert lab.asked_for(WriteBaseline)[-1].action == "prune"


@pytest.mark.requirement("U1")
async def test_an_analysis_tells_its_progress_and_which_tools_did_not_run(lab: PanelLab) -> None:
    with_findings(lab)
    go_on = asyncio.Event()

    async def analyse(request: AnalyzeProject, context: Context) -> AnalysisAnswer:
        lab.asked.append(request)
        await context.progress(Progress(done=120, total=812, note="ruff"))
        await go_on.wait()
        return ANALYSIS

    lab.bus("code").serve(AnalyzeProject, analyse)
    async with panel_of(lab, view="findings") as pilot:
        await filled(pilot)
        await pilot.press("a")
        await until(pilot, lambda: "Analysing shop: 120 of 812 files (ruff)" in screen_text(pilot))
        await pilot.press("a")
        await until(pilot, lambda: "An analysis runs; Esc ends it." in screen_text(pilot))
        asked = len(lab.asked_for(ListFindings))
        go_on.set()
        await until(pilot, lambda: "mypy did not run: it is not installed" in screen_text(pilot))
        await until(pilot, lambda: len(lab.asked_for(ListFindings)) > asked)


async def test_escape_ends_an_analysis(lab: PanelLab) -> None:
    with_findings(lab)
    ended = asyncio.Event()

    async def analyse(_request: AnalyzeProject, context: Context) -> AnalysisAnswer:
        await context.progress(Progress(done=1))
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    lab.bus("code").serve(AnalyzeProject, analyse)
    async with panel_of(lab, view="findings") as pilot:
        await filled(pilot)
        await pilot.press("a")
        await until(pilot, lambda: "1 files" in screen_text(pilot))
        await pilot.press("escape")
        await until(pilot, ended.is_set)
        await until(pilot, lambda: "Analysing" not in screen_text(pilot))


async def test_an_analysis_that_fails_is_told(lab: PanelLab) -> None:
    with_findings(lab)
    lab.answer(AnalyzeProject, ServiceDown("code does not answer [x]"))
    async with panel_of(lab, view="findings") as pilot:
        await filled(pilot)
        await pilot.press("a")
        await until(pilot, lambda: "code does not answer [x]" in screen_text(pilot))


async def test_all_projects_at_once(lab: PanelLab) -> None:
    with_findings(lab)
    async with panel_of(lab, view="findings", size=(130, 30)) as pilot:
        rows = await filled(pilot)
        await lab.tell(ProjectStateChanged(project=ATLAS.model_copy(update={"phase": "ready"})))
        await pilot.press("l")
        await until(pilot, lambda: rows.row_count == 2 * len(FINDINGS))
        assert "All projects, by level" in screen_text(pilot)
        assert "atlas" in screen_text(pilot)
        await pilot.press("l")
        await until(pilot, lambda: rows.row_count == len(FINDINGS))


async def test_reading_takes_the_screen_where_there_is_little_room(lab: PanelLab) -> None:
    with_findings(lab)
    async with panel_of(lab, view="findings", size=(80, 24)) as pilot:
        rows = await at_fixable(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: rows.region.height == 0)
        assert "How it is mended" in screen_text(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: rows.has_focus)


async def test_the_place_is_opened_and_copied(lab: PanelLab, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str, int]] = []

    async def opening(_app: object, path: object, line: int) -> bool:
        opened.append((str(path), line))
        return True

    monkeypatch.setattr("aura_panel.views.findings.open_in_editor", opening)
    with_findings(lab)
    async with panel_of(lab, view="findings") as pilot:
        await filled(pilot)
        await pilot.press("e")
        await until(pilot, lambda: opened == [("/src/shop/shop/orders.py", 41)])
        await pilot.press("c")
        assert app_of(pilot).clipboard == "shop/orders.py:41"


async def test_a_finding_is_gone_to(lab: PanelLab) -> None:
    with_findings(lab)
    async with panel_of(lab) as pilot:
        app_of(pilot).open_view("findings", f"{SHOP.id}:{LONG.fingerprint}")
        await until(
            pilot, lambda: app_of(pilot).current_mode == "findings" and "About long-function" in screen_text(pilot)
        )


@pytest.mark.requirement("U1")
async def test_it_keeps_what_it_showed_while_the_daemon_is_away(lab: PanelLab) -> None:
    with_findings(lab)
    async with panel_of(lab, view="findings") as pilot:
        rows = await filled(pilot)
        lab.status = None
        await until(pilot, lambda: "not running" in screen_text(pilot))
        await pilot.press("r")
        await until(pilot, lambda: "✗ Aura is not running" in screen_text(pilot))
        assert rows.row_count == len(FINDINGS)
        await pilot.press("down")
        await until(pilot, lambda: "ruff:F401" in screen_text(pilot))
        lab.status = running_status()
        asked = len(lab.asked_for(ListFindings))
        await until(pilot, lambda: len(lab.asked_for(ListFindings)) > asked)
        await until(pilot, lambda: "1 error, 3 warnings" in screen_text(pilot))


async def test_an_index_that_is_being_built_is_told_and_asked_once_it_is_ready(lab: PanelLab) -> None:
    with_findings(lab)
    async with panel_of(lab, view="findings") as pilot:
        await filled(pilot)
        app_of(pilot).choose_project(ATLAS.id)
        await until(pilot, lambda: "1,200 of 4,800 files are read" in screen_text(pilot))
        await lab.tell(ProjectStateChanged(project=ATLAS.model_copy(update={"phase": "ready"})))
        await until(pilot, lambda: lab.asked_for(ListFindings)[-1].project == ATLAS.id)
        await filled(pilot)


async def test_no_findings_and_no_project_say_what_to_do(lab: PanelLab) -> None:
    with_findings(lab)
    lab.answer(ListFindings, FindingsAnswer(silenced=3, freshness=NOW, reason="Nothing was analysed yet [x]."))
    async with panel_of(lab, view="findings", known=False) as pilot:
        await until(pilot, lambda: "No project is registered" in screen_text(pilot))
        await lab.tell(ProjectStateChanged(project=SHOP))
        await until(pilot, lambda: "Nothing was analysed yet [x]. 3 are silenced; s shows them." in screen_text(pilot))
        assert "a analyses now" in screen_text(pilot)


async def test_an_explanation_that_is_late_or_fails_is_told(lab: PanelLab) -> None:
    with_findings(lab)
    lab.answer(ExplainFinding, ServiceDown("code does not answer"))
    async with panel_of(lab, view="findings") as pilot:
        await until(pilot, lambda: "✗ code does not answer" in screen_text(pilot))
        assert "sql-injection" in screen_text(pilot)


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_looks(lab: PanelLab, theme: str, width: int, height: int) -> None:
    with_findings(lab)
    async with panel_of(lab, view="findings", theme=theme, size=(width, height)) as pilot:
        await at_fixable(pilot)
        await until(pilot, lambda: "in 14 days" in screen_text(pilot))
        await assert_looks(pilot, f"findings-{theme}-{width}x{height}")
