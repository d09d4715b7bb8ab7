"""The panel as a whole: views and their keys, the chosen project, a daemon that comes and goes."""

from __future__ import annotations

import pytest

from panel_lab import PanelLab, app_of, panel_of, screen_text, until


@pytest.mark.requirement("U1")
async def test_it_starts_without_a_daemon_and_offers_to_start_it(lab: PanelLab) -> None:
    lab.status = None
    async with panel_of(lab, known=False) as pilot:
        assert "Aura is not running" in screen_text(pilot)
        await pilot.press("q")
    assert app_of(pilot).return_code == 0


async def test_the_first_project_is_chosen(lab: PanelLab) -> None:
    async with panel_of(lab) as pilot:
        await until(pilot, lambda: app_of(pilot).project == "shop-1a2b3c")
