"""How the panel looks where the pictures of the views do not show it: high contrast, no colours, much room, dialogs."""

from __future__ import annotations

import pytest

from aura_panel.widgets.dialogs import Choice, Choose, Confirm
from aura_panel.widgets.listing import Listing
from panel_lab import PanelLab, app_of, assert_looks, panel_of, screen_text, until
from panel_lab_git import MERGING, with_git
from panel_lab_plan import with_plan


@pytest.mark.requirement("U1")
@pytest.mark.parametrize("theme", ["contrast-dark", "no-color"])
async def test_the_plan_in_high_contrast_and_without_colours(
    lab: PanelLab, theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if theme == "no-color":
        monkeypatch.setenv("NO_COLOR", "1")
    with_plan(lab)
    async with panel_of(lab, view="plan", theme=theme) as pilot:
        rows = app_of(pilot).screen.query_one(Listing)
        await until(pilot, lambda: "s2pay" in rows.keys)
        rows.move_to("s2pay")
        # The story itself, its progress, and what is asked for beside it: forecast, and drift with the findings.
        parts = ("Approved by Mia", "in progress 70%", "Likely done", "P50", "Check 3", "1 drifted")
        await until(pilot, lambda: all(part in screen_text(pilot) for part in parts))
        await assert_looks(pilot, f"plan-{theme}-100x30")


@pytest.mark.requirement("U1")
async def test_git_with_much_room(lab: PanelLab) -> None:
    with_git(lab, MERGING)
    async with panel_of(lab, view="git", size=(300, 100)) as pilot:
        rows = app_of(pilot).screen.query_one(Listing)
        await until(pilot, lambda: "watch" in rows.keys and len(app_of(pilot).needs()) == 2)
        rows.move_to("changes")
        await until(pilot, lambda: "in the next commit as they are" in screen_text(pilot))
        await assert_looks(pilot, "git-dark-300x100")


@pytest.mark.requirement("U1")
@pytest.mark.parametrize(("name", "theme"), [("choose", "dark"), ("confirm", "light")])
async def test_a_dialog_over_a_view(lab: PanelLab, name: str, theme: str) -> None:
    refused = "2 boxes are open and the last test run was red, so that the gate of stories holds it back"
    async with panel_of(lab, size=(80, 24), theme=theme) as pilot:
        app = app_of(pilot)
        dialog = (
            Choose("Status of US-2: draft", [Choice("a", "in-progress"), Choice("b", "complete  ✗", refused)])
            if name == "choose"
            else Confirm("Stop a service", "Stop models? What needs it fails until it is started again.", "Stop")
        )
        app.push_screen(dialog)
        await until(pilot, lambda: dialog.is_mounted and "✗2" in screen_text(pilot))
        await assert_looks(pilot, f"dialog-{name}-{theme}-80x24")
