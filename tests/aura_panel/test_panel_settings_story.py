"""A person changes a setting, looks at the difference, saves, and takes it back; the daemon is real."""

from __future__ import annotations

import pytest

from aura_panel.app import PanelApp
from aura_panel.main import open_link
from aura_panel.views.settings import SettingsView
from aura_panel.widgets.review import Review
from panel_lab import screen_text, until
from panel_running import Running


@pytest.mark.requirement("U1", "P7")
async def test_a_setting_is_changed_saved_and_taken_back(running: Running) -> None:
    file = running.paths.user_settings
    before = file.read_text(encoding="utf-8")
    app = PanelApp(open_link, view="settings", project=str(running.repository))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:

        def told(text: str) -> bool:
            return any(text in note.message for note in app._notifications)

        await until(pilot, lambda: app.world is not None and app.world.presence == "up" and bool(app.project))
        await pilot.press("slash", *"at_once", "enter")
        await until(pilot, lambda: "models.at_once" in screen_text(pilot))
        await pilot.press("enter", "4", "enter", "s")
        await until(pilot, lambda: "Save where?" in screen_text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Review))
        assert "+at_once = 4" in screen_text(pilot)
        await pilot.press("y")
        await until(pilot, lambda: told("Saved; "))
        assert file.read_text(encoding="utf-8") == before + "at_once = 4\n"
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, Review))
        await pilot.press("y")
        await until(pilot, lambda: told("Taken back; "))
        assert file.read_text(encoding="utf-8") == before
        await until(pilot, lambda: isinstance(app.screen, SettingsView))
