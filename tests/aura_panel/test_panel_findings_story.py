"""A person mends a finding and ignores another; the daemon, the rules and the files are real."""

from __future__ import annotations

import pytest

from aura_panel.app import PanelApp
from aura_panel.main import open_link
from aura_panel.widgets.dialogs import Choose, Prompt
from aura_panel.widgets.offer import Offer
from panel_lab import screen_text, until
from panel_running import Running


@pytest.mark.requirement("U1")
async def test_one_finding_is_fixed_and_one_is_ignored_with_a_reason(running: Running) -> None:
    file = running.repository / "shop" / "odd.py"
    file.write_text(
        "def first(x: object) -> int:\n    return 1 if x == None else 2\n\n\n"
        "def second(x: object) -> int:\n    return 1 if x == None else 2\n"
    )
    app = PanelApp(open_link, view="findings", project=str(running.repository))
    async with app.run_test(size=(130, 40)) as pilot:
        await until(pilot, lambda: app.project != "" and app.world is not None and bool(app.world.projects))
        await pilot.press("slash", *"rule:none-comparison", "enter")
        await until(pilot, lambda: "shop/odd.py:2" in screen_text(pilot) and "odd.py:6" in screen_text(pilot))
        await until(pilot, lambda: "client.ts" not in screen_text(pilot))  # The list was narrowed.
        await until(pilot, lambda: "How it is mended" in screen_text(pilot))
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, Offer) and "x is None" in screen_text(pilot))
        assert "x is None" not in file.read_text()
        await pilot.press("y")
        await until(pilot, lambda: "return 1 if x is None else 2" in file.read_text())
        await until(pilot, lambda: "shop/odd.py:2 " not in screen_text(pilot) and "odd.py:6" in screen_text(pilot))
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        await pilot.press(*"a story", "enter")
        await until(pilot, lambda: isinstance(app.screen, Offer))
        await pilot.press("y")
        await until(pilot, lambda: "    # aura: ignore[none-comparison] a story\n" in file.read_text())
        await until(pilot, lambda: "s shows them" in screen_text(pilot))
