"""A person looks for a model that is not there, and reads a prompt; the daemon is real."""

from __future__ import annotations

import pytest

from aura_panel.app import PanelApp
from aura_panel.main import open_link
from panel_lab import screen_text, until
from panel_running import Running


@pytest.mark.requirement("U1")
async def test_why_there_is_no_model_and_what_aura_would_say_to_one(running: Running) -> None:
    app = PanelApp(open_link, view="models", project=str(running.repository))
    async with app.run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: "No model can be asked." in screen_text(pilot))
        assert "set models.discover to true" in " ".join(screen_text(pilot).replace("│", " ").split())
        await pilot.press("w")
        await until(pilot, lambda: "explain-finding" in screen_text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "[system]" in screen_text(pilot))
        await pilot.press("escape", "s")
        await until(pilot, lambda: "models.discover" in screen_text(pilot))
