"""A person looks for a function, reads it, and sees who uses it; the daemon is real."""

from __future__ import annotations

import pytest

from aura_panel.app import PanelApp
from aura_panel.main import open_link
from panel_lab import screen_text, until
from panel_running import Running


@pytest.mark.requirement("U1", "P4")
async def test_a_function_is_found_read_and_followed_to_its_uses_while_files_change(running: Running) -> None:
    app = PanelApp(open_link, view="search", project=str(running.repository))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.project != "" and app.world is not None and bool(app.world.projects))
        await pilot.press(*"add_line")
        await until(pilot, lambda: "Definitions  1" in screen_text(pilot) and "Cart.add_line" in screen_text(pilot))
        await until(pilot, lambda: "self.lines.append(price)" in screen_text(pilot))
        await pilot.press("down", "r")
        await until(pilot, lambda: "Uses of Cart.add_line" in screen_text(pilot))
        assert "tests/test_cart.py:7" in screen_text(pilot)
        await pilot.press("escape")
        (running.repository / "shop" / "more.py").write_text("def add_line_twice() -> None:\n    pass\n")
        await until(pilot, lambda: "add_line_twice" in screen_text(pilot))
